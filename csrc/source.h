/* source.h - sources of regions: between source_*.c and collect.c; not for users. */
#ifndef MEMA_SOURCE_H
#define MEMA_SOURCE_H

#include "memanalyzer.h"

/* A source of regions; its state follows this struct and belongs to the file that opened it. */
struct mema_source {
        /* Returns MEMA_STATUS_REGION with the next region, valid until the next call;
         * MEMA_STATUS_OWNER with capture->owner; MEMA_STATUS_END; or an error, with *error filled in. */
        enum mema_status (*next)(struct mema_source *s, const struct mema_region **region,
                                 struct mema_error *error);
        void (*close)(struct mema_source *s); /* frees it */
        const char *name;                     /* for messages */
        const struct mema_capture *capture;   /* what a saved text says before its regions, or NULL */
        struct mema_kept_text *kept;          /* gets a copy of the text; NULL: it is not kept */
        bool scans;                           /* Rss is from a scan, not from smaps */
};

/* Opens a saved text; "-" is standard input.  NULL, with *error filled in, if that fails. */
struct mema_source *mema_source_file(const char *path, struct mema_error *error);

/* Opens process `pid`, 0 for this one, and fills in what the context says of its program, threads
 * and limits.  With `scan`, Rss comes from a scan if the kernel has one for this process.  NULL, with *error
 * filled in, if that fails. */
struct mema_source *mema_source_process(uint64_t pid, bool scan, struct mema_context *context,
                                        struct mema_error *error);

/* Opens /proc/self/maps: regions without fields.  NULL, with *error filled in, if that fails. */
struct mema_source *mema_source_own_maps(struct mema_error *error);

#endif
