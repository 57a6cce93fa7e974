/* report_names.c - sums of named memory, by name: a hash table of places in the arena, with linear probing.
 *
 * Which regions are named is decided in classify_rules.c and report_split.c. */
#include "report_names.h"

#include "report_arena.h"
#include "report_sums.h"
#include "scan.h"

/* A name as an item of the arena. */
struct named {
        struct mema_item item;
        uint64_t hash;
        struct mema_name name;
};

const size_t mema_name_bytes = sizeof(struct named);

/* A slot holds a place plus 1; 0: it is empty.  At most half of the slots are in use. */
static const size_t table_size = sizeof((struct mema_names *)0)->table / sizeof(uint64_t);

/* The X of "[anon:X]" or "[anon_shmem:X]", cut to the size of mema_name.name. */
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

static uint64_t fnv_1a(struct span s)
{
        uint64_t h = UINT64_C(14695981039346656037);

        for (; s.at < s.end; s.at++)
                h = (h ^ (unsigned char)*s.at) * UINT64_C(1099511628211);
        return h;
}

/* Finds or adds a name; NULL if there are MEMA_NAMES_MAX or the arena is full. */
static struct named *name_for(struct mema_names *names, struct mema_arena *arena, struct span text)
{
        uint64_t hash = fnv_1a(text), slot = hash % table_size;
        struct named *n;

        for (; names->table[slot] != 0; slot = (slot + 1) % table_size) {
                n = mema_arena_at(arena, names->table[slot] - 1);
                if (n->hash == hash && span_equals(text, n->name.name, (size_t)n->name.length))
                        return n;
        }
        if (names->count == MEMA_NAMES_MAX || !(n = mema_arena_append(arena, sizeof *n)))
                return NULL;
        names->count++;
        names->table[slot] = arena->used - n->item.size + 1;
        n->item.references = 1;
        n->hash = hash;
        memset(&n->name, 0, sizeof n->name);
        n->name.length = span_length(text);
        memcpy(n->name.name, text.at, span_length(text));
        return n;
}

bool mema_names_add(struct mema_names *names, struct mema_arena *arena, const struct mema_region *g,
                    bool again)
{
        struct named *n = name_for(names, arena, given_name(g));
        struct mema_sums *sums = n ? &n->name.sums : &names->other;

        mema_sums_add(sums, g);
        sums->mappings -= again;
        return n != NULL;
}

void mema_names_relocate(struct mema_names *names, const struct mema_arena *arena)
{
        for (size_t slot = 0; slot < table_size; slot++)
                if (names->table[slot] != 0)
                        names->table[slot] = mema_arena_moved(arena, names->table[slot] - 1) + 1;
}

/* Whether slot value `a` is listed before `b`.  Names of equal Rss keep the order in which they came. */
static bool precedes(const struct mema_arena *arena, uint64_t a, uint64_t b)
{
        const struct named *first = mema_arena_at(arena, a - 1), *second = mema_arena_at(arena, b - 1);
        uint64_t rss = first->name.sums.value[MEMA_FIELD_RSS],
                 other = second->name.sums.value[MEMA_FIELD_RSS];

        return rss != other ? rss > other : a < b;
}

/* Insertion sort: there are MEMA_NAMES_MAX at most. */
void mema_names_sort(struct mema_names *names, const struct mema_arena *arena)
{
        uint64_t n = 0;

        for (size_t slot = 0; slot < table_size; slot++) {
                uint64_t place = names->table[slot], i = n;

                if (place == 0)
                        continue;
                for (; i > 0 && precedes(arena, place, names->order[i - 1]); i--)
                        names->order[i] = names->order[i - 1];
                names->order[i] = place;
                n++;
        }
}

void mema_names_copy(const struct mema_names *names, const struct mema_arena *arena, uint64_t index,
                     struct mema_name *name)
{
        static const char other[] = "other names";

        if (index < names->count) {
                *name = ((const struct named *)mema_arena_at(arena, names->order[index] - 1))->name;
                return;
        }
        memset(name, 0, sizeof *name);
        name->sums = names->other;
        name->length = sizeof other - 1;
        memcpy(name->name, other, sizeof other - 1);
}
