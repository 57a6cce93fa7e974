/* region.h - properties of a single mapping; not for users. */
#ifndef MEMA_REGION_H
#define MEMA_REGION_H

#include "memanalyzer.h"
#include "scan.h"

/* Bits of mema_neighbor.perms. */
enum { PERM_READ = 1, PERM_WRITE = 2, PERM_EXEC = 4, PERM_SHARED = 8 };

/* Scans "rw-p", which the end of the text or a blank must follow.  On error, s->at is at the wrong byte. */
bool mema_scan_perms(struct span *s, char perms[8]);

/* A path without the " (deleted)" that the kernel appends. */
struct span mema_undeleted(struct span name);

/* Whether VmFlags has one of two flags, in one pass. */
bool mema_has_either(const struct mema_region *g, const char *first, const char *second);

/* Whether VmFlags has a flag, such as "nh". */
bool mema_has_flag(const struct mema_region *g, const char *flag);

/* Whether the mapping has no struct pages, or a device's: VM_IO or VM_PFNMAP. */
bool mema_is_device(const struct mema_region *g);

/* Whether this is the single record of a smaps_rollup, not a mapping. */
bool mema_is_rollup(const struct mema_region *g);

/* Whether the kernel prints no name, or "[stack:TID]". */
bool mema_is_nameless(const struct mema_region *g);

/* Whether the mapping is private, anonymous and nameless. */
bool mema_is_plain(const struct mema_region *g);

/* Whether `g` is a mapping that was read with these bounds, and comes again: it has grown, or was merged with
 * its neighbors.  smaps is read in pieces, and the kernel continues at the address where it stopped, with all
 * of the mapping that is there now.  From Linux 6.17 (maps) and 7.2 (smaps) on that happens within a piece.
 */
bool mema_comes_again(uint64_t start, uint64_t end, const struct mema_region *g);

/* What a region shows to its neighbors, without its category. */
struct mema_neighbor mema_neighbor_of(const struct mema_region *g);

/* Whether a region is private anonymous memory in hugetlb pages, which are not in Rss. */
bool mema_is_hugetlb(const struct mema_region *g);

/* Whether a region is anonymous memory, private or shared, which can have labels. */
bool mema_takes_labels(const struct mema_region *g);

/* Whether the name is valid for a label: 1 to MEMA_LABEL_MAX bytes, no control characters. */
bool mema_is_label_name(struct span name);

#endif
