/* smaps_fast.h - between smaps_fast.c, smaps_line.c and smaps.c; not for users. */
#ifndef MEMA_SMAPS_FAST_H
#define MEMA_SMAPS_FAST_H

#include "scan.h"
#include "smaps_labels.h"

/* Begins a region whose header is known. */
void mema_line_begin(struct mema_smaps *p);

/* Opens the region of p->_header, with its name. */
void mema_layout_open(struct mema_smaps *p, struct span name);

/* Ends a region: fields whose lines did not come have no value. */
void mema_layout_end(struct mema_smaps *p);

/* Of the first mapping, learns the line of p->_line.label, without its newline, whose
 * number is there; of every other, which row it was. */
void mema_layout_learn(struct mema_smaps *p, struct span line, const char *number);

/* Takes the lines at `at` as far as they are as they were learned, and the header behind
 * them, which ends the region: p->_line.pending then.  Returns their length, with newlines; 0
 * where the first one is not: it is for mema_line_* then. */
size_t mema_layout_take(struct mema_smaps *p, const char *at, size_t len);

#endif
