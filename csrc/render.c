/* render.c - the table of formats, and the lines of an output in pieces of any size. */
#include "render.h"

/* The sections of a report and of differences; NULL if the format has no differences. */
static const struct {
        const mema_section *report, *diff;
} formats[] = {
        [MEMA_FORMAT_TEXT] = { mema_text_sections, mema_text_diff_sections },
        [MEMA_FORMAT_JSON] = { mema_json_sections, mema_json_diff_sections },
        [MEMA_FORMAT_OPENMETRICS] = { mema_openmetrics_sections, NULL },
        [MEMA_FORMAT_SMAPS] = { mema_smaps_sections, NULL },
};
_Static_assert(sizeof formats / sizeof *formats == MEMA_FORMAT_COUNT, "a row for each format");

static const unsigned unit_shift[] = {
#define X(id, text, shift) shift,
        MEMA_UNITS(X)
#undef X
};

/* Below 64 MB, megabytes are too coarse. */
enum { KB_BELOW_SHIFT = 26 };

void mema_output_init(struct mema_output *w, const struct mema_report *report,
                      const struct mema_output_options *options)
{
        uint64_t rss = report->totals.value[MEMA_FIELD_RSS];

        memset(w, 0, offsetof(struct mema_output, _line));
        w->report = report;
        if (options)
                w->options = *options;
        if (w->options.format >= MEMA_FORMAT_COUNT)
                w->options.format = MEMA_FORMAT_TEXT;
        if (w->options.unit >= MEMA_UNIT_AUTO)
                w->options.unit = rss >> KB_BELOW_SHIFT ? MEMA_UNIT_MB : MEMA_UNIT_KB;
        w->shift = unit_shift[w->options.unit];
        if (!report->options.every_sort)
                w->options.top = report->options.top;
        if (!report->options.every_sort || w->options.sort >= MEMA_SORT_COUNT)
                w->options.sort = report->options.sort;
}

void mema_output_init_diff(struct mema_output *w, const struct mema_diff *diff,
                           const struct mema_output_options *options)
{
        mema_output_init(w, diff->now, options);
        w->diff = diff;
        w->options.top = options ? options->top : 0;
        if (!mema_format_has_differences((unsigned)w->options.format))
                w->options.format = MEMA_FORMAT_TEXT;
}

/* The next line becomes w->_piece; its length is 0 at the end. */
static void next_piece(struct mema_output *w)
{
        const mema_section *sections =
                w->diff ? formats[w->options.format].diff : formats[w->options.format].report;
        struct out o = out_to(w->_line, sizeof w->_line);

        w->_piece = w->_line;
        w->_piece_length = w->_piece_given = 0;
        while (o.len == 0 && w->_piece_length == 0 && sections[w->_section])
                if (!sections[w->_section](w, &o)) {
                        w->_section++;
                        w->_item = w->_row = 0;
                }
        if (o.len > 0)
                w->_piece_length = o.len;
}

size_t mema_output_next(struct mema_output *w, char *buf, size_t cap)
{
        struct out o = { buf, 0, cap };

        while (o.len < cap) {
                size_t before = o.len;

                if (w->_piece_given == w->_piece_length)
                        next_piece(w);
                if (w->_piece_length == 0)
                        break;
                put_bytes(&o, w->_piece + w->_piece_given, (size_t)(w->_piece_length - w->_piece_given));
                w->_piece_given += o.len - before;
        }
        return o.len;
}
