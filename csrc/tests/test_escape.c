/* test_escape.c - mema_escape: what is kept, what is escaped, and how long names are cut. */
#include "test.h"

#include "../scan.h"

#include <stdio.h>
#include <string.h>

/* `size` bytes that end at a guard page. */
static struct guarded buffer(size_t size)
{
        static const char blank[512];

        return guarded_copy(blank, size);
}

/* Both the name and the buffer end at guard pages. */
static void shows(const char *name, size_t len, size_t width, const char *wanted, int line)
{
        struct guarded from = guarded_copy(name, len), to = buffer(width + 1);
        size_t n = mema_escape(to.data, to.len, from.data, from.len, width);

        equal_text(name, to.data, wanted, __FILE__, line);
        equal_number(name, n, strlen(wanted), __FILE__, line);
        guarded_free(&from);
        guarded_free(&to);
}

#define SHOWS(name, shown) shows(name, sizeof(name) - 1, 200, shown, __LINE__)
#define CUTS(name, width, shown) shows(name, sizeof(name) - 1, width, shown, __LINE__)

static void harmless_names_are_kept(void)
{
        SHOWS("", "");
        SHOWS("/usr/lib/libc.so.6", "/usr/lib/libc.so.6");
        SHOWS("[anon: Go: heap]", "[anon: Go: heap]");
        SHOWS(" a  b ", " a  b ");
        SHOWS("~!@#$%^&*()\"'`<>|{}", "~!@#$%^&*()\"'`<>|{}");
        SHOWS("a\\012b\\x1b", "a\\012b\\x1b");
        SHOWS("/\xc3\xa9t\xc3\xa9", "/\xc3\xa9t\xc3\xa9");
        SHOWS("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac");
        SHOWS("\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7");
        SHOWS("\xc2\xa0", "\xc2\xa0");
        SHOWS("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
        SHOWS("\xef\xbf\xbd", "\xef\xbf\xbd");
        SHOWS("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd");
}

static void controls_are_escaped(void)
{
        SHOWS("a\0b", "a\\x00b");
        SHOWS("\x1b[2J", "\\x1b[2J");
        SHOWS("a\nb", "a\\x0ab");
        SHOWS("a\tb", "a\\x09b");
        SHOWS("a\r", "a\\x0d");
        SHOWS("\x1f\x7f", "\\x1f\\x7f");
        SHOWS("\xc2\x80", "\\u{80}");
        SHOWS("\xc2\x9b"
              "31m",
              "\\u{9b}31m");
        SHOWS("\xc2\x9f", "\\u{9f}");
}

static void invisible_and_direction_characters_are_escaped(void)
{
        SHOWS("\xc2\xad", "\\u{ad}");
        SHOWS("\xd8\x9c", "\\u{61c}");
        SHOWS("\xe2\x80\x8b", "\\u{200b}");
        SHOWS("\xe2\x80\x8f", "\\u{200f}");
        SHOWS("\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}");
        SHOWS("cod\xe2\x80\xae"
              "exe.txt",
              "cod\\u{202e}exe.txt");
        SHOWS("\xe2\x81\xa0", "\\u{2060}");
        SHOWS("\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}");
        SHOWS("\xef\xbb\xbf", "\\u{feff}");
        SHOWS("\xef\xb8\x8f", "\\u{fe0f}");
        SHOWS("\xf3\xa0\x80\x81", "\\u{e0001}");
        SHOWS("\xe2\x80\x90\xe2\x80\xa7", "\xe2\x80\x90\xe2\x80\xa7");
}

static void invalid_utf8_is_escaped(void)
{
        SHOWS("\x80", "\\x80");
        SHOWS("\xff\xfe", "\\xff\\xfe");
        SHOWS("caf\xe9!", "caf\\xe9!");
        SHOWS("\xc3", "\\xc3");
        SHOWS("\xe6\x97", "\\xe6\\x97");
        SHOWS("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
        SHOWS("\xe6\x97z", "\\xe6\\x97z");
        SHOWS("\xe6\xc3\xa9", "\\xe6\xc3\xa9");
        SHOWS("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

static void overlong_and_surrogate_utf8_is_escaped(void)
{
        SHOWS("\xc0\x80", "\\xc0\\x80");
        SHOWS("\xc1\xbf", "\\xc1\\xbf");
        SHOWS("\xc0\x9b", "\\xc0\\x9b");
        SHOWS("\xe0\x80\x9b", "\\xe0\\x80\\x9b");
        SHOWS("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
        SHOWS("\xf0\x80\x80\x9b", "\\xf0\\x80\\x80\\x9b");
        SHOWS("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
        SHOWS("\xed\xa0\x80", "\\xed\\xa0\\x80");
        SHOWS("\xed\xbf\xbf", "\\xed\\xbf\\xbf");
        SHOWS("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
}

static void a_long_name_keeps_its_end(void)
{
        CUTS("/usr/lib/libc.so.6", 18, "/usr/lib/libc.so.6");
        CUTS("/usr/lib/libc.so.6", 17, ".../lib/libc.so.6");
        CUTS("abcdef", 5, "...ef");
        CUTS("abcdef", 4, "...f");
        CUTS("abcdef", 3, "...");
        CUTS("abc", 3, "abc");
}

static void a_cut_divides_no_character(void)
{
        CUTS("abc\xc3\xa9\xc3\xa9", 7, "abc\xc3\xa9\xc3\xa9");
        CUTS("abc\xc3\xa9\xc3\xa9", 6, "...\xc3\xa9");
        CUTS("abcd\xc3\xa9\xc3\xa9", 7, "...\xc3\xa9\xc3\xa9");
        CUTS("\xe6\x97\xa5\xe6\x9c\xac", 5, "...");
        CUTS("a\x1b\x1b", 9, "a\\x1b\\x1b");
        CUTS("a\x1b\x1b", 8, "...\\x1b");
        CUTS("ab\x1b\x1b", 10, "ab\\x1b\\x1b");
        CUTS("abcd\x1b\x1b", 11, "...\\x1b\\x1b");
        CUTS("abcde\xe2\x80\xae", 10, "...");
        CUTS("abcde\xe2\x80\xae", 11, "...\\u{202e}");
        CUTS("abcdef\xe2\x80\xae", 12, "...f\\u{202e}");
}

static void nothing_is_written_beyond_the_buffer(void)
{
        char name[64];

        memset(name, '\x1b', sizeof name);
        for (size_t len = 0; len <= sizeof name; len++) {
                for (size_t width = 0; width < 4 * sizeof name; width++) {
                        struct guarded to = buffer(width + 1);
                        size_t n = mema_escape(to.data, to.len, name, len, width);

                        if (n > width || to.data[n] != '\0' || n != strlen(to.data))
                                EQUAL(width, SIZE_MAX);
                        guarded_free(&to);
                }
        }
}

/* Even if the width has no room for "...", no character is divided. */
static void a_width_below_three_divides_no_character(void)
{
        char buf[64];

        for (size_t width = 0; width < 3; width++) {
                TRUE(mema_escape(buf, width + 1, "\xc3\xa9\xc3\xa9", 4, width) <= width);
                TRUE(strcmp(buf, "\xc3") != 0);
                TRUE(mema_escape(buf, width + 1, "\x1b\x1b", 2, width) == 0);
                TRUE(mema_escape(buf, sizeof buf, "abcdef", 6, width) <= width);
                TRUE(mema_escape(buf, sizeof buf, "\x1b\x1b", 2, width) <= width);
        }
}

/* All code points and any bytes ---------------------------------------------- */

static void every_code_point_is_escaped_if_harmful(void)
{
        for (uint32_t code = 0; code <= 0x10ffff; code++) {
                char name[4], shown[32], wanted[32] = "";
                size_t len = utf8(code, name);

                if (len == 0)
                        continue;
                if (!harm_of(code))
                        memcpy(wanted, name, len);
                else
                        snprintf(wanted, sizeof wanted, code < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)code);
                mema_escape(shown, sizeof shown, name, len, sizeof shown - 1);
                if (strcmp(shown, wanted) != 0)
                        equal_text(harm_of(code) ? harm_of(code) : "harmless", shown, wanted, __FILE__,
                                   __LINE__);
        }
        TRUE(harm_of(0x202e) && !harm_of('a'));
}

/* Asserts that the result is harmless, and that escaping it again changes nothing. */
static void expect_harmless_bytes(const char *name, size_t len)
{
        static char shown[512], again[512];
        size_t n = mema_escape(shown, sizeof shown, name, len, sizeof shown - 1);

        if (first_harm(shown, n) || memchr(shown, '\n', n))
                equal_text("any bytes", shown, "(harmless)", __FILE__, __LINE__);
        mema_escape(again, sizeof again, shown, n, sizeof again - 1);
        if (strcmp(again, shown) != 0)
                equal_text("escaped again", again, shown, __FILE__, __LINE__);
}

static void any_bytes_become_harmless(void)
{
        /* Bytes that begin, continue or break sequences are more likely. */
        static const char often[] =
                "a\x1b\n\x7f\x80\x9b\xbf\xc2\xe2\x80\xae\xef\xbb\xbf\xf3\xa0\x81\xed\xff\\";
        char name[40];
        uint64_t seed = 1;

        for (unsigned i = 0; i < 0x10000; i++) {
                name[0] = (char)i;
                name[1] = (char)(i >> 8);
                for (size_t len = i < 0x100 ? 1 : 2; len <= 2; len++)
                        expect_harmless_bytes(name, len);
        }
        for (int i = 0; i < 10000; i++) {
                size_t len = 3 + (size_t)i % (sizeof name - 3);

                for (size_t k = 0; k < len; k++) {
                        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                        name[k] = seed >> 63 ? (char)(seed >> 40) : often[(seed >> 33) % (sizeof often - 1)];
                }
                expect_harmless_bytes(name, len);
        }
        TRUE(first_harm("\x1b", 1) && first_harm("\xc2", 1) && first_harm("\xc0\x80", 2));
}

SUITE(escape, CASE(harmless_names_are_kept), CASE(controls_are_escaped),
      CASE(invisible_and_direction_characters_are_escaped), CASE(invalid_utf8_is_escaped),
      CASE(overlong_and_surrogate_utf8_is_escaped), CASE(a_long_name_keeps_its_end),
      CASE(a_cut_divides_no_character), CASE(nothing_is_written_beyond_the_buffer),
      CASE(a_width_below_three_divides_no_character), CASE(every_code_point_is_escaped_if_harmful),
      CASE(any_bytes_become_harmless));
