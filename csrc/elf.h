/* elf.h - detects Go programs by their file; for process_linux.c. */
#ifndef MEMA_ELF_H
#define MEMA_ELF_H

#include <stddef.h>

#include "memanalyzer.h"

/* The largest piece that is wanted, in bytes, and the most pieces. */
enum { MEMA_ELF_PIECE = 4096, MEMA_ELF_PIECES = 40 };

/* The state of reading a program's file.  The caller reads the piece that is wanted and passes it
 * to mema_elf_take, until `want` is 0; then `program` and `go_version` are as in struct mema_context. */
struct mema_elf {
        uint64_t offset, want; /* the piece of the file that it wants */
        enum mema_program program;
        char go_version[MEMA_GO_VERSION_MAX];

        /* Private to elf.c. */
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

/* Takes the wanted piece: fewer bytes if the file ends there or cannot be read. */
void mema_elf_take(struct mema_elf *e, const void *bytes, size_t len);

#endif
