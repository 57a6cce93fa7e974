/* report_sums.c - sums of columns.  How they are divided again is in report_split.c and
 * report_apportion.c.
 *
 * Two of these loops run for each mapping: they mask each column in place of a branch, so that the
 * compiler can vectorize them. */
#include "report_sums.h"

#include "scan.h"

/* UINT64_MAX if a field adds up, else 0. */
static const uint64_t summed[MEMA_FIELD_COUNT] = {
#define X(id, label, kind) MEMA_KIND_##kind == MEMA_KIND_SUM ? UINT64_MAX : 0,
        MEMA_FIELDS(X)
#undef X
};

const uint64_t mema_summed_fields = 0
#define X(id, label, kind) | (MEMA_KIND_##kind == MEMA_KIND_SUM ? MEMA_BIT(MEMA_FIELD_##id) : 0)
        MEMA_FIELDS(X)
#undef X
        ;

/* Fields up to Anonymous: most mappings have no others. */
enum { USUAL = MEMA_FIELD_ANONYMOUS + 1 };

/* Whether all further fields are 0: to find out costs less than to add them. */
static inline bool is_usual(const struct mema_region *g)
{
        uint64_t any = 0;

        for (unsigned i = USUAL; i < MEMA_FIELD_COUNT; i++)
                any |= g->value[i] & summed[i];
        return any == 0;
}

/* Adds a range of fields.  Returns the union of the bits of all numbers. */
static inline uint64_t add_fields(struct mema_sums *restrict sums, const struct mema_region *restrict g,
                                  unsigned from, unsigned end)
{
        uint64_t all = 0;

        for (unsigned i = from; i < end; i++) {
                uint64_t value = g->value[i] & summed[i];

                all |= sums->value[i] | value;
                sums->value[i] += value;
        }
        return all;
}

void mema_sums_add(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        sums->mappings++;
        sums->present |= g->present & mema_summed_fields;
        add_fields(sums, g, 0, USUAL);
        if (!is_usual(g))
                add_fields(sums, g, USUAL, MEMA_FIELD_COUNT);
}

/* Whether sums that a region was added to have wrapped. */
static bool have_wrapped(const struct mema_sums *sums, const struct mema_region *g)
{
        bool wrapped = false;

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                wrapped |= sums->value[i] < (g->value[i] & summed[i]);
        return wrapped;
}

bool mema_sums_add_checked(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        uint64_t all = add_fields(sums, g, 0, USUAL);

        if (!is_usual(g))
                all |= add_fields(sums, g, USUAL, MEMA_FIELD_COUNT);
        sums->mappings++;
        /* Sums of two numbers below 2^63 cannot wrap. */
        if (all >> 63 && have_wrapped(sums, g)) {
                mema_sums_subtract(sums, g);
                return false;
        }
        sums->present |= g->present & mema_summed_fields;
        return true;
}

void mema_sums_subtract(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        sums->mappings--;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                sums->value[i] -= g->value[i] & summed[i];
}

void mema_category_add(struct mema_category *c, const struct mema_region *g, uint64_t committed,
                       uint64_t unsure, bool again)
{
        mema_sums_add(&c->sums, g);
        c->sums.mappings -= again;
        if (g->perms[1] == 'w')
                c->committed += committed;
        c->unsure = sat_add(c->unsure, unsure);
        if (g->method <= MEMA_METHOD_ESTIMATED)
                c->low += sat_sub(g->value[MEMA_FIELD_RSS], unsure);
        if (g->method > c->method)
                c->method = g->method;
}

void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from)
{
        into->mappings += from->mappings;
        into->present |= from->present;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                into->value[i] += from->value[i];
}

void mema_category_merge(struct mema_category *into, const struct mema_category *from)
{
        mema_sums_merge(&into->sums, &from->sums);
        into->committed += from->committed;
        into->unsure = sat_add(into->unsure, from->unsure);
        into->low += from->low;
        if (from->method > into->method)
                into->method = from->method;
}

const struct mema_pair mema_sort_pairs[MEMA_SORT_COUNT] = {
        [MEMA_SORT_RSS] = { MEMA_FIELD_RSS, MEMA_FIELD_RSS },
        [MEMA_SORT_PSS] = { MEMA_FIELD_PSS, MEMA_FIELD_PSS },
        [MEMA_SORT_PRIVATE] = { MEMA_FIELD_PRIVATE_CLEAN, MEMA_FIELD_PRIVATE_DIRTY },
        [MEMA_SORT_DIRTY] = { MEMA_FIELD_PRIVATE_DIRTY, MEMA_FIELD_SHARED_DIRTY },
        [MEMA_SORT_SWAP] = { MEMA_FIELD_SWAP, MEMA_FIELD_SWAP },
        [MEMA_SORT_SIZE] = { MEMA_FIELD_SIZE, MEMA_FIELD_SIZE },
};

uint64_t mema_pair_value(const uint64_t *value, struct mema_pair pair)
{
        uint64_t a = value[pair.first], b = pair.second == pair.first ? 0 : value[pair.second];

        return sat_add(a, b);
}
