/* pagemap.h - the kernel's runs of resident pages: between pagemap_linux.c, source_scan_linux.c
 * and self_memory.c; not for users. */
#ifndef MEMA_PAGEMAP_H
#define MEMA_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a run's pages are, as the kernel numbers it. */
enum {
        MEMA_PAGES_PRESENT = 1 << 3, /* in memory */
        MEMA_PAGES_ZERO = 1 << 5,    /* a page of zeros, small or huge, which is nobody's */
        MEMA_PAGES_HUGE = 1 << 6     /* a huge page, transparent or hugetlb's */
};

struct mema_page_run {
        uint64_t start, end, pages;
};

/* The pages that one request should find at most, which is 0.4 ms: while the kernel looks,
 * nothing can be mapped in that process. */
enum { MEMA_SCAN_PAGES = 1 << 16 };

/* The first runs of resident pages from *start on and below `end`, of `pages` pages together
 * at most; those of zeros and of devices are left out.  A run is of pages of one size, and can
 * go on with the next.  Returns how many, of `room` at most, and moves *start to where the
 * search goes on, which is `end` when all was seen; -1 and errno where the kernel does not
 * tell: EFAULT where `end` is beyond what a process can have. */
int64_t mema_scan(int pagemap, uint64_t *start, uint64_t end, uint64_t pages, struct mema_page_run *runs,
                  size_t room);

/* The bytes of all of them; false where the kernel does not tell. */
bool mema_scan_sum(int pagemap, uint64_t start, uint64_t end, uint64_t *bytes);

/* Whether the kernel knows the huge page of zeros as such, as far as can be seen:
 * the first kernels with scans count it, which nobody else does. */
bool mema_scan_knows_zeros(void);

#endif
