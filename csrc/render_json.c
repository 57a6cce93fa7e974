/* render_json.c - a report as JSON, which memanalyzer.schema.json describes. */
#include "render_json.h"
#include "region.h"
#include "report_sums.h"

/* The longest key of a limit, with a NUL. */
enum { KEY_MAX = 32 };

/* Shared with differences */

bool mema_json_list(struct mema_output *w, struct out *o, const char *key, uint64_t count,
                    mema_json_item *item)
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

void mema_json_totals(struct out *o, const char *key, const struct mema_report *r)
{
        put(o, ",\n  \"");
        put(o, key);
        put(o, "\": {");
        mema_json_sums(o, &r->totals);
        put(o, " }");
}

static void put_end(struct out *o, bool known, uint64_t end)
{
        if (known && end == 0) {
                mema_json_key(o, "end");
                put(o, "\"0x10000000000000000\"");
        } else {
                mema_json_address(o, "end", known, end);
        }
}

void mema_json_place(const struct mema_output *w, struct out *o, const struct mema_region *g)
{
        bool addresses = !w->options.hide_addresses;

        mema_json_address(o, "start", addresses, g->start);
        put_end(o, addresses, g->end);
        mema_json_text(o, "perms", g->perms);
        mema_json_number(o, "offset", true, g->offset);
        mema_json_key(o, "device");
        put(o, "\"");
        put_number(o, g->device_major, 16, 2, '0');
        put(o, ":");
        put_number(o, g->device_minor, 16, 2, '0');
        put(o, "\"");
        mema_json_number(o, "inode", true, g->inode);
        mema_json_key(o, "name");
        mema_json_string(o, span_of(g->name, (size_t)g->name_length));
        mema_json_text(o, "category", mema_category_stable_id((unsigned)g->category));
        mema_json_text(o, "method", mema_method_name((unsigned)g->method));
}

bool mema_json_head(struct mema_output *w, struct out *o)
{
        const struct mema_origin *origin = &w->options.origin;
        const struct mema_context *context = &w->report->context;
        struct span exe = span_of(context->exe, (size_t)context->exe_length);
        bool known = origin->kind != MEMA_ORIGIN_FILE;

        put(o, "{");
        mema_json_number(o, "schema", true, 1);
        mema_json_text(o, "version", MEMA_VERSION);
        mema_json_time(o, "time", known, origin->began);
        mema_json_number(o, "pid", known, origin->pid);
        mema_json_key(o, "command");
        if (context->exe_length > 0)
                mema_json_string(o, base_name(mema_undeleted(exe)));
        else
                put(o, "null");
        mema_json_text(o, "source", !known ? "file" : w->report->scanned ? "scan" : "smaps");
        mema_json_seconds(o, "age_seconds", known, origin->age);
        mema_json_seconds(o, "cost_seconds", known, origin->cost);
        return false;
}

bool mema_json_tail(struct mema_output *w, struct out *o)
{
        (void)w;
        put(o, "\n}\n");
        return false;
}

/* Items */

static void put_part(struct out *o, const char *id, const struct mema_part *part)
{
        put(o, "{");
        mema_json_text(o, "id", id);
        mema_json_number(o, "committed", true, part->committed);
        mema_json_number(o, "rss", true, part->rss);
        mema_json_number(o, "low", true, part->low);
        mema_json_number(o, "high", true, part->high);
        put(o, " }");
}

/* The parts of a group or category, whose ids are `whole`, a slash and a name: none if the process does
 * not tell. */
static void put_parts(struct out *o, const struct mema_report *r, const char *whole)
{
        const char *separator = " ";

        mema_json_key(o, "parts");
        put(o, "[");
        for (unsigned i = 0; i < MEMA_PART_COUNT; i++) {
                const struct mema_part *part = &r->part[i];
                const char *id = mema_part_stable_id(i);
                struct span name = base_name(span_of(id, text_length(id)));

                if (!span_equals(span_of(id, (size_t)(name.at - id) - 1), whole, text_length(whole)) ||
                    (part->committed | part->rss | part->high) == 0)
                        continue;
                put(o, separator);
                put_part(o, name.at, part);
                separator = ", ";
        }
        put(o, *separator == ',' ? " ]" : "]");
}

static void put_category(struct out *o, const struct mema_report *r, unsigned category)
{
        const struct mema_category *c = &r->category[category];
        bool known = c->sums.present & MEMA_BIT(MEMA_FIELD_RSS);

        put(o, "{");
        mema_json_text(o, "id", mema_category_stable_id(category));
        mema_json_text(o, "name", mema_category_name(category));
        mema_json_text(o, "method", mema_method_name((unsigned)c->method));
        mema_json_number(o, "low", known, c->low);
        mema_json_number(o, "high", known, c->high);
        mema_json_sums(o, &c->sums);
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
        mema_json_text(o, "id", id);
        mema_json_text(o, "name", mema_group_name((unsigned)index));
        mema_json_sums(o, &sums);
        put_parts(o, r, id);
        mema_json_key(o, "categories");
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

/* The names beyond MEMA_NAMES_MAX are one item, without a name. */
static void put_name(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct mema_name name;

        mema_report_name(w->report, index, &name);
        put(o, "{");
        mema_json_key(o, "name");
        if (w->report->checks.other_named > 0 && index + 1 == w->report->name_count)
                put(o, "null");
        else
                mema_json_string(o, span_of(name.name, (size_t)name.length));
        mema_json_sums(o, &name.sums);
        put(o, " }");
}

static void put_proof(const struct mema_output *w, struct out *o, uint64_t index)
{
        const struct mema_proof *proof = w->report->proof;
        unsigned i = 0;

        while (!proof[i].known || index-- > 0)
                i++;
        put(o, "{");
        mema_json_text(o, "id", mema_proof_stable_id(i));
        mema_json_key(o, "held");
        put(o, proof[i].held ? "true" : "false");
        mema_json_number(o, "found", true, proof[i].found);
        mema_json_number(o, "least", true, proof[i].least);
        mema_json_number(o, "most", true, proof[i].most);
        mema_json_number(o, "beside", true, proof[i].beside);
        put(o, " }");
}

static void put_region(const struct mema_output *w, struct out *o, uint64_t index)
{
        struct mema_region g;

        mema_report_row_by(w->report, w->options.sort, index, &g);
        put(o, "{");
        mema_json_place(w, o, &g);
        mema_json_number(o, "size", g.present & MEMA_BIT(MEMA_FIELD_SIZE), g.value[MEMA_FIELD_SIZE]);
        mema_json_columns(o, g.present, g.value);
        mema_json_key(o, "vm_flags");
        if (g.vm_flags_present)
                mema_json_string(o, span_of(g.vm_flags, text_length(g.vm_flags)));
        else
                put(o, "null");
        put(o, " }");
}

static void put_warning(const struct mema_output *w, struct out *o, uint64_t index)
{
        char text[MEMA_WARNING_MAX];
        size_t n = mema_report_warning(w->report, (unsigned)index, text, sizeof text);

        mema_json_string(o, span_of(text, n));
}

/* Members, in their order */

static bool totals(struct mema_output *w, struct out *o)
{
        mema_json_totals(o, "totals", w->report);
        return false;
}

static bool groups(struct mema_output *w, struct out *o)
{
        return mema_json_list(w, o, "groups", MEMA_GROUP_COUNT, put_group);
}

static bool names(struct mema_output *w, struct out *o)
{
        return mema_json_list(w, o, "names", w->report->name_count, put_name);
}

static bool proofs(struct mema_output *w, struct out *o)
{
        uint64_t known = 0;

        for (unsigned i = 0; i < MEMA_PROOF_COUNT; i++)
                known += w->report->proof[i].known > 0;
        return mema_json_list(w, o, "proofs", known, put_proof);
}

static bool allocator(struct mema_output *w, struct out *o)
{
        enum mema_allocator allocator = w->report->context.allocator;

        put(o, ",\n  \"allocator\": ");
        if (allocator == MEMA_ALLOCATOR_UNKNOWN)
                put(o, "null");
        else
                mema_json_string(o, span_of(mema_allocator_name(allocator),
                                            text_length(mema_allocator_name(allocator))));
        return false;
}

/* The keys are ids with '_' for '.', so that "limits.cgroup_usage" is a path in jq and JavaScript. */
static bool limits(struct mema_output *w, struct out *o)
{
        const struct mema_limits *limits = &w->report->context.limits;

        put(o, ",\n  \"limits\": {");
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++) {
                char key[KEY_MAX];
                struct out k = out_to(key, sizeof key);

                put(&k, mema_limit_id(i));
                out_end(&k);
                for (char *c = key; *c != '\0'; c++)
                        if (*c == '.')
                                *c = '_';
                mema_json_number(o, key, mema_limit_is_set(limits, i), limits->value[i]);
        }
        put(o, " }");
        return false;
}

static bool regions(struct mema_output *w, struct out *o)
{
        return mema_json_list(w, o, "regions", mema_output_rows(w), put_region);
}

static bool warnings(struct mema_output *w, struct out *o)
{
        char text[MEMA_WARNING_MAX];
        unsigned count = 0;

        while (mema_report_warning(w->report, count, text, sizeof text) > 0)
                count++;
        return mema_json_list(w, o, "warnings", count, put_warning);
}

const mema_section mema_json_sections[] = {
        mema_json_head, totals,  groups,   names,          allocator, proofs,
        limits,         regions, warnings, mema_json_tail, NULL,
};
