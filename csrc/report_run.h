/* report_run.h - the run of mappings that may be the Go heap; not for users. */
#ifndef MEMA_REPORT_RUN_H
#define MEMA_REPORT_RUN_H

#include "memanalyzer.h"
#include "report_split.h"

/* Counts a region, or a piece of one, in its category. */
void mema_category_count(struct mema_category *c, const struct mema_region *g,
                         const struct mema_split *piece);

/* Whether a region adjoins the open run. */
bool mema_run_continues(const struct mema_run *run, const struct mema_region *g);

/* Counts a region in the run, which it adjoins or begins. */
void mema_run_add(struct mema_run *run, struct mema_arena *arena, const struct mema_go *go,
                  const struct mema_region *g, const struct mema_split *piece);

/* Ends the run: adds its sums to the Go heap if it has an anchor, else to the categories. */
void mema_run_close(struct mema_run *run, struct mema_arena *arena, struct mema_category *category);

#endif
