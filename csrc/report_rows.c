/* report_rows.c - the rows that a report lists, in each order.
 *
 * A row is a packed region in the arena.  A list is an array of entries (key and place) that grows down
 * from the end of the arena.  The entries of the lists are interleaved: the first of each list, then the
 * second of each.  A full list is a binary heap with its last row at the root, which the next row that
 * precedes it displaces.  Sums are in report_sums.c. */
#include "report_rows.h"

#include "write.h"
#include "report_arena.h"
#include "report_sums.h"
#include "scan.h"

/* The head of a packed region.  The region's nonzero words follow as LEB128, then perms, vm_flags with
 * its NUL, and the name.  A hundred rows in each of eight orders take about 100 kB. */
struct row {
        struct mema_item item;
        uint64_t number; /* of the region, in the kernel's order */
        uint64_t start;
        uint64_t nonzero; /* a bit for each word of the region, set if it is not 0 */
        uint8_t category, method;
        uint8_t vm_flags_present;
        uint16_t name_length, name_at;
};

enum { WORDS = offsetof(struct mema_region, category) / sizeof(uint64_t), LEB128_MAX = 10 };
_Static_assert(offsetof(struct mema_region, category) == WORDS * sizeof(uint64_t),
               "a region starts with WORDS words");
_Static_assert(WORDS <= 64, "row.nonzero has a bit for each word");
_Static_assert(MEMA_CATEGORY_COUNT <= UINT8_MAX, "row.category has 8 bits");
_Static_assert(sizeof(struct row) + WORDS * LEB128_MAX + sizeof(struct mema_region) <= UINT16_MAX,
               "offsets in a row have 16 bits");

struct entry {
        uint64_t key;   /* the largest is listed first */
        uint64_t place; /* of the row, in the arena */
};
_Static_assert(MEMA_ARENA_SLACK >= MEMA_SORT_COUNT * sizeof(struct entry), "room for one entry in each list");

/* Entries are counted twice: for the row, and for MEMA_ARENA_SLACK.  So are 8 bytes for rounding up: of the
 * row, and of a name. */
const size_t mema_row_bytes =
        sizeof(struct row) + WORDS * LEB128_MAX + sizeof((struct mema_region *)0)->perms +
        sizeof((struct mema_region *)0)->vm_flags + 2 * (MEMA_SORT_COUNT * sizeof(struct entry) + 8);

static struct row *row_at(const struct mema_arena *arena, uint64_t place)
{
        return mema_arena_at(arena, place);
}

/* Lists */

void mema_rows_init(struct mema_rows *rows, const struct mema_options *options)
{
        rows->top = options->top;
        rows->every_region = options->for_diff;
        rows->first_sort = options->every_sort ? 0 : options->sort;
        rows->end_sort = options->every_sort ? MEMA_SORT_COUNT : options->sort + 1;
        for (unsigned sort = 0; sort < MEMA_SORT_COUNT; sort++)
                rows->bar[sort].start = UINT64_MAX;
}

static struct entry *entry_of(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort,
                              uint64_t index)
{
        uint64_t turn = index * (rows->end_sort - rows->first_sort) + sort - rows->first_sort;

        return (struct entry *)(void *)(arena->bytes + arena->size) - 1 - turn;
}

static uint64_t key_of(const struct mema_region *g, unsigned sort)
{
        if (sort == MEMA_SORT_ADDRESS)
                return ~g->start;
        if (sort == MEMA_SORT_NAME)
                return 0;
        if (sort == MEMA_SORT_RSS && !(g->present & MEMA_BIT(MEMA_FIELD_RSS)))
                sort = MEMA_SORT_SIZE;
        return mema_pair_value(g->value, mema_sort_pairs[sort]);
}

/* The values that decide the order of two rows. */
struct rank {
        uint64_t key, start, number, name_length;
        const char *name;
};

static struct rank rank_of(const struct mema_arena *arena, const struct entry *e)
{
        const struct row *row = row_at(arena, e->place);

        return (struct rank){ e->key, row->start, row->number, row->name_length,
                              (const char *)row + row->name_at };
}

/* Whether `a` is listed before `b`.  Equal rows keep the kernel's order. */
static bool precedes(unsigned sort, const struct rank *a, const struct rank *b)
{
        if (a->key != b->key)
                return a->key > b->key;
        if (sort == MEMA_SORT_NAME) {
                int order = memcmp(a->name, b->name, (size_t)min_u64(a->name_length, b->name_length));

                if (order != 0)
                        return order < 0;
                if (a->name_length != b->name_length)
                        return a->name_length < b->name_length;
        }
        return a->start != b->start ? a->start < b->start : a->number < b->number;
}

/* The same for entries; reads the rows only if the keys are equal. */
static bool entry_precedes(const struct mema_arena *arena, unsigned sort, const struct entry *a,
                           const struct entry *b)
{
        struct rank first, second;

        if (a->key != b->key)
                return a->key > b->key;
        first = rank_of(arena, a);
        second = rank_of(arena, b);
        return precedes(sort, &first, &second);
}

static void sift_down(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort,
                      uint64_t index, uint64_t count)
{
        struct entry moved = *entry_of(rows, arena, sort, index);

        for (uint64_t child; (child = index * 2 + 1) < count; index = child) {
                struct entry *c = entry_of(rows, arena, sort, child);

                if (child + 1 < count &&
                    entry_precedes(arena, sort, c, entry_of(rows, arena, sort, child + 1)))
                        c = entry_of(rows, arena, sort, ++child);
                if (!entry_precedes(arena, sort, &moved, c))
                        break;
                *entry_of(rows, arena, sort, index) = *c;
        }
        *entry_of(rows, arena, sort, index) = moved;
}

static void make_heap(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort)
{
        for (uint64_t i = rows->listed[sort] / 2; i-- > 0;)
                sift_down(rows, arena, sort, i, rows->listed[sort]);
}

/* Heapsort; a full list is a heap already. */
static void sort_list(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort)
{
        if (rows->listed[sort] < rows->top)
                make_heap(rows, arena, sort);
        for (uint64_t count = rows->listed[sort]; count > 1; count--) {
                struct entry *first = entry_of(rows, arena, sort, 0);
                struct entry *last = entry_of(rows, arena, sort, count - 1);
                struct entry moved = *last;

                *last = *first;
                *first = moved;
                sift_down(rows, arena, sort, 0, count - 1);
        }
}

void mema_rows_sort(struct mema_rows *rows, struct mema_arena *arena)
{
        for (unsigned sort = rows->first_sort; sort < rows->end_sort; sort++)
                sort_list(rows, arena, sort);
}

void mema_rows_relocate(struct mema_rows *rows, struct mema_arena *arena)
{
        for (unsigned sort = rows->first_sort; sort < rows->end_sort; sort++)
                for (uint64_t i = 0; i < rows->listed[sort]; i++) {
                        struct entry *e = entry_of(rows, arena, sort, i);

                        e->place = mema_arena_moved(arena, e->place);
                }
}

/* Packing */

static uint64_t word_of(const struct mema_region *g, unsigned index)
{
        uint64_t word;

        memcpy(&word, (const unsigned char *)g + index * sizeof word, sizeof word);
        return word;
}

static unsigned char *put_leb128(unsigned char *p, uint64_t v)
{
        for (; v >= 0x80; v >>= 7)
                *p++ = (unsigned char)(v | 0x80);
        *p++ = (unsigned char)v;
        return p;
}

static const unsigned char *get_leb128(const unsigned char *p, uint64_t *v)
{
        unsigned shift = 0;

        *v = 0;
        do
                *v |= (uint64_t)(*p & 0x7f) << shift;
        while (shift += 7, *p++ & 0x80);
        return p;
}

/* Appends a region as a row; NULL if the arena is full. */
static struct row *pack(struct mema_arena *arena, const struct mema_region *g, uint64_t number)
{
        unsigned char words[WORDS * LEB128_MAX], *end = words, *tail;
        size_t length, flags = text_length(g->vm_flags) + 1;
        uint64_t nonzero = 0;
        struct row *row;

        for (unsigned i = 0; i < WORDS; i++)
                if (word_of(g, i) != 0) {
                        nonzero |= UINT64_C(1) << i;
                        end = put_leb128(end, word_of(g, i));
                }
        length = (size_t)(end - words);
        row = mema_arena_append(arena, sizeof *row + length + sizeof g->perms + flags + g->name_length);
        if (!row)
                return NULL;
        row->number = number;
        row->start = g->start;
        row->nonzero = nonzero;
        row->category = (uint8_t)g->category;
        row->method = (uint8_t)g->method;
        row->vm_flags_present = g->vm_flags_present;
        row->name_length = (uint16_t)g->name_length;
        row->name_at = (uint16_t)(sizeof *row + length + sizeof g->perms + flags);
        tail = (unsigned char *)(row + 1);
        memcpy(tail, words, length);
        memcpy(tail + length, g->perms, sizeof g->perms);
        memcpy(tail + length + sizeof g->perms, g->vm_flags, flags);
        memcpy((unsigned char *)row + row->name_at, g->name, (size_t)g->name_length);
        return row;
}

static void unpack(const struct row *row, struct mema_region *g)
{
        const unsigned char *tail = (const unsigned char *)(row + 1), *name;
        uint64_t word;

        memset(g, 0, offsetof(struct mema_region, name));
        for (unsigned i = 0; i < WORDS; i++)
                if (row->nonzero >> i & 1) {
                        tail = get_leb128(tail, &word);
                        memcpy((unsigned char *)g + i * sizeof word, &word, sizeof word);
                }
        g->category = (enum mema_category_id)row->category;
        g->method = (enum mema_method)row->method;
        g->vm_flags_present = row->vm_flags_present;
        name = (const unsigned char *)row + row->name_at;
        memcpy(g->perms, tail, sizeof g->perms);
        tail += sizeof g->perms;
        memcpy(g->vm_flags, tail, (size_t)(name - tail));
        memcpy(g->name, name, row->name_length);
}

void mema_rows_copy(const struct mema_rows *rows, const struct mema_arena *arena, unsigned sort,
                    uint64_t index, struct mema_region *row)
{
        unpack(row_at(arena, entry_of(rows, arena, sort, index)->place), row);
}

/* Adding */

/* Regions that are not resident are listed by swap and by size only, if they have swap or a size. */
static bool is_listed(const struct mema_rows *rows, const struct mema_region *g, unsigned sort, uint64_t key)
{
        if (rows->every_region || ((sort == MEMA_SORT_SWAP || sort == MEMA_SORT_SIZE) && key > 0))
                return true;
        return g->value[MEMA_FIELD_RSS] > 0 || !(g->present & MEMA_BIT(MEMA_FIELD_RSS));
}

/* Whether a list has a place for the region.  Most regions fail the first comparison, with the bar. */
static bool has_place(const struct mema_rows *rows, const struct mema_arena *arena,
                      const struct mema_region *g, uint64_t number, unsigned sort, uint64_t key)
{
        const struct mema_bar *bar = &rows->bar[sort];
        struct rank last, new;

        if (key < bar->key || (key == bar->key && g->start > bar->start) || !is_listed(rows, g, sort, key))
                return false;
        if (rows->listed[sort] < rows->top)
                return true;
        last = rank_of(arena, entry_of(rows, arena, sort, 0));
        new = (struct rank){ key, g->start, number, g->name_length, g->name };
        return precedes(sort, &new, &last);
}

/* Sets the bar of a full list to its last row.  A bar has no name, so it rejects nothing by name. */
static void set_bar(struct mema_rows *rows, const struct mema_arena *arena, unsigned sort)
{
        const struct entry *last = entry_of(rows, arena, sort, 0);

        rows->bar[sort].key = last->key;
        rows->bar[sort].start = sort == MEMA_SORT_NAME ? UINT64_MAX : row_at(arena, last->place)->start;
}

/* Adds an entry to a list, or replaces the last one if the list is full. */
static void enlist(struct mema_rows *rows, struct mema_arena *arena, struct row *row, unsigned sort,
                   uint64_t key)
{
        struct entry new = { key, (uint64_t)((unsigned char *)row - arena->bytes) };

        row->item.references++;
        if (rows->listed[sort] < rows->top) {
                *entry_of(rows, arena, sort, rows->listed[sort]++) = new;
                if (rows->listed[sort] > rows->longest) {
                        rows->longest = rows->listed[sort];
                        arena->tail = rows->longest * (rows->end_sort - rows->first_sort) * sizeof new;
                }
                if (rows->listed[sort] < rows->top)
                        return;
                make_heap(rows, arena, sort);
        } else {
                mema_arena_release(arena, entry_of(rows, arena, sort, 0)->place);
                *entry_of(rows, arena, sort, 0) = new;
                sift_down(rows, arena, sort, 0, rows->listed[sort]);
        }
        set_bar(rows, arena, sort);
}

bool mema_rows_add(struct mema_rows *rows, struct mema_arena *arena, const struct mema_region *g,
                   uint64_t number)
{
        const unsigned first = rows->first_sort, end = rows->end_sort;
        uint64_t key[MEMA_SORT_COUNT];
        unsigned lists = 0;
        struct row *row;

        if (rows->top == 0)
                return true;
        for (unsigned sort = first; sort < end; sort++) {
                key[sort] = key_of(g, sort);
                lists |= (unsigned)has_place(rows, arena, g, number, sort, key[sort]) << sort;
        }
        if (lists == 0)
                return true;
        row = pack(arena, g, number);
        for (unsigned sort = first; row && sort < end; sort++)
                if (lists >> sort & 1)
                        enlist(rows, arena, row, sort, key[sort]);
        return row != NULL;
}

void mema_rows_change(struct mema_arena *arena, enum mema_category_id category, enum mema_method method)
{
        struct row *row;

        for (uint64_t place = arena->mark; place < arena->used; place += row->item.size) {
                row = row_at(arena, place);
                row->category = (uint8_t)category;
                row->method = (uint8_t)method;
        }
}
