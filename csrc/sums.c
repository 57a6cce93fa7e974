/* sums.c - columns added up. */
#include "sums.h"

/* The fields that add up. */
static const uint64_t summed = 0
#define X(id, label, kind) | (MEMA_##kind == MEMA_SUM ? MEMA_BIT(MEMA_##id) : 0)
        MEMA_FIELDS(X)
#undef X
        ;

void mema_sums_add(struct mema_sums *sums, const struct mema_region *g)
{
        sums->mappings++;
        sums->present |= g->present & summed;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if (summed >> i & 1)
                        sums->value[i] += g->value[i];
}

bool mema_sums_would_overflow(const struct mema_sums *sums, const struct mema_region *g)
{
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if ((summed >> i & 1) && g->value[i] > UINT64_MAX - sums->value[i])
                        return true;
        return false;
}

void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from)
{
        into->mappings += from->mappings;
        into->present |= from->present;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                into->value[i] += from->value[i];
}
