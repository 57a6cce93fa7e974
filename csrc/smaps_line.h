/* smaps_line.h - between smaps_line.c and smaps.c; not for users. */
#ifndef MEMA_SMAPS_LINE_H
#define MEMA_SMAPS_LINE_H

#include "scan.h"
#include "smaps_labels.h"

/* The parts of a line that stay when it is too long: its first and last bytes. */
enum { MEMA_LINE_HEAD = 1024, MEMA_LINE_TAIL = MEMA_LINE_MAX - MEMA_LINE_HEAD };

/* Whether a line begins a mapping. */
bool mema_line_is_header(struct span line);

/* Take a whole line without its newline: a header, which opens a region, a line
 * below one, and a line before the first one.  p->status says what went wrong. */
void mema_line_open(struct mema_smaps *p, struct span line);
void mema_line_field(struct mema_smaps *p, struct span line);
void mema_line_stray(struct mema_smaps *p, struct span line);

/* The input ends where the last region lacks the label that all others end with, or where
 * there are not as many as a capture says. */
void mema_line_missing(struct mema_smaps *p);

#endif
