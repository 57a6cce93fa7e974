/* failing.h - an allocator that fails where it is told to.
 *
 * It stands before malloc, calloc and realloc in a program that is linked with
 * --wrap (WRAP in the Makefile); what libc allocates for itself is not its own. */
#ifndef FAILING_H
#define FAILING_H

#include <stdint.h>

/* From now on, the allocations number `first` to `last`, counted from 1, fail. */
void fail_allocations(uint64_t first, uint64_t last);

/* Ends that; how many of them were asked for and failed. */
uint64_t allocations_failed(void);

/* How many were asked for since fail_allocations. */
uint64_t allocations(void);

/* Bytes that were asked of malloc and calloc since fail_allocations. */
uint64_t allocated_bytes(void);

#endif
