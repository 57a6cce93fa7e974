/* test_save.c - writing a capture: its pieces, its limits, and the file that the command line makes.
 * That it reads back as the same report is checked by the tests of live processes: test_self_memory.c,
 * test_self_labels.c, test_stacks.c. */
#define _GNU_SOURCE
#include "../self_memory.h"
#include "../source_text.h"
#include "records.h"
#include "expect_capture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct mema_report r;
static const struct mema_options all = { .top = MEMA_ALL, .sort = MEMA_SORT_ADDRESS };

static enum mema_status read_self(bool kept, struct mema_error *error)
{
        struct mema_options options = all;
        enum mema_status status;

        options.keep_text = kept;
        mema_report_init(&r, NULL, &options);
        status = mema_collect(&r, 0, error);
        mema_report_finish(&r, NULL);
        return status;
}

/* Text -------------------------------------------------------------------------- */

static void pieces_of_any_size_are_one_text(void)
{
        static const size_t sizes[] = { 1, 7, 1000, 65536 };
        struct mema_error error;
        size_t len, whole_len;
        char *whole, *text;

        EQUAL(read_self(true, &error), MEMA_STATUS_OK);
        whole = save_text(&r, 1 << 24, &whole_len);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                text = save_text(&r, sizes[i], &len);
                TRUE(len == whole_len && memcmp(text, whole, len) == 0);
                free(text);
        }
        TRUE(whole_len > r._text.bytes && strncmp(whole, "# memanalyzer capture: 1\n", 25) == 0);
        free(whole);
        mema_report_free(&r);
}

static void a_report_without_its_text_saves_no_mappings(void)
{
        struct mema_error error;
        char *text;
        size_t len;

        EQUAL(read_self(false, &error), MEMA_STATUS_OK);
        text = save_text(&r, 4096, &len);
        for (size_t i = 0; i < len; i++)
                TRUE(text[i] != '\n' || i + 1 == len || text[i + 1] == '#');
        EQUAL(r._text.bytes, 0);
        free(text);
        mema_report_free(&r);
}

/* So that a reader notices if any of them is cut off. */
static void mappings_that_came_twice_count_twice(void)
{
        char *text, wanted[64];
        struct mema_error error;
        size_t len;

        EQUAL(read_self(true, &error), MEMA_STATUS_OK);
        r.checks.grown = 2;
        snprintf(wanted, sizeof wanted, "\n# mappings: %u\n", (unsigned)r.totals.mappings + 2);
        text = save_text(&r, 4096, &len);
        text[len] = '\0'; /* save_text leaves room for it */
        TRUE(strstr(text, wanted) != NULL);
        free(text);
        mema_report_free(&r);
}

/* As much as 65,530 mappings, the kernel's default limit. */
static void a_text_of_many_pieces(void)
{
        enum { BYTES = 50 << 20 };
        char *text = malloc(BYTES), *saved;
        size_t len;

        for (size_t i = 0; i < BYTES; i++)
                text[i] = (char)('a' + i % 23);
        mema_report_init(&r, NULL, &all);
        for (size_t used = 0, n; used < BYTES; used += n) {
                n = BYTES - used < 3072 ? BYTES - used : 3072;
                if (!mema_text_keep(&r._text, text + used, n))
                        break;
        }
        EQUAL(r._text.bytes, BYTES);
        saved = save_text(&r, 1 << 16, &len);
        TRUE(len > BYTES && memcmp(saved + len - BYTES, text, BYTES) == 0);
        free(saved);
        free(text);
        mema_report_free(&r);
}

static void a_text_beyond_a_gigabyte_is_an_error(void)
{
        static const struct mema_options kept = { .keep_text = true };
        struct mema_error error;

        mema_report_init(&r, NULL, &kept);
        r._text.bytes = (1 << 30) - 100;
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_NO_MEMORY);
        SAME_TEXT(error.message, "no memory to keep more than 1023 MB of the text of /proc/self/smaps");
        mema_report_free(&r);
}

/* Finds the owners of two regions under one label: its first half, and `second`, which overlaps that. */
static void look_at_two(char *at, size_t half, struct mema_region second)
{
        struct mema_region first = second;
        struct mema_self_memory *own;
        struct mema_error error;

        EQUAL(mema_label(at, 2 * half, "twice", 5, NULL, &error), MEMA_STATUS_OK);
        mema_report_init(&r, NULL, &all);
        own = mema_self_memory_open(&r);
        first.start = (uintptr_t)at;
        first.end = first.start + half;
        mema_self_memory_look(own, &first);
        EQUAL(r.context.owner_count, 1);
        mema_self_memory_look(own, &second);
        mema_self_memory_close(own);
        EQUAL(mema_label_remove(at, 2 * half, &error), MEMA_STATUS_OK);
}

/* If the process changed between two reads, the overlap keeps its first owner, unless the mapping has grown:
 * then the later region replaces the earlier one. */
static void owners_of_mappings_that_overlap_are_in_order(void)
{
        size_t half = 1 << 19;
        char *at = mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint64_t start = (uintptr_t)at, end = start + 2 * half;
        struct mema_region g = {
                .perms = "rw-p", .present = MEMA_BIT(MEMA_FIELD_RSS), .start = start, .end = end
        };

        look_at_two(at, half, g);
        EQUAL(r.context.owner_count, 1);
        EQUAL(r.context.owners[0].start, start);
        EQUAL(r.context.owners[0].end, end);
        mema_report_free(&r);

        g.start += 4096;
        look_at_two(at, half, g);
        EQUAL(r.context.owner_count, 2);
        EQUAL(r.context.owners[0].end, start + half);
        EQUAL(r.context.owners[1].start, start + half);
        EQUAL(r.context.owners[1].end, end);
        mema_report_free(&r);
        munmap(at, 2 * half);
}

/* Files --------------------------------------------------------------------------- */

#define RUN(...) run_program((char *const[]){ "bin/memanalyzer", __VA_ARGS__, NULL }, NULL)

static char folder[64], path[128];

static void make_folder(void)
{
        strcpy(folder, TEMPORARY);
        TRUE(mkdtemp(folder) != NULL);
        snprintf(path, sizeof path, "%s/capture.smaps", folder);
}

static void expect_not_saved(struct output o, int status, const char *why)
{
        char err[256];

        snprintf(err, sizeof err, "memanalyzer: Failed to save %s: %s\n", path, why);
        EQUAL(o.status, status);
        SAME_TEXT(o.out, "");
        SAME_TEXT(o.err, err);
        output_free(&o);
}

static void a_saved_file_has_the_same_report(void)
{
        char exe[] = "build/stopped", number[24];
        pid_t child = start_stopped(exe, exe);
        struct output shown, again, standard;
        struct guarded file;
        struct stat status;

        make_folder();
        snprintf(number, sizeof number, "%ld", (long)child);
        shown = RUN("-pid", number, "-save", path, "-all", "-unit", "B");
        again = RUN("-f", path, "-all", "-unit", "B");
        standard = RUN("-pid", number, "-save=-", "-format", "json");
        file = guarded_file(path);
        EQUAL(shown.status, 0);
        SAME_TEXT(shown.err, "");
        TRUE(strstr(shown.out, "Stopped Binary") != NULL);
        EQUAL(strcmp(shown.out, again.out), 0);
        EQUAL(standard.status, 0);
        TRUE(strncmp(standard.out, "# memanalyzer capture: 1\n# program: /", 37) == 0);
        TRUE(file.len > 37 && memcmp(file.data, standard.out, 37) == 0);
        TRUE(stat(path, &status) == 0);
        EQUAL(status.st_mode & 0777, 0600);
        guarded_free(&file);
        output_free(&shown);
        output_free(&again);
        output_free(&standard);
        end_child(child);
        unlink(path);
        rmdir(folder);
}

static void a_file_is_never_overwritten(void)
{
        struct guarded file;

        make_folder();
        TRUE(symlink("nowhere", path) == 0);
        expect_not_saved(RUN("-save", path), 1, "File exists; -save wants the name of a new file");
        unlink(path);
        copy_file("testdata/README.md", path);
        expect_not_saved(RUN("-save", path), 1, "File exists; -save wants the name of a new file");
        file = guarded_file(path);
        TRUE(file.len > 0 && memcmp(file.data, "# ", 2) == 0 &&
             strncmp(file.data, "# memanalyzer capture", 21));
        guarded_free(&file);
        unlink(path);
        rmdir(folder);
        expect_not_saved(RUN("-save", path), 1, "No such file or directory");
}

/* Neither if the process does not exist, nor if the disk is full. */
static void a_failure_leaves_no_file(void)
{
        struct rlimit limit, few;
        struct output o;

        make_folder();
        o = RUN("-pid", "2147483647", "-save", path);
        EQUAL(o.status, 3);
        EQUAL(access(path, F_OK), -1);
        output_free(&o);
        TRUE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
        few = (struct rlimit){ 4096, limit.rlim_max };
        signal(SIGXFSZ, SIG_IGN);
        TRUE(setrlimit(RLIMIT_FSIZE, &few) == 0);
        o = RUN("-save", path);
        TRUE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        signal(SIGXFSZ, SIG_DFL);
        expect_not_saved(o, 1, "File too large");
        EQUAL(access(path, F_OK), -1);
        rmdir(folder);
}

SUITE(save, CASE(pieces_of_any_size_are_one_text), CASE(a_report_without_its_text_saves_no_mappings),
      CASE(mappings_that_came_twice_count_twice), CASE(a_text_of_many_pieces),
      CASE(a_text_beyond_a_gigabyte_is_an_error), CASE(owners_of_mappings_that_overlap_are_in_order),
      CASE(a_saved_file_has_the_same_report), CASE(a_file_is_never_overwritten),
      CASE(a_failure_leaves_no_file));
