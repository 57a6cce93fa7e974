/* stacks.c - a process with known amounts of thread stacks, or of memory that looks like them: stacks KIND
 * COUNT KILOBYTES makes COUNT times so many kilobytes, and stops.
 *
 *     threads  threads with stacks of glibc, which use so much of each
 *     given    threads with stacks of 1 MiB in one mapping, without guards
 *     ended    threads that have ended
 *     slab     memory behind guards, in a process with one thread
 *     goheap   one mapping at the address of a Go heap */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, STACK = 1 << 20 };

static size_t count, bytes;
static pthread_barrier_t ready;

static char *fill(volatile char *memory)
{
        for (size_t i = 0; i < bytes; i += 512)
                memory[i] = 1;
        return (char *)memory;
}

static char *map(void *at, size_t len, int flags)
{
        char *p = mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

        if (p == MAP_FAILED)
                _exit(EXIT_FAILURE);
        return p;
}

static void *use_stack(void *ends)
{
        fill(__builtin_alloca(bytes));
        pthread_barrier_wait(&ready);
        while (!ends)
                pause();
        return NULL;
}

static pthread_t start(const pthread_attr_t *attributes, void *ends)
{
        pthread_t thread;

        if (pthread_create(&thread, attributes, use_stack, ends) != 0)
                _exit(EXIT_FAILURE);
        return thread;
}

/* The usual stacks of many threads do not fit if addresses have 32 bits. */
static void make_threads(void)
{
        enum { MANY = 256 };
        pthread_attr_t attributes;

        pthread_attr_init(&attributes);
        if (count > MANY)
                pthread_attr_setstacksize(&attributes, STACK);
        for (size_t i = 0; i < count; i++)
                start(&attributes, NULL);
        pthread_barrier_wait(&ready);
}

static void make_given(void)
{
        pthread_attr_t attributes;
        char *stacks = map(NULL, count * STACK, 0);

        pthread_attr_init(&attributes);
        for (size_t i = 0; i < count; i++) {
                pthread_attr_setstack(&attributes, stacks + i * STACK, STACK);
                start(&attributes, NULL);
        }
        pthread_barrier_wait(&ready);
}

/* Joined threads stay in /proc for a moment. */
static void wait_until_alone(void)
{
        struct stat task;

        for (int i = 0; i < 10000 && stat("/proc/self/task", &task) == 0 && task.st_nlink > 3; i++)
                usleep(1000);
}

static void make_ended(void)
{
        pthread_t *threads = calloc(count, sizeof *threads);

        if (!threads)
                _exit(EXIT_FAILURE);
        for (size_t i = 0; i < count; i++)
                threads[i] = start(NULL, &ready);
        pthread_barrier_wait(&ready);
        for (size_t i = 0; i < count; i++)
                pthread_join(threads[i], NULL);
        wait_until_alone();
}

static void make_slab(void)
{
        for (size_t i = 0; i < count; i++) {
                char *slab = map(NULL, PAGE + bytes, 0);

                mprotect(slab, PAGE, PROT_NONE);
                fill(slab + PAGE);
        }
}

static void make_goheap(void)
{
        fill(map((void *)0xc000000000, bytes, MAP_FIXED_NOREPLACE)); /* the first arena of Go on amd64 */
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                void (*make)(void);
        } kinds[] = {
                { "threads", make_threads }, { "given", make_given },   { "ended", make_ended },
                { "slab", make_slab },       { "goheap", make_goheap },
        };

        if (argc != 4)
                return EXIT_FAILURE;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* so that only touched pages are resident */
        count = (size_t)atol(argv[2]);
        bytes = (size_t)atol(argv[3]) << 10;
        pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strcmp(argv[1], kinds[i].name) == 0)
                        kinds[i].make();
        raise(SIGSTOP);
        return EXIT_SUCCESS;
}
