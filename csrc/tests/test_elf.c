/* test_elf.c - the detection of Go programs, on ELF files that are made here.  However broken a file is, few
 * pieces of it are read, and nothing beyond them. */
#include "test.h"

#include "../elf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A file with numbers of 32 or 64 bits, little or big endian. */
struct file {
        bool wide, big;
        size_t len;
        unsigned char bytes[2048];
};

static void put(struct file *f, size_t at, size_t bytes, uint64_t value)
{
        for (size_t i = 0; i < bytes; i++)
                f->bytes[at + i] = (unsigned char)(value >> 8 * (f->big ? bytes - 1 - i : i));
}

static void put_text(struct file *f, size_t at, const char *text)
{
        memcpy(f->bytes + at, text, strlen(text));
}

/* Offsets of the parts of a file, and the address of its only segment. */
enum { SEGMENT = 0x40, NAMES = 0x80, SECTIONS = 0x100, STRING = 0x200, INFO = 0x240, END = 0x280 };
#define ADDRESS UINT64_C(0x40000)

/* The offsets of members are from <elf.h>. */
static void put_section(struct file *f, size_t index, uint64_t name, uint64_t offset, uint64_t size)
{
        size_t word = f->wide ? 8 : 4, at = SECTIONS + index * (f->wide ? 64 : 40);

        put(f, at, 4, name);
        put(f, at + (f->wide ? 24 : 16), word, offset);
        put(f, at + (f->wide ? 32 : 20), word, size);
}

static void put_info(struct file *f, const char *version)
{
        put_text(f, INFO, "\xff Go buildinf:");
        f->bytes[INFO + 14] = f->wide ? 8 : 4;
        f->bytes[INFO + 15] = 2;
        f->bytes[INFO + 32] = (unsigned char)strlen(version);
        put_text(f, INFO + 33, version);
}

/* A program whose last section is named `name`. */
static struct file program(unsigned format, const char *name)
{
        struct file f = { .wide = format & 1, .big = format & 2, .len = END };
        size_t word = f.wide ? 8 : 4, counts = f.wide ? 54 : 42;

        put_text(&f, 0, "\177ELF");
        f.bytes[4] = f.wide ? 2 : 1;
        f.bytes[5] = f.big ? 2 : 1;
        put(&f, f.wide ? 32 : 28, word, SEGMENT);
        put(&f, f.wide ? 40 : 32, word, SECTIONS);
        put(&f, counts, 2, f.wide ? 56 : 32);
        put(&f, counts + 2, 2, 1);
        put(&f, counts + 4, 2, f.wide ? 64 : 40);
        put(&f, counts + 6, 2, 3);
        put(&f, counts + 8, 2, 1);

        put(&f, SEGMENT, 4, 1);
        put(&f, SEGMENT + (f.wide ? 4 : 24), 4, 6);
        put(&f, SEGMENT + (f.wide ? 8 : 4), word, STRING);
        put(&f, SEGMENT + (f.wide ? 16 : 8), word, ADDRESS);
        put(&f, SEGMENT + (f.wide ? 32 : 16), word, END - STRING);

        put_text(&f, NAMES + 1, ".shstrtab");
        put_text(&f, NAMES + 11, name);
        put_section(&f, 1, 1, NAMES, SECTIONS - NAMES);
        put_section(&f, 2, 11, INFO, END - INFO);
        put_info(&f, "go1.26.8");
        return f;
}

enum { FORMATS = 4 };

/* Reads a file, each piece from a block of its own, so that ASan sees an over-read. */
static struct mema_elf read_file(const struct file *f)
{
        struct mema_elf e;
        uint64_t pieces = 0;

        memset(&e, 0xa5, sizeof e);
        mema_elf_init(&e);
        for (; e.want > 0 && pieces <= MEMA_ELF_PIECES; pieces++) {
                size_t left = e.offset < f->len ? f->len - (size_t)e.offset : 0;
                size_t n = e.want < left ? (size_t)e.want : left;
                char *piece = malloc(n + 1);

                if (!piece || e.want > MEMA_ELF_PIECE || e.offset >> 62) {
                        TRUE(false);
                        free(piece);
                        break;
                }
                if (n > 0)
                        memcpy(piece + 1, f->bytes + e.offset, n);
                mema_elf_take(&e, piece + 1, n);
                free(piece);
        }
        if (pieces > MEMA_ELF_PIECES || e.program > MEMA_PROGRAM_OTHER ||
            !memchr(e.go_version, '\0', sizeof e.go_version))
                TRUE(false);
        return e;
}

static void is(const struct file *f, enum mema_program wanted, const char *version, int line)
{
        struct mema_elf e = read_file(f);

        equal_number("program", e.program, wanted, __FILE__, line);
        equal_text("version", e.go_version, version, __FILE__, line);
}
#define IS(f, program, version) is(f, MEMA_PROGRAM_##program, version, __LINE__)

/* Programs -------------------------------------------------------------------- */

static void a_go_program_has_build_info(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".go.buildinfo");

                IS(&f, GO, "go1.26.8");
        }
}

/* Go 1.13 to 1.17: pointers to two strings; a string is a pointer and a length. */
static struct file with_pointers(unsigned format)
{
        struct file f = program(format, ".go.buildinfo");
        size_t word = f.wide ? 8 : 4;

        memset(f.bytes + INFO + 32, 0, 16);
        f.bytes[INFO + 15] = f.big;
        put(&f, INFO + 16, word, ADDRESS);
        put(&f, STRING, word, ADDRESS + 32);
        put(&f, STRING + word, word, 7);
        put_text(&f, STRING + 32, "go1.17.13");
        return f;
}

static void an_older_go_has_pointers(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = with_pointers(i);

                IS(&f, GO, "go1.17.");
                put(&f, STRING, f.wide ? 8 : 4, ADDRESS + END - STRING - 7);
                memcpy(f.bytes + END - 7, "go1.13x", 7);
                IS(&f, GO, "go1.13x");
                put(&f, STRING, f.wide ? 8 : 4, ADDRESS + END - STRING - 6);
                IS(&f, GO, "");
                f.bytes[INFO + 14] = 5;
                IS(&f, GO, "");
        }
}

static void before_go_1_13_there_is_a_function_table(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".data.rel.ro.gopclntab");

                IS(&f, GO, "");
        }
}

static void other_programs_have_other_sections(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".go.buildinfos"), g = program(i, "go.buildinfo");

                IS(&f, OTHER, "");
                IS(&g, OTHER, "");
        }
}

static void without_sections_the_data_is_searched(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".go.buildinfo");

                put(&f, (f.wide ? 54 : 42) + 6, 2, 0);
                IS(&f, GO, "go1.26.8");
                put(&f, SEGMENT + (f.wide ? 4 : 24), 4, 7);
                IS(&f, UNKNOWN, "");
        }
}

/* The linker aligns the build info by its address. */
static void only_aligned_build_info_is_found(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".go.buildinfo");
                size_t address = SEGMENT + (f.wide ? 16 : 8), offset = SEGMENT + (f.wide ? 8 : 4);

                put(&f, (f.wide ? 54 : 42) + 6, 2, 0);
                put(&f, address, f.wide ? 8 : 4, ADDRESS + 8);
                IS(&f, UNKNOWN, "");
                put(&f, offset, f.wide ? 8 : 4, STRING - 8);
                IS(&f, GO, "go1.26.8");
        }
}

/* Eight loaded segments are remembered; the data is in the ninth. */
static void more_than_eight_segments_are_not_searched(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".go.buildinfo");
                size_t size = f.wide ? 56 : 32;

                for (size_t k = 0; k < 9; k++)
                        memcpy(f.bytes + END + k * size, f.bytes + SEGMENT, size);
                for (size_t k = 0; k < 8; k++)
                        put(&f, END + k * size + (f.wide ? 4 : 24), 4, 5);
                put(&f, f.wide ? 32 : 28, f.wide ? 8 : 4, END);
                put(&f, (f.wide ? 54 : 42) + 2, 2, 9);
                put(&f, (f.wide ? 54 : 42) + 6, 2, 0);
                f.len = sizeof f.bytes;
                IS(&f, UNKNOWN, "");
                put(&f, END, 4, 4);
                IS(&f, GO, "go1.26.8");
        }
}

static void an_unreadable_file_is_unknown(void)
{
        struct file empty = { 0 }, text = { .len = 512 }, other = program(1, ".go.buildinfo");
        struct file nameless = program(1, ".text"), info = program(1, ".go.buildinfo");

        IS(&empty, UNKNOWN, "");
        memset(text.bytes, '#', text.len);
        IS(&text, UNKNOWN, "");
        other.bytes[4] = 3;
        IS(&other, UNKNOWN, "");
        put_section(&nameless, 2, 5000, INFO, 16);
        IS(&nameless, UNKNOWN, "");
        info.bytes[INFO] = 'G';
        IS(&info, UNKNOWN, "");
}

static void a_version_is_printable(void)
{
        static const char development[] = "devel go1.27-8c68a1c1ab Thu Jan 1 00:00:00 1970";
        struct file f = program(1, ".go.buildinfo");

        put_info(&f, development);
        IS(&f, GO, "devel go1.27-8c68a1c1ab Thu Jan");
        put_info(&f, "go1.26\n1");
        IS(&f, GO, "go1.26");
        put_info(&f, "");
        IS(&f, GO, "");
        memset(f.bytes + INFO + 32, 0xff, 10);
        IS(&f, GO, "");
}

/* Broken files ------------------------------------------------------------------ */

static struct file whole(unsigned format, bool pointers)
{
        return pointers ? with_pointers(format) : program(format, ".go.buildinfo");
}

/* A truncated Go program can be unknown, but not OTHER. */
static void a_truncated_file_is_not_taken_for_another_language(void)
{
        for (unsigned i = 0; i < 2 * FORMATS; i++) {
                struct file f = whole(i % FORMATS, i >= FORMATS);
                uint64_t others = 0;

                for (f.len = 0; f.len < END; f.len++)
                        others += read_file(&f).program == MEMA_PROGRAM_OTHER;
                EQUAL(others, 0);
        }
}

static void any_number_in_a_file_can_be_wrong(void)
{
        static const uint64_t values[] = {
                0,
                1,
                2,
                0x7f,
                0x80,
                0xff,
                0x7fff,
                0xffff,
                0x10000,
                INT32_MAX,
                UINT32_MAX,
                UINT64_C(1) << 32,
                (UINT64_C(1) << 62) - 1,
                UINT64_C(1) << 62,
                INT64_MAX,
                UINT64_C(1) << 63,
                UINT64_MAX - 4096,
                UINT64_MAX,
        };
        uint64_t go = 0, files = 0;

        for (unsigned i = 0; i < 2 * FORMATS; i++) {
                const struct file f = whole(i % FORMATS, i >= FORMATS);

                for (size_t at = 0; at + 8 <= END; at += 2) {
                        for (size_t v = 0; v < 3 * COUNT(values); v++) {
                                struct file g = f;

                                put(&g, at, (size_t)2 << v % 3, values[v / 3]);
                                go += read_file(&g).program == MEMA_PROGRAM_GO;
                                files++;
                        }
                }
        }
        TRUE(go > files / 2 && go < files);
}

/* Reads an endless file: after the part that is made, every section has a name, and the rest is zeros. */
static void reads_in_pieces(struct file *f, uint64_t sections, enum mema_program wanted, uint64_t pieces)
{
        char named[MEMA_ELF_PIECE] = { 0 };
        struct mema_elf e;
        uint64_t n = 0;

        for (size_t at = f->big ? 3 : 0; sections > 0 && at < sizeof named; at += f->wide ? 64 : 40)
                named[at] = 1;
        put(f, (f->wide ? 54 : 42) + 6, 2, sections);
        put(f, SEGMENT + (f->wide ? 32 : 16), f->wide ? 8 : 4, f->wide ? UINT64_MAX : UINT32_MAX);
        mema_elf_init(&e);
        for (; e.want > 0 && n <= MEMA_ELF_PIECES; n++)
                mema_elf_take(&e, e.offset + e.want <= f->len ? (char *)f->bytes + e.offset : named,
                              (size_t)e.want);
        EQUAL(e.program, wanted);
        EQUAL(n, pieces);
}

static void an_endless_file_is_read_in_few_pieces(void)
{
        for (unsigned i = 0; i < FORMATS; i++) {
                struct file f = program(i, ".text");

                memset(f.bytes + INFO, 0, END - INFO);
                reads_in_pieces(&f, 0, MEMA_PROGRAM_UNKNOWN, 2 + 16);
                reads_in_pieces(&f, 1024, MEMA_PROGRAM_OTHER, f.wide ? 4 + 16 : 4 + 11);
                reads_in_pieces(&f, 1025, MEMA_PROGRAM_UNKNOWN, 2);
        }
}

SUITE(elf, CASE(a_go_program_has_build_info), CASE(an_older_go_has_pointers),
      CASE(before_go_1_13_there_is_a_function_table), CASE(other_programs_have_other_sections),
      CASE(without_sections_the_data_is_searched), CASE(only_aligned_build_info_is_found),
      CASE(more_than_eight_segments_are_not_searched), CASE(an_unreadable_file_is_unknown),
      CASE(a_version_is_printable), CASE(a_truncated_file_is_not_taken_for_another_language),
      CASE(any_number_in_a_file_can_be_wrong), CASE(an_endless_file_is_read_in_few_pieces));
