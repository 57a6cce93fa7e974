/* test_self_labels.c - labels of this process: how its reports show them, which memory is refused,
 * and what the kernel is told, on kernels with names for anonymous memory and without. */
#define _GNU_SOURCE
#include "failing.h"
#include "records.h"
#include "expect_capture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KERNEL_NAME_MAX 79
#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
_Static_assert(sizeof LONG_NAME - 1 == KERNEL_NAME_MAX, "the longest that the kernel takes");

enum { PAGES = 16 };

#ifdef __SANITIZE_ADDRESS__
static const bool has_sanitizer = true;
#else
static const bool has_sanitizer = false;
#endif

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

/* Touched memory between two guard pages, so that it merges with no other mapping. */
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

/* Names memory as another library in this process would; false if the kernel has no names. */
static bool name_by_prctl(const char *at, size_t pages, const char *name)
{
        enum { SET_VMA = 0x53564d41, SET_VMA_ANON_NAME = 0 };

        return prctl(SET_VMA, SET_VMA_ANON_NAME, at, pages * page(), name) == 0;
}

static bool kernel_has_names(void)
{
        char *at = map(1, MAP_PRIVATE);
        bool has = name_by_prctl(at, 1, "a");

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

/* Writes a range in pages from `at`, behind a " + " unless it is the first; false if it is not among the
 * `pages`. */
static bool put_range(uint64_t start, uint64_t end, const char *at, size_t pages, char *text, size_t size)
{
        size_t len = strlen(text);

        if (start < (uintptr_t)at || end > (uintptr_t)at + pages * page())
                return false;
        snprintf(text + len, size - len, "%s%d-%d ", len > 0 ? " + " : "",
                 (int)((start - (uintptr_t)at) / page()), (int)((end - (uintptr_t)at) / page()));
        return true;
}

/* Lists the named rows among `pages` from `at`: "2-4 rss 2 [anon:utxo] + ...". */
static void list(const char *at, size_t pages, char *text, size_t size)
{
        struct mema_region g;

        text[0] = '\0';
        for (uint64_t i = 0; i < r.row_count; i++) {
                mema_report_row(&r, i, &g);
                if (g.category != MEMA_CATEGORY_NAMED || !put_range(g.start, g.end, at, pages, text, size))
                        continue;
                EQUAL(g.method, MEMA_METHOD_NAMED);
                snprintf(text + strlen(text), size - strlen(text), "rss %d %.*s",
                         (int)(g.value[MEMA_FIELD_RSS] / page()), (int)g.name_length, g.name);
        }
}

/* Lists the names given by prctl in /proc/self/maps among `pages` from `at`: "2-4 [anon:utxo] + ...". */
static void list_kernel_names(const char *at, size_t pages, char *text, size_t size)
{
        FILE *maps = fopen("/proc/self/maps", "r");
        char line[8192];

        text[0] = '\0';
        TRUE(maps != NULL);
        while (maps && fgets(line, sizeof line, maps)) {
                uint64_t start, end;
                int name = 0;

                line[strcspn(line, "\n")] = '\0';
                if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %n", &start, &end, &name) >= 2 &&
                    name > 0 && strncmp(line + name, "[anon", 5) == 0 &&
                    put_range(start, end, at, pages, text, size))
                        snprintf(text + strlen(text), size - strlen(text), "%s", line + name);
        }
        if (maps)
                fclose(maps);
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

/* `expected` is for kernels with names; others show none. */
static void kernel_names(const char *what, const char *at, size_t pages, const char *expected, int line)
{
        char text[1024];

        list_kernel_names(at, pages, text, sizeof text);
        equal_text(what, text, kernel_has_names() ? expected : "", __FILE__, line);
}
#define KERNEL_NAMES(at, pages, expected) kernel_names("the kernel's names", at, pages, expected, __LINE__)

/* Bytes resident under a name. */
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

/* Runs `does` in a child after `become`; false if that failed. */
static bool in_child(bool (*become)(void), void (*does)(void *), void *with)
{
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                if (!become())
                        _exit(1);
                does(with);
                _exit(0);
        }
        TRUE(waitpid(child, &status, 0) == child);
        TRUE(WIFEXITED(status));
        return status == 0;
}

/* Parts of mappings -------------------------------------------------------------- */

/* Labels of parts of a mapping of 16 resident pages, and how they are shown. */
static const struct {
        const char *what, *labels, *shown;
} parts[] = {
        /* clang-format off */
        { "all of it",              "0-16 a",          "0-16 rss 16 [anon:a]" },
        { "its beginning",          "0-2 a",           "0-2 rss 2 [anon:a]" },
        { "its middle",             "2-4 a",           "2-4 rss 2 [anon:a]" },
        { "its end",                "14-16 a",         "14-16 rss 2 [anon:a]" },
        { "two parts",              "2-4 a 6-9 b",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:b]" },
        { "the higher first",       "6-9 b 2-4 a",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:b]" },
        { "with one name",          "2-4 a 6-9 a",     "2-4 rss 2 [anon:a] + 6-9 rss 3 [anon:a]" },
        { "adjoining",              "2-4 a 4-6 b",     "2-4 rss 2 [anon:a] + 4-6 rss 2 [anon:b]" },
        { "adjoining, one name",    "2-4 a 4-6 a",     "2-6 rss 4 [anon:a]" },
        { "that cover all of it",   "0-9 a 9-16 b",    "0-9 rss 9 [anon:a] + 9-16 rss 7 [anon:b]" },
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

static void only_resident_pages_of_a_part_count(void)
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

/* A kernel without names merges them. */
static void labels_of_mappings_that_merge(void)
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

static void only_whole_pages_are_labeled(void)
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

/* Names, and how a kernel that has names shows them. */
static const struct {
        const char *name, *kernel;
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

static void reports_have_any_name_and_the_kernel_one_that_fits(void)
{
        static const struct mema_label_options unnamed = { .unnamed = true };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                for (int named = 0; named < 2; named++) {
                        char *at = map(PAGES, MAP_PRIVATE), shown[512], kernel[512] = "";
                        struct mema_error error;

                        EQUAL(mema_label(at, 2 * page(), names[i].name, strlen(names[i].name),
                                         named ? NULL : &unnamed, &error),
                              MEMA_STATUS_OK);
                        snprintf(shown, sizeof shown, "0-2 rss 2 [anon:%s]", names[i].name);
                        shows(names[i].name, at, PAGES, shown, __LINE__);
                        if (named)
                                snprintf(kernel, sizeof kernel, "0-2 %s", names[i].kernel);
                        KERNEL_NAMES(at, PAGES, kernel);
                        EQUAL(remove_label(at, 2), MEMA_STATUS_OK);
                        KERNEL_NAMES(at, PAGES, "");
                        unmap(at, PAGES);
                }
        }
}

/* The kernel merges mappings that have one name for it. */
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

/* Refusals -------------------------------------------------------------------- */

#define REFUSED(at, size, name, wanted)                                                                  \
        do {                                                                                             \
                struct mema_error error = { 0 };                                                         \
                                                                                                         \
                EQUAL(mema_label(at, size, name, sizeof(name) - 1, NULL, &error), MEMA_STATUS_##wanted); \
                EQUAL(error.status, MEMA_STATUS_##wanted);                                               \
                TRUE(error.message[0] != '\0' && !first_harm(error.message, strlen(error.message)));     \
        } while (0)

static void less_than_a_page_and_bad_names_are_refused(void)
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

static void labeled_memory_is_refused(void)
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

static void unmapped_memory_is_refused(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        munmap(at + 8 * page(), page());
        REFUSED(at, 16 * page(), "a", NOT_MAPPED);
        REFUSED(at + 8 * page(), page(), "a", NOT_MAPPED);
        REFUSED((char *)page(), page(), "a", NOT_MAPPED);
        SHOWS(at, PAGES, "");
        KERNEL_NAMES(at, PAGES, "");
        unmap(at, PAGES);
}

static void the_kernel_s_and_the_main_stack_are_refused(void)
{
        /* A sanitizer can have local variables elsewhere. */
        char *stack = (char *)((uintptr_t)__builtin_frame_address(0) / page() * page());
        char *vdso = (char *)getauxval(AT_SYSINFO_EHDR), text[64];

        REFUSED(stack, page(), "a", NOT_ANONYMOUS);
        if (!vdso) {
                skipped("a label of the vdso", "there is none");
                return;
        }
        REFUSED(vdso, page(), "a", NOT_ANONYMOUS);
        list_kernel_names(vdso, 4, text, sizeof text);
        SAME_TEXT(text, "");
}

/* A file of one page of shared memory that has no name, as a memfd; -1 if none can be made. */
static int unlinked_shared_memory(void)
{
        char path[] = "/dev/shm/memanalyzer-test-XXXXXX";
        int fd = mkstemp(path);

        if (fd >= 0)
                unlink(path);
        else
                skipped("a label of an unlinked file in /dev/shm", "none can be made");
        return fd;
}

/* Linux 6.2 and later gives names also to a memfd and to a file in memory that was unlinked. */
static void memory_of_files_is_refused(void)
{
        char *at = map(PAGES, MAP_PRIVATE);
        FILE *unlinked = tmpfile();
        const int files[] = { fileno(unlinked), memfd_create("a", MFD_CLOEXEC), unlinked_shared_memory() };
        static const int flags[] = { MAP_PRIVATE, MAP_SHARED };
        char text[128];
        bool named;

        for (size_t i = 0; i < 2 * sizeof files / sizeof *files; i++) {
                int fd = files[i / 2];

                if (fd < 0)
                        continue;
                EQUAL(ftruncate(fd, (off_t)page()), 0);
                mmap(at + 2 * page(), page(), PROT_READ | PROT_WRITE, flags[i % 2] | MAP_FIXED, fd, 0);
                touch(at + 2 * page(), 1);
                REFUSED(at + 2 * page(), page(), "a", NOT_ANONYMOUS);
                REFUSED(at, 3 * page(), "a", NOT_ANONYMOUS);
                REFUSED(at, PAGES * page(), "a", NOT_ANONYMOUS);
                SHOWS(at, PAGES, "");
                named = name_by_prctl(at + 2 * page(), 1, "x");
                REFUSED(at, PAGES * page(), "a", NOT_ANONYMOUS);
                list_kernel_names(at, PAGES, text, sizeof text);
                SAME_TEXT(text, named ? "2-3 [anon_shmem:x]" : "");
        }
        for (size_t i = 1; i < sizeof files / sizeof *files; i++)
                close(files[i]);
        fclose(unlinked);
        unmap(at, PAGES);
}

static void the_run_around_an_anchor_is_the_go_heap(void)
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

/* The kernel's names ----------------------------------------------------------- */

/* Two names of another library's, one of them empty, in a mapping of 16 pages. */
#define OTHER_S_NAMES "2-6 [anon:x] + 8-10 [anon:]"

static char *map_with_names(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        EQUAL(name_by_prctl(at + 2 * page(), 4, "x"), kernel_has_names());
        name_by_prctl(at + 8 * page(), 2, "");
        KERNEL_NAMES(at, PAGES, OTHER_S_NAMES);
        return at;
}

static void a_label_replaces_names_until_it_is_removed(void)
{
        char *at = map_with_names();

        EQUAL(label(at + page(), 8, "a"), MEMA_STATUS_OK);
        KERNEL_NAMES(at, PAGES, "1-9 [anon:a] + 9-10 [anon:]");
        EQUAL(remove_label(at + page(), 8), MEMA_STATUS_OK);
        KERNEL_NAMES(at, PAGES, "9-10 [anon:]");
        unmap(at, PAGES);
}

static void names_survive_a_label_that_is_refused(void)
{
        char *at = map_with_names();
        struct mema_label_options options = { .anchor = (uintptr_t)at };

        EQUAL(label(at + 12 * page(), 2, "first"), MEMA_STATUS_OK);
        REFUSED(at, 13 * page(), "a", LABELED);
        EQUAL(remove_label(at + 12 * page(), 2), MEMA_STATUS_OK);
        EQUAL(mema_label(at, 12 * page(), "a", 1, &options, &(struct mema_error){ 0 }),
              MEMA_STATUS_ON_GO_HEAP);
        KERNEL_NAMES(at, PAGES, OTHER_S_NAMES);
        munmap(at + 14 * page(), page());
        REFUSED(at, PAGES * page(), "a", NOT_MAPPED);
        mmap(at + 14 * page(), page(), PROT_READ, MAP_PRIVATE | MAP_FIXED,
             open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0);
        REFUSED(at, PAGES * page(), "a", NOT_ANONYMOUS);
        KERNEL_NAMES(at, PAGES, OTHER_S_NAMES);
        unmap(at, PAGES);
}

/* Before Linux 6.2 the kernel names the private pages and refuses the shared ones.  Its names are all or
 * none then; reports have the label in any case. */
static void names_come_back_if_the_kernel_refuses_shared_memory(void)
{
        char *at = map_with_names();
        bool takes_shared;

        mmap(at + 10 * page(), 6 * page(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
             0);
        touch(at + 10 * page(), 6);
        takes_shared = name_by_prctl(at + 10 * page(), 6, "y");
        EQUAL(label(at + page(), 12, "a"), MEMA_STATUS_OK);
        read_self();
        EQUAL(resident("a"), 12 * page());
        mema_report_free(&r);
        KERNEL_NAMES(at, 10, takes_shared ? "1-10 [anon:a]" : OTHER_S_NAMES);
        EQUAL(remove_label(at + page(), 12), MEMA_STATUS_OK);
        KERNEL_NAMES(at, 10, takes_shared ? "" : OTHER_S_NAMES);
        unmap(at, PAGES);
}

/* Splits mappings until this process has as many as it may have. */
static bool fill_mappings(void)
{
        enum { MOST = 1 << 17 };
        char *at = mmap(NULL, MOST * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        size_t i = 1;

        while (at != MAP_FAILED && i < MOST && mprotect(at + i * page(), page(), PROT_READ) == 0)
                i += 2;
        return at != MAP_FAILED && i < MOST;
}

/* A label of pages 0 to 8 can rename pages 0 to 4, but has no mapping for pages 4 to 8. */
static void label_without_room(void *with)
{
        static const char old[] = "0-4 [anon:x]";
        char **at = with, text[512];

        if (label(*at, 8, "a") != MEMA_STATUS_OK)
                _exit(2);
        list_kernel_names(*at, PAGES, text, sizeof text);
        if (strcmp(text, old) != 0)
                _exit(3);
        if (remove_label(*at, 8) != MEMA_STATUS_OK)
                _exit(4);
        list_kernel_names(*at, PAGES, text, sizeof text);
        if (strcmp(text, old) != 0)
                _exit(5);
}

static void names_come_back_if_the_kernel_has_no_mapping_left(void)
{
        char *at = map(PAGES, MAP_PRIVATE);

        if (has_sanitizer)
                skipped("a process without a mapping left", "the sanitizer needs some");
        else if (!name_by_prctl(at, 4, "x"))
                skipped("a process without a mapping left", "this kernel has no names");
        else if (access("/proc/sys/vm/max_map_count", R_OK) != 0)
                skipped("a process without a mapping left", "their number is not limited");
        else
                TRUE(in_child(fill_mappings, label_without_room, &at));
        unmap(at, PAGES);
}

static void names_survive_if_memory_runs_out(void)
{
        char *at = map_with_names();
        enum mema_status status;
        uint64_t first = 0, failed;

        do {
                first++;
                fail_allocations(first, first);
                status = label(at, 12, "a");
                failed = allocations_failed();
                if (failed > 0) {
                        EQUAL(status, MEMA_STATUS_NO_MEMORY);
                        KERNEL_NAMES(at, PAGES, OTHER_S_NAMES);
                        SHOWS(at + 10 * page(), 6, "");
                }
        } while (failed > 0);
        EQUAL(status, MEMA_STATUS_OK);
        TRUE(first > 2);
        EQUAL(remove_label(at, 12), MEMA_STATUS_OK);
        unmap(at, PAGES);
}

/* Removal ---------------------------------------------------------------------------- */

static void a_label_is_removed_by_exactly_its_pages(void)
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

/* Anonymous memory that is mapped there later has it, a file does not. */
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

/* Processes ---------------------------------------------------------------------------- */

/* What a child saw, in memory that it shares with its parent. */
struct seen {
        char *part, *whole;
        char shown_part[256], shown_whole[256], warnings[1024];
};

static void see(void *with)
{
        struct seen *t = with;
        char text[128];

        read_self();
        list(t->part, PAGES, t->shown_part, sizeof t->shown_part);
        list(t->whole, PAGES, t->shown_whole, sizeof t->shown_whole);
        for (unsigned i = 0; mema_report_warning(&r, i, text, sizeof text) > 0; i++)
                strcat(t->warnings, text);
}

static void label_and_see(void *with)
{
        struct seen *t = with;

        if (label(t->part + 2 * page(), 2, "part") == MEMA_STATUS_OK &&
            label(t->whole, PAGES, "whole") == MEMA_STATUS_OK)
                see(with);
}

static struct seen *seen_new(void)
{
        struct seen *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        TRUE(t != MAP_FAILED);
        t->part = map(PAGES, MAP_PRIVATE);
        t->whole = map(PAGES, MAP_PRIVATE);
        return t;
}

static void seen_free(struct seen *t)
{
        unmap(t->part, PAGES);
        unmap(t->whole, PAGES);
        munmap(t, sizeof *t);
}

static bool stay_as_it_is(void)
{
        return true;
}

static void a_child_has_the_labels_of_its_parent(void)
{
        struct seen *t = seen_new();

        EQUAL(label(t->part + 2 * page(), 2, "part"), MEMA_STATUS_OK);
        TRUE(in_child(stay_as_it_is, see, t));
        SAME_TEXT(t->shown_part, "2-4 rss 2 [anon:part]");
        EQUAL(remove_label(t->part + 2 * page(), 2), MEMA_STATUS_OK);
        seen_free(t);
}

static bool stop_being_dumpable(void)
{
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
                return false;
        return prctl(PR_SET_DUMPABLE, 0) == 0 && access("/proc/self/pagemap", R_OK) != 0;
}

/* It cannot read pagemap, so that nothing says how much of a part is resident.  For a whole mapping, smaps
 * does. */
static void a_process_that_is_not_dumpable_shows_whole_mappings(void)
{
        static const char warning[] =
                "Labels not shown, for lack of memory or of access to /proc/self/pagemap: 1";
        struct seen *t = seen_new();
        bool names_here = kernel_has_names();

        if (in_child(stop_being_dumpable, label_and_see, t)) {
                SAME_TEXT(t->shown_whole, "0-16 rss 16 [anon:whole]");
                SAME_TEXT(t->shown_part, names_here ? "2-4 rss 2 [anon:part]" : "");
                EQUAL(strstr(t->warnings, warning) != NULL, !names_here);
        } else {
                skipped("a process that is not dumpable", "it may read its pagemap here");
        }
        seen_free(t);
}

static bool lose_prctl(void)
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

static void a_process_without_prctl_shows_all_labels(void)
{
        struct seen *t = seen_new();

        if (in_child(lose_prctl, label_and_see, t)) {
                SAME_TEXT(t->shown_part, "2-4 rss 2 [anon:part]");
                SAME_TEXT(t->shown_whole, "0-16 rss 16 [anon:whole]");
                TRUE(strstr(t->warnings, "Labels") == NULL);
        } else {
                skipped("a process without prctl", "there is no seccomp here");
        }
        seen_free(t);
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

static void threads_label_at_once(void)
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

SUITE(self_labels, CASE(parts_of_a_mapping), CASE(only_resident_pages_of_a_part_count),
      CASE(labels_of_mappings_that_merge), CASE(a_label_of_mappings_that_differ),
      CASE(shared_anonymous_memory), CASE(only_whole_pages_are_labeled), CASE(ten_thousand_labels),
      CASE(reports_have_any_name_and_the_kernel_one_that_fits), CASE(names_that_the_kernel_cannot_tell_apart),
      CASE(less_than_a_page_and_bad_names_are_refused), CASE(labeled_memory_is_refused),
      CASE(unmapped_memory_is_refused), CASE(the_kernel_s_and_the_main_stack_are_refused),
      CASE(memory_of_files_is_refused), CASE(the_run_around_an_anchor_is_the_go_heap),
      CASE(a_label_replaces_names_until_it_is_removed), CASE(names_survive_a_label_that_is_refused),
      CASE(names_come_back_if_the_kernel_refuses_shared_memory),
      CASE(names_come_back_if_the_kernel_has_no_mapping_left), CASE(names_survive_if_memory_runs_out),
      CASE(a_label_is_removed_by_exactly_its_pages), CASE(a_label_that_outlives_its_mapping),
      CASE(a_child_has_the_labels_of_its_parent), CASE(a_process_that_is_not_dumpable_shows_whole_mappings),
      CASE(a_process_without_prctl_shows_all_labels), CASE(threads_label_at_once));
