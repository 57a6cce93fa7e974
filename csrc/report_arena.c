/* report_arena.c - the memory of a report's names and rows: bump allocation and compaction.
 *
 * Items are appended from the start; the lists of rows grow down from the end (a->tail bytes).  An item
 * that no list holds any more is displaced, and compaction drops it.  The memory is the caller's: nothing
 * is allocated here.  The items are those of report_names.c and report_rows.c. */
#include "report_arena.h"

#include "scan.h"

uint64_t mema_arena_free(const struct mema_arena *a)
{
        return a->size - a->used - a->tail;
}

void *mema_arena_append(struct mema_arena *a, uint64_t size)
{
        struct mema_item *item;

        size = (size + 7) / 8 * 8;
        if (mema_arena_free(a) < size + MEMA_ARENA_SLACK)
                return NULL;
        item = mema_arena_at(a, a->used);
        item->size = (uint32_t)size;
        item->references = 0;
        a->used += size;
        return item;
}

void mema_arena_release(struct mema_arena *a, uint64_t place)
{
        struct mema_item *item = mema_arena_at(a, place);

        if (--item->references == 0)
                a->displaced += item->size;
}

void mema_arena_set_mark(struct mema_arena *a)
{
        a->mark = a->used;
}

void mema_arena_plan(struct mema_arena *a)
{
        struct mema_item *item;
        uint64_t to = 0;

        for (uint64_t place = 0; place < a->used; place += item->size) {
                item = mema_arena_at(a, place);
                item->moves_to = to;
                if (item->references > 0)
                        to += item->size;
        }
}

uint64_t mema_arena_moved(const struct mema_arena *a, uint64_t place)
{
        return ((const struct mema_item *)mema_arena_at(a, place))->moves_to;
}

void mema_arena_move(struct mema_arena *a)
{
        uint64_t to = 0, below_mark = 0, size;

        for (uint64_t place = 0; place < a->used; place += size) {
                struct mema_item *item = mema_arena_at(a, place);

                size = item->size;
                if (item->references == 0)
                        continue;
                memmove(mema_arena_at(a, to), item, (size_t)size);
                to += size;
                if (place < a->mark)
                        below_mark = to;
        }
        a->mark = below_mark;
        a->used = to;
        a->displaced = 0;
}

void mema_arena_lend(struct mema_arena *a, void *memory, uint64_t size)
{
        unsigned char *bytes = memory;

        size = size / 8 * 8;
        memmove(bytes + size - a->tail, bytes + a->size - a->tail, (size_t)a->tail);
        a->bytes = bytes;
        a->size = size;
}
