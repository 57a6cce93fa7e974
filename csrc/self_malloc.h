/* self_malloc.h - whose malloc this process has; not for users. */
#ifndef MEMA_SELF_MALLOC_H
#define MEMA_SELF_MALLOC_H

#include "memanalyzer.h"

/* The library that has this process's malloc. */
enum mema_allocator mema_self_allocator(void);

#endif
