/* report_sums.h - sums of columns: of regions, by category, and pairs of columns for lists; not
 * for users. */
#ifndef MEMA_REPORT_SUMS_H
#define MEMA_REPORT_SUMS_H

#include "memanalyzer.h"

/* The fields that add up, as a `present` mask. */
extern const uint64_t mema_summed_fields;

/* Adds the columns of a region, which must not overflow. */
void mema_sums_add(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* The same; false, and nothing is added, if a column would overflow. */
bool mema_sums_add_checked(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* Subtracts a region that was added; `present` stays. */
void mema_sums_subtract(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* Adds sums of regions that are in the totals, and so cannot overflow. */
void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from);
void mema_category_merge(struct mema_category *into, const struct mema_category *from);

/* A column of a list: two fields, or one twice. */
struct mema_pair {
        enum mema_field first, second;
};

/* The column of each order that is by a column. */
extern const struct mema_pair mema_sort_pairs[MEMA_SORT_COUNT];

/* Saturating sum of a pair of values. */
uint64_t mema_pair_value(const uint64_t *value, struct mema_pair pair);

#endif
