/* self_object_linux.c - where the objects of this process end in memory, by their own program headers.
 *
 * <elf.h> is out of reach: cgo finds the file of that name in this folder. */
#define _GNU_SOURCE
#include "self_object.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

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

/* The kernel reads, so that an address without memory cannot fault. */
static bool read_memory(uint64_t at, void *to, size_t size)
{
        struct iovec into = { to, size }, from = { (void *)(uintptr_t)at, size };

        return process_vm_readv(getpid(), &into, 1, &from, 1, 0) == (ssize_t)size;
}

bool mema_self_has_objects(void)
{
        char here = 1, there = 0;

        return sizeof(void *) == 8 && read_memory((uintptr_t)&here, &there, 1) && there == 1;
}

uint64_t mema_self_object_end(uint64_t base)
{
        static const unsigned char magic[] = "\177ELF\2"; /* 64 bits */
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), first = UINT64_MAX, end = 0;
        struct header h;
        struct segment segment[SEGMENTS_MAX];

        if (!read_memory(base, &h, sizeof h) || memcmp(h.ident, magic, sizeof magic - 1) != 0 ||
            h.segment_size != sizeof *segment || h.segment_count > SEGMENTS_MAX ||
            !read_memory(base + h.segments, segment, h.segment_count * sizeof *segment))
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
