/* report_rows.h - the rows that a report lists, in each order; not for users. */
#ifndef MEMA_REPORT_ROWS_H
#define MEMA_REPORT_ROWS_H

#include "memanalyzer.h"

/* Begins the lists that the options ask for. */
void mema_rows_init(struct mema_rows *rows, const struct mema_options *options);

/* The arena bytes that a row takes at most, its name apart. */
extern const size_t mema_row_bytes;

/* Keeps the region as a row if it belongs into a list; `number` is its place in the kernel's order.
 * False if there is no room for it. */
bool mema_rows_add(struct mema_rows *rows, struct mema_arena *arena, const struct mema_region *g,
                   uint64_t number);

/* Gives the rows behind the arena's mark a category. */
void mema_rows_change(struct mema_arena *arena, enum mema_category_id category, enum mema_method method);

/* Updates the places of the rows while the arena is compacted. */
void mema_rows_relocate(struct mema_rows *rows, struct mema_arena *arena);

/* Sorts every list. */
void mema_rows_sort(struct mema_rows *rows, struct mema_arena *arena);

/* Copies row `index` of a list that is kept. */
void mema_rows_copy(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort,
                    uint64_t index, struct mema_region *row);

#endif
