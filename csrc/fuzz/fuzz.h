/* fuzz.h - what the fuzzers share, beside the tests' oracles.
 *
 * The input of every fuzzer is a text and nothing else, so that a finding is a file
 * like any capture: how it is cut, and with which options it is reported, follows
 * from a hash of its first line. */
#ifndef FUZZ_H
#define FUZZ_H

#include "../tests/records.h"

/* libFuzzer's: see its manual. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed);

/* A number below `below`, and the next seed. */
uint64_t chance(uint64_t *seed, uint64_t below);

/* A seed for an input, never 0. */
uint64_t seed_of(const char *text, size_t len);

#endif
