/* memory.h - the only library functions that the core calls. */
#ifndef MEMA_MEMORY_H
#define MEMA_MEMORY_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include <stddef.h>
void *memchr(const void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/* A target may have instructions for these. */
#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define memmove(to, from, n) __builtin_memmove(to, from, n)
#define memset(s, c, n) __builtin_memset(s, c, n)
#endif

#endif
