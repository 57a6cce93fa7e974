/* test_report_rows.c - what a report keeps beside its sums: the rows in every order, an
 * arena that is too small, and the names. */
#include "shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

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

static void every_order_is_that_of_a_plain_sort(void)
{
        TRUE(each_file("testdata/real", ".smaps", orders_of) > 0);
        TRUE(each_file("testdata/rules", "s.maps", orders_of) > 0);
        TRUE(each_file("testdata/hostile", ".smaps", orders_of) > 0);
}

/* Equal ones stay in the order of addresses, and the same address in that of lines. */
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

static void ties_of_an_input_without_order(void)
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

static void what_is_not_resident_is_not_listed(void)
{
        make_report(&r, MAP("1000-2000", "rw-p", "", 0) MAP("2000-3000", "rw-p", "", 4), NULL, MEMA_ALL,
                    MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, 1);
        mema_report_free(&r);
        make_report(&r, "1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0\n", NULL, MEMA_ALL, MEMA_SORT_RSS);
        EQUAL(r.row_count, 2);
        mema_report_free(&r);
}

/* But for the orders in which it counts. */
static void what_is_swapped_or_reserved_is_listed_where_asked(void)
{
        static const char text[] = "1000-2000 rw-p 0 0:0 0\nRss: 0 kB\nSwap: 4 kB\n"
                                   "2000-3000 ---p 0 0:0 0\nSize: 4 kB\nRss: 0 kB\nSwap: 0 kB\n"
                                   "3000-4000 rw-p 0 0:0 0\nSize: 0 kB\nRss: 0 kB\nSwap: 0 kB\n";
        static const uint64_t rows[MEMA_SORT_COUNT] = { [MEMA_SORT_SWAP] = 1, [MEMA_SORT_SIZE] = 2 };

        for (uint64_t sort = 0; sort < MEMA_SORT_COUNT; sort++) {
                make_report(&r, text, NULL, MEMA_ALL, sort);
                EQUAL(r.row_count, rows[sort]);
                mema_report_free(&r);
        }
}

/* Arenas -------------------------------------------------------------------- */

/* A capture in an arena that is lent once: what has no room is lost and counted. */
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

static void an_arena_that_never_grows(void)
{
        static const uint64_t sizes[] = { 0, 8, 16, 256, 1024, 4096, 8192, 16384 };

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                in_an_arena_of("testdata/real/go1.26-named-6.1.smaps", sizes[i], false);
                in_an_arena_of("testdata/real/go1.26-named-6.1.smaps", sizes[i], true);
        }
}

static void without_an_arena_there_are_sums_only(void)
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

/* Rows that grow, each before all others: the arena is as large as what is kept. */
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

/* What is asked for before a region is added has room for the one before it, too,
 * which is kept only then. */
static void no_row_is_lost_while_memory_can_be_had(void)
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

/* Names number `count` downward in size, each twice. */
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

static void more_names_than_are_kept(void)
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
        g = numbered(2000, 7, "[anon:3]"); /* an old one is still added to */
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

SUITE(report_rows, CASE(every_order_is_that_of_a_plain_sort), CASE(ties_keep_the_kernel_s_order),
      CASE(ties_of_an_input_without_order), CASE(what_is_not_resident_is_not_listed),
      CASE(what_is_swapped_or_reserved_is_listed_where_asked), CASE(an_arena_that_never_grows),
      CASE(without_an_arena_there_are_sums_only), CASE(displaced_rows_make_room),
      CASE(no_row_is_lost_while_memory_can_be_had), CASE(regions_of_one_name_are_added_up),
      CASE(names_of_one_size_keep_their_order), CASE(a_name_keeps_256_bytes), CASE(more_names_than_are_kept),
      CASE(further_names_are_other_names));
