/* own_memory.h - between own_memory.c and collect.c; not for users. */
#ifndef MEMA_OWN_MEMORY_H
#define MEMA_OWN_MEMORY_H

#include <stdbool.h>

#include "memanalyzer.h"

/* Adds an owner behind r->found, and a copy of its name, as context.owners; false
 * where there is no memory for it. */
bool mema_found(struct mema_report *r, const struct mema_owner *owner, const char *name);

/* Begins to look for the owners of this process's memory, which go to
 * r->context.owners; NULL where nothing can be found out, and nothing is changed
 * then. */
struct mema_own_memory *mema_own_memory_open(struct mema_report *r);

/* Looks into a region before it is added to the report; NULL looks for nothing. */
void mema_own_memory_look(struct mema_own_memory *own, const struct mema_region *g);
void mema_own_memory_close(struct mema_own_memory *own);

#endif
