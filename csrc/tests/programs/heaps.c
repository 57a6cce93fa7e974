/* heaps.c - a process that makes a known C heap and reads itself: heaps CASE.  Failed checks are written to
 * standard output; the reason why a case cannot be made here, to standard error.
 *
 * It is a program of its own, because the tests run with the malloc of a sanitizer. */
#define _GNU_SOURCE
#include "../expect_capture.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MIB(n) ((size_t)(n) << 20)
#define HEAP MIB(64)

#define TRUE(condition) ((condition) ? (void)0 : (void)printf("line %d: not %s\n", __LINE__, #condition))
#define EQUAL(actual, expected) equal(__LINE__, #actual, (uint64_t)(actual), (uint64_t)(expected))

static void equal(int line, const char *what, uint64_t actual, uint64_t expected)
{
        if (actual != expected)
                printf("line %d: %s is %" PRIu64 ", wanted %" PRIu64 "\n", line, what, actual, expected);
}

static void cannot(const char *why)
{
        fputs(why, stderr);
        exit(EXIT_SUCCESS);
}

/* Reading ---------------------------------------------------------------------- */

static struct mema_report r;

static uint64_t committed(unsigned category)
{
        return r.category[category].committed;
}

static const struct mema_proof *proof(unsigned id)
{
        return &r.proof[id];
}

/* The row that contains an address; all zero if none does. */
static const struct mema_region *row_at(const void *address)
{
        static struct mema_region row;

        for (uint64_t i = 0; i < r.row_count; i++) {
                mema_report_row(&r, i, &row);
                if ((uintptr_t)address - row.start < mema_region_span(&row))
                        return &row;
        }
        memset(&row, 0, sizeof row);
        return &row;
}

static uint64_t category_at(const void *address)
{
        return row_at(address)->category;
}

/* Checks that the memory is a row of its own, and is all resident. */
#define EXPECT_ROW(at, bytes, in)                               \
        do {                                                    \
                const struct mema_region *row = row_at(at);     \
                                                                \
                EQUAL(row->start, (uintptr_t)(at));             \
                EQUAL(row->end, (uintptr_t)(at) + (bytes));     \
                EQUAL(row->category, in);                       \
                EQUAL(row->value[MEMA_FIELD_SIZE], bytes);      \
                EQUAL(row->value[MEMA_FIELD_RSS], bytes);       \
                EQUAL(row->value[MEMA_FIELD_ANONYMOUS], bytes); \
        } while (0)

static void expect_law(void)
{
        uint64_t mappings = 0;

        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                uint64_t sum = 0;

                for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                        sum += r.category[i].sums.value[f];
                equal(__LINE__, mema_field_label(f), sum, r.totals.value[f]);
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                mappings += r.category[i].sums.mappings;
        EQUAL(mappings, r.totals.mappings);
        EQUAL(r.category[MEMA_CATEGORY_UNATTRIBUTED].sums.value[MEMA_FIELD_RSS], 0);
}

enum facts { NO_FACTS, TRUE_FACTS, WRONG_FACTS };

static void ask(struct mema_facts *facts, enum facts which)
{
        if (which != NO_FACTS)
                mema_malloc_read(&facts->malloc);
        if (which == WRONG_FACTS) {
                facts->malloc.arena += MIB(1);
                facts->malloc.mapped += MIB(1);
                facts->malloc.blocks++;
        }
}

static void read_process(uint64_t pid, enum facts which)
{
        static const struct mema_options options = { .top = MEMA_ALL,
                                                     .sort = MEMA_SORT_ADDRESS,
                                                     .keep_text = true };
        static struct mema_context context;
        static struct mema_facts after;
        struct mema_error error;
        const char *unlike;

        mema_report_free(&r);
        memset(&context, 0, sizeof context);
        memset(&after, 0, sizeof after);
        ask(&context.facts, which);
        mema_report_init(&r, &context, &options);
        EQUAL(mema_collect(&r, pid, &error), MEMA_STATUS_OK);
        ask(&after, which);
        mema_report_finish(&r, &after);
        expect_law();
        unlike = unlike_when_saved(&r);
        if (unlike)
                printf("saved and read again, this differs: %s\n", unlike);
}

/* Reads this process and checks that both sums of malloc verify what was found. */
static void read_verified(void)
{
        read_process(0, TRUE_FACTS);
        EQUAL(proof(MEMA_PROOF_MALLOC)->held, 1);
        EQUAL(proof(MEMA_PROOF_MALLOC_MMAP)->held, 1);
        TRUE(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method <= MEMA_METHOD_VERIFIED);
        TRUE(r.category[MEMA_CATEGORY_MALLOC_MMAP].method <= MEMA_METHOD_VERIFIED);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].low, r.category[MEMA_CATEGORY_MALLOC_ARENAS].high);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MMAP].low, r.category[MEMA_CATEGORY_MALLOC_MMAP].high);
}

/* Making ------------------------------------------------------------------------ */

static char *heap_of(const char *block)
{
        return (char *)((uintptr_t)block / HEAP * HEAP);
}

/* Maps and touches memory at an address, or anywhere.  Flags decide what it merges with: heaps are mapped
 * with MAP_NORESERVE, blocks without. */
static char *map_at(uintptr_t address, size_t bytes, int flags)
{
        int fixed = address ? MAP_FIXED_NOREPLACE : 0;
        char *p = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | fixed | flags, -1, 0);

        if (p == MAP_FAILED || (address && (uintptr_t)p != address))
                cannot("the address is taken");
        memset(p, 1, bytes);
        return p;
}

/* Maps memory that is aligned like heaps, with free addresses for heaps below it, and for a thread's stack
 * above it. */
static char *map_aligned(size_t heaps, int flags)
{
        char *p = mmap(NULL, (heaps + 2) * HEAP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        munmap(p, (heaps + 2) * HEAP);
        return map_at((uintptr_t)heap_of(p + HEAP - 1), heaps * HEAP, flags);
}

/* Whether `low` to `high` is in one mapping. */
static bool is_one_mapping(const char *low, const char *high)
{
        FILE *f = fopen("/proc/self/maps", "r");
        char line[512];
        uintptr_t start, end;
        bool one = false;

        while (f && fgets(line, sizeof line, f))
                if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2)
                        one |= start <= (uintptr_t)low && end >= (uintptr_t)high;
        if (f)
                fclose(f);
        return one;
}

/* The blocks that a thread allocates in its own arena, and touches. */
struct made {
        size_t count, size;
        bool free_half, free_all;
        char **block;
        pthread_t thread;
};
static sem_t done;

static void *make_and_wait(void *argument)
{
        struct made *m = argument;

        for (size_t i = 0; i < m->count; i++)
                m->block[i] = memset(malloc(m->size), 1, m->size);
        for (size_t i = 0; i < m->count; i++)
                if (m->free_all || (m->free_half && i % 2 == 1))
                        free(m->block[i]);
        sem_post(&done);
        for (;;)
                pause();
        return NULL;
}

/* The list of blocks is mapped, so that it is not on the C heap. */
static void make(struct made *m, size_t threads)
{
        sem_init(&done, 0, 0);
        for (size_t i = 0; i < threads; i++) {
                m[i].block =
                        (char **)(void *)map_at(0, (m[i].count * sizeof(char *) + 4095) / 4096 * 4096, 0);
                if (pthread_create(&m[i].thread, NULL, make_and_wait, &m[i]) != 0)
                        cannot("no threads");
        }
        for (size_t i = 0; i < threads; i++)
                sem_wait(&done);
}

/* Arenas -------------------------------------------------------------------------- */

static void one_arena_of_200_mb(void)
{
        struct made m = { .count = 50000, .size = 4000 };
        uint64_t rss;

        make(&m, 1);
        read_verified();
        rss = r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS];
        TRUE(rss >= 50000 * UINT64_C(4000) && rss < MIB(202));
        for (size_t i = 0; i < m.count; i += 1000)
                EQUAL(category_at(m.block[i]), MEMA_CATEGORY_MALLOC_ARENAS);
}

static void eight_arenas(void)
{
        struct made m[8];

        for (size_t i = 0; i < 8; i++)
                m[i] = (struct made){ .count = 1000 * i + 1, .size = 4000 };
        make(m, 8);
        read_verified();
        for (size_t i = 0; i < 8; i++) {
                EQUAL(category_at(m[i].block[0]), MEMA_CATEGORY_MALLOC_ARENAS);
                EQUAL(row_at(m[i].block[0])->start, (uintptr_t)heap_of(m[i].block[0]));
        }
}

/* Memory freed at the end of a heap stays mapped, but malloc no longer counts it. */
static void a_heap_that_was_trimmed(void)
{
        struct made m = { .count = 10000, .size = 4000, .free_all = true };

        make(&m, 1);
        read_verified();
        TRUE(row_at(m.block[5])->value[MEMA_FIELD_SIZE] > MIB(30));
        TRUE(committed(MEMA_CATEGORY_MALLOC_ARENAS) < MIB(1));
        TRUE(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS] < MIB(1));
}

static void a_full_heap_between_other_memory(void)
{
        struct made m = { .count = 20000, .size = 4000 };
        char *heap, *below, *above;

        make(&m, 1);
        heap = heap_of(m.block[0]);
        below = map_at((uintptr_t)heap - MIB(1), MIB(1), MAP_NORESERVE);
        above = map_at((uintptr_t)heap + HEAP, MIB(2), MAP_NORESERVE);
        if (!is_one_mapping(below, above + MIB(2)))
                cannot("the kernel did not merge them");
        read_verified();
        EXPECT_ROW(below, MIB(1), MEMA_CATEGORY_ANON_RW);
        EXPECT_ROW(heap, HEAP, MEMA_CATEGORY_MALLOC_ARENAS);
        EXPECT_ROW(above, MIB(2), MEMA_CATEGORY_ANON_RW);
        EQUAL(category_at(m.block[m.count - 1]), MEMA_CATEGORY_MALLOC_ARENAS);
}

/* It has the size and the alignment of a heap. */
static void other_memory_above_a_full_heap(void)
{
        struct made m = { .count = 50000, .size = 4000 };
        char *above = map_aligned(1, MAP_NORESERVE);
        bool adjoins = false;

        make(&m, 1);
        for (size_t i = 0; i < m.count; i++)
                adjoins |= heap_of(m.block[i]) + HEAP == above;
        if (!adjoins)
                cannot("no heap is below it");
        read_verified();
        EXPECT_ROW(above, HEAP, MEMA_CATEGORY_ANON_RW);
        EQUAL(category_at(above - 4096), MEMA_CATEGORY_MALLOC_ARENAS);
}

static void other_memory_below_a_heap_with_a_tail(void)
{
        struct made m = { .count = 1000, .size = 4000 };
        char *heap, *below;

        make(&m, 1);
        heap = heap_of(m.block[0]);
        below = map_at((uintptr_t)heap - MIB(100), MIB(100), MAP_NORESERVE);
        if (!is_one_mapping(below, heap + 4096))
                cannot("the kernel did not merge them");
        read_verified();
        EXPECT_ROW(below, MIB(100), MEMA_CATEGORY_ANON_RW);
        EQUAL(row_at(heap)->start, (uintptr_t)heap);
        EQUAL(category_at(heap), MEMA_CATEGORY_MALLOC_ARENAS);
}

/* Mapped blocks ---------------------------------------------------------------------- */

enum { BLOCKS = 64 };

static char *blocks[BLOCKS];

static char *lowest_block(void)
{
        char *low = blocks[0];

        for (size_t i = 1; i < BLOCKS; i++)
                low = blocks[i] && blocks[i] < low ? blocks[i] : low;
        return low;
}

static void make_blocks(size_t size)
{
        mallopt(M_MMAP_THRESHOLD, (int)MIB(1) / 2); /* which also stops malloc from adapting it */
        for (size_t i = 0; i < BLOCKS; i++)
                blocks[i] = memset(malloc(size), 1, size);
}

static void expect_blocks(uint64_t bytes)
{
        const struct mema_category *c = &r.category[MEMA_CATEGORY_MALLOC_MMAP];

        EQUAL(c->committed, bytes);
        EQUAL(c->sums.value[MEMA_FIELD_RSS], bytes);
        for (size_t i = 0; i < BLOCKS; i++)
                EQUAL(category_at(blocks[i] ? blocks[i] : blocks[0]), MEMA_CATEGORY_MALLOC_MMAP);
}

static void blocks_side_by_side(void)
{
        make_blocks(MIB(1));
        if (!is_one_mapping(lowest_block() - 16, lowest_block() + 4 * MIB(1)))
                cannot("the kernel did not merge them");
        read_verified();
        expect_blocks(BLOCKS * (MIB(1) + 4096));
        TRUE(r.context.owner_count < BLOCKS); /* adjoining blocks are one owner */
}

static void blocks_freed_in_the_middle(void)
{
        make_blocks(MIB(1));
        for (size_t i = 20; i < 30; i++) {
                free(blocks[i]);
                blocks[i] = NULL;
        }
        read_verified();
        expect_blocks((BLOCKS - 10) * (MIB(1) + 4096));
}

/* Only malloc's own fields show where the blocks begin. */
static void blocks_above_other_memory(void)
{
        char *below;

        make_blocks(MIB(1));
        below = map_at((uintptr_t)lowest_block() - 16 - MIB(3), MIB(3), 0);
        if (!is_one_mapping(below, lowest_block() + MIB(1)))
                cannot("the kernel did not merge them");
        read_verified();
        expect_blocks(BLOCKS * (MIB(1) + 4096));
        EQUAL(row_at(below)->start, (uintptr_t)below);
        EQUAL(row_at(below)->end, (uintptr_t)below + MIB(3));
        EQUAL(category_at(below), MEMA_CATEGORY_ANON_RW);
}

static void blocks_below_other_memory(void)
{
        char *above = map_at(0, MIB(3), 0);

        make_blocks(MIB(1));
        read_verified();
        expect_blocks(BLOCKS * (MIB(1) + 4096));
        EQUAL(category_at(above + MIB(3) - 1), MEMA_CATEGORY_ANON_RW);
}

static void a_block_that_is_larger_than_a_heap(void)
{
        char *block = memset(malloc(MIB(200)), 1, MIB(200));

        read_verified();
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MMAP].sums.value[MEMA_FIELD_RSS], MIB(200) + 4096);
        EXPECT_ROW(block - 16, MIB(200) + 4096, MEMA_CATEGORY_MALLOC_MMAP);
}

static void a_block_that_is_hardly_resident(void)
{
        char *block = memset(malloc(MIB(8)), 1, MIB(1)), *below;

        below = map_at((uintptr_t)block - 16 - MIB(2), MIB(2), 0);
        if (!is_one_mapping(below, block + MIB(8)))
                cannot("the kernel did not merge them");
        read_verified();
        EQUAL(row_at(block)->start, (uintptr_t)block - 16);
        EQUAL(row_at(block)->value[MEMA_FIELD_SIZE], MIB(8) + 4096);
        EQUAL(row_at(block)->value[MEMA_FIELD_RSS], MIB(1) + 4096);
}

/* Pages of zeros do not count in RSS.  Before Linux 6.7 they cannot be recognized, and only the bounds are
 * right. */
static void a_block_that_was_only_read(void)
{
        const struct mema_category *c = &r.category[MEMA_CATEGORY_MALLOC_MMAP],
                                   *other = &r.category[MEMA_CATEGORY_ANON_RW];
        volatile char *block = malloc(MIB(64));
        char *below = map_at((uintptr_t)block - 16 - MIB(3), MIB(3), 0);
        int sum = 0;

        if (!is_one_mapping(below, (char *)(uintptr_t)block + MIB(64)))
                cannot("the kernel did not merge them");
        for (size_t i = 0; i < MIB(64); i += 4096)
                sum += block[i];
        read_process(0, TRUE_FACTS);
        EQUAL(sum, 0);
        EQUAL(proof(MEMA_PROOF_MALLOC_MMAP)->held, 1);
        TRUE(c->low <= 4096 && c->high >= 4096);
        TRUE(other->low <= MIB(4) && other->high >= MIB(3));
        TRUE(c->method != MEMA_METHOD_VERIFIED || c->high == 4096);
}

static void blocks_that_are_aligned_and_resized(void)
{
        void *aligned = memalign(65536, MIB(1)), *resized = malloc(MIB(1));

        resized = realloc(resized, MIB(5));
        TRUE(aligned && resized);
        read_verified();
        EQUAL(category_at(aligned), MEMA_CATEGORY_MALLOC_MMAP);
        EQUAL(category_at(resized), MEMA_CATEGORY_MALLOC_MMAP);
        EQUAL(committed(MEMA_CATEGORY_MALLOC_MMAP), proof(MEMA_PROOF_MALLOC_MMAP)->most);
}

/* glibc from 2.42 on counts 16 bytes too many for each realloc that moves pages. */
static void blocks_that_are_resized_a_thousand_times(void)
{
        char *block = malloc(MIB(1));

        for (size_t i = 0; i < 1000 && block; i++)
                block = realloc(block, MIB(1 + i % 2));
        TRUE(block);
        read_verified();
        free(block);
        read_verified();
}

/* Tunables ----------------------------------------------------------------------------- */

/* Starts this program again with tunables, unless it has them. */
static void need(const char *tunables)
{
        const char *set = getenv("GLIBC_TUNABLES");

        if (set && strcmp(set, tunables) == 0)
                return;
        setenv("GLIBC_TUNABLES", tunables, 1);
        execl("/proc/self/exe", "heaps", program_invocation_name, NULL);
}

/* Each heap begins with a huge page, which can be a mapping of its own. */
static void arenas_that_ask_for_huge_pages(void)
{
        need("glibc.malloc.hugetlb=1");
        one_arena_of_200_mb();
}

/* Up to 2.41, heaps have the size of four huge pages; the main arena is in mappings. */
static void arenas_of_huge_pages(void)
{
        struct made m[8];
        char *main_block[3000];

        need("glibc.malloc.hugetlb=2");
        for (size_t i = 0; i < 3000; i++)
                main_block[i] = memset(malloc(4000), 1, 4000);
        for (size_t i = 0; i < 8; i++)
                m[i] = (struct made){ .count = 4000, .size = 4000 };
        make(m, 8);
        read_process(0, TRUE_FACTS);
        for (size_t i = 0; i < 8; i++)
                EQUAL(category_at(m[i].block[3999]), MEMA_CATEGORY_MALLOC_ARENAS);
        if (row_at(main_block[1500])->end > 0) {
                EQUAL(category_at(main_block[1500]), MEMA_CATEGORY_MALLOC_MAIN);
                EQUAL(proof(MEMA_PROOF_MALLOC)->held, 1);
        } else { /* in hugetlb pages, which are not resident to smaps */
                TRUE(r.category[MEMA_CATEGORY_MALLOC_MAIN].sums.value[MEMA_FIELD_PRIVATE_HUGETLB] > 0);
        }
}

/* The kernel shows names if it has them: those of the first 132 kB of a heap. */
static void arenas_with_names(void)
{
        need("glibc.mem.decorate_maps=1");
        one_arena_of_200_mb();
}

/* Parts -------------------------------------------------------------------------------- */

/* Both halves are resident, and malloc has some memory of its own beside them. */
static void a_heap_that_is_half_free(void)
{
        const uint64_t half = 5000 * UINT64_C(4016), more = MIB(1) / 4;
        struct made m = { .count = 10000, .size = 4000, .free_half = true };

        make(&m, 1);
        read_verified();
        for (unsigned i = MEMA_PART_MALLOC_IN_USE; i <= MEMA_PART_MALLOC_RETAINED; i++) {
                const struct mema_part *part = &r.part[i];

                TRUE(part->high >= half && part->low <= half + more);
                TRUE(part->high - part->low < more);
                TRUE(part->low <= part->rss && part->rss <= part->high);
                TRUE(part->committed >= half && part->committed < half + more);
        }
}

/* Proofs --------------------------------------------------------------------------------- */

static void heaps_that_malloc_does_not_confirm_are_inferred(void)
{
        struct made m = { .count = 1000, .size = 4000 };

        make_blocks(MIB(1));
        make(&m, 1);
        read_process(0, WRONG_FACTS);
        EQUAL(proof(MEMA_PROOF_MALLOC)->known, 1);
        EQUAL(proof(MEMA_PROOF_MALLOC)->held, 0);
        EQUAL(proof(MEMA_PROOF_MALLOC_MMAP)->held, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method, MEMA_METHOD_INFERRED);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].low, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MMAP].method, MEMA_METHOD_INFERRED);
        EQUAL(r.part[MEMA_PART_MALLOC_IN_USE].low, 0);
        expect_blocks(BLOCKS * (MIB(1) + 4096));
}

/* mallinfo2 is called only now and then; reports must not alternate. */
static void without_the_sums_of_malloc_the_same_heaps_are_found(void)
{
        static const unsigned heaps[] = { MEMA_CATEGORY_MALLOC_MAIN, MEMA_CATEGORY_MALLOC_ARENAS,
                                          MEMA_CATEGORY_MALLOC_MMAP };
        struct made m = { .count = 20000, .size = 4000 };
        uint64_t with[3];

        mallopt(M_TRIM_THRESHOLD, MIB(64));
        make_blocks(MIB(1));
        make(&m, 1);
        read_verified(); /* from here on [heap] includes the memory of a report */
        read_verified();
        for (size_t i = 0; i < 3; i++)
                with[i] = committed(heaps[i]);
        read_process(0, NO_FACTS);
        for (size_t i = 0; i < 3; i++)
                EQUAL(committed(heaps[i]), with[i]);
        EQUAL(proof(MEMA_PROOF_MALLOC)->known, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MMAP].method, MEMA_METHOD_INFERRED);
}

static void another_process_is_known_by_shape(void)
{
        struct made m = { .count = 1000, .size = 4000 };

        make_blocks(MIB(1));
        make(&m, 1);
        read_process((uint64_t)getpid(), NO_FACTS);
        EQUAL(category_at(m.block[0]), MEMA_CATEGORY_MALLOC_ARENAS);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method, MEMA_METHOD_INFERRED);
        EQUAL(category_at(blocks[0]), MEMA_CATEGORY_ANON_RW);
        EQUAL(committed(MEMA_CATEGORY_MALLOC_MMAP), 0);
}

/* Labels ----------------------------------------------------------------------------------- */

static bool kernel_has_names(void)
{
        return prctl(0x53564d41, 0, map_at(0, 4096, 0), 4096, "a") == 0; /* PR_SET_VMA_ANON_NAME */
}

/* A label overrides what was found, and malloc's sums no longer verify it. */
static void expect_label(const char *at, size_t bytes, unsigned around, unsigned of, uint64_t all)
{
        struct mema_error error;

        EQUAL(mema_label(at, bytes, "cache", 5, NULL, &error), MEMA_STATUS_OK);
        read_process(0, TRUE_FACTS);
        EXPECT_ROW(at, bytes, MEMA_CATEGORY_NAMED);
        EQUAL(r.category[MEMA_CATEGORY_NAMED].sums.value[MEMA_FIELD_RSS], bytes);
        EQUAL(proof(of)->held, 0);
        if (!kernel_has_names()) { /* else the kernel has split the mapping, which hides its kind */
                EQUAL(category_at(at - 4096), around);
                EQUAL(category_at(at + bytes), around);
                EQUAL(committed(around), all - bytes);
        }
        EQUAL(mema_label_remove(at, bytes, &error), MEMA_STATUS_OK);
        read_verified();
        EQUAL(committed(around), all);
}

static const char *next_page(const char *p)
{
        return (const char *)(((uintptr_t)p + 4095) / 4096 * 4096);
}

static void a_label_in_a_block_overrides_it(void)
{
        make_blocks(MIB(1));
        read_verified();
        expect_label(next_page(blocks[3]) + MIB(1) / 4, MIB(1) / 2, MEMA_CATEGORY_MALLOC_MMAP,
                     MEMA_PROOF_MALLOC_MMAP, committed(MEMA_CATEGORY_MALLOC_MMAP));
}

static void a_label_in_an_arena_overrides_it(void)
{
        struct made m = { .count = 10000, .size = 4000 };

        make(&m, 1);
        read_verified();
        expect_label(next_page(m.block[1000]), MIB(1), MEMA_CATEGORY_MALLOC_ARENAS, MEMA_PROOF_MALLOC,
                     committed(MEMA_CATEGORY_MALLOC_ARENAS));
}

/* Lookalikes ------------------------------------------------------------------------------- */

static void memory_that_only_looks_like_a_heap(void)
{
        struct made m = { .count = 1000, .size = 4000 };
        char *p = map_aligned(2, 0);
        uintptr_t at = (uintptr_t)p, real;

        make(&m, 1);
        real = (uintptr_t)heap_of(m.block[0]);

        const uintptr_t arena = *(uintptr_t *)real, full = HEAP;
        const uintptr_t heads[][4] = {
                { at + 48, 0, 0, full },                   /* none of it used */
                { at + 48, 0, full, full - 4096 },         /* more used than writable */
                { at + 48, 0, 4097, full },                /* not whole pages */
                { at + 48, 0, 4096, full - 1 },            /* not whole pages */
                { at + 48, 0, 2 * full, 2 * full },        /* too large */
                { at + 48, 0, 4096, 8192 },                /* ends elsewhere */
                { at + 40, 0, full, full },                /* an arena that is not aligned */
                { at, 0, full, full },                     /* at its own start */
                { at + 4096, 0, full, full },              /* far from it */
                { at + 48, real, full, full },             /* a first heap with a previous one */
                { arena, 0, full, full },                  /* another heap's arena, not linked to it */
                { arena, at, full, full },                 /* linked to itself */
                { arena, at + 4096, full, full },          /* linked to a copy of a heap, not aligned */
                { arena, at + full, full, full },          /* linked to a heap of another arena */
                { at + full + 48, at + full, full, full }, /* an arena whose heap is not its first */
                { arena, UINTPTR_MAX / full * full, full, full }, /* not mapped */
                { arena + 16, real, full, full },                 /* the heap of another arena */
                { UINTPTR_MAX, UINTPTR_MAX, UINTPTR_MAX, UINTPTR_MAX },
        };

        memcpy(p + 4096, (void *)real, sizeof *heads);
        memcpy(p + full, (const uintptr_t[]){ at + full + 48, real, full, full }, sizeof *heads);
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                memcpy(p, heads[i], sizeof heads[i]);
                read_verified();
                if (category_at(p) != MEMA_CATEGORY_ANON_RW)
                        printf("row %zu of heads is taken for a heap\n", i);
                EXPECT_ROW(p, 2 * HEAP, MEMA_CATEGORY_ANON_RW);
        }
}

/* Its fields are right, but malloc does not count it. */
static void a_perfect_forgery_is_not_verified(void)
{
        char *p = map_aligned(2, 0);
        const uintptr_t head[] = { (uintptr_t)p + 48, 0, HEAP, HEAP };

        memcpy(p, head, sizeof head);
        read_process(0, TRUE_FACTS);
        EXPECT_ROW(p, HEAP, MEMA_CATEGORY_MALLOC_ARENAS);
        EQUAL(proof(MEMA_PROOF_MALLOC)->held, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method, MEMA_METHOD_INFERRED);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].low, 0);
}

static void memory_that_only_looks_like_a_block(void)
{
        static const uintptr_t heads[][2] = {
                { 0, MIB(1) },       { 0, MIB(1) | 1 },      { 0, MIB(1) | 3 },
                { 0, MIB(1) | 6 },   { 16, MIB(1) | 2 },     { 0, 2 },
                { 0, 4096 / 2 | 2 }, { 0, MIB(3) | 2 },      { 2, 2 },
                { 0, UINTPTR_MAX },  { 0, UINTPTR_MAX - 5 }, { 0, (UINTPTR_MAX - 4095) | 2 },
        };
        char *low = mmap(NULL, MIB(4), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p = low + MIB(1);

        munmap(p, MIB(2));
        p = map_at((uintptr_t)p, MIB(2), 0);
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
                memcpy(p, heads[i], sizeof heads[i]);
                read_verified();
                EXPECT_ROW(p, MIB(2), MEMA_CATEGORY_ANON_RW);
        }
}

/* The kernel puts a library directly below memory that is there, with which its zeroed data can merge. */
static void memory_above_libraries_is_none_of_theirs(void)
{
        static const char *const libraries[] = { "libm.so.6", "libresolv.so.2", "libthread_db.so.1",
                                                 "libanl.so.1" };
        enum { COUNT = sizeof libraries / sizeof *libraries };
        char *memory[COUNT];

        for (size_t i = 0; i < COUNT; i++) {
                memory[i] = map_at(0, MIB(20), 0);
                (void)dlopen(libraries[i], RTLD_NOW);
        }
        read_process(0, TRUE_FACTS);
        for (size_t i = 0; i < COUNT; i++)
                EQUAL(category_at(memory[i] + MIB(10)), MEMA_CATEGORY_ANON_RW);
        TRUE(r.category[MEMA_CATEGORY_LIBRARIES].high < MIB(20));
}

/* Cases ------------------------------------------------------------------------------------- */

#define CASE(name)          \
        {                   \
#name, name \
        }

static const struct {
        const char *name;
        void (*run)(void);
} cases[] = {
        CASE(one_arena_of_200_mb),
        CASE(eight_arenas),
        CASE(a_heap_that_was_trimmed),
        CASE(a_full_heap_between_other_memory),
        CASE(other_memory_above_a_full_heap),
        CASE(other_memory_below_a_heap_with_a_tail),
        CASE(blocks_side_by_side),
        CASE(blocks_freed_in_the_middle),
        CASE(blocks_above_other_memory),
        CASE(blocks_below_other_memory),
        CASE(a_block_that_is_larger_than_a_heap),
        CASE(a_block_that_is_hardly_resident),
        CASE(a_block_that_was_only_read),
        CASE(blocks_that_are_aligned_and_resized),
        CASE(blocks_that_are_resized_a_thousand_times),
        CASE(arenas_that_ask_for_huge_pages),
        CASE(arenas_of_huge_pages),
        CASE(arenas_with_names),
        CASE(a_heap_that_is_half_free),
        CASE(heaps_that_malloc_does_not_confirm_are_inferred),
        CASE(without_the_sums_of_malloc_the_same_heaps_are_found),
        CASE(another_process_is_known_by_shape),
        CASE(a_label_in_a_block_overrides_it),
        CASE(a_label_in_an_arena_overrides_it),
        CASE(memory_above_libraries_is_none_of_theirs),
        CASE(memory_that_only_looks_like_a_heap),
        CASE(a_perfect_forgery_is_not_verified),
        CASE(memory_that_only_looks_like_a_block),
};

/* Without huge pages, only touched pages are resident. */
int main(int argc, char **argv)
{
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
        mallopt(M_ARENA_MAX, 64);
        if (sizeof(void *) < 8)
                cannot("malloc is searched only if addresses have 64 bits");
        if (access("/proc/self/pagemap", R_OK) != 0 || access("/proc/self/mem", R_OK) != 0)
                cannot("the process may not read its own pagemap and mem");
        program_invocation_name = argv[argc - 1];
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                if (argc == 2 && strcmp(argv[1], cases[i].name) == 0) {
                        cases[i].run();
                        return EXIT_SUCCESS;
                }
        fputs("usage: heaps CASE\n", stderr);
        return 2;
}
