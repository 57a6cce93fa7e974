/* harmless.c - which characters are safe in a terminal, from one table for each Unicode 15 property: an
 * oracle for csrc/escape.c, which has a single table. */
#include "test.h"

#include <string.h>

/* clang-format off */
static const struct {
        const char *property;
        struct { uint32_t first, last; } ranges[24];
} properties[] = {
        { "General_Category=Control", { { 0, 0x1f }, { 0x7f, 0x9f } } },
        { "General_Category=Format", {
                { 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd }, { 0x70f, 0x70f },
                { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
                { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x2066, 0x206f }, { 0xfeff, 0xfeff },
                { 0xfff9, 0xfffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
                { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f } } },
        { "General_Category=Line_Separator", { { 0x2028, 0x2028 } } },
        { "General_Category=Paragraph_Separator", { { 0x2029, 0x2029 } } },
        { "Bidi_Control", {
                { 0x61c, 0x61c }, { 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 } } },
        { "Default_Ignorable_Code_Point", {
                { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
                { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f },
                { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
                { 0xfff0, 0xfff8 }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff } } },
        { "Variation_Selector", {
                { 0x180b, 0x180d }, { 0x180f, 0x180f }, { 0xfe00, 0xfe0f }, { 0xe0100, 0xe01ef } } },
};
/* clang-format on */

const char *harm_of(uint32_t code)
{
        if ((code >= 0xfdd0 && code <= 0xfdef) || code % 0x10000 >= 0xfffe)
                return "Noncharacter_Code_Point";
        for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
                for (size_t k = 0; k == 0 || properties[i].ranges[k].last > 0; k++)
                        if (code >= properties[i].ranges[k].first && code <= properties[i].ranges[k].last)
                                return properties[i].property;
        return NULL;
}

size_t utf8(uint32_t code, char out[4])
{
        size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

        if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
                return 0;
        for (size_t i = n; i-- > 1; code >>= 6)
                out[i] = (char)(0x80 | (code & 0x3f));
        out[0] = (char)(lead[n] | code);
        return n;
}

/* Decodes the UTF-8 character at `text`; returns its length, 0 if it is not valid. */
static size_t character(const char *text, size_t left, uint32_t *code)
{
        const unsigned char *at = (const unsigned char *)text;
        size_t n = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
        char again[4];

        *code = at[0] & (n == 1 ? 0x7fu : 0x7fu >> n);
        for (size_t i = 1; i < n && i < left; i++)
                *code = *code << 6 | (at[i] & 0x3fu);
        return n <= left && utf8(*code, again) == n && memcmp(again, text, n) == 0 ? n : 0;
}

const char *first_harm(const char *text, size_t len)
{
        uint32_t code;

        for (size_t n; len > 0; text += n, len -= n) {
                n = character(text, len, &code);
                if (n == 0 || (harm_of(code) && *text != '\n'))
                        return text;
        }
        return NULL;
}

void expect_harmless(const char *what, const char *text)
{
        const char *harm = first_harm(text, strlen(text));

        if (harm)
                equal_text(what, harm, "(harmless)", __FILE__, __LINE__);
        else
                TRUE(text != NULL);
}
