/* elf.h - between elf.c and process_linux.c; not for users. */
#ifndef MEMA_ELF_H
#define MEMA_ELF_H

#include <stddef.h>

#include "memanalyzer.h"

/* The most that is asked for at a time, and how often. */
enum { MEMA_ELF_PIECE = 4096, MEMA_ELF_PIECES = 40 };

/* A look at a program's file.  It asks for pieces until `want` is 0; `program` and
 * `go_version` are then what those of struct mema_context are. */
struct mema_elf {
        uint64_t offset, want; /* the bytes that it asks for */
        uint64_t program;
        char go_version[MEMA_GO_VERSION_MAX];

        /* The rest is its own. */
        uint64_t stage, wide, big;
        uint64_t sections, section_count, section, names_section, unsure;
        uint64_t left, pointer, pointer_big;
        uint64_t load_count, names_length;
        struct {
                uint64_t offset, address, size, flags;
        } load[8];
        char names[MEMA_ELF_PIECE];
};

void mema_elf_init(struct mema_elf *e);

/* Takes what was asked for: fewer bytes than that where the file has no more, or
 * cannot be read. */
void mema_elf_take(struct mema_elf *e, const void *bytes, size_t len);

#endif
