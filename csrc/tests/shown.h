/* shown.h - what holds of all that a report shows: of its rows and of its text,
 * whatever the input was.  The tests assert it, and the fuzzers. */
#ifndef SHOWN_H
#define SHOWN_H

#include "records.h"

/* Asserts that a finished report that has lost no row has just those rows that a
 * plain sort of the records puts first, in each order that it has. */
void expect_rows(const char *what, const struct mema_report *r, const struct records *records);

/* Asserts that the rows that are there are in their order, and not too many. */
void expect_order(const char *what, const struct mema_report *r);

/* Asserts that each warning fits its buffer, and that what is lost is warned of. */
void expect_warnings(const char *what, const struct mema_report *r);

/* The output in pieces, each in a buffer that ends flush at memory that cannot be
 * written; NUL-terminated, to be freed. */
char *write_by(const struct mema_report *r, const struct mema_output_options *options, struct cut cut);
char *write_diff_by(const struct mema_diff *d, const struct mema_output_options *options, struct cut cut);

/* The next line, NUL-terminated in a buffer of its own; NULL at the end. */
char *next_line(const char **text);

/* Asserts of a text: rows add up to their subtotal, subtotals to RSS, which stands
 * on one line and is `rss` units; every line ends, and no character does more than
 * stand in its place. */
void expect_text(const char *what, const char *text, uint64_t rss);

/* The RSS of a report in whole units, rounded down. */
uint64_t rss_in_units(const struct mema_report *r, uint64_t unit);

#endif
