/* test_text.c - the text of a report: units, rows, rounding, limits and names. */
#include "../render.h"
#include "../source_text.h"
#include "expect_capture.h"
#include "expect_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

static char *render(const struct mema_output_options *options)
{
        return write_by(&r, options, WHOLE);
}

static char *text_of(const char *input, uint64_t top, enum mema_sort sort, enum mema_unit unit)
{
        struct mema_options rows = { .top = top, .sort = sort };
        struct mema_output_options options = { .unit = unit };
        char *text;

        report_of(&r, input, strlen(input), NULL, &rows);
        text = render(&options);
        mema_report_free(&r);
        return text;
}

/* Pieces -------------------------------------------------------------------- */

static void an_empty_buffer_gets_nothing(void)
{
        static struct mema_output t;
        char buf[16] = "....";

        report_of(&r, "1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n", 33, NULL, NULL);
        mema_output_init(&t, &r, NULL);
        EQUAL(mema_output_next(&t, buf, 0), 0);
        EQUAL(mema_output_next(&t, buf, 4), 4);
        TRUE(memcmp(buf, "=== ", 4) == 0);
        mema_report_free(&r);
}

/* Options ------------------------------------------------------------------- */

static bool has(const char *text, const char *part)
{
        return strstr(text, part) != NULL;
}

static void addresses_can_be_hidden(void)
{
        static const struct mema_output_options hidden = { .unit = MEMA_UNIT_KB, .hide_addresses = 1 };
        struct guarded file = guarded_file("testdata/real/go1.26-named-6.1.smaps");
        struct mema_options all = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS };
        const char *rest, *line;
        uint64_t rows = 0;
        char *text;

        report_of(&r, file.data, file.len, NULL, &all);
        text = render(&hidden);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region g;
                char address[32];

                mema_report_row(&r, i, &g);
                snprintf(address, sizeof address, "%" PRIx64 "...", g.start);
                TRUE(!has(text, address));
        }
        rest = strstr(text, "-----\n");
        TRUE(rest != NULL);
        for (rest = rest ? rest + 6 : ""; (line = next_line(&rest)); rows++)
                TRUE(strncmp(line, "-                  ", 19) == 0);
        EQUAL(rows, r.row_count);
        mema_report_free(&r);
        free(text);
        guarded_free(&file);
}

static void expect_unit(const char *input, enum mema_unit unit, const char *line)
{
        char *text = text_of(input, 0, MEMA_SORT_RSS, unit);

        if (!has(text, line))
                SAME_TEXT(text, line);
        free(text);
}

static void auto_chooses_the_unit(void)
{
#define RSS_OF(kb) "1000-2000 rw-p 0 0:0 0\nRss: " #kb " kB\n"
        expect_unit(RSS_OF(65535), MEMA_UNIT_AUTO, "\nRSS (Resident):    65535 KB\n");
        expect_unit(RSS_OF(65536), MEMA_UNIT_AUTO, "\nRSS (Resident):    64 MB\n");
        expect_unit(RSS_OF(0), MEMA_UNIT_AUTO, "\nRSS (Resident):    0 KB\n");
        expect_unit(RSS_OF(65535), MEMA_UNIT_MB, "\nRSS (Resident):    63 MB\n");
        expect_unit(RSS_OF(65535), MEMA_UNIT_B, "\nRSS (Resident):    67107840 B\n");
        expect_unit(RSS_OF(65535), MEMA_UNIT_KB, "\nRSS (Resident):    65535 KB\n");
#undef RSS_OF
}

static void a_missing_total_is_unknown(void)
{
        char *text = text_of("1000-201000 rw-p 0 0:0 0 [heap]\n", 20, MEMA_SORT_RSS, MEMA_UNIT_MB);

        TRUE(has(text, "\nVirtual Memory:    2 MB\n"));
        TRUE(has(text, "\nRSS (Resident):    unknown\n"));
        TRUE(has(text, "\nPSS (Proportional): unknown\n"));
        TRUE(has(text, "\nWarnings:\n  The input has no Rss lines"));
        TRUE(!has(text, "Go Runtime"));
        TRUE(!has(text, "Subtotal"));
        TRUE(has(text, "  - "));
        free(text);
}

static void the_title_gives_the_number_of_regions(void)
{
        static const char input[] = "1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n";
        char *none = text_of(input, 0, MEMA_SORT_RSS, MEMA_UNIT_MB);
        char *some = text_of(input, 50, MEMA_SORT_RSS, MEMA_UNIT_MB);
        char *all = text_of(input, MEMA_ALL, MEMA_SORT_RSS, MEMA_UNIT_MB);

        TRUE(!has(none, "Memory Regions ==="));
        TRUE(has(some, "\n=== Top 50 Memory Regions ===\n"));
        TRUE(has(all, "\n=== All Memory Regions ===\n"));
        free(none);
        free(some);
        free(all);
}

/* Sections ------------------------------------------------------------------ */

static void some_rows_are_always_shown(void)
{
        char *text = text_of("1000-2000 rw-p 0 0:0 0 [heap]\nRss: 0 kB\n", 20, MEMA_SORT_RSS, MEMA_UNIT_MB);

        SAME_TEXT(text, "=== Complete Memory Breakdown ===\n"
                        "\n"
                        "Go Runtime:\n"
                        "  Heap:                 0 MB\n"
                        "  Stack:                0 MB\n"
                        "  Metadata:             0 MB\n"
                        "  Subtotal:             0 MB\n"
                        "\n"
                        "Anonymous Memory:\n"
                        "  Read-Write:           0 MB\n"
                        "  Read-Only:            0 MB\n"
                        "  Executable:           0 MB\n"
                        "  Subtotal:             0 MB\n"
                        "\n"
                        "=== Totals ===\n"
                        "Virtual Memory:    0 MB\n"
                        "RSS (Resident):    0 MB\n"
                        "PSS (Proportional): unknown\n"
                        "\n"
                        "=== Top 20 Memory Regions ===\n"
                        "\n"
                        "ADDRESS            PERMS  RSS        PRIVATE    SHARED     NAME\n"
                        "--------------------------------------------------\n");
        free(text);
}

/* Scripts read these lines. */
static void the_example_of_the_contract(void)
{
        static const char input[] =
                "00400000-0b900000 r-xp 0 08:02 17 /usr/bin/teranode\nRss: 185344 kB\n"
                "c000000000-c080000000 rw-p 0 00:00 0 [anon: Go: heap]\nRss: 2097152 kB\n"
                "7f8a40000000-7f8b40000000 rw-p 0 00:00 0 [anon: TXMetaCache]\n"
                "Rss: 4194304 kB\n"
                "7f8b50000000-7f8b54000000 r-xp 0 08:02 18 /lib/libc.so.6\nRss: 65536 kB\n";
        char *text = text_of(input, 1, MEMA_SORT_RSS, MEMA_UNIT_MB);

        TRUE(has(text, "Go Runtime:\n  Heap:              2048 MB\n  Stack:                0 MB\n"));
        TRUE(has(text, "Named Memory Regions (mmap):\n"
                       "  TXMetaCache                              4096 MB\n"
                       "  Subtotal:          4096 MB\n"));
        TRUE(has(text, "File-Backed Memory:\n"
                       "  Shared Libraries                           64 MB\n"
                       "  Teranode Binary                           181 MB\n"
                       "  Subtotal:           245 MB\n"));
        TRUE(has(text, "\nRSS (Resident):    6389 MB\n"));
        TRUE(has(text, "\n7f8a40000000...    rw-p      4096 MB "));
        free(text);
}

static void empty_rows_are_left_out(void)
{
        static const char input[] = "1000-2000 rw-p 0 0:0 0 [anon:some]\nRss: 4 kB\n"
                                    "2000-3000 ---p 0 0:0 0 [anon:none]\nRss: 0 kB\n"
                                    "3000-4000 rw-p 0 0:0 0 [heap]\nRss: 0 kB\n";
        char *text = text_of(input, 0, MEMA_SORT_RSS, MEMA_UNIT_MB);

        TRUE(has(text, "\n  some "));
        TRUE(!has(text, "\n  none "));
        TRUE(!has(text, "C Heap"));
        free(text);
}

static void names_are_escaped(void)
{
        static const char input[] = "1000-2000 rw-p 0 0:0 0 [anon:a\x1b[2J\r\xe2\x80\xaex]\nRss: 4 kB\n"
                                    "2000-3000 r--p 0 08:02 17 /tmp/\x9b\x7f\t\xc2\x9b\nRss: 4 kB\n";
        char *text = text_of(input, 20, MEMA_SORT_ADDRESS, MEMA_UNIT_KB);

        expect_text("harmful names", text, 8);
        TRUE(has(text, "\n  a\\x1b[2J\\x0d\\u{202e}x "));
        TRUE(has(text, " /tmp/\\x9b\\x7f\\x09\\u{9b}\n"));
        free(text);
}

/* Scripts look for the line of RSS: no name can look like it. */
static void no_name_looks_like_the_line_of_rss(void)
{
        char *text = text_of("1000-2000 rw-p 0 0:0 0 [anon:RSS (Resident): 9 MB]\nRss: 4 kB\n"
                             "2000-3000 r--p 0 08:02 17 /tmp/RSS (Resident)\nRss: 4 kB\n",
                             20, MEMA_SORT_RSS, MEMA_UNIT_KB);

        expect_text("a name like a total", text, 8);
        free(text);
}

static void a_long_name_keeps_its_end(void)
{
        char input[1024], name[301], *text;

        memset(name, 'n', 300);
        name[300] = '\0';
        memcpy(name + 294, "/wal.db", 7);
        snprintf(input, sizeof input, "1000-2000 r--p 0 08:02 17 /x/%.290s/wal.db\nRss: 4 kB\n", name);
        text = text_of(input, 20, MEMA_SORT_RSS, MEMA_UNIT_MB);
        TRUE(has(text, " ...nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn/wal.db\n"));
        free(text);
}

/* Of 5 MB, 3 are whole: d has the largest remainder, a is the first of the two next. */
static void the_largest_remainder_is_rounded_up(void)
{
        char *text = text_of("1000-2000 rw-p 0 0:0 0 [anon:a]\nRss: 1536 kB\n"
                             "2000-3000 rw-p 0 0:0 0 [anon:b]\nRss: 1536 kB\n"
                             "3000-4000 rw-p 0 0:0 0 [anon:c]\nRss: 1400 kB\n"
                             "4000-5000 rw-p 0 0:0 0 [anon:d]\nRss: 700 kB\n",
                             0, MEMA_SORT_RSS, MEMA_UNIT_MB);

        TRUE(has(text, "  a                                           2 MB\n"
                       "  b                                           1 MB\n"
                       "  c                                           1 MB\n"
                       "  d                                           1 MB\n"
                       "  Subtotal:             5 MB\n"));
        free(text);
}

static uint64_t random_below(uint64_t bound)
{
        static uint64_t seed = 7;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (seed >> 33) % bound;
}

/* The oracle for mema_round: hands out one unit at a time. */
static void round_one_by_one(uint64_t *figures, uint64_t count, uint64_t shift, uint64_t whole)
{
        uint64_t unit = UINT64_C(1) << shift, remainder[64];

        for (uint64_t i = 0; i < count; i++) {
                remainder[i] = figures[i] % unit;
                figures[i] /= unit;
                whole -= figures[i];
        }
        for (; whole > 0; whole--) {
                uint64_t largest = 0;

                for (uint64_t i = 1; i < count; i++)
                        if (remainder[i] > remainder[largest])
                                largest = i;
                figures[largest]++;
                remainder[largest] = 0;
        }
}

static void rounding_is_by_largest_remainders(void)
{
        for (unsigned round = 0; round < 2000; round++) {
                uint64_t figures[64] = { 0 }, wanted[64], sum = 0, shift = round % 21;
                size_t count = (size_t)random_below(65);

                for (size_t i = 0; i < count; i++) {
                        /* In some rounds, many remainders are equal. */
                        figures[i] = random_below(round % 3 == 0 ? 5 : 1 << 24) << (round % 3 == 1 ? 8 : 0);
                        sum += figures[i];
                }
                memcpy(wanted, figures, sizeof figures);
                sum = (sum >> shift) + (round % 2 == 0 && sum % (UINT64_C(1) << shift) > 0);
                mema_round(figures, count, shift, sum);
                round_one_by_one(wanted, count, shift, sum);
                TRUE(memcmp(figures, wanted, count * sizeof *figures) == 0);
        }
}

/* Random figures. */
static void rounded_rows_add_up(void)
{
        static const char *const names[] = { "[anon:a]", "[anon:b]", "[anon:c]", "[heap]",
                                             "[stack]",  "[vdso]",   "",         "/a.so",
                                             "/b",       "/dev/x",   "[anon:d]" };

        for (int i = 0; i < 100; i++) {
                char input[8192] = "", *text;
                uint64_t rss = 0;

                for (unsigned k = 0; k < 40; k++) {
                        size_t len = strlen(input);
                        uint64_t kb = random_below(k % 5 == 0 ? 9000 : 1500);

                        rss += kb;
                        snprintf(input + len, sizeof input - len,
                                 "%x000-%x800 r--p 0 0:0 0 %s\nRss: %" PRIu64 " kB\n", k + 1, k + 1,
                                 names[random_below(sizeof names / sizeof *names)], kb);
                }
                text = text_of(input, 0, MEMA_SORT_RSS, MEMA_UNIT_MB);
                expect_text("random figures", text, rss >> 10);
                free(text);
        }
}

/* Limits -------------------------------------------------------------------- */

#define NAMELESS "1000-2000 rw-p 0 0:0 0 [heap]\nRss: 4 kB\n"

/* Expects the rows behind PSS from these lines of a capture. */
static void expect_limits(const char *lines, const char *rows)
{
        char input[1024], *text, *at;

        snprintf(input, sizeof input, "%s" NAMELESS, lines);
        text = text_of(input, 0, MEMA_SORT_RSS, MEMA_UNIT_MB);
        expect_text(lines, text, 0);
        at = strstr(text, "\nPSS (Proportional): unknown\n");
        SAME_TEXT(at ? at + 29 : text, rows);
        free(text);
}

static void limits_have_rows(void)
{
        expect_limits("", "");
        expect_limits("# cgroup.usage: 8388608\n# cgroup.peak: 16777216\n# cgroup.high: 50331648\n"
                      "# cgroup.limit: 67108864\n# cgroup.limit_level: 1\n# cgroup.room: 5242880\n"
                      "# cgroup.room_limit: 100663296\n# cgroup.inactive_file: 4194304\n# cgroup.oom_kills: "
                      "3\n# mappings.max: 65530\n"
                      "# go.gomemlimit: 33554432\n# go.gogc: 50\n",
                      "Cgroup Usage:      8 MB\n"
                      "Cgroup Peak:       16 MB\n"
                      "Cgroup High:       48 MB\n"
                      "Cgroup Limit:      64 MB (an ancestor's, 1 up)\n"
                      "Cgroup Room:       5 MB of 96 MB\n"
                      "Cgroup Inactive File: 4 MB\n"
                      "Cgroup OOM Kills:  3\n"
                      "Mappings:          1 of 65530\n"
                      "GOMEMLIMIT:        32 MB\n"
                      "GOGC:              50\n");
        expect_limits("# cgroup.limit: 67108864\n# cgroup.limit_level: 0\n# go.gogc: 0\n",
                      "Cgroup Limit:      64 MB\nGOGC:              0\n");
        expect_limits("# go.gogc: 18446744073709551615\n", "GOGC:              off\n");
}

/* The defaults of all programs, and the one mapping of a rollup. */
static void usual_limits_are_left_out(void)
{
        char *rollup = text_of("# mappings.max: 5\n1000-2000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", 0,
                               MEMA_SORT_RSS, MEMA_UNIT_MB);

        expect_limits("# cgroup.oom_kills: 0\n# go.gomemlimit: 9223372036854775807\n# go.gogc: 100\n", "");
        TRUE(!has(rollup, "Mappings:"));
        free(rollup);
}

static void a_capture_keeps_the_numbers_of_unset_limits(void)
{
        static const char lines[] = "# go.gomemlimit: 9223372036854775807\n# go.gogc: 18446744073709551615\n";
        char *text;
        size_t len;

        TRUE(report_of_capture(&r, lines, NAMELESS, strlen(NAMELESS), NULL, NULL) == MEMA_STATUS_END);
        TRUE(mema_text_keep(&r._text, NAMELESS, strlen(NAMELESS)));
        text = save_text(&r, 4096, &len);
        text[len] = '\0';
        TRUE(has(text, lines));
        SAME_TEXT(unlike_when_saved(&r) ? unlike_when_saved(&r) : "", "");
        free(text);
        mema_report_free(&r);
}

static void empty_named_regions_are_explained(void)
{
#define EMPTY "\n\nEmpty Named Regions: "
        static const struct {
                const char *lines, *mappings, *line;
        } reasons[] = {
                { "# kernel.names: 0\n", NAMELESS,
                  EMPTY
                  "this kernel does not support names for memory, and no label is known\n\n=== Totals" },
                { "# kernel.names: 1\n", NAMELESS,
                  EMPTY "the program has named no memory, and no label is known\n\n=== Totals" },
                { "", NAMELESS, NULL },
                { "# kernel.names: 1\n", "1000-2000 rw-p 0 0:0 0 [anon:x]\nRss: 4 kB\n", NULL },
                { "# kernel.names: 0\n", "1000-2000 rw-p 0 0:0 0 [anon:x]\nRss: 4 kB\n", NULL },
                { "# kernel.names: 0\n# owner: 2000-3000 4096 4096 0 named x\n",
                  "1000-4000 rw-p 0 0:0 0\nRss: 4 kB\n", NULL },
                { "# kernel.names: 0\n", "1000-2000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", NULL },
        };
#undef EMPTY

        for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
                char input[256], *text;

                snprintf(input, sizeof input, "%s%s", reasons[i].lines, reasons[i].mappings);
                text = text_of(input, 0, MEMA_SORT_RSS, MEMA_UNIT_KB);
                expect_text(input, text, 4);
                is_true(input, has(text, reasons[i].line ? reasons[i].line : "\n\n=== Totals"), __FILE__,
                        __LINE__);
                is_true(input, has(text, "Empty Named") == (reasons[i].line != NULL), __FILE__, __LINE__);
                free(text);
        }
}

SUITE(text, CASE(an_empty_buffer_gets_nothing), CASE(addresses_can_be_hidden), CASE(auto_chooses_the_unit),
      CASE(a_missing_total_is_unknown), CASE(the_title_gives_the_number_of_regions),
      CASE(some_rows_are_always_shown), CASE(the_example_of_the_contract), CASE(empty_rows_are_left_out),
      CASE(names_are_escaped), CASE(no_name_looks_like_the_line_of_rss), CASE(a_long_name_keeps_its_end),
      CASE(the_largest_remainder_is_rounded_up), CASE(rounding_is_by_largest_remainders),
      CASE(rounded_rows_add_up), CASE(limits_have_rows), CASE(usual_limits_are_left_out),
      CASE(a_capture_keeps_the_numbers_of_unset_limits), CASE(empty_named_regions_are_explained));
