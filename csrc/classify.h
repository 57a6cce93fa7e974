/* classify.h - the category of a region, by rules for names and by shapes; not for users. */
#ifndef MEMA_CLASSIFY_H
#define MEMA_CLASSIFY_H

#include "region.h"

/* How a rule's text is compared with a name. */
enum mema_match {
        EXACT,         /* the whole name is the text */
        PREFIX,        /* it starts with the text */
        DECORATED,     /* it is "/dev/shm/PID [NAME]", and NAME] starts with the text */
        SHARED_OBJECT, /* it is a path whose base name ends in .so or contains .so. */
        PROGRAM,       /* it is the path of the process's executable */
        ANY,           /* any name */
};

/* A rule's condition beside the name. */
enum mema_when {
        ALWAYS,
        SHARED,
        PRIVATE,
        DELETED,   /* the kernel adds " (deleted)", also to files that never had a path */
        BRACKETED, /* a name like [this], and no file */
        DEVICE,    /* by its flags; the mapping can be nameless */
};

/* A rule's category if the permissions decide. */
enum { MEMA_CATEGORY_BY_PERMISSIONS = MEMA_CATEGORY_COUNT };

struct mema_rule {
        const char *text;
        size_t length; /* of the text; not 0 for EXACT, PREFIX and DECORATED */
        enum mema_match match;
        enum mema_when when;
        unsigned category;   /* or MEMA_CATEGORY_BY_PERMISSIONS */
        const char *fixture; /* a file in testdata/rules with a mapping that this rule decides */
};

extern const struct mema_rule mema_rules[];
extern const size_t mema_rule_count;

/* The first rule that matches a region with a name or a device's region.  Some rule always does. */
const struct mema_rule *mema_rule_for(const struct mema_region *g, const struct mema_context *context);

/* The category of a region, and how it is known. */
struct mema_class {
        enum mema_category_id category;
        enum mema_method method;
};

/* Whether nameless memory lies directly behind writable data of a library. */
bool mema_adjoins_library(const struct mema_neighbor *self, const struct mema_neighbor *before);

/* Classifies a region.  `self`: mema_neighbor_of(g).  A neighbor with `end` 0 does not exist.
 * context->threads.stack must be in order.  A pure function of its arguments. */
struct mema_class mema_classify(const struct mema_region *g, const struct mema_neighbor *self,
                                const struct mema_neighbor *before, const struct mema_neighbor *after,
                                const struct mema_context *context);

#endif
