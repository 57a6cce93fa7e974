/* self_memory.h - between self_memory.c and collect.c; not for users. */
#ifndef MEMA_SELF_MEMORY_H
#define MEMA_SELF_MEMORY_H

#include <stdbool.h>

#include "memanalyzer.h"

/* Begins to look for the owners of this process's memory, which go to
 * r->context.owners; NULL where nothing can be found out, and nothing is changed
 * then. */
struct mema_self_memory *mema_self_memory_open(struct mema_report *r);

/* Looks into a region before it is added to the report; NULL looks for nothing. */
void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g);
void mema_self_memory_close(struct mema_self_memory *own);

#endif
