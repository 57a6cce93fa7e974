/* test.h - shared by all test files: the list of suites, assertions, fixtures, child processes. */
#ifndef TEST_H
#define TEST_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "../memanalyzer.h"

/* Each test file ends with its suite: SUITE(smaps, CASE(a), CASE(b)).  Add the suite to one of
 * these groups; nothing else is needed. */
/* clang-format off */
/* Suites with the same results on every system, emulated ones included. */
#define PURE_SUITES(X)                                                                       \
        X(scan) X(escape) X(smaps) X(smaps_line) X(smaps_fast) X(smaps_capture) X(classify)  \
        X(classify_rules) X(allocators) X(report) X(report_rows) X(report_split) X(text) X(golden) X(json) \
        X(openmetrics) X(captures) X(contents) X(reports) X(elf) X(diff) X(hostile) X(linear)

/* Suites that read /proc or run other programs. */
#define SYSTEM_SUITES(X)                                                          \
        X(collect) X(memory) X(processes) X(cli) X(kernel) X(race) X(stacks)      \
        X(self_labels) X(self_memory) X(limits) X(save) X(source_scan)

/* Suites that take long; they run only if they are named: build/tests long. */
#define LONG_SUITES(X) X(large) X(formats)

#define CASE(function) { #function, function }
/* clang-format on */
#define SUITE(name, ...) CU_TestInfo name##_tests[] = { __VA_ARGS__, CU_TEST_INFO_NULL }

/* Assertions; a failure prints both values. */
#define EQUAL(actual, expected) \
        equal_number(#actual, (uint64_t)(actual), (uint64_t)(expected), __FILE__, __LINE__)
#define SAME_TEXT(actual, expected) equal_text(#actual, actual, expected, __FILE__, __LINE__)
#define TRUE(condition) is_true(#condition, (condition), __FILE__, __LINE__)

void is_true(const char *what, bool condition, const char *file, int line);
void equal_number(const char *what, uint64_t actual, uint64_t expected, const char *file, int line);
void equal_text(const char *what, const char *actual, const char *expected, const char *file, int line);

/* A text that ends flush at an inaccessible page, so that an over-read faults. */
struct guarded {
        char *data;
        size_t len;
        void *map;
        size_t map_len;
};
struct guarded guarded_copy(const char *data, size_t len);
struct guarded guarded_file(const char *path); /* data is NULL if there is no such file */
/* Concatenates files below testdata: "real/a.facts+real/a.smaps". */
struct guarded guarded_files(const char *names);
void guarded_free(struct guarded *g);

/* Overwrites memory whose contents must not be used any more. */
void spoil(void *memory, size_t size);

/* Calls `each` with the path of every file below `dir` whose name ends in `suffix`, sorted by name.
 * Returns the number of files, -1 if there is no such folder.  Paths are relative to the root of the
 * tree, where the tests run: "testdata/real/x.smaps". */
int each_file(const char *dir, const char *suffix, void (*each)(const char *path));

/* Whether LONG=1 is set: more repetitions.  `make test-all` sets it. */
bool long_run(void);

/* The property that makes a code point harmful (control, invisible, changes the writing direction);
 * NULL if it has none. */
const char *harm_of(uint32_t code);
/* Writes a code point as UTF-8.  Returns the number of bytes, 0 for a surrogate. */
size_t utf8(uint32_t code, char out[4]);
/* The first harmful code point except newlines, or invalid UTF-8; NULL if there is none. */
const char *first_harm(const char *text, size_t len);
/* Fails if first_harm finds something. */
void expect_harmless(const char *what, const char *text);

/* The template for mkstemp and mkdtemp. */
#define TEMPORARY "/tmp/memanalyzer-test-XXXXXX"

/* False, with a message, if libc is linked statically: its own allocations would be counted and fail,
 * too. */
bool libc_is_apart(void);

/* Marks the current test as skipped, in whole or in part.  The first line of `why` is the reason. */
void skipped(const char *what, const char *why);
/* Writes a line "skipped: SUITE/TEST: WHAT: WHY" for each call of skipped().  Returns the number of
 * tests that called it. */
uint64_t tell_skipped(FILE *out);

/* The result of a program. */
struct output {
        int status;      /* the exit status; 128 + n for signal n; -1 if it did not start */
        char *out, *err; /* NUL-terminated; freed by output_free */
};
/* Runs argv[0] with its arguments and `input` as standard input (NULL: empty), and collects its output. */
struct output run_program(char *const argv[], const char *input);
void output_free(struct output *o);

/* Copies a file; the copy is executable for its owner.  Fails if `to` exists. */
void copy_file(const char *from, const char *to);

/* Starts build/stopped, or a copy of it, which maps `file`, and waits until it has stopped; -1 if it did
 * not. */
pid_t start_stopped(const char *program, const char *file);
/* Kills a child and waits for it.  Does nothing if `child` is -1. */
void end_child(pid_t child);

#endif
