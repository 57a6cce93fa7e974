/* self_malloc_linux.c - the C library's own figures of its heap. */
#include "memanalyzer.h"

#include <string.h>

/* glibc 2.33 and later.  Declared here, because other C libraries have no header for it, and weak,
 * because they do not define it. */
struct figures {
        size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct figures mallinfo2(void) __attribute__((weak));

/* MSan does not see that mallinfo2 initializes its result. */
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

                m->known = true;
                m->arena = f.arena;
                m->in_use = f.uordblks;
                m->retained = f.fordblks;
                m->mapped = f.hblkhd;
        }
}
