/* test_captures.c - texts of real kernels: our own captures in testdata/real and ../shared/captures, and
 * those of other projects in ../shared/corpus. */
#include "records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS "../shared/corpus"
#define CAPTURES "../shared/captures"
#define REAL "testdata/real"

static struct mema_report r;

static bool has(const char *text, const char *part)
{
        return strstr(text, part) != NULL;
}

static void expect_number(const char *path, const char *what, uint64_t got, uint64_t wanted)
{
        char shown[1024];

        snprintf(shown, sizeof shown, "%s: %s", path, what);
        equal_number(shown, got, wanted, __FILE__, __LINE__);
}

/* The text with a NUL behind it, for functions of the C library. */
static char *text_of(const struct guarded *file)
{
        char *text = malloc(file->len + 1);

        if (!text)
                exit(EXIT_FAILURE);
        memcpy(text, file->data, file->len);
        text[file->len] = '\0';
        return text;
}

/* A plain reader to compare with --------------------------------------------- */

static unsigned field_of(const char *label)
{
        unsigned i = 0;

        while (i < MEMA_FIELD_COUNT && strcmp(mema_field_label(i), label) != 0)
                i++;
        return i;
}

/* Whether sscanf reads the header as this region's. */
static bool is_header_of(const char *line, const struct mema_region *g)
{
        uint64_t start, end, offset, major, minor, inode;
        char perms[5];
        int n = 0;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %" SCNx64 ":%" SCNx64 " %" SCNu64 "%n",
                   &start, &end, perms, &offset, &major, &minor, &inode, &n) != 7)
                return false;
        line += n;
        line += strspn(line, " ");
        return g->start == start && g->end == end && strcmp(g->perms, perms) == 0 && g->offset == offset &&
               g->device_major == major && g->device_minor == minor && g->inode == inode &&
               g->name_length == strlen(line) && memcmp(g->name, line, strlen(line)) == 0;
}

/* Whether the lines below a header have the fields and values of the region. */
static bool has_fields(const struct mema_region *g, char **line, char **end)
{
        uint64_t present = 0;

        for (; line < end; line++) {
                char label[32], unit[4] = "";
                uint64_t value;
                unsigned field;

                if (sscanf(*line, "%31[^:]: %" SCNu64 " %3s", label, &value, unit) < 2)
                        continue;
                field = field_of(label);
                if (field == MEMA_FIELD_COUNT)
                        continue;
                present |= MEMA_BIT(field);
                if (g->value[field] != (unit[0] == 'k' ? value * 1024 : value))
                        return false;
        }
        return g->present == present;
}

/* The lines of a text, each ended by a NUL. */
static char **lines_of(char *text, size_t *count)
{
        char **lines = malloc((strlen(text) + 2) * sizeof *lines);

        *count = 0;
        if (!lines)
                exit(EXIT_FAILURE);
        while (*text != '\0') {
                lines[(*count)++] = text;
                text += strcspn(text, "\n");
                if (*text == '\n')
                        *text++ = '\0';
        }
        return lines;
}

static void expect_plain_reading(const char *path, const struct guarded *file, const struct records *records)
{
        size_t count;
        char *text = text_of(file), **lines = lines_of(text, &count);

        for (size_t i = 0; i < records->count; i++) {
                const struct mema_region *g = &records->region[i];
                size_t first = (size_t)g->line - 1;
                size_t last = i + 1 < records->count ? (size_t)records->region[i + 1].line - 1 : count;

                if (first >= count || last > count || !is_header_of(lines[first], g) ||
                    !has_fields(g, lines + first + 1, lines + last))
                        expect_number(path, "is not read as sscanf reads it, line", g->line, 0);
        }
        free(lines);
        free(text);
}

/* Every capture --------------------------------------------------------------- */

static void expect_capture(const char *path)
{
        struct guarded file = guarded_file(path);
        struct records records = parse_each_way(path, file.data, file.len);
        struct mema_options options = { .top = 20, .sort = MEMA_SORT_RSS };

        expect_number(path, "status", records.end.status, MEMA_STATUS_END);
        expect_plain_reading(path, &file, &records);
        EQUAL(report_of(&r, file.data, file.len, NULL, &options), MEMA_STATUS_END);
        expect_law(path, &r);
        expect_totals(path, &r, &records);
        mema_report_free(&r);
        records_free(&records);
        guarded_free(&file);
}

static void our_own_captures_are_read(void)
{
        TRUE(each_file(REAL, ".smaps", expect_capture) > 0);
        TRUE(each_file(REAL, ".smaps_rollup", expect_capture) > 0);
}

static void shared_captures_are_read(void)
{
        if (each_file(CAPTURES, "smaps", expect_capture) <= 0)
                skipped("shared captures", CAPTURES " is not there");
        else
                TRUE(each_file(CAPTURES, "maps", expect_capture) > 0);
}

/* A copy of a capture with CR LF line ends. */
static void expect_same_with_carriage_returns(const char *path)
{
        struct guarded file = guarded_file(path);
        struct records plain = parse(file.data, file.len, WHOLE), other;
        char *text = malloc(2 * file.len);
        size_t len = 0;

        for (size_t i = 0; i < file.len; i++) {
                if (file.data[i] == '\n')
                        text[len++] = '\r';
                text[len++] = file.data[i];
        }
        other = parse_each_way(path, text, len);
        expect_number(path, "with carriage returns: status", other.end.status, MEMA_STATUS_END);
        expect_number(path, "with carriage returns: mappings", other.count, plain.count);
        for (size_t i = 0; i < plain.count && i < other.count; i++)
                if (!same_region(&plain.region[i], &other.region[i]))
                        expect_number(path, "with carriage returns: line", other.region[i].line, 0);
        free(text);
        records_free(&plain);
        records_free(&other);
        guarded_free(&file);
}

static void carriage_returns_change_nothing(void)
{
        TRUE(each_file(REAL, ".smaps", expect_same_with_carriage_returns) > 0);
}

/* The corpus ------------------------------------------------------------------ */

enum { NAME, MAPPINGS = 3, FIRST_SUM, LAST_SUM = 11, NEWLINE, SPECIAL, COLUMNS };

static const enum mema_field column_field[] = {
        MEMA_FIELD_SIZE,          MEMA_FIELD_RSS,          MEMA_FIELD_PSS,          MEMA_FIELD_PRIVATE_CLEAN,
        MEMA_FIELD_PRIVATE_DIRTY, MEMA_FIELD_SHARED_CLEAN, MEMA_FIELD_SHARED_DIRTY, MEMA_FIELD_SWAP,
};

static void expect_columns(const char *path, char *const column[])
{
        expect_number(path, "mappings", r.totals.mappings, strtoull(column[MAPPINGS], NULL, 10));
        for (unsigned i = FIRST_SUM; i <= LAST_SUM; i++) {
                enum mema_field field = column_field[i - FIRST_SUM];
                uint64_t value = r.totals.value[field] >> 10;

                if (column[i][0] != '\0')
                        expect_number(path, mema_field_label(field), value, strtoull(column[i], NULL, 10));
                else if (field != MEMA_FIELD_SIZE)
                        expect_number(path, mema_field_label(field), r.totals.present & MEMA_BIT(field), 0);
        }
}

static void expect_indexed(char *const column[])
{
        char path[256];
        struct guarded file;
        enum mema_status status;

        snprintf(path, sizeof path, CORPUS "/%s", column[NAME]);
        file = guarded_file(path);
        if (column[MAPPINGS][0] != '\0' && file.data) {
                bool rejected = has(column[SPECIAL], "must be rejected");

                status = report_of(&r, file.data, file.len, NULL, NULL);
                expect_number(path, "status", status, rejected ? MEMA_STATUS_MALFORMED : MEMA_STATUS_END);
                if (!rejected)
                        expect_columns(path, column);
                mema_report_free(&r);
                if (!rejected)
                        expect_capture(path);
        }
        guarded_free(&file);
}

static void the_corpus_has_the_sums_of_its_index(void)
{
        struct guarded file = guarded_file(CORPUS "/INDEX.tsv");
        size_t count;
        char *text, **lines;

        if (!file.data) {
                skipped("the corpus", CORPUS " is not there");
                return;
        }
        text = text_of(&file);
        lines = lines_of(text, &count);
        TRUE(count > 20);
        for (size_t i = 1; i < count; i++) {
                char *column[COLUMNS] = { lines[i] };

                for (int k = 1; k < COLUMNS; k++) {
                        char *tab = column[k - 1] ? strchr(column[k - 1], '\t') : NULL;

                        if (tab)
                                *tab = '\0';
                        column[k] = tab ? tab + 1 : strchr(column[k - 1], '\0');
                }
                expect_indexed(column);
        }
        free(lines);
        free(text);
        guarded_free(&file);
}

/* Rollups --------------------------------------------------------------------- */

/* The Go programs read themselves, and changed by this many kB between smaps and its rollup. */
static const struct {
        const char *name;
        uint64_t kb;
} moved[] = { { "go1.25-nameless-6.1", 4 }, { "go1.26-named-6.1", 56 } };

static uint64_t moved_kb(const char *path)
{
        for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
                if (has(path, moved[i].name))
                        return moved[i].kb;
        return 0;
}

/* The kernel rounds these down for each mapping, but only once for a rollup. */
static bool is_cut(unsigned field)
{
        return field == MEMA_FIELD_PSS || field == MEMA_FIELD_PSS_DIRTY || field == MEMA_FIELD_SWAP_PSS;
}

static void expect_rollup(const char *path)
{
        static struct mema_report rollup;
        struct guarded file = guarded_file(path), twin;
        char twin_path[512];

        snprintf(twin_path, sizeof twin_path, "%s_rollup", path);
        twin = guarded_file(twin_path);
        if (twin.data) {
                EQUAL(report_of(&r, file.data, file.len, NULL, NULL), MEMA_STATUS_END);
                EQUAL(report_of(&rollup, twin.data, twin.len, NULL, NULL), MEMA_STATUS_END);
                for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++) {
                        uint64_t sum = r.totals.value[i] >> 10, total = rollup.totals.value[i] >> 10;
                        uint64_t less = moved_kb(path) + (is_cut(i) ? r.totals.mappings : 0);

                        if (!(rollup.totals.present & r.totals.present & MEMA_BIT(i)))
                                continue;
                        if (sum + less < total || sum > total + moved_kb(path))
                                expect_number(twin_path, mema_field_label(i), sum, total);
                }
                mema_report_free(&r);
                mema_report_free(&rollup);
        }
        guarded_free(&twin);
        guarded_free(&file);
}

static void sums_equal_the_rollup(void)
{
        TRUE(each_file(REAL, ".smaps", expect_rollup) > 0);
        if (each_file(CAPTURES, "/smaps", expect_rollup) <= 0)
                skipped("rollups of shared captures", CAPTURES " is not there");
        if (each_file(CORPUS, ".smaps", expect_rollup) <= 0)
                skipped("rollups of the corpus", CORPUS " is not there");
}

/* Sanitizers ------------------------------------------------------------------ */

/* In kB, summed by hand over the mappings with the flags nr and nh at addresses that the kernel did not
 * choose. */
static const struct {
        const char *path;
        uint64_t kb;
} shadows[] = {
        { REAL "/go1.26-race-6.18.smaps", 1728 },
        { REAL "/go1.26-asan-6.18.smaps", 664 },
        { REAL "/go1.26-msan-6.18.smaps", 1176 },
        { REAL "/c-tsan-6.18.smaps", 176 },
};

static void the_shadow_of_sanitizers_is_found(void)
{
        for (size_t i = 0; i < sizeof shadows / sizeof *shadows; i++) {
                struct guarded file = guarded_file(shadows[i].path);
                const struct mema_category *shadow = &r.category[MEMA_CATEGORY_SANITIZER];

                EQUAL(report_of(&r, file.data, file.len, NULL, NULL), MEMA_STATUS_END);
                expect_number(shadows[i].path, "shadow", shadow->sums.value[MEMA_FIELD_RSS],
                              shadows[i].kb << 10);
                EQUAL(shadow->method, MEMA_METHOD_INFERRED);
                mema_report_free(&r);
                guarded_free(&file);
        }
}

/* Damage ---------------------------------------------------------------------- */

static uint64_t chance(uint64_t *seed, uint64_t below)
{
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (*seed >> 33) % below;
}

/* Changes, removes or repeats some bytes; returns the new length.  The text has room for 60 more. */
static size_t damage(char *text, size_t len, uint64_t *seed)
{
        static const char bytes[] = " \t\r\n:-/[0123456789afkBxpRV\0\x80";
        size_t at = (size_t)chance(seed, len), n = 1 + (size_t)chance(seed, 60);

        n = n < len - at ? n : len - at;
        switch (chance(seed, 4)) {
        case 0:
                memmove(text + at, text + at + n, len - at - n);
                return len - n;
        case 1:
                memmove(text + at + n, text + at, len - at);
                return len + n;
        default:
                text[at] = bytes[chance(seed, sizeof bytes)];
                return len;
        }
}

/* Wherever a damaged text is cut, it gives the same regions, and they keep the law. */
static void damaged_captures_keep_the_law(void)
{
        struct guarded file = guarded_file(REAL "/bash-6.18.smaps");
        enum { LENGTH = 3000, TIMES = 400, CHANGES = 8 };
        char text[LENGTH + CHANGES * 64];
        uint64_t seed = 1;

        for (int i = 0; i < TIMES; i++) {
                size_t len = LENGTH, changes = (size_t)chance(&seed, CHANGES);
                size_t from = (size_t)chance(&seed, file.len - LENGTH);
                struct records records;
                char shown[64];

                while (from > 0 &&
                       !(file.data[from - 1] == '\n' && strchr("0123456789abcdef", file.data[from])))
                        from--;
                memcpy(text, file.data + from, LENGTH);
                for (size_t k = 0; k <= changes; k++)
                        len = damage(text, len, &seed);
                snprintf(shown, sizeof shown, "damage %d", i);
                records = parse_each_way(shown, text, len);
                if (report_of(&r, text, len, NULL, NULL) == MEMA_STATUS_END) {
                        expect_law(shown, &r);
                        expect_totals(shown, &r, &records);
                }
                mema_report_free(&r);
                records_free(&records);
        }
        guarded_free(&file);
}

SUITE(captures, CASE(our_own_captures_are_read), CASE(shared_captures_are_read),
      CASE(carriage_returns_change_nothing), CASE(the_corpus_has_the_sums_of_its_index),
      CASE(sums_equal_the_rollup), CASE(the_shadow_of_sanitizers_is_found),
      CASE(damaged_captures_keep_the_law));
