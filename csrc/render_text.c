/* render_text.c - a report as the text that people and scripts read.
 *
 * Titles, labels and their order are a contract. */
#include "scan.h"
#include "render.h"
#include "report_sums.h"

/* How many characters a number has in most reports of a unit. */
static const unsigned unit_width[] = { 5, 9, 15 };
_Static_assert(sizeof unit_width / sizeof *unit_width == MEMA_UNIT_AUTO, "a width for each unit but auto");

/* Stand even where they hold nothing: scripts look for them. */
static const uint64_t always_rows =
        UINT64_C(1) << MEMA_CATEGORY_GO_HEAP | UINT64_C(1) << MEMA_CATEGORY_GO_STACK |
        UINT64_C(1) << MEMA_CATEGORY_GO_METADATA | UINT64_C(1) << MEMA_CATEGORY_ANON_RW |
        UINT64_C(1) << MEMA_CATEGORY_ANON_RO | UINT64_C(1) << MEMA_CATEGORY_ANON_EXEC;
static const uint64_t always_groups = UINT64_C(1) << MEMA_GROUP_GO | UINT64_C(1) << MEMA_GROUP_ANON;

/* Groups whose rows have long names and no colon behind them. */
static const uint64_t wide_groups = UINT64_C(1) << MEMA_GROUP_NAMED | UINT64_C(1) << MEMA_GROUP_FILE;

static const struct {
        const char *label;
        enum mema_field field;
        bool always;
} total_rows[] = {
        { "Virtual Memory:", MEMA_FIELD_SIZE, true },
        { "RSS (Resident):", MEMA_FIELD_RSS, true },
        { "PSS (Proportional):", MEMA_FIELD_PSS, true },
        { "PSS Dirty:", MEMA_FIELD_PSS_DIRTY, false },
        { "PSS Anonymous:", MEMA_FIELD_PSS_ANON, false },
        { "PSS File:", MEMA_FIELD_PSS_FILE, false },
        { "PSS Shared Memory:", MEMA_FIELD_PSS_SHMEM, false },
        { "Shared Clean:", MEMA_FIELD_SHARED_CLEAN, false },
        { "Shared Dirty:", MEMA_FIELD_SHARED_DIRTY, false },
        { "Private Clean:", MEMA_FIELD_PRIVATE_CLEAN, false },
        { "Private Dirty:", MEMA_FIELD_PRIVATE_DIRTY, false },
        { "Referenced:", MEMA_FIELD_REFERENCED, false },
        { "Anonymous:", MEMA_FIELD_ANONYMOUS, false },
        { "KSM:", MEMA_FIELD_KSM, false },
        { "Lazy Free:", MEMA_FIELD_LAZY_FREE, false },
        { "Huge Pages (anonymous):", MEMA_FIELD_ANON_HUGE, false },
        { "Huge Pages (shared memory):", MEMA_FIELD_SHMEM_PMD_MAPPED, false },
        { "Huge Pages (file):", MEMA_FIELD_FILE_PMD_MAPPED, false },
        { "Hugetlb (shared):", MEMA_FIELD_SHARED_HUGETLB, false },
        { "Hugetlb (private):", MEMA_FIELD_PRIVATE_HUGETLB, false },
        { "Swap:", MEMA_FIELD_SWAP, false },
        { "Swap PSS:", MEMA_FIELD_SWAP_PSS, false },
        { "Locked:", MEMA_FIELD_LOCKED, false },
};

/* Of a process that can tell; a row does not stand where it would say `usual`. */
static const struct {
        const char *label;
        enum mema_limit limit;
        uint64_t usual;
} limit_rows[] = {
        { "Cgroup Usage:", MEMA_LIMIT_CGROUP_USAGE, UINT64_MAX },
        { "Cgroup Peak:", MEMA_LIMIT_CGROUP_PEAK, UINT64_MAX },
        { "Cgroup High:", MEMA_LIMIT_CGROUP_HIGH, UINT64_MAX },
        { "Cgroup Limit:", MEMA_LIMIT_CGROUP_LIMIT, UINT64_MAX },
        { "Cgroup Room:", MEMA_LIMIT_CGROUP_ROOM, UINT64_MAX },
        { "Cgroup Inactive File:", MEMA_LIMIT_CGROUP_INACTIVE_FILE, UINT64_MAX },
        { "Cgroup OOM Kills:", MEMA_LIMIT_CGROUP_OOM_KILLS, 0 },
        { "Mappings:", MEMA_LIMIT_MAPPINGS_MAX, UINT64_MAX },
        { "GOMEMLIMIT:", MEMA_LIMIT_GO_GOMEMLIMIT, INT64_MAX },
        { "GOGC:", MEMA_LIMIT_GO_GOGC, 100 },
};

static bool has(const struct mema_sums *sums, enum mema_field field)
{
        return sums->present & MEMA_BIT(field);
}

/* Rounding ----------------------------------------------------------------- */

/* Numbers of bytes as whole units that add up to `units`, the whole rounded
 * down: each rounded down, and one more to those that lost most. */
struct rounding {
        uint64_t (*bytes)(const struct mema_output *w, uint64_t index);
        uint64_t *units;
        uint64_t count;
};

static void round_to(const struct mema_output *w, struct rounding rows, uint64_t units)
{
        uint64_t unit = UINT64_C(1) << w->shift;

        for (uint64_t i = 0; i < rows.count; i++) {
                uint64_t bytes = rows.bytes(w, i);

                units -= bytes >> w->shift;
                rows.units[i] = bytes & (unit - 1);
        }
        for (; units > 0; units--) {
                uint64_t most = 0;

                for (uint64_t i = 1; i < rows.count; i++)
                        if (rows.units[i] != unit &&
                            (rows.units[most] == unit || rows.units[i] > rows.units[most]))
                                most = i;
                rows.units[most] = unit;
        }
        for (uint64_t i = 0; i < rows.count; i++)
                rows.units[i] = (rows.bytes(w, i) >> w->shift) + (rows.units[i] == unit);
}

static uint64_t category_bytes(const struct mema_output *w, uint64_t category)
{
        return w->report->category[category].sums.value[MEMA_FIELD_RSS];
}

/* The categories of the group w->_item only. */
static uint64_t member_bytes(const struct mema_output *w, uint64_t category)
{
        return mema_category_group((unsigned)category) == w->_item ? category_bytes(w, category) : 0;
}

static uint64_t group_bytes(const struct mema_output *w, uint64_t group)
{
        return w->_group_rss[group];
}

static uint64_t name_bytes(const struct mema_output *w, uint64_t index)
{
        struct mema_name name;

        mema_report_name(w->report, index, &name);
        return name.sums.value[MEMA_FIELD_RSS];
}

static void round_all(struct mema_output *w)
{
        uint64_t units[MEMA_CATEGORY_COUNT];

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                w->_group_rss[mema_category_group(i)] += category_bytes(w, i);
        round_to(w, (struct rounding){ group_bytes, w->_group_units, MEMA_GROUP_COUNT },
                 w->report->totals.value[MEMA_FIELD_RSS] >> w->shift);
        for (w->_item = 0; w->_item < MEMA_GROUP_COUNT; w->_item++) {
                round_to(w, (struct rounding){ member_bytes, units, MEMA_CATEGORY_COUNT },
                         w->_group_units[w->_item]);
                for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                        if (mema_category_group(i) == w->_item)
                                w->_category_units[i] = units[i];
        }
        round_to(w, (struct rounding){ name_bytes, w->_name_units, w->report->name_count },
                 w->_category_units[MEMA_CATEGORY_NAMED]);
        w->_item = 0;
}

/* Parts of lines ------------------------------------------------------------ */

static void put_units(const struct mema_output *w, struct out *o, uint64_t units, size_t width)
{
        put_number(o, units, 10, width, ' ');
        put(o, " ");
        put(o, mema_unit_name((unsigned)w->options.unit));
}

static void put_breakdown_row(const struct mema_output *w, struct out *o, const char *label, bool wide,
                              uint64_t units)
{
        size_t start = o->len;

        put(o, "  ");
        put(o, label);
        if (!wide)
                put(o, ":");
        put_to_column(o, start, wide ? 42 : 20);
        if (wide)
                put(o, " ");
        put_units(w, o, units, unit_width[w->options.unit] - (wide ? 1 : 0));
        put(o, "\n");
}

static void put_label(struct out *o, const char *label, size_t column)
{
        size_t start = o->len;

        put(o, label);
        put_to_column(o, start, column);
        put(o, " ");
}

/* Groups -------------------------------------------------------------------- */

static bool group_stands(const struct mema_output *w, uint64_t group)
{
        return group_bytes(w, group) > 0 || (always_groups >> group & 1 && !w->report->checks.totals_only);
}

static bool category_stands(const struct mema_output *w, uint64_t category)
{
        return category_bytes(w, category) > 0 || (always_rows >> category & 1);
}

static void put_category_name(const struct mema_output *w, struct out *o, unsigned category)
{
        char program[MEMA_SHOWN_WIDTH + 1];
        size_t n = category == MEMA_CATEGORY_BINARY ? mema_report_program(w->report, program, sizeof program)
                                                    : 0;

        if (n > 0) {
                mema_put_shown(o, program, n);
                put(o, " ");
        }
        put(o, mema_category_name(category));
}

static void put_category(const struct mema_output *w, struct out *o, unsigned category)
{
        char label[MEMA_SHOWN_WIDTH + 16];
        struct out l = out_to(label, sizeof label);

        put_category_name(w, &l, category);
        out_end(&l);
        put_breakdown_row(w, o, label, wide_groups >> mema_category_group(category) & 1,
                          w->_category_units[category]);
}

static void put_name(const struct mema_output *w, struct out *o, uint64_t index)
{
        char label[MEMA_SHOWN_WIDTH + 16];
        struct out l = out_to(label, sizeof label);
        struct mema_name name;
        struct span s;

        mema_report_name(w->report, index, &name);
        if (name.sums.value[MEMA_FIELD_RSS] == 0)
                return;
        s = span_of(name.name, (size_t)name.length);
        skip_spaces(&s);
        mema_put_shown(&l, s.at, span_length(s));
        out_end(&l);
        put_breakdown_row(w, o, label, true, w->_name_units[index]);
}

/* One line of the group w->_item: its title, a row, its subtotal, a blank line.
 * False when the group has no more. */
static bool group_line(struct mema_output *w, struct out *o)
{
        uint64_t names = w->_item == MEMA_GROUP_NAMED ? w->report->name_count : 0;
        uint64_t rows = names > 0 ? names : MEMA_CATEGORY_COUNT;
        uint64_t row = w->_row++;

        if (row == 0) {
                put(o, mema_group_name((unsigned)w->_item));
                put(o, ":\n");
        } else if (row <= rows) {
                if (names > 0)
                        put_name(w, o, row - 1);
                else if (mema_category_group((unsigned)row - 1) == w->_item && category_stands(w, row - 1))
                        put_category(w, o, (unsigned)row - 1);
        } else if (row == rows + 1) {
                put_breakdown_row(w, o, "Subtotal", false, w->_group_units[w->_item]);
                put(o, "\n");
        }
        return row <= rows;
}

static bool groups_line(struct mema_output *w, struct out *o)
{
        while (w->_item < MEMA_GROUP_COUNT && !group_stands(w, w->_item))
                w->_item++;
        if (w->_item == MEMA_GROUP_COUNT || !has(&w->report->totals, MEMA_FIELD_RSS))
                return false;
        if (!group_line(w, o)) {
                w->_item++;
                w->_row = 0;
        }
        return true;
}

/* What is known less surely -------------------------------------------------- */

/* Categories whose bounds are further apart than a hundredth of RSS. */
static bool estimated_line(struct mema_output *w, struct out *o)
{
        bool any = false;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT && w->_item == 0; i++) {
                const struct mema_category *c = &w->report->category[i];

                if (c->method < MEMA_METHOD_ESTIMATED ||
                    c->high - c->low <= w->report->totals.value[MEMA_FIELD_RSS] / 100)
                        continue;
                put(o, any ? ", " : "Estimated: ");
                put_category_name(w, o, i);
                any = true;
        }
        if (any)
                put(o, "\n\n");
        return false;
}

/* Why there are no named regions, where that is known. */
static bool names_line(struct mema_output *w, struct out *o)
{
        const struct mema_report *r = w->report;
        const struct mema_limits *limits = &r->context.limits;

        if (!r->checks.totals_only && r->name_count == 0 &&
            limits->known & MEMA_BIT(MEMA_LIMIT_KERNEL_NAMES)) {
                put(o, "Empty Named Regions: ");
                put(o, limits->value[MEMA_LIMIT_KERNEL_NAMES]
                               ? "nothing has a name, and no label is known"
                               : "this kernel has no names for memory, and no label is known");
                put(o, "\n\n");
        }
        return false;
}

static bool source_line(struct mema_output *w, struct out *o)
{
        if (w->report->scanned)
                put(o, MEMA_SCAN_LINE "\n");
        return false;
}

static bool warnings_line(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];

        if (mema_report_warning(w->report, (unsigned)w->_item, text, sizeof text) == 0) {
                if (w->_item > 0)
                        put(o, "\n");
                return false;
        }
        put(o, w->_item++ == 0 ? "Warnings:\n  " : "  ");
        put(o, text);
        put(o, "\n");
        return true;
}

/* Totals ---------------------------------------------------------------------- */

static bool totals_line(struct mema_output *w, struct out *o)
{
        const struct mema_sums *totals = &w->report->totals;

        if (w->_item == 0 && w->_row++ == 0) {
                put(o, "=== Totals ===\n");
                return true;
        }
        for (; w->_item < sizeof total_rows / sizeof *total_rows; w->_item++) {
                enum mema_field field = total_rows[w->_item].field;

                if (total_rows[w->_item].always || totals->value[field] > 0) {
                        put_label(o, total_rows[w->_item++].label, 18);
                        if (has(totals, field))
                                put_units(w, o, totals->value[field] >> w->shift, 1);
                        else
                                put(o, "unknown");
                        put(o, "\n");
                        return true;
                }
        }
        return false;
}

static void put_limit(const struct mema_output *w, struct out *o, enum mema_limit limit)
{
        const struct mema_limits *limits = &w->report->context.limits;
        uint64_t value = limits->value[limit], level = limits->value[MEMA_LIMIT_CGROUP_LIMIT_LEVEL];

        if (limit == MEMA_LIMIT_MAPPINGS_MAX) {
                put_decimal(o, w->report->totals.mappings);
                put(o, " of ");
                put_decimal(o, value);
        } else if (limit == MEMA_LIMIT_GO_GOGC && value == UINT64_MAX) {
                put(o, "off");
        } else if (limit == MEMA_LIMIT_GO_GOGC || limit == MEMA_LIMIT_CGROUP_OOM_KILLS) {
                put_decimal(o, value);
        } else {
                put_units(w, o, value >> w->shift, 1);
        }
        if (limit == MEMA_LIMIT_CGROUP_ROOM && limits->known & MEMA_BIT(MEMA_LIMIT_CGROUP_ROOM_LIMIT)) {
                put(o, " of ");
                put_units(w, o, limits->value[MEMA_LIMIT_CGROUP_ROOM_LIMIT] >> w->shift, 1);
        }
        if (limit == MEMA_LIMIT_CGROUP_LIMIT && level > 0) {
                put(o, " (an ancestor's, ");
                put_decimal(o, level);
                put(o, " up)");
        }
}

static bool limits_line(struct mema_output *w, struct out *o)
{
        const struct mema_limits *limits = &w->report->context.limits;

        for (; w->_item < sizeof limit_rows / sizeof *limit_rows; w->_item++) {
                enum mema_limit limit = limit_rows[w->_item].limit;

                if (limits->known & MEMA_BIT(limit) && limits->value[limit] != limit_rows[w->_item].usual &&
                    (limit != MEMA_LIMIT_MAPPINGS_MAX || !w->report->checks.totals_only)) {
                        put_label(o, limit_rows[w->_item++].label, 18);
                        put_limit(w, o, limit);
                        put(o, "\n");
                        return true;
                }
        }
        return false;
}

/* Regions ------------------------------------------------------------------------ */

struct column {
        const char *title; /* NULL: there is no such column */
        struct mema_pair fields;
};

static const struct column columns[] = {
        { "RSS", { MEMA_FIELD_RSS, MEMA_FIELD_RSS } },
        { "PRIVATE", { MEMA_FIELD_PRIVATE_CLEAN, MEMA_FIELD_PRIVATE_DIRTY } },
        { "SHARED", { MEMA_FIELD_SHARED_CLEAN, MEMA_FIELD_SHARED_DIRTY } },
};

/* The column that an order has of its own; none where it is among those above. */
static const char *const sort_titles[MEMA_SORT_COUNT] = {
        [MEMA_SORT_PSS] = "PSS",
        [MEMA_SORT_DIRTY] = "DIRTY",
        [MEMA_SORT_SWAP] = "SWAP",
        [MEMA_SORT_SIZE] = "SIZE",
};

/* Column `index` of a report.  Where nothing is known of what is resident, the
 * size takes the place of an order's own. */
static struct column column_at(const struct mema_output *w, size_t index)
{
        uint64_t sort = has(&w->report->totals, MEMA_FIELD_RSS) ? w->options.sort : MEMA_SORT_SIZE;
        size_t count = sizeof columns / sizeof *columns;

        if (index < count)
                return columns[index];
        return (struct column){ index == count ? sort_titles[sort] : NULL, mema_sort_pairs[sort] };
}

static size_t cell_width(const struct mema_output *w)
{
        size_t unit = text_length(mema_unit_name((unsigned)w->options.unit));
        size_t width = unit_width[w->options.unit] + 1 + unit;

        return width < 10 ? 10 : width;
}

static void put_cell(const struct mema_output *w, struct out *o, const struct mema_region *g,
                     struct mema_pair fields)
{
        size_t unit = text_length(mema_unit_name((unsigned)w->options.unit));
        size_t number = cell_width(w) - 1 - unit;

        if (!(g->present & (MEMA_BIT(fields.first) | MEMA_BIT(fields.second)))) {
                put_spaces(o, number - 1);
                put(o, "-");
                put_spaces(o, 1 + unit);
        } else {
                put_units(w, o, mema_pair_value(g->value, fields) >> w->shift, number);
        }
        put(o, " ");
}

static void put_region_name(struct out *o, const struct mema_region *g)
{
        if (g->name_length > 0) {
                mema_put_shown(o, g->name, (size_t)g->name_length);
                return;
        }
        put(o, "[anonymous] ");
        put(o, mema_category_stable_id((unsigned)g->category));
}

static void put_region(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct column c;
        struct mema_region g;
        size_t start = o->len;

        mema_report_row_by(w->report, w->options.sort, index, &g);
        if (w->options.hide_addresses) {
                put(o, "-");
        } else {
                put_number(o, g.start, 16, 12, '0');
                put(o, "...");
        }
        put_to_column(o, start, 18);
        put(o, " ");
        put_label(o, g.perms, 6);
        for (size_t i = 0; (c = column_at(w, i)).title; i++)
                put_cell(w, o, &g, c.fields);
        put_region_name(o, &g);
        put(o, "\n");
}

static bool regions_title_line(struct mema_output *w, struct out *o)
{
        uint64_t top = w->options.top;
        struct column c;

        if (top == 0 || w->report->checks.totals_only)
                return false;
        if (top == MEMA_ALL) {
                put(o, "\n=== All Memory Regions ===\n\n");
        } else {
                put(o, "\n=== Top ");
                put_decimal(o, top);
                put(o, " Memory Regions ===\n\n");
        }
        put_label(o, "ADDRESS", 18);
        put_label(o, "PERMS", 6);
        for (size_t i = 0; (c = column_at(w, i)).title; i++)
                put_label(o, c.title, cell_width(w));
        put(o, "NAME\n--------------------------------------------------\n");
        return false;
}

static bool regions_line(struct mema_output *w, struct out *o)
{
        if (w->_item == mema_output_rows(w))
                return false;
        put_region(w, o, w->_item++);
        return true;
}

static bool title_line(struct mema_output *w, struct out *o)
{
        round_all(w);
        put(o, "=== Complete Memory Breakdown ===\n\n");
        return false;
}

const mema_section mema_text_sections[] = {
        title_line,  groups_line, estimated_line,     names_line,   source_line, warnings_line,
        totals_line, limits_line, regions_title_line, regions_line, NULL,
};
