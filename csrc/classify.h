/* classify.h - between classify_rules.c, classify.c and report.c; not for users. */
#ifndef MEMA_CLASSIFY_H
#define MEMA_CLASSIFY_H

#include "region.h"

enum mema_match {
        EXACT,         /* the whole name */
        PREFIX,        /* its beginning */
        DECORATED,     /* /dev/shm/PID [NAME], of a NAME that begins so */
        SHARED_OBJECT, /* a path whose base name ends in .so or has .so. */
        PROGRAM,       /* the path of the process's own executable */
        ANY,           /* every other name */
};

/* What a rule asks of the mapping beside its name. */
enum mema_when {
        ALWAYS,
        SHARED,
        PRIVATE,
        DELETED,   /* the kernel says so, as it does of files without a place */
        BRACKETED, /* a name like [this], of no file */
        DEVICE,    /* by its flags, which a nameless mapping can have, too */
};

/* A rule's category where the permissions decide. */
enum { MEMA_CATEGORY_BY_PERMISSIONS = MEMA_CATEGORY_COUNT };

struct mema_rule {
        const char *text;
        size_t length;
        enum mema_match match;
        enum mema_when when;
        unsigned category;   /* or MEMA_CATEGORY_BY_PERMISSIONS */
        const char *fixture; /* in testdata/rules: has a mapping that this rule decides */
};

extern const struct mema_rule mema_rules[];
extern const size_t mema_rule_count;

/* The rule that decides a region with a name, or a device's; the first that matches. */
const struct mema_rule *mema_rule_for(const struct mema_region *g, const struct mema_context *context);

/* The kind of a region, and how it is known. */
struct mema_class {
        enum mema_category_id category;
        enum mema_method method;
};

/* Classifies `g`, which shows `self`, between its neighbors (`end` 0: none).  A pure function of its
 * arguments. */
struct mema_class mema_classify(const struct mema_region *g, const struct mema_neighbor *self,
                                const struct mema_neighbor *before, const struct mema_neighbor *after,
                                const struct mema_context *context);

#endif
