/* expect_capture.h - whether a report stays the same when it is saved and read again.  Without CUnit, for
 * programs that read themselves. */
#ifndef EXPECT_CAPTURE_H
#define EXPECT_CAPTURE_H

#include "../memanalyzer.h"

/* The first result that differs in two finished reports of the same rows: a figure, method, bound,
 * proof, name, row, limit or warning, in words; NULL if there is none. */
const char *first_unlike(const struct mema_report *a, const struct mema_report *b);

/* The capture of a report, written in pieces of `most` bytes; the caller frees it. */
char *save_text(const struct mema_report *r, size_t most, size_t *len);

/* first_unlike of a report and the report of its capture. */
const char *unlike_when_saved(const struct mema_report *r);

#endif
