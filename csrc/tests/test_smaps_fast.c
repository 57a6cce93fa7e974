/* test_smaps_fast.c - the fast path: however a mapping differs from the first one, the result is the same as
 * byte by byte, when smaps_line.c reads every line. */
#include "expect_parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's layout, with a line of each kind, some after Anonymous. */
#define RSS_4 "Rss:                   4 kB\n"
#define SWAP_0 "Swap:                  0 kB\n"
#define HUGE_1 "THPeligible:           1\n"
#define RANGE(start, end) start "-" end " rw-p 00000000 00:00 0"
#define LINES                                                                               \
        "Size:                  4 kB\nRss:                  44 kB\n"                        \
        "Anonymous:             4 kB\nKSM:                   0 kB\n"                        \
        "Swap:                  0 kB\nTHPeligible:           0\nProtectionKey:         0\n" \
        "VmFlags: rd wr mr mw \n"
static const char first[] = RANGE("7f0000000000", "7f0000001000") " \n" LINES;
static const char second[] = "7f0000001000-7f0000002000 r-xp 00002000 fe:00 17   /bin/cat\n" LINES;
static const char third[] = RANGE("7fff00000000", "7fff00001000") " \n" LINES;

/* Reads the text as the second of three mappings, fast and byte by byte. */
static void expect_same_as_byte_by_byte(const char *what, const char *text, size_t len)
{
        char all[8192];
        size_t n = sizeof first - 1 + len + sizeof third - 1;
        struct records simple;

        memcpy(all, first, sizeof first - 1);
        memcpy(all + sizeof first - 1, text, len);
        memcpy(all + sizeof first - 1 + len, third, sizeof third - 1);
        simple = parse(all, n, (struct cut){ 1, 0, 0 });
        expect_same_records(what, all, n, &simple, WHOLE);
        expect_same_records(what, all, n, &simple, (struct cut){ 150, 2, 0 });
        records_free(&simple);
}

/* Replaces `old` bytes of the second mapping at `at` by `n` others. */
static void expect_same_with(const char *what, size_t at, size_t old, const char *with, size_t n)
{
        char text[2 * sizeof second], shown[64];

        memcpy(text, second, at);
        memcpy(text + at, with, n);
        memcpy(text + at + n, second + at + old, sizeof second - 1 - at - old);
        snprintf(shown, sizeof shown, "%s at %zu", what, at);
        expect_same_as_byte_by_byte(shown, text, sizeof second - 1 - old + n);
}

static const char odd_bytes[] = "\0\t\n\r !./012789:?@AFG`afgkprsxz~\x7f\x80\xb0\xb4\xff-";

static void any_byte_can_be_another(void)
{
        for (size_t at = 0; at < sizeof second - 1; at++)
                for (size_t i = 0; i < sizeof odd_bytes - 1; i++)
                        expect_same_with("another byte", at, 1, &odd_bytes[i], 1);
}

static void any_byte_can_be_missing_or_doubled(void)
{
        for (size_t at = 0; at < sizeof second - 1; at++) {
                expect_same_with("no byte", at, 1, "", 0);
                expect_same_with("a byte twice", at, 0, second + at, 1);
        }
}

static void any_number_can_be_eight_equal_bytes(void)
{
        enum { COLUMN = 16, WIDTH = 8 };

        for (size_t at = strcspn(second, "\n") + 1; second[at] != 'V'; at += strcspn(second + at, "\n") + 1)
                for (size_t i = 0; i < sizeof odd_bytes - 1; i++) {
                        char number[WIDTH];

                        memset(number, odd_bytes[i], sizeof number);
                        expect_same_with("eight bytes", at + COLUMN, WIDTH, number, WIDTH);
                }
}

/* Beyond MEMA_LINE_MAX a header loses its middle, even if it comes in one piece: zeros before a number,
 * blanks, or some of the name. */
static void a_header_can_be_too_long(void)
{
        static const int usual[] = { 12, 2, 300, 8 };
        static const int lengths[] = { MEMA_LINE_MAX - 1, MEMA_LINE_MAX, MEMA_LINE_MAX + 1,
                                       MEMA_LINE_MAX + 2000 };
        enum { ALL = sizeof "-7f0000002000 rw-p 00002000 fe:00 " - 1 + 12 + 2 + 300 + 8 };

        for (size_t at = 0; at < sizeof usual / sizeof *usual; at++)
                for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                        char text[MEMA_LINE_MAX + 2500], what[64];
                        int width[4], n;

                        memcpy(width, usual, sizeof width);
                        width[at] += lengths[i] - ALL;
                        n = snprintf(text, sizeof text,
                                     "%0*llx-7f0000002000 rw-p 00002000 fe:00 %0*d%*s%0*d\n" LINES, width[0],
                                     0x7f0000001000LL, width[1], 17, width[2], "", width[3], 0);
                        snprintf(what, sizeof what, "a header of %d, long at %zu", lengths[i], at);
                        expect_same_as_byte_by_byte(what, text, (size_t)n);
                }
}

static void any_line_can_be_missing_added_or_repeated(void)
{
        for (size_t at = 0, len; at < sizeof second - 1; at += len) {
                len = strcspn(second + at, "\n") + 1;
                expect_same_with("no line", at, len, "", 0);
                expect_same_with("a line more", at, 0, "Foo:                   4 kB\n", 28);
                expect_same_with("a carriage return", at + len - 1, 0, "\r", 1);
                for (size_t to = 0; to < sizeof second - 1; to += strcspn(second + to, "\n") + 1)
                        expect_same_with("a line twice", to, 0, second + at, len);
        }
}

/* Up to 16 digits of kB fit into 64 bits. */
static void numbers_have_any_width(void)
{
        static const char digits[] = "9081726354546372";

        for (int n = 1; n < (int)sizeof digits; n++) {
                uint64_t bytes = 1024 * strtoull(digits, NULL, 10);
                char text[256], shown[256];

                for (int i = n; i < (int)sizeof digits - 1; i++)
                        bytes = bytes / 1024 / 10 * 1024;
                snprintf(text, sizeof text,
                         MAPPING "Rss:                   4 kB\n" MAPPING "Rss:            %8.*s kB\n" MAPPING
                                 "Rss:            %8.*s kB\n",
                         n, digits, n, digits);
                snprintf(shown, sizeof shown,
                         CAT " Rss 4096 + " CAT " Rss %" PRIu64 " + " CAT " Rss %" PRIu64, bytes, bytes);
                reads(text, strlen(text), shown, __FILE__, __LINE__);
        }
}

/* If it were, its unit would be where others have digits. */
static void a_first_line_in_other_columns_is_not_learned(void)
{
#define AFTER(line, value)                                                               \
        READS(MAPPING line SWAP_0 MAPPING "Rss:                   0 kB\n" SWAP_0 MAPPING \
                                          "Rss:            12345678 kB\n" SWAP_0,        \
              CAT " Rss " value " Swap 0 + " CAT " Rss 0 Swap 0 + " CAT " Rss 12641974272 Swap 0")
        AFTER("Rss:                   05kB\n", "5120");
        AFTER("Rss:                  0  kB\n", "0");
        AFTER("Rss:                 0 kB \n", "0");
        AFTER("Rss:           912345678 kB\n", "934241974272");
        AFTER("Rss:                4 kB\n", "4096");
        AFTER("Rss:\t\t\t\t\t\t\t\t\t\t\t\t       0 kB\n", "0");
        AFTER("Rss:                   4 kB\r\n", "4096");
#undef AFTER
}

/* Nor is a line with digits in its head, one with its unit in the place of digits, or one whose length
 * differs from the rows around it. */
static void a_line_is_not_learned_in_part(void)
{
        FAILS(MAPPING "Rss:           912345678 kB\n" MAPPING "Rss:           9       4 kB\n", MALFORMED, 4,
              24, "Rss wants a number of kB, not \"4\"");
        FAILS(MAPPING "Rss:                4 kB\n" MAPPING "Rss:            12345678\n", MALFORMED, 4, 25,
              "Rss wants a number of kB, not the end of the line");
        FAILS(MAPPING "THPeligible:           0\n" SWAP_0 MAPPING "THPeligible:           0\0\0\0\n",
              MALFORMED, 5, 25, "THPeligible wants a number, not \"\\x00\\x00\\x00\"");
}

static void an_absent_field_does_not_keep_the_value_of_the_mapping_before(void)
{
        READS(MAPPING RSS_4 SWAP_0 HUGE_1 MAPPING SWAP_0 MAPPING MAPPING RSS_4 HUGE_1, CAT
              " Rss 4096 Swap 0 THPeligible 1 + " CAT " Swap 0 + " CAT " + " CAT " Rss 4096 THPeligible 1");
}

static void the_fast_path_knows_the_last_label_of_a_mapping(void)
{
        FAILS(MAPPING RSS_4 SWAP_0 MAPPING RSS_4 SWAP_0 MAPPING RSS_4, TRUNCATED, 9, 1,
              "the last mapping wants all lines that the others have, but the input ends here");
}

/* The layout does not include the carriage return. */
static void lines_can_lose_their_carriage_returns(void)
{
        READS(HEAD "/bin/cat\r\nRss:                   4 kB\r\n" HEAD "/bin/cat\r\n" RSS_4,
              CAT " Rss 4096 + 400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] Rss 4096");
}

static void the_line_after_a_fast_one_is_read_as_usual(void)
{
        FAILS(MAPPING RSS_4 SWAP_0 MAPPING "Foo: 1\n" RSS_4 "bar\n" SWAP_0, MALFORMED, 7, 1,
              "a line after a mapping wants a label such as Rss:, not \"bar\"");
        READS(MAPPING "VmFlags:  rd wr mr mw \n" MAPPING "VmFlags: rd wr ex mr mw \n" MAPPING
                      "VmFlags:  rd wr ex mr \n",
              CAT " VmFlags [rd wr mr mw] + " CAT " VmFlags [rd wr ex mr mw] + " CAT
                  " VmFlags [rd wr ex mr]");
}

static void at_most_64_flags_with_a_trailing_blank(void)
{
        for (int count = MEMA_VM_FLAGS_MAX - 1; count <= MEMA_VM_FLAGS_MAX + 2; count++) {
                char text[512] = MAPPING "VmFlags: ";
                struct records r;

                for (int i = 0; i < count; i++)
                        strcat(text, "rd ");
                strcat(text, "\n");
                r = parse_each_way("many flags", text, strlen(text));
                EQUAL(r.end.status, count <= MEMA_VM_FLAGS_MAX ? MEMA_STATUS_END : MEMA_STATUS_MALFORMED);
                records_free(&r);
        }
}

SUITE(smaps_fast, CASE(any_byte_can_be_another), CASE(any_byte_can_be_missing_or_doubled),
      CASE(any_number_can_be_eight_equal_bytes), CASE(a_header_can_be_too_long),
      CASE(any_line_can_be_missing_added_or_repeated), CASE(numbers_have_any_width),
      CASE(a_first_line_in_other_columns_is_not_learned), CASE(a_line_is_not_learned_in_part),
      CASE(an_absent_field_does_not_keep_the_value_of_the_mapping_before),
      CASE(the_fast_path_knows_the_last_label_of_a_mapping), CASE(lines_can_lose_their_carriage_returns),
      CASE(the_line_after_a_fast_one_is_read_as_usual), CASE(at_most_64_flags_with_a_trailing_blank));
