/* owners.c - mappings that are cut where parts of them are known to be somebody's.
 *
 * What the kernel says of a mapping it says of all of it.  Of a piece the size is
 * known, and what is resident as its owner says, within what the other pieces can
 * hold; the other columns are divided as that is. */
#include "owners.h"

#include "classify.h"
#include "sums.h"

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

/* How many bytes of an owner's are in a range. */
static uint64_t overlap(const struct mema_owner *o, uint64_t start, uint64_t end)
{
        return beyond(at_most(o->end, end), o->start > start ? o->start : start);
}

void mema_cut_begin(struct mema_cut *cut, const struct mema_region *g, const struct mema_context *context)
{
        cut->category = MEMA_CATEGORY_COUNT;
        cut->pieces = 0;
        cut->unsure = 0;
        cut->at = g->start;
        cut->end = g->end;
        cut->left = mema_region_span(g);
        cut->next = NULL;
        if (context->owner_count == 0 || !mema_neighbour_of(g).plain)
                return;

        const struct mema_owner *o = first_beyond(context, g->start);

        cut->last = context->owners + context->owner_count;
        if (o == cut->last || o->start >= g->end)
                return;
        cut->next = o;
        cut->unowned = cut->left;
        cut->unowned_rss = g->value[MEMA_RSS];
        memcpy(cut->value, g->value, sizeof cut->value);
        for (; o < cut->last && o->start < g->end; o++) {
                uint64_t bytes = overlap(o, g->start, g->end);

                cut->unsure = larger(cut->unsure, o->unsure);
                cut->unowned = beyond(cut->unowned, bytes);
                cut->unowned_rss = beyond(cut->unowned_rss, mema_share(o->rss, bytes, o->end - o->start));
        }
}

/* Where the piece from `start` on ends, whose it is, and what is resident of it as
 * far as that is known.  Owners of one category that adjoin are one piece. */
static uint64_t piece_end(struct mema_cut *cut, uint64_t start, uint64_t *rss)
{
        const struct mema_owner *o = cut->next;
        uint64_t at = start;

        while (o < cut->last && o->end <= start)
                o++;
        cut->committed = *rss = 0;
        if (o < cut->last && o->start <= start) {
                cut->category = o->category;
                for (; o < cut->last && o->start <= at && o->category == cut->category && at < cut->end;
                     o++) {
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

        if (cut->pieces > 0 && left == 0)
                return false;
        cut->pieces++;
        if (!cut->next) {
                cut->committed = left;
                cut->left = 0;
                return true;
        }
        cut->at = piece_end(cut, start, &rss);
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
