/* owners.h - between report.c and owners.c; not for users. */
#ifndef MEMA_OWNERS_H
#define MEMA_OWNERS_H

#include "bytes.h"
#include "memanalyzer.h"

/* A mapping on its way into pieces, and what its last piece is. */
struct mema_cut {
        uint64_t category;                /* of the piece; MEMA_CATEGORY_COUNT: nobody's */
        bool labelled;                    /* the piece has a label's name */
        uint64_t committed;               /* bytes of it that its owner counts */
        uint64_t unsure;                  /* bytes by which what is resident of a piece may be wrong */
        uint64_t pieces;                  /* so far, with this one */
        uint64_t at, end, left;           /* what is left: addresses, bytes */
        uint64_t unowned, unowned_rss;    /* bytes of it that are nobody's, and are resident of these */
        uint64_t value[MEMA_FIELD_COUNT]; /* its columns */
        const struct mema_owner *next, *last;
        bool labels_only;  /* it has a name: nothing else cuts it */
        const char *names; /* of labels */
        uint64_t name_length;
        char name[MEMA_LABEL_MAX + 16]; /* its own, as far as a label's is written over it */
};

/* Whether a region can have labels: anonymous memory, private or shared. */
bool mema_takes_labels(const struct mema_region *g);

/* What a label can be called: 1 to MEMA_LABEL_MAX bytes, no control characters. */
bool mema_is_label_name(struct span name);

/* How many pieces a region can have at the most. */
uint64_t mema_most_pieces(const struct mema_context *context, const struct mema_region *g);

/* Begins with the whole of `g`; false where it has no owners: it is one piece then, and
 * nobody's.  Only what is anonymous is cut: by all owners where it is private and has no
 * name, else by labels. */
bool mema_cut_begin(struct mema_cut *cut, const struct mema_region *g, const struct mema_context *context);

/* Makes `g`, which has owners, the next piece, false where there is none: a mapping of
 * one owner is one piece, with no other change than its name.  In every column that adds
 * up the pieces come to what the mapping had. */
bool mema_cut_next(struct mema_cut *cut, struct mema_region *g);

#endif
