/* expect_capture.c - compares two reports, and a report with the one of its capture; see expect_capture.h. */
#include "expect_capture.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_row(const struct mema_region *a, const struct mema_region *b)
{
        return a->start == b->start && a->end == b->end && a->category == b->category &&
               a->method == b->method && a->present == b->present &&
               memcmp(a->value, b->value, sizeof a->value) == 0 && strcmp(a->perms, b->perms) == 0 &&
               strcmp(a->vm_flags, b->vm_flags) == 0 && a->name_length == b->name_length &&
               memcmp(a->name, b->name, (size_t)a->name_length) == 0;
}

static bool same_limits(const struct mema_limits *a, const struct mema_limits *b)
{
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++)
                if (a->known & MEMA_BIT(i) && a->value[i] != b->value[i])
                        return false;
        return a->known == b->known;
}

static const char *unlike_lists(const struct mema_report *a, const struct mema_report *b)
{
        static struct mema_region row[2];
        static char warning[2][160];
        struct mema_name name[2];

        for (uint64_t i = 0; i < a->row_count; i++) {
                mema_report_row(a, i, &row[0]);
                mema_report_row(b, i, &row[1]);
                if (!same_row(&row[0], &row[1]))
                        return "a row";
        }
        for (uint64_t i = 0; i < a->name_count; i++) {
                mema_report_name(a, i, &name[0]);
                mema_report_name(b, i, &name[1]);
                if (memcmp(&name[0].sums, &name[1].sums, sizeof name[0].sums) != 0 ||
                    name[0].length != name[1].length ||
                    memcmp(name[0].name, name[1].name, (size_t)name[0].length) != 0)
                        return "a name";
        }
        for (unsigned i = 0; i == 0 || warning[0][0] != '\0'; i++) {
                mema_report_warning(a, i, warning[0], sizeof warning[0]);
                mema_report_warning(b, i, warning[1], sizeof warning[1]);
                if (strcmp(warning[0], warning[1]) != 0)
                        return "a warning";
        }
        return NULL;
}

const char *first_unlike(const struct mema_report *a, const struct mema_report *b)
{
        static char category[64];
        char program[2][64];

        if (memcmp(&a->totals, &b->totals, sizeof a->totals) != 0)
                return "the totals";
        for (unsigned i = 0; i < MEMA_CATEGORY_COUNT; i++)
                if (memcmp(&a->category[i], &b->category[i], sizeof a->category[i]) != 0) {
                        snprintf(category, sizeof category, "the category %s", mema_category_stable_id(i));
                        return category;
                }
        if (memcmp(a->part, b->part, sizeof a->part) != 0)
                return "a part";
        if (memcmp(a->proof, b->proof, sizeof a->proof) != 0)
                return "a proof";
        mema_report_program(a, program[0], sizeof program[0]);
        mema_report_program(b, program[1], sizeof program[1]);
        if (strcmp(program[0], program[1]) != 0 || a->context.program != b->context.program ||
            strcmp(a->context.go_version, b->context.go_version) != 0)
                return "the program";
        if (!same_limits(&a->context.limits, &b->context.limits))
                return "a limit";
        if (a->row_count != b->row_count || a->name_count != b->name_count)
                return "the number of rows or names";
        return unlike_lists(a, b);
}

char *save_text(const struct mema_report *r, size_t most, size_t *len)
{
        static const struct mema_output_options options = { .format = MEMA_FORMAT_SMAPS };
        static struct mema_output output;
        size_t room = (size_t)r->_text.bytes + (1 << 20) + most, n;
        char *text = malloc(room);

        memset(&output, 0xa5, sizeof output);
        mema_output_init(&output, r, &options);
        for (*len = 0; text && *len + most <= room && (n = mema_output_next(&output, text + *len, most)) > 0;)
                *len += n;
        return text;
}

const char *unlike_when_saved(const struct mema_report *r)
{
        static struct mema_report saved;
        static struct mema_smaps parser;
        static struct mema_error error;
        const char *unlike;
        size_t len;
        char *text = save_text(r, 4096, &len);

        if (!text)
                return "memory for the text";
        mema_report_init(&saved, NULL, &r->options);
        mema_smaps_init(&parser);
        if (mema_collect_feed(&saved, &parser, text, len, &error) == MEMA_STATUS_MORE)
                mema_collect_feed(&saved, &parser, NULL, 0, &error);
        mema_report_finish(&saved, NULL);
        unlike = parser.status == MEMA_STATUS_END ? first_unlike(r, &saved) : error.message;
        mema_report_free(&saved);
        free(text);
        return unlike;
}
