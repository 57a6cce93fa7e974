/* test_cli.c - bin/memanalyzer for people and scripts: options, exit statuses, messages, colors. */
#define _GNU_SOURCE
#include "expect_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "bin/memanalyzer"
#define HINT "\nTry: memanalyzer -h\n"
#define ARGUMENTS(...) ((char *const[]){ PROGRAM, __VA_ARGS__, NULL })
#define RUN(input, ...) run_program(ARGUMENTS(__VA_ARGS__), input)

/* Three mappings; each comes first by some sort key. */
/* clang-format off */
#define MAPPING(range, name, size, rss, pss, clean, dirty, swap)                \
        range " r--p 00000000 08:01 77 " name "\n"                              \
        "Size: " size " kB\nRss: " rss " kB\nPss: " pss " kB\n"                 \
        "Shared_Clean: 0 kB\nShared_Dirty: 0 kB\nPrivate_Clean: " clean " kB\n" \
        "Private_Dirty: " dirty " kB\nSwap: " swap " kB\n"
static const char capture[] =
        MAPPING("10000000-18000000", "/data/b", "131072", "32768", "8192", "4096", "2048", "8192")
        MAPPING("20000000-26000000", "/data/c", "98304", "65536", "16384", "1024", "4096", "1024")
        MAPPING("30000000-3c000000", "/data/a", "196608", "49152", "24576", "16384", "1024", "4096");
/* clang-format on */

static bool contains(const char *text, const char *part)
{
        return strstr(text, part) != NULL;
}

/* Checks the output of a run of the command, and frees it. */
static void expect(struct output o, int status, const char *out, const char *err)
{
        EQUAL(o.status, status);
        SAME_TEXT(o.out, out);
        SAME_TEXT(o.err, err);
        output_free(&o);
}

/* Checks that the source failed: status 1, no report, and a message of one line that contains `words`. */
static void expect_failure(struct output o, const char *words)
{
        const char *newline = strchr(o.err, '\n');

        EQUAL(o.status, 1);
        SAME_TEXT(o.out, "");
        TRUE(strncmp(o.err, "memanalyzer: ", 13) == 0);
        TRUE(newline && newline[1] == '\0');
        if (!contains(o.err, words))
                equal_text("the error", o.err, words, __FILE__, __LINE__);
        output_free(&o);
}

static void expect_same_output(struct output a, struct output b)
{
        EQUAL(a.status, 0);
        EQUAL(b.status, 0);
        TRUE(a.out[0] != '\0');
        SAME_TEXT(a.out, b.out);
        output_free(&a);
        output_free(&b);
}

/* Options ------------------------------------------------------------------ */

static void help_fits_a_screen(void)
{
        static const char *const named[] = { "-pid",  "-f",    "-save",   "-watch",  "-top", "-all",
                                             "-sort", "-unit", "-format", "-source", "-h",   "-version" };
        struct output o = RUN(NULL, "-h");
        int lines = 0;

        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        for (size_t i = 0; i < sizeof named / sizeof *named; i++)
                TRUE(contains(o.out, named[i]));
        for (const char *line = o.out; *line; lines++) {
                size_t len = strcspn(line, "\n");

                TRUE(len <= 80);
                line += len + (line[len] == '\n');
        }
        TRUE(lines <= 23); /* of 24: the prompt takes the last one */
        expect_same_output(o, RUN(NULL, "--help"));
}

static void version_is_the_header_s(void)
{
        expect(RUN(NULL, "-version"), 0, "memanalyzer " MEMA_VERSION "\n", "");
        expect(RUN(NULL, "--version"), 0, "memanalyzer " MEMA_VERSION "\n", "");
}

#define PID "memanalyzer: -pid wants a number from 1 to 2147483647; "
#define TOP "memanalyzer: -top wants a number from 0 to 100000, or all; "
#define SORT "memanalyzer: -sort wants one of rss pss private dirty swap size address name; "
#define UNIT "memanalyzer: -unit wants one of MB KB B auto; "
#define FORMAT "memanalyzer: -format wants one of text json openmetrics smaps; "
#define FILENAME "memanalyzer: -f wants the name of a file, or - for standard input; "
#define WORD "memanalyzer: not an option: "
#define UNKNOWN "memanalyzer: unknown option "
#define WATCHED "memanalyzer: -watch wants -format text, and no -save"
#define UNSORTED "memanalyzer: -source scan wants -sort rss, size, address or name: it has no other figures"
#define SAVED "memanalyzer: -save and -format smaps want a process, not a file"
#define DIFF "memanalyzer: diff wants two files, and only the options -top, -all, -unit and -format"

static const struct {
        char *arguments[4];
        const char *err;
} refusals[] = {
        { { "-pid" }, PID "none was given" },
        { { "-pid", "0" }, PID "not \"0\"" },
        { { "-pid", "-1" }, PID "not \"-1\"" },
        { { "-pid", "+1" }, PID "not \"+1\"" },
        { { "-pid", "" }, PID "not \"\"" },
        { { "-pid=" }, PID "not \"\"" },
        { { "-pid", " 1" }, PID "not \" 1\"" },
        { { "-pid", "1x" }, PID "not \"1x\"" },
        { { "-pid", "0x10" }, PID "not \"0x10\"" },
        { { "-pid", "self" }, PID "not \"self\"" },
        { { "-pid", "2147483648" }, PID "not \"2147483648\"" },
        { { "-pid", "18446744073709551617" }, PID "not \"18446744073709551617\"" },
        { { "-pid", "1", "-f", "x" }, "memanalyzer: -pid and -f exclude each other" },
        { { "-save", "y", "-f", "x" }, SAVED },
        { { "-f", "x", "-format=smaps" }, SAVED },
        { { "-f", "x", "-save=-" }, SAVED },
        { { "diff", "a", "b", "-format=openmetrics" }, "memanalyzer: diff wants -format text or json" },
        { { "-f", "x", "-watch=1" }, "memanalyzer: -watch wants a process, not a file" },
        { { "-watch=1", "-save=x" }, WATCHED },
        { { "-watch=1", "-format=json" }, WATCHED },
        { { "-watch=1", "-sort=pss" }, "memanalyzer: -watch takes no -sort: the largest change comes first" },
        { { "-source=file" }, "memanalyzer: -source wants one of auto smaps scan; not \"file\"" },
        { { "-f", "x", "-source=scan" }, "memanalyzer: -source wants a process, not a file" },
        { { "diff", "a", "b", "-source=smaps" }, "memanalyzer: -source wants a process, not a file" },
        { { "-source=scan", "-save=x" }, "memanalyzer: -source scan has no smaps to save" },
        { { "-source=scan", "-format=smaps" }, "memanalyzer: -source scan has no smaps to save" },
        { { "-source=scan", "-sort=pss" }, UNSORTED },
        { { "-source=scan", "-sort=swap" }, UNSORTED },
        { { "-watch=0" }, "memanalyzer: -watch wants a number of seconds from 1 to 3600; not \"0\"" },
        { { "diff" }, DIFF },
        { { "diff", "a" }, DIFF },
        { { "diff", "a", "-top", "1" }, DIFF },
        { { "diff", "a", "b", "-pid=1" }, DIFF },
        { { "diff", "a", "b", "-f=c" }, DIFF },
        { { "diff", "a", "b", "-save=c" }, SAVED },
        { { "diff", "a", "b", "-sort=name" }, DIFF },
        { { "diff", "a", "b", "c" }, "memanalyzer: diff wants two files and options; not \"c\"" },
        { { "diff", "a", "b", "-" }, UNKNOWN "\"-\"" },
        { { "-all", "diff" }, "memanalyzer: diff must come first: memanalyzer diff BEFORE NOW [OPTION...]" },
        { { "-save=" },
          "memanalyzer: -save wants the name of a new file, or - for standard output; not \"\"" },
        { { "-f" }, FILENAME "none was given" },
        { { "-f", "" }, FILENAME "not \"\"" },
        { { "-top" }, TOP "none was given" },
        { { "-top", "abc" }, TOP "not \"abc\"" },
        { { "--top=abc" }, TOP "not \"abc\"" },
        { { "-top", "-1" }, TOP "not \"-1\"" },
        { { "-top", "100001" }, TOP "not \"100001\"" },
        { { "-top", "5.0" }, TOP "not \"5.0\"" },
        { { "-top", "ALL" }, TOP "not \"ALL\"" },
        { { "-all=1" }, "memanalyzer: -all takes no value; not \"1\"" },
        { { "-h=" }, "memanalyzer: -h takes no value; not \"\"" },
        { { "-sort", "color" }, SORT "not \"color\"" },
        { { "-sort" }, SORT "none was given" },
        { { "-unit", "mb" }, UNIT "not \"mb\"" },
        { { "-unit", "GB" }, UNIT "not \"GB\"" },
        { { "-format" }, FORMAT "none was given" },
        { { "-format", "JSON" }, FORMAT "not \"JSON\"" },
        { { "1234" }, WORD "\"1234\"" },
        { { "-all", "stray" }, WORD "\"stray\"" },
        { { "" }, WORD "\"\"" },
        { { "-" }, UNKNOWN "\"-\"" },
        { { "--" }, UNKNOWN "\"--\"" },
        { { "---all" }, UNKNOWN "\"---all\"" },
        { { "-to", "5" }, UNKNOWN "\"-to\"" },
        { { "-tops=5" }, UNKNOWN "\"-tops=5\"" },
        { { "-verbose" }, UNKNOWN "\"-verbose\"" },
        { { "-top", "\033[2J\n\\" }, TOP "not \"\\x1b[2J\\x0a\\\"" },
        { { "\033]0;title\a" }, WORD "\"\\x1b]0;title\\x07\"" },
};

static void wrong_usage_is_refused(void)
{
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
                char *const *a = refusals[i].arguments;
                char *const argv[] = { PROGRAM, a[0], a[1], a[2], a[3], NULL };
                char err[512];

                snprintf(err, sizeof err, "%s%s", refusals[i].err, HINT);
                expect(run_program(argv, NULL), 2, "", err);
        }
}

static void a_long_argument_is_cut(void)
{
        char argument[5000];
        struct output o;

        memset(argument, 'x', sizeof argument - 1);
        argument[sizeof argument - 1] = '\0';
        o = RUN(NULL, "-top", argument);
        EQUAL(o.status, 2);
        TRUE(contains(o.err, "not \"...xxx"));
        TRUE(strlen(o.err) < 200);
        output_free(&o);
}

static void all_spellings_of_an_option_are_equal(void)
{
        expect_same_output(RUN(capture, "-f", "-", "-top", "2"), RUN(capture, "--f", "-", "--top", "2"));
        expect_same_output(RUN(capture, "-f", "-", "-top", "2"), RUN(capture, "-f=-", "--top=2"));
        expect_same_output(RUN(capture, "-f", "-", "-top", "2"),
                           RUN(capture, "-top", "all", "-top", "2", "-f=-"));
        expect_same_output(RUN(capture, "-f", "-", "-all"), RUN(capture, "-f", "-", "-top", "all"));
        expect_same_output(RUN(capture, "-f", "-", "-all"), RUN(capture, "-f", "-", "-top=all"));
        expect_same_output(RUN(capture, "-f", "-"),
                           RUN(capture, "-f", "-", "-top", "20", "-sort=rss", "-unit=MB"));
}

/* Sources ------------------------------------------------------------------ */

static void the_default_is_the_command_itself(void)
{
        struct output o = RUN(NULL, "-unit", "B");

        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        TRUE(contains(o.out, "=== Complete Memory Breakdown ==="));
        TRUE(contains(o.out, "Memanalyzer Binary"));
        TRUE(contains(o.out, "=== Top 20 Memory Regions ==="));
        output_free(&o);
}

static void a_pipe_gets_megabytes_without_colors(void)
{
        struct output o = RUN(capture, "-f", "-");

        EQUAL(o.status, 0);
        TRUE(contains(o.out, "RSS (Resident):"));
        TRUE(contains(o.out, " 144 MB\n"));
        TRUE(!contains(o.out, " KB"));
        TRUE(!contains(o.out, "\033"));
        output_free(&o);
}

/* The text of files below testdata, see guarded_files; the caller frees it. */
static char *text_of(const char *names)
{
        struct guarded file = guarded_files(names);
        char *text = strndup(file.data, file.len);

        guarded_free(&file);
        return text;
}

static void expect_printed(const char *input, char *top, char *format, const char *golden)
{
        char *wanted = text_of(golden);

        expect(RUN(input, "-f", "-", "-top", top, "-format", format), 0, wanted, "");
        free(wanted);
}

static void a_capture_with_facts_is_read_from_a_pipe(void)
{
        char *input = text_of("real/go1.26-named-6.1.facts+real/go1.26-named-6.1.smaps");

        expect_printed(input, "20", "text", "golden/go1.26-named-6.1-facts.txt");
        expect_printed(input, "3", "json", "golden/go1.26-named-6.1-facts.json");
        expect_printed(input, "3", "openmetrics", "golden/go1.26-named-6.1-facts.openmetrics");
        free(input);
}

static void a_process_has_a_pid_and_a_time(void)
{
        struct output json = RUN(NULL, "-format", "json"), metrics = RUN(NULL, "-format", "openmetrics");
        char pid[32], command[64];

        TRUE(contains(json.out, "\"time\": \"20") && contains(json.out, "\"source\": \"smaps\""));
        TRUE(!contains(json.out, "\"pid\": null") && !contains(json.out, "_seconds\": null"));
        TRUE(contains(metrics.out, "\nmemanalyzer_mappings_limit "));
        TRUE(contains(metrics.out, "\nmemanalyzer_cost_seconds 0."));
        output_free(&json);
        output_free(&metrics);
        snprintf(command, sizeof command, "%d", (int)getpid());
        snprintf(pid, sizeof pid, "\"pid\": %d,", (int)getpid());
        json = RUN(NULL, "-pid", command, "-format", "json");
        TRUE(contains(json.out, pid));
        output_free(&json);
}

static void bad_input_fails_with_a_message(void)
{
        expect_failure(RUN(NULL, "-f", "/no/such/capture.smaps"), "/no/such/capture.smaps");
        expect_failure(RUN(NULL, "-f", "."), ".: ");
        expect_failure(RUN(NULL, "-f", "\033[2J"), "\\x1b[2J");
        expect_failure(RUN("", "-f", "-"), "empty");
        expect_failure(RUN("{\"schema\": 1}\n", "-f", "-"), ":1:1: ");
}

/* The list ----------------------------------------------------------------- */

/* The last letters of the names in the list. */
static void names_in(const char *text, char *names, size_t cap)
{
        size_t n = 0;

        for (const char *at = strstr(text, "\n---"); at && (at = strstr(at, "/data/")) && n + 1 < cap; at++)
                names[n++] = at[6];
        names[n] = '\0';
}

static void the_list_is_sorted_by_each_key(void)
{
        static const struct {
                char *key;
                const char *order;
        } cases[] = {
                { "rss", "cab" },  { "pss", "acb" },  { "private", "abc" }, { "dirty", "cba" },
                { "swap", "bac" }, { "size", "abc" }, { "address", "bca" }, { "name", "abc" },
        };

        EQUAL(sizeof cases / sizeof *cases, MEMA_SORT_COUNT);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct output o = RUN(capture, "-f", "-", "-sort", cases[i].key);
                char names[8];

                EQUAL(o.status, 0);
                names_in(o.out, names, sizeof names);
                equal_text(cases[i].key, names, cases[i].order, __FILE__, __LINE__);
                output_free(&o);
        }
}

static void the_list_has_the_top_rows(void)
{
        static const struct {
                char *top;
                const char *title, *order;
        } cases[] = {
                { "0", NULL, "" },
                { "1", "=== Top 1 Memory Regions ===", "c" },
                { "2", "=== Top 2 Memory Regions ===", "ca" },
                { "100000", "=== Top 100000 Memory Regions ===", "cab" },
                { "all", "=== All Memory Regions ===", "cab" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct output o = RUN(capture, "-f", "-", "-top", cases[i].top);
                char names[8];

                EQUAL(o.status, 0);
                TRUE(contains(o.out, "Memory Regions ===") == (cases[i].title != NULL));
                TRUE(!cases[i].title || contains(o.out, cases[i].title));
                names_in(o.out, names, sizeof names);
                equal_text(cases[i].top, names, cases[i].order, __FILE__, __LINE__);
                output_free(&o);
        }
}

/* Output --------------------------------------------------------------------- */

/* Starts the command with the capture as standard input. */
static pid_t start(char *const argv[], int out, FILE *err, const char *term, const char *no_color)
{
        FILE *in = tmpfile();
        pid_t child;

        if (!in || fputs(capture, in) == EOF || fflush(in) != 0) {
                perror("tmpfile");
                exit(EXIT_FAILURE);
        }
        rewind(in);
        child = fork();
        if (child == 0) {
                dup2(fileno(in), STDIN_FILENO);
                if (out >= 0)
                        dup2(out, STDOUT_FILENO);
                else
                        close(STDOUT_FILENO);
                dup2(fileno(err), STDERR_FILENO);
                signal(SIGPIPE, SIG_DFL);
                setenv("TERM", term, 1);
                setenv("NO_COLOR", no_color, 1);
                execv(argv[0], argv);
                _exit(127);
        }
        fclose(in);
        return child;
}

/* Waits for it; returns its exit status and what it wrote to `err`. */
static int ended(pid_t child, FILE *err, char *words, size_t cap)
{
        int status = 0;
        size_t n;

        TRUE(waitpid(child, &status, 0) == child);
        rewind(err);
        n = fread(words, 1, cap - 1, err);
        words[n] = '\0';
        fclose(err);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void expect_write_error(int out, const char *words, char *const argv[])
{
        FILE *err = tmpfile();
        char written[512];

        EQUAL(ended(start(argv, out, err, "dumb", ""), err, written, sizeof written), 1);
        SAME_TEXT(written, words);
}

static void a_full_disk_is_an_error(void)
{
        static const char words[] = "memanalyzer: standard output: No space left on device\n";
        int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

        if (full < 0) {
                skipped("a full disk", "there is no /dev/full");
                return;
        }
        expect_write_error(full, words, ARGUMENTS("-f", "-"));
        expect_write_error(full, words, ARGUMENTS("-all", "-sort", "size"));
        expect_write_error(full, words, ARGUMENTS("-h"));
        expect_write_error(full, words, ARGUMENTS("-version"));
        close(full);
}

static void a_closed_pipe_is_a_quiet_error(void)
{
        int ends[2];

        EQUAL(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        expect_write_error(ends[1], "", ARGUMENTS("-f", "-"));
        expect_write_error(ends[1], "", ARGUMENTS("-all"));
        close(ends[1]);
}

static void no_standard_output_is_an_error(void)
{
        expect_write_error(-1, "memanalyzer: standard output: Bad file descriptor\n", ARGUMENTS("-f", "-"));
}

/* Runs the command on a terminal of a size.  Returns what it wrote, without carriage returns, which the
 * caller frees, and its exit status in *status.  NULL if there are no terminals. */
static char *on_sized_terminal(const char *term, const char *no_color, char *const argv[],
                               const struct winsize *size, int *status)
{
        enum { ROOM = 1 << 16 };
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
        struct pollfd ready = { master, POLLIN, 0 };
        FILE *err = tmpfile();
        char *text = calloc(1, ROOM), written[512];
        size_t len = 0, kept = 0;
        ssize_t n;
        pid_t child;

        if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
            (slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
                fclose(err);
                free(text);
                return NULL;
        }
        EQUAL(ioctl(slave, TIOCSWINSZ, size), 0);
        child = start(argv, slave, err, term, no_color);
        close(slave);
        while (poll(&ready, 1, 20000) > 0 && (n = read(master, text + len, ROOM - 1 - len)) > 0)
                len += (size_t)n;
        close(master);
        *status = ended(child, err, written, sizeof written);
        equal_number("a message without an error", written[0] != '\0', *status != 0, __FILE__, __LINE__);
        for (size_t i = 0; i < len; i++)
                if (text[i] != '\r')
                        text[kept++] = text[i];
        text[kept] = '\0';
        return text;
}

static char *on_terminal(const char *term, const char *no_color, char *const argv[])
{
        static const struct winsize size = { .ws_row = 24, .ws_col = 80 };
        int status = 0;
        char *text = on_sized_terminal(term, no_color, argv, &size, &status);

        EQUAL(status, 0);
        return text;
}

/* Removes the escape sequences of color.c, and no others. */
static void remove_colors(char *text)
{
        static const char *const own[] = { "\033[0m", "\033[1m", "\033[2m", "\033[33m" };
        char *to = text;

        for (const char *from = text; *from;) {
                size_t n = 0;

                for (size_t i = 0; i < sizeof own / sizeof *own; i++)
                        if (strncmp(from, own[i], strlen(own[i])) == 0)
                                n = strlen(own[i]);
                if (n == 0)
                        *to++ = *from++;
                from += n;
        }
        *to = '\0';
}

static void a_terminal_has_colors(void)
{
        char *const *argv = ARGUMENTS("-f", "-", "-unit", "MB");
        struct output plain = run_program(argv, capture);
        char *text = on_terminal("xterm", "", argv);

        if (!text) {
                skipped("a terminal", "none could be made");
                output_free(&plain);
                return;
        }
        TRUE(contains(text, "\033[1m=== Totals ===\033[0m\n"));
        TRUE(contains(text, "\033[1mGo Runtime:\033[0m\n"));
        TRUE(contains(text, "\033[2m-----"));
        TRUE(!contains(text, "\033[1mVirtual Memory:"));
        remove_colors(text);
        SAME_TEXT(text, plain.out);
        free(text);

        text = on_terminal("xterm", "1", argv);
        SAME_TEXT(text, plain.out);
        free(text);
        text = on_terminal("dumb", "", argv);
        SAME_TEXT(text, plain.out);
        free(text);
        output_free(&plain);
}

static void the_unit_on_a_terminal_is_auto(void)
{
        struct output plain = RUN(capture, "-f", "-", "-unit", "auto");
        char *text = on_terminal("dumb", "", ARGUMENTS("-f", "-"));

        if (text)
                SAME_TEXT(text, plain.out);
        free(text);
        output_free(&plain);
}

/* Harmful names --------------------------------------------------------------- */

/* An escape sequence, a mark that changes the writing direction, invalid UTF-8, a line separator, a tag: a
 * file can have any of them in its name. */
#define HARMFUL "\033[2J\xe2\x80\xaegpj\xff\xe2\x80\xa8\xf3\xa0\x81\x81"
#define HARMLESS "\\x1b[2J\\u{202e}gpj\\xff\\u{2028}\\u{e0041}"

/* Makes nested folders with a path of nearly 4 kB in a new folder, whose path has *ours bytes; false if the
 * file system does not take such names. */
static bool make_deep(char *path, size_t *ours, const char *part)
{
        TRUE(mkdtemp(path) != NULL);
        *ours = strlen(path);
        while (strlen(path) + 260 < 4000) {
                sprintf(path + strlen(path), "/%s%0200d", part, 0);
                if (mkdir(path, 0700) != 0) {
                        skipped("a harmful name", strerror(errno));
                        *strrchr(path, '/') = '\0';
                        return false;
                }
        }
        return true;
}

static void remove_deep(char *path, size_t ours)
{
        for (; strlen(path) > ours; *strrchr(path, '/') = '\0')
                TRUE(remove(path) == 0);
        TRUE(rmdir(path) == 0);
}

/* The report has the program's heading, and no harmful byte. */
static void expect_program(const char *text, const char *heading)
{
        expect_harmless("the report of a harmful name", text);
        if (!contains(text, heading))
                equal_text("the report", text, heading, __FILE__, __LINE__);
}

static void expect_harmless_program(const char *part, const char *name, const char *heading)
{
        char path[PATH_MAX] = TEMPORARY, number[24];
        size_t ours;
        struct output o;
        char *text;
        pid_t child;

        if (!make_deep(path, &ours, part)) {
                remove_deep(path, ours);
                return;
        }
        sprintf(path + strlen(path), "/%s", name);
        copy_file("build/stopped", path);
        child = start_stopped(path, path);
        snprintf(number, sizeof number, "%ld", (long)child);

        o = RUN(NULL, "-pid", number, "-all");
        EQUAL(o.status, 0);
        expect_program(o.out, heading);
        output_free(&o);
        text = on_terminal("xterm", "", ARGUMENTS("-pid", number, "-all"));
        if (text) {
                TRUE(contains(text, "\033[1m"));
                remove_colors(text);
                expect_program(text, heading);
        }
        free(text);
        end_child(child);
        remove_deep(path, ours);
}

static void a_program_with_a_harmful_name(void)
{
        expect_harmless_program(HARMFUL, HARMFUL, "  " HARMLESS " Binary ");
}

/* The kernel prints a newline as \012 in smaps, and as it is in /proc/PID/exe. */
static void a_program_with_a_newline_in_its_name(void)
{
        expect_harmless_program("a\nb", "a\nb (c)", "  A\\012b (c) Binary ");
}

static void a_saved_program_with_a_harmful_name(void)
{
        struct output o = RUN("00400000-00401000 r-xp 00000000 08:02 17 /tmp/" HARMFUL "\nRss: 4 kB\n", "-f",
                              "-", "-all");

        EQUAL(o.status, 0);
        expect_program(o.out, "  " HARMLESS " Binary ");
        output_free(&o);
}

/* A message has them escaped, on one line. */
static void files_with_harmful_names(void)
{
        char path[PATH_MAX] = TEMPORARY;
        size_t ours;
        FILE *f;

        if (!make_deep(path, &ours, HARMFUL)) {
                remove_deep(path, ours);
                return;
        }
        strcat(path, "/" HARMFUL "\n.smaps");
        for (int there = 0; there < 2; there++) {
                struct output o = RUN(NULL, "-f", path);

                expect_harmless("an error", o.err);
                TRUE(contains(o.err, HARMLESS "\\x0a.smaps"));
                expect_failure(o, there ? ".smaps:1:1: a smaps file wants" : "No such file or directory");
                f = fopen(path, "a");
                TRUE(f && fputs("hello\n", f) >= 0 && fclose(f) == 0);
        }
        remove_deep(path, ours);
}

/* Starts a process that ends after two seconds. */
static pid_t short_lived(char *number, size_t size)
{
        pid_t child = fork();

        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                alarm(2);
                for (;;)
                        pause();
        }
        snprintf(number, size, "%d", (int)child);
        return child;
}

/* The last reading met the end of the process, or its zombie. */
static void expect_ended(int status, pid_t child)
{
        TRUE(status == 4 || status == 6);
        EQUAL(waitpid(child, NULL, 0), child);
}

static void watch_prints_a_line_each_time(void)
{
        char number[16], when[32], unit[3], change[32];
        pid_t child = short_lived(number, sizeof number);
        struct output o = RUN(NULL, "-watch", "1", "-unit", "KB", "-pid", number);
        unsigned long long rss;

        expect_ended(o.status, child);
        TRUE(sscanf(o.out, "%31s RSS %llu %2s %31[+0]", when, &rss, unit, change) == 4 && rss > 0);
        TRUE(strlen(when) == 20 && when[10] == 'T' && when[19] == 'Z');
        SAME_TEXT(change, "+0"); /* in the first line */
        TRUE(contains(o.out, "+0 KB\n"));
        output_free(&o);
}

static void watch_redraws_a_terminal(void)
{
        static const struct winsize size = { .ws_row = 8, .ws_col = 40 };
        char number[16], *text, *line;
        pid_t child = short_lived(number, sizeof number);
        const char *rest;
        int status = 0, lines = 0;

        text = on_sized_terminal("xterm", "", ARGUMENTS("-watch", "1", "-pid", number), &size, &status);
        expect_ended(text ? status : 6, child);
        if (!text) {
                skipped("a terminal", "none could be made");
                return;
        }
        TRUE(strncmp(text, "\033[H\033[JTests, process ", 21) == 0);
        TRUE(contains(text, "\nRSS (Resident):  "));
        text[6 + strcspn(text + 6, "\033")] = '\0'; /* the first screen */
        rest = text + 6;
        for (; (line = next_line(&rest)); lines++)
                TRUE(strlen(line) <= 40);
        EQUAL(lines, 7);
        free(text);
}

SUITE(cli, CASE(help_fits_a_screen), CASE(version_is_the_header_s), CASE(wrong_usage_is_refused),
      CASE(a_long_argument_is_cut), CASE(all_spellings_of_an_option_are_equal),
      CASE(the_default_is_the_command_itself), CASE(a_pipe_gets_megabytes_without_colors),
      CASE(a_capture_with_facts_is_read_from_a_pipe), CASE(a_process_has_a_pid_and_a_time),
      CASE(bad_input_fails_with_a_message), CASE(the_list_is_sorted_by_each_key),
      CASE(the_list_has_the_top_rows), CASE(a_full_disk_is_an_error), CASE(a_closed_pipe_is_a_quiet_error),
      CASE(no_standard_output_is_an_error), CASE(a_terminal_has_colors), CASE(the_unit_on_a_terminal_is_auto),
      CASE(a_program_with_a_harmful_name), CASE(a_program_with_a_newline_in_its_name),
      CASE(a_saved_program_with_a_harmful_name), CASE(files_with_harmful_names),
      CASE(watch_prints_a_line_each_time), CASE(watch_redraws_a_terminal));
