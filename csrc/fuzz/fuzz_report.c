/* fuzz_report.c - any text through parser, classifier, report and renderers: the categories add up, the
 * output is well formed and does not depend on the cuts, the sums do not depend on the available memory, and
 * the time is linear. */
#include "fuzz.h"

#include "../tests/failing.h"
#include "../tests/expect_output.h"

#include <stdlib.h>
#include <string.h>

/* All that a report depends on besides the text. */
static struct {
        struct mema_context context;
        struct mema_options options;
        struct mema_output_options output;
        struct mema_facts after;
        struct mema_owner owners[8];
} with;

/* A number of any magnitude, often very large. */
static uint64_t any_number(uint64_t *seed)
{
        uint64_t high = chance(seed, UINT64_C(1) << 31), low = chance(seed, UINT64_C(1) << 31);

        return (high << 33 | low) >> chance(seed, chance(seed, 2) ? 64 : 2);
}

static struct mema_go any_go(uint64_t *seed, const struct records *records)
{
        struct mema_go go = {
                .known = chance(seed, 3) > 0,
                .heap_live = any_number(seed),
                .heap_objects = any_number(seed),
                .heap_unused = any_number(seed),
                .heap_free = any_number(seed),
                .heap_released = any_number(seed),
                .heap_stacks = any_number(seed),
                .metadata = any_number(seed),
                .anchor_count = chance(seed, MEMA_ANCHORS_MAX + 2),
        };

        for (size_t i = 0; i < MEMA_ANCHORS_MAX; i++)
                go.anchors[i] = records->count > 0 && chance(seed, 4) > 0
                                        ? records->region[chance(seed, records->count)].start
                                        : any_number(seed);
        return go;
}

static struct mema_facts any_facts(uint64_t *seed, const struct records *records)
{
        struct mema_facts facts = { .malloc = { chance(seed, 2), any_number(seed), any_number(seed),
                                                any_number(seed), any_number(seed), any_number(seed) },
                                    .go = any_go(seed, records) };

        return facts;
}

/* Labels and malloc's memory within the mappings, in any order, also overlapping. */
static void choose_owners(uint64_t *seed, const struct records *records)
{
        static const char names[] = "cache[1] utxo \xc3\xa9:]";

        with.context.names = names;
        with.context.owners = with.owners;
        with.context.owner_count = records->count > 0 ? chance(seed, 9) : 0;
        with.context.heaps_known = chance(seed, 2);
        for (uint64_t i = 0; i < with.context.owner_count; i++) {
                const struct mema_region *g = &records->region[chance(seed, records->count)];
                struct mema_owner *o = &with.owners[i];

                o->start = g->start + any_number(seed) % (mema_region_span(g) | 1);
                o->end = o->start + any_number(seed) % (mema_region_span(g) | 1);
                o->category = MEMA_CATEGORY_MALLOC_ARENAS;
                o->rss = any_number(seed);
                o->committed = chance(seed, o->end - o->start + 1 ? o->end - o->start + 1 : 1);
                if (chance(seed, 2)) {
                        o->category = MEMA_CATEGORY_NAMED;
                        o->name = chance(seed, sizeof names - 1);
                        o->name_length = 1 + chance(seed, sizeof names - 1 - o->name);
                }
        }
}

static void choose(uint64_t *seed, const struct records *records)
{
        static const uint64_t tops[] = { 0, 1, 2, 20, MEMA_ALL };

        memset(&with, 0, sizeof with);
        with.options.top = tops[chance(seed, sizeof tops / sizeof *tops)];
        with.options.sort = (enum mema_sort)chance(seed, MEMA_SORT_COUNT + 2);
        if (with.options.sort > MEMA_SORT_COUNT)
                with.options.every_sort = true;
        with.output.top = chance(seed, 30);
        with.output.sort = (enum mema_sort)chance(seed, MEMA_SORT_COUNT + 1);
        with.output.unit = (enum mema_unit)chance(seed, MEMA_UNIT_COUNT);
        with.output.hide_addresses = chance(seed, 2);
        with.context.facts = any_facts(seed, records);
        with.after = chance(seed, 2) ? with.context.facts : any_facts(seed, records);
        with.context.limits.known = chance(seed, MEMA_BIT(MEMA_LIMIT_COUNT));
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++)
                with.context.limits.value[i] = any_number(seed);
        if (chance(seed, 2))
                choose_owners(seed, records);
        if (records->count > 0 && chance(seed, 2)) {
                const struct mema_region *exe = &records->region[chance(seed, records->count)];

                memcpy(with.context.exe, exe->name, (size_t)exe->name_length);
                with.context.exe_length = exe->name_length;
        }
}

/* Makes a finished report of the text in pieces. */
static struct mema_error collect(struct mema_report *r, const char *text, size_t len, struct cut cut)
{
        static struct mema_smaps p;
        struct mema_error error = { .status = MEMA_STATUS_MORE };

        spoil(&p, sizeof p);
        mema_smaps_init(&p);
        spoil(r, sizeof *r);
        mema_report_init(r, &with.context, &with.options);
        for (size_t used = 0, n; used < len && error.status == MEMA_STATUS_MORE; used += n) {
                n = next_piece(&cut, used);
                n = n < len - used ? n : len - used;
                error.status = mema_collect_feed(r, &p, text + used, n, &error);
        }
        if (error.status == MEMA_STATUS_MORE)
                error.status = mema_collect_feed(r, &p, NULL, 0, &error);
        mema_report_finish(r, &with.after);
        return error;
}

/* Asserts that the report and its text are right; returns the text, to be freed. */
static char *expect_shown(const struct mema_report *r, struct cut cut)
{
        char *text = write_by(r, &with.output, cut);

        expect_law("the text", r);
        expect_order("the text", r);
        expect_warnings("the text", r);
        expect_text("the text", text, rss_in_units(r, with.output.unit));
        return text;
}

/* Asserts that the formats other than text are harmless. */
static void expect_other_formats(const struct mema_report *r)
{
        static const enum mema_format formats[] = { MEMA_FORMAT_JSON, MEMA_FORMAT_OPENMETRICS };

        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
                struct mema_output_options options = with.output;
                char *output;

                options.format = formats[i];
                output = write_by(r, &options, WHOLE);
                expect_harmless(mema_format_name(formats[i]), output);
                free(output);
        }
}

/* Asserts that a report with less memory has the same sums, unless it lost owners, and no more rows. */
static void expect_same_sums(const struct mema_report *r, const struct mema_report *whole)
{
        TRUE(memcmp(&r->totals, &whole->totals, sizeof r->totals) == 0);
        if (r->checks.labels_lost > 0)
                return;
        TRUE(memcmp(r->category, whole->category, sizeof r->category) == 0);
        TRUE(r->row_count <= whole->row_count && r->row_count + r->checks.rows_lost >= whole->row_count);
}

/* Asserts that the text in pieces, and with allocations that fail, gives the same as the whole. */
static void expect_same_in_pieces(uint64_t *seed, const char *text, size_t len,
                                  const struct mema_report *whole, const struct mema_error *error,
                                  const char *shown)
{
        static struct mema_report pieces;
        uint64_t first = chance(seed, 2) ? 1 + chance(seed, 4) : 0, failed;
        struct mema_error other;
        char *other_shown;

        fail_allocations(first, chance(seed, 2) ? first : UINT64_MAX * (first > 0));
        other = collect(&pieces, text, len, (struct cut){ 1 + (size_t)chance(seed, 200), *seed, 0 });
        expect_same_sums(&pieces, whole);
        EQUAL(other.status, error->status);
        if (error->status != MEMA_STATUS_END) {
                TRUE(other.line == error->line && other.column == error->column);
                SAME_TEXT(other.message, error->message);
        }
        failed = allocations_failed();
        other_shown = expect_shown(&pieces, (struct cut){ 1 + (size_t)chance(seed, 200), *seed, 0 });
        if (failed == 0)
                SAME_TEXT(other_shown, shown);
        free(other_shown);
        mema_report_free(&pieces);
}

/* The slowest report: with all rows in every order. */
static void report_only(const char *text, size_t len)
{
        static const struct mema_options options = { .top = MEMA_ALL, .every_sort = true };
        static const struct mema_output_options output = { .top = MEMA_ALL };
        static struct mema_report r;
        static struct mema_smaps p;
        static struct mema_output w;
        static char buf[65536];
        struct mema_error error;

        mema_smaps_init(&p);
        mema_report_init(&r, NULL, &options);
        if (mema_collect_feed(&r, &p, text, len, &error) == MEMA_STATUS_MORE)
                mema_collect_feed(&r, &p, NULL, 0, &error);
        mema_report_finish(&r, NULL);
        mema_output_init(&w, &r, &output);
        while (mema_output_next(&w, buf, sizeof buf) > 0)
                ;
        mema_report_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
        static struct mema_report whole;
        const char *text = (const char *)data, *newline = len > 0 ? memchr(text, '\n', len) : NULL;
        uint64_t seed = seed_of(text, newline ? (size_t)(newline - text) : len);
        struct records records = parse(text, len, WHOLE);
        struct mema_error error;
        char *shown;

        choose(&seed, &records);
        error = collect(&whole, text, len, WHOLE);
        shown = expect_shown(&whole, WHOLE);
        if (chance(&seed, 16) == 0) /* they are long */
                expect_other_formats(&whole);
        if (!whole._counting.overflown) {
                EQUAL(error.status, records.end.status);
                expect_totals("the text", &whole, &records);
                if (whole.context.owner_count == 0) /* else rows are pieces of mappings */
                        expect_rows("the text", &whole, &records);
        }
        expect_same_in_pieces(&seed, text, len, &whole, &error, shown);
        expect_linear_time(report_only, text, len);

        free(shown);
        mema_report_free(&whole);
        records_free(&records);
        return 0;
}
