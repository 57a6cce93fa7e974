/* self_malloc.c - what the C library says of its own heap. */
#include "memanalyzer.h"

#include <string.h>

#ifdef __linux__

/* glibc's, from 2.33: declared here, because other C libraries have no header for
 * it, and weak, because they do not have it. */
struct figures {
        size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct figures mallinfo2(void) __attribute__((weak));

/* MemorySanitizer does not see that it fills its result. */
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
__attribute__((no_sanitize("memory")))
#endif
#endif
void mema_malloc_read(struct mema_malloc *m)
{
        memset(m, 0, sizeof *m);
        if (mallinfo2) {
                struct figures f = mallinfo2();

                m->known = 1;
                m->arena = f.arena;
                m->in_use = f.uordblks;
                m->retained = f.fordblks;
                m->mapped = f.hblkhd;
        }
}

#else

void mema_malloc_read(struct mema_malloc *m)
{
        memset(m, 0, sizeof *m);
}

#endif
