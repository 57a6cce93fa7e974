/* test_golden.c - reports of whole captures, in every form.
 *
 * UPDATE_GOLDEN=1 in the environment writes the golden files again. */
#include "golden.h"
#include "shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

struct golden {
        char name[64], input[128], top[16], sort[16], unit[16], format[16];
};

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
                struct mema_options wanted = { 0 };
                struct guarded input;
                struct golden g;

                if (line[0] == '#')
                        continue;
                TRUE(sscanf(line, "%63s\t%127s\t%15s\t%15s\t%15s\t%15s", g.name, g.input, g.top, g.sort,
                            g.unit, g.format) == 6);
                wanted.top = strcmp(g.top, "all") == 0 ? MEMA_ALL : strtoull(g.top, NULL, 10);
                wanted.sort = index_of(mema_sort_name, g.sort);
                options.unit = index_of(mema_unit_name, g.unit);
                options.format = index_of(mema_format_name, g.format);
                input = guarded_files(g.input);
                equal_number(g.input, report_of(&r, input.data, input.len, NULL, &wanted), MEMA_STATUS_END,
                             __FILE__, __LINE__);
                each(&g, &options);
                mema_report_free(&r);
                guarded_free(&input);
                count++;
        }
        TRUE(count > 0);
        free(rows);
}

static void compare_golden(const struct golden *g, const struct mema_output_options *options)
{
        char *text = write_by(&r, options, WHOLE);

        expect_golden(g->name, text);
        free(text);
}

static void golden_files(void)
{
        each_golden(compare_golden);
}

static void keep_the_contract(const struct golden *g, const struct mema_output_options *options)
{
        char *text = write_by(&r, options, WHOLE);

        expect_harmless(g->name, text);
        if (options->format == MEMA_FORMAT_TEXT)
                expect_text(g->name, text, rss_in_units(&r, options->unit));
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
