/* test_source_scan.c - the Rss of each mapping by a scan, against that of smaps; and reports without a
 * scan. */
#define _GNU_SOURCE
#include "records.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../region.h"
#include "../source_scan.h"

#define PROGRAM "bin/memanalyzer"
#define MISSED "This process cannot be scanned on this system: smaps was read instead"

static struct mema_report r, again, scan;

static void collect(struct mema_report *report, uint64_t pid, enum mema_source_kind source)
{
        struct mema_options options = { .source = source, .for_diff = true };
        struct mema_error error;

        mema_report_init(report, NULL, &options);
        EQUAL(mema_collect(report, pid, &error), MEMA_STATUS_OK);
        mema_report_finish(report, NULL);
        expect_law("a process", report);
}

/* Whether the kernel is new enough to have a usable scan in any case: older ones can lack it, or count the
 * huge page of zeros. */
static bool must_scan(void)
{
        unsigned major = 0, minor = 0;
        struct utsname system;

        EQUAL(uname(&system), 0);
        EQUAL(sscanf(system.release, "%u.%u", &major, &minor), 2);
        return (major > 6 || (major == 6 && minor >= 18)) && access("/proc/self/pagemap", R_OK) == 0;
}

/* Whether this kernel has scans; prints a message if not. */
static bool can_scan(void)
{
        bool scanned;

        collect(&scan, 0, MEMA_SOURCE_SCAN);
        scanned = scan.scanned > 0;
        mema_report_free(&scan);
        TRUE(scanned || !must_scan());
        if (!scanned)
                skipped("a scan", "this kernel has none");
        return scanned;
}

static bool has_warning(const struct mema_report *report, const char *wanted)
{
        char text[MEMA_WARNING_MAX];

        for (unsigned i = 0; mema_report_warning(report, i, text, sizeof text) > 0; i++)
                if (strcmp(text, wanted) == 0)
                        return true;
        return false;
}

/* Equality ------------------------------------------------------------------------ */

/* Whether nothing changed between two readings. */
static bool is_quiet(void)
{
        bool same = r.row_count == again.row_count;
        static struct mema_region a, b;

        for (uint64_t i = 0; i < r.row_count && same; i++) {
                mema_report_row(&r, i, &a);
                mema_report_row(&again, i, &b);
                same = a.start == b.start && a.value[MEMA_FIELD_RSS] == b.value[MEMA_FIELD_RSS];
        }
        return same;
}

static void expect_equal_rows(void)
{
        static struct mema_region a, b;

        EQUAL(scan.row_count, r.row_count);
        for (uint64_t i = 0; i < r.row_count && scan.row_count == r.row_count; i++) {
                char what[128];

                mema_report_row(&r, i, &a);
                mema_report_row(&scan, i, &b);
                snprintf(what, sizeof what, "%llx %s %.*s", (unsigned long long)a.start, a.perms,
                         (int)a.name_length, a.name);
                EQUAL(b.start, a.start);
                equal_number(what, b.value[MEMA_FIELD_RSS], a.value[MEMA_FIELD_RSS], __FILE__, __LINE__);
                EQUAL(b.value[MEMA_FIELD_SIZE], a.value[MEMA_FIELD_SIZE]);
                EQUAL(b.present, MEMA_BIT(MEMA_FIELD_SIZE) | MEMA_BIT(MEMA_FIELD_RSS));
                EQUAL(b.vm_flags_present, 0);
                EQUAL(b.category, a.category);
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                equal_number(mema_category_stable_id(i), scan.category[i].sums.value[MEMA_FIELD_RSS],
                             r.category[i].sums.value[MEMA_FIELD_RSS], __FILE__, __LINE__);
}

/* Kinds of memory that smaps does not count in full, as they are recognized among those of build/stopped. */
static bool has_zeros(const struct mema_region *g)
{
        return mema_has_flag(g, "dd") && !mema_has_flag(g, "hg") && g->value[MEMA_FIELD_RSS] > 0;
}

static bool has_huge_zeros(const struct mema_region *g)
{
        return mema_has_flag(g, "dd") && g->value[MEMA_FIELD_ANON_HUGE] == 2 << 20;
}

static bool is_hugetlb(const struct mema_region *g)
{
        return g->value[MEMA_FIELD_RSS] == 0 &&
               g->value[MEMA_FIELD_SHARED_HUGETLB] + g->value[MEMA_FIELD_PRIVATE_HUGETLB] > 0;
}

static bool is_device(const struct mema_region *g)
{
        return mema_is_device(g) && memcmp(g->name, "[v", 2) != 0;
}

static bool is_ring(const struct mema_region *g)
{
        return g->value[MEMA_FIELD_RSS] > 0 && memcmp(g->name, "socket:", 7) == 0;
}

static bool has_guards(const struct mema_region *g)
{
        return mema_has_flag(g, "dc") && g->value[MEMA_FIELD_RSS] == g->value[MEMA_FIELD_SIZE] / 2;
}

static const struct {
        bool (*is)(const struct mema_region *g);
        const char *what;
} kinds_of[] = {
        { has_zeros, "pages of zeros" },  { has_huge_zeros, "a huge page of zeros" },
        { is_hugetlb, "hugetlb" },        { is_device, "pages of a device" },
        { is_ring, "a ring of packets" }, { has_guards, "guard pages" },
};

static void expect_kinds(void)
{
        static struct mema_region g;

        for (size_t k = 0; k < sizeof kinds_of / sizeof *kinds_of; k++) {
                bool found = false;

                for (uint64_t i = 0; i < r.row_count && !found; i++) {
                        mema_report_row(&r, i, &g);
                        found = kinds_of[k].is(&g);
                }
                if (!found)
                        skipped(kinds_of[k].what, "they cannot be had here");
        }
}

static void each_mapping_has_the_rss_of_smaps(void)
{
        char exe[] = "build/stopped";
        pid_t child = can_scan() ? start_stopped(exe, exe) : -1;
        bool quiet = false;

        for (int i = 0; i < 50 && child > 0 && !quiet; i++) {
                collect(&r, (uint64_t)child, MEMA_SOURCE_SMAPS);
                collect(&scan, (uint64_t)child, MEMA_SOURCE_SCAN);
                collect(&again, (uint64_t)child, MEMA_SOURCE_SMAPS);
                EQUAL(r.scanned, 0);
                EQUAL(scan.scanned, 1);
                quiet = is_quiet();
                if (quiet) {
                        expect_equal_rows();
                        expect_kinds();
                }
                mema_report_free(&r);
                mema_report_free(&scan);
                mema_report_free(&again);
        }
        TRUE(quiet || child < 0);
        end_child(child);
}

/* Formats ------------------------------------------------------------------------- */

static void expect_output(char *const argv[], bool scanned, const char *has, const char *has_not)
{
        struct output o = run_program(argv, NULL);

        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        is_true(has, strstr(o.out, scanned ? has : has_not) != NULL, __FILE__, __LINE__);
        is_true(has_not, strstr(o.out, scanned ? has_not : has) == NULL, __FILE__, __LINE__);
        output_free(&o);
}

static void figures_that_a_scan_lacks_are_unknown_in_every_format(void)
{
        static const struct {
                const char *source, *format;
                bool scanned;
                const char *of_scans, *of_smaps;
        } outputs[] = {
                { "scan", "text", true, "\nPSS (Proportional): unknown\n", "\nPSS (Proportional): 0" },
                { "scan", "json", true, "\"source\": \"scan\"", "\"source\": \"smaps\"" },
                { "scan", "json", true, "\"pss\": null", "\"pss\": 0" },
                { "scan", "openmetrics", true, "memanalyzer_resident_bytes", "memanalyzer_swap_bytes" },
                { "auto", "openmetrics", true, "memanalyzer_resident_bytes", "_private_dirty_bytes" },
                { "smaps", "openmetrics", false, "# no such line", "memanalyzer_proportional_bytes" },
                { "auto", "text", false, "\nSource: scan ", "\nPSS (Proportional): " },
                { "scan", "text", true, "\nSource: scan ", "Warnings:" },
                { "auto", "json", false, "\"source\": \"scan\"", "\"source\": \"smaps\"" },
        };

        for (size_t i = 0; can_scan() && i < sizeof outputs / sizeof *outputs; i++)
                expect_output((char *const[]){ PROGRAM, "-source", (char *)(uintptr_t)outputs[i].source,
                                               "-format", (char *)(uintptr_t)outputs[i].format, NULL },
                              outputs[i].scanned, outputs[i].of_scans, outputs[i].of_smaps);
}

/* Sources ------------------------------------------------------------------------- */

/* A process that is not dumpable cannot open its own pagemap. */
static bool falls_back(void)
{
        static const struct mema_options rss_only = { .rss_only = true };
        bool warned, silent;

        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
                return false;
        prctl(PR_SET_DUMPABLE, 0);
        collect(&r, 0, MEMA_SOURCE_SCAN);
        warned = r.scanned == 0 && r.totals.value[MEMA_FIELD_PSS] > 0 && has_warning(&r, MISSED);
        mema_report_init(&r, NULL, &rss_only);
        silent = mema_collect(&r, 0, &(struct mema_error){ 0 }) == MEMA_STATUS_OK && r.scanned == 0 &&
                 r.totals.value[MEMA_FIELD_PSS] > 0 && !has_warning(&r, MISSED);
        return warned && silent;
}

static void without_a_scan_smaps_is_read(void)
{
        int status = -1;
        pid_t child = fork();

        if (child == 0)
                _exit(falls_back() ? 0 : 1);
        TRUE(waitpid(child, &status, 0) == child);
        EQUAL(status, 0);
}

static void a_kept_text_is_smaps(void)
{
        static const struct mema_options options = { .rss_only = true, .keep_text = true };
        struct mema_error error;

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        EQUAL(r.scanned, 0);
        TRUE(r.totals.value[MEMA_FIELD_PSS] > 0);
        mema_report_free(&r);
}

/* Runs ---------------------------------------------------------------------------- */

/* More runs than one scan returns, in more mappings than one read returns. */
static void many_runs_in_many_mappings(void)
{
        enum { PAIRS = 3000 };
        size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 4 * PAIRS * page;
        /* What is not accessible on both sides keeps it from merging with other mappings. */
        char *all = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *memory = all + page;
        static struct mema_region g;
        uint64_t found = 0;

        TRUE(all != MAP_FAILED && mprotect(memory, size, PROT_READ | PROT_WRITE) == 0);
        if (!can_scan()) {
                munmap(all, size + 2 * page);
                return;
        }
        madvise(memory, size, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < PAIRS; i++) {
                memory[4 * i * page] = memory[(4 * i + 2) * page] = 1; /* two runs of one page */
                mprotect(memory + 4 * i * page, 2 * page, PROT_READ);  /* in two mappings of two pages */
        }
        collect(&scan, 0, MEMA_SOURCE_SCAN);
        for (uint64_t i = 0; i < scan.row_count; i++) {
                mema_report_row(&scan, i, &g);
                if (g.start - (uintptr_t)memory < size && g.value[MEMA_FIELD_RSS] == page)
                        found++;
        }
        EQUAL(found, 2 * PAIRS);
        mema_report_free(&scan);
        munmap(all, size + 2 * page);
}

/* Growth -------------------------------------------------------------------------- */

static int64_t read_text(struct mema_reader *s, char *buf, size_t len, struct mema_error *error)
{
        size_t n = strlen(s->file);

        (void)error;
        n = n < len ? n : len;
        memcpy(buf, s->file, n);
        s->file = (char *)s->file + n;
        return (int64_t)n;
}

static void close_folder(struct mema_reader *s)
{
        close(s->dir);
}

/* It comes again from its start, but its first pages are not scanned again. */
static void a_mapping_that_has_grown_has_all_its_pages(void)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char text[128],
                *at = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        const struct mema_region *g;
        struct mema_reader *maps;
        struct mema_source *source;
        struct mema_error error;

        if (!can_scan())
                return;
        memset(at, 1, 4 * page);
        snprintf(text, sizeof text, "%zx-%zx rw-p 0 0:0 0\n%zx-%zx rw-p 0 0:0 0\n", (size_t)at,
                 (size_t)at + 2 * page, (size_t)at, (size_t)at + 4 * page);
        maps = mema_reader_new("maps", sizeof text, &error);
        maps->file = text;
        maps->read = read_text;
        maps->close = close_folder;
        maps->dir = open("/proc/self", O_PATH | O_CLOEXEC);
        source = mema_source_scan(maps);
        for (size_t pages = 2; pages <= 4; pages += 2) {
                EQUAL(source->next(source, &g, &error), MEMA_STATUS_REGION);
                EQUAL(g->value[MEMA_FIELD_RSS], pages * page);
        }
        EQUAL(source->next(source, &g, &error), MEMA_STATUS_END);
        source->close(source);
        munmap(at, 4 * page);
}

SUITE(source_scan, CASE(each_mapping_has_the_rss_of_smaps),
      CASE(figures_that_a_scan_lacks_are_unknown_in_every_format), CASE(without_a_scan_smaps_is_read),
      CASE(a_kept_text_is_smaps), CASE(many_runs_in_many_mappings),
      CASE(a_mapping_that_has_grown_has_all_its_pages));
