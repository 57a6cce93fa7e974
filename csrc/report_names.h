/* report_names.h - sums of named memory, by name; not for users. */
#ifndef MEMA_REPORT_NAMES_H
#define MEMA_REPORT_NAMES_H

#include "memanalyzer.h"

/* The most arena bytes that a new name takes. */
extern const size_t mema_name_bytes;

/* Adds a region to the sums of its name, the X of "[anon:X]".  `again`: it is a further piece of a
 * mapping that was counted.  Returns false if the region went to the other names, because there are
 * MEMA_NAMES_MAX or the arena is full. */
bool mema_names_add(struct mema_names *names, struct mema_arena *arena, const struct mema_region *g,
                    bool again);

/* Replaces the places of the names during compaction of the arena. */
void mema_names_relocate(struct mema_names *names, const struct mema_arena *arena);

/* Sorts the names: the largest Rss first. */
void mema_names_sort(struct mema_names *names, const struct mema_arena *arena);

/* Copies name `index` in that order; "other names" if it is beyond the last one. */
void mema_names_copy(const struct mema_names *names, const struct mema_arena *arena, uint64_t index,
                     struct mema_name *name);

#endif
