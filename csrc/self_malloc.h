/* self_malloc.h - whose malloc this process has, and what is special of glibc's; not for users. */
#ifndef MEMA_SELF_MALLOC_H
#define MEMA_SELF_MALLOC_H

#include "memanalyzer.h"

/* The library that has this process's malloc. */
enum mema_allocator mema_self_allocator(void);

/* Whether there can be a C library in this process. */
bool mema_self_has_libc(void);

/* Whether glibc.malloc.hugetlb=2 was set when this process started. */
bool mema_malloc_has_huge_heaps(void);

/* Whether glibc counts too many bytes of mapped blocks. */
bool mema_malloc_drifts(void);

#endif
