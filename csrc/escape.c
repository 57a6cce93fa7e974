/* escape.c - escapes names for display; the only place that decides which characters are harmless.
 *
 * Whoever creates a file or a mapping chooses its name.  Unescaped, a name could move the terminal's cursor,
 * end a line of the report early, or reverse the writing direction. */
#include "escape.h"

#include "write.h"

/* Decodes a UTF-8 sequence and returns its length; 1, with *code UINT32_MAX, if the first byte does not
 * begin a valid one. */
static size_t decode(const unsigned char *at, size_t left, uint32_t *code)
{
        /* By length.  A lower code point would be an overlong encoding. */
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t n = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
        uint32_t c = n == 1 ? at[0] : n > 0 ? at[0] & (0xffu >> (n + 1)) : 0;

        for (size_t i = 1; i < n; i++) {
                if (i >= left || at[i] >> 6 != 2) {
                        n = 0;
                        break;
                }
                c = c << 6 | (at[i] & 0x3fu);
        }
        if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
                *code = UINT32_MAX;
                return 1;
        }
        *code = c;
        return n;
}

/* Harmful code points have one of these Unicode properties: General_Category Cc, Cf, Zl or Zp (controls,
 * direction marks, line separators), Default_Ignorable_Code_Point (invisible),
 * Noncharacter_Code_Point. */
bool mema_is_harmful(uint32_t c)
{
        static const struct {
                uint32_t first, last;
        } ranges[] = {
                { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },       { 0x34f, 0x34f },
                { 0x600, 0x605 },     { 0x61c, 0x61c },     { 0x6dd, 0x6dd },     { 0x70f, 0x70f },
                { 0x890, 0x891 },     { 0x8e2, 0x8e2 },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },
                { 0x180b, 0x180f },   { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
                { 0x3164, 0x3164 },   { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
                { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
                { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
        };

        if ((c & 0xfffe) == 0xfffe)
                return true;
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

size_t mema_read_character(const char *name, size_t left, uint32_t *code)
{
        size_t n = decode((const unsigned char *)name, left, code);

        if (*code != UINT32_MAX && *code >> 8 != MEMA_BYTE >> 8)
                return n;
        *code = MEMA_BYTE + (unsigned char)name[0];
        return 1;
}

/* The longest escaped character, \u{10ffff}, and a NUL. */
enum { SHOWN_MAX = 11 };

/* Writes the first character, escaped if it is harmful, and returns its length in the name. */
static size_t show(struct out *o, const char *name, size_t left)
{
        const unsigned char *at = (const unsigned char *)name;
        uint32_t code;
        size_t n;

        if (at[0] >= ' ' && at[0] <= '~') { /* most characters */
                put_bytes(o, name, 1);
                return 1;
        }
        n = decode(at, left, &code);

        if (code == UINT32_MAX || (code < 0x80 && mema_is_harmful(code))) {
                put(o, "\\x");
                put_number(o, at[0], 16, 2, '0');
        } else if (mema_is_harmful(code)) {
                put(o, "\\u{");
                put_number(o, code, 16, 1, '0');
                put(o, "}");
        } else {
                put_bytes(o, name, n);
        }
        return n;
}

size_t mema_escape(char *buf, size_t cap, const char *name, size_t len, size_t width)
{
        static const char mark[] = "...";
        struct out o = out_to(buf, cap);
        char one[SHOWN_MAX];
        size_t shown = 0, used = 0;

        if (width > o.cap)
                width = o.cap;
        while (used < len) {
                struct out c = out_to(one, sizeof one);

                used += show(&c, name + used, len - used);
                shown += c.len;
        }
        used = 0;
        if (shown > width) {
                if (width >= sizeof mark - 1)
                        put(&o, mark);
                while (shown + o.len > width) {
                        struct out c = out_to(one, sizeof one);

                        used += show(&c, name + used, len - used);
                        shown -= c.len;
                }
        }
        while (used < len)
                used += show(&o, name + used, len - used);
        return out_end(&o);
}
