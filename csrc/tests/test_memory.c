/* test_memory.c - every allocation fails in turn, alone or with all later ones: the result is an error, or a
 * report with correct sums and a warning of what it lacks.  Also the size of the largest report.
 *
 * LeakSanitizer finds leaks when the program ends. */
#include "failing.h"
#include "expect_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../self_memory.h"
#include "../scan.h"

#define CAPTURE "testdata/real/go1.26-named-6.1.smaps"

static struct mema_report r, whole;
static struct guarded capture; /* read before anything fails */

/* Ways to make a report ------------------------------------------------------- */

static enum mema_status this_process(struct mema_report *report, struct mema_error *error)
{
        return mema_collect(report, 0, error);
}

static enum mema_status a_file(struct mema_report *report, struct mema_error *error)
{
        return mema_collect_file(report, CAPTURE, error);
}

static enum mema_status pieces(struct mema_report *report, struct mema_error *error)
{
        static struct mema_smaps p;
        enum mema_status status;

        mema_smaps_init(&p);
        status = mema_collect_feed(report, &p, capture.data, capture.len, error);
        if (status == MEMA_STATUS_MORE)
                status = mema_collect_feed(report, &p, NULL, 0, error);
        return status == MEMA_STATUS_END ? MEMA_STATUS_OK : status;
}

static const struct {
        const char *name;
        enum mema_status (*collect)(struct mema_report *report, struct mema_error *error);
        bool repeatable; /* the report is the same each time */
} ways[] = { { "this process", this_process, false },
             { "a file", a_file, true },
             { "pieces", pieces, true } };

/* Makes a finished report while the allocations number `first` to `last` fail. */
static enum mema_status collect(struct mema_report *report, size_t way, struct mema_error *error,
                                uint64_t first, uint64_t last)
{
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };
        enum mema_status status;

        memset(error, 0, sizeof *error);
        mema_report_init(report, NULL, &options);
        fail_allocations(first, last);
        status = ways[way].collect(report, error);
        mema_report_finish(report, NULL);
        return status;
}

static void expect_no_report(const struct mema_error *error)
{
        EQUAL(error->status, MEMA_STATUS_NO_MEMORY);
        SAME_TEXT(error->message, "no memory to read the source");
        EQUAL(r.totals.mappings, 0);
}

static void expect_partial_report(size_t way)
{
        expect_law(ways[way].name, &r);
        expect_order(ways[way].name, &r);
        expect_warnings(ways[way].name, &r);
        TRUE(r.totals.mappings > 10);
        if (!ways[way].repeatable)
                return;
        TRUE(memcmp(&r.totals, &whole.totals, sizeof r.totals) == 0);
        TRUE(memcmp(r.category, whole.category, sizeof r.category) == 0);
        EQUAL(r.row_count + r.checks.rows_lost, whole.row_count);
        TRUE(r.name_count == whole.name_count || r.checks.other_named > 0);
}

/* Fails each allocation until none is left.  Returns the number of runs without a report, and in *lost the
 * number of reports that lost rows. */
static uint64_t each_fails(size_t way, bool and_all_behind, uint64_t *lost)
{
        uint64_t none = 0, failed = 1;

        *lost = 0;
        for (uint64_t n = 1; failed > 0; n++) {
                struct mema_error error;
                enum mema_status status = collect(&r, way, &error, n, and_all_behind ? UINT64_MAX : n);

                failed = allocations_failed();
                if (status == MEMA_STATUS_OK)
                        expect_partial_report(way);
                else
                        expect_no_report(&error);
                none += status != MEMA_STATUS_OK;
                *lost += r.checks.rows_lost > 0;
                mema_report_free(&r);
        }
        return none;
}

/* A source takes one allocation, an arena one each time it grows. */
static void every_allocation_fails_in_turn(void)
{
        if (!libc_is_apart())
                return;
        capture = guarded_file(CAPTURE);
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
                uint64_t sources = ways[way].collect != pieces, lost;
                struct mema_error error;

                EQUAL(collect(&whole, way, &error, 0, 0), MEMA_STATUS_OK);
                EQUAL(whole.checks.rows_lost, 0);
                EQUAL(each_fails(way, false, &lost), sources);
                TRUE(lost == 0 || !ways[way].repeatable); /* the next region asks for memory again */
                EQUAL(each_fails(way, true, &lost) > 0,
                      sources > 0); /* this process allocates before that, too */
                TRUE(lost > 0);
                mema_report_free(&whole);
        }
        guarded_free(&capture);
}

/* Size -------------------------------------------------------------------------- */

enum { MAPPINGS = 65530, TOP = 100, PAGE = 4 };

/* Writes mapping `n` of MAPPINGS, with every field of the kernel.  Each order lists other rows: in the first
 * six, and by name, whose names descend, every row displaces one; by address, the first rows stay. */
static size_t put_mapping(char *text, size_t size, uint64_t n)
{
        static const enum mema_field grows[] = { MEMA_FIELD_RSS,           MEMA_FIELD_PSS,
                                                 MEMA_FIELD_PRIVATE_CLEAN, MEMA_FIELD_SHARED_DIRTY,
                                                 MEMA_FIELD_SWAP,          MEMA_FIELD_SIZE,
                                                 MEMA_FIELD_COUNT };
        const enum mema_field grown = grows[n % (sizeof grows / sizeof *grows)];
        uint64_t start = UINT64_C(0x7f0000000000) + (n << 22);
        size_t len = (size_t)snprintf(text, size,
                                      "%" PRIx64 "-%" PRIx64 " r--p %08" PRIx64 " 08:02 %-20" PRIu64
                                      " /usr/lib/x86_64-linux-gnu/%07" PRIu64 ".so.6\n",
                                      start, start + (1 << 21), n << 12, n + (1 << 22), MAPPINGS - n);

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if (kinds[i] == MEMA_KIND_SUM)
                        len += (size_t)snprintf(text + len, size - len, "%s: %" PRIu64 " kB\n",
                                                mema_field_label(i),
                                                i == grown ? n << 12 : (uint64_t)PAGE << 10);
        return len + (size_t)snprintf(text + len, size - len, "VmFlags: rd wr sh mr mw me ms sd\n");
}

/* The C memory that is in use while such a report is made, or written. */
static uint64_t memory_of_a_report(bool every_sort)
{
        static struct mema_smaps p;
        static struct mema_output output;
        struct mema_options options = { .top = TOP, .every_sort = every_sort };
        struct mema_error error;
        uint64_t beside, arena = 0;

        mema_report_init(&r, NULL, &options);
        fail_allocations(0, 0);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        beside = max_u64(allocated_bytes() + r._owners.room * sizeof *r._owners.owners + r._owners.names_room,
                         sizeof output);
        mema_report_finish(&r, NULL);
        mema_report_free(&r);

        mema_report_init(&r, NULL, &options);
        mema_smaps_init(&p);
        for (uint64_t n = 0; n < MAPPINGS; n++) {
                char text[4096];

                EQUAL(mema_collect_feed(&r, &p, text, put_mapping(text, sizeof text, n), &error),
                      MEMA_STATUS_MORE);
                arena = max_u64(arena, r._arena.size);
        }
        EQUAL(mema_collect_feed(&r, &p, NULL, 0, &error), MEMA_STATUS_END);
        mema_report_finish(&r, NULL);
        arena = max_u64(arena, r._arena.size);
        EQUAL(r.totals.mappings, MAPPINGS);
        EQUAL(r.checks.rows_lost, 0);
        for (unsigned by = 0; by < MEMA_SORT_COUNT; by++)
                EQUAL(mema_report_rows_by(&r, by), TOP);
        mema_report_free(&r);
        return sizeof r + arena + beside;
}

/* The Go package keeps a report with a hundred rows in each order; at worst, no row is in two orders. */
static void a_report_of_65530_mappings_takes_384_kib_at_most(void)
{
        if (!libc_is_apart())
                return;
        TRUE(memory_of_a_report(false) <= 256 << 10);
        TRUE(memory_of_a_report(true) <= 384 << 10);
}

/* The number of allocations when the first mapping was read.  The wrapper calls the real function. */
static uint64_t when_looked;

void __real_mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g);
void __wrap_mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g);

void __wrap_mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g)
{
        if (when_looked == 0)
                when_looked = allocations();
        __real_mema_self_memory_look(own, g);
}

/* An allocation during the reading could grow a mapping that was read in part. */
static void a_process_allocates_before_it_reads_itself(void)
{
        struct mema_options options = { .top = TOP, .every_sort = true };
        struct mema_error error;

        mema_report_init(&r, NULL, &options);
        when_looked = 0;
        fail_allocations(0, 0);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        TRUE(when_looked > 0);
        EQUAL(allocations(), when_looked);
        mema_report_free(&r);
}

/* The command line ------------------------------------------------------------ */

enum { NONE_FAILED = 99 }; /* the exit status of csrc/tests/programs/failing.c */

/* Returns the exit status.  A leak would be reported on standard error. */
static int run_failing(int first, char *last, char *option, char *value)
{
        char number[24];
        struct output o;
        int status;

        snprintf(number, sizeof number, "%d", first);
        o = run_program(
                (char *const[]){ "build/failing", number, last ? last : number, "-all", option, value, NULL },
                NULL);
        status = o.status;
        if (status == 1) {
                SAME_TEXT(o.out, "");
                SAME_TEXT(o.err, "memanalyzer: no memory to read the source\n");
        } else {
                TRUE(status == 0 || status == NONE_FAILED);
                SAME_TEXT(o.err, "");
                TRUE(strstr(o.out, "\nRSS (Resident): ") != NULL);
        }
        output_free(&o);
        return status;
}

/* Alone (NULL: the last one is the first), or with all later ones. */
static void every_allocation_of_the_command_fails_in_turn(void)
{
        static char *const sources[][2] = { { "-f", CAPTURE }, { "-unit", "MB" } };
        static char *const lasts[] = { NULL, "1000000" };

        for (size_t i = 0; i < 4 && libc_is_apart(); i++) {
                char *const *source = sources[i % 2];
                int n = 0, refused = 0, status;

                do {
                        status = run_failing(++n, lasts[i / 2], source[0], source[1]);
                        refused += status == 1;
                } while (status != NONE_FAILED);
                TRUE(refused > 0);
                TRUE(n > 2);
        }
}

SUITE(memory, CASE(every_allocation_fails_in_turn), CASE(every_allocation_of_the_command_fails_in_turn),
      CASE(a_report_of_65530_mappings_takes_384_kib_at_most),
      CASE(a_process_allocates_before_it_reads_itself));
