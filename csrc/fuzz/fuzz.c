/* fuzz.c - the parts of test.h that the oracles of csrc/tests need, without CUnit; the mutator of smaps
 * texts; the limit on time.
 *
 * A failed assertion aborts, and libFuzzer keeps the input.  A guarded copy is an allocation of its exact
 * size, so that AddressSanitizer sees an over-read. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Random numbers --------------------------------------------------------------- */

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

/* Time ------------------------------------------------------------------------- */

static uint64_t cpu_time(void)
{
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The least CPU time of several runs, in nanoseconds; of one run if that is at most `enough`. */
static uint64_t least_time(void (*work)(const char *text, size_t len), const char *text, size_t len,
                           uint64_t enough)
{
        enum { RUNS = 10 };
        uint64_t least = UINT64_MAX;

        for (int i = 0; i < RUNS && least > enough; i++) {
                uint64_t began = cpu_time(), took;

                work(text, len);
                took = cpu_time() - began;
                least = took < least ? took : least;
        }
        return least;
}

/* The reference is measured in this process: the limit holds on any machine, with any instrumentation. */
void expect_linear_time(void (*work)(const char *text, size_t len), const char *text, size_t len)
{
        enum { FACTOR = 5, LINES = 400, CONSTANT = 1000 /* bytes that a call can cost besides its text */ };
        static const char line[] = "1000-2000 r--p 0 0:0 0\n";
        static char reference[LINES * (sizeof line - 1) + 1];
        static uint64_t unit;
        uint64_t limit, took;

        if (unit == 0) {
                for (int i = 0; i < LINES; i++)
                        strcat(reference, line);
                unit = least_time(work, reference, sizeof reference - 1, 0);
        }
        limit = unit * FACTOR * (len + CONSTANT) / (sizeof reference - 1);
        took = least_time(work, text, len, limit);
        if (took > limit)
                fprintf(stderr, "%zu bytes take %llu us, the limit is %llu us: ", len,
                        (unsigned long long)took / 1000, (unsigned long long)limit / 1000);
        is_true("time in proportion to the length", took <= limit, __FILE__, __LINE__);
}

/* Mutator ---------------------------------------------------------------------- */

/* A line with its newline; the last one can lack it. */
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

/* Replaces `old` bytes at `at` by `n` others; returns the new length, or the old one if there is no room. */
static size_t replace(char *text, size_t len, size_t max, size_t at, size_t old, const char *with, size_t n)
{
        if (len - old + n > max)
                return len;
        memmove(text + at + n, text + at + old, len - at - old);
        memcpy(text + at, with, n);
        return len - old + n;
}

/* Replaces a number in the line, if any, by one at a limit. */
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

/* Lengthens a line, often so much that it loses its middle, with bytes that differ from place to place. */
static size_t lengthen(char *text, size_t len, size_t max, struct line line, uint64_t *seed)
{
        char run[MEMA_LINE_MAX + 500];
        size_t n = (size_t)chance(seed, sizeof run);

        for (size_t i = 0; i < n; i++)
                run[i] = (char)('a' + i % 23);
        return replace(text, len, max, line.start + (size_t)chance(seed, line.len + 1), 0, run, n);
}

/* libFuzzer mutates bytes; this mutates what a smaps consists of: lines and numbers. */
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
