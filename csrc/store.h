/* store.h - between store.c and report.c; not for users. */
#ifndef MEMA_STORE_H
#define MEMA_STORE_H

#include <stdbool.h>

#include "memanalyzer.h"

/* Adds to the sums of a region's name: "[anon:X]" is X.  `again`: it is a piece of a
 * mapping that was counted. */
void mema_store_name(struct mema_report *r, const struct mema_region *g, bool again);

/* Keeps the region as a row where options.top and options.sort want it. */
void mema_store_row(struct mema_report *r, const struct mema_region *g);

/* Gives the rows of region number `first` and of all after it a category. */
void mema_store_change(struct mema_report *r, uint64_t first, uint64_t category, uint64_t method);

/* Brings rows and names into their order. */
void mema_store_finish(struct mema_report *r);

#endif
