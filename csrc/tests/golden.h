/* golden.h - the files of testdata/golden, and the tables that say how they are made. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <stdint.h>

/* The index at which a table says a text. */
uint64_t index_of(const char *(*name)(unsigned), const char *text);

/* The first line in which they differ, and no other. */
void expect_same_lines(const char *what, const char *got, const char *wanted);

/* That a text is a file of testdata/golden; UPDATE_GOLDEN=1 in the environment writes it
 * again. */
void expect_golden(const char *name, const char *text);

#endif
