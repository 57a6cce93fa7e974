/* pagemap_linux.c - PAGEMAP_SCAN of /proc/PID/pagemap, which costs a fifth of smaps.  Asking also which
 * pages are a file's would make it five times as expensive. */
#define _GNU_SOURCE
#include "pagemap.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "system_linux.h"

/* struct pm_scan_arg of linux/fs.h: older headers do not have it. */
struct request {
        uint64_t size, flags, start, end, walk_end, runs, room, pages_max;
        uint64_t inverted, mask, any_of, returned;
};
#define PAGEMAP_SCAN_NUMBER _IOWR('f', 16, struct request)

static int64_t scan(int pagemap, struct request *request, uint64_t *start, uint64_t end,
                    struct mema_page_run *runs, size_t room)
{
        int n;

        request->size = sizeof *request;
        request->start = *start;
        request->end = end;
        request->runs = (uintptr_t)runs;
        request->room = room;
        n = ioctl(pagemap, PAGEMAP_SCAN_NUMBER, request);
        if (n < 0 || request->walk_end <= *start)
                return -1;
        *start = request->walk_end;
        return n;
}

int64_t mema_pagemap_scan(int pagemap, uint64_t *start, uint64_t end, uint64_t pages,
                          struct mema_page_run *runs, size_t room)
{
        struct request request = { .pages_max = pages,
                                   .inverted = MEMA_PAGES_ZERO,
                                   .mask = MEMA_PAGES_PRESENT | MEMA_PAGES_ZERO,
                                   .returned = MEMA_PAGES_PRESENT | MEMA_PAGES_HUGE };

        return scan(pagemap, &request, start, end, runs, room);
}

bool mema_pagemap_sum(int pagemap, uint64_t start, uint64_t end, uint64_t *bytes)
{
        enum { RUNS = 64 };
        struct mema_page_run runs[RUNS] = { 0 }; /* MSan does not see that the kernel writes them */

        *bytes = 0;
        while (start < end) {
                int64_t n = mema_pagemap_scan(pagemap, &start, end, MEMA_PAGEMAP_PAGES, runs, RUNS);

                if (n < 0)
                        return false;
                while (n-- > 0)
                        *bytes += runs[n].end - runs[n].start;
        }
        return true;
}

/* Reads from memory of its own that the kernel may back with the huge page of zeros. */
static bool try_zeros(void)
{
        enum { HUGE = 2 << 20 }; /* where huge pages are larger, a small page of zeros is seen */
        struct request request = { .mask = MEMA_PAGES_PRESENT,
                                   .returned = MEMA_PAGES_ZERO | MEMA_PAGES_HUGE };
        uint64_t memory = mema_map_zeros(HUGE), start = memory;
        int pagemap = memory != 0 ? open("/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
        struct mema_page_run run = { 0 };

        if (pagemap >= 0) {
                (void)scan(pagemap, &request, &start, start + HUGE, &run, 1);
                close(pagemap);
        }
        if (memory != 0)
                mema_unmap(memory, HUGE);
        return run.pages != MEMA_PAGES_HUGE;
}

bool mema_pagemap_knows_zeros(void)
{
        static _Atomic int known; /* -1: no, 1: yes; threads that race find the same */

        if (known == 0)
                known = try_zeros() ? 1 : -1;
        return known > 0;
}
