/* classify.c - a region, its neighbors and the context in; category and method out.
 *
 * A name decides if there is one (classify_rules.c).  A nameless region is the first of the shapes below
 * that it fits; if it fits none, its permissions decide.  The heap of a Go program that gave its anchors
 * is found in report_run.c, which sees whole runs of regions.
 *
 * To add a shape, write a function is_... and a row of shapes[], with its source, and a row for each
 * side of each bound in tests/test_classify.c.  A new category is first a row of MEMA_CATEGORIES in
 * memanalyzer.h, and then `make golden`. */
#include "classify.h"

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define TIB(n) ((uint64_t)(n) << 40)

/* The region that is classified, with all that its category depends on. */
struct view {
        const struct mema_region *region;
        const struct mema_neighbor *self, *before, *after;
        const struct mema_context *context;
};

/* Neighbors */

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

/* Whether the region lies on reserved memory that fits no shape. */
static bool is_on_reserve(const struct view *v)
{
        return adjoins(v->before, v->self) && reserved(v->before) &&
               v->before->category == MEMA_CATEGORY_ANON_NONE;
}

/* Programs */

static bool is_go(const struct view *v)
{
        return v->context->facts.go.known || v->context->program == MEMA_PROGRAM_GO;
}

static bool can_be_go(const struct view *v)
{
        return is_go(v) || v->context->program == MEMA_PROGRAM_UNKNOWN;
}

/* The 25 of "go1.25.4" and of "devel go1.25-8c68a1c1ab"; 0 if the version is unknown. */
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

/* Objects and sanitizers */

static bool adjoins_data_of(const struct mema_neighbor *self, const struct mema_neighbor *before,
                            enum mema_category_id category)
{
        return adjoins(before, self) && writable(before) && !before->plain && before->category == category;
}

bool mema_adjoins_library(const struct mema_neighbor *self, const struct mema_neighbor *before)
{
        return self->plain && adjoins_data_of(self, before, MEMA_CATEGORY_LIBRARIES);
}

/* Most libraries have less zeroed data. */
static const uint64_t bss_max = MIB(4);

/* The zeroed data of an object adjoin its initialized data.  The kernel puts a library directly below memory
 * that was mapped before it, and can merge its zeroed data with that. */
static bool is_bss(const struct view *v)
{
        return adjoins_data_of(v->self, v->before, MEMA_CATEGORY_BINARY) ||
               (adjoins_data_of(v->self, v->before, MEMA_CATEGORY_LIBRARIES) && !v->context->bss_known &&
                span_bytes(v->self) <= bss_max);
}

/* The addresses of shadow memory of the sanitizers of gcc, clang and Go.  They are fixed, and far from
 * the addresses that the kernel chooses.  Source: compiler-rt's asan_mapping.h, tsan_platform.h, msan.h. */
/* clang-format off */
static const struct {
        uint64_t first, end;
} shadows[] = {
        /* x86-64 */
        { 0x00007fff7000, 0x00008fff7000 }, /* ASan: low */
        { 0x010000000000, 0x400000000000 }, /* ASan: high; MSan; TSan, also Go's */
        { 0x500000000000, 0x510000000000 }, /* MSan */
        { 0x600000000000, 0x620000000000 }, /* MSan: origins; TSan up to gcc 12: traces */
        /* arm64, beside those */
        { 0x001000000000, 0x001200000000 }, /* ASan: low */
        { 0x001400000000, 0x004800000000 }, /* with addresses of 39 bits, ASan: high; TSan */
        { 0x400000000000, 0x540000000000 }, /* MSan, TSan */
        { 0x800000000000, 0xa00000000000 }, /* TSan: meta */
        { 0xb00000000000, 0xc00000000000 }, /* MSan */
};
/* clang-format on */

/* Shadow memory is mapped without reserve and without huge pages.  Both flags are needed: other runtimes
 * that choose their addresses set only one of them. */
static bool is_shadow(const struct view *v)
{
        if (!mema_has_flag(v->region, "nr") || !mema_has_flag(v->region, "nh"))
                return false;
        for (size_t i = 0; i < sizeof shadows / sizeof *shadows; i++)
                if (v->self->start >= shadows[i].first && v->self->end - 1 < shadows[i].end)
                        return true;
        return false;
}

/* Go */

/* Of Go's runtime on 64-bit systems: heapArenaBytes and pallocChunkBytes. */
static const uint64_t go_arena = MIB(64), go_chunk = MIB(4);

/* Mappings whose address the kernel chooses begin beyond this address. */
static const uint64_t kernel_choice = UINT64_C(0x700000000000);

/* Go up to 1.25 requests its heap at i<<40 | 0xc0<<32, on arm64 at i<<40 | 0x40<<32. */
static bool is_fixed_go_base(const struct view *v)
{
        uint64_t start = v->self->start, hint = start & (TIB(1) - 1);

        return start >> 47 == 0 && (hint == UINT64_C(0xc0) << 32 || hint == UINT64_C(0x40) << 32);
}

/* Go up to 1.10 reserves 544 GiB there.  Behind 16 GiB or more of spans and bitmap, which grows down from
 * its end, lies the heap; MADV_HUGEPAGE and MADV_NOHUGEPAGE can cut it into thousands of pieces.
 * Source: Go 1.10's runtime/malloc.go, mallocinit. */
static bool is_in_old_go_arena(const struct view *v)
{
        const uint64_t base = UINT64_C(0xc0) << 32;

        return v->self->start >= base + GIB(16) && v->self->end - 1 < base + GIB(544) &&
               plain_writable(v->self) && !mema_has_flag(v->region, "nr") && go_version(v) <= 10;
}

/* Go from 1.26 chooses a random base, except with sanitizers: a multiple of the arena size.  The heap
 * begins there, or some reserved chunks above it, and the rest of its last arena is reserved.  A block that
 * does not fit into that rest is given arenas of its own, and uses the rest first: so much more is reserved.
 * Only a program that is known to be Go can have its heap up to the end of an arena, or reserve more than
 * one: other allocators grow down from the end of their reserve, and a JVM reserves more.  glibc's arenas can
 * have this shape at addresses that the kernel chooses; other allocators map theirs without reserve or with
 * huge pages.  Source: Go 1.26's runtime/mheap.go, grow. */
static bool is_random_go_base(const struct view *v)
{
        uint64_t version, start = v->self->start, reserve_max = go_arena;
        bool below_heap, before_reserve, full;

        if (start % go_arena != 0 || start < GIB(4) || start >= kernel_choice ||
            mema_has_either(v->region, "nr", "hg"))
                return false;
        version = go_version(v);
        if (version > 0 && version < 26)
                return false;
        if (version > 0)
                reserve_max += span_bytes(v->self);
        below_heap = reserved(v->self) && span_bytes(v->self) < go_arena &&
                     span_bytes(v->self) % go_chunk == 0 && adjoins(v->self, v->after) &&
                     plain_writable(v->after) && (version > 0 || v->after->end % go_arena != 0);
        before_reserve = plain_writable(v->self) && adjoins(v->self, v->after) && reserved(v->after) &&
                         span_bytes(v->after) < reserve_max && v->after->end % go_arena == 0;
        full = version > 0 && plain_writable(v->self) && v->self->end % go_arena == 0;
        return below_heap || before_reserve || full;
}

static bool is_go_base(const struct view *v)
{
        return is_fixed_go_base(v) || is_in_old_go_arena(v) || is_random_go_base(v);
}

/* A process that gives anchors has no heap beside their runs. */
static bool is_go_heap(const struct view *v)
{
        bool anchored = v->context->facts.go.known && v->context->facts.go.anchor_count > 0;
        bool continues = adjoins(v->before, v->self) && v->before->category == MEMA_CATEGORY_GO_HEAP &&
                         v->before->plain;

        return !anchored && can_be_go(v) && (continues || is_go_base(v));
}

/* The heap index is 32 MiB on 64-bit systems and lies below the runtime's large reservations; the levels
 * of the page summary are small islands in reservations that are too large for a stack's guard. */
static bool is_go_metadata(const struct view *v)
{
        bool island = is_on_reserve(v) && span_bytes(v->before) > KIB(128) && span_bytes(v->self) <= MIB(1);
        bool index = adjoins(v->self, v->after) && reserved(v->after) && span_bytes(v->after) > MIB(64) &&
                     span_bytes(v->self) == MIB(32);

        /* V8's pages are islands, too. */
        return is_go(v) && (island || index) && !mema_has_flag(v->region, "nr");
}

/* malloc */

/* HEAP_MAX_SIZE of glibc: 64 MiB, or 1 MiB if addresses have 32 bits. */
static uint64_t heap_max(const struct mema_neighbor *n)
{
        return n->end >> 32 ? MIB(64) : MIB(1);
}

/* glibc up to 2.36 at least, and before 2.41, maps heaps without reserve.  If the flags are unknown, so is
 * this. */
static bool can_be_without_reserve(const struct view *v)
{
        return v->region->vm_flags[0] == '\0' || mema_has_flag(v->region, "nr");
}

/* A heap is aligned to its size: its start is in use, the rest reserved.  Full heaps below it can be part of
 * its mapping: from glibc 2.41 on, only the address that the kernel chose tells them from the heap of a
 * JVM.  If all heaps of malloc are known, no other region is one. */
static bool is_heap_of(const struct view *v, uint64_t size)
{
        return adjoins(v->self, v->after) && reserved(v->after) && span_bytes(v->after) < size &&
               v->self->start % size == 0 && v->after->end % size == 0 &&
               (span_bytes(v->self) <= size || can_be_without_reserve(v) || v->self->start >= kernel_choice);
}

/* With glibc.malloc.hugetlb=1, the first 2 MiB of a heap are a mapping of their own. */
static bool is_huge_head(const struct view *v)
{
        return v->self->start % heap_max(v->self) == 0 && span_bytes(v->self) == MIB(2) &&
               mema_has_flag(v->region, "hg") && adjoins(v->self, v->after) && plain_writable(v->after);
}

/* With glibc.malloc.hugetlb=2, heaps of glibc up to 2.41 have the size of four huge pages. */
static const uint64_t huge_heap = MIB(8);

/* A full heap has no reserve behind it.  Much of it is resident, unlike other mappings without reserve. */
static bool is_full_heap(const struct view *v)
{
        uint64_t span = span_bytes(v->self), start = v->self->start;

        /* Cheap tests first: few mappings are aligned. */
        return ((start % huge_heap == 0 && span == huge_heap && mema_has_flag(v->region, "nr")) ||
                (start % heap_max(v->self) == 0 && span > 0 && span % heap_max(v->self) == 0 &&
                 start >= kernel_choice)) &&
               v->region->value[MEMA_FIELD_RSS] >= span / 2 && can_be_without_reserve(v);
}

static bool is_arena(const struct view *v)
{
        return !v->context->heaps_known && !is_go_base(v) &&
               (is_heap_of(v, heap_max(v->after)) || is_huge_head(v) || is_full_heap(v) ||
                (is_heap_of(v, huge_heap) && mema_has_flag(v->region, "nr")));
}

/* The rest of a heap behind its huge head, or behind the part that has a name, the reserve of a heap, and
 * further heaps that are full and have no reserve.  Those differ from large mappings of other programs in
 * that they are mapped without reserve. */
static bool is_more_of_an_arena(const struct view *v)
{
        uint64_t heap = heap_max(v->self), at = v->self->start % heap;
        bool full = at == 0 && v->self->end % heap == 0 && plain_writable(v->self) &&
                    !v->context->heaps_known && can_be_without_reserve(v);
        bool rest = at != 0 && at + span_bytes(v->self) <= heap &&
                    (reserved(v->self) || at == MIB(2) || !v->before->plain);

        return adjoins(v->before, v->self) && v->before->category == MEMA_CATEGORY_MALLOC_ARENAS &&
               ((full && v->before->plain) || rest);
}

/* Stacks */

/* Bounds of a thread's guard and stack; most stacks have 8 MiB. */
static const uint64_t guard_max = KIB(64), stack_min = KIB(16), stack_max = MIB(64);

/* How many threads have their stack's address below another; they are in order. */
static uint64_t threads_below(const struct view *v, uint64_t address)
{
        const struct mema_threads *t = &v->context->threads;
        uint64_t low = 0, high = min_u64(t->count, MEMA_THREADS_MAX);

        while (low < high) {
                uint64_t middle = low + (high - low) / 2;

                if (t->stack[middle] < address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static uint64_t threads_in(const struct view *v)
{
        return threads_below(v, v->self->end) - threads_below(v, v->self->start);
}

/* The fields of smaps tell the kernel: KSM was added in Linux 6.7, with nh for MAP_STACK.  An emulator maps
 * its guest's first stack without MAP_STACK, with the usual size. */
static bool would_have_nh_as_a_stack(const struct view *v)
{
        return v->region->present & MEMA_BIT(MEMA_FIELD_KSM) && v->region->vm_flags_present &&
               span_bytes(v->self) != MIB(8);
}

/* Whether no memory without one of the addresses in context.threads is a stack. */
static bool all_stacks_are_known(const struct view *v)
{
        const struct mema_threads *t = &v->context->threads;

        return t->all && (t->descriptors || !can_be_go(v));
}

/* From glibc 2.42 and Linux 6.13, a guard is no mapping: stacks that adjoin are one mapping, marked gu.
 * Shadow stacks are marked ss. */
static bool is_marked_stack(const struct view *v)
{
        return mema_has_either(v->region, "ss", "gu") &&
               (mema_has_flag(v->region, "ss") ||
                (mema_has_flag(v->region, "nh") && !all_stacks_are_known(v)));
}

/* Neighbors with equal permissions can be one mapping with a stack, so a region that is larger than the
 * stacks of its threads counts as other memory, unless there are more threads than are known. */
static bool can_be_stacks(const struct view *v, uint64_t threads)
{
        return span_bytes(v->self) <= stack_max * (threads > 1 ? threads : 1) ||
               (threads > 0 && v->context->threads.count == MEMA_THREADS_MAX);
}

/* A thread's descriptor is on its stack, in any program. */
static bool is_described_stack(const struct view *v)
{
        uint64_t threads = v->context->threads.descriptors ? threads_in(v) : 0;

        return threads > 0 && can_be_stacks(v, threads);
}

/* A thread's stack holds its stack pointer, or lies on a guard.
 *
 * Goroutine stacks are on the Go heap.  In a program that can be Go, a stack pointer alone proves nothing,
 * but one in a region without huge pages does: from Linux 6.7, threads' stacks have none.  If all addresses
 * are known, a region without one is no stack: it is a buffer behind a guard, a fiber's stack, or that of an
 * ended thread, which glibc keeps after freeing most of its pages. */
static bool is_thread_stack(const struct view *v)
{
        bool guarded = is_on_reserve(v) && span_bytes(v->before) <= guard_max &&
                       !(would_have_nh_as_a_stack(v) && !mema_has_flag(v->region, "nh"));
        bool can_hold_one = !v->context->threads.descriptors &&
                            (can_be_go(v) ? mema_has_flag(v->region, "nh") : !is_go_base(v));
        uint64_t threads = can_hold_one ? threads_in(v) : 0;

        return can_be_stacks(v, threads) &&
               (threads > 0 || (guarded && span_bytes(v->self) >= stack_min && !all_stacks_are_known(v)));
}

/* Shapes */

/* The category of a shape that has the one of the region before it. */
enum { SAME_AS_BEFORE = MEMA_CATEGORY_COUNT };

/* The nameless memory that a shape is for: read-write, no access, or both. */
enum { WRITABLE = 1, RESERVED = 2, EITHER = WRITABLE | RESERVED };

/* The first row that a region fits decides.  Each has its source. */
static const struct {
        unsigned access;
        bool (*fits)(const struct view *v);
        unsigned category;
} shapes[] = {
        /* ELF: memory beyond p_filesz, up to p_memsz */
        { WRITABLE, is_bss, SAME_AS_BEFORE },
        /* compiler-rt; before the Go heap, which can have the same addresses */
        { WRITABLE, is_shadow, MEMA_CATEGORY_SANITIZER },
        /* Go's runtime/malloc.go, mallocinit; before arenas, because it is aligned to 64 MiB, too */
        { EITHER, is_go_heap, MEMA_CATEGORY_GO_HEAP },
        /* glibc's malloc/arena.c, new_heap */
        { WRITABLE, is_arena, MEMA_CATEGORY_MALLOC_ARENAS },
        { EITHER, is_more_of_an_arena, MEMA_CATEGORY_MALLOC_ARENAS },
        /* glibc's nptl/pthread_create.c; before metadata, because it can lie on a large reservation */
        { WRITABLE, is_described_stack, MEMA_CATEGORY_STACK_THREADS },
        /* Go's runtime/malloc.go, sysAlloc, and runtime/mpagealloc_64bit.go, sysInit */
        { WRITABLE, is_go_metadata, MEMA_CATEGORY_GO_METADATA },
        /* the kernel's VmFlags */
        { WRITABLE, is_marked_stack, MEMA_CATEGORY_STACK_THREADS },
        /* glibc's nptl/allocatestack.c; last, because a reservation can be as small as a guard, and a stack
         * pointer can be anywhere */
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

static struct mema_class by_rule(const struct view *v)
{
        unsigned category = mema_rule_for(v->region, v->context)->category;

        if (category == MEMA_CATEGORY_BY_PERMISSIONS)
                category = by_permissions(v->self->perms);
        return (struct mema_class){ (enum mema_category_id)category, MEMA_METHOD_NAMED };
}

static struct mema_class by_shape(const struct view *v)
{
        unsigned access = plain_writable(v->self) ? WRITABLE : reserved(v->self) ? RESERVED : 0;

        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                unsigned category = shapes[i].category;

                if (!(shapes[i].access & access) || !shapes[i].fits(v))
                        continue;
                if (category == SAME_AS_BEFORE)
                        category = v->before->category;
                return (struct mema_class){ (enum mema_category_id)category, MEMA_METHOD_INFERRED };
        }
        /* Writable memory without a name can be anybody's that has no shape. */
        return (struct mema_class){ by_permissions(v->self->perms),
                                    access == WRITABLE ? MEMA_METHOD_INFERRED : MEMA_METHOD_NAMED };
}

struct mema_class mema_classify(const struct mema_region *g, const struct mema_neighbor *self,
                                const struct mema_neighbor *before, const struct mema_neighbor *after,
                                const struct mema_context *context)
{
        const struct view v = { g, self, before, after, context };

        if (!mema_is_nameless(g) || mema_is_device(g))
                return by_rule(&v);
        if (g->inode != 0)
                return (struct mema_class){ MEMA_CATEGORY_OTHER_FILES, MEMA_METHOD_NAMED };
        return by_shape(&v);
}
