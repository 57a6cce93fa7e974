/* test_formats.c - each format of a report that lists as many mappings as a process can have: the list
 * adds up, and memory is bounded. */
#define _GNU_SOURCE
#include "../source_text.h"
#include "expect_capture.h"
#include "expect_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPPINGS = 65530, RESIDENT = MAPPINGS / 4 * 3 + 1, RECORD_MAX = 1024 };

static struct mema_report r, before;

/* Input ------------------------------------------------------------------------ */

/* Each fourth mapping is not resident.  Each `round` above 0 has other sizes and lacks another tenth of the
 * mappings. */
static char *many_mappings(unsigned round)
{
        /* clang-format off */
        static const struct {
                const char *perms, *place, *name;
        } kinds_of_mapping[] = {
                { "rw-p", "00000000 00:00 0 ", "" },
                { "rw-p", "00000000 00:00 0 ", "[anon:cache %u]" }, /* more names than are kept */
                { "r-xp", "00001000 08:02 17 ", "/usr/lib/library %u.so" },
                { "r--p", "00002000 08:02 18 ", "/tmp/\x1b[2J\xff\xe2\x80\xae\"\\%u (deleted)" },
                { "r--p", "00000000 00:00 0 ", "" },
                { "rw-s", "00000000 00:01 19 ", "/memfd:%u (deleted)" },
                { "rwxp", "00000000 00:00 0 ", "" },
        };
        /* clang-format on */
        static char text[(size_t)MAPPINGS * RECORD_MAX];
        size_t len = 0;

        for (unsigned i = 0; i < MAPPINGS; i++) {
                size_t kind = i % (sizeof kinds_of_mapping / sizeof *kinds_of_mapping);
                unsigned long long start = 0x7f0000000000 + i * 0x4000ull;
                unsigned kb = (i + round) % 4 * 4;

                if (round > 0 && i % 10 == round)
                        continue;
                len += (size_t)sprintf(text + len, "%llx-%llx %s %s", start, start + 0x3000,
                                       kinds_of_mapping[kind].perms, kinds_of_mapping[kind].place);
                if (kinds_of_mapping[kind].name[0] != '\0')
                        len += (size_t)sprintf(text + len, kinds_of_mapping[kind].name, i % 9000);
                len += (size_t)sprintf(
                        text + len,
                        "\nSize: 12 kB\nKernelPageSize: 4 kB\nMMUPageSize: 4 kB\nRss: %u kB\n"
                        "Pss: %u kB\nShared_Clean: 0 kB\nShared_Dirty: 0 kB\nPrivate_Clean: 0 kB\n"
                        "Private_Dirty: %u kB\nReferenced: %u kB\nAnonymous: %u kB\nSwap: 4 kB\n"
                        "Locked: 0 kB\nTHPeligible: 0\nVmFlags: rd wr mr mw me ac sd \n",
                        kb, kb, kb, kb, kb);
        }
        return text;
}

static void read_mappings(struct mema_report *report, unsigned round, bool for_diff)
{
        static struct mema_smaps p;
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS, .for_diff = for_diff };
        struct mema_error error;
        char *text = many_mappings(round);

        mema_report_init(report, NULL, &options);
        mema_smaps_init(&p);
        EQUAL(mema_collect_feed(report, &p, text, strlen(text), &error), MEMA_STATUS_MORE);
        EQUAL(mema_collect_feed(report, &p, NULL, 0, &error), MEMA_STATUS_END);
        mema_report_finish(report, NULL);
        expect_law("many mappings", report);
        TRUE(report->_arena.size < (uint64_t)MAPPINGS * 512);
}

/* Lists -------------------------------------------------------------- */

/* Sums up the numbers in lines that begin with `begin`; a number is `bytes` bytes behind `mark`.  *count
 * is the number of such lines. */
static int64_t sum(const char *text, const char *begin, const char *mark, size_t bytes, uint64_t *count)
{
        int64_t total = 0;
        const char *line, *at;

        for (*count = 0; (line = next_line(&text));) {
                if (strncmp(line, begin, strlen(begin)) != 0)
                        continue;
                at = strstr(line, mark);
                TRUE(at != NULL);
                total += at ? strtoll(at + strlen(mark) + bytes, NULL, 10) : 0;
                (*count)++;
        }
        return total;
}

/* The items of a list in the output, which add up to RSS. */
struct list {
        enum mema_format format;
        const char *begin, *mark;
        size_t bytes;
        uint64_t least, most; /* items */
};

static void expect_lists(const char *text, enum mema_format format, const struct list *lists, size_t count,
                         int64_t whole)
{
        for (size_t i = 0; i < count; i++) {
                const struct list *l = &lists[i];
                uint64_t items;

                if (l->format != format)
                        continue;
                equal_number(l->begin, (uint64_t)sum(text, l->begin, l->mark, l->bytes, &items),
                             (uint64_t)whole, __FILE__, __LINE__);
                is_true(l->begin, l->least <= items && items <= l->most, __FILE__, __LINE__);
        }
}

/* The command writes the same in `kb` kB of address space. */
static void expect_command(const char *kb, const char *arguments, const char *text)
{
        char shell[512];
        struct output o;

        snprintf(shell, sizeof shell, "ulimit -v %s; exec bin/memanalyzer %s", kb, arguments);
        o = run_program((char *const[]){ "/bin/sh", "-c", shell, NULL }, NULL);
        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        is_true(arguments, strcmp(o.out, text) == 0, __FILE__, __LINE__);
        output_free(&o);
}

static void put_file(char *path, const char *text)
{
        FILE *file;
        int fd = mkstemp(strcpy(path, TEMPORARY));

        file = fdopen(fd, "w");
        TRUE(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Reports -------------------------------------------------------------------------- */

static void each_format_of_a_report_adds_up(void)
{
        static const struct list lists[] = {
                { MEMA_FORMAT_TEXT, "RSS (Resident):", ":", 0, 1, 1 },
                { MEMA_FORMAT_TEXT, "7f", "", 23, RESIDENT, RESIDENT },
                { MEMA_FORMAT_JSON, "  \"totals\": {", "\"rss\": ", 0, 1, 1 },
                { MEMA_FORMAT_JSON, "    { \"id\": ", "\"rss\": ", 0, MEMA_GROUP_COUNT, MEMA_GROUP_COUNT },
                { MEMA_FORMAT_JSON, "      { \"id\": ", "\"rss\": ", 0, MEMA_CATEGORY_COUNT,
                  MEMA_CATEGORY_COUNT },
                { MEMA_FORMAT_JSON, "    { \"start\": ", "\"rss\": ", 0, RESIDENT, RESIDENT },
                { MEMA_FORMAT_OPENMETRICS, "memanalyzer_resident_bytes{", "} ", 0, 2, MEMA_CATEGORY_COUNT },
        };
        char path[64], arguments[128], *text;

        read_mappings(&r, 0, false);
        put_file(path, many_mappings(0));
        for (enum mema_format format = 0; format < MEMA_FORMAT_SMAPS; format++) {
                struct mema_output_options options = { .format = format, .unit = MEMA_UNIT_B };

                text = write_by(&r, &options, WHOLE);
                expect_lists(text, format, lists, sizeof lists / sizeof *lists,
                             (int64_t)r.totals.value[MEMA_FIELD_RSS]);
                if (format == MEMA_FORMAT_TEXT)
                        expect_text("many mappings", text, r.totals.value[MEMA_FIELD_RSS]);
                snprintf(arguments, sizeof arguments, "-f %s -all -sort address -unit B -format %s", path,
                         mema_format_name((unsigned)format));
                expect_command("32768", arguments, text);
                free(text);
        }
        unlink(path);
        mema_report_free(&r);
}

static void a_saved_capture_is_the_same_report(void)
{
        char *text = many_mappings(0);

        read_mappings(&r, 0, false);
        for (size_t used = 0, len = strlen(text), n; used < len; used += n) {
                n = len - used < 3072 ? len - used : 3072;
                if (!mema_text_keep(&r._text, text + used, n))
                        break;
        }
        TRUE(unlike_when_saved(&r) == NULL);
        mema_report_free(&r);
}

/* Differences ------------------------------------------------------------------------ */

static void each_format_of_differences_adds_up(void)
{
        enum { CHANGES = MAPPINGS / 10 * 9, CATEGORIES = MEMA_CATEGORY_COUNT };
        static const struct list lists[] = {
                { MEMA_FORMAT_TEXT, "RSS (Resident):", ":", 0, 1, 1 },
                { MEMA_FORMAT_TEXT, "7f", "", 32, CHANGES, MAPPINGS },
                { MEMA_FORMAT_JSON, "    { \"id\": ", "\"change\": ", 0, CATEGORIES, CATEGORIES },
                { MEMA_FORMAT_JSON, "    { \"kind\": ", "\"change\": ", 0, CHANGES, MAPPINGS },
        };
        struct mema_change *room = malloc(2 * MAPPINGS * sizeof *room);
        char paths[2][64], arguments[256], *text;
        struct mema_diff d;

        read_mappings(&before, 1, true);
        put_file(paths[0], many_mappings(1));
        read_mappings(&r, 2, true);
        put_file(paths[1], many_mappings(2));
        mema_diff_init(&d, &before, &r, room);
        for (enum mema_format format = 0; mema_format_has_differences((unsigned)format); format++) {
                struct mema_output_options options = { .format = format,
                                                       .unit = MEMA_UNIT_B,
                                                       .top = MEMA_ALL };

                text = write_diff_by(&d, &options, WHOLE);
                expect_lists(text, format, lists, sizeof lists / sizeof *lists,
                             (int64_t)(r.totals.value[MEMA_FIELD_RSS] - before.totals.value[MEMA_FIELD_RSS]));
                snprintf(arguments, sizeof arguments, "diff %s %s -all -unit B -format %s", paths[0],
                         paths[1], mema_format_name((unsigned)format));
                expect_command("65536", arguments, text);
                free(text);
        }
        for (size_t i = 0; i < 2; i++)
                unlink(paths[i]);
        free(room);
        mema_report_free(&before);
        mema_report_free(&r);
}

SUITE(formats, CASE(each_format_of_a_report_adds_up), CASE(a_saved_capture_is_the_same_report),
      CASE(each_format_of_differences_adds_up));
