/* test_report_split.c - mappings of which parts are known to be somebody's: where they
 * are cut, what each piece has, and that together they are what the kernel said. */
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
/* Labels: their names are in `names`. */
#define UTXO(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 0, 4)
#define UTX(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 0, 3)
#define BRACKETS(from, to, rss) OWNER(from, to, MEMA_CATEGORY_NAMED, rss, 4, 4)

static const char names[] = "utxo[a]:";

/* 64 kB of which 40 are resident. */
#define MIDDLE                                                                                  \
        "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \nSize: 64 kB\nKernelPageSize: 4 kB\n" \
        "Rss: 40 kB\nPss: 31 kB\nPrivate_Dirty: 40 kB\nSwap: 5 kB\nTHPeligible: 1\n"

/* The rows of a text with these owners, in the order of addresses: "0-4 rss 2
 * malloc/arenas + ...", in pages from AT on. */
#define CUT(text, shown, ...)                                                                \
        do {                                                                                 \
                static const struct mema_owner list[] = { __VA_ARGS__ };                     \
                                                                                             \
                comes_to(text, list, sizeof list / sizeof *list, shown, __FILE__, __LINE__); \
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

static void comes_to(const char *text, const struct mema_owner *owners, uint64_t count, const char *shown,
                     const char *file, int line)
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

static void a_mapping_is_cut_at_its_owners_bounds(void)
{
        CUT(MIDDLE, "0-16 rss 10 malloc/arenas", ARENA(0, 16, 10));
        CUT(MIDDLE, "0-4 rss 2 malloc/arenas + 4-16 rss 8 anon/rw", ARENA(0, 4, 2));
        CUT(MIDDLE, "0-12 rss 8 anon/rw + 12-16 rss 2 malloc/arenas", ARENA(12, 16, 2));
        CUT(MIDDLE, "0-4 rss 4 anon/rw + 4-8 rss 4 malloc/arenas + 8-16 rss 2 malloc/mmap", ARENA(4, 8, 4),
            BLOCK(8, 16, 2));
        CUT(MIDDLE, "0-1 rss 1 malloc/arenas + 1-2 rss 1 malloc/mmap + 2-16 rss 8 anon/rw", ARENA(0, 1, 1),
            BLOCK(1, 2, 1));
}

static void owners_that_adjoin_are_one_piece_where_they_are_of_one_category(void)
{
        CUT(MIDDLE, "0-8 rss 7 malloc/mmap + 8-16 rss 3 anon/rw", BLOCK(0, 4, 3), BLOCK(4, 8, 4));
        CUT(MIDDLE, "0-16 rss 10 malloc/mmap", BLOCK(0, 4, 3), BLOCK(4, 16, 1));
}

static void owners_elsewhere_change_nothing(void)
{
        static const struct mema_owner before[] = { { AT - PAGES(8), AT, MEMA_CATEGORY_MALLOC_MMAP, PAGES(8),
                                                      0, 0, 0, 0 } };

        CUT(MIDDLE, "0-16 rss 10 anon/rw", ARENA(16, 20, 4));
        comes_to(MIDDLE, before, 1, "0-16 rss 10 anon/rw", __FILE__, __LINE__);
}

static void an_owner_of_several_mappings(void)
{
        static const char two[] = MAP("7f0000000000-7f0000004000", "rw-p", "", 12)
                MAP("7f0000004000-7f0000008000", "r--p", "", 16);

        CUT(two, "1-4 rss 3 malloc/mmap + 4-8 rss 4 malloc/mmap", BLOCK(1, 8, 7));
}

/* Figures ---------------------------------------------------------------------- */

static void columns_are_divided_as_rss_is(void)
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

/* What was counted at another moment is kept within what the kernel said. */
static void an_owner_has_no_more_and_no_less_than_can_be(void)
{
        CUT(MIDDLE, "0-4 rss 4 malloc/arenas + 4-16 rss 6 anon/rw", ARENA(0, 4, 400));
        CUT(MIDDLE, "0-12 rss 10 malloc/arenas", ARENA(0, 12, 12));
        CUT(MIDDLE, "0-12 rss 6 malloc/arenas + 12-16 rss 4 anon/rw", ARENA(0, 12, 0));
        CUT(MIDDLE, "0-8 rss 8 malloc/arenas + 8-16 rss 2 malloc/mmap", ARENA(0, 8, 8), BLOCK(8, 16, 8));
}

static void what_is_not_resident_is_divided_by_size(void)
{
        static const struct mema_owner owners[] = { ARENA(0, 4, 0) };

        make_report(&r, "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \nRss: 0 kB\nSwap: 32 kB\n",
                    owned(owners, 1), 0, 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_SWAP], KB(8));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_SWAP], KB(24));
        expect_law("swap", &r);
        mema_report_free(&r);
}

static void an_owner_counts_what_it_says(void)
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

/* The names of rows that have one, and of the categories' names with what is resident:
 * "0-4 [anon:utxo] utxo 2". */
static void labeled(const char *text, const struct mema_owner *owners, uint64_t count, const char *shown,
                    int line)
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
#define LABELED(text, shown, ...)                                                 \
        do {                                                                      \
                static const struct mema_owner list[] = { __VA_ARGS__ };          \
                                                                                  \
                labeled(text, list, sizeof list / sizeof *list, shown, __LINE__); \
        } while (0)

static void a_label_is_a_name_as_the_kernel_writes_it(void)
{
        LABELED(MIDDLE, "0-16 [anon:utxo] named; utxo 10", UTXO(0, 16, 10));
        LABELED(MIDDLE, "0-4  named + 4-8 [anon:utxo] named + 8-16  named; utxo 3", UTXO(4, 8, 3));
        LABELED(MIDDLE, "0-4 [anon:[a]:] named + 4-16  named; [a]: 2", BRACKETS(0, 4, 2));
}

static void parts_of_one_name_are_one_sum(void)
{
        LABELED(MIDDLE, "0-2 [anon:utxo] named + 2-4  named + 4-6 [anon:utxo] named + 6-16  named; utxo 3",
                UTXO(0, 2, 1), UTXO(4, 6, 2));
}

static void labels_that_adjoin_are_one_piece_where_they_have_one_name(void)
{
        LABELED(MIDDLE, "0-4 [anon:utxo] named + 4-16  named; utxo 3", UTXO(0, 2, 1), UTXO(2, 4, 2));
        LABELED(MIDDLE, "0-2 [anon:utxo] named + 2-4 [anon:utx] named + 4-16  named; utx 2; utxo 1",
                UTXO(0, 2, 1), UTX(2, 4, 2));
}

static void a_label_of_several_mappings(void)
{
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "", 16)
                        MAP("7f0000004000-7f0000008000", "r--p", "", 8),
                "0-2  named + 2-4 [anon:utxo] named + 4-6 [anon:utxo] named + 6-8  named; utxo 3",
                UTXO(2, 6, 3));
}

/* Of memory that has a name labels alone are known; the rest keeps its name. */
static void labels_in_memory_that_has_a_name(void)
{
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[heap]", 16),
                "0-2 [anon:utxo] named + 2-4 [heap] named; utxo 2", UTXO(0, 2, 2), BLOCK(2, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[anon:_a__]", 16),
                "0-2 [anon:[a]:] named + 2-4 [anon:_a__] named; [a]: 2; _a__ 2", BRACKETS(0, 2, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-s", "/dev/zero (deleted)", 16),
                "0-2 [anon_shmem:utxo] named + 2-4 /dev/zero (deleted) named; utxo 2", UTXO(0, 2, 2));
}

static void what_is_no_anonymous_memory_has_no_labels(void)
{
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16), "0-4 /a.so named", UTXO(0, 4, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-s", "/memfd:a (deleted)", 16),
                "0-4 /memfd:a (deleted) named", UTXO(0, 4, 2));
        LABELED(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "", 16), "0-4  named", UTXO(0, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "rw-p", "[stack]", 16), "0-4 [stack] named", UTXO(0, 4, 2));
        LABELED(MAP("7f0000000000-7f0000004000", "r--p", "[vvar]", 16), "0-4 [vvar] named", UTXO(0, 4, 2));
}

/* Others ------------------------------------------------------------------------ */

static void only_anonymous_private_memory_is_cut(void)
{
        CUT(MAP("7f0000000000-7f0000004000", "rw-p", "[anon:x]", 16), "0-4 rss 4 named", BLOCK(0, 2, 2));
        CUT(MAP("7f0000000000-7f0000004000", "rw-s", "", 16), "0-4 rss 4 shared/anon", BLOCK(0, 2, 2));
        CUT(FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16), "0-4 rss 4 file/libraries",
            BLOCK(0, 4, 2));
}

/* A piece is between its neighbors as any region is. */
static void the_rest_is_classified_as_before(void)
{
        static const char bss[] = FILE_MAP("7f0000000000-7f0000004000", "rw-p", "/a.so", 16)
                MAP("7f0000004000-7f0000010000", "rw-p", "", 48);
        static const char stack[] = MAP("7f0000000000-7f0000001000", "---p", "", 0)
                MAP("7f0000001000-7f0000010000", "rw-p", "", 60);

        CUT(bss,
            "0-4 rss 4 file/libraries + 4-8 rss 4 file/libraries + 8-12 rss 4 malloc/mmap + 12-16 rss 4 "
            "anon/rw",
            BLOCK(8, 12, 4));
        CUT(bss, "0-4 rss 4 file/libraries + 4-8 rss 4 malloc/mmap + 8-16 rss 8 anon/rw", BLOCK(4, 8, 4));
        CUT(bss,
            "0-4 rss 4 file/libraries + 4-8 rss 4 file/libraries + 8-12 rss 4 named + 12-16 rss 4 "
            "file/libraries",
            UTXO(8, 12, 4));
        CUT(stack, "1-8 rss 7 stacks/threads + 8-16 rss 8 malloc/mmap", BLOCK(8, 16, 8));
}

static void what_is_owned_is_not_the_go_heap_around_it(void)
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

/* Where malloc's heaps are known, what is only aligned like them is none. */
static void known_owners_are_all_there_are(void)
{
        static const char tail[] = MAP("7f0000000000-7f0000004000", "rw-p", "", 16)
                MAP("7f0000004000-7f0004000000", "---p", "", 0);
        static const char above[] = MAP("7f0000000000-7f0004000000", "rw-p", "", 16)
                MAP("7f0004000000-7f0008000000", "rw-p", "", 16);
        static const struct mema_owner full[] = { ARENA(0, 16384, 4) };

        comes_to(tail, NULL, 0, "0-4 rss 4 malloc/arenas", __FILE__, __LINE__);
        comes_to(tail, full, 0, "0-4 rss 4 anon/rw", __FILE__, __LINE__);
        comes_to(above, full, 1, "0-16384 rss 4 malloc/arenas + 16384-32768 rss 4 anon/rw", __FILE__,
                 __LINE__);
}

/* Any ---------------------------------------------------------------------------- */

static uint64_t chance(uint64_t *seed, uint64_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (*seed >> 33) % below;
}

/* What may be a neighbor's is certain nowhere in the mapping, nor impossible. */
static void what_may_be_another_piece_s_is_bounded(void)
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
        EQUAL(arenas->high, PAGES(8));
        EQUAL(rest->sums.value[MEMA_FIELD_RSS], PAGES(4));
        EQUAL(rest->low, 0); /* on either side two pages can be the owner's */
        EQUAL(rest->high, PAGES(8));
        EQUAL(rest->method, MEMA_METHOD_ESTIMATED);
        mema_report_free(&r);
}

/* Even of owners that are in no order, and over each other, nothing is counted twice. */
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
                                                         MEMA_CATEGORY_MALLOC_ARENAS + chance(&state, 2),
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

SUITE(report_split, CASE(a_mapping_is_cut_at_its_owners_bounds),
      CASE(owners_that_adjoin_are_one_piece_where_they_are_of_one_category),
      CASE(owners_elsewhere_change_nothing), CASE(an_owner_of_several_mappings),
      CASE(columns_are_divided_as_rss_is), CASE(an_owner_has_no_more_and_no_less_than_can_be),
      CASE(what_is_not_resident_is_divided_by_size), CASE(an_owner_counts_what_it_says),
      CASE(a_label_is_a_name_as_the_kernel_writes_it), CASE(parts_of_one_name_are_one_sum),
      CASE(labels_that_adjoin_are_one_piece_where_they_have_one_name), CASE(a_label_of_several_mappings),
      CASE(labels_in_memory_that_has_a_name), CASE(what_is_no_anonymous_memory_has_no_labels),
      CASE(what_may_be_another_piece_s_is_bounded), CASE(only_anonymous_private_memory_is_cut),
      CASE(the_rest_is_classified_as_before), CASE(what_is_owned_is_not_the_go_heap_around_it),
      CASE(known_owners_are_all_there_are), CASE(the_law_holds_whatever_the_owners));
