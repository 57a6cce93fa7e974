/* system_linux.c - system calls that no C library has a function for. */
#define _GNU_SOURCE
#include "system_linux.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SET_VMA = 0x53564d41, SET_VMA_ANON_NAME = 0 }; /* linux/prctl.h: older headers do not have them */

/* Not prctl: AddressSanitizer of gcc 14 reads the name in it. */
int mema_set_vma_name(uint64_t start, uint64_t size, const char *name)
{
        return (int)syscall(SYS_prctl, SET_VMA, SET_VMA_ANON_NAME, (unsigned long)start, (unsigned long)size,
                            name);
}

uint64_t mema_map_zeros(uint64_t size)
{
        char *mapped = mmap(NULL, (size_t)(2 * size), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *start = mapped + (-(uintptr_t)mapped & (size - 1));

        if (mapped == MAP_FAILED)
                return 0;
        if (start > mapped)
                munmap(mapped, (size_t)(start - mapped));
        munmap(start + size, (size_t)(mapped + size - start));
        madvise(start, (size_t)size, MADV_HUGEPAGE);
        (void)*(volatile char *)start;
        return (uintptr_t)start;
}

void mema_unmap(uint64_t start, uint64_t size)
{
        munmap((void *)(uintptr_t)start, (size_t)size);
}

uint64_t mema_robust_list(long thread)
{
        struct robust_list_head *head = NULL;
        size_t size;

        return syscall(SYS_get_robust_list, thread, &head, &size) == 0 ? (uintptr_t)head : 0;
}
