/* report_names.h - sums of named memory, by name; not for users. */
#ifndef MEMA_REPORT_NAMES_H
#define MEMA_REPORT_NAMES_H

#include "memanalyzer.h"

/* The arena bytes that a new name takes at most. */
extern const size_t mema_name_bytes;

/* Adds a region to the sums of its name: "[anon:X]" is X.  `again`: it is a further piece of a
 * mapping that was counted.  False if it went to the other names, because there are too many or there is no
 * room. */
bool mema_names_add(struct mema_names *names, struct mema_arena *arena, const struct mema_region *g,
                    bool again);

/* Updates the places of the names while the arena is compacted. */
void mema_names_relocate(struct mema_names *names, const struct mema_arena *arena);

/* Sorts the names by RSS. */
void mema_names_sort(struct mema_names *names, const struct mema_arena *arena);

/* Copies name `index` of the order; "other names" behind the last. */
void mema_names_copy(const struct mema_names *names, const struct mema_arena *arena, uint64_t index,
                     struct mema_name *name);

#endif
