/* records.c - parses texts into regions and reports: see records.h. */
#include "records.h"

#include "../scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const enum mema_field_kind kinds[MEMA_FIELD_COUNT] = {
#define X(id, label, kind) MEMA_KIND_##kind,
        MEMA_FIELDS(X)
#undef X
};

/* Regions ------------------------------------------------------------------ */

static bool ends_within(const char *text, size_t size)
{
        return memchr(text, '\0', size) != NULL;
}

/* Asserts what memanalyzer.h promises of a region from the parser. */
static void expect_region(const struct mema_region *g)
{
        size_t flags = ends_within(g->vm_flags, sizeof g->vm_flags) ? strlen(g->vm_flags) : SIZE_MAX;

        TRUE(g->line > 0);
        TRUE(g->category == 0 && g->method == 0);
        TRUE(strlen(g->perms) == 4 && strspn(g->perms, "rwxps-") == 4);
        TRUE(g->name_length <= sizeof g->name);
        TRUE(memchr(g->name, '\n', (size_t)g->name_length) == NULL);
        TRUE(flags == 0 || (flags <= MEMA_VM_FLAGS_MAX * 3 - 1 && flags % 3 == 2));
        TRUE(flags == 0 || g->vm_flags_present);
        TRUE(g->present >> MEMA_FIELD_COUNT == 0);
        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                TRUE(g->value[f] == 0 || g->present & MEMA_BIT(f));
                TRUE(kinds[f] == MEMA_KIND_PLAIN || g->value[f] % 1024 == 0);
        }
}

/* Asserts what memanalyzer.h promises of an error, or the end. */
static void expect_error(const struct mema_smaps *p, const struct mema_error *error, size_t len)
{
        EQUAL(error->status, p->status);
        TRUE(error->status >= MEMA_STATUS_END && error->status <= MEMA_STATUS_TRUNCATED);
        EQUAL(error->system, 0);
        TRUE(ends_within(error->message, sizeof error->message) && error->message[0] != '\0');
        TRUE(error->line <= len + 1 && error->column <= len + 1);
}

static void keep(struct records *r, const struct mema_region *g)
{
        expect_region(g);
        if ((r->count & (r->count - 1)) == 0) {
                r->region = realloc(r->region, (r->count ? 2 * r->count : 1) * sizeof *g);
                if (!r->region) {
                        perror("memory");
                        exit(EXIT_FAILURE);
                }
        }
        r->repeated += g->repeated;
        memcpy(&r->region[r->count++], g, offsetof(struct mema_region, name) + (size_t)g->name_length);
}

static void feed(struct records *r, struct mema_smaps *p, char *at, size_t len)
{
        while (len > 0 && p->status < MEMA_STATUS_END) {
                size_t used = mema_smaps_feed(p, at, len);
                bool kept_contract = used <= len && (used == len || p->status != MEMA_STATUS_MORE);

                if (!kept_contract) {
                        TRUE(kept_contract);
                        return;
                }
                spoil(at, used);
                at += used;
                len -= used;
                if (p->status == MEMA_STATUS_REGION)
                        keep(r, &p->region);
        }
}

/* Asserts that an error, or the end, stays. */
static void expect_sticky(struct mema_smaps *p, const struct mema_error *first)
{
        struct mema_error again;

        EQUAL(mema_smaps_feed(p, "00400000-0040b000", 17), 0);
        EQUAL(mema_smaps_feed(p, "\n", 1), 0);
        EQUAL(mema_smaps_finish(p), first->status);
        mema_smaps_error(p, &again);
        TRUE(again.status == first->status && again.line == first->line && again.column == first->column);
        SAME_TEXT(again.message, first->message);
}

size_t next_piece(struct cut *cut, size_t used)
{
        if (used == 0 && cut->first > 0)
                return cut->first;
        if (cut->seed == 0)
                return cut->most;
        cut->seed = cut->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return 1 + (size_t)(cut->seed >> 33) % cut->most;
}

struct records parse(const char *text, size_t len, struct cut cut)
{
        static struct mema_smaps p;
        struct guarded piece = guarded_copy(text, len < cut.most ? len : cut.most);
        struct records r = { 0 };
        size_t n;

        spoil(&p, sizeof p);
        mema_smaps_init(&p);
        for (size_t used = 0; used < len; used += n) {
                char *at;

                n = next_piece(&cut, used);
                n = n < len - used ? n : len - used;
                at = piece.data + piece.len - n;
                memcpy(at, text + used, n);
                feed(&r, &p, at, n);
        }
        while (mema_smaps_finish(&p) == MEMA_STATUS_REGION || p.status == MEMA_STATUS_OWNER)
                if (p.status == MEMA_STATUS_REGION)
                        keep(&r, &p.region);
        mema_smaps_error(&p, &r.end);
        expect_error(&p, &r.end, len);
        expect_sticky(&p, &r.end);
        r.capture = p.capture;
        r.unknown = p.unknown;
        guarded_free(&piece);
        return r;
}

void records_free(struct records *r)
{
        free(r->region);
        memset(r, 0, sizeof *r);
}

bool same_region(const struct mema_region *a, const struct mema_region *b)
{
        return memcmp(a, b, offsetof(struct mema_region, perms)) == 0 && strcmp(a->perms, b->perms) == 0 &&
               strcmp(a->vm_flags, b->vm_flags) == 0 && memcmp(a->name, b->name, (size_t)a->name_length) == 0;
}

static bool same_records(const struct records *a, const struct records *b)
{
        for (size_t i = 0; i < a->count && i < b->count; i++)
                if (!same_region(&a->region[i], &b->region[i]))
                        return false;
        return a->count == b->count && a->end.status == b->end.status && a->end.line == b->end.line &&
               a->end.column == b->end.column && strcmp(a->end.message, b->end.message) == 0 &&
               memcmp(&a->capture, &b->capture, sizeof a->capture) == 0 && a->unknown == b->unknown &&
               a->repeated == b->repeated;
}

void expect_same_records(const char *what, const char *text, size_t len, const struct records *whole,
                         struct cut cut)
{
        struct records other = parse(text, len, cut);
        char shown[256];

        snprintf(shown, sizeof shown, "%.180s: cut at %zu, seed %d, first %zu", what, cut.most, (int)cut.seed,
                 cut.first);
        equal_number(shown, same_records(whole, &other), true, __FILE__, __LINE__);
        records_free(&other);
}

struct records parse_each_way(const char *what, const char *text, size_t len)
{
        static const struct cut cuts[] = {
                { 3072, 0, 0 }, { 5000, 1, 0 }, { 150, 2, 0 }, { 17, 3, 0 }, { 3, 4, 0 }, { 1, 0, 0 },
        };
        size_t count =
                len < 1 << 20 ? sizeof cuts / sizeof *cuts : 2; /* cutting a large text small takes long */
        struct records whole = parse(text, len, WHOLE);

        for (size_t i = 0; i < count; i++)
                expect_same_records(what, text, len, &whole, cuts[i]);
        return whole;
}

void expect_same_in_two_pieces(const char *what, const char *text, size_t len)
{
        struct records whole = parse(text, len, WHOLE);

        for (size_t first = 1; first < len; first++)
                expect_same_records(what, text, len, &whole, (struct cut){ len, 0, first });
        records_free(&whole);
}

/* Captures ------------------------------------------------------------------ */

static const struct {
        const char *key;
        size_t known, place; /* in struct mema_facts */
} figures[] = {
#define FIGURE(of, member)                                              \
        {                                                               \
#of "." #member, offsetof(struct mema_facts, of.known), \
                        offsetof(struct mema_facts, of.member)          \
        }
        FIGURE(malloc, mapped),   FIGURE(malloc, arena),     FIGURE(malloc, in_use),
        FIGURE(malloc, retained), FIGURE(go, metadata),      FIGURE(go, work_buffers),
        FIGURE(go, heap_live),    FIGURE(go, heap_objects),  FIGURE(go, heap_unused),
        FIGURE(go, heap_free),    FIGURE(go, heap_released), FIGURE(go, heap_stacks),
#undef FIGURE
};

static uint64_t fact(const struct mema_facts *f, size_t place)
{
        uint64_t value;

        memcpy(&value, (const char *)f + place, sizeof value);
        return value;
}

size_t put_facts(char *text, size_t size, const struct mema_facts *before, const struct mema_facts *after)
{
        size_t len = (size_t)snprintf(text, size, "# memanalyzer capture: 1\n");

        for (uint64_t i = 0; i < before->go.anchor_count; i++)
                len += (size_t)snprintf(text + len, size - len, "# go.anchor: 0x%" PRIx64 "\n",
                                        before->go.anchors[i]);
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
                if (fact(before, figures[i].known))
                        len += (size_t)snprintf(text + len, size - len, "# %s: %" PRIu64 " %" PRIu64 "\n",
                                                figures[i].key, fact(before, figures[i].place),
                                                fact(after, figures[i].place));
        return len;
}

/* Reports ------------------------------------------------------------------ */

bool is_rollup(const struct mema_region *g)
{
        return g->name_length == 8 && memcmp(g->name, "[rollup]", 8) == 0;
}

uint64_t region_column(const struct mema_region *g, unsigned field)
{
        if (field != MEMA_FIELD_SIZE || g->present & MEMA_BIT(MEMA_FIELD_SIZE) || is_rollup(g))
                return g->value[field];
        return mema_region_span(g);
}

enum mema_status report_of_capture(struct mema_report *r, const char *lines, const char *smaps, size_t len,
                                   const struct mema_context *context, const struct mema_options *options)
{
        static struct mema_smaps p;
        struct mema_error error;
        enum mema_status status;

        mema_report_init(r, context, options);
        mema_smaps_init(&p);
        status = mema_collect_feed(r, &p, lines, strlen(lines), &error);
        if (status == MEMA_STATUS_MORE)
                status = mema_collect_feed(r, &p, smaps, len, &error);
        if (status == MEMA_STATUS_MORE)
                status = mema_collect_feed(r, &p, NULL, 0, &error);
        mema_report_finish(r, NULL);
        return status;
}

enum mema_status report_of(struct mema_report *r, const char *text, size_t len,
                           const struct mema_context *context, const struct mema_options *options)
{
        return report_of_capture(r, "", text, len, context, options);
}

enum mema_status make_report(struct mema_report *r, const char *text, const struct mema_context *context,
                             uint64_t top, enum mema_sort sort)
{
        struct mema_options options = { .top = top, .sort = sort };

        return report_of(r, text, strlen(text), context, &options);
}

struct mema_region numbered(uint64_t n, uint64_t kb, const char *name)
{
        static struct mema_region g;

        g.start = (n + 1) << 20;
        g.end = g.start + (1 << 20);
        g.line = n;
        strcpy(g.perms, "rw-p");
        g.present = MEMA_BIT(MEMA_FIELD_RSS);
        g.value[MEMA_FIELD_RSS] = kb << 10;
        g.name_length = strlen(name);
        memcpy(g.name, name, strlen(name));
        return g;
}

static void expect_same_column(const char *what, unsigned field, uint64_t sum, uint64_t total)
{
        char shown[256] = "";

        if (sum != total)
                snprintf(shown, sizeof shown, "%.150s: the sum of %s", what, mema_field_label(field));
        equal_number(shown, sum, total, __FILE__, __LINE__);
}

static void expect_bounds(const char *what, const struct mema_report *r)
{
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                const struct mema_category *c = &r->category[i];
                uint64_t rss = c->sums.value[MEMA_FIELD_RSS];
                char shown[256];

                if (c->low <= rss && rss <= c->high)
                        continue;
                snprintf(shown, sizeof shown, "%.150s: low <= %s <= high", what, mema_category_stable_id(i));
                is_true(shown, false, __FILE__, __LINE__);
        }
}

/* Asserts that parts add up to the whole, or that all are 0, and that bounds are in order.  If the parts have
 * committed less than is resident, they can add up to what they have committed. */
static void expect_parts(const char *what, const struct mema_report *r, unsigned first, unsigned last,
                         uint64_t whole)
{
        uint64_t sum = 0, committed = 0;

        for (unsigned i = first; i <= last; i++) {
                const struct mema_part *part = &r->part[i];

                is_true(what, part->low <= part->rss && part->rss <= part->high, __FILE__, __LINE__);
                sum += part->rss;
                committed += part->committed;
        }
        is_true(what, sum == whole || (sum < whole && sum == committed), __FILE__, __LINE__);
}

/* Asserts that a category is verified only if its proof held, and that `held` is what the numbers say. */
static void expect_proofs(const char *what, const struct mema_report *r)
{
        static const unsigned char proof_of[MEMA_CATEGORY_COUNT] = {
                [MEMA_CATEGORY_GO_HEAP] = 1 + MEMA_PROOF_GO_HEAP,
                [MEMA_CATEGORY_GO_STACK] = 1 + MEMA_PROOF_GO_HEAP,
                [MEMA_CATEGORY_MALLOC_ARENAS] = 1 + MEMA_PROOF_MALLOC,
                [MEMA_CATEGORY_MALLOC_MMAP] = 1 + MEMA_PROOF_MALLOC_MMAP,
        };

        for (unsigned i = 0; i < MEMA_PROOF_COUNT; i++) {
                const struct mema_proof *p = &r->proof[i];

                is_true(what,
                        p->held == (p->known && p->least <= p->found && p->found <= p->most + p->beside),
                        __FILE__, __LINE__);
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                is_true(what,
                        r->category[i].method != MEMA_METHOD_VERIFIED ||
                                (proof_of[i] > 0 && r->proof[proof_of[i] - 1].held &&
                                 r->category[i].low == r->category[i].high),
                        __FILE__, __LINE__);
}

static void expect_names(const char *what, const struct mema_report *r)
{
        const struct mema_sums *named = &r->category[MEMA_CATEGORY_NAMED].sums;
        uint64_t rss = 0, mappings = 0;

        for (uint64_t i = 0; i < r->name_count; i++) {
                struct mema_name name;

                mema_report_name(r, i, &name);
                rss += name.sums.value[MEMA_FIELD_RSS];
                mappings += name.sums.mappings;
        }
        expect_same_column(what, MEMA_FIELD_RSS, rss, named->value[MEMA_FIELD_RSS]);
        EQUAL(mappings, named->mappings);
}

void expect_law(const char *what, const struct mema_report *r)
{
        uint64_t mappings = 0;

        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                uint64_t sum = 0;

                for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                        sum += r->category[i].sums.value[f];
                expect_same_column(what, f, sum, r->totals.value[f]);
        }
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                mappings += r->category[i].sums.mappings;
        EQUAL(mappings, r->totals.mappings);
        EQUAL(r->category[MEMA_CATEGORY_UNATTRIBUTED].sums.value[MEMA_FIELD_RSS], 0);
        expect_bounds(what, r);
        expect_parts(what, r, MEMA_PART_HEAP_MARKED, MEMA_PART_HEAP_RELEASED,
                     r->category[MEMA_CATEGORY_GO_HEAP].sums.value[MEMA_FIELD_RSS]);
        expect_parts(what, r, MEMA_PART_MALLOC_IN_USE, MEMA_PART_MALLOC_RETAINED,
                     r->category[MEMA_CATEGORY_MALLOC_MAIN].sums.value[MEMA_FIELD_RSS] +
                             r->category[MEMA_CATEGORY_MALLOC_ARENAS].sums.value[MEMA_FIELD_RSS]);
        expect_proofs(what, r);
        expect_names(what, r);
}

/* The part of region `n` from `start` on, without the resident bytes of the eight regions before it. */
static struct mema_region *part_of(const struct counted *c, const struct mema_region *g, uint64_t start)
{
        struct mema_region *part = malloc(sizeof *part);
        uint64_t rss = g->value[MEMA_FIELD_RSS], rest = g->end - start, all = g->end - g->start, was = rss;

        for (size_t i = c->count > 8 ? c->count - 8 : 0; i < c->count; i++) {
                const struct mema_region *b = c->region[i];
                uint64_t from = b->start > g->start ? b->start : g->start;

                if (from - b->start < b->end - b->start)
                        rss = sat_sub(rss,
                                      share_of(b->value[MEMA_FIELD_RSS], b->end - from, b->end - b->start));
        }
        rss = max_u64(rss, sat_sub(was, all - rest));
        rss = min_u64(rss, min_u64(was, rest));
        *part = *g;
        part->start = start;
        part->offset += g->inode ? all - rest : 0;
        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++)
                if (kinds[f] == MEMA_KIND_SUM)
                        part->value[f] = f == MEMA_FIELD_SIZE || was == 0 ? share_of(g->value[f], rest, all)
                                                                          : share_of(g->value[f], rss, was);
        part->value[MEMA_FIELD_RSS] = rss;
        return part;
}

struct counted counted_of(const struct records *records)
{
        struct counted c = { calloc(records->count + 1, sizeof *c.region), 0, 0 };
        uint64_t highest = 0;

        for (size_t i = 0; i < records->count; i++) {
                struct mema_region *g = &records->region[i],
                                   *last = c.count > 0 ? c.region[c.count - 1] : NULL;

                if (last && !is_rollup(g) && g->start <= last->start && g->end - 1 > last->end - 1) {
                        if (last < records->region || last >= records->region + records->count)
                                free(last);
                        c.count--;
                        c.grown++;
                }
                highest = 0;
                for (size_t k = 0; k < c.count; k++)
                        highest = max_u64(highest, c.region[k]->end - 1);
                if (c.count > 0 && !is_rollup(g) && g->start <= highest && g->end - 1 > highest)
                        g = part_of(&c, g, highest + 1);
                c.region[c.count++] = g;
        }
        return c;
}

void counted_free(struct counted *c, const struct records *records)
{
        for (size_t i = 0; i < c->count; i++)
                if (c->region[i] < records->region || c->region[i] >= records->region + records->count)
                        free(c->region[i]);
        free(c->region);
}

void expect_totals(const char *what, const struct mema_report *r, const struct records *records)
{
        struct counted c = counted_of(records);

        EQUAL(r->totals.mappings, c.count);
        EQUAL(r->checks.grown, c.grown);
        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                uint64_t sum = 0, present = 0;

                if (kinds[f] != MEMA_KIND_SUM)
                        continue;
                for (size_t i = 0; i < c.count; i++)
                        sum += region_column(c.region[i], f);
                for (size_t i = 0; i < records->count; i++)
                        present |= records->region[i].present & MEMA_BIT(f);
                expect_same_column(what, f, r->totals.value[f], sum);
                if (f == MEMA_FIELD_RSS && sum == 0 && r->checks.contradictory > 0)
                        present = 0;
                if (f != MEMA_FIELD_SIZE)
                        equal_number(mema_field_label(f), r->totals.present & MEMA_BIT(f), present, __FILE__,
                                     __LINE__);
        }
        counted_free(&c, records);
}
