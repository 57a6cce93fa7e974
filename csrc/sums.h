/* sums.h - columns added up, over mappings and in pairs, and the arithmetic of shares;
 * not for users. */
#ifndef MEMA_SUMS_H
#define MEMA_SUMS_H

#include <stdbool.h>

#include "memanalyzer.h"

/* The fields that add up, as a `present` mask. */
extern const uint64_t mema_summed_fields;

static inline uint64_t at_most(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

static inline uint64_t larger(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

static inline uint64_t beyond(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

/* a + b, the largest number there is where that would pass it. */
static inline uint64_t together(uint64_t a, uint64_t b)
{
        return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* v * part / whole, for part <= whole, without passing 64 bits. */
static inline uint64_t mema_share(uint64_t v, uint64_t part, uint64_t whole)
{
        while (whole >> 32) {
                whole >>= 1;
                part >>= 1;
        }
        return whole > 0 ? v / whole * part + v % whole * part / whole : 0;
}

/* Adds the columns of a region, which must not overflow. */
void mema_sums_add(struct mema_sums *restrict sums, const struct mema_region *restrict g);
/* The same where none does; else false, and nothing is added. */
bool mema_sums_add_checked(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* Takes back a region that was added; which fields there were stays. */
void mema_sums_take_back(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* A column of a list: two fields, or one twice. */
struct mema_pair {
        enum mema_field first, second;
};

/* What the regions are ordered by, for each order that is by a column. */
extern const struct mema_pair mema_sort_pairs[MEMA_SORT_COUNT];

/* Both fields of a region's or of sums' values together, the largest number there is where they would pass
 * it. */
uint64_t mema_pair_value(const uint64_t *value, struct mema_pair pair);

/* Adds other sums, of regions that were added to the totals, too. */
void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from);

#endif
