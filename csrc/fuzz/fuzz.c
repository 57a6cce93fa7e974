/* fuzz.c - what the tests' oracles stand on (test.h), for the fuzzers, and how a
 * text is changed.
 *
 * An assertion that fails ends the run; libFuzzer keeps the input.  A guarded copy
 * is one of just its size, beyond which AddressSanitizer watches. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define SPOIL(memory, size) __msan_poison(memory, size)
#else
#define SPOIL(memory, size) memset(memory, 0xa5, size)
#endif

/* Assertions ----------------------------------------------------------------- */

void is_true(const char *what, bool condition, const char *file, int line)
{
        if (condition)
                return;
        fprintf(stderr, "%s:%d: %s\n", file, line, what);
        abort();
}

void equal_number(const char *what, uint64_t actual, uint64_t expected, const char *file, int line)
{
        if (actual != expected)
                fprintf(stderr, "%llu, wanted %llu: ", (unsigned long long)actual,
                        (unsigned long long)expected);
        is_true(what, actual == expected, file, line);
}

void equal_text(const char *what, const char *actual, const char *expected, const char *file, int line)
{
        bool equal = strcmp(actual, expected) == 0;

        if (!equal)
                fprintf(stderr, "\"%s\", wanted \"%s\": ", actual, expected);
        is_true(what, equal, file, line);
}

struct guarded guarded_copy(const char *data, size_t len)
{
        struct guarded g = { NULL, len, malloc(len), 0 };

        TRUE(len == 0 || g.map);
        g.data = g.map;
        if (len > 0)
                memcpy(g.data, data, len);
        return g;
}

void guarded_free(struct guarded *g)
{
        free(g->map);
        memset(g, 0, sizeof *g);
}

void spoil(void *memory, size_t size)
{
        SPOIL(memory, size);
}

/* Chance ---------------------------------------------------------------------- */

uint64_t chance(uint64_t *seed, uint64_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (*seed >> 33) % below;
}

uint64_t seed_of(const char *text, size_t len)
{
        uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

        for (size_t i = 0; i < len; i++)
                h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
        return h | 1;
}

/* Changes ---------------------------------------------------------------------- */

/* A line with its newline, or without one where it is the last. */
struct line {
        size_t start, len;
};

static struct line any_line(const char *text, size_t len, uint64_t *seed)
{
        size_t at = len > 0 ? (size_t)chance(seed, len) : 0;
        const char *newline = memchr(text + at, '\n', len - at);
        struct line line = { at, 0 };

        while (line.start > 0 && text[line.start - 1] != '\n')
                line.start--;
        line.len = (newline ? (size_t)(newline - text) + 1 : len) - line.start;
        return line;
}

/* Puts `n` bytes in the place of `old` ones; returns the new length, and the old
 * one where there is no room. */
static size_t replace(char *text, size_t len, size_t max, size_t at, size_t old, const char *with, size_t n)
{
        if (len - old + n > max)
                return len;
        memmove(text + at + n, text + at + old, len - at - old);
        memcpy(text + at, with, n);
        return len - old + n;
}

/* A number in the line, if any, becomes one at a limit. */
static size_t change_number(char *text, size_t len, size_t max, struct line line, uint64_t *seed)
{
        /* clang-format off */
        static const char *const numbers[] = {
                "0", "1", "4", "2097152", "4294967295", "18014398509481983", "18014398509481984",
                "18446744073709551615", "18446744073709551616", "fffffffffffff000", "10000000000000000",
                "c000000000", "7f0000000000",
        };
        /* clang-format on */
        const char *number = numbers[chance(seed, sizeof numbers / sizeof *numbers)];
        size_t at = line.start + (size_t)chance(seed, line.len + 1), n = 0, end = line.start + line.len;

        while (at < end && !strchr("0123456789abcdef", text[at] ? text[at] : '?'))
                at++;
        while (at + n < end && strchr("0123456789abcdef", text[at + n] ? text[at + n] : '?'))
                n++;
        return replace(text, len, max, at, n, number, n > 0 ? strlen(number) : 0);
}

/* A line becomes longer, often so long that it loses its middle; the bytes tell
 * their place. */
static size_t lengthen(char *text, size_t len, size_t max, struct line line, uint64_t *seed)
{
        char run[MEMA_LINE_MAX + 500];
        size_t n = (size_t)chance(seed, sizeof run);

        for (size_t i = 0; i < n; i++)
                run[i] = (char)('a' + i % 23);
        return replace(text, len, max, line.start + (size_t)chance(seed, line.len + 1), 0, run, n);
}

/* libFuzzer changes bytes; whole lines and numbers are what smaps is made of. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed)
{
        uint64_t random = seed;
        char *text = (char *)data, copy[512];
        struct line line = any_line(text, len, &random), before = any_line(text, len, &random);

        switch (chance(&random, 9)) {
        case 0:
                return replace(text, len, max, line.start, line.len, "", 0);
        case 1:
                if (line.len > sizeof copy)
                        return len;
                memcpy(copy, text + line.start, line.len);
                return replace(text, len, max, before.start, 0, copy, line.len);
        case 2:
                return change_number(text, len, max, line, &random);
        case 3:
                return lengthen(text, len, max, line, &random);
        default:
                return LLVMFuzzerMutate(data, len, max);
        }
}
