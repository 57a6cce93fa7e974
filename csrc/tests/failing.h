/* failing.h - an allocator that fails on demand.
 *
 * It wraps malloc, calloc and realloc in programs that are linked with --wrap (WRAP in the Makefile).
 * Allocations within a shared libc are not wrapped. */
#ifndef FAILING_H
#define FAILING_H

#include <stdint.h>

/* Makes allocations number `first` to `last` fail, counting from 1 from now on. */
void fail_allocations(uint64_t first, uint64_t last);

/* Stops that; returns how many failed. */
uint64_t allocations_failed(void);

/* The number of allocations since fail_allocations. */
uint64_t allocations(void);

/* The bytes requested from malloc and calloc since fail_allocations. */
uint64_t allocated_bytes(void);

#endif
