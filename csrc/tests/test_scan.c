/* test_scan.c - the primitives of scan.h: where they stop, what they reject, and that they never read beyond
 * their end. */
#include "test.h"

#include "../scan.h"

#include <string.h>

enum { UNCHANGED = 77 };

typedef enum scan scanner(struct span *s, uint64_t *value);

/* Scans a text that ends at a guard page: the result, the value (unchanged on error), and how many
 * bytes were consumed. */
static void scans(scanner *scan, const char *text, enum scan result, uint64_t value, size_t consumed,
                  int line)
{
        struct guarded g = guarded_copy(text, strlen(text));
        struct span s = span_of(g.data, g.len);
        uint64_t got = UNCHANGED;

        equal_number(text, scan(&s, &got), result, __FILE__, line);
        equal_number(text, got, result == SCAN_OK ? value : UNCHANGED, __FILE__, line);
        equal_number(text, (uint64_t)(s.at - g.data), consumed, __FILE__, line);
        guarded_free(&g);
}

#define SCANS(scan, text, value, consumed) scans(scan, text, SCAN_OK, value, consumed, __LINE__)
#define REJECTS(scan, text, result) scans(scan, text, result, 0, 0, __LINE__)

static void hex_numbers(void)
{
        SCANS(scan_hex, "0", 0, 1);
        SCANS(scan_hex, "9", 9, 1);
        SCANS(scan_hex, "af", 0xaf, 2);
        SCANS(scan_hex, "AF", 0xaf, 2);
        SCANS(scan_hex, "00400000-0040b000", 0x400000, 8);
        SCANS(scan_hex, "12g", 0x12, 2);
        SCANS(scan_hex, "fffffffffffffffe", UINT64_MAX - 1, 16);
        SCANS(scan_hex, "ffffffffffffffff", UINT64_MAX, 16);
        SCANS(scan_hex, "00000ffffffffffffffff", UINT64_MAX, 21);
        REJECTS(scan_hex, "10000000000000000", SCAN_OVERFLOW);
        REJECTS(scan_hex, "fffffffffffffffff ", SCAN_OVERFLOW);
        REJECTS(scan_hex, "", SCAN_NONE);
        REJECTS(scan_hex, "g", SCAN_NONE);
        REJECTS(scan_hex, " 1", SCAN_NONE);
        REJECTS(scan_hex, "-1", SCAN_NONE);
        REJECTS(scan_hex, "@", SCAN_NONE);
        REJECTS(scan_hex, "`", SCAN_NONE);
        REJECTS(scan_hex, "\xb1", SCAN_NONE);
}

static void decimal_numbers(void)
{
        SCANS(scan_decimal, "0", 0, 1);
        SCANS(scan_decimal, "1712 kB", 1712, 4);
        SCANS(scan_decimal, "12a", 12, 2);
        SCANS(scan_decimal, "18446744073709551614", UINT64_MAX - 1, 20);
        SCANS(scan_decimal, "18446744073709551615", UINT64_MAX, 20);
        SCANS(scan_decimal, "00018446744073709551615", UINT64_MAX, 23);
        REJECTS(scan_decimal, "18446744073709551616", SCAN_OVERFLOW);
        REJECTS(scan_decimal, "18446744073709551620", SCAN_OVERFLOW);
        REJECTS(scan_decimal, "99999999999999999999 ", SCAN_OVERFLOW);
        REJECTS(scan_decimal, "100000000000000000000", SCAN_OVERFLOW);
        REJECTS(scan_decimal, "", SCAN_NONE);
        REJECTS(scan_decimal, "a", SCAN_NONE);
        REJECTS(scan_decimal, " 1", SCAN_NONE);
        REJECTS(scan_decimal, "-1", SCAN_NONE);
        REJECTS(scan_decimal, "+1", SCAN_NONE);
        REJECTS(scan_decimal, "/", SCAN_NONE);
        REJECTS(scan_decimal, ":", SCAN_NONE);
        REJECTS(scan_decimal, "\xb1", SCAN_NONE);
}

static void every_byte_as_a_digit(void)
{
        for (unsigned c = 0; c < 256; c++) {
                const char *at = c ? strchr("0123456789abcdefABCDEF", (int)c) : NULL;
                unsigned digit = at ? (unsigned)(at - "0123456789abcdefABCDEF") : 16;

                EQUAL(hex_plus_1((char)c), at ? (digit >= 16 ? digit - 6 : digit) + 1 : 0);
        }
}

static void characters_and_blanks(void)
{
        struct guarded g = guarded_copy("a  \t ", 5);
        struct span s = span_of(g.data, g.len);

        TRUE(!scan_char(&s, 'b') && span_length(s) == 5);
        TRUE(scan_char(&s, 'a') && span_length(s) == 4);
        skip_spaces(&s);
        EQUAL(span_length(s), 2);
        skip_blanks(&s);
        EQUAL(span_length(s), 0);
        skip_spaces(&s);
        skip_blanks(&s);
        TRUE(!scan_char(&s, 'a') && span_length(s) == 0);
        guarded_free(&g);
}

static void comparisons(void)
{
        struct guarded g = guarded_copy("/lib.so", 7);
        struct span s = span_of(g.data, g.len), none = span_of(g.data + 7, 0);

        TRUE(SPAN_EQUALS(s, "/lib.so"));
        TRUE(!SPAN_EQUALS(s, "/lib.so.6"));
        TRUE(!SPAN_EQUALS(s, "/lib.s"));
        TRUE(!SPAN_EQUALS(s, "/lib.sO"));
        TRUE(SPAN_STARTS(s, "/lib") && SPAN_STARTS(s, "/lib.so") && SPAN_STARTS(s, ""));
        TRUE(!SPAN_STARTS(s, "lib") && !SPAN_STARTS(s, "/lib.so.6"));
        TRUE(SPAN_ENDS(s, ".so") && SPAN_ENDS(s, "/lib.so") && SPAN_ENDS(s, ""));
        TRUE(!SPAN_ENDS(s, ".s") && !SPAN_ENDS(s, "//lib.so"));
        TRUE(SPAN_EQUALS(none, "") && !SPAN_STARTS(none, "a") && !SPAN_ENDS(none, "a"));
        guarded_free(&g);
}

SUITE(scan, CASE(hex_numbers), CASE(decimal_numbers), CASE(every_byte_as_a_digit),
      CASE(characters_and_blanks), CASE(comparisons));
