/* store.c - the arena of a report: sums by name, and the rows that it lists.
 *
 * Items lie one behind the other from the arena's start: names, rows, and rows
 * that a larger one has displaced.  The places of the rows lie at the arena's
 * end, growing downward.  Where both meet, the displaced ones are squeezed out;
 * where that is not enough, what comes is not kept, and counted. */
#include "store.h"

#include "bytes.h"
#include "owners.h"
#include "parts.h"
#include "sums.h"

enum kind { DISPLACED, ROW, NAME };

struct item {
        uint64_t size; /* of the whole item; a multiple of 8 */
        uint64_t kind;
        uint64_t back; /* while compacting: the row's place in the order; always: the name's in the table */
};

/* A region without its zeros: behind it come the values that are not 0, the
 * VmFlags, the name. */
struct row {
        struct item item;
        uint64_t key;    /* what it is ordered by, the largest first */
        uint64_t number; /* of the region, in the kernel's order */
        uint64_t start, end, offset, device_major, device_minor, inode, line;
        uint64_t present, nonzero;
        uint64_t category, method;
        uint64_t name_length, name_cut;
        uint64_t vm_flags_present, vm_flags_length;
        char perms[8];
};

struct name {
        struct item item;
        uint64_t hash;
        struct mema_name name;
};

/* Sizes and counts are uint64_t, as everything that is kept is; memory is given
 * and taken in size_t, which is smaller on some systems. */
static void copy(void *to, const void *from, uint64_t n)
{
        memmove(to, from, (size_t)n);
}

static void *at(const struct mema_report *r, uint64_t place)
{
        return r->arena + place;
}

static struct row *row_at(const struct mema_report *r, uint64_t place)
{
        return at(r, place);
}

/* The place of row `index`. */
static uint64_t *place_of(const struct mema_report *r, uint64_t index)
{
        return (uint64_t *)(void *)(r->arena + r->arena_size) - 1 - index;
}

static uint64_t free_bytes(const struct mema_report *r)
{
        return r->arena_size - r->arena_used - r->row_count * sizeof(uint64_t);
}

/* Arena ------------------------------------------------------------------- */

static void compact(struct mema_report *r)
{
        uint64_t to = 0, size;

        for (uint64_t i = 0; i < r->row_count; i++)
                row_at(r, *place_of(r, i))->item.back = i;
        for (uint64_t from = 0; from < r->arena_used; from += size) {
                struct item *item = at(r, from);

                size = item->size;
                if (item->kind == DISPLACED)
                        continue;
                if (item->kind == ROW)
                        *place_of(r, item->back) = to;
                else
                        r->name_table[item->back] = to + 1;
                copy(at(r, to), item, size);
                to += size;
        }
        r->arena_used = to;
        r->displaced = 0;
}

/* Room for an item; NULL where there is none. */
static void *append(struct mema_report *r, uint64_t size, enum kind kind)
{
        struct item *item;

        size = (size + 7) / 8 * 8;
        if (free_bytes(r) < size + sizeof(uint64_t))
                return NULL;
        item = at(r, r->arena_used);
        item->size = size;
        item->kind = kind;
        item->back = 0;
        r->arena_used += size;
        return item;
}

/* The most that is kept of a region, of each of its pieces. */
static uint64_t most_of(const struct mema_report *r, const struct mema_region *g)
{
        uint64_t pieces = mema_most_pieces(&r->context, g);
        uint64_t name = g->name_length + (pieces > 1 ? sizeof((struct mema_cut *)0)->name : 0);

        return pieces * (sizeof(struct row) + sizeof g->value + sizeof g->vm_flags + name +
                         sizeof(struct name) + 4 * sizeof(uint64_t));
}

uint64_t mema_report_wants(struct mema_report *r, const struct mema_region *region)
{
        /* The one that waits is kept first, and nobody asks again before the end. */
        uint64_t need = most_of(r, region) + (r->waiting ? most_of(r, &r->region) : 0);

        if (free_bytes(r) >= need)
                return 0;
        if (r->displaced > r->arena_size / 4)
                compact(r);
        return free_bytes(r) >= need ? 0 : r->arena_size * 2 + need + 8192;
}

void mema_report_lend(struct mema_report *r, void *arena, uint64_t size)
{
        unsigned char *new = arena;
        uint64_t places = r->row_count * sizeof(uint64_t);

        size = size / 8 * 8;
        copy(new + size - places, new + r->arena_size - places, places);
        r->arena = arena;
        r->arena_size = size;
}

/* Names ------------------------------------------------------------------- */

/* The X of "[anon:X]" and "[anon_shmem:X]", cut to what struct mema_name holds. */
static struct span given_name(const struct mema_region *g)
{
        struct span s = span_of(g->name, (size_t)g->name_length);
        const char *colon = memchr(s.at, ':', span_length(s));

        if (colon)
                s.at = colon + 1;
        if (SPAN_ENDS(s, "]"))
                s.end--;
        if (span_length(s) > sizeof((struct mema_name *)0)->name)
                s.end = s.at + sizeof((struct mema_name *)0)->name;
        return s;
}

static uint64_t hash_of(struct span s)
{
        uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

        for (; s.at < s.end; s.at++)
                h = (h ^ (unsigned char)*s.at) * UINT64_C(1099511628211);
        return h;
}

static const size_t table_size = sizeof((struct mema_report *)0)->name_table / sizeof(uint64_t);

static struct name *name_for(struct mema_report *r, struct span text)
{
        uint64_t hash = hash_of(text);
        uint64_t slot = hash % table_size;
        struct name *n;

        for (; r->name_table[slot] != 0; slot = (slot + 1) % table_size) {
                n = at(r, r->name_table[slot] - 1);
                if (n->hash == hash && span_equals(text, n->name.name, (size_t)n->name.length))
                        return n;
        }
        if (r->name_count == MEMA_NAMES_MAX || !(n = append(r, sizeof *n, NAME)))
                return NULL;
        r->name_count++;
        r->name_table[slot] = r->arena_used - n->item.size + 1;
        n->item.back = slot;
        n->hash = hash;
        memset(&n->name, 0, sizeof n->name);
        n->name.length = span_length(text);
        memcpy(n->name.name, text.at, span_length(text));
        return n;
}

void mema_store_name(struct mema_report *r, const struct mema_region *g, bool again)
{
        struct name *n = name_for(r, given_name(g));
        struct mema_sums *sums = n ? &n->name.sums : &r->other_names;

        mema_sums_add(sums, g);
        sums->mappings -= again;
        r->other_named += !n;
}

/* Order ------------------------------------------------------------------- */

static uint64_t key_of(const struct mema_region *g, uint64_t sort)
{
        if (sort == MEMA_SORT_ADDRESS)
                return ~g->start;
        if (sort == MEMA_SORT_NAME)
                return 0;
        if (sort == MEMA_SORT_RSS && !(g->present & MEMA_BIT(MEMA_RSS)))
                sort = MEMA_SORT_SIZE;
        return mema_pair_value(g->value, mema_sort_pairs[sort]);
}

static const char *row_name(const struct row *row)
{
        return (const char *)row + row->item.size - (row->name_length + 7) / 8 * 8;
}

/* Whether a is listed before b.  Rows that are equal keep the kernel's order. */
static bool precedes(const struct mema_report *r, const struct row *a, const struct row *b)
{
        if (a->key != b->key)
                return a->key > b->key;
        if (r->options.sort == MEMA_SORT_NAME) {
                uint64_t common = a->name_length < b->name_length ? a->name_length : b->name_length;
                int order = memcmp(row_name(a), row_name(b), (size_t)common);

                if (order != 0)
                        return order < 0;
                if (a->name_length != b->name_length)
                        return a->name_length < b->name_length;
        }
        return a->start != b->start ? a->start < b->start : a->number < b->number;
}

/* The places are a heap with the row that is listed last at its root. */
static void sift_down(const struct mema_report *r, uint64_t index, uint64_t count)
{
        for (;;) {
                uint64_t last = index, place;

                for (uint64_t child = index * 2 + 1; child <= index * 2 + 2 && child < count; child++)
                        if (precedes(r, row_at(r, *place_of(r, last)), row_at(r, *place_of(r, child))))
                                last = child;
                if (last == index)
                        return;
                place = *place_of(r, index);
                *place_of(r, index) = *place_of(r, last);
                *place_of(r, last) = place;
                index = last;
        }
}

static void make_heap(struct mema_report *r)
{
        for (uint64_t i = r->heaped ? 0 : r->row_count / 2; i-- > 0;)
                sift_down(r, i, r->row_count);
        r->heaped = 1;
}

/* Rows -------------------------------------------------------------------- */

static struct row *pack(struct mema_report *r, const struct mema_region *g, uint64_t key)
{
        uint64_t nonzero = 0, count = 0, flags = 0;
        struct row *row;
        unsigned char *tail;

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if (g->value[i] != 0) {
                        nonzero |= MEMA_BIT(i);
                        count++;
                }
        while (g->vm_flags[flags] != '\0')
                flags++;
        row = append(r, sizeof *row + count * 8 + (flags + 7) / 8 * 8 + g->name_length, ROW);
        if (!row)
                return NULL;
        row->key = key;
        row->number = r->settled;
        row->start = g->start;
        row->end = g->end;
        row->offset = g->offset;
        row->device_major = g->device_major;
        row->device_minor = g->device_minor;
        row->inode = g->inode;
        row->line = g->line;
        row->present = g->present;
        row->nonzero = nonzero;
        row->category = g->category;
        row->method = g->method;
        row->name_length = g->name_length;
        row->name_cut = g->name_cut;
        row->vm_flags_present = g->vm_flags_present;
        row->vm_flags_length = flags;
        memcpy(row->perms, g->perms, sizeof row->perms);
        tail = (unsigned char *)(row + 1);
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if (g->value[i] != 0) {
                        memcpy(tail, &g->value[i], 8);
                        tail += 8;
                }
        copy(tail, g->vm_flags, flags);
        copy(tail + (flags + 7) / 8 * 8, g->name, g->name_length);
        return row;
}

static void unpack(const struct row *row, struct mema_region *g)
{
        const unsigned char *tail = (const unsigned char *)(row + 1);

        memset(g, 0, offsetof(struct mema_region, name));
        g->start = row->start;
        g->end = row->end;
        g->offset = row->offset;
        g->device_major = row->device_major;
        g->device_minor = row->device_minor;
        g->inode = row->inode;
        g->line = row->line;
        g->present = row->present;
        g->category = row->category;
        g->method = row->method;
        g->name_length = row->name_length;
        g->name_cut = row->name_cut;
        g->vm_flags_present = row->vm_flags_present;
        memcpy(g->perms, row->perms, sizeof g->perms);
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++)
                if (row->nonzero >> i & 1) {
                        memcpy(&g->value[i], tail, 8);
                        tail += 8;
                }
        copy(g->vm_flags, tail, row->vm_flags_length);
        copy(g->name, row_name(row), row->name_length);
}

/* What is not resident is not listed, unless it is what was asked for. */
static bool is_listed(const struct mema_report *r, const struct mema_region *g, uint64_t key)
{
        uint64_t sort = r->options.sort;

        if (r->lists_all || ((sort == MEMA_SORT_SWAP || sort == MEMA_SORT_SIZE) && key > 0))
                return true;
        return g->value[MEMA_RSS] > 0 || !(g->present & MEMA_BIT(MEMA_RSS));
}

void mema_store_row(struct mema_report *r, const struct mema_region *g)
{
        bool full = r->row_count >= r->options.top;
        uint64_t key = key_of(g, r->options.sort);
        struct row *row;

        if (r->options.top == 0 || !is_listed(r, g, key))
                return;
        if (full) {
                make_heap(r);
                row = row_at(r, *place_of(r, 0));
                /* Most regions end here; only names have to be compared in full. */
                if (key < row->key ||
                    (key == row->key && g->start > row->start && r->options.sort != MEMA_SORT_NAME))
                        return;
        }
        row = pack(r, g, key);
        if (!row) {
                r->rows_lost++;
                return;
        }

        uint64_t place = (uint64_t)((unsigned char *)row - r->arena);

        if (!full) {
                *place_of(r, r->row_count++) = place;
        } else if (precedes(r, row, row_at(r, *place_of(r, 0)))) {
                r->displaced += row_at(r, *place_of(r, 0))->item.size;
                row_at(r, *place_of(r, 0))->item.kind = DISPLACED;
                *place_of(r, 0) = place;
                sift_down(r, 0, r->row_count);
        } else {
                r->arena_used = place;
        }
}

void mema_store_change(struct mema_report *r, uint64_t first, uint64_t category, uint64_t method)
{
        for (uint64_t i = 0; i < r->row_count; i++) {
                struct row *row = row_at(r, *place_of(r, i));

                if (row->number >= first) {
                        row->category = category;
                        row->method = method;
                }
        }
}

void mema_store_finish(struct mema_report *r)
{
        uint64_t n = 0;

        make_heap(r);
        for (uint64_t count = r->row_count; count > 1; count--) {
                uint64_t last = *place_of(r, 0);

                *place_of(r, 0) = *place_of(r, count - 1);
                *place_of(r, count - 1) = last;
                sift_down(r, 0, count - 1);
        }
        for (size_t slot = 0; slot < table_size; slot++) {
                uint64_t place = r->name_table[slot], i = n;

                if (place == 0)
                        continue;
                for (; i > 0; i--) {
                        const struct name *new = at(r, place - 1), *old = at(r, r->name_order[i - 1] - 1);

                        if (old->name.sums.value[MEMA_RSS] > new->name.sums.value[MEMA_RSS] ||
                            (old->name.sums.value[MEMA_RSS] == new->name.sums.value[MEMA_RSS] &&
                             place > r->name_order[i - 1]))
                                break;
                        r->name_order[i] = r->name_order[i - 1];
                }
                r->name_order[i] = place;
                n++;
        }
        r->name_count = n + (r->other_named > 0);
}

void mema_report_row(const struct mema_report *r, uint64_t index, struct mema_region *row)
{
        unpack(row_at(r, *place_of(r, index)), row);
        if (row->method == MEMA_BY_INFERRED && mema_is_proven(r, row->category))
                row->method = MEMA_BY_VERIFIED;
}

void mema_report_name(const struct mema_report *r, uint64_t index, struct mema_name *name)
{
        static const char other[] = "other names";

        if (r->other_named == 0 || index + 1 < r->name_count) {
                const struct name *n = at(r, r->name_order[index] - 1);

                *name = n->name;
                return;
        }
        memset(name, 0, sizeof *name);
        name->sums = r->other_names;
        name->length = sizeof other - 1;
        memcpy(name->name, other, sizeof other - 1);
}
