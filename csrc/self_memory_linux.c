/* self_memory_linux.c - the owners of this process's memory, region by region: its labels
 * (self_labels_linux.c), the zeroed data of its libraries, and what the other self_*.c find. */
#define _GNU_SOURCE
#include "self_memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "classify.h"
#include "pagemap.h"
#include "self_labels.h"
#include "self_malloc.h"
#include "self_search.h"
#include "source_owners.h"

/* The largest heap of glibc up to 2.41 with glibc.malloc.hugetlb=2: four huge pages. */
static const uint64_t huge_heap_max = UINT64_C(8) << 20;

/* The most pages to look up one by one, without a scan, to count resident ones: 2 ms. */
enum { COUNTED_MAX = 262144 };

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
                own->now.found = MEMA_FOUND_MAX;
        }
}

void mema_self_take(struct mema_self_memory *own, const struct mema_region *g, struct mema_owner o)
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

        for (uint64_t at = start, n; *budget > 0 && end - at >= own->page && at < end; at += n * own->page) {
                n = min_u64(min_u64((end - at) / own->page, MEMA_SELF_BATCH), *budget);
                *budget -= n;
                mema_self_states(own, at, (size_t)n);
                for (size_t k = 0; k < n; k++)
                        rss += own->states[k] & PAGE_PRESENT ? own->page : 0;
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

/* Regions */

/* Notes the end of a mapping of a file, and of the library whose first one it is. */
static void note_file(struct mema_self_memory *own, const struct mema_region *g)
{
        own->now.file_end = g->end;
        if (g->offset == 0 && g->perms[3] == 'p' &&
            mema_rule_for(g, &own->report->context)->category == MEMA_CATEGORY_LIBRARIES)
                own->now.object_end = mema_self_object_end(own, g->start);
}

/* Takes the zeroed data of a library, up to the end of the object.  Returns their end. */
static uint64_t take_bss(struct mema_self_memory *own, const struct mema_region *g)
{
        uint64_t end = min_u64(own->now.object_end, g->end);

        if (g->start != own->now.file_end || end <= g->start)
                return g->start;
        mema_self_take(
                own, g,
                (struct mema_owner){ g->start, end, MEMA_CATEGORY_LIBRARIES, 0, end - g->start, 0, 0, 0 });
        return end;
}

/* What the name of a region tells of those behind it. */
static void note_name(struct mema_self_memory *own, const struct mema_region *g)
{
        struct span name = span_of(g->name, (size_t)g->name_length);

        own->now.brk |= SPAN_EQUALS(name, "[heap]") && own->heap == MEMA_HEAP_MAX;
        own->now.go_names |= SPAN_STARTS(name, "[anon: Go: ");
        if (SPAN_EQUALS(name, "[anon: glibc: malloc arena]"))
                mema_self_note_arena(own, g);
}

/* Finds stacks, by address, and searches what is between them for malloc's memory. */
static void look_for_memory(struct mema_self_memory *own, const struct mema_region *g)
{
        struct mema_owner stack;
        uint64_t at = g->start;

        if (g->name_length > 0)
                note_name(own, g);
        if (!mema_is_plain(g) || memcmp(g->perms, "rw-", 3) != 0)
                return;
        mema_self_begin_heaps(own, g);
        at = take_bss(own, g);
        if (own->malloc && at == g->start)
                at = mema_self_continue_heap(own, g);
        while (mema_self_next_stack(own, g, at, &stack)) {
                mema_self_find_heaps(own, g, at, stack.start);
                at = stack.end;
                mema_self_take(own, g, stack);
        }
        mema_self_find_heaps(own, g, at, g->end);
        mema_self_note_go_heap(own, g);
        mema_self_find_metadata(own, g);
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
        if (!mema_takes_labels(g) && !mema_is_hugetlb(g))
                return;
        own->first = own->report->context.owner_count;
        /* If it overlaps the mapping before, only the rest of it gets owners. */
        own->labeled =
                max_u64(g->start, own->first > 0 ? own->report->_owners.owners[own->first - 1].end : 0);
        if (mema_is_hugetlb(g))
                mema_self_find_in_hugetlb(own, g);
        else
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
        own->heap = mema_malloc_has_huge_heaps() ? huge_heap_max : MEMA_HEAP_MAX;
        own->malloc = r->context.allocator == MEMA_ALLOCATOR_GLIBC && own->pagemap >= 0 && own->memory >= 0;
        own->labels = mema_labels_copy();
        if (!own->labels) {
                r->checks.labels_lost++;
                mema_self_memory_close(own);
                return NULL;
        }
        r->context.without_cgo = r->context.allocator == MEMA_ALLOCATOR_UNKNOWN;
        r->context.bss_known = mema_self_has_objects(own);
        r->context.heaps_known =
                own->malloc || r->context.allocator > MEMA_ALLOCATOR_GLIBC || !mema_self_has_libc();
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
