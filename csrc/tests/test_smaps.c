/* test_smaps.c - what the parser makes of a text.
 *
 * A case is one line: a text, and what it is read as.  Each is run whole, byte
 * by byte and cut at many places: see records.h. */
#include "records.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mapping's line up to its name, the whole line, and what that is read as. */
#define HEAD "00400000-0040b000 r-xp 00000000 08:02 17 "
#define MAPPING HEAD "/bin/cat\n"
#define CAT "400000-40b000 r-xp 0 8:2 17 [/bin/cat]"

/* The text is read as these regions, as describe() writes them. */
#define READS(text, shown) reads(text, sizeof(text) - 1, shown, __LINE__)
/* A mapping with this behind its inode has this name. */
#define NAMED(tail, name) READS(HEAD tail "\n", "400000-40b000 r-xp 0 8:2 17 [" name "]")
/* A mapping with these lines has these fields. */
#define FIELDS(lines, shown) READS(MAPPING lines, CAT shown)
/* The text is wrong at this byte, and the message says why. */
#define FAILS(text, status, line, column, message) \
        fails(text, sizeof(text) - 1, MEMA_##status, line, column, message, __LINE__)

static void append(char *text, size_t size, const char *format, ...)
{
        size_t len = strlen(text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text + len, size - len, format, arguments);
        va_end(arguments);
}

/* "400000-40b000 r-xp 0 8:2 17 [/bin/cat] Rss 4096 VmFlags [rd wr] cut 5 + ..." */
static void describe(const struct records *r, char *text, size_t size)
{
        text[0] = '\0';
        for (size_t i = 0; i < r->count; i++) {
                const struct mema_region *g = &r->region[i];

                append(text, size, "%s%llx-%llx %s %llx %llx:%llx %llu [%.*s]", i ? " + " : "",
                       (unsigned long long)g->start, (unsigned long long)g->end, g->perms,
                       (unsigned long long)g->offset, (unsigned long long)g->device_major,
                       (unsigned long long)g->device_minor, (unsigned long long)g->inode, (int)g->name_length,
                       g->name);
                for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++)
                        if (g->present & MEMA_BIT(f))
                                append(text, size, " %s %llu", mema_field_label(f),
                                       (unsigned long long)g->value[f]);
                if (g->vm_flags_present)
                        append(text, size, " VmFlags [%s]", g->vm_flags);
                if (g->name_cut > 0)
                        append(text, size, " cut %llu", (unsigned long long)g->name_cut);
        }
        if (r->unknown > 0)
                append(text, size, " unknown %llu", (unsigned long long)r->unknown);
        if (r->repeated > 0)
                append(text, size, " repeated %llu", (unsigned long long)r->repeated);
        if (r->end.status != MEMA_END)
                append(text, size, "; %llu:%llu: %s", (unsigned long long)r->end.line,
                       (unsigned long long)r->end.column, r->end.message);
}

static void reads(const char *text, size_t len, const char *shown, int line)
{
        struct records r = parse_each_way(text, text, len);
        static char got[16384];

        describe(&r, got, sizeof got);
        equal_text(text, got, shown, __FILE__, line);
        records_free(&r);
}

static void fails(const char *text, size_t len, enum mema_status status, uint64_t at, uint64_t column,
                  const char *message, int line)
{
        struct records r = parse_each_way(text, text, len);

        equal_text(text, mema_status_text((enum mema_status)r.end.status), mema_status_text(status), __FILE__,
                   line);
        equal_number("the error's line", r.end.line, at, __FILE__, line);
        equal_number("the error's column", r.end.column, column, __FILE__, line);
        equal_text(text, r.end.message, message, __FILE__, line);
        equal_number("the error's errno", r.end.system, 0, __FILE__, line);
        records_free(&r);
}

/* Fields ------------------------------------------------------------------- */

static void every_field_is_read(void)
{
        static const struct {
                const char *label;
                enum mema_kind kind;
        } fields[] = {
#define X(id, label, kind) { label, MEMA_##kind },
                MEMA_FIELDS(X)
#undef X
        };

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                const char *unit = fields[i].kind == MEMA_PLAIN ? "" : " kB";
                char text[256], shown[256];

                snprintf(text, sizeof text, MAPPING "%s: %8d%s\n", fields[i].label, 7, unit);
                snprintf(shown, sizeof shown, CAT " %s %d", fields[i].label, *unit ? 7168 : 7);
                reads(text, strlen(text), shown, __LINE__);
        }
}

static void absent_is_not_zero(void)
{
        FIELDS("", "");
        FIELDS("Rss: 0 kB\n", " Rss 0");
        FIELDS("Size: 44 kB\nSwap: 0 kB\n", " Size 45056 Swap 0");
        READS(MAPPING "Rss: 4 kB\nSwap: 0 kB\n" MAPPING "Swap: 4 kB\n",
              CAT " Rss 4096 Swap 0 + " CAT " Swap 4096");
}

static void labels_that_begin_with_others(void)
{
        FIELDS("Pss_Dirty: 1 kB\n", " Pss_Dirty 1024");
        FIELDS("Pss: 1 kB\n", " Pss 1024");
        FIELDS("SwapPss: 1 kB\n", " SwapPss 1024");
        FIELDS("Swap: 1 kB\n", " Swap 1024");
        FIELDS("SwapPss_Dirty: 1 kB\n", " unknown 1");
        FIELDS("Ps: 1 kB\n", " unknown 1");
        FIELDS("rss: 1 kB\n", " unknown 1");
        FIELDS("VmFlagss: rd\n", " unknown 1");
}

static void any_order_and_any_layout(void)
{
        FIELDS("VmFlags: rd\nSwap: 1 kB\nRss: 2 kB\nSize: 3 kB\n",
               " Size 3072 Rss 2048 Swap 1024 VmFlags [rd]");
        FIELDS("Size:4 kB\n", " Size 4096");
        FIELDS("Size:4kB\n", " Size 4096");
        FIELDS("Size:              4 kB  \n", " Size 4096");
        FIELDS("Size:           1073741824 kB\n", " Size 1099511627776");
        FIELDS("Rss:\t4\tkB\t\n", " Rss 4096");
        FIELDS("THPeligible:\t\t1\n", " THPeligible 1");
        FIELDS("THPeligible:    0\n", " THPeligible 0");
        FIELDS("ProtectionKey:         15\n", " ProtectionKey 15");
        FIELDS("Rss: 0004 kB\n", " Rss 4096");
}

/* The same lines as in the mapping before are read in few steps: what differs in
 * a byte is read all the same. */
#define LIKE_THE_FIRST(lines, shown)                                   \
        READS(MAPPING SIZE_4 RSS_4 HUGE_0 SWAP_0 MAPPING lines SWAP_0, \
              CAT " Size 4096 Rss 4096 Swap 0 THPeligible 0 + " CAT shown)
#define SIZE_4 "Size:                  4 kB\n"
#define RSS_4 "Rss:                   4 kB\n"
#define HUGE_0 "THPeligible:           0\n"
#define SWAP_0 "Swap:                  0 kB\n"

static void lines_like_those_of_the_mapping_before(void)
{
        LIKE_THE_FIRST(SIZE_4 RSS_4 HUGE_0, " Size 4096 Rss 4096 Swap 0 THPeligible 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   8 kB\n", " Size 4096 Rss 8192 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:              262144 kB\n", " Size 4096 Rss 268435456 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:           1073741824 kB\n", " Size 4096 Rss 1099511627776 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:            1073741824 kB\n", " Size 4096 Rss 1099511627776 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:            9999999999999999 kB\n",
                       " Size 4096 Rss 10239999999999998976 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:            18014398509481983 kB\n",
                       " Size 4096 Rss 18446744073709550592 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   4 kB \n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   4  kB\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   4kB\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                  \t4 kB\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss: 4 kB\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   4 kB\r\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "Rss:                   5 kB\r\n", " Size 4096 Rss 5120 Swap 0");
        LIKE_THE_FIRST(SIZE_4 RSS_4 "THPeligible:           1\n", " Size 4096 Rss 4096 Swap 0 THPeligible 1");
        LIKE_THE_FIRST(SIZE_4 RSS_4 "THPeligible:\t\t0\n", " Size 4096 Rss 4096 Swap 0 THPeligible 0");
        LIKE_THE_FIRST(RSS_4 HUGE_0, " Rss 4096 Swap 0 THPeligible 0");
        LIKE_THE_FIRST(HUGE_0 RSS_4 SIZE_4, " Size 4096 Rss 4096 Swap 0 THPeligible 0");
        LIKE_THE_FIRST(SIZE_4 SIZE_4 RSS_4 RSS_4, " Size 4096 Rss 4096 Swap 0 repeated 2");
        LIKE_THE_FIRST(SIZE_4 "Foo:                   4 kB\n" RSS_4, " Size 4096 Rss 4096 Swap 0 unknown 1");
        LIKE_THE_FIRST(SIZE_4 "Foo:                   4 kB\nbar\n" RSS_4,
                       " Size 4096 Rss 4096 Swap 0 unknown 2");
        LIKE_THE_FIRST(SIZE_4 "\n" RSS_4 "\n", " Size 4096 Rss 4096 Swap 0");
        LIKE_THE_FIRST(SIZE_4 "VmFlags: rd \n" RSS_4, " Size 4096 Rss 4096 Swap 0 VmFlags [rd]");
}

/* Every kind of line, in the kernel's layout and out of it, cut at every place. */
static void a_cut_at_any_place(void)
{
        static const char text[] = MAPPING SIZE_4 RSS_4 HUGE_0 SWAP_0
                "VmFlags: rd ex mr \n" MAPPING SIZE_4
                "Foo: Rss:                   4 kB\nRss:                  44 kB\n" SWAP_0 HUGE_0
                "Name: [anon:a\nb: ]\nVmFlags: rd ex mr \n" HEAD " /tmp/a b \n" SIZE_4 RSS_4 HUGE_0 RSS_4
                "/vendor/x\n\n" HEAD "\r\nSize:                  4 kB\r\n" RSS_4 HUGE_0 SWAP_0;
        static const char wrong[] = MAPPING SIZE_4 RSS_4 MAPPING SIZE_4 "Rss:           x kB\n" SWAP_0;
        struct records r = parse(text, sizeof text - 1, WHOLE);

        EQUAL(r.end.status, MEMA_END);
        EQUAL(r.count, 4);
        records_free(&r);
        expect_same_in_two_pieces("a text", text, sizeof text - 1);
        expect_same_in_two_pieces("an error", wrong, sizeof wrong - 1);
}

/* Numbers that begin in another column than the kernel's. */
static void lines_of_another_width(void)
{
#define TWICE(first, second, shown)                                                                  \
        READS(MAPPING SIZE_4 first SWAP_0 MAPPING SIZE_4 second SWAP_0 MAPPING SIZE_4 second SWAP_0, \
              CAT " Size 4096 " shown " Swap 0")
        TWICE("Rss:         123456 kB\n", "Rss:         123457 kB\n",
              "Rss 126418944 Swap 0 + " CAT " Size 4096 Rss 126419968 Swap 0 + " CAT
              " Size 4096 Rss 126419968");
        TWICE("Rss:              44 kB\n", "Rss:              4 kB\n",
              "Rss 45056 Swap 0 + " CAT " Size 4096 Rss 4096 Swap 0 + " CAT " Size 4096 Rss 4096");
        TWICE("Rss: 4 kB\n", "Rss: 5 kB\n",
              "Rss 4096 Swap 0 + " CAT " Size 4096 Rss 5120 Swap 0 + " CAT " Size 4096 Rss 5120");
        TWICE("Rss:4 kB\n", "Rss:44 kB\n",
              "Rss 4096 Swap 0 + " CAT " Size 4096 Rss 45056 Swap 0 + " CAT " Size 4096 Rss 45056");
#undef TWICE
}

static void wrong_lines_like_those_of_the_mapping_before(void)
{
#define SECOND(line, status, column, message)                                                          \
        FAILS(MAPPING SIZE_4 RSS_4 HUGE_0 SWAP_0 MAPPING SIZE_4 line SWAP_0 SWAP_0, status, 8, column, \
              message)
        SECOND("Rss:                   x kB\n", MALFORMED, 24, "Rss wants a number of kB, not \"x\"");
        SECOND("Rss:                   4 MB\n", MALFORMED, 26, "Rss wants a number of kB, not \"MB\"");
        SECOND("Rss:                  -4 kB\n", MALFORMED, 23, "Rss wants a number of kB, not \"-4\"");
        SECOND("Rss:                   4 kBx\n", MALFORMED, 28, "Rss wants a number of kB, not \"x\"");
        SECOND("Rss:                   4 k\nB", MALFORMED, 27,
               "Rss wants a number of kB, not the end of the line");
        SECOND("Rss:                     kB\n", MALFORMED, 26, "Rss wants a number of kB, not \"kB\"");
        SECOND("Rss:                 4 4 kB\n", MALFORMED, 24, "Rss wants a number of kB, not \"4\"");
        SECOND("Rss:            18014398509481984 kB\n", OVERFLOW, 17,
               "Rss wants a number below 2^64 bytes, not \"18014398509481984\"");
        SECOND("Rss                    4 kB\n", MALFORMED, 1,
               "a line after a mapping wants a label, as Rss:, not \"Rss                    4 kB\"");
#undef SECOND
}

static void flags_like_those_of_the_mapping_before(void)
{
#define FLAGS(line, shown) \
        READS(MAPPING "VmFlags: rd wr \n" MAPPING line, CAT " VmFlags [rd wr] + " CAT " VmFlags " shown)
        FLAGS("VmFlags: rd wr \n", "[rd wr]");
        FLAGS("VmFlags: rd wr\n", "[rd wr]");
        FLAGS("VmFlags: rd wr mr \n", "[rd wr mr]");
        FLAGS("VmFlags: rd wx \n", "[rd wx]");
        FLAGS("VmFlags: rd \n", "[rd]");
        FLAGS("VmFlags: \n", "[]");
        FLAGS("VmFlags:rd wr \n", "[rd wr]");
        FLAGS("VmFlags: rd wr \r\n", "[rd wr]");
        FLAGS("VmFlags: rd wr \nVmFlags: rd wr \n", "[rd wr] repeated 1");
        READS(MAPPING "Rss: 4 kB\nVmFlags: rd \n" MAPPING "Rss: 4 kB\n" MAPPING "VmFlags: rd \n",
              CAT " Rss 4096 VmFlags [rd] + " CAT " Rss 4096 + " CAT " VmFlags [rd]");
        FAILS(MAPPING "VmFlags: rd wr \n" MAPPING "VmFlags: rd wrx\n", MALFORMED, 4, 13,
              "VmFlags wants two-letter codes, at most 64, not \"wrx\"");
#undef FLAGS
}

static void the_last_of_a_repeated_field_counts(void)
{
        FIELDS("Rss: 4 kB\nRss: 8 kB\n", " Rss 8192 repeated 1");
        FIELDS("Rss: 4 kB\nPss: 1 kB\nRss: 0 kB\nRss: 8 kB\n", " Rss 8192 Pss 1024 repeated 2");
        FIELDS("VmFlags: rd\nVmFlags: wr\n", " VmFlags [wr] repeated 1");
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\n", CAT " Rss 4096 + " CAT " Rss 4096");
}

static void unknown_fields_are_passed_over(void)
{
        FIELDS("Foo: 4 kB\nRss: 4 kB\n", " Rss 4096 unknown 1");
        FIELDS("Foo: \nFoo:\nBar: -1 MB\n", " unknown 3");
        FIELDS("chp: 1\n", " unknown 1");
        FIELDS("ca-fe: 1\n", " unknown 1");
        FIELDS("dead-beef: 1\n", " unknown 1");
        FIELDS("FilePmdMapped: 4 kB\nAnonymous: 4 kB\n", " Anonymous 4096 FilePmdMapped 4096");
        FIELDS("0-0: 1\n", " unknown 1");
}

/* Android's Name: can hold a raw newline, and vendors print raw paths. */
static void lines_without_a_label(void)
{
        FIELDS("Name:           [anon:a\nb]\nRss: 4 kB\n", " Rss 4096 unknown 2");
        FIELDS("Name:           [anon:a\n\nb c\n\xff]\nRss: 4 kB\n", " Rss 4096 unknown 3");
        FIELDS("Name:           [anon:a\nb: c]\n", " unknown 2");
        FIELDS("Rss: 4 kB\n/vendor/lib/x.so\n", " Rss 4096 unknown 1");
        FIELDS("Rss: 4 kB\n[vendor heap]\n", " Rss 4096 unknown 1");
        FIELDS("/vendor/a b: c\n[anon:x]\n[anon:x y]\n", " unknown 3");
}

static void blank_lines_are_nothing(void)
{
        READS("\n\n" MAPPING "\nRss: 4 kB\n\n" MAPPING "Rss: 0 kB\n\n", CAT " Rss 4096 + " CAT " Rss 0");
        READS("\r\n" MAPPING "Rss: 4 kB\r\n\r\n", CAT " Rss 4096");
}

static void flags(void)
{
        FIELDS("VmFlags: rd wr mr mw me ac sd \n", " VmFlags [rd wr mr mw me ac sd]");
        FIELDS("VmFlags: rd wr\n", " VmFlags [rd wr]");
        FIELDS("VmFlags:rd\n", " VmFlags [rd]");
        FIELDS("VmFlags:\t rd  \t wr \n", " VmFlags [rd wr]");
        FIELDS("VmFlags: \n", " VmFlags []");
        FIELDS("VmFlags:\n", " VmFlags []");
        FIELDS("VmFlags: ?? zz ss\n", " VmFlags [?? zz ss]");
        FIELDS("Rss: 4 kB\n", " Rss 4096");
}

static void at_most_64_flags(void)
{
        for (int count = MEMA_VM_FLAGS_MAX - 1; count <= MEMA_VM_FLAGS_MAX + 2; count++) {
                char text[512] = MAPPING "VmFlags:";
                struct records r;

                for (int i = 0; i < count; i++)
                        append(text, sizeof text, " rd");
                append(text, sizeof text, "\n");
                r = parse_each_way("many flags", text, strlen(text));
                EQUAL(r.end.status, count <= MEMA_VM_FLAGS_MAX ? MEMA_END : MEMA_MALFORMED);
                records_free(&r);
        }
}

/* Headers ------------------------------------------------------------------ */

static void addresses(void)
{
        READS("8048000-804c000 r-xp 00000000 08:02 17 \n", "8048000-804c000 r-xp 0 8:2 17 []");
        READS("08048000-0804c000 r-xp 00001000 08:02 17   /a\n", "8048000-804c000 r-xp 1000 8:2 17 [/a]");
        READS("c000000000-c000400000 rw-p 00000000 00:00 0 \n", "c000000000-c000400000 rw-p 0 0:0 0 []");
        READS("7f6b2d098000-7f6b2d198000 rw-s 00000000 00:01 3 /a\n",
              "7f6b2d098000-7f6b2d198000 rw-s 0 0:1 3 [/a]");
        READS("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
              "ffffffffff600000-ffffffffff601000 --xp 0 0:0 0 [[vsyscall]]");
        READS("0000000000400000-000000000040B000 r-xp 00000000 08:02 17 /bin/cat\n", CAT);
        READS("00000000-00000000 ---p 00000000 00:00 0\n", "0-0 ---p 0 0:0 0 []");
        READS("00400000-00400000 ---p 00000000 00:00 0\n", "400000-400000 ---p 0 0:0 0 []");
}

static void an_end_at_2_to_the_64(void)
{
        static const char text[] = "fffffffffffff000-0000000000000000 r-xp 00000000 00:00 0 [v]\n";
        struct records r = parse_each_way(text, text, sizeof text - 1);

        EQUAL(r.count, 1);
        EQUAL(r.region[0].end, 0);
        EQUAL(mema_region_span(&r.region[0]), 4096);
        records_free(&r);
        READS("fffffffffffff000-ffffffffffffffff r-xp 00000000 00:00 0\n",
              "fffffffffffff000-ffffffffffffffff r-xp 0 0:0 0 []");
}

static void permissions(void)
{
        READS("1000-2000 rwxs 00000000 00:00 0\n", "1000-2000 rwxs 0 0:0 0 []");
        READS("1000-2000 ---p 00000000 00:00 0\n", "1000-2000 ---p 0 0:0 0 []");
        READS("1000-2000 --xp 00000000 00:00 0\n", "1000-2000 --xp 0 0:0 0 []");
}

static void wide_numbers_in_a_header(void)
{
        READS("1000-2000 r--p 7fffffff000 103:fffff 18446744073709551615 /a\n",
              "1000-2000 r--p 7fffffff000 103:fffff 18446744073709551615 [/a]");
        READS("1000-2000 r--p ffffffffffffffff 00:2a 0 /a\n", "1000-2000 r--p ffffffffffffffff 0:2a 0 [/a]");
}

static void names(void)
{
        NAMED("", "");
        NAMED("                                  ", "");
        NAMED("/bin/cat", "/bin/cat");
        NAMED("                 /bin/cat", "/bin/cat");
        NAMED("/tmp/a ", "/tmp/a ");
        NAMED("/tmp/a  b   c", "/tmp/a  b   c");
        NAMED("/tmp/a\tb\t", "/tmp/a\tb\t");
        NAMED("/tmp/00400000-0040b000 r-xp 00000000 08:02 17 /x", "/tmp/00400000-0040b000 r-xp 00000000 "
                                                                  "08:02 17 /x");
        NAMED("/tmp/x (deleted)", "/tmp/x (deleted)");
        NAMED("/tmp/x (deleted) (deleted)", "/tmp/x (deleted) (deleted)");
        NAMED("/memfd:a]b (deleted)", "/memfd:a]b (deleted)");
        NAMED("/tmp/a\\012Rss: 999 kB", "/tmp/a\\012Rss: 999 kB");
        NAMED("[anon: Go: heap]", "[anon: Go: heap]");
        NAMED("/tmp/\x1b[2J\xff\x01", "/tmp/\x1b[2J\xff\x01");
        NAMED("Rss: 4 kB", "Rss: 4 kB");
        READS("00400000-0040b000 r-xp 00000000 08:02 17\n", "400000-40b000 r-xp 0 8:2 17 []");
}

static void a_name_may_hold_a_nul(void)
{
        static const char text[] = HEAD "/tmp/a\0b\nRss: 4 kB\n";
        struct records r = parse_each_way("a NUL in a name", text, sizeof text - 1);

        EQUAL(r.count, 1);
        EQUAL(r.region[0].name_length, 8);
        TRUE(memcmp(r.region[0].name, "/tmp/a\0b", 8) == 0);
        EQUAL(r.region[0].value[MEMA_RSS], 4096);
        records_free(&r);
}

/* Where the other lines end in a carriage return, the one behind a name is not
 * the name's. */
static void carriage_returns(void)
{
        READS(HEAD "/bin/cat\r\nRss: 4 kB\r\nVmFlags: rd wr \r\n", CAT " Rss 4096 VmFlags [rd wr]");
        READS(HEAD "/bin/cat\r\nRss: 4 kB\r\nFoo: 1\r\n" HEAD "/bin/cat\r\nRss: 8 kB\r\n",
              CAT " Rss 4096 + " CAT " Rss 8192 unknown 1");
        READS(HEAD "\r\nRss: 4 kB\r\n", "400000-40b000 r-xp 0 8:2 17 [] Rss 4096");
        READS("00400000-0040b000 r-xp 00000000 08:02 17\r\n", "400000-40b000 r-xp 0 8:2 17 []");
        READS(HEAD "/bin/cat\r\r\nRss: 4 kB\r\n", "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] Rss 4096");
        READS(HEAD "/bin/cat\r\nRss: 4 kB\n", "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] Rss 4096");
        READS(HEAD "/bin/cat\r\n", "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r]");
}

/* Whole inputs ------------------------------------------------------------- */

static void header_only_records(void)
{
        READS(MAPPING, CAT);
        READS(MAPPING MAPPING HEAD "\n", CAT " + " CAT " + 400000-40b000 r-xp 0 8:2 17 []");
        READS(HEAD "/bin/cat", CAT);
}

static void other_producers(void)
{
        READS(MAPPING "Pss: 4 kB\n" MAPPING "Pss: 8 kB\n", CAT " Pss 4096 + " CAT " Pss 8192");
        READS("00400000-7fff5000 ---p 00000000 00:00 0        [rollup]\nRss: 4 kB\nPss_Anon: 3 kB\n",
              "400000-7fff5000 ---p 0 0:0 0 [[rollup]] Rss 4096 Pss_Anon 3072");
        READS(MAPPING "Size: 8 kB\nKernelPageSize: 2048 kB\nMMUPageSize: 64 kB\n",
              CAT " Size 8192 KernelPageSize 2097152 MMUPageSize 65536");
        READS(MAPPING "Rss: 4 kB\nNonlinear: 4 kB\n", CAT " Rss 4096 Nonlinear 4096");
}

/* Also backwards, overlapping, and the same again: they are the report's to count. */
static void mappings_come_in_any_order(void)
{
        READS("3000-4000 r--p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n1000-9000 r--p 0 0:0 0\n",
              "3000-4000 r--p 0 0:0 0 [] + 1000-2000 r--p 0 0:0 0 [] + 1000-9000 r--p 0 0:0 0 []");
}

static void regions_know_their_line(void)
{
        static const char text[] = "\n" MAPPING "Rss: 4 kB\n\n" MAPPING MAPPING;
        struct records r = parse_each_way(text, text, sizeof text - 1);

        EQUAL(r.count, 3);
        EQUAL(r.region[0].line, 2);
        EQUAL(r.region[1].line, 5);
        EQUAL(r.region[2].line, 6);
        EQUAL(r.region[0].category, 0);
        EQUAL(r.region[0].method, 0);
        records_free(&r);
}

static void no_input_is_no_address_space(void)
{
        FAILS("", EMPTY, 0, 0, "the input is empty: no address space");
        READS("\n\n", "; 2:0: the input is empty: no address space");
}

/* Errors ------------------------------------------------------------------- */

#define NOT_SMAPS                                                                               \
        "a smaps file wants a mapping in its first line, as \"00400000-0040b000 r-xp 00000000 " \
        "08:02 17 /bin/cat\""

static void what_is_no_smaps_at_all(void)
{
        FAILS("\x7f"
              "ELF\x02\x01\x01\n",
              MALFORMED, 1, 1, NOT_SMAPS ", not \"\\x7fELF\\x02\\x01\\x01\"");
        FAILS("{ \"schema\": 1, \"totals\": { \"rss\": 4096 } }\n", MALFORMED, 1, 1,
              NOT_SMAPS ", not \"{ \"schema\": 1, \"totals\": { \"rss\"\"");
        FAILS("Name:\tbash\nUmask:\t0022\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"Name:\\x09bash\"");
        FAILS("\n\nRss: 4 kB\n", MALFORMED, 3, 1, NOT_SMAPS ", not \"Rss: 4 kB\"");
        FAILS("00400000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"00400000 r-xp\"");
        FAILS("-0040b000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"-0040b000 r-xp\"");
        FAILS("00400000- r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"00400000- r-xp\"");
        FAILS(" 00400000-0040b000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \" 00400000-0040b000 r-xp\"");
        FAILS("\0\0\0\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"\\x00\\x00\\x00\"");
}

static void malformed_headers(void)
{
        FAILS("00400000-0040b000\n", MALFORMED, 1, 18,
              "a mapping wants permissions, as rw-p, not the end of the line");
        FAILS("00400000-0040b000 \n", MALFORMED, 1, 19,
              "a mapping wants permissions, as rw-p, not the end of the line");
        FAILS("00400000-003ff000 r-xp 00000000 08:02 17\n", MALFORMED, 1, 10,
              "a mapping wants an end that is not below its start, not \"003ff000\"");
        FAILS("00400000-0040b000 qwxp 00000000 08:02 17\n", MALFORMED, 1, 19,
              "a mapping wants permissions, as rw-p, not \"qwxp\"");
        FAILS("00400000-0040b000 rwxz 00000000 08:02 17\n", MALFORMED, 1, 22,
              "a mapping wants permissions, as rw-p, not \"z\"");
        FAILS("00400000-0040b000 rwxps 00000000 08:02 17\n", MALFORMED, 1, 23,
              "a mapping wants permissions, as rw-p, not \"s\"");
        FAILS("00400000-0040b000 r-xp\n", MALFORMED, 1, 23,
              "a mapping wants an offset in hexadecimal after its permissions, not the end of the line");
        FAILS("00400000-0040b000 r-xp -1 08:02 17\n", MALFORMED, 1, 24,
              "a mapping wants an offset in hexadecimal after its permissions, not \"-1\"");
        FAILS("00400000-0040b000 r-xp 00000000\n", MALFORMED, 1, 32,
              "a mapping wants a device, as 08:02, after its offset, not the end of the line");
        FAILS("00400000-0040b000 r-xp 00000000 zz:02 17\n", MALFORMED, 1, 33,
              "a mapping wants a device, as 08:02, after its offset, not \"zz:02\"");
        FAILS("00400000-0040b000 r-xp 00000000 08-02 17\n", MALFORMED, 1, 35,
              "a mapping wants a device, as 08:02, after its offset, not \"-02\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:zz 17\n", MALFORMED, 1, 36,
              "a mapping wants a device, as 08:02, after its offset, not \"zz\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:02\n", MALFORMED, 1, 38,
              "a mapping wants an inode number after its device, not the end of the line");
        FAILS("00400000-0040b000 r-xp 00000000 08:02 x17\n", MALFORMED, 1, 39,
              "a mapping wants an inode number after its device, not \"x17\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:02 17/bin/cat\n", MALFORMED, 1, 41,
              "a mapping wants an inode number after its device, not \"/bin/cat\"");
        FAILS(MAPPING "Rss: 4 kB\n00400000-0040b000 r-zp 00000000 08:02 17\n", MALFORMED, 3, 21,
              "a mapping wants permissions, as rw-p, not \"zp\"");
}

/* A blank that is wrong is not the end of the line, and is not called that. */
static void a_blank_where_none_belongs(void)
{
        static const struct {
                const char *text;
                uint64_t line, column;
        } cases[] = {
                { "00400000-0040b000 r xp 00000000 08:02 17\n", 1, 20 },
                { "00400000-0040b000 r-xp 00000000 08 02 17\n", 1, 35 },
                { "00400000-0040b000 r-xp 00000000 08: 02 17\n", 1, 36 },
                { MAPPING "VmFlags: rd w mr\n", 2, 14 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct records r = parse_each_way(cases[i].text, cases[i].text, strlen(cases[i].text));

                EQUAL(r.end.status, MEMA_MALFORMED);
                EQUAL(r.end.line, cases[i].line);
                EQUAL(r.end.column, cases[i].column);
                if (strstr(r.end.message, "the end of the line"))
                        SAME_TEXT(r.end.message, "(words for a blank)");
                records_free(&r);
        }
}

static void malformed_fields(void)
{
        FAILS(MAPPING "Rss: -4 kB\n", MALFORMED, 2, 6, "Rss wants a number of kB, not \"-4\"");
        FAILS(MAPPING "Rss:\n", MALFORMED, 2, 5, "Rss wants a number of kB, not the end of the line");
        FAILS(MAPPING "Rss:    \n", MALFORMED, 2, 9, "Rss wants a number of kB, not the end of the line");
        FAILS(MAPPING "Rss: kB\n", MALFORMED, 2, 6, "Rss wants a number of kB, not \"kB\"");
        FAILS(MAPPING "Rss: 4\n", MALFORMED, 2, 7, "Rss wants a number of kB, not the end of the line");
        FAILS(MAPPING "Rss: 4 MB\n", MALFORMED, 2, 8, "Rss wants a number of kB, not \"MB\"");
        FAILS(MAPPING "Rss: 4 k\n", MALFORMED, 2, 9, "Rss wants a number of kB, not the end of the line");
        FAILS(MAPPING "Rss: 4 kb\n", MALFORMED, 2, 9, "Rss wants a number of kB, not \"b\"");
        FAILS(MAPPING "Rss: 4 kB 5\n", MALFORMED, 2, 11, "Rss wants a number of kB, not \"5\"");
        FAILS(MAPPING "Rss: 4.5 kB\n", MALFORMED, 2, 7, "Rss wants a number of kB, not \".5\"");
        FAILS(MAPPING "Rss: 4\0 kB\n", MALFORMED, 2, 7, "Rss wants a number of kB, not \"\\x00\"");
        FAILS(MAPPING "Rss: 0x4 kB\n", MALFORMED, 2, 7, "Rss wants a number of kB, not \"x4\"");
        FAILS(MAPPING "THPeligible: 1 kB\n", MALFORMED, 2, 16, "THPeligible wants a number, not \"kB\"");
        FAILS(MAPPING "THPeligible: yes\n", MALFORMED, 2, 14, "THPeligible wants a number, not \"yes\"");
        FAILS(MAPPING "ProtectionKey:\n", MALFORMED, 2, 15,
              "ProtectionKey wants a number, not the end of the line");
        FAILS(MAPPING "VmFlags: rd wrx\n", MALFORMED, 2, 13,
              "VmFlags wants two-letter codes, at most 64, not \"wrx\"");
        FAILS(MAPPING "VmFlags: rd w\n", MALFORMED, 2, 14,
              "VmFlags wants two-letter codes, at most 64, not the end of the line");
        FAILS(MAPPING "Rss: 4 kB\r\nPss: x\r\n", MALFORMED, 3, 6, "Pss wants a number of kB, not \"x\"");
}

static void lines_that_are_no_fields(void)
{
        FAILS(MAPPING "Rss: 4 kB\nhello\n", MALFORMED, 3, 1,
              "a line after a mapping wants a label, as Rss:, not \"hello\"");
        FAILS(MAPPING "hello world: 4\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label, as Rss:, not \"hello world: 4\"");
        FAILS(MAPPING ": 4 kB\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label, as Rss:, not \": 4 kB\"");
        FAILS(MAPPING "\xff\xfe\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label, as Rss:, not \"\\xff\\xfe\"");
        FAILS(MAPPING "Foo: 1\nRss: 4 kB\nhello\n", MALFORMED, 4, 1,
              "a line after a mapping wants a label, as Rss:, not \"hello\"");
        FAILS(MAPPING "a line that is longer than what an error shows of it\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label, as Rss:, not \"a line that is longer than what \"");
}

static void numbers_that_are_too_large(void)
{
        FIELDS("Rss: 18014398509481983 kB\n", " Rss 18446744073709550592");
        FAILS(MAPPING "Rss: 18014398509481984 kB\n", OVERFLOW, 2, 6,
              "Rss wants a number below 2^64 bytes, not \"18014398509481984\"");
        FAILS(MAPPING "Rss: 18446744073709551616 kB\n", OVERFLOW, 2, 6,
              "Rss wants a number below 2^64 bytes, not \"18446744073709551616\"");
        FIELDS("THPeligible: 18446744073709551615\n", " THPeligible 18446744073709551615");
        FAILS(MAPPING "THPeligible: 18446744073709551616\n", OVERFLOW, 2, 14,
              "THPeligible wants a number below 2^64 bytes, not \"18446744073709551616\"");
        FAILS("10000000000000000-10000000000001000 r-xp 0 0:0 0\n", OVERFLOW, 1, 1,
              "a mapping wants addresses below 2^64, not \"10000000000000000-10000000000001\"");
        FAILS("1000-10000000000000000 r-xp 0 0:0 0\n", OVERFLOW, 1, 6,
              "a mapping wants addresses below 2^64, not \"10000000000000000\"");
        FAILS("1000-2000 r-xp 10000000000000000 0:0 0\n", OVERFLOW, 1, 16,
              "a mapping wants offset, device and inode below 2^64, not \"10000000000000000\"");
        FAILS("1000-2000 r-xp 0 10000000000000000:0 0\n", OVERFLOW, 1, 18,
              "a mapping wants offset, device and inode below 2^64, not \"10000000000000000:0\"");
        FAILS("1000-2000 r-xp 0 0:10000000000000000 0\n", OVERFLOW, 1, 20,
              "a mapping wants offset, device and inode below 2^64, not \"10000000000000000\"");
        FAILS("1000-2000 r-xp 0 0:0 18446744073709551616\n", OVERFLOW, 1, 22,
              "a mapping wants offset, device and inode below 2^64, not \"18446744073709551616\"");
}

static void regions_before_an_error_are_given(void)
{
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: x\n",
              CAT " Rss 4096; 4:6: Rss wants a number of kB, not \"x\"");
        READS(MAPPING "Rss: 4 kB\n00400000-0040b000 z\n",
              CAT " Rss 4096; 3:19: a mapping wants permissions, as rw-p, not \"z\"");
}

/* Cut-off inputs ----------------------------------------------------------- */

#define TWO(newline)                                                                                \
        "00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat" newline "Size: 44 kB" newline           \
        "Rss: 4 kB" newline "THPeligible: 1" newline "VmFlags: rd wr" newline                       \
        "00601000-00602000 rw-p 00000000 00:00 0 " newline "Size: 4 kB" newline "Rss: 4 kB" newline \
        "THPeligible: 1" newline "VmFlags: rd wr mr" newline

static void expect_end_of_input(const struct records *r, const char *text, size_t len)
{
        uint64_t line = 1, column = 1;

        for (size_t i = 0; i < len; i++, column++) {
                if (text[i] == '\n') {
                        line++;
                        column = 0;
                }
        }
        EQUAL(r->end.line, line);
        EQUAL(r->end.column, column);
        if (!strstr(r->end.message, ", but the input ends here"))
                equal_text("the message", r->end.message, ", but the input ends here", __FILE__, __LINE__);
}

/* Each beginning of a text is whole or cut off, and never malformed.  The last
 * mapping is known to be cut off while it lacks the line that the others end with. */
static void cut_off_anywhere(const char *text)
{
        const char *second = strstr(text, "00601000");
        size_t begun = (size_t)(second - text), complete = (size_t)(strstr(second, "VmFlags:") - text) + 8;

        for (size_t len = 1; len < strlen(text); len++) {
                struct records r = parse_each_way(text, text, len);
                char beginning[512];

                snprintf(beginning, sizeof beginning, "the outcome of \"%.*s\"", (int)len, text);
                if (len > begun && len < complete)
                        equal_number(beginning, r.end.status, MEMA_TRUNCATED, __FILE__, __LINE__);
                if (r.end.status == MEMA_END)
                        equal_number(beginning, r.count, len > begun ? 2 : 1, __FILE__, __LINE__);
                else if (r.end.status == MEMA_TRUNCATED)
                        expect_end_of_input(&r, text, len);
                else
                        equal_text(beginning, r.end.message, "(truncated)", __FILE__, __LINE__);
                records_free(&r);
        }
}

static void an_input_that_is_cut_off(void)
{
        cut_off_anywhere(TWO("\n"));
}

static void an_input_with_carriage_returns_that_is_cut_off(void)
{
        cut_off_anywhere(TWO("\r\n"));
}

#define ENDS_HERE ", but the input ends here"

static void what_a_cut_off_input_lacks(void)
{
        FAILS("004000", TRUNCATED, 1, 7, NOT_SMAPS ENDS_HERE);
        FAILS("00400000-", TRUNCATED, 1, 10, NOT_SMAPS ENDS_HERE);
        FAILS("00400000-0040b000", TRUNCATED, 1, 18, "a mapping wants permissions, as rw-p" ENDS_HERE);
        FAILS("00400000-0040b000 r-", TRUNCATED, 1, 21, "a mapping wants permissions, as rw-p" ENDS_HERE);
        FAILS("00400000-0040b000 r-xp 0 08:", TRUNCATED, 1, 29,
              "a mapping wants a device, as 08:02, after its offset" ENDS_HERE);
        FAILS("00400000-0040b000 r-xp 0 08:02 ", TRUNCATED, 1, 32,
              "a mapping wants an inode number after its device" ENDS_HERE);
        FAILS(MAPPING "Rs", TRUNCATED, 2, 3, "a line after a mapping wants a label, as Rss:" ENDS_HERE);
        FAILS(MAPPING "Rss:   ", TRUNCATED, 2, 8, "Rss wants a number of kB" ENDS_HERE);
        FAILS(MAPPING "Rss:   4 k", TRUNCATED, 2, 11, "Rss wants a number of kB" ENDS_HERE);
        FAILS(MAPPING "VmFlags: rd w", TRUNCATED, 2, 14,
              "VmFlags wants two-letter codes, at most 64" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" MAPPING, TRUNCATED, 4, 1,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" HEAD "/bin/c", TRUNCATED, 3, 48,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\nSwap: 0 kB\n" MAPPING "Rss: 4 kB\n", TRUNCATED, 6, 1,
              "the last mapping wants all lines that the others have" ENDS_HERE);
        FAILS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\n00400000-0040b", TRUNCATED, 5, 15,
              "a mapping wants permissions, as rw-p" ENDS_HERE);
}

/* Malformed stays malformed where it ends, too. */
static void a_last_line_that_is_wrong(void)
{
        FAILS(MAPPING "Rss: x", MALFORMED, 2, 6, "Rss wants a number of kB, not \"x\"");
        FAILS(MAPPING "not a label", MALFORMED, 2, 1,
              "a line after a mapping wants a label, as Rss:, not \"not a label\"");
        FAILS("hello", MALFORMED, 1, 1, NOT_SMAPS ", not \"hello\"");
        FAILS("00400000-0040b000 z", MALFORMED, 1, 19, "a mapping wants permissions, as rw-p, not \"z\"");
}

static void a_last_line_without_a_newline(void)
{
        FIELDS("Rss: 4 kB", " Rss 4096");
        FIELDS("VmFlags: rd wr", " VmFlags [rd wr]");
        FIELDS("THPeligible: 1", " THPeligible 1");
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 8 kB", CAT " Rss 4096 + " CAT " Rss 8192");
}

/* Where mappings end with different lines, none is known to be the last. */
static void mappings_of_different_kinds_are_whole(void)
{
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Pss: 4 kB\n" MAPPING, CAT " Rss 4096 + " CAT " Pss 4096 + " CAT);
        READS(MAPPING MAPPING "Rss: 4 kB\n" MAPPING, CAT " + " CAT " Rss 4096 + " CAT);
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\nSwap: 1 kB\n",
              CAT " Rss 4096 + " CAT " Rss 4096 Swap 1024");
}

/* Long lines --------------------------------------------------------------- */

/* `head`, `count` bytes that tell their place, `tail`; freed by the caller. */
static char *long_text(const char *head, size_t count, const char *tail)
{
        size_t before = strlen(head), after = strlen(tail);
        char *text = malloc(before + count + after + 1);

        if (!text)
                exit(EXIT_FAILURE);
        memcpy(text, head, before);
        for (size_t i = 0; i < count; i++)
                text[before + i] = (char)('a' + i * 7 % 26 + i / 26 % 3);
        memcpy(text + before + count, tail, after + 1);
        return text;
}

/* A name of `length` bytes keeps at most MEMA_NAME_MAX: its head and its tail. */
static void expect_long_name(size_t length)
{
        char *text = long_text(MAPPING "Rss: 8 kB\n" HEAD, length,
                               "\nVmFlags: rd \nRss: 4 kB\n" MAPPING "Rss: 8 kB\n");
        const char *name = text + strlen(MAPPING "Rss: 8 kB\n" HEAD);
        struct records r = parse_each_way("a long name", text, strlen(text));
        size_t kept = length < MEMA_NAME_MAX ? length : MEMA_NAME_MAX;
        size_t end = kept < length ? kept / 2 : kept;
        const struct mema_region *g = &r.region[1];

        EQUAL(r.end.status, MEMA_END);
        EQUAL(r.count, 3);
        EQUAL(g->name_length, kept);
        EQUAL(g->name_cut, length - kept);
        EQUAL(g->value[MEMA_RSS], 4096);
        SAME_TEXT(g->vm_flags, "rd");
        TRUE(memcmp(g->name, name, kept < length ? 512 : kept) == 0);
        TRUE(memcmp(g->name + kept - end, name + length - end, end) == 0);
        EQUAL(r.region[2].name_length, 8);
        EQUAL(r.region[2].name_cut, 0);
        records_free(&r);
        free(text);
}

static void a_long_name_keeps_its_head_and_tail(void)
{
        expect_long_name(MEMA_NAME_MAX - 1);
        expect_long_name(MEMA_NAME_MAX);
        expect_long_name(MEMA_NAME_MAX + 1);
        expect_long_name(5000);
        for (size_t more = 0; more < 3; more++)
                expect_long_name(MEMA_LINE_MAX - strlen(HEAD) - 1 + more);
        expect_long_name(2 * MEMA_LINE_MAX);
}

static void a_header_line_of_250_kilobytes(void)
{
        expect_long_name(250340 - strlen(HEAD));
}

/* The name is one piece from its head, and one to its end. */
static void a_long_name_has_one_gap(void)
{
        char *text = long_text(HEAD, 6000, "\n");
        const char *name = text + strlen(HEAD);
        struct records r = parse(text, strlen(text), WHOLE);
        size_t head = 0;

        while (head < MEMA_NAME_MAX && r.region[0].name[head] == name[head])
                head++;
        TRUE(memcmp(r.region[0].name + head, name + 6000 - MEMA_NAME_MAX + head, MEMA_NAME_MAX - head) == 0);
        records_free(&r);
        free(text);
}

static void long_other_lines(void)
{
        char *text = long_text(MAPPING "Foo: ", 9000, "\nRss: 4 kB\n"), message[256];

        reads(text, strlen(text), CAT " Rss 4096 unknown 1", __LINE__);
        free(text);
        text = long_text(MAPPING "/vendor/", 9000, "\nRss: 4 kB\n");
        reads(text, strlen(text), CAT " Rss 4096 unknown 1", __LINE__);
        free(text);
        text = long_text("", 9000, "\n");
        snprintf(message, sizeof message, NOT_SMAPS ", not \"%.32s\"", text);
        fails(text, 9001, MEMA_MALFORMED, 1, 1, message, __LINE__);
        free(text);
}

/* A number of `count` digits, all the same, in each place where there is one:
 * only a name may be as long. */
static void expect_long_number(char digit, size_t count, enum mema_status status)
{
        static const struct {
                const char *head, *tail;
                uint64_t line, column;
        } cases[] = {
                { MAPPING "Rss: ", " kB\n", 2, 6 },
                { MAPPING "THPeligible: ", "\n", 2, 14 },
                { "", "-0040b000 r-xp 00000000 08:02 17\n", 1, 1 },
                { "00400000-", " r-xp 00000000 08:02 17\n", 1, 10 },
                { "00400000-0040b000 r-xp ", " 08:02 17\n", 1, 24 },
                { "00400000-0040b000 r-xp 00000000 ", ":02 17\n", 1, 33 },
                { "00400000-0040b000 r-xp 00000000 08:02 ", " /bin/cat\n", 1, 39 },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *text = long_text(cases[i].head, count, cases[i].tail);
                struct records r;

                memset(text + strlen(cases[i].head), digit, count);
                r = parse_each_way(cases[i].head, text, strlen(text));
                EQUAL(r.end.status, status);
                EQUAL(r.end.line, cases[i].line);
                if (status == MEMA_OVERFLOW)
                        EQUAL(r.end.column, cases[i].column);
                records_free(&r);
                free(text);
        }
}

static void numbers_of_ten_thousand_digits(void)
{
        expect_long_number('9', 10000, MEMA_OVERFLOW);
        expect_long_number('0', 10000, MEMA_MALFORMED);
}

/* The column is that of the input, also where a line has lost its middle. */
static void a_long_last_line_that_is_cut_off(void)
{
        char *text = long_text(MAPPING "Rss: 4 kB\n" HEAD, 9000, "");

        fails(text, strlen(text), MEMA_TRUNCATED, 3, strlen(HEAD) + 9001,
              "the last mapping wants all lines that the others have" ENDS_HERE, __LINE__);
        free(text);
        text = long_text(MAPPING, 9000, "");
        fails(text, strlen(text), MEMA_TRUNCATED, 2, 9001,
              "a line after a mapping wants a label, as Rss:" ENDS_HERE, __LINE__);
        free(text);
}

/* The parser's calls -------------------------------------------------------- */

static void an_error_stays(void)
{
        static struct mema_smaps p;
        static const char wrong[] = MAPPING "Rss: x\n" MAPPING;

        mema_smaps_init(&p);
        TRUE(mema_smaps_feed(&p, wrong, sizeof wrong - 1) <= sizeof wrong - 1);
        EQUAL(p.status, MEMA_MALFORMED);
        EQUAL(p.line, 2);
        EQUAL(p.column, 6);
        for (int i = 0; i < 3; i++) {
                EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), 0);
                EQUAL(mema_smaps_finish(&p), MEMA_MALFORMED);
                EQUAL(p.line, 2);
                EQUAL(p.column, 6);
        }
}

static void the_end_stays(void)
{
        static struct mema_smaps p;

        mema_smaps_init(&p);
        EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), sizeof MAPPING - 1);
        EQUAL(p.status, MEMA_MORE);
        EQUAL(mema_smaps_finish(&p), MEMA_REGION);
        EQUAL(mema_smaps_finish(&p), MEMA_END);
        EQUAL(mema_smaps_finish(&p), MEMA_END);
        EQUAL(mema_smaps_feed(&p, MAPPING, sizeof MAPPING - 1), 0);
        EQUAL(p.status, MEMA_END);
}

static void a_feed_of_nothing_changes_nothing(void)
{
        static struct mema_smaps p;
        static const char text[] = MAPPING "Rss: 4 kB\n" MAPPING "Rss: 4 kB\n";
        size_t used = 0, regions = 0;

        mema_smaps_init(&p);
        while (used < sizeof text - 1) {
                EQUAL(mema_smaps_feed(&p, text + used, 0), 0);
                EQUAL(p.status, MEMA_MORE);
                used += mema_smaps_feed(&p, text + used, 1);
                regions += p.status == MEMA_REGION;
        }
        EQUAL(mema_smaps_feed(&p, NULL, 0), 0);
        while (mema_smaps_finish(&p) == MEMA_REGION)
                regions++;
        EQUAL(p.status, MEMA_END);
        EQUAL(regions, 2);
}

static void a_region_stops_the_feed(void)
{
        static struct mema_smaps p;
        static const char text[] = MAPPING "Rss: 4 kB\n" HEAD "/bin/dog\nRss: 8 kB\n";
        size_t first = sizeof(MAPPING "Rss: 4 kB\n" HEAD "/bin/dog\n") - 1;

        mema_smaps_init(&p);
        EQUAL(mema_smaps_feed(&p, text, sizeof text - 1), first);
        EQUAL(p.status, MEMA_REGION);
        TRUE(memcmp(p.region.name, "/bin/cat", 8) == 0);
        EQUAL(mema_smaps_feed(&p, text + first, sizeof text - 1 - first), sizeof text - 1 - first);
        EQUAL(p.status, MEMA_MORE);
        EQUAL(mema_smaps_finish(&p), MEMA_REGION);
        TRUE(memcmp(p.region.name, "/bin/dog", 8) == 0);
        EQUAL(mema_smaps_finish(&p), MEMA_END);
}

/* The manual's words for every status; NULL beyond the last. */
static void statuses_have_words(void)
{
        for (unsigned i = 0; i < MEMA_STATUS_COUNT; i++)
                TRUE(mema_status_text((enum mema_status)i)[0] != '\0');
        TRUE(mema_status_text(MEMA_STATUS_COUNT) == NULL);
}

SUITE(smaps, CASE(every_field_is_read), CASE(absent_is_not_zero), CASE(labels_that_begin_with_others),
      CASE(any_order_and_any_layout), CASE(lines_like_those_of_the_mapping_before), CASE(a_cut_at_any_place),
      CASE(lines_of_another_width), CASE(wrong_lines_like_those_of_the_mapping_before),
      CASE(flags_like_those_of_the_mapping_before), CASE(the_last_of_a_repeated_field_counts),
      CASE(unknown_fields_are_passed_over), CASE(lines_without_a_label), CASE(blank_lines_are_nothing),
      CASE(flags), CASE(at_most_64_flags), CASE(addresses), CASE(an_end_at_2_to_the_64), CASE(permissions),
      CASE(wide_numbers_in_a_header), CASE(names), CASE(a_name_may_hold_a_nul), CASE(carriage_returns),
      CASE(header_only_records), CASE(other_producers), CASE(mappings_come_in_any_order),
      CASE(regions_know_their_line), CASE(no_input_is_no_address_space), CASE(what_is_no_smaps_at_all),
      CASE(malformed_headers), CASE(a_blank_where_none_belongs), CASE(malformed_fields),
      CASE(lines_that_are_no_fields), CASE(numbers_that_are_too_large),
      CASE(regions_before_an_error_are_given), CASE(an_input_that_is_cut_off),
      CASE(an_input_with_carriage_returns_that_is_cut_off), CASE(what_a_cut_off_input_lacks),
      CASE(a_last_line_that_is_wrong), CASE(a_last_line_without_a_newline),
      CASE(mappings_of_different_kinds_are_whole), CASE(a_long_name_keeps_its_head_and_tail),
      CASE(a_header_line_of_250_kilobytes), CASE(a_long_name_has_one_gap), CASE(long_other_lines),
      CASE(numbers_of_ten_thousand_digits), CASE(a_long_last_line_that_is_cut_off), CASE(an_error_stays),
      CASE(the_end_stays), CASE(a_feed_of_nothing_changes_nothing), CASE(a_region_stops_the_feed),
      CASE(statuses_have_words));
