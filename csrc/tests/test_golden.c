/* test_golden.c - reports of whole captures in every format, against testdata/golden. */
#include "golden.h"
#include "expect_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

struct golden {
        char name[64], input[128], top[16], sort[16], unit[16], format[16];
};

/* Calls `each` for every row of cases.tsv with its report in r. */
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

static void expect_golden_file(const struct golden *g, const struct mema_output_options *options)
{
        char *text = write_by(&r, options, WHOLE);

        expect_golden(g->name, text);
        free(text);
}

static void outputs_are_the_golden_files(void)
{
        each_golden(expect_golden_file);
}

static void expect_contract(const struct golden *g, const struct mema_output_options *options)
{
        char *text = write_by(&r, options, WHOLE);

        expect_harmless(g->name, text);
        if (options->format == MEMA_FORMAT_TEXT)
                expect_text(g->name, text, rss_in_units(&r, options->unit));
        free(text);
}

static void rows_add_up_in_every_output(void)
{
        each_golden(expect_contract);
}

static void expect_same_in_pieces(const struct golden *g, const struct mema_output_options *options)
{
        static const size_t caps[] = { 1, 7, 4096 };
        char *whole = write_by(&r, options, WHOLE);

        /* Long outputs are not written byte by byte: that takes seconds. */
        for (size_t i = strlen(whole) > 6000; i < sizeof caps / sizeof *caps; i++) {
                char *text = write_by(&r, options, (struct cut){ caps[i], 0, 0 });

                expect_same_lines(g->name, text, whole);
                free(text);
        }
        free(whole);
}

static void any_buffer_gets_the_same_bytes(void)
{
        each_golden(expect_same_in_pieces);
}

/* A format without a row in the tables of render.c fails here. */
static void every_format_has_an_output(void)
{
        static const char input[] = "1000-2000 rw-p 0 0:0 0 [heap]\nRss: 4 kB\n";
        struct mema_options for_diff = { .for_diff = true };
        struct mema_change room[2];
        struct mema_diff d;

        EQUAL(report_of(&r, input, strlen(input), NULL, &for_diff), MEMA_STATUS_END);
        mema_diff_init(&d, &r, &r, room);
        for (enum mema_format format = 0; format < MEMA_FORMAT_COUNT; format++) {
                struct mema_output_options options = { .format = format };
                char *text = write_by(&r, &options, WHOLE);
                char *diff = write_diff_by(&d, &options, WHOLE);

                TRUE(text[0] != '\0');
                TRUE(diff[0] != '\0');
                free(text);
                free(diff);
        }
        mema_report_free(&r);
}

SUITE(golden, CASE(outputs_are_the_golden_files), CASE(rows_add_up_in_every_output),
      CASE(any_buffer_gets_the_same_bytes), CASE(every_format_has_an_output));
