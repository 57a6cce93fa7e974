/* region.h - questions about one mapping, which need nothing else; not for users. */
#ifndef MEMA_REGION_H
#define MEMA_REGION_H

#include "memanalyzer.h"
#include "scan.h"

/* Bits of mema_neighbor.perms. */
enum { PERM_READ = 1, PERM_WRITE = 2, PERM_EXEC = 4, PERM_SHARED = 8 };

/* Scans "rw-p", which must end the text or be followed by a blank. */
bool mema_scan_perms(struct span *s, char perms[8]);

/* The path without the kernel's " (deleted)". */
struct span mema_undeleted(struct span name);

/* Whether VmFlags has a flag, such as "nh". */
bool mema_has_flag(const struct mema_region *g, const char *flag);

/* Whether the mapping has no struct pages, or a device's: VM_IO or VM_PFNMAP. */
bool mema_is_device(const struct mema_region *g);

/* Whether this is the single record of a smaps_rollup, which is no mapping. */
bool mema_is_rollup(const struct mema_region *g);

bool mema_is_nameless(const struct mema_region *g);

/* Whether `g` is the mapping that was read before with these bounds, and has grown since.
 * smaps is read in pieces; the kernel continues with the mapping at the address where it stopped, and
 * returns all of it again.  A heap that grows waits for the reader's lock, so it does so at that point. */
bool mema_has_grown(uint64_t start, uint64_t end, const struct mema_region *g);

/* What a region shows to its neighbors.  Its category is not known yet. */
struct mema_neighbor mema_neighbor_of(const struct mema_region *g);

/* Whether a region can have labels: anonymous memory, private or shared. */
bool mema_takes_labels(const struct mema_region *g);

/* Whether a label can have this name: 1 to MEMA_LABEL_MAX bytes, no control characters. */
bool mema_is_label_name(struct span name);

#endif
