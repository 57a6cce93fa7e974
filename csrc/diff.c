/* diff.c - two reports in, the regions that changed out.
 *
 * The rows of both reports are sorted by address and are walked side by side, as in a merge.  The
 * differences of sums are in render_text_diff.c and render_json_diff.c. */
#include "diff.h"

#include "write.h"
#include "scan.h"

const char *mema_change_name(unsigned kind)
{
        static const char *const names[] = {
#define X(id, text) text,
                MEMA_CHANGES(X)
#undef X
        };

        return kind < MEMA_CHANGE_COUNT ? names[kind] : NULL;
}

/* Regions */

/* A position among the rows of a report. */
struct cursor {
        const struct mema_report *report;
        uint64_t next;
        struct mema_region row; /* the one before `next` */
        bool valid;             /* there is a row */
};

static void advance(struct cursor *c)
{
        c->valid = c->next < c->report->row_count;
        if (c->valid)
                mema_report_row(c->report, c->next++, &c->row);
}

/* Regions are the same if they have one name and share an address. */
static bool is_same(const struct mema_region *a, const struct mema_region *b)
{
        return a->start <= b->end - 1 && b->start <= a->end - 1 &&
               span_equals(span_of(a->name, (size_t)a->name_length), b->name, (size_t)b->name_length);
}

/* Adds the change of a region; NULL: it is not in that report. */
static void add(struct mema_diff *d, const struct cursor *before, const struct cursor *now)
{
        uint64_t was = before ? before->row.value[MEMA_FIELD_RSS] : 0,
                 is = now ? now->row.value[MEMA_FIELD_RSS] : 0;
        const struct cursor *shown = now ? now : before;
        enum mema_change_kind kind = is > was ? MEMA_CHANGE_GROWN : MEMA_CHANGE_SHRUNK;

        if (was == is)
                return;
        if (!before)
                kind = MEMA_CHANGE_NEW;
        else if (!now)
                kind = MEMA_CHANGE_GONE;
        d->change[d->count++] = (struct mema_change){ kind, shown->next - 1, shown->row.start, was, is };
}

/* Order */

static uint64_t size_of(const struct mema_change *c)
{
        return max_u64(c->before, c->now) - min_u64(c->before, c->now);
}

/* Whether `a` is listed before `b`. */
static bool precedes(const struct mema_change *a, const struct mema_change *b)
{
        if (size_of(a) != size_of(b))
                return size_of(a) > size_of(b);
        return a->start != b->start ? a->start < b->start : a->kind < b->kind;
}

static void swap(struct mema_change *a, struct mema_change *b)
{
        struct mema_change c = *a;

        *a = *b;
        *b = c;
}

/* The list is a binary heap with the change that is listed last at its root. */
static void sift_down(struct mema_change *list, uint64_t index, uint64_t count)
{
        for (uint64_t child; (child = index * 2 + 1) < count; index = child) {
                if (child + 1 < count && precedes(&list[child], &list[child + 1]))
                        child++;
                if (!precedes(&list[index], &list[child]))
                        return;
                swap(&list[index], &list[child]);
        }
}

/* Heapsort: in place, and the core has no qsort. */
static void sort(struct mema_change *list, uint64_t count)
{
        for (uint64_t i = count / 2; i-- > 0;)
                sift_down(list, i, count);
        for (uint64_t n = count; n > 1; n--) {
                swap(&list[0], &list[n - 1]);
                sift_down(list, 0, n - 1);
        }
}

/* Differences */

bool mema_diff_has_rss(const struct mema_diff *d)
{
        return d->before->totals.present & d->now->totals.present & MEMA_BIT(MEMA_FIELD_RSS);
}

void mema_diff_init(struct mema_diff *d, const struct mema_report *before, const struct mema_report *now,
                    struct mema_change *room)
{
        struct cursor a = { .report = before }, b = { .report = now };

        *d = (struct mema_diff){ before, now, room, 0 };
        if (!mema_diff_has_rss(d) || before->checks.totals_only || now->checks.totals_only)
                return;
        advance(&a);
        advance(&b);
        while (a.valid || b.valid) {
                bool same = a.valid && b.valid && is_same(&a.row, &b.row);
                bool first = a.valid && (!b.valid || a.row.end - 1 <= b.row.end - 1);

                add(d, same || first ? &a : NULL, same || !first ? &b : NULL);
                if (same || first)
                        advance(&a);
                if (same || !first)
                        advance(&b);
        }
        sort(d->change, d->count);
}

size_t mema_diff_warning(const struct mema_diff *d, unsigned index, char *buf, size_t cap)
{
        const struct mema_report *reports[] = { d->before, d->now };
        char text[MEMA_WARNING_MAX];
        struct out o = out_to(buf, cap);

        for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
                for (unsigned own = 0; mema_report_warning(reports[i], own, text, sizeof text) > 0; own++) {
                        if (index-- > 0)
                                continue;
                        put(&o, i == 0 ? "Before: " : "Now: ");
                        put(&o, text);
                        return out_end(&o);
                }
        return out_end(&o);
}
