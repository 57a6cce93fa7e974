/* test_diff.c - the regions that changed between two reports, in their order, and the text of the differences
 * of all sums. */
#define _GNU_SOURCE
#include "golden.h"
#include "expect_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report before, now;
static struct mema_change *room;

static void prepare(struct mema_report *r, const char *text, size_t len)
{
        static const struct mema_options options = { .for_diff = true };
        static struct mema_smaps p;
        struct mema_error error;

        mema_report_init(r, NULL, &options);
        mema_smaps_init(&p);
        mema_collect_feed(r, &p, text, len, &error);
        mema_collect_feed(r, &p, NULL, 0, &error);
        mema_report_finish(r, NULL);
}

static struct mema_diff compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
        struct mema_diff d;

        prepare(&before, a, a_len);
        prepare(&now, b, b_len);
        room = malloc((size_t)(before.row_count + now.row_count + 1) * sizeof *room);
        mema_diff_init(&d, &before, &now, room);
        return d;
}

static void release(void)
{
        free(room);
        mema_report_free(&before);
        mema_report_free(&now);
}

static char *text_of(const struct mema_diff *d, uint64_t top)
{
        struct mema_output_options options = { .unit = MEMA_UNIT_KB, .top = top };

        return write_diff_by(d, &options, WHOLE);
}

/* Regions ------------------------------------------------------------------ */

/* Expects changes: kind, address, kB before and now, as in "grown 1000 4 8 + ...". */
static void changes(const char *a, const char *b, const char *shown, int line)
{
        struct mema_diff d = compare(a, strlen(a), b, strlen(b));
        char text[1024] = "";
        size_t len = 0;

        for (uint64_t i = 0; i < d.count; i++)
                len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %llx %d %d", i > 0 ? " + " : "",
                                        mema_change_name((unsigned)d.change[i].kind),
                                        (unsigned long long)d.change[i].start,
                                        (int)(d.change[i].before >> 10), (int)(d.change[i].now >> 10));
        equal_text(b, text, shown, __FILE__, line);
        release();
}
#define CHANGES(a, b, shown) changes(a, b, shown, __LINE__)

#define A(kb) MAP("10000-20000", "rw-p", "", kb)
#define B(kb) MAP("30000-40000", "rw-p", "[anon:b]", kb)

static void there_are_four_kinds_of_change(void)
{
        CHANGES(A(4), A(8), "grown 10000 4 8");
        CHANGES(A(8), A(4), "shrunk 10000 8 4");
        CHANGES(A(8), A(8) B(4), "new 30000 0 4");
        CHANGES(A(8) B(4), A(8), "gone 30000 4 0");
        CHANGES(A(8) B(4), A(8) B(4), "");
}

static void a_region_that_stays_mapped_is_neither_new_nor_gone(void)
{
        CHANGES(A(0), A(8), "grown 10000 0 8");
        CHANGES(A(8), A(0), "shrunk 10000 8 0");
        CHANGES(A(8), A(8) B(0), "");
}

static void the_largest_change_is_first(void)
{
        CHANGES(A(4) B(60), A(8) B(4), "shrunk 30000 60 4 + grown 10000 4 8");
        CHANGES(A(4) B(4), A(8) B(8), "grown 10000 4 8 + grown 30000 4 8");
        CHANGES(MAP("1000-2000", "rw-p", "a", 4) A(4) B(9) MAP("50000-60000", "rw-p", "", 7),
                MAP("1000-2000", "rw-p", "b", 4) A(9) B(4) MAP("50000-60000", "rw-p", "", 8),
                "grown 10000 4 9 + shrunk 30000 9 4 + new 1000 0 4 + gone 1000 4 0 + grown 50000 7 8");
}

static void regions_are_matched_by_name_and_address(void)
{
        CHANGES(MAP("10000-20000", "rw-p", "[stack]", 4), MAP("8000-20000", "rw-p", "[stack]", 36),
                "grown 8000 4 36");
        CHANGES(MAP("10000-20000", "rw-p", "[heap]", 4), MAP("10000-90000", "rw-p", "[heap]", 12),
                "grown 10000 4 12");
        CHANGES(MAP("10000-20000", "rw-p", "a", 4), MAP("10000-20000", "rw-p", "ab", 8),
                "new 10000 0 8 + gone 10000 4 0");
        CHANGES(MAP("10000-20000", "rw-p", "a", 4), MAP("20000-30000", "rw-p", "a", 8),
                "new 20000 0 8 + gone 10000 4 0");
        CHANGES(MAP("fffffffffffff000-0", "rw-p", "a", 4), MAP("ffffffffffffe000-0", "rw-p", "a", 8),
                "grown ffffffffffffe000 4 8");
}

static void a_region_is_matched_if_another_starts_in_its_place(void)
{
        static const char whole[] = MAP("10000-40000", "rw-p", "a", 12);
        static const char cut[] = MAP("10000-20000", "rw-p", "b", 4) MAP("20000-40000", "rw-p", "a", 4);

        CHANGES(whole, cut, "shrunk 20000 12 4 + new 10000 0 4");
        CHANGES(cut, whole, "grown 10000 4 12 + gone 10000 4 0");
}

/* Text ------------------------------------------------------------------------ */

/* clang-format off */
#define LINES                                                                             \
        "=== Memory Differences ===\n\n"                                                  \
        "                                             CHANGE        BEFORE           NOW \n"
/* clang-format on */

static void four_changes_are_written_as_text(void)
{
        static const char was[] = A(4) B(60) MAP("70000-80000", "rw-p", "[heap]", 8);
        static const char is[] =
                A(12) B(60) MAP("90000-a0000", "rw-s", "/memfd:\033(Resident) (deleted)", 1024);
        static const char wanted[] =
                LINES "Virtual Memory:                                0 KB        192 KB        192 KB \n"
                      "RSS (Resident):                            +1024 KB         72 KB       1096 KB \n"
                      "PSS (Proportional):                   unknown\n"
                      "Swap:                                 unknown\n"
                      "Anonymous Memory: Read-Write                  +8 KB          4 KB         12 KB \n"
                      "C Heap (malloc): Main Arena                   -8 KB          8 KB          0 KB \n"
                      "Shared Memory: memfd                       +1024 KB          0 KB       1024 KB \n";
        static const struct mema_output_options hidden = { .unit = MEMA_UNIT_AUTO,
                                                           .top = MEMA_ALL,
                                                           .hide_addresses = 1 };
        struct mema_diff d = compare(was, sizeof was - 1, is, sizeof is - 1);
        char *text = text_of(&d, 0);

        SAME_TEXT(text, wanted);
        free(text);
        text = text_of(&d, 2);
        TRUE(strncmp(text, wanted, sizeof wanted - 1) == 0);
        SAME_TEXT(text + sizeof wanted - 1,
                  "\n=== Top 2 Changed Regions ===\n\n"
                  "ADDRESS            PERMS  WHAT         CHANGE        BEFORE           NOW NAME\n"
                  "--------------------------------------------------\n"
                  "000000090000...    rw-s   new        +1024 KB          0 KB       1024 KB "
                  "/memfd:\\x1b\\x28Resident) (deleted)\n"
                  "000000010000...    rw-p   grown         +8 KB          4 KB         12 KB "
                  "[anonymous] anon/rw\n");
        free(text);
        text = write_diff_by(&d, &hidden, WHOLE);
        TRUE(strstr(text, "=== All Changed Regions ===") &&
             strstr(text, "\n-                  rw-p   gone "));
        TRUE(!strstr(text, "0..."));
        free(text);
        release();
}

/* The change in a line of text, in bytes; 0 if the line ends before the column. */
static int64_t change_in(const char *line, size_t column)
{
        return strlen(line) > column ? strtoll(line + column, NULL, 10) : 0;
}

/* Expects that the changes of categories, and of regions, add up to the change of RSS. */
static void expect_sums(const char *what, const char *text)
{
        int64_t rss = INT64_MIN, categories = 0, regions = 0;
        unsigned rules = 0;
        char *line;

        for (const char *at = text; (line = next_line(&at));) {
                rules += strncmp(line, "-----", 5) == 0;
                if (strncmp(line, "RSS (Resident):", 15) == 0)
                        rss = change_in(line, 38);
                else if (rss != INT64_MIN && rules == 0 && line[0] != '\0' && line[0] != '=' &&
                         strncmp(line, "PSS", 3) != 0 && strncmp(line, "Swap", 4) != 0)
                        categories += change_in(line, 38);
                else if (rules > 0)
                        regions += change_in(line, 32);
        }
        is_true(what, categories == rss && regions == rss, __FILE__, __LINE__);
}

static struct guarded first;

static void compare_with_first(const char *path)
{
        struct guarded file = guarded_file(path);
        struct mema_diff d = compare(first.data, first.len, file.data, file.len);
        static const struct mema_output_options bytes = { .unit = MEMA_UNIT_B, .top = MEMA_ALL };
        char *whole = write_diff_by(&d, &bytes, WHOLE);
        char *pieces = write_diff_by(&d, &bytes, (struct cut){ 7, 0, 0 });

        SAME_TEXT(pieces, whole);
        expect_harmless(path, whole);
        if (!before.checks.totals_only && !now.checks.totals_only && now.totals.value[MEMA_FIELD_RSS] > 0)
                expect_sums(path, whole);
        for (uint64_t i = 1; i < d.count; i++)
                TRUE(llabs((int64_t)(d.change[i - 1].now - d.change[i - 1].before)) >=
                     llabs((int64_t)(d.change[i].now - d.change[i].before)));
        free(whole);
        free(pieces);
        release();
        guarded_free(&first);
        first = file;
}

/* Each capture is compared with the one before it. */
static void the_changes_of_all_captures_add_up(void)
{
        first = guarded_file("testdata/real/bash-6.18.smaps");
        TRUE(each_file("testdata/real", ".smaps", compare_with_first) > 5);
        guarded_free(&first);
}

static void differences_equal_the_golden_files(void)
{
        struct guarded cases = guarded_file("testdata/golden/diffs.tsv");
        char *rows = calloc(1, cases.len + 1);
        const char *rest = rows, *line;
        int count = 0;

        memcpy(rows, cases.data, cases.len);
        while ((line = next_line(&rest))) {
                struct mema_output_options options = { 0 };
                char name[64], inputs[2][128], top[16], unit[16], format[16], *text;
                struct guarded a, b;
                struct mema_diff d;

                if (line[0] == '#')
                        continue;
                TRUE(sscanf(line, "%63s\t%127s\t%127s\t%15s\t%15s\t%15s", name, inputs[0], inputs[1], top,
                            unit, format) == 6);
                options.top = strcmp(top, "all") == 0 ? MEMA_ALL : strtoull(top, NULL, 10);
                options.unit = (enum mema_unit)index_of(mema_unit_name, unit);
                options.format = (enum mema_format)index_of(mema_format_name, format);
                a = guarded_files(inputs[0]);
                b = guarded_files(inputs[1]);
                d = compare(a.data, a.len, b.data, b.len);
                text = write_diff_by(&d, &options, WHOLE);
                expect_golden(name, text);
                expect_harmless(name, text);
                free(text);
                release();
                guarded_free(&a);
                guarded_free(&b);
                count++;
        }
        TRUE(count > 0);
        free(rows);
        guarded_free(&cases);
}

/* The command line -------------------------------------------------------------- */

#define RUN(input, ...) run_program((char *const[]){ "bin/memanalyzer", "diff", __VA_ARGS__, NULL }, input)

static void files_are_compared(void)
{
        static char capture[] = "testdata/real/bash-6.18.smaps";
        struct output o = RUN(A(8) B(4), capture, "-", "-top", "1");

        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        TRUE(strstr(o.out, "=== Memory Differences ===\n") == o.out &&
             strstr(o.out, "=== Top 1 Changed Regions ===\n"));
        output_free(&o);
        o = RUN(NULL, capture, capture, "-all", "-unit", "B");
        EQUAL(o.status, 0);
        TRUE(strstr(o.out, "\nRSS (Resident):  ") && strstr(o.out, "=== All Changed Regions ==="));
        TRUE(!strstr(o.out, "+") && !strstr(o.out, "Binary"));
        output_free(&o);
}

static void a_file_that_fails_is_named(void)
{
        struct output o = RUN("x", "testdata/real/bash-6.18.smaps", "-");

        EQUAL(o.status, 1);
        SAME_TEXT(o.out, "");
        TRUE(strncmp(o.err, "memanalyzer: standard input:1:1: ", 33) == 0);
        output_free(&o);
        o = RUN(NULL, "/no/such", "testdata/real/bash-6.18.smaps");
        EQUAL(o.status, 1);
        SAME_TEXT(o.err, "memanalyzer: Failed to open /no/such: No such file or directory\n");
        output_free(&o);
}

SUITE(diff, CASE(there_are_four_kinds_of_change), CASE(a_region_that_stays_mapped_is_neither_new_nor_gone),
      CASE(the_largest_change_is_first), CASE(regions_are_matched_by_name_and_address),
      CASE(a_region_is_matched_if_another_starts_in_its_place), CASE(four_changes_are_written_as_text),
      CASE(the_changes_of_all_captures_add_up), CASE(differences_equal_the_golden_files),
      CASE(files_are_compared), CASE(a_file_that_fails_is_named));
