/* report_arena.h - the memory of a report's names and rows; not for users. */
#ifndef MEMA_REPORT_ARENA_H
#define MEMA_REPORT_ARENA_H

#include "memanalyzer.h"

/* How every name and row begins.  A place is an offset from the arena's start. */
struct mema_item {
        uint32_t size;       /* of the whole item; a multiple of 8 */
        uint32_t references; /* lists that hold it; 0: it is displaced */
        uint64_t moves_to;   /* while compacting: its new place */
};

/* Bytes that are kept free for one entry in each list. */
enum { MEMA_ARENA_SLACK = MEMA_SORT_COUNT * 16 };

static inline void *mema_arena_at(const struct mema_arena *a, uint64_t place)
{
        return a->bytes + place;
}

uint64_t mema_arena_free(const struct mema_arena *a);

/* Appends an item without references; NULL if there is no room. */
void *mema_arena_append(struct mema_arena *a, uint64_t size);

/* Removes one reference. */
void mema_arena_release(struct mema_arena *a, uint64_t place);

/* Marks the place of the next item; compacting moves the mark along. */
void mema_arena_set_mark(struct mema_arena *a);

/* Compacting has three steps: plan sets moves_to of every item that has references, the
 * owners of places update them (mema_arena_moved), and move moves the items. */
void mema_arena_plan(struct mema_arena *a);
uint64_t mema_arena_moved(const struct mema_arena *a, uint64_t place);
void mema_arena_move(struct mema_arena *a);

/* Replaces the memory by a larger one that starts with the same bytes. */
void mema_arena_lend(struct mema_arena *a, void *memory, uint64_t size);

#endif
