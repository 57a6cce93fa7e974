/* capture.h - between capture.c and line.c; not for users. */
#ifndef MEMA_CAPTURE_H
#define MEMA_CAPTURE_H

#include "bytes.h"
#include "memanalyzer.h"

/* Finds the key of a line that begins with '#', and the value behind it, without
 * blanks before it; false where there is none that is known. */
bool mema_capture_find(struct span line, size_t *key, struct span *value);

/* Takes the value of a key, all of it or nothing.  Where it is wrong, value->at is
 * at the byte that is. */
enum scan mema_capture_take(struct mema_capture *c, size_t key, struct span *value);

const char *mema_capture_key(size_t key);   /* "go.heap_live" */
const char *mema_capture_wants(size_t key); /* "a number of bytes, or two" */

#endif
