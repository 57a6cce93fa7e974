/* self_memory_linux.c - the owners of this process's memory: its labels (self_labels_linux.c), the stacks of
 * glibc's threads, and the heaps and blocks of its malloc.
 *
 * The kernel merges unnamed mappings of malloc with their neighbors, so mappings do not show
 * where they begin.  But glibc's own fields are at the start of each heap of an arena, and of each block
 * that has a mapping of its own.  They are read through the kernel (process_vm_readv), so that a wrong guess
 * cannot fault.  They are believed only if all of them fit together, and the result is still inferred:
 * malloc's sums verify it (report_apportion.c).  Those are not asked for at every reading, but this search is
 * made at every one, so that categories do not alternate. */
#define _GNU_SOURCE
#include "self_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "classify.h"
#include "pagemap.h"
#include "self_labels.h"
#include "self_malloc.h"
#include "self_object.h"
#include "source_owners.h"

/* glibc aligns heaps to their largest size (HEAP_MAX_SIZE of arena.c; four huge pages with
 * glibc.malloc.hugetlb=2 up to 2.41), and maps blocks from 128 KiB (M_MMAP_THRESHOLD), at most 65536 of them
 * (M_MMAP_MAX), unless the program changes that. */
static const uint64_t heap_max = sizeof(size_t) > 4 ? UINT64_C(64) << 20 : UINT64_C(1) << 20;
static const uint64_t huge_heap_max = UINT64_C(8) << 20;
static const uint64_t block_least = UINT64_C(128) << 10;
enum { FOUND_MAX = 65536 };

/* Limits on fruitless searches: heap starts in a region; block pages in a region; block pages, and
 * batches of them, in all.  The first page of a region is always tried. */
enum { HEAP_MISSES_MAX = 64, BLOCK_MISSES_MAX = 1024, ALL_BLOCK_MISSES_MAX = 4096 };

/* The most pages to look up one by one, without a scan, to count resident ones: 2 ms. */
enum { COUNTED_MAX = 262144 };

/* Bits of /proc/PID/pagemap. */
static const uint64_t PRESENT = UINT64_C(1) << 63, SWAPPED = UINT64_C(1) << 62;
enum { BATCH = 256 };

/* The words at the start of a heap (struct _heap_info, the same since glibc 2.4), and the two that count at
 * the start of a block (struct malloc_chunk), which come after padding if words have 4 bytes. */
enum word { ARENA, PREV, SIZE, WRITABLE, WORDS, BEFORE = 16 / sizeof(size_t) - 2, FLAGGED };
enum { IS_MMAPPED = 2, CHUNK_FLAGS = 7 };

struct head {
        size_t word[WORDS];
};

struct mema_self_memory {
        struct mema_report *report;
        uint64_t page;       /* its size */
        uint64_t heap;       /* the largest size of a heap, to which it is aligned */
        int pagemap, memory; /* files of this process; -1: not open */
        pid_t pid;
        bool scans;         /* the kernel has PAGEMAP_SCAN */
        uint64_t countable; /* pages left of COUNTED_MAX */
        bool malloc;        /* heaps and blocks can be searched */
        struct mema_labels *labels;
        uint64_t labeled;                       /* address: the end of the labels that were taken */
        uint64_t first;                         /* the region's first owner */
        uint64_t heap_misses_left, misses_left; /* of HEAP_MISSES_MAX, BLOCK_MISSES_MAX, in this region */
        struct progress {
                uint64_t owners, labels_lost;
                uint64_t next_thread; /* the first whose descriptor is not below this region */
                uint64_t next_label;  /* the first that does not end below this region */
                uint64_t misses;      /* of ALL_BLOCK_MISSES_MAX */
                uint64_t found;       /* heaps and blocks in all regions */
                uint64_t blocks, block_bytes;
                uint64_t open_at, open_used,
                        open_end;          /* the rest of a heap that goes on in the next region */
                uint64_t go_start, go_end; /* of the regions of the Go heap that hold an anchor */
                uint64_t metadata;         /* resident bytes of Go metadata */
                uint64_t file_end;         /* of the last mapping of a file */
                uint64_t object_end;       /* of the last object, with its zeroed data */
                bool brk, go_names;        /* there was a [heap], a name of Go memory */
        } now, before;                     /* before the last region, in case it comes again */
        uint64_t last_start, last_end;     /* of that region */
        uint64_t states[BATCH];            /* entries of pagemap */
        uint64_t pages_at[BATCH];          /* addresses of pages */
        struct head heads[BATCH];          /* the words at those addresses */
};

/* Reading */

/* Reads the pagemap entries of `n` pages from `at` into own->states; 0 if they cannot be read. */
static void read_states(struct mema_self_memory *own, uint64_t at, size_t n)
{
        off_t offset = (off_t)(at / own->page * sizeof *own->states);

        memset(own->states, 0, n * sizeof *own->states);
        (void)pread(own->pagemap, own->states, n * sizeof *own->states, offset);
}

/* Finds up to `most` resident pages from *at up to `stop`, and writes their addresses to own->pages_at.
 * Returns their number, which can be 0 before the search is done, and moves *at to where it continues. `most`
 * is at most BATCH. */
static size_t find_resident(struct mema_self_memory *own, uint64_t *at, uint64_t stop, size_t most)
{
        struct mema_page_run runs[BATCH] = { 0 }; /* MSan does not see that the kernel writes them */
        int64_t n = own->scans ? mema_pagemap_scan(own->pagemap, at, stop, most, runs, BATCH) : -1;
        size_t count = 0;

        own->scans = n >= 0;
        for (int64_t i = 0; i < n; i++)
                for (uint64_t page = runs[i].start; page < runs[i].end && count < most; page += own->page)
                        own->pages_at[count++] = page;
        if (own->scans)
                return count;
        most = (size_t)min_u64(most, (stop - *at) / own->page);
        read_states(own, *at, most);
        for (size_t i = 0; i < most; i++, *at += own->page)
                if (own->states[i] & PRESENT)
                        own->pages_at[count++] = *at;
        return count;
}

/* Reads the first words of the first `n` own->pages_at into own->heads.  One call for all of them: a call for
 * each makes a small report a third slower.  A kernel without the call (CONFIG_CROSS_MEMORY_ATTACH) has
 * /proc/self/mem. */
static void read_heads(struct mema_self_memory *own, size_t n)
{
        struct iovec to[BATCH], from[BATCH];
        size_t done = 0;
        ssize_t bytes;

        memset(own->heads, 0, n * sizeof *own->heads);
        for (size_t i = 0; i < n; i++) {
                to[i] = (struct iovec){ &own->heads[i], sizeof *own->heads };
                from[i] = (struct iovec){ (void *)(uintptr_t)own->pages_at[i], sizeof *own->heads };
        }
        bytes = n > 0 ? process_vm_readv(own->pid, to, n, from, n, 0) : 0;
        for (done = bytes > 0 ? (size_t)bytes / sizeof *own->heads : 0; done < n; done++)
                (void)pread(own->memory, &own->heads[done], sizeof *own->heads, (off_t)own->pages_at[done]);
}

/* Reads the first words of one page into own->heads[0]: zeros if it has no memory.  A page that is swapped
 * out is swapped in. */
static struct head read_head(struct mema_self_memory *own, uint64_t at)
{
        own->pages_at[0] = at;
        read_states(own, at, 1);
        if (own->states[0] & (PRESENT | SWAPPED))
                read_heads(own, 1);
        else
                memset(own->heads, 0, sizeof *own->heads);
        return own->heads[0];
}

/* Owners */

static bool is_whole(const struct mema_owner *o, const struct mema_region *g)
{
        return o->start == g->start && o->end == g->end;
}

/* Whether the kernel names the region like the label. */
static bool is_shown(const struct mema_self_memory *own, const struct mema_region *g, struct span name)
{
        struct span shown = span_of(g->name, (size_t)g->name_length);
        const char *colon = memchr(shown.at, ':', span_length(shown));

        return colon && SPAN_ENDS(shown, "]") &&
               mema_rule_for(g, &own->report->context)->category == MEMA_CATEGORY_NAMED &&
               span_equals(name, colon + 1, (size_t)(shown.end - 1 - (colon + 1)));
}

static void take_label(struct mema_self_memory *own, const struct mema_region *g, const struct mema_owner *o)
{
        const char *name = own->labels->names + o->name;

        if (is_shown(own, g, span_of(name, (size_t)o->name_length)))
                return;
        if ((own->pagemap < 0 && !is_whole(o, g)) ||
            !mema_owners_add(&own->report->_owners, &own->report->context, o, name))
                own->report->checks.labels_lost++;
}

/* Takes the labels that begin in the region below `stop`. */
static void take_labels(struct mema_self_memory *own, const struct mema_region *g, uint64_t stop)
{
        for (; own->now.next_label < own->labels->count; own->now.next_label++) {
                struct mema_owner o = own->labels->list[own->now.next_label];
                uint64_t end = o.end;

                o.start = max_u64(o.start, own->labeled);
                o.end = min_u64(end, g->end);
                o.committed = sat_sub(o.end, o.start);
                if (o.start >= stop)
                        return;
                if (o.committed > 0) {
                        own->labeled = o.end;
                        take_label(own, g, &o);
                }
                if (end > g->end)
                        return;
        }
}

/* The start of the next label that was not taken yet. */
static uint64_t label_start(const struct mema_self_memory *own)
{
        return own->now.next_label < own->labels->count
                       ? max_u64(own->labels->list[own->now.next_label].start, own->labeled)
                       : UINT64_MAX;
}

/* Adds a heap or a block, or a piece of one, to the owners. */
static void take_piece(struct mema_self_memory *own, const struct mema_owner *new)
{
        struct mema_report *r = own->report;
        uint64_t count = r->context.owner_count;
        struct mema_owner *last = count > own->first ? &r->_owners.owners[count - 1] : NULL;

        if (last && last->end == new->start && last->category == new->category) {
                last->end = new->end;
                last->committed += new->committed;
        } else if (!mema_owners_add(&r->_owners, &r->context, new, NULL)) {
                own->now.found = FOUND_MAX;
        }
}

/* Takes a heap or a block, except for its labeled pages: a label is certain, a find is inferred. */
static void take(struct mema_self_memory *own, const struct mema_region *g, struct mema_owner o)
{
        uint64_t end = o.end, used = o.start + o.committed;

        own->now.found++;
        take_labels(own, g, o.start);
        for (o.start = max_u64(o.start, own->labeled); o.start < end;
             o.start = max_u64(o.end, own->labeled)) {
                o.end = min_u64(end, label_start(own));
                o.committed = sat_sub(min_u64(o.end, used), o.start);
                if (o.start < o.end)
                        take_piece(own, &o);
                take_labels(own, g, o.end + 1);
        }
}

/* Counts resident bytes page by page, before Linux 6.7, as far as *budget goes.  Pages of zeros that were
 * only read count as well, which smaps leaves out. */
static uint64_t count_pages(struct mema_self_memory *own, uint64_t start, uint64_t end, uint64_t *budget)
{
        uint64_t rss = 0;

        for (uint64_t at = start, n; *budget > 0 && at < end; at += n * own->page) {
                n = min_u64(min_u64((end - at) / own->page, BATCH), *budget);
                *budget -= n;
                read_states(own, at, (size_t)n);
                for (size_t k = 0; k < n; k++)
                        rss += own->states[k] & PRESENT ? own->page : 0;
        }
        return rss;
}

/* Labels have no budget: the program asked for them. */
static uint64_t resident(struct mema_self_memory *own, uint64_t start, uint64_t end, bool labeled)
{
        uint64_t rss, all = UINT64_MAX;

        own->scans = own->scans && mema_pagemap_sum(own->pagemap, start, end, &rss);
        return own->scans ? rss : count_pages(own, start, end, labeled ? &all : &own->countable);
}

/* Counts the resident bytes of each owner in a region, and of the rest: the difference between the sum and
 * the kernel's Rss bounds the error of each. */
static void count_resident(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_report *r = own->report;
        uint64_t at = g->start, sum = 0, unsure;

        if (r->context.owner_count == own->first)
                return;

        struct mema_owner *o = &r->_owners.owners[own->first],
                          *end = &r->_owners.owners[r->context.owner_count];

        if (is_whole(o, g)) {
                o->rss = g->value[MEMA_FIELD_RSS];
                return;
        }
        for (; o < end; at = o++->end) {
                sum += resident(own, at, o->start, false);
                o->rss = resident(own, o->start, o->end, o->name_length > 0);
                sum += o->rss;
        }
        sum += resident(own, at, g->end, false);
        unsure = own->scans || own->countable > 0
                         ? max_u64(sum, g->value[MEMA_FIELD_RSS]) - min_u64(sum, g->value[MEMA_FIELD_RSS])
                         : g->value[MEMA_FIELD_RSS];
        for (o = &own->report->_owners.owners[own->first]; o < end; o++)
                o->unsure = unsure;
}

/* Heaps */

/* The address of the heap that contains the arena, which lies behind the 4 to 8 words of struct _heap_info; 0
 * if the words cannot be those of a heap. */
static uint64_t first_heap(const struct mema_self_memory *own, const struct head *h)
{
        uint64_t bytes = sizeof *h->word, behind = h->word[ARENA] % own->heap;
        uint64_t size = h->word[SIZE], writable = h->word[WRITABLE];
        bool sizes =
                size > 0 && size <= writable && writable <= heap_max && (size | writable) % own->page == 0;

        return sizes && behind >= 4 * bytes && behind <= 8 * bytes && behind % (2 * bytes) == 0
                       ? h->word[ARENA] - behind
                       : 0;
}

/* The first heap of an arena has no previous heap; the others are linked to it. */
static bool is_heap(struct mema_self_memory *own, uint64_t at, const struct head *h)
{
        uint64_t first = first_heap(own, h), before = h->word[PREV];
        struct head prev, start;

        if (first == 0 || first == at)
                return first == at && before == 0;
        if (before == 0 || before == at || before % own->heap != 0)
                return false;
        prev = read_head(own, before);
        start = read_head(own, first);
        return prev.word[ARENA] == h->word[ARENA] && first_heap(own, &prev) == first &&
               start.word[ARENA] == h->word[ARENA] && first_heap(own, &start) == first &&
               start.word[PREV] == 0;
}

/* Notes that the heap at `at` goes on behind `end`. */
static void open_heap(struct mema_self_memory *own, uint64_t at, const struct head *h, uint64_t end)
{
        own->now.open_at = end;
        own->now.open_used = at + h->word[SIZE];
        own->now.open_end = at + h->word[WRITABLE];
}

/* Takes the rest of a heap whose start is in the region before: with glibc.malloc.hugetlb=1 its first huge
 * page is a mapping of its own, and with glibc.mem.decorate_maps=1 so is the part that has a name.  Returns
 * the end of the rest. */
static uint64_t continue_heap(struct mema_self_memory *own, const struct mema_region *g)
{
        uint64_t end = min_u64(own->now.open_end, g->end);
        struct mema_owner o = { g->start, end, MEMA_CATEGORY_MALLOC_ARENAS, 0, 0, 0, 0, 0 };

        if (own->now.open_at != g->start || end <= g->start)
                return g->start;
        o.committed = sat_sub(min_u64(own->now.open_used, end), g->start);
        own->now.open_at = end;
        take(own, g, o);
        return end;
}

/* Takes the heap that begins at `at` in `g` and returns its size; 0 if there is none.  A heap ends with the
 * region unless it is full, because reserved addresses follow it, or it goes on in the next region.  It may
 * have grown since the region was read. */
static uint64_t find_heap(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          uint64_t end)
{
        struct head h = read_head(own, at);
        uint64_t bytes = min_u64(h.word[WRITABLE], end - at);
        struct mema_owner o = {
                at, at + bytes, MEMA_CATEGORY_MALLOC_ARENAS, 0, min_u64(h.word[SIZE], bytes), 0, 0, 0
        };

        if (!is_heap(own, at, &h) || (h.word[WRITABLE] < own->heap && o.end != end))
                return 0;
        open_heap(own, at, &h, o.end);
        take(own, g, o);
        return bytes;
}

/* If there is no [heap], as with glibc.malloc.hugetlb=2, the main arena is in mappings.  They have no header,
 * but its chunks lie one behind the other up to the end of a page.  The size of those at `at` that begin with
 * these words; 0 if there are none. */
static uint64_t main_arena_size(const struct mema_self_memory *own, const struct head *h, uint64_t at,
                                uint64_t end)
{
        enum { PREVIOUS_IN_USE = 1, CERTAIN = 3, MOST = 8192 };
        uint64_t start = at, least = 2 * sizeof(size_t);
        size_t word[2] = { h->word[BEFORE], h->word[FLAGGED] };

        if (word[0] != 0)
                return 0;
        for (unsigned chunks = 0; chunks < MOST; chunks++) {
                struct iovec to = { word, sizeof word }, from = { (void *)(uintptr_t)at, sizeof word };
                uint64_t size = word[1] & ~(size_t)CHUNK_FLAGS;

                if (size < least || size % least != 0 || size > end - at ||
                    (word[1] & CHUNK_FLAGS) > PREVIOUS_IN_USE)
                        return chunks >= CERTAIN && at % own->page == 0 ? at - start : 0;
                at += size;
                if (at == end)
                        return chunks >= CERTAIN ? at - start : 0;
                from.iov_base = (void *)(uintptr_t)at;
                if (process_vm_readv(own->pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof word)
                        return 0;
        }
        return end - start;
}

/* Blocks */

/* The size of a block that begins with these words; 0 if none does.  From glibc 2.43 on, the size word is
 * without the two words of the header. */
static uint64_t block_size(const struct mema_self_memory *own, const struct head *h, uint64_t room)
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
static struct mema_owner owner_of(const struct mema_self_memory *own, const struct head *h, uint64_t at,
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

        while (at < stop && own->misses_left > 0 && own->now.found < FOUND_MAX) {
                uint64_t next = at + own->page;
                struct mema_owner o = { 0 };
                size_t n = 1;

                if (likely) {
                        read_head(own, at);
                } else {
                        next = at;
                        n = find_resident(own, &next, stop, (size_t)min_u64(own->misses_left, BATCH));
                        read_heads(own, n);
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
                        take(own, g, o);
                } else {
                        uint64_t misses = min_u64(1 + n, own->misses_left);

                        at = next;
                        own->misses_left -= misses;
                        own->now.misses += misses;
                }
        }
        return at < stop ? stop : at;
}

/* Stacks */

/* glibc's descriptor of a thread (struct pthread) has the lowest address of the stack, its size and that of
 * its guard beside each other, behind the list that the kernel knows.  Their place differs between versions,
 * so they are searched for; they must include the descriptor. */
static bool stack_around(struct mema_self_memory *own, uint64_t descriptor, struct mema_owner *stack)
{
        enum { WORDS_BEHIND = 256 };
        const uint64_t top_max = UINT64_C(64) << 10;
        size_t word[WORDS_BEHIND] = { 0 };
        struct iovec to = { word, sizeof word }, from = { (void *)(uintptr_t)descriptor, sizeof word };
        ssize_t n = process_vm_readv(own->pid, &to, 1, &from, 1, 0);

        for (size_t i = 0; n > 0 && i + 2 < (size_t)n / sizeof *word; i++) {
                uint64_t start = word[i], size = word[i + 1], guard = word[i + 2];

                if ((start | size | guard) % own->page == 0 && guard < size && descriptor - start < size &&
                    start + size - descriptor <= top_max) {
                        *stack = (struct mema_owner){
                                start, start + size, MEMA_CATEGORY_STACK_THREADS, 0, size, 0, 0, 0
                        };
                        return true;
                }
        }
        return false;
}

/* Finds the next stack in a region, from `at` on. */
static bool find_stack(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                       struct mema_owner *stack)
{
        const struct mema_threads *t = &own->report->context.threads;

        for (; t->descriptors && own->now.next_thread < t->count; own->now.next_thread++) {
                uint64_t descriptor = t->stack[own->now.next_thread];

                if (descriptor >= g->end)
                        return false;
                if (descriptor < at || !stack_around(own, descriptor, stack))
                        continue;
                stack->start = max_u64(stack->start, at);
                stack->end = min_u64(stack->end, g->end);
                stack->committed = stack->end - stack->start;
                return true;
        }
        return false;
}

/* Regions */

/* The Go heap can contain any bytes, so it is not searched.  It has a terabyte of addresses to itself if
 * addresses have 64 bits. */
static bool is_near_go_heap(const struct mema_go *go, const struct mema_region *g)
{
        enum { TERABYTE_BITS = 40 };

        for (uint64_t i = 0; go->known && i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (g->end >> 32 ? (go->anchors[i] ^ g->start) >> TERABYTE_BITS == 0
                                 : go->anchors[i] - g->start < g->end - g->start)
                        return true;
        return false;
}

/* Searches a region from `at` to `end` for heaps and blocks. */
static void look_for_malloc(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                            uint64_t end)
{
        while (at < end && own->now.found < FOUND_MAX &&
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
static void begin_search(struct mema_self_memory *own, const struct mema_region *g)
{
        const struct mema_malloc *malloc = &own->report->context.facts.malloc;

        own->heap_misses_left = own->misses_left = 0;
        if (!own->malloc || g->value[MEMA_FIELD_RSS] + g->value[MEMA_FIELD_SWAP] == 0 ||
            is_near_go_heap(&own->report->context.facts.go, g))
                return;
        own->heap_misses_left = HEAP_MISSES_MAX;
        own->misses_left = own->now.misses < ALL_BLOCK_MISSES_MAX ? BLOCK_MISSES_MAX : 1;
        /* The kernel does not merge blocks with memory of other flags (nr, nh), such as heaps, stacks and
         * Go's. Not searching if malloc has no blocks makes a small report a third faster. */
        if ((malloc->known && malloc->mapped == 0 && own->now.brk) || g->end - g->start < block_least ||
            mema_has_flag(g, "nr") || mema_has_flag(g, "nh"))
                own->misses_left = 0;
}

/* Go's metadata */

/* Whether a page describes spans of the Go heap: their addresses are multiples of Go's page size. */
static bool describes_spans(struct mema_self_memory *own, uint64_t at)
{
        enum { GO_PAGE = 8192, CERTAIN = 8, WORDS_READ = 512 };
        size_t word[WORDS_READ] = { 0 }, count = 0;
        struct iovec to = { word, sizeof word }, from = { (void *)(uintptr_t)at, sizeof word };

        if (process_vm_readv(own->pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof word)
                return false;
        for (size_t i = 0; i < WORDS_READ; i++)
                count += word[i] % GO_PAGE == 0 && word[i] >= own->now.go_start && word[i] < own->now.go_end;
        return count >= CERTAIN;
}

/* If the kernel has no names, a region is the runtime's if a quarter of its pages describe spans, as far as
 * the runtime says that it has so much: it lies side by side with bits and tables. */
static void find_go_metadata(struct mema_self_memory *own, const struct mema_region *g)
{
        enum { SAMPLES = 16, LEAST = 1 << 16 };
        const struct mema_go *go = &own->report->context.facts.go;
        uint64_t span = g->end - g->start, rss = g->value[MEMA_FIELD_RSS], pages = 0, hits = 0;
        uint64_t step = max_u64(span / SAMPLES / own->page, 1) * own->page;

        if (!go->known || own->now.go_names || own->now.go_end == 0 || own->pagemap < 0 || rss < LEAST ||
            own->now.metadata + rss > go->metadata || own->report->context.owner_count > own->first ||
            is_near_go_heap(go, g))
                return;
        for (uint64_t at = g->start; at < g->end && g->end - at >= own->page; at += step) {
                read_states(own, at, 1);
                if (own->states[0] & PRESENT) {
                        pages++;
                        hits += describes_spans(own, at);
                }
        }
        if (hits == 0 || hits < pages / 4)
                return;
        own->now.metadata += rss;
        take(own, g, (struct mema_owner){ g->start, g->end, MEMA_CATEGORY_GO_METADATA, 0, span, 0, 0, 0 });
}

/* Notes where the Go heap is. */
static void note_go_heap(struct mema_self_memory *own, const struct mema_region *g)
{
        const struct mema_go *go = &own->report->context.facts.go;

        for (uint64_t i = 0; go->known && i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (go->anchors[i] - g->start < g->end - g->start) {
                        own->now.go_start = own->now.go_end == 0 ? g->start : own->now.go_start;
                        own->now.go_end = g->end;
                }
}

/* Regions */

/* Notes the end of a mapping of a file, and of the library whose first one it is. */
static void note_file(struct mema_self_memory *own, const struct mema_region *g)
{
        own->now.file_end = g->end;
        if (g->offset == 0 && g->perms[3] == 'p' &&
            mema_rule_for(g, &own->report->context)->category == MEMA_CATEGORY_LIBRARIES)
                own->now.object_end = mema_self_object_end(g->start);
}

/* Takes the zeroed data of a library, up to the end of the object.  Returns their end. */
static uint64_t take_bss(struct mema_self_memory *own, const struct mema_region *g)
{
        uint64_t end = min_u64(own->now.object_end, g->end);

        if (g->start != own->now.file_end || end <= g->start)
                return g->start;
        take(own, g,
             (struct mema_owner){ g->start, end, MEMA_CATEGORY_LIBRARIES, 0, end - g->start, 0, 0, 0 });
        return end;
}

/* What the name of a region tells of those behind it. */
static void note_name(struct mema_self_memory *own, const struct mema_region *g)
{
        struct span name = span_of(g->name, (size_t)g->name_length);
        struct head h;

        own->now.brk |= SPAN_EQUALS(name, "[heap]");
        own->now.go_names |= SPAN_STARTS(name, "[anon: Go: ");
        if (!own->malloc || g->start % own->heap != 0 || !SPAN_EQUALS(name, "[anon: glibc: malloc arena]"))
                return;
        h = read_head(own, g->start);
        if (is_heap(own, g->start, &h))
                open_heap(own, g->start, &h, g->end);
}

/* Finds stacks, by address, and searches what is between them for malloc's memory. */
static void look_for_memory(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_neighbor n = mema_neighbor_of(g);
        struct mema_owner stack;
        uint64_t at = g->start;

        if (g->name_length > 0)
                note_name(own, g);
        if (!n.plain || n.perms != (PERM_READ | PERM_WRITE))
                return;
        begin_search(own, g);
        at = take_bss(own, g);
        if (own->malloc && at == g->start)
                at = continue_heap(own, g);
        while (find_stack(own, g, at, &stack)) {
                look_for_malloc(own, g, at, stack.start);
                at = stack.end;
                take(own, g, stack);
        }
        look_for_malloc(own, g, at, g->end);
        note_go_heap(own, g);
        find_go_metadata(own, g);
}

/* A mapping that comes again replaces its earlier state, as in mema_report_add. */
static void begin_region(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_report *r = own->report;

        if (mema_comes_again(own->last_start, own->last_end, g)) {
                own->now = own->before;
                r->context.owner_count = own->now.owners;
                r->checks.labels_lost = own->now.labels_lost;
        }
        own->now.owners = r->context.owner_count;
        own->now.labels_lost = r->checks.labels_lost;
        own->before = own->now;
        own->last_start = g->start;
        own->last_end = g->end;
}

void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g)
{
        if (!own)
                return;
        begin_region(own, g);
        if (g->inode != 0)
                note_file(own, g);
        if (!mema_takes_labels(g))
                return;
        own->first = own->report->context.owner_count;
        /* If it overlaps the mapping before, only the rest of it gets owners. */
        own->labeled =
                max_u64(g->start, own->first > 0 ? own->report->_owners.owners[own->first - 1].end : 0);
        look_for_memory(own, g);
        take_labels(own, g, g->end);
        count_resident(own, g);
}

struct mema_self_memory *mema_self_memory_open(struct mema_report *r)
{
        struct mema_self_memory *own = r->context.owners ? NULL : calloc(1, sizeof *own);

        if (!own)
                return NULL;
        own->report = r;
        own->page = (uint64_t)sysconf(_SC_PAGESIZE);
        own->countable = COUNTED_MAX;
        own->pid = getpid();
        own->pagemap = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
        own->memory = open("/proc/thread-self/mem", O_RDONLY | O_CLOEXEC);
        own->scans = own->pagemap >= 0;
        r->context.allocator = mema_self_allocator();
        own->heap = mema_malloc_has_huge_heaps() ? huge_heap_max : heap_max;
        own->malloc = r->context.allocator == MEMA_ALLOCATOR_GLIBC && own->pagemap >= 0 && own->memory >= 0;
        own->labels = mema_labels_copy();
        if (!own->labels) {
                r->checks.labels_lost++;
                mema_self_memory_close(own);
                return NULL;
        }
        r->context.bss_known = mema_self_has_objects();
        r->context.heaps_known = own->malloc || r->context.allocator != MEMA_ALLOCATOR_GLIBC;
        return own;
}

/* glibc from 2.42 on adds 16 bytes to hblkhd at each realloc of a mapped block, and never takes them back. */
static void find_drift(struct mema_self_memory *own)
{
        const struct mema_malloc *m = &own->report->context.facts.malloc;

        if (m->known && mema_malloc_drifts() && own->now.blocks == m->blocks)
                own->report->context.malloc_drift = sat_sub(m->mapped, own->now.block_bytes);
}

void mema_self_memory_close(struct mema_self_memory *own)
{
        if (!own)
                return;
        find_drift(own);
        if (own->pagemap >= 0)
                close(own->pagemap);
        if (own->memory >= 0)
                close(own->memory);
        free(own->labels);
        free(own);
}
