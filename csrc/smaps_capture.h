/* smaps_capture.h - between smaps_capture.c, smaps_line.c and render_smaps.c; not for users. */
#ifndef MEMA_SMAPS_CAPTURE_H
#define MEMA_SMAPS_CAPTURE_H

#include "scan.h"
#include "memanalyzer.h"

/* The keys, but for the figures of struct mema_facts, which are the last. */
enum {
        CAPTURE_VERSION,
        CAPTURE_PROGRAM,
        CAPTURE_DELETED_PROGRAM,
        CAPTURE_PROGRAM_KIND,
        CAPTURE_GO_VERSION,
        CAPTURE_MAPPINGS,
        CAPTURE_HEAPS_KNOWN,
        CAPTURE_LABELS_LOST,
        CAPTURE_ALL_THREADS,
        CAPTURE_THREAD,
        CAPTURE_OWNER,
        CAPTURE_ANCHOR,
        CAPTURE_FIRST_LIMIT,
        CAPTURE_FIRST_FIGURE = CAPTURE_FIRST_LIMIT + MEMA_LIMIT_COUNT
};

/* What `program.kind` says of an enum mema_program; NULL: nothing. */
const char *mema_capture_program_kind(enum mema_program program);

/* Finds the key of a line that begins with '#', and the value behind it, without
 * blanks before it; false where there is none that is known. */
bool mema_capture_find(struct span line, size_t *key, struct span *value);

/* Takes the value of a key, all of it or nothing.  Where it is wrong, value->at is
 * at the byte that is. */
enum scan mema_capture_take(struct mema_capture *c, size_t key, struct span *value);

const char *mema_capture_key(size_t key);   /* "go.heap_live"; NULL beyond the last */
const char *mema_capture_wants(size_t key); /* "a number of bytes, or two" */

/* Whether the value is a path. */
bool mema_capture_is_path(size_t key);

/* A figure of `facts`; false where it is not known. */
bool mema_capture_figure(size_t key, const struct mema_facts *facts, uint64_t *figure);

#endif
