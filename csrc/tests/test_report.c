/* test_report.c - regions into sums, rows and names: the law, the Go heap's run
 * and its split, the orders, and an arena that is too small. */
#include "records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mapping with `kb` resident; one of a file. */
#define MAP(range, perms, name, kb) range " " perms " 00000000 00:00 0 " name "\nRss: " #kb " kB\n"
#define FILE_MAP(range, perms, name, kb) range " " perms " 00000000 08:02 17 " name "\nRss: " #kb " kB\n"

static struct mema_report r;

static enum mema_status make(const char *text, const struct mema_context *context, uint64_t top,
                             uint64_t sort)
{
        struct mema_options options = { top, sort };

        return report_of(&r, text, strlen(text), context, &options);
}

/* The categories with something resident, in kB: "go/heap 612, anon/rw 64". */
static void comes_to(const char *text, const struct mema_context *context, const char *shown, int line)
{
        char got[1024] = "";

        equal_number(text, make(text, context, 0, MEMA_SORT_RSS), MEMA_END, __FILE__, line);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                uint64_t rss = r.category[i].sums.value[MEMA_RSS];
                size_t len = strlen(got);

                if (rss > 0)
                        snprintf(got + len, sizeof got - len, "%s%s %" PRIu64, len ? ", " : "",
                                 mema_category_stable_id(i), rss >> 10);
        }
        equal_text(text, got, shown, __FILE__, line);
        expect_law(text, &r);
        mema_report_free(&r);
}

#define COMES_TO(text, shown) comes_to(text, NULL, shown, __LINE__)

/* The law ------------------------------------------------------------------ */

static void expect_law_of(const char *path, const struct guarded *file, const struct mema_context *context)
{
        struct mema_options options = { 20, MEMA_SORT_RSS };
        struct records records = parse(file->data, file->len, WHOLE);

        EQUAL(report_of(&r, file->data, file->len, context, &options), MEMA_END);
        expect_law(path, &r);
        expect_totals(path, &r, &records);
        mema_report_free(&r);
        records_free(&records);
}

/* Wherever the anchors are, and whatever the runtime says of itself. */
static void law_of(const char *path)
{
        static struct mema_context context;
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);

        expect_law_of(path, &file, NULL);
        for (size_t i = 0; i < records.count; i += 7) {
                memset(&context, 0, sizeof context);
                context.go = (struct mema_go){ .known = 1, .heap_objects = i << 20, .heap_free = i << 14 };
                context.go.heap_stacks = i << 16;
                context.go.anchor_count = 1;
                context.go.anchors[0] = records.region[i].start;
                expect_law_of(path, &file, &context);
        }
        records_free(&records);
        guarded_free(&file);
}

static void the_law_holds_on_every_fixture(void)
{
        TRUE(each_file("testdata/real", ".smaps", law_of) > 0);
        TRUE(each_file("testdata/real", ".smaps_rollup", law_of) > 0);
        TRUE(each_file("testdata/rules", ".maps", law_of) > 0);
}

static void each_column_is_added_up(void)
{
        make("1000-3000 rw-p 0 0:0 0 [heap]\n"
             "Size: 8 kB\nRss: 4 kB\nPss: 3 kB\nKernelPageSize: 4 kB\nSwap: 1 kB\nTHPeligible: 1\n"
             "3000-5000 r--p 0 8:2 17 /a\n"
             "Size: 12 kB\nRss: 8 kB\nReferenced: 5 kB\nKernelPageSize: 4 kB\nSwap: 2 kB\nTHPeligible: 1\n",
             NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.mappings, 2);
        EQUAL(r.totals.value[MEMA_SIZE], 20 << 10);
        EQUAL(r.totals.value[MEMA_RSS], 12 << 10);
        EQUAL(r.totals.value[MEMA_PSS], 3 << 10);
        EQUAL(r.totals.value[MEMA_REFERENCED], 5 << 10);
        EQUAL(r.totals.value[MEMA_SWAP], 3 << 10);
        EQUAL(r.totals.value[MEMA_KERNEL_PAGE_SIZE], 0);
        EQUAL(r.totals.value[MEMA_THP_ELIGIBLE], 0);
        EQUAL(r.totals.present, MEMA_BIT(MEMA_SIZE) | MEMA_BIT(MEMA_RSS) | MEMA_BIT(MEMA_PSS) |
                                        MEMA_BIT(MEMA_REFERENCED) | MEMA_BIT(MEMA_SWAP));
        EQUAL(r.category[MEMA_MALLOC_MAIN].sums.value[MEMA_PSS], 3 << 10);
        EQUAL(r.category[MEMA_MALLOC_MAIN].sums.value[MEMA_REFERENCED], 0);
        EQUAL(r.category[MEMA_MALLOC_MAIN].sums.present, r.totals.present);
        EQUAL(r.category[MEMA_MALLOC_MAIN].sums.mappings, 1);
        EQUAL(r.category[MEMA_OTHER_FILES].sums.mappings + r.category[MEMA_BINARY].sums.mappings, 1);
        mema_report_free(&r);
}

static void a_size_that_is_not_printed_is_the_range(void)
{
        make("1000-3000 rw-p 0 0:0 0\n10000-20000 rw-p 0 0:0 0\nSize: 4 kB\n"
             "fffffffffffff000-0 r-xp 0 0:0 0\nSize: 4 kB\n",
             NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.value[MEMA_SIZE], 0x2000 + 4096 + 4096);
        EQUAL(r.without_rss, 3);
        EQUAL(r.totals.present & MEMA_BIT(MEMA_RSS), 0);
        mema_report_free(&r);
        make("1000-9000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.present, MEMA_BIT(MEMA_RSS));
        mema_report_free(&r);
}

static void a_rollup_is_not_broken_down(void)
{
        COMES_TO("1000-9000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", "other/not_broken_down 4");
        EQUAL(r.broken_down, 0);
        COMES_TO(MAP("1000-9000", "rw-p", "", 4), "anon/rw 4");
        EQUAL(r.broken_down, 1);
}

/* Runs and anchors --------------------------------------------------------- */

static const struct mema_context *anchored(uint64_t anchor)
{
        static struct mema_context context;

        memset(&context, 0, sizeof context);
        context.go.known = 1;
        context.go.anchor_count = 1;
        context.go.anchors[0] = anchor;
        return &context;
}

#define AROUND(anchor, text, shown) comes_to(text, anchored(UINT64_C(anchor)), shown, __LINE__)

/* A heap of three mappings, and others apart from it. */
#define HEAP                                              \
        MAP("7f0000000000-7f0000100000", "rw-p", "", 100) \
        MAP("7f0000100000-7f0000400000", "---p", "", 0)   \
        MAP("7f0000400000-7f0000800000", "rw-p", "", 512) \
        MAP("7f0000801000-7f0000900000", "rw-p", "", 64)  \
        FILE_MAP("7f0000a00000-7f0000b00000", "r--p", "/data", 8)

static void the_run_around_an_anchor_is_the_go_heap(void)
{
        AROUND(0x7f0000400000, HEAP, "go/heap 612, file/other 8, anon/rw 64");
        AROUND(0x7f00007fffff, HEAP, "go/heap 612, file/other 8, anon/rw 64");
        AROUND(0x7f0000000000, HEAP, "go/heap 612, file/other 8, anon/rw 64");
        AROUND(0x7f0000300000, HEAP, "go/heap 612, file/other 8, anon/rw 64");
        AROUND(0x7f0000801000, HEAP, "go/heap 64, file/other 8, anon/rw 612");
}

static void an_anchor_elsewhere_changes_nothing(void)
{
        AROUND(0x7f0000800000, HEAP, "file/other 8, anon/rw 676");
        AROUND(0x7effffffffff, HEAP, "file/other 8, anon/rw 676");
        AROUND(0x7f0000a00000, HEAP, "file/other 8, anon/rw 676");
        AROUND(0x0, HEAP, "file/other 8, anon/rw 676");
        COMES_TO(HEAP, "file/other 8, anon/rw 676");
}

static void what_ends_a_run(void)
{
#define BETWEEN(what)                                     \
        MAP("7f0000000000-7f0000100000", "rw-p", "", 100) \
        what MAP("7f0000200000-7f0000300000", "rw-p", "", 200)
        AROUND(0x7f0000200000, BETWEEN(""), "go/heap 200, anon/rw 100");
        AROUND(0x7f0000200000, BETWEEN(MAP("7f0000100000-7f0000200000", "---p", "", 0)), "go/heap 300");
        AROUND(0x7f0000200000, BETWEEN(MAP("7f0000100000-7f0000200000", "---p", "[stack:9]", 0)),
               "go/heap 300");
        AROUND(0x7f0000200000, BETWEEN(MAP("7f0000100000-7f0000200000", "rw-p", "[anon:x]", 7)),
               "go/heap 200, named 7, anon/rw 100");
        AROUND(0x7f0000200000, BETWEEN(MAP("7f0000100000-7f0000200000", "r--p", "", 7)),
               "go/heap 200, anon/rw 100, anon/ro 7");
        AROUND(0x7f0000200000, BETWEEN(MAP("7f0000100000-7f0000200000", "rw-s", "", 7)),
               "go/heap 200, anon/rw 100, shared/anon 7");
        AROUND(0x7f0000200000, BETWEEN(FILE_MAP("7f0000100000-7f0000200000", "rw-p", "/data", 7)),
               "go/heap 200, file/other 7, anon/rw 100");
        AROUND(0x7f0000000000, BETWEEN(""), "go/heap 100, anon/rw 200");
#undef BETWEEN
}

static void several_anchors(void)
{
        static struct mema_context context;

        context = *anchored(0x7f0000400000);
        context.go.anchors[1] = 0x7f0000801000;
        context.go.anchor_count = 2;
        comes_to(HEAP, &context, "go/heap 676, file/other 8", __LINE__);
        context.go.anchor_count = 1;
        comes_to(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        context.go.anchor_count = UINT64_MAX;
        comes_to(HEAP, &context, "go/heap 676, file/other 8", __LINE__);
        context.go.anchors[0] = context.go.anchors[1] = 0x1000;
        comes_to(HEAP, &context, "file/other 8, anon/rw 676", __LINE__);
        context.go.known = 0;
        comes_to(HEAP, &context, "file/other 8, anon/rw 676", __LINE__);
}

static void an_anchor_wins_over_shapes(void)
{
        AROUND(0x7f0000001000,
               MAP("7f0000000000-7f0000001000", "---p", "", 0)
                       MAP("7f0000001000-7f0000801000", "rw-p", "", 9),
               "go/heap 9");
        AROUND(0x7f0000000000,
               MAP("7f0000000000-7f0000400000", "rw-p", "", 9)
                       MAP("7f0000400000-7f0004000000", "---p", "", 0),
               "go/heap 9");
}

static void a_run_that_ends_at_2_to_the_64(void)
{
        struct mema_region row;

        make(MAP("fffffffffff00000-0", "rw-p", "", 100), anchored(UINT64_C(0xfffffffffff00000)), MEMA_ALL,
             MEMA_SORT_ADDRESS);
        EQUAL(r.category[MEMA_GO_HEAP].sums.value[MEMA_RSS], 100 << 10);
        mema_report_row(&r, 0, &row);
        SAME_TEXT(mema_category_stable_id((unsigned)row.category), "go/heap");
        mema_report_free(&r);
}

static void rows_of_the_run_are_the_go_heap_s(void)
{
        static const struct {
                uint64_t start;
                unsigned category, method;
        } wanted[] = {
                { UINT64_C(0x7f0000000000), MEMA_GO_HEAP, MEMA_BY_INFERRED },
                { UINT64_C(0x7f0000400000), MEMA_GO_HEAP, MEMA_BY_INFERRED },
                { UINT64_C(0x7f0000801000), MEMA_ANON_RW, MEMA_BY_NAMED },
                { UINT64_C(0x7f0000a00000), MEMA_OTHER_FILES, MEMA_BY_NAMED },
        };

        make(HEAP, anchored(UINT64_C(0x7f0000400000)), MEMA_ALL, MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, sizeof wanted / sizeof *wanted);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                EQUAL(row.start, wanted[i].start);
                EQUAL(row.category, wanted[i].category);
                EQUAL(row.method, wanted[i].method);
        }
        EQUAL(r.category[MEMA_GO_HEAP].method, MEMA_BY_INFERRED);
        EQUAL(r.category[MEMA_GO_HEAP].sums.mappings, 3);
        EQUAL(r.category[MEMA_GO_HEAP].low, 0);
        EQUAL(r.category[MEMA_GO_HEAP].high, 612 << 10);
        EQUAL(r.category[MEMA_ANON_RW].low, 64 << 10);
        mema_report_free(&r);
}

/* Every row is of the category that it is counted in. */
static void rows_add_up(const char *what, const char *text, size_t len, const struct mema_context *context)
{
        struct mema_options all = { MEMA_ALL, MEMA_SORT_RSS };
        uint64_t sums[MEMA_CATEGORY_COUNT] = { 0 };

        report_of(&r, text, len, context, &all);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                sums[row.category] += row.value[MEMA_RSS];
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                char shown[256];

                snprintf(shown, sizeof shown, "%.150s: rows of %s", what, mema_category_stable_id(i));
                equal_number(shown, sums[i], r.category[i].sums.value[MEMA_RSS], __FILE__, __LINE__);
        }
        mema_report_free(&r);
}

static void rows_of(const char *path)
{
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);

        rows_add_up(path, file.data, file.len, NULL);
        for (size_t i = 0; i < records.count; i += 5)
                rows_add_up(path, file.data, file.len, anchored(records.region[i].start));
        records_free(&records);
        guarded_free(&file);
}

static void rows_add_up_to_their_categories(void)
{
        TRUE(each_file("testdata/real", ".smaps", rows_of) > 0);
}

/* A process that changes while it is read can show a mapping twice. */
static void rows_in_a_run_that_are_not_of_it(void)
{
        static const char text[] = FILE_MAP("7f0000100000-7f0000200000", "r--p", "/data", 8)
                MAP("7f0000000000-7f0000400000", "rw-p", "", 100);

        rows_add_up("a file inside the run", text, sizeof text - 1, anchored(UINT64_C(0x7f0000000000)));
}

/* Heap and Stack ------------------------------------------------------------ */

#define KB(n) (UINT64_C(n) << 10)

static struct mema_go runtime(uint64_t objects, uint64_t unused, uint64_t free, uint64_t released,
                              uint64_t stacks)
{
        return (struct mema_go){ .known = 1,
                                 .heap_objects = objects,
                                 .heap_unused = unused,
                                 .heap_free = free,
                                 .heap_released = released,
                                 .heap_stacks = stacks };
}

static uint64_t mapped(const struct mema_go *go)
{
        return go->heap_objects + go->heap_unused + go->heap_free + go->heap_released + go->heap_stacks;
}

/* A Go heap of `size` bytes with `rss` resident, divided as the runtime says. */
static void divide_sized(uint64_t size, uint64_t rss, const struct mema_go *before,
                         const struct mema_go *after)
{
        static struct mema_context context;
        static struct mema_region g;

        context.go = *before;
        context.go.anchors[context.go.anchor_count++] = UINT64_C(0xc000000000);
        mema_report_init(&r, &context, NULL);
        memset(&g, 0, sizeof g);
        g.start = UINT64_C(0xc000000000);
        g.end = g.start + size;
        strcpy(g.perms, "rw-p");
        g.present = MEMA_BIT(MEMA_RSS) | MEMA_BIT(MEMA_PSS);
        g.value[MEMA_RSS] = rss;
        g.value[MEMA_PSS] = rss / 2;
        EQUAL(mema_report_add(&r, &g), MEMA_OK);
        mema_report_finish(&r, after);
        expect_law("a divided heap", &r);
}

/* The mapping is just as large as the runtime says. */
static void divide(uint64_t rss, const struct mema_go *before, const struct mema_go *after)
{
        divide_sized(mapped(before), rss, before, after);
}

static void expect_part(unsigned category, uint64_t rss, uint64_t low, uint64_t high)
{
        EQUAL(r.category[category].sums.value[MEMA_RSS], rss);
        EQUAL(r.category[category].low, low);
        EQUAL(r.category[category].high, high);
        EQUAL(r.category[category].method, MEMA_BY_ESTIMATED);
}

static void the_split_is_exact_where_all_is_resident(void)
{
        struct mema_go small = runtime(KB(3000), KB(500), KB(500), 0, KB(96));
        uint64_t objects = (UINT64_C(6) << 30) + KB(8), stacks = KB(1032);
        struct mema_go large = runtime(objects, 0, 0, 0, stacks);

        divide(KB(4096), &small, NULL);
        expect_part(MEMA_GO_HEAP, KB(4000), KB(4000), KB(4000));
        expect_part(MEMA_GO_STACK, KB(96), KB(96), KB(96));
        divide(objects + stacks, &large, NULL);
        expect_part(MEMA_GO_HEAP, objects, objects, objects);
        expect_part(MEMA_GO_STACK, stacks, stacks, stacks);
}

static void the_split_of_what_is_partly_resident(void)
{
        struct mema_go go = runtime(KB(3000), KB(500), KB(500), 0, KB(96));

        divide(KB(2048), &go, NULL);
        expect_part(MEMA_GO_HEAP, KB(2000), KB(1952), KB(2048));
        expect_part(MEMA_GO_STACK, KB(48), 0, KB(96));
        divide(KB(4064), &go, NULL);
        EQUAL(r.category[MEMA_GO_HEAP].high, KB(4000));
        EQUAL(r.category[MEMA_GO_STACK].low, KB(64));
        divide(KB(64), &go, NULL);
        EQUAL(r.category[MEMA_GO_HEAP].low, 0);
        EQUAL(r.category[MEMA_GO_STACK].high, KB(64));
        divide(0, &go, NULL);
        expect_part(MEMA_GO_HEAP, 0, 0, 0);
        expect_part(MEMA_GO_STACK, 0, 0, 0);
}

/* What is released can be resident still, and is then the heap's. */
static void the_split_with_released_memory(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, KB(1000), KB(96));

        divide(KB(5000), &go, NULL);
        expect_part(MEMA_GO_HEAP, KB(4904), KB(4904), KB(5000));
        expect_part(MEMA_GO_STACK, KB(96), 0, KB(96));
}

/* Bounds are certain only where the mappings are just what the runtime has. */
static void the_split_of_other_mappings_than_the_heap_s(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96));

        divide_sized(KB(4100), KB(2048), &go, NULL);
        expect_part(MEMA_GO_HEAP, KB(2000), 0, KB(2048));
        expect_part(MEMA_GO_STACK, KB(48), 0, KB(96));
        divide_sized(KB(4092), KB(2048), &go, NULL);
        expect_part(MEMA_GO_HEAP, KB(2000), 0, KB(2048));
        EQUAL(r.go_surplus, 0);
}

static void the_split_of_more_than_is_mapped(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96));
        char text[128];

        divide(KB(8192), &go, NULL);
        expect_part(MEMA_GO_HEAP, KB(8096), 0, KB(8192));
        expect_part(MEMA_GO_STACK, KB(96), 0, KB(96));
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Heap has bytes that the Go runtime does not account for: 4194304");
}

static void the_split_of_one_part_only(void)
{
        struct mema_go heap = runtime(KB(4000), 0, 0, 0, 0), stack = runtime(0, 0, 0, 0, KB(96));
        struct mema_go none = runtime(0, 0, 0, KB(5000), 0);

        divide(KB(100), &heap, NULL);
        expect_part(MEMA_GO_HEAP, KB(100), KB(100), KB(100));
        expect_part(MEMA_GO_STACK, 0, 0, 0);
        divide(KB(96), &stack, NULL);
        expect_part(MEMA_GO_STACK, KB(96), KB(96), KB(96));
        divide(KB(96), &none, NULL);
        EQUAL(r.category[MEMA_GO_HEAP].sums.value[MEMA_RSS], KB(96));
        EQUAL(r.category[MEMA_GO_HEAP].method, MEMA_BY_INFERRED);
}

/* The heap may grow or shrink between the two readings. */
static void the_later_reading_divides(void)
{
        struct mema_go before = runtime(KB(4000), 0, 0, 0, KB(96)), after = runtime(KB(96), 0, 0, 0, KB(96));
        struct mema_go unknown = { 0 };

        for (uint64_t size = KB(192); size <= KB(4096); size += KB(976)) {
                divide_sized(size, KB(192), &before, &after);
                expect_part(MEMA_GO_HEAP, KB(96), KB(96), KB(96));
        }
        divide_sized(KB(4100), KB(192), &before, &after);
        expect_part(MEMA_GO_HEAP, KB(96), 0, KB(192));
        divide(KB(192), &before, &unknown);
        EQUAL(r.category[MEMA_GO_STACK].sums.value[MEMA_RSS], 0);
}

/* Every column is divided, and the mappings stay the heap's. */
static void all_columns_are_divided(void)
{
        struct mema_go go = runtime(KB(3000), 0, 0, 0, KB(1000));

        divide(KB(4000), &go, NULL);
        EQUAL(r.category[MEMA_GO_HEAP].sums.value[MEMA_PSS], KB(1500));
        EQUAL(r.category[MEMA_GO_STACK].sums.value[MEMA_PSS], KB(500));
        EQUAL(r.category[MEMA_GO_STACK].sums.present, r.category[MEMA_GO_HEAP].sums.present);
        EQUAL(r.category[MEMA_GO_HEAP].sums.mappings, 1);
        EQUAL(r.category[MEMA_GO_STACK].sums.mappings, 0);
}

/* Most of it is in Read-Write where there are no names. */
static void metadata_that_is_not_all_found(void)
{
        static struct mema_context context;

        context = *anchored(0x7f0000400000);
        context.go.metadata = KB(40);
        comes_to(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_GO_METADATA].low, 0);
        EQUAL(r.category[MEMA_GO_METADATA].high, KB(40));
        EQUAL(r.category[MEMA_GO_METADATA].method, MEMA_BY_INFERRED);
        context.go.metadata = KB(100);
        comes_to(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_GO_METADATA].high, KB(64));
        comes_to(HEAP MAP("7f0000c00000-7f0000d00000", "rw-p", "[anon: Go: gc bits]", 4), &context,
                 "go/heap 612, go/metadata 4, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_GO_METADATA].low, KB(4));
        EQUAL(r.category[MEMA_GO_METADATA].high, KB(4));
        EQUAL(r.category[MEMA_GO_METADATA].method, MEMA_BY_NAMED);
}

/* Heaps of 64 MiB: one in use, its reserve, one that is full, one more in use. */
static void an_arena_goes_on_behind_its_reserve(void)
{
        COMES_TO(MAP("7f6b00000000-7f6b00100000", "rw-p", "", 100)
                         MAP("7f6b00100000-7f6b04000000", "---p", "", 4)
                                 MAP("7f6b04000000-7f6b08000000", "rw-p", "", 200)
                                         MAP("7f6b08000000-7f6b08100000", "rw-p", "", 50),
                 "anon/rw 50, malloc/arenas 304");
        COMES_TO(MAP("7f6b04000000-7f6b08000000", "rw-p", "", 200), "anon/rw 200");
        COMES_TO(MAP("7f6b00000000-7f6b00100000", "rw-p", "", 100)
                         MAP("7f6b00100000-7f6b04000000", "---p", "", 0)
                                 MAP("7f6b04000000-7f6b04800000", "rw-p", "", 60),
                 "anon/rw 60, malloc/arenas 100");
}

/* The stacks' part of what is resident, but for the last digits of large numbers. */
static void expect_share(const struct mema_go *go, uint64_t rss)
{
        uint64_t heap = r.category[MEMA_GO_HEAP].sums.value[MEMA_RSS];
        uint64_t stack = r.category[MEMA_GO_STACK].sums.value[MEMA_RSS];
        double stacks = (double)go->heap_stacks;
        double all = (double)(go->heap_objects + go->heap_unused) + stacks;
        double share = all > 0 ? (double)rss * (stacks / all) : 0;
        double wanted = share < stacks ? share : stacks;
        double error = (double)stack > wanted ? (double)stack - wanted : wanted - (double)stack;

        EQUAL(heap + stack, rss);
        TRUE(error <= 1 + (double)rss / 1e6);
}

static void any_numbers_keep_the_law(void)
{
        uint64_t seed = 1;

        for (int i = 0; i < 2000; i++) {
                uint64_t n[4];

                for (int k = 0; k < 4; k++) {
                        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                        n[k] = seed >> 20 >> (seed >> 58) % 44;
                }
                struct mema_go go = runtime(n[0], n[1], 0, n[3], n[2]);

                divide(n[3], &go, NULL);
                expect_share(&go, n[3]);
                divide_sized(n[0], n[1], &go, NULL);
                expect_share(&go, n[1]);
        }
}

/* Rows ---------------------------------------------------------------------- */

static uint64_t sort_wanted; /* qsort's comparator has no argument for it */

static uint64_t key_of(const struct mema_region *g)
{
        switch (sort_wanted) {
        case MEMA_SORT_PSS:
                return g->value[MEMA_PSS];
        case MEMA_SORT_PRIVATE:
                return g->value[MEMA_PRIVATE_CLEAN] + g->value[MEMA_PRIVATE_DIRTY];
        case MEMA_SORT_DIRTY:
                return g->value[MEMA_SHARED_DIRTY] + g->value[MEMA_PRIVATE_DIRTY];
        case MEMA_SORT_SWAP:
                return g->value[MEMA_SWAP];
        case MEMA_SORT_SIZE:
                return g->value[MEMA_SIZE];
        case MEMA_SORT_RSS:
                return g->present & MEMA_BIT(MEMA_RSS) ? g->value[MEMA_RSS] : g->value[MEMA_SIZE];
        default:
                return 0;
        }
}

static int by_name(const struct mema_region *a, const struct mema_region *b)
{
        size_t common = (size_t)(a->name_length < b->name_length ? a->name_length : b->name_length);
        int order = memcmp(a->name, b->name, common);

        return order ? order : (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

static int by_rank(const void *left, const void *right)
{
        const struct mema_region *a = *(const struct mema_region *const *)left;
        const struct mema_region *b = *(const struct mema_region *const *)right;
        int names = sort_wanted == MEMA_SORT_NAME ? by_name(a, b) : 0;

        if (key_of(a) != key_of(b))
                return key_of(a) > key_of(b) ? -1 : 1;
        if (names != 0)
                return names;
        if (a->start != b->start)
                return a->start < b->start ? -1 : 1;
        return (a->line > b->line) - (a->line < b->line);
}

/* What a report adds to a region of its own. */
static bool same_row(const struct mema_region *row, const struct mema_region *wanted)
{
        static struct mema_region g;

        memcpy(&g, wanted, offsetof(struct mema_region, name) + (size_t)wanted->name_length);
        g.category = row->category;
        g.method = row->method;
        return same_region(row, &g);
}

static void expect_rows(const char *path, struct mema_region **wanted, uint64_t count, uint64_t top)
{
        uint64_t rows = top < count ? top : count;
        char shown[256];

        snprintf(shown, sizeof shown, "%s: rows of top %" PRIu64 " by %s", path, top,
                 mema_sort_name((unsigned)sort_wanted));
        equal_number(shown, r.row_count, rows, __FILE__, __LINE__);
        EQUAL(r.rows_lost, 0);
        for (uint64_t i = 0; i < r.row_count && i < rows; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                if (!same_row(&row, wanted[i])) {
                        equal_number(shown, row.start, wanted[i]->start, __FILE__, __LINE__);
                        return;
                }
        }
}

/* What is resident is listed, and by size and by swap what has that. */
static bool is_listed(const struct mema_region *g)
{
        if (sort_wanted == MEMA_SORT_SIZE || sort_wanted == MEMA_SORT_SWAP)
                if (key_of(g) > 0)
                        return true;
        return !(g->present & MEMA_BIT(MEMA_RSS)) || g->value[MEMA_RSS] > 0;
}

/* The size that a report fills in where it is not printed. */
static void fill_in_sizes(struct records *records)
{
        for (size_t i = 0; i < records->count; i++) {
                struct mema_region *g = &records->region[i];

                if (!(g->present & MEMA_BIT(MEMA_SIZE))) {
                        g->value[MEMA_SIZE] = mema_region_span(g);
                        g->present |= MEMA_BIT(MEMA_SIZE);
                }
        }
}

static void orders_of(const char *path)
{
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);
        struct mema_region **list = calloc(records.count, sizeof(struct mema_region *));

        fill_in_sizes(&records);
        for (sort_wanted = 0; sort_wanted < MEMA_SORT_COUNT; sort_wanted++) {
                uint64_t count = 0;

                for (size_t i = 0; i < records.count; i++)
                        if (is_listed(&records.region[i]))
                                list[count++] = &records.region[i];
                qsort(list, (size_t)count, sizeof *list, by_rank);

                const uint64_t tops[] = { 0, 1, 2, 7, 20, count - 1, count, count + 1, 100000, MEMA_ALL };

                for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
                        struct mema_options options = { tops[i], sort_wanted };

                        report_of(&r, file.data, file.len, NULL, &options);
                        expect_rows(path, list, count, tops[i]);
                        mema_report_free(&r);
                }
        }
        free(list);
        records_free(&records);
        guarded_free(&file);
}

static void every_order_is_that_of_a_plain_sort(void)
{
        TRUE(each_file("testdata/real", ".smaps", orders_of) > 0);
        TRUE(each_file("testdata/rules", "s.maps", orders_of) > 0);
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
                        make(text, NULL, top, cases[i].sort);
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

        make(MAP("3000-4000", "rw-p", "", 4) MAP("1000-2000", "rw-p", "", 4) MAP("2000-3000", "rw-p", "", 4),
             NULL, 2, MEMA_SORT_RSS);
        mema_report_row(&r, 0, &g);
        EQUAL(g.start, 0x1000);
        mema_report_row(&r, 1, &g);
        EQUAL(g.start, 0x2000);
        mema_report_free(&r);
}

static void what_is_not_resident_is_not_listed(void)
{
        make(MAP("1000-2000", "rw-p", "", 0) MAP("2000-3000", "rw-p", "", 4), NULL, MEMA_ALL,
             MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, 1);
        mema_report_free(&r);
        make("1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0\n", NULL, MEMA_ALL, MEMA_SORT_RSS);
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
                make(text, NULL, MEMA_ALL, sort);
                EQUAL(r.row_count, rows[sort]);
                mema_report_free(&r);
        }
}

/* Arenas -------------------------------------------------------------------- */

static struct mema_region numbered(uint64_t n, uint64_t kb, const char *name)
{
        static struct mema_region g;

        g.start = (n + 1) << 20;
        g.end = g.start + (1 << 20);
        g.line = n;
        strcpy(g.perms, "rw-p");
        g.present = MEMA_BIT(MEMA_RSS);
        g.value[MEMA_RSS] = kb << 10;
        g.name_length = strlen(name);
        memcpy(g.name, name, strlen(name));
        return g;
}

/* A capture in an arena that is lent once: what has no room is lost and counted. */
static void in_an_arena_of(const char *path, uint64_t size, bool ask)
{
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);
        struct guarded arena = guarded_copy(file.data, (size_t)size);
        struct mema_options options = { MEMA_ALL, MEMA_SORT_RSS };
        uint64_t resident = 0;

        mema_report_init(&r, NULL, &options);
        mema_report_lend(&r, arena.data, size);
        for (size_t i = 0; i < records.count; i++) {
                resident += records.region[i].value[MEMA_RSS] > 0;
                if (ask)
                        (void)mema_report_wants(&r, &records.region[i]);
                EQUAL(mema_report_add(&r, &records.region[i]), MEMA_OK);
        }
        mema_report_finish(&r, NULL);
        expect_law(path, &r);
        expect_totals(path, &r, &records);
        EQUAL(r.row_count + r.rows_lost, resident);
        TRUE(size > 4096 || r.rows_lost > 0);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                TRUE(row.value[MEMA_RSS] > 0);
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
        struct mema_options options = { 20, MEMA_SORT_RSS };
        struct mema_region g = numbered(0, 4, "[anon:x]");

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_report_add(&r, &g), MEMA_OK);
        mema_report_finish(&r, NULL);
        EQUAL(r.row_count, 0);
        EQUAL(r.rows_lost, 1);
        EQUAL(r.name_count, 1);
        EQUAL(r.category[MEMA_NAMED].sums.value[MEMA_RSS], KB(4));
        expect_law("no arena", &r);
}

enum { MANY = 5000, KEPT = 20 };

/* Rows that grow, each before all others: the arena is as large as what is kept. */
static void ascending_rows(uint64_t size, bool grows)
{
        struct mema_options options = { KEPT, MEMA_SORT_RSS };
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
                EQUAL(mema_report_add(&r, &g), MEMA_OK);
        }
        mema_report_finish(&r, NULL);
        TRUE(size <= 256 << 10);
        EQUAL(r.rows_lost, 0);
        EQUAL(r.row_count, KEPT);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                EQUAL(row.value[MEMA_RSS], KB(1) * (MANY - i));
                EQUAL(row.line, MANY - i - 1);
        }
        EQUAL(r.name_count, MANY / 100);
        EQUAL(r.other_names.mappings, 0);
        for (uint64_t i = 0; i < r.name_count; i++) {
                struct mema_name name;

                mema_report_name(&r, i, &name);
                EQUAL(name.sums.value[MEMA_RSS], KB(1) * (MANY - 100 * (i + 1) + 1));
        }
        expect_law("ascending rows", &r);
        free(arena);
}

static void displaced_rows_make_room(void)
{
        ascending_rows(8, true);
        ascending_rows(64 << 10, false);
}

/* Names --------------------------------------------------------------------- */

static void expect_name(uint64_t index, const char *name, uint64_t kb, uint64_t mappings)
{
        struct mema_name got;
        char text[sizeof got.name + 1] = "";

        mema_report_name(&r, index, &got);
        memcpy(text, got.name, (size_t)got.length);
        SAME_TEXT(text, name);
        EQUAL(got.sums.value[MEMA_RSS], kb << 10);
        EQUAL(got.sums.mappings, mappings);
}

static void regions_of_one_name_are_added_up(void)
{
        make(MAP("1000-2000", "rw-p", "[anon:b]", 4) MAP("2000-3000", "rw-p", "[anon: a]", 20)
                     MAP("3000-4000", "rw-s", "[anon_shmem:b]", 8) MAP("4000-5000", "rw-p", "[anon:c:d]", 4)
                             MAP("5000-6000", "---p", "[anon:e]", 0) MAP("6000-7000", "rw-p", "[anon:b]", 4)
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
        make(text, NULL, 0, MEMA_SORT_RSS);
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
        make(text, NULL, 0, MEMA_SORT_RSS);
        expect_name(0, wanted, 4, 1);
        mema_report_free(&r);
        make(MAP("1000-2000", "rw-p", "[anon:]", 4), NULL, 0, MEMA_SORT_RSS);
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
                EQUAL(mema_report_add(&r, &g), MEMA_OK);
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
        EQUAL(r.other_names.mappings, 0);
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
                EQUAL(mema_report_add(&r, &g), MEMA_OK);
        }
        g = numbered(2000, 7, "[anon:3]"); /* an old one is still added to */
        EQUAL(mema_report_add(&r, &g), MEMA_OK);
        mema_report_finish(&r, NULL);
        EQUAL(r.name_count, MEMA_NAMES_MAX + 1);
        expect_name(0, "1023", 1024, 1);
        expect_name(MEMA_NAMES_MAX, "other names", 50 * 1024 + 25 * 51, 50);
        expect_law("further names", &r);
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Mappings with further names, added up as other names: 50");
        free(arena);
}

/* Odd inputs ---------------------------------------------------------------- */

static void sums_beyond_64_bits_are_an_error(void)
{
        static const uint64_t half = UINT64_C(1) << 63;
        struct mema_region g = numbered(0, 0, "");

        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                bool adds = f != MEMA_KERNEL_PAGE_SIZE && f != MEMA_MMU_PAGE_SIZE && f != MEMA_THP_ELIGIBLE &&
                            f != MEMA_PROTECTION_KEY;

                memset(g.value, 0, sizeof g.value);
                g.present = MEMA_BIT(f);
                g.value[f] = half;
                mema_report_init(&r, NULL, NULL);
                EQUAL(mema_report_add(&r, &g), MEMA_OK);
                g.value[f]--;
                EQUAL(mema_report_add(&r, &g), MEMA_OK);
                g.value[f] = 1;
                EQUAL(mema_report_add(&r, &g), adds ? MEMA_OVERFLOW : MEMA_OK);
        }
}

static void an_overflow_stays(void)
{
        struct mema_region large = numbered(0, UINT64_MAX >> 10, "");

        mema_report_init(&r, NULL, NULL);
        EQUAL(mema_report_add(&r, &large), MEMA_OK);
        EQUAL(mema_report_add(&r, &large), MEMA_OVERFLOW);
        large.value[MEMA_RSS] = 0;
        EQUAL(mema_report_add(&r, &large), MEMA_OVERFLOW);
}

/* The range counts where no Size is printed. */
static void ranges_beyond_64_bits_are_an_error(void)
{
        struct mema_region g = numbered(0, 4, "");

        g.start = 0;
        g.end = UINT64_MAX;
        mema_report_init(&r, NULL, NULL);
        EQUAL(mema_report_add(&r, &g), MEMA_OK);
        EQUAL(mema_report_add(&r, &g), MEMA_OVERFLOW);
}

static void the_largest_sums_there_are(void)
{
        EQUAL(make("1000-2000 rw-p 0 0:0 0\nRss: 18014398509481983 kB\n2000-3000 rw-p 0 0:0 0\nRss: 0 kB\n",
                   NULL, 5, MEMA_SORT_RSS),
              MEMA_END);
        EQUAL(r.totals.value[MEMA_RSS], UINT64_MAX - 1023);
        expect_law("the largest", &r);
        mema_report_free(&r);
        EQUAL(make("1000-2000 rw-p 0 0:0 0\nRss: 18014398509481983 kB\n2000-3000 rw-p 0 0:0 0\nRss: 1 kB\n",
                   NULL, 5, MEMA_SORT_RSS),
              MEMA_OVERFLOW);
        mema_report_free(&r);
}

static void overlapping_mappings_are_counted(void)
{
        make(MAP("1000-3000", "rw-p", "", 4) MAP("2000-4000", "rw-p", "", 4) MAP("2000-4000", "rw-p", "", 4)
                     MAP("4000-5000", "rw-p", "", 4) MAP("1000-2000", "rw-p", "", 4),
             NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.overlapping, 3);
        EQUAL(r.totals.value[MEMA_RSS], KB(20));
        EQUAL(r.row_count, 5);
        expect_law("overlapping", &r);
        mema_report_free(&r);
}

static void what_a_report_is_begun_with_is_copied(void)
{
        static struct mema_context context;
        struct mema_options options = { 1, MEMA_SORT_SIZE };

        context = *anchored(0x1000);
        mema_report_init(&r, &context, &options);
        memset(&context, 0xa5, sizeof context);
        memset(&options, 0xa5, sizeof options);
        EQUAL(r.context.go.anchors[0], 0x1000);
        EQUAL(r.options.top, 1);
        mema_report_init(&r, NULL, NULL);
        EQUAL(r.options.top, 0);
        EQUAL(r.context.go.known, 0);
        EQUAL(r.context.exe_length, 0);
}

/* Words --------------------------------------------------------------------- */

/* All warnings of a report, one a line. */
static void warns(const char *text, const struct mema_context *context, const char *shown, int line)
{
        struct guarded buffer = guarded_copy("", 0);
        char got[1024] = "";
        size_t n;

        make(text, context, 1, MEMA_SORT_RSS);
        guarded_free(&buffer);
        buffer = guarded_copy(got, 128);
        for (unsigned i = 0; (n = mema_report_warning(&r, i, buffer.data, buffer.len)) > 0; i++) {
                equal_number("the warning's length", n, strlen(buffer.data), __FILE__, line);
                strcat(strcat(got, i ? "\n" : ""), buffer.data);
        }
        SAME_TEXT(buffer.data, "");
        equal_text("the warnings", got, shown, __FILE__, line);
        guarded_free(&buffer);
        mema_report_free(&r);
}

#define WARNS(text, shown) warns(text, NULL, shown, __LINE__)
#define OVERLAP \
        "Mappings that overlap the one before: 1; the process changed meanwhile, or it is two captures"
#define STACKS_INSIDE "Heap has the goroutine stacks in it: only the process itself can tell them apart"

static void warnings(void)
{
        WARNS(MAP("1000-2000", "rw-p", "", 4), "");
        WARNS("1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0\n",
              "The input has no Rss lines, as a maps file: what is resident is not known; read smaps");
        WARNS("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n2000-3000 rw-p 0 0:0 0\nPss: 4 kB\n3000-4000 rw-p 0 0:0 "
              "0\n",
              "Mappings without an Rss line, not in RSS: 2");
        WARNS("1000-2000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n",
              "The input has totals only, as smaps_rollup: read smaps for what they are made of");
        WARNS(MAP("1000-3000", "rw-p", "", 4) MAP("2000-4000", "rw-p", "", 4), OVERLAP);
        WARNS(MAP("c000000000-c000400000", "rw-p", "", 4), STACKS_INSIDE);
        WARNS(MAP("53589800000-5358f400000", "rw-p", "[anon: Go: heap]", 4), STACKS_INSIDE);
        WARNS(MAP("53589800000-5358f400000", "rw-p", "[anon: Go: heap]", 0), "");
        warns(MAP("1000-2000", "rw-p", "", 4), anchored(0x5000),
              "The Go heap was not found: it is in Read-Write", __LINE__);
        warns(MAP("1000-2000", "rw-p", "", 4), anchored(0x1000), "", __LINE__);
        WARNS("c000000000-c000400000 rw-p 0 0:0 0\nRss: 4 kB\nRss: 4 kB\n"
              "c000000000-c000400000 rw-p 0 0:0 0\nRss: 4 kB\n",
              OVERLAP "\nFields that came twice in a mapping: 1; the last one counts\n" STACKS_INSIDE);
}

static void lines_of_the_parser_are_counted(void)
{
        make("1000-2000 rw-p 0 0:0 0\nFoo: 1\nBar: 2\nRss: 4 kB\nRss: 4 kB\n", NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.repeated, 1);
        mema_report_free(&r);
}

static void lost_rows_are_warned_of(void)
{
        struct mema_options options = { 5, MEMA_SORT_RSS };
        struct mema_region g = numbered(0, 4, "");
        char text[128];

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_report_add(&r, &g), MEMA_OK);
        mema_report_finish(&r, NULL);
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Regions not listed, because there was no memory for them: 1");
}

static void a_warning_is_cut_to_its_buffer(void)
{
        struct guarded buffer = guarded_copy("....", 4);

        make(MAP("1000-2000", "rw-p", "", 4), anchored(0x5000), 0, MEMA_SORT_RSS);
        EQUAL(mema_report_warning(&r, 0, buffer.data, buffer.len), 3);
        SAME_TEXT(buffer.data, "The");
        EQUAL(mema_report_warning(&r, 1, buffer.data, buffer.len), 0);
        guarded_free(&buffer);
        mema_report_free(&r);
}

/* The program ---------------------------------------------------------------- */

static const struct mema_context *program(const char *path)
{
        static struct mema_context context;

        memset(&context, 0, sizeof context);
        context.exe_length = strlen(path);
        memcpy(context.exe, path, strlen(path));
        return &context;
}

static void is_called(const char *path, const char *name, int line)
{
        char buf[64];
        size_t n;

        mema_report_init(&r, program(path), NULL);
        n = mema_report_program(&r, buf, sizeof buf);
        equal_text(path, buf, name, __FILE__, line);
        equal_number(path, n, strlen(name), __FILE__, line);
}

#define IS_CALLED(path, name) is_called(path, name, __LINE__)

static void the_name_of_the_program(void)
{
        IS_CALLED("/usr/bin/teranode", "Teranode");
        IS_CALLED("/usr/bin/teranode (deleted)", "Teranode");
        IS_CALLED("teranode", "Teranode");
        IS_CALLED("/opt/Foo", "Foo");
        IS_CALLED("/opt/9p", "9p");
        IS_CALLED("/opt/\xc3\xa4hnlich", "\xc3\xa4hnlich");
        IS_CALLED("/opt/\x1b[2J", "\\x1b[2J");
        IS_CALLED("/opt/a b", "A b");
        IS_CALLED("/opt/dir/", "");
        IS_CALLED("", "");
        IS_CALLED("/opt/a-name-that-is-longer-than-the-sixty-four-bytes-that-this-buffer-has",
                  "...hat-is-longer-than-the-sixty-four-bytes-that-this-buffer-has");
}

#define PROGRAM FILE_MAP("00400000-00402000", "r-xp", "/bin/prog", 8)
#define DATA FILE_MAP("00500000-00502000", "r--p", "/var/data", 8)

static void the_first_file_is_taken_for_the_program(void)
{
        COMES_TO(PROGRAM DATA, "file/binary 8, file/other 8");
        EQUAL(r.exe_guessed, 1);
        EQUAL(r.category[MEMA_BINARY].method, MEMA_BY_INFERRED);
        COMES_TO(PROGRAM FILE_MAP("00402000-00404000", "r--p", "/bin/prog", 4), "file/binary 12");
        COMES_TO(FILE_MAP("00400000-00402000", "r-xp", "/bin/prog (deleted)", 8), "file/binary 8");
        COMES_TO(PROGRAM, "file/binary 8");
}

static void what_is_not_taken_for_the_program(void)
{
        COMES_TO(MAP("00400000-00402000", "rw-p", "", 4) DATA, "file/other 8, anon/rw 4");
        COMES_TO(MAP("00400000-00402000", "rw-p", "[heap]", 4) DATA, "file/other 8, malloc/main 4");
        COMES_TO(FILE_MAP("00400000-00402000", "r--p", "/lib/ld-linux.so.2", 4) DATA,
                 "file/libraries 4, file/other 8");
        COMES_TO(FILE_MAP("00400000-00402000", "r--s", "/var/db", 4) DATA, "file/other 12");
        COMES_TO("00400000-00402000 r--p 00001000 08:02 17 /bin/prog\nRss: 4 kB\n" DATA, "file/other 12");
        COMES_TO(FILE_MAP("00400000-00402000", "rw-s", "/dev/shm/x", 4) DATA, "file/other 8, shared/shm 4");
        EQUAL(r.exe_guessed, 0);
}

static void a_program_that_is_known_is_not_guessed(void)
{
        comes_to(PROGRAM DATA, program("/var/data"), "file/binary 8, file/other 8", __LINE__);
        EQUAL(r.exe_guessed, 0);
        EQUAL(r.category[MEMA_BINARY].method, MEMA_BY_NAMED);
        EQUAL(r.category[MEMA_BINARY].low, KB(8));
        comes_to(PROGRAM DATA, program("/bin/other"), "file/other 16", __LINE__);
}

SUITE(report, CASE(the_law_holds_on_every_fixture), CASE(each_column_is_added_up),
      CASE(a_size_that_is_not_printed_is_the_range), CASE(a_rollup_is_not_broken_down),
      CASE(the_run_around_an_anchor_is_the_go_heap), CASE(an_anchor_elsewhere_changes_nothing),
      CASE(what_ends_a_run), CASE(several_anchors), CASE(an_anchor_wins_over_shapes),
      CASE(a_run_that_ends_at_2_to_the_64), CASE(rows_of_the_run_are_the_go_heap_s),
      CASE(rows_add_up_to_their_categories), CASE(rows_in_a_run_that_are_not_of_it),
      CASE(the_split_is_exact_where_all_is_resident), CASE(the_split_of_what_is_partly_resident),
      CASE(the_split_with_released_memory), CASE(the_split_of_other_mappings_than_the_heap_s),
      CASE(the_split_of_more_than_is_mapped), CASE(the_split_of_one_part_only),
      CASE(the_later_reading_divides), CASE(all_columns_are_divided), CASE(metadata_that_is_not_all_found),
      CASE(an_arena_goes_on_behind_its_reserve), CASE(any_numbers_keep_the_law),
      CASE(every_order_is_that_of_a_plain_sort), CASE(ties_keep_the_kernel_s_order),
      CASE(ties_of_an_input_without_order), CASE(what_is_not_resident_is_not_listed),
      CASE(what_is_swapped_or_reserved_is_listed_where_asked), CASE(an_arena_that_never_grows),
      CASE(without_an_arena_there_are_sums_only), CASE(displaced_rows_make_room),
      CASE(regions_of_one_name_are_added_up), CASE(names_of_one_size_keep_their_order),
      CASE(a_name_keeps_256_bytes), CASE(more_names_than_are_kept), CASE(further_names_are_other_names),
      CASE(sums_beyond_64_bits_are_an_error), CASE(an_overflow_stays),
      CASE(ranges_beyond_64_bits_are_an_error), CASE(the_largest_sums_there_are),
      CASE(overlapping_mappings_are_counted), CASE(what_a_report_is_begun_with_is_copied), CASE(warnings),
      CASE(lines_of_the_parser_are_counted), CASE(lost_rows_are_warned_of),
      CASE(a_warning_is_cut_to_its_buffer), CASE(the_name_of_the_program),
      CASE(the_first_file_is_taken_for_the_program), CASE(what_is_not_taken_for_the_program),
      CASE(a_program_that_is_known_is_not_guessed));
