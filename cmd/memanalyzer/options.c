/* options.c - parses the arguments, by one table of options, and prints the help. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TOP_MAX = 100000, PID_MAX = 2147483647, WATCH_MAX = 3600 };

/* Parses decimal digits, and nothing else.  `max` is far below 2^64 / 10. */
static bool number(const char *text, uint64_t max, uint64_t *n)
{
        *n = 0;
        if (*text == '\0')
                return false;
        for (; *text >= '0' && *text <= '9' && *n <= max; text++)
                *n = *n * 10 + (uint64_t)(*text - '0');
        return *text == '\0' && *n <= max;
}

/* Finds the index of a text in a table of names. */
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
#define FORMAT(id, name, media_type, differences) " " name

static const struct option {
        const char *name;
        const char *value;                                   /* for the help; NULL: the option takes none */
        bool (*take)(struct settings *s, const char *value); /* false if the value is not as `wants` says */
        const char *wants;
        const char *help; /* NULL: another name for the option before */
} option_table[] = {
        { "pid", "N", take_pid, "a number from 1 to 2147483647",
          "the process to read (default: memanalyzer itself)" },
        { "f", "FILE", take_file, "the name of a file, or - for standard input",
          "read a saved smaps, maps or smaps_rollup; - is standard input" },
        { "save", "FILE", take_save, "the name of a new file, or - for standard output",
          "save what was read in a new file, for -f; - is standard output" },
        { "watch", "N", take_watch, "a number of seconds from 1 to 3600",
          "show what changed every N seconds; in a pipe, one line each" },
        { "top", "N", take_top, "a number from 0 to 100000, or all",
          "list the first N mappings: 0 to 100000, or all (default: 20)" },
        { "all", NULL, take_all, NULL, "list every resident mapping, like -top all" },
        { "sort", "KEY", take_sort, "one of" MEMA_SORTS(SORT_KEY),
          "rss (default), pss, private, dirty, swap, size, address or name" },
        { "unit", "UNIT", take_unit, "one of" MEMA_UNITS(UNIT),
          "MB, KB, B or auto (default: auto on a terminal, else MB)" },
        { "format", "FORMAT", take_format, "one of" MEMA_FORMATS(FORMAT),
          "text (default), json, openmetrics, or smaps, as -save writes it" },
        { "source", "NAME", take_source, "one of" MEMA_SOURCES(SOURCE),
          "smaps, scan (Linux 6.7: cheaper, RSS only) or auto (default)" },
        { "h", NULL, take_help, NULL, "print this help" },
        { "help", NULL, take_help, NULL, NULL },
        { "version", NULL, take_version, NULL, "print the version" },
};

enum { OPTION_COUNT = sizeof option_table / sizeof *option_table, HELP_COLUMN = 17 };

void print_help(void)
{
        puts("memanalyzer - shows where the resident memory of a process is\n"
             "\n"
             "Usage: memanalyzer [-pid N [-save FILE | -watch N] | -f FILE] [OPTION...]\n"
             "       memanalyzer diff BEFORE NOW [-top N | -all] [-unit UNIT] [-format FORMAT]\n");
        for (size_t i = 0; i < OPTION_COUNT; i++) {
                const struct option *o = &option_table[i];

                if (o->help) {
                        int len = printf("  -%s %s", o->name, o->value ? o->value : "");

                        printf("%*s%s\n", HELP_COLUMN - len, "", o->help);
                }
        }
        puts("\n"
             "Options take one dash or two; a value is the next argument, or follows '='.\n"
             "Exit status: 0 success, 2 wrong usage, others: see man memanalyzer.\n"
             "\n"
             "  kubectl exec POD -- cat /proc/1/smaps > capture.smaps\n"
             "  memanalyzer -f capture.smaps -top 50 -sort pss");
}

/* Prints an error, and what was typed, escaped for a terminal. */
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

/* Finds the option with the name in the first `len` bytes of `name`. */
static const struct option *option_named(const char *name, size_t len)
{
        for (size_t i = 0; i < OPTION_COUNT; i++)
                if (strlen(option_table[i].name) == len && memcmp(option_table[i].name, name, len) == 0)
                        return &option_table[i];
        return NULL;
}

static void refuse_word(const struct settings *s, const char *typed)
{
        if (s->diff)
                refuse(typed, "diff wants two files and options; not");
        else if (strcmp(typed, "diff") == 0)
                refuse(NULL, "diff must come first: memanalyzer diff BEFORE NOW [OPTION...]");
        else
                refuse(typed, "not an option:");
}

/* Parses one option, or a file of diff; returns the arguments after it, or NULL if it is refused. */
static char **read_option(struct settings *s, char **arguments)
{
        const char *typed = *arguments++, *name = typed + 1, *value;
        const struct option *o;

        if (s->diff && (*typed != '-' || *name == '\0') && !s->files[1]) {
                s->files[s->files[0] != NULL] = typed;
                return arguments;
        }
        if (*typed != '-') {
                refuse_word(s, typed);
                return NULL;
        }
        if (*name == '-')
                name++;
        o = option_named(name, strcspn(name, "="));
        if (!o) {
                refuse(typed, "unknown option");
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

/* Checks which options exclude each other; false, with an error printed, if some do. */
static bool fit_together(const struct settings *s)
{
        bool process = !s->file && !s->diff, prints_capture = s->output.format == MEMA_FORMAT_SMAPS;
        enum mema_sort sort = s->report.sort;
        bool scan = s->report.source == MEMA_SOURCE_SCAN;
        const struct {
                bool wrong;
                const char *why;
        } rules[] = {
                { s->pid > 0 && s->file, "-pid and -f exclude each other" },
                { s->diff && (!s->files[1] || s->pid > 0 || s->file || s->report.sort != MEMA_SORT_RSS),
                  "diff wants two files, and only the options -top, -all, -unit and -format" },
                { s->diff && !mema_format_has_differences(s->output.format),
                  "diff wants -format text or json" },
                { !process && (s->save || prints_capture),
                  "-save and -format smaps want a process, not a file" },
                { !process && s->watch > 0, "-watch wants a process, not a file" },
                { !process && s->report.source != MEMA_SOURCE_AUTO, "-source wants a process, not a file" },
                { scan && (s->save || prints_capture), "-source scan has no smaps to save" },
                { scan && sort != MEMA_SORT_RSS && sort < MEMA_SORT_SIZE,
                  "-source scan wants -sort rss, size, address or name: it has no other figures" },
                { s->watch > 0 && (s->save || s->output.format != MEMA_FORMAT_TEXT),
                  "-watch wants -format text, and no -save" },
                { s->watch > 0 && s->report.sort != MEMA_SORT_RSS,
                  "-watch takes no -sort: the largest change comes first" },
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
        if (s->save && strcmp(s->save, "-") == 0) { /* instead of the report */
                s->output.format = MEMA_FORMAT_SMAPS;
                s->save = NULL;
        }
        return arguments && (s->help || s->version || fit_together(s));
}
