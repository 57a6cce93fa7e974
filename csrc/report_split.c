/* report_split.c - splits a mapping at the bounds of the owners of its parts.
 *
 * The kernel's columns cover the whole mapping.  A piece's size is known.  Its Rss is the owner's
 * figure, limited by what the other pieces can hold; the other columns are divided in proportion to
 * Rss.  Pieces are classified and counted in report.c. */
#include "report_split.h"

#include "region.h"
#include "write.h"
#include "report_sums.h"

/* Owners */

/* The first owner that ends beyond an address, by binary search. */
static const struct mema_owner *first_beyond(const struct mema_context *context, uint64_t address)
{
        const struct mema_owner *low = context->owners, *high = low + context->owner_count;

        /* A process that reads itself finds the owners as it goes: most mappings are behind the last one. */
        if (low < high && high[-1].end <= address)
                return high;
        while (low < high) {
                const struct mema_owner *middle = low + (high - low) / 2;

                if (middle->end > address)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

uint64_t mema_split_most_pieces(const struct mema_context *context, const struct mema_region *g,
                                uint64_t from)
{
        const struct mema_owner *first, *last;

        if (context->owner_count == 0)
                return 1;
        first = first_beyond(context, max_u64(g->start, from));
        last = first_beyond(context, g->end);
        if (last < context->owners + context->owner_count && last->start < g->end)
                last++;
        return 1 + (first < last ? 2 * (uint64_t)(last - first) : 0);
}

static uint64_t start_of(const struct mema_split *s, const struct mema_owner *o)
{
        return max_u64(o->start, s->from);
}

/* The bytes that an owner has between two addresses. */
static uint64_t bytes_within(const struct mema_split *s, const struct mema_owner *o, uint64_t start,
                             uint64_t end)
{
        return sat_sub(min_u64(o->end, end), max_u64(start_of(s, o), start));
}

/* The first owner from `o` on that splits the mapping; beyond the mapping if none does. */
static const struct mema_owner *splitting(const struct mema_split *s, const struct mema_owner *o)
{
        while (s->labels_only && o < s->last && o->start < s->end && o->name_length == 0)
                o++;
        return o;
}

static struct span label_of(const struct mema_split *s, const struct mema_owner *o)
{
        return o->name_length > 0 ? span_of(s->names + o->name, (size_t)o->name_length) : span_of("", 0);
}

/* Whether the memory of two owners is counted in one place. */
static bool count_as_one(const struct mema_split *s, const struct mema_owner *a, const struct mema_owner *b)
{
        struct span label = label_of(s, b);

        return a->category == b->category && span_equals(label_of(s, a), label.at, span_length(label));
}

/* Pieces */

/* Subtracts the bytes of all owners, which leaves those without an owner. */
static void subtract_owners(struct mema_split *s, const struct mema_region *g)
{
        for (const struct mema_owner *o = s->next; o < s->last && o->start < g->end;
             o = splitting(s, o + 1)) {
                uint64_t bytes = bytes_within(s, o, g->start, g->end);

                s->unsure = max_u64(s->unsure, o->unsure);
                s->unowned = sat_sub(s->unowned, bytes);
                s->unowned_rss = sat_sub(s->unowned_rss, share_of(o->rss, bytes, o->end - o->start));
        }
}

bool mema_split_begin(struct mema_split *s, const struct mema_region *g, const struct mema_context *context,
                      uint64_t *from)
{
        s->category = MEMA_CATEGORY_COUNT;
        s->labeled = false;
        s->pieces = 1;
        s->unsure = 0;
        s->left = s->committed = mema_region_span(g);
        if (context->owner_count == 0 || (!mema_takes_labels(g) && !mema_is_hugetlb(g)))
                return false;
        s->from = *from;
        *from = max_u64(*from, g->end);
        s->end = g->end;
        s->labels_only = !mema_is_plain(g) && !mema_is_hugetlb(g);
        s->last = context->owners + context->owner_count;
        s->next = splitting(s, first_beyond(context, max_u64(g->start, s->from)));
        if (s->next == s->last || start_of(s, s->next) >= g->end || s->left == 0)
                return false;
        s->pieces = 0;
        s->at = g->start;
        s->names = context->names;
        s->name_length = g->name_length;
        memcpy(s->name, g->name, sizeof s->name);
        memcpy(s->value, g->value, sizeof s->value);
        s->unowned = s->left;
        s->unowned_rss = g->value[MEMA_FIELD_RSS];
        subtract_owners(s, g);
        return true;
}

/* Names a labeled piece as the kernel would, any other piece as its mapping. */
static void give_name(const struct mema_split *s, struct mema_region *g, struct span label)
{
        struct out o = out_to(g->name, sizeof g->name);

        if (label.at == label.end) {
                put_bytes(&o, s->name, sizeof s->name);
                g->name_length = s->name_length;
                return;
        }
        put(&o, g->perms[3] == 's' ? "[anon_shmem:" : "[anon:");
        put_bytes(&o, label.at, span_length(label));
        put(&o, "]");
        g->name_length = o.len;
}

/* Takes the piece that begins with owner `first`, up to the end of the last adjoining owner that
 * counts as one with it.  Returns the piece's end. */
static uint64_t take_owned(struct mema_split *s, const struct mema_owner *first, uint64_t *rss)
{
        const struct mema_owner *o = first;
        uint64_t at = s->at;

        s->category = first->category;
        s->committed = *rss = 0;
        for (; o < s->last && at < s->end && o->start <= at && count_as_one(s, o, first);
             o = splitting(s, o + 1)) {
                uint64_t bytes = bytes_within(s, o, at, s->end);

                *rss += share_of(o->rss, bytes, o->end - o->start);
                s->committed += share_of(o->committed, bytes, o->end - o->start);
                at += bytes;
        }
        s->next = o;
        return at;
}

/* Takes the piece before owner `next`, which has no owner.  Returns its end. */
static uint64_t take_unowned(struct mema_split *s, const struct mema_owner *next, uint64_t *rss)
{
        uint64_t end = next < s->last ? min_u64(start_of(s, next), s->end) : s->end;
        uint64_t bytes = end - s->at;

        s->category = MEMA_CATEGORY_COUNT;
        s->committed = bytes;
        *rss = share_of(s->unowned_rss, min_u64(bytes, s->unowned), s->unowned);
        s->unowned = sat_sub(s->unowned, bytes);
        s->unowned_rss -= *rss;
        s->next = next;
        return end;
}

/* Divides the columns of the rest of the mapping between a piece of `span` bytes, with `rss` of them
 * resident, and the rest behind it. */
static void divide_columns(struct mema_split *s, struct mema_region *g, uint64_t span, uint64_t rss)
{
        uint64_t left = s->left, resident = s->value[MEMA_FIELD_RSS];

        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                bool by_span = i == MEMA_FIELD_SIZE || resident == 0;

                if (!(mema_summed_fields & MEMA_BIT(i)))
                        continue;
                if (i == MEMA_FIELD_RSS)
                        g->value[i] = rss;
                else
                        g->value[i] = share_of(s->value[i], by_span ? span : rss, by_span ? left : resident);
                s->value[i] -= g->value[i];
        }
}

bool mema_split_next(struct mema_split *s, struct mema_region *g)
{
        const struct mema_owner *o = s->next;
        struct span label = span_of("", 0);
        uint64_t end, rss, span, resident = s->value[MEMA_FIELD_RSS];

        if (s->pieces > 0 && s->left == 0)
                return false;
        while (o < s->last && o->end <= s->at)
                o = splitting(s, o + 1);
        if (o < s->last && start_of(s, o) <= s->at) {
                label = label_of(s, o);
                end = take_owned(s, o, &rss);
        } else {
                end = take_unowned(s, o, &rss);
        }
        span = end - s->at;
        rss = min_u64(rss, min_u64(span, resident));
        rss = max_u64(rss, sat_sub(resident, s->left - span)); /* what the rest cannot hold */
        divide_columns(s, g, span, rss);
        give_name(s, g, label);
        g->start = s->at;
        g->end = end;
        s->labeled = label.at < label.end;
        s->pieces++;
        s->at = end;
        s->left -= span;
        return true;
}
