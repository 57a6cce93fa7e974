/* smaps_capture.h - the `# key: value` lines of a saved capture; for smaps_line.c, which reads them, and
 * render_smaps.c, which writes them. */
#ifndef MEMA_SMAPS_CAPTURE_H
#define MEMA_SMAPS_CAPTURE_H

#include "scan.h"
#include "memanalyzer.h"

/* The numbers of the keys; the figures of struct mema_facts follow from CAPTURE_FIRST_FIGURE on. */
enum {
        CAPTURE_VERSION,
        CAPTURE_PROGRAM,
        CAPTURE_DELETED_PROGRAM,
        CAPTURE_PROGRAM_KIND,
        CAPTURE_GO_VERSION,
        CAPTURE_ALLOCATOR,
        CAPTURE_MAPPINGS,
        CAPTURE_HEAPS_KNOWN,
        CAPTURE_BSS_KNOWN,
        CAPTURE_WITHOUT_CGO,
        CAPTURE_LABELS_LOST,
        CAPTURE_DRIFT,
        CAPTURE_CGROUP_HIDDEN,
        CAPTURE_ALL_THREADS,
        CAPTURE_DESCRIPTORS,
        CAPTURE_THREAD,
        CAPTURE_OWNER,
        CAPTURE_ANCHOR,
        CAPTURE_FIRST_LIMIT,
        CAPTURE_FIRST_FIGURE = CAPTURE_FIRST_LIMIT + MEMA_LIMIT_COUNT
};

/* The value of `program.kind`, such as "go"; NULL if unknown. */
const char *mema_capture_program_kind(enum mema_program program);

/* Finds the key of a line that begins with '#', and its value without leading blanks.  False
 * if the line has no known key. */
bool mema_capture_find(struct span line, size_t *key, struct span *value);

/* Stores the value of a key.  On error, value->at is at the wrong byte. */
enum scan mema_capture_take(struct mema_capture *c, size_t key, struct span *value);

const char *mema_capture_key(size_t key);   /* "go.heap_live"; NULL if out of range */
const char *mema_capture_wants(size_t key); /* "a number of bytes, or two" */

/* Whether the value is a path. */
bool mema_capture_is_path(size_t key);

/* Gets a figure; false if it is not known. */
bool mema_capture_figure(size_t key, const struct mema_facts *facts, uint64_t *figure);

#endif
