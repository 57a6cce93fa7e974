/* report_split.c - splits a mapping at the bounds of the owners of its parts.
 *
 * The kernel's columns are for the whole mapping.  The size of a piece is known; its Rss is what its
 * owner says, limited by what the other pieces can hold; the other columns are divided in proportion
 * to Rss. */
#include "report_split.h"

#include "render_out.h"
#include "report_sums.h"

/* The first owner that ends beyond an address, by binary search. */
static const struct mema_owner *first_beyond(const struct mema_context *context, uint64_t address)
{
        const struct mema_owner *low = context->owners, *high = low + context->owner_count;

        while (low < high) {
                const struct mema_owner *middle = low + (high - low) / 2;

                if (middle->end > address)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

uint64_t mema_most_pieces(const struct mema_context *context, const struct mema_region *g, uint64_t from)
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

/* The bytes that an owner has in a range. */
static uint64_t overlap(const struct mema_split *s, const struct mema_owner *o, uint64_t start, uint64_t end)
{
        return sat_sub(min_u64(o->end, end), max_u64(start_of(s, o), start));
}

/* The first of the owners from `o` on that splits the mapping; one behind it if there is none. */
static const struct mema_owner *splitting(const struct mema_split *s, const struct mema_owner *o)
{
        while (s->labels_only && o < s->last && o->start < s->end && o->name_length == 0)
                o++;
        return o;
}

static struct span name_of(const struct mema_split *s, const struct mema_owner *o)
{
        return o->name_length > 0 ? span_of(s->names + o->name, (size_t)o->name_length) : span_of("", 0);
}

static bool is_same(const struct mema_split *s, const struct mema_owner *a, const struct mema_owner *b)
{
        struct span name = name_of(s, b);

        return a->category == b->category && span_equals(name_of(s, a), name.at, span_length(name));
}

bool mema_split_begin(struct mema_split *s, const struct mema_region *g, const struct mema_context *context,
                      uint64_t from)
{
        const struct mema_owner *o;

        s->category = MEMA_CATEGORY_COUNT;
        s->pieces = 1;
        s->unsure = 0;
        s->left = s->committed = mema_region_span(g);
        s->labeled = false;
        if (context->owner_count == 0 || !mema_takes_labels(g))
                return false;
        s->from = from;
        s->end = g->end;
        s->labels_only = !mema_neighbor_of(g).plain;
        s->last = context->owners + context->owner_count;
        o = splitting(s, first_beyond(context, max_u64(g->start, from)));
        if (o == s->last || start_of(s, o) >= g->end || s->left == 0)
                return false;
        s->pieces = 0;
        s->at = g->start;
        s->next = o;
        s->names = context->names;
        s->name_length = g->name_length;
        memcpy(s->name, g->name, sizeof s->name);
        s->unowned = s->left;
        s->unowned_rss = g->value[MEMA_FIELD_RSS];
        memcpy(s->value, g->value, sizeof s->value);
        for (; o < s->last && o->start < g->end; o = splitting(s, o + 1)) {
                uint64_t bytes = overlap(s, o, g->start, g->end);

                s->unsure = max_u64(s->unsure, o->unsure);
                s->unowned = sat_sub(s->unowned, bytes);
                s->unowned_rss = sat_sub(s->unowned_rss, share_of(o->rss, bytes, o->end - o->start));
        }
        return true;
}

/* Names a labeled piece as the kernel would, and other pieces as the mapping. */
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

/* Returns where the piece that begins at `start` ends, and sets its category, label and
 * Rss.  Adjoining owners of one category and name are one piece. */
static uint64_t piece_end(struct mema_split *s, uint64_t start, uint64_t *rss, struct span *label)
{
        const struct mema_owner *o = s->next;
        uint64_t at = start;

        while (o < s->last && o->end <= start)
                o = splitting(s, o + 1);
        s->committed = *rss = 0;
        *label = span_of("", 0);
        if (o < s->last && start_of(s, o) <= start) {
                const struct mema_owner *first = o;

                s->category = o->category;
                *label = name_of(s, o);
                for (; o < s->last && at < s->end && o->start <= at && is_same(s, o, first);
                     o = splitting(s, o + 1)) {
                        uint64_t bytes = overlap(s, o, at, s->end);

                        *rss += share_of(o->rss, bytes, o->end - o->start);
                        s->committed += share_of(o->committed, bytes, o->end - o->start);
                        at += bytes;
                }
        } else {
                s->category = MEMA_CATEGORY_COUNT;
                at = o < s->last ? min_u64(start_of(s, o), s->end) : s->end;
                s->committed = at - start;
                *rss = share_of(s->unowned_rss, min_u64(at - start, s->unowned), s->unowned);
                s->unowned = sat_sub(s->unowned, at - start);
                s->unowned_rss -= *rss;
        }
        s->next = o;
        return at;
}

bool mema_split_next(struct mema_split *s, struct mema_region *g)
{
        uint64_t start = s->at, left = s->left, resident = s->value[MEMA_FIELD_RSS], span, rss;
        struct span label;

        if (s->pieces > 0 && left == 0)
                return false;
        s->pieces++;
        s->at = piece_end(s, start, &rss, &label);
        s->labeled = label.at < label.end;
        give_name(s, g, label);
        span = s->at - start;
        s->left -= span;
        rss = min_u64(rss, min_u64(span, resident));
        if (rss < sat_sub(resident, s->left))
                rss = resident - s->left;
        g->start = start;
        g->end = s->at;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                bool by_span = i == MEMA_FIELD_SIZE || resident == 0;

                if (!(mema_summed_fields & MEMA_BIT(i)))
                        continue;
                g->value[i] = i == MEMA_FIELD_RSS ? rss
                                                  : share_of(s->value[i], by_span ? span : rss,
                                                             by_span ? left : resident);
                s->value[i] -= g->value[i];
        }
        return true;
}
