/* source_scan_linux.c - a source that reads maps, and asks the kernel for runs of resident pages
 * (pagemap_linux.c): the size and Rss of each mapping and nothing else, at a fifth of the cost of smaps.
 *
 * Mappings and runs both come in address order, and are merged.  Each page is counted once, in
 * the mapping that contains its address, so that the sum over all mappings is exact even if the process
 * changes meanwhile.
 *
 * Rss equals that of smaps to the byte, which tests check, except for
 *   - a page that is being migrated, which only smaps counts for that moment;
 *   - pages without a struct page that are not mapped as a device's, as those of some drivers and of DAX
 *     files, which only scans count;
 *   - hugetlb pages of a file system that is not mounted in the process's mount namespace. */
#define _GNU_SOURCE
#include "source_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "lines_linux.h"
#include "pagemap.h"
#include "region.h"

enum { RUNS_MAX = 512 }; /* as many as the kernel gathers before it drops its lock */

struct scan_source {
        struct mema_source source;
        struct mema_reader *maps;
        int pagemap;
        uint64_t at, end;   /* addresses that are not scanned yet */
        uint64_t counted;   /* the pages below this address are counted */
        size_t count, used; /* of runs[] */
        struct {
                uint64_t start, rss, huge;
        } last; /* mapping */
        struct {
                dev_t device;
                bool hugetlb;
        } cached; /* whether the device of the last file is a hugetlb file system */
        struct mema_page_run runs[RUNS_MAX];
};

/* hugetlb */

/* Whether it is one of the kernel's internal hugetlb file systems, one for each page size, which hold
 * memfds, System V segments and MAP_HUGETLB memory. */
static bool is_internal_hugetlb(dev_t device)
{
        enum { LEAST_BITS = 16, MOST_BITS = 34 }; /* pages of 64 KiB to 16 GiB */
        bool found = false;

        for (unsigned bits = LEAST_BITS; bits <= MOST_BITS && !found; bits++) {
                int fd = memfd_create("", MFD_CLOEXEC | MFD_HUGETLB | bits << MAP_HUGE_SHIFT);
                struct stat file;

                found = fd >= 0 && fstat(fd, &file) == 0 && file.st_dev == device;
                if (fd >= 0)
                        close(fd);
        }
        return found;
}

/* "36 35 0:98 / /mnt rw - hugetlbfs none rw".  Spaces in paths are escaped. */
static bool is_hugetlb_line(struct span line, dev_t device)
{
        struct span type = line;
        uint64_t number, major, minor;

        while (type.at < type.end && !SPAN_STARTS(type, " - hugetlbfs "))
                type.at++;
        return type.at < type.end && scan_decimal(&line, &number) == SCAN_OK && scan_char(&line, ' ') &&
               scan_decimal(&line, &number) == SCAN_OK && scan_char(&line, ' ') &&
               scan_decimal(&line, &major) == SCAN_OK && scan_char(&line, ':') &&
               scan_decimal(&line, &minor) == SCAN_OK && makedev((unsigned)major, (unsigned)minor) == device;
}

static bool is_hugetlb_mount(int dir, dev_t device)
{
        struct mema_lines lines;
        struct span line;
        bool found = false;

        mema_lines_open(&lines, dir, "mountinfo");
        while (!found && mema_lines_next(&lines, &line))
                found = is_hugetlb_line(line, device);
        mema_lines_close(&lines);
        return found;
}

static bool is_hugetlb(struct scan_source *s, const struct mema_region *g)
{
        dev_t device = makedev((unsigned)g->device_major, (unsigned)g->device_minor);

        if (device != s->cached.device) {
                s->cached.device = device;
                s->cached.hugetlb = is_internal_hugetlb(device) || is_hugetlb_mount(s->maps->dir, device);
        }
        return s->cached.hugetlb;
}

/* Runs */

/* Continues the scan, at `start` or beyond; false if it failed. */
static bool more_runs(struct scan_source *s, uint64_t start)
{
        int64_t n;

        s->at = max_u64(s->at, start);
        s->used = s->count = 0;
        n = mema_pagemap_scan(s->pagemap, &s->at, s->end, MEMA_PAGEMAP_PAGES, s->runs, RUNS_MAX);
        s->count = n > 0 ? (size_t)n : 0;
        return n >= 0;
}

/* Counts the resident bytes from `start` to `end` that are not counted yet, and those of them in huge
 * pages; false if the scan failed. */
static bool count_runs(struct scan_source *s, uint64_t start, uint64_t end, uint64_t *rss, uint64_t *huge)
{
        start = max_u64(start, s->counted);
        s->counted = max_u64(end, start);
        for (*rss = *huge = 0; start < end;) {
                const struct mema_page_run *run = &s->runs[s->used];
                uint64_t bytes;

                if (s->used == s->count) {
                        if (s->at >= end)
                                break;
                        if (!more_runs(s, start))
                                return false;
                        continue;
                }
                bytes = sat_sub(min_u64(run->end, end), max_u64(run->start, start));
                *rss += bytes;
                *huge += run->pages & MEMA_PAGES_HUGE ? bytes : 0;
                if (run->end > end)
                        break;
                s->used++;
        }
        return true;
}

/* smaps does not count hugetlb pages in Rss. */
static bool fill(struct scan_source *s, struct mema_region *g)
{
        uint64_t *rss = &g->value[MEMA_FIELD_RSS], huge, end = min_u64(g->end - 1, s->end - 1) + 1;
        bool again = mema_comes_again(s->last.start, s->counted, g);

        /* No byte is counted twice: what was counted with earlier mappings is cut off. */
        if (again)
                g->start = s->last.start;
        else if (g->start < s->counted && end > s->counted)
                g->start = s->counted;
        g->present = MEMA_BIT(MEMA_FIELD_RSS);
        if (!count_runs(s, g->start, end, rss, &huge))
                return false;
        if (again) {
                *rss += s->last.rss;
                huge += s->last.huge;
        }
        s->last.start = g->start;
        s->last.rss = *rss;
        s->last.huge = huge;
        if (*rss > 0 && *rss == huge && g->inode != 0 && is_hugetlb(s, g))
                *rss = 0;
        return true;
}

/* The source */

static enum mema_status next(struct mema_source *source, const struct mema_region **region,
                             struct mema_error *error)
{
        struct scan_source *s = (struct scan_source *)source;
        enum mema_status status = s->maps->source.next(&s->maps->source, region, error);

        if (status == MEMA_STATUS_REGION && !fill(s, &s->maps->smaps.region))
                return mema_fail(error, MEMA_STATUS_SYSTEM, errno, "Failed to read the pagemap beside %s: %s",
                                 source->name, strerror(errno));
        return status;
}

static void close_scan(struct mema_source *source)
{
        struct scan_source *s = (struct scan_source *)source;

        close(s->pagemap);
        s->maps->source.close(&s->maps->source);
        free(s);
}

/* Finds the end of the address space, which differs between machines, by the first scan that is not
 * refused.  Its last page is the kernel's. */
static bool begin(struct scan_source *s)
{
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        enum { MOST_BITS = 57, LEAST_BITS = 31 };
        bool begun = false;

        for (unsigned bits = MOST_BITS;
             bits >= LEAST_BITS && !begun && (bits == MOST_BITS || errno == EFAULT); bits--) {
                s->end = (UINT64_C(1) << bits) - page;
                begun = more_runs(s, 0);
        }
        return begun;
}

struct mema_source *mema_source_scan(struct mema_reader *maps)
{
        struct scan_source *s = mema_pagemap_knows_zeros() ? malloc(sizeof *s) : NULL;

        if (!s)
                return NULL;
        memset(s, 0, offsetof(struct scan_source, runs));
        s->pagemap = openat(maps->dir, "pagemap", O_RDONLY | O_CLOEXEC);
        if (s->pagemap < 0 || !begin(s)) {
                if (s->pagemap >= 0)
                        close(s->pagemap);
                free(s);
                return NULL;
        }
        s->source.next = next;
        s->source.close = close_scan;
        s->source.name = maps->source.name;
        s->source.scans = true;
        s->maps = maps;
        return &s->source;
}
