/* render_json_diff.c - the differences between two reports as JSON, which memanalyzer.schema.json
 * describes. */
#include "diff.h"
#include "render_json.h"

/* A figure of both reports; null unless both know it. */
static void put_change(struct out *o, bool known, uint64_t before, uint64_t now)
{
        mema_json_number(o, "before", known, before);
        mema_json_number(o, "now", known, now);
        mema_json_key(o, "change");
        if (known && now < before)
                put(o, "-");
        if (known)
                put_decimal(o, sat_sub(before, now) + sat_sub(now, before));
        else
                put(o, "null");
}

static bool both_totals(struct mema_output *w, struct out *o)
{
        mema_json_totals(o, "before", w->diff->before);
        mema_json_totals(o, "now", w->diff->now);
        return false;
}

static void put_category(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_sums *before = &w->diff->before->category[index].sums;
        const struct mema_sums *now = &w->diff->now->category[index].sums;

        put(o, "{");
        mema_json_text(o, "id", mema_category_stable_id((unsigned)index));
        mema_json_text(o, "name", mema_category_name((unsigned)index));
        put_change(o, mema_diff_has_rss(w->diff), before->value[MEMA_FIELD_RSS], now->value[MEMA_FIELD_RSS]);
        put(o, " }");
}

static bool categories(struct mema_output *w, struct out *o)
{
        return mema_json_list(w, o, "categories", MEMA_CATEGORY_COUNT, put_category);
}

static void put_region(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_change *c = &w->diff->change[index];
        struct mema_region g;

        mema_report_row(c->kind == MEMA_CHANGE_GONE ? w->diff->before : w->diff->now, c->row, &g);
        put(o, "{");
        mema_json_text(o, "kind", mema_change_name((unsigned)c->kind));
        put_change(o, true, c->before, c->now);
        mema_json_place(w, o, &g);
        put(o, " }");
}

static bool changes(struct mema_output *w, struct out *o)
{
        return mema_json_list(w, o, "changes", min_u64(w->diff->count, w->options.top), put_region);
}

static void put_warning(const struct mema_output *w, struct out *o, uint64_t index)
{
        char text[MEMA_WARNING_MAX];
        size_t n = mema_diff_warning(w->diff, (unsigned)index, text, sizeof text);

        mema_json_string(o, span_of(text, n));
}

static bool warnings(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];
        unsigned count = 0;

        while (mema_diff_warning(w->diff, count, text, sizeof text) > 0)
                count++;
        return mema_json_list(w, o, "warnings", count, put_warning);
}

const mema_section mema_json_diff_sections[] = {
        mema_json_head, both_totals, categories, changes, warnings, mema_json_tail, NULL,
};
