/* glue.c - the module's exports, which are the calls of binding.go: pointers are addresses in the module's
 * memory, enums and sizes are 32-bit numbers.  A module has one report, and one place for what a call takes
 * and returns. */
#include <stdlib.h>
#include <string.h>

#include "../error.h"
#include "../memanalyzer.h"
#include "../self_labels.h"

#define EXPORT(name) __attribute__((export_name(#name), used)) name

/* Tables */

static const char *status_id(unsigned status)
{
        static const char *const ids[] = {
#define X(id, text) #id,
                MEMA_STATUSES(X)
#undef X
        };

        return status < MEMA_STATUS_COUNT ? ids[status] : NULL;
}

/* The tables of core.Tables, in its order. */
const char *EXPORT(table_text)(unsigned table, unsigned index)
{
        static const char *(*const texts[])(unsigned) = {
                mema_field_label,   mema_group_stable_id, mema_group_name,        mema_category_stable_id,
                mema_category_name, mema_method_name,     mema_part_stable_id,    mema_proof_stable_id,
                mema_limit_id,      mema_allocator_name,  mema_sort_name,         mema_source_name,
                mema_unit_name,     mema_format_name,     mema_format_media_type, status_id,
        };

        return texts[table](index);
}

unsigned EXPORT(category_group)(unsigned category)
{
        return mema_category_group(category);
}

unsigned EXPORT(format_has_differences)(unsigned format)
{
        return mema_format_has_differences(format);
}

/* The place of a call's arguments and results */

static union {
        struct {
                struct mema_facts facts;
                struct mema_limits limits;
                struct mema_options options;
        } begin;
        struct mema_facts facts;
        struct mema_name name;
        struct mema_region region;
        struct mema_output_options output;
        char text[8192];
} place;

static struct mema_error error;

void *EXPORT(place_at)(void)
{
        return &place;
}

void *EXPORT(limits_at)(void)
{
        return &place.begin.limits;
}

void *EXPORT(options_at)(void)
{
        return &place.begin.options;
}

void *EXPORT(error_at)(void)
{
        return &error;
}

/* Sizes of the structs that Go reads, to compare with its own. */
unsigned EXPORT(size_of)(unsigned which)
{
        static const unsigned sizes[] = {
                sizeof(struct mema_facts),          sizeof(struct mema_limits),
                sizeof(struct mema_options),        sizeof(struct mema_error),
                sizeof(struct mema_name),           sizeof(struct mema_region),
                sizeof(struct mema_output_options), offsetof(struct mema_report, _counting),
        };

        return which < sizeof sizes / sizeof *sizes ? sizes[which] : 0;
}

/* The report */

static struct mema_report *report;
static struct mema_smaps *parser;

/* From place.begin; NULL if there is no memory. */
struct mema_report *EXPORT(begin)(void)
{
        report = malloc(sizeof *report);
        if (!report)
                return NULL;
        mema_report_init(report, NULL, &place.begin.options);
        report->context.facts = report->after = place.begin.facts;
        report->context.limits = place.begin.limits;
        return report;
}

unsigned EXPORT(collect)(uint64_t pid)
{
        return mema_collect(report, pid, &error);
}

/* From place.text. */
unsigned EXPORT(feed)(size_t n)
{
        return mema_collect_feed(report, parser, place.text, n, &error);
}

unsigned EXPORT(feed_end)(void)
{
        return mema_collect_feed(report, parser, NULL, 0, &error);
}

/* False, with the error filled in, if there is no memory. */
unsigned EXPORT(feed_begin)(void)
{
        parser = malloc(sizeof *parser);
        if (!parser)
                return mema_fail(&error, MEMA_STATUS_NO_MEMORY, 0, "no memory for the parser") ==
                       MEMA_STATUS_OK;
        mema_smaps_init(parser);
        return true;
}

/* `after`: from place.facts. */
void EXPORT(finish)(unsigned after)
{
        mema_report_finish(report, after ? &place.facts : NULL);
        free(parser);
        parser = NULL;
}

void *EXPORT(limits_found_at)(void)
{
        return &report->context.limits;
}

/* To place.name, place.region and place.text. */
void EXPORT(name)(uint64_t index)
{
        mema_report_name(report, index, &place.name);
}

uint64_t EXPORT(rows)(unsigned sort)
{
        return mema_report_rows_by(report, sort);
}

void EXPORT(row)(unsigned sort, uint64_t index)
{
        mema_report_row_by(report, sort, index, &place.region);
}

size_t EXPORT(warning)(unsigned index)
{
        return mema_report_warning(report, index, place.text, MEMA_WARNING_MAX);
}

/* Writing */

struct writing {
        struct mema_output output;
        struct mema_diff diff;
        struct mema_report *before;
        struct mema_change changes[];
};

/* With place.output; NULL if there is no memory. */
struct writing *EXPORT(write)(void)
{
        struct writing *w = calloc(1, sizeof *w);

        if (w)
                mema_output_init(&w->output, report, &place.output);
        return w;
}

/* The earlier report of a difference is another module's: Go copies its struct and its arena into this one.
 */

unsigned EXPORT(report_size)(void)
{
        return sizeof *report;
}

void *EXPORT(arena_at)(void)
{
        return report->_arena.bytes;
}

uint64_t EXPORT(arena_size)(void)
{
        return report->_arena.size;
}

/* Takes ownership of `before`, which its arena follows. */
struct writing *EXPORT(write_differences)(struct mema_report *before)
{
        bool lost = before->checks.rows_lost + report->checks.rows_lost > 0;
        uint64_t rows = before->row_count + report->row_count;
        struct writing *w = lost ? NULL : calloc(1, sizeof *w + (size_t)rows * sizeof *w->changes);

        if (!w) {
                free(before);
                return NULL;
        }
        before->_arena.bytes = (unsigned char *)(before + 1);
        w->before = before;
        mema_diff_init(&w->diff, before, report, w->changes);
        mema_output_init_diff(&w->output, &w->diff, &place.output);
        return w;
}

/* To place.text. */
size_t EXPORT(next)(struct writing *w, size_t room)
{
        return mema_output_next(&w->output, place.text, room < sizeof place.text ? room : sizeof place.text);
}

void EXPORT(end_writing)(struct writing *w)
{
        free(w->before);
        free(w);
}

/* Labels: the registry of one module is the process's */

/* mema_labels_copy of self_labels_linux.c; self.c has that of the other modules. */
struct mema_labels *mema_labels_of_registry(void);

/* The name is place.text. */
unsigned EXPORT(label)(uint64_t at, uint64_t size, size_t length, uint64_t anchor)
{
        struct mema_label_options options = { .anchor = anchor };

        return mema_label_at(at, size, place.text, length, &options, &error);
}

unsigned EXPORT(remove_label)(uint64_t at, uint64_t size)
{
        return mema_label_remove_at(at, size, &error);
}

struct mema_labels *EXPORT(labels)(void)
{
        return mema_labels_of_registry();
}

void *EXPORT(allocate)(size_t n)
{
        return malloc(n);
}

void EXPORT(release)(void *p)
{
        free(p);
}

/* For the test of a panic: reads beyond the memory. */
unsigned EXPORT(fault)(void)
{
        return *(volatile unsigned *)~(uintptr_t)3;
}
