/* report_split.h - splits a mapping at the bounds of the owners of its parts; not for users. */
#ifndef MEMA_REPORT_SPLIT_H
#define MEMA_REPORT_SPLIT_H

#include "memanalyzer.h"

/* A mapping that is being split, and its current piece. */
struct mema_split {
        enum mema_category_id category; /* of the piece's owner; MEMA_CATEGORY_COUNT: it has none */
        bool labeled;                   /* the owner is a label */
        uint64_t committed;             /* bytes that the owner accounts for; without one, the piece's size */
        uint64_t unsure;                /* the most by which the piece's Rss may be wrong, in bytes */
        uint64_t pieces;                /* so far, this one included */

        /* The rest is for report_split.c. */
        uint64_t from;                    /* owners below this address are ignored */
        uint64_t at, end, left;           /* the rest of the mapping: addresses, bytes */
        uint64_t unowned, unowned_rss;    /* bytes of it without an owner, and resident ones among them */
        uint64_t value[MEMA_FIELD_COUNT]; /* its columns */
        const struct mema_owner *next, *last;
        bool labels_only;  /* the mapping has a name: owners without a label do not split it */
        const char *names; /* of labels */
        uint64_t name_length;
        char name[MEMA_LABEL_MAX + 16]; /* the start of the mapping's name, which a label overwrites */
};

/* The most pieces that a region can have.  `from`: as *from of mema_split_begin. */
uint64_t mema_split_most_pieces(const struct mema_context *context, const struct mema_region *g,
                                uint64_t from);

/* Begins to split `g`; false if it stays one piece.  Only anonymous memory is split: by every owner if
 * it is private and nameless, else by labels.
 *
 * *from is 0 before the first region.  Owners below it are ignored, because an earlier mapping that
 * overlaps `g` was searched for them; the call sets it to the end of `g`.  So all regions together have
 * at most two pieces for each owner and three for each region. */
bool mema_split_begin(struct mema_split *s, const struct mema_region *g, const struct mema_context *context,
                      uint64_t *from);

/* Makes `g` the next piece; false if there are no more.  A mapping with a single owner is one piece, and
 * only its name changes.  Every column that adds up is the sum of the pieces. */
bool mema_split_next(struct mema_split *s, struct mema_region *g);

#endif
