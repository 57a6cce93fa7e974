/* self_read_linux.c - reads this process's pages for the search of its memory.
 *
 * The kernel does the reading (process_vm_readv), so that a wrong guess cannot fault. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "self_search.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pagemap.h"

void mema_self_states(struct mema_self_memory *own, uint64_t at, size_t n)
{
        off_t offset = (off_t)(at / own->page * sizeof *own->states);

        memset(own->states, 0, n * sizeof *own->states);
        (void)pread(own->pagemap, own->states, n * sizeof *own->states, offset);
}

size_t mema_self_resident(struct mema_self_memory *own, uint64_t *at, uint64_t stop, size_t most)
{
        struct mema_page_run runs[MEMA_SELF_BATCH] = {
                0
        }; /* MSan does not see that the kernel writes them */
        int64_t n = own->scans ? mema_pagemap_scan(own->pagemap, at, stop, most, runs, MEMA_SELF_BATCH) : -1;
        size_t count = 0;

        own->scans = n >= 0;
        for (int64_t i = 0; i < n; i++)
                for (uint64_t page = runs[i].start; page < runs[i].end && count < most; page += own->page)
                        own->pages_at[count++] = page;
        if (own->scans)
                return count;
        most = (size_t)min_u64(most, (stop - *at) / own->page);
        mema_self_states(own, *at, most);
        for (size_t i = 0; i < most; i++, *at += own->page)
                if (own->states[i] & PAGE_PRESENT)
                        own->pages_at[count++] = *at;
        return count;
}

/* Reads the first words of the first `n` own->pages_at into own->heads.  One call for all of them: a call for
 * each makes a small report a third slower.  A kernel without the call (CONFIG_CROSS_MEMORY_ATTACH) has
 * /proc/self/mem. */
void mema_self_heads(struct mema_self_memory *own, size_t n)
{
        struct iovec to[MEMA_SELF_BATCH], from[MEMA_SELF_BATCH];
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

struct mema_head mema_self_head(struct mema_self_memory *own, uint64_t at)
{
        own->pages_at[0] = at;
        mema_self_states(own, at, 1);
        if (own->states[0] & (PAGE_PRESENT | PAGE_SWAPPED))
                mema_self_heads(own, 1);
        else
                memset(own->heads, 0, sizeof *own->heads);
        return own->heads[0];
}

size_t mema_self_read(const struct mema_self_memory *own, uint64_t at, void *to, size_t size)
{
        struct iovec into = { to, size }, from = { (void *)(uintptr_t)at, size };
        ssize_t n = process_vm_readv(own->pid, &into, 1, &from, 1, 0);

        if (n <= 0)
                n = pread(own->memory, to, size, (off_t)at);
        return n > 0 ? (size_t)n : 0;
}

size_t mema_self_words(const struct mema_self_memory *own, uint64_t at, uint64_t *words, size_t n)
{
        char *bytes = (char *)words;
        size_t count = mema_self_read(own, at, bytes, n * sizeof(size_t)) / sizeof(size_t), word;

        for (size_t i = count; i-- > 0; words[i] = word) /* widens in place, the last one first */
                memcpy(&word, bytes + i * sizeof word, sizeof word);
        return count;
}

bool mema_self_reads_wide(const struct mema_self_memory *own)
{
        char here = 1, there = 0;

        return sizeof(void *) == 8 && mema_self_read(own, (uintptr_t)&here, &there, 1) == 1 && there == 1;
}
