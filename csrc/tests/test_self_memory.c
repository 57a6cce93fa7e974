/* test_self_memory.c - the C heap of a process that reads itself.  build/heaps makes and checks it, because
 * the tests themselves run with the malloc of a sanitizer. */
#include "test.h"

#define CASES(X)                                               \
        X(one_arena_of_200_mb)                                 \
        X(eight_arenas)                                        \
        X(a_heap_that_was_trimmed)                             \
        X(a_full_heap_between_other_memory)                    \
        X(other_memory_above_a_full_heap)                      \
        X(other_memory_below_a_heap_with_a_tail)               \
        X(blocks_side_by_side)                                 \
        X(blocks_freed_in_the_middle)                          \
        X(blocks_above_other_memory)                           \
        X(blocks_below_other_memory)                           \
        X(a_block_that_is_larger_than_a_heap)                  \
        X(a_block_that_is_hardly_resident)                     \
        X(a_block_that_was_only_read)                          \
        X(blocks_that_are_aligned_and_resized)                 \
        X(blocks_that_are_resized_a_thousand_times)            \
        X(arenas_that_ask_for_huge_pages)                      \
        X(arenas_of_huge_pages)                                \
        X(arenas_with_names)                                   \
        X(a_heap_that_is_half_free)                            \
        X(heaps_that_malloc_does_not_confirm_are_inferred)     \
        X(a_label_in_a_block_overrides_it)                     \
        X(a_label_in_an_arena_overrides_it)                    \
        X(without_the_sums_of_malloc_the_same_heaps_are_found) \
        X(another_process_is_known_by_shape)                   \
        X(memory_above_libraries_is_none_of_theirs)            \
        X(memory_that_only_looks_like_a_heap)                  \
        X(a_perfect_forgery_is_not_verified)                   \
        X(memory_that_only_looks_like_a_block)

static void runs(char *name)
{
        struct output o = run_program((char *const[]){ "build/heaps", name, NULL }, NULL);

        EQUAL(o.status, 0);
        SAME_TEXT(o.out, "");
        if (o.status == 0 && o.err[0] != '\0')
                skipped(name, o.err);
        output_free(&o);
}

#define X(name)                      \
        static void name(void)       \
        {                            \
                char text[] = #name; \
                                     \
                runs(text);          \
        }
CASES(X)
#undef X

#define X(name) CASE(name),
CU_TestInfo self_memory_tests[] = { CASES(X) CU_TEST_INFO_NULL };
#undef X
