/* store.c - the arena of a report: sums by name, and the rows that it lists.
 *
 * Items lie one behind the other from the arena's start: names, rows, and rows that
 * larger ones have displaced from each list.  The lists lie at the arena's end, growing
 * downward, their entries in turns: the first of each, then the second of each.  Where
 * both meet, what is displaced is squeezed out; where that is not enough, what comes is
 * not kept, and counted. */
#include "store.h"

#include "bytes.h"
#include "out.h"
#include "owners.h"
#include "parts.h"
#include "sums.h"

static const size_t table_size = sizeof((struct mema_report *)0)->name_table / sizeof(uint64_t);

struct item {
        uint32_t size;  /* of the whole item; a multiple of 8 */
        uint32_t lists; /* that have the row; 1 of a name, 0 of what is displaced */
        uint64_t to;    /* while compacting: its new place */
};

/* The words of a region that are not 0 come behind it, as bytes of 7 bits, the lowest
 * first; then its other texts, each with its NUL, and its name.  A hundred rows in each
 * order are to be some 100 kB. */
struct row {
        struct item item;
        uint64_t number; /* of the region, in the kernel's order */
        uint64_t start;
        uint64_t nonzero; /* which words of the region are not 0 */
        uint16_t category, method;
        uint16_t name_length, name_at;
};

enum { WORDS = offsetof(struct mema_region, perms) / sizeof(uint64_t), WORD_MAX = 10 };
_Static_assert(WORDS <= 64, "row.nonzero has a bit a word");
_Static_assert(sizeof(struct row) + WORDS * WORD_MAX + sizeof(struct mema_region) <= UINT16_MAX,
               "what is kept of a region can be counted in 16 bits");

struct name {
        struct item item;
        uint64_t hash;
        struct mema_name name;
};

/* Of a list: where the row is. */
struct entry {
        uint64_t key; /* what it is ordered by, the largest first */
        uint64_t place;
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

static struct item *item_at(const struct mema_report *r, uint64_t place)
{
        return at(r, place);
}

/* The orders that there are lists of: from the first on, before the last. */
static uint64_t first_sort(const struct mema_report *r)
{
        return r->every_sort ? 0 : r->options.sort;
}

static uint64_t last_sort(const struct mema_report *r)
{
        return r->every_sort ? MEMA_SORT_COUNT : r->options.sort + 1;
}

/* Entry `index` of a list. */
static struct entry *entry_of(const struct mema_report *r, uint64_t sort, uint64_t index)
{
        uint64_t turn = index * (last_sort(r) - first_sort(r)) + sort - first_sort(r);

        return (struct entry *)(void *)(r->arena + r->arena_size) - 1 - turn;
}

static uint64_t entry_bytes(const struct mema_report *r)
{
        return r->longest * (last_sort(r) - first_sort(r)) * sizeof(struct entry);
}

static uint64_t free_bytes(const struct mema_report *r)
{
        return r->arena_size - r->arena_used - entry_bytes(r);
}

/* Arena ------------------------------------------------------------------- */

static void compact(struct mema_report *r)
{
        uint64_t to = 0, size;

        for (uint64_t from = 0; from < r->arena_used; from += item_at(r, from)->size) {
                item_at(r, from)->to = to;
                if (item_at(r, from)->lists > 0)
                        to += item_at(r, from)->size;
        }
        for (uint64_t sort = first_sort(r); sort < last_sort(r); sort++)
                for (uint64_t i = 0; i < r->listed[sort]; i++)
                        entry_of(r, sort, i)->place = item_at(r, entry_of(r, sort, i)->place)->to;
        for (size_t i = 0; i < table_size; i++)
                if (r->name_table[i] != 0)
                        r->name_table[i] = item_at(r, r->name_table[i] - 1)->to + 1;
        for (uint64_t from = 0; from < r->arena_used; from += size) {
                struct item *item = item_at(r, from);

                size = item->size;
                if (item->lists > 0)
                        copy(at(r, item->to), item, size);
        }
        r->arena_used = to;
        r->displaced = 0;
}

/* Room for an item, and for an entry in each list; NULL where there is none. */
static void *append(struct mema_report *r, uint64_t size)
{
        struct item *item;

        size = (size + 7) / 8 * 8;
        if (free_bytes(r) < size + MEMA_SORT_COUNT * sizeof(struct entry))
                return NULL;
        item = at(r, r->arena_used);
        item->size = (uint32_t)size;
        item->lists = 0;
        r->arena_used += size;
        return item;
}

/* The most that is kept of a region, of each of its pieces. */
static uint64_t most_of(const struct mema_report *r, const struct mema_region *g)
{
        uint64_t pieces = mema_most_pieces(&r->context, g);
        uint64_t name = g->name_length + (pieces > 1 ? sizeof((struct mema_cut *)0)->name : 0);

        return pieces * (sizeof(struct row) + WORDS * WORD_MAX + sizeof g->perms + sizeof g->vm_flags + name +
                         sizeof(struct name) + 2 * (MEMA_SORT_COUNT * sizeof(struct entry) + 8));
}

uint64_t mema_report_wants(struct mema_report *r, const struct mema_region *region)
{
        /* The one that waits is kept first, and nobody asks again before the end. */
        uint64_t need = most_of(r, region) + (r->waiting ? most_of(r, &r->region) : 0);

        if (free_bytes(r) >= need)
                return 0;
        if (r->displaced > r->arena_size / 8)
                compact(r);
        return free_bytes(r) >= need ? 0 : r->arena_size / 4 * 5 + need + 8192;
}

void mema_report_lend(struct mema_report *r, void *arena, uint64_t size)
{
        unsigned char *new = arena;
        uint64_t entries = entry_bytes(r);

        size = size / 8 * 8;
        copy(new + size - entries, new + r->arena_size - entries, entries);
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
        if (r->name_count == MEMA_NAMES_MAX || !(n = append(r, sizeof *n)))
                return NULL;
        r->name_count++;
        r->name_table[slot] = r->arena_used - n->item.size + 1;
        n->item.lists = 1;
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

/* What decides in an order. */
struct rank {
        uint64_t key, start, number, name_length;
        const char *name;
};

static struct rank rank_of(const struct mema_report *r, const struct entry *e)
{
        const struct row *row = row_at(r, e->place);

        return (struct rank){ e->key, row->start, row->number, row->name_length,
                              (const char *)row + row->name_at };
}

/* Whether a is listed before b.  Rows that are equal keep the kernel's order. */
static bool precedes(uint64_t sort, const struct rank *a, const struct rank *b)
{
        if (a->key != b->key)
                return a->key > b->key;
        if (sort == MEMA_SORT_NAME) {
                int order = memcmp(a->name, b->name, (size_t)at_most(a->name_length, b->name_length));

                if (order != 0)
                        return order < 0;
                if (a->name_length != b->name_length)
                        return a->name_length < b->name_length;
        }
        return a->start != b->start ? a->start < b->start : a->number < b->number;
}

/* The same of entries: rows are only looked at where the keys do not tell. */
static bool entry_precedes(const struct mema_report *r, uint64_t sort, const struct entry *a,
                           const struct entry *b)
{
        struct rank first, second;

        if (a->key != b->key)
                return a->key > b->key;
        first = rank_of(r, a);
        second = rank_of(r, b);
        return precedes(sort, &first, &second);
}

/* A full list is a heap with the row that is listed last at its root. */
static void sift_down(const struct mema_report *r, uint64_t sort, uint64_t index, uint64_t count)
{
        struct entry moved = *entry_of(r, sort, index);

        for (uint64_t child; (child = index * 2 + 1) < count; index = child) {
                if (child + 1 < count &&
                    entry_precedes(r, sort, entry_of(r, sort, child), entry_of(r, sort, child + 1)))
                        child++;
                if (!entry_precedes(r, sort, &moved, entry_of(r, sort, child)))
                        break;
                *entry_of(r, sort, index) = *entry_of(r, sort, child);
        }
        *entry_of(r, sort, index) = moved;
}

static void make_heap(struct mema_report *r, uint64_t sort)
{
        for (uint64_t i = r->listed[sort] / 2; i-- > 0;)
                sift_down(r, sort, i, r->listed[sort]);
}

/* Rows -------------------------------------------------------------------- */

static uint64_t word_of(const struct mema_region *g, unsigned index)
{
        uint64_t word;

        memcpy(&word, (const unsigned char *)g + index * sizeof word, sizeof word);
        return word;
}

static unsigned char *put_word(unsigned char *p, uint64_t v)
{
        for (; v >= 0x80; v >>= 7)
                *p++ = (unsigned char)(v | 0x80);
        *p++ = (unsigned char)v;
        return p;
}

static const unsigned char *get_word(const unsigned char *p, uint64_t *v)
{
        unsigned shift = 0;

        *v = 0;
        do
                *v |= (uint64_t)(*p & 0x7f) << shift;
        while (shift += 7, *p++ & 0x80);
        return p;
}

static struct row *pack(struct mema_report *r, const struct mema_region *g)
{
        unsigned char words[WORDS * WORD_MAX], *end = words, *tail;
        uint64_t nonzero = 0, length, flags = text_length(g->vm_flags) + 1;
        struct row *row;

        for (unsigned i = 0; i < WORDS; i++)
                if (word_of(g, i) != 0) {
                        nonzero |= UINT64_C(1) << i;
                        end = put_word(end, word_of(g, i));
                }
        length = (uint64_t)(end - words);
        row = append(r, sizeof *row + length + sizeof g->perms + flags + g->name_length);
        if (!row)
                return NULL;
        row->number = r->settled;
        row->start = g->start;
        row->nonzero = nonzero;
        row->category = (uint16_t)g->category;
        row->method = (uint16_t)g->method;
        row->name_length = (uint16_t)g->name_length;
        row->name_at = (uint16_t)(sizeof *row + length + sizeof g->perms + flags);
        tail = (unsigned char *)(row + 1);
        copy(tail, words, length);
        copy(tail + length, g->perms, sizeof g->perms);
        copy(tail + length + sizeof g->perms, g->vm_flags, flags);
        copy((unsigned char *)row + row->name_at, g->name, g->name_length);
        return row;
}

static void unpack(const struct row *row, struct mema_region *g)
{
        const unsigned char *tail = (const unsigned char *)(row + 1), *name;
        uint64_t word;

        memset(g, 0, offsetof(struct mema_region, name));
        for (unsigned i = 0; i < WORDS; i++)
                if (row->nonzero >> i & 1) {
                        tail = get_word(tail, &word);
                        memcpy((unsigned char *)g + i * sizeof word, &word, sizeof word);
                }
        g->category = row->category;
        g->method = row->method;
        name = (const unsigned char *)row + row->name_at;
        copy(g->perms, tail, sizeof g->perms);
        tail += sizeof g->perms;
        copy(g->vm_flags, tail, (uint64_t)(name - tail));
        copy(g->name, name, row->name_length);
}

/* What is not resident is not listed, unless it is what was asked for. */
static bool is_listed(const struct mema_report *r, const struct mema_region *g, uint64_t sort, uint64_t key)
{
        if (r->lists_all || ((sort == MEMA_SORT_SWAP || sort == MEMA_SORT_SIZE) && key > 0))
                return true;
        return g->value[MEMA_RSS] > 0 || !(g->present & MEMA_BIT(MEMA_RSS));
}

/* Whether a list is to have the region.  Most end at the bar: most regions are none of
 * the first in any order. */
static bool has_place(const struct mema_report *r, const struct mema_region *g, uint64_t sort, uint64_t key)
{
        const struct mema_bar *bar = &r->bar[sort];
        struct rank last, new;

        if (key < bar->key || (key == bar->key && g->start > bar->start) || !is_listed(r, g, sort, key))
                return false;
        if (r->listed[sort] < r->options.top)
                return true;
        last = rank_of(r, entry_of(r, sort, 0));
        new = (struct rank){ key, g->start, r->settled, g->name_length, g->name };
        return precedes(sort, &new, &last);
}

/* Sets the bar of a full list: what is behind its last row is not listed.  It has no names: by
 * name it lets all pass. */
static void set_bar(struct mema_report *r, uint64_t sort)
{
        const struct entry *last = entry_of(r, sort, 0);

        r->bar[sort].key = last->key;
        r->bar[sort].start = sort == MEMA_SORT_NAME ? UINT64_MAX : row_at(r, last->place)->start;
}

static void enlist(struct mema_report *r, struct row *row, uint64_t sort, uint64_t key)
{
        struct entry new = { key, (uint64_t)((unsigned char *)row - r->arena) };
        struct item *displaced;

        row->item.lists++;
        if (r->listed[sort] < r->options.top) {
                *entry_of(r, sort, r->listed[sort]++) = new;
                r->longest = larger(r->longest, r->listed[sort]);
                if (r->listed[sort] == r->options.top) {
                        make_heap(r, sort);
                        set_bar(r, sort);
                }
                return;
        }
        displaced = item_at(r, entry_of(r, sort, 0)->place);
        if (--displaced->lists == 0)
                r->displaced += displaced->size;
        *entry_of(r, sort, 0) = new;
        sift_down(r, sort, 0, r->listed[sort]);
        set_bar(r, sort);
}

void mema_store_row(struct mema_report *r, const struct mema_region *g)
{
        const uint64_t first = first_sort(r), end = last_sort(r);
        uint64_t key[MEMA_SORT_COUNT], lists = 0;
        struct row *row;

        if (r->options.top == 0)
                return;
        for (uint64_t sort = first; sort < end; sort++) {
                key[sort] = key_of(g, sort);
                lists |= (uint64_t)has_place(r, g, sort, key[sort]) << sort;
        }
        if (lists == 0)
                return;
        row = pack(r, g);
        if (!row) {
                r->rows_lost++;
                return;
        }
        for (uint64_t sort = first; sort < end; sort++)
                if (lists >> sort & 1)
                        enlist(r, row, sort, key[sort]);
}

void mema_store_change(struct mema_report *r, uint64_t first, uint64_t category, uint64_t method)
{
        for (uint64_t sort = first_sort(r); sort < last_sort(r); sort++)
                for (uint64_t i = 0; i < r->listed[sort]; i++) {
                        struct row *row = row_at(r, entry_of(r, sort, i)->place);

                        if (row->number >= first) {
                                row->category = (uint16_t)category;
                                row->method = (uint16_t)method;
                        }
                }
}

/* Brings a list into its order. */
static void sort_list(struct mema_report *r, uint64_t sort)
{
        if (r->listed[sort] < r->options.top)
                make_heap(r, sort);
        for (uint64_t count = r->listed[sort]; count > 1; count--) {
                struct entry last = *entry_of(r, sort, 0);

                *entry_of(r, sort, 0) = *entry_of(r, sort, count - 1);
                *entry_of(r, sort, count - 1) = last;
                sift_down(r, sort, 0, count - 1);
        }
}

void mema_store_finish(struct mema_report *r)
{
        uint64_t n = 0;

        for (uint64_t sort = first_sort(r); sort < last_sort(r); sort++)
                sort_list(r, sort);
        r->row_count = r->listed[r->options.sort];
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

static uint64_t sort_there_is(const struct mema_report *r, uint64_t sort)
{
        return r->every_sort && sort < MEMA_SORT_COUNT ? sort : r->options.sort;
}

uint64_t mema_report_rows_by(const struct mema_report *r, uint64_t sort)
{
        return r->listed[sort_there_is(r, sort)];
}

void mema_report_row_by(const struct mema_report *r, uint64_t sort, uint64_t index, struct mema_region *row)
{
        unpack(row_at(r, entry_of(r, sort_there_is(r, sort), index)->place), row);
        if (row->method == MEMA_BY_INFERRED && mema_is_proven(r, row->category))
                row->method = MEMA_BY_VERIFIED;
}

void mema_report_row(const struct mema_report *r, uint64_t index, struct mema_region *row)
{
        mema_report_row_by(r, r->options.sort, index, row);
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
