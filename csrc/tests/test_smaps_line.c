/* test_smaps_line.c - the parser on single lines: fields, headers, and errors in either. */
#include "expect_parse.h"

#include <stdio.h>
#include <string.h>

/* A header with `tail` after its inode has this name. */
#define NAMED(tail, name) READS(HEAD tail "\n", "400000-40b000 r-xp 0 8:2 17 [" name "]")

/* Fields ------------------------------------------------------------------- */

static void every_field_is_read(void)
{
        static const struct {
                const char *label;
                enum mema_field_kind kind;
        } fields[] = {
#define X(id, label, kind) { label, MEMA_KIND_##kind },
                MEMA_FIELDS(X)
#undef X
        };

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                const char *unit = fields[i].kind == MEMA_KIND_PLAIN ? "" : " kB";
                char text[256], shown[256];

                snprintf(text, sizeof text, MAPPING "%s: %8d%s\n", fields[i].label, 7, unit);
                snprintf(shown, sizeof shown, CAT " %s %d", fields[i].label, *unit ? 7168 : 7);
                reads(text, strlen(text), shown, __FILE__, __LINE__);
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

/* Lines that repeat those of the mapping before take the fast path; lines that differ in a byte are read as
 * well. */
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

/* Every kind of line, in the kernel's layout and in others. */
static void a_cut_at_any_byte_changes_nothing(void)
{
        static const char text[] = MAPPING SIZE_4 RSS_4 HUGE_0 SWAP_0
                "VmFlags: rd ex mr \n" MAPPING SIZE_4
                "Foo: Rss:                   4 kB\nRss:                  44 kB\n" SWAP_0 HUGE_0
                "Name: [anon:a\nb: ]\nVmFlags: rd ex mr \n" HEAD " /tmp/a b \n" SIZE_4 RSS_4 HUGE_0 RSS_4
                "/vendor/x\n\n" HEAD "\r\nSize:                  4 kB\r\n" RSS_4 HUGE_0 SWAP_0;
        static const char wrong[] = MAPPING SIZE_4 RSS_4 MAPPING SIZE_4 "Rss:           x kB\n" SWAP_0;
        struct records r = parse(text, sizeof text - 1, WHOLE);

        EQUAL(r.end.status, MEMA_STATUS_END);
        EQUAL(r.count, 4);
        records_free(&r);
        expect_same_in_two_pieces("a text", text, sizeof text - 1);
        expect_same_in_two_pieces("an error", wrong, sizeof wrong - 1);
}

static void numbers_can_begin_in_any_column(void)
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
               "a line after a mapping wants a label such as Rss:, not \"Rss                    4 kB\"");
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

static void unknown_fields_are_skipped(void)
{
        FIELDS("Foo: 4 kB\nRss: 4 kB\n", " Rss 4096 unknown 1");
        FIELDS("Foo: \nFoo:\nBar: -1 MB\n", " unknown 3");
        FIELDS("chp: 1\n", " unknown 1");
        FIELDS("ca-fe: 1\n", " unknown 1");
        FIELDS("dead-beef: 1\n", " unknown 1");
        FIELDS("FilePmdMapped: 4 kB\nAnonymous: 4 kB\n", " Anonymous 4096 FilePmdMapped 4096");
        FIELDS("0-0: 1\n", " unknown 1");
}

/* Android's "Name:" can contain raw newlines, and vendors print raw paths. */
static void some_lines_without_a_label_are_skipped(void)
{
        FIELDS("Name:           [anon:a\nb]\nRss: 4 kB\n", " Rss 4096 unknown 2");
        FIELDS("Name:           [anon:a\n\nb c\n\xff]\nRss: 4 kB\n", " Rss 4096 unknown 3");
        FIELDS("Name:           [anon:a\nb: c]\n", " unknown 2");
        FIELDS("Rss: 4 kB\n/vendor/lib/x.so\n", " Rss 4096 unknown 1");
        FIELDS("Rss: 4 kB\n[vendor heap]\n", " Rss 4096 unknown 1");
        FIELDS("/vendor/a b: c\n[anon:x]\n[anon:x y]\n", " unknown 3");
}

static void blank_lines_are_skipped(void)
{
        READS("\n\n" MAPPING "\nRss: 4 kB\n\n" MAPPING "Rss: 0 kB\n\n", CAT " Rss 4096 + " CAT " Rss 0");
        READS("\r\n" MAPPING "Rss: 4 kB\r\n\r\n", CAT " Rss 4096");
}

static void flags_are_separated_by_one_space(void)
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
                        strcat(text, " rd");
                strcat(text, "\n");
                r = parse_each_way("many flags", text, strlen(text));
                EQUAL(r.end.status, count <= MEMA_VM_FLAGS_MAX ? MEMA_STATUS_END : MEMA_STATUS_MALFORMED);
                records_free(&r);
        }
}

/* region.vm_flags is NUL-terminated. */
static void a_control_character_is_not_a_flag(void)
{
        FAILS(MAPPING "VmFlags: rd a\0 \n", MALFORMED, 2, 13,
              "VmFlags wants two-letter codes, at most 64, not \"a\\x00\"");
        FAILS(MAPPING "VmFlags: rd \x04w \n", MALFORMED, 2, 13,
              "VmFlags wants two-letter codes, at most 64, not \"\\x04w\"");
}

/* Headers ------------------------------------------------------------------ */

static void addresses_have_any_width(void)
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

static void permissions_are_kept(void)
{
        READS("1000-2000 rwxs 00000000 00:00 0\n", "1000-2000 rwxs 0 0:0 0 []");
        READS("1000-2000 ---p 00000000 00:00 0\n", "1000-2000 ---p 0 0:0 0 []");
        READS("1000-2000 --xp 00000000 00:00 0\n", "1000-2000 --xp 0 0:0 0 []");
}

static void header_numbers_can_have_64_bits(void)
{
        READS("1000-2000 r--p 7fffffff000 103:fffff 18446744073709551615 /a\n",
              "1000-2000 r--p 7fffffff000 103:fffff 18446744073709551615 [/a]");
        READS("1000-2000 r--p ffffffffffffffff 00:2a 0 /a\n", "1000-2000 r--p ffffffffffffffff 0:2a 0 [/a]");
}

static void names_are_kept_as_printed(void)
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

static void a_name_can_contain_a_nul(void)
{
        static const char text[] = HEAD "/tmp/a\0b\nRss: 4 kB\n";
        struct records r = parse_each_way("a NUL in a name", text, sizeof text - 1);

        EQUAL(r.count, 1);
        EQUAL(r.region[0].name_length, 8);
        TRUE(memcmp(r.region[0].name, "/tmp/a\0b", 8) == 0);
        EQUAL(r.region[0].value[MEMA_FIELD_RSS], 4096);
        records_free(&r);
}

/* If all lines so far end in a carriage return, so does a header, and it is not part of the name.  A maps
 * file in which all of the first names end in one loses them. */
static void lines_can_end_in_carriage_returns(void)
{
        READS(HEAD "/bin/cat\r\nRss: 4 kB\r\nVmFlags: rd wr \r\n", CAT " Rss 4096 VmFlags [rd wr]");
        READS(HEAD "/bin/cat\r\nRss: 4 kB\r\nFoo: 1\r\n" HEAD "/bin/cat\r\nRss: 8 kB\r\n",
              CAT " Rss 4096 + " CAT " Rss 8192 unknown 1");
        READS(HEAD "\r\nRss: 4 kB\r\n", "400000-40b000 r-xp 0 8:2 17 [] Rss 4096");
        READS("00400000-0040b000 r-xp 00000000 08:02 17\r\n", "400000-40b000 r-xp 0 8:2 17 []");
        READS(HEAD "/bin/cat\r\r\nRss: 4 kB\r\n", "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] Rss 4096");
        READS(HEAD "/bin/cat\r\nRss: 4 kB\n", "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] Rss 4096");
        READS(HEAD "/bin/cat\r\n", CAT);
        READS(HEAD "/bin/cat\r\n" HEAD "/bin/cat\r\n" HEAD "\r\n" HEAD "/bin/cat\r\n",
              CAT " + " CAT " + 400000-40b000 r-xp 0 8:2 17 [] + " CAT);
        READS(HEAD "/bin/cat\r\n" HEAD "\n" HEAD "/bin/cat\r\n",
              "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r] + 400000-40b000 r-xp 0 8:2 17 [] + "
              "400000-40b000 r-xp 0 8:2 17 [/bin/cat\r]");
        READS(HEAD "/bin/cat\r\n" HEAD "/bin/cat", CAT " + " CAT);
}

/* Errors ------------------------------------------------------------------- */

static void other_text_is_rejected_in_its_first_line(void)
{
        FAILS("{ \"schema\": 1, \"totals\": { \"rss\": 4096 } }\n", MALFORMED, 1, 1,
              NOT_SMAPS ", not \"{ \"schema\": 1, \"totals\": { \"rss\"\"");
        FAILS("\n\nRss: 4 kB\n", MALFORMED, 3, 1, NOT_SMAPS ", not \"Rss: 4 kB\"");
        FAILS("00400000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"00400000 r-xp\"");
        FAILS("-0040b000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"-0040b000 r-xp\"");
        FAILS("00400000- r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"00400000- r-xp\"");
        FAILS(" 00400000-0040b000 r-xp\n", MALFORMED, 1, 1, NOT_SMAPS ", not \" 00400000-0040b000 r-xp\"");
        FAILS("\0\0\0\n", MALFORMED, 1, 1, NOT_SMAPS ", not \"\\x00\\x00\\x00\"");
}

/* The message names the formats that users mistake for a smaps. */
static void known_formats_are_named(void)
{
#define IS(text, what) FAILS(text, MALFORMED, 1, 1, NOT_SMAPS ", not " what)
        IS("\x1f\x8b\x08\0\n", "gzip data: unpack it first");
        IS("\xef\xbb\xbf" MAPPING, "a byte order mark: save it as UTF-8 without one");
        IS("\xff\xfe"
           "0\0\n\0",
           "UTF-16: save it as UTF-8");
        IS("\xfe\xff\0"
           "0\0\n",
           "UTF-16: save it as UTF-8");
        IS("\177ELF\x02\x01\x01\n", "a program: save the smaps of its process");
        IS("Name:\tbash\nUmask:\t0022\n", "the status of a process: save its smaps");
        IS("Defaulted container \"a\" out of: a, b\n" MAPPING,
           "a notice from kubectl: name the container with -c");
        IS("\177EL\n", "\"\\x7fEL\"");
        FAILS(MAPPING "\x1f\x8b\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"\\x1f\\x8b\"");
#undef IS
}

static void malformed_headers_are_rejected(void)
{
        FAILS("00400000-0040b000\n", MALFORMED, 1, 18,
              "a mapping wants permissions such as rw-p, not the end of the line");
        FAILS("00400000-0040b000 \n", MALFORMED, 1, 19,
              "a mapping wants permissions such as rw-p, not the end of the line");
        FAILS("00400000-003ff000 r-xp 00000000 08:02 17\n", MALFORMED, 1, 10,
              "a mapping wants an end that is not below its start, not \"003ff000\"");
        FAILS("00400000-0040b000 qwxp 00000000 08:02 17\n", MALFORMED, 1, 19,
              "a mapping wants permissions such as rw-p, not \"qwxp\"");
        FAILS("00400000-0040b000 rwxz 00000000 08:02 17\n", MALFORMED, 1, 22,
              "a mapping wants permissions such as rw-p, not \"z\"");
        FAILS("00400000-0040b000 rwxps 00000000 08:02 17\n", MALFORMED, 1, 23,
              "a mapping wants permissions such as rw-p, not \"s\"");
        FAILS("00400000-0040b000 r-xp\n", MALFORMED, 1, 23,
              "a mapping wants an offset in hexadecimal after its permissions, not the end of the line");
        FAILS("00400000-0040b000 r-xp -1 08:02 17\n", MALFORMED, 1, 24,
              "a mapping wants an offset in hexadecimal after its permissions, not \"-1\"");
        FAILS("00400000-0040b000 r-xp 00000000\n", MALFORMED, 1, 32,
              "a mapping wants a device such as 08:02 after its offset, not the end of the line");
        FAILS("00400000-0040b000 r-xp 00000000 zz:02 17\n", MALFORMED, 1, 33,
              "a mapping wants a device such as 08:02 after its offset, not \"zz:02\"");
        FAILS("00400000-0040b000 r-xp 00000000 08-02 17\n", MALFORMED, 1, 35,
              "a mapping wants a device such as 08:02 after its offset, not \"-02\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:zz 17\n", MALFORMED, 1, 36,
              "a mapping wants a device such as 08:02 after its offset, not \"zz\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:02\n", MALFORMED, 1, 38,
              "a mapping wants an inode number after its device, not the end of the line");
        FAILS("00400000-0040b000 r-xp 00000000 08:02 x17\n", MALFORMED, 1, 39,
              "a mapping wants an inode number after its device, not \"x17\"");
        FAILS("00400000-0040b000 r-xp 00000000 08:02 17/bin/cat\n", MALFORMED, 1, 41,
              "a mapping wants an inode number after its device, not \"/bin/cat\"");
        FAILS(MAPPING "Rss: 4 kB\n00400000-0040b000 r-zp 00000000 08:02 17\n", MALFORMED, 3, 21,
              "a mapping wants permissions such as rw-p, not \"zp\"");
}

/* The message for a misplaced blank does not call it the end of the line. */
static void a_misplaced_blank_is_rejected(void)
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

                EQUAL(r.end.status, MEMA_STATUS_MALFORMED);
                EQUAL(r.end.line, cases[i].line);
                EQUAL(r.end.column, cases[i].column);
                if (strstr(r.end.message, "the end of the line"))
                        SAME_TEXT(r.end.message, "(words for a blank)");
                records_free(&r);
        }
}

static void malformed_fields_are_rejected(void)
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

static void lines_without_a_field_are_rejected(void)
{
        FAILS(MAPPING "Rss: 4 kB\nhello\n", MALFORMED, 3, 1,
              "a line after a mapping wants a label such as Rss:, not \"hello\"");
        FAILS(MAPPING "hello world: 4\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"hello world: 4\"");
        FAILS(MAPPING ": 4 kB\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \": 4 kB\"");
        FAILS(MAPPING "\xff\xfe\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"\\xff\\xfe\"");
        FAILS(MAPPING "Foo: 1\nRss: 4 kB\nhello\n", MALFORMED, 4, 1,
              "a line after a mapping wants a label such as Rss:, not \"hello\"");
        FAILS(MAPPING "a line that is longer than what an error shows of it\n", MALFORMED, 2, 1,
              "a line after a mapping wants a label such as Rss:, not \"a line that is longer than what \"");
}

static void numbers_beyond_64_bits_are_rejected(void)
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

static void regions_before_an_error_are_returned(void)
{
        READS(MAPPING "Rss: 4 kB\n" MAPPING "Rss: x\n",
              CAT " Rss 4096; 4:6: Rss wants a number of kB, not \"x\"");
        READS(MAPPING "Rss: 4 kB\n00400000-0040b000 z\n",
              CAT " Rss 4096; 3:19: a mapping wants permissions such as rw-p, not \"z\"");
}

SUITE(smaps_line, CASE(every_field_is_read), CASE(absent_is_not_zero), CASE(labels_that_begin_with_others),
      CASE(any_order_and_any_layout), CASE(lines_like_those_of_the_mapping_before),
      CASE(a_cut_at_any_byte_changes_nothing), CASE(numbers_can_begin_in_any_column),
      CASE(wrong_lines_like_those_of_the_mapping_before), CASE(flags_like_those_of_the_mapping_before),
      CASE(the_last_of_a_repeated_field_counts), CASE(unknown_fields_are_skipped),
      CASE(some_lines_without_a_label_are_skipped), CASE(blank_lines_are_skipped),
      CASE(flags_are_separated_by_one_space), CASE(at_most_64_flags), CASE(a_control_character_is_not_a_flag),
      CASE(addresses_have_any_width), CASE(an_end_at_2_to_the_64), CASE(permissions_are_kept),
      CASE(header_numbers_can_have_64_bits), CASE(names_are_kept_as_printed), CASE(a_name_can_contain_a_nul),
      CASE(lines_can_end_in_carriage_returns), CASE(other_text_is_rejected_in_its_first_line),
      CASE(known_formats_are_named), CASE(malformed_headers_are_rejected),
      CASE(a_misplaced_blank_is_rejected), CASE(malformed_fields_are_rejected),
      CASE(lines_without_a_field_are_rejected), CASE(numbers_beyond_64_bits_are_rejected),
      CASE(regions_before_an_error_are_returned));
