/* self_malloc_linux.c - whose malloc this process has, and glibc's own figures of its heap.
 *
 * Another allocator, preloaded or linked in, leaves glibc's mallinfo2 as it is: it describes a heap that
 * nobody uses then.  So malloc is looked up as the program would call it. */
#define _GNU_SOURCE
#include "self_malloc.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocators.h"

/* glibc 2.33 and later.  Declared here, because other C libraries have no header for it, and weak,
 * because they do not define it. */
struct figures {
        size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct figures mallinfo2(void) __attribute__((weak));
int malloc_info(int, FILE *) __attribute__((weak)); /* glibc 2.10 and later */

/* Weak, too: before glibc 2.34 they are in another library, and a static program may lack them. */
int dladdr(const void *address, Dl_info *info) __attribute__((weak));
void *dlsym(void *restrict handle, const char *restrict name) __attribute__((weak));

/* In a static program, there is one of these for each allocator that is linked in. */
int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));
int mi_version(void) __attribute__((weak));
const char *tc_version(int *, int *, const char **) __attribute__((weak));
void *rpmalloc(size_t) __attribute__((weak));
void __scudo_print_stats(void) __attribute__((weak));
void __asan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

/* The object that defines a function for the whole program; NULL if that is not known. */
static void *object_of(const char *function, const char **path)
{
        void *address = dlsym && dladdr ? dlsym(RTLD_DEFAULT, function) : NULL;
        Dl_info info;

        if (!address || dladdr(address, &info) == 0)
                return NULL;
        *path = info.dli_fname;
        return info.dli_fbase;
}

/* The C library that this was compiled for, of which no symbol need be in a static program. */
#if defined(__GLIBC__)
static const enum mema_allocator of_the_c_library = MEMA_ALLOCATOR_GLIBC;
#elif defined(__BIONIC__) || defined(__UCLIBC__)
static const enum mema_allocator of_the_c_library = MEMA_ALLOCATOR_OTHER;
#else
static const enum mema_allocator of_the_c_library = MEMA_ALLOCATOR_MUSL;
#endif

/* The allocator that is linked into this static program. */
static enum mema_allocator linked(void)
{
        const struct {
                enum mema_allocator allocator;
                bool there;
        } all[] = {
                { MEMA_ALLOCATOR_JEMALLOC, mallctl != NULL },
                { MEMA_ALLOCATOR_MIMALLOC, mi_version != NULL },
                { MEMA_ALLOCATOR_TCMALLOC, tc_version != NULL },
                { MEMA_ALLOCATOR_RPMALLOC, rpmalloc != NULL },
                { MEMA_ALLOCATOR_SCUDO, __scudo_print_stats != NULL },
                { MEMA_ALLOCATOR_ASAN, __asan_init != NULL },
                { MEMA_ALLOCATOR_MSAN, __msan_init != NULL },
        };

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
                if (all[i].there)
                        return all[i].allocator;
        /* glibc's malloc_info is in the same file as its malloc. */
        return of_the_c_library == MEMA_ALLOCATOR_GLIBC && !malloc_info ? MEMA_ALLOCATOR_OTHER
                                                                        : of_the_c_library;
}

/* The allocator that defines malloc in the program's file or a library of another name. */
static enum mema_allocator by_symbol(void)
{
        for (size_t i = 0; i < mema_allocator_row_count; i++) {
                const char *symbol = mema_allocator_rows[i].symbol;

                if (symbol && dlsym(RTLD_DEFAULT, symbol))
                        return mema_allocator_rows[i].allocator;
        }
        return MEMA_ALLOCATOR_OTHER;
}

static enum mema_allocator find(void)
{
        const char *path = NULL, *libc_path = NULL;
        void *malloc_object = object_of("malloc", &path), *libc = object_of("getenv", &libc_path);
        enum mema_allocator named;

        if (!malloc_object || !libc)
                return linked();
        if (malloc_object == libc)
                return of_the_c_library;
        named = mema_allocator_in(span_of(path, strlen(path)));
        return named != MEMA_ALLOCATOR_UNKNOWN ? named : by_symbol();
}

enum mema_allocator mema_self_allocator(void)
{
        static _Atomic int found; /* the same from all threads */

        if (found == MEMA_ALLOCATOR_UNKNOWN)
                found = (int)find();
        return (enum mema_allocator)found;
}

bool mema_self_has_libc(void)
{
        return true;
}

/* The environment of the start, which glibc reads its tunables from: getenv could race with setenv. */
static bool has_huge_heaps(void)
{
        static const char tunables[] = "GLIBC_TUNABLES=", wanted[] = "glibc.malloc.hugetlb=2";
        FILE *environment = fopen("/proc/self/environ", "re");
        char *line = NULL;
        size_t size = 0;
        bool found = false;

        while (environment && !found && getdelim(&line, &size, '\0', environment) > 0)
                found = strncmp(line, tunables, sizeof tunables - 1) == 0 && strstr(line, wanted);
        free(line);
        if (environment)
                fclose(environment);
        return found;
}

bool mema_malloc_has_huge_heaps(void)
{
        static _Atomic int known; /* -1: no, 1: yes; the same from all threads */

        if (known == 0)
                known = has_huge_heaps() ? 1 : -1;
        return known > 0;
}

bool mema_malloc_drifts(void)
{
#ifdef __GLIBC__
        int major = 0, minor = 0;

        return sscanf(gnu_get_libc_version(), "%d.%d", &major, &minor) == 2 && (major > 2 || minor >= 42);
#else
        return false;
#endif
}

/* MSan does not see that mallinfo2 initializes its result. */
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
__attribute__((no_sanitize("memory")))
#endif
#endif
void mema_malloc_read(struct mema_malloc *m)
{
        memset(m, 0, sizeof *m);
        if (mallinfo2 && mema_self_allocator() == MEMA_ALLOCATOR_GLIBC) {
                struct figures f = mallinfo2();

                m->known = true;
                m->blocks = f.hblks;
                m->arena = f.arena;
                m->in_use = f.uordblks;
                m->retained = f.fordblks;
                m->mapped = f.hblkhd;
        }
}
