/* test.h - what every test file shares: the suite table, fixtures, guard pages. */
#ifndef TEST_H
#define TEST_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "../memanalyzer.h"

/* Each test file ends with its suite: SUITE(smaps, CASE(a), CASE(b)).  The same
 * name goes into one of these groups, and nothing else is to be done. */
/* clang-format off */
/* The same on every system: on an emulated one, too. */
#define PURE_SUITES(X)                                                                       \
        X(scan) X(escape) X(smaps) X(smaps_line) X(smaps_fast) X(smaps_capture) X(classify)  \
        X(classify_rules) X(report) X(report_rows) X(report_split) X(text) X(golden) X(json) \
        X(openmetrics) X(captures) X(contents) X(elf) X(diff) X(hostile) X(linear)

/* Those that read /proc or run other programs. */
#define SYSTEM_SUITES(X)                                                          \
        X(collect) X(memory) X(processes) X(cli) X(kernel) X(race) X(stacks)      \
        X(self_labels) X(self_memory) X(limits) X(save) X(source_scan)

/* Suites that take long and run only if they are named: build/tests long. */
#define LONG_SUITES(X) X(large) X(formats)

#define CASE(function) { #function, function }
/* clang-format on */
#define SUITE(name, ...) CU_TestInfo name##_tests[] = { __VA_ARGS__, CU_TEST_INFO_NULL }

/* One assertion a line; both sides are shown where they differ. */
#define EQUAL(actual, expected) \
        equal_number(#actual, (uint64_t)(actual), (uint64_t)(expected), __FILE__, __LINE__)
#define SAME_TEXT(actual, expected) equal_text(#actual, actual, expected, __FILE__, __LINE__)
#define TRUE(condition) is_true(#condition, (condition), __FILE__, __LINE__)

void is_true(const char *what, bool condition, const char *file, int line);
void equal_number(const char *what, uint64_t actual, uint64_t expected, const char *file, int line);
void equal_text(const char *what, const char *actual, const char *expected, const char *file, int line);

/* A file whose last byte lies flush against a page that cannot be read, so that
 * an over-read faults. */
struct guarded {
        char *data;
        size_t len;
        void *map;
        size_t map_len;
};
struct guarded guarded_copy(const char *data, size_t len);
struct guarded guarded_file(const char *path); /* data is NULL where there is none */
/* Several, one behind the other: "real/a.facts+real/a.smaps", below testdata. */
struct guarded guarded_files(const char *names);
void guarded_free(struct guarded *g);

/* What is there no longer counts, and must not be read before it is written. */
void spoil(void *memory, size_t size);

/* The root of the tree, where the tests run, is ".": "testdata/real/x.smaps". */

/* Calls `each` with the path of every file below `dir` that ends in `suffix`, in
 * the order of names; returns how many, -1 where there is no such folder. */
int each_file(const char *dir, const char *suffix, void (*each)(const char *path));

/* Whether LONG=1 asks for more of what is the same each time: make test does. */
bool long_run(void);

/* The property by which a code point does more than stand in its place: a control,
 * a mark that is not seen or turns the direction; NULL: it has none. */
const char *harm_of(uint32_t code);
/* Writes a code point as UTF-8; returns how many bytes, 0 for a surrogate. */
size_t utf8(uint32_t code, char out[4]);
/* Where a text has such a code point but a newline, or is no UTF-8; NULL: nowhere. */
const char *first_harm(const char *text, size_t len);
void expect_harmless(const char *what, const char *text);

/* What mkstemp and mkdtemp make a name of. */
#define TEMPORARY "/tmp/memanalyzer-test-XXXXXX"

/* Where libc is linked in, its own allocations are counted and fail, too, and it says
 * so in its words: that is not what is asked of us.  False, with a message, there. */
bool libc_is_apart(void);

/* Marks the current test as skipped, in whole or in part: the first line of `why` says why. */
void skipped(const char *what, const char *why);
/* Writes a line "skipped: SUITE/TEST: WHAT: WHY" for each call of skipped(); returns the
 * number of tests that called it. */
uint64_t tell_skipped(FILE *out);

/* Runs argv[0] with its arguments and `input` as standard input (NULL: empty);
 * reads what it writes.  Returns the exit status, 128 + n for signal n. */
struct output {
        int status;
        char *out, *err; /* NUL-terminated; freed by output_free */
};
struct output run_program(char *const argv[], const char *input);
void output_free(struct output *o);

/* The copy is a program that its owner may run, and was not there before. */
void copy_file(const char *from, const char *to);

/* build/stopped, or a copy of it, with a file that it maps: it has stopped when
 * this returns its number; -1 where it did not. */
pid_t start_stopped(const char *program, const char *file);
/* Kills a child and waits for it; -1 is none. */
void end_child(pid_t child);

#endif
