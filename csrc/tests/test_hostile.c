/* test_hostile.c - the checklist of hostile inputs: testdata/hostile has at least one file for each item, and
 * cases.tsv the outcome that is wanted.
 *
 * Suite `hostile` reads these files, suite `large` those in large/, with a limit on the command's memory. */
#define _GNU_SOURCE
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "testdata/hostile"
#define TABLE FOLDER "/cases.tsv"
#define PROGRAM "bin/memanalyzer"

enum { ITEMS = 39, SMALL = 1000 };

static struct mema_report r;

/* The table ------------------------------------------------------------------ */

/* Returns the file of the next row, NUL-terminated in place, with the rest of the row in *outcome; skips
 * comments. NULL at the end. */
static char *next_row(char **text, char **outcome)
{
        for (char *line; (line = strsep(text, "\n"));) {
                *outcome = strchr(line, '\t');
                if (*line == '#' || *line == '\0')
                        continue;
                if (*outcome)
                        *(*outcome)++ = '\0';
                else
                        equal_text(TABLE, line, "(a file and an outcome)", __FILE__, __LINE__);
                return line;
        }
        return NULL;
}

static char *table(void)
{
        struct guarded file = guarded_file(TABLE);
        char *text = strndup(file.data ? file.data : "", file.len);

        guarded_free(&file);
        return text;
}

/* The outcomes of one file, one per line. */
static char *wanted_of(const char *path)
{
        char *text = table(), *rest = text, *file, *outcome, *wanted = calloc(1, strlen(text) + 1);

        while ((file = next_row(&rest, &outcome)))
                if (strcmp(file, path + sizeof FOLDER) == 0)
                        strcat(strcat(wanted, outcome), "\n");
        free(text);
        return wanted;
}

static void each_row_has_a_file_and_each_item_has_rows(void)
{
        char *text = table(), *rest = text, *file, *outcome;
        bool has[ITEMS + 1] = { false };

        while ((file = next_row(&rest, &outcome))) {
                const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
                char path[256];
                int item = atoi(name);

                snprintf(path, sizeof path, FOLDER "/%s", file);
                equal_number(path, access(path, R_OK) == 0, true, __FILE__, __LINE__);
                equal_number(path, item >= 1 && item <= ITEMS, true, __FILE__, __LINE__);
                has[item >= 1 && item <= ITEMS ? item : 0] = true;
        }
        for (int i = 1; i <= ITEMS; i++) {
                char shown[32];

                snprintf(shown, sizeof shown, "files of item %d", i);
                equal_number(shown, has[i], true, __FILE__, __LINE__);
        }
        free(text);
}

/* Outcomes --------------------------------------------------------------------- */

static void put_name(FILE *out, const char *name, size_t len)
{
        enum { LONGEST = 64, END = 24 };

        fputc('"', out);
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)name[i];

                if (len > LONGEST && i == END) {
                        fputs("...", out);
                        i = len - END - 1;
                } else if (c < ' ' || c > '~') {
                        fprintf(out, "\\x%02x", c);
                } else {
                        fprintf(out, c == '\\' || c == '"' ? "\\%c" : "%c", c);
                }
        }
        fputc('"', out);
        if (len > LONGEST)
                fprintf(out, " (%zu bytes)", len);
}

/* Writes "Size 4096, Rss 4096": the fields that add up. */
static void put_columns(FILE *out, uint64_t present, const uint64_t *value)
{
        const char *between = "";

        for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++) {
                if (kinds[f] != MEMA_KIND_SUM || !(present & MEMA_BIT(f)))
                        continue;
                fprintf(out, "%s%s %llu", between, mema_field_label(f), (unsigned long long)value[f]);
                between = ", ";
        }
}

static void put_totals(FILE *out)
{
        const char *sign = " = ";

        fprintf(out, "Mappings %llu, ", (unsigned long long)r.totals.mappings);
        put_columns(out, r.totals.present, r.totals.value);
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++) {
                uint64_t rss = r.category[i].sums.value[MEMA_FIELD_RSS];

                if (rss == 0)
                        continue;
                fprintf(out, "%s%s %llu", sign, mema_category_stable_id(i), (unsigned long long)rss);
                sign = " + ";
        }
        fputc('\n', out);
}

static void put_mapping(FILE *out, uint64_t index)
{
        static struct mema_region g;

        mema_report_row(&r, index, &g);
        fprintf(out, "%llx-%llx %s %llx %llx:%llx %llu ", (unsigned long long)g.start,
                (unsigned long long)g.end, g.perms, (unsigned long long)g.offset,
                (unsigned long long)g.device_major, (unsigned long long)g.device_minor,
                (unsigned long long)g.inode);
        put_name(out, g.name, (size_t)g.name_length);
        if (g.vm_flags[0] != '\0')
                fprintf(out, " [%s]", g.vm_flags);
        fprintf(out, " %s%s: ", mema_category_stable_id((unsigned)g.category),
                g.method == MEMA_METHOD_INFERRED ? " (inferred)" : "");
        put_columns(out, g.present, g.value);
        fputc('\n', out);
}

/* The report as rows of the table. */
static char *describe(const struct mema_error *error)
{
        static const char *const words[MEMA_STATUS_COUNT] = {
                [MEMA_STATUS_EMPTY] = "empty",
                [MEMA_STATUS_MALFORMED] = "malformed",
                [MEMA_STATUS_OVERFLOW] = "overflow",
                [MEMA_STATUS_TRUNCATED] = "truncated",
        };
        uint64_t shown = r.row_count > 8 ? 2 : r.row_count;
        char *text, warning[160];
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (error->status != MEMA_STATUS_END) {
                fprintf(out, "%s at %llu:%llu: %s\n", words[error->status], (unsigned long long)error->line,
                        (unsigned long long)error->column, error->message);
        } else {
                put_totals(out);
                for (uint64_t i = 0; i < shown; i++)
                        put_mapping(out, i);
                if (shown < r.row_count)
                        fprintf(out, "and %llu more\n", (unsigned long long)(r.row_count - shown));
                for (unsigned i = 0; mema_report_warning(&r, i, warning, sizeof warning) > 0; i++)
                        fprintf(out, "warning: %s\n", warning);
        }
        fclose(out);
        return text;
}

/* Makes the report of a text in pieces of `most` bytes. */
static void read_text(const char *text, size_t len, size_t most, struct mema_error *error)
{
        static const struct mema_options options = { .top = MEMA_ALL, .sort = MEMA_SORT_SIZE };
        static struct mema_smaps p;
        enum mema_status status = MEMA_STATUS_MORE;

        mema_report_init(&r, NULL, &options);
        mema_smaps_init(&p);
        for (size_t used = 0, n; used < len && status == MEMA_STATUS_MORE; used += n) {
                n = len - used < most ? len - used : most;
                status = mema_collect_feed(&r, &p, text + used, n, error);
        }
        if (status == MEMA_STATUS_MORE)
                status = mema_collect_feed(&r, &p, NULL, 0, error);
        error->status = status;
        mema_report_finish(&r, NULL);
}

/* Asserts that the command fails with one line on stderr if there is an error, and else writes nothing there.
 */
static void expect_command(const char *path, struct output o, const char *input,
                           const struct mema_error *error)
{
        char err[1024] = "";

        if (error->status == MEMA_STATUS_EMPTY)
                snprintf(err, sizeof err, "memanalyzer: %s: %s, or nothing was written to it\n", input,
                         error->message);
        else if (error->status != MEMA_STATUS_END)
                snprintf(err, sizeof err, "memanalyzer: %s:%llu:%llu: %s\n", input,
                         (unsigned long long)error->line, (unsigned long long)error->column, error->message);
        equal_number(path, (uint64_t)o.status, err[0] != '\0', __FILE__, __LINE__);
        equal_text(path, o.err, err, __FILE__, __LINE__);
        equal_number(path, o.out[0] == '\0', err[0] != '\0', __FILE__, __LINE__);
        expect_harmless(path, o.out);
        expect_harmless(path, o.err);
        output_free(&o);
}

/* Asserts that the report of the text, whole and in pieces, has the outcome in the table. */
static void expect_outcome(const char *path, const char *text, size_t len, struct mema_error *error)
{
        char *wanted = wanted_of(path), *got;

        for (size_t most = SIZE_MAX; most > 0; most = most == SIZE_MAX ? 3000 : 0) {
                read_text(text, len, most, error);
                got = describe(error);
                equal_text(path, got, wanted, __FILE__, __LINE__);
                expect_law(path, &r);
                mema_report_free(&r);
                free(got);
        }
        free(wanted);
}

static bool is_large(const char *path)
{
        return strstr(path, "/large/") != NULL;
}

/* The files -------------------------------------------------------------------- */

static void saved_file(const char *path)
{
        struct guarded file = guarded_file(path);
        struct mema_error error;
        struct records records = parse_each_way(path, file.data, file.len);

        if (file.len < SMALL)
                expect_same_in_two_pieces(path, file.data, file.len);
        expect_outcome(path, file.data, file.len, &error);
        expect_command(path, run_program((char *const[]){ PROGRAM, "-f", (char *)path, "-all", NULL }, NULL),
                       path, &error);
        records_free(&records);
        guarded_free(&file);
}

static void generated_file(const char *path)
{
        struct output script = run_program((char *const[]){ "/bin/sh", (char *)path, NULL }, NULL);
        struct mema_error error;

        equal_number(path, (uint64_t)script.status, 0, __FILE__, __LINE__);
        expect_outcome(path, script.out, strlen(script.out), &error);
        if (!is_large(path)) {
                struct records records = parse_each_way(path, script.out, strlen(script.out));

                expect_command(path,
                               run_program((char *const[]){ PROGRAM, "-f", "-", "-all", NULL }, script.out),
                               "standard input", &error);
                records_free(&records);
        }
        output_free(&script);
}

static void small_generated_file(const char *path)
{
        if (!is_large(path))
                generated_file(path);
}

static void each_file_is_read_as_the_table_says(void)
{
        TRUE(each_file(FOLDER, ".smaps", saved_file) > ITEMS);
        TRUE(each_file(FOLDER, ".sh", small_generated_file) > 0);
}

static void each_large_file_is_read_as_the_table_says(void)
{
        TRUE(each_file(FOLDER "/large", ".sh", generated_file) > 0);
}

/* Memory ----------------------------------------------------------------------- */

/* Runs the command on the text of a generator, with a limit on its address space in kB. */
static void expect_in(char *kb, char *generator, char *top, uint64_t mappings, bool all_listed)
{
        static char pipeline[] =
                "eval \"$1\" | (ulimit -v \"$0\"; exec " PROGRAM " -f - -unit B -top \"$2\")";
        char *const argv[] = { "/bin/sh", "-c", pipeline, kb, generator, top, NULL };
        struct output o = run_program(argv, NULL);
        const char *lost = strstr(o.out, "lack of memory: "), *rss = strstr(o.out, "RSS (Resident):");
        uint64_t listed = 0;

        for (const char *at = strchr(o.out, '\n'); at; at = strchr(at + 1, '\n'))
                listed += strncmp(at, "\n7f", 3) == 0;
        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        EQUAL(rss ? strtoull(rss + 15, NULL, 10) : 0, mappings * 4096);
        EQUAL(lost == NULL, all_listed);
        if (strcmp(top, "all") == 0)
                EQUAL(listed + (lost ? strtoull(lost + 16, NULL, 10) : 0), mappings);
        else
                EQUAL(listed, strtoull(top, NULL, 10));
        output_free(&o);
}

static void a_million_mappings_in_bounded_memory(void)
{
        static char generator[] = "sh " FOLDER "/large/36-1048576-mappings.sh";

        expect_in("16384", generator, "20", 1 << 20, true);
        expect_in("600000", generator, "all", 1 << 20, true);
}

/* Rows are dropped and counted, and the totals stay right, if the system has no more memory, and if the arena
 * has reached its limit of 1 GiB. */
static void rows_are_dropped_if_memory_runs_out(void)
{
        static char long_names[] = "awk 'BEGIN { for (; i < 4000; i++) name = name \"x\";"
                                   " for (i = 0; i < 300000; i++) printf \"7f%07x000-7f%07x000"
                                   " r--p 00001000 08:02 17 /%s\\nRss: 4 kB\\n\", 2*i, 2*i + 1, name }'";

        expect_in("65536", "sh " FOLDER "/large/36-1048576-mappings.sh", "all", 1 << 20, false);
        expect_in("1200000", long_names, "all", 300000, false);
}

SUITE(hostile, CASE(each_row_has_a_file_and_each_item_has_rows), CASE(each_file_is_read_as_the_table_says));
SUITE(large, CASE(each_large_file_is_read_as_the_table_says), CASE(a_million_mappings_in_bounded_memory),
      CASE(rows_are_dropped_if_memory_runs_out));
