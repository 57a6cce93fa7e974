/* test_report_split.c - mappings with owners of their parts: the bounds, names and columns of the pieces, and
 * that the pieces add up to the mapping. */
#include "records.h"

#include <stdio.h>
#include <string.h>

static struct mema_report r;

#define AT UINT64_C(0x7f0000000000)
#define PAGES(n) ((uint64_t)(n) << 12)
#define OWNER(from, to, category, rss, ...)                                                                  \
        {                                                                                                    \
                AT + PAGES(from), AT + PAGES(to), category, PAGES(rss), PAGES((to) - (from)), 0, __VA_ARGS__ \
        }
#define ARENA(from, to, rss) OWNER(from, to, MEMA_CATEGORY_MALLOC_ARENAS, rss, 0, 0)
#define BLOCK(from, to, rss) OWNER(from, to, MEMA_CATEGORY_MALLOC_MMAP, rss, 0, 0)
/* Labels; their names are in `names`. */
#define UTXO(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 0, 4)
#define UTX(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 0, 3)
#define BRACKETS(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 4, 4)

static const char names[] = "utxo[a]:";

/* A mapping of 64 kB, with 40 kB resident. */
#define MIDDLE                                                                                  \
        "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \nSize: 64 kB\nKernelPageSize: 4 kB\n" \
        "Rss: 40 kB\nPss: 31 kB\nPrivate_Dirty: 40 kB\nSwap: 5 kB\nTHPeligible: 1\n"

/* Expects the rows of a text with these owners, by address, in pages from AT on: "0-4 rss 2 malloc/arenas +
 * ...". */
#define SPLIT(text, shown, ...)                                                                   \
        do {                                                                                      \
                static const struct mema_owner list[] = { __VA_ARGS__ };                          \
                                                                                                  \
                expect_pieces(text, list, sizeof list / sizeof *list, shown, __FILE__, __LINE__); \
        } while (0)

static const struct mema_context *owned(const struct mema_owner *owners, uint64_t count)
{
        static struct mema_context context;

        memset(&context, 0, sizeof context);
        context.owners = owners;
        context.names = names;
        context.owner_count = count;
        context.heaps_known = owners != NULL;
        return &context;
}

static void expect_pieces(const char *text, const struct mema_owner *owners, uint64_t count,
                          const char *shown, const char *file, int line)
{
        char rows[512] = "";

        equal_number(text, make_report(&r, text, owned(owners, count), MEMA_ALL, MEMA_SORT_ADDRESS),
                     MEMA_STATUS_END, file, line);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region g;
                size_t len = strlen(rows);

                mema_report_row(&r, i, &g);
                snprintf(rows + len, sizeof rows - len, "%s%d-%d rss %d %s", i ? " + " : "",
                         (int)((g.start - AT) >> 12), (int)((g.end - AT) >> 12),
                         (int)(g.value[MEMA_FIELD_RSS] >> 12), mema_category_stable_id((unsigned)g.category));
        }
        equal_text(text, rows, shown, file, line);
        expect_law(text, &r);
        mema_report_free(&r);
}

/* Pieces ----------------------------------------------------------------------- */

static void a_mapping_is_split_at_the_bounds_of_its_owners(void)
{
        SPLIT(MIDDLE, "0-16 rss 10 malloc/arenas", ARENA(0, 16, 10));
        SPLIT(MIDDLE, "0-4 rss 2 malloc/arenas + 4-16 rss 8 anon/rw", ARENA(0, 4, 2));
        SPLIT(MIDDLE, "0-12 rss 8 anon/rw + 12-16 rss 2 malloc/arenas", ARENA(12, 16, 2));
        SPLIT(MIDDLE, "0-4 rss 4 anon/rw + 4-8 rss 4 malloc/arenas + 8-16 rss 2 malloc/mmap", ARENA(4, 8, 4),
              BLOCK(8, 16, 2));
        SPLIT(MIDDLE, "0-1 rss 1 malloc/arenas + 1-2 rss 1 malloc/mmap + 2-16 rss 8 anon/rw", ARENA(0, 1, 1),
              BLOCK(1, 2, 1));
}

static void adjoining_owners_of_one_category_are_one_piece(void)
{
        SPLIT(MIDDLE, "0-8 rss 7 malloc/mmap + 8-16 rss 3 anon/rw", BLOCK(0, 4, 3), BLOCK(4, 8, 4));
        SPLIT(MIDDLE, "0-16 rss 10 malloc/mmap", BLOCK(0, 4, 3), BLOCK(4, 16, 1));
}

static void owners_elsewhere_change_nothing(void)
{
        static const struct mema_owner before[] = { { AT - PAGES(8), AT, MEMA_CATEGORY_MALLOC_MMAP, PAGES(8),
                                                      0, 0, 0, 0 } };

        SPLIT(MIDDLE, "0-16 rss 10 anon/rw", ARENA(16, 20, 4));
        expect_pieces(MIDDLE, before, 1, "0-16 rss 10 anon/rw", __FILE__, __LINE__);
}

static void an_owner_can_have_several_mappings(void)
{
        static const char two[] = MAP("7f0000000000-7f0000004000", "rw-p", "", 12)
                MAP("7f0000004000-7f0000008000", "r--p", "", 16);

        SPLIT(two, "1-4 rss 3 malloc/mmap + 4-8 rss 4 malloc/mmap", BLOCK(1, 8, 7));
}

/* Figures ---------------------------------------------------------------------- */

static void columns_are_divided_like_rss(void)
{
        static const struct mema_owner owners[] = { ARENA(4, 8, 3) };
        struct mema_region first, arena, last;

        make_report(&r, MIDDLE, owned(owners, 1), MEMA_ALL, MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, 3);
        mema_report_row(&r, 0, &first);
        mema_report_row(&r, 1, &arena);
        mema_report_row(&r, 2, &last);
        EQUAL(arena.value[MEMA_FIELD_SIZE], PAGES(4));
        EQUAL(arena.value[MEMA_FIELD_RSS], PAGES(3));
        EQUAL(arena.value[MEMA_FIELD_PRIVATE_DIRTY], PAGES(3));
        EQUAL(arena.value[MEMA_FIELD_KERNEL_PAGE_SIZE], PAGES(1));
        EQUAL(arena.value[MEMA_FIELD_THP_ELIGIBLE], 1);
        EQUAL(arena.value[MEMA_FIELD_PSS], KB(31) * 3 / 10);
        EQUAL(arena.method, MEMA_METHOD_INFERRED);
        EQUAL(first.value[MEMA_FIELD_PSS] + arena.value[MEMA_FIELD_PSS] + last.value[MEMA_FIELD_PSS], KB(31));
        EQUAL(first.value[MEMA_FIELD_SWAP] + arena.value[MEMA_FIELD_SWAP] + last.value[MEMA_FIELD_SWAP],
              KB(5));
        EQUAL(r.totals.mappings, 1);
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.mappings, 1);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].committed, PAGES(4));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].committed, PAGES(12));
        mema_report_free(&r);
}

/* The owner's Rss was counted at another moment than the mapping's. */
static void the_rss_of_an_owner_is_limited_by_the_mapping(void)
{
        SPLIT(MIDDLE, "0-4 rss 4 malloc/arenas + 4-16 rss 6 anon/rw", ARENA(0, 4, 400));
        SPLIT(MIDDLE, "0-12 rss 10 malloc/arenas", ARENA(0, 12, 12));
        SPLIT(MIDDLE, "0-12 rss 6 malloc/arenas + 12-16 rss 4 anon/rw", ARENA(0, 12, 0));
        SPLIT(MIDDLE, "0-8 rss 8 malloc/arenas + 8-16 rss 2 malloc/mmap", ARENA(0, 8, 8), BLOCK(8, 16, 8));
}

static void columns_are_divided_by_size_if_nothing_is_resident(void)
{
        static const struct mema_owner owners[] = { ARENA(0, 4, 0) };

        make_report(&r, "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \nRss: 0 kB\nSwap: 32 kB\n",
                    owned(owners, 1), 0, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_SWAP], KB(8));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_SWAP], KB(24));
        expect_law("swap", &r);
        mema_report_free(&r);
}

static void an_owner_gives_its_committed_bytes(void)
{
        static const struct mema_owner owners[] = {
                { AT, AT + PAGES(8), MEMA_CATEGORY_MALLOC_ARENAS, PAGES(2), PAGES(3), 0, 0, 0 },
        };

        make_report(&r, MIDDLE, owned(owners, 1), 0, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].committed, PAGES(3));
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_SIZE], PAGES(8));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].committed, PAGES(8));
        mema_report_free(&r);
}

/* Labels ------------------------------------------------------------------------ */

/* Expects the rows with their names, and then the sums by name with their resident pages:
 * "0-4 [anon:utxo] named; utxo 2". */
static void expect_names_of_pieces(const char *text, const struct mema_owner *owners, uint64_t count,
                                   const char *shown, int line)
{
        char rows[512] = "";
        struct mema_name name;
        size_t len = 0;

        make_report(&r, text, owned(owners, count), MEMA_ALL, MEMA_SORT_ADDRESS);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region g;

                mema_report_row(&r, i, &g);
                len += (size_t)snprintf(rows + len, sizeof rows - len, "%s%d-%d %.*s %s", i ? " + " : "",
                                        (int)((g.start - AT) >> 12), (int)((g.end - AT) >> 12),
                                        (int)g.name_length, g.name, mema_method_name((unsigned)g.method));
        }
        for (uint64_t i = 0; i < r.name_count; i++) {
                mema_report_name(&r, i, &name);
                len += (size_t)snprintf(rows + len, sizeof rows - len, "; %.*s %d", (int)name.length,
                                        name.name, (int)(name.sums.value[MEMA_FIELD_RSS] >> 12));
        }
        equal_text(text, rows, shown, __FILE__, line);
        expect_law(text, &r);
        mema_report_free(&r);
}
#define LABELED(text, shown, ...)                                                                \
        do {                                                                                     \
                static const struct mema_owner list[] = { __VA_ARGS__ };                         \
                                                                                                 \
                expect_names_of_pieces(text, list, sizeof list / sizeof *list, shown, __LINE__); \
        } while (0)

static void a_label_is_a_name_as_the_kernel_writes_it(void)
{
        LABELED(MIDDLE, "0-16 [anon:utxo] named; utxo 10", UTXO(0, 16, 10));
        LABELED(MIDDLE, "0-4  inferred + 4-8 [anon:utxo] named + 8-16  inferred; utxo 3", UTXO(4, 8, 3));
        LABELED(MIDDLE, "0-4 [anon:[a]:] named + 4-16  inferred; [a]: 2", BRACKETS(0, 4, 2));
}

static void pieces_with_one_name_have_one_sum(void)
{
        LABELED(MIDDLE,
                "0-2 [anon:utxo] named + 2-4  inferred + 4-6 [anon:utxo] named + 6-16  inferred; utxo 3",
                UTXO(0, 2, 1), UTXO(4, 6, 2));
}

static void adjoining_labels_of_one_name_are_one_piece(void)
{
        LABELED(MIDDLE, "0-4 [anon:utxo] named + 4-16  inferred; utxo 3", UTXO(0, 2, 1), UTXO(2, 4, 2));
        LABELED(MIDDLE, "0-2 [anon:utxo] named + 2-4 [anon:utx] named + 4-16  inferred; utx 2; utxo 1",
                UTXO(0, 2, 1), UTX(2, 4, 2));
}

static void a_label_can_have_several_mappings(void)
{
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "", 16)
                        MAP("7f0000004000-7f0000008000", "r--p", "", 8),
                "0-2  inferred + 2-4 [anon:utxo] named + 4-6 [anon:utxo] named + 6-8  named; utxo 3",
                UTXO(2, 6, 3));
}

/* Other owners do not split it, and the rest keeps its name. */
static void labels_split_memory_with_a_name(void)
{
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[heap]", 16),
                "0-2 [anon:utxo] named + 2-4 [heap] named; utxo 2", UTXO(0, 2, 2), BLOCK(2, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[anon:_a__]", 16),
                "0-2 [anon:[a]:] named + 2-4 [anon:_a__] named; [a]: 2; _a__ 2", BRACKETS(0, 2, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-s", "/dev/zero (deleted)", 16),
                "0-2 [anon_shmem:utxo] named + 2-4 /dev/zero (deleted) named; utxo 2", UTXO(0, 2, 2));
}

static void labels_split_no_files(void)
{
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16), "0-4 /a.so named", UTXO(0, 4, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-s", "/memfd:a (deleted)", 16),
                "0-4 /memfd:a (deleted) named", UTXO(0, 4, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "", 16), "0-4  named", UTXO(0, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[stack]", 16), "0-4 [stack] named", UTXO(0, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "r--p", "[vvar]", 16), "0-4 [vvar] named", UTXO(0, 4, 2));
}

/* The rest of a mapping --------------------------------------------------------- */

static void only_anonymous_private_memory_is_split(void)
{
        SPLIT(MAP("7f0000000000-7f0000004000", "rw-p", "[anon:x]", 16), "0-4 rss 4 named", BLOCK(0, 2, 2));
        SPLIT(MAP("7f0000000000-7f0000004000", "rw-s", "", 16), "0-4 rss 4 shared/anon", BLOCK(0, 2, 2));
        SPLIT(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16), "0-4 rss 4 file/libraries",
              BLOCK(0, 4, 2));
}

/* A piece has neighbors like any region. */
static void the_rest_is_classified_as_before(void)
{
        static const char bss[] = FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16)
                MAP("7f0000004000-7f0000010000", "rw-p", "", 48);
        static const char stack[] = MAP("7f0000000000-7f0000001000", "---p", "", 0)
                MAP("7f0000001000-7f0000010000", "rw-p", "", 60);

        SPLIT(bss,
              "0-4 rss 4 file/libraries + 4-8 rss 4 file/libraries + 8-12 rss 4 malloc/mmap + 12-16 rss 4 "
              "anon/rw",
              BLOCK(8, 12, 4));
        SPLIT(bss, "0-4 rss 4 file/libraries + 4-8 rss 4 malloc/mmap + 8-16 rss 8 anon/rw", BLOCK(4, 8, 4));
        SPLIT(bss,
              "0-4 rss 4 file/libraries + 4-8 rss 4 file/libraries + 8-12 rss 4 named + 12-16 rss 4 "
              "file/libraries",
              UTXO(8, 12, 4));
        SPLIT(stack, "1-8 rss 7 stacks/threads + 8-16 rss 8 malloc/mmap", BLOCK(8, 16, 8));
}

static void owned_memory_is_not_in_the_go_heap_around_it(void)
{
        static const struct mema_owner owners[] = { ARENA(4, 8, 4) };
        struct mema_context context = *owned(owners, 1);

        context.facts.go = (struct mema_go){ .known = 1, .anchor_count = 1, .anchors = { AT + 1 } };
        make_report(&r, MIDDLE, &context, 0, 0);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_SIZE], PAGES(4));
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS], PAGES(4));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_SIZE], PAGES(8));
        expect_law("a run that is cut", &r);
        mema_report_free(&r);
}

static void no_shape_is_an_arena_if_all_heaps_are_known(void)
{
        static const char tail[] = MAP("7f0000000000-7f0000004000", "rw-p", "", 16)
                MAP("7f0000004000-7f0004000000", "---p", "", 0);
        static const char above[] = MAP("7f0000000000-7f0004000000", "rw-p", "", 16)
                MAP("7f0004000000-7f0008000000", "rw-p", "", 16);
        static const struct mema_owner full[] = { ARENA(0, 16384, 4) };

        expect_pieces(tail, NULL, 0, "0-4 rss 4 malloc/arenas", __FILE__, __LINE__);
        expect_pieces(tail, full, 0, "0-4 rss 4 anon/rw", __FILE__, __LINE__);
        expect_pieces(above, full, 1, "0-16384 rss 4 malloc/arenas + 16384-32768 rss 4 anon/rw", __FILE__,
                      __LINE__);
}

/* Mappings that overlap --------------------------------------------------------- */

enum { OWNERS = 300, OVERLAPPING = 100 };

/* Owners of one page, one page apart: labels, blocks and heaps of arenas by turns. */
static const struct mema_owner *many_owners(void)
{
        static struct mema_owner owners[OWNERS];

        for (uint64_t i = 0; i < OWNERS; i++) {
                struct mema_owner label = UTXO(2 * i, 2 * i + 1, 1), block = BLOCK(2 * i, 2 * i + 1, 1);
                struct mema_owner heap = ARENA(2 * i, 2 * i + 1, 1);

                owners[i] = i % 3 == 0 ? label : i % 3 == 1 ? block : heap;
        }
        return owners;
}

/* Reports OVERLAPPING mappings of `pages` resident pages, each `step` pages above the one before it: each
 * page counts once, but if mappings are the same, each time. */
static void report_overlapping(uint64_t pages, uint64_t step, const char *name)
{
        static char text[OVERLAPPING * 128];
        uint64_t counted = pages + (OVERLAPPING - 1) * (step > 0 ? step : pages);
        size_t len = 0;

        for (uint64_t i = 0; i < OVERLAPPING; i++)
                len += (size_t)snprintf(text + len, sizeof text - len,
                                        "%llx-%llx rw-p 00000000 00:00 0 %s\nRss: %d kB\nPss: %d kB\n",
                                        (unsigned long long)(AT + PAGES(i * step)),
                                        (unsigned long long)(AT + PAGES(i * step + pages)), name,
                                        (int)pages * 4, (int)pages);
        EQUAL(make_report(&r, text, owned(many_owners(), OWNERS), MEMA_ALL, MEMA_SORT_ADDRESS),
              MEMA_STATUS_END);
        expect_law("mappings that overlap", &r);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], PAGES(counted));
        EQUAL(r.totals.value[MEMA_FIELD_PSS], PAGES(counted) / 4);
        EQUAL(r.checks.rows_lost, 0);
        TRUE(r._counting.settled <= 2 * OWNERS + 3 * OVERLAPPING);
}

static uint64_t rss_of(enum mema_category_id category)
{
        return r.category[category].sums.value[MEMA_FIELD_RSS];
}

static void an_owner_counts_in_one_of_the_mappings_that_overlap(void)
{
        static const uint64_t steps[] = { 0, 1, 2, 3, 5, 7 };

        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
                report_overlapping(2 * OWNERS, steps[i], "");
                EQUAL(rss_of(MEMA_CATEGORY_NAMED), PAGES(OWNERS / 3));
                EQUAL(rss_of(MEMA_CATEGORY_MALLOC_MMAP), PAGES(OWNERS / 3));
                EQUAL(rss_of(MEMA_CATEGORY_MALLOC_ARENAS), PAGES(OWNERS / 3));
                mema_report_free(&r);
        }
        report_overlapping(2 * OWNERS, 1, "[heap]");
        EQUAL(rss_of(MEMA_CATEGORY_NAMED), PAGES(OWNERS / 3));
        EQUAL(rss_of(MEMA_CATEGORY_MALLOC_MMAP) + rss_of(MEMA_CATEGORY_MALLOC_ARENAS), 0);
        mema_report_free(&r);
}

/* Each mapping covers owners of the one before it, and new ones. */
static void overlapping_mappings_share_their_owners(void)
{
        report_overlapping(12, 6, "");
        EQUAL(rss_of(MEMA_CATEGORY_NAMED) + rss_of(MEMA_CATEGORY_MALLOC_MMAP) +
                      rss_of(MEMA_CATEGORY_MALLOC_ARENAS),
              PAGES(OWNERS));
        EQUAL(r.name_count, 1);
        mema_report_free(&r);
}

/* Any owners --------------------------------------------------------------------- */

static uint64_t chance(uint64_t *seed, uint64_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (*seed >> 33) % below;
}

static void unsure_bytes_widen_the_bounds_of_every_piece(void)
{
        static const struct mema_owner owners[] = {
                { AT + PAGES(4), AT + PAGES(12), MEMA_CATEGORY_MALLOC_ARENAS, PAGES(6), PAGES(8), PAGES(2), 0,
                  0 },
        };
        const struct mema_category *arenas = &r.category[MEMA_CATEGORY_MALLOC_ARENAS],
                                   *rest = &r.category[MEMA_CATEGORY_ANON_RW];

        EQUAL(make_report(&r, MIDDLE, owned(owners, 1), MEMA_ALL, MEMA_SORT_ADDRESS), MEMA_STATUS_END);
        expect_law("unsure", &r);
        EQUAL(arenas->sums.value[MEMA_FIELD_RSS], PAGES(6));
        EQUAL(arenas->low, 0);
        EQUAL(arenas->high, PAGES(10));
        EQUAL(rest->sums.value[MEMA_FIELD_RSS], PAGES(4));
        EQUAL(rest->low, 0);
        EQUAL(rest->high, PAGES(10));
        EQUAL(rest->method, MEMA_METHOD_INFERRED);
        mema_report_free(&r);
}

/* Nothing is counted twice, even if owners are unsorted and overlap. */
static void the_law_holds_whatever_the_owners(void)
{
        static struct mema_owner owners[8];

        for (uint64_t seed = 1; seed <= 3000; seed++) {
                uint64_t state = seed, count = chance(&state, 9), at = 0;
                char text[1024] = "", what[32];

                for (uint64_t i = 0; i < count; i++) {
                        uint64_t start = seed % 2 ? at + chance(&state, 4) : chance(&state, 20);

                        at = start + chance(&state, 6) + seed % 2;
                        owners[i] = (struct mema_owner){ AT + PAGES(start),
                                                         AT + PAGES(at),
                                                         chance(&state, 2) ? MEMA_CATEGORY_MALLOC_MMAP
                                                                           : MEMA_CATEGORY_MALLOC_ARENAS,
                                                         PAGES(chance(&state, 8)),
                                                         PAGES(at - start),
                                                         PAGES(chance(&state, 3)),
                                                         chance(&state, 4),
                                                         0 };
                        if (chance(&state, 2)) {
                                owners[i].category = MEMA_CATEGORY_NAMED;
                                owners[i].name_length = 1 + chance(&state, 5);
                        }
                }
                for (uint64_t i = 0, page = 0; i < 3; i++) {
                        uint64_t pages = 1 + chance(&state, 8), rss = chance(&state, pages * 4 + 1);
                        size_t len = strlen(text);

                        snprintf(text + len, sizeof text - len,
                                 "%llx-%llx rw-p 00000000 00:00 0 \nRss: %d kB\nPss: %d kB\nSwap: %d kB\n",
                                 (unsigned long long)(AT + PAGES(page)),
                                 (unsigned long long)(AT + PAGES(page + pages)), (int)rss,
                                 (int)chance(&state, rss + 1), (int)chance(&state, 99));
                        page += pages + chance(&state, 2);
                }
                snprintf(what, sizeof what, "seed %d", (int)seed);
                EQUAL(make_report(&r, text, owned(owners, count), MEMA_ALL, MEMA_SORT_ADDRESS),
                      MEMA_STATUS_END);
                expect_law(what, &r);
                for (uint64_t i = 0; i < r.row_count; i++) {
                        struct mema_region g;

                        mema_report_row(&r, i, &g);
                        TRUE(g.value[MEMA_FIELD_RSS] <= g.end - g.start &&
                             g.value[MEMA_FIELD_PSS] <= g.value[MEMA_FIELD_RSS]);
                }
                mema_report_free(&r);
        }
}

SUITE(report_split, CASE(a_mapping_is_split_at_the_bounds_of_its_owners),
      CASE(adjoining_owners_of_one_category_are_one_piece), CASE(owners_elsewhere_change_nothing),
      CASE(an_owner_can_have_several_mappings), CASE(columns_are_divided_like_rss),
      CASE(the_rss_of_an_owner_is_limited_by_the_mapping),
      CASE(columns_are_divided_by_size_if_nothing_is_resident), CASE(an_owner_gives_its_committed_bytes),
      CASE(a_label_is_a_name_as_the_kernel_writes_it), CASE(pieces_with_one_name_have_one_sum),
      CASE(adjoining_labels_of_one_name_are_one_piece), CASE(a_label_can_have_several_mappings),
      CASE(labels_split_memory_with_a_name), CASE(labels_split_no_files),
      CASE(unsure_bytes_widen_the_bounds_of_every_piece), CASE(only_anonymous_private_memory_is_split),
      CASE(the_rest_is_classified_as_before), CASE(owned_memory_is_not_in_the_go_heap_around_it),
      CASE(no_shape_is_an_arena_if_all_heaps_are_known),
      CASE(an_owner_counts_in_one_of_the_mappings_that_overlap),
      CASE(overlapping_mappings_share_their_owners), CASE(the_law_holds_whatever_the_owners));
