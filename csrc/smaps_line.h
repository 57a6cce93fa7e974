/* smaps_line.h - one line of a smaps text at a time; for smaps.c only.
 *
 * All take a whole line without its newline.  On error, p->status is set. */
#ifndef MEMA_SMAPS_LINE_H
#define MEMA_SMAPS_LINE_H

#include "scan.h"
#include "smaps_labels.h"

/* A line that is too long keeps this many of its first and last bytes. */
enum { MEMA_LINE_HEAD = 1024, MEMA_LINE_TAIL = MEMA_LINE_MAX - MEMA_LINE_HEAD };

/* Whether the line begins a mapping. */
bool mema_line_is_header(struct span line);

/* Takes a header and opens its region. */
void mema_line_open(struct mema_smaps *p, struct span line);

/* Takes a line of the open region. */
void mema_line_field(struct mema_smaps *p, struct span line);

/* Takes a line that precedes the first mapping. */
void mema_line_preamble(struct mema_smaps *p, struct span line);

/* Fails because the last region lacks the label that all others end with, or because fewer
 * mappings came than the capture announced. */
void mema_line_incomplete(struct mema_smaps *p);

#endif
