/* test_openmetrics.c - the OpenMetrics of a report, byte by byte; go/readers_test.go gives it to parsers. */
#include "expect_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

static char *metrics_of(const char *input)
{
        static const struct mema_output_options options = { .format = MEMA_FORMAT_OPENMETRICS };
        char *text;

        make_report(&r, input, NULL, 0, MEMA_SORT_RSS);
        text = write_by(&r, &options, WHOLE);
        mema_report_free(&r);
        return text;
}

static void expect_line(const char *text, const char *line)
{
        char whole[512];

        snprintf(whole, sizeof whole, "\n%s\n", line);
        if (!strstr(text, whole))
                SAME_TEXT(text, line);
}

static void labels_are_escaped(void)
{
        char *text = metrics_of("1000-2000 rw-p 0 0:0 0 [anon:a\"b\\c]\nRss: 4 kB\n"
                                "2000-3000 rw-p 0 0:0 0 [anon:\xc3\xa9\xff\x1b]\nRss: 8 kB\n"
                                "3000-4000 rw-p 0 0:0 0 [anon:\xe2\x80\xae]\nRss: 12 kB\n"
                                "4000-5000 rw-p 0 0:0 0 [anon:other]\nRss: 16 kB\n"
                                "5000-6000 rw-p 0 0:0 0 [anon:]\nRss: 20 kB\n");

        expect_harmless("labels", text);
        expect_line(text, "memanalyzer_named_resident_bytes{name=\"a\\\"b\\\\c\"} 4096");
        expect_line(text, "memanalyzer_named_resident_bytes{name=\"\xc3\xa9\xee\xbf\xbf\xee\xbc\x9b\"} 8192");
        expect_line(text,
                    "memanalyzer_named_resident_bytes{name=\"\xee\xbf\xa2\xee\xbe\x80\xee\xbe\xae\"} 12288");
        expect_line(text, "memanalyzer_named_resident_bytes{name=\"other\"} 16384");
        expect_line(text, "memanalyzer_named_resident_bytes{name=\"\"} 20480");
        expect_line(text, "memanalyzer_named_overflow_resident_bytes 0");
        free(text);
}

/* Makes `names` names, n1 the largest, each one page smaller than the one before. */
static void expect_names(unsigned names, uint64_t overflow)
{
        char *input = calloc(names + 1, 64), *text, line[128];
        size_t len = 0, samples = 0;

        for (unsigned i = 1; i <= names; i++)
                len += (size_t)sprintf(input + len, "%x000-%x000 rw-p 0 0:0 0 [anon:n%u]\nRss: %u kB\n", i,
                                       i + 1, names + 1 - i, 4 * (names + 1 - i));
        text = metrics_of(input);
        for (const char *at = text; (at = strstr(at, "\nmemanalyzer_named_resident_bytes{")); at++)
                samples++;
        EQUAL(samples, names < 50 ? names : 50);
        snprintf(line, sizeof line, "memanalyzer_named_resident_bytes{name=\"n%u\"} %u", names, names * 4096);
        expect_line(text, line);
        snprintf(line, sizeof line, "memanalyzer_named_overflow_resident_bytes %u", (unsigned)overflow);
        expect_line(text, line);
        free(text);
        free(input);
}

static void the_number_of_names_is_limited(void)
{
        expect_names(49, 0);
        expect_names(50, 0);
        expect_names(51, 4096);
        expect_names(1023, 4096 * (973 * 974 / 2));
        expect_names(1024, 4096 * (974 * 975 / 2));
        expect_names(1100, 4096ull * (1050ull * 1051 / 2));
}

static void an_unknown_figure_has_no_metric(void)
{
        char *text = metrics_of("1000-2000 rw-p 0 0:0 0 [anon:a]\n");

        SAME_TEXT(text, "# TYPE memanalyzer_mappings gauge\n"
                        "# HELP memanalyzer_mappings Number of mappings.\n"
                        "memanalyzer_mappings 1\n"
                        "# EOF\n");
        free(text);
}

static void an_unset_limit_has_no_metric(void)
{
        char *text = metrics_of("# go.gomemlimit: 9223372036854775807\n# go.gogc: 18446744073709551615\n"
                                "1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n");

        TRUE(!strstr(text, "9223372036854775807"));
        TRUE(!strstr(text, "18446744073709551615"));
        free(text);
}

SUITE(openmetrics, CASE(labels_are_escaped), CASE(the_number_of_names_is_limited),
      CASE(an_unknown_figure_has_no_metric), CASE(an_unset_limit_has_no_metric));
