/* expect_output.c - checks the rows, warnings and text of a report against a plain reading; see
 * expect_output.h. */
#include "expect_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows ---------------------------------------------------------------------- */

static unsigned sort_wanted; /* qsort has no argument for its comparator */

static uint64_t saturating_sum(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t key_of(const struct mema_region *g)
{
        switch (sort_wanted) {
        case MEMA_SORT_PSS:
                return g->value[MEMA_FIELD_PSS];
        case MEMA_SORT_PRIVATE:
                return saturating_sum(g->value[MEMA_FIELD_PRIVATE_CLEAN], g->value[MEMA_FIELD_PRIVATE_DIRTY]);
        case MEMA_SORT_DIRTY:
                return saturating_sum(g->value[MEMA_FIELD_SHARED_DIRTY], g->value[MEMA_FIELD_PRIVATE_DIRTY]);
        case MEMA_SORT_SWAP:
                return g->value[MEMA_FIELD_SWAP];
        case MEMA_SORT_SIZE:
                return region_column(g, MEMA_FIELD_SIZE);
        case MEMA_SORT_RSS:
                return g->present & MEMA_BIT(MEMA_FIELD_RSS) ? g->value[MEMA_FIELD_RSS]
                                                             : region_column(g, MEMA_FIELD_SIZE);
        default:
                return 0;
        }
}

static int by_name(const struct mema_region *a, const struct mema_region *b)
{
        size_t common = (size_t)(a->name_length < b->name_length ? a->name_length : b->name_length);
        int order = memcmp(a->name, b->name, common);

        return order ? order : (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

static int by_rank(const void *left, const void *right)
{
        const struct mema_region *a = *(const struct mema_region *const *)left;
        const struct mema_region *b = *(const struct mema_region *const *)right;
        int names = sort_wanted == MEMA_SORT_NAME ? by_name(a, b) : 0;

        if (key_of(a) != key_of(b))
                return key_of(a) > key_of(b) ? -1 : 1;
        if (names != 0)
                return names;
        if (a->start != b->start)
                return a->start < b->start ? -1 : 1;
        return (a->line > b->line) - (a->line < b->line);
}

/* A report adds the category, the method, and the size if none was printed. */
static bool same_row(const struct mema_region *row, const struct mema_region *wanted)
{
        static struct mema_region g;

        memcpy(&g, wanted, offsetof(struct mema_region, name) + (size_t)wanted->name_length);
        g.category = row->category;
        g.method = row->method;
        g.value[MEMA_FIELD_SIZE] = region_column(wanted, MEMA_FIELD_SIZE);
        g.present |= MEMA_BIT(MEMA_FIELD_SIZE);
        return same_region(row, &g);
}

/* Rows are resident regions; by size and by swap, also those with a size or swap.  The record of a
 * rollup is not a region. */
static bool is_listed(const struct mema_region *g)
{
        if (is_rollup(g))
                return false;
        if (sort_wanted == MEMA_SORT_SIZE || sort_wanted == MEMA_SORT_SWAP)
                if (key_of(g) > 0)
                        return true;
        return !(g->present & MEMA_BIT(MEMA_FIELD_RSS)) || g->value[MEMA_FIELD_RSS] > 0;
}

static void expect_rows_by(const char *what, const struct mema_report *r, const struct records *records,
                           unsigned sort)
{
        const struct mema_region **list = calloc(records->count + 1, sizeof(struct mema_region *));
        struct counted c = counted_of(records);
        uint64_t top = r->options.top, count = 0;
        char shown[256];

        sort_wanted = sort;
        for (size_t i = 0; list && i < c.count; i++)
                if (is_listed(c.region[i]))
                        list[count++] = c.region[i];
        if (count > 0)
                qsort(list, (size_t)count, sizeof *list, by_rank);
        snprintf(shown, sizeof shown, "%.150s: rows of top %" PRIu64 " by %s", what, top,
                 mema_sort_name((unsigned)sort_wanted));
        count = top < count ? top : count;
        equal_number(shown, mema_report_rows_by(r, sort), count, __FILE__, __LINE__);
        EQUAL(r->checks.rows_lost, 0);
        for (uint64_t i = 0; i < mema_report_rows_by(r, sort) && i < count; i++) {
                struct mema_region row;

                mema_report_row_by(r, sort, i, &row);
                if (!same_row(&row, list[i])) {
                        equal_number(shown, row.start, list[i]->start, __FILE__, __LINE__);
                        is_true(shown, false, __FILE__, __LINE__);
                        break;
                }
        }
        free(list);
        counted_free(&c, records);
}

/* The orders of a report are from first_sort to end_sort - 1. */
static unsigned first_sort(const struct mema_report *r)
{
        return r->options.every_sort ? 0 : r->options.sort;
}

static unsigned end_sort(const struct mema_report *r)
{
        return r->options.every_sort ? MEMA_SORT_COUNT : r->options.sort + 1;
}

void expect_rows(const char *what, const struct mema_report *r, const struct records *records)
{
        EQUAL(r->row_count, mema_report_rows_by(r, r->options.sort));
        for (unsigned sort = first_sort(r); sort < end_sort(r); sort++)
                expect_rows_by(what, r, records, sort);
}

static void expect_order_by(const char *what, const struct mema_report *r, unsigned sort)
{
        static struct mema_region rows[2];
        bool listed = true, ordered = true;

        sort_wanted = sort;
        is_true(what, mema_report_rows_by(r, sort) <= r->options.top, __FILE__, __LINE__);
        for (uint64_t i = 0; i < mema_report_rows_by(r, sort); i++) {
                const struct mema_region *row = &rows[i % 2], *before = &rows[(i + 1) % 2];

                mema_report_row_by(r, sort, i, &rows[i % 2]);
                listed = listed && is_listed(row);
                ordered = ordered && (i == 0 || by_rank(&before, &row) <= 0);
        }
        is_true(what, listed, __FILE__, __LINE__);
        is_true(what, ordered, __FILE__, __LINE__);
}

void expect_order(const char *what, const struct mema_report *r)
{
        for (unsigned sort = first_sort(r); sort < end_sort(r); sort++)
                expect_order_by(what, r, sort);
}

/* Warnings ------------------------------------------------------------------- */

void expect_warnings(const char *what, const struct mema_report *r)
{
        struct guarded buffer = guarded_copy((char[128]){ 0 }, 128);
        bool rows = false, names = false, overlaps = false;
        size_t n;

        for (unsigned i = 0; (n = mema_report_warning(r, i, buffer.data, buffer.len)) > 0; i++) {
                is_true(what, i < 20 && n < buffer.len - 1 && n == strlen(buffer.data), __FILE__, __LINE__);
                rows |= strstr(buffer.data, "Regions not listed") != NULL;
                names |= strstr(buffer.data, "other names") != NULL;
                overlaps |= strstr(buffer.data, "overlap or repeat") != NULL;
        }
        is_true(what, rows == (r->checks.rows_lost > 0), __FILE__, __LINE__);
        is_true(what, names == (r->checks.other_named > 0), __FILE__, __LINE__);
        is_true(what, overlaps == (r->checks.overlapping > 0), __FILE__, __LINE__);
        guarded_free(&buffer);
}

/* The output ----------------------------------------------------------------- */

static struct mema_output t;

/* The whole output that was begun in t. */
static char *write_all(struct cut cut)
{
        size_t len = 0, size = 1 << 13, n;
        char *text = malloc(size);

        do {
                size_t cap = next_piece(&cut, len);
                struct guarded piece;

                cap = cap < 4096 ? cap : 4096;
                if (text && len + cap >= size)
                        text = realloc(text, size = 2 * size + cap);
                if (!text)
                        exit(EXIT_FAILURE);
                piece = guarded_copy(text + len, cap);
                spoil(piece.data, cap);
                n = mema_output_next(&t, piece.data, cap);
                TRUE(n <= cap);
                memcpy(text + len, piece.data, n);
                guarded_free(&piece);
                len += n;
        } while (n > 0);
        text[len] = '\0';
        EQUAL(strlen(text), len);
        return text;
}

char *write_by(const struct mema_report *r, const struct mema_output_options *options, struct cut cut)
{
        spoil(&t, sizeof t);
        mema_output_init(&t, r, options);
        return write_all(cut);
}

char *write_diff_by(const struct mema_diff *d, const struct mema_output_options *options, struct cut cut)
{
        spoil(&t, sizeof t);
        mema_output_init_diff(&t, d, options);
        return write_all(cut);
}

/* The text ---------------------------------------------------------------------- */

char *next_line(const char **text)
{
        static char line[2048];
        size_t len = strcspn(*text, "\n");

        if (**text == '\0')
                return NULL;
        snprintf(line, sizeof line, "%.*s", (int)len, *text);
        *text += len + ((*text)[len] == '\n');
        return line;
}

static bool starts(const char *text, const char *start)
{
        return strncmp(text, start, strlen(start)) == 0;
}

/* The number before the unit at the end of a line. */
static uint64_t amount(const char *line)
{
        const char *unit = strrchr(line, ' ');
        const char *digit = unit;

        while (digit && digit > line && digit[-1] >= '0' && digit[-1] <= '9')
                digit--;
        if (!digit || digit == unit) {
                equal_text("a line with an amount", line, "(amount)", __FILE__, __LINE__);
                return 0;
        }
        return strtoull(digit, NULL, 10);
}

/* A group ends with its subtotal and a blank line. */
static void expect_sums(const char *what, const char *text, uint64_t rss)
{
        uint64_t rows = 0, last = 0, subtotals = 0, rss_lines = 0, rss_shown = UINT64_MAX;
        bool in_group = false, last_is_subtotal = false;
        const char *line;

        while ((line = next_line(&text))) {
                if (in_group && line[0] == ' ') {
                        rows += last;
                        last = amount(line);
                        last_is_subtotal = starts(line, "  Subtotal: ");
                } else if (in_group) {
                        is_true(what, last_is_subtotal && line[0] == '\0', __FILE__, __LINE__);
                        equal_number(what, last, rows, __FILE__, __LINE__);
                        subtotals += rows;
                        rows = last = 0;
                        in_group = false;
                } else {
                        in_group = line[0] >= 'A' && line[0] <= 'Z' && line[strlen(line) - 1] == ':' &&
                                   !starts(line, "Warnings");
                }
                if (strstr(line, "RSS (Resident)")) {
                        rss_lines++;
                        rss_shown = strstr(line, "unknown") ? 0 : amount(line);
                }
        }
        equal_number(what, rss_lines, 1, __FILE__, __LINE__);
        equal_number(what, rss_shown, rss, __FILE__, __LINE__);
        equal_number(what, subtotals, rss, __FILE__, __LINE__);
}

void expect_text(const char *what, const char *text, uint64_t rss)
{
        size_t len = strlen(text);

        is_true(what, len > 0 && text[len - 1] == '\n', __FILE__, __LINE__);
        expect_harmless(what, text);
        expect_sums(what, text, rss);
}

uint64_t rss_in_units(const struct mema_report *r, uint64_t unit)
{
        static const unsigned shifts[] = {
#define X(id, text, shift) shift,
                MEMA_UNITS(X)
#undef X
        };
        uint64_t rss = r->totals.value[MEMA_FIELD_RSS];

        if (unit == MEMA_UNIT_AUTO)
                unit = rss < UINT64_C(64) << 20 ? MEMA_UNIT_KB : MEMA_UNIT_MB;
        return rss >> shifts[unit];
}
