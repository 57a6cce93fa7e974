/* source_text_linux.c - the text of a reading, kept until it is saved.
 *
 * A process that reads itself must not change what it reads: memory from malloc, or merged with
 * malloc's, would change its heap meanwhile.  So each piece is a mapping that merges with no other. */
#define _GNU_SOURCE
#include "source_text.h"

#include <string.h>
#include <sys/mman.h>

/* Bytes of a piece with its header; bytes of text in all. */
enum { PIECE_BYTES = 1 << 20, KEPT_MAX = 1 << 30 };

static struct mema_kept_piece *add_piece(struct mema_kept_text *t)
{
        struct mema_kept_piece *k =
                mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (k == MAP_FAILED)
                return NULL;
        (void)madvise(k, PIECE_BYTES,
                      MADV_DONTDUMP); /* neighbors do not have this flag, so the kernel does not merge them */
        if (t->last)
                t->last->next = k;
        else
                t->first = k;
        t->last = k;
        return k;
}

bool mema_text_keep(struct mema_kept_text *t, const char *text, size_t len)
{
        if (len > KEPT_MAX - t->bytes)
                return false;
        while (len > 0) {
                struct mema_kept_piece *k = t->last;
                size_t room = k ? PIECE_BYTES - sizeof *k - (size_t)k->length : 0,
                       n = len < room ? len : room;

                if (room == 0) {
                        if (!add_piece(t))
                                return false;
                        continue;
                }
                memcpy(k->text + k->length, text, n);
                k->length += n;
                t->bytes += n;
                text += n;
                len -= n;
        }
        return true;
}

void mema_text_free(struct mema_kept_text *t)
{
        for (struct mema_kept_piece *next; t->first; t->first = next) {
                next = t->first->next;
                munmap(t->first, PIECE_BYTES);
        }
        t->last = NULL;
}
