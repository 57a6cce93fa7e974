/* stopped.c - a process with memory of every kind that stands still, so that the
 * kernel and the command line can be asked about the same thing: stopped FILE.
 *
 * Linked statically and run by exec, it shares nothing with its parent but FILE,
 * which both have mapped. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20, FILE_SIZE = 64 * KIB };

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

static char *look_at(char *memory, size_t len)
{
        for (size_t i = 0; i < len; i += 512)
                (void)((volatile char *)memory)[i];
        return memory;
}

int main(int argc, char **argv)
{
        int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
        char *p;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        look_at(map(FILE_SIZE, PROT_READ, MAP_SHARED, fd), FILE_SIZE);
        fill(look_at(map(FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd), FILE_SIZE), FILE_SIZE / 2);
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

        raise(SIGSTOP);
        return EXIT_SUCCESS;
}
