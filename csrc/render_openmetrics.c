/* render_openmetrics.c - a report as OpenMetrics, for Prometheus.
 *
 * Label values are stable ids and the names of at most NAMES_MAX named regions; never addresses or
 * paths, which would make new series without end. */
#include "scan.h"
#include "escape.h"
#include "render.h"

enum { NAMES_MAX = 50 };

/* A metric.  All are gauges. */
struct family {
        const char *name, *unit, *help;
        /* The number of samples; a family without samples is left out. */
        uint64_t (*count)(const struct mema_output *w, const struct family *f);
        /* Writes the labels of a sample, and returns its value. */
        uint64_t (*sample)(const struct mema_output *w, struct out *o, const struct family *f,
                           uint64_t index);
        /* For the two functions: a field, a proof, a limit, or the first and the last part. */
        unsigned of, last;
};

/* A byte that may not be shown, as U+EF00 + the byte in UTF-8. */
static void put_byte(struct out *o, unsigned char byte)
{
        unsigned c = MEMA_BYTE + byte;
        char utf8[] = { (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)) };

        put_bytes(o, utf8, sizeof utf8);
}

static void put_label(struct out *o, const char *key, const char *value, size_t len)
{
        uint32_t code;
        size_t n;

        put(o, "{");
        put(o, key);
        put(o, "=\"");
        for (; len > 0; value += n, len -= n) {
                n = mema_read_character(value, len, &code);
                if (code == '"' || code == '\\')
                        put(o, "\\");
                if (code >> 8 != MEMA_BYTE >> 8 && !mema_is_harmful(code)) {
                        put_bytes(o, value, n);
                        continue;
                }
                for (size_t i = 0; i < n; i++)
                        put_byte(o, (unsigned char)value[i]);
        }
        put(o, "\"}");
}

static void put_id(struct out *o, const char *key, const char *id)
{
        put_label(o, key, id, text_length(id));
}

/* Categories */

static uint64_t categories(const struct mema_output *w, const struct family *f)
{
        uint64_t present = w->report->totals.present;

        /* Otherwise series would end and begin again whenever the source of a reading changes. */
        if (w->options.rss_only)
                present &= MEMA_BIT(MEMA_FIELD_RSS);
        return present & MEMA_BIT(f->of) ? MEMA_CATEGORY_COUNT : 0;
}

static uint64_t category(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        put_id(o, "category", mema_category_stable_id((unsigned)index));
        return w->report->category[index].sums.value[f->of];
}

/* Names */

static uint64_t names(const struct mema_output *w, const struct family *f)
{
        const struct mema_report *r = w->report;
        uint64_t count = r->name_count - (r->checks.other_named > 0);

        if (categories(w, f) == 0)
                return 0;
        return count < NAMES_MAX ? count : NAMES_MAX;
}

static uint64_t name(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        struct mema_name n;

        mema_report_name(w->report, index, &n);
        put_label(o, "name", n.name, (size_t)n.length);
        return n.sums.value[f->of];
}

static uint64_t one_if_present(const struct mema_output *w, const struct family *f)
{
        return categories(w, f) > 0;
}

static uint64_t other_names(const struct mema_output *w, struct out *o, const struct family *f,
                            uint64_t index)
{
        uint64_t rest = w->report->category[MEMA_CATEGORY_NAMED].sums.value[f->of];
        struct mema_name n;

        (void)o;
        for (; index < names(w, f); index++) {
                mema_report_name(w->report, index, &n);
                rest -= n.sums.value[f->of];
        }
        return rest;
}

/* Figures of the process */

static uint64_t parts(const struct mema_output *w, const struct family *f)
{
        const struct mema_part *part = w->report->part;
        uint64_t any = 0;

        for (unsigned i = f->of; i <= f->last; i++)
                any |= part[i].committed | part[i].rss | part[i].high;
        return any > 0 ? f->last + 1 - f->of : 0;
}

static uint64_t part(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        const char *id = mema_part_stable_id(f->of + (unsigned)index);

        put_id(o, "part", base_name(span_of(id, text_length(id))).at);
        return w->report->part[f->of + index].rss;
}

static uint64_t proofs(const struct mema_output *w, const struct family *f)
{
        return w->report->proof[f->of].known;
}

static uint64_t proof(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        (void)o;
        (void)index;
        return w->report->proof[f->of].held;
}

/* The reading */

static uint64_t one(const struct mema_output *w, const struct family *f)
{
        (void)w;
        (void)f;
        return 1;
}

static uint64_t mappings(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        (void)o;
        (void)f;
        (void)index;
        return w->report->totals.mappings;
}

static uint64_t limits(const struct mema_output *w, const struct family *f)
{
        return mema_limit_is_set(&w->report->context.limits, f->of);
}

static uint64_t limit(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        (void)o;
        (void)index;
        return w->report->context.limits.value[f->of];
}

enum { COST, AGE };

static uint64_t origin(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        const struct mema_origin *from = &w->options.origin;

        (void)o;
        (void)index;
        return f->of == COST ? from->cost : from->age;
}

static uint64_t one_if_process(const struct mema_output *w, const struct family *f)
{
        (void)f;
        return w->options.origin.kind != MEMA_ORIGIN_FILE;
}

/* The metrics */

/* clang-format off */
static const struct family families[] = {
        { "resident_bytes", "bytes", "Resident memory.", categories, category, MEMA_FIELD_RSS, 0 },
        { "proportional_bytes", "bytes", "Resident memory, with each shared page divided by the number of processes that share it.",
          categories, category, MEMA_FIELD_PSS, 0 },
        { "private_dirty_bytes", "bytes", "Resident memory that is private to this process and has to be written out to be reclaimed.",
          categories, category, MEMA_FIELD_PRIVATE_DIRTY, 0 },
        { "swap_bytes", "bytes", "Swapped-out memory.", categories, category, MEMA_FIELD_SWAP, 0 },
        { "named_resident_bytes", "bytes", "Resident memory of named regions, for the 50 largest names.",
          names, name, MEMA_FIELD_RSS, 0 },
        { "named_overflow_resident_bytes", "bytes", "Resident memory of named regions, for all other names.",
          one_if_present, other_names, MEMA_FIELD_RSS, 0 },
        { "go_heap_bytes", "bytes", "Resident memory of the Go heap, by the parts that the runtime reports.",
          parts, part, MEMA_PART_HEAP_MARKED, MEMA_PART_HEAP_RELEASED },
        { "go_heap_proof", "", "1 if the mappings of the Go heap match the runtime's figure.", proofs, proof, MEMA_PROOF_GO_HEAP, 0 },
        { "malloc_bytes", "bytes", "Resident memory of the C heap: in use, and retained.",
          parts, part, MEMA_PART_MALLOC_IN_USE, MEMA_PART_MALLOC_RETAINED },
        { "malloc_proof", "", "1 if [heap] and the arenas match the C library's figure.", proofs, proof, MEMA_PROOF_MALLOC, 0 },
        { "malloc_mmap_proof", "", "1 if malloc's blocks with a mapping of their own match the C library's figure.", proofs, proof, MEMA_PROOF_MALLOC_MMAP, 0 },
        { "mappings", "", "Number of mappings.", one, mappings, 0, 0 },
        { "mappings_limit", "", "The most mappings that a process can have: vm.max_map_count.", limits, limit, MEMA_LIMIT_MAPPINGS_MAX, 0 },
        { "cgroup_usage_bytes", "bytes", "Memory charged to the cgroup, including its page cache.", limits, limit, MEMA_LIMIT_CGROUP_USAGE, 0 },
        { "cgroup_limit_bytes", "bytes", "The least memory limit of the cgroup and its ancestors, beyond which processes are killed.", limits, limit, MEMA_LIMIT_CGROUP_LIMIT, 0 },
        { "cgroup_room_bytes", "bytes", "The least memory that a limit of the cgroup or an ancestor leaves.", limits, limit, MEMA_LIMIT_CGROUP_ROOM, 0 },
        { "cgroup_oom_kills", "", "Number of processes of the cgroup that were killed because memory ran out.", limits, limit, MEMA_LIMIT_CGROUP_OOM_KILLS, 0 },
        { "cost_seconds", "seconds", "How long the reading took.", one_if_process, origin, COST, 0 },
        { "age_seconds", "seconds", "How long ago the reading ended.", one_if_process, origin, AGE, 0 },
};
/* clang-format on */

static void put_meta(struct out *o, const char *what, const char *name, const char *value)
{
        put(o, "# ");
        put(o, what);
        put(o, " memanalyzer_");
        put(o, name);
        put(o, " ");
        put(o, value);
        put(o, "\n");
}

static void put_family(struct out *o, const struct family *f)
{
        put_meta(o, "TYPE", f->name, "gauge");
        if (f->unit[0] != '\0')
                put_meta(o, "UNIT", f->name, f->unit);
        put_meta(o, "HELP", f->name, f->help);
}

static void put_sample(const struct mema_output *w, struct out *o, const struct family *f, uint64_t index)
{
        uint64_t value;

        put(o, "memanalyzer_");
        put(o, f->name);
        value = f->sample(w, o, f, index);
        put(o, " ");
        if (f->unit[0] == 's')
                mema_put_seconds(o, value);
        else
                put_decimal(o, value);
        put(o, "\n");
}

/* Sections */

static bool samples(struct mema_output *w, struct out *o)
{
        const struct family *f = &families[w->_item];
        uint64_t index = w->_row++;

        if (w->_item == sizeof families / sizeof *families)
                return false;
        if (index == f->count(w, f)) {
                w->_item++;
                w->_row = 0;
                return true;
        }
        if (index == 0)
                put_family(o, f);
        put_sample(w, o, f, index);
        return true;
}

static bool end(struct mema_output *w, struct out *o)
{
        (void)w;
        put(o, "# EOF\n");
        return false;
}

const mema_section mema_openmetrics_sections[] = { samples, end, NULL };
