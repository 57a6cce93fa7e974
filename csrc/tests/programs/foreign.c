/* foreign.c - a process with known memory that other allocators and runtimes make, or that looks like theirs.
 * The environment says what: FOREIGN="KIND COUNT KILOBYTES GUARD", sizes in kilobytes.
 *
 *     malloc     small and large blocks of malloc, KILOBYTES in the first thread and in each of COUNT more
 *     guarded    COUNT buffers, each between two guards
 *     fibres     COUNT stacks, each above a guard; a thread runs on the first, and none on the others
 *     tagged     the same, mapped with MAP_STACK
 *     slots      COUNT slots in one reservation, each above a guard
 *     noreserve   the same, mapped with MAP_NORESERVE
 *     reserve    COUNT times memory at a multiple of 64 MiB, with GUARD reserved behind it
 *     low        the same, at a low address, as a JVM's heap
 *     waiting    COUNT threads in pause, which use KILOBYTES of their stacks
 *     blocked    the same, in read
 *     running    the same, in a loop
 *     adjoining-waiting, adjoining-blocked, adjoining-running
 *                the same, with adjoining stacks of 256 kB, whose guards are no mappings
 *
 * Writes a line for each range of memory that it knows, "CATEGORIES FROM TO": the categories, separated by |,
 * that its resident pages can be in.  "malloc" is any category of the C heap.  The last line is "made", or
 * "cannot REASON".  A process ends when its standard input does.
 *
 * It can be preloaded, too, so that another program has the memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <ucontext.h>
#endif

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
#define GUARD_INSTALL 102 /* MADV_GUARD_INSTALL, Linux 6.13 */

enum { THREADS_MAX = 64 };

static const size_t page = 4096, stack = KIB(256);

struct kind {
        const char *name;
        void (*make)(const struct kind *k);
        int flags;          /* of mmap */
        void (*use)(void);  /* the memory that a thread uses first */
        void (*rest)(void); /* what it does from then on, again and again */
};

static size_t count, bytes, guard;
static pthread_barrier_t ready;
static int pipe_ends[2];
static pid_t tids[THREADS_MAX];
static atomic_uint started;

static void cannot(const char *why)
{
        dprintf(STDOUT_FILENO, "cannot %s: %s\n", why, strerror(errno));
        _exit(EXIT_SUCCESS);
}

/* Ranges ------------------------------------------------------------------------------------- */

/* Tells the whole pages that a range has a part of.  The text is one write. */
static void tell(const char *categories, uintptr_t from, uintptr_t to)
{
        dprintf(STDOUT_FILENO, "%s %" PRIxPTR " %" PRIxPTR "\n", categories, from / page * page,
                (to + page - 1) / page * page);
}

static void tell_memory(const char *categories, const void *at, size_t len)
{
        tell(categories, (uintptr_t)at, (uintptr_t)at + len);
}

/* The zeroed data of an object, apart from the page that it shares with other data. */
static int tell_object(struct dl_phdr_info *object, size_t size, void *unused)
{
        (void)size;
        (void)unused;
        for (size_t i = 0; i < object->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &object->dlpi_phdr[i];
                uintptr_t at = object->dlpi_addr + p->p_vaddr, data = at + p->p_filesz;

                data = (data + page - 1) / page * page;
                if (p->p_type == PT_LOAD && data < at + p->p_memsz)
                        tell(object->dlpi_name[0] ? "file/libraries" : "file/binary", data, at + p->p_memsz);
        }
        return 0;
}

/* Stack, and what lies above it: thread-local memory, which musl does not count in the stack. */
static void tell_stack(pthread_t thread)
{
        pthread_attr_t attributes;
        uintptr_t self = (uintptr_t)thread, end;
        void *low;
        size_t len;

        if (pthread_getattr_np(thread, &attributes) != 0)
                cannot("find a stack");
        pthread_attr_getstack(&attributes, &low, &len);
        pthread_attr_destroy(&attributes);
        end = (uintptr_t)low + len;
        tell("stacks/threads", (uintptr_t)low, end);
        if (self >= end)
                tell("stacks/threads|malloc|anon/rw", (end + page - 1) / page * page, self + 2 * page);
}

/* Making ------------------------------------------------------------------------------------- */

static char *fill(volatile char *memory, size_t len)
{
        for (size_t i = 0; i < len; i += 256)
                memory[i] = 1;
        return (char *)memory;
}

static char *map(void *at, size_t len, int perms, int flags)
{
        char *p = mmap(at, len, perms, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

        if (p == MAP_FAILED)
                cannot("map memory");
        return p;
}

static void use(char *at, const char *categories)
{
        if (mprotect(at, bytes, PROT_READ | PROT_WRITE) != 0)
                cannot("make memory writable");
        tell_memory(categories, fill(at, bytes), bytes);
}

/* A quarter of the memory in blocks of each size.  Adjoining blocks are one range. */
static void use_malloc(void)
{
        static const size_t sizes[] = { 480, 4000, 16000, MIB(2) };
        uintptr_t from = 0, to = 0;

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                for (size_t made = 0; made < bytes / 4; made += sizes[i]) {
                        char *block = malloc(sizes[i]);
                        uintptr_t at = (uintptr_t)block / page * page;

                        if (!block)
                                cannot("allocate memory");
                        fill(block, sizes[i]);
                        if (at < from || at > to) {
                                if (to)
                                        tell("malloc", from, to);
                                from = at;
                                to = at;
                        }
                        at = ((uintptr_t)block + sizes[i] + page - 1) / page * page;
                        to = at > to ? at : to;
                }
        tell("malloc", from, to);
}

/* Threads ------------------------------------------------------------------------------------ */

static void use_stack(void)
{
        fill(__builtin_alloca(bytes), bytes);
}

static void be_waiting(void)
{
        pause();
}

static void be_blocked(void)
{
        char byte;

        if (read(pipe_ends[0], &byte, 1) < 0)
                pause();
}

static void be_running(void)
{
        __asm__ volatile("");
}

static void note_thread(void)
{
        tids[atomic_fetch_add(&started, 1)] = (pid_t)syscall(SYS_gettid);
}

/* Whether a thread sleeps: its state follows the name in parentheses. */
static bool sleeps(pid_t tid)
{
        char path[64], text[128], *state;
        ssize_t len;
        int fd;

        snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        len = read(fd, text, sizeof text - 1);
        close(fd);
        if (len <= 0)
                cannot("read the state of a thread");
        text[len] = '\0';
        state = strrchr(text, ')');
        return state && state[1] == ' ' && state[2] == 'S';
}

/* Waits, some seconds at most, until the threads are where they stay. */
static void settle(void)
{
        for (unsigned i = 0; i < started; i++)
                for (int tries = 0; tries < 5000 && !sleeps(tids[i]); tries++)
                        usleep(1000);
}

static void *be_thread(void *argument)
{
        const struct kind *k = argument;

        k->use();
        note_thread();
        pthread_barrier_wait(&ready);
        for (;;)
                k->rest();
        return NULL;
}

static pthread_t start(const pthread_attr_t *attributes, void *(*run)(void *), const void *argument)
{
        pthread_t thread;

        errno = pthread_create(&thread, attributes, run, (void *)(uintptr_t)argument);
        if (errno != 0)
                cannot("start a thread");
        return thread;
}

static void make_threads(const struct kind *k)
{
        pthread_t threads[THREADS_MAX];

        pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
        for (size_t i = 0; i < count; i++)
                threads[i] = start(NULL, be_thread, k);
        pthread_barrier_wait(&ready);
        for (size_t i = 0; i < count; i++)
                tell_stack(threads[i]);
}

static void make_malloc(const struct kind *k)
{
        use_malloc();
        make_threads(k);
}

static void make_adjoining(const struct kind *k)
{
        char *stacks = map(NULL, count * stack, PROT_READ | PROT_WRITE, k->flags);
        pthread_attr_t attributes;

        pthread_attr_init(&attributes);
        pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
        for (size_t i = 0; i < count; i++) {
                char *at = stacks + i * stack;

                if (madvise(at, page, GUARD_INSTALL) != 0)
                        cannot("install a guard (Linux 6.13 and later)");
                pthread_attr_setstack(&attributes, at + page, stack - page);
                start(&attributes, be_thread, k);
                tell_memory("stacks/threads", at + page, stack - page);
        }
        pthread_barrier_wait(&ready);
}

/* Mappings ----------------------------------------------------------------------------------- */

static void make_guarded(const struct kind *k)
{
        for (size_t i = 0; i < count; i++)
                use(map(NULL, guard + bytes + guard, PROT_NONE, k->flags) + guard, "anon/rw");
}

static void make_slots(const struct kind *k)
{
        char *slots = map(NULL, count * (guard + bytes) + guard, PROT_NONE, k->flags);

        for (size_t i = 0; i < count; i++)
                use(slots + i * (guard + bytes) + guard, "anon/rw");
}

static void make_reserve(const struct kind *k)
{
        const size_t align = MIB(64), len = bytes + guard;

        for (size_t i = 0; i < count; i++) {
                char *p = map(NULL, len + align, PROT_NONE, k->flags), *end = p + len + align, *at;

                at = (char *)(((uintptr_t)p + align - 1) / align * align);
                if (at > p)
                        munmap(p, (size_t)(at - p));
                if (end > at + len)
                        munmap(at + len, (size_t)(end - at) - len);
                use(at, "anon/rw");
        }
}

static void make_low(const struct kind *k)
{
        const uintptr_t at = (uintptr_t)MIB(64) * 448; /* 28 GiB */

        use(map((void *)at, bytes + guard, PROT_NONE, k->flags), "anon/rw");
}

/* A thread that runs on a fibre's stack is in both places.  musl has no contexts. */
#ifdef __GLIBC__
static void rest_on_fibre(void)
{
        note_thread();
        pthread_barrier_wait(&ready);
        for (;;)
                pause();
}

static void *be_fibre(void *at)
{
        static ucontext_t own, fibre;

        getcontext(&fibre);
        fibre.uc_stack.ss_sp = at;
        fibre.uc_stack.ss_size = bytes;
        makecontext(&fibre, rest_on_fibre, 0);
        swapcontext(&own, &fibre);
        return NULL;
}

static void make_fibres(const struct kind *k)
{
        pthread_t thread;

        for (size_t i = 0; i < count; i++) {
                char *at = map(NULL, guard + bytes, PROT_NONE, k->flags) + guard;

                use(at, i == 0 ? "stacks/threads|anon/rw" : "anon/rw");
                if (i > 0)
                        continue;
                pthread_barrier_init(&ready, NULL, 2);
                thread = start(NULL, be_fibre, at);
                pthread_barrier_wait(&ready);
                tell_stack(thread);
        }
}
#else
static void make_fibres(const struct kind *k)
{
        (void)k;
        errno = ENOSYS;
        cannot("switch to a fibre");
}
#endif

/* Kinds -------------------------------------------------------------------------------------- */

static const struct kind kinds[] = {
        { "malloc", make_malloc, 0, use_malloc, be_waiting },
        { "guarded", make_guarded, 0, NULL, NULL },
        { "fibres", make_fibres, 0, NULL, NULL },
        { "tagged", make_fibres, MAP_STACK, NULL, NULL },
        { "slots", make_slots, 0, NULL, NULL },
        { "noreserve", make_slots, MAP_NORESERVE, NULL, NULL },
        { "reserve", make_reserve, 0, NULL, NULL },
        { "low", make_low, 0, NULL, NULL },
        { "waiting", make_threads, 0, use_stack, be_waiting },
        { "blocked", make_threads, 0, use_stack, be_blocked },
        { "running", make_threads, 0, use_stack, be_running },
        { "adjoining-waiting", make_adjoining, MAP_STACK, use_stack, be_waiting },
        { "adjoining-blocked", make_adjoining, MAP_STACK, use_stack, be_blocked },
        { "adjoining-running", make_adjoining, MAP_STACK, use_stack, be_running },
};

/* Signals are for the threads of the program that preloads this. */
static void make(const struct kind *k)
{
        sigset_t all, before;

        if (pipe(pipe_ends) != 0)
                cannot("make a pipe");
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (count > THREADS_MAX && k->rest)
                cannot("start so many threads");
        k->make(k);
        if (k->rest != be_running)
                settle();
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        dl_iterate_phdr(tell_object, NULL);
        dprintf(STDOUT_FILENO, "made\n");
}

__attribute__((constructor)) static void make_what_is_asked(void)
{
        const char *wanted = getenv("FOREIGN");
        char name[32];

        if (!wanted || sscanf(wanted, "%31s %zu %zu %zu", name, &count, &bytes, &guard) != 4)
                return;
        bytes = KIB(bytes);
        guard = KIB(guard);
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strcmp(name, kinds[i].name) == 0) {
                        if (kinds[i].make !=
                            make_malloc) /* only whole pages that were touched are resident */
                                prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
                        make(&kinds[i]);
                }
}

int main(void)
{
        char byte;

        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        return EXIT_SUCCESS;
}
