/* report_run.c - the run of mappings that may be the Go heap.
 *
 * The Go heap is the run of adjoining nameless regions, rw-p and ---p, around an anchor, the address
 * of a live object.  Whether there is an anchor is known only when the run has ended, so
 * its regions are summed by category on the side until then. */
#include "report_run.h"

#include "report_arena.h"
#include "report_rows.h"
#include "report_sums.h"
#include "scan.h"

_Static_assert(MEMA_CATEGORY_COUNT <= 64, "run.touched has a bit for each category");

void mema_category_count(struct mema_category *c, const struct mema_region *g, const struct mema_split *piece)
{
        mema_sums_add(&c->sums, g);
        c->sums.mappings -= piece->pieces > 1;
        if (g->perms[1] == 'w')
                c->committed += piece->committed;
        c->unsure = sat_add(c->unsure, piece->unsure);
        if (g->method <= MEMA_METHOD_ESTIMATED)
                c->low += sat_sub(g->value[MEMA_FIELD_RSS], piece->unsure);
        if (g->method > c->method)
                c->method = g->method;
}

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

void mema_run_add(struct mema_run *run, struct mema_arena *arena, const struct mema_go *go,
                  const struct mema_region *g, const struct mema_split *piece)
{
        if (!run->touched)
                mema_arena_set_mark(arena);
        run->touched |= UINT64_C(1) << g->category;
        run->end = g->end;
        run->anchored |= holds_anchor(go, g);
        mema_category_count(&run->category[g->category], g, piece);
}

void mema_run_close(struct mema_run *run, struct mema_arena *arena, struct mema_category *category)
{
        if (!run->touched)
                return;
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                struct mema_category *part = &run->category[i];

                if (!(run->touched >> i & 1))
                        continue;
                if (run->anchored) {
                        part->low = 0;
                        part->method = MEMA_METHOD_INFERRED;
                }
                mema_category_merge(&category[run->anchored ? MEMA_CATEGORY_GO_HEAP : i], part);
                memset(part, 0, sizeof *part);
        }
        if (run->anchored)
                mema_rows_change(arena, MEMA_CATEGORY_GO_HEAP, MEMA_METHOD_INFERRED);
        run->touched = 0;
        run->anchored = false;
}
