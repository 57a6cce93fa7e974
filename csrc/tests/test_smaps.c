/* test_smaps.c - the parser on whole inputs: several mappings, truncated inputs, long lines, and the contract
 * of its calls.  Single lines are in test_smaps_line.c. */
#include "expect_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole inputs ------------------------------------------------------------- */

static void a_header_alone_is_a_region(void)
{
        READS(MAPPING, CAT);
        READS(MAPPING MAPPING HEAD "\n", CAT " + " CAT " + 400000-40b000 r-xp 0 8:2 17 []");
        READS(HEAD "/bin/cat", CAT);
}

static void other_producers_are_read(void)
{
        READS(MAPPING "Pss: 4 kB\n" MAPPING "Pss: 8 kB\n", CAT " Pss 4096 + " CAT " Pss 8192");
        READS("00400000-7fff5000 ---p 00000000 00:00 0        [rollup]\nRss: 4 kB\nPss_Anon: 3 kB\n",
              "400000-7fff5000 ---p 0 0:0 0 [[rollup]] Rss 4096 Pss_Anon 3072");
        READS(MAPPING "Size: 8 kB\nKernelPageSize: 2048 kB\nMMUPageSize: 64 kB\n",
              CAT " Size 8192 KernelPageSize 2097152 MMUPageSize 65536");
        READS(MAPPING "Rss: 4 kB\nNonlinear: 4 kB\n", CAT " Rss 4096 Nonlinear 4096");
}

/* Also backwards, overlapping and repeated ones: counting them is the report's business. */
static void mappings_come_in_any_order(void)
{
        READS("3000-4000 r--p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n1000-9000 r--p 0 0:0 0\n",
              "3000-4000 r--p 0 0:0 0 [] + 1000-2000 r--p 0 0:0 0 [] + 1000-9000 r--p 0 0:0 0 []");
}

static void regions_know_their_line(void)
{
        static const char text[] = "\n" MAPPING "Rss: 4 kB\n\n" MAPPING MAPPING;
        struct records r = parse_each_way(text, text, sizeof text - 1);

        EQUAL(r.count, 3);
        EQUAL(r.region[0].line, 2);
        EQUAL(r.region[1].line, 5);
        EQUAL(r.region[2].line, 6);
        EQUAL(r.region[0].category, 0);
        EQUAL(r.region[0].method, 0);
        records_free(&r);
}

static void an_empty_input_is_an_error(void)
{
        FAILS("", EMPTY, 0, 0, "the input is empty: no address space");
        READS("\n\n", "; 2:0: the input is empty: no address space");
}

/* Truncated inputs --------------------------------------------------------- */

#define TWO(newline)                                                                                \
        "00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat" newline "Size: 44 kB" newline           \
        "Rss: 4 kB" newline "THPeligible: 1" newline "VmFlags: rd wr" newline                       \
        "00601000-00602000 rw-p 00000000 00:00 0 " newline "Size: 4 kB" newline "Rss: 4 kB" newline \
        "THPeligible: 1" newline "VmFlags: rd wr mr" newline

static void expect_end_of_input(const struct records *r, const char *text, size_t len)
{
        uint64_t line = 1, column = 1;

        for (size_t i = 0; i < len; i++, column++) {
                if (text[i] == '\n') {
                        line++;
                        column = 0;
                }
        }
        EQUAL(r->end.line, line);
        EQUAL(r->end.column, column);
        if (!strstr(r->end.message, ", but the input ends here"))
                equal_text("the message", r->end.message, ", but the input ends here", __FILE__, __LINE__);
}

/* Every beginning of a text is complete or truncated, never malformed.  The last mapping is known to be
 * truncated until it has the line that the others end with. */
static void expect_truncated_anywhere(const char *text)
{
        const char *second = strstr(text, "00601000");
        size_t begun = (size_t)(second - text), complete = (size_t)(strstr(second, "VmFlags:") - text) + 8;

        for (size_t len = 1; len < strlen(text); len++) {
                struct records r = parse_each_way(text, text, len);
                char beginning[512];

                snprintf(beginning, sizeof beginning, "the outcome of \"%.*s\"", (int)len, text);
                if (len > begun && len < complete)
                        equal_number(beginning, r.end.status, MEMA_STATUS_TRUNCATED, __FILE__, __LINE__);
                if (r.end.status == MEMA_STATUS_END)
                        equal_number(beginning, r.count, len > begun ? 2 : 1, __FILE__, __LINE__);
                else if (r.end.status == MEMA_STATUS_TRUNCATED)
                        expect_end_of_input(&r, text, len);
                else
                        equal_text(beginning, r.end.message, "(truncated)", __FILE__, __LINE__);
                records_free(&r);
        }
}

static void a_truncated_input_is_recognized_at_every_byte(void)
{
        expect_truncated_anywhere(TWO("\n"));
}

static void a_truncated_input_with_carriage_returns_is_recognized(void)
{
        expect_truncated_anywhere(TWO("\r\n"));
}

#define ENDS_HERE ", but the input ends here"

static void the_error_says_what_a_truncated_input_lacks(void)
{
        FAILS("004000", TRUNCATED, 1, 7, NOT_SMAPS ENDS_HERE);
        FAILS("00400000-", TRUNCATED, 1, 10, NOT_SMAPS ENDS_HERE);
        FAILS("00400000-0040b000", TRUNCATED, 1, 18, "a mapping wants permissions such as rw-p" ENDS_HERE);
        FAILS("00400000-0040b000 r-", TRUNCATED, 1, 21, "a mapping wants permissions such as rw-p" ENDS_HERE);
        FAILS("00400000-0040b000 r-xp 0 08:", TRUNCATED, 1, 29,
              "a mapping wants a device such as 08:02 after its offset" ENDS_HERE);
        FAILS("00400000-0040b000 r-xp 0 08:02 ", TRUNCATED, 1, 32,
              "a mapping wants an inode number after its device" ENDS_HERE);
        FAILS(MAPPING "Rs", TRUNCATED, 2, 3, "a line after a mapping wants a label such as Rss:" ENDS_HERE);
        FAILS(MAPPING "Rss:   ", TRUNCATED, 2, 8, "Rss wants a number of kB" ENDS_HERE);
        FAILS(MAPPING "Rss:   4 k", TRUNCATED, 2, 11, "Rss wants a number of kB" ENDS_HERE);
        FAILS(MAPPING "VmFlags: rd w", TRUNCATED, 2, 14,
              "VmFlags wants two-letter codes, at most 64" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" MAPPING, TRUNCATED, 4, 1,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" HEAD "/bin/c", TRUNCATED, 3, 48,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\nSwap: 0 kB\n" MAPPING "Rss: 4 kB\n", TRUNCATED, 6, 1,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\n00400000-0040b", TRUNCATED, 5, 15,
              "a mapping wants permissions such as rw-p" ENDS_HERE);
}

/* A malformed line is malformed at the end of the input, too. */
static void a_wrong_last_line_is_malformed(void)
{
        FAILS(MAPPING "Rss: x", MALFORMED, 2, 6, "Rss wants a number of kB, not \"x\"");
        FAILS(MAPPING "not a label", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"not a label\"");
        FAILS("hello", MALFORMED, 1, 1, NOT_SMAPS ", not \"hello\"");
        FAILS("00400000-0040b000 z", MALFORMED, 1, 19, "a mapping wants permissions such as rw-p, not \"z\"");
}

static void a_last_line_needs_no_newline(void)
{
        FIELDS("Rss: 4 kB", " Rss 4096");
        FIELDS("VmFlags: rd wr", " VmFlags [rd wr]");
        FIELDS("THPeligible: 1", " THPeligible 1");
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 8 kB", CAT " Rss 4096 + " CAT " Rss 8192");
}

/* If mappings end with different lines, none is known to be the last line. */
static void mappings_that_end_differently_are_complete(void)
{
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Pss: 4 kB\n" MAPPING, CAT " Rss 4096 + " CAT " Pss 4096 + " CAT);
        READS(MAPPING MAPPING "Rss: 4 kB\n" MAPPING, CAT " + " CAT " Rss 4096 + " CAT);
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\nSwap: 1 kB\n",
              CAT " Rss 4096 + " CAT " Rss 4096 Swap 1024");
}

/* Long lines --------------------------------------------------------------- */

/* `head`, `count` bytes that differ from place to place, `tail`; freed by the caller. */
static char *long_text(const char *head, size_t count, const char *tail)
{
        size_t before = strlen(head), after = strlen(tail);
        char *text = malloc(before + count + after + 1);

        if (!text)
                exit(EXIT_FAILURE);
        memcpy(text, head, before);
        for (size_t i = 0; i < count; i++)
                text[before + i] = (char)('a' + i * 7 % 26 + i / 26 % 3);
        memcpy(text + before + count, tail, after + 1);
        return text;
}

/* A name of `length` bytes keeps its head and its tail, MEMA_NAME_MAX bytes in all. */
static void expect_long_name(size_t length)
{
        char *text = long_text(MAPPING "Rss: 8 kB\n" HEAD, length,
                               "\nVmFlags: rd \nRss: 4 kB\n" MAPPING "Rss: 8 kB\n");
        const char *name = text + strlen(MAPPING "Rss: 8 kB\n" HEAD);
        struct records r = parse_each_way("a long name", text, strlen(text));
        size_t kept = length < MEMA_NAME_MAX ? length : MEMA_NAME_MAX;
        size_t end = kept < length ? kept / 2 : kept;
        const struct mema_region *g = &r.region[1];

        EQUAL(r.end.status, MEMA_STATUS_END);
        EQUAL(r.count, 3);
        EQUAL(g->name_length, kept);
        EQUAL(g->name_cut, length - kept);
        EQUAL(g->value[MEMA_FIELD_RSS], 4096);
        SAME_TEXT(g->vm_flags, "rd");
        TRUE(memcmp(g->name, name, kept < length ? 512 : kept) == 0);
        TRUE(memcmp(g->name + kept - end, name + length - end, end) == 0);
        EQUAL(r.region[2].name_length, 8);
        EQUAL(r.region[2].name_cut, 0);
        records_free(&r);
        free(text);
}

static void a_long_name_keeps_its_head_and_tail(void)
{
        expect_long_name(MEMA_NAME_MAX - 1);
        expect_long_name(MEMA_NAME_MAX);
        expect_long_name(MEMA_NAME_MAX + 1);
        expect_long_name(5000);
        for (size_t more = 0; more < 3; more++)
                expect_long_name(MEMA_LINE_MAX - strlen(HEAD) - 1 + more);
        expect_long_name(2 * MEMA_LINE_MAX);
}

static void a_header_of_250_kilobytes_keeps_its_head_and_tail(void)
{
        expect_long_name(250340 - strlen(HEAD));
}

/* What is kept is one piece from the head of the name and one from its end. */
static void a_long_name_has_one_gap(void)
{
        char *text = long_text(HEAD, 6000, "\n");
        const char *name = text + strlen(HEAD);
        struct records r = parse(text, strlen(text), WHOLE);
        size_t head = 0;

        while (head < MEMA_NAME_MAX && r.region[0].name[head] == name[head])
                head++;
        TRUE(memcmp(r.region[0].name + head, name + 6000 - MEMA_NAME_MAX + head, MEMA_NAME_MAX - head) == 0);
        records_free(&r);
        free(text);
}

/* Padding is not part of the name, even if it is what the line has lost. */
static void long_padding_is_not_part_of_the_name(void)
{
        static const size_t paddings[] = { 1000, 1023 - sizeof HEAD, 1024, 4300, 5000, 9000 };

        for (size_t i = 0; i < sizeof paddings / sizeof *paddings; i++) {
                char *text = long_text(HEAD, paddings[i], "/bin/cat of  blanks\n" HEAD "\n");
                char *more = long_text(HEAD, paddings[i] + 6000, "\nRss: 4 kB\n");
                struct records r;

                memset(text + strlen(HEAD), ' ', paddings[i]);
                reads(text, strlen(text),
                      "400000-40b000 r-xp 0 8:2 17 [/bin/cat of  blanks] + 400000-40b000 r-xp 0 8:2 17 []",
                      __FILE__, __LINE__);
                memset(more + strlen(HEAD), ' ', paddings[i]);
                r = parse_each_way("a long padding", more, strlen(more));
                EQUAL(r.region[0].name_length + r.region[0].name_cut, 6000);
                records_free(&r);
                free(text);
                free(more);
        }
}

static void other_lines_can_be_long(void)
{
        char *text = long_text(MAPPING "Foo: ", 9000, "\nRss: 4 kB\n"), message[256];

        reads(text, strlen(text), CAT " Rss 4096 unknown 1", __FILE__, __LINE__);
        free(text);
        text = long_text(MAPPING "/vendor/", 9000, "\nRss: 4 kB\n");
        reads(text, strlen(text), CAT " Rss 4096 unknown 1", __FILE__, __LINE__);
        free(text);
        text = long_text("", 9000, "\n");
        snprintf(message, sizeof message, NOT_SMAPS ", not \"%.32s\"", text);
        fails(text, 9001, MEMA_STATUS_MALFORMED, 1, 1, message, __FILE__, __LINE__);
        free(text);
}

/* `count` equal digits in each place of a number: only a name can be that long. */
static void expect_long_number(char digit, size_t count, enum mema_status status)
{
        static const struct {
                const char *head, *tail;
                uint64_t line, column;
        } cases[] = {
                { MAPPING "Rss: ", " kB\n", 2, 6 },
                { MAPPING "THPeligible: ", "\n", 2, 14 },
                { "", "-0040b000 r-xp 00000000 08:02 17\n", 1, 1 },
                { "00400000-", " r-xp 00000000 08:02 17\n", 1, 10 },
                { "00400000-0040b000 r-xp ", " 08:02 17\n", 1, 24 },
                { "00400000-0040b000 r-xp 00000000 ", ":02 17\n", 1, 33 },
                { "00400000-0040b000 r-xp 00000000 08:02 ", " /bin/cat\n", 1, 39 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *text = long_text(cases[i].head, count, cases[i].tail);
                struct records r;

                memset(text + strlen(cases[i].head), digit, count);
                r = parse_each_way(cases[i].head, text, strlen(text));
                EQUAL(r.end.status, status);
                EQUAL(r.end.line, cases[i].line);
                if (status == MEMA_STATUS_OVERFLOW)
                        EQUAL(r.end.column, cases[i].column);
                records_free(&r);
                free(text);
        }
}

static void numbers_of_ten_thousand_digits(void)
{
        expect_long_number('9', 10000, MEMA_STATUS_OVERFLOW);
        expect_long_number('0', 10000, MEMA_STATUS_MALFORMED);
}

/* The column counts the bytes of the input, even if a line has lost its middle. */
static void the_column_in_a_long_line_is_that_of_the_input(void)
{
        char *text = long_text(MAPPING "Rss: 4 kB\n" HEAD, 9000, "");

        fails(text, strlen(text), MEMA_STATUS_TRUNCATED, 3, strlen(HEAD) + 9001,
              "the last mapping wants all lines that the others have" ENDS_HERE, __FILE__, __LINE__);
        free(text);
        text = long_text(MAPPING, 9000, "");
        fails(text, strlen(text), MEMA_STATUS_TRUNCATED, 2, 9001,
              "a line after a mapping wants a label such as Rss:" ENDS_HERE, __FILE__, __LINE__);
        free(text);
}

/* The parser's calls -------------------------------------------------------- */

static void an_error_stays(void)
{
        static struct mema_smaps p;
        static const char wrong[] = MAPPING "Rss: x\n" MAPPING;

        mema_smaps_init(&p);
        TRUE(mema_smaps_feed(&p, wrong, sizeof wrong - 1) <= sizeof wrong - 1);
        EQUAL(p.status, MEMA_STATUS_MALFORMED);
        EQUAL(p.line, 2);
        EQUAL(p.column, 6);
        for (int i = 0; i < 3; i++) {
                EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), 0);
                EQUAL(mema_smaps_finish(&p), MEMA_STATUS_MALFORMED);
                EQUAL(p.line, 2);
                EQUAL(p.column, 6);
        }
}

static void the_end_stays(void)
{
        static struct mema_smaps p;

        mema_smaps_init(&p);
        EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), sizeof MAPPING - 1);
        EQUAL(p.status, MEMA_STATUS_MORE);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_REGION);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_END);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_END);
        EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), 0);
        EQUAL(p.status, MEMA_STATUS_END);
}

static void a_feed_of_nothing_changes_nothing(void)
{
        static struct mema_smaps p;
        static const char text[] = MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\n";
        size_t used = 0, regions = 0;

        mema_smaps_init(&p);
        while (used < sizeof text - 1) {
                EQUAL(mema_smaps_feed(&p, text + used, 0), 0);
                EQUAL(p.status, MEMA_STATUS_MORE);
                used += mema_smaps_feed(&p, text + used, 1);
                regions += p.status == MEMA_STATUS_REGION;
        }
        EQUAL(mema_smaps_feed(&p, NULL, 0), 0);
        while (mema_smaps_finish(&p) == MEMA_STATUS_REGION)
                regions++;
        EQUAL(p.status, MEMA_STATUS_END);
        EQUAL(regions, 2);
}

static void a_region_stops_the_feed(void)
{
        static struct mema_smaps p;
        static const char text[] = MAPPING "Rss: 4 kB\n" HEAD "/bin/dog\nRss: 8 kB\n";
        size_t first = sizeof(MAPPING "Rss: 4 kB\n" HEAD "/bin/dog\n") - 1;

        mema_smaps_init(&p);
        EQUAL(mema_smaps_feed(&p, text, sizeof text - 1), first);
        EQUAL(p.status, MEMA_STATUS_REGION);
        TRUE(memcmp(p.region.name, "/bin/cat", 8) == 0);
        EQUAL(mema_smaps_feed(&p, text + first, sizeof text - 1 - first), sizeof text - 1 - first);
        EQUAL(p.status, MEMA_STATUS_MORE);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_REGION);
        TRUE(memcmp(p.region.name, "/bin/dog", 8) == 0);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_END);
}

static void every_status_has_a_text(void)
{
        for (unsigned i = 0; i < MEMA_STATUS_COUNT; i++)
                TRUE(mema_status_text((enum mema_status)i)[0] != '\0');
        TRUE(mema_status_text(MEMA_STATUS_COUNT) == NULL);
}

SUITE(smaps, CASE(a_header_alone_is_a_region), CASE(other_producers_are_read),
      CASE(mappings_come_in_any_order), CASE(regions_know_their_line), CASE(an_empty_input_is_an_error),
      CASE(a_truncated_input_is_recognized_at_every_byte),
      CASE(a_truncated_input_with_carriage_returns_is_recognized),
      CASE(the_error_says_what_a_truncated_input_lacks), CASE(a_wrong_last_line_is_malformed),
      CASE(a_last_line_needs_no_newline), CASE(mappings_that_end_differently_are_complete),
      CASE(a_long_name_keeps_its_head_and_tail), CASE(a_header_of_250_kilobytes_keeps_its_head_and_tail),
      CASE(a_long_name_has_one_gap), CASE(long_padding_is_not_part_of_the_name),
      CASE(other_lines_can_be_long), CASE(numbers_of_ten_thousand_digits),
      CASE(the_column_in_a_long_line_is_that_of_the_input), CASE(an_error_stays), CASE(the_end_stays),
      CASE(a_feed_of_nothing_changes_nothing), CASE(a_region_stops_the_feed), CASE(every_status_has_a_text));
