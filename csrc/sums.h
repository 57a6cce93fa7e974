/* sums.h - columns added up; not for users. */
#ifndef MEMA_SUMS_H
#define MEMA_SUMS_H

#include <stdbool.h>

#include "memanalyzer.h"

/* Adds the columns of a region, which must not overflow. */
void mema_sums_add(struct mema_sums *sums, const struct mema_region *g);
bool mema_sums_would_overflow(const struct mema_sums *sums, const struct mema_region *g);

/* The sum of two numbers, the largest there is where it would pass that. */
static inline uint64_t mema_add_saturating(uint64_t a, uint64_t b)
{
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* Adds other sums, of regions that were added to the totals, too. */
void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from);

#endif
