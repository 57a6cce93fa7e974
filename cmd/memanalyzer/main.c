/* main.c - the command line: reads the options, prints the report.
 *
 * What the options are is one table; what the forms are, the library says. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../csrc/memanalyzer.h"
#include "colour.h"

/* Exit statuses; those of processes are in the manual, too. */
enum { SOURCE_FAILED = 1, WRONG_USAGE = 2 };
static const int process_failed[MEMA_STATUS_COUNT] = {
        [MEMA_NO_PROCESS] = 3,    [MEMA_ENDED] = 4,         [MEMA_REPLACED] = 5,  [MEMA_ZOMBIE] = 6,
        [MEMA_KERNEL_THREAD] = 7, [MEMA_NOT_PERMITTED] = 8, [MEMA_PROTECTED] = 9, [MEMA_NO_PROC] = 10,
};
enum { DEFAULT_TOP = 20, TOP_MAX = 100000, PID_MAX = 2147483647, SHOWN_MAX = 60 };

struct settings {
        uint64_t pid;     /* 0: this process */
        const char *file; /* NULL: a process */
        bool help, version;
        struct mema_options report;
        struct mema_output_options output;
};

/* Decimal digits only, up to `max`, which is far below 2^64 / 10. */
static bool number(const char *text, uint64_t max, uint64_t *n)
{
        *n = 0;
        if (*text == '\0')
                return false;
        for (; *text >= '0' && *text <= '9' && *n <= max; text++)
                *n = *n * 10 + (uint64_t)(*text - '0');
        return *text == '\0' && *n <= max;
}

/* The index at which `name` says `text`. */
static bool choice(const char *text, const char *(*name)(unsigned), uint64_t *index)
{
        for (unsigned i = 0; name(i); i++) {
                if (strcmp(text, name(i)) == 0) {
                        *index = i;
                        return true;
                }
        }
        return false;
}

static bool take_pid(struct settings *s, const char *value)
{
        return number(value, PID_MAX, &s->pid) && s->pid > 0;
}

static bool take_file(struct settings *s, const char *value)
{
        s->file = value;
        return *value != '\0';
}

static bool take_all(struct settings *s, const char *value)
{
        (void)value;
        s->report.top = MEMA_ALL;
        return true;
}

static bool take_top(struct settings *s, const char *value)
{
        if (strcmp(value, "all") == 0)
                return take_all(s, NULL);
        return number(value, TOP_MAX, &s->report.top);
}

static bool take_sort(struct settings *s, const char *value)
{
        return choice(value, mema_sort_name, &s->report.sort);
}

static bool take_unit(struct settings *s, const char *value)
{
        return choice(value, mema_unit_name, &s->output.text.unit);
}

static bool take_format(struct settings *s, const char *value)
{
        return choice(value, mema_form_name, &s->output.form);
}

static bool take_help(struct settings *s, const char *value)
{
        (void)value;
        s->help = true;
        return true;
}

static bool take_version(struct settings *s, const char *value)
{
        (void)value;
        s->version = true;
        return true;
}

#define SORT_KEY(id, text) " " text
#define UNIT(id, text, shift) " " text
#define FORM(id, name, media_type) " " name

/* `take` is false where the value is not what is wanted; an option without a
 * `value` takes none, one without `help` is another's second name. */
static const struct option {
        const char *name, *value;
        bool (*take)(struct settings *s, const char *value);
        const char *wants, *help;
} option_table[] = {
        { "pid", "N", take_pid, "a number from 1 to 2147483647",
          "the process to read (default: memanalyzer itself)" },
        { "f", "FILE", take_file, "the name of a file, or - for standard input",
          "a saved smaps, maps or smaps_rollup instead; - is standard input" },
        { "top", "N", take_top, "a number from 0 to 100000, or all",
          "list the first N mappings: 0 to 100000, or all (default: 20)" },
        { "all", NULL, take_all, NULL, "list every resident mapping, as -top all" },
        { "sort", "KEY", take_sort, "one of" MEMA_SORTS(SORT_KEY),
          "rss (default), pss, private, dirty, swap, size, address or name" },
        { "unit", "UNIT", take_unit, "one of" MEMA_UNITS(UNIT),
          "MB, KB, B or auto (default: auto on a terminal, MB elsewhere)" },
        { "format", "FORM", take_format, "one of" MEMA_FORMS(FORM), "text (default), json or openmetrics" },
        { "h", NULL, take_help, NULL, "print this help" },
        { "help", NULL, take_help, NULL, NULL },
        { "version", NULL, take_version, NULL, "print the version" },
};

enum { OPTION_COUNT = sizeof option_table / sizeof *option_table };

static void print_help(void)
{
        puts("memanalyzer - where the resident memory of a process is\n"
             "\n"
             "Usage: memanalyzer [-pid N | -f FILE] [-top N | -all] [-sort KEY] [-unit UNIT]\n"
             "                   [-format FORM]\n");
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option *o = &option_table[i];

                if (o->help) {
                        int len = printf("  -%s %s", o->name, o->value ? o->value : "");

                        printf("%*s%s\n", 14 - len, "", o->help);
                }
        }
        puts("\n"
             "One dash or two; the value is the next argument, or follows a '='.\n"
             "Exit status: 0 fine, 1 the source failed, 2 wrong usage, 3 to 10 the process\n"
             "cannot be read: man memanalyzer says why.\n"
             "\n"
             "Examples:\n"
             "  memanalyzer -pid \"$(pidof teranode)\"\n"
             "  kubectl exec POD -- cat /proc/1/smaps > capture.smaps\n"
             "  memanalyzer -f capture.smaps -top 50 -sort pss");
}

/* Says what is wrong, and then what was typed, harmless to a terminal. */
static void refuse(const char *typed, const char *format, ...)
{
        char shown[SHOWN_MAX + 1];
        va_list arguments;

        fputs("memanalyzer: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        if (typed) {
                mema_escape(shown, sizeof shown, typed, strlen(typed), SHOWN_MAX);
                fprintf(stderr, " \"%s\"", shown);
        }
        fputs("\nTry: memanalyzer -h\n", stderr);
}

/* The option that is called by the first `len` bytes of `name`. */
static const struct option *option_named(const char *name, size_t len)
{
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (strlen(option_table[i].name) == len && memcmp(option_table[i].name, name, len) == 0)
                        return &option_table[i];
        return NULL;
}

/* Reads one option; returns the arguments after it, NULL where it is refused. */
static char **read_option(struct settings *s, char **arguments)
{
        const char *typed = *arguments++, *name = typed + 1, *value;
        const struct option *o;

        if (*typed != '-') {
                refuse(typed, "wants options only; not");
                return NULL;
        }
        if (*name == '-')
                name++;
        o = option_named(name, strcspn(name, "="));
        if (!o) {
                refuse(typed, "there is no option");
                return NULL;
        }
        value = strchr(name, '=');
        if (value)
                value++;
        else if (o->value && *arguments)
                value = *arguments++;
        if (!o->value && value) {
                refuse(value, "-%s takes no value; not", o->name);
                return NULL;
        }
        if (o->value && !value) {
                refuse(NULL, "-%s wants %s; none was given", o->name, o->wants);
                return NULL;
        }
        if (!o->take(s, value)) {
                refuse(value, "-%s wants %s; not", o->name, o->wants);
                return NULL;
        }
        return arguments;
}

static bool read_options(struct settings *s, char **arguments)
{
        while (arguments && *arguments)
                arguments = read_option(s, arguments);
        if (arguments && s->pid > 0 && s->file) {
                refuse(NULL, "-pid and -f are two sources; one is wanted");
                return false;
        }
        return arguments != NULL;
}

/* Ends the output; the exit status.  A pipe that was closed needs no words. */
static int written(void)
{
        int reason = ferror(stdout) ? errno : 0;

        if (fclose(stdout) != 0 && reason == 0)
                reason = errno;
        if (reason != 0 && reason != EPIPE)
                fprintf(stderr, "memanalyzer: standard output: %s\n", strerror(reason));
        return reason == 0 ? EXIT_SUCCESS : SOURCE_FAILED;
}

/* Nanoseconds of a clock. */
static uint64_t now(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static enum mema_status collect(const struct settings *s, struct mema_report *report,
                                struct mema_origin *origin, struct mema_error *error)
{
        uint64_t start = now(CLOCK_MONOTONIC);
        enum mema_status status;

        if (s->file)
                return mema_collect_file(report, s->file, error);
        origin->source = MEMA_FROM_SMAPS;
        origin->pid = s->pid > 0 ? s->pid : (uint64_t)getpid();
        origin->began = now(CLOCK_REALTIME);
        status = mema_collect(report, s->pid, error);
        origin->cost = now(CLOCK_MONOTONIC) - start;
        return status;
}

static void print_report(const struct mema_report *report, const struct mema_output_options *options)
{
        static struct mema_output output;
        static struct colour colour;
        bool coloured = options->form == MEMA_FORM_TEXT && colour_wanted(STDOUT_FILENO);
        char out[4096];
        size_t n;

        mema_output_init(&output, report, options);
        while (!ferror(stdout) && (n = mema_output_next(&output, out, sizeof out)) > 0) {
                if (coloured)
                        colour_feed(&colour, out, n, stdout);
                else
                        fwrite(out, 1, n, stdout);
        }
        if (coloured && !ferror(stdout))
                colour_finish(&colour, stdout);
}

static int run(struct settings *s)
{
        static struct mema_report report;
        static struct mema_error error;
        enum mema_status status;

        mema_report_init(&report, NULL, &s->report);
        status = collect(s, &report, &s->output.origin, &error);
        if (status == MEMA_OK) {
                mema_report_finish(&report, NULL);
                print_report(&report, &s->output);
        } else {
                fprintf(stderr, "memanalyzer: %s\n", error.message);
        }
        mema_report_free(&report);
        if (status == MEMA_OK)
                return written();
        return process_failed[status] ? process_failed[status] : SOURCE_FAILED;
}

int main(int argc, char **argv)
{
        struct settings settings = {
                .report = { .top = DEFAULT_TOP },
                .output.text.unit = isatty(STDOUT_FILENO) ? MEMA_UNIT_AUTO : MEMA_UNIT_MB,
        };

        signal(SIGPIPE, SIG_IGN);
        if (!read_options(&settings, argc > 0 ? argv + 1 : argv))
                return WRONG_USAGE;
        if (settings.help) {
                print_help();
                return written();
        }
        if (settings.version) {
                puts("memanalyzer " MEMA_VERSION);
                return written();
        }
        return run(&settings);
}
