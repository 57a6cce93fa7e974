/* classify.h - between rules.c, classify.c and report.c; not for users. */
#ifndef MEMA_CLASSIFY_H
#define MEMA_CLASSIFY_H

#include "bytes.h"
#include "memanalyzer.h"

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
enum { MEMA_BY_PERMISSIONS = MEMA_CATEGORY_COUNT };

struct mema_rule {
        const char *text;
        size_t length;
        enum mema_match match;
        enum mema_when when;
        unsigned category;
        const char *fixture; /* in testdata/rules: has a mapping that this rule decides */
};

extern const struct mema_rule mema_rules[];
extern const size_t mema_rule_count;

/* Whether a region has a flag of VmFlags, as "nh". */
bool mema_has_flag(const struct mema_region *g, const char *flag);

/* It has no pages of memory, or those of a device: VM_IO, VM_PFNMAP. */
bool mema_is_device(const struct mema_region *g);

/* It is the one record of a smaps_rollup, which is no mapping. */
bool mema_is_rollup(const struct mema_region *g);

/* Whether a region is the one before it, which had these bounds, grown since: smaps is read in
 * pieces, and the kernel goes on with the mapping that has the address where it stopped, all of
 * it.  A heap that grows waits for the reader of its pages, and does so just then. */
bool mema_has_grown(uint64_t start, uint64_t end, const struct mema_region *g);

/* The rule that decides a region with a name, or a device's; the first that matches. */
const struct mema_rule *mema_rule_for(const struct mema_region *g, const struct mema_context *context);

/* "/x (deleted)" without what the kernel added. */
struct span mema_undeleted(struct span name);

enum { PERM_READ = 1, PERM_WRITE = 2, PERM_EXEC = 4, PERM_SHARED = 8 };

/* What a region shows to those beside it; its category is not yet known. */
struct mema_neighbour mema_neighbour_of(const struct mema_region *g);

/* The category of `g`, which shows `self`, between its neighbours (`end` 0: none), and how
 * it is known.  A function of its arguments and of nothing else. */
unsigned mema_classify(const struct mema_region *g, const struct mema_neighbour *self,
                       const struct mema_neighbour *before, const struct mema_neighbour *after,
                       const struct mema_context *context, uint64_t *method);

#endif
