/* self_object_linux.c - where the objects of this process end in memory, by their own program headers.
 *
 * <elf.h> is out of reach: cgo finds the file of that name in this folder. */
#include "self_search.h"

/* Elf64_Ehdr and Elf64_Phdr of the System V ABI. */
struct header {
        unsigned char ident[16];
        uint16_t type, machine;
        uint32_t version;
        uint64_t entry, segments, sections;
        uint32_t flags;
        uint16_t size, segment_size, segment_count, section_size, section_count, names;
};

struct segment {
        uint32_t type, flags;
        uint64_t offset, address, physical, in_file, in_memory, alignment;
};

enum { LOADED = 1, SEGMENTS_MAX = 64 };

bool mema_self_has_objects(const struct mema_self_memory *own)
{
        return mema_self_reads_wide(own);
}

uint64_t mema_self_object_end(const struct mema_self_memory *own, uint64_t base)
{
        static const unsigned char magic[] = "\177ELF\2"; /* 64 bits */
        uint64_t page = own->page, first = UINT64_MAX, end = 0;
        struct header h;
        struct segment segment[SEGMENTS_MAX];

        if (mema_self_read(own, base, &h, sizeof h) != sizeof h ||
            memcmp(h.ident, magic, sizeof magic - 1) != 0 || h.segment_size != sizeof *segment ||
            h.segment_count > SEGMENTS_MAX ||
            mema_self_read(own, base + h.segments, segment, h.segment_count * sizeof *segment) !=
                    h.segment_count * sizeof *segment)
                return 0;
        for (size_t i = 0; i < h.segment_count; i++) {
                if (segment[i].type != LOADED)
                        continue;
                if (first == UINT64_MAX)
                        first = segment[i].address / page * page;
                end = segment[i].address + segment[i].in_memory;
        }
        return end > first ? base + (end - first + page - 1) / page * page : 0;
}
