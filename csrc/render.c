/* render.c - the forms of output, and the handing out of their lines in pieces as
 * large as the caller's buffer. */
#include "render.h"

#include "bytes.h"

static const mema_section *const report_sections[MEMA_FORM_COUNT] = {
        [MEMA_FORM_TEXT] = mema_text_sections,
        [MEMA_FORM_JSON] = mema_json_sections,
        [MEMA_FORM_OPENMETRICS] = mema_openmetrics_sections,
        [MEMA_FORM_SMAPS] = mema_smaps_sections,
};

static const mema_section *const diff_sections[MEMA_FORM_COUNT] = {
        [MEMA_FORM_TEXT] = mema_diff_text_sections,
        [MEMA_FORM_JSON] = mema_diff_json_sections,
};

static const unsigned unit_shift[] = {
#define X(id, text, shift) shift,
        MEMA_UNITS(X)
#undef X
};

void mema_put_shown(struct out *o, const char *name, size_t len)
{
        char shown[MEMA_SHOWN_WIDTH + 1];
        struct span s = span_of(shown, mema_escape(shown, sizeof shown, name, len, MEMA_SHOWN_WIDTH));

        for (; s.at < s.end; s.at++) {
                if (*s.at == '(' && SPAN_STARTS(s, "(Resident)"))
                        put(o, "\\x28");
                else
                        put_bytes(o, s.at, 1);
        }
}

void mema_output_init(struct mema_output *w, const struct mema_report *report,
                      const struct mema_output_options *options)
{
        memset(w, 0, offsetof(struct mema_output, line));
        w->report = report;
        if (options)
                w->options = *options;
        if (w->options.form >= MEMA_FORM_COUNT)
                w->options.form = MEMA_FORM_TEXT;
        if (w->options.unit >= MEMA_UNIT_AUTO)
                w->options.unit = report->totals.value[MEMA_RSS] >> 26 ? MEMA_UNIT_MB : MEMA_UNIT_KB;
        w->shift = unit_shift[w->options.unit];
        if (!report->every_sort)
                w->options.top = report->options.top;
        if (!report->every_sort || w->options.sort >= MEMA_SORT_COUNT)
                w->options.sort = report->options.sort;
}

void mema_output_init_diff(struct mema_output *w, const struct mema_diff *diff,
                           const struct mema_output_options *options)
{
        mema_output_init(w, diff->now, options);
        w->diff = diff;
        w->options.top = options ? options->top : 0;
        if (!mema_form_has_differences((unsigned)w->options.form))
                w->options.form = MEMA_FORM_TEXT;
}

static void next_piece(struct mema_output *w)
{
        const mema_section *sections = (w->diff ? diff_sections : report_sections)[w->options.form];
        struct out o = out_to(w->line, sizeof w->line);

        w->piece = w->line;
        w->piece_length = w->piece_given = 0;
        while (o.len == 0 && w->piece_length == 0 && sections[w->section])
                if (!sections[w->section](w, &o)) {
                        w->section++;
                        w->item = w->row = 0;
                }
        if (o.len > 0)
                w->piece_length = o.len;
}

size_t mema_output_next(struct mema_output *w, char *buf, size_t cap)
{
        struct out o = { buf, 0, cap };

        while (o.len < cap) {
                size_t before = o.len;

                if (w->piece_given == w->piece_length)
                        next_piece(w);
                if (w->piece_length == 0)
                        break;
                put_bytes(&o, w->piece + w->piece_given, (size_t)(w->piece_length - w->piece_given));
                w->piece_given += o.len - before;
        }
        return o.len;
}
