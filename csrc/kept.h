/* kept.h - between collect.c, source_file.c, kept.c and render_smaps.c; not for users. */
#ifndef MEMA_KEPT_H
#define MEMA_KEPT_H

#include <stdbool.h>

#include "memanalyzer.h"

/* A piece of the text of a reading, in the order of reading. */
struct mema_kept {
        uint64_t length; /* first, as no block of malloc's begins: see own_memory.c */
        struct mema_kept *next;
        char text[];
};

/* Keeps a piece of text behind r->kept, false where there is no room for it. */
bool mema_keep(struct mema_report *r, const char *text, size_t len);
void mema_kept_free(struct mema_report *r);

#endif
