/* test_json.c - the JSON of a report, byte by byte; go/readers_test.go gives it to JSON parsers. */
#include "expect_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mema_report r;

static char *json_with(const char *input, const struct mema_output_options *wanted)
{
        struct mema_output_options options = *wanted;
        char *text;

        options.format = MEMA_FORMAT_JSON;
        make_report(&r, input, NULL, MEMA_ALL, MEMA_SORT_ADDRESS);
        text = write_by(&r, &options, WHOLE);
        mema_report_free(&r);
        return text;
}

static char *json_of(const char *input)
{
        return json_with(input, &(struct mema_output_options){ 0 });
}

static void expect_part(char *text, const char *part)
{
        if (!strstr(text, part))
                SAME_TEXT(text, part);
        free(text);
}

static void a_figure_that_the_kernel_did_not_print_is_null(void)
{
        expect_part(json_of("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\nSwap: 0 kB\n"),
                    "\"totals\": { \"mappings\": 1, \"virtual\": 4096, \"rss\": 4096, \"pss\": null,");
        expect_part(
                json_of("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\nSwap: 0 kB\n"),
                "\"swap\": 0, \"swap_pss\": null, \"locked\": null, \"hugetlb\": null, \"vm_flags\": null }");
        expect_part(json_of("1000-2000 rw-p 0 0:0 0\n"), "\"low\": null, \"high\": null, \"mappings\": 0,");
        expect_part(json_of("1000-2000 rw-p 0 0:0 0\n"),
                    "\"time\": null, \"pid\": null, \"command\": null, \"source\": \"file\", "
                    "\"age_seconds\": null, \"cost_seconds\": null,");
}

static void shared_and_private_hugetlb_are_one_column(void)
{
        expect_part(
                json_of("1000-2000 rw-p 0 0:0 0\nRss: 0 kB\nShared_Hugetlb: 2 kB\nPrivate_Hugetlb: 3 kB\n"),
                "\"hugetlb\": 5120 }");
}

static void names_are_escaped(void)
{
        static const struct {
                const char *name, *wanted;
        } cases[] = {
                { "/a\"b\\c", "\"/a\\\"b\\\\c\"" },
                { "/\x01\t\x1b\x7f", "\"/\\u0001\\u0009\\u001b\\u007f\"" },
                { "/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"/\\u00e9\\u20ac\\ud83d\\ude00\"" },
                { "/\xf4\x8f\xbf\xbf", "\"/\\udbff\\udfff\"" },
                { "/\xff\xc3(", "\"/\\uefff\\uefc3(\"" },
                /* U+EF80 stands for a byte: it becomes its own three bytes, unlike its neighbors. */
                { "/\xee\xbe\x80", "\"/\\uefee\\uefbe\\uef80\"" },
                { "/\xee\xbb\xbf\xef\x80\x80", "\"/\\ueeff\\uf000\"" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char input[128];

                snprintf(input, sizeof input, "1000-2000 r--p 0 08:02 17 %s\nRss: 4 kB\n", cases[i].name);
                expect_part(json_of(input), cases[i].wanted);
        }
}

/* Six bytes for each byte of the name. */
static void the_longest_line_is_complete(void)
{
        static char input[MEMA_NAME_MAX + 100], wanted[MEMA_NAME_MAX * 6 + 16];
        size_t n = (size_t)sprintf(input, "1000-2000 r--p 0 08:02 17 "), length = 0;

        memset(input + n, '\x01', MEMA_NAME_MAX);
        strcpy(input + n + MEMA_NAME_MAX, "\nRss: 4 kB\nVmFlags: rd wr\n");
        for (size_t i = 0; i < MEMA_NAME_MAX; i++)
                length += (size_t)sprintf(wanted + length, "\\u0001");
        strcpy(wanted + length, "\"");
        expect_part(json_of(input), wanted);
        expect_part(json_of(input), "\"vm_flags\": \"rd wr\" }\n  ],\n  \"warnings\": []\n}\n");
}

static void hidden_addresses_are_null(void)
{
        static const struct mema_output_options hidden = { .hide_addresses = 1 };

        expect_part(json_with("1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n", &hidden),
                    "{ \"start\": null, \"end\": null, \"perms\": \"rw-p\"");
}

static void times_are_in_rfc_3339(void)
{
        static const struct {
                uint64_t seconds;
                const char *wanted;
        } cases[] = {
                { 1, "\"time\": \"1970-01-01T00:00:01.000000042Z\", \"pid\": 7," },
                { 951827696, "2000-02-29T12:34:56.000000042Z" },
                { 1709251199, "2024-02-29T23:59:59.000000042Z" },
                { 1709251200, "2024-03-01T00:00:00.000000042Z" },
                { 1798761599, "2026-12-31T23:59:59.000000042Z" },
                { 4107542400, "2100-03-01T00:00:00.000000042Z" },
                { 18446744073, "2554-07-21T23:34:33.000000042Z" },
        };

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct mema_output_options options = {
                        .origin = { .kind = MEMA_ORIGIN_PROCESS,
                                    .pid = 7,
                                    .began = cases[i].seconds * 1000000000 + 42,
                                    .cost = 1500000 },
                };

                expect_part(json_with("1000-2000 rw-p 0 0:0 0\n", &options), cases[i].wanted);
                expect_part(json_with("1000-2000 rw-p 0 0:0 0\n", &options),
                            "\"age_seconds\": 0.000000000, \"cost_seconds\": 0.001500000,");
        }
}

/* A region that is itself named "other names" keeps that name. */
static void the_sum_of_other_names_has_no_name(void)
{
        struct mema_output_options options = { .format = MEMA_FORMAT_JSON };

        mema_report_init(&r, NULL, NULL);
        r._names.other.mappings = 3;
        r.checks.other_named = 3;
        mema_report_finish(&r, NULL);
        expect_part(write_by(&r, &options, WHOLE), "\"names\": [\n    { \"name\": null, \"mappings\": 3,");
        expect_part(json_of("1000-2000 rw-p 0 0:0 0 [anon:other names]\nRss: 4 kB\n"),
                    "\"names\": [\n    { \"name\": \"other names\", \"mappings\": 1,");
}

static void an_unset_limit_is_null(void)
{
#define LIMITS(go) go "1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n"
        expect_part(json_of(LIMITS("")), "\"go_gomemlimit\": null, \"go_gogc\": null }");
        expect_part(
                json_of(LIMITS("# go.gomemlimit: 9223372036854775807\n# go.gogc: 18446744073709551615\n")),
                "\"go_gomemlimit\": null, \"go_gogc\": 18446744073709551615 }");
        expect_part(json_of(LIMITS("# go.gomemlimit: 9223372036854775806\n# go.gogc: 0\n")),
                    "\"go_gomemlimit\": 9223372036854775806, \"go_gogc\": 0 }");
#undef LIMITS
}

SUITE(json, CASE(a_figure_that_the_kernel_did_not_print_is_null),
      CASE(shared_and_private_hugetlb_are_one_column), CASE(names_are_escaped),
      CASE(the_longest_line_is_complete), CASE(hidden_addresses_are_null), CASE(times_are_in_rfc_3339),
      CASE(the_sum_of_other_names_has_no_name), CASE(an_unset_limit_is_null));
