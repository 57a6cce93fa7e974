/* test_reports.c - files that users reported, in testdata/reports, and what each has to show.
 * testdata/README.md names their programs. */
#include "test.h"
#include "records.h"

#include <stdio.h>
#include <string.h>

static struct mema_report r;

/* A category of a file, and what it has, in kB. */
static const struct {
        const char *file, *category;
        uint64_t kb;
} expected[] = {
        { "minimal-false-arena", "anon/rw", 8192 },
        { "minimal-false-arena", "malloc/arenas", 0 },
        { "java-g1-heap", "anon/rw", 165000 },
        { "java-g1-heap", "malloc/arenas", 0 },
        { "tcmalloc-grows-down-no-go", "anon/rw", 999424 },
        { "tcmalloc-grows-down-no-go", "go/heap", 0 },
        { "go1.26-heap-below-4-tib", "go/heap", 31772 },
        { "go1.26-heap-below-4-tib", "malloc/arenas", 0 },
        { "golang-12233-heap-in-pieces", "go/heap", 6480 },
        { "etcd-10190-ppc64le-go110", "go/heap", 151488 },
        { "etcd-10190-ppc64le-go110", "file/other", 44736 },
        { "linux-7.2-overlap", "anon/rw", 65536 },
        { "llvm-117861-shadow-stacks", "stacks/threads", 6336 },
        { "glibc243-stacks", "stacks/threads", 1584 },
        { "glibc243-arena-hugetlb1", "malloc/arenas", 200812 },
};

static enum mema_status read_report(const char *file)
{
        static const struct mema_options all = { .top = MEMA_ALL };
        struct mema_error error;
        enum mema_status status;
        char path[128];

        snprintf(path, sizeof path, "testdata/reports/%s", file);
        mema_report_init(&r, NULL, &all);
        status = mema_collect_file(&r, path, &error);
        mema_report_finish(&r, NULL);
        return status;
}

static void each_report_is_answered(void)
{
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
                const struct mema_category *c;
                char file[96];
                unsigned id = 0;

                snprintf(file, sizeof file, "%s.smaps", expected[i].file);
                EQUAL(read_report(file), MEMA_STATUS_OK);
                expect_law(file, &r);
                while (strcmp(mema_category_stable_id(id), expected[i].category) != 0)
                        id++;
                c = &r.category[id];
                equal_number(file, c->sums.value[MEMA_FIELD_RSS] >> 10, expected[i].kb, __FILE__, __LINE__);
                is_true(file, c->low >> 10 <= expected[i].kb && c->high >> 10 >= expected[i].kb, __FILE__,
                        __LINE__);
                mema_report_free(&r);
        }
}

static void residence_is_unknown_if_no_figure_says_it(void)
{
        EQUAL(read_report("psutil-2560-qemu-user-riscv64.smaps"), MEMA_STATUS_OK);
        TRUE(!(r.totals.present & MEMA_BIT(MEMA_FIELD_RSS)));
        TRUE(r.checks.contradictory > 0);
        mema_report_free(&r);
}

static void the_output_of_pmap_is_refused_by_name(void)
{
        struct mema_error error;

        mema_report_init(&r, NULL, NULL);
        EQUAL(mema_collect_file(&r, "testdata/reports/pmap-X.txt", &error), MEMA_STATUS_MALFORMED);
        TRUE(strstr(error.message, "not the output of pmap: save /proc/PID/smaps") != NULL);
        mema_report_free(&r);
}

SUITE(reports, CASE(each_report_is_answered), CASE(residence_is_unknown_if_no_figure_says_it),
      CASE(the_output_of_pmap_is_refused_by_name));
