/* fuzz.h - what the fuzzers share, besides the oracles of csrc/tests: random numbers and a limit on time.
 *
 * The input of each fuzzer is a text and nothing else, so that a finding is a file like any capture.  Its
 * cuts and the options of its report follow from a hash: of the text in fuzz_smaps.c, of its first line in
 * fuzz_report.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include "../tests/records.h"

/* See the manual of libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned seed);

/* A random number below `below`; advances the seed. */
uint64_t chance(uint64_t *seed, uint64_t below);

/* A hash of an input as a seed, never 0. */
uint64_t seed_of(const char *text, size_t len);

/* Asserts that `work` takes time in proportion to the length of the text: per byte, at most 5 times as much
 * CPU time as for short headers. */
void expect_linear_time(void (*work)(const char *text, size_t len), const char *text, size_t len);

#endif
