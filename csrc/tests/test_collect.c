/* test_collect.c - reports of processes, files and pieces of text, and the message of each failure. */
#define _GNU_SOURCE
#include "records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPTURE "testdata/real/go1.26-named-6.1.smaps"

static struct mema_report r;

static bool has(const char *text, const char *part)
{
        return strstr(text, part) != NULL;
}

static void begin(uint64_t top)
{
        struct mema_options options = { .top = top, .sort = MEMA_SORT_ADDRESS };

        mema_report_init(&r, NULL, &options);
}

/* Saves a text in a file that has a path until it is closed. */
static FILE *saved(const char *text, char path[64])
{
        FILE *f = tmpfile();

        if (!f) {
                perror("tmpfile");
                exit(EXIT_FAILURE);
        }
        fputs(text, f);
        fflush(f);
        snprintf(path, 64, "/proc/self/fd/%d", fileno(f));
        return f;
}

/* Processes ----------------------------------------------------------------- */

static void this_process(void)
{
        bool has_libraries = getauxval(AT_BASE) != 0; /* 0: linked statically, without a loader */
        struct mema_error error;

        begin(MEMA_ALL);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        expect_law("this process", &r);
        TRUE(r.totals.mappings > 5);
        TRUE(r.row_count > 5 && r.row_count <= r.totals.mappings);
        EQUAL(r.checks.rows_lost, 0);
        TRUE(r.category[MEMA_CATEGORY_BINARY].sums.value[MEMA_FIELD_RSS] > 0);
        EQUAL(r.category[MEMA_CATEGORY_LIBRARIES].sums.value[MEMA_FIELD_RSS] > 0, has_libraries);
        TRUE(r.category[MEMA_CATEGORY_STACK_MAIN].sums.value[MEMA_FIELD_RSS] > 0);
        TRUE(r.totals.value[MEMA_FIELD_RSS] >= r.totals.value[MEMA_FIELD_PSS]);
        EQUAL(r._counting.exe_guessed, 0);
        TRUE(!r.checks.totals_only);
        mema_report_free(&r);
}

static void this_process_by_its_number(void)
{
        struct mema_error error;
        uint64_t mappings;
        char program[64], path[4096] = "";

        begin(0);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        mappings = r.totals.mappings;
        mema_report_free(&r);
        begin(0);
        EQUAL(mema_collect(&r, (uint64_t)getpid(), &error), MEMA_STATUS_OK);
        TRUE(r.totals.mappings + 5 > mappings && mappings + 5 > r.totals.mappings);
        TRUE(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
        EQUAL(r.context.exe_length, strlen(path));
        TRUE(memcmp(r.context.exe, path, strlen(path)) == 0);
        TRUE(mema_report_program(&r, program, sizeof program) > 0);
        mema_report_free(&r);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
        return a > b ? a - b : b - a;
}

/* Approximately: both change while they are read. */
static void totals_are_close_to_statm(void)
{
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), pages = 0, resident = 0;
        struct mema_error error;
        FILE *f = fopen("/proc/self/statm", "r");

        TRUE(f && fscanf(f, "%" SCNu64 " %" SCNu64, &pages, &resident) == 2);
        if (f)
                fclose(f);
        begin(0);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        TRUE(distance(r.totals.value[MEMA_FIELD_RSS], resident * page) < 16 << 20);
        TRUE(distance(r.totals.value[MEMA_FIELD_SIZE], pages * page) < 64 << 20);
        mema_report_free(&r);
}

static void shared_memory_that_is_made_is_found(void)
{
        enum { SIZE = 24 << 20 };
        struct mema_error error;
        char *shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        TRUE(shared != MAP_FAILED);
        if (shared == MAP_FAILED)
                return;
        memset(shared, 1, SIZE);
        begin(0);
        EQUAL(mema_collect(&r, 0, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        TRUE(r.category[MEMA_CATEGORY_SHARED_ANON].sums.value[MEMA_FIELD_RSS] >= SIZE);
        TRUE(r.category[MEMA_CATEGORY_SHARED_ANON].sums.value[MEMA_FIELD_RSS] < SIZE + (8 << 20));
        mema_report_free(&r);
        munmap(shared, SIZE);
}

static void a_child(void)
{
        struct mema_error error;
        int end[2];
        pid_t child;
        char c;

        TRUE(pipe(end) == 0);
        child = fork();
        if (child == 0) {
                close(end[1]);
                _exit(read(end[0], &c, 1) != 0);
        }
        begin(20);
        EQUAL(mema_collect(&r, (uint64_t)child, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        expect_law("a child", &r);
        TRUE(r.totals.value[MEMA_FIELD_RSS] > 0);
        mema_report_free(&r);
        close(end[1]);
        close(end[0]);
        waitpid(child, NULL, 0);
}

/* Files --------------------------------------------------------------------- */

static void expect_no_file(const char *path, enum mema_status status, uint64_t system, const char *message)
{
        struct mema_error error;

        begin(20);
        EQUAL(mema_collect_file(&r, path, &error), status);
        EQUAL(error.status, status);
        EQUAL(error.system, system);
        SAME_TEXT(error.message, message);
        mema_report_free(&r);
}

static void files_that_cannot_be_read(void)
{
        expect_no_file("testdata/no-such-file", MEMA_STATUS_SYSTEM, ENOENT,
                       "Failed to open testdata/no-such-file: No such file or directory");
        expect_no_file("testdata", MEMA_STATUS_SYSTEM, EISDIR, "Failed to read testdata: Is a directory");
        expect_no_file("testdata/\x1b[2J", MEMA_STATUS_SYSTEM, ENOENT,
                       "Failed to open testdata/\\x1b[2J: No such file or directory");
}

/* `message` is without the path before it. */
static void expect_wrong(const char *text, enum mema_status status, uint64_t line, uint64_t column,
                         const char *message)
{
        char path[64], wanted[MEMA_MESSAGE_MAX];
        FILE *f = saved(text, path);
        struct mema_error error;

        snprintf(wanted, sizeof wanted, "%s:%s", path, message);
        begin(20);
        EQUAL(mema_collect_file(&r, path, &error), status);
        EQUAL(error.status, status);
        EQUAL(error.line, line);
        EQUAL(error.column, column);
        SAME_TEXT(error.message, wanted);
        mema_report_free(&r);
        fclose(f);
}

#define MAPPING "00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat\n"

static void files_that_are_malformed(void)
{
        expect_wrong("", MEMA_STATUS_EMPTY, 0, 0,
                     " the input is empty: no address space, or nothing was written to it");
        expect_wrong(MAPPING "Rss: -4 kB\n", MEMA_STATUS_MALFORMED, 2, 6,
                     "2:6: Rss wants a number of kB, not \"-4\"");
        expect_wrong(MAPPING "Rss: 4 kB\nPss: 4", MEMA_STATUS_TRUNCATED, 3, 7,
                     "3:7: Pss wants a number of kB, but the input ends here");
        expect_wrong(MAPPING "Rss: 18446744073709551615 kB\n", MEMA_STATUS_OVERFLOW, 2, 6,
                     "2:6: Rss wants a number below 2^64 bytes, not \"18446744073709551615\"");
}

/* The excerpt in the message is not cut inside an escape. */
static void an_excerpt_of_control_characters_is_complete(void)
{
        char text[40], message[MEMA_MESSAGE_MAX];

        memset(text, 1, sizeof text);
        text[32] = '\n';
        text[33] = '\0';
        snprintf(message, sizeof message,
                 "1:1: a smaps file wants a mapping first, such as \"00400000-0040b000 r-xp 00000000 "
                 "08:02 17 /bin/cat\", not \"%s\"",
                 "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01"
                 "\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01");
        expect_wrong(text, MEMA_STATUS_MALFORMED, 1, 1, message);
}

/* The message has the file and the line, as that of a parse error has. */
static void sums_that_overflow(void)
{
        static const char text[] = MAPPING "Rss: 18014398509481983 kB\n" MAPPING "Rss: 4 kB\n";
        char path[64], start[80];
        FILE *f = saved(text, path);
        struct mema_error error;

        snprintf(start, sizeof start, "%s:3:1: ", path);
        begin(20);
        EQUAL(mema_collect_file(&r, path, &error), MEMA_STATUS_OVERFLOW);
        EQUAL(error.line, 3);
        TRUE(has(error.message, "2^64"));
        if (strncmp(error.message, start, strlen(start)) != 0)
                SAME_TEXT(error.message, start);
        mema_report_free(&r);
        fclose(f);
}

static void a_capture_from_a_file(void)
{
        struct mema_error error;

        begin(20);
        EQUAL(mema_collect_file(&r, CAPTURE, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        expect_law(CAPTURE, &r);
        EQUAL(r.row_count, 20);
        EQUAL(r.name_count, 4);
        EQUAL(r._counting.exe_guessed, 1);
        mema_report_free(&r);
}

/* Pieces -------------------------------------------------------------------- */

static void expect_same_report(const struct mema_report *a, const struct mema_report *b)
{
        EQUAL(a->row_count, b->row_count);
        EQUAL(a->name_count, b->name_count);
        TRUE(memcmp(&a->totals, &b->totals, sizeof a->totals) == 0);
        TRUE(memcmp(a->category, b->category, sizeof a->category) == 0);
        for (uint64_t i = 0; i < a->row_count && i < b->row_count; i++) {
                struct mema_region left, right;

                mema_report_row(a, i, &left);
                mema_report_row(b, i, &right);
                TRUE(same_region(&left, &right));
        }
}

/* Feeds a capture in pieces of `size`, each of which is freed after the call. */
static void collect_pieces(struct mema_report *report, const struct guarded *file, size_t size)
{
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };
        static struct mema_smaps p;
        struct mema_error error;

        mema_smaps_init(&p);
        mema_report_init(report, NULL, &options);
        for (size_t used = 0; used < file->len; used += size) {
                size_t n = file->len - used < size ? file->len - used : size;
                struct guarded piece = guarded_copy(file->data + used, n);

                EQUAL(mema_collect_feed(report, &p, piece.data, n, &error), MEMA_STATUS_MORE);
                guarded_free(&piece);
        }
        EQUAL(mema_collect_feed(report, &p, NULL, 0, &error), MEMA_STATUS_END);
        mema_report_finish(report, NULL);
}

static void pieces_give_the_same_report_as_the_file(void)
{
        static const size_t sizes[] = { 61, 3072, 65536, 1 << 20 };
        static struct mema_report pieces;
        struct guarded file = guarded_file(CAPTURE);
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };
        struct mema_error error;

        mema_report_init(&r, NULL, &options);
        EQUAL(mema_collect_file(&r, CAPTURE, &error), MEMA_STATUS_OK);
        mema_report_finish(&r, NULL);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                collect_pieces(&pieces, &file, sizes[i]);
                expect_same_report(&r, &pieces);
                mema_report_free(&pieces);
        }
        mema_report_free(&r);
        guarded_free(&file);
}

/* A file is read in pieces of 64 KiB.  A short line is parsed whole even if two pieces share it; a long one
 * is not. */
static void lines_that_span_two_pieces(void)
{
        enum { PIECE = 1 << 16, LONG = 4000 };
        static const char before[] = MAP("1000-2000", "rw-p", "", 4), head[] = "2000-3000 rw-p 0 0:0 0 ";
        static const char after[] = "\nRss: 8 kB\n3000-4000 rw-p 0 0:0 0\nRss: 12 kB\n";
        static char text[3 * PIECE];
        static struct mema_report pieces;
        struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };

        for (size_t at = PIECE - LONG - sizeof head - sizeof after; at < PIECE + sizeof head; at += 37) {
                struct guarded file = { .data = text, .len = sizeof text - 1 };
                struct mema_error error;
                char path[64];
                FILE *f;

                memset(text, '\n', sizeof text - 1);
                memcpy(text, before, sizeof before - 1);
                memcpy(text + at, head, sizeof head - 1);
                memset(text + at + sizeof head - 1, 'a', LONG);
                memcpy(text + at + sizeof head - 1 + LONG, after, sizeof after - 1);
                f = saved(text, path);
                mema_report_init(&r, NULL, &options);
                EQUAL(mema_collect_file(&r, path, &error), MEMA_STATUS_OK);
                mema_report_finish(&r, NULL);
                EQUAL(r.totals.value[MEMA_FIELD_RSS], KB(24));
                collect_pieces(&pieces, &file, sizeof text);
                expect_same_report(&r, &pieces);
                mema_report_free(&pieces);
                mema_report_free(&r);
                fclose(f);
        }
}

static void pieces_that_are_malformed(void)
{
        static const char text[] = MAPPING "Rss: x kB\n";
        static struct mema_smaps p;
        struct mema_error error;

        mema_smaps_init(&p);
        begin(0);
        EQUAL(mema_collect_feed(&r, &p, text, 20, &error), MEMA_STATUS_MORE);
        EQUAL(mema_collect_feed(&r, &p, text + 20, 0, &error), MEMA_STATUS_MORE);
        EQUAL(mema_collect_feed(&r, &p, text + 20, sizeof text - 21, &error), MEMA_STATUS_MALFORMED);
        SAME_TEXT(error.message, "Rss wants a number of kB, not \"x\"");
        EQUAL(error.line, 2);
        EQUAL(error.column, 6);
        EQUAL(mema_collect_feed(&r, &p, text, 5, &error), MEMA_STATUS_MALFORMED);
        EQUAL(mema_collect_feed(&r, &p, text, 0, &error), MEMA_STATUS_MALFORMED);
        EQUAL(mema_collect_feed(&r, &p, NULL, 0, &error), MEMA_STATUS_MALFORMED);
        mema_report_free(&r);
        mema_smaps_init(&p);
        begin(0);
        EQUAL(mema_collect_feed(&r, &p, NULL, 0, &error), MEMA_STATUS_EMPTY);
        SAME_TEXT(error.message, "the input is empty: no address space");
        mema_report_free(&r);
}

/* In a child, because the call would not return if it were wrong. */
static void pieces_after_the_end_are_ignored(void)
{
        static struct mema_smaps p;
        struct mema_error error;
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
                alarm(60);
                mema_smaps_init(&p);
                begin(0);
                mema_collect_feed(&r, &p, MAPPING, sizeof MAPPING - 1, &error);
                mema_collect_feed(&r, &p, NULL, 0, &error);
                _exit(mema_collect_feed(&r, &p, MAPPING, sizeof MAPPING - 1, &error) == MEMA_STATUS_END ? 0
                                                                                                        : 1);
        }
        waitpid(child, &status, 0);
        EQUAL(status, 0);
}

/* The error is sticky. */
static void pieces_whose_sums_overflow(void)
{
        static const char text[] = MAPPING "Rss: 18014398509481983 kB\n" MAPPING "Rss: 4 kB\n" MAPPING;
        static struct mema_smaps p;
        struct mema_error error;

        mema_smaps_init(&p);
        begin(0);
        EQUAL(mema_collect_feed(&r, &p, text, sizeof text - 1, &error), MEMA_STATUS_OVERFLOW);
        EQUAL(error.status, MEMA_STATUS_OVERFLOW);
        EQUAL(error.line, 3);
        EQUAL(mema_collect_feed(&r, &p, "Rss: 0 kB\n", 10, &error), MEMA_STATUS_OVERFLOW);
        EQUAL(mema_collect_feed(&r, &p, NULL, 0, &error), MEMA_STATUS_OVERFLOW);
        mema_report_free(&r);
}

SUITE(collect, CASE(this_process), CASE(this_process_by_its_number), CASE(totals_are_close_to_statm),
      CASE(shared_memory_that_is_made_is_found), CASE(a_child), CASE(files_that_cannot_be_read),
      CASE(files_that_are_malformed), CASE(an_excerpt_of_control_characters_is_complete),
      CASE(sums_that_overflow), CASE(a_capture_from_a_file), CASE(pieces_give_the_same_report_as_the_file),
      CASE(lines_that_span_two_pieces), CASE(pieces_that_are_malformed),
      CASE(pieces_after_the_end_are_ignored), CASE(pieces_whose_sums_overflow));
