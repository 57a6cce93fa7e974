/* report.c - regions in, sums by category out.
 *
 * The law: every resident byte is in exactly one category, and the categories
 * add up to RSS.  A region waits until its successor is known, is classified
 * once, and is counted once: in its category, or, where the Go heap may turn
 * out to be around it, in the open run, whose sums go either to the Go heap or
 * to the categories when the run ends. */
#include "classify.h"
#include "out.h"
#include "owners.h"
#include "parts.h"
#include "store.h"
#include "sums.h"

static void merge(struct mema_category *into, const struct mema_category *from)
{
        mema_sums_merge(&into->sums, &from->sums);
        into->committed += from->committed;
        into->unsure = together(into->unsure, from->unsure);
        into->low += from->low;
        if (from->method > into->method)
                into->method = from->method;
}

/* Begin ------------------------------------------------------------------- */

void mema_report_init(struct mema_report *r, const struct mema_context *context,
                      const struct mema_options *options)
{
        memset(r, 0, sizeof *r);
        if (context)
                r->context = *context;
        r->after = r->context.facts;
        if (options)
                r->options = *options;
        r->every_sort = r->options.sort == MEMA_EVERY_SORT;
        if (r->options.sort >= MEMA_SORT_COUNT)
                r->options.sort = MEMA_SORT_RSS;
        r->broken_down = 1;
        r->before.category = MEMA_CATEGORY_COUNT;
        for (unsigned sort = 0; sort < MEMA_SORT_COUNT; sort++)
                r->bar[sort].start = UINT64_MAX;
}

void mema_report_source(struct mema_report *r, unsigned source, unsigned rss_only)
{
        r->scan_wanted = source == MEMA_SOURCE_SCAN;
        r->scans = source == MEMA_SOURCE_SCAN || (source == MEMA_SOURCE_AUTO && rss_only);
}

void mema_report_capture(struct mema_report *r, const struct mema_capture *capture)
{
        const struct mema_context *c = &capture->context;

        if (c->facts.go.known) {
                r->context.facts.go = c->facts.go;
                r->after.go = capture->after.go;
        }
        if (c->facts.malloc.known) {
                r->context.facts.malloc = c->facts.malloc;
                r->after.malloc = capture->after.malloc;
        }
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++)
                if (c->limits.known & MEMA_BIT(i))
                        r->context.limits.value[i] = c->limits.value[i];
        r->context.limits.known |= c->limits.known;
        if (c->exe_length > 0) {
                memcpy(r->context.exe, c->exe, (size_t)c->exe_length);
                r->context.exe_length = c->exe_length;
                r->context.exe_deleted = c->exe_deleted;
        }
        if (c->program != MEMA_PROGRAM_UNKNOWN)
                r->context.program = c->program;
        if (c->go_version[0] != '\0')
                memcpy(r->context.go_version, c->go_version, sizeof c->go_version);
        if (c->threads.count > 0 || c->threads.all)
                r->context.threads = c->threads;
        r->context.heaps_known |= c->heaps_known;
        r->labels_lost += capture->labels_lost;
}

/* Runs --------------------------------------------------------------------- */

static bool holds_anchor(const struct mema_go *go, const struct mema_region *g)
{
        for (uint64_t i = 0; i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (go->anchors[i] - g->start < mema_region_span(g))
                        return true;
        return false;
}

static void close_run(struct mema_report *r)
{
        if (!r->run_touched)
                return;
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                struct mema_category *part = &r->run[i];

                if (!(r->run_touched >> i & 1))
                        continue;
                if (r->run_anchored) {
                        part->low = 0;
                        part->method = MEMA_BY_INFERRED;
                        merge(&r->category[MEMA_GO_HEAP], part);
                } else {
                        merge(&r->category[i], part);
                }
                memset(part, 0, sizeof *part);
        }
        if (r->run_anchored)
                mema_store_change(r, r->run_first, MEMA_GO_HEAP, MEMA_BY_INFERRED);
        r->run_touched = r->run_anchored = 0;
}

static void count(struct mema_category *c, const struct mema_region *g, const struct mema_cut *cut)
{
        mema_sums_add(&c->sums, g);
        c->sums.mappings -= cut->pieces > 1;
        if (g->perms[1] == 'w')
                c->committed += cut->committed;
        c->unsure = together(c->unsure, cut->unsure);
        if (g->method <= MEMA_BY_ESTIMATED)
                c->low += beyond(g->value[MEMA_RSS], cut->unsure);
        if (g->method > c->method)
                c->method = g->method;
}

/* The Go heap is the run of adjoining nameless regions, rw-p and ---p, around
 * an anchor; that it is one is known only when it has ended. */
static void count_in_run(struct mema_report *r, const struct mema_region *g, const struct mema_cut *cut)
{
        if (r->run_touched && r->run_end != g->start)
                close_run(r);
        if (!r->run_touched)
                r->run_first = r->settled;
        r->run_touched |= UINT64_C(1) << g->category;
        r->run_end = g->end;
        r->run_anchored |= holds_anchor(&r->context.facts.go, g);
        count(&r->run[g->category], g, cut);
}
_Static_assert(MEMA_CATEGORY_COUNT <= 64, "run_touched has a bit a category");

/* Regions ------------------------------------------------------------------ */

/* A saved smaps does not tell which program it was.  The kernel maps a program
 * below everything else, from its start. */
static void guess_program(struct mema_report *r, const struct mema_region *g)
{
        if (r->context.exe_length > 0 || r->totals.mappings > 1 || g->offset != 0 || g->perms[3] == 's' ||
            g->name_length == 0 || mema_rule_for(g, &r->context)->category != MEMA_OTHER_FILES)
                return;
        memcpy(r->context.exe, g->name, (size_t)g->name_length);
        r->context.exe_length = g->name_length;
        r->exe_guessed = 1;
}

/* What memory is, and how that is known. */
struct kind {
        unsigned category;
        uint64_t method;
};

/* Counts r->region, a mapping or the piece of one that is cut.  `kind`: what it is where
 * it is nobody's; NULL: what it shows by itself. */
static void settle_piece(struct mema_report *r, const struct mema_neighbour *self,
                         const struct mema_neighbour *after, const struct kind *kind,
                         const struct mema_cut *cut)
{
        struct mema_region *g = &r->region;
        bool owned = cut->category < MEMA_CATEGORY_COUNT;

        g->category = cut->category;
        g->method = cut->labelled ? MEMA_BY_NAMED : MEMA_BY_INFERRED;
        if (!owned && kind) {
                g->category = kind->category;
                g->method = kind->method;
        } else if (!owned) {
                g->category = mema_classify(g, self, &r->before, after, &r->context, &g->method);
        }
        if (g->category == MEMA_BINARY && r->exe_guessed)
                g->method = MEMA_BY_INFERRED;
        if (g->category == MEMA_NOT_BROKEN_DOWN)
                r->broken_down = 0;
        if (cut->unsure > 0 && g->method < MEMA_BY_ESTIMATED)
                g->method = MEMA_BY_ESTIMATED;

        bool run = r->context.facts.go.known && self->plain && !owned &&
                   (self->perms == 0 || self->perms == (PERM_READ | PERM_WRITE));

        if (run) {
                count_in_run(r, g, cut);
        } else {
                close_run(r);
                count(&r->category[g->category], g, cut);
        }
        if (g->category == MEMA_NAMED)
                mema_store_name(r, g, cut->pieces > 1);
        if (g->category != MEMA_NOT_BROKEN_DOWN)
                mema_store_row(r, g);
        r->before = *self;
        r->before.category = g->category;
        r->settled++;
}

/* Counts the region that waited, now that its successor is known. */
static void settle(struct mema_report *r, const struct mema_neighbour *after)
{
        struct mema_cut cut;
        struct kind uncut;
        bool behind_label = false;

        if (!r->waiting)
                return;
        r->waiting = 0;
        guess_program(r, &r->region);
        if (!mema_cut_begin(&cut, &r->region, &r->context)) {
                settle_piece(r, &r->self, after, NULL, &cut);
                return;
        }
        /* Behind a label a mapping is what it would be without. */
        uncut.category = mema_classify(&r->region, &r->self, &r->before, after, &r->context, &uncut.method);
        while (mema_cut_next(&cut, &r->region)) {
                struct mema_neighbour piece = mema_neighbour_of(&r->region);

                settle_piece(r, &piece, after, behind_label ? &uncut : NULL, &cut);
                behind_label |= cut.labelled;
        }
}

/* What is said of a mapping last counts. */
static void drop_waiting(struct mema_report *r)
{
        mema_sums_take_back(&r->totals, &r->region);
        r->repeated -= r->region.repeated;
        r->without_rss -= !(r->region.present & MEMA_BIT(MEMA_RSS));
        r->waiting = 0;
        r->grown++;
}

enum mema_status mema_report_add(struct mema_report *r, const struct mema_region *region)
{
        struct mema_neighbour next = mema_neighbour_of(region);
        struct mema_region *g = &r->region;

        if (r->overflown)
                return MEMA_OVERFLOW;
        if (r->waiting && mema_has_grown(r->region.start, r->region.end, region))
                drop_waiting(r);
        else if (r->totals.mappings > 0 && region->start <= r->reached)
                r->overlapping++;
        if (region->end - 1 > r->reached)
                r->reached = region->end - 1;
        settle(r, &next);
        r->self = next;
        memcpy(g, region, offsetof(struct mema_region, name) + (size_t)region->name_length);

        /* What a header tells need not be printed again; a rollup's tells nothing. */
        if (!(g->present & MEMA_BIT(MEMA_SIZE)) && !mema_is_rollup(g)) {
                g->value[MEMA_SIZE] = mema_region_span(g);
                g->present |= MEMA_BIT(MEMA_SIZE);
        }
        if (!mema_sums_add_checked(&r->totals, g)) {
                r->overflown = 1;
                return MEMA_OVERFLOW;
        }
        r->waiting = 1;
        r->repeated += g->repeated;
        r->without_rss += !(g->present & MEMA_BIT(MEMA_RSS));
        return MEMA_OK;
}

/* Finish ------------------------------------------------------------------- */

void mema_report_finish(struct mema_report *r, const struct mema_facts *after)
{
        static const struct mema_neighbour none = { 0, 0, MEMA_CATEGORY_COUNT, 0, 0 };
        struct mema_category *rest = &r->category[MEMA_UNATTRIBUTED];

        settle(r, &none);
        close_run(r);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                r->category[i].sums.present |= r->totals.present; /* nothing there is 0, and known */
                r->category[i].high = together(r->category[i].sums.value[MEMA_RSS], r->category[i].unsure);
        }
        if (after)
                r->after = *after;
        mema_parts_finish(r, &r->after);

        /* Should the law ever fail, the difference is to be seen. */
        rest->sums.value[MEMA_RSS] = r->totals.value[MEMA_RSS];
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (i != MEMA_UNATTRIBUTED)
                        rest->sums.value[MEMA_RSS] -= r->category[i].sums.value[MEMA_RSS];
        mema_store_finish(r);
}

/* Words -------------------------------------------------------------------- */

static uint64_t limit_of(const struct mema_report *r, enum mema_limit limit, uint64_t unknown)
{
        return r->context.limits.known & MEMA_BIT(limit) ? r->context.limits.value[limit] : unknown;
}

/* Files that were not used lately fill a cgroup up to its limit, and do no harm. */
static bool is_near_limit(const struct mema_report *r)
{
        uint64_t tenth = limit_of(r, MEMA_LIMIT_CGROUP_ROOM_LIMIT, 0) / 10;
        uint64_t room = limit_of(r, MEMA_LIMIT_CGROUP_ROOM, UINT64_MAX);

        return room < tenth && limit_of(r, MEMA_LIMIT_CGROUP_INACTIVE_FILE, 0) < tenth - room;
}

/* A warning stands where its number is not 0, with the number in place of #. */
size_t mema_report_warning(const struct mema_report *r, unsigned index, char *buf, size_t cap)
{
        uint64_t all = r->totals.mappings;
        uint64_t heap = r->category[MEMA_GO_HEAP].sums.value[MEMA_RSS];
        uint64_t mappings_max = limit_of(r, MEMA_LIMIT_MAPPINGS_MAX, UINT64_MAX);
        bool go = r->context.facts.go.known || r->context.program == MEMA_PROGRAM_GO;
        const struct {
                uint64_t number;
                const char *text;
        } warnings[] = {
                { r->without_rss == all && !(r->totals.present & MEMA_BIT(MEMA_PSS)),
                  "The input has no Rss lines, as a maps file: what is resident is not known; read smaps" },
                { r->without_rss == all && r->totals.present & MEMA_BIT(MEMA_PSS),
                  "The input has no Rss lines: what is resident is not known" },
                { r->without_rss == all ? 0 : r->without_rss, "Mappings without an Rss line, not in RSS: #" },
                { !r->broken_down,
                  "The input has totals only, as smaps_rollup: read smaps for what they are made of" },
                { r->context.exe_deleted,
                  "The program's file was deleted or replaced after the program began" },
                { r->scan_missed, "There is no scan of this process on this system: smaps was read" },
                { r->overlapping, "Mappings that overlap or repeat an earlier one: #; the process changed "
                                  "meanwhile, or it is two captures" },
                { r->grown,
                  "Mappings that grew while they were read, and came again: #; what came last counts" },
                { r->repeated, "Fields that came twice in a mapping: #; the last one counts" },
                { r->other_named, "Mappings with further names, added up as other names: #" },
                { r->rows_lost, "Regions not listed, because there was no memory for them: #" },
                { r->labels_lost,
                  "Labels not shown, for want of memory or of access to /proc/self/pagemap: #" },
                { !r->context.facts.go.known && heap > 0,
                  "Heap has the goroutine stacks in it: only the process itself can tell them apart" },
                { r->go_surplus, "Heap has bytes that the Go runtime does not account for: #" },
                { go && r->broken_down && r->category[MEMA_GO_HEAP].sums.value[MEMA_SIZE] == 0,
                  "The Go heap was not found: it is in Read-Write" },
                { is_near_limit(r),
                  "The cgroup, or one above it, has less than a tenth of its limit left: the "
                  "kernel ends processes there" },
                { all > mappings_max / 10 * 9 && r->broken_down ? all : 0,
                  "Mappings are near vm.max_map_count, where no more can be made: #" },
                { r->category[MEMA_UNATTRIBUTED].sums.value[MEMA_RSS],
                  "Bytes in no category: #; this is an error of the analyzer, please report it" },
        };
        struct out o = out_to(buf, cap);

        for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++) {
                if (warnings[i].number == 0 || index-- > 0)
                        continue;
                for (const char *c = warnings[i].text; *c != '\0'; c++)
                        if (*c == '#')
                                put_decimal(&o, warnings[i].number);
                        else
                                put_bytes(&o, c, 1);
                break;
        }
        return out_end(&o);
}

size_t mema_report_program(const struct mema_report *r, char *buf, size_t cap)
{
        struct span exe = span_of(r->context.exe, (size_t)r->context.exe_length);
        struct span s = base_name(mema_undeleted(exe));
        size_t n = mema_escape(buf, cap, s.at, span_length(s), cap - 1);

        if (n > 0 && buf[0] >= 'a' && buf[0] <= 'z')
                buf[0] = (char)(buf[0] - 'a' + 'A');
        return n;
}
