/* test_classify.c - the category of a region between its neighbors, and how it is known.  Rules for names are
 * tested in test_classify_rules.c. */
#include "test.h"

#include "../classify.h"

#include <string.h>

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define GIB(n) (UINT64_C(n) << 30)
#define TIB(n) (UINT64_C(n) << 40)

/* A mapping of `size` bytes, `gap` bytes from the region that is classified.  A `name` with '/' first is a
 * file's; one with a blank first is VmFlags. */
struct mapping {
        const char *perms, *name;
        uint64_t size, gap;
};
#define ANON(perms, size)          \
        {                          \
                perms, "", size, 0 \
        }
#define FLAGGED(perms, size, flags)       \
        {                                 \
                perms, " " flags, size, 0 \
        }
#define PATH(perms, path)              \
        {                              \
                perms, path, KIB(8), 0 \
        }
#define NAMED(perms, name, size)     \
        {                            \
                perms, name, size, 0 \
        }
#define APART(perms, name, size)          \
        {                                 \
                perms, name, size, KIB(4) \
        }
#define NOTHING              \
        {                    \
                "", "", 0, 0 \
        }

struct row {
        const char *what;
        uint64_t start; /* of the region in the middle */
        struct mapping before, region, after;
        unsigned category, method;
};

static struct mema_context context(uint64_t go_known)
{
        static const char exe[] = "/usr/bin/teranode";
        struct mema_context c = { .exe_length = sizeof exe - 1 };

        memcpy(c.exe, exe, sizeof exe - 1);
        c.facts.go.known = go_known;
        return c;
}

static struct mema_region region_at(uint64_t start, const struct mapping *m)
{
        struct mema_region g = { .start = start, .end = start + m->size };

        g.inode = m->name[0] == '/' ? 17 : 0;
        strcpy(g.perms, m->perms);
        if (m->name[0] == ' ') {
                strcpy(g.vm_flags, m->name + 1);
                return g;
        }
        g.name_length = strlen(m->name);
        memcpy(g.name, m->name, strlen(m->name));
        return g;
}

static void expect(const struct row *row, const struct mema_context *c)
{
        static const struct mema_neighbor none = { 0, 0, MEMA_CATEGORY_COUNT, 0, 0 };
        struct mema_region before = region_at(row->start - row->before.gap - row->before.size, &row->before);
        struct mema_region self = region_at(row->start, &row->region);
        struct mema_region after = region_at(self.end + row->after.gap, &row->after);
        struct mema_neighbor first = row->before.size ? mema_neighbor_of(&before) : none;
        struct mema_neighbor middle = mema_neighbor_of(&self);
        struct mema_neighbor last = row->after.size ? mema_neighbor_of(&after) : none;
        struct mema_class class;

        if (row->before.size)
                first.category = mema_classify(&before, &first, &none, &middle, c).category;
        class = mema_classify(&self, &middle, &first, &last, c);
        equal_text(row->what, mema_category_stable_id(class.category), mema_category_stable_id(row->category),
                   __FILE__, __LINE__);
        equal_text(row->what, mema_method_name(class.method), mema_method_name(row->method), __FILE__,
                   __LINE__);
}

static void expect_rows(const struct row *rows, size_t count, struct mema_context c)
{
        for (size_t i = 0; i < count; i++)
                expect(&rows[i], &c);
}

/* Another process's Go program, with the version in its file. */
static struct mema_context made_with(const char *version)
{
        struct mema_context c = context(false);

        c.program = MEMA_PROGRAM_GO;
        strcpy(c.go_version, version);
        return c;
}

#define EXPECT_IN(context, rows) expect_rows(rows, sizeof rows / sizeof *rows, context)
#define EXPECT(rows, go_known) EXPECT_IN(context(go_known), rows)

#define LIBC "/usr/lib/libc.so.6"
#define PROGRAM_PATH "/usr/bin/teranode"
#define AT UINT64_C(0x7f6b2e398000)
#define BY_NAME MEMA_METHOD_NAMED
#define BY_SHAPE MEMA_METHOD_INFERRED

/* clang-format off */
static void permissions_decide_if_nothing_else_does(void)
{
        static const struct row rows[] = {
                { "read-write",         AT, NOTHING, ANON("rw-p", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_RW,     BY_SHAPE },
                { "write-only",         AT, NOTHING, ANON("-w-p", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_RW,     BY_NAME },
                { "read-only",          AT, NOTHING, ANON("r--p", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_RO,     BY_NAME },
                { "executable",         AT, NOTHING, ANON("r-xp", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_EXEC,   BY_NAME },
                { "all of them",        AT, NOTHING, ANON("rwxp", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_EXEC,   BY_NAME },
                { "only executable",    AT, NOTHING, ANON("--xp", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_EXEC,   BY_NAME },
                { "none of them",       AT, NOTHING, ANON("---p", MIB(4)),  NOTHING, MEMA_CATEGORY_ANON_NONE,   BY_NAME },
                { "shared",             AT, NOTHING, ANON("rw-s", MIB(4)),  NOTHING, MEMA_CATEGORY_SHARED_ANON, BY_NAME },
                { "shared, closed",     AT, NOTHING, ANON("---s", MIB(4)),  NOTHING, MEMA_CATEGORY_SHARED_ANON, BY_NAME },
                { "unknown brackets",   AT, NOTHING, NAMED("r-xp", "[heap stuff]", KIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_EXEC, BY_NAME },
                { "Linux 3.4's stack",  AT, NOTHING, NAMED("rw-p", "[stack:1234]", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "private /dev/zero",  AT, NOTHING, PATH("r--p", "/dev/zero"), NOTHING,
                  MEMA_CATEGORY_ANON_RO, BY_NAME },
                { "a device's pages",   AT, NOTHING, FLAGGED("rw-p", MIB(4), "rd wr pf de"), NOTHING,
                  MEMA_CATEGORY_DEVICES, BY_NAME },
                { "its registers",      AT, ANON("---p", KIB(4)), FLAGGED("rw-s", MIB(4), "rd wr sh io"), NOTHING,
                  MEMA_CATEGORY_DEVICES, BY_NAME },
        };

        EXPECT(rows, false);
}

static void names_win_over_shapes(void)
{
        static const struct row rows[] = {
                { "a label after a library's data", AT, PATH("rw-p", LIBC), NAMED("rw-p", "[anon:x]", KIB(8)),
                  NOTHING, MEMA_CATEGORY_NAMED, BY_NAME },
                { "a label on the Go heap's base", UINT64_C(0xc000000000), NOTHING,
                  NAMED("rw-p", "[anon:x]", MIB(64)), NOTHING, MEMA_CATEGORY_NAMED, BY_NAME },
                { "[heap] after the program's data", AT, PATH("rw-p", PROGRAM_PATH),
                  NAMED("rw-p", "[heap]", KIB(132)), NOTHING, MEMA_CATEGORY_MALLOC_MAIN, BY_NAME },
                { "a library after a library", AT, PATH("rw-p", PROGRAM_PATH), PATH("rw-p", LIBC), NOTHING,
                  MEMA_CATEGORY_LIBRARIES, BY_NAME },
        };

        EXPECT(rows, false);
}

static void zeroed_data_belongs_to_its_object(void)
{
        static const struct row rows[] = {
                { "after libc's data", AT, PATH("rw-p", LIBC), ANON("rw-p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_LIBRARIES, BY_SHAPE },
                { "after the program's data", AT, PATH("rw-p", PROGRAM_PATH), ANON("rw-p", KIB(248)), NOTHING,
                  MEMA_CATEGORY_BINARY, BY_SHAPE },
                { "4 MiB after libc's data", AT, PATH("rw-p", LIBC), ANON("rw-p", MIB(4)), NOTHING,
                  MEMA_CATEGORY_LIBRARIES, BY_SHAPE },
                { "over 4 MiB after libc's data", AT, PATH("rw-p", LIBC), ANON("rw-p", MIB(4) + KIB(4)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "over 4 MiB after the program's data", AT, PATH("rw-p", PROGRAM_PATH), ANON("rw-p", MIB(40)),
                  NOTHING, MEMA_CATEGORY_BINARY, BY_SHAPE },
                { "after a data file", AT, PATH("rw-p", "/var/lib/utxo.db"), ANON("rw-p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "after a library's read-only data", AT, PATH("r--p", LIBC), ANON("rw-p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "after a shared mapping of a library", AT, PATH("rw-s", LIBC), ANON("rw-p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "at a distance from libc's data", AT, APART("rw-p", LIBC, KIB(8)), ANON("rw-p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "read-only behind libc's data", AT, PATH("rw-p", LIBC), ANON("r--p", KIB(52)), NOTHING,
                  MEMA_CATEGORY_ANON_RO, BY_NAME },
                { "before libc's data", AT, NOTHING, ANON("rw-p", KIB(52)), PATH("rw-p", LIBC),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(rows, false);
}

static void go_up_to_1_25_requests_fixed_addresses(void)
{
        static const struct row rows[] = {
                { "amd64's first arena", UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "its reserved end", UINT64_C(0xc000800000), { "rw-p", "", MIB(8), 0 }, ANON("---p", MIB(56)),
                  NOTHING, MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "a reserved start", UINT64_C(0xc000000000), NOTHING, ANON("---p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "amd64's second hint", UINT64_C(0x1c000000000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "arm64's first arena", UINT64_C(0x4000000000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "beyond user space", UINT64_C(0x8000c000000000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "not at a base", UINT64_C(0xc000001000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "at a distance from the heap", UINT64_C(0xc004001000), { "rw-p", "", MIB(64), KIB(4) },
                  ANON("rw-p", MIB(4)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "executable at the base", UINT64_C(0xc000000000), NOTHING, ANON("rwxp", MIB(64)), NOTHING,
                  MEMA_CATEGORY_ANON_EXEC, BY_NAME },
                { "not a malloc arena", UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)),
                  ANON("---p", MIB(60)), MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "not behind a label of the runtime's", UINT64_C(0x53590000000),
                  NAMED("rw-p", "[anon: Go: heap]", MIB(64)), ANON("rw-p", MIB(1)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(rows, false);
        EXPECT(rows, true);
}

static void go_from_1_26_chooses_a_random_base(void)
{
        static const struct row rows[] = {
                { "the reserved steps below it", UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "the heap on them", UINT64_C(0x53589800000), ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  ANON("---p", MIB(12)), MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "its reserve", UINT64_C(0x5358f400000), NAMED("rw-p", "[anon: Go: heap]", MIB(92)),
                  ANON("---p", MIB(12)), NOTHING, MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "without steps", UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(4)), ANON("---p", MIB(60)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "steps of another size", UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(25)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "64 MiB of steps", UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(64)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "steps below nothing", UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)), NOTHING,
                  MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "steps not aligned", UINT64_C(0x53588400000), NOTHING, ANON("---p", MIB(20)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "where the kernel puts mappings", UINT64_C(0x7f6b00000000), NOTHING, ANON("---p", MIB(24)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "below 4 TiB", UINT64_C(0x20000000000), NOTHING, ANON("---p", MIB(24)),
                  ANON("rw-p", MIB(92)), MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
        };

        EXPECT(rows, false);
}

#define ARENA "rd wr mr mw me nr"
#define TAIL { "---p", "", MIB(64) - KIB(132), 0 }

/* If the kernel places mappings from below, glibc's are in the middle of the address space, too. */
static void arenas_are_mapped_without_reserve_unlike_the_go_heap(void)
{
        static const struct row arenas[] = {
                { "an arena in the middle", UINT64_C(0x2aab00000000), NOTHING, FLAGGED("rw-p", KIB(132), ARENA), TAIL,
                  MEMA_CATEGORY_MALLOC_ARENAS, BY_SHAPE },
        };
        static const struct row heap[] = {
                { "a heap in the middle", UINT64_C(0x2aab00000000), NOTHING, ANON("rw-p", KIB(132)), TAIL,
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
        };
        static const struct row of_a_library[] = {
                { "a library's heap", UINT64_C(0x2aab00000000), NOTHING, ANON("rw-p", KIB(132)), TAIL,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        struct mema_context other = context(false);

        other.program = MEMA_PROGRAM_OTHER;
        EXPECT(arenas, false);
        EXPECT(arenas, true);
        EXPECT_IN(other, arenas);
        EXPECT(heap, false);
        EXPECT(heap, true);
        EXPECT_IN(other, of_a_library);
}

#define FIXED "the base up to 1.25"
#define RANDOM "a random base"
#define LOW "a random base below 4 TiB"
#define FULL "without steps, and full"
#define LARGE "without steps, and the last block was large"

static void the_version_says_where_the_go_heap_is(void)
{
        static const struct row new[] = {
                { FIXED, UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)), NOTHING, MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { RANDOM, UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { LOW, UINT64_C(0x3588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { FULL, UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(128)), NOTHING, MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { LARGE, UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(664)), ANON("---p", MIB(104)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { "more reserve than a block can leave", UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(28)),
                  ANON("---p", MIB(100)), MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "where 32 bits end", UINT64_C(0x88000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "full, of another size", UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(100)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        static const struct row old[] = {
                { FIXED, UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)), NOTHING, MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { RANDOM, UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_ANON_NONE, BY_NAME },
        };
        static const struct row unknown[] = {
                { FIXED, UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)), NOTHING, MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { RANDOM, UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { LOW, UINT64_C(0x3588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
                { FULL, UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(128)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { LARGE, UINT64_C(0x53588000000), NOTHING, ANON("rw-p", MIB(664)), ANON("---p", MIB(104)),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        static const struct row none[] = {
                { FIXED, UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { RANDOM, UINT64_C(0x53588000000), NOTHING, ANON("---p", MIB(24)), ANON("rw-p", MIB(92)),
                  MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "by its name", UINT64_C(0xc000000000), NOTHING, NAMED("rw-p", "[anon: Go: heap]", MIB(4)), NOTHING,
                  MEMA_CATEGORY_GO_HEAP, BY_NAME },
        };
        struct mema_context other = context(false), library = context(true);

        EXPECT_IN(made_with("go1.26.8"), new);
        EXPECT_IN(made_with("devel go1.27-8c68a1c1ab"), new);
        EXPECT_IN(made_with("go1.25.4"), old);
        EXPECT_IN(made_with("go1.9"), old);
        EXPECT_IN(made_with("devel +8c68a1c1ab"), unknown);
        EXPECT_IN(made_with("go2.1"), unknown);
        other.program = library.program = MEMA_PROGRAM_OTHER;
        EXPECT_IN(other, none);
        EXPECT_IN(library, unknown);
}

static void malloc_arenas_are_aligned_and_reserved(void)
{
        static const struct row rows[] = {
                { "64 MiB with a tail", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", KIB(1572)),
                  { "---p", "", MIB(64) - KIB(1572), 0 }, MEMA_CATEGORY_MALLOC_ARENAS, BY_SHAPE },
                { "the tail itself", UINT64_C(0x7f6b00189000), { "rw-p", "", KIB(1572), 0 },
                  { "---p", "", MIB(64) - KIB(1572), 0 }, NOTHING, MEMA_CATEGORY_MALLOC_ARENAS, BY_SHAPE },
                { "two of 64 MiB", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", MIB(65)),
                  ANON("---p", MIB(63)), MEMA_CATEGORY_MALLOC_ARENAS, BY_SHAPE },
                { "without a tail", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "not aligned", UINT64_C(0x7f6b00001000), NOTHING, ANON("rw-p", KIB(1568)),
                  { "---p", "", MIB(64) - KIB(1572), 0 }, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "a tail that ends elsewhere", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", MIB(1)),
                  ANON("---p", MIB(62)), MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "a tail at a distance", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", MIB(1)),
                  { "---p", "", MIB(62), MIB(1) }, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "a tail that can be read", UINT64_C(0x7f6b00000000), NOTHING, ANON("rw-p", MIB(1)),
                  ANON("r--p", MIB(63)), MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "1 MiB where addresses have 32 bits", UINT64_C(0xf7700000), NOTHING, ANON("rw-p", KIB(132)),
                  { "---p", "", MIB(1) - KIB(132), 0 }, MEMA_CATEGORY_MALLOC_ARENAS, BY_SHAPE },
                { "1 MiB beyond 32 bits", UINT64_C(0x100100000), NOTHING, ANON("rw-p", KIB(132)),
                  { "---p", "", MIB(1) - KIB(132), 0 }, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "1 MiB where addresses have 64 bits", UINT64_C(0x7f6b00100000), NOTHING, ANON("rw-p", KIB(132)),
                  { "---p", "", MIB(1) - KIB(132), 0 }, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(rows, false);
}

static void thread_stacks_lie_on_a_guard(void)
{
        static const struct row rows[] = {
                { "over 4 kB", AT, ANON("---p", KIB(4)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "over 64 kB", AT, ANON("---p", KIB(64)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "of 16 kB", AT, ANON("---p", KIB(4)), ANON("rw-p", KIB(16)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "too small for one", AT, ANON("---p", KIB(4)), ANON("rw-p", KIB(12)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "over 68 kB", AT, ANON("---p", KIB(68)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "over 1 MiB", AT, ANON("---p", MIB(1)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "at a distance", AT, { "---p", "", KIB(4), KIB(4) }, ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "over a file that may not be read", AT, PATH("---p", LIBC), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "below its guard", AT, NOTHING, ANON("rw-p", MIB(8)), ANON("---p", KIB(4)),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "as Linux 3.4 names it", AT, ANON("---p", KIB(4)), NAMED("rw-p", "[stack:1234]", MIB(8)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "executable, as it may be", AT, ANON("---p", KIB(4)), ANON("rwxp", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_EXEC, BY_NAME },
        };

        EXPECT(rows, false);
}

/* Two stack pointers are in the MiB above AT, one in the next MiB. */
static struct mema_context with_threads(enum mema_program program, bool all)
{
        struct mema_context c = context(false);

        c.program = program;
        c.threads = (struct mema_threads){ all, false, 3, { AT + 8, AT + MIB(1) - 8, AT + MIB(2) - 8 } };
        return c;
}

#define APART_FROM UINT64_C(0x7f6b2e598000)
#define STACK "rd wr mr mw me ac nh"

static void a_stack_holds_a_stack_pointer(void)
{
        static const struct row of_c[] = {
                { "without a guard", AT, NOTHING, ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "of 4 kB", AT, NOTHING, ANON("rw-p", KIB(4)), NOTHING, MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "on its guard", AT, ANON("---p", KIB(4)), ANON("rw-p", MIB(1)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "of three threads", AT, NOTHING, ANON("rw-p", MIB(2)), NOTHING, MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "as large as three can be", AT, NOTHING, ANON("rw-p", MIB(192)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "with more than three stacks", AT, NOTHING, { "rw-p", "", MIB(192) + KIB(4), 0 }, NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "as large as one can be", AT + MIB(1), NOTHING, ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "with more than a stack", AT + MIB(1), NOTHING, { "rw-p", "", MIB(64) + KIB(4), 0 }, NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "above them", APART_FROM, NOTHING, ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "below them", AT - MIB(1), NOTHING, ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "only read", AT, NOTHING, ANON("r--p", MIB(1)), NOTHING, MEMA_CATEGORY_ANON_RO, BY_NAME },
                { "named", AT, NOTHING, NAMED("rw-p", "[anon:fibers]", MIB(1)), NOTHING, MEMA_CATEGORY_NAMED, BY_NAME },
                { "an object's", AT, PATH("rw-p", LIBC), ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_LIBRARIES, BY_SHAPE },
        };
        static const struct row of_go[] = {
                { "a goroutine's, perhaps", AT, NOTHING, ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "without huge pages", AT, NOTHING, FLAGGED("rw-p", MIB(1), STACK), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "on its guard", AT, ANON("---p", KIB(4)), ANON("rw-p", MIB(1)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
        };

        EXPECT_IN(with_threads(MEMA_PROGRAM_OTHER, true), of_c);
        EXPECT_IN(with_threads(MEMA_PROGRAM_OTHER, false), of_c);
        EXPECT_IN(with_threads(MEMA_PROGRAM_GO, true), of_go);
        EXPECT_IN(with_threads(MEMA_PROGRAM_UNKNOWN, true), of_go);
}

static void a_guard_is_enough_if_some_threads_are_unknown(void)
{
        static const struct row guarded[] = {
                { "no thread's", APART_FROM, ANON("---p", KIB(4)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "as large as one can be", APART_FROM, ANON("---p", KIB(4)), ANON("rw-p", MIB(64)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "larger", APART_FROM, ANON("---p", KIB(4)), { "rw-p", "", MIB(64) + KIB(4), 0 }, NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        static const struct row known[] = {
                { "no thread's", APART_FROM, ANON("---p", KIB(4)), ANON("rw-p", MIB(8)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT_IN(with_threads(MEMA_PROGRAM_OTHER, false), guarded);
        EXPECT_IN(with_threads(MEMA_PROGRAM_GO, true), guarded);
        EXPECT_IN(with_threads(MEMA_PROGRAM_UNKNOWN, true), guarded);
        EXPECT_IN(with_threads(MEMA_PROGRAM_OTHER, true), known);
}

static void a_descriptor_is_on_a_stack_in_any_program(void)
{
        static const struct row rows[] = {
                { "without a guard", AT, NOTHING, ANON("rw-p", MIB(1)), NOTHING, MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "marked, but none's", APART_FROM, NOTHING, FLAGGED("rw-p", MIB(1), "gu nh"), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "behind a guard, but none's", APART_FROM, FLAGGED("---p", KIB(4), "nh"),
                  FLAGGED("rw-p", MIB(1), "nh"), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        static const struct row others[] = {
                { "marked", APART_FROM, NOTHING, FLAGGED("rw-p", MIB(1), "gu nh"), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "behind a guard", APART_FROM, FLAGGED("---p", KIB(4), "nh"), FLAGGED("rw-p", MIB(1), "nh"),
                  NOTHING, MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
        };

        for (unsigned program = MEMA_PROGRAM_UNKNOWN; program <= MEMA_PROGRAM_OTHER; program++) {
                struct mema_context c = with_threads((enum mema_program)program, true);

                c.threads.descriptors = true;
                EXPECT_IN(c, rows);
                c.threads.all = false;
                EXPECT_IN(c, others);
        }
}

static void stack_pointers_on_the_go_heap_are_goroutines(void)
{
        static const struct row rows[] = {
                { "its heap", UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)), ANON("---p", MIB(60)),
                  MEMA_CATEGORY_GO_HEAP, BY_SHAPE },
        };
        static const struct row of_a_library[] = {
                { "the heap of a library made with Go", UINT64_C(0xc000000000), NOTHING, ANON("rw-p", MIB(4)),
                  ANON("---p", MIB(60)), MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        struct mema_context c = context(true);

        c.threads = (struct mema_threads){ true, false, 1, { UINT64_C(0xc000044958) } };
        EXPECT_IN(c, rows);
        c.facts.go.known = 0;
        c.program = MEMA_PROGRAM_GO;
        EXPECT_IN(c, rows);
        c.program = MEMA_PROGRAM_UNKNOWN;
        EXPECT_IN(c, rows);
        c.program = MEMA_PROGRAM_OTHER;
        EXPECT_IN(c, of_a_library);
}

#define ISLAND "an island in a reservation"
#define INDEX "the heap index below the reservations"

static void go_metadata_is_found_in_go_programs_only(void)
{
        static const struct row in_go[] = {
                { ISLAND, AT, ANON("---p", MIB(256)), ANON("rw-p", KIB(4)), ANON("---p", GIB(1)),
                  MEMA_CATEGORY_GO_METADATA, BY_SHAPE },
                { "an island at a reservation's end", AT, ANON("---p", MIB(256)), ANON("rw-p", MIB(1)), NOTHING,
                  MEMA_CATEGORY_GO_METADATA, BY_SHAPE },
                { "too large for an island", AT, ANON("---p", MIB(256)), { "rw-p", "", MIB(1) + KIB(4), 0 }, NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "over what could be a guard", AT, ANON("---p", KIB(64)), ANON("rw-p", MIB(1)), NOTHING,
                  MEMA_CATEGORY_STACK_THREADS, BY_SHAPE },
                { "over 128 kB", AT, ANON("---p", KIB(128)), ANON("rw-p", KIB(4)), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { INDEX, AT, NOTHING, ANON("rw-p", MIB(32)), ANON("---p", MIB(266)), MEMA_CATEGORY_GO_METADATA, BY_SHAPE },
                { "32 MiB before a small reservation", AT, NOTHING, ANON("rw-p", MIB(32)), ANON("---p", MIB(64)),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "of another size", AT, NOTHING, ANON("rw-p", MIB(31)), ANON("---p", MIB(266)),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };
        static const struct row elsewhere[] = {
                { ISLAND, AT, ANON("---p", MIB(256)), ANON("rw-p", KIB(4)), ANON("---p", GIB(1)),
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { INDEX, AT, NOTHING, ANON("rw-p", MIB(32)), ANON("---p", MIB(266)), MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(in_go, true);
        EXPECT_IN(made_with(""), in_go);
        EXPECT(elsewhere, false);
}

#define SHADOW "rd wr mr mw me nr nh"
#define TSAN UINT64_C(0x218000000000)

static void shadow_memory_has_fixed_addresses_and_two_flags(void)
{
        static const struct row rows[] = {
                { "the race detector's", TSAN, NOTHING, FLAGGED("rw-p", MIB(128), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "its meta shadow", UINT64_C(0x306000000000), NOTHING, FLAGGED("rw-p", MIB(32), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "not the Go heap", UINT64_C(0x300000000000), NOTHING, FLAGGED("rw-p", TIB(4), SHADOW),
                  ANON("---p", TIB(33)), MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "ASan's low", UINT64_C(0x7fff7000), NOTHING, FLAGGED("rw-p", MIB(256), SHADOW " dd"),
                  ANON("---p", TIB(2)), MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "beyond it", UINT64_C(0x7fff7000), NOTHING, FLAGGED("rw-p", MIB(256) + KIB(4), SHADOW), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "before it", UINT64_C(0x7fff6000), NOTHING, FLAGGED("rw-p", MIB(1), SHADOW), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "ASan's high", UINT64_C(0x2008fff7000), NOTHING, FLAGGED("rw-p", TIB(13), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "MSan's", UINT64_C(0x50c000000000), NOTHING, FLAGGED("rw-p", MIB(64), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "MSan's origins", UINT64_C(0x600000000000), NOTHING, FLAGGED("rw-p", TIB(1), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "arm64, ASan's low", UINT64_C(0x1000000000), NOTHING, FLAGGED("rw-p", GIB(8), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "arm64, TSan's of 39 bits", UINT64_C(0x2000000000), NOTHING, FLAGGED("rw-p", GIB(128), SHADOW),
                  NOTHING, MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "arm64, MSan's of libraries", UINT64_C(0x4fff00000000), NOTHING, FLAGGED("rw-p", GIB(1), SHADOW),
                  NOTHING, MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "arm64, TSan's meta", UINT64_C(0x800000000000), NOTHING, FLAGGED("rw-p", TIB(32), SHADOW), NOTHING,
                  MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "arm64, MSan's of the program", UINT64_C(0xb00000000000), NOTHING, FLAGGED("rw-p", TIB(16), SHADOW),
                  NOTHING, MEMA_CATEGORY_SANITIZER, BY_SHAPE },
                { "with huge pages", TSAN, NOTHING, FLAGGED("rw-p", MIB(128), "rd wr mr mw me nr"), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "with reserve", TSAN, NOTHING, FLAGGED("rw-p", MIB(128), "rd wr mr mw me nh"), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "of a kernel without flags", TSAN, NOTHING, ANON("rw-p", MIB(128)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "letters of two flags", TSAN, NOTHING, FLAGGED("rw-p", MIB(128), "an rn hn"), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "the gap between", UINT64_C(0x8fff7000), NOTHING, FLAGGED("---p", TIB(2), SHADOW), NOTHING,
                  MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "where the kernel puts mappings", AT, NOTHING, FLAGGED("rw-p", MIB(8), SHADOW), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "a program's memory there", UINT64_C(0x555555559000), NOTHING, FLAGGED("rw-p", MIB(8), SHADOW), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(rows, false);
        EXPECT(rows, true);
}

static void regions_can_touch_the_ends_of_the_address_space(void)
{
        static const struct row rows[] = {
                { "ends at 2^64", UINT64_C(0xfffffffffffff000), NOTHING, ANON("rw-p", KIB(4)), NOTHING,
                  MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "all of it, nearly", 0, NOTHING, { "rw-p", "", UINT64_MAX, 0 }, NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "starts at 0, behind a guard that ends at 2^64", 0, ANON("---p", KIB(4)), ANON("rw-p", MIB(8)),
                  NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
                { "starts at 0", 0, NOTHING, ANON("---p", TIB(1)), NOTHING, MEMA_CATEGORY_ANON_NONE, BY_NAME },
                { "empty", AT, NOTHING, ANON("rw-p", 0), NOTHING, MEMA_CATEGORY_ANON_RW, BY_SHAPE },
        };

        EXPECT(rows, false);
        EXPECT(rows, true);
}
/* clang-format on */

static void a_nameless_file_is_a_file(void)
{
        static const struct mema_neighbor none = { 0, 0, MEMA_CATEGORY_COUNT, 0, 0 };
        const struct mema_context c = context(false);
        struct mapping m = ANON("rw-p", KIB(8));
        struct mema_region g = region_at(AT, &m);
        struct mema_neighbor self;
        struct mema_class class;

        g.inode = 4026531840;
        self = mema_neighbor_of(&g);
        class = mema_classify(&g, &self, &none, &none, &c);
        EQUAL(class.category, MEMA_CATEGORY_OTHER_FILES);
        EQUAL(class.method, MEMA_METHOD_NAMED);
}

static void a_neighbor_shows_its_range_and_permissions(void)
{
        struct mapping plain = ANON("rw-p", KIB(8)), shared = ANON("rwxs", KIB(8)), file = PATH("r--p", LIBC);
        struct mema_region a = region_at(AT, &plain), b = region_at(AT, &shared), c = region_at(AT, &file);
        struct mema_neighbor n = mema_neighbor_of(&a);

        EQUAL(n.start, AT);
        EQUAL(n.end, AT + KIB(8));
        EQUAL(n.category, MEMA_CATEGORY_COUNT);
        EQUAL(n.plain, 1);
        EQUAL(n.perms, PERM_READ | PERM_WRITE);
        EQUAL(mema_neighbor_of(&b).plain, 0);
        EQUAL(mema_neighbor_of(&b).perms, PERM_READ | PERM_WRITE | PERM_EXEC | PERM_SHARED);
        EQUAL(mema_neighbor_of(&c).plain, 0);
        EQUAL(mema_neighbor_of(&c).perms, PERM_READ);
}

/* Each table has an entry for each number, and no more. */
static void the_tables_of_the_header_are_complete(void)
{
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                const char *group = mema_group_stable_id(mema_category_group(i));

                TRUE(strncmp(mema_category_stable_id(i), group, strlen(group)) == 0);
                TRUE(mema_category_name(i)[0] != '\0');
        }
        SAME_TEXT(mema_category_stable_id(MEMA_CATEGORY_GO_HEAP), "go/heap");
        SAME_TEXT(mema_category_name(MEMA_CATEGORY_SYSV), "System V");
        SAME_TEXT(mema_group_name(MEMA_GROUP_MALLOC), "C Heap (malloc)");
        SAME_TEXT(mema_field_label(MEMA_FIELD_PROTECTION_KEY), "ProtectionKey");
        SAME_TEXT(mema_method_name(MEMA_METHOD_INFERRED), "inferred");
        TRUE(!mema_category_stable_id(MEMA_CATEGORY_COUNT) && !mema_category_name(MEMA_CATEGORY_COUNT));
        TRUE(!mema_group_stable_id(MEMA_GROUP_COUNT) && !mema_group_name(MEMA_GROUP_COUNT));
        TRUE(!mema_field_label(MEMA_FIELD_COUNT) && !mema_method_name(MEMA_METHOD_COUNT));
        TRUE(!mema_sort_name(MEMA_SORT_COUNT) && !mema_unit_name(MEMA_UNIT_COUNT));
        EQUAL(mema_category_group(MEMA_CATEGORY_COUNT), MEMA_GROUP_COUNT);
}

SUITE(classify, CASE(permissions_decide_if_nothing_else_does), CASE(names_win_over_shapes),
      CASE(zeroed_data_belongs_to_its_object), CASE(go_up_to_1_25_requests_fixed_addresses),
      CASE(go_from_1_26_chooses_a_random_base), CASE(the_version_says_where_the_go_heap_is),
      CASE(arenas_are_mapped_without_reserve_unlike_the_go_heap),
      CASE(malloc_arenas_are_aligned_and_reserved), CASE(thread_stacks_lie_on_a_guard),
      CASE(a_stack_holds_a_stack_pointer), CASE(a_guard_is_enough_if_some_threads_are_unknown),
      CASE(a_descriptor_is_on_a_stack_in_any_program), CASE(stack_pointers_on_the_go_heap_are_goroutines),
      CASE(go_metadata_is_found_in_go_programs_only), CASE(shadow_memory_has_fixed_addresses_and_two_flags),
      CASE(regions_can_touch_the_ends_of_the_address_space), CASE(a_nameless_file_is_a_file),
      CASE(a_neighbor_shows_its_range_and_permissions), CASE(the_tables_of_the_header_are_complete));
