/* report_bounds.c - the certain bounds of memory that is known by its shape only.
 *
 * A shape proves nothing.  What is counted by its shape, or is nameless and fits no shape, can belong to
 * every category that has nameless memory, up to the most that such a category can miss.  Names and the
 * process's own figures bound that; where they do not, it is everything. */
#include "report_bounds.h"

#include "scan.h"

static const uint64_t unbounded = UINT64_MAX;

/* Bytes of address space in a proof's mappings that the process counts elsewhere. */
static uint64_t beside(const struct mema_proof *proof)
{
        return min_u64(sat_sub(proof->found, proof->least), proof->beside);
}

static bool go_is_proven(const struct mema_report *r)
{
        return r->proof[MEMA_PROOF_GO_HEAP].held && r->checks.go_surplus == 0;
}

/* The resident bytes of a category that can be another's.  The proven Go heap shares its bytes with the
 * stacks on it only, apart from the collector's buffers. */
static uint64_t unsure_of(const struct mema_report *r, enum mema_category_id id)
{
        const struct mema_category *c = &r->category[id];

        if (go_is_proven(r) && id == MEMA_CATEGORY_GO_STACK)
                return 0;
        if (go_is_proven(r) && id == MEMA_CATEGORY_GO_HEAP)
                return min_u64(beside(&r->proof[MEMA_PROOF_GO_HEAP]), c->sums.value[MEMA_FIELD_RSS]);
        return sat_sub(c->sums.value[MEMA_FIELD_RSS], c->low);
}

/* What can be missing in Go's categories: nothing if the kernel names them. */
static uint64_t missing_of_go(const struct mema_report *r, enum mema_category_id id)
{
        const struct mema_category *c = &r->category[id];
        const struct mema_go *before = &r->context.facts.go, *after = &r->after.go;
        bool heap = id == MEMA_CATEGORY_GO_HEAP;

        if ((heap && go_is_proven(r)) || (c->method <= MEMA_METHOD_ESTIMATED && c->low > 0))
                return 0;
        if (!r->proof[MEMA_PROOF_GO_HEAP].known)
                return unbounded;
        return sat_sub(heap ? r->proof[MEMA_PROOF_GO_HEAP].most : max_u64(before->metadata, after->metadata),
                       c->sums.value[MEMA_FIELD_RSS]);
}

/* What can be missing of a category that malloc has a figure for. */
static uint64_t missing_of_malloc(const struct mema_proof *proof)
{
        return !proof->known ? unbounded : proof->held ? 0 : proof->most;
}

/* The most resident bytes that a category can have beside those that are counted in it. */
static uint64_t most_missing(const struct mema_report *r, enum mema_category_id id)
{
        switch (id) {
        case MEMA_CATEGORY_GO_HEAP:
        case MEMA_CATEGORY_GO_METADATA:
                return missing_of_go(r, id);
        case MEMA_CATEGORY_MALLOC_MAIN: /* without brk, it is a mapping */
        case MEMA_CATEGORY_MALLOC_ARENAS:
                return missing_of_malloc(&r->proof[MEMA_PROOF_MALLOC]);
        case MEMA_CATEGORY_MALLOC_MMAP:
                return missing_of_malloc(&r->proof[MEMA_PROOF_MALLOC_MMAP]);
        case MEMA_CATEGORY_STACK_THREADS:
        case MEMA_CATEGORY_ANON_RW:
                return unbounded;
        case MEMA_CATEGORY_LIBRARIES: /* zeroed data can be one mapping with other memory */
                return r->context.bss_known ? 0 : r->_counting.beside_libraries;
        case MEMA_CATEGORY_SANITIZER: /* it is known by its flags */
                return r->_counting.flagless ? unbounded : 0;
        default:
                return 0;
        }
}

/* From outside, the Go heap includes the goroutine stacks. */
static void bound_go_stacks(struct mema_report *r)
{
        struct mema_category *heap = &r->category[MEMA_CATEGORY_GO_HEAP],
                             *stacks = &r->category[MEMA_CATEGORY_GO_STACK];

        if (r->context.facts.go.known || heap->sums.value[MEMA_FIELD_RSS] == 0)
                return;
        heap->low = 0;
        stacks->high = heap->high;
        if (heap->method < MEMA_METHOD_ESTIMATED)
                heap->method = MEMA_METHOD_ESTIMATED;
        stacks->method = heap->method;
}

/* What was listed twice may have been counted twice. */
static void bound_repeated(struct mema_report *r)
{
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT && r->_counting.twice > 0; i++) {
                struct mema_category *c = &r->category[i];

                if (c->low > 0 && c->method < MEMA_METHOD_ESTIMATED)
                        c->method = MEMA_METHOD_ESTIMATED;
                c->low = sat_sub(c->low, r->_counting.twice);
        }
}

void mema_bound(struct mema_report *r)
{
        struct mema_category *rest = &r->category[MEMA_CATEGORY_ANON_RW];
        uint64_t unsure[MEMA_CATEGORY_COUNT], all = 0, missing = 0;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                unsure[i] = unsure_of(r, (enum mema_category_id)i);
                all += unsure[i];
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                struct mema_category *c = &r->category[i];
                uint64_t most = most_missing(r, (enum mema_category_id)i);
                uint64_t more = min_u64(all - unsure[i], most);

                if (c != rest)
                        missing = sat_add(missing, most);
                c->high = max_u64(c->high, sat_add(c->sums.value[MEMA_FIELD_RSS], more));
                if (more > 0 && c->sums.value[MEMA_FIELD_RSS] == 0)
                        c->method = MEMA_METHOD_INFERRED;
        }
        rest->low += sat_sub(unsure[MEMA_CATEGORY_ANON_RW], missing);
        bound_go_stacks(r);
        bound_repeated(r);
}
