/* report_apportion.c - joins the process's own figures with the resident sums: conservation checks, and
 * the parts of the two heaps.
 *
 * A process knows how much it has committed to each part, but not how much of that is resident, and no
 * page tells its part.  Only bounds are certain: of R resident bytes, a part with C committed bytes has
 * at most C, and at least what the other parts cannot hold.  Between them, a part is given its share of
 * the committed bytes.
 *
 * The process's figures before and after the reading can differ: a bound holds for both.  The resident
 * sums come from report.c. */
#include "report_apportion.h"

#include "scan.h"

/* Figures of 2^FIGURE_BITS bytes or more are not believed: no machine has that much memory, and the sum of
 * sixteen smaller ones fits in 64 bits. */
enum { FIGURE_BITS = 60 };

/* Whether figures, or'ed together, are all believed. */
static bool are_credible(uint64_t figures)
{
        return figures >> FIGURE_BITS == 0;
}

/* Conservation checks */

/* In a static program, the first thread's data come before malloc's in [heap]: mostly less than a page.  The
 * tolerance is a byte less than a page, because anything else in [heap] is whole pages. */
enum { BEFORE_MALLOC = 4095 };

/* Checks `found` bytes of mappings against two figures of the process.  `allowance`: the most that it may
 * have there and count elsewhere. */
static bool prove(struct mema_proof *proof, bool known, uint64_t found, uint64_t before, uint64_t after,
                  uint64_t allowance)
{
        proof->known = known;
        proof->found = found;
        proof->least = min_u64(before, after);
        proof->most = max_u64(before, after);
        proof->beside = allowance;
        proof->held = known && found >= proof->least && sat_sub(found, allowance) <= proof->most;
        return proof->held;
}

bool mema_is_proven(const struct mema_report *r, enum mema_category_id category)
{
        return category == MEMA_CATEGORY_GO_HEAP ? r->proof[MEMA_PROOF_GO_HEAP].held
                                                 : r->category[category].method == MEMA_METHOD_VERIFIED;
}

/* Verifies a category that is known by its shape.  It is certain if its size equals one of the two figures;
 * between them, some of its pages may be another's, and some may be missing. */
static void verify(struct mema_report *r, unsigned category, const struct mema_proof *proof)
{
        struct mema_category *c = &r->category[category];
        uint64_t excess = proof->found - proof->least, missed = sat_sub(proof->most, proof->found);

        if (c->method != MEMA_METHOD_INFERRED || !proof->held)
                return;
        if (excess <= proof->beside || missed == 0)
                excess = missed = 0;
        c->low = sat_sub(c->sums.value[MEMA_FIELD_RSS], c->unsure + excess);
        c->high += missed;
        c->method = c->low == c->high ? MEMA_METHOD_VERIFIED : MEMA_METHOD_ESTIMATED;
}

/* Parts */

/* Bytes committed to a part before and after the reading, and the part to set. */
struct committed {
        uint64_t before, after;
        struct mema_part *part;
};

static uint64_t most_of(const struct committed *c)
{
        return max_u64(c->before, c->after);
}

/* Sets the bounds of `n` parts that have `resident` bytes together; up to `unclaimed` bytes of these may
 * belong to none of them.  If the whole is not proven, some of a part may be resident elsewhere, and only
 * its committed bytes are a certain bound. */
static void bound(const struct committed *c, size_t n, uint64_t resident, uint64_t unclaimed, bool proven)
{
        uint64_t all = unclaimed;

        for (size_t i = 0; i < n; i++)
                all += most_of(&c[i]);
        for (size_t i = 0; i < n; i++) {
                struct mema_part *part = c[i].part;

                part->committed = c[i].after;
                part->high = proven ? min_u64(most_of(&c[i]), resident) : most_of(&c[i]);
                part->low = proven ? min_u64(sat_sub(resident, all - most_of(&c[i])), part->high) : 0;
        }
}

/* Gives each part its share of the resident bytes, and the last part only what the others cannot hold.
 * Shares are kept within bounds; the remainder goes to, or comes from, the first parts whose bounds
 * allow it, and at last to the last part. */
static void apportion(const struct committed *c, size_t n, uint64_t resident)
{
        struct mema_part *last = c[n - 1].part;
        uint64_t others = 0, given = 0;

        for (size_t i = 0; i + 1 < n; i++)
                others += c[i].after;
        for (size_t i = 0; i < n; i++) {
                struct mema_part *part = c[i].part;

                part->rss = i + 1 < n ? share_of(min_u64(resident, others), c[i].after, others)
                                      : sat_sub(resident, others);
                part->rss = max_u64(part->low, min_u64(part->rss, part->high));
                given += part->rss;
        }
        for (size_t i = 0; i < n && given != resident; i++) {
                struct mema_part *part = c[i].part;
                uint64_t more = min_u64(sat_sub(resident, given), part->high - part->rss);
                uint64_t less = min_u64(sat_sub(given, resident), part->rss - part->low);

                part->rss += more - less;
                given += more - less;
        }
        last->rss += resident - given;
        last->high = max_u64(last->high, last->rss);
}

/* The Go heap */

static uint64_t heap_mapped(const struct mema_go *go)
{
        return go->heap_objects + go->heap_unused + go->heap_free + go->heap_released + go->heap_stacks;
}

/* Just after a collection, heap_live can exceed heap_objects. */
static uint64_t marked(const struct mema_go *go)
{
        return min_u64(go->heap_live, go->heap_objects);
}

/* The collector's work buffers are in the heap's mappings and in none of the heap's figures. */
static uint64_t work_buffers(const struct mema_go *before, const struct mema_go *after)
{
        return max_u64(before->work_buffers, after->work_buffers);
}

/* Divides the heap's mappings between heap and goroutine stacks.  Released memory can still be resident,
 * and counts as the heap's then. */
static void divide_go_heap(struct mema_report *r, const struct mema_go *before, const struct mema_go *after,
                           bool proven)
{
        struct mema_category *heap = &r->category[MEMA_CATEGORY_GO_HEAP],
                             *stack = &r->category[MEMA_CATEGORY_GO_STACK];
        struct mema_part *part = r->part, stacks;
        const struct committed parts[] = {
                { marked(before), marked(after), &part[MEMA_PART_HEAP_MARKED] },
                { before->heap_objects - marked(before), after->heap_objects - marked(after),
                  &part[MEMA_PART_HEAP_SINCE] },
                { before->heap_unused, after->heap_unused, &part[MEMA_PART_HEAP_UNUSED] },
                { before->heap_free, after->heap_free, &part[MEMA_PART_HEAP_FREE] },
                { before->heap_stacks, after->heap_stacks, &stacks },
                { before->heap_released, after->heap_released, &part[MEMA_PART_HEAP_RELEASED] },
        };
        uint64_t all = heap->sums.value[MEMA_FIELD_RSS];
        uint64_t committed = heap_mapped(after) - after->heap_released;
        const struct mema_proof *proof = &r->proof[MEMA_PROOF_GO_HEAP];
        uint64_t unclaimed = min_u64(sat_sub(proof->found, proof->least), work_buffers(before, after));

        r->checks.go_surplus = sat_sub(all, proof->most + proof->beside);
        proven = proven && r->checks.go_surplus == 0;
        bound(parts, sizeof parts / sizeof *parts, all, unclaimed, proven);
        apportion(parts, sizeof parts / sizeof *parts, all);
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                uint64_t of_stacks = share_of(heap->sums.value[i], after->heap_stacks, committed);

                of_stacks = min_u64(of_stacks, after->heap_stacks);
                if (i == MEMA_FIELD_RSS)
                        of_stacks = stacks.rss;
                else if (i == MEMA_FIELD_SIZE)
                        of_stacks = max_u64(of_stacks, stacks.rss); /* there may have been more before */
                of_stacks = min_u64(of_stacks, heap->sums.value[i]);
                stack->sums.value[i] = of_stacks;
                heap->sums.value[i] -= of_stacks;
        }
        stack->low = stacks.low;
        stack->high = stacks.high;
        heap->low = proven ? sat_sub(all, stacks.high + unclaimed) : 0;
        heap->high = proven ? all - stacks.low : max_u64(all, proof->most);
        heap->method = stack->method =
                proven && heap->low == heap->high ? MEMA_METHOD_VERIFIED : MEMA_METHOD_ESTIMATED;
}

static bool go_is_known(const struct mema_go *go)
{
        return go->known && are_credible(go->heap_objects | go->heap_unused | go->heap_free |
                                         go->heap_released | go->heap_stacks | go->work_buffers);
}

static void finish_go(struct mema_report *r, const struct mema_go *before, const struct mema_go *after)
{
        bool known = go_is_known(before) && go_is_known(after);
        const struct mema_category *heap = &r->category[MEMA_CATEGORY_GO_HEAP];
        bool held = prove(&r->proof[MEMA_PROOF_GO_HEAP], known, heap->committed, heap_mapped(before),
                          heap_mapped(after), work_buffers(before, after));

        if (!known)
                return;
        if (heap->sums.value[MEMA_FIELD_SIZE] > 0 && heap_mapped(after) > after->heap_released)
                divide_go_heap(r, before, after, held);
}

/* The C heap */

static bool malloc_is_known(const struct mema_malloc *m)
{
        return m->known && are_credible(m->arena | m->mapped | m->in_use | m->retained);
}

static void finish_malloc(struct mema_report *r, const struct mema_malloc *before,
                          const struct mema_malloc *after)
{
        bool known = malloc_is_known(before) && malloc_is_known(after);
        const struct mema_category *heap = &r->category[MEMA_CATEGORY_MALLOC_MAIN];
        const struct mema_category *arenas = &r->category[MEMA_CATEGORY_MALLOC_ARENAS];
        const struct mema_category *blocks = &r->category[MEMA_CATEGORY_MALLOC_MMAP];
        struct mema_part none; /* what malloc does not account for */
        const struct committed parts[] = {
                { before->in_use, after->in_use, &r->part[MEMA_PART_MALLOC_IN_USE] },
                { before->retained, after->retained, &r->part[MEMA_PART_MALLOC_RETAINED] },
                { 0, 0, &none },
        };
        uint64_t all = heap->sums.value[MEMA_FIELD_RSS] + arenas->sums.value[MEMA_FIELD_RSS];
        struct mema_proof *of_heaps = &r->proof[MEMA_PROOF_MALLOC];
        struct mema_proof *of_blocks = &r->proof[MEMA_PROOF_MALLOC_MMAP];
        uint64_t drift = r->context.malloc_drift;
        bool held = prove(of_heaps, known, heap->committed + arenas->committed, before->arena, after->arena,
                          BEFORE_MALLOC);

        prove(of_blocks, known, blocks->committed, sat_sub(before->mapped, drift),
              sat_sub(after->mapped, drift), 0);
        verify(r, MEMA_CATEGORY_MALLOC_MAIN, of_heaps);
        verify(r, MEMA_CATEGORY_MALLOC_ARENAS, of_heaps);
        verify(r, MEMA_CATEGORY_MALLOC_MMAP, of_blocks);
        if (!known)
                return;
        bound(parts, sizeof parts / sizeof *parts, all, sat_sub(of_heaps->found, of_heaps->most), held);
        apportion(parts, sizeof parts / sizeof *parts, all);
}

void mema_apportion(struct mema_report *r)
{
        finish_go(r, &r->context.facts.go, &r->after.go);
        finish_malloc(r, &r->context.facts.malloc, &r->after.malloc);
}
