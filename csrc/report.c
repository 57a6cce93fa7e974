/* report.c - regions in, sums by category out.
 *
 * The law: every resident byte is in exactly one category, and the categories add up to RSS.  A region
 * waits until its successor is known; then it is classified once and counted once, in its category or
 * in the run that may be the Go heap (report_run.c).
 *
 * Its memory is in report_arena.c, rows in report_rows.c, names in report_names.c, pieces of mappings in
 * report_split.c, parts of the heaps in report_apportion.c, bounds in report_bounds.c, warnings in
 * report_warnings.c. */
#include "allocators.h"
#include "classify.h"
#include "report_apportion.h"
#include "report_arena.h"
#include "report_bounds.h"
#include "report_names.h"
#include "report_rows.h"
#include "report_run.h"
#include "report_split.h"
#include "report_sums.h"

/* Begin */

void mema_report_init(struct mema_report *r, const struct mema_context *context,
                      const struct mema_options *options)
{
        memset(r, 0, sizeof *r);
        if (context)
                r->context = *context;
        r->after = r->context.facts;
        if (options)
                r->options = *options;
        if ((unsigned)r->options.sort >= MEMA_SORT_COUNT)
                r->options.sort = MEMA_SORT_RSS;
        if (r->options.for_diff) {
                r->options.top = MEMA_ALL;
                r->options.sort = MEMA_SORT_ADDRESS;
                r->options.every_sort = false;
        }
        mema_rows_init(&r->_rows, &r->options);
        r->_counting.before.category = MEMA_CATEGORY_COUNT;
}

void mema_report_capture(struct mema_report *r, const struct mema_capture *capture)
{
        const struct mema_context *c = &capture->context;

        if (c->facts.go.known) {
                r->context.facts.go = c->facts.go;
                r->after.go = capture->after.go;
        }
        if (c->facts.malloc.known) {
                r->context.facts.malloc = c->facts.malloc;
                r->after.malloc = capture->after.malloc;
        }
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++)
                if (c->limits.known & MEMA_BIT(i))
                        r->context.limits.value[i] = c->limits.value[i];
        r->context.limits.known |= c->limits.known;
        r->context.limits.cgroup_hidden |= c->limits.cgroup_hidden;
        if (c->exe_length > 0) {
                memcpy(r->context.exe, c->exe, (size_t)c->exe_length);
                r->context.exe_length = c->exe_length;
                r->context.exe_deleted = c->exe_deleted;
        }
        if (c->program != MEMA_PROGRAM_UNKNOWN)
                r->context.program = c->program;
        if (c->allocator != MEMA_ALLOCATOR_UNKNOWN)
                r->context.allocator = c->allocator;
        if (c->go_version[0] != '\0')
                memcpy(r->context.go_version, c->go_version, sizeof c->go_version);
        if (c->threads.count > 0 || c->threads.all || c->threads.descriptors)
                r->context.threads = c->threads;
        r->context.heaps_known |= c->heaps_known;
        r->context.bss_known |= c->bss_known;
        r->context.without_cgo |= c->without_cgo;
        r->context.malloc_drift = max_u64(r->context.malloc_drift, c->malloc_drift);
        r->checks.labels_lost += capture->labels_lost;
}

/* Arena */

/* The most arena bytes that a region and its pieces take. */
static uint64_t most_bytes(const struct mema_report *r, const struct mema_region *g)
{
        uint64_t pieces = mema_split_most_pieces(&r->context, g, r->_counting.searched);
        uint64_t name = g->name_length + (pieces > 1 ? sizeof((struct mema_split *)0)->name : 0);

        return pieces * (mema_row_bytes + name + mema_name_bytes);
}

/* The arena is compacted if at least this fraction of it is displaced, so that compaction takes linear time
 * in all; else it grows by a quarter, and ARENA_STEP bytes. */
enum { WORTH_COMPACTING = 8, ARENA_STEP = 8192 };

static void compact(struct mema_report *r)
{
        mema_arena_plan(&r->_arena);
        mema_rows_relocate(&r->_rows, &r->_arena);
        mema_names_relocate(&r->_names, &r->_arena);
        mema_arena_move(&r->_arena);
}

uint64_t mema_report_wants(struct mema_report *r, const struct mema_region *region)
{
        const struct mema_arena *arena = &r->_arena;
        uint64_t need = most_bytes(r, region);

        /* The waiting region is kept first; the last region is kept by mema_report_finish, without a call. */
        if (r->_counting.waiting)
                need += most_bytes(r, &r->_counting.region);
        if (mema_arena_free(arena) >= need)
                return 0;
        if (arena->displaced > arena->size / WORTH_COMPACTING)
                compact(r);
        return mema_arena_free(arena) >= need ? 0 : arena->size / 4 * 5 + need + ARENA_STEP;
}

void mema_report_lend(struct mema_report *r, void *arena, uint64_t size)
{
        mema_arena_lend(&r->_arena, arena, size);
}

/* Counting */

/* Takes the first mapping with a name for the program if nothing names it, as in a saved smaps: the kernel
 * maps the program below everything but memory that asked for a lower address, from the start of its file. */
static void guess_program(struct mema_report *r, const struct mema_region *g)
{
        const uint64_t libraries = UINT64_C(0x700000000000); /* on x86-64, they are beyond this address */

        if (r->context.exe_length > 0 || r->_counting.names_came || g->name_length == 0)
                return;
        r->_counting.names_came = true;
        if ((r->totals.mappings > 1 && g->start >= libraries) || g->offset != 0 || g->perms[3] == 's' ||
            mema_rule_for(g, &r->context)->category != MEMA_CATEGORY_OTHER_FILES)
                return;
        memcpy(r->context.exe, g->name, (size_t)g->name_length);
        r->context.exe_length = g->name_length;
        r->_counting.exe_guessed = true;
}

/* Sets category and method of a mapping or a piece of one.  `whole`: the class of the whole mapping, for
 * pieces without an owner; NULL: their own shape decides. */
static void classify(struct mema_report *r, struct mema_region *g, const struct mema_neighbor *self,
                     const struct mema_neighbor *after, const struct mema_class *whole,
                     const struct mema_split *piece)
{
        struct mema_class class = { piece->category,
                                    piece->labeled ? MEMA_METHOD_NAMED : MEMA_METHOD_INFERRED };

        if (piece->category == MEMA_CATEGORY_COUNT)
                class = whole ? *whole : mema_classify(g, self, &r->_counting.before, after, &r->context);
        g->category = class.category;
        g->method = class.method;
        if (g->category == MEMA_CATEGORY_BINARY && r->_counting.exe_guessed)
                g->method = MEMA_METHOD_INFERRED;
        if (piece->unsure > 0 && g->method < MEMA_METHOD_ESTIMATED)
                g->method = MEMA_METHOD_ESTIMATED;
}

/* Where a piece is counted: in its category, or, if it can be an allocator's, behind all categories until
 * that allocator is known. */
static unsigned place_of(const struct mema_report *r, const struct mema_neighbor *self,
                         const struct mema_neighbor *after)
{
        const struct mema_region *g = &r->_counting.region;
        enum mema_sign sign = MEMA_SIGN_NONE;

        if (g->category == MEMA_CATEGORY_ANON_RW && self->plain)
                sign = mema_sign_of(g, &r->_counting.before, after);
        return sign == MEMA_SIGN_NONE ? g->category : MEMA_CATEGORY_COUNT + (unsigned)sign - 1;
}

/* The category of a place. */
static enum mema_category_id category_at(const struct mema_report *r, unsigned place)
{
        unsigned sign = (unsigned)mema_sign_of_allocator(r->context.allocator);

        if (place < MEMA_CATEGORY_COUNT)
                return (enum mema_category_id)place;
        return sign > 0 && place == MEMA_CATEGORY_COUNT + sign - 1 ? MEMA_CATEGORY_MALLOC_ARENAS
                                                                   : MEMA_CATEGORY_ANON_RW;
}

/* If an allocator's library is mapped, the process has its malloc.  That of musl's can be replaced. */
static void find_allocator(struct mema_report *r)
{
        const struct mema_region *g = &r->_counting.region;
        enum mema_allocator found = MEMA_ALLOCATOR_UNKNOWN;
        struct span path;

        if (g->category != MEMA_CATEGORY_LIBRARIES || g->perms[2] != 'x')
                return;
        path = mema_undeleted(span_of(g->name, (size_t)g->name_length));
        r->checks.libc_unasked |= r->context.without_cgo && mema_is_libc(path);
        if (r->context.allocator == MEMA_ALLOCATOR_UNKNOWN || r->context.allocator == MEMA_ALLOCATOR_MUSL)
                found = mema_allocator_in(path);
        if (found != MEMA_ALLOCATOR_UNKNOWN)
                r->context.allocator = found;
}

/* Counts the waiting region, or the piece of it that it was made into. */
static void settle_piece(struct mema_report *r, const struct mema_neighbor *self,
                         const struct mema_neighbor *after, const struct mema_class *whole,
                         const struct mema_split *piece)
{
        struct mema_counting *c = &r->_counting;
        struct mema_region *g = &c->region;
        struct mema_category *sums;
        unsigned place;
        bool again = piece->pieces > 1;
        bool owned = piece->category < MEMA_CATEGORY_COUNT;
        bool in_run = r->context.facts.go.known && self->plain && !owned &&
                      (self->perms == 0 || self->perms == (PERM_READ | PERM_WRITE));

        classify(r, g, self, after, whole, piece);
        place = place_of(r, self, after);
        if (g->category == MEMA_CATEGORY_ANON_RW && mema_adjoins_library(self, &c->before))
                c->beside_libraries = sat_add(c->beside_libraries, g->value[MEMA_FIELD_RSS]);
        find_allocator(r);
        c->flagless |= self->plain && !g->vm_flags_present;
        if (!in_run || !mema_run_continues(&r->_run, g))
                mema_run_close(&r->_run, &r->_arena, r->category, r->_signed);
        sums = in_run ? mema_run_extend(&r->_run, &r->_arena, &r->context.facts.go, g, place)
               : place < MEMA_CATEGORY_COUNT ? &r->category[place]
                                             : &r->_signed[place - MEMA_CATEGORY_COUNT];
        mema_category_add(sums, g, piece->committed, piece->unsure, again);
        if (g->category == MEMA_CATEGORY_NAMED && !mema_names_add(&r->_names, &r->_arena, g, again))
                r->checks.other_named++;
        c->before = *self;
        c->before.category = g->category;
        g->category = (enum mema_category_id)place;
        if (g->category == MEMA_CATEGORY_NOT_BROKEN_DOWN)
                r->checks.totals_only = true;
        else if (!mema_rows_add(&r->_rows, &r->_arena, g, c->settled))
                r->checks.rows_lost++;
        c->settled++;
}

/* Anonymous pages are resident. */
static bool contradicts_itself(const struct mema_region *g)
{
        const uint64_t both = MEMA_BIT(MEMA_FIELD_RSS) | MEMA_BIT(MEMA_FIELD_ANONYMOUS);

        return (g->present & both) == both && g->value[MEMA_FIELD_ANONYMOUS] > g->value[MEMA_FIELD_RSS];
}

/* Counts the waiting region; its successor is known now. */
static void settle(struct mema_report *r, const struct mema_neighbor *after)
{
        struct mema_counting *c = &r->_counting;
        struct mema_split split;
        struct mema_class whole;
        bool in_pieces, behind_label = false;

        if (!c->waiting)
                return;
        c->waiting = false;
        c->reached = max_u64(c->reached, c->region.end - 1);
        c->recent[r->totals.mappings % MEMA_RECENT_MAX] =
                (struct mema_recent){ c->region.start, c->region.end, c->region.value[MEMA_FIELD_RSS] };
        r->checks.repeated += c->region.repeated;
        r->checks.without_rss += !(c->region.present & MEMA_BIT(MEMA_FIELD_RSS));
        r->checks.contradictory += contradicts_itself(&c->region);
        guess_program(r, &c->region);
        in_pieces = mema_split_begin(&split, &c->region, &r->context, &c->searched);
        split.unsure = max_u64(split.unsure, c->unsure);
        if (!in_pieces) {
                settle_piece(r, &c->self, after, NULL, &split);
                return;
        }
        /* A label must not change the class of the memory behind it. */
        whole = mema_classify(&c->region, &c->self, &c->before, after, &r->context);
        while (mema_split_next(&split, &c->region)) {
                struct mema_neighbor piece = mema_neighbor_of(&c->region);

                settle_piece(r, &piece, after, behind_label ? &whole : NULL, &split);
                behind_label |= split.labeled;
        }
}

/* Removes the waiting region, which came again. */
static void drop_waiting(struct mema_report *r)
{
        mema_sums_subtract(&r->totals, &r->_counting.region);
        r->_counting.waiting = false;
        r->checks.grown++;
}

/* The resident bytes from `start` on of the last mappings that were counted. */
static uint64_t counted_from(const struct mema_counting *c, uint64_t start)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < MEMA_RECENT_MAX; i++) {
                const struct mema_recent *m = &c->recent[i];
                uint64_t span = m->end - m->start, below = sat_sub(start, m->start);

                sum = sat_add(sum, share_of(m->rss, sat_sub(span, below), span));
        }
        return sum;
}

/* Cuts off the part of the waiting region below `start`, whose pages were counted with other mappings. */
static void cut(struct mema_report *r, uint64_t start)
{
        struct mema_counting *c = &r->_counting;
        struct mema_region *g = &c->region;
        uint64_t all = mema_region_span(g), part = start - g->start, rest = all - part;
        uint64_t had = g->value[MEMA_FIELD_RSS], least = sat_sub(had, part), most = min_u64(had, rest);
        uint64_t rss = min_u64(max_u64(sat_sub(had, counted_from(c, g->start)), least), most);

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                bool by_span = i == MEMA_FIELD_SIZE || had == 0;

                if (mema_summed_fields & MEMA_BIT(i))
                        g->value[i] = share_of(g->value[i], by_span ? rest : rss, by_span ? all : had);
        }
        g->value[MEMA_FIELD_RSS] = rss;
        g->start = start;
        g->offset += g->inode != 0 ? part : 0;
        c->unsure = max_u64(rss - least, most - rss);
}

/* Puts a region in the place of the one that waits, which is counted. */
static void take(struct mema_report *r, const struct mema_region *region)
{
        struct mema_counting *c = &r->_counting;
        struct mema_neighbor next = mema_neighbor_of(region);
        uint64_t last = c->waiting ? max_u64(c->reached, c->region.end - 1) : c->reached;
        bool overlaps = (c->waiting || c->settled > 0) && region->start <= last;

        if (overlaps && region->end - 1 > last && !mema_is_rollup(region))
                next.start = last + 1;
        settle(r, &next);
        c->self = next;
        c->unsure = 0;
        memcpy(&c->region, region, offsetof(struct mema_region, name) + (size_t)region->name_length);
        if (next.start > region->start)
                cut(r, next.start);
        else if (overlaps)
                c->twice = sat_add(c->twice, region->value[MEMA_FIELD_RSS]);
        r->checks.overlapping += overlaps;
}

/* Mostly they are in order. */
static void sort_threads(struct mema_threads *t)
{
        uint64_t count = min_u64(t->count, MEMA_THREADS_MAX), k;

        for (uint64_t i = 1; i < count; i++) {
                uint64_t address = t->stack[i];

                for (k = i; k > 0 && t->stack[k - 1] > address; k--)
                        t->stack[k] = t->stack[k - 1];
                t->stack[k] = address;
        }
}

enum mema_status mema_report_add(struct mema_report *r, const struct mema_region *region)
{
        struct mema_counting *c = &r->_counting;
        struct mema_region *g = &c->region;

        if (c->overflown)
                return MEMA_STATUS_OVERFLOW;
        if (c->waiting && mema_comes_again(g->start, g->end, region))
                drop_waiting(r);
        if (r->totals.mappings == 0)
                sort_threads(&r->context.threads);
        take(r, region);

        /* Without a Size line, the size is the range's.  The range of a rollup means nothing. */
        if (!(g->present & MEMA_BIT(MEMA_FIELD_SIZE)) && !mema_is_rollup(g)) {
                g->value[MEMA_FIELD_SIZE] = mema_region_span(g);
                g->present |= MEMA_BIT(MEMA_FIELD_SIZE);
        }
        if (!mema_sums_add_checked(&r->totals, g)) {
                c->overflown = true;
                return MEMA_STATUS_OVERFLOW;
        }
        c->waiting = true;
        return MEMA_STATUS_OK;
}

/* Finish */

_Static_assert(MEMA_SIGNS == MEMA_SIGN_COUNT - 1, "each sign has its sums");

void mema_report_finish(struct mema_report *r, const struct mema_facts *after)
{
        static const struct mema_neighbor none = { .category = MEMA_CATEGORY_COUNT };
        struct mema_category *rest = &r->category[MEMA_CATEGORY_UNATTRIBUTED];

        settle(r, &none);
        mema_run_close(&r->_run, &r->_arena, r->category, r->_signed);
        r->allocator = r->context.allocator;
        for (unsigned i = 0; i < MEMA_SIGNS; i++)
                mema_category_merge(&r->category[category_at(r, MEMA_CATEGORY_COUNT + i)], &r->_signed[i]);
        /* qemu-user from 8.1 on prints Rss 0 for all mappings: what is resident is unknown. */
        if (r->checks.contradictory > 0 && r->totals.value[MEMA_FIELD_RSS] == 0)
                r->totals.present &= ~MEMA_BIT(MEMA_FIELD_RSS);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                struct mema_category *c = &r->category[i];

                c->sums.present = r->totals.present; /* an empty category is 0, not unknown */
                c->high = sat_add(c->sums.value[MEMA_FIELD_RSS], c->unsure);
        }
        if (after)
                r->after = *after;
        mema_apportion(r);
        mema_bound(r);

        /* The conservation check: if the law were broken, the difference would show. */
        rest->sums.value[MEMA_FIELD_RSS] = r->totals.value[MEMA_FIELD_RSS];
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (i != MEMA_CATEGORY_UNATTRIBUTED)
                        rest->sums.value[MEMA_FIELD_RSS] -= r->category[i].sums.value[MEMA_FIELD_RSS];
        mema_rows_sort(&r->_rows, &r->_arena);
        mema_names_sort(&r->_names, &r->_arena);
        r->row_count = mema_report_rows_by(r, r->options.sort);
        r->name_count = r->_names.count + (r->checks.other_named > 0);
}

/* Results */

static unsigned kept_sort(const struct mema_report *r, unsigned sort)
{
        return r->options.every_sort && sort < MEMA_SORT_COUNT ? sort : r->options.sort;
}

uint64_t mema_report_rows_by(const struct mema_report *r, unsigned sort)
{
        return r->_rows.listed[kept_sort(r, sort)];
}

void mema_report_row_by(const struct mema_report *r, unsigned sort, uint64_t index, struct mema_region *row)
{
        mema_rows_copy(&r->_rows, &r->_arena, kept_sort(r, sort), index, row);
        row->category = category_at(r, (unsigned)row->category);
        if (row->method == MEMA_METHOD_INFERRED && mema_is_proven(r, row->category))
                row->method = MEMA_METHOD_VERIFIED;
}

void mema_report_row(const struct mema_report *r, uint64_t index, struct mema_region *row)
{
        mema_report_row_by(r, r->options.sort, index, row);
}

void mema_report_name(const struct mema_report *r, uint64_t index, struct mema_name *name)
{
        mema_names_copy(&r->_names, &r->_arena, index, name);
}

size_t mema_report_program(const struct mema_report *r, char *buf, size_t cap)
{
        struct span exe = span_of(r->context.exe, (size_t)r->context.exe_length);
        struct span s = base_name(mema_undeleted(exe));
        size_t n = mema_escape(buf, cap, s.at, span_length(s), cap - 1);

        if (n > 0 && buf[0] >= 'a' && buf[0] <= 'z')
                buf[0] = (char)(buf[0] - 'a' + 'A');
        return n;
}
