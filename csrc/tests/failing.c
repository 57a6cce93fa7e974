/* failing.c - an allocator that fails on demand: see failing.h. */
#include "failing.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static uint64_t count, first_failing, last_failing, failed, bytes;

void fail_allocations(uint64_t first, uint64_t last)
{
        count = failed = bytes = 0;
        first_failing = first;
        last_failing = last;
}

uint64_t allocations_failed(void)
{
        first_failing = last_failing = 0;
        return failed;
}

uint64_t allocations(void)
{
        return count;
}

uint64_t allocated_bytes(void)
{
        return bytes;
}

static bool fails(void)
{
        if (++count < first_failing || count > last_failing)
                return false;
        failed++;
        errno = ENOMEM;
        return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
        bytes += size;
        return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        bytes += n * size;
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
        return fails() ? NULL : __real_realloc(memory, size);
}
