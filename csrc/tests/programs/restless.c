/* restless.c - a process that changes its mappings all the time:
 *
 *     restless stays         until it is killed
 *     restless ends STEPS    ends after so many steps
 *     restless exec STEPS    executes itself again after so many steps
 *     restless grows OTHERS  has a mapping that grows from 32 to 48 MiB again and again, all of it resident,
 *                            and so many others below it
 *
 * Each thread maps, unmaps, moves, resizes and protects its own memory in a pseudo-random order; one more
 * forks children that end. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, SLOTS = 8, PAGES = 32, PAGE = 4096 };

struct slots {
        uint64_t seed;
        struct {
                char *at;
                size_t pages;
        } slot[SLOTS];
};

/* A linear congruential generator (Knuth's MMIX). */
static size_t chance(uint64_t *seed, size_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (size_t)(*seed >> 33) % below;
}

/* Changes one slot.  A change that the kernel refuses is skipped. */
static void step(struct slots *s)
{
        static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
        size_t i = chance(&s->seed, SLOTS), pages = 1 + chance(&s->seed, PAGES);
        char *at = s->slot[i].at;
        size_t part = at ? chance(&s->seed, s->slot[i].pages) : 0;

        if (!at) {
                at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (at == MAP_FAILED)
                        return;
                for (size_t k = 0; k < pages; k += 2)
                        at[k * PAGE] = 1;
                s->slot[i].at = at;
                s->slot[i].pages = pages;
                return;
        }
        switch (chance(&s->seed, 5)) {
        case 0:
                munmap(at, s->slot[i].pages * PAGE);
                s->slot[i].at = NULL;
                break;
        case 1:
                at = mremap(at, s->slot[i].pages * PAGE, pages * PAGE, MREMAP_MAYMOVE);
                if (at != MAP_FAILED) {
                        s->slot[i].at = at;
                        s->slot[i].pages = pages;
                }
                break;
        default:
                mprotect(at + part * PAGE, (s->slot[i].pages - part + 1) / 2 * PAGE,
                         protections[chance(&s->seed, 3)]);
        }
}

static void *change(void *slots)
{
        for (;;)
                step(slots);
        return NULL;
}

static void *fork_children(void *unused)
{
        const struct timespec pause = { 0, 2000000 };

        for (;;) {
                if (fork() == 0)
                        _exit(EXIT_SUCCESS);
                nanosleep(&pause, NULL);
        }
        return unused;
}

/* Grows into reserved addresses, as a Go heap does. */
static void grow(long others)
{
        enum { LEAST = 32 << 20, MOST = 48 << 20, MORE = 64 << 10 };
        char *at = mmap(NULL, MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        size_t size = LEAST;

        if (at == MAP_FAILED || mprotect(at, size, PROT_READ | PROT_WRITE) != 0)
                _exit(EXIT_FAILURE);
        memset(at, 1, size);
        for (long i = 1; i <= others; i++)
                mmap(at - 2 * i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (;;) {
                for (; size < MOST; size += MORE) {
                        mprotect(at + size, MORE, PROT_READ | PROT_WRITE);
                        memset(at + size, 1, MORE);
                }
                madvise(at + LEAST, MOST - LEAST, MADV_DONTNEED);
                mprotect(at + LEAST, MOST - LEAST, PROT_NONE);
                size = LEAST;
        }
}

int main(int argc, char **argv)
{
        static struct slots slots[THREADS + 1];
        long steps = argc > 2 ? atol(argv[2]) : 0;
        pthread_t thread;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (strcmp(argv[1], "grows") == 0)
                grow(steps);
        signal(SIGCHLD, SIG_IGN); /* so that children leave no zombies */
        for (size_t i = 0; i <= THREADS; i++)
                slots[i].seed = i + 1;
        for (size_t i = 1; i <= THREADS; i++)
                if (pthread_create(&thread, NULL, change, &slots[i]) != 0)
                        return EXIT_FAILURE;
        if (pthread_create(&thread, NULL, fork_children, NULL) != 0)
                return EXIT_FAILURE;
        for (long i = 0; steps == 0 || i < steps; i++)
                step(&slots[0]);
        if (strcmp(argv[1], "exec") == 0)
                execv("/proc/self/exe", argv);
        _exit(EXIT_SUCCESS);
}
