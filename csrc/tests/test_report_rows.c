/* test_report_rows.c - the rows of a report in every order, small arenas and their compaction, and names. */
#include "expect_output.h"

#include "../report_arena.h"
#include "../report_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

static uint64_t chance(uint64_t *seed, uint64_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (*seed >> 33) % below;
}

/* Rows ---------------------------------------------------------------------- */

static void expect_order_of(const char *path, const struct guarded *file, const struct records *records,
                            struct mema_options options)
{
        report_of(&r, file->data, file->len, NULL, &options);
        if (!r._counting.overflown)
                expect_rows(path, &r, records);
        expect_order(path, &r);
        mema_report_free(&r);
}

static void orders_of(const char *path)
{
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);

        for (unsigned i = 0; i <= MEMA_SORT_COUNT; i++) {
                struct mema_options options = { .top = MEMA_ALL, .every_sort = i == MEMA_SORT_COUNT };

                if (!options.every_sort)
                        options.sort = (enum mema_sort)i;

                expect_order_of(path, &file, &records, options);

                const uint64_t count = r.row_count;
                const uint64_t tops[] = { 0, 1, 2, 7, 20, count - 1, count, count + 1, 100000 };

                for (size_t top = 0; top < sizeof tops / sizeof *tops; top++) {
                        options.top = tops[top];
                        expect_order_of(path, &file, &records, options);
                }
        }
        records_free(&records);
        guarded_free(&file);
}

static void every_order_equals_a_plain_sort(void)
{
        TRUE(each_file("testdata/real", ".smaps", orders_of) > 0);
        TRUE(each_file("testdata/rules", "s.maps", orders_of) > 0);
        TRUE(each_file("testdata/hostile", ".smaps", orders_of) > 0);
}

/* Equal rows are listed by address, and those of one address by line. */
static void ties_keep_the_kernel_s_order(void)
{
        static const char text[] = MAP("1000-2000", "rw-p", "[b]", 4) MAP("2000-3000", "rw-p", "[a]", 4)
                MAP("3000-4000", "rw-p", "[c]", 8) MAP("3000-4000", "rw-p", "[c]", 8)
                        MAP("4000-5000", "rw-p", "[a]", 4) MAP("5000-6000", "rw-p", "", 4);
        static const struct {
                enum mema_sort sort;
                uint64_t lines[6];
        } cases[] = {
                { MEMA_SORT_RSS, { 5, 7, 1, 3, 9, 11 } },  { MEMA_SORT_SWAP, { 1, 3, 5, 7, 9, 11 } },
                { MEMA_SORT_SIZE, { 1, 3, 5, 7, 9, 11 } }, { MEMA_SORT_ADDRESS, { 1, 3, 5, 7, 9, 11 } },
                { MEMA_SORT_NAME, { 11, 3, 9, 1, 5, 7 } },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                for (uint64_t top = 1; top <= 6; top++) {
                        make_report(&r, text, NULL, top, cases[i].sort);
                        EQUAL(r.row_count, top);
                        for (uint64_t row = 0; row < top; row++) {
                                struct mema_region g;

                                mema_report_row(&r, row, &g);
                                EQUAL(g.line, cases[i].lines[row]);
                        }
                        mema_report_free(&r);
                }
        }
}

static void ties_of_an_unsorted_input_are_listed_by_address(void)
{
        struct mema_region g;

        make_report(&r,
                    MAP("3000-4000", "rw-p", "", 4) MAP("1000-2000", "rw-p", "", 4)
                            MAP("2000-3000", "rw-p", "", 4),
                    NULL, 2, MEMA_SORT_RSS);
        mema_report_row(&r, 0, &g);
        EQUAL(g.start, 0x1000);
        mema_report_row(&r, 1, &g);
        EQUAL(g.start, 0x2000);
        mema_report_free(&r);
}

static void regions_that_are_not_resident_are_not_listed(void)
{
        make_report(&r, MAP("1000-2000", "rw-p", "", 0) MAP("2000-3000", "rw-p", "", 4), NULL, MEMA_ALL,
                    MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, 1);
        mema_report_free(&r);
        make_report(&r, "1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0\n", NULL, MEMA_ALL, MEMA_SORT_RSS);
        EQUAL(r.row_count, 2);
        mema_report_free(&r);
}

static void swapped_and_reserved_regions_are_listed_by_swap_and_size(void)
{
        static const char text[] = "1000-2000 rw-p 0 0:0 0\nRss: 0 kB\nSwap: 4 kB\n"
                                   "2000-3000 ---p 0 0:0 0\nSize: 4 kB\nRss: 0 kB\nSwap: 0 kB\n"
                                   "3000-4000 rw-p 0 0:0 0\nSize: 0 kB\nRss: 0 kB\nSwap: 0 kB\n";
        static const uint64_t rows[MEMA_SORT_COUNT] = { [MEMA_SORT_SWAP] = 1, [MEMA_SORT_SIZE] = 2 };

        for (unsigned sort = 0; sort < MEMA_SORT_COUNT; sort++) {
                make_report(&r, text, NULL, MEMA_ALL, (enum mema_sort)sort);
                EQUAL(r.row_count, rows[sort]);
                mema_report_free(&r);
        }
}

/* Arenas -------------------------------------------------------------------- */

/* Reports a capture in an arena that is lent once. */
static void in_an_arena_of(const char *path, uint64_t size, bool ask)
{
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);
        struct guarded arena = guarded_copy(file.data, (size_t)size);
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };
        uint64_t resident = 0;

        mema_report_init(&r, NULL, &options);
        mema_report_lend(&r, arena.data, size);
        for (size_t i = 0; i < records.count; i++) {
                resident += records.region[i].value[MEMA_FIELD_RSS] > 0;
                if (ask)
                        (void)mema_report_wants(&r, &records.region[i]);
                EQUAL(mema_report_add(&r, &records.region[i]), MEMA_STATUS_OK);
        }
        mema_report_finish(&r, NULL);
        expect_law(path, &r);
        expect_totals(path, &r, &records);
        EQUAL(r.row_count + r.checks.rows_lost, resident);
        TRUE(size > 4096 || r.checks.rows_lost > 0);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                TRUE(row.value[MEMA_FIELD_RSS] > 0);
        }
        guarded_free(&arena);
        records_free(&records);
        guarded_free(&file);
}

static void an_arena_that_never_grows_loses_rows_and_counts_them(void)
{
        static const uint64_t sizes[] = { 0, 8, 16, 256, 1024, 4096, 8192, 16384 };

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                in_an_arena_of("testdata/real/go1.26-named-6.1.smaps", sizes[i], false);
                in_an_arena_of("testdata/real/go1.26-named-6.1.smaps", sizes[i], true);
        }
}

static void a_report_without_an_arena_has_sums_only(void)
{
        struct mema_options options = { .top = 20, .sort = MEMA_SORT_RSS };
        struct mema_region g = numbered(0, 4, "[anon:x]");

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        EQUAL(r.row_count, 0);
        EQUAL(r.checks.rows_lost, 1);
        EQUAL(r.name_count, 1);
        EQUAL(r.category[MEMA_CATEGORY_NAMED].sums.value[MEMA_FIELD_RSS], KB(4));
        expect_law("no arena", &r);
}

enum { MANY = 5000, KEPT = 20 };

/* Each row precedes all earlier ones: the arena stays as small as the rows that are kept. */
static void ascending_rows(uint64_t size, bool grows)
{
        struct mema_options options = { .top = KEPT, .sort = MEMA_SORT_RSS };
        char *arena = malloc((size_t)size);

        mema_report_init(&r, NULL, &options);
        mema_report_lend(&r, arena, size);
        for (uint64_t i = 0; i < MANY; i++) {
                char name[300];
                struct mema_region g;
                uint64_t wanted;

                snprintf(name, sizeof name, i % 100 ? "/file %*d" : "[anon:name %*d]", (int)(i % 200),
                         (int)i);
                g = numbered(i, i + 1, name);
                wanted = mema_report_wants(&r, &g);
                if (wanted > 0 && grows) {
                        arena = realloc(arena, (size_t)wanted);
                        mema_report_lend(&r, arena, wanted);
                        size = wanted;
                }
                EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        }
        mema_report_finish(&r, NULL);
        TRUE(size <= 256 << 10);
        EQUAL(r.checks.rows_lost, 0);
        EQUAL(r.row_count, KEPT);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                EQUAL(row.value[MEMA_FIELD_RSS], KB(1) * (MANY - i));
                EQUAL(row.line, MANY - i - 1);
        }
        EQUAL(r.name_count, MANY / 100);
        EQUAL(r._names.other.mappings, 0);
        for (uint64_t i = 0; i < r.name_count; i++) {
                struct mema_name name;

                mema_report_name(&r, i, &name);
                EQUAL(name.sums.value[MEMA_FIELD_RSS], KB(1) * (MANY - 100 * (i + 1) + 1));
        }
        expect_law("ascending rows", &r);
        free(arena);
}

static void displaced_rows_make_room(void)
{
        ascending_rows(8, true);
        ascending_rows(64 << 10, false);
}

/* The size that is wanted before a region is added includes the region before it, which is kept later. */
static void no_row_is_lost_if_memory_is_given(void)
{
        static const struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS };
        static char name[MEMA_NAME_MAX];

        memset(name, 'n', sizeof name - 1);
        for (size_t length = 500; length < sizeof name; length += 500) {
                char *arena = NULL;

                mema_report_init(&r, NULL, &options);
                for (uint64_t i = 0; i < 300; i++) {
                        struct mema_region g = numbered(i, 4, i % 3 ? name + length : "");
                        uint64_t wanted = mema_report_wants(&r, &g);

                        if (wanted > 0) {
                                arena = realloc(arena, (size_t)wanted);
                                mema_report_lend(&r, arena, wanted);
                        }
                        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
                }
                mema_report_finish(&r, NULL);
                EQUAL(r.checks.rows_lost, 0);
                EQUAL(r.row_count, 300);
                free(arena);
        }
}

/* Runs ---------------------------------------------------------------------- */

enum { STEPS = 400 };

/* Writes adjoining regions: runs of nameless ones, some reserved or not resident, with file mappings and
 * gaps between them.  The line of a region is 1 if it must be the Go heap, else 0. */
static uint64_t random_regions(struct mema_region *regions, uint64_t seed, uint64_t *anchor)
{
        uint64_t state = seed, at = 1 << 20, count = 20 + chance(&state, STEPS - 20), anchored, from, to;

        for (uint64_t i = 0; i < count; i++) {
                struct mema_region *g = &regions[i];
                bool file = chance(&state, 16) == 0;

                *g = numbered(0, 0, file ? "/data" : "");
                if (chance(&state, 40) == 0)
                        at += 1 << 20;
                g->start = at;
                g->end = at += (1 + chance(&state, 64)) << 12;
                g->inode = file ? 17 : 0;
                g->line = 0;
                strcpy(g->perms, chance(&state, 4) ? "rw-p" : "---p");
                /* Most rows displace an earlier one. */
                g->value[MEMA_FIELD_RSS] = chance(&state, 5) ? KB(i + chance(&state, 8)) : 0;
        }
        do
                anchored = chance(&state, count);
        while (regions[anchored].inode != 0);
        *anchor = regions[anchored].start;
        for (from = anchored;
             from > 0 && regions[from - 1].inode == 0 && regions[from - 1].end == regions[from].start; from--)
                ;
        for (to = anchored;
             to + 1 < count && regions[to + 1].inode == 0 && regions[to + 1].start == regions[to].end; to++)
                ;
        for (uint64_t i = from; i <= to; i++)
                regions[i].line = 1;
        return count;
}

/* Adds the regions to an arena of `size` bytes that grows by what the report wants; returns how often
 * it was compacted while a run was open. */
static uint64_t add_to_arena(const struct mema_region *regions, uint64_t count, uint64_t size, char **arena)
{
        uint64_t compacted = 0;

        *arena = malloc((size_t)size);
        mema_report_lend(&r, *arena, size);
        for (uint64_t i = 0; i < count; i++) {
                uint64_t used = r._arena.used, wanted = mema_report_wants(&r, &regions[i]);

                compacted += r._arena.used < used && r._run.touched != 0;
                if (wanted > 0) {
                        *arena = realloc(*arena, (size_t)wanted);
                        mema_report_lend(&r, *arena, wanted);
                }
                EQUAL(mema_report_add(&r, &regions[i]), MEMA_STATUS_OK);
        }
        return compacted;
}

static void compaction_leaves_each_row_in_its_run(void)
{
        static const uint64_t tops[] = { 1, 2, 5, 20, MEMA_ALL };
        static struct mema_region regions[STEPS];
        static struct mema_context context = { .facts.go = { .known = true, .anchor_count = 1 } };
        uint64_t compacted = 0;

        for (uint64_t seed = 1; seed <= 200; seed++) {
                struct mema_options options = { .top = tops[seed % 5], .every_sort = seed % 2 };
                uint64_t count = random_regions(regions, seed, &context.facts.go.anchors[0]), heap = 0;
                char *arena;

                mema_report_init(&r, &context, &options);
                compacted += add_to_arena(regions, count, 8, &arena);
                mema_report_finish(&r, NULL);
                EQUAL(r.checks.rows_lost, 0);
                expect_law("a run in a small arena", &r);
                for (uint64_t i = 0; i < count; i++)
                        heap += regions[i].line * regions[i].value[MEMA_FIELD_RSS];
                EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS], heap);
                for (unsigned sort = 0; sort < MEMA_SORT_COUNT; sort++)
                        for (uint64_t i = 0; i < mema_report_rows_by(&r, sort); i++) {
                                struct mema_region row;

                                mema_report_row_by(&r, sort, i, &row);
                                EQUAL(row.category == MEMA_CATEGORY_GO_HEAP, row.line);
                        }
                free(arena);
        }
        TRUE(compacted > 100);
}

/* The mark is at the end of the items, before and after compaction. */
static void a_run_without_kept_rows_changes_no_other_row(void)
{
        enum { FILES = 100, RUN = 3 };
        static struct mema_region regions[FILES + RUN];
        static const struct mema_context context = {
                .facts.go = { .known = true, .anchor_count = 1, .anchors = { (uint64_t)(FILES + 1) << 20 } }
        };
        struct mema_options options = { .top = 1, .sort = MEMA_SORT_RSS };
        struct mema_region row;
        char *arena;

        for (uint64_t i = 0; i < FILES + RUN; i++) {
                regions[i] = numbered(i, i < FILES ? i : 0, i < FILES ? "/data" : "");
                regions[i].offset = 4096; /* not the program */
                regions[i].inode = i < FILES ? 17 : 0;
        }
        mema_report_init(&r, &context, &options);
        add_to_arena(regions, FILES + RUN, 8, &arena);
        EQUAL(r._arena.mark, r._arena.used);
        mema_arena_plan(&r._arena); /* as the report does it */
        mema_rows_relocate(&r._rows, &r._arena);
        mema_arena_move(&r._arena);
        EQUAL(r._arena.mark, r._arena.used);
        mema_report_finish(&r, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.mappings, RUN);
        EQUAL(r.row_count, 1);
        mema_report_row(&r, 0, &row);
        EQUAL(row.value[MEMA_FIELD_RSS], KB(FILES - 1));
        EQUAL(row.category, MEMA_CATEGORY_OTHER_FILES);
        free(arena);
}

/* Names --------------------------------------------------------------------- */

static void expect_name(uint64_t index, const char *name, uint64_t kb, uint64_t mappings)
{
        struct mema_name got;
        char text[sizeof got.name + 1] = "";

        mema_report_name(&r, index, &got);
        memcpy(text, got.name, (size_t)got.length);
        SAME_TEXT(text, name);
        EQUAL(got.sums.value[MEMA_FIELD_RSS], kb << 10);
        EQUAL(got.sums.mappings, mappings);
}

static void regions_of_one_name_are_added_up(void)
{
        make_report(&r,
                    MAP("1000-2000", "rw-p", "[anon:b]", 4) MAP("2000-3000", "rw-p", "[anon: a]", 20)
                            MAP("3000-4000", "rw-s", "[anon_shmem:b]", 8)
                                    MAP("4000-5000", "rw-p", "[anon:c:d]", 4)
                                            MAP("5000-6000", "---p", "[anon:e]", 0)
                                                    MAP("6000-7000", "rw-p", "[anon:b]", 4)
                                                            MAP("7000-8000", "rw-p", "[anon:f]", 4),
                    NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.name_count, 5);
        expect_name(0, " a", 20, 1);
        expect_name(1, "b", 16, 3);
        expect_name(2, "c:d", 4, 1);
        expect_name(3, "f", 4, 1);
        expect_name(4, "e", 0, 1);
        expect_law("names", &r);
        mema_report_free(&r);
}

static void names_of_one_size_keep_their_order(void)
{
        static const char *const names[] = { "one", "two", "three", "four", "five", "six", "seven", "eight" };
        char text[1024] = "";

        for (size_t i = 0; i < 8; i++) {
                size_t len = strlen(text);

                snprintf(text + len, sizeof text - len, "%zx000-%zx800 rw-p 0 0:0 0 [anon:%s]\nRss: 4 kB\n",
                         i + 1, i + 1, names[i]);
        }
        make_report(&r, text, NULL, 0, MEMA_SORT_RSS);
        for (uint64_t i = 0; i < 8; i++)
                expect_name(i, names[i], 4, 1);
        mema_report_free(&r);
}

static void a_name_keeps_256_bytes(void)
{
        char text[512], name[301], wanted[257];

        memset(name, 'n', 300);
        name[300] = '\0';
        memset(wanted, 'n', 256);
        wanted[256] = '\0';
        snprintf(text, sizeof text, "1000-2000 rw-p 0 0:0 0 [anon:%s]\nRss: 4 kB\n", name);
        make_report(&r, text, NULL, 0, MEMA_SORT_RSS);
        expect_name(0, wanted, 4, 1);
        mema_report_free(&r);
        make_report(&r, MAP("1000-2000", "rw-p", "[anon:]", 4), NULL, 0, MEMA_SORT_RSS);
        expect_name(0, "", 4, 1);
        mema_report_free(&r);
}

/* Reports `count` names, the largest first, each twice. */
static void many_names(uint64_t count)
{
        char *arena = malloc(2 << 20);

        mema_report_init(&r, NULL, NULL);
        mema_report_lend(&r, arena, 2 << 20);
        for (uint64_t i = 0; i < 2 * count; i++) {
                char name[64];
                struct mema_region g;

                snprintf(name, sizeof name, "[anon:%" PRIu64 "]", i % count);
                g = numbered(i, 2 * count - i % count, name);
                EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        }
        mema_report_finish(&r, NULL);
        expect_law("many names", &r);
        for (uint64_t i = 0; i < count && i < MEMA_NAMES_MAX; i++) {
                char name[64];

                snprintf(name, sizeof name, "%" PRIu64, i);
                expect_name(i, name, 2 * (2 * count - i), 2);
        }
        free(arena);
}

static void as_many_names_as_are_kept_have_sums_of_their_own(void)
{
        many_names(MEMA_NAMES_MAX);
        EQUAL(r.name_count, MEMA_NAMES_MAX);
        EQUAL(r._names.other.mappings, 0);
}

static void further_names_are_other_names(void)
{
        char *arena = malloc(2 << 20), text[128];
        struct mema_region g;

        mema_report_init(&r, NULL, NULL);
        mema_report_lend(&r, arena, 2 << 20);
        for (uint64_t i = 0; i < MEMA_NAMES_MAX + 50; i++) {
                char name[64];

                snprintf(name, sizeof name, "[anon:%" PRIu64 "]", i);
                g = numbered(i, i + 1, name);
                EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        }
        g = numbered(2000, 7, "[anon:3]"); /* an earlier name still gets its sums */
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        EQUAL(r.name_count, MEMA_NAMES_MAX + 1);
        expect_name(0, "1023", 1024, 1);
        expect_name(MEMA_NAMES_MAX, "other names", 50 * 1024 + 25 * 51, 50);
        expect_law("further names", &r);
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Mappings beyond the first 1024 names, summed as other names: 50");
        free(arena);
}

SUITE(report_rows, CASE(every_order_equals_a_plain_sort), CASE(ties_keep_the_kernel_s_order),
      CASE(ties_of_an_unsorted_input_are_listed_by_address),
      CASE(regions_that_are_not_resident_are_not_listed),
      CASE(swapped_and_reserved_regions_are_listed_by_swap_and_size),
      CASE(an_arena_that_never_grows_loses_rows_and_counts_them),
      CASE(a_report_without_an_arena_has_sums_only), CASE(displaced_rows_make_room),
      CASE(no_row_is_lost_if_memory_is_given), CASE(compaction_leaves_each_row_in_its_run),
      CASE(a_run_without_kept_rows_changes_no_other_row), CASE(regions_of_one_name_are_added_up),
      CASE(names_of_one_size_keep_their_order), CASE(a_name_keeps_256_bytes),
      CASE(as_many_names_as_are_kept_have_sums_of_their_own), CASE(further_names_are_other_names));
