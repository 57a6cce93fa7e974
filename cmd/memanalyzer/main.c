/* main.c - the command line: makes reports, prints or saves them, and sets the exit status. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "color.h"
#include "options.h"
#include "reading.h"
#include "watch.h"

enum { DEFAULT_TOP = 20 };

/* Exit statuses, as the man page lists them. */
enum { SOURCE_FAILED = 1, WRONG_USAGE = 2 };
static const int process_failed[MEMA_STATUS_COUNT] = {
        [MEMA_STATUS_NO_PROCESS] = 3, [MEMA_STATUS_ENDED] = 4,         [MEMA_STATUS_REPLACED] = 5,
        [MEMA_STATUS_ZOMBIE] = 6,     [MEMA_STATUS_KERNEL_THREAD] = 7, [MEMA_STATUS_NOT_PERMITTED] = 8,
        [MEMA_STATUS_PROTECTED] = 9,  [MEMA_STATUS_NO_PROC] = 10,
};

/* Closes standard output and returns the exit status.  A closed pipe gets no message. */
static int written(void)
{
        int reason = ferror(stdout) ? errno : 0;

        if (fclose(stdout) != 0 && reason == 0)
                reason = errno;
        if (reason != 0 && reason != EPIPE)
                fprintf(stderr, "memanalyzer: standard output: %s\n", strerror(reason));
        return reason == 0 ? EXIT_SUCCESS : SOURCE_FAILED;
}

static int failed(enum mema_status status, const struct mema_error *error)
{
        fprintf(stderr, "memanalyzer: %s\n", error->message);
        return process_failed[status] ? process_failed[status] : SOURCE_FAILED;
}

static void write_output(struct mema_output *output, FILE *to)
{
        static struct color color;
        bool colored =
                to == stdout && output->options.format == MEMA_FORMAT_TEXT && color_wanted(STDOUT_FILENO);
        char out[4096];
        size_t n;

        while (!ferror(to) && (n = mema_output_next(output, out, sizeof out)) > 0) {
                if (colored)
                        color_feed(&color, out, n, to);
                else
                        fwrite(out, 1, n, to);
        }
        if (colored)
                color_finish(&color, to);
}

/* Saves a report in a new file that only its owner can read.  If that fails, prints why, removes the file
 * and returns false. */
static bool save_report(const struct mema_report *report, const char *path)
{
        static const struct mema_output_options options = { .format = MEMA_FORMAT_SMAPS };
        static struct mema_output output;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), reason = errno;
        FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
        char shown[SHOWN_MAX + 1];

        if (f) {
                mema_output_init(&output, report, &options);
                write_output(&output, f);
                reason = ferror(f) ? errno : 0;
                if (fclose(f) != 0 && reason == 0)
                        reason = errno;
                if (reason == 0)
                        return true;
        } else if (fd >= 0) {
                reason = errno;
                close(fd);
        }
        if (fd >= 0)
                unlink(path);
        mema_escape(shown, sizeof shown, path, strlen(path), SHOWN_MAX);
        fprintf(stderr, "memanalyzer: Failed to save %s: %s%s\n", shown, strerror(reason),
                reason == EEXIST ? "; -save wants the name of a new file" : "");
        return false;
}

static int run(const struct settings *s)
{
        static struct mema_report report;
        static struct mema_output output;
        struct mema_options wanted = s->report;
        struct mema_output_options options = s->output;
        struct mema_error error;
        enum mema_status status;
        bool saved = true;

        wanted.rss_only = options.format == MEMA_FORMAT_OPENMETRICS;
        wanted.keep_text = s->save || options.format == MEMA_FORMAT_SMAPS;
        mema_report_init(&report, NULL, &wanted);
        options.rss_only = !s->file && wanted.source == MEMA_SOURCE_AUTO;
        if (s->file)
                status = mema_collect_file(&report, s->file, &error);
        else
                status = collect_timed(&report, s->pid, &options.origin, &error);
        if (status == MEMA_STATUS_OK) {
                mema_report_finish(&report, NULL);
                saved = !s->save || save_report(&report, s->save);
                if (saved) {
                        mema_output_init(&output, &report, &options);
                        write_output(&output, stdout);
                }
        }
        mema_report_free(&report);
        if (status != MEMA_STATUS_OK)
                return failed(status, &error);
        return saved ? written() : SOURCE_FAILED;
}

static int run_diff(const struct settings *s)
{
        static const struct mema_options wanted = { .for_diff = true };
        static struct mema_report report[2];
        static struct mema_output output;
        struct mema_error error;
        struct difference d = { 0 };
        enum mema_status status = MEMA_STATUS_OK;

        for (size_t i = 0; i < 2; i++)
                mema_report_init(&report[i], NULL, &wanted);
        for (size_t i = 0; i < 2 && status == MEMA_STATUS_OK; i++) {
                status = mema_collect_file(&report[i], s->files[i], &error);
                mema_report_finish(&report[i], NULL);
        }
        if (status == MEMA_STATUS_OK)
                status = compare(&d, &report[0], &report[1], &error);
        if (status == MEMA_STATUS_OK) {
                mema_output_init_diff(&output, &d.diff, &s->output);
                write_output(&output, stdout);
        }
        free(d.room);
        for (size_t i = 0; i < 2; i++)
                mema_report_free(&report[i]);
        return status == MEMA_STATUS_OK ? written() : failed(status, &error);
}

static int run_watch(const struct settings *s)
{
        struct mema_error error;
        enum mema_status status = watch(s, &error);

        return status == MEMA_STATUS_OK ? written() : failed(status, &error);
}

int main(int argc, char **argv)
{
        struct settings settings = {
                .report = { .top = DEFAULT_TOP },
                .output.unit = isatty(STDOUT_FILENO) ? MEMA_UNIT_AUTO : MEMA_UNIT_MB,
        };

        signal(SIGPIPE, SIG_IGN);
        if (!read_options(&settings, argc > 0 ? argv + 1 : argv))
                return WRONG_USAGE;
        settings.output.top = settings.report.top;
        if (settings.help) {
                print_help();
                return written();
        }
        if (settings.version) {
                puts("memanalyzer " MEMA_VERSION);
                return written();
        }
        if (settings.diff)
                return run_diff(&settings);
        return settings.watch > 0 ? run_watch(&settings) : run(&settings);
}
