/* test_golden.c - reports of whole captures, in every form.
 *
 * UPDATE_GOLDEN=1 in the environment writes the golden files again. */
#include "shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

struct golden {
        char name[64], input[128], top[16], sort[16], unit[16], form[16];
};

static uint64_t index_of(const char *(*name)(unsigned), const char *text)
{
        for (unsigned i = 0; name(i); i++)
                if (strcmp(name(i), text) == 0)
                        return i;
        equal_text("a column of cases.tsv", text, "(known)", __FILE__, __LINE__);
        return 0;
}

/* Calls `each` for every row of cases.tsv, with its report made. */
static void each_golden(void (*each)(const struct golden *g, const struct mema_output_options *options))
{
        struct guarded cases = guarded_file("testdata/golden/cases.tsv");
        char *rows = calloc(1, cases.len + 1);
        const char *rest = rows, *line;
        int count = 0;

        memcpy(rows, cases.data, cases.len);
        guarded_free(&cases);
        while ((line = next_line(&rest))) {
                struct mema_output_options options = { 0 };
                struct mema_options wanted;
                struct guarded input;
                struct golden g;

                if (line[0] == '#')
                        continue;
                TRUE(sscanf(line, "%63s\t%127s\t%15s\t%15s\t%15s\t%15s", g.name, g.input, g.top, g.sort,
                            g.unit, g.form) == 6);
                wanted.top = strcmp(g.top, "all") == 0 ? MEMA_ALL : strtoull(g.top, NULL, 10);
                wanted.sort = index_of(mema_sort_name, g.sort);
                options.text.unit = index_of(mema_unit_name, g.unit);
                options.form = index_of(mema_form_name, g.form);
                input = guarded_files(g.input);
                equal_number(g.input, report_of(&r, input.data, input.len, NULL, &wanted), MEMA_END, __FILE__,
                             __LINE__);
                each(&g, &options);
                mema_report_free(&r);
                guarded_free(&input);
                count++;
        }
        TRUE(count > 0);
        free(rows);
}

/* The first line in which they differ, and no other. */
static void expect_same_lines(const char *path, const char *got, const char *wanted)
{
        char shown[256];

        for (int number = 1; *got != '\0' || *wanted != '\0'; number++) {
                size_t a = strcspn(got, "\n"), b = strcspn(wanted, "\n");
                char left[512], right[512];

                a += got[a] == '\n';
                b += wanted[b] == '\n';
                if (a != b || memcmp(got, wanted, a) != 0) {
                        snprintf(shown, sizeof shown, "%.200s:%d", path, number);
                        snprintf(left, sizeof left, "%.*s", (int)a, got);
                        snprintf(right, sizeof right, "%.*s", (int)b, wanted);
                        equal_text(shown, left, right, __FILE__, __LINE__);
                        return;
                }
                got += a;
                wanted += b;
        }
}

static void write_golden(const char *path, const char *text)
{
        FILE *f = fopen(path, "wb");

        TRUE(f != NULL);
        if (f) {
                fputs(text, f);
                fclose(f);
        }
}

static void compare_golden(const struct golden *g, const struct mema_output_options *options)
{
        const char *update = getenv("UPDATE_GOLDEN");
        struct guarded file;
        char path[256], *text = write_by(&r, options, WHOLE), *wanted;

        snprintf(path, sizeof path, "testdata/golden/%s", g->name);
        if (update && strcmp(update, "1") == 0)
                write_golden(path, text);
        file = guarded_file(path);
        equal_number(path, file.data != NULL, true, __FILE__, __LINE__);
        wanted = calloc(1, file.len + 1);
        if (file.len > 0)
                memcpy(wanted, file.data, file.len);
        expect_same_lines(path, text, wanted);
        free(wanted);
        free(text);
        guarded_free(&file);
}

static void golden_files(void)
{
        each_golden(compare_golden);
}

static void keep_the_contract(const struct golden *g, const struct mema_output_options *options)
{
        char *text = write_by(&r, options, WHOLE);

        expect_harmless(g->name, text);
        if (options->form == MEMA_FORM_TEXT)
                expect_text(g->name, text, rss_in_units(&r, options->text.unit));
        free(text);
}

static void rows_add_up_in_every_golden(void)
{
        each_golden(keep_the_contract);
}

static void piece_by_piece(const struct golden *g, const struct mema_output_options *options)
{
        static const size_t caps[] = { 1, 7, 4096 };
        char *whole = write_by(&r, options, WHOLE);

        /* Byte by byte only what is short. */
        for (size_t i = strlen(whole) > 6000; i < sizeof caps / sizeof *caps; i++) {
                char *text = write_by(&r, options, (struct cut){ caps[i], 0, 0 });

                expect_same_lines(g->name, text, whole);
                free(text);
        }
        free(whole);
}

static void any_buffer_gets_the_same_bytes(void)
{
        each_golden(piece_by_piece);
}

SUITE(golden, CASE(golden_files), CASE(rows_add_up_in_every_golden), CASE(any_buffer_gets_the_same_bytes));
