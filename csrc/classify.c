/* classify.c - region, neighbors and context in; category and method out.
 *
 * A name decides where there is one (classify_rules.c).  A nameless region may show by
 * its shape what it is; what no shape fits is counted by its permissions.  The
 * heap of a Go program that told its anchors is found in report.c, which sees
 * whole runs of regions. */
#include "classify.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define KIB(n) ((uint64_t)(n) << 10)

struct view {
        const struct mema_region *region;
        const struct mema_neighbor *self, *before, *after;
        const struct mema_context *context;
};

static uint64_t span_bytes(const struct mema_neighbor *n)
{
        return n->end - n->start;
}

static bool writable(const struct mema_neighbor *n)
{
        return n->perms == (PERM_READ | PERM_WRITE);
}

static bool plain_writable(const struct mema_neighbor *n)
{
        return n->plain && writable(n);
}

static bool reserved(const struct mema_neighbor *n)
{
        return n->plain && n->perms == 0;
}

static bool adjoins(const struct mema_neighbor *low, const struct mema_neighbor *high)
{
        return low->end != 0 && low->end == high->start;
}

static bool is_go(const struct view *v)
{
        return v->context->facts.go.known || v->context->program == MEMA_PROGRAM_GO;
}

static bool can_be_go(const struct view *v)
{
        return is_go(v) || v->context->program == MEMA_PROGRAM_UNKNOWN;
}

/* 25 of "go1.25.4" and of "devel go1.25-8c68a1c1ab"; 0: not known. */
static uint64_t go_version(const struct view *v)
{
        struct span s = span_of(v->context->go_version, sizeof v->context->go_version);
        uint64_t version = 0;

        while (s.at < s.end && !SPAN_STARTS(s, "go1."))
                s.at++;
        if (s.at < s.end) {
                s.at += sizeof "go1." - 1;
                (void)scan_decimal(&s, &version);
        }
        return version;
}

/* Above reserved memory that nothing else has claimed. */
static bool stands_on_reserve(const struct view *v)
{
        return adjoins(v->before, v->self) && reserved(v->before) &&
               v->before->category == MEMA_CATEGORY_ANON_NONE;
}

/* Zeroed data of an object lies directly on its initialised data. */
static bool is_bss(const struct view *v)
{
        return adjoins(v->before, v->self) && writable(v->before) && !v->before->plain &&
               (v->before->category == MEMA_CATEGORY_LIBRARIES ||
                v->before->category == MEMA_CATEGORY_BINARY);
}

/* Where the sanitizers of gcc, clang and Go keep their shadow (compiler-rt:
 * asan_mapping.h, tsan_platform.h, msan.h): fixed addresses, far from where the
 * kernel places anything by itself. */
/* clang-format off */
static const struct {
        uint64_t first, end;
} shadows[] = {
        /* x86-64 */
        { 0x00007fff7000, 0x00008fff7000 }, /* ASan: low */
        { 0x010000000000, 0x400000000000 }, /* ASan: high; MSan; TSan, that of Go, too */
        { 0x500000000000, 0x510000000000 }, /* MSan */
        { 0x600000000000, 0x620000000000 }, /* MSan: origins; TSan up to gcc 12: traces */
        /* arm64, beyond those */
        { 0x001000000000, 0x001200000000 }, /* ASan: low */
        { 0x001400000000, 0x004800000000 }, /* with addresses of 39 bits, ASan: high; TSan */
        { 0x400000000000, 0x540000000000 }, /* MSan, TSan */
        { 0x800000000000, 0xa00000000000 }, /* TSan: meta */
        { 0xb00000000000, 0xc00000000000 }, /* MSan */
};
/* clang-format on */

/* All of it is mapped without reserve and kept from huge pages.  Both are asked
 * for: other runtimes that choose addresses by themselves do only one of them. */
static bool is_shadow(const struct view *v)
{
        if (!mema_has_flag(v->region, "nr") || !mema_has_flag(v->region, "nh"))
                return false;
        for (size_t i = 0; i < sizeof shadows / sizeof *shadows; i++)
                if (v->self->start >= shadows[i].first && v->self->end - 1 < shadows[i].end)
                        return true;
        return false;
}

/* Up to 1.25 the Go runtime asks for its heap at i<<40 | 0xc0<<32, on arm64 at
 * i<<40 | 0x40<<32. */
static bool is_fixed_go_base(const struct view *v)
{
        uint64_t start = v->self->start;

        return start >> 47 == 0 && ((start & UINT64_C(0xffffffffff)) == UINT64_C(0xc000000000) ||
                                    (start & UINT64_C(0xffffffffff)) == UINT64_C(0x4000000000));
}

/* From 1.26, but for sanitizers, its base is random, where the kernel puts nothing
 * by itself: a multiple of 64 MiB, some steps of 4 MiB that are reserved, or none,
 * then the heap, and what is reserved up to the next multiple.  In what may be no
 * Go program only the middle of the address space is looked at.  Arenas of glibc
 * can look like that, but are mapped without reserve. */
static bool is_random_go_base(const struct view *v)
{
        uint64_t version;

        if (v->self->start % MIB(64) != 0)
                return false;
        version = go_version(v);

        bool steps = reserved(v->self) && span_bytes(v->self) < MIB(64) &&
                     span_bytes(v->self) % MIB(4) == 0 && adjoins(v->self, v->after) &&
                     plain_writable(v->after);
        bool none = plain_writable(v->self) && adjoins(v->self, v->after) && reserved(v->after) &&
                    v->after->end % MIB(64) == 0;
        bool full = plain_writable(v->self) && v->self->end % MIB(64) == 0 && version > 0;

        return (version == 0 ? v->self->start >> 42 != 0 : version >= 26 && v->self->start >> 32 != 0) &&
               v->self->start < UINT64_C(0x7000) << 32 && (steps || none || full) &&
               !mema_has_flag(v->region, "nr");
}

static bool is_go_base(const struct view *v)
{
        return is_fixed_go_base(v) || is_random_go_base(v);
}

static bool is_go_heap(const struct view *v)
{
        bool goes_on = adjoins(v->before, v->self) && v->before->category == MEMA_CATEGORY_GO_HEAP &&
                       v->before->plain;

        return can_be_go(v) && (goes_on || is_go_base(v));
}

/* The runtime's heap index is 32 MiB on 64-bit systems and lies below its large
 * reservations; the levels of its page summary are small islands in them. */
static bool is_go_metadata(const struct view *v)
{
        bool island =
                stands_on_reserve(v) && span_bytes(v->before) > KIB(128) && span_bytes(v->self) <= MIB(1);
        bool index = adjoins(v->self, v->after) && reserved(v->after) && span_bytes(v->after) > MIB(64) &&
                     span_bytes(v->self) == MIB(32);

        return is_go(v) && (island || index);
}

/* glibc gives an arena heaps of 64 MiB, 1 MiB where addresses have 32 bits. */
static uint64_t arena_heap(const struct mema_neighbor *n)
{
        return n->end >> 32 ? MIB(64) : MIB(1);
}

/* They are aligned to their size: used from the start, the rest reserved.  Where
 * malloc was asked for its heaps, nothing else is one. */
static bool is_arena(const struct view *v)
{
        uint64_t heap = arena_heap(v->after);

        return !v->context->heaps_known && adjoins(v->self, v->after) && reserved(v->after) &&
               v->self->start % heap == 0 && v->after->end % heap == 0 && !is_go_base(v);
}

/* What an arena has reserved, and heaps that are full, which have nothing left: of
 * large mappings of others they are told by being without reserve. */
static bool is_more_of_an_arena(const struct view *v)
{
        uint64_t heap = arena_heap(v->self);
        bool full = v->self->start % heap == 0 && plain_writable(v->self) && !v->context->heaps_known &&
                    (v->region->vm_flags[0] == '\0' || mema_has_flag(v->region, "nr"));

        return adjoins(v->before, v->self) && v->before->category == MEMA_CATEGORY_MALLOC_ARENAS &&
               v->before->plain && v->self->end % heap == 0 &&
               (full || (v->self->start % heap != 0 && reserved(v->self)));
}

static uint64_t threads_in(const struct view *v)
{
        const struct mema_threads *t = &v->context->threads;
        uint64_t n = 0;

        for (uint64_t i = 0; i < t->count && i < MEMA_THREADS_MAX; i++)
                n += t->stack_pointer[i] - v->self->start < span_bytes(v->self);
        return n;
}

/* A thread's stack has its stack pointer in it, or stands on a guard: one page, 64
 * KiB at most.  Neighbours of equal permissions can be one mapping, so that a stack
 * pointer does not make all of it certain, and what is larger than stacks are, 8 MiB
 * in most places, is more of something else.
 *
 * Goroutines have their stacks on the Go heap.  Where that can be, a stack pointer
 * alone does not tell, but with it that there are no huge pages: from Linux 6.7 that
 * is so for the stacks of threads.  Elsewhere, where all stack pointers are known,
 * what has none is no thread's: a buffer behind a guard, or what glibc keeps of a
 * thread that has ended, of which it has given back all but some pages. */
static bool is_thread_stack(const struct view *v)
{
        bool guarded = stands_on_reserve(v) && span_bytes(v->before) <= KIB(64);
        uint64_t threads;

        /* First what most memory is not: threads are up to MEMA_THREADS_MAX comparisons. */
        if (!guarded && !(can_be_go(v) ? mema_has_flag(v->region, "nh") : !is_go_base(v)))
                return false;
        threads = threads_in(v);
        if (span_bytes(v->self) > MIB(64) * (threads > 1 ? threads : 1))
                return false;
        return threads > 0 ||
               (guarded && span_bytes(v->self) >= KIB(16) && (can_be_go(v) || !v->context->threads.all));
}

/* A shape's category where it is that of the region before. */
enum { SAME_AS_BEFORE = MEMA_CATEGORY_COUNT };

/* Which nameless memory a shape is for: that can be written, or that is reserved. */
enum { WRITABLE = 1, RESERVED = 2, EITHER = WRITABLE | RESERVED };

/* A nameless region is the first of these that it fits. */
static const struct {
        unsigned of;
        bool (*fits)(const struct view *v);
        unsigned category;
} shapes[] = {
        { WRITABLE, is_bss, SAME_AS_BEFORE },
        /* Before the Go heap, which is put into the same part of the address space. */
        { WRITABLE, is_shadow, MEMA_CATEGORY_SANITIZER },
        /* Before arenas: the Go heap is aligned to 64 MiB, too. */
        { EITHER, is_go_heap, MEMA_CATEGORY_GO_HEAP },
        { WRITABLE, is_arena, MEMA_CATEGORY_MALLOC_ARENAS },
        { EITHER, is_more_of_an_arena, MEMA_CATEGORY_MALLOC_ARENAS },
        /* Before stacks, as all others: a reservation can be as small as a guard, and a
         * thread can stand anywhere. */
        { WRITABLE, is_go_metadata, MEMA_CATEGORY_GO_METADATA },
        { WRITABLE, is_thread_stack, MEMA_CATEGORY_STACK_THREADS },
};

static enum mema_category_id by_permissions(unsigned perms)
{
        if (perms & PERM_SHARED)
                return MEMA_CATEGORY_SHARED_ANON;
        if (perms & PERM_EXEC)
                return MEMA_CATEGORY_ANON_EXEC;
        if (perms & PERM_WRITE)
                return MEMA_CATEGORY_ANON_RW;
        return perms & PERM_READ ? MEMA_CATEGORY_ANON_RO : MEMA_CATEGORY_ANON_NONE;
}

struct mema_class mema_classify(const struct mema_region *g, const struct mema_neighbor *self,
                                const struct mema_neighbor *before, const struct mema_neighbor *after,
                                const struct mema_context *context)
{
        const struct view v = { g, self, before, after, context };
        unsigned of;

        if (!mema_is_nameless(g) || mema_is_device(g)) {
                unsigned category = mema_rule_for(g, context)->category;

                if (category == MEMA_CATEGORY_BY_PERMISSIONS)
                        category = by_permissions(self->perms);
                return (struct mema_class){ (enum mema_category_id)category, MEMA_METHOD_NAMED };
        }
        if (g->inode != 0)
                return (struct mema_class){ MEMA_CATEGORY_OTHER_FILES, MEMA_METHOD_NAMED };
        of = plain_writable(self) ? WRITABLE : reserved(self) ? RESERVED : 0;
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                unsigned category = shapes[i].category;

                if (!(shapes[i].of & of) || !shapes[i].fits(&v))
                        continue;
                return (struct mema_class){ category == SAME_AS_BEFORE ? before->category
                                                                       : (enum mema_category_id)category,
                                            MEMA_METHOD_INFERRED };
        }
        return (struct mema_class){ by_permissions(self->perms), MEMA_METHOD_NAMED };
}
