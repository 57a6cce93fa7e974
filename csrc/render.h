/* render.h - between render.c and the forms; not for users. */
#ifndef MEMA_RENDER_H
#define MEMA_RENDER_H

#include <stdbool.h>

#include "memanalyzer.h"
#include "render_out.h"

/* Writes the next line of a section, or none, or makes w->_piece what is given next;
 * false when there are no more.  item and row of the output are 0 at a section's
 * begin, and its own. */
typedef bool (*mema_section)(struct mema_output *w, struct out *o);

/* In the order of the form, to NULL. */
extern const mema_section mema_text_sections[], mema_json_sections[], mema_openmetrics_sections[],
        mema_smaps_sections[], mema_diff_text_sections[], mema_diff_json_sections[];

/* What a text says of a scan: why there is nothing but sizes and Rss. */
#define MEMA_SCAN_LINE "Source: scan (maps and PAGEMAP_SCAN), which knows sizes and RSS only\n"

/* Whether both reports know what is resident: else nothing of it has changed, as far as
 * can be said. */
bool mema_diff_has_rss(const struct mema_diff *d);

/* How many regions a report's output lists. */
static inline uint64_t mema_output_rows(const struct mema_output *w)
{
        uint64_t rows = mema_report_rows_by(w->report, w->options.sort);

        return rows < w->options.top ? rows : w->options.top;
}

/* A name in a text, of MEMA_SHOWN_WIDTH characters at most: harmless, and never the label that
 * scripts look for, which must stand on one line only, whatever somebody has called a file. */
enum { MEMA_SHOWN_WIDTH = 60 };
void mema_put_shown(struct out *o, const char *name, size_t len);

/* Seconds, of nanoseconds. */
static inline void put_seconds(struct out *o, uint64_t nanoseconds)
{
        put_decimal(o, nanoseconds / 1000000000);
        put(o, ".");
        put_number(o, nanoseconds % 1000000000, 10, 9, '0');
}

#endif
