/* test_allocators.c - which allocator a process has, and the memory that has its signs. */
#include "test.h"
#include "expect_output.h"

#include "../allocators.h"

#include <stdlib.h>
#include <string.h>

static struct mema_report r;

#define LIBRARY(perms, path) FILE_MAP("7f0060000000-7f0060001000", perms, path, 4) "VmFlags: rd ex\n"
#define FLAGGED(range, perms, kb, flags) MAP(range, perms, "", kb) "VmFlags: " flags "\n"

static void files_of_libraries_name_the_allocator(void)
{
        static const struct {
                const char *path;
                enum mema_allocator allocator;
        } rows[] = {
                { "/usr/lib/libjemalloc.so.2", MEMA_ALLOCATOR_JEMALLOC },
                { "/usr/lib/libmimalloc-secure.so.2.0", MEMA_ALLOCATOR_MIMALLOC },
                { "/usr/lib/libtcmalloc_minimal.so.4 (deleted)", MEMA_ALLOCATOR_TCMALLOC },
                { "/usr/lib/libclang_rt.scudo_standalone-x86_64.so", MEMA_ALLOCATOR_SCUDO },
                { "/lib/ld-musl-x86_64.so.1", MEMA_ALLOCATOR_MUSL },
                { "/usr/lib/libtbbmalloc_proxy.so.2", MEMA_ALLOCATOR_TBB },
                { "/usr/lib/libtbbmalloc.so.2",
                  MEMA_ALLOCATOR_UNKNOWN }, /* without its proxy it is not malloc */
                { "/usr/lib/libc.so.6", MEMA_ALLOCATOR_UNKNOWN },
                { "/opt/libjemalloc/x.so", MEMA_ALLOCATOR_UNKNOWN },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                equal_number(rows[i].path, mema_allocator_in(span_of(rows[i].path, strlen(rows[i].path))),
                             rows[i].allocator, __FILE__, __LINE__);
}

/* Expects the kB of Read-Write and of Arenas, in the sums and in the rows. */
static void expect_kb(const char *text, const struct mema_context *context, uint64_t rw, uint64_t arenas)
{
        uint64_t rows = 0;

        make_report(&r, text, context, MEMA_ALL, MEMA_SORT_ADDRESS);
        expect_law(text, &r);
        equal_number(text, r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_RSS], KB(rw), __FILE__,
                     __LINE__);
        equal_number(text, r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS], KB(arenas),
                     __FILE__, __LINE__);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                rows += row.category == MEMA_CATEGORY_MALLOC_ARENAS ? row.value[MEMA_FIELD_RSS] : 0;
        }
        equal_number(text, rows, KB(arenas), __FILE__, __LINE__);
        mema_report_free(&r);
}

static void memory_with_a_sign_is_the_allocators(void)
{
#define MEMORY                                                      \
        FLAGGED("7f0000000000-7f0000001000", "rw-p", 4, "rd wr nr") \
        FLAGGED("7f0000002000-7f0000004000", "rw-p", 8, "rd wr hg") \
        FLAGGED("7f0000010000-7f0000011000", "---p", 0, "mr")       \
        FLAGGED("7f0000011000-7f0000014000", "rw-p", 12, "rd wr")   \
        FLAGGED("7f0000014000-7f0000015000", "---p", 0, "mr")       \
        FLAGGED("7f0040000000-7f0040008000", "rw-p", 32, "rd wr")   \
        FLAGGED("7f0050001000-7f0050011000", "rw-p", 64, "rd wr")
        static const struct mema_context static_musl = { .allocator = MEMA_ALLOCATOR_MUSL },
                                         of_a_capture = { .allocator = MEMA_ALLOCATOR_RPMALLOC };

        expect_kb(MEMORY, NULL, 120, 0);
        expect_kb(MEMORY LIBRARY("r-xp", "/lib/libjemalloc.so.2"), NULL, 116, 4);
        expect_kb(MEMORY LIBRARY("r-xp", "/lib/libtcmalloc.so.4"), NULL, 112, 8);
        expect_kb(MEMORY LIBRARY("r-xp", "/lib/libscudo.so"), NULL, 108, 12);
        expect_kb(MEMORY LIBRARY("r--p", "/lib/libscudo.so"), NULL, 120, 0);
        expect_kb(MEMORY, &of_a_capture, 88, 32);
        expect_kb(MEMORY, &static_musl, 120, 0);
        /* The allocator of a program with musl can be in a library. */
        expect_kb(MEMORY LIBRARY("r-xp", "/lib/libjemalloc.so.2"), &static_musl, 116, 4);
}

static void full_heaps_of_glibc_have_no_reserve(void)
{
#define MEGABYTES(n) (UINT64_C(n) << 10)
        /* With glibc.malloc.hugetlb=2, up to 2.41; without it; hardly resident, as a sanitizer's; of others.
         */
        expect_kb(FLAGGED("7f0000800000-7f0001000000", "rw-p", 8192, "rd wr nr"), NULL, 0, MEGABYTES(8));
        expect_kb(FLAGGED("7f0000000000-7f0008000000", "rw-p", 131072, "rd wr nr"), NULL, 0, MEGABYTES(128));
        expect_kb(FLAGGED("7f0000800000-7f0001000000", "rw-p", 4, "rd wr nr"), NULL, 4, 0);
        expect_kb(FLAGGED("7f0000800000-7f0001000000", "rw-p", 8192, "rd wr"), NULL, MEGABYTES(8), 0);
        expect_kb(FLAGGED("7f0000800000-7f0001800000", "rw-p", 16384, "rd wr nr"), NULL, MEGABYTES(16), 0);
        expect_kb(FLAGGED("7f0000400000-7f0000c00000", "rw-p", 8192, "rd wr nr"), NULL, MEGABYTES(8), 0);
}

/* With glibc.mem.decorate_maps=1, only the start of a heap has a name. */
static void a_heap_goes_on_behind_its_name(void)
{
        expect_kb(MAP("7f0000000000-7f0000021000", "rw-p", "[anon: glibc: malloc arena]", 132)
                          MAP("7f0000021000-7f0000400000", "rw-p", "", 1000)
                                  MAP("7f0000400000-7f0004000000", "---p", "", 0)
                                          MAP("7f0008000000-7f0008021000", "rw-p", "", 100),
                  NULL, 100, 1132);
        expect_kb(MAP("7f0000000000-7f0000021000", "rw-p", "[anon: glibc: malloc arena]", 132)
                          MAP("7f0000021000-7f0004001000", "rw-p", "", 1000), /* beyond the heap */
                  NULL, 1000, 132);
}

static void the_text_names_the_allocator(void)
{
        static const struct mema_context foreign = { .allocator = MEMA_ALLOCATOR_JEMALLOC },
                                         own = { .allocator = MEMA_ALLOCATOR_GLIBC };
        char *text;

        make_report(&r, MAP("1000-2000", "rw-p", "[heap]", 4), &foreign, 5, MEMA_SORT_RSS);
        text = write_by(&r, NULL, WHOLE);
        TRUE(strstr(text, "\nC Heap (malloc): jemalloc\n  brk Heap:") != NULL);
        TRUE(strstr(text, "malloc is not glibc's but jemalloc: ") != NULL);
        free(text);
        mema_report_free(&r);
        make_report(&r, MAP("1000-2000", "rw-p", "[heap]", 4), &own, 5, MEMA_SORT_RSS);
        text = write_by(&r, NULL, WHOLE);
        TRUE(strstr(text, "\nC Heap (malloc):\n  Main Arena:") != NULL);
        TRUE(strstr(text, "malloc is not") == NULL);
        free(text);
        mema_report_free(&r);
}

SUITE(allocators, CASE(files_of_libraries_name_the_allocator), CASE(memory_with_a_sign_is_the_allocators),
      CASE(full_heaps_of_glibc_have_no_reserve), CASE(a_heap_goes_on_behind_its_name),
      CASE(the_text_names_the_allocator));
