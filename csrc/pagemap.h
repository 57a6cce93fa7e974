/* pagemap.h - runs of resident pages, from PAGEMAP_SCAN (Linux 6.7); not for users. */
#ifndef MEMA_PAGEMAP_H
#define MEMA_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's PAGE_IS_ bits (linux/fs.h). */
enum {
        MEMA_PAGES_PRESENT = 1 << 3, /* in memory */
        MEMA_PAGES_ZERO = 1 << 5,    /* the shared page of zeros, small or huge, which smaps does not count */
        MEMA_PAGES_HUGE = 1 << 6     /* a huge page, transparent or hugetlb */
};

/* Written by the kernel (struct page_region). */
struct mema_page_run {
        uint64_t start, end; /* addresses */
        uint64_t pages;      /* MEMA_PAGES_ bits */
};

/* The most pages to ask for at once: 0.4 ms, during which the process that is read cannot map memory. */
enum { MEMA_PAGEMAP_PAGES = 1 << 16 };

/* Finds the first runs of resident pages from *start up to `end`, at most `room` runs of at most `pages`
 * pages together.  Pages of zeros and of devices are left out.  All pages of a run have one size, and
 * the next run may adjoin.
 *
 * Returns the number of runs and moves *start to where the search continues, which is `end` if it is
 * done.  -1 and errno if the kernel cannot scan; EFAULT if `end` is beyond the process's address space. */
int64_t mema_pagemap_scan(int pagemap, uint64_t *start, uint64_t end, uint64_t pages,
                          struct mema_page_run *runs, size_t room);

/* Sums up the bytes of all runs; false if the kernel cannot scan. */
bool mema_pagemap_sum(int pagemap, uint64_t start, uint64_t end, uint64_t *bytes);

/* Whether the kernel recognizes the huge page of zeros.  The first kernels with PAGEMAP_SCAN count it as
 * resident, which smaps does not.  True if it cannot be tried. */
bool mema_pagemap_knows_zeros(void);

#endif
