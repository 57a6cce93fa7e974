/* owners.c - mappings that are cut where parts of them are known to be somebody's.
 *
 * What the kernel says of a mapping it says of all of it.  Of a piece the size is
 * known, and what is resident as its owner says, within what the other pieces can
 * hold; the other columns are divided as that is. */
#include "owners.h"

#include "classify.h"
#include "out.h"
#include "sums.h"

/* Of the kernel's names only those for memory that anybody may have asked for. */
bool mema_takes_labels(const struct mema_region *g)
{
        struct span name = span_of(g->name, (size_t)g->name_length);

        if (g->perms[3] == 's')
                return SPAN_EQUALS(name, "/dev/zero (deleted)") || SPAN_STARTS(name, "[anon_shmem:");
        return mema_neighbour_of(g).plain ||
               (g->inode == 0 && (SPAN_EQUALS(name, "[heap]") || SPAN_STARTS(name, "[anon:")));
}

bool mema_is_label_name(struct span name)
{
        for (const char *c = name.at; c < name.end; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return false;
        return name.at < name.end && span_length(name) <= MEMA_LABEL_MAX;
}

/* The first owner that ends beyond an address. */
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

uint64_t mema_most_pieces(const struct mema_context *context, const struct mema_region *g)
{
        const struct mema_owner *from, *to;

        if (context->owner_count == 0)
                return 1;
        from = first_beyond(context, g->start);
        to = first_beyond(context, g->end);
        if (to < context->owners + context->owner_count && to->start < g->end)
                to++;
        return 1 + (from < to ? 2 * (uint64_t)(to - from) : 0);
}

/* How many bytes of an owner's are in a range. */
static uint64_t overlap(const struct mema_owner *o, uint64_t start, uint64_t end)
{
        return beyond(at_most(o->end, end), larger(o->start, start));
}

/* The first of these owners that the mapping is cut by. */
static const struct mema_owner *cutting(const struct mema_cut *cut, const struct mema_owner *o)
{
        while (o < cut->last && cut->labels_only && o->name_length == 0)
                o++;
        return o;
}

static struct span name_of(const struct mema_cut *cut, const struct mema_owner *o)
{
        return o->name_length > 0 ? span_of(cut->names + o->name, (size_t)o->name_length) : span_of("", 0);
}

static bool is_same(const struct mema_cut *cut, const struct mema_owner *a, const struct mema_owner *b)
{
        struct span name = name_of(cut, b);

        return a->category == b->category && span_equals(name_of(cut, a), name.at, span_length(name));
}

bool mema_cut_begin(struct mema_cut *cut, const struct mema_region *g, const struct mema_context *context)
{
        cut->category = MEMA_CATEGORY_COUNT;
        cut->pieces = 1;
        cut->unsure = 0;
        cut->left = cut->committed = mema_region_span(g);
        cut->labelled = false;
        if (context->owner_count == 0 || !mema_takes_labels(g))
                return false;
        cut->labels_only = !mema_neighbour_of(g).plain;
        cut->last = context->owners + context->owner_count;

        const struct mema_owner *o = cutting(cut, first_beyond(context, g->start));

        if (o == cut->last || o->start >= g->end || cut->left == 0)
                return false;
        cut->pieces = 0;
        cut->at = g->start;
        cut->end = g->end;
        cut->next = o;
        cut->names = context->names;
        cut->name_length = g->name_length;
        memcpy(cut->name, g->name, sizeof cut->name);
        cut->unowned = cut->left;
        cut->unowned_rss = g->value[MEMA_RSS];
        memcpy(cut->value, g->value, sizeof cut->value);
        for (; o < cut->last && o->start < g->end; o = cutting(cut, o + 1)) {
                uint64_t bytes = overlap(o, g->start, g->end);

                cut->unsure = larger(cut->unsure, o->unsure);
                cut->unowned = beyond(cut->unowned, bytes);
                cut->unowned_rss = beyond(cut->unowned_rss, mema_share(o->rss, bytes, o->end - o->start));
        }
        return true;
}

/* Calls a piece as the kernel would, and one without a label as the mapping is. */
static void give_name(const struct mema_cut *cut, struct mema_region *g, struct span label)
{
        struct out o = out_to(g->name, sizeof g->name);

        if (label.at == label.end) {
                put_bytes(&o, cut->name, sizeof cut->name);
                g->name_length = cut->name_length;
                return;
        }
        put(&o, g->perms[3] == 's' ? "[anon_shmem:" : "[anon:");
        put_bytes(&o, label.at, span_length(label));
        put(&o, "]");
        g->name_length = o.len;
}

/* Where the piece from `start` on ends, whose it is, and what is resident of it as
 * far as that is known.  Owners of one category that adjoin are one piece, where
 * they have one name. */
static uint64_t piece_end(struct mema_cut *cut, uint64_t start, uint64_t *rss, struct span *label)
{
        const struct mema_owner *o = cut->next;
        uint64_t at = start;

        while (o < cut->last && o->end <= start)
                o = cutting(cut, o + 1);
        cut->committed = *rss = 0;
        *label = span_of("", 0);
        if (o < cut->last && o->start <= start) {
                const struct mema_owner *first = o;

                cut->category = o->category;
                *label = name_of(cut, o);
                for (; o < cut->last && o->start <= at && is_same(cut, o, first) && at < cut->end;
                     o = cutting(cut, o + 1)) {
                        uint64_t bytes = overlap(o, at, cut->end);

                        *rss += mema_share(o->rss, bytes, o->end - o->start);
                        cut->committed += mema_share(o->committed, bytes, o->end - o->start);
                        at += bytes;
                }
        } else {
                cut->category = MEMA_CATEGORY_COUNT;
                at = o < cut->last ? at_most(o->start, cut->end) : cut->end;
                cut->committed = at - start;
                *rss = mema_share(cut->unowned_rss, at_most(at - start, cut->unowned), cut->unowned);
                cut->unowned = beyond(cut->unowned, at - start);
                cut->unowned_rss -= *rss;
        }
        cut->next = o;
        return at;
}

bool mema_cut_next(struct mema_cut *cut, struct mema_region *g)
{
        uint64_t start = cut->at, left = cut->left, resident = cut->value[MEMA_RSS], span, rss;
        struct span label;

        if (cut->pieces > 0 && left == 0)
                return false;
        cut->pieces++;
        cut->at = piece_end(cut, start, &rss, &label);
        cut->labelled = label.at < label.end;
        give_name(cut, g, label);
        span = cut->at - start;
        cut->left -= span;
        rss = at_most(rss, at_most(span, resident));
        if (rss < beyond(resident, cut->left))
                rss = resident - cut->left;
        g->start = start;
        g->end = cut->at;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                bool by_span = i == MEMA_SIZE || resident == 0;

                if (!(mema_summed_fields & MEMA_BIT(i)))
                        continue;
                g->value[i] = i == MEMA_RSS ? rss
                                            : mema_share(cut->value[i], by_span ? span : rss,
                                                         by_span ? left : resident);
                cut->value[i] -= g->value[i];
        }
        return true;
}
