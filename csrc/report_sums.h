/* report_sums.h - sums of columns: over regions, over categories, and of the two columns that a list is
 * sorted by; not for users. */
#ifndef MEMA_REPORT_SUMS_H
#define MEMA_REPORT_SUMS_H

#include "memanalyzer.h"

/* The fields that add up, as a `present` mask. */
extern const uint64_t mema_summed_fields;

/* Adds the columns of a region that is in the totals, so that no sum can overflow. */
void mema_sums_add(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* The same for the totals; returns false, and adds nothing, if a column would overflow. */
bool mema_sums_add_checked(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* Subtracts a region that was added; `present` stays. */
void mema_sums_subtract(struct mema_sums *restrict sums, const struct mema_region *restrict g);

/* Adds a region, or a piece of one, to its category.  `committed` and `unsure` are in bytes; `again`: it is
 * a further piece of a mapping that was counted. */
void mema_category_add(struct mema_category *c, const struct mema_region *g, uint64_t committed,
                       uint64_t unsure, bool again);

/* Adds sums to other sums, one category to another. */
void mema_sums_merge(struct mema_sums *into, const struct mema_sums *from);
void mema_category_merge(struct mema_category *into, const struct mema_category *from);

/* A column of a list: two fields, or one field twice. */
struct mema_pair {
        enum mema_field first, second;
};

/* The column that each order sorts by; ADDRESS and NAME have none. */
extern const struct mema_pair mema_sort_pairs[MEMA_SORT_COUNT];

/* The saturating sum of a pair of values. */
uint64_t mema_pair_value(const uint64_t *value, struct mema_pair pair);

#endif
