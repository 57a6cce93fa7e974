/* report_rows.h - the rows that a report lists, in each order; not for users. */
#ifndef MEMA_REPORT_ROWS_H
#define MEMA_REPORT_ROWS_H

#include "memanalyzer.h"

/* Begins the lists that the options ask for. */
void mema_rows_init(struct mema_rows *rows, const struct mema_options *options);

/* The most arena bytes that a row takes beside its name. */
extern const size_t mema_row_bytes;

/* Keeps the region as a row if a list has a place for it.  `number`: of the region, in the kernel's
 * order.  Returns false if the arena is full. */
bool mema_rows_add(struct mema_rows *rows, struct mema_arena *arena, const struct mema_region *g,
                   uint64_t number);

/* Sets the category and method of the rows from the arena's mark on.  All items there must be rows. */
void mema_rows_change(struct mema_arena *arena, enum mema_category_id category, enum mema_method method);

/* Replaces the places of the rows during compaction of the arena. */
void mema_rows_relocate(struct mema_rows *rows, struct mema_arena *arena);

/* Sorts every list. */
void mema_rows_sort(struct mema_rows *rows, struct mema_arena *arena);

/* Copies row `index` of a list that is kept. */
void mema_rows_copy(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort,
                    uint64_t index, struct mema_region *row);

#endif
