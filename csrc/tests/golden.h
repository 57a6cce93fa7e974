/* golden.h - outputs against the files of testdata/golden, and look-ups for their tables. */
#ifndef GOLDEN_H
#define GOLDEN_H

/* The index for which `name` returns `text`; fails and returns 0 if there is none. */
unsigned index_of(const char *(*name)(unsigned), const char *text);

/* Expects the same text; reports the first line that differs. */
void expect_same_lines(const char *what, const char *got, const char *wanted);

/* Expects the text of a file of testdata/golden.  UPDATE_GOLDEN=1 in the environment writes the
 * file first. */
void expect_golden(const char *name, const char *text);

#endif
