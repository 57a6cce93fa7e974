/* source.h - where regions come from; between source_*.c and collect.c. */
#ifndef MEMA_SOURCE_H
#define MEMA_SOURCE_H

#include <stdbool.h>

#include "memanalyzer.h"

/* A source is these two functions; what follows it does not know which it is.
 * The state is the source's own, made by the function that opens it. */
struct mema_source {
        /* The next region, valid until the next call: MEMA_STATUS_REGION; or capture->owner:
         * MEMA_STATUS_OWNER.  MEMA_STATUS_END when there are no more, or an error, with *error filled in. */
        enum mema_status (*next)(struct mema_source *s, const struct mema_region **region,
                                 struct mema_error *error);
        void (*close)(struct mema_source *s);
        const char *name;                   /* what messages call it */
        const struct mema_capture *capture; /* what a saved one says before its regions; NULL: nothing */
        struct mema_kept_text *kept;        /* gets a copy of the text; NULL: it is not kept */
        bool scans;                         /* of a process: Rss is from a scan, not from smaps */
};

/* NULL and *error where it cannot be opened. */
struct mema_source *mema_source_file(const char *path, struct mema_error *error);
/* `scans`: by a scan, where that is to be had. */
struct mema_source *mema_source_process(uint64_t pid, bool scans, struct mema_context *context,
                                        struct mema_error *error);

/* The beginning of a file of /proc as a text that ends with a NUL.  Its length, or -1
 * and errno, with an empty text. */
int64_t mema_read_text(int dir, const char *path, char *text, size_t size);

/* What the system tells of the process whose folder in /proc this is, beside its
 * smaps: which program it is, and, where it may be known, where its threads stand. */
void mema_read_program_file(int dir, struct mema_context *context);
void mema_read_threads(int dir, struct mema_threads *threads);
/* `root` is what paths begin with: "", or a folder that stands for "/" in a test. */
void mema_read_limits(int dir, const char *root, struct mema_limits *limits);

/* A source that reads the text of smaps through `read`, `piece` bytes at a
 * time, some pieces ahead.  `name` is copied, escaped. */
struct mema_text_source {
        struct mema_source source;
        /* Bytes read, 0 at the end, negative where it failed, with *error filled in. */
        int64_t (*read)(struct mema_text_source *s, char *buf, size_t len, struct mema_error *error);
        void (*close)(struct mema_text_source *s);
        /* Has the last word on how the text ended, with what *error says; NULL: as it seemed. */
        enum mema_status (*end)(struct mema_text_source *s, enum mema_status status,
                                struct mema_error *error);
        void *file;
        uint64_t pid;      /* 0: this process */
        int dir, fd, maps; /* -1: not open */
        bool by_thread;    /* the folder is of another thread than the main one, which has ended */
        char shown[MEMA_MESSAGE_MAX / 2]; /* source.name */
        struct mema_smaps smaps;
        size_t piece, have, whole, used; /* of buf[]: bytes, those up to the last newline, those given */
        char buf[];
};

struct mema_text_source *mema_text_source_new(const char *name, size_t piece, struct mema_error *error);

/* The regions of `maps`, which reads the maps of the process whose folder it has open,
 * with what a scan finds resident in each; it closes both.  NULL where there are no scans
 * of that process, and `maps` stays the caller's. */
struct mema_source *mema_source_scan(struct mema_text_source *maps);

/* Fills in an error: `system` is an errno, or 0. */
enum mema_status mema_fail(struct mema_error *error, enum mema_status status, int system, const char *format,
                           ...);

#endif
