/* render_text_diff.c - the differences between two reports as text.
 *
 * In bytes, the changes of categories add up to the change of RSS, and so do the changes of all
 * regions.  In other units, each figure is rounded down by itself; a change below one unit is in KB. */
#include "diff.h"
#include "scan.h"
#include "render.h"

/* The width of a row's label, and where the columns of a region start. */
enum { LABEL_WIDTH = 38, PERMS_COLUMN = 19, KIND_COLUMN = 26, FIGURES_COLUMN = 32 };

/* The usual number of digits in each unit, with a sign. */
static const unsigned number_width[] = { 7, 10, 16 };
_Static_assert(sizeof number_width / sizeof *number_width == MEMA_UNIT_AUTO,
               "a width for each unit but auto");

/* Shown even if unchanged. */
static const struct {
        const char *label;
        enum mema_field field;
} total_rows[] = {
        { "Virtual Memory:", MEMA_FIELD_SIZE },
        { "RSS (Resident):", MEMA_FIELD_RSS },
        { "PSS (Proportional):", MEMA_FIELD_PSS },
        { "Swap:", MEMA_FIELD_SWAP },
};

/* Cells */

static size_t cell_width(const struct mema_output *w)
{
        return number_width[w->options.unit] + 1 + text_length(mema_unit_name((unsigned)w->options.unit));
}

static void put_cell(const struct mema_output *w, struct out *o, const char *sign, uint64_t bytes, bool in_kb)
{
        char text[48];
        struct out cell = out_to(text, sizeof text);

        put(&cell, sign);
        put_decimal(&cell, bytes >> (in_kb ? 10 : w->shift));
        put(&cell, " ");
        put(&cell, mema_unit_name(in_kb ? MEMA_UNIT_KB : (unsigned)w->options.unit));
        put_spaces(o, (size_t)sat_sub(cell_width(w), out_end(&cell)));
        put(o, text);
        put(o, " ");
}

static void put_cells(const struct mema_output *w, struct out *o, uint64_t before, uint64_t now)
{
        uint64_t change = sat_sub(before, now) + sat_sub(now, before);
        const char *sign = now < before ? "-" : now > before ? "+" : "";

        put_cell(w, o, sign, change, change > 0 && change >> w->shift == 0);
        put_cell(w, o, "", before, false);
        put_cell(w, o, "", now, false);
}

static void put_titles(const struct mema_output *w, struct out *o)
{
        static const char *const titles[] = { "CHANGE", "BEFORE", "NOW" };

        for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
                put_spaces(o, cell_width(w) - text_length(titles[i]));
                put(o, titles[i]);
                put(o, " ");
        }
}

/* Sections */

static bool title_line(struct mema_output *w, struct out *o)
{
        put(o, "=== Memory Differences ===\n\n");
        put_spaces(o, LABEL_WIDTH);
        put_titles(w, o);
        put(o, "\n");
        return false;
}

static bool totals_line(struct mema_output *w, struct out *o)
{
        const struct mema_sums *before = &w->diff->before->totals, *now = &w->diff->now->totals;
        enum mema_field field;

        if (w->_item == sizeof total_rows / sizeof *total_rows)
                return false;
        field = total_rows[w->_item].field;
        put(o, total_rows[w->_item++].label);
        put_to_column(o, 0, LABEL_WIDTH);
        if (before->present & now->present & MEMA_BIT(field))
                put_cells(w, o, before->value[field], now->value[field]);
        else
                put(o, "unknown");
        put(o, "\n");
        return true;
}

/* Categories that changed, in the order of a report. */
static bool categories_line(struct mema_output *w, struct out *o)
{
        unsigned category = (unsigned)w->_item++;
        uint64_t before, now;

        if (category == MEMA_CATEGORY_COUNT || !mema_diff_has_rss(w->diff))
                return false;
        before = w->diff->before->category[category].sums.value[MEMA_FIELD_RSS];
        now = w->diff->now->category[category].sums.value[MEMA_FIELD_RSS];
        if (before != now) {
                put(o, mema_group_name(mema_category_group(category)));
                put(o, ": ");
                put(o, mema_category_name(category));
                put_to_column(o, 0, LABEL_WIDTH);
                put_cells(w, o, before, now);
                put(o, "\n");
        }
        return true;
}

static bool source_line(struct mema_output *w, struct out *o)
{
        if (w->diff->now->scanned)
                put(o, "\n" MEMA_SCAN_LINE);
        return false;
}

static bool warnings_line(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];

        if (mema_diff_warning(w->diff, (unsigned)w->_item, text, sizeof text) == 0)
                return false;
        put(o, w->_item++ == 0 ? "\nWarnings:\n  " : "  ");
        put(o, text);
        put(o, "\n");
        return true;
}

static bool regions_title_line(struct mema_output *w, struct out *o)
{
        if (w->options.top == 0)
                return false;
        mema_put_list_title(w, o, "Changed Regions");
        put(o, "ADDRESS            PERMS  WHAT  ");
        put_titles(w, o);
        put(o, MEMA_NAME_TITLE);
        return false;
}

static bool regions_line(struct mema_output *w, struct out *o)
{
        const struct mema_change *c = &w->diff->change[w->_item];
        struct mema_region g;

        if (w->_item == min_u64(w->diff->count, w->options.top))
                return false;
        w->_item++;
        mema_report_row(c->kind == MEMA_CHANGE_GONE ? w->diff->before : w->diff->now, c->row, &g);
        mema_put_region_address(w, o, c->start);
        put_to_column(o, 0, PERMS_COLUMN);
        put(o, g.perms);
        put_to_column(o, 0, KIND_COLUMN);
        put(o, mema_change_name((unsigned)c->kind));
        put_to_column(o, 0, FIGURES_COLUMN);
        put_cells(w, o, c->before, c->now);
        mema_put_region_name(o, &g);
        put(o, "\n");
        return true;
}

const mema_section mema_text_diff_sections[] = {
        title_line,    totals_line,        categories_line, source_line,
        warnings_line, regions_title_line, regions_line,    NULL,
};
