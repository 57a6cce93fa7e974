/* render_json.c - a report, or differences, as JSON, which memanalyzer.schema.json describes.
 *
 * All of it is ASCII, so that no name does harm on a terminal.  What the kernel did
 * not print is null; a number that it did print is exact, up to 2^64. */
#include "scan.h"
#include "classify.h"
#include "escape.h"
#include "render.h"
#include "report_sums.h"

/* Strings and numbers ------------------------------------------------------- */

static void put_code_unit(struct out *o, uint32_t unit)
{
        put(o, "\\u");
        put_number(o, unit, 16, 4, '0');
}

static void put_string(struct out *o, struct span s)
{
        uint32_t code;
        size_t n;

        put(o, "\"");
        for (; s.at < s.end; s.at += n) {
                n = mema_read_character(s.at, span_length(s), &code);
                if (code == '"' || code == '\\')
                        put(o, "\\");
                if (code >= ' ' && code <= '~') {
                        put_bytes(o, s.at, 1);
                } else if (code <= 0xffff) {
                        put_code_unit(o, code);
                } else {
                        put_code_unit(o, 0xd800 + ((code - 0x10000) >> 10));
                        put_code_unit(o, 0xdc00 + (code & 0x3ff));
                }
        }
        put(o, "\"");
}

static void put_text(struct out *o, const char *text)
{
        put_string(o, span_of(text, text_length(text)));
}

static void put_key(struct out *o, const char *key)
{
        put(o, o->buf[o->len - 1] == '{' ? " \"" : ", \"");
        put(o, key);
        put(o, "\": ");
}

static void put_text_member(struct out *o, const char *key, const char *text)
{
        put_key(o, key);
        put_text(o, text);
}

static void put_member(struct out *o, const char *key, bool known, uint64_t value)
{
        put_key(o, key);
        if (known)
                put_decimal(o, value);
        else
                put(o, "null");
}

static void put_seconds_member(struct out *o, const char *key, bool known, uint64_t nanoseconds)
{
        put_key(o, key);
        if (known)
                put_seconds(o, nanoseconds);
        else
                put(o, "null");
}

/* "2026-11-24T08:30:00.000000000Z" of nanoseconds since 1970. */
static void put_time(struct out *o, uint64_t nanoseconds)
{
        uint64_t seconds = nanoseconds / 1000000000, days = seconds / 86400;
        uint64_t year = 1970, month = 0, length;

        for (;; year++) {
                length = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;
                if (days < length)
                        break;
                days -= length;
        }
        for (;; month++) {
                uint64_t in_month = month == 1 ? length - 337 : 30 + (UINT64_C(0xad5) >> month & 1);

                if (days < in_month)
                        break;
                days -= in_month;
        }
        put(o, "\"");
        put_decimal(o, year);
        put(o, "-");
        put_number(o, month + 1, 10, 2, '0');
        put(o, "-");
        put_number(o, days + 1, 10, 2, '0');
        put(o, "T");
        put_number(o, seconds / 3600 % 24, 10, 2, '0');
        put(o, ":");
        put_number(o, seconds / 60 % 60, 10, 2, '0');
        put(o, ":");
        put_number(o, seconds % 60, 10, 2, '0');
        put(o, ".");
        put_number(o, nanoseconds % 1000000000, 10, 9, '0');
        put(o, "Z\"");
}

/* Columns ------------------------------------------------------------------- */

#define ONE(key, field)                                        \
        {                                                      \
                key,                                           \
                {                                              \
                        MEMA_FIELD_##field, MEMA_FIELD_##field \
                }                                              \
        }

/* Of regions and of what is added up; the size has another key there. */
static const struct {
        const char *key;
        struct mema_pair fields;
} columns[] = {
        ONE("rss", RSS),
        ONE("pss", PSS),
        ONE("pss_dirty", PSS_DIRTY),
        ONE("pss_anon", PSS_ANON),
        ONE("pss_file", PSS_FILE),
        ONE("pss_shmem", PSS_SHMEM),
        ONE("private_clean", PRIVATE_CLEAN),
        ONE("private_dirty", PRIVATE_DIRTY),
        ONE("shared_clean", SHARED_CLEAN),
        ONE("shared_dirty", SHARED_DIRTY),
        ONE("referenced", REFERENCED),
        ONE("anonymous", ANONYMOUS),
        ONE("ksm", KSM),
        ONE("lazy_free", LAZY_FREE),
        ONE("anon_huge", ANON_HUGE),
        ONE("shmem_huge", SHMEM_PMD_MAPPED),
        ONE("file_huge", FILE_PMD_MAPPED),
        ONE("swap", SWAP),
        ONE("swap_pss", SWAP_PSS),
        ONE("locked", LOCKED),
        { "hugetlb", { MEMA_FIELD_SHARED_HUGETLB, MEMA_FIELD_PRIVATE_HUGETLB } },
};

static void put_columns(struct out *o, uint64_t present, const uint64_t *value)
{
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
                struct mema_pair fields = columns[i].fields;

                put_member(o, columns[i].key, present & (MEMA_BIT(fields.first) | MEMA_BIT(fields.second)),
                           mema_pair_value(value, fields));
        }
}

static void put_sums(struct out *o, const struct mema_sums *sums)
{
        put_member(o, "mappings", true, sums->mappings);
        put_member(o, "virtual", sums->present & MEMA_BIT(MEMA_FIELD_SIZE), sums->value[MEMA_FIELD_SIZE]);
        put_columns(o, sums->present, sums->value);
}

/* Lists, an item a line ------------------------------------------------------- */

typedef void put_item(const struct mema_output *w, struct out *o, uint64_t index);

static bool list(struct mema_output *w, struct out *o, const char *key, uint64_t count, put_item *item)
{
        uint64_t index = w->_item++;

        if (index > count)
                return false;
        if (index == 0) {
                put(o, ",\n  \"");
                put(o, key);
                put(o, "\": [");
        } else {
                put(o, index == 1 ? "\n    " : ",\n    ");
                item(w, o, index - 1);
        }
        if (index == count)
                put(o, count > 0 ? "\n  ]" : "]");
        return true;
}

/* Those whose id is that of the whole and a name; none where the process does not tell. */
static void put_parts(struct out *o, const struct mema_report *r, const char *whole)
{
        const char *separator = " ";

        put_key(o, "parts");
        put(o, "[");
        for (unsigned i = 0; i < MEMA_PART_COUNT; i++) {
                const struct mema_part *part = &r->part[i];
                const char *id = mema_part_id(i);
                struct span name = base_name(span_of(id, text_length(id)));
                size_t length = (size_t)(name.at - id) - 1;

                if (length != text_length(whole) || memcmp(id, whole, length) != 0 ||
                    (part->committed | part->rss | part->high) == 0)
                        continue;
                put(o, separator);
                put(o, "{");
                put_text_member(o, "id", name.at);
                put_member(o, "committed", true, part->committed);
                put_member(o, "rss", true, part->rss);
                put_member(o, "low", true, part->low);
                put_member(o, "high", true, part->high);
                put(o, " }");
                separator = ", ";
        }
        put(o, *separator == ',' ? " ]" : "]");
}

static void put_category(struct out *o, const struct mema_report *r, unsigned category)
{
        const struct mema_category *c = &r->category[category];
        bool known = c->sums.present & MEMA_BIT(MEMA_FIELD_RSS);

        put(o, "{");
        put_text_member(o, "id", mema_category_stable_id(category));
        put_text_member(o, "name", mema_category_name(category));
        put_text_member(o, "method", mema_method_name((unsigned)c->method));
        put_member(o, "low", known, c->low);
        put_member(o, "high", known, c->high);
        put_sums(o, &c->sums);
        put_parts(o, r, mema_category_stable_id(category));
        put(o, " }");
}

static void put_group(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_report *r = w->report;
        const char *id = mema_group_stable_id((unsigned)index), *separator = "\n      ";
        struct mema_sums sums = { 0 };

        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (mema_category_group(i) == index)
                        mema_sums_merge(&sums, &r->category[i].sums);
        put(o, "{");
        put_text_member(o, "id", id);
        put_text_member(o, "name", mema_group_name((unsigned)index));
        put_sums(o, &sums);
        put_parts(o, r, id);
        put_key(o, "categories");
        put(o, "[");
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                if (mema_category_group(i) != index)
                        continue;
                put(o, separator);
                put_category(o, r, i);
                separator = ",\n      ";
        }
        put(o, "\n    ] }");
}

/* Beyond MEMA_NAMES_MAX they are together, and have none. */
static void put_name(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct mema_name name;

        mema_report_name(w->report, index, &name);
        put(o, "{");
        put_key(o, "name");
        if (w->report->checks.other_named > 0 && index + 1 == w->report->name_count)
                put(o, "null");
        else
                put_string(o, span_of(name.name, (size_t)name.length));
        put_sums(o, &name.sums);
        put(o, " }");
}

static void put_proof(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_proof *proof = w->report->proof;
        unsigned i = 0;

        while (!proof[i].known || index-- > 0)
                i++;
        put(o, "{");
        put_text_member(o, "id", mema_proof_id(i));
        put_key(o, "held");
        put(o, proof[i].held ? "true" : "false");
        put_member(o, "found", true, proof[i].found);
        put_member(o, "least", true, proof[i].least);
        put_member(o, "most", true, proof[i].most);
        put_member(o, "beside", true, proof[i].beside);
        put(o, " }");
}

static void put_address(struct out *o, const char *key, bool known, uint64_t address, bool end)
{
        put_key(o, key);
        if (!known) {
                put(o, "null");
        } else if (end && address == 0) {
                put(o, "\"0x10000000000000000\"");
        } else {
                put(o, "\"0x");
                put_number(o, address, 16, 1, '0');
                put(o, "\"");
        }
}

/* Where a region is, and what. */
static void put_place(const struct mema_output *w, struct out *o, const struct mema_region *g)
{
        bool addresses = !w->options.hide_addresses;

        put_address(o, "start", addresses, g->start, false);
        put_address(o, "end", addresses, g->end, true);
        put_text_member(o, "perms", g->perms);
        put_member(o, "offset", true, g->offset);
        put_key(o, "device");
        put(o, "\"");
        put_number(o, g->device_major, 16, 2, '0');
        put(o, ":");
        put_number(o, g->device_minor, 16, 2, '0');
        put(o, "\"");
        put_member(o, "inode", true, g->inode);
        put_key(o, "name");
        put_string(o, span_of(g->name, (size_t)g->name_length));
        put_text_member(o, "category", mema_category_stable_id((unsigned)g->category));
        put_text_member(o, "method", mema_method_name((unsigned)g->method));
}

static void put_region(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct mema_region g;

        mema_report_row_by(w->report, w->options.sort, index, &g);
        put(o, "{");
        put_place(w, o, &g);
        put_member(o, "size", g.present & MEMA_BIT(MEMA_FIELD_SIZE), g.value[MEMA_FIELD_SIZE]);
        put_columns(o, g.present, g.value);
        put_key(o, "vm_flags");
        if (g.vm_flags_present)
                put_text(o, g.vm_flags);
        else
                put(o, "null");
        put(o, " }");
}

static void put_warning(const struct mema_output *w, struct out *o, uint64_t index)
{
        char text[MEMA_WARNING_MAX];

        mema_report_warning(w->report, (unsigned)index, text, sizeof text);
        put_text(o, text);
}

/* The report, in the order of its members --------------------------------------- */

static bool head(struct mema_output *w, struct out *o)
{
        const struct mema_origin *origin = &w->options.origin;
        const struct mema_context *context = &w->report->context;
        struct span exe = span_of(context->exe, (size_t)context->exe_length);
        bool known = origin->kind != MEMA_ORIGIN_FILE;

        put(o, "{");
        put_member(o, "schema", true, 1);
        put_text_member(o, "version", MEMA_VERSION);
        put_key(o, "time");
        if (known)
                put_time(o, origin->began);
        else
                put(o, "null");
        put_member(o, "pid", known, origin->pid);
        put_key(o, "command");
        if (context->exe_length > 0)
                put_string(o, base_name(mema_undeleted(exe)));
        else
                put(o, "null");
        put_text_member(o, "source", !known ? "file" : w->report->scanned ? "scan" : "smaps");
        put_seconds_member(o, "age_seconds", known, origin->age);
        put_seconds_member(o, "cost_seconds", known, origin->cost);
        return false;
}

static void put_totals(struct out *o, const char *key, const struct mema_report *r)
{
        put(o, ",\n  \"");
        put(o, key);
        put(o, "\": {");
        put_sums(o, &r->totals);
        put(o, " }");
}

static bool totals(struct mema_output *w, struct out *o)
{
        put_totals(o, "totals", w->report);
        return false;
}

static bool groups(struct mema_output *w, struct out *o)
{
        return list(w, o, "groups", MEMA_GROUP_COUNT, put_group);
}

static bool names(struct mema_output *w, struct out *o)
{
        return list(w, o, "names", w->report->name_count, put_name);
}

static bool proofs(struct mema_output *w, struct out *o)
{
        uint64_t known = 0;

        for (unsigned i = 0; i < MEMA_PROOF_COUNT; i++)
                known += w->report->proof[i].known > 0;
        return list(w, o, "proofs", known, put_proof);
}

/* "cgroup_usage" of "cgroup.usage", which is awkward where members are written with dots. */
static bool limits(struct mema_output *w, struct out *o)
{
        const struct mema_limits *limits = &w->report->context.limits;

        put(o, ",\n  \"limits\": {");
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++) {
                char key[32];
                struct out k = out_to(key, sizeof key);

                put(&k, mema_limit_id(i));
                out_end(&k);
                for (char *c = key; *c != '\0'; c++)
                        if (*c == '.')
                                *c = '_';
                put_member(o, key, limits->known & MEMA_BIT(i), limits->value[i]);
        }
        put(o, " }");
        return false;
}

static bool regions(struct mema_output *w, struct out *o)
{
        return list(w, o, "regions", mema_output_rows(w), put_region);
}

static bool warnings(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];
        unsigned count = 0;

        while (mema_report_warning(w->report, count, text, sizeof text) > 0)
                count++;
        return list(w, o, "warnings", count, put_warning);
}

static bool tail(struct mema_output *w, struct out *o)
{
        (void)w;
        put(o, "\n}\n");
        return false;
}

const mema_section mema_json_sections[] = {
        head, totals, groups, names, proofs, limits, regions, warnings, tail, NULL,
};

/* Differences, in the order of their members ------------------------------------ */

/* A figure of both reports; null where one of them does not know it. */
static void put_change(struct out *o, bool known, uint64_t before, uint64_t now)
{
        put_member(o, "before", known, before);
        put_member(o, "now", known, now);
        put_key(o, "change");
        if (known && now < before)
                put(o, "-");
        if (known)
                put_decimal(o, sat_sub(before, now) + sat_sub(now, before));
        else
                put(o, "null");
}

static bool both_totals(struct mema_output *w, struct out *o)
{
        put_totals(o, "before", w->diff->before);
        put_totals(o, "now", w->diff->now);
        return false;
}

static void put_category_change(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_sums *before = &w->diff->before->category[index].sums;
        const struct mema_sums *now = &w->diff->now->category[index].sums;

        put(o, "{");
        put_text_member(o, "id", mema_category_stable_id((unsigned)index));
        put_text_member(o, "name", mema_category_name((unsigned)index));
        put_change(o, mema_diff_has_rss(w->diff), before->value[MEMA_FIELD_RSS], now->value[MEMA_FIELD_RSS]);
        put(o, " }");
}

static bool category_changes(struct mema_output *w, struct out *o)
{
        return list(w, o, "categories", MEMA_CATEGORY_COUNT, put_category_change);
}

static void put_region_change(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_change *c = &w->diff->change[index];
        struct mema_region g;

        mema_report_row(c->kind == MEMA_CHANGE_GONE ? w->diff->before : w->diff->now, c->row, &g);
        put(o, "{");
        put_text_member(o, "kind", mema_change_name((unsigned)c->kind));
        put_change(o, true, c->before, c->now);
        put_place(w, o, &g);
        put(o, " }");
}

static bool region_changes(struct mema_output *w, struct out *o)
{
        return list(w, o, "changes", min_u64(w->diff->count, w->options.top), put_region_change);
}

static void put_diff_warning(const struct mema_output *w, struct out *o, uint64_t index)
{
        char text[MEMA_WARNING_MAX];

        mema_diff_warning(w->diff, (unsigned)index, text, sizeof text);
        put_text(o, text);
}

static bool diff_warnings(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];
        unsigned count = 0;

        while (mema_diff_warning(w->diff, count, text, sizeof text) > 0)
                count++;
        return list(w, o, "warnings", count, put_diff_warning);
}

const mema_section mema_diff_json_sections[] = {
        head, both_totals, category_changes, region_changes, diff_warnings, tail, NULL,
};
