/* source_owners.h - a growing list of owners: those in a capture, or those that the process finds for
 * itself; not for users. */
#ifndef MEMA_SOURCE_OWNERS_H
#define MEMA_SOURCE_OWNERS_H

#include "memanalyzer.h"

/* Allocates room in advance: allocations of a process that is reading itself change the mappings that it
 * reads, and the kernel returns a mapping again if it has grown since its start was read. */
void mema_owners_reserve(struct mema_owner_list *list);

/* Appends an owner and a copy of its label, and makes the context refer to the list; owners that the context
 * had from elsewhere are dropped.  False if there is no memory, or there are too many. */
bool mema_owners_add(struct mema_owner_list *list, struct mema_context *context,
                     const struct mema_owner *owner, const char *name);

void mema_owners_free(struct mema_owner_list *list);

#endif
