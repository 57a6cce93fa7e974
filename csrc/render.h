/* render.h - between render.c, the formats and what they share; not for users.
 *
 * A format is a list of sections in a file of its own, and a row of the table in render.c. */
#ifndef MEMA_RENDER_H
#define MEMA_RENDER_H

#include <stdbool.h>

#include "memanalyzer.h"
#include "write.h"

/* Writes the next line of a section, at most MEMA_OUTPUT_LINE_MAX - 1 bytes; or sets w->_piece and
 * w->_piece_length to text that outlives the output; or does nothing.  Returns false if that was
 * the last one.  w->_item and w->_row are the section's own, and 0 at its start. */
typedef bool (*mema_section)(struct mema_output *w, struct out *o);

/* The sections of each format in their order; NULL ends the list. */
extern const mema_section mema_text_sections[], mema_json_sections[], mema_openmetrics_sections[],
        mema_smaps_sections[], mema_text_diff_sections[], mema_json_diff_sections[];

/* The number of regions that the output of a report lists. */
static inline uint64_t mema_output_rows(const struct mema_output *w)
{
        uint64_t rows = mema_report_rows_by(w->report, w->options.sort);

        return rows < w->options.top ? rows : w->options.top;
}

/* Rounds figures in bytes to units of 2^shift bytes that add up to `whole` units, by the
 * largest-remainder method: each figure is rounded down, and those with the largest remainders
 * get one unit more, the first of equals first.  `whole` is the sum of the figures in units,
 * rounded down or up.  render_round.c. */
void mema_round(uint64_t *figures, uint64_t count, uint64_t shift, uint64_t whole);

/* Shared by several formats: render_shared.c ------------------------------- */

enum { MEMA_NANOSECONDS = 1000000000 }; /* in a second */

/* Nanoseconds as seconds: "0.001500000". */
void mema_put_seconds(struct out *o, uint64_t nanoseconds);

/* Whether a limit is known and set.  The Go runtime has a number for each limit that is not set. */
bool mema_limit_is_set(const struct mema_limits *limits, unsigned limit);

/* Shared by the texts of reports and of differences. */

enum { MEMA_NAME_WIDTH = 60 };

/* A name, escaped and cut to MEMA_NAME_WIDTH characters.  Scripts look for the line with
 * "(Resident)", and no name may look like it: there the parenthesis is escaped, which takes three
 * characters more. */
void mema_put_name(struct out *o, const char *name, size_t len);

/* The name of a region, or "[anonymous] " and its category. */
void mema_put_region_name(struct out *o, const struct mema_region *g);

/* "7f5c00000000...", or "-" if addresses are hidden. */
void mema_put_region_address(const struct mema_output *w, struct out *o, uint64_t address);

/* "=== Top 20 `what` ===", or "All", between blank lines. */
void mema_put_list_title(const struct mema_output *w, struct out *o, const char *what);

/* The last column's title, and the rule below all titles. */
#define MEMA_NAME_TITLE "NAME\n--------------------------------------------------\n"

/* Explains why a report has nothing but sizes and Rss. */
#define MEMA_SCAN_LINE "Source: scan (maps and PAGEMAP_SCAN): sizes and RSS only\n"

#endif
