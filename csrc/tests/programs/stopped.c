/* stopped.c - a process with memory of every kind that stops, so that the kernel and the command line report
 * the same memory: stopped FILE.
 *
 * It is linked statically, so that it shares only FILE with the process that starts it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20, FILE_SIZE = 64 * KIB };

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

static char *map(size_t len, int protection, int flags, int fd)
{
        char *p = mmap(NULL, len, protection, flags, fd, 0);

        if (p == MAP_FAILED)
                _exit(EXIT_FAILURE);
        return p;
}

static char *map_private(size_t len)
{
        return map(len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static char *fill(char *memory, size_t len)
{
        for (size_t i = 0; i < len; i += 512)
                ((volatile char *)memory)[i] = 1;
        return memory;
}

static char *read_pages(char *memory, size_t len)
{
        for (size_t i = 0; i < len; i += 512)
                (void)((volatile char *)memory)[i];
        return memory;
}

/* For memory that not every system has. */
static char *map_if_possible(size_t len, int flags, int fd)
{
        char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

        return p == MAP_FAILED ? NULL : p;
}

static void fill_if_possible(size_t len, int flags, int fd)
{
        char *p = map_if_possible(len, flags, fd);

        if (p)
                fill(p, len / 2);
}

/* Small and huge pages of zeros that were only read, each beside a page that was written; and guard pages.
 * madvise keeps the mappings apart, and the tests recognize them by its flags. */
static void make_holes(void)
{
        char *p = map_private(8 * MIB);

        madvise(p, 8 * MIB, MADV_DONTDUMP);
        madvise(p, 8 * MIB, MADV_HUGEPAGE);
        p += 2 * MIB - (uintptr_t)p % (2 * MIB);
        fill(p + 2 * MIB, 512);
        read_pages(p, 4 * MIB);
        p = map_private(FILE_SIZE);
        madvise(p, FILE_SIZE, MADV_DONTDUMP);
        fill(read_pages(p, FILE_SIZE) + FILE_SIZE / 2, 512);
        p = map_private(FILE_SIZE);
        madvise(fill(p, FILE_SIZE), FILE_SIZE, MADV_DONTFORK);
        madvise(p, FILE_SIZE / 2, MADV_GUARD_INSTALL);
}

/* Pages of the kernel that are mapped like a device: event counters and a packet ring. */
static void map_devices(void)
{
        struct perf_event_attr counter = { .type = PERF_TYPE_SOFTWARE, .size = sizeof counter };
        struct tpacket_req ring = { 4096, 4, 4096, 4 };
        int packets = socket(AF_PACKET, SOCK_RAW, 0);
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *p;

        if (setsockopt(packets, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) == 0 &&
            (p = map_if_possible(4 * 4096, MAP_SHARED, packets)))
                read_pages(p, 4 * 4096);
        p = map_if_possible(3 * page, MAP_SHARED, (int)syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0));
        if (p)
                read_pages(p, 3 * page);
}

int main(int argc, char **argv)
{
        int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
        char *p;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        read_pages(map(FILE_SIZE, PROT_READ, MAP_SHARED, fd), FILE_SIZE);
        fill(read_pages(map(FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd), FILE_SIZE), FILE_SIZE / 2);
        fill(map(FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1), FILE_SIZE);
        map((size_t)1 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

        p = map_private(8 * MIB);
        madvise(p, 8 * MIB, MADV_HUGEPAGE);
        fill(p, 8 * MIB);
        mprotect(fill(map_private(FILE_SIZE), FILE_SIZE), FILE_SIZE, PROT_READ);
        mlock(map_private(FILE_SIZE), FILE_SIZE / 2);
        p = map_private(MIB);
        madvise(p, MIB, MADV_NOHUGEPAGE);
        madvise(fill(p, MIB), MIB, MADV_FREE);

        make_holes();
        map_devices();
        fill_if_possible(FILE_SIZE, MAP_PRIVATE, open("/dev/zero", O_RDWR));
        fd = memfd_create("memory", 0);
        if (ftruncate(fd, FILE_SIZE) == 0)
                fill_if_possible(FILE_SIZE, MAP_SHARED, fd);
        fd = memfd_create("pages", MFD_HUGETLB);
        if (ftruncate(fd, 2 * MIB) == 0)
                fill_if_possible(2 * MIB, MAP_SHARED, fd);
        fill_if_possible(2 * MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);

        raise(SIGSTOP);
        return EXIT_SUCCESS;
}
