/* report_arena.h - the memory of a report's names and rows; not for users. */
#ifndef MEMA_REPORT_ARENA_H
#define MEMA_REPORT_ARENA_H

#include "memanalyzer.h"

/* The head of every name and row.  A place is an item's offset from the start of the arena. */
struct mema_item {
        uint32_t size;       /* of the whole item; a multiple of 8 */
        uint32_t references; /* lists that hold it; 0: it is displaced */
        uint64_t moves_to;   /* during compaction: its new place */
};

/* Bytes that are kept free for one more entry, of 16 bytes, in each list. */
enum { MEMA_ARENA_SLACK = MEMA_SORT_COUNT * 16 };

static inline void *mema_arena_at(const struct mema_arena *a, uint64_t place)
{
        return a->bytes + place;
}

/* Bytes between the items and the lists. */
uint64_t mema_arena_free(const struct mema_arena *a);

/* Appends an item with no references; NULL if there is no room. */
void *mema_arena_append(struct mema_arena *a, uint64_t size);

/* Removes one reference. */
void mema_arena_release(struct mema_arena *a, uint64_t place);

/* Sets the mark to the place of the next item.  Compaction moves it with the items. */
void mema_arena_set_mark(struct mema_arena *a);

/* Compaction takes three steps: plan sets moves_to of each item; report_rows.c and report_names.c replace
 * the places that they hold (mema_arena_moved); move moves the items and drops the displaced ones. */
void mema_arena_plan(struct mema_arena *a);
uint64_t mema_arena_moved(const struct mema_arena *a, uint64_t place);
void mema_arena_move(struct mema_arena *a);

/* Replaces the memory by a larger block that starts with the same bytes. */
void mema_arena_lend(struct mema_arena *a, void *memory, uint64_t size);

#endif
