/* test_report.c - regions into sums: the law, the run that is the Go heap and its parts, odd inputs, time,
 * warnings, and which file is the program. */
#include "records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct mema_report r;

/* Expects the categories with resident memory, in kB: "go/heap 612, anon/rw 64". */
static void expect_categories(const char *text, const struct mema_context *context, const char *shown,
                              int line)
{
        char got[1024] = "";

        equal_number(text, make_report(&r, text, context, 0, MEMA_SORT_RSS), MEMA_STATUS_END, __FILE__, line);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                uint64_t rss = r.category[i].sums.value[MEMA_FIELD_RSS];
                size_t len = strlen(got);

                if (rss > 0)
                        snprintf(got + len, sizeof got - len, "%s%s %" PRIu64, len ? ", " : "",
                                 mema_category_stable_id(i), rss >> 10);
        }
        equal_text(text, got, shown, __FILE__, line);
        expect_law(text, &r);
        mema_report_free(&r);
}

#define GIVES(text, shown) expect_categories(text, NULL, shown, __LINE__)

/* The law ------------------------------------------------------------------ */

static void expect_law_of(const char *path, const struct guarded *file, const struct mema_context *context)
{
        struct mema_options options = { .top = 20, .sort = MEMA_SORT_RSS };
        struct records records = parse(file->data, file->len, WHOLE);

        EQUAL(report_of(&r, file->data, file->len, context, &options), MEMA_STATUS_END);
        expect_law(path, &r);
        expect_totals(path, &r, &records);
        mema_report_free(&r);
        records_free(&records);
}

/* With an anchor anywhere, and any figures of the runtime. */
static void law_of(const char *path)
{
        static struct mema_context context;
        struct guarded file = guarded_file(path);
        struct records records = parse(file.data, file.len, WHOLE);

        expect_law_of(path, &file, NULL);
        for (size_t i = 0; i < records.count; i += 7) {
                memset(&context, 0, sizeof context);
                context.facts.go =
                        (struct mema_go){ .known = 1, .heap_objects = i << 20, .heap_free = i << 14 };
                context.facts.go.heap_stacks = i << 16;
                context.facts.go.anchor_count = 1;
                context.facts.go.anchors[0] = records.region[i].start;
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
        make_report(&r,
                    "1000-3000 rw-p 0 0:0 0 [heap]\n"
                    "Size: 8 kB\nRss: 4 kB\nPss: 3 kB\nKernelPageSize: 4 kB\nSwap: 1 kB\nTHPeligible: 1\n"
                    "3000-5000 r--p 0 8:2 17 /a\n"
                    "Size: 12 kB\nRss: 8 kB\nReferenced: 5 kB\nKernelPageSize: 4 kB\nSwap: 2 "
                    "kB\nTHPeligible: 1\n",
                    NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.mappings, 2);
        EQUAL(r.totals.value[MEMA_FIELD_SIZE], 20 << 10);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], 12 << 10);
        EQUAL(r.totals.value[MEMA_FIELD_PSS], 3 << 10);
        EQUAL(r.totals.value[MEMA_FIELD_REFERENCED], 5 << 10);
        EQUAL(r.totals.value[MEMA_FIELD_SWAP], 3 << 10);
        EQUAL(r.totals.value[MEMA_FIELD_KERNEL_PAGE_SIZE], 0);
        EQUAL(r.totals.value[MEMA_FIELD_THP_ELIGIBLE], 0);
        EQUAL(r.totals.present, MEMA_BIT(MEMA_FIELD_SIZE) | MEMA_BIT(MEMA_FIELD_RSS) |
                                        MEMA_BIT(MEMA_FIELD_PSS) | MEMA_BIT(MEMA_FIELD_REFERENCED) |
                                        MEMA_BIT(MEMA_FIELD_SWAP));
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MAIN].sums.value[MEMA_FIELD_PSS], 3 << 10);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MAIN].sums.value[MEMA_FIELD_REFERENCED], 0);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MAIN].sums.present, r.totals.present);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MAIN].sums.mappings, 1);
        EQUAL(r.category[MEMA_CATEGORY_OTHER_FILES].sums.mappings +
                      r.category[MEMA_CATEGORY_BINARY].sums.mappings,
              1);
        mema_report_free(&r);
}

static void a_size_that_is_not_printed_is_that_of_the_range(void)
{
        make_report(&r,
                    "1000-3000 rw-p 0 0:0 0\n10000-20000 rw-p 0 0:0 0\nSize: 4 kB\n"
                    "fffffffffffff000-0 r-xp 0 0:0 0\nSize: 4 kB\n",
                    NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.value[MEMA_FIELD_SIZE], 0x2000 + 4096 + 4096);
        EQUAL(r.checks.without_rss, 3);
        EQUAL(r.totals.present & MEMA_BIT(MEMA_FIELD_RSS), 0);
        mema_report_free(&r);
        make_report(&r, "1000-9000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", NULL, 0, MEMA_SORT_RSS);
        EQUAL(r.totals.present, MEMA_BIT(MEMA_FIELD_RSS));
        mema_report_free(&r);
}

static void a_rollup_is_not_broken_down(void)
{
        GIVES("1000-9000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n", "other/not_broken_down 4");
        TRUE(r.checks.totals_only);
        GIVES(MAP("1000-9000", "rw-p", "", 4), "anon/rw 4");
        TRUE(!r.checks.totals_only);
}

/* Runs and anchors --------------------------------------------------------- */

static const struct mema_context *anchored(uint64_t anchor)
{
        static struct mema_context context;

        memset(&context, 0, sizeof context);
        context.facts.go.known = 1;
        context.facts.go.anchor_count = 1;
        context.facts.go.anchors[0] = anchor;
        return &context;
}

#define AROUND(anchor, text, shown) expect_categories(text, anchored(UINT64_C(anchor)), shown, __LINE__)

/* A heap of three mappings, and two other mappings. */
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
        GIVES(HEAP, "file/other 8, anon/rw 676");
}

static void a_gap_or_any_other_mapping_ends_a_run(void)
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

static void every_anchor_has_its_run(void)
{
        static struct mema_context context;

        context = *anchored(0x7f0000400000);
        context.facts.go.anchors[1] = 0x7f0000801000;
        context.facts.go.anchor_count = 2;
        expect_categories(HEAP, &context, "go/heap 676, file/other 8", __LINE__);
        context.facts.go.anchor_count = 1;
        expect_categories(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        context.facts.go.anchor_count = UINT64_MAX;
        expect_categories(HEAP, &context, "go/heap 676, file/other 8", __LINE__);
        context.facts.go.anchors[0] = context.facts.go.anchors[1] = 0x1000;
        expect_categories(HEAP, &context, "file/other 8, anon/rw 676", __LINE__);
        context.facts.go.known = 0;
        expect_categories(HEAP, &context, "file/other 8, anon/rw 676", __LINE__);
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

static void a_run_can_end_at_2_to_the_64(void)
{
        struct mema_region row;

        make_report(&r, MAP("fffffffffff00000-0", "rw-p", "", 100), anchored(UINT64_C(0xfffffffffff00000)),
                    MEMA_ALL, MEMA_SORT_ADDRESS);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS], 100 << 10);
        mema_report_row(&r, 0, &row);
        SAME_TEXT(mema_category_stable_id((unsigned)row.category), "go/heap");
        mema_report_free(&r);
}

static void rows_of_the_run_are_in_the_category_go_heap(void)
{
        static const struct {
                uint64_t start;
                unsigned category, method;
        } wanted[] = {
                { UINT64_C(0x7f0000000000), MEMA_CATEGORY_GO_HEAP, MEMA_METHOD_INFERRED },
                { UINT64_C(0x7f0000400000), MEMA_CATEGORY_GO_HEAP, MEMA_METHOD_INFERRED },
                { UINT64_C(0x7f0000801000), MEMA_CATEGORY_ANON_RW, MEMA_METHOD_INFERRED },
                { UINT64_C(0x7f0000a00000), MEMA_CATEGORY_OTHER_FILES, MEMA_METHOD_NAMED },
        };

        make_report(&r, HEAP, anchored(UINT64_C(0x7f0000400000)), MEMA_ALL, MEMA_SORT_ADDRESS);
        EQUAL(r.row_count, sizeof wanted / sizeof *wanted);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                EQUAL(row.start, wanted[i].start);
                EQUAL(row.category, wanted[i].category);
                EQUAL(row.method, wanted[i].method);
        }
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].method, MEMA_METHOD_INFERRED);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.mappings, 3);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].low, 0);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].high, 612 << 10);
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].low, 0);
        mema_report_free(&r);
}

/* Every row has the category that it is counted in. */
static void rows_add_up(const char *what, const char *text, size_t len, const struct mema_context *context)
{
        struct mema_options all = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };
        uint64_t sums[MEMA_CATEGORY_COUNT] = { 0 };

        report_of(&r, text, len, context, &all);
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region row;

                mema_report_row(&r, i, &row);
                sums[row.category] += row.value[MEMA_FIELD_RSS];
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                char shown[256];

                snprintf(shown, sizeof shown, "%.150s: rows of %s", what, mema_category_stable_id(i));
                equal_number(shown, sums[i], r.category[i].sums.value[MEMA_FIELD_RSS], __FILE__, __LINE__);
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
static void a_file_within_the_run_is_not_in_it(void)
{
        static const char text[] = FILE_MAP("7f0000100000-7f0000200000", "r--p", "/data", 8)
                MAP("7f0000000000-7f0000400000", "rw-p", "", 100);

        rows_add_up("a file inside the run", text, sizeof text - 1, anchored(UINT64_C(0x7f0000000000)));
}

/* Heap and Stack ------------------------------------------------------------ */

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

/* Reports a Go heap of `size` bytes, `rss` of them resident, divided by the figures of the runtime. */
static void divide_sized(uint64_t size, uint64_t rss, const struct mema_go *before,
                         const struct mema_go *after)
{
        static struct mema_context context;
        static struct mema_region g;
        struct mema_facts later = { 0 };

        context.facts.go = *before;
        context.facts.go.anchors[context.facts.go.anchor_count++] = UINT64_C(0xc000000000);
        mema_report_init(&r, &context, NULL);
        memset(&g, 0, sizeof g);
        g.start = UINT64_C(0xc000000000);
        g.end = g.start + size;
        strcpy(g.perms, "rw-p");
        g.present = MEMA_BIT(MEMA_FIELD_RSS) | MEMA_BIT(MEMA_FIELD_PSS);
        g.value[MEMA_FIELD_RSS] = rss;
        g.value[MEMA_FIELD_PSS] = rss / 2;
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        if (after)
                later.go = *after;
        mema_report_finish(&r, after ? &later : NULL);
        expect_law("a divided heap", &r);
}

/* The same, with a mapping of the size that the runtime gives. */
static void divide(uint64_t rss, const struct mema_go *before, const struct mema_go *after)
{
        divide_sized(mapped(before), rss, before, after);
}

static void expect_part(unsigned category, uint64_t rss, uint64_t low, uint64_t high)
{
        EQUAL(r.category[category].sums.value[MEMA_FIELD_RSS], rss);
        EQUAL(r.category[category].low, low);
        EQUAL(r.category[category].high, high);
        EQUAL(r.category[category].method, low == high ? MEMA_METHOD_VERIFIED : MEMA_METHOD_ESTIMATED);
}

static void heap_and_stack_are_exact_if_all_is_resident(void)
{
        struct mema_go small = runtime(KB(3000), KB(500), KB(500), 0, KB(96));
        uint64_t objects = (UINT64_C(6) << 30) + KB(8), stacks = KB(1032);
        struct mema_go large = runtime(objects, 0, 0, 0, stacks);

        divide(KB(4096), &small, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(4000), KB(4000), KB(4000));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(96), KB(96), KB(96));
        divide(objects + stacks, &large, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, objects, objects, objects);
        expect_part(MEMA_CATEGORY_GO_STACK, stacks, stacks, stacks);
}

static void heap_and_stack_have_bounds_if_some_is_resident(void)
{
        struct mema_go go = runtime(KB(3000), KB(500), KB(500), 0, KB(96));

        divide(KB(2048), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(2000), KB(1952), KB(2048));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(48), 0, KB(96));
        divide(KB(4064), &go, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].high, KB(4000));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].low, KB(64));
        divide(KB(64), &go, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].low, 0);
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].high, KB(64));
        divide(0, &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, 0, 0, 0);
        expect_part(MEMA_CATEGORY_GO_STACK, 0, 0, 0);
}

static void released_memory_that_is_resident_is_the_heap(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, KB(1000), KB(96));

        divide(KB(5000), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(4904), KB(4904), KB(5000));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(96), 0, KB(96));
}

static void bounds_are_wide_if_the_mappings_are_not_the_heap(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96));

        divide_sized(KB(4100), KB(2048), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(2000), 0, KB(4096));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(48), 0, KB(96));
        divide_sized(KB(4092), KB(64), &go, NULL); /* some mappings are missing */
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(62) + KB(1) / 2, 0, KB(4096));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].high, KB(96));
        EQUAL(r.checks.go_surplus, 0);
}

static void work_buffers_are_in_no_part(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96));
        char text[128];

        go.work_buffers = KB(64);
        divide_sized(KB(4128), KB(4128), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(4032), KB(4000), KB(4032));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].low, KB(96));
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].held, 1);
        EQUAL(mema_report_warning(&r, 0, text, sizeof text), 0);
        divide_sized(KB(4160), KB(2048), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(2000), KB(1888), KB(2048));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(48), 0, KB(96));
        divide_sized(KB(4164), KB(4128), &go, NULL);
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].held, 0);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].low, 0);
        divide_sized(KB(4096), KB(4096), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(4000), KB(4000), KB(4000));
}

static void more_resident_than_the_runtime_has_is_warned_of(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96));
        char text[128];

        divide(KB(8192), &go, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(8096), 0, KB(8192));
        expect_part(MEMA_CATEGORY_GO_STACK, KB(96), 0, KB(96));
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Heap bytes that the Go runtime does not account for: 4194304");
}

static void a_heap_can_have_one_part_only(void)
{
        struct mema_go heap = runtime(KB(4000), 0, 0, 0, 0), stack = runtime(0, 0, 0, 0, KB(96));
        struct mema_go none = runtime(0, 0, 0, KB(5000), 0);

        divide(KB(100), &heap, NULL);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(100), KB(100), KB(100));
        expect_part(MEMA_CATEGORY_GO_STACK, 0, 0, 0);
        divide(KB(96), &stack, NULL);
        expect_part(MEMA_CATEGORY_GO_STACK, KB(96), KB(96), KB(96));
        divide(KB(96), &none, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS], KB(96));
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].method, MEMA_METHOD_INFERRED);
}

/* The heap can grow or shrink between the two readings. */
static void the_later_figures_divide_the_heap(void)
{
        struct mema_go before = runtime(KB(4000), 0, 0, 0, KB(96)), after = runtime(KB(96), 0, 0, 0, KB(96));
        struct mema_go unknown = { 0 };

        for (uint64_t size = KB(192); size <= KB(4096); size += KB(976)) {
                divide_sized(size, KB(192), &before, &after);
                expect_part(MEMA_CATEGORY_GO_HEAP, KB(96), KB(96), KB(192));
                expect_part(MEMA_CATEGORY_GO_STACK, KB(96), 0, KB(96));
        }
        divide_sized(KB(4100), KB(192), &before, &after);
        expect_part(MEMA_CATEGORY_GO_HEAP, KB(96), 0, KB(4096));
        divide(KB(192), &before, &unknown);
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_RSS], 0);
}

static void figures_that_overflow_are_not_used(void)
{
        struct mema_go go = runtime(KB(4000), 0, 0, 0, KB(96)), wrong = runtime(UINT64_MAX, 0, 0, 0, KB(96));

        divide_sized(KB(4096), KB(2048), &wrong, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS], KB(2048));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_RSS], 0);
        divide_sized(KB(4096), KB(2048), &go, &wrong);
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_RSS], 0);
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].known, 0);
}

static void expect_part_of(unsigned part, uint64_t committed, uint64_t rss, uint64_t low, uint64_t high)
{
        equal_number(mema_part_stable_id(part), r.part[part].committed, committed, __FILE__, __LINE__);
        equal_number(mema_part_stable_id(part), r.part[part].rss, rss, __FILE__, __LINE__);
        equal_number(mema_part_stable_id(part), r.part[part].low, low, __FILE__, __LINE__);
        equal_number(mema_part_stable_id(part), r.part[part].high, high, __FILE__, __LINE__);
}

static void the_parts_of_the_heap_have_bounds(void)
{
        struct mema_go go = runtime(KB(3000), KB(500), KB(500), KB(1000), KB(96));

        go.heap_live = KB(2000);
        divide(KB(2048), &go, NULL);
        expect_part_of(MEMA_PART_HEAP_MARKED, KB(2000), KB(1000), 0, KB(2000));
        expect_part_of(MEMA_PART_HEAP_SINCE, KB(1000), KB(500), 0, KB(1000));
        expect_part_of(MEMA_PART_HEAP_UNUSED, KB(500), KB(250), 0, KB(500));
        expect_part_of(MEMA_PART_HEAP_FREE, KB(500), KB(250), 0, KB(500));
        expect_part_of(MEMA_PART_HEAP_RELEASED, KB(1000), 0, 0, KB(1000));
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].held, 1);
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].found, KB(5096));

        divide(KB(5000), &go, NULL);
        expect_part_of(MEMA_PART_HEAP_MARKED, KB(2000), KB(2000), KB(1904), KB(2000));
        expect_part_of(MEMA_PART_HEAP_RELEASED, KB(1000), KB(904), KB(904), KB(1000));

        divide_sized(KB(5100), KB(5000), &go, NULL);
        EQUAL(r.proof[MEMA_PROOF_GO_HEAP].held, 0);
        expect_part_of(MEMA_PART_HEAP_MARKED, KB(2000), KB(2000), 0, KB(2000));
}

/* Just after a collection. */
static void live_bytes_can_exceed_the_objects(void)
{
        struct mema_go go = runtime(KB(1000), 0, 0, 0, 0);

        go.heap_live = KB(1200);
        divide(KB(1000), &go, NULL);
        expect_part_of(MEMA_PART_HEAP_MARKED, KB(1000), KB(1000), KB(1000), KB(1000));
        expect_part_of(MEMA_PART_HEAP_SINCE, 0, 0, 0, 0);
}

/* [heap] of 132 kB and an arena of 1024 kB, with 100 and 400 kB resident. */
#define MALLOC                                          \
        MAP("00600000-00621000", "rw-p", "[heap]", 100) \
        MAP("7f6b00000000-7f6b00100000", "rw-p", "", 400) MAP("7f6b00100000-7f6b04000000", "---p", "", 0)

static void report_malloc(uint64_t arena, uint64_t in_use, uint64_t known)
{
        static struct mema_context context;
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS };

        context.facts.malloc = (struct mema_malloc){ known, 0, arena, in_use, arena - in_use, 0 };
        EQUAL(report_of(&r, MALLOC, sizeof MALLOC - 1, &context, &options), MEMA_STATUS_END);
        expect_law("a C heap", &r);
}

static void expect_arenas(unsigned method, uint64_t low)
{
        struct mema_region row;

        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS], KB(400));
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method, method);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].low, low);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_MAIN].method, MEMA_METHOD_NAMED);
        mema_report_row(&r, 1, &row);
        EQUAL(row.category, MEMA_CATEGORY_MALLOC_ARENAS);
        EQUAL(row.method, method);
        mema_report_free(&r);
}

/* A full heap behind an arena differs from other large aligned mappings only in its flags. */
static void full_heaps_are_mapped_without_reserve(void)
{
#define BEHIND_AN_ARENA(flags)                                            \
        "7f6b00000000-7f6b00021000 rw-p 00000000 00:00 0 \nRss: 132 kB\n" \
        "7f6b00021000-7f6b04000000 ---p 00000000 00:00 0 \nRss: 0 kB\n"   \
        "7f6b04000000-7f6b0c000000 rw-p 00000000 00:00 0 \nRss: 4096 kB\n" flags
        static const struct {
                const char *text;
                unsigned category;
        } rows[] = {
                { BEHIND_AN_ARENA("VmFlags: rd wr mr mw me nr sd\n"), MEMA_CATEGORY_MALLOC_ARENAS },
                { BEHIND_AN_ARENA("VmFlags: rd wr mr mw me ac sd\n"), MEMA_CATEGORY_ANON_RW },
                { BEHIND_AN_ARENA(""), MEMA_CATEGORY_MALLOC_ARENAS },
        };
#undef BEHIND_AN_ARENA

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                EQUAL(make_report(&r, rows[i].text, NULL, 0, MEMA_SORT_RSS), MEMA_STATUS_END);
                TRUE(r.category[rows[i].category].sums.value[MEMA_FIELD_RSS] >= KB(4096));
                mema_report_free(&r);
        }
}

static void arenas_are_proven_by_malloc(void)
{
        report_malloc(KB(132 + 1024), KB(1000), 1);
        expect_part_of(MEMA_PART_MALLOC_IN_USE, KB(1000), 442907, KB(500 - 156), KB(500));
        expect_part_of(MEMA_PART_MALLOC_RETAINED, KB(156), KB(500) - 442907, 0, KB(156));
        EQUAL(r.proof[MEMA_PROOF_MALLOC].found, KB(132 + 1024));
        expect_arenas(MEMA_METHOD_VERIFIED, KB(400));
        report_malloc(KB(132 + 1024 + 4), KB(1000), 1);
        EQUAL(r.proof[MEMA_PROOF_MALLOC].held, 0);
        expect_arenas(MEMA_METHOD_INFERRED, 0);
        report_malloc(KB(132 + 1024), KB(1000), 0);
        EQUAL(r.proof[MEMA_PROOF_MALLOC].known, 0);
        expect_part_of(MEMA_PART_MALLOC_IN_USE, 0, 0, 0, 0);
        expect_arenas(MEMA_METHOD_INFERRED, 0);
        report_malloc(UINT64_MAX, KB(1000), 1);
        EQUAL(r.proof[MEMA_PROOF_MALLOC].known, 0);
        expect_arenas(MEMA_METHOD_INFERRED, 0);
}

/* More of them can be resident than are left after the reading. */
static void stacks_that_shrank_keep_their_resident_bytes(void)
{
        struct mema_go before = runtime(KB(3000), 0, 0, 0, KB(1096)),
                       after = runtime(KB(3000), 0, 0, 0, KB(96));

        divide_sized(KB(4096), KB(4096), &before, &after);
        expect_part(MEMA_CATEGORY_GO_STACK, KB(1096), KB(1096), KB(1096));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_SIZE], KB(1096));
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_SIZE], KB(3000));
}

/* The mappings count as the heap's. */
static void all_columns_are_divided(void)
{
        struct mema_go go = runtime(KB(3000), 0, 0, 0, KB(1000));

        divide(KB(4000), &go, NULL);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_PSS], KB(1500));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_PSS], KB(500));
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.present,
              r.category[MEMA_CATEGORY_GO_HEAP].sums.present);
        EQUAL(r.category[MEMA_CATEGORY_GO_HEAP].sums.mappings, 1);
        EQUAL(r.category[MEMA_CATEGORY_GO_STACK].sums.mappings, 0);
}

/* Without names, most of it is in Read-Write. */
static void metadata_can_be_in_other_categories(void)
{
        static struct mema_context context;

        context = *anchored(0x7f0000400000);
        context.facts.go.metadata = KB(40);
        expect_categories(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].low, 0);
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].high, KB(40));
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].method, MEMA_METHOD_INFERRED);
        context.facts.go.metadata = KB(1000);
        expect_categories(HEAP, &context, "go/heap 612, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].high, KB(64 + 612));
        /* A stack is known by its guard only. */
        expect_categories(HEAP MAP("7f0000cff000-7f0000d00000", "---p", "", 0)
                                  MAP("7f0000d00000-7f0001500000", "rw-p", "", 20),
                          &context, "go/heap 612, file/other 8, anon/rw 64, stacks/threads 20", __LINE__);
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].high, KB(64 + 612 + 20));
        expect_categories(HEAP MAP("7f0000c00000-7f0000d00000", "rw-p", "[anon: Go: gc bits]", 4), &context,
                          "go/heap 612, go/metadata 4, file/other 8, anon/rw 64", __LINE__);
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].low, KB(4));
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].high, KB(4));
        EQUAL(r.category[MEMA_CATEGORY_GO_METADATA].method, MEMA_METHOD_NAMED);
}

/* Heaps of 64 MiB: one in use, its reserve, a full one, another one in use. */
static void an_arena_continues_behind_its_reserve(void)
{
        GIVES(MAP("7f6b00000000-7f6b00100000", "rw-p", "", 100)
                      MAP("7f6b00100000-7f6b04000000", "---p", "", 4)
                              MAP("7f6b04000000-7f6b08000000", "rw-p", "", 200)
                                      MAP("7f6b08000000-7f6b08100000", "rw-p", "", 50),
              "anon/rw 50, malloc/arenas 304");
        GIVES(MAP("7f6b04000000-7f6b08000000", "rw-p", "", 200), "anon/rw 200");
        GIVES(MAP("7f6b00000000-7f6b00100000", "rw-p", "", 100)
                      MAP("7f6b00100000-7f6b04000000", "---p", "", 0)
                              MAP("7f6b04000000-7f6b04800000", "rw-p", "", 60),
              "anon/rw 60, malloc/arenas 100");
}

/* Expects the stacks' share of the resident bytes, except for the last digits of large numbers. */
static void expect_share(const struct mema_go *go, uint64_t rss)
{
        uint64_t heap = r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS];
        uint64_t stack = r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_RSS];
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

/* Odd inputs ---------------------------------------------------------------- */

static void sums_beyond_64_bits_are_an_error(void)
{
        static const uint64_t half = UINT64_C(1) << 63;
        struct mema_region g = numbered(0, 0, "");

        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                bool adds = f != MEMA_FIELD_KERNEL_PAGE_SIZE && f != MEMA_FIELD_MMU_PAGE_SIZE &&
                            f != MEMA_FIELD_THP_ELIGIBLE && f != MEMA_FIELD_PROTECTION_KEY;

                memset(g.value, 0, sizeof g.value);
                g.present = MEMA_BIT(f);
                g.value[f] = half;
                mema_report_init(&r, NULL, NULL);
                EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
                g.value[f]--;
                EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
                g.value[f] = 1;
                EQUAL(mema_report_add(&r, &g), adds ? MEMA_STATUS_OVERFLOW : MEMA_STATUS_OK);
        }
}

static void an_overflow_is_sticky(void)
{
        struct mema_region large = numbered(0, UINT64_MAX >> 10, "");

        mema_report_init(&r, NULL, NULL);
        EQUAL(mema_report_add(&r, &large), MEMA_STATUS_OK);
        EQUAL(mema_report_add(&r, &large), MEMA_STATUS_OVERFLOW);
        large.value[MEMA_FIELD_RSS] = 0;
        EQUAL(mema_report_add(&r, &large), MEMA_STATUS_OVERFLOW);
}

/* Without a Size line, the range counts. */
static void ranges_beyond_64_bits_are_an_error(void)
{
        struct mema_region g = numbered(0, 4, "");

        g.start = 0;
        g.end = UINT64_MAX;
        mema_report_init(&r, NULL, NULL);
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OVERFLOW);
}

static void the_largest_sums_fit(void)
{
        EQUAL(make_report(&r,
                          "1000-2000 rw-p 0 0:0 0\nRss: 18014398509481983 kB\n"
                          "2000-3000 rw-p 0 0:0 0\nRss: 0 kB\n",
                          NULL, 5, MEMA_SORT_RSS),
              MEMA_STATUS_END);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], UINT64_MAX - 1023);
        expect_law("the largest", &r);
        mema_report_free(&r);
        EQUAL(make_report(&r,
                          "1000-2000 rw-p 0 0:0 0\nRss: 18014398509481983 kB\n"
                          "2000-3000 rw-p 0 0:0 0\nRss: 1 kB\n",
                          NULL, 5, MEMA_SORT_RSS),
              MEMA_STATUS_OVERFLOW);
        mema_report_free(&r);
}

static void overlapping_mappings_are_counted(void)
{
        make_report(&r,
                    MAP("1000-3000", "rw-p", "", 4) MAP("2000-4000", "rw-p", "", 4)
                            MAP("2000-4000", "rw-p", "", 4) MAP("4000-5000", "rw-p", "", 4)
                                    MAP("1000-2000", "rw-p", "", 4),
                    NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.checks.overlapping, 3);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(18)); /* the second one's is its half: 0 to 4 kB */
        EQUAL(r.row_count, 5);
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].high, KB(20));
        expect_law("overlapping", &r);
        mema_report_free(&r);
}

static void a_mapping_can_overlap_any_earlier_one(void)
{
        make_report(&r,
                    MAP("1000-9000", "rw-p", "", 4) MAP("2000-3000", "rw-p", "", 4)
                            MAP("5000-6000", "rw-p", "", 4) MAP("9000-a000", "rw-p", "", 4),
                    NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.checks.overlapping, 2);
        mema_report_free(&r);
        make_report(&r,
                    MAP("0-1000", "rw-p", "", 4) MAP("fffffffffffff000-0", "rw-p", "", 4)
                            MAP("1000-2000", "rw-p", "", 4),
                    NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.checks.overlapping, 1);
        mema_report_free(&r);
}

/* It is printed again from its start, each time that it has grown. */
static void a_mapping_that_has_grown_is_counted_once(void)
{
        make_report(&r,
                    MAP("1000-3000", "rw-p", "", 4) "1000-4000 rw-p 0 0:0 0\nSwap: 8 kB\nSwap: 8 kB\n" MAP(
                            "1000-5000", "rw-p", "", 12) MAP("5000-6000", "r--p", "", 4),
                    NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.checks.grown, 2);
        EQUAL(r.checks.overlapping, 0);
        EQUAL(r.checks.repeated, 0);
        EQUAL(r.checks.without_rss, 0);
        EQUAL(r.totals.mappings, 2);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(16));
        EQUAL(r.totals.value[MEMA_FIELD_SIZE], KB(20));
        EQUAL(r.totals.value[MEMA_FIELD_SWAP], 0);
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_RSS], KB(12));
        EQUAL(r.row_count, 2);
        expect_law("grown", &r);
        mema_report_free(&r);
        make_report(&r,
                    MAP("1000-2000", "---p", "[rollup]", 4) MAP("1000-3000", "---p", "[rollup]", 4)
                            MAP("fffffffffffff000-0", "rw-p", "", 4)
                                    MAP("fffffffffffff000-fffffffffffff800", "rw-p", "", 2),
                    NULL, 5, MEMA_SORT_RSS);
        EQUAL(r.checks.grown, 0);
        EQUAL(r.checks.overlapping, 2);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(14));
        mema_report_free(&r);
}

/* As Linux 7.2 prints a mapping that is split and merged while it is read. */
static void a_mapping_that_is_merged_is_counted_once(void)
{
        make_report(&r,
                    MAP("1000-3000", "rw-p", "", 8) MAP("3000-4000", "r--p", "", 4)
                            MAP("1000-8000", "rw-p", "", 24) MAP("9000-a000", "---p", "", 0),
                    NULL, 5, MEMA_SORT_ADDRESS);
        EQUAL(r.checks.grown, 1);
        EQUAL(r.checks.overlapping, 1);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(24));
        EQUAL(r.totals.value[MEMA_FIELD_SIZE], KB(32));
        EQUAL(r.category[MEMA_CATEGORY_ANON_RW].high, KB(28));
        expect_law("merged", &r);
        mema_report_free(&r);
        make_report(&r,
                    FILE_MAP("1000-5000", "r--s", "/a", 4) FILE_MAP("2000-9000", "r--s", "/b", 20)
                            FILE_MAP("8000-9000", "r--s", "/b", 4),
                    NULL, 5, MEMA_SORT_ADDRESS);
        EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(4 + 16 + 4));
        EQUAL(r.category[MEMA_CATEGORY_OTHER_FILES].low, KB(4 + 8 + 4 - 4)); /* 4 kB may be there twice */
        EQUAL(r.category[MEMA_CATEGORY_OTHER_FILES].method, MEMA_METHOD_ESTIMATED);
        mema_report_free(&r);
}

static void memory_behind_a_library_can_be_its_data(void)
{
        static const struct mema_context known = { .bss_known = true };

        for (int i = 0; i < 2; i++) {
                make_report(&r,
                            FILE_MAP("7f0000000000-7f0000002000", "rw-p", "/lib/a.so", 8)
                                    MAP("7f0000002000-7f0001002000", "rw-p", "", 500),
                            i == 0 ? NULL : &known, 5, MEMA_SORT_ADDRESS);
                EQUAL(r.category[MEMA_CATEGORY_LIBRARIES].low, KB(8));
                EQUAL(r.category[MEMA_CATEGORY_LIBRARIES].high, i == 0 ? KB(508) : KB(8));
                EQUAL(r.category[MEMA_CATEGORY_ANON_RW].sums.value[MEMA_FIELD_RSS], KB(500));
                EQUAL(r.category[MEMA_CATEGORY_ANON_RW].high, KB(500));
                mema_report_free(&r);
        }
}

static void context_and_options_are_copied(void)
{
        static struct mema_context context;
        struct mema_options options = { .top = 1, .sort = MEMA_SORT_SIZE };

        context = *anchored(0x1000);
        mema_report_init(&r, &context, &options);
        memset(&context, 0xa5, sizeof context);
        memset(&options, 0xa5, sizeof options);
        EQUAL(r.context.facts.go.anchors[0], 0x1000);
        EQUAL(r.options.top, 1);
        mema_report_init(&r, NULL, NULL);
        EQUAL(r.options.top, 0);
        EQUAL(r.context.facts.go.known, 0);
        EQUAL(r.context.exe_length, 0);
}

/* Warnings ------------------------------------------------------------------ */

/* Expects all warnings of a report, one per line. */
static void warns(const char *text, const struct mema_context *context, const char *shown, int line)
{
        struct guarded buffer = guarded_copy("", 0);
        char got[1024] = "";
        size_t n;

        make_report(&r, text, context, 1, MEMA_SORT_RSS);
        guarded_free(&buffer);
        buffer = guarded_copy(got, 128);
        for (unsigned i = 0; (n = mema_report_warning(&r, i, buffer.data, buffer.len)) > 0; i++) {
                equal_number("the warning's length", n, strlen(buffer.data), __FILE__, line);
                strcat(strcat(got, i ? "\n" : ""), buffer.data);
        }
        SAME_TEXT(buffer.data, "");
        equal_text("the odd_inputs_are_warned_of", got, shown, __FILE__, line);
        guarded_free(&buffer);
        mema_report_free(&r);
}

#define WARNS(text, shown) warns(text, NULL, shown, __LINE__)
#define OVERLAP                                                                                             \
        "Mappings that overlap or repeat an earlier one: 1; the process changed while it was read, or the " \
        "input holds two captures"
#define STACKS_INSIDE "Heap includes the goroutine stacks: only the process itself can tell them apart"

static void odd_inputs_are_warned_of(void)
{
        static const struct mema_context go_program = { .program = MEMA_PROGRAM_GO };

        WARNS(MAP("1000-2000", "rw-p", "", 4), "");
        WARNS("1000-2000 rw-p 0 0:0 0\n2000-3000 rw-p 0 0:0 0\n",
              "The input has no Rss lines, as in a maps file: resident memory is unknown; read smaps "
              "instead");
        WARNS("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n2000-3000 rw-p 0 0:0 0\nPss: 4 kB\n3000-4000 rw-p 0 0:0 "
              "0\n",
              "Mappings without an Rss line, not counted in RSS: 2");
        WARNS("1000-2000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n",
              "The input has totals only, as in smaps_rollup: read smaps for a breakdown");
        WARNS(MAP("1000-3000", "rw-p", "", 4) MAP("2000-4000", "rw-p", "", 4), OVERLAP);
        WARNS(MAP("1000-3000", "rw-p", "", 4) MAP("1000-4000", "rw-p", "", 4), "");
        WARNS(MAP("c000000000-c000400000", "rw-p", "", 4), STACKS_INSIDE);
        WARNS(MAP("53589800000-5358f400000", "rw-p", "[anon: Go: heap]", 4), STACKS_INSIDE);
        WARNS(MAP("53589800000-5358f400000", "rw-p", "[anon: Go: heap]", 0), "");
        warns(MAP("1000-2000", "rw-p", "", 4), anchored(0x5000),
              "The Go heap was not found: it is counted in Read-Write", __LINE__);
        warns(MAP("1000-2000", "rw-p", "", 4), &go_program,
              "The Go heap was not found: it is counted in Read-Write", __LINE__);
        warns(MAP("1000-2000", "rw-p", "", 4), anchored(0x1000),
              "The Go heap that was found differs from the runtime's figure by bytes: 4096; its rows are not "
              "proven",
              __LINE__);
        WARNS("c000000000-c000400000 rw-p 0 0:0 0\nRss: 4 kB\nRss: 4 kB\n"
              "c000000000-c000400000 rw-p 0 0:0 0\nRss: 4 kB\n",
              OVERLAP "\nFields that are repeated in a mapping: 1; the last one counts\n" STACKS_INSIDE);
}

static void a_cgroup_near_its_limit_is_warned_of(void)
{
#define CGROUP(limit, room, more) \
        "# cgroup.room_limit: " limit "\n# cgroup.room: " room "\n" more MAP("1000-2000", "rw-p", "", 4)
#define NEAR                                                                                               \
        "Less than a tenth of the memory limit is left in this cgroup or one above it: at the limit, the " \
        "kernel kills processes"
        WARNS(CGROUP("1000", "100", ""), "");
        WARNS(CGROUP("1000", "99", ""), NEAR);
        WARNS(CGROUP("1000", "0", ""), NEAR);
        WARNS(CGROUP("1000", "30", "# cgroup.inactive_file: 69\n"), NEAR);
        WARNS(CGROUP("1000", "30", "# cgroup.inactive_file: 70\n"), "");
        WARNS(CGROUP("1000", "30", "# cgroup.inactive_file: 18446744073709551615\n"), "");
        WARNS("# cgroup.room_limit: 1000\n" MAP("1000-2000", "rw-p", "", 4), "");
        WARNS("# cgroup.room: 0\n" MAP("1000-2000", "rw-p", "", 4), "");
#undef NEAR
#undef CGROUP
}

static void mappings_near_their_limit_are_warned_of(void)
{
        char text[1024] = "# mappings.max: 20\n";

        for (unsigned i = 1; i <= 18; i++)
                sprintf(text + strlen(text), "%x000-%x000 rw-p 0 0:0 0\nRss: 4 kB\n", i, i + 1);
        WARNS(text, "");
        strcat(text, MAP("20000-21000", "rw-p", "", 4));
        WARNS(text, "The number of mappings is close to vm.max_map_count, where mmap fails: 19");
        WARNS("# mappings.max: 1\n1000-2000 ---p 0 0:0 0 [rollup]\nRss: 4 kB\n",
              "The input has totals only, as in smaps_rollup: read smaps for a breakdown");
}

static void a_c_library_that_was_not_asked_is_warned_of(void)
{
        static const char warning[] =
                "A C library was loaded without cgo and gave no figures: its heap is known "
                "by shape only, and the rest is in Read-Write";

        WARNS("# without_cgo: 1\n" FILE_MAP("7000-8000", "r-xp", "/usr/lib/libc.so.6", 4), warning);
        WARNS("# without_cgo: 1\n" FILE_MAP("7000-8000", "r-xp", "/lib/libc-2.31.so", 4), warning);
        WARNS("# without_cgo: 1\n" FILE_MAP("7000-8000", "r-xp", "/usr/lib/libcap.so.2", 4), "");
        WARNS(FILE_MAP("7000-8000", "r-xp", "/usr/lib/libc.so.6", 4), "");
}

static void repeated_fields_are_counted(void)
{
        make_report(&r, "1000-2000 rw-p 0 0:0 0\nFoo: 1\nBar: 2\nRss: 4 kB\nRss: 4 kB\n", NULL, 0,
                    MEMA_SORT_RSS);
        EQUAL(r.checks.repeated, 1);
        mema_report_free(&r);
}

static void lost_rows_are_warned_of(void)
{
        struct mema_options options = { .top = 5, .sort = MEMA_SORT_RSS };
        struct mema_region g = numbered(0, 4, "");
        char text[128];

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_report_add(&r, &g), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        TRUE(mema_report_warning(&r, 0, text, sizeof text) > 0);
        SAME_TEXT(text, "Regions not listed for lack of memory: 1");
}

static void a_warning_is_cut_to_its_buffer(void)
{
        struct guarded buffer = guarded_copy("....", 4);

        make_report(&r, MAP("1000-2000", "rw-p", "", 4), anchored(0x5000), 0, MEMA_SORT_RSS);
        EQUAL(mema_report_warning(&r, 0, buffer.data, buffer.len), 3);
        SAME_TEXT(buffer.data, "The");
        EQUAL(mema_report_warning(&r, 1, buffer.data, buffer.len), 0);
        guarded_free(&buffer);
        mema_report_free(&r);
}

static void warnings_fit_with_the_largest_numbers(void)
{
        unsigned count = 0;
        char text[1024];
        size_t n;

        make_report(&r, MAP("1000-2000", "rw-p", "", 4), anchored(0x5000), 0, MEMA_SORT_RSS);
        memset(&r.checks, 0xff, sizeof r.checks);
        r.checks.totals_only = r.checks.libc_unasked = r.checks.scan_missed = true;
        r.context.exe_deleted = true;
        r.category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_SIZE] = 1;
        for (unsigned i = 0; i < MEMA_PROOF_COUNT; i++)
                r.proof[i] = (struct mema_proof){ .known = true, .least = UINT64_MAX, .most = UINT64_MAX };
        r.category[MEMA_CATEGORY_UNATTRIBUTED].sums.value[MEMA_FIELD_RSS] = UINT64_MAX;
        r.context.limits.cgroup_hidden = true;
        r.context.limits.known = MEMA_BIT(MEMA_LIMIT_CGROUP_ROOM) | MEMA_BIT(MEMA_LIMIT_CGROUP_ROOM_LIMIT);
        r.context.limits.value[MEMA_LIMIT_CGROUP_ROOM_LIMIT] = UINT64_MAX;
        for (; (n = mema_report_warning(&r, count, text, sizeof text)) > 0; count++)
                TRUE(n < MEMA_WARNING_MAX);
        EQUAL(count, 18);
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

static void the_program_is_called_by_its_base_name(void)
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

static void the_first_file_is_the_program(void)
{
        GIVES(PROGRAM DATA, "file/binary 8, file/other 8");
        EQUAL(r._counting.exe_guessed, 1);
        EQUAL(r.category[MEMA_CATEGORY_BINARY].method, MEMA_METHOD_INFERRED);
        GIVES(PROGRAM FILE_MAP("00402000-00404000", "r--p", "/bin/prog", 4), "file/binary 12");
        GIVES(FILE_MAP("00400000-00402000", "r-xp", "/bin/prog (deleted)", 8), "file/binary 8");
        GIVES(PROGRAM, "file/binary 8");
        GIVES(MAP("00010000-00011000", "rw-p", "", 4) PROGRAM, "file/binary 8, anon/rw 4");
}

static void some_first_mappings_are_not_the_program(void)
{
        GIVES(MAP("7f0000000000-7f0000001000", "rw-p", "", 4)
                      FILE_MAP("7f0000001000-7f0000002000", "r--p", "/var/data", 4),
              "file/other 4, anon/rw 4");
        GIVES(MAP("00400000-00402000", "rw-p", "[heap]", 4) DATA, "file/other 8, malloc/main 4");
        GIVES(FILE_MAP("00400000-00402000", "r--p", "/lib/ld-linux.so.2", 4) DATA,
              "file/libraries 4, file/other 8");
        GIVES(FILE_MAP("00400000-00402000", "r--s", "/var/db", 4) DATA, "file/other 12");
        GIVES("00400000-00402000 r--p 00001000 08:02 17 /bin/prog\nRss: 4 kB\n" DATA, "file/other 12");
        GIVES(FILE_MAP("00400000-00402000", "rw-s", "/dev/shm/x", 4) DATA, "file/other 8, shared/shm 4");
        EQUAL(r._counting.exe_guessed, 0);
}

static void a_known_program_is_not_guessed(void)
{
        expect_categories(PROGRAM DATA, program("/var/data"), "file/binary 8, file/other 8", __LINE__);
        EQUAL(r._counting.exe_guessed, 0);
        EQUAL(r.category[MEMA_CATEGORY_BINARY].method, MEMA_METHOD_NAMED);
        EQUAL(r.category[MEMA_CATEGORY_BINARY].low, KB(8));
        expect_categories(PROGRAM DATA, program("/bin/other"), "file/other 16", __LINE__);
}

SUITE(report, CASE(the_law_holds_on_every_fixture), CASE(each_column_is_added_up),
      CASE(a_size_that_is_not_printed_is_that_of_the_range), CASE(a_rollup_is_not_broken_down),
      CASE(the_run_around_an_anchor_is_the_go_heap), CASE(an_anchor_elsewhere_changes_nothing),
      CASE(a_gap_or_any_other_mapping_ends_a_run), CASE(every_anchor_has_its_run),
      CASE(an_anchor_wins_over_shapes), CASE(a_run_can_end_at_2_to_the_64),
      CASE(rows_of_the_run_are_in_the_category_go_heap), CASE(rows_add_up_to_their_categories),
      CASE(a_file_within_the_run_is_not_in_it), CASE(heap_and_stack_are_exact_if_all_is_resident),
      CASE(heap_and_stack_have_bounds_if_some_is_resident),
      CASE(released_memory_that_is_resident_is_the_heap),
      CASE(bounds_are_wide_if_the_mappings_are_not_the_heap), CASE(work_buffers_are_in_no_part),
      CASE(more_resident_than_the_runtime_has_is_warned_of), CASE(a_heap_can_have_one_part_only),
      CASE(the_later_figures_divide_the_heap), CASE(stacks_that_shrank_keep_their_resident_bytes),
      CASE(the_parts_of_the_heap_have_bounds), CASE(live_bytes_can_exceed_the_objects),
      CASE(full_heaps_are_mapped_without_reserve), CASE(arenas_are_proven_by_malloc),
      CASE(all_columns_are_divided), CASE(figures_that_overflow_are_not_used),
      CASE(metadata_can_be_in_other_categories), CASE(an_arena_continues_behind_its_reserve),
      CASE(any_numbers_keep_the_law), CASE(sums_beyond_64_bits_are_an_error), CASE(an_overflow_is_sticky),
      CASE(ranges_beyond_64_bits_are_an_error), CASE(the_largest_sums_fit),
      CASE(overlapping_mappings_are_counted), CASE(a_mapping_can_overlap_any_earlier_one),
      CASE(a_mapping_that_has_grown_is_counted_once), CASE(a_mapping_that_is_merged_is_counted_once),
      CASE(memory_behind_a_library_can_be_its_data), CASE(context_and_options_are_copied),
      CASE(odd_inputs_are_warned_of), CASE(a_cgroup_near_its_limit_is_warned_of),
      CASE(mappings_near_their_limit_are_warned_of), CASE(a_c_library_that_was_not_asked_is_warned_of),
      CASE(repeated_fields_are_counted), CASE(lost_rows_are_warned_of), CASE(a_warning_is_cut_to_its_buffer),
      CASE(warnings_fit_with_the_largest_numbers), CASE(the_program_is_called_by_its_base_name),
      CASE(the_first_file_is_the_program), CASE(some_first_mappings_are_not_the_program),
      CASE(a_known_program_is_not_guessed));
