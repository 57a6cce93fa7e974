/* smaps_fast.h - the fast path of the parser; for smaps.c and smaps_line.c. */
#ifndef MEMA_SMAPS_FAST_H
#define MEMA_SMAPS_FAST_H

#include "scan.h"
#include "smaps_labels.h"

/* Begins a region whose header fields are set: clears the rest of it. */
void mema_fast_begin(struct mema_smaps *p);

/* Opens the region of p->_header, with its name. */
void mema_fast_open(struct mema_smaps *p, struct span name);

/* Ends a region: sets fields whose lines did not come to 0. */
void mema_fast_end(struct mema_smaps *p);

/* Takes note of a line that smaps_line.c has read: its label is p->_line.label, its number begins at
 * `number`.  Records the layout of the first mapping's lines; for later mappings, finds the
 * row that the line matches. */
void mema_fast_learn(struct mema_smaps *p, struct span line, const char *number);

/* Takes lines that match the recorded layout, and the header after them if it is complete, which
 * ends the region: p->_line.pending is set then.  Returns the length of the lines with their newlines;
 * 0 if the first line does not match and needs mema_line_*. */
size_t mema_fast_take(struct mema_smaps *p, const char *buf, size_t len);

#endif
