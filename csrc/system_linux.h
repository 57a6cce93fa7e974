/* system_linux.h - system calls that no C library has a function for; not for users.
 *
 * The build for WebAssembly has its own (wasm/posix.c). */
#ifndef MEMA_SYSTEM_LINUX_H
#define MEMA_SYSTEM_LINUX_H

#include <stdint.h>

/* PR_SET_VMA_ANON_NAME: names memory of this process; NULL removes the name.  0, or -1 and errno; pages
 * before a refused one are changed. */
int mema_set_vma_name(uint64_t start, uint64_t size, const char *name);

/* Maps `size` bytes, a power of 2, at a multiple of it, asks for huge pages, and reads the first byte, so
 * that the kernel maps a page of zeros.  Returns the address, 0 if there is no memory. */
uint64_t mema_map_zeros(uint64_t size);

void mema_unmap(uint64_t start, uint64_t size);

/* The address of a thread's list of robust mutexes; 0 if it has none, or may not be read. */
uint64_t mema_robust_list(long thread);

#endif
