/* expect_output.h - properties of every report's rows, warnings and outputs, whatever the input was.  For the
 * tests and the fuzzers. */
#ifndef EXPECT_OUTPUT_H
#define EXPECT_OUTPUT_H

#include "records.h"

/* Expects the rows of a finished report in each of its orders to be the first ones of the sorted
 * records.  The report must not have lost rows. */
void expect_rows(const char *what, const struct mema_report *r, const struct records *records);

/* Expects the rows to be sorted, and not more than options.top. */
void expect_order(const char *what, const struct mema_report *r);

/* Expects each warning to fit its buffer, and all losses to have one. */
void expect_warnings(const char *what, const struct mema_report *r);

/* Writes the output into buffers that end flush at an inaccessible page.  NUL-terminated; the caller
 * frees it. */
char *write_by(const struct mema_report *r, const struct mema_output_options *options, struct cut cut);
char *write_diff_by(const struct mema_diff *d, const struct mema_output_options *options, struct cut cut);

/* The next line, NUL-terminated in a static buffer; NULL at the end. */
char *next_line(const char **text);

/* Expects of a text: rows add up to their subtotals and these to RSS, which is on one line only and
 * is `rss` units; the last line ends with a newline; all characters are harmless. */
void expect_text(const char *what, const char *text, uint64_t rss);

/* RSS in whole units, rounded down. */
uint64_t rss_in_units(const struct mema_report *r, uint64_t unit);

#endif
