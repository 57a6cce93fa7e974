/* test_self_labels.c - labels of this process: what is refused, and what a report of it
 * has of them, on kernels with names and without. */
#define _GNU_SOURCE
#include "failing.h"
#include "records.h"
#include "saved.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STANDARD 79 /* bytes of a name that the kernel takes */
#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
_Static_assert(sizeof LONG_NAME - 1 == STANDARD, "the longest that the kernel takes");

enum { PAGES = 16 };

static struct mema_report r;

/* Memory ----------------------------------------------------------------------- */

static size_t page(void)
{
        return (size_t)sysconf(_SC_PAGESIZE);
}

static void touch(char *at, size_t pages)
{
        for (size_t i = 0; i < pages; i++)
                at[i * page()] = 1;
}

/* Touched memory between two pages of none, so that it is a mapping of its own. */
static char *map(size_t pages, int flags)
{
        char *whole = mmap(NULL, (pages + 2) * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        char *at = mmap(whole + page(), pages * page(), PROT_READ | PROT_WRITE,
                        MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);

        TRUE(whole != MAP_FAILED && at == whole + page());
        touch(at, pages);
        return at;
}

static void unmap(char *at, size_t pages)
{
        munmap(at - page(), (pages + 2) * page());
}

static enum mema_status label(const char *at, size_t pages, const char *name)
{
        struct mema_error error;

        return mema_label(at, pages * page(), name, strlen(name), NULL, &error);
}

static enum mema_status remove_label(const char *at, size_t pages)
{
        struct mema_error error;

        return mema_label_remove(at, pages * page(), &error);
}

static bool kernel_has_names(void)
{
        char *at = map(1, MAP_PRIVATE);
        bool has = prctl(0x53564d41, 0, at, page(), "a") == 0; /* PR_SET_VMA, PR_SET_VMA_ANON_NAME */

        unmap(at, 1);
        return has;
}

/* Reports ------------------------------------------------------------------------ */

static void read_self(void)
{
        static const struct mema_options options = { .top = MEMA_ALL,
                                                     .sort = MEMA_SORT_ADDRESS,
                                                     .keep_text = true };
        struct mema_error error;
        const char *unlike;

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        expect_law("this process", &r);
        unlike = unlike_when_saved(&r);
        SAME_TEXT(unlike ? unlike : "", "");
}

/* The named rows from `at` on, in pages: "2-4 rss 2 [anon:utxo] + ...". */
static void list(const char *at, size_t pages, char *text, size_t size)
{
        size_t len = 0;

        text[0] = '\0';
        for (uint64_t i = 0; i < r.row_count; i++) {
                struct mema_region g;

                mema_report_row(&r, i, &g);
                if (g.start < (uintptr_t)at || g.end > (uintptr_t)at + pages * page() ||
                    g.category != MEMA_CATEGORY_NAMED)
                        continue;
                EQUAL(g.method, MEMA_METHOD_NAMED);
                len += (size_t)snprintf(text + len, size - len, "%s%d-%d rss %d %.*s", len > 0 ? " + " : "",
                                        (int)((g.start - (uintptr_t)at) / page()),
                                        (int)((g.end - (uintptr_t)at) / page()),
                                        (int)(g.value[MEMA_FIELD_RSS] / page()), (int)g.name_length, g.name);
        }
}

static void shows(const char *what, const char *at, size_t pages, const char *expected, int line)
{
        char text[1024];

        read_self();
        list(at, pages, text, sizeof text);
        equal_text(what, text, expected, __FILE__, line);
        mema_report_free(&r);
}
#define SHOWS(at, pages, expected) shows(expected, at, pages, expected, __LINE__)

/* What is resident under a name; 0 where there is none. */
static uint64_t resident(const char *text)
{
        struct mema_name name;

        for (uint64_t i = 0; i < r.name_count; i++) {
                mema_report_name(&r, i, &name);
                if (name.length == strlen(text) && memcmp(name.name, text, strlen(text)) == 0)
                        return name.sums.value[MEMA_FIELD_RSS];
        }
        return 0;
}

/* Does `of` with a child's report of itself; false where the child could not. */
static bool in_child(bool (*become)(void), void (*of)(void *), void *with)
{
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                if (!become())
                        _exit(1);
                of(with);
                _exit(0);
        }
        TRUE(waitpid(child, &status, 0) == child);
        TRUE(WIFEXITED(status));
        return status == 0;
}

/* Parts of mappings -------------------------------------------------------------- */

/* Of a mapping of 16 pages, all resident: what has which label, and what is shown. */
static const struct {
        const char *what, *labels, *shown;
} parts[] = {
        /* clang-format off */
        { "all of it",              "0-16 a",          "0-16 rss 16 [anon:a]" },
        { "its beginning",          "0-2 a",           "0-2 rss 2 [anon:a]" },
        { "its middle",             "2-4 a",           "2-4 rss 2 [anon:a]" },
        { "its end",                "14-16 a",         "14-16 rss 2 [anon:a]" },
        { "two parts",              "2-4 a 6-9 b",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:b]" },
        { "the higher one first",   "6-9 b 2-4 a",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:b]" },
        { "of one name",            "2-4 a 6-9 a",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:a]" },
        { "that adjoin",            "2-4 a 4-6 b",     "2-4 rss 2 [anon:a] + 4-6 rss 2 [anon:b]" },
        { "and have one name",      "2-4 a 4-6 a",     "2-6 rss 4 [anon:a]" },
        { "nothing else is left",   "0-9 a 9-16 b",    "0-9 rss 9 [anon:a] + 9-16 rss 7 [anon:b]" },
        { "three",                  "0-1 c 4-5 b 8-9 a", "0-1 rss 1 [anon:c] + 4-5 rss 1 [anon:b] + 8-9 rss 1 [anon:a]" },
        /* clang-format on */
};

static void parts_of_a_mapping(void)
{
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                char *at = map(PAGES, MAP_PRIVATE);
                const char *text = parts[i].labels;
                unsigned from, to;
                char name[8];

                for (int n; sscanf(text, "%u-%u %7s%n", &from, &to, name, &n) == 3; text += n)
                        EQUAL(label(at + from * page(), to - from, name), MEMA_STATUS_OK);
                shows(parts[i].what, at, PAGES, parts[i].shown, __LINE__);
                text = parts[i].labels;
                for (int n; sscanf(text, "%u-%u %7s%n", &from, &to, name, &n) == 3; text += n)
                        EQUAL(remove_label(at + from * page(), to - from), MEMA_STATUS_OK);
                shows(parts[i].what, at, PAGES, "", __LINE__);
                unmap(at, PAGES);
        }
}

static void of_a_part_what_is_resident(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        TRUE(madvise(at + 5 * page(), 5 * page(), MADV_DONTNEED) == 0);
        EQUAL(label(at + 2 * page(), 4, "a"), MEMA_STATUS_OK);
        EQUAL(label(at + 7 * page(), 2, "b"), MEMA_STATUS_OK);
        EQUAL(label(at + 9 * page(), 5, "c"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "2-6 rss 3 [anon:a] + 9-14 rss 4 [anon:c]");
        EQUAL(remove_label(at + 2 * page(), 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 7 * page(), 2), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 9 * page(), 5), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

/* Where the kernel has no names, it makes one mapping of them. */
static void neighbors_that_merge(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        for (size_t i = 0; i < PAGES; i += 4) {
                mmap(at + i * page(), 4 * page(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
                touch(at + i * page(), 3);
        }
        EQUAL(label(at, 4, "a"), MEMA_STATUS_OK);
        EQUAL(label(at + 8 * page(), 4, "b"), MEMA_STATUS_OK);
        EQUAL(label(at + 13 * page(), 2, "c"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "0-4 rss 3 [anon:a] + 8-12 rss 3 [anon:b] + 13-15 rss 2 [anon:c]");
        EQUAL(remove_label(at, 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 8 * page(), 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 13 * page(), 2), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

static void a_label_of_mappings_that_differ(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        TRUE(mprotect(at + 8 * page(), 8 * page(), PROT_READ) == 0);
        TRUE(madvise(at + 7 * page(), page(), MADV_DONTNEED) == 0);
        EQUAL(label(at + 6 * page(), 4, "a"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "6-8 rss 1 [anon:a] + 8-10 rss 2 [anon:a]");
        EQUAL(remove_label(at + 6 * page(), 4), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

static void shared_anonymous_memory(void)
{
        char *at = map(PAGES, MAP_SHARED);

        EQUAL(label(at + 2 * page(), 4, "a"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "2-6 rss 4 [anon_shmem:a]");
        EQUAL(remove_label(at + 2 * page(), 4), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "");
        unmap(at, PAGES);
}

static void inner_whole_pages_have_it(void)
{
        char *at = map(PAGES, MAP_PRIVATE);
        struct mema_error error;

        EQUAL(mema_label(at + 1, 3 * page(), "a", 1, NULL, &error), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "1-3 rss 2 [anon:a]");
        EQUAL(mema_label_remove(at + page(), 2 * page() + 5, &error), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

static void ten_thousand_labels(void)
{
        enum { MANY = 10000 };
        char *at = map(2 * MANY, MAP_PRIVATE), name[32];

        for (size_t i = MANY; i-- > 0;) {
                snprintf(name, sizeof name, "cache %d", (int)(i % 100));
                EQUAL(label(at + 2 * i * page(), 1, name), MEMA_STATUS_OK);
        }
        read_self();
        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof name, "cache %d", i);
                EQUAL(resident(name), MANY / 100 * page());
        }
        mema_report_free(&r);
        for (size_t i = 0; i < MANY; i++)
                EQUAL(remove_label(at + 2 * i * page(), 1), MEMA_STATUS_OK);
        SHOWS(at, 2 * MANY, "");
        unmap(at, 2 * MANY);
}

/* Names ---------------------------------------------------------------------------- */

/* The report has them all; the kernel, where it has names, what fits its rules. */
static const struct {
        const char *name, *told;
} names[] = {
        { "TXMetaCache", "[anon:TXMetaCache]" },
        { " two words: ", "[anon: two words: ]" },
        { LONG_NAME, "[anon:" LONG_NAME "]" },
        { LONG_NAME "9", "[anon:" LONG_NAME "]" },
        { "cache[1]", "[anon:cache_1_]" },
        { "a\\b$c`d", "[anon:a_b_c_d]" },
        { "caf\xc3\xa9", "[anon:caf__]" },
        { "[]", "[anon:__]" },
        { LONG_NAME LONG_NAME LONG_NAME "012345678901234567", "[anon:" LONG_NAME "]" },
        { "glibc: malloc", "[anon:glibc: malloc]" },
};

/* The kernel's name for what begins at an address. */
static void told_name(const char *at, char *name, size_t size)
{
        static struct mema_region g;
        static const struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS };
        struct mema_error error;

        name[0] = '\0';
        mema_report_init(&r, NULL, &options);
        EQUAL(mema_collect_file(&r, "/proc/self/smaps", &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        for (uint64_t i = 0; i < r.row_count; i++) {
                mema_report_row(&r, i, &g);
                if (g.start == (uintptr_t)at)
                        snprintf(name, size, "%.*s", (int)g.name_length, g.name);
        }
        mema_report_free(&r);
}

static void any_name_in_the_report_and_a_fit_one_for_the_kernel(void)
{
        static const struct mema_label_options unnamed = { .unnamed = 1 };
        bool has_names = kernel_has_names();

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                for (int named = 0; named < 2; named++) {
                        char *at = map(PAGES, MAP_PRIVATE), told[512], shown[512];
                        struct mema_error error;

                        EQUAL(mema_label(at, 2 * page(), names[i].name, strlen(names[i].name),
                                         named ? NULL : &unnamed, &error),
                              MEMA_STATUS_OK);
                        snprintf(shown, sizeof shown, "0-2 rss 2 [anon:%s]", names[i].name);
                        shows(names[i].name, at, PAGES, shown, __LINE__);
                        told_name(at, told, sizeof told);
                        SAME_TEXT(told, named && has_names ? names[i].told : "");
                        EQUAL(remove_label(at, 2), MEMA_STATUS_OK);
                        told_name(at, told, sizeof told);
                        SAME_TEXT(told, "");
                        unmap(at, PAGES);
                }
        }
}

/* The kernel makes one mapping of what it knows by one name. */
static void names_that_the_kernel_cannot_tell_apart(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        EQUAL(label(at, 4, "cache[1]"), MEMA_STATUS_OK);
        EQUAL(label(at + 4 * page(), 4, "cache$1$"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "0-4 rss 4 [anon:cache[1]] + 4-8 rss 4 [anon:cache$1$]");
        EQUAL(remove_label(at, 4), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "4-8 rss 4 [anon:cache$1$]");
        EQUAL(remove_label(at + 4 * page(), 4), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

/* What is refused -------------------------------------------------------------------- */

#define REFUSED(at, size, name, wanted)                                                                  \
        do {                                                                                             \
                struct mema_error error = { 0 };                                                         \
                                                                                                         \
                EQUAL(mema_label(at, size, name, sizeof(name) - 1, NULL, &error), MEMA_STATUS_##wanted); \
                EQUAL(error.status, MEMA_STATUS_##wanted);                                               \
                TRUE(error.message[0] != '\0' && !first_harm(error.message, strlen(error.message)));     \
        } while (0)

static void what_is_no_page_or_no_name(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        REFUSED(at, 0, "a", NO_PAGE);
        REFUSED(at, page() - 1, "a", NO_PAGE);
        REFUSED(at + 1, 2 * page() - 2, "a", NO_PAGE);
        REFUSED(NULL, 0, "a", NO_PAGE);
        REFUSED((char *)UINTPTR_MAX, SIZE_MAX, "a", NO_PAGE);
        REFUSED(at, page(), "", BAD_NAME);
        REFUSED(at, page(), "a\nb", BAD_NAME);
        REFUSED(at, page(), "a\0b", BAD_NAME);
        REFUSED(at, page(), "\x1b[2J", BAD_NAME);
        REFUSED(at, page(), "\x7f", BAD_NAME);
        REFUSED(at, page(), LONG_NAME LONG_NAME LONG_NAME "0123456789012345678", BAD_NAME);
        SHOWS(at, PAGES, "");
        unmap(at, PAGES);
}

static void what_has_a_label(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        EQUAL(label(at + 4 * page(), 4, "first\\"), MEMA_STATUS_OK);
        REFUSED(at + 4 * page(), 4 * page(), "a", LABELED);
        REFUSED(at + 5 * page(), page(), "a", LABELED);
        REFUSED(at, 5 * page(), "a", LABELED);
        REFUSED(at + 7 * page(), 5 * page(), "a", LABELED);
        REFUSED(at, 16 * page(), "a", LABELED);
        EQUAL(label(at, 4, "a"), MEMA_STATUS_OK);
        EQUAL(label(at + 8 * page(), 4, "b"), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "0-4 rss 4 [anon:a] + 4-8 rss 4 [anon:first\\] + 8-12 rss 4 [anon:b]");
        EQUAL(remove_label(at, 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 4 * page(), 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at + 8 * page(), 4), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

static void what_is_not_mapped(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        munmap(at + 8 * page(), page());
        REFUSED(at, 16 * page(), "a", NOT_MAPPED);
        REFUSED(at + 8 * page(), page(), "a", NOT_MAPPED);
        REFUSED((char *)page(), page(), "a", NOT_MAPPED);
        SHOWS(at, PAGES, "");
        unmap(at, PAGES);
}

static void what_is_a_file_s(void)
{
        char *at = map(PAGES, MAP_PRIVATE);
        FILE *file = tmpfile();
        int memory = memfd_create("a", MFD_CLOEXEC);

        TRUE(file && ftruncate(fileno(file), (off_t)page()) == 0 && ftruncate(memory, (off_t)page()) == 0);
        mmap(at + 2 * page(), page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fileno(file), 0);
        mmap(at + 4 * page(), page(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(file), 0);
        mmap(at + 6 * page(), page(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory, 0);
        REFUSED(at + 2 * page(), page(), "a", NOT_ANONYMOUS);
        REFUSED(at + 4 * page(), page(), "a", NOT_ANONYMOUS);
        REFUSED(at + 6 * page(), page(), "a", NOT_ANONYMOUS);
        REFUSED(at, 3 * page(), "a", NOT_ANONYMOUS);
        SHOWS(at, PAGES, ""); /* nor have the pages before it */
        fclose(file);
        close(memory);
        unmap(at, PAGES);
}

static void what_is_around_an_anchor_is_the_go_heap(void)
{
        char *at = map(PAGES, MAP_PRIVATE), *other = map(PAGES, MAP_PRIVATE);
        struct mema_label_options options = { .anchor = (uintptr_t)at + 5 };
        struct mema_error error;

        munmap(at - page(), page());
        munmap(at + PAGES * page(), page());
        munmap(other - page(), page());
        munmap(other + PAGES * page(), page());
        EQUAL(mema_label(at, page(), "a", 1, &options, &error), MEMA_STATUS_ON_GO_HEAP);
        TRUE(mprotect(at, 8 * page(), PROT_NONE) == 0);
        EQUAL(mema_label(at + 8 * page(), page(), "a", 1, &options, &error), MEMA_STATUS_ON_GO_HEAP);
        EQUAL(mema_label(other, page(), "a", 1, &options, &error), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "");
        EQUAL(remove_label(other, 1), MEMA_STATUS_OK);
        munmap(at, PAGES * page());
        munmap(other, PAGES * page());
}

static void what_there_is_no_memory_for(void)
{
        char *at = map(PAGES, MAP_PRIVATE);
        struct mema_error error;
        enum mema_status status;
        uint64_t first = 0;

        if (!libc_is_apart())
                return;
        do {
                first++;
                fail_allocations(first, first);
                status = mema_label(at, page(), "a", 1, NULL, &error);
                TRUE(status == (allocations_failed() ? MEMA_STATUS_NO_MEMORY : MEMA_STATUS_OK));
        } while (status == MEMA_STATUS_NO_MEMORY);
        TRUE(first > 1);
        SHOWS(at, PAGES, "0-1 rss 1 [anon:a]");
        EQUAL(remove_label(at, 1), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

/* Ends ------------------------------------------------------------------------------- */

static void only_a_label_s_own_pages_take_it_back(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        EQUAL(remove_label(at, 4), MEMA_STATUS_NO_LABEL);
        EQUAL(label(at, 4, "a"), MEMA_STATUS_OK);
        EQUAL(remove_label(at, 3), MEMA_STATUS_NO_LABEL);
        EQUAL(remove_label(at, 5), MEMA_STATUS_NO_LABEL);
        EQUAL(remove_label(at + page(), 3), MEMA_STATUS_NO_LABEL);
        SHOWS(at, PAGES, "0-4 rss 4 [anon:a]");
        EQUAL(remove_label(at, 4), MEMA_STATUS_OK);
        EQUAL(remove_label(at, 4), MEMA_STATUS_NO_LABEL);
        SHOWS(at, PAGES, "");
        unmap(at, PAGES);
}

/* A stranger's memory has it, but a file never. */
static void a_label_that_outlives_its_mapping(void)
{
        char *at = map(PAGES, MAP_PRIVATE);
        FILE *file = tmpfile();

        TRUE(file && ftruncate(fileno(file), (off_t)(PAGES * page())) == 0);
        EQUAL(label(at + 2 * page(), 8, "a"), MEMA_STATUS_OK);
        munmap(at, 4 * page());
        SHOWS(at, PAGES, "4-10 rss 6 [anon:a]");
        munmap(at, PAGES * page());
        SHOWS(at, PAGES, "");
        mmap(at, PAGES * page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fileno(file), 0);
        touch(at, PAGES);
        SHOWS(at, PAGES, "");
        mmap(at, PAGES * page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        touch(at, PAGES);
        SHOWS(at, PAGES, "2-10 rss 8 [anon:a]");
        EQUAL(remove_label(at + 2 * page(), 8), MEMA_STATUS_OK);
        SHOWS(at, PAGES, "");
        fclose(file);
        unmap(at, PAGES);
}

/* Others ------------------------------------------------------------------------------- */

/* What a child has to say, in memory that it shares. */
struct told {
        char *part, *whole;
        char shown_part[256], shown_whole[256], warnings[1024];
};

static void tell(void *with)
{
        struct told *t = with;
        char text[128];

        read_self();
        list(t->part, PAGES, t->shown_part, sizeof t->shown_part);
        list(t->whole, PAGES, t->shown_whole, sizeof t->shown_whole);
        for (unsigned i = 0; mema_report_warning(&r, i, text, sizeof text) > 0; i++)
                strcat(t->warnings, text);
}

static void label_and_tell(void *with)
{
        struct told *t = with;

        if (label(t->part + 2 * page(), 2, "part") == MEMA_STATUS_OK &&
            label(t->whole, PAGES, "whole") == MEMA_STATUS_OK)
                tell(with);
}

static struct told *told_new(void)
{
        struct told *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        TRUE(t != MAP_FAILED);
        t->part = map(PAGES, MAP_PRIVATE);
        t->whole = map(PAGES, MAP_PRIVATE);
        return t;
}

static void told_free(struct told *t)
{
        unmap(t->part, PAGES);
        unmap(t->whole, PAGES);
        munmap(t, sizeof *t);
}

static bool become_nothing_else(void)
{
        return true;
}

static void a_child_has_its_parent_s_labels(void)
{
        struct told *t = told_new();

        EQUAL(label(t->part + 2 * page(), 2, "part"), MEMA_STATUS_OK);
        TRUE(in_child(become_nothing_else, tell, t));
        SAME_TEXT(t->shown_part, "2-4 rss 2 [anon:part]");
        EQUAL(remove_label(t->part + 2 * page(), 2), MEMA_STATUS_OK);
        told_free(t);
}

static bool become_protected(void)
{
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
                return false;
        return prctl(PR_SET_DUMPABLE, 0) == 0 && access("/proc/self/pagemap", R_OK) != 0;
}

/* What of a part is resident nobody can say, then; of a whole mapping, smaps does. */
static void not_root_and_not_dumpable(void)
{
        static const char warning[] =
                "Labels not shown, for lack of memory or of access to /proc/self/pagemap: 1";
        struct told *t = told_new();
        bool names_here = kernel_has_names();

        if (in_child(become_protected, label_and_tell, t)) {
                SAME_TEXT(t->shown_whole, "0-16 rss 16 [anon:whole]");
                SAME_TEXT(t->shown_part, names_here ? "2-4 rss 2 [anon:part]" : "");
                EQUAL(strstr(t->warnings, warning) != NULL, !names_here);
        } else {
                skipped("a process that is not dumpable", "it may read its pagemap here");
        }
        told_free(t);
}

static bool become_one_without_prctl(void)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1 /* EPERM */),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { sizeof code / sizeof *code, code };

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void without_prctl(void)
{
        struct told *t = told_new();

        if (in_child(become_one_without_prctl, label_and_tell, t)) {
                SAME_TEXT(t->shown_part, "2-4 rss 2 [anon:part]");
                SAME_TEXT(t->shown_whole, "0-16 rss 16 [anon:whole]");
                TRUE(strstr(t->warnings, "Labels") == NULL);
        } else {
                skipped("a process without prctl", "there is no seccomp here");
        }
        told_free(t);
}

static void *label_each_page(void *argument)
{
        char *at = argument;

        for (size_t round = 0; round < 20; round++) {
                for (size_t i = 0; i < PAGES; i++)
                        label(at + i * page(), 1, "thread");
                for (size_t i = 0; i < PAGES && round < 19; i++)
                        remove_label(at + i * page(), 1);
        }
        return NULL;
}

static void threads_at_once(void)
{
        enum { THREADS = 4 };
        pthread_t thread[THREADS];
        char *at[THREADS];

        for (int i = 0; i < THREADS; i++) {
                at[i] = map(PAGES, MAP_PRIVATE);
                TRUE(pthread_create(&thread[i], NULL, label_each_page, at[i]) == 0);
        }
        read_self();
        mema_report_free(&r);
        for (int i = 0; i < THREADS; i++)
                pthread_join(thread[i], NULL);
        for (int i = 0; i < THREADS; i++) {
                SHOWS(at[i], PAGES, "0-16 rss 16 [anon:thread]");
                for (size_t k = 0; k < PAGES; k++)
                        EQUAL(remove_label(at[i] + k * page(), 1), MEMA_STATUS_OK);
                unmap(at[i], PAGES);
        }
}

SUITE(self_labels, CASE(parts_of_a_mapping), CASE(of_a_part_what_is_resident), CASE(neighbors_that_merge),
      CASE(a_label_of_mappings_that_differ), CASE(shared_anonymous_memory), CASE(inner_whole_pages_have_it),
      CASE(ten_thousand_labels), CASE(any_name_in_the_report_and_a_fit_one_for_the_kernel),
      CASE(names_that_the_kernel_cannot_tell_apart), CASE(what_is_no_page_or_no_name), CASE(what_has_a_label),
      CASE(what_is_not_mapped), CASE(what_is_a_file_s), CASE(what_is_around_an_anchor_is_the_go_heap),
      CASE(what_there_is_no_memory_for), CASE(only_a_label_s_own_pages_take_it_back),
      CASE(a_label_that_outlives_its_mapping), CASE(a_child_has_its_parent_s_labels),
      CASE(not_root_and_not_dumpable), CASE(without_prctl), CASE(threads_at_once));
