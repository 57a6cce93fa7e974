/* allocators.c - the libraries that have malloc, as a table, and what tells their memory.
 *
 * glibc's memory is known by its shape (classify.c) and its own fields (self_memory_linux.c).  That of
 * other allocators is told by at most one sign, which proves something only if the allocator is known to be
 * in use.  Signs were observed with jemalloc 5.3, mimalloc 2.0 to 3.6, TCMalloc of 2023, gperftools 2.18,
 * Scudo of LLVM 14 to 21, rpmalloc 2.0, oneTBB 2023 and musl 1.2. */
#include "allocators.h"

/* clang-format off */
const struct mema_allocator_row mema_allocator_rows[] = {
        /* allocator              library                symbol                  sign */
        { MEMA_ALLOCATOR_JEMALLOC, "libjemalloc",         "mallctl",              MEMA_SIGN_NO_RESERVE },
        { MEMA_ALLOCATOR_MIMALLOC, "libmimalloc",         "mi_version",           MEMA_SIGN_NO_RESERVE },
        { MEMA_ALLOCATOR_SNMALLOC, "libsnmalloc",         NULL,                   MEMA_SIGN_NO_RESERVE },
        { MEMA_ALLOCATOR_TCMALLOC, "libtcmalloc",         "tc_version",           MEMA_SIGN_HUGE },
        { MEMA_ALLOCATOR_TCMALLOC, "libtcmalloc",         "MallocExtension_Internal_GetNumericProperty", MEMA_SIGN_HUGE },
        { MEMA_ALLOCATOR_SCUDO,    "libscudo",            "__scudo_print_stats",  MEMA_SIGN_FENCED },
        { MEMA_ALLOCATOR_SCUDO,    "libclang_rt.scudo",   "__scudo_get_error_info", MEMA_SIGN_FENCED },
        { MEMA_ALLOCATOR_RPMALLOC, "librpmalloc",         "rpmalloc",             MEMA_SIGN_ALIGNED },
        { MEMA_ALLOCATOR_TBB,      "libtbbmalloc_proxy",  NULL,                   MEMA_SIGN_NONE },
        { MEMA_ALLOCATOR_ASAN,     "libasan",             "__asan_init",          MEMA_SIGN_NONE },
        { MEMA_ALLOCATOR_ASAN,     "libclang_rt.asan",    "__asan_init",          MEMA_SIGN_NONE },
        { MEMA_ALLOCATOR_MSAN,     "libclang_rt.msan",    "__msan_init",          MEMA_SIGN_NONE },
        { MEMA_ALLOCATOR_MUSL,     "ld-musl-",            NULL,                   MEMA_SIGN_NONE },
        { MEMA_ALLOCATOR_MUSL,     "libc.musl-",          NULL,                   MEMA_SIGN_NONE },
};
/* clang-format on */

const size_t mema_allocator_row_count = sizeof mema_allocator_rows / sizeof *mema_allocator_rows;

enum mema_allocator mema_allocator_in(struct span path)
{
        struct span name = base_name(path);

        for (size_t i = 0; i < mema_allocator_row_count; i++) {
                const char *library = mema_allocator_rows[i].library;
                size_t n = 0;

                while (library[n] != '\0')
                        n++;
                if (span_starts(name, library, n))
                        return mema_allocator_rows[i].allocator;
        }
        return MEMA_ALLOCATOR_UNKNOWN;
}

bool mema_is_libc(struct span path)
{
        struct span name = base_name(path);

        return SPAN_STARTS(name, "libc.so") || SPAN_STARTS(name, "libc-2.") ||
               mema_allocator_in(path) == MEMA_ALLOCATOR_MUSL;
}

enum mema_sign mema_sign_of_allocator(enum mema_allocator allocator)
{
        for (size_t i = 0; i < mema_allocator_row_count; i++)
                if (mema_allocator_rows[i].allocator == allocator)
                        return mema_allocator_rows[i].sign;
        return MEMA_SIGN_NONE;
}

static bool is_fence(const struct mema_neighbor *n)
{
        return n->plain && n->perms == 0;
}

enum mema_sign mema_sign_of(const struct mema_region *g, const struct mema_neighbor *before,
                            const struct mema_neighbor *after)
{
        const uint64_t unit = UINT64_C(256) << 20;

        if (mema_has_either(g, "nr", "hg"))
                return mema_has_flag(g, "nr") ? MEMA_SIGN_NO_RESERVE : MEMA_SIGN_HUGE;
        if (before->end != 0 && before->end == g->start && is_fence(before) && after->start == g->end &&
            is_fence(after))
                return MEMA_SIGN_FENCED;
        return g->start % unit == 0 ? MEMA_SIGN_ALIGNED : MEMA_SIGN_NONE;
}
