/* test_stacks.c - live processes with thread stacks, or with memory that only looks like stacks or a Go
 * heap. */
#define _GNU_SOURCE
#include "records.h"
#include "expect_capture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mema_report r;

static void collect(pid_t pid)
{
        static const struct mema_options options = { .keep_text = true };
        struct mema_error error;
        const char *unlike;

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_collect(&r, (uint64_t)pid, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        expect_law("a process with stacks", &r);
        unlike = unlike_when_saved(&r);
        SAME_TEXT(unlike ? unlike : "", "");
}

static uint64_t resident(unsigned category)
{
        return r.category[category].sums.value[MEMA_FIELD_RSS];
}

static void between(unsigned category, uint64_t least, uint64_t most, int line)
{
        char text[128];

        snprintf(text, sizeof text, "%s is %llu, wanted %llu to %llu", mema_category_stable_id(category),
                 (unsigned long long)resident(category), (unsigned long long)least, (unsigned long long)most);
        CU_assertImplementation(resident(category) >= least && resident(category) <= most, (unsigned)line,
                                text, __FILE__, "", CU_FALSE);
}
#define BETWEEN(category, least, most) between(MEMA_CATEGORY_##category, least, most, __LINE__)

/* Reports a process of programs/stacks.c. */
static void collect_program(const char *kind, const char *count, const char *kilobytes)
{
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                execl("build/stacks", "stacks", kind, count, kilobytes, (char *)NULL);
                _exit(127);
        }
        TRUE(waitpid(child, &status, WUNTRACED) == child);
        TRUE(WIFSTOPPED(status));
        collect(child);
        kill(child, SIGKILL);
        if (WIFSTOPPED(status))
                TRUE(waitpid(child, &status, 0) == child);
        mema_report_free(&r);
}

/* False, with a message, if the kernel does not show stack pointers. */
static bool pointers_are_known(void)
{
        if (access("/proc/self/syscall", R_OK) == 0)
                return true;
        skipped("stack pointers", "there is no /proc/self/syscall");
        return false;
}

/* The most that a stack of glibc has beside the bytes that its thread uses: its frames, the thread-local
 * storage of libraries, and the rest of a page for each of them. */
#define BESIDE KB(24)

/* The main thread counts only if there are no descriptors. */
#define MAIN (uint64_t)(r.context.threads.descriptors ? 0 : 1)

static void threads_have_stacks(void)
{
        collect_program("threads", "16", "200");
        BETWEEN(STACK_THREADS, 16 * KB(200), 16 * (KB(200) + BESIDE));
        BETWEEN(STACK_MAIN, KB(4), KB(64));
        EQUAL(r.category[MEMA_CATEGORY_STACK_THREADS].method, MEMA_METHOD_INFERRED);
        EQUAL(r.context.program, MEMA_PROGRAM_OTHER);
        if (pointers_are_known()) {
                EQUAL(r.context.threads.all, true);
                EQUAL(r.context.threads.count, MAIN + 16);
        }
}

static void only_the_first_threads_are_read(void)
{
        collect_program("threads", "600", "8");
        BETWEEN(STACK_THREADS, 600 * KB(8), 600 * (KB(8) + BESIDE));
        EQUAL(r.context.threads.all, false);
        if (r.context.threads.descriptors)
                EQUAL(r.context.threads.count, MEMA_THREADS_MAX);
}

static void a_stack_without_a_guard(void)
{
        if (!pointers_are_known())
                return;
        collect_program("given", "1", "200");
        BETWEEN(STACK_THREADS, KB(200), KB(200) + BESIDE);
}

static void stacks_that_are_one_mapping(void)
{
        if (!pointers_are_known())
                return;
        collect_program("given", "16", "200");
        BETWEEN(STACK_THREADS, 16 * KB(200), 16 * (KB(200) + BESIDE));
}

static void memory_behind_a_guard_is_no_stack_if_there_is_one_thread(void)
{
        if (!pointers_are_known())
                return;
        collect_program("slab", "4", "1024");
        EQUAL(r.context.threads.count, MAIN);
        EQUAL(resident(MEMA_CATEGORY_STACK_THREADS), 0);
        BETWEEN(ANON_RW, 4 * KB(1024), 4 * KB(1024) + KB(128));
}

/* glibc keeps them, with some resident pages. */
static void stacks_of_ended_threads_are_not_thread_stacks(void)
{
        if (!pointers_are_known())
                return;
        collect_program("ended", "4", "200");
        EQUAL(r.context.threads.count, MAIN);
        EQUAL(resident(MEMA_CATEGORY_STACK_THREADS), 0);
        BETWEEN(ANON_RW, 0, 4 * KB(32) + KB(128));
}

static void a_c_program_has_no_go_heap(void)
{
        collect_program("goheap", "1", "8192");
        EQUAL(r.context.program, MEMA_PROGRAM_OTHER);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.mappings, 0);
        BETWEEN(ANON_RW, KB(8192), KB(8192) + KB(128));
}

/* This process ---------------------------------------------------------------- */

enum { STACK = 1 << 20, USED = 200 << 10 };

static pthread_barrier_t barrier;
static long waiting;

/* Waits until the thread sleeps: the kernel shows no stack pointer before that. */
static bool sleeps(long thread)
{
        char path[64], text[256] = "running";

        snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", thread);
        for (int i = 0; i < 10000 && text[0] == 'r'; i++) {
                FILE *f = fopen(path, "r");

                if (!f)
                        return false;
                if (!fgets(text, sizeof text, f))
                        text[0] = '\0';
                fclose(f);
                usleep(1000);
        }
        return text[0] != 'r';
}

static void *use_stack(void *unused)
{
        volatile char used[USED];

        for (size_t i = 0; i < sizeof used; i += 512)
                used[i] = 1;
        waiting = syscall(SYS_gettid);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        return unused;
}

static void *collect_itself(void *unused)
{
        volatile char used[USED];

        for (size_t i = 0; i < sizeof used; i += 512)
                used[i] = 1;
        collect(0);
        return unused;
}

static bool start(pthread_t *thread, char *stack, void *(*does)(void *))
{
        pthread_attr_t attributes;

        pthread_attr_init(&attributes);
        return pthread_attr_setstack(&attributes, stack, STACK) == 0 &&
               pthread_create(thread, &attributes, does, NULL) == 0;
}

/* Read-only pages on both sides keep the stack from merging with other mappings. */
static char *map_stack(void)
{
        long page = sysconf(_SC_PAGESIZE);
        char *p = mmap(NULL, STACK + 2 * (size_t)page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        TRUE(p != MAP_FAILED);
        EQUAL(mprotect(p + page, STACK, PROT_READ | PROT_WRITE), 0);
        return p + page;
}

/* One thread waits at a barrier; the other reads the stack pointers of both. */
static void stacks_of_this_process(void)
{
        pthread_t waits, reads;
        uint64_t before;

        collect(0);
        EQUAL(r.context.program, MEMA_PROGRAM_OTHER);
        before = resident(MEMA_CATEGORY_STACK_THREADS);
        mema_report_free(&r);
        pthread_barrier_init(&barrier, NULL, 2);
        TRUE(start(&waits, map_stack(), use_stack));
        pthread_barrier_wait(&barrier);
        TRUE(sleeps(waiting) || !pointers_are_known());
        TRUE(start(&reads, map_stack(), collect_itself));
        pthread_join(reads, NULL);
        pthread_barrier_wait(&barrier);
        pthread_join(waits, NULL);
        if (pointers_are_known()) {
                EQUAL(r.context.threads.all, true);
                EQUAL(r.context.threads.count, MAIN + 2);
                BETWEEN(STACK_THREADS, before + 2 * USED, before + 2 * (USED + BESIDE) + KB(256));
        }
        mema_report_free(&r);
}

/* Two stacks, and other memory below, between and above them, are one mapping. */
static void stacks_between_other_memory(void)
{
        enum { OTHER = 8 << 20 };
        const size_t size = 3 * OTHER + 2 * STACK;
        char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pthread_t waits, reads;
        uint64_t before;

        collect(0);
        before = resident(MEMA_CATEGORY_STACK_THREADS);
        mema_report_free(&r);
        madvise(p, size, MADV_NOHUGEPAGE);
        memset(p, 1, OTHER);
        memset(p + OTHER + STACK, 1, OTHER);
        memset(p + 2 * OTHER + 2 * STACK, 1, OTHER);
        pthread_barrier_init(&barrier, NULL, 2);
        TRUE(start(&waits, p + OTHER, use_stack));
        pthread_barrier_wait(&barrier);
        TRUE(start(&reads, p + 2 * OTHER + STACK, collect_itself));
        pthread_join(reads, NULL);
        pthread_barrier_wait(&barrier);
        pthread_join(waits, NULL);
        munmap(p, size);
        if (r.context.threads.descriptors)
                BETWEEN(STACK_THREADS, before + 2 * USED, before + 2 * (USED + BESIDE) + KB(256));
        else
                skipped("stacks", "this C library does not tell the kernel where they are");
        mema_report_free(&r);
}

SUITE(stacks, CASE(threads_have_stacks), CASE(only_the_first_threads_are_read), CASE(a_stack_without_a_guard),
      CASE(stacks_that_are_one_mapping), CASE(memory_behind_a_guard_is_no_stack_if_there_is_one_thread),
      CASE(stacks_of_ended_threads_are_not_thread_stacks), CASE(a_c_program_has_no_go_heap),
      CASE(stacks_of_this_process), CASE(stacks_between_other_memory));
