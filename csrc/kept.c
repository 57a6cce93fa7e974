/* kept.c - the text of a reading, kept until it is saved.
 *
 * A process that reads itself should not change what it reads: memory from malloc, or
 * merged with malloc's, would have its heap move meanwhile.  These are mappings that
 * stay by themselves. */
#define _GNU_SOURCE
#include "kept.h"

void mema_report_keep_text(struct mema_report *r)
{
        r->keeps_text = 1;
}

#ifdef __linux__

#include <string.h>
#include <sys/mman.h>

/* Bytes of a piece with its head, and of all text. */
enum { PIECE_BYTES = 1 << 20, KEPT_MAX = 1 << 30 };

static struct mema_kept *add_piece(struct mema_report *r)
{
        struct mema_kept *k =
                mmap(NULL, PIECE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (k == MAP_FAILED)
                return NULL;
        (void)madvise(k, PIECE_BYTES, MADV_DONTDUMP); /* no neighbour has this flag: the kernel merges none */
        if (r->kept_last)
                r->kept_last->next = k;
        else
                r->kept = k;
        r->kept_last = k;
        return k;
}

bool mema_keep(struct mema_report *r, const char *text, size_t len)
{
        if (len > KEPT_MAX - r->kept_bytes)
                return false;
        while (len > 0) {
                struct mema_kept *k = r->kept_last;
                size_t room = k ? PIECE_BYTES - sizeof *k - (size_t)k->length : 0,
                       n = len < room ? len : room;

                if (room == 0) {
                        if (!add_piece(r))
                                return false;
                        continue;
                }
                memcpy(k->text + k->length, text, n);
                k->length += n;
                r->kept_bytes += n;
                text += n;
                len -= n;
        }
        return true;
}

void mema_kept_free(struct mema_report *r)
{
        for (struct mema_kept *next; r->kept; r->kept = next) {
                next = r->kept->next;
                munmap(r->kept, PIECE_BYTES);
        }
        r->kept_last = NULL;
}

#else

bool mema_keep(struct mema_report *r, const char *text, size_t len)
{
        (void)r;
        (void)text;
        (void)len;
        return false;
}

void mema_kept_free(struct mema_report *r)
{
        (void)r;
}

#endif
