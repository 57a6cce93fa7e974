/* source_owners.h - the owners of memory that a source or the process itself finds; not for users. */
#ifndef MEMA_SOURCE_OWNERS_H
#define MEMA_SOURCE_OWNERS_H

#include "memanalyzer.h"

/* Allocates room in advance: what a process allocates while it reads itself moves the mappings that it
 * reads, and the kernel returns a mapping again that has grown since its start was read. */
void mema_owners_reserve(struct mema_owner_list *list);

/* Appends an owner and a copy of its label, and makes the context refer to the list.  False if
 * there is no memory for it, or there are too many. */
bool mema_owners_add(struct mema_owner_list *list, struct mema_context *context,
                     const struct mema_owner *owner, const char *name);

void mema_owners_free(struct mema_owner_list *list);

#endif
