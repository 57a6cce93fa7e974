/* test_linear.c - time: four times the text takes about four times the CPU time, for every kind of line,
 * through parser, report and text output.  The fuzzers have a limit per byte of input: see fuzz.c.
 *
 * A case writes a text of n items.  Its n is doubled until the text takes long enough to be measured, and
 * then compared with 4n: a linear algorithm takes 4 times as long, a quadratic one 16 times. */
#define _GNU_SOURCE
#include "records.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Measuring ------------------------------------------------------------------ */

enum {
        FIRST_COUNT = 64,
        LONG_ENOUGH = 4000000, /* nanoseconds of CPU time */
        FACTOR = 4,
        LIMIT = 8, /* the geometric mean of linear and quadratic */
        RUNS = 2,
        ATTEMPTS = 8
};

struct text {
        char *bytes;
        size_t len, room;
};

typedef void builder(struct text *text, uint64_t n);

/* How the text is read. */
struct reading {
        struct mema_options options;
        size_t piece;   /* 0: whole */
        uint64_t first; /* the least n; 0: FIRST_COUNT */
};

static void put_text(struct text *t, const char *bytes, size_t len)
{
        if (t->room - t->len < len) {
                t->room = 2 * t->room + len;
                t->bytes = realloc(t->bytes, t->room);
                if (!t->bytes) {
                        perror("memory");
                        exit(EXIT_FAILURE);
                }
        }
        memcpy(t->bytes + t->len, bytes, len);
        t->len += len;
}

static void put(struct text *t, const char *format, ...)
{
        char line[8192];
        va_list arguments;

        va_start(arguments, format);
        put_text(t, line, (size_t)vsnprintf(line, sizeof line, format, arguments));
        va_end(arguments);
}

static uint64_t cpu_time(void)
{
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Reads the text and writes its report; returns the CPU time. */
static uint64_t read_once(const struct text *t, const struct reading *reading)
{
        static struct mema_report r;
        static struct mema_smaps p;
        static struct mema_output w;
        static char buf[65536];
        struct mema_output_options output = { .top = reading->options.top };
        struct mema_error error;
        uint64_t began = cpu_time();
        enum mema_status status = MEMA_STATUS_MORE;

        mema_report_init(&r, NULL, &reading->options);
        mema_smaps_init(&p);
        for (size_t used = 0, n; used < t->len && status == MEMA_STATUS_MORE; used += n) {
                n = reading->piece > 0 && reading->piece < t->len - used ? reading->piece : t->len - used;
                status = mema_collect_feed(&r, &p, t->bytes + used, n, &error);
        }
        if (status == MEMA_STATUS_MORE)
                status = mema_collect_feed(&r, &p, NULL, 0, &error);
        if (status != MEMA_STATUS_END)
                equal_text("the status", error.message, "(the end)", __FILE__, __LINE__);
        mema_report_finish(&r, NULL);
        mema_output_init(&w, &r, &output);
        while (mema_output_next(&w, buf, sizeof buf) > 0)
                ;
        mema_report_free(&r);
        return cpu_time() - began;
}

/* The least CPU time for a text of n items. */
static uint64_t time_of(builder *build, uint64_t n, const struct reading *reading)
{
        struct text t = { 0 };
        uint64_t least = UINT64_MAX;

        build(&t, n);
        for (int i = 0; i < RUNS; i++) {
                uint64_t took = read_once(&t, reading);

                least = took < least ? took : least;
                if (i == 0 && took < LONG_ENOUGH)
                        break;
        }
        free(t.bytes);
        return least;
}

/* Another program can slow down a measurement, but not each of many. */
static void expect_linear(const char *what, builder *build, struct reading reading)
{
        uint64_t n = reading.first > 0 ? reading.first : FIRST_COUNT, small, large;
        char shown[256];

        while ((small = time_of(build, n, &reading)) < LONG_ENOUGH)
                n *= 2;
        large = time_of(build, FACTOR * n, &reading);
        for (int i = 1; i < ATTEMPTS && large >= LIMIT * small; i++) {
                small = time_of(build, n, &reading);
                large = time_of(build, FACTOR * n, &reading);
        }
        snprintf(shown, sizeof shown,
                 "%s: %" PRIu64 " items take %" PRIu64 " us, %d times as many %" PRIu64 " us", what, n,
                 small / 1000, FACTOR, large / 1000);
        is_true(shown, large < LIMIT * small, __FILE__, __LINE__);
}

#define LINEAR(build, ...) expect_linear(#build, build, (struct reading){ __VA_ARGS__ })
#define TOP(count) .options = { .top = count }
#define TOP_OF_EVERY_SORT(count) .options = { .top = count, .every_sort = true }

/* Headers and fields ----------------------------------------------------------- */

#define FIELDS_IN_ORDER                                                                           \
        "Size:                  4 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n" \
        "Rss:                   4 kB\nPss:                   4 kB\nShared_Clean:          0 kB\n" \
        "Shared_Dirty:          0 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:         4 kB\n" \
        "Referenced:            4 kB\nAnonymous:             4 kB\nSwap:                  0 kB\n" \
        "THPeligible:           0\nVmFlags: rd wr mr mw me ac sd \n"

static const char header[] = "00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat\n";

static uint64_t address(uint64_t i)
{
        return UINT64_C(0x7f0000000000) + i * 0x2000;
}

/* A header of mapping `i` of many, with a gap after each. */
static void put_header(struct text *t, uint64_t i, const char *perms, const char *name)
{
        put(t, "%" PRIx64 "-%" PRIx64 " %s 00000000 00:00 0 %s\n", address(i), address(i) + 0x1000, perms,
            name);
}

static void headers(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_header(t, i, "rw-p", i % 3 ? "" : "/usr/lib/libc.so.6");
}

static void mappings_with_fields(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                put_header(t, i, "rw-p", "");
                put(t, FIELDS_IN_ORDER);
        }
}

static void fields_in_another_order(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                put_header(t, i, "rw-p", "");
                put(t, "VmFlags: rd wr\nSwap: %" PRIu64 " kB\nAnonymous: 4 kB\nRss: 4 kB\nSize: 4 kB\n", i);
        }
}

static void repeated_fields(struct text *t, uint64_t n)
{
        put(t, header);
        for (uint64_t i = 0; i < n; i++)
                put(t, "Rss: %" PRIu64 " kB\n", i % 7);
}

static void unknown_labels(struct text *t, uint64_t n)
{
        put(t, header);
        for (uint64_t i = 0; i < n; i++)
                put(t, "Label_%" PRIu64 ": 4 kB\n", i);
}

static void lines_without_labels(struct text *t, uint64_t n)
{
        put(t, "%sName: [anon:\n", header);
        for (uint64_t i = 0; i < n; i++)
                put(t, "some line\n");
}

static void vm_flags(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                put_header(t, i, "rw-p", "");
                put(t, "VmFlags:");
                for (int k = 0; k < MEMA_VM_FLAGS_MAX; k++)
                        put(t, " %c%c", 'a' + k % 26, 'a' + (int)(i % 26));
                put(t, "\n");
        }
}

static void blank_lines(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put(t, i % 2 ? "\n" : "\r\n");
        put(t, header);
        for (uint64_t i = 0; i < n; i++)
                put(t, i % 2 ? "\n" : "\r\n");
}

static void lines_that_end_in_carriage_returns(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                put_header(t, i, "r--p", "/a\r");
                put(t, "Rss:                   4 kB\r\nSwap:                  0 kB\r\n");
        }
}

static void headers_and_fields_take_linear_time(void)
{
        LINEAR(headers, TOP(100));
        LINEAR(headers, TOP(100), .piece = 100);
        LINEAR(mappings_with_fields, TOP(100));
        LINEAR(fields_in_another_order, TOP(100));
        LINEAR(repeated_fields, TOP(100));
        LINEAR(unknown_labels, TOP(100));
        LINEAR(lines_without_labels, TOP(100));
        LINEAR(vm_flags, TOP(100));
        LINEAR(blank_lines, TOP(100));
        LINEAR(lines_that_end_in_carriage_returns, TOP(100));
}

/* Long lines -------------------------------------------------------------------- */

static void put_repeated(struct text *t, const char *unit, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_text(t, unit, strlen(unit));
}

static void long_names(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                put(t, "%" PRIx64 "-%" PRIx64 " r--p 0 08:02 17 /", address(i), address(i) + 0x1000);
                put_repeated(t, "a long name/", 330);
                put(t, "%" PRIu64 "\n", i);
        }
}

static void a_very_long_name(struct text *t, uint64_t n)
{
        put(t, "00400000-0040b000 r-xp 00000000 08:02 17 /");
        put_repeated(t, "a very long name/", n);
        put(t, "\n");
}

static void very_long_padding(struct text *t, uint64_t n)
{
        put(t, "00400000-0040b000 r-xp 00000000 08:02 17 ");
        put_repeated(t, "                ", n);
        put(t, "/bin/cat\n");
}

static void a_very_long_field(struct text *t, uint64_t n)
{
        put(t, "%sLabel: ", header);
        put_repeated(t, "a very long value", n);
        put(t, "\n");
}

static void a_very_long_comment(struct text *t, uint64_t n)
{
        put(t, "# comment: ");
        put_repeated(t, "a very long value", n);
        put(t, "\n%s", header);
}

static void many_leading_zeros(struct text *t, uint64_t n)
{
        put(t, header);
        for (uint64_t i = 0; i < n; i++)
                put(t, "Rss: %01000d kB\n", 4);
}

static void long_lines_take_linear_time(void)
{
        LINEAR(long_names, TOP(100), .first = 256);
        LINEAR(long_names, TOP(MEMA_ALL));
        LINEAR(a_very_long_name, TOP(100));
        LINEAR(a_very_long_name, TOP(100), .piece = 100);
        LINEAR(very_long_padding, TOP(100));
        LINEAR(very_long_padding, TOP(100), .piece = 100);
        LINEAR(a_very_long_field, TOP(100), .piece = 100);
        LINEAR(a_very_long_comment, TOP(100), .piece = 100);
        LINEAR(many_leading_zeros, TOP(100));
}

/* Captures ---------------------------------------------------------------------- */

static void comments(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put(t, "# taken on day %" PRIu64 ": 5\n", i);
        put(t, header);
}

static void every_key(struct text *t, uint64_t n)
{
        static const char *const values[] = {
                "memanalyzer capture: 1", "program: /bin/cat",    "deleted_program: /bin/cat",
                "program.kind: go",       "go.version: go1.26.8", "mappings: 1",
                "heaps_known: 1",         "labels_lost: 1",       "threads.all: 1",
                "go.heap_live: 5 6",      "malloc.arena: 5",      "malloc.mapped: 5",
        };

        for (uint64_t i = 0; i < n; i++) {
                for (size_t k = 0; k < sizeof values / sizeof *values; k++)
                        put(t, "# %s\n", values[k]);
                for (unsigned k = 0; k < MEMA_LIMIT_COUNT; k++)
                        put(t, "# %s: %" PRIu64 "\n", mema_limit_id(k), i);
        }
        put(t, header);
}

static void threads(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put(t, "# thread: 0x%" PRIx64 "\n", address(i));
        headers(t, n);
}

static void anchors(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put(t, "# go.anchor: 0x%" PRIx64 "\n", address(i));
        headers(t, n);
}

static void captures_take_linear_time(void)
{
        LINEAR(comments, TOP(100));
        LINEAR(every_key, TOP(100));
        LINEAR(threads, TOP(100));
        LINEAR(anchors, TOP(100));
}

/* Owners ------------------------------------------------------------------------ */

static void put_owners(struct text *t, uint64_t n, const char *category, uint64_t names)
{
        put(t, "# memanalyzer capture: 1\n");
        for (uint64_t i = 0; i < n; i++) {
                put(t, "# owner: %" PRIx64 "-%" PRIx64 " 4096 4096 0 %s", address(i), address(i) + 0x1000,
                    category);
                if (names > 0)
                        put(t, " cache %" PRIu64, i % names);
                put(t, "\n");
        }
}

/* A mapping over the addresses of `n` others. */
static void put_mapping_over(struct text *t, uint64_t n, const char *name)
{
        put(t, "%" PRIx64 "-%" PRIx64 " rw-p 00000000 00:00 0 %s\nRss: %" PRIu64 " kB\n", address(0),
            address(n), name, 4 * n);
}

static void labels_of_one_name(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", 1);
        put_mapping_over(t, n, "");
}

static void labels_of_many_names(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", n);
        put_mapping_over(t, n, "");
}

static void labels_in_their_own_mappings(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", 7);
        mappings_with_fields(t, n);
}

static void malloc_heaps(struct text *t, uint64_t n)
{
        put_owners(t, n, "malloc/arenas", 0);
        put_mapping_over(t, n, "");
}

static void labels_in_mappings_that_repeat(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", 7);
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, n, "");
}

static void labels_in_mappings_that_grow(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", 7);
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, n + i, "");
}

static void labels_in_mappings_that_overlap(struct text *t, uint64_t n)
{
        put_owners(t, n, "named", 7);
        for (uint64_t i = 0; i < n; i++)
                put(t, "%" PRIx64 "-%" PRIx64 " rw-p 00000000 00:00 0 \nRss: 4 kB\n", address(i),
                    address(i + n));
}

static void malloc_heaps_in_one_named_mapping(struct text *t, uint64_t n)
{
        put_owners(t, n, "malloc/arenas", 0);
        put_mapping_over(t, n, "[anon:name]");
}

static void malloc_heaps_in_a_file_that_repeats(struct text *t, uint64_t n)
{
        put_owners(t, n, "malloc/arenas", 0);
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, n, "/bin/cat");
}

static void malloc_heaps_in_named_mappings_that_repeat(struct text *t, uint64_t n)
{
        put_owners(t, n, "malloc/arenas", 0);
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, n, "[anon:name]");
}

static void owners_take_linear_time(void)
{
        LINEAR(labels_of_one_name, TOP(100));
        LINEAR(labels_of_many_names, TOP(100));
        LINEAR(labels_of_many_names, TOP_OF_EVERY_SORT(MEMA_ALL));
        LINEAR(labels_in_their_own_mappings, TOP(100));
        LINEAR(malloc_heaps, TOP(MEMA_ALL));
        LINEAR(labels_in_mappings_that_repeat, TOP(100));
        LINEAR(labels_in_mappings_that_grow, TOP(100));
        LINEAR(labels_in_mappings_that_overlap, TOP(100));
        LINEAR(malloc_heaps_in_one_named_mapping, TOP(100));
        LINEAR(malloc_heaps_in_a_file_that_repeats, TOP(100));
        LINEAR(malloc_heaps_in_named_mappings_that_repeat, TOP(100));
}

/* Reports ----------------------------------------------------------------------- */

static void mappings_that_repeat(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, 1, "");
}

static void mappings_that_grow(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_mapping_over(t, i + 1, "");
}

static void mappings_that_overlap(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put(t, "%" PRIx64 "-%" PRIx64 " rw-p 00000000 00:00 0 \nRss: 4 kB\n", address(i),
                    address(i + n));
}

static void put_anchor(struct text *t)
{
        static const char *const figures[] = {
                "heap_live",     "heap_objects", "heap_unused", "heap_free",
                "heap_released", "heap_stacks",  "metadata",    "work_buffers"
        };

        put(t, "# memanalyzer capture: 1\n# go.anchor: 0xc000000100\n");
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
                put(t, "# go.%s: 1048576\n", figures[i]);
}

/* Each is a run of its own. */
static void runs_around_an_anchor(struct text *t, uint64_t n)
{
        put_anchor(t);
        for (uint64_t i = 0; i < n; i++)
                put(t, "c000000000-c000400000 rw-p 00000000 00:00 0 \n");
}

static void a_long_run_around_an_anchor(struct text *t, uint64_t n)
{
        put_anchor(t);
        for (uint64_t i = 0; i < n; i++)
                put(t, "%" PRIx64 "-%" PRIx64 " %s 00000000 00:00 0 \nRss: 4 kB\n",
                    UINT64_C(0xc000000000) + i * 0x1000, UINT64_C(0xc000001000) + i * 0x1000,
                    i % 2 ? "---p" : "rw-p");
}

static void runs_without_an_anchor(struct text *t, uint64_t n)
{
        put_anchor(t);
        for (uint64_t i = 0; i < n; i++)
                put_header(t, i, "rw-p", "");
}

static void one_name(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_header(t, i, "rw-p", "[anon:cache]");
}

static void more_than_1024_names(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                char name[64];

                snprintf(name, sizeof name, "[anon:cache %" PRIu64 "]", i);
                put_header(t, i, "rw-p", name);
        }
}

static void put_with_rss(struct text *t, uint64_t i, uint64_t rss)
{
        put_header(t, i, "rw-p", i % 2 ? "" : "/usr/lib/libc.so.6");
        put(t, "Rss: %" PRIu64 " kB\nSwap: %" PRIu64 " kB\n", rss, rss);
}

static void ascending_rss(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_with_rss(t, i, i + 1);
}

static void descending_rss(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_with_rss(t, i, n - i);
}

static void equal_rss(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++)
                put_with_rss(t, i, 4);
}

static void shapes_of_thread_stacks_and_arenas(struct text *t, uint64_t n)
{
        for (uint64_t i = 0; i < n; i++) {
                uint64_t start = UINT64_C(0x7f0000000000) + i * 0x4000000;

                put(t, "%" PRIx64 "-%" PRIx64 " rw-p 00000000 00:00 0 \nVmFlags: rd wr mr mw me ac nr sd\n",
                    start, start + 0x21000);
                put(t, "%" PRIx64 "-%" PRIx64 " ---p 00000000 00:00 0 \nVmFlags: mr mw me nr sd\n",
                    start + 0x21000, start + 0x4000000);
        }
}

static void reports_take_linear_time(void)
{
        LINEAR(mappings_that_repeat, TOP(MEMA_ALL));
        LINEAR(mappings_that_grow, TOP(MEMA_ALL));
        LINEAR(mappings_that_overlap, TOP(MEMA_ALL));
        LINEAR(runs_around_an_anchor, TOP(100));
        LINEAR(runs_around_an_anchor, TOP(MEMA_ALL));
        LINEAR(runs_around_an_anchor, TOP_OF_EVERY_SORT(MEMA_ALL));
        LINEAR(a_long_run_around_an_anchor, TOP_OF_EVERY_SORT(MEMA_ALL));
        LINEAR(runs_without_an_anchor, TOP_OF_EVERY_SORT(MEMA_ALL));
        LINEAR(shapes_of_thread_stacks_and_arenas, TOP(MEMA_ALL));
}

static void names_and_orders_take_linear_time(void)
{
        LINEAR(one_name, TOP(100));
        LINEAR(more_than_1024_names, TOP(100), .first = 4 * MEMA_NAMES_MAX);
        LINEAR(more_than_1024_names, TOP_OF_EVERY_SORT(MEMA_ALL), .first = 4 * MEMA_NAMES_MAX);
        LINEAR(ascending_rss, TOP_OF_EVERY_SORT(100));
        LINEAR(ascending_rss, TOP(MEMA_ALL));
        LINEAR(descending_rss, TOP_OF_EVERY_SORT(100));
        LINEAR(descending_rss, TOP_OF_EVERY_SORT(MEMA_ALL));
        LINEAR(equal_rss, TOP_OF_EVERY_SORT(100));
        LINEAR(equal_rss, TOP_OF_EVERY_SORT(MEMA_ALL));
}

SUITE(linear, CASE(headers_and_fields_take_linear_time), CASE(long_lines_take_linear_time),
      CASE(captures_take_linear_time), CASE(owners_take_linear_time), CASE(reports_take_linear_time),
      CASE(names_and_orders_take_linear_time));
