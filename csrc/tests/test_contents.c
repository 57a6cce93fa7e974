/* test_contents.c - compares reports of our own captures with known amounts: a program allocated them, then
 * saved its smaps and the figures of its runtime and C library.  See testdata/README.md. */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAPTURES "../shared/captures"

/* NAMED and UNDECORATED ran on a kernel with names of anonymous memory; the runtime of UNDECORATED set no
 * names.  The amounts in SMALL are not known. */
enum { NAMED = 1, UNDECORATED = 2, NAMELESS_12 = 4, NAMELESS_1 = 8, SMALL = 16 };
enum { WITH_NAMES = NAMED | UNDECORATED, KNOWN = WITH_NAMES | NAMELESS_12 | NAMELESS_1, ALL = KNOWN | SMALL };

static const struct capture {
        const char *name, *files;
        unsigned bit;
} captures[] = {
#define CAPTURE(name, bit)                                           \
        {                                                            \
                name, "real/" name ".facts+real/" name ".smaps", bit \
        }
        CAPTURE("go1.26-named-6.1", NAMED),           CAPTURE("go1.26-undecorated-6.1", UNDECORATED),
        CAPTURE("go1.26-nameless-6.12", NAMELESS_12), CAPTURE("go1.25-nameless-6.1", NAMELESS_1),
        CAPTURE("linux-7.2-go1.27-small", SMALL),
#undef CAPTURE
};

static struct mema_report r;

static void expect(const struct capture *c, const char *what, uint64_t got, uint64_t wanted)
{
        char shown[256];

        snprintf(shown, sizeof shown, "%s: %s", c->name, what);
        equal_number(shown, got, wanted, __FILE__, __LINE__);
}

/* Calls `each` for every capture in the set `in`, with its report in r. */
static void each_capture(unsigned in, void (*each)(const struct capture *c))
{
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };

        for (size_t i = 0; i < sizeof captures / sizeof *captures; i++) {
                struct guarded file;

                if (!(captures[i].bit & in))
                        continue;
                file = guarded_files(captures[i].files);
                EQUAL(report_of(&r, file.data, file.len, NULL, &options), MEMA_STATUS_END);
                expect_law(captures[i].name, &r);
                each(&captures[i]);
                mema_report_free(&r);
                guarded_free(&file);
        }
}

/* Amounts ---------------------------------------------------------------------- */

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

/* Memory that the program did not allocate but each capture has: 924 kB of the Go runtime's structures and
 * 88 kB of ten thread stacks, as the kernel with names shows.  (Six threads should have touched 256 kB of
 * their stacks each, but these are not resident in any capture.)  In NAMELESS_1, the kernel backed two stacks
 * with huge pages. */
#define STACKS KIB(88)
#define ALWAYS_THERE (KIB(924) + STACKS)
#define LARGE_STACKS KIB(2 * (2048 - 8))

/* Without names, the kernel may merge memory with its neighbors; the sum of their categories is compared
 * then. */
#define NEIGHBORS "anon/rw+go/metadata+stacks/threads"

/* `where` is a category, a part, the name of mappings, "totals", or a sum of these: "a+b". */
/* clang-format off */
static const struct {
        unsigned in;
        const char *where;
        enum mema_field field;
        uint64_t bytes;
} made[] = {
        { KNOWN,       "malloc/in_use",                MEMA_FIELD_RSS,             2000 * 4000 + 6 * 200 * 8000 },
        { KNOWN,       "malloc/main+malloc/arenas",    MEMA_FIELD_RSS,             4000 * 4000 + 6 * 200 * 8000 },
        { WITH_NAMES,  "[anon:TXMetaCache]",           MEMA_FIELD_RSS,             MIB(1) },
        { WITH_NAMES,  "[anon:utxo store]",            MEMA_FIELD_RSS,             MIB(2) },
        { WITH_NAMES,  "[anon:Cache: shard 1]",        MEMA_FIELD_RSS,             MIB(3) },
        { WITH_NAMES,  "[anon:a:b:c]",                 MEMA_FIELD_RSS,             MIB(4) },
        { WITH_NAMES,  "named",                        MEMA_FIELD_RSS,             MIB(10) },
        { KNOWN,       "anon/ro",                      MEMA_FIELD_RSS,             MIB(3) },
        { KNOWN,       "anon/exec",                    MEMA_FIELD_RSS,             MIB(2) },
        { KNOWN,       "anon/none",                    MEMA_FIELD_RSS,             MIB(1) },
        { KNOWN,       "shared/anon",                  MEMA_FIELD_RSS,             MIB(5) },
        { KNOWN,       "shared/sysv",                  MEMA_FIELD_RSS,             MIB(2) },
        { KNOWN,       "shared/memfd",                 MEMA_FIELD_RSS,             MIB(3) },
        { KNOWN,       "/memfd:wal (deleted)",         MEMA_FIELD_RSS,             MIB(1) },
        { KNOWN,       "/memfd:x (deleted) (deleted)", MEMA_FIELD_RSS,             MIB(1) },
        { KNOWN,       "/memfd:a]b (deleted)",         MEMA_FIELD_RSS,             MIB(1) },
        { KNOWN,       "file/other",                   MEMA_FIELD_RSS,             MIB(4 + 4) },
        { KNOWN,       "file/other",                   MEMA_FIELD_ANONYMOUS,       MIB(1) },
        { KNOWN,       "totals",                       MEMA_FIELD_PRIVATE_HUGETLB, MIB(4) },
        { KNOWN,       "anon/rw",                      MEMA_FIELD_LAZY_FREE,       MIB(4) },
        { WITH_NAMES,  "anon/rw",                      MEMA_FIELD_ANON_HUGE,       MIB(8) },
        { NAMED,       "anon/rw",                      MEMA_FIELD_RSS,             MIB(4 + 8) },
        { NAMED,       "stacks/threads",               MEMA_FIELD_RSS,             STACKS },
        { UNDECORATED, NEIGHBORS,                     MEMA_FIELD_RSS,             MIB(4 + 8) + ALWAYS_THERE },
        { NAMELESS_12, NEIGHBORS,                     MEMA_FIELD_RSS,             MIB(4 + 8 + 10) + ALWAYS_THERE },
        { NAMELESS_1,  NEIGHBORS,                     MEMA_FIELD_RSS,             MIB(4 + 8 + 10) + ALWAYS_THERE
                                                                             + LARGE_STACKS },
};
/* clang-format on */

static bool is(const char *text, size_t len, const char *name, size_t name_len)
{
        return len == name_len && memcmp(text, name, len) == 0;
}

/* `where` is not a sum.  0 if nothing has that name. */
static uint64_t found_in(const char *where, size_t len, enum mema_field field)
{
        uint64_t sum = is(where, len, "totals", 6) ? r.totals.value[field] : 0;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (is(where, len, mema_category_stable_id(i), strlen(mema_category_stable_id(i))))
                        sum += r.category[i].sums.value[field];
        for (unsigned i = 0; i < MEMA_PART_COUNT; i++)
                if (is(where, len, mema_part_stable_id(i), strlen(mema_part_stable_id(i))))
                        sum += r.part[i].rss;
        for (uint64_t i = 0; i < r.row_count; i++) {
                static struct mema_region row;

                mema_report_row(&r, i, &row);
                if (is(where, len, row.name, (size_t)row.name_length))
                        sum += row.value[field];
        }
        return sum;
}

static uint64_t found(const char *where, enum mema_field field)
{
        uint64_t sum = 0;

        for (; *where != '\0'; where += *where == '+') {
                size_t len = strcspn(where, "+");

                sum += found_in(where, len, field);
                where += len;
        }
        return sum;
}

static uint64_t tolerance(uint64_t bytes)
{
        return bytes / 50 > KIB(256) ? bytes / 50 : KIB(256);
}

static void expect_amounts(const struct capture *c)
{
        for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
                uint64_t got = found(made[i].where, made[i].field), wanted = made[i].bytes;

                if ((made[i].in & c->bit) &&
                    (got + tolerance(wanted) < wanted || got > wanted + tolerance(wanted)))
                        expect(c, made[i].where, got, wanted);
        }
}

static void what_was_made_is_found(void)
{
        each_capture(KNOWN, expect_amounts);
}

/* A part has at least what was allocated and touched, and at most what the process has resident. */
static void expect_bounds_around(const struct capture *c, const char *what, const struct mema_part *got,
                                 uint64_t made_of_it, uint64_t committed)
{
        expect(c, what, got->low <= got->rss && got->rss <= got->high, true);
        expect(c, what, got->low <= committed && made_of_it <= got->high, true);
        if (got->rss + tolerance(made_of_it) < made_of_it || got->rss > committed)
                expect(c, what, got->rss, made_of_it);
}

static void expect_bounds(const struct capture *c)
{
        const struct mema_facts *facts = &r.context.facts;
        const struct mema_category *stack = &r.category[MEMA_CATEGORY_GO_STACK];
        const struct mema_part stacks = { 0, stack->sums.value[MEMA_FIELD_RSS], stack->low, stack->high };

        expect_bounds_around(c, "48 blocks that live", &r.part[MEMA_PART_HEAP_MARKED], MIB(48),
                             facts->go.heap_live);
        expect_bounds_around(c, "3,000 goroutines", &stacks, 3000 * KIB(2), facts->go.heap_stacks);
        expect_bounds_around(c, "malloc in use", &r.part[MEMA_PART_MALLOC_IN_USE],
                             2000 * 4000 + 6 * 200 * 8000, facts->malloc.in_use);
        expect_bounds_around(c, "malloc retained", &r.part[MEMA_PART_MALLOC_RETAINED], 2000 * 4000,
                             facts->malloc.retained);
}

static void bounds_hold_what_was_made(void)
{
        each_capture(KNOWN, expect_bounds);
}

/* Parts ------------------------------------------------------------------------- */

/* The parts of each heap add up to it; goroutine stacks belong to the Go heap. */
static void expect_parts(const struct capture *c)
{
        uint64_t go = r.category[MEMA_CATEGORY_GO_STACK].sums.value[MEMA_FIELD_RSS], c_heap = 0;

        for (unsigned i = 0; i < MEMA_PART_COUNT; i++)
                *(i < MEMA_PART_MALLOC_IN_USE ? &go : &c_heap) += r.part[i].rss;
        expect(c, "parts of the Go heap", go, found("go/heap+go/stack", MEMA_FIELD_RSS));
        expect(c, "parts of the C heap", c_heap, found("malloc/main+malloc/arenas", MEMA_FIELD_RSS));
        TRUE(r.category[MEMA_CATEGORY_GO_STACK].method == MEMA_METHOD_ESTIMATED ||
             r.category[MEMA_CATEGORY_GO_STACK].method == MEMA_METHOD_VERIFIED);
        EQUAL(r.category[MEMA_CATEGORY_MALLOC_ARENAS].method, MEMA_METHOD_VERIFIED);
}

static void parts_are_the_whole(void)
{
        each_capture(ALL, expect_parts);
}

/* Proofs ------------------------------------------------------------------------ */

/* The kernel maps whole pages; sbrk can be called for less. */
static uint64_t whole_pages(uint64_t bytes)
{
        return (bytes + 4095) / 4096 * 4096;
}

static void expect_proofs(const struct capture *c)
{
        for (unsigned i = 0; i < MEMA_PROOF_COUNT; i++) {
                const struct mema_proof *proof = &r.proof[i];

                expect(c, mema_proof_stable_id(i), proof->known && proof->held, true);
                expect(c, mema_proof_stable_id(i), proof->found, whole_pages(proof->least));
        }
}

static void all_proofs_are_held(void)
{
        each_capture(ALL, expect_proofs);
}

/* Changes of the heaps' figures from before and after the mappings were read, relative to what is mapped.
 * The Go heap may exceed its figure by about 2 MB of work buffers. */
static const struct growth {
        int64_t before, after;
        bool held;
} growths[] = {
        { 0, 0, true },
        { -4096, 4096, true },
        { -(int64_t)MIB(8), 0, true },
        { 0, MIB(8), true },
        { MIB(1), -(int64_t)MIB(1), true }, /* the heap shrinks */
        { 1, 1, false },
        { -(int64_t)MIB(4), -(int64_t)MIB(4), false },
        { 4096, MIB(8), false },
        { -(int64_t)MIB(8), -(int64_t)MIB(4), false },
};

static struct mema_report grown;

/* Reads the capture with changed figures. */
static void read_grown(const struct capture *c, const struct mema_facts *facts, const struct growth *g)
{
        struct mema_facts before = *facts, after = *facts;
        struct guarded smaps;
        char path[128], lines[4096];

        before.go.heap_objects += (uint64_t)g->before;
        before.malloc.arena += (uint64_t)g->before;
        after.go.heap_objects += (uint64_t)g->after;
        after.malloc.arena += (uint64_t)g->after;
        put_facts(lines, sizeof lines, &before, &after);
        snprintf(path, sizeof path, "testdata/real/%s.smaps", c->name);
        smaps = guarded_file(path);
        EQUAL(report_of_capture(&grown, lines, smaps.data, smaps.len, NULL, NULL), MEMA_STATUS_END);
        guarded_free(&smaps);
}

static void expect_growth(const struct capture *c)
{
        for (size_t i = 0; i < sizeof growths / sizeof *growths; i++) {
                bool held = growths[i].held, exact = growths[i].before == 0 || growths[i].after == 0;

                read_grown(c, &r.context.facts, &growths[i]);
                expect_law(c->name, &grown);
                expect(c, "go_heap", grown.proof[MEMA_PROOF_GO_HEAP].held, held);
                expect(c, "malloc", grown.proof[MEMA_PROOF_MALLOC].held, held);
                expect(c, "malloc_mmap", grown.proof[MEMA_PROOF_MALLOC_MMAP].held, true);
                expect(c, "lower bounds", grown.category[MEMA_CATEGORY_GO_HEAP].low > 0, held);
                expect(c, "arenas", grown.category[MEMA_CATEGORY_MALLOC_ARENAS].low > 0, held);
                expect(c, "verified",
                       grown.category[MEMA_CATEGORY_MALLOC_ARENAS].method == MEMA_METHOD_VERIFIED, exact);
                mema_report_free(&grown);
        }
}

static void what_grew_beyond_the_readings_is_not_proven(void)
{
        each_capture(KNOWN, expect_growth);
}

/* The script ---------------------------------------------------------------------- */

/* Converts CAPTURES/NAME/runtime.json, and compares the result with the facts in testdata. */
static void expect_converted(const struct capture *c, const char *json)
{
        char facts[512], *argv[] = { "/bin/sh", "testdata/facts.sh", (char *)json, NULL };
        struct output o = run_program(argv, NULL);
        struct guarded file;

        snprintf(facts, sizeof facts, "testdata/real/%s.facts", c->name);
        file = guarded_file(facts);
        expect(c, "status of facts.sh", (uint64_t)o.status, 0);
        expect(c, "facts", file.data && is(o.out, strlen(o.out), file.data, file.len), true);
        guarded_free(&file);
        output_free(&o);
}

/* Captures outside the tree without a copy in it are skipped. */
static void facts_are_what_the_program_saved(void)
{
        for (size_t i = 0; i < sizeof captures / sizeof *captures; i++) {
                char json[512];

                snprintf(json, sizeof json, CAPTURES "/%s/runtime.json", captures[i].name);
                if (access(json, R_OK) == 0)
                        expect_converted(&captures[i], json);
                else
                        skipped(json, "is not there");
        }
}

SUITE(contents, CASE(what_was_made_is_found), CASE(bounds_hold_what_was_made), CASE(parts_are_the_whole),
      CASE(all_proofs_are_held), CASE(what_grew_beyond_the_readings_is_not_proven),
      CASE(facts_are_what_the_program_saved));
