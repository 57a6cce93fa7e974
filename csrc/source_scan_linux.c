/* source_scan_linux.c - a source that reads maps, and asks the kernel for runs of resident
 * pages (pagemap_linux.c): sizes and Rss of each mapping and nothing else, at a fifth of
 * what smaps costs the kernel.
 *
 * Both come in the order of addresses.  A page is counted once, in the mapping that
 * its address is in, so that what all mappings have is the sum of it even where the
 * process changes meanwhile.
 *
 * It is the Rss of smaps to the byte, as tests hold against each other, but for
 *   - a page that is being moved from one place in memory to another, which is in smaps
 *     only, for a moment;
 *   - pages that have no place in the kernel's book of pages, where they are not mapped as
 *     a device's, which scans pass over: some drivers' and those of DAX files, which are
 *     in a scan only;
 *   - hugetlb pages of a file system that is not mounted where the process is. */
#define _GNU_SOURCE
#include "classify.h"
#include "pagemap.h"
#include "source.h"
#include "report_sums.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { RUNS_MAX = 512 }; /* as many as the kernel gathers before it lets others map */

struct scan_source {
        struct mema_source source;
        struct mema_text_source *maps;
        int pagemap;
        dev_t device;       /* that was asked for last */
        bool holds_hugetlb; /* it is one of hugetlb's */
        uint64_t at, end;   /* what was not searched yet */
        uint64_t counted;   /* up to where mappings have got what is theirs */
        uint64_t start;     /* of the mapping that came last, */
        uint64_t rss, huge; /* and what it has */
        size_t count, used;
        struct mema_page_run runs[RUNS_MAX];
};

/* hugetlb -------------------------------------------------------------------- */

/* The kernel's own file systems of them, one for each size of page: memfds are there,
 * System V's segments, and what is mapped with MAP_HUGETLB. */
static bool has_hugetlb_memfds(dev_t device)
{
        bool found = false;

        for (unsigned size = 16; size <= 34 && !found; size++) {
                int fd = memfd_create("", MFD_CLOEXEC | MFD_HUGETLB | size << MAP_HUGE_SHIFT);
                struct stat file;

                found = fd >= 0 && fstat(fd, &file) == 0 && file.st_dev == device;
                if (fd >= 0)
                        close(fd);
        }
        return found;
}

/* "36 35 0:98 / /mnt rw - hugetlbfs none rw": spaces of paths are escaped. */
static bool is_hugetlb_mount(int dir, dev_t device)
{
        int fd = openat(dir, "mountinfo", O_RDONLY | O_CLOEXEC);
        FILE *mounts = fd >= 0 ? fdopen(fd, "r") : NULL;
        char *line = NULL;
        size_t size = 0;
        bool found = false;

        while (mounts && !found && getline(&line, &size, mounts) > 0) {
                unsigned major, minor;

                found = sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2 &&
                        makedev(major, minor) == device && strstr(line, " - hugetlbfs ");
        }
        free(line);
        if (mounts)
                fclose(mounts);
        else if (fd >= 0)
                close(fd);
        return found;
}

static bool is_hugetlb(struct scan_source *s, const struct mema_region *g)
{
        dev_t device = makedev((unsigned)g->device_major, (unsigned)g->device_minor);

        if (device != s->device) {
                s->device = device;
                s->holds_hugetlb = has_hugetlb_memfds(device) || is_hugetlb_mount(s->maps->dir, device);
        }
        return s->holds_hugetlb;
}

/* Runs ----------------------------------------------------------------------- */

/* Goes on with the search, from `start` on at the least; false where that failed. */
static bool more_runs(struct scan_source *s, uint64_t start)
{
        int64_t n;

        s->at = max_u64(s->at, start);
        s->used = s->count = 0;
        n = mema_scan(s->pagemap, &s->at, s->end, MEMA_SCAN_PAGES, s->runs, RUNS_MAX);
        s->count = n > 0 ? (size_t)n : 0;
        return n >= 0;
}

/* What is resident up to `end` and was not counted yet, from `start` on; `huge`: in
 * huge pages.  False where the search failed. */
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

static bool fill(struct scan_source *s, struct mema_region *g)
{
        uint64_t *rss = &g->value[MEMA_FIELD_RSS], huge, end = min_u64(g->end - 1, s->end - 1) + 1;
        bool has_grown = mema_has_grown(s->start, s->counted, g);

        g->present = MEMA_BIT(MEMA_FIELD_RSS);
        if (!count_runs(s, g->start, end, rss, &huge))
                return false;
        if (has_grown) {
                *rss += s->rss;
                huge += s->huge;
        }
        s->start = g->start;
        s->rss = *rss;
        s->huge = huge;
        if (*rss > 0 && *rss == huge && g->inode != 0 && is_hugetlb(s, g))
                *rss = 0;
        return true;
}

/* The source ----------------------------------------------------------------- */

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

/* Up to where a process can have memory differs: what is beyond is refused, and the
 * kernel's own page there is nobody's memory. */
static bool begin(struct scan_source *s)
{
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
        bool begun = false;

        for (unsigned bits = 57; bits > 30 && !begun && (bits == 57 || errno == EFAULT); bits--) {
                s->end = (UINT64_C(1) << bits) - page;
                begun = more_runs(s, 0);
        }
        return begun;
}

struct mema_source *mema_source_scan(struct mema_text_source *maps)
{
        struct scan_source *s = mema_scan_knows_zeros() ? malloc(sizeof *s) : NULL;

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

#endif
