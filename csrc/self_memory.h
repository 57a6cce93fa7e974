/* self_memory.h - finds the owners of this process's memory; not for users. */
#ifndef MEMA_SELF_MEMORY_H
#define MEMA_SELF_MEMORY_H

#include "memanalyzer.h"

/* Begins to find the owners of this process's memory for r->context.  NULL, with nothing
 * changed but checks.labels_lost, if the context has owners, or there is no memory. */
struct mema_self_memory *mema_self_memory_open(struct mema_report *r);

/* Finds the owners in a region, before it is added to the report.  `own` may be NULL. */
void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g);

/* `own` may be NULL. */
void mema_self_memory_close(struct mema_self_memory *own);

#endif
