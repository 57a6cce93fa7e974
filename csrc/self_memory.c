/* self_memory.c - which memory of this process has labels, and which glibc's malloc
 * has mapped.
 *
 * A label is known by its addresses (self_labels.c), and what is resident of it by
 * pagemap, where it is not a whole mapping.
 *
 * The kernel merges what malloc maps with its neighbors, where they have no
 * names.  malloc's own words stand at the start of each heap of an arena and of
 * each block that has a mapping of its own.  The kernel reads them for us, and refuses
 * what is not mapped: a wrong guess cannot fault.  What was read is
 * believed only where all of it fits, and is inferred all the same; whether it is
 * true shows in malloc's own sums (report_apportion.c).  Those are not asked for each time, but
 * this is done for each reading, so that categories do not change with the turns. */
#define _GNU_SOURCE
#include "self_memory.h"

#include "classify.h"
#include "self_labels.h"
#include "source_owners.h"
#include "pagemap.h"

#ifdef __linux__

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* Heaps are aligned to their size, the most that one can have (glibc: arena.c,
 * HEAP_MAX_SIZE).  Blocks are mapped from 128 KiB on, unless the program says
 * otherwise; and no more of them than so many (self_malloc.c: M_MMAP_THRESHOLD,
 * M_MMAP_MAX). */
static const uint64_t heap_max = sizeof(size_t) > 4 ? UINT64_C(64) << 20 : UINT64_C(1) << 20;
static const uint64_t block_usual = UINT64_C(128) << 10;
enum { FOUND_MAX = 65536 };

/* What is looked at in vain, at most: in a region places where a heap could begin;
 * in a region, and in all, pages where a block could, and batches of such pages.
 * The first page of a region is looked at all the same. */
enum { VAIN_HEAPS = 64, VAIN_BLOCKS = 1024, VAIN_BLOCKS_ALL = 4096 };

/* And pages that are looked at to count what is resident, where that has to be: two
 * milliseconds of them. */
enum { PAGES_MAX = 262144 };

static const uint64_t PRESENT = UINT64_C(1) << 63, SWAPPED = UINT64_C(1) << 62;
enum { BATCH = 256 };

/* The words at the start of a heap (struct _heap_info), the same from glibc 2.4 on,
 * and of a block (struct malloc_chunk): there the first two, or, where a word has 4
 * bytes and is aligned to 16, those behind them. */
enum word { ARENA, PREV, SIZE, WRITABLE, WORDS, BEFORE = 16 / sizeof(size_t) - 2, FLAGGED };
enum { IS_MMAPPED = 2, CHUNK_FLAGS = 7 };

struct head {
        size_t word[WORDS];
};

struct mema_self_memory {
        struct mema_report *report;
        uint64_t page;
        int pagemap, memory;
        pid_t pid;
        bool scans;     /* pagemap can be asked for runs */
        uint64_t pages; /* that may still be looked at one by one */
        bool malloc;    /* can be looked for */
        struct mema_labels *labels;
        uint64_t next_label; /* the first that does not end below where we are */
        uint64_t labeled;    /* where the labels that were taken end */
        uint64_t first;      /* owner of the region that is looked into */
        uint64_t looks;      /* in it that may still be in vain, for blocks */
        uint64_t vain;       /* looks for blocks, in all regions */
        uint64_t found;      /* heaps and blocks, in all regions */
        struct progress {
                uint64_t start, end, owners, labels_lost, next_label, vain, found;
        } before; /* the region that came last: how far we were */
        uint64_t states[BATCH];
        uint64_t pages_at[BATCH]; /* addresses, and how what is there begins */
        struct head heads[BATCH];
};

/* Reading -------------------------------------------------------------------- */

/* Where each of `n` pages from `at` on is, into own->states: a bit of these, or
 * nowhere. */
static void read_states(struct mema_self_memory *own, uint64_t at, size_t n)
{
        off_t offset = (off_t)(at / own->page * sizeof *own->states);

        memset(own->states, 0, n * sizeof *own->states);
        (void)pread(own->pagemap, own->states, n * sizeof *own->states, offset);
}

/* The first pages from *at on and below `stop` that are resident, into own->pages_at, `most`
 * of them at most, or none yet; moves *at to where to go on.  `most` is no more than BATCH. */
static size_t find_resident(struct mema_self_memory *own, uint64_t *at, uint64_t stop, size_t most)
{
        struct mema_page_run runs[BATCH] = { 0 }; /* MSan does not see that the kernel writes them */
        int64_t n = own->scans ? mema_scan(own->pagemap, at, stop, most, runs, BATCH) : -1;
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

/* Reads into own->heads how the first `n` of own->pages_at begin.  One call for all of them:
 * with a call for each a small report takes a third longer; mem is for kernels that were
 * built without it. */
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

/* How one page begins, own->heads[0]: zeros where there is nothing.  Where it is swapped out,
 * it is fetched. */
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

/* Owners --------------------------------------------------------------------- */

static bool is_whole(const struct mema_owner *o, const struct mema_region *g)
{
        return o->start == g->start && o->end == g->end;
}

/* Whether the kernel shows all of a region under the label's name. */
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
        for (; own->next_label < own->labels->count; own->next_label++) {
                struct mema_owner o = own->labels->list[own->next_label];
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

/* Where the next label begins, behind those that were taken. */
static uint64_t label_start(const struct mema_self_memory *own)
{
        return own->next_label < own->labels->count
                       ? max_u64(own->labels->list[own->next_label].start, own->labeled)
                       : UINT64_MAX;
}

/* Takes a heap or a block, or a piece of one. */
static void take_piece(struct mema_self_memory *own, const struct mema_owner *new)
{
        struct mema_report *r = own->report;
        uint64_t count = r->context.owner_count;
        struct mema_owner *last = count > own->first ? &r->_owners.owners[count - 1] : NULL;

        if (last && last->end == new->start && last->category == new->category) {
                last->end = new->end;
                last->committed += new->committed;
        } else if (!mema_owners_add(&r->_owners, &r->context, new, NULL)) {
                own->found = FOUND_MAX;
        }
}

/* Takes a heap or a block but for what has labels: what somebody says counts more
 * than what is found. */
static void take(struct mema_self_memory *own, const struct mema_region *g, struct mema_owner o)
{
        uint64_t end = o.end, used = o.start + o.committed;

        own->found++;
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

/* Before Linux 6.7 page by page, as far as that goes: what was only read, and is
 * zeros, is counted, too, though not by the kernel. */
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

/* Of a label all is counted: somebody asked for it. */
static uint64_t resident(struct mema_self_memory *own, uint64_t start, uint64_t end, bool labeled)
{
        uint64_t rss, all = UINT64_MAX;

        own->scans = own->scans && mema_scan_sum(own->pagemap, start, end, &rss);
        return own->scans ? rss : count_pages(own, start, end, labeled ? &all : &own->pages);
}

/* What is resident of each owner in a region; and of the rest of it, so that it
 * shows whether that is all which the kernel had counted. */
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
        unsure = own->scans || own->pages > 0
                         ? max_u64(sum, g->value[MEMA_FIELD_RSS]) - min_u64(sum, g->value[MEMA_FIELD_RSS])
                         : g->value[MEMA_FIELD_RSS];
        for (o = &own->report->_owners.owners[own->first]; o < end; o++)
                o->unsure = unsure;
}

/* Heaps ------------------------------------------------------------------------ */

/* The heap that an arena lies in, behind 4 to 8 words of the heap's own; 0 where
 * these words cannot be a heap's. */
static uint64_t first_heap(const struct mema_self_memory *own, const struct head *h)
{
        uint64_t bytes = sizeof *h->word, behind = h->word[ARENA] % heap_max;
        uint64_t size = h->word[SIZE], writable = h->word[WRITABLE];
        bool sizes =
                size > 0 && size <= writable && writable <= heap_max && (size | writable) % own->page == 0;

        return sizes && behind >= 4 * bytes && behind <= 8 * bytes && behind % (2 * bytes) == 0
                       ? h->word[ARENA] - behind
                       : 0;
}

/* An arena's first heap has none before it; the others lead to it. */
static bool is_heap(struct mema_self_memory *own, uint64_t at, const struct head *h)
{
        uint64_t first = first_heap(own, h), before = h->word[PREV];
        struct head prev, start;

        if (first == 0 || first == at)
                return first == at && before == 0;
        if (before == 0 || before == at || before % heap_max != 0)
                return false;
        prev = read_head(own, before);
        start = read_head(own, first);
        return prev.word[ARENA] == h->word[ARENA] && first_heap(own, &prev) == first &&
               start.word[ARENA] == h->word[ARENA] && first_heap(own, &start) == first &&
               start.word[PREV] == 0;
}

/* The bytes of a heap that begins at `at` in `g`, 0 where none does.  It ends with
 * the region, unless it is full: what follows is reserved.  It can have grown
 * since the region was read. */
static uint64_t find_heap(struct mema_self_memory *own, const struct mema_region *g, uint64_t at)
{
        struct head h = read_head(own, at);
        uint64_t bytes = min_u64(h.word[WRITABLE], g->end - at);
        struct mema_owner o = {
                at, at + bytes, MEMA_CATEGORY_MALLOC_ARENAS, 0, min_u64(h.word[SIZE], bytes), 0, 0, 0
        };

        if (!is_heap(own, at, &h) || (h.word[WRITABLE] < heap_max && o.end != g->end))
                return 0;
        take(own, g, o);
        return bytes;
}

/* Blocks ------------------------------------------------------------------------- */

/* The bytes of a block that begins with these words, 0 where none does. */
static uint64_t block_size(const struct mema_self_memory *own, const struct head *h, uint64_t room)
{
        size_t before = h->word[BEFORE], flagged = h->word[FLAGGED];
        uint64_t lead = BEFORE * sizeof *h->word, size = (flagged & ~(size_t)CHUNK_FLAGS) + lead;

        return before == lead && (flagged & CHUNK_FLAGS) == IS_MMAPPED && size % own->page == 0 &&
                               size <= room
                       ? size
                       : 0;
}

/* Looks for blocks that begin from `at` to `stop`; returns `stop`, or the end of
 * the block that goes beyond it.  At the start, and behind a block, there may well be
 * another one. */
static uint64_t find_blocks(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                            uint64_t stop)
{
        bool likely = true;

        while (at < stop && own->looks > 0 && own->found < FOUND_MAX) {
                uint64_t next = at + own->page, size = 0;
                size_t n = 1, i = 0;

                if (likely) {
                        read_head(own, at);
                } else {
                        next = at;
                        n = find_resident(own, &next, stop, (size_t)min_u64(own->looks, BATCH));
                        read_heads(own, n);
                }
                while (i < n && (size = block_size(own, &own->heads[i], g->end - own->pages_at[i])) == 0)
                        i++;
                likely = size > 0;
                if (likely) {
                        uint64_t start = own->pages_at[i];

                        at = start + size;
                        take(own, g,
                             (struct mema_owner){ start, at, MEMA_CATEGORY_MALLOC_MMAP, 0, size, 0, 0, 0 });
                } else {
                        uint64_t vain = min_u64(1 + n, own->looks);

                        at = next;
                        own->looks -= vain;
                        own->vain += vain;
                }
        }
        return at < stop ? stop : at;
}

/* Regions -------------------------------------------------------------------------- */

/* The Go heap holds whatever the program writes there.  It is far from all else,
 * where addresses have 64 bits. */
static bool is_near_go_heap(const struct mema_go *go, const struct mema_region *g)
{
        for (uint64_t i = 0; go->known && i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (g->end >> 32 ? (go->anchors[i] ^ g->start) >> 40 == 0
                                 : go->anchors[i] - g->start < g->end - g->start)
                        return true;
        return false;
}

static void look_for_malloc(struct mema_self_memory *own, const struct mema_region *g)
{
        const struct mema_malloc *malloc = &own->report->context.facts.malloc;
        struct mema_neighbor n = mema_neighbor_of(g);
        uint64_t at = g->start;
        unsigned heaps = VAIN_HEAPS;

        if (!own->malloc || !n.plain || n.perms != (PERM_READ | PERM_WRITE) ||
            g->value[MEMA_FIELD_RSS] + g->value[MEMA_FIELD_SWAP] == 0 ||
            is_near_go_heap(&own->report->context.facts.go, g))
                return;
        own->looks = own->vain < VAIN_BLOCKS_ALL ? VAIN_BLOCKS : 1;
        /* The kernel does not merge blocks with memory of other flags: heaps, stacks, Go's.
         * Where malloc says that it has none, a small report is a third shorter for it. */
        if ((malloc->known && malloc->mapped == 0) || g->end - g->start < block_usual ||
            mema_has_flag(g, "nr") || mema_has_flag(g, "nh"))
                own->looks = 0;
        while (at < g->end && own->found < FOUND_MAX && (heaps > 0 || own->looks > 0)) {
                uint64_t stop = min_u64((at | (heap_max - 1)) + 1, g->end), heap = 0;

                if (at % heap_max == 0 && heaps > 0) {
                        heap = find_heap(own, g, at);
                        heaps -= heap == 0;
                }
                at = heap > 0 ? at + heap : find_blocks(own, g, at, stop);
        }
}

/* A mapping that has grown takes the place of what it was: see mema_report_add. */
static void begin_region(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_report *r = own->report;
        const struct progress *b = &own->before;

        if (mema_has_grown(b->start, b->end, g)) {
                r->context.owner_count = b->owners;
                r->checks.labels_lost = b->labels_lost;
                own->next_label = b->next_label;
                own->vain = b->vain;
                own->found = b->found;
        }
        own->before = (struct progress){
                .start = g->start,
                .end = g->end,
                .owners = r->context.owner_count,
                .labels_lost = r->checks.labels_lost,
                .next_label = own->next_label,
                .vain = own->vain,
                .found = own->found,
        };
}

void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g)
{
        if (!own)
                return;
        begin_region(own, g);
        if (!mema_takes_labels(g))
                return;
        own->first = own->report->context.owner_count;
        /* A mapping that overlaps the one before has owners for the rest only. */
        own->labeled =
                max_u64(g->start, own->first > 0 ? own->report->_owners.owners[own->first - 1].end : 0);
        look_for_malloc(own, g);
        take_labels(own, g, g->end);
        count_resident(own, g);
}

/* Where malloc is glibc's: a static program has this function where it has malloc. */
int malloc_info(int, FILE *) __attribute__((weak));

struct mema_self_memory *mema_self_memory_open(struct mema_report *r)
{
        struct mema_self_memory *own = r->context.owners ? NULL : calloc(1, sizeof *own);

        if (!own)
                return NULL;
        own->report = r;
        own->page = (uint64_t)sysconf(_SC_PAGESIZE);
        own->pages = PAGES_MAX;
        own->pid = getpid();
        own->pagemap = open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC);
        own->memory = open("/proc/thread-self/mem", O_RDONLY | O_CLOEXEC);
        own->scans = own->pagemap >= 0;
        own->malloc = malloc_info && own->pagemap >= 0 && own->memory >= 0;
        own->labels = mema_labels_copy();
        if (!own->labels) {
                r->checks.labels_lost++;
                mema_self_memory_close(own);
                return NULL;
        }
        r->context.heaps_known = own->malloc;
        return own;
}

void mema_self_memory_close(struct mema_self_memory *own)
{
        if (!own)
                return;
        if (own->pagemap >= 0)
                close(own->pagemap);
        if (own->memory >= 0)
                close(own->memory);
        free(own->labels);
        free(own);
}

#else

struct mema_self_memory *mema_self_memory_open(struct mema_report *r)
{
        (void)r;
        return NULL;
}

void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own;
        (void)g;
}

void mema_self_memory_close(struct mema_self_memory *own)
{
        (void)own;
}

#endif
