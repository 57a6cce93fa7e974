/* sums.c - columns added up: over mappings without a branch a column, because
 * three of these loops run for each mapping; and in pairs, for lists. */
#include "sums.h"

/* All ones for a field that adds up, else 0; and the same as a `present` mask. */
static const uint64_t summed[MEMA_FIELD_COUNT] = {
#define X(id, label, kind) MEMA_##kind == MEMA_SUM ? UINT64_MAX : 0,
        MEMA_FIELDS(X)
#undef X
};

const uint64_t mema_summed_fields = 0
#define X(id, label, kind) | (MEMA_##kind == MEMA_SUM ? MEMA_BIT(MEMA_##id) : 0)
        MEMA_FIELDS(X)
#undef X
        ;

void mema_sums_add(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        sums->mappings++;
        sums->present |= g->present & mema_summed_fields;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                sums->value[i] += g->value[i] & summed[i];
}

/* Whether sums that a region was added to have passed 2^64. */
static bool have_passed(const struct mema_sums *sums, const struct mema_region *g)
{
        bool passed = false;

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                passed |= sums->value[i] < (g->value[i] & summed[i]);
        return passed;
}

bool mema_sums_add_checked(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        uint64_t top = 0;

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                uint64_t value = g->value[i] & summed[i];

                top |= sums->value[i] | value;
                sums->value[i] += value;
        }
        sums->mappings++;
        /* Numbers below 2^63 cannot pass. */
        if (top >> 63 && have_passed(sums, g)) {
                mema_sums_take_back(sums, g);
                return false;
        }
        sums->present |= g->present & mema_summed_fields;
        return true;
}

void mema_sums_take_back(struct mema_sums *restrict sums, const struct mema_region *restrict g)
{
        sums->mappings--;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                sums->value[i] -= g->value[i] & summed[i];
}

void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from)
{
        into->mappings += from->mappings;
        into->present |= from->present;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                into->value[i] += from->value[i];
}

const struct mema_pair mema_sort_pairs[MEMA_SORT_COUNT] = {
        [MEMA_SORT_RSS] = { MEMA_RSS, MEMA_RSS },
        [MEMA_SORT_PSS] = { MEMA_PSS, MEMA_PSS },
        [MEMA_SORT_PRIVATE] = { MEMA_PRIVATE_CLEAN, MEMA_PRIVATE_DIRTY },
        [MEMA_SORT_DIRTY] = { MEMA_PRIVATE_DIRTY, MEMA_SHARED_DIRTY },
        [MEMA_SORT_SWAP] = { MEMA_SWAP, MEMA_SWAP },
        [MEMA_SORT_SIZE] = { MEMA_SIZE, MEMA_SIZE },
};

uint64_t mema_pair_value(const uint64_t *value, struct mema_pair pair)
{
        uint64_t a = value[pair.first], b = pair.second == pair.first ? 0 : value[pair.second];

        return together(a, b);
}
