/* self.c - a process that looks at itself through a module: its memory is read by Go, its labels are those of
 * all modules, and there is no C library whose heap could be searched. */
#include <string.h>

#include "../self_labels.h"
#include "../self_malloc.h"
#include "../self_search.h"
#include "sys.h"

void mema_self_states(struct mema_self_memory *own, uint64_t at, size_t n)
{
        memset(own->states, 0, n * sizeof *own->states);
        (void)sys_pagemap(own->pagemap, own->states, n, at / own->page * sizeof *own->states);
}

size_t mema_self_read(const struct mema_self_memory *own, uint64_t at, void *to, size_t size)
{
        int64_t n = sys_memory(own->memory, at, to, size);

        return n > 0 ? (size_t)n : 0;
}

size_t mema_self_words(const struct mema_self_memory *own, uint64_t at, uint64_t *words, size_t n)
{
        int64_t count = sys_words(own->memory, at, words, n);

        return count > 0 ? (size_t)count : 0;
}

bool mema_self_reads_wide(const struct mema_self_memory *own)
{
        const struct mema_go *go = &own->report->context.facts.go;
        char byte;

        return sys_number(SYS_WIDE) != 0 && go->known && mema_self_read(own, go->anchors[0], &byte, 1) == 1;
}

_Static_assert(offsetof(struct mema_labels, list) == 16, "labels.go has this number");

/* `names` follows the list. */
struct mema_labels *mema_labels_copy(void)
{
        struct mema_labels *all = sys_labels();

        for (uint64_t i = 0; all && i < all->count; i++)
                all->list[i].category = MEMA_CATEGORY_NAMED;
        if (all)
                all->names = (const char *)&all->list[all->count];
        return all;
}

/* Malloc */

enum mema_allocator mema_self_allocator(void)
{
        return MEMA_ALLOCATOR_UNKNOWN;
}

bool mema_self_has_libc(void)
{
        return sys_number(SYS_HAS_LOADER) != 0;
}

bool mema_malloc_has_huge_heaps(void)
{
        return false;
}

bool mema_malloc_drifts(void)
{
        return false;
}

void mema_self_begin_heaps(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own, (void)g;
}

void mema_self_note_arena(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own, (void)g;
}

uint64_t mema_self_continue_heap(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own;
        return g->start;
}

void mema_self_find_heaps(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          uint64_t end)
{
        (void)own, (void)g, (void)at, (void)end;
}

void mema_self_find_in_hugetlb(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own, (void)g;
}
