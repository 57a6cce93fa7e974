/* source_text.h - the text of a reading, kept until it is saved: between source_reader.c, render_smaps.c
 * and collect.c; not for users. */
#ifndef MEMA_SOURCE_TEXT_H
#define MEMA_SOURCE_TEXT_H

#include "memanalyzer.h"

/* A piece of the text; pieces are linked in the order of reading. */
struct mema_kept_piece {
        uint64_t length; /* first: no block of malloc begins like this, see self_memory_linux.c */
        struct mema_kept_piece *next;
        char text[];
};

/* Appends a copy of `text`; false if there is no memory, or if the text would exceed 1 GiB. */
bool mema_text_keep(struct mema_kept_text *t, const char *text, size_t len);
void mema_text_free(struct mema_kept_text *t);

#endif
