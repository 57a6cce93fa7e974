/* allocators.h - the libraries that have malloc, and what tells their memory; not for users. */
#ifndef MEMA_ALLOCATORS_H
#define MEMA_ALLOCATORS_H

#include "region.h"

/* What memory of an allocator that gives it no name has in common. */
enum mema_sign {
        MEMA_SIGN_NONE,
        MEMA_SIGN_NO_RESERVE, /* VmFlags nr */
        MEMA_SIGN_HUGE,       /* hg */
        MEMA_SIGN_FENCED,     /* ---p on both sides */
        MEMA_SIGN_ALIGNED,    /* begins at a multiple of 256 MiB */
        MEMA_SIGN_COUNT
};

/* A row for each library. */
struct mema_allocator_row {
        enum mema_allocator allocator;
        const char *library; /* the beginning of its file's name */
        const char *symbol;  /* a function that it alone defines; NULL: none is known */
        enum mema_sign sign;
};

extern const struct mema_allocator_row mema_allocator_rows[];
extern const size_t mema_allocator_row_count;

/* The allocator in a library, by the name of its file; MEMA_ALLOCATOR_UNKNOWN if it has none. */
enum mema_allocator mema_allocator_in(struct span path);

/* Whether the file is a C library: glibc or musl. */
bool mema_is_libc(struct span path);

enum mema_sign mema_sign_of_allocator(enum mema_allocator allocator);

/* The sign of a region of nameless writable memory. */
enum mema_sign mema_sign_of(const struct mema_region *g, const struct mema_neighbor *before,
                            const struct mema_neighbor *after);

#endif
