/* scan.h - bounded primitives: spans of text, numbers in text, saturating arithmetic; not for users.
 * Writing text is in write.h.
 *
 * A span is a piece of the caller's text and may hold any byte.  scan_* functions advance span.at
 * on success only, and never beyond span.end. */
#ifndef MEMA_SCAN_H
#define MEMA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

/* a - b, at least 0. */
static inline uint64_t sat_sub(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* a + b, at most UINT64_MAX. */
static inline uint64_t sat_add(uint64_t a, uint64_t b)
{
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* v * part / whole for part <= whole, without overflow; 0 if whole is 0.  Rounds `part` and `whole` if
 * `whole` has more than 32 bits. */
static inline uint64_t share_of(uint64_t v, uint64_t part, uint64_t whole)
{
        while (whole >> 32) {
                whole >>= 1;
                part >>= 1;
        }
        return whole > 0 ? v / whole * part + v % whole * part / whole : 0;
}

struct span {
        const char *at, *end;
};

enum scan { SCAN_OK, SCAN_NONE, SCAN_OVERFLOW };

static inline struct span span_of(const char *text, size_t len)
{
        return (struct span){ text, text + len };
}

static inline size_t span_length(struct span s)
{
        return (size_t)(s.end - s.at);
}

static inline bool span_equals(struct span s, const char *text, size_t len)
{
        return span_length(s) == len && memcmp(s.at, text, len) == 0;
}

static inline bool span_starts(struct span s, const char *text, size_t len)
{
        return span_length(s) >= len && memcmp(s.at, text, len) == 0;
}

static inline bool span_ends(struct span s, const char *text, size_t len)
{
        return span_length(s) >= len && memcmp(s.end - len, text, len) == 0;
}

/* The same for string literals. */
#define SPAN_EQUALS(s, literal) span_equals(s, literal, sizeof(literal) - 1)
#define SPAN_STARTS(s, literal) span_starts(s, literal, sizeof(literal) - 1)
#define SPAN_ENDS(s, literal) span_ends(s, literal, sizeof(literal) - 1)

/* The part after the last slash; all of it if there is none. */
static inline struct span base_name(struct span path)
{
        for (const char *c = path.at; c < path.end; c++)
                if (*c == '/')
                        path.at = c + 1;
        return path;
}

/* Skips one character; false if another one is next. */
static inline bool scan_char(struct span *s, char c)
{
        if (s->at == s->end || *s->at != c)
                return false;
        s->at++;
        return true;
}

static inline void skip_spaces(struct span *s)
{
        static const char eight[] = "        ";

        while (s->end - s->at >= 8 && memcmp(s->at, eight, 8) == 0)
                s->at += 8;
        while (s->at < s->end && *s->at == ' ')
                s->at++;
}

/* Skips spaces and tabs. */
static inline void skip_blanks(struct span *s)
{
        do
                skip_spaces(s);
        while (scan_char(s, '\t'));
}

/* The value of a hexadecimal digit plus 1; 0 for other bytes. */
static inline unsigned hex_plus_1(char c)
{
        static const unsigned char digit_plus_1[256] = {
                ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
                ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
                ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
                ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
        };

        return digit_plus_1[(unsigned char)c];
}

static inline void skip_hex(struct span *s)
{
        while (s->at < s->end && hex_plus_1(*s->at) > 0)
                s->at++;
}

/* Scan an unsigned number of any number of digits.  SCAN_NONE if there is no digit, SCAN_OVERFLOW
 * if the number does not fit in 64 bits. */
static inline enum scan scan_hex(struct span *s, uint64_t *value)
{
        const char *p = s->at;
        uint64_t v = 0;
        unsigned plus_1;

        for (; p < s->end && (plus_1 = hex_plus_1(*p)) > 0; p++)
                v = (v << 4) + plus_1 - 1;
        if (p == s->at)
                return SCAN_NONE;
        /* The last 16 digits fill 64 bits; those before them must be zeros. */
        for (const char *zero = s->at; p - zero > 16; zero++)
                if (*zero != '0')
                        return SCAN_OVERFLOW;
        s->at = p;
        *value = v;
        return SCAN_OK;
}

static inline enum scan scan_decimal(struct span *s, uint64_t *value)
{
        const char *p = s->at;
        uint64_t v = 0;

        for (; p < s->end && (unsigned)((unsigned char)*p - '0') < 10u; p++) {
                uint64_t digit = (uint64_t)((unsigned char)*p - '0');

                if (v > (UINT64_MAX - digit) / 10u)
                        return SCAN_OVERFLOW;
                v = v * 10u + digit;
        }
        if (p == s->at)
                return SCAN_NONE;
        s->at = p;
        *value = v;
        return SCAN_OK;
}

#endif
