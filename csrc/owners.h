/* owners.h - between report.c and owners.c; not for users. */
#ifndef MEMA_OWNERS_H
#define MEMA_OWNERS_H

#include <stdbool.h>

#include "memanalyzer.h"

/* A mapping on its way into pieces, and what its last piece is. */
struct mema_cut {
        uint64_t category;                /* of the piece; MEMA_CATEGORY_COUNT: nobody's */
        uint64_t committed;               /* bytes of it that its owner counts */
        uint64_t unsure;                  /* bytes by which what is resident of a piece may be wrong */
        uint64_t pieces;                  /* so far, with this one */
        uint64_t at, end, left;           /* what is left: addresses, bytes */
        uint64_t unowned, unowned_rss;    /* bytes of it that are nobody's, and are resident of these */
        uint64_t value[MEMA_FIELD_COUNT]; /* its columns */
        const struct mema_owner *next, *last;
};

/* Begins with the whole of `g`.  Only what is anonymous and private is cut. */
void mema_cut_begin(struct mema_cut *cut, const struct mema_region *g, const struct mema_context *context);

/* Makes `g` the next piece, false where there is none: a mapping without owners,
 * or of one, is one piece, unchanged.  In every column that adds up the pieces
 * come to what the mapping had. */
bool mema_cut_next(struct mema_cut *cut, struct mema_region *g);

#endif
