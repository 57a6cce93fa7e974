/* source_text.h - between collect.c, source_file.c, source_text.c and render_smaps.c; not for users. */
#ifndef MEMA_SOURCE_TEXT_H
#define MEMA_SOURCE_TEXT_H

#include <stdbool.h>

#include "memanalyzer.h"

/* A piece of the text of a reading, in the order of reading. */
struct mema_kept_piece {
        uint64_t length; /* first, as no block of malloc's begins: see self_memory.c */
        struct mema_kept_piece *next;
        char text[];
};

/* Keeps a piece of text behind r->kept, false where there is no room for it. */
bool mema_text_keep(struct mema_kept_text *t, const char *text, size_t len);
void mema_text_free(struct mema_kept_text *t);

#endif
