/* watch.c - reads a process at intervals, and draws a screen or prints a line of what changed. */
#define _DEFAULT_SOURCE
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "reading.h"

/* Screen */

/* Text beyond the last row or column is left out, so that the terminal never scrolls. */
struct screen {
        unsigned rows, columns, row, column;
};

static struct screen screen_begin(void)
{
        struct winsize size = { .ws_row = 0 };
        struct screen screen = { 24, 80, 0, 0 }; /* the size of a VT100 if it is unknown */

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 && size.ws_col > 0) {
                screen.rows = size.ws_row;
                screen.columns = size.ws_col;
        }
        fputs("\033[H\033[J", stdout); /* moves the cursor to the first row and clears the screen */
        return screen;
}

static void screen_put(struct screen *screen, const char *text, size_t len)
{
        for (; len > 0; text++, len--) {
                bool continues = ((unsigned char)*text & 0xc0) == 0x80; /* a byte inside a UTF-8 character */

                if (*text == '\n') {
                        screen->row++;
                        screen->column = 0;
                } else if (!continues) {
                        screen->column++;
                }
                if (screen->row < screen->rows - 1 && screen->column <= screen->columns)
                        putchar(*text);
        }
}

static void draw(struct mema_output *output, const struct settings *s)
{
        struct screen screen = screen_begin();
        char out[4096], title[128], name[64];
        size_t n;

        mema_report_program(output->report, name, sizeof name);
        n = (size_t)snprintf(title, sizeof title, "%s, process %llu, every %llu s; Ctrl-C ends\n\n", name,
                             (unsigned long long)output->options.origin.pid, (unsigned long long)s->watch);
        screen_put(&screen, title, n);
        while ((n = mema_output_next(output, out, sizeof out)) > 0)
                screen_put(&screen, out, n);
}

/* Lines */

/* A change below one unit is shown in KB: a slow leak changes little each time. */
static void print_change(const char *what, uint64_t before, uint64_t now, const struct mema_output *output)
{
        uint64_t size = now > before ? now - before : before - now;
        bool small = size > 0 && size >> output->shift == 0;

        printf("%s %s%llu %s", what, now < before ? "-" : "+",
               (unsigned long long)(size >> (small ? 10 : output->shift)),
               mema_unit_name(small ? MEMA_UNIT_KB : (unsigned)output->options.unit));
}

/* "2026-11-24T08:30:00Z RSS 566 MB +3 MB, go/heap +2 MB, malloc/arenas +1 MB, stacks/main +12 KB" */
static void print_line(const struct mema_output *output)
{
        const struct mema_diff *d = output->diff;
        time_t seconds = (time_t)(output->options.origin.began / 1000000000);
        uint64_t rss = d->now->totals.value[MEMA_FIELD_RSS];
        char when[32], total[64];
        struct tm tm;

        gmtime_r(&seconds, &tm);
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
        snprintf(total, sizeof total, "%s RSS %llu %s", when, (unsigned long long)(rss >> output->shift),
                 mema_unit_name((unsigned)output->options.unit));
        print_change(total, d->before->totals.value[MEMA_FIELD_RSS], rss, output);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                uint64_t before = d->before->category[i].sums.value[MEMA_FIELD_RSS];
                uint64_t now = d->now->category[i].sums.value[MEMA_FIELD_RSS];

                if (before == now)
                        continue;
                fputs(", ", stdout);
                print_change(mema_category_stable_id(i), before, now, output);
        }
        putchar('\n');
}

/* Readings */

static enum mema_status read_process(struct mema_report *report, const struct settings *s,
                                     struct mema_output_options *options, struct mema_error *error)
{
        struct mema_options wanted = { .for_diff = true, .source = s->report.source, .rss_only = true };
        enum mema_status status;

        mema_report_init(report, NULL, &wanted);
        status = collect_timed(report, s->pid, &options->origin, error);
        mema_report_finish(report, NULL);
        return status;
}

enum mema_status watch(const struct settings *s, struct mema_error *error)
{
        static struct mema_report reports[2];
        static struct mema_output output;
        struct mema_report *before = &reports[0], *now = &reports[1];
        struct mema_output_options options = s->output;
        struct difference d = { 0 };
        bool screen = isatty(STDOUT_FILENO);
        enum mema_status status = read_process(before, s, &options, error);

        /* The first reading is compared with itself. */
        mema_report_init(now, NULL, NULL);
        if (status == MEMA_STATUS_OK)
                status = compare(&d, before, before, error);
        while (status == MEMA_STATUS_OK) {
                mema_output_init_diff(&output, &d.diff, &options);
                if (screen)
                        draw(&output, s);
                else
                        print_line(&output);
                if (fflush(stdout) != 0)
                        break;
                sleep((unsigned)s->watch);
                if (d.diff.now == now) {
                        struct mema_report *older = before;

                        before = now;
                        now = older;
                }
                mema_report_free(now);
                status = read_process(now, s, &options, error);
                if (status == MEMA_STATUS_OK)
                        status = compare(&d, before, now, error);
        }
        free(d.room);
        mema_report_free(before);
        mema_report_free(now);
        return status;
}
