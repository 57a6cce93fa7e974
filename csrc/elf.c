/* elf.c - detects whether Go built a program and which version, from the ELF file, as Go's package
 * debug/buildinfo does.  The caller does the reading.
 *
 * Go's linker writes a section .go.buildinfo; before Go 1.13 there is only the function
 * table, .gopclntab.  A file without sections can still be a Go program: the start of its data is searched
 * for the build info, and if it is not found, the language is unknown.  No number in the file can increase
 * how much is read. */
#include "elf.h"

#include "scan.h"

/* Offsets of the members of the structures in <elf.h>, for 32-bit and 64-bit files. */
/* clang-format off */
static const struct format {
        unsigned word; /* size of an address, an offset or a size */
        struct { unsigned size, segments, sections, counts; } header;
        struct { unsigned size, flags, offset, address, bytes; } segment;
        struct { unsigned size, offset, bytes; } section;
} formats[] = {
        { 4, { 52, 28, 32, 42 }, { 32, 24, 4,  8, 16 }, { 40, 16, 20 } },
        { 8, { 64, 32, 40, 54 }, { 56,  4, 8, 16, 32 }, { 64, 24, 32 } },
};
/* clang-format on */

/* Bytes of e_ident, p_type PT_LOAD, and bits of p_flags. */
enum { CLASS = 4, ENCODING = 5, LOADED = 1, EXECUTABLE = 1, WRITABLE = 2 };

/* The build info: magic, pointer size, flags, and pointers to two strings; from Go 1.18 on, the strings
 * themselves instead, each after its length in LEB128. */
static const char magic[] = "\xff Go buildinf:";
enum { MAGIC = sizeof magic - 1, POINTER_SIZE = MAGIC, FLAGS, POINTERS, STRINGS = 32, LEB128_MAX = 10 };
enum { BIG_ENDIAN_POINTERS = 1, STRINGS_FOLLOW = 2 };

/* Limits; the linker aligns the build info to SEARCH_STEP. */
enum { SECTIONS_MAX = 1024, SEARCH_MAX = 16 * MEMA_ELF_PIECE, SEARCH_STEP = 16 };

/* Numbers */

static uint64_t number(const unsigned char *p, uint64_t bytes, uint64_t big)
{
        uint64_t v = 0;

        for (uint64_t i = 0; i < bytes; i++)
                v = v << 8 | p[big ? i : bytes - 1 - i];
        return v;
}

static const struct format *format_of(const struct mema_elf *e)
{
        return &formats[e->wide];
}

static uint64_t half(const struct mema_elf *e, const unsigned char *p)
{
        return number(p, 2, e->big);
}

static uint64_t word(const struct mema_elf *e, const unsigned char *p)
{
        return number(p, format_of(e)->word, e->big);
}

/* Wanting */

enum stage { HEADER, SEGMENTS, NAMES_SECTION, NAMES, SECTIONS, DATA, BUILD_INFO, VERSION, VERSION_TEXT };

/* The end of the piece must not pass 2^63, the limit of off_t. */
static void want_piece(struct mema_elf *e, enum stage stage, uint64_t offset, uint64_t want)
{
        e->stage = stage;
        e->offset = offset;
        e->want = offset >> 62 ? 0 : min_u64(want, MEMA_ELF_PIECE);
}

static void want_section(struct mema_elf *e, enum stage stage, uint64_t index, uint64_t count)
{
        uint64_t size = format_of(e)->section.size;

        want_piece(e, stage, e->sections + index * size, min_u64(count, MEMA_ELF_PIECE / size) * size);
}

static void want_address(struct mema_elf *e, enum stage stage, uint64_t address, uint64_t want)
{
        for (uint64_t i = 0; i < e->load_count; i++) {
                uint64_t into = address - e->load[i].address;

                if (into < e->load[i].size && want <= e->load[i].size - into) {
                        want_piece(e, stage, e->load[i].offset + into, want);
                        return;
                }
        }
}

static void want_data(struct mema_elf *e)
{
        for (uint64_t i = 0; i < e->load_count; i++) {
                uint64_t skip = -e->load[i].address % SEARCH_STEP;

                if ((e->load[i].flags & (WRITABLE | EXECUTABLE)) == WRITABLE && skip < e->load[i].size) {
                        e->left = min_u64(e->load[i].size - skip, SEARCH_MAX);
                        want_piece(e, DATA, e->load[i].offset + skip, e->left);
                        return;
                }
        }
}

/* Taking the wanted piece, one function for each stage.  One that wants no other ends the reading. */

static void take_header(struct mema_elf *e, const unsigned char *p, size_t len)
{
        const struct format *f;

        if (len < formats[0].header.size || memcmp(p, "\177ELF", 4) != 0 || p[CLASS] < 1 || p[CLASS] > 2 ||
            p[ENCODING] < 1 || p[ENCODING] > 2)
                return;
        e->wide = p[CLASS] == 2;
        e->big = p[ENCODING] == 2;
        f = format_of(e);
        if (len < f->header.size || half(e, p + f->header.counts) != f->segment.size)
                return;
        e->sections = word(e, p + f->header.sections);
        if (half(e, p + f->header.counts + 4) == f->section.size)
                e->section_count = half(e, p + f->header.counts + 6);
        e->names_section = half(e, p + f->header.counts + 8);
        want_piece(e, SEGMENTS, word(e, p + f->header.segments),
                   half(e, p + f->header.counts + 2) * f->segment.size);
}

static void take_segments(struct mema_elf *e, const unsigned char *p, size_t len)
{
        const struct format *f = format_of(e);

        for (; len >= f->segment.size && e->load_count < sizeof e->load / sizeof *e->load;
             p += f->segment.size, len -= f->segment.size) {
                if (number(p, 4, e->big) != LOADED)
                        continue;
                e->load[e->load_count].offset = word(e, p + f->segment.offset);
                e->load[e->load_count].address = word(e, p + f->segment.address);
                e->load[e->load_count].size = word(e, p + f->segment.bytes);
                e->load[e->load_count].flags = number(p + f->segment.flags, 4, e->big);
                e->load_count++;
        }
        if (e->section_count == 0)
                want_data(e);
        else if (e->section_count <= SECTIONS_MAX)
                want_section(e, NAMES_SECTION, e->names_section, 1);
}

static void take_names_section(struct mema_elf *e, const unsigned char *p, size_t len)
{
        const struct format *f = format_of(e);

        if (len == f->section.size)
                want_piece(e, NAMES, word(e, p + f->section.offset), word(e, p + f->section.bytes));
}

static void take_names(struct mema_elf *e, const unsigned char *p, size_t len)
{
        memcpy(e->names, p, len);
        e->names_length = len;
        want_section(e, SECTIONS, 0, e->section_count);
}

/* Empty if it is beyond the names that were read. */
static struct span section_name(const struct mema_elf *e, uint64_t at)
{
        const char *from = e->names + min_u64(at, e->names_length);
        const char *end = memchr(from, '\0', (size_t)(e->names + e->names_length - from));

        return span_of(from, end ? (size_t)(end - from) : 0);
}

/* Only section 0 is nameless: another without a name has one that was not read, and may be Go's. */
static void take_sections(struct mema_elf *e, const unsigned char *p, size_t len)
{
        const struct format *f = format_of(e);

        for (; len >= f->section.size; p += f->section.size, len -= f->section.size) {
                struct span name = section_name(e, number(p, 4, e->big));

                e->unsure |= name.at == name.end && e->section > 0;
                e->section++;
                if (SPAN_EQUALS(name, ".go.buildinfo")) {
                        want_piece(e, BUILD_INFO, word(e, p + f->section.offset),
                                   STRINGS + LEB128_MAX + MEMA_GO_VERSION_MAX);
                        return;
                }
                if (SPAN_ENDS(name, ".gopclntab"))
                        e->program = MEMA_PROGRAM_GO;
        }
        if (e->unsure)
                return;
        if (e->section < e->section_count)
                want_section(e, SECTIONS, e->section, e->section_count - e->section);
        else if (e->program == MEMA_PROGRAM_UNKNOWN)
                e->program = MEMA_PROGRAM_OTHER;
}

static void take_data(struct mema_elf *e, const unsigned char *p, size_t len)
{
        for (size_t i = 0; i + MAGIC <= len; i += SEARCH_STEP) {
                if (memcmp(p + i, magic, MAGIC) == 0) {
                        want_piece(e, BUILD_INFO, e->offset + i, STRINGS + LEB128_MAX + MEMA_GO_VERSION_MAX);
                        return;
                }
        }
        e->left -= len;
        if (len == MEMA_ELF_PIECE)
                want_piece(e, DATA, e->offset + len, e->left);
}

static void keep_version(struct mema_elf *e, const unsigned char *p, size_t len)
{
        for (size_t i = 0; i < len && i + 1 < sizeof e->go_version && p[i] >= ' ' && p[i] <= '~'; i++)
                e->go_version[i] = (char)p[i];
}

static void take_build_info(struct mema_elf *e, const unsigned char *p, size_t len)
{
        uint64_t length = 0;
        size_t i = STRINGS;

        if (len < STRINGS || memcmp(p, magic, MAGIC) != 0)
                return;
        e->program = MEMA_PROGRAM_GO;
        if (p[FLAGS] & STRINGS_FOLLOW) {
                for (unsigned shift = 0; i < len && shift < 64; shift += 7) {
                        length |= (uint64_t)(p[i] & 0x7f) << shift;
                        if (!(p[i++] & 0x80)) {
                                keep_version(e, p + i, (size_t)min_u64(length, len - i));
                                return;
                        }
                }
        } else if (p[POINTER_SIZE] == 4 || p[POINTER_SIZE] == 8) {
                e->pointer = p[POINTER_SIZE];
                e->pointer_big = p[FLAGS] & BIG_ENDIAN_POINTERS;
                want_address(e, VERSION, number(p + POINTERS, e->pointer, e->pointer_big), 2 * e->pointer);
        }
}

/* A Go string header: pointer and length. */
static void take_version(struct mema_elf *e, const unsigned char *p, size_t len)
{
        if (len == 2 * e->pointer)
                want_address(e, VERSION_TEXT, number(p, e->pointer, e->pointer_big),
                             min_u64(number(p + e->pointer, e->pointer, e->pointer_big),
                                     sizeof e->go_version - 1));
}

void mema_elf_init(struct mema_elf *e)
{
        memset(e, 0, sizeof *e);
        want_piece(e, HEADER, 0, formats[1].header.size);
}

void mema_elf_take(struct mema_elf *e, const void *bytes, size_t len)
{
        static void (*const take[])(struct mema_elf *, const unsigned char *, size_t) = {
                [HEADER] = take_header,
                [SEGMENTS] = take_segments,
                [NAMES_SECTION] = take_names_section,
                [NAMES] = take_names,
                [SECTIONS] = take_sections,
                [DATA] = take_data,
                [BUILD_INFO] = take_build_info,
                [VERSION] = take_version,
                [VERSION_TEXT] = keep_version,
        };

        e->unsure |= len < e->want;
        e->want = 0;
        take[e->stage](e, bytes, len);
}
