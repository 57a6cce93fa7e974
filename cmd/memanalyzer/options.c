/* options.c - the command line's options: one table. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TOP_MAX = 100000, PID_MAX = 2147483647, WATCH_MAX = 3600 };

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
static bool choice(const char *text, const char *(*name)(unsigned), unsigned *index)
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

static bool take_save(struct settings *s, const char *value)
{
        s->save = value;
        return *value != '\0';
}

static bool take_watch(struct settings *s, const char *value)
{
        return number(value, WATCH_MAX, &s->watch) && s->watch > 0;
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
        unsigned i;
        bool found = choice(value, mema_sort_name, &i);

        if (found)
                s->report.sort = (enum mema_sort)i;
        return found;
}

static bool take_unit(struct settings *s, const char *value)
{
        unsigned i;
        bool found = choice(value, mema_unit_name, &i);

        if (found)
                s->output.unit = (enum mema_unit)i;
        return found;
}

static bool take_source(struct settings *s, const char *value)
{
        unsigned i;
        bool found = choice(value, mema_source_name, &i);

        if (found)
                s->report.source = (enum mema_source_kind)i;
        return found;
}

static bool take_format(struct settings *s, const char *value)
{
        unsigned i;
        bool found = choice(value, mema_format_name, &i);

        if (found)
                s->output.format = (enum mema_format)i;
        return found;
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
#define SOURCE(id, text) " " text
#define UNIT(id, text, shift) " " text
#define FORM(id, name, media_type, differences) " " name

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
        { "save", "FILE", take_save, "the name of a new file, or - for standard output",
          "save what was read in a new file, for -f; - is standard output" },
        { "watch", "N", take_watch, "a number of seconds from 1 to 3600",
          "look every N seconds: what changed, in a pipe as a line" },
        { "top", "N", take_top, "a number from 0 to 100000, or all",
          "list the first N mappings: 0 to 100000, or all (default: 20)" },
        { "all", NULL, take_all, NULL, "list every resident mapping, as -top all" },
        { "sort", "KEY", take_sort, "one of" MEMA_SORTS(SORT_KEY),
          "rss (default), pss, private, dirty, swap, size, address or name" },
        { "unit", "UNIT", take_unit, "one of" MEMA_UNITS(UNIT),
          "MB, KB, B or auto (default: auto on a terminal, MB elsewhere)" },
        { "format", "FORM", take_format, "one of" MEMA_FORMATS(FORM),
          "text (default), json, openmetrics, or smaps, what -save saves" },
        { "source", "NAME", take_source, "one of" MEMA_SOURCES(SOURCE),
          "smaps, scan (Linux 6.7: cheaper, RSS only) or auto (default)" },
        { "h", NULL, take_help, NULL, "print this help" },
        { "help", NULL, take_help, NULL, NULL },
        { "version", NULL, take_version, NULL, "print the version" },
};

enum { OPTION_COUNT = sizeof option_table / sizeof *option_table };

void print_help(void)
{
        puts("memanalyzer - where the resident memory of a process is\n"
             "\n"
             "Usage: memanalyzer [-pid N [-save FILE | -watch N] | -f FILE] [OPTION...]\n"
             "       memanalyzer diff FILE FILE [-top N | -all] [-unit UNIT] [-format FORM]\n");
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option *o = &option_table[i];

                if (o->help) {
                        int len = printf("  -%s %s", o->name, o->value ? o->value : "");

                        printf("%*s%s\n", 15 - len, "", o->help);
                }
        }
        puts("\n"
             "One dash or two; the value is the next argument, or follows a '='.\n"
             "Exit status: 0 fine, 2 wrong usage, else no report: man memanalyzer says why.\n"
             "\n"
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

        if (s->diff && (*typed != '-' || *name == '\0') && !s->files[1]) {
                s->files[s->files[0] != NULL] = typed;
                return arguments;
        }
        if (*typed != '-') {
                if (strcmp(typed, "diff") == 0 && !s->diff)
                        refuse(NULL, "diff comes first: memanalyzer diff BEFORE NOW, then options");
                else
                        refuse(typed,
                               s->diff ? "diff wants two files and options; not" : "wants options only; not");
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

/* Which options do not go together, and why; false where `s` has such. */
static bool fit_together(const struct settings *s)
{
        bool process = !s->file && !s->diff, prints_capture = s->output.format == MEMA_FORMAT_SMAPS;
        enum mema_sort sort = s->report.sort;
        bool scan = s->report.source == MEMA_SOURCE_SCAN;
        const struct {
                bool wrong;
                const char *why;
        } rules[] = {
                { s->pid > 0 && s->file, "-pid and -f are two sources; one is wanted" },
                { s->diff && (!s->files[1] || s->pid > 0 || s->file || s->report.sort != MEMA_SORT_RSS),
                  "diff wants two files, and of the options -top, -all, -unit and -format" },
                { s->diff && !mema_format_has_differences(s->output.format),
                  "diff wants -format text or json" },
                { !process && (s->save || prints_capture),
                  "a process is saved; what a file has is saved already" },
                { !process && s->watch > 0, "-watch wants a process" },
                { !process && s->report.source != MEMA_SOURCE_AUTO, "-source is of a process" },
                { scan && (s->save || prints_capture), "-source scan has no smaps to save" },
                { scan && sort != MEMA_SORT_RSS && sort < MEMA_SORT_SIZE,
                  "-source scan wants -sort rss, size, address or name: it knows nothing else" },
                { s->watch > 0 && (s->save || s->output.format != MEMA_FORMAT_TEXT),
                  "-watch is a text, and not saved" },
                { s->watch > 0 && s->report.sort != MEMA_SORT_RSS,
                  "-watch has the largest change first; not -sort" },
        };

        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
                if (rules[i].wrong) {
                        refuse(NULL, "%s", rules[i].why);
                        return false;
                }
        return true;
}

bool read_options(struct settings *s, char **arguments)
{
        s->diff = arguments && *arguments && strcmp(*arguments, "diff") == 0;
        if (s->diff)
                arguments++;
        while (arguments && *arguments)
                arguments = read_option(s, arguments);
        if (s->save && strcmp(s->save, "-") == 0) { /* in place of the report */
                s->output.format = MEMA_FORMAT_SMAPS;
                s->save = NULL;
        }
        return arguments && (s->help || s->version || fit_together(s));
}
