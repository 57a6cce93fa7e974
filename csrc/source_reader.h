/* source_reader.h - a source that parses a text: between source_reader.c and the sources that have
 * one; not for users. */
#ifndef MEMA_SOURCE_READER_H
#define MEMA_SOURCE_READER_H

#include "source.h"

struct mema_reader {
        struct mema_source source;

        /* Set by the source: */

        /* Reads as read() does: returns the number of bytes, 0 at the end, or a negative number, with
         * *error filled in. */
        int64_t (*read)(struct mema_reader *r, char *buf, size_t len, struct mema_error *error);
        void (*close)(struct mema_reader *r);
        /* Decides how a text that ended with `status` (MEMA_STATUS_END or an error) really
         * ended; NULL: as it did. */
        enum mema_status (*end)(struct mema_reader *r, enum mema_status status, struct mema_error *error);
        void *file;        /* a FILE; source_file.c */
        uint64_t pid;      /* 0: this process; this and the rest: source_smaps_linux.c */
        int dir, fd, maps; /* its folder in /proc, the text, and maps to check for its end; -1: not open */
        bool by_thread;    /* `dir` is of a thread, because the main thread has ended */

        /* Set by source_reader.c: */

        struct mema_smaps smaps;
        size_t piece;                    /* bytes to read at a time */
        size_t have, whole, used;        /* in buf[]: bytes, bytes up to the last newline, bytes parsed */
        char name[MEMA_MESSAGE_MAX / 2]; /* source.name */
        char buf[];
};

/* Allocates a reader of a text that is read in pieces of `piece` bytes.  `name` is copied,
 * escaped.  source.close frees it.  NULL, with *error filled in, if there is no memory. */
struct mema_reader *mema_reader_new(const char *name, size_t piece, struct mema_error *error);

#endif
