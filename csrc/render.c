/* render.c - the forms of output, and the handing out of their lines in pieces as
 * large as the caller's buffer. */
#include "render.h"

static bool text_lines(struct mema_output *w, struct out *o)
{
        if (w->item++ == 0)
                mema_text_init(&w->text, w->report, &w->options.text);
        o->len = mema_text_next(&w->text, o->buf, o->cap);
        return o->len > 0;
}

static const mema_section text_sections[] = { text_lines, NULL };

static const mema_section *const form_sections[] = {
        [MEMA_FORM_TEXT] = text_sections,
        [MEMA_FORM_JSON] = mema_json_sections,
        [MEMA_FORM_OPENMETRICS] = mema_openmetrics_sections,
};
_Static_assert(sizeof form_sections / sizeof *form_sections == MEMA_FORM_COUNT, "sections for each form");

void mema_output_init(struct mema_output *w, const struct mema_report *report,
                      const struct mema_output_options *options)
{
        memset(w, 0, offsetof(struct mema_output, text));
        w->report = report;
        if (options)
                w->options = *options;
        if (w->options.form >= MEMA_FORM_COUNT)
                w->options.form = MEMA_FORM_TEXT;
}

static void make_line(struct mema_output *w)
{
        const mema_section *sections = form_sections[w->options.form];
        struct out o = out_to(w->line, sizeof w->line);

        while (o.len == 0 && sections[w->section])
                if (!sections[w->section](w, &o)) {
                        w->section++;
                        w->item = w->row = 0;
                }
        w->line_length = o.len;
        w->line_given = 0;
}

size_t mema_output_next(struct mema_output *w, char *buf, size_t cap)
{
        struct out o = { buf, 0, cap };

        while (o.len < cap) {
                if (w->line_given == w->line_length)
                        make_line(w);
                if (w->line_length == 0)
                        break;

                size_t before = o.len;

                put_bytes(&o, w->line + w->line_given, (size_t)(w->line_length - w->line_given));
                w->line_given += o.len - before;
        }
        return o.len;
}
