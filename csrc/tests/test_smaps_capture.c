/* test_smaps_capture.c - the lines of a saved capture before its first mapping: values, errors, and that a
 * report of the capture equals the process's own.  test_contents.c checks the reports of the captures in
 * testdata. */
#define _GNU_SOURCE
#include "../source_text.h"
#include "expect_parse.h"
#include "expect_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Facts with different numbers. */
static struct mema_facts facts_from(uint64_t first)
{
        struct mema_facts f = { .malloc = { .known = 1 }, .go = { .known = 1 } };

        f.malloc.arena = first;
        f.malloc.in_use = first + 1;
        f.malloc.retained = first + 2;
        f.malloc.mapped = first + 3;
        f.go.heap_live = first + 4;
        f.go.heap_objects = first + 5;
        f.go.heap_unused = first + 6;
        f.go.heap_free = first + 7;
        f.go.heap_released = first + 8;
        f.go.heap_stacks = first + 9;
        f.go.metadata = first + 10;
        f.go.work_buffers = first + 11;
        return f;
}

/* The members behind the first are numbers without gaps; there is one behind `known`. */
static bool same_facts(const struct mema_facts *a, const struct mema_facts *b)
{
        const size_t malloc_at = offsetof(struct mema_malloc, blocks),
                     go_at = offsetof(struct mema_go, heap_live);

        return a->malloc.known == b->malloc.known && a->go.known == b->go.known &&
               memcmp(&a->malloc.blocks, &b->malloc.blocks, sizeof a->malloc - malloc_at) == 0 &&
               memcmp(&a->go.heap_live, &b->go.heap_live, sizeof a->go - go_at) == 0;
}

/* Parses a text that has one mapping, and returns the capture. */
static struct mema_capture capture_of(const char *text)
{
        struct records r = parse_each_way(text, text, strlen(text));
        struct mema_capture c = r.capture;

        equal_text(text, r.end.message, "the input is closed and all regions were returned", __FILE__,
                   __LINE__);
        EQUAL(r.count, 1);
        records_free(&r);
        return c;
}

/* Figures -------------------------------------------------------------------- */

static void every_figure_before_and_after(void)
{
        struct mema_facts before = facts_from(1000), after = facts_from(UINT64_MAX - 10);
        struct mema_capture c;
        char text[4096];
        size_t len;

        before.go.anchor_count = MEMA_ANCHORS_MAX;
        for (unsigned i = 0; i < MEMA_ANCHORS_MAX; i++)
                before.go.anchors[i] = UINT64_MAX - i;
        len = put_facts(text, sizeof text, &before, &after);
        strcpy(text + len, MAPPING);
        c = capture_of(text);
        TRUE(same_facts(&c.context.facts, &before));
        TRUE(same_facts(&c.after, &after));
        EQUAL(c.context.exe_length, 0);
}

#define MALLOC(in_use) \
        "# malloc.arena: 30\n# malloc.in_use: " in_use "\n# malloc.retained: 10\n# malloc.mapped: 0\n"

static void one_number_for_both(void)
{
        struct mema_capture c = capture_of(MALLOC("20") MAPPING);

        EQUAL(c.context.facts.malloc.known, 1);
        EQUAL(c.context.facts.malloc.in_use, 20);
        EQUAL(c.after.malloc.in_use, 20);
        TRUE(memcmp(&c.context.facts, &c.after, sizeof c.after) == 0);
        EQUAL(c.context.facts.go.known, 0);
}

static void blanks_can_be_anywhere_between_values(void)
{
        static const char *const in_use[] = { "20 21",   "20\t21", "20   21",  " 20 21",
                                              "\t20 21", "20 21 ", "020 0021", "20 21\r" };

        for (size_t i = 0; i < sizeof in_use / sizeof *in_use; i++) {
                struct mema_capture c;
                char text[256];

                snprintf(text, sizeof text, MALLOC("%s") MAPPING, in_use[i]);
                c = capture_of(text);
                EQUAL(c.context.facts.malloc.in_use, 20);
                EQUAL(c.after.malloc.in_use, 21);
        }
        EQUAL(capture_of("#malloc.arena:5\n" MAPPING).context.facts.malloc.arena, 5);
        EQUAL(capture_of("# \t malloc.arena: 5\n" MAPPING).context.facts.malloc.arena, 5);
        EQUAL(capture_of("\n# malloc.arena: 5\n\n" MAPPING).context.facts.malloc.arena, 5);
}

/* Copies the lines of `text`, last first if `backwards`, without line number `without`. */
static void put_lines(char *to, const char *text, bool backwards, size_t without)
{
        size_t line = 0;

        to[0] = '\0';
        for (const char *at = text; *at != '\0'; line++) {
                size_t n = strcspn(at, "\n") + 1, len = strlen(to);

                if (line != without) {
                        memmove(to + (backwards ? n : 0), to, len + 1);
                        memcpy(to + (backwards ? 0 : len), at, n);
                        to[len + n] = '\0';
                }
                at += n;
        }
}

static void keys_come_in_any_order(void)
{
        struct mema_facts before = facts_from(1), after = facts_from(100);
        char text[4096], turned[4096];
        struct mema_capture c;

        put_facts(text, sizeof text, &before, &after);
        put_lines(turned, text, true, SIZE_MAX);
        strcat(turned, MAPPING);
        c = capture_of(turned);
        TRUE(same_facts(&c.context.facts, &before));
        TRUE(same_facts(&c.after, &after));
}

/* An absent figure is not zero. */
static void figures_are_known_together(void)
{
        enum { LINES = 12, OF_MALLOC = 4 };
        struct mema_facts facts = facts_from(1);
        char text[4096], rest[4096];

        put_facts(text, sizeof text, &facts, &facts);
        for (size_t i = 1; i < LINES; i++) {
                struct mema_capture c;

                put_lines(rest, text, false, i);
                strcat(rest, MAPPING);
                c = capture_of(rest);
                EQUAL(c.context.facts.malloc.known, i > OF_MALLOC);
                EQUAL(c.after.malloc.known, i > OF_MALLOC);
                EQUAL(c.context.facts.go.known, i <= OF_MALLOC);
                EQUAL(c.after.go.known, i <= OF_MALLOC);
        }
}

static void the_last_of_a_repeated_key_counts(void)
{
        struct mema_capture c = capture_of(
                "# malloc.in_use: 7 8\n" MALLOC("20 21") "# malloc.in_use: 5 6\n"
                                                         "# program: /bin/a\n# program: /bin/cat\n" MAPPING);

        EQUAL(c.context.facts.malloc.in_use, 5);
        EQUAL(c.after.malloc.in_use, 6);
        EQUAL(c.context.exe_length, 8);
        TRUE(memcmp(c.context.exe, "/bin/cat", 8) == 0);
}

static void anchors_beyond_the_limit_are_ignored(void)
{
        enum { COUNT = 10000 };
        char *text = malloc(COUNT * 32 + sizeof MAPPING);
        struct mema_capture c;
        size_t len = 0;

        for (unsigned i = 0; i < COUNT; i++)
                len += (size_t)sprintf(text + len, "# go.anchor: 0xc00%07x\n", i);
        strcpy(text + len, MAPPING);
        c = capture_of(text);
        EQUAL(c.context.facts.go.anchor_count, MEMA_ANCHORS_MAX);
        for (unsigned i = 0; i < MEMA_ANCHORS_MAX; i++)
                EQUAL(c.context.facts.go.anchors[i], UINT64_C(0xc000000000) + i);
        EQUAL(c.after.go.anchor_count, 0);
        free(text);
}

/* An absent limit does not make others unknown. */
static void each_limit_is_known_by_itself(void)
{
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++) {
                struct mema_capture c;
                char text[256];

                snprintf(text, sizeof text, "# %s: 7\n# %s: 1844674407370955161%u\n" MAPPING,
                         mema_limit_id(i), mema_limit_id(i), i % 6);
                c = capture_of(text);
                EQUAL(c.context.limits.known, MEMA_BIT(i));
                EQUAL(c.context.limits.value[i], UINT64_C(18446744073709551610) + i % 6);
                EQUAL(c.context.facts.go.known, 0);
        }
}

/* Programs --------------------------------------------------------------------- */

static void expect_program(const char *line, const char *path, bool deleted)
{
        struct mema_capture c;
        char text[256];

        snprintf(text, sizeof text, "%s\n" MAPPING, line);
        c = capture_of(text);
        EQUAL(c.context.exe_length, strlen(path));
        TRUE(memcmp(c.context.exe, path, strlen(path)) == 0);
        EQUAL(c.context.exe_deleted, deleted);
}

static void a_program_is_any_path(void)
{
        expect_program("# program: /usr/bin/teranode", "/usr/bin/teranode", false);
        expect_program("# program: /a b: c ", "/a b: c ", false);
        expect_program("# program: /a\\012b\x1b\xff", "/a\\012b\x1b\xff", false);
        expect_program("# program: /bin/cat\r", "/bin/cat", false);
        expect_program("#\n# program: /bin/cat\r", "/bin/cat\r", false);
        expect_program("# program: /bin/x (deleted)", "/bin/x (deleted)", false);
        expect_program("# deleted_program: /bin/x (deleted)", "/bin/x (deleted)", true);
        expect_program("# deleted_program: /bin/x\n# program: /bin/y", "/bin/y", false);
}

/* Owners ----------------------------------------------------------------------- */

/* Parses `lines` with a mapping after them. */
static struct mema_capture capture_of_lines(const char *lines)
{
        char text[1024];

        snprintf(text, sizeof text, "%s\n" MAPPING, lines);
        return capture_of(text);
}

static void a_label_is_an_owner_with_any_name(void)
{
        static const char *const names[] = { "a",        " two words ", "cache[1]\\$`",    "caf\xc3\xa9: #",
                                             "\xff\x80", "1 2",         "# owner: 1-2 3 4" };

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                struct mema_capture c;
                char line[256];

                snprintf(line, sizeof line, "# owner: 7f0000001000-7f0000003000 4096 8192 512 named %s%s",
                         names[i], i % 2 ? "\r" : "");
                c = capture_of_lines(line);
                EQUAL(c.owners, 1);
                EQUAL(c.owner.start, UINT64_C(0x7f0000001000));
                EQUAL(c.owner.end, UINT64_C(0x7f0000003000));
                EQUAL(c.owner.rss, 4096);
                EQUAL(c.owner.committed, 8192);
                EQUAL(c.owner.unsure, 512);
                EQUAL(c.owner.category, MEMA_CATEGORY_NAMED);
                EQUAL(c.owner.name_length, strlen(names[i]));
                SAME_TEXT(c.name, names[i]);
        }
        SAME_TEXT(capture_of_lines("# owner: 1-2 0 0 0 named ab\n# x\n# owner: 2-3 0 0 0 named b").name, "b");
}

static void an_owner_has_any_category_of_a_mapping(void)
{
        for (unsigned i = 0; i < MEMA_CATEGORY_NOT_BROKEN_DOWN; i++) {
                struct mema_capture c;
                char line[128];

                if (i == MEMA_CATEGORY_NAMED)
                        continue;
                snprintf(line, sizeof line, "# owner: 1000-3000 1 2 3 %s", mema_category_stable_id(i));
                c = capture_of_lines(line);
                EQUAL(c.owners, 1);
                EQUAL(c.owner.category, i);
                EQUAL(c.owner.name_length, 0);
                SAME_TEXT(c.name, "");
        }
}

/* The parser stops after each. */
static void owners_are_returned_one_by_one(void)
{
        static struct mema_smaps p;
        static const char text[] = "# owner: 1-2 1 1 0 named a\n# owner: 3-4 0 0 0 malloc/mmap";
        size_t used;

        mema_smaps_init(&p);
        used = mema_smaps_feed(&p, text, sizeof text - 1);
        EQUAL(p.status, MEMA_STATUS_OWNER);
        EQUAL(used, sizeof "# owner: 1-2 1 1 0 named a");
        SAME_TEXT(p.capture.name, "a");
        EQUAL(mema_smaps_feed(&p, text + used, sizeof text - 1 - used), sizeof text - 1 - used);
        EQUAL(p.status, MEMA_STATUS_MORE);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_OWNER);
        EQUAL(p.capture.owner.start, 3);
        SAME_TEXT(p.capture.name, "");
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_EMPTY);
}

/* Programs and threads ---------------------------------------------------------- */

static void a_program_has_a_language_and_a_version(void)
{
        struct mema_capture c = capture_of_lines("# program.kind: go\n# go.version: go1.26.8");

        EQUAL(c.context.program, MEMA_PROGRAM_GO);
        SAME_TEXT(c.context.go_version, "go1.26.8");
        c = capture_of_lines("# program.kind: other\n# go.version: go1.26.8\n# go.version: \r");
        EQUAL(c.context.program, MEMA_PROGRAM_OTHER);
        SAME_TEXT(c.context.go_version, "");
        SAME_TEXT(capture_of_lines("# go.version: 0123456789012345678901234567890").context.go_version,
                  "0123456789012345678901234567890");
}

static void threads_beyond_the_limit_are_ignored(void)
{
        char *text = malloc(MEMA_THREADS_MAX * 64 + sizeof MAPPING);
        struct mema_capture c;
        size_t len = (size_t)sprintf(text, "# threads.all: 1\n");

        for (unsigned i = 0; i < MEMA_THREADS_MAX * 2; i++)
                len += (size_t)sprintf(text + len, "# thread: 0x7ffe%04x\n", i);
        strcpy(text + len, MAPPING);
        c = capture_of(text);
        EQUAL(c.context.threads.all, 1);
        EQUAL(c.context.threads.count, MEMA_THREADS_MAX);
        for (unsigned i = 0; i < MEMA_THREADS_MAX; i++)
                EQUAL(c.context.threads.stack[i], 0x7ffe0000 + i);
        free(text);
}

/* Ignored lines and errors --------------------------------------------------------- */

static void other_lines_are_ignored(void)
{
#define REMARK(lines) READS(lines MAPPING, CAT)
        REMARK("#\n");
        REMARK("# taken on Monday\n");
        REMARK("#!/bin/sh\n");
        REMARK("#:\n# :\n#: 5\n");
        REMARK("# go.heap_dead: many\n");
        REMARK("# go.heap_liv: x\n# go.heap_livex: x\n# Go.heap_live: x\n# go.heap_live : x\n");
        REMARK("# go.heap_live\n");
        REMARK("# a\0b: c\n# go.heap_live\0: x\n");
        REMARK("# label: c000000000-c000001000 4096 cache\n");
        REMARK("# Rss: -4 kB\n");
#undef REMARK
}

#define BYTES " wants a number of bytes, or two"
#define ADDRESS "go.anchor wants an address such as 0xc000012000"
#define VERSION "memanalyzer capture wants 1, the version of this format"
#define PATH "program wants a path of at most 4096 bytes"
#define OWNER \
        "owner wants ascending addresses, bytes and a category, such as c000-e000 8192 8192 0 named cache"

static void wrong_values_are_rejected(void)
{
#define WRONG(line, column, message) FAILS("\n" line "\n" MAPPING, MALFORMED, 2, column, message)
        WRONG("# go.heap_live: x", 17, "go.heap_live" BYTES ", not \"x\"");
        WRONG("# go.heap_live: -5", 17, "go.heap_live" BYTES ", not \"-5\"");
        WRONG("# go.heap_live: 5 kB", 19, "go.heap_live" BYTES ", not \"kB\"");
        WRONG("# go.heap_live: 5x", 18, "go.heap_live" BYTES ", not \"x\"");
        WRONG("# go.heap_live: 5 6 7", 21, "go.heap_live" BYTES ", not \"7\"");
        WRONG("# go.heap_live: 0x5", 18, "go.heap_live" BYTES ", not \"x5\"");
        WRONG("# go.heap_live: 5\0", 18, "go.heap_live" BYTES ", not \"\\x00\"");
        WRONG("# go.heap_live: 5\r\r", 18, "go.heap_live" BYTES ", not \"\\x0d\"");
        WRONG("# go.heap_live:", 16, "go.heap_live" BYTES ", not the end of the line");
        WRONG("# malloc.mapped: \r", 18, "malloc.mapped" BYTES ", not the end of the line");
        WRONG("# cgroup.usage: max", 17, "cgroup.usage wants a number, not \"max\"");
        WRONG("# go.gogc: 5 6", 14, "go.gogc wants a number, not \"6\"");
        WRONG("# go.anchor: c000012000", 14, ADDRESS ", not \"c000012000\"");
        WRONG("# go.anchor: 0xg", 16, ADDRESS ", not \"g\"");
        WRONG("# go.anchor: 0x", 16, ADDRESS ", not the end of the line");
        WRONG("# go.anchor: 0x5 0x6", 18, ADDRESS ", not \"0x6\"");
        WRONG("# memanalyzer capture: 2", 24, VERSION ", not \"2\"");
        WRONG("# memanalyzer capture: 10", 25, VERSION ", not \"0\"");
        WRONG("# memanalyzer capture: 1.1", 25, VERSION ", not \".1\"");
        WRONG("# owner: x", 10, OWNER ", not \"x\"");
        WRONG("# owner: 1000", 14, OWNER ", not the end of the line");
        WRONG("# owner: 1000-g", 15, OWNER ", not \"g\"");
        WRONG("# owner: 1000-2000", 19, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 x", 20, OWNER ", not \"x\"");
        WRONG("# owner: 1000-2000 5", 21, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 5 6 7", 25, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 5 6 7 ", 26, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 5 6 7 go", 26, OWNER ", not \"go\"");
        WRONG("# owner: 1000-2000 5 6 7 go/heaps", 26, OWNER ", not \"go/heaps\"");
        WRONG("# owner: 1000-2000 5 6 7 other/not_broken_down", 26, OWNER ", not \"other/not_broken_down\"");
        WRONG("# owner: 1000-2000 5 6 7 other/unattributed", 26, OWNER ", not \"other/unattributed\"");
        WRONG("# owner: 1000-2000 5 6 7 go/heap a", 34, OWNER ", not \"a\"");
        WRONG("# owner: 1000-2000 5 6 7 named", 31, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 5 6 7 named ", 32, OWNER ", not the end of the line");
        WRONG("# owner: 1000-2000 5 6 7 named a\tb", 32, OWNER ", not \"a\\x09b\"");
        WRONG("# owner: 2000-2000 5 6 7 go/heap", 10, OWNER ", not \"2000-2000\"");
        WRONG("# owner: 2000-1000 5 6 7 go/heap", 10, OWNER ", not \"2000-1000\"");
        FAILS("# owner: 1000-3000 5 6 7 named a\n# owner: 2000-4000 5 6 7 named b\n" MAPPING, MALFORMED, 2,
              10, OWNER ", not \"2000-4000\"");
        WRONG("# program.kind: Go", 17, "program.kind wants go or other, not \"Go\"");
        WRONG("# program.kind: ", 17, "program.kind wants go or other, not the end of the line");
        WRONG("# go.version: 01234567890123456789012345678901", 15,
              "go.version wants a version of at most 31 bytes, not \"01234567890123456789012345678901\"");
        WRONG("# heaps_known: yes", 16, "heaps_known wants a number, not \"yes\"");
        WRONG("# threads.all: 1 2", 18, "threads.all wants a number, not \"2\"");
        WRONG("# thread: 7ffe0000", 11, "thread wants an address such as 0xc000012000, not \"7ffe0000\"");
        WRONG("# program: ", 12, PATH ", not the end of the line");
        WRONG("# deleted_program:", 19, "deleted_" PATH ", not the end of the line");
#undef WRONG
}

static void numbers_beyond_64_bits_are_rejected(void)
{
#define LARGE(line, column, shown) FAILS(line "\n" MAPPING, OVERFLOW, 1, column, shown)
        LARGE("# go.heap_live: 18446744073709551616", 17,
              "go.heap_live wants numbers below 2^64, not \"18446744073709551616\"");
        LARGE("# go.heap_live: 1 99999999999999999999999", 19,
              "go.heap_live wants numbers below 2^64, not \"99999999999999999999999\"");
        LARGE("# owner: 1000-2000 18446744073709551616 0 0 go/heap", 20,
              "owner wants numbers below 2^64, not \"18446744073709551616\"");
        LARGE("# owner: 10000000000000000-2000 1 1 1 go/heap", 10,
              "owner wants numbers below 2^64, not \"10000000000000000-2000\"");
        LARGE("# go.anchor: 0x10000000000000000", 16,
              "go.anchor wants numbers below 2^64, not \"10000000000000000\"");
#undef LARGE
}

/* After the first mapping they are errors, as any other line that the kernel does not write. */
static void lines_after_a_mapping_are_rejected(void)
{
        FAILS(MAPPING "# go.heap_live: 5\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"# go.heap_live: 5\"");
        FAILS(MAPPING "Rss: 4 kB\n# memanalyzer capture: 1\n" MAPPING, MALFORMED, 3, 1,
              "a line after a mapping wants a label such as Rss:, not a second capture: diff compares two");
}

static void mappings_beyond_the_announced_number_are_an_error(void)
{
        FAILS("# memanalyzer capture: 1\n# mappings: 1\n" MAPPING MAPPING, MALFORMED, 5, 1,
              "a saved capture wants as many mappings as it announces, 1, but has 2");
}

/* As of /dev/zero, which has no end. */
static void a_first_line_without_an_end_is_an_error(void)
{
        static struct mema_smaps p;
        static const char zeros[512];
        struct mema_error error;
        size_t pieces = 0;

        for (mema_smaps_init(&p); p.status == MEMA_STATUS_MORE && pieces < 100; pieces++)
                mema_smaps_feed(&p, zeros, sizeof zeros);
        mema_smaps_error(&p, &error);
        EQUAL(error.status, MEMA_STATUS_MALFORMED);
        EQUAL(error.line, 1);
        EQUAL(error.column, 1);
        TRUE(pieces * sizeof zeros <= MEMA_LINE_MAX + sizeof zeros);
}

/* `line`, `n` bytes, a newline and a mapping; to be freed. */
static char *long_line(const char *line, char fill, size_t n)
{
        size_t len = strlen(line);
        char *text = malloc(len + n + sizeof "\n" MAPPING);

        memcpy(text, line, len);
        memset(text + len, fill, n);
        strcpy(text + len + n, "\n" MAPPING);
        return text;
}

static void expect_long(const char *line, char fill, size_t n, const char *shown)
{
        char *text = long_line(line, fill, n);

        reads(text, strlen(text), shown, __FILE__, __LINE__);
        free(text);
}

static void lines_can_be_long(void)
{
        struct mema_capture c;
        char *text = long_line("# program: ", '/', MEMA_NAME_MAX);

        c = capture_of(text);
        EQUAL(c.context.exe_length, MEMA_NAME_MAX);
        EQUAL(c.context.exe[MEMA_NAME_MAX - 1], '/');
        free(text);
        expect_long("# ", 'x', 100000, CAT);
        expect_long("# go.heap_dead: ", '5', 100000, CAT);
        expect_long("# go.heap_live: 5", ' ', MEMA_LINE_MAX - 17, CAT);
#define SLASHES "////////////////////////////////"
        expect_long("# program: ", '/', MEMA_NAME_MAX + 1, "; 1:12: " PATH ", not \"" SLASHES "\"");
        expect_long("# program: ", '/', 100000, "; 1:12: " PATH ", not \"" SLASHES "\"");
        expect_long("# go.heap_live: ", '0', 100000,
                    "; 1:17: go.heap_live" BYTES ", not \"00000000000000000000000000000000\"");
        expect_long("# go.heap_live: 5", ' ', 100000, "; 1:17: go.heap_live" BYTES ", not \"5\"");
}

/* Cuts ------------------------------------------------------------------------ */

static void a_cut_at_any_byte_changes_nothing(void)
{
        static const char text[] =
                "# memanalyzer capture: 1\r\n# program: /bin/cat \n# go.anchor: 0xc000012000\n#\n"
                "\n# go.heap_live: 5 6\n# owner: 400000-401000 4096 4096 0 named a b\n" MALLOC("20 21")
                        MAPPING "Rss: 4 kB\n";
        static const char wrong[] = "# go.anchor: 0xc000012000\n# go.heap_live: 5 x\n" MAPPING;

        expect_same_in_two_pieces("a capture", text, sizeof text - 1);
        expect_same_in_two_pieces("an error", wrong, sizeof wrong - 1);
}

static void truncated_captures_are_rejected(void)
{
#define ENDS_HERE ", but the input ends here"
        FAILS("# go.heap_live:", TRUNCATED, 1, 16, "go.heap_live" BYTES ENDS_HERE);
        FAILS("# go.anchor: 0", TRUNCATED, 1, 15, ADDRESS ENDS_HERE);
        FAILS("# go.anchor: 0x", TRUNCATED, 1, 16, ADDRESS ENDS_HERE);
        FAILS("# memanalyzer capture: ", TRUNCATED, 1, 24, VERSION ENDS_HERE);
        FAILS("# program: ", TRUNCATED, 1, 12, PATH ENDS_HERE);
        FAILS("# go.heap_live: 5\n", EMPTY, 1, 0, "the input is empty: no address space");
        FAILS("# go.heap_li", EMPTY, 1, 0, "the input is empty: no address space");
        FAILS("# go.heap_live: 5\n0040", TRUNCATED, 2, 5, NOT_SMAPS ENDS_HERE);
#undef ENDS_HERE
}

/* Reports ---------------------------------------------------------------------- */

static struct mema_report own, saved;
static const struct mema_options all = { .top = MEMA_ALL, .sort = MEMA_SORT_RSS };

static void expect_same_report(const char *what)
{
        const char *unlike = first_unlike(&own, &saved);

        expect_law(what, &own);
        expect_law(what, &saved);
        equal_text(what, unlike ? unlike : "", "", __FILE__, __LINE__);
        TRUE(memcmp(own.context.exe, saved.context.exe, (size_t)own.context.exe_length) == 0);
        EQUAL(saved.context.exe_length, own.context.exe_length);
        EQUAL(saved.context.exe_deleted, own.context.exe_deleted);
        EQUAL(saved._counting.exe_guessed, own._counting.exe_guessed);
}

/* Makes the report of a process about itself, with its facts before and after. */
static void make_own(const struct guarded *smaps, const struct mema_context *context,
                     const struct mema_facts *after)
{
        static struct mema_smaps p;
        struct mema_error error;

        mema_report_init(&own, context, &all);
        mema_smaps_init(&p);
        EQUAL(mema_collect_feed(&own, &p, smaps->data, smaps->len, &error), MEMA_STATUS_MORE);
        EQUAL(mema_collect_feed(&own, &p, NULL, 0, &error), MEMA_STATUS_END);
        mema_report_finish(&own, after);
}

/* Makes the same report from a file with these lines and this smaps. */
static void read_saved(const char *lines, const struct guarded *smaps)
{
        struct mema_error error;
        FILE *f = tmpfile();
        char path[64];

        if (!f) {
                perror("tmpfile");
                exit(EXIT_FAILURE);
        }
        fputs(lines, f);
        fwrite(smaps->data, 1, smaps->len, f);
        fflush(f);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(f));
        mema_report_init(&saved, NULL, &all);
        EQUAL(mema_collect_file(&saved, path, &error), MEMA_STATUS_OK);
        mema_report_finish(&saved, NULL);
        fclose(f);
}

/* Asserts that the report is the same after it was saved, as if its text had been kept. */
static void expect_same_when_saved(const struct guarded *smaps)
{
        const char *unlike;

        TRUE(mema_text_keep(&own._text, smaps->data, smaps->len));
        unlike = unlike_when_saved(&own);
        SAME_TEXT(unlike ? unlike : "", "");
}

/* Whatever the process knows, and whether its figures change meanwhile. */
static void a_saved_report_is_the_process_s_own(void)
{
        struct guarded smaps = guarded_file("testdata/real/go1.26-nameless-6.12.smaps");
        static struct mema_context context;
        struct mema_facts after;
        char lines[4096];

        for (unsigned i = 0; i < 16; i++) {
                static const char exe[] = "/bin/capgo";

                context.facts = facts_from(20 << 20);
                after = facts_from(18 << 20);
                context.facts.go.anchor_count = 2;
                context.facts.go.anchors[1] = UINT64_C(0x2b0f9872cbd0);
                if (!(i & 1))
                        context.facts.go = after.go = (struct mema_go){ 0 };
                if (!(i & 2))
                        context.facts.malloc = after.malloc = (struct mema_malloc){ 0 };
                context.exe_length = i & 4 ? sizeof exe - 1 : 0;
                context.exe_deleted = i >> 2 & i >> 3 & 1;
                memcpy(context.exe, exe, sizeof exe - 1);
                put_facts(lines, sizeof lines, &context.facts, &after);
                if (i & 4)
                        strcat(strcat(strcat(lines,
                                             context.exe_deleted ? "# deleted_program: " : "# program: "),
                                      exe),
                               "\n");
                make_own(&smaps, &context, &after);
                expect_same_when_saved(&smaps);
                read_saved(lines, &smaps);
                expect_same_report("from a file");
                mema_report_free(&saved);
                EQUAL(report_of_capture(&saved, lines, smaps.data, smaps.len, NULL, &all), MEMA_STATUS_END);
                expect_same_report("in pieces");
                EQUAL(saved.proof[MEMA_PROOF_GO_HEAP].known, i & 1);
                EQUAL(saved.part[MEMA_PART_HEAP_MARKED].rss > 0, i & 1);
                EQUAL(saved.part[MEMA_PART_MALLOC_IN_USE].rss > 0, i >> 1 & 1);
                mema_report_free(&own);
                mema_report_free(&saved);
        }
        guarded_free(&smaps);
}

/* Labels of part of a mapping and of several mappings, and a capture without labels. */
static void a_saved_report_has_the_process_s_labels(void)
{
        static const char smaps[] = MAP("10000-30000", "rw-p", "", 64) MAP("30000-40000", "r--p", "", 64);
        static const char lines[] = "# owner: 12000-14000 4096 8192 0 named a\n"
                                    "# owner: 2f000-31000 8192 8192 0 named b c\n";
        static const struct mema_owner owners[] = {
                { 0x12000, 0x14000, MEMA_CATEGORY_NAMED, 4096, 8192, 0, 0, 1 },
                { 0x2f000, 0x31000, MEMA_CATEGORY_NAMED, 8192, 8192, 0, 1, 3 }
        };
        static struct mema_context context = { .owners = owners, .names = "ab c", .owner_count = 2 };
        struct guarded text = guarded_copy(smaps, sizeof smaps - 1);
        struct mema_facts after = { 0 };

        make_own(&text, &context, &after);
        EQUAL(own.name_count, 2);
        EQUAL(own.row_count, 6);
        expect_same_when_saved(&text);
        read_saved(lines, &text);
        expect_same_report("from a file");
        mema_report_free(&saved);
        EQUAL(report_of_capture(&saved, lines, text.data, text.len, &context, &all), MEMA_STATUS_END);
        expect_same_report("in place of the caller's");
        EQUAL(saved.name_count, 2);
        mema_report_free(&saved);
        EQUAL(report_of_capture(&saved, "", text.data, text.len, NULL, &all), MEMA_STATUS_END);
        EQUAL(saved.name_count, 0);
        mema_report_free(&own);
        mema_report_free(&saved);
        guarded_free(&text);
}

static void categories_add_up_with_any_figures(void)
{
        static const uint64_t numbers[] = { 0,          1,          4096,       KB(92160),
                                            UINT32_MAX, 1ULL << 60, 1ULL << 63, UINT64_MAX };
        enum { WORDS = 2 * sizeof(struct mema_facts) / sizeof(uint64_t) };
        struct guarded smaps = guarded_file("testdata/real/go1.26-named-6.1.smaps");
        uint64_t seed = 1;

        for (int i = 0; i < 200; i++) {
                struct mema_facts facts[2];
                uint64_t words[WORDS];
                char lines[4096];

                for (size_t k = 0; k < WORDS; k++) {
                        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                        words[k] = numbers[seed >> 61];
                }
                memcpy(facts, words, sizeof facts);
                for (int k = 0; k < 2; k++) {
                        facts[k].malloc.known = facts[k].go.known = true;
                        facts[k].go.anchor_count = 1;
                }
                put_facts(lines, sizeof lines, &facts[0], &facts[1]);
                EQUAL(report_of_capture(&saved, lines, smaps.data, smaps.len, NULL, &all), MEMA_STATUS_END);
                expect_law(lines, &saved);
                mema_report_free(&saved);
        }
        guarded_free(&smaps);
}

static void categories_add_up_with_any_owners(void)
{
        static const uint64_t numbers[] = {
                0, 1, 4096, KB(64), UINT32_MAX, 1ULL << 60, 1ULL << 63, UINT64_MAX
        };
        static const char smaps[] = MAP("10000-50000", "rw-p", "", 100) MAP("50000-90000", "rw-p", "", 256);
        uint64_t seed = 1;

        for (int i = 0; i < 2000; i++) {
                char lines[4096] = "# heaps_known: 1\n";
                size_t len = strlen(lines);

                for (uint64_t at = 0x10000; at < 0x90000;) {
                        uint64_t number[4], end;

                        for (int k = 0; k < 4; k++) {
                                seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                                number[k] = numbers[seed >> 61];
                        }
                        end = at + 0x4000 + (seed >> 40) % 0x20000 / 0x1000 * 0x1000;
                        len += (size_t)snprintf(
                                lines + len, sizeof lines - len, "# owner: %llx-%llx %llu %llu %llu %s\n",
                                (unsigned long long)at, (unsigned long long)end,
                                (unsigned long long)number[0], (unsigned long long)number[1],
                                (unsigned long long)number[2],
                                number[3] == 0 ? "named a"
                                               : mema_category_stable_id((seed >> 33) % 4 +
                                                                         MEMA_CATEGORY_MALLOC_MAIN));
                        at = end + (number[3] % 3) * 0x1000;
                }
                EQUAL(report_of_capture(&saved, lines, smaps, sizeof smaps - 1, NULL, &all), MEMA_STATUS_END);
                expect_law(lines, &saved);
                mema_report_free(&saved);
        }
}

/* The caller's context stays unless the capture has a value. */
static void a_capture_completes_the_context(void)
{
        static struct mema_context context;
        static const char text[] = MALLOC("20") "# cgroup.usage: 9\n" MAP("1000-8000", "rw-p", "[heap]", 28);

        context.facts = facts_from(1000);
        context.limits.known = MEMA_BIT(MEMA_LIMIT_GO_GOGC) | MEMA_BIT(MEMA_LIMIT_CGROUP_USAGE);
        context.limits.value[MEMA_LIMIT_GO_GOGC] = 50;
        context.exe_length = 4;
        memcpy(context.exe, "/bin", 4);
        EQUAL(report_of(&saved, text, sizeof text - 1, &context, &all), MEMA_STATUS_END);
        EQUAL(saved.context.facts.malloc.in_use, 20);
        EQUAL(saved.after.malloc.in_use, 20);
        EQUAL(saved.context.facts.go.heap_live, 1004);
        EQUAL(saved.after.go.heap_live, 1004);
        EQUAL(saved.context.exe_length, 4);
        EQUAL(saved.part[MEMA_PART_MALLOC_IN_USE].committed, 20);
        EQUAL(saved.context.limits.known, MEMA_BIT(MEMA_LIMIT_GO_GOGC) | MEMA_BIT(MEMA_LIMIT_CGROUP_USAGE));
        EQUAL(saved.context.limits.value[MEMA_LIMIT_GO_GOGC], 50);
        EQUAL(saved.context.limits.value[MEMA_LIMIT_CGROUP_USAGE], 9);
        mema_report_free(&saved);
}

static void a_new_parser_has_no_facts(void)
{
        static struct mema_smaps p;

        mema_smaps_init(&p);
        mema_smaps_feed(&p, MALLOC("20") "# program: /bin/cat\n" MAPPING, 100);
        mema_smaps_init(&p);
        EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), sizeof MAPPING - 1);
        EQUAL(mema_smaps_finish(&p), MEMA_STATUS_REGION);
        EQUAL(p.capture._given, 0);
        EQUAL(p.capture.context.facts.malloc.in_use, 0);
        EQUAL(p.capture.context.exe_length, 0);
}

SUITE(smaps_capture, CASE(every_figure_before_and_after), CASE(one_number_for_both),
      CASE(blanks_can_be_anywhere_between_values), CASE(keys_come_in_any_order),
      CASE(figures_are_known_together), CASE(each_limit_is_known_by_itself),
      CASE(the_last_of_a_repeated_key_counts), CASE(anchors_beyond_the_limit_are_ignored),
      CASE(a_program_is_any_path), CASE(other_lines_are_ignored), CASE(wrong_values_are_rejected),
      CASE(numbers_beyond_64_bits_are_rejected), CASE(lines_after_a_mapping_are_rejected),
      CASE(mappings_beyond_the_announced_number_are_an_error), CASE(a_first_line_without_an_end_is_an_error),
      CASE(lines_can_be_long), CASE(a_cut_at_any_byte_changes_nothing), CASE(truncated_captures_are_rejected),
      CASE(a_label_is_an_owner_with_any_name), CASE(an_owner_has_any_category_of_a_mapping),
      CASE(owners_are_returned_one_by_one), CASE(a_program_has_a_language_and_a_version),
      CASE(threads_beyond_the_limit_are_ignored), CASE(a_saved_report_is_the_process_s_own),
      CASE(a_saved_report_has_the_process_s_labels), CASE(categories_add_up_with_any_figures),
      CASE(categories_add_up_with_any_owners), CASE(a_capture_completes_the_context),
      CASE(a_new_parser_has_no_facts));
