/* self_heap_linux.c - finds the heaps and blocks of glibc's malloc in this process's memory.
 *
 * The kernel merges unnamed mappings of malloc with their neighbors, so mappings do not show where they
 * begin. But glibc's own fields are at the start of each heap of an arena, and of each block that has a
 * mapping of its own.  They are believed only if all of them fit together, and the result is still inferred:
 * malloc's sums verify it (report_apportion.c).  Those are not asked for at every reading, but this search is
 * made at every one, so that categories do not alternate. */
#include "self_search.h"

/* glibc maps blocks from 128 KiB (M_MMAP_THRESHOLD), unless the program changes that. */
static const uint64_t block_least = UINT64_C(128) << 10;

/* Limits on fruitless searches: heap starts in a region; block pages in a region; block pages, and
 * batches of them, in all.  The first page of a region is always tried. */
enum { HEAP_MISSES_MAX = 64, BLOCK_MISSES_MAX = 1024, ALL_BLOCK_MISSES_MAX = 4096 };

/* The words at the start of a heap (struct _heap_info, the same since glibc 2.4), and the two that count at
 * the start of a block (struct malloc_chunk), which come after padding if words have 4 bytes. */
enum word { ARENA, PREV, SIZE, WRITABLE, WORDS, BEFORE = 16 / sizeof(size_t) - 2, FLAGGED };
_Static_assert((int)WORDS == (int)MEMA_HEAD_WORDS, "a head has all of them");
enum { IS_MMAPPED = 2, CHUNK_FLAGS = 7 };

/* Heaps */

/* The address of the heap that contains the arena, which lies behind the 4 to 8 words of struct _heap_info; 0
 * if the words cannot be those of a heap. */
static uint64_t first_heap(const struct mema_self_memory *own, const struct mema_head *h)
{
        uint64_t bytes = sizeof *h->word, behind = h->word[ARENA] % own->heap;
        uint64_t size = h->word[SIZE], writable = h->word[WRITABLE];
        bool sizes = size > 0 && size <= writable && writable <= MEMA_HEAP_MAX &&
                     (size | writable) % own->page == 0;

        return sizes && behind >= 4 * bytes && behind <= 8 * bytes && behind % (2 * bytes) == 0
                       ? h->word[ARENA] - behind
                       : 0;
}

/* The first heap of an arena has no previous heap; the others are linked to it. */
static bool is_heap(struct mema_self_memory *own, uint64_t at, const struct mema_head *h)
{
        uint64_t first = first_heap(own, h), before = h->word[PREV];
        struct mema_head prev, start;

        if (first == 0 || first == at)
                return first == at && before == 0;
        if (before == 0 || before == at || before % own->heap != 0)
                return false;
        prev = mema_self_head(own, before);
        start = mema_self_head(own, first);
        return prev.word[ARENA] == h->word[ARENA] && first_heap(own, &prev) == first &&
               start.word[ARENA] == h->word[ARENA] && first_heap(own, &start) == first &&
               start.word[PREV] == 0;
}

/* Notes that the heap at `at` goes on behind `end`. */
static void open_heap(struct mema_self_memory *own, uint64_t at, const struct mema_head *h, uint64_t end)
{
        own->now.open_at = end;
        own->now.open_used = at + h->word[SIZE];
        own->now.open_end = at + h->word[WRITABLE];
}

uint64_t mema_self_continue_heap(struct mema_self_memory *own, const struct mema_region *g)
{
        uint64_t end = min_u64(own->now.open_end, g->end);
        struct mema_owner o = { g->start, end, MEMA_CATEGORY_MALLOC_ARENAS, 0, 0, 0, 0, 0 };

        if (own->now.open_at != g->start || end <= g->start)
                return g->start;
        o.committed = sat_sub(min_u64(own->now.open_used, end), g->start);
        own->now.open_at = end;
        mema_self_take(own, g, o);
        return end;
}

void mema_self_note_arena(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_head h;

        if (!own->malloc || g->start % own->heap != 0)
                return;
        h = mema_self_head(own, g->start);
        if (is_heap(own, g->start, &h))
                open_heap(own, g->start, &h, g->end);
}

/* Takes the heap that begins at `at` in `g` and returns its size; 0 if there is none.  A heap ends with the
 * region unless it is full, because reserved addresses follow it, or it goes on in the next region.  It may
 * have grown since the region was read. */
static uint64_t find_heap(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          uint64_t end)
{
        struct mema_head h = mema_self_head(own, at);
        uint64_t bytes = min_u64(h.word[WRITABLE], end - at);
        struct mema_owner o = {
                at, at + bytes, MEMA_CATEGORY_MALLOC_ARENAS, 0, min_u64(h.word[SIZE], bytes), 0, 0, 0
        };

        if (!is_heap(own, at, &h) || (h.word[WRITABLE] < own->heap && o.end != end))
                return 0;
        open_heap(own, at, &h, o.end);
        mema_self_take(own, g, o);
        return bytes;
}

/* If there is no [heap], as with glibc.malloc.hugetlb=2, the main arena is in mappings.  They have no header,
 * but its chunks lie one behind the other up to the end of a page.  The size of those at `at` that begin with
 * these words; 0 if there are none. */
static uint64_t main_arena_size(const struct mema_self_memory *own, const struct mema_head *h, uint64_t at,
                                uint64_t end)
{
        enum { PREVIOUS_IN_USE = 1, CERTAIN = 3, MOST = 8192 };
        uint64_t start = at, least = 2 * sizeof(size_t);
        size_t word[2] = { h->word[BEFORE], h->word[FLAGGED] };

        if (word[0] != 0)
                return 0;
        for (unsigned chunks = 0; chunks < MOST; chunks++) {
                uint64_t size = word[1] & ~(size_t)CHUNK_FLAGS;

                if (size < least || size % least != 0 || size > end - at ||
                    (word[1] & CHUNK_FLAGS) > PREVIOUS_IN_USE)
                        return chunks >= CERTAIN && at % own->page == 0 ? at - start : 0;
                at += size;
                if (at == end)
                        return chunks >= CERTAIN ? at - start : 0;
                if (mema_self_read(own, at, word, sizeof word) < sizeof word)
                        return 0;
        }
        return end - start;
}

/* Blocks */

/* The size of a block that begins with these words; 0 if none does.  From glibc 2.43 on, the size word is
 * without the two words of the header. */
static uint64_t block_size(const struct mema_self_memory *own, const struct mema_head *h, uint64_t room)
{
        size_t before = h->word[BEFORE], flagged = h->word[FLAGGED];
        uint64_t lead = BEFORE * sizeof *h->word, size = (flagged & ~(size_t)CHUNK_FLAGS) + lead;

        if (size % own->page == own->page - 2 * sizeof *h->word)
                size += 2 * sizeof *h->word;
        return before == lead && (flagged & CHUNK_FLAGS) == IS_MMAPPED && size % own->page == 0 &&
                               size <= room
                       ? size
                       : 0;
}

/* The owner that begins with these words, with no size if there is none. */
static struct mema_owner owner_of(const struct mema_self_memory *own, const struct mema_head *h, uint64_t at,
                                  uint64_t end)
{
        struct mema_owner o = { .start = at, .category = MEMA_CATEGORY_MALLOC_MMAP };

        o.committed = block_size(own, h, end - at);
        if (o.committed == 0 && !own->now.brk) {
                o.category = MEMA_CATEGORY_MALLOC_MAIN;
                o.committed = main_arena_size(own, h, at, end);
        }
        o.end = at + o.committed;
        return o;
}

/* Takes the blocks that begin from `at` to `stop` and end at `end` at most.  Returns `stop`, or the end of a
 * block that extends beyond it.  The start and the end of a block are likely places for another one, and are
 * tried first; elsewhere only resident pages are. */
static uint64_t find_blocks(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                            uint64_t stop, uint64_t end)
{
        bool likely = true;

        while (at < stop && own->misses_left > 0 && own->now.found < MEMA_FOUND_MAX) {
                uint64_t next = at + own->page;
                struct mema_owner o = { 0 };
                size_t n = 1;

                if (likely) {
                        mema_self_head(own, at);
                } else {
                        next = at;
                        n = mema_self_resident(own, &next, stop,
                                               (size_t)min_u64(own->misses_left, MEMA_SELF_BATCH));
                        mema_self_heads(own, n);
                }
                for (size_t i = 0; i < n && o.committed == 0; i++)
                        o = owner_of(own, &own->heads[i], own->pages_at[i], end);
                likely = o.committed > 0;
                if (likely) {
                        at = o.end;
                        if (o.category == MEMA_CATEGORY_MALLOC_MMAP) {
                                own->now.blocks++;
                                own->now.block_bytes += o.committed;
                        }
                        mema_self_take(own, g, o);
                } else {
                        uint64_t misses = min_u64(1 + n, own->misses_left);

                        at = next;
                        own->misses_left -= misses;
                        own->now.misses += misses;
                }
        }
        return at < stop ? stop : at;
}

/* Regions */

void mema_self_find_heaps(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          uint64_t end)
{
        while (at < end && own->now.found < MEMA_FOUND_MAX &&
               (own->heap_misses_left > 0 || own->misses_left > 0)) {
                uint64_t stop = min_u64((at | (own->heap - 1)) + 1, end), heap = 0;

                if (at % own->heap == 0 && own->heap_misses_left > 0) {
                        heap = find_heap(own, g, at, end);
                        own->heap_misses_left -= heap == 0;
                }
                at = heap > 0 ? at + heap : find_blocks(own, g, at, stop, end);
        }
}

/* Allows for misses in a region in which malloc can have memory. */
void mema_self_begin_heaps(struct mema_self_memory *own, const struct mema_region *g)
{
        const struct mema_malloc *malloc = &own->report->context.facts.malloc;

        own->heap_misses_left = own->misses_left = 0;
        if (!own->malloc || g->value[MEMA_FIELD_RSS] + g->value[MEMA_FIELD_SWAP] == 0 ||
            mema_self_is_near_go_heap(&own->report->context.facts.go, g))
                return;
        own->heap_misses_left = HEAP_MISSES_MAX;
        own->misses_left = own->now.misses < ALL_BLOCK_MISSES_MAX ? BLOCK_MISSES_MAX : 1;
        /* The kernel does not merge blocks with memory of other flags (nr, nh), such as heaps, stacks and
         * Go's. Not searching if malloc has no blocks makes a small report a third faster. */
        if ((malloc->known && malloc->mapped == 0 && own->now.brk) || g->end - g->start < block_least ||
            mema_has_flag(g, "nr") || mema_has_flag(g, "nh"))
                own->misses_left = 0;
}

void mema_self_find_in_hugetlb(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_head h;
        struct mema_owner o;

        if (!own->malloc || g->perms[1] != 'w')
                return;
        h = mema_self_head(own, g->start);
        o = owner_of(own, &h, g->start, g->end);
        if (g->start % own->heap == 0 && is_heap(own, g->start, &h)) {
                o.category = MEMA_CATEGORY_MALLOC_ARENAS;
                o.committed = min_u64(h.word[SIZE], g->end - g->start);
        }
        if (o.committed == 0)
                return;
        o.end = g->end;
        mema_self_take(own, g, o);
}
