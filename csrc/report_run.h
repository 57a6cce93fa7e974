/* report_run.h - the run of mappings that may be the Go heap; not for users. */
#ifndef MEMA_REPORT_RUN_H
#define MEMA_REPORT_RUN_H

#include "memanalyzer.h"

/* Whether a region adjoins the open run. */
bool mema_run_continues(const struct mema_run *run, const struct mema_region *g);

/* Extends the run by a region, which adjoins or begins it, and returns the sums to count the region in.
 * `place`: its category, or MEMA_CATEGORY_COUNT and more for a sign of an allocator. Call it before the
 * region's row is added: the arena's mark is where the rows of the run begin. */
struct mema_category *mema_run_extend(struct mema_run *run, struct mema_arena *arena,
                                      const struct mema_go *go, const struct mema_region *g, unsigned place);

/* Ends the run: adds its sums to the Go heap, and changes its rows, if it holds an anchor; else adds the
 * sums to their categories and signs. */
void mema_run_close(struct mema_run *run, struct mema_arena *arena, struct mema_category *category,
                    struct mema_category *signs);

#endif
