/* report_split.h - splits a mapping at the bounds of the owners of its parts; not for users. */
#ifndef MEMA_REPORT_SPLIT_H
#define MEMA_REPORT_SPLIT_H

#include "memanalyzer.h"
#include "region.h"

/* A mapping while it is split, and its current piece. */
struct mema_split {
        enum mema_category_id category; /* of the piece; MEMA_CATEGORY_COUNT: it has no owner */
        bool labeled;                   /* the piece has a label */
        uint64_t committed;             /* bytes of the piece that its owner accounts for */
        uint64_t unsure;                /* the most by which the piece's Rss may be wrong, in bytes */
        uint64_t pieces;                /* so far, this one included */

        uint64_t from;                    /* owners count from this address on */
        uint64_t at, end, left;           /* what is left of the mapping: addresses, bytes */
        uint64_t unowned, unowned_rss;    /* bytes of it without an owner; how many of those are resident */
        uint64_t value[MEMA_FIELD_COUNT]; /* its columns */
        const struct mema_owner *next, *last;
        bool labels_only;  /* the mapping has a name: only labels split it */
        const char *names; /* of labels */
        uint64_t name_length;
        char name[MEMA_LABEL_MAX + 16]; /* the start of its name, which a label overwrites */
};

/* The most pieces that a region can have. `from` as below. */
uint64_t mema_most_pieces(const struct mema_context *context, const struct mema_region *g, uint64_t from);

/* Begins to split `g`; false if it has no owner: it is one piece then.  Only anonymous memory is split: by
 * every owner if it is private and nameless, else by labels.  Owners below address `from` are
 * ignored: an earlier mapping that overlaps `g` has them, so that the number of all pieces is linear. */
bool mema_split_begin(struct mema_split *s, const struct mema_region *g, const struct mema_context *context,
                      uint64_t from);

/* Makes `g` the next piece; false if there is none.  A mapping with one owner is one piece, of which only
 * the name changes.  The pieces add up to the mapping in every column that adds up. */
bool mema_split_next(struct mema_split *s, struct mema_region *g);

#endif
