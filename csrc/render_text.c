/* render_text.c - a report as text, for people and scripts.
 *
 * Titles, labels and their order are a contract: scripts look for them. */
#include "scan.h"
#include "render.h"
#include "report_sums.h"

/* The usual number of digits in each unit. */
static const unsigned unit_width[] = { 5, 9, 15 };
_Static_assert(sizeof unit_width / sizeof *unit_width == MEMA_UNIT_AUTO, "a width for each unit but auto");

/* Widths of the labels. */
enum { LABEL_WIDTH = 18, BREAKDOWN_WIDTH = 20, WIDE_BREAKDOWN_WIDTH = 42 };

/* Bytes of a label: an escaped name, "Binary", and escaped parentheses. */
enum { LABEL_MAX = 2 * MEMA_NAME_WIDTH };

/* Shown even if empty, because scripts look for them. */
static const uint64_t always_rows =
        UINT64_C(1) << MEMA_CATEGORY_GO_HEAP | UINT64_C(1) << MEMA_CATEGORY_GO_STACK |
        UINT64_C(1) << MEMA_CATEGORY_GO_METADATA | UINT64_C(1) << MEMA_CATEGORY_ANON_RW |
        UINT64_C(1) << MEMA_CATEGORY_ANON_RO | UINT64_C(1) << MEMA_CATEGORY_ANON_EXEC;
static const uint64_t always_groups = UINT64_C(1) << MEMA_GROUP_GO | UINT64_C(1) << MEMA_GROUP_ANON;

/* Groups with long names, which have no colon. */
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

/* Rows of limits that are known and not `usual`: a default, not set, or UINT64_MAX if every value counts. */
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

/* Parts of lines */

static void put_units(const struct mema_output *w, struct out *o, uint64_t units, size_t width)
{
        put_number(o, units, 10, width, ' ');
        put(o, " ");
        put(o, mema_unit_name((unsigned)w->options.unit));
}

static void put_label(struct out *o, const char *label, size_t column)
{
        size_t start = o->len;

        put(o, label);
        put_to_column(o, start, column);
        put(o, " ");
}

/* The breakdown */

static uint64_t category_rss(const struct mema_output *w, unsigned category)
{
        return w->report->category[category].sums.value[MEMA_FIELD_RSS];
}

static void round_categories(struct mema_output *w, unsigned group)
{
        uint64_t figures[MEMA_CATEGORY_COUNT], count = 0;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (mema_category_group(i) == group)
                        figures[count++] = category_rss(w, i);
        mema_round(figures, count, w->shift, w->_group_units[group]);
        count = 0;
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (mema_category_group(i) == group)
                        w->_category_units[i] = figures[count++];
}

/* From the whole down: groups add up to RSS, categories to their group, names to their category. */
static void round_breakdown(struct mema_output *w)
{
        const struct mema_report *r = w->report;
        struct mema_name name;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                w->_group_rss[mema_category_group(i)] += category_rss(w, i);
        memcpy(w->_group_units, w->_group_rss, sizeof w->_group_units);
        mema_round(w->_group_units, MEMA_GROUP_COUNT, w->shift, r->totals.value[MEMA_FIELD_RSS] >> w->shift);
        for (unsigned i = 0; i < MEMA_GROUP_COUNT; i++)
                round_categories(w, i);
        for (uint64_t i = 0; i < r->name_count; i++) {
                mema_report_name(r, i, &name);
                w->_name_units[i] = name.sums.value[MEMA_FIELD_RSS];
        }
        mema_round(w->_name_units, r->name_count, w->shift, w->_category_units[MEMA_CATEGORY_NAMED]);
}

static bool title_line(struct mema_output *w, struct out *o)
{
        round_breakdown(w);
        put(o, "=== Complete Memory Breakdown ===\n\n");
        return false;
}

static void put_breakdown_row(const struct mema_output *w, struct out *o, const char *label, bool wide,
                              uint64_t units)
{
        size_t start = o->len;

        put(o, "  ");
        put(o, label);
        if (!wide)
                put(o, ":");
        put_to_column(o, start, wide ? WIDE_BREAKDOWN_WIDTH : BREAKDOWN_WIDTH);
        if (wide)
                put(o, " ");
        put_units(w, o, units, unit_width[w->options.unit] - (wide ? 1 : 0));
        put(o, "\n");
}

static bool group_is_shown(const struct mema_output *w, uint64_t group)
{
        return w->_group_rss[group] > 0 || (always_groups >> group & 1 && !w->report->checks.totals_only);
}

static bool category_is_shown(const struct mema_output *w, unsigned category)
{
        return category_rss(w, category) > 0 || (always_rows >> category & 1);
}

/* Whether the process has another malloc than glibc's. */
static bool is_foreign(const struct mema_output *w)
{
        return w->report->context.allocator > MEMA_ALLOCATOR_GLIBC;
}

static void put_category_name(const struct mema_output *w, struct out *o, unsigned category)
{
        char program[MEMA_NAME_WIDTH + 1];
        size_t n = category == MEMA_CATEGORY_BINARY ? mema_report_program(w->report, program, sizeof program)
                                                    : 0;

        if (n > 0) {
                mema_put_name(o, program, n);
                put(o, " ");
        }
        /* Only glibc has arenas by that name. */
        put(o, category == MEMA_CATEGORY_MALLOC_MAIN && is_foreign(w) ? "brk Heap"
                                                                      : mema_category_name(category));
}

static void put_category(const struct mema_output *w, struct out *o, unsigned category)
{
        char label[LABEL_MAX];
        struct out l = out_to(label, sizeof label);

        put_category_name(w, &l, category);
        out_end(&l);
        put_breakdown_row(w, o, label, wide_groups >> mema_category_group(category) & 1,
                          w->_category_units[category]);
}

static void put_name(const struct mema_output *w, struct out *o, uint64_t index)
{
        char label[LABEL_MAX];
        struct out l = out_to(label, sizeof label);
        struct mema_name name;
        struct span s;

        mema_report_name(w->report, index, &name);
        if (name.sums.value[MEMA_FIELD_RSS] == 0)
                return;
        s = span_of(name.name, (size_t)name.length);
        skip_spaces(&s);
        mema_put_name(&l, s.at, span_length(s));
        out_end(&l);
        put_breakdown_row(w, o, label, true, w->_name_units[index]);
}

/* A line of group w->_item: its title, a row, its subtotal with a blank line.  False if that was the
 * last one. */
static bool group_line(struct mema_output *w, struct out *o)
{
        uint64_t names = w->_item == MEMA_GROUP_NAMED ? w->report->name_count : 0;
        uint64_t rows = names > 0 ? names : MEMA_CATEGORY_COUNT;
        uint64_t row = w->_row++;
        unsigned category = (unsigned)row - 1;

        if (row == 0) {
                put(o, mema_group_name((unsigned)w->_item));
                put(o, ":");
                if (w->_item == MEMA_GROUP_MALLOC && is_foreign(w)) {
                        put(o, " ");
                        put(o, mema_allocator_name(w->report->context.allocator));
                }
                put(o, "\n");
        } else if (row <= rows) {
                if (names > 0)
                        put_name(w, o, row - 1);
                else if (mema_category_group(category) == w->_item && category_is_shown(w, category))
                        put_category(w, o, category);
        } else if (row == rows + 1) {
                put_breakdown_row(w, o, "Subtotal", false, w->_group_units[w->_item]);
                put(o, "\n");
        }
        return row <= rows;
}

static bool groups_line(struct mema_output *w, struct out *o)
{
        while (w->_item < MEMA_GROUP_COUNT && !group_is_shown(w, w->_item))
                w->_item++;
        if (w->_item == MEMA_GROUP_COUNT || !has(&w->report->totals, MEMA_FIELD_RSS))
                return false;
        if (!group_line(w, o)) {
                w->_item++;
                w->_row = 0;
        }
        return true;
}

/* Footers of the breakdown */

/* Names the categories with certain bounds that are more than 1% of RSS apart. */
static bool estimated_line(struct mema_output *w, struct out *o)
{
        bool any = false;

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                const struct mema_category *c = &w->report->category[i];

                if (c->method < MEMA_METHOD_ESTIMATED || c->sums.value[MEMA_FIELD_RSS] == 0 ||
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

/* Explains why no region is named, if that is known. */
static bool names_line(struct mema_output *w, struct out *o)
{
        const struct mema_report *r = w->report;
        const struct mema_limits *limits = &r->context.limits;

        if (!r->checks.totals_only && r->name_count == 0 &&
            limits->known & MEMA_BIT(MEMA_LIMIT_KERNEL_NAMES)) {
                put(o, "Empty Named Regions: ");
                put(o, limits->value[MEMA_LIMIT_KERNEL_NAMES]
                               ? "the program has named no memory, and no label is known"
                               : "this kernel does not support names for memory, and no label is known");
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

/* Totals */

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
                        put_label(o, total_rows[w->_item++].label, LABEL_WIDTH);
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
                        put_label(o, limit_rows[w->_item++].label, LABEL_WIDTH);
                        put_limit(w, o, limit);
                        put(o, "\n");
                        return true;
                }
        }
        return false;
}

/* Regions */

/* Widths of the columns, the least width for figures. */
enum { ADDRESS_WIDTH = 18, PERMS_WIDTH = 6, CELL_WIDTH_MIN = 10 };

struct column {
        const char *title; /* NULL: there is no such column */
        struct mema_pair fields;
};

static const struct column columns[] = {
        { "RSS", { MEMA_FIELD_RSS, MEMA_FIELD_RSS } },
        { "PRIVATE", { MEMA_FIELD_PRIVATE_CLEAN, MEMA_FIELD_PRIVATE_DIRTY } },
        { "SHARED", { MEMA_FIELD_SHARED_CLEAN, MEMA_FIELD_SHARED_DIRTY } },
};

/* The additional column of an order that is by none of those above. */
static const char *const sort_titles[MEMA_SORT_COUNT] = {
        [MEMA_SORT_PSS] = "PSS",
        [MEMA_SORT_DIRTY] = "DIRTY",
        [MEMA_SORT_SWAP] = "SWAP",
        [MEMA_SORT_SIZE] = "SIZE",
};

/* Column `index` of a report.  Without Rss, sizes replace the additional column. */
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

        return width < CELL_WIDTH_MIN ? CELL_WIDTH_MIN : width;
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

static void put_region(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct column c;
        struct mema_region g;
        size_t start = o->len;

        mema_report_row_by(w->report, w->options.sort, index, &g);
        mema_put_region_address(w, o, g.start);
        put_to_column(o, start, ADDRESS_WIDTH);
        put(o, " ");
        put_label(o, g.perms, PERMS_WIDTH);
        for (size_t i = 0; (c = column_at(w, i)).title; i++)
                put_cell(w, o, &g, c.fields);
        mema_put_region_name(o, &g);
        put(o, "\n");
}

static bool regions_title_line(struct mema_output *w, struct out *o)
{
        struct column c;

        if (w->options.top == 0 || w->report->checks.totals_only)
                return false;
        mema_put_list_title(w, o, "Memory Regions");
        put_label(o, "ADDRESS", ADDRESS_WIDTH);
        put_label(o, "PERMS", PERMS_WIDTH);
        for (size_t i = 0; (c = column_at(w, i)).title; i++)
                put_label(o, c.title, cell_width(w));
        put(o, MEMA_NAME_TITLE);
        return false;
}

static bool regions_line(struct mema_output *w, struct out *o)
{
        if (w->_item == mema_output_rows(w))
                return false;
        put_region(w, o, w->_item++);
        return true;
}

const mema_section mema_text_sections[] = {
        title_line,  groups_line, estimated_line,     names_line,   source_line, warnings_line,
        totals_line, limits_line, regions_title_line, regions_line, NULL,
};
