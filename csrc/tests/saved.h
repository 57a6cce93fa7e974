/* saved.h - whether a report stays what it is when it is saved and read again.
 *
 * Without CUnit, for programs that read themselves. */
#ifndef SAVED_H
#define SAVED_H

#include "../memanalyzer.h"

/* Which figure, method, bound, proof, name, row or warning of two finished reports of
 * the same rows is not the same; NULL: none. */
const char *first_unlike(const struct mema_report *a, const struct mema_report *b);

/* The capture of a report, written in pieces of `most` bytes; to be freed. */
char *save_text(const struct mema_report *r, size_t most, size_t *len);

/* Which is not the same in the report of that capture. */
const char *unlike_when_saved(const struct mema_report *r);

#endif
