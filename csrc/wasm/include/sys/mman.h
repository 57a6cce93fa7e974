#pragma once
#include <sys/types.h>
enum {
        PROT_READ = 1,
        PROT_WRITE = 2,
        MAP_PRIVATE = 2,
        MAP_ANONYMOUS = 32,
        MADV_DONTDUMP = 16,
        MAP_HUGE_SHIFT = 26
};
#define MFD_CLOEXEC 1u
#define MFD_HUGETLB 4u
#define MAP_FAILED ((void *)-1)
void *mmap(void *, size_t, int, int, int, off_t);
int munmap(void *, size_t);
int madvise(void *, size_t, int);
int memfd_create(const char *, unsigned);
