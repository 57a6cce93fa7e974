/* render.h - between render.c and the forms; not for users. */
#ifndef MEMA_RENDER_H
#define MEMA_RENDER_H

#include <stdbool.h>

#include "memanalyzer.h"
#include "out.h"

/* Writes the next line of a section, or none; false when there are no more.  item
 * and row of the output are 0 at a section's begin, and its own. */
typedef bool (*mema_section)(struct mema_output *w, struct out *o);

/* In the order of the form, to NULL. */
extern const mema_section mema_json_sections[], mema_openmetrics_sections[];

/* Seconds, of nanoseconds. */
static inline void put_seconds(struct out *o, uint64_t nanoseconds)
{
        put_decimal(o, nanoseconds / 1000000000);
        put(o, ".");
        put_number(o, nanoseconds % 1000000000, 10, 9, '0');
}

#endif
