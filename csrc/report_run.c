/* report_run.c - the run of mappings that may be the Go heap.
 *
 * The Go heap is the run of adjoining nameless regions, rw-p and ---p, around an anchor, the address of
 * a live object.  Only at the end of a run is it known whether it holds one, so the run has its own
 * sums by category until then.  Which regions can be in a run is decided in report.c. */
#include "report_run.h"

#include "report_arena.h"
#include "report_rows.h"
#include "report_sums.h"
#include "scan.h"

enum { PLACES = MEMA_CATEGORY_COUNT + MEMA_SIGNS };
_Static_assert(PLACES <= 64, "run.touched has a bit for each place");

static bool holds_anchor(const struct mema_go *go, const struct mema_region *g)
{
        for (uint64_t i = 0; i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (go->anchors[i] - g->start < mema_region_span(g))
                        return true;
        return false;
}

bool mema_run_continues(const struct mema_run *run, const struct mema_region *g)
{
        return run->touched && run->end == g->start;
}

struct mema_category *mema_run_extend(struct mema_run *run, struct mema_arena *arena,
                                      const struct mema_go *go, const struct mema_region *g, unsigned place)
{
        if (!run->touched)
                mema_arena_set_mark(arena);
        run->touched |= UINT64_C(1) << place;
        run->end = g->end;
        run->anchored |= holds_anchor(go, g);
        return &run->category[place];
}

void mema_run_close(struct mema_run *run, struct mema_arena *arena, struct mema_category *category,
                    struct mema_category *signs)
{
        if (!run->touched)
                return;
        for (unsigned i = 0; i < PLACES; i++) {
                struct mema_category *part = &run->category[i];
                struct mema_category *whole =
                        i < MEMA_CATEGORY_COUNT ? &category[i] : &signs[i - MEMA_CATEGORY_COUNT];

                if (!(run->touched >> i & 1))
                        continue;
                if (run->anchored) {
                        part->low = 0;
                        part->method = MEMA_METHOD_INFERRED;
                }
                mema_category_merge(run->anchored ? &category[MEMA_CATEGORY_GO_HEAP] : whole, part);
                memset(part, 0, sizeof *part);
        }
        if (run->anchored)
                mema_rows_change(arena, MEMA_CATEGORY_GO_HEAP, MEMA_METHOD_INFERRED);
        run->touched = 0;
        run->anchored = false;
}
