/* parts.h - between report.c and parts.c; not for users. */
#ifndef MEMA_PARTS_H
#define MEMA_PARTS_H

#include <stdbool.h>

#include "memanalyzer.h"

/* Divides what is resident of the Go heap and of the C heap as the process says
 * that they are made up, before the regions (r->context) and after, and checks
 * that the mappings are those which the process means.  The categories are added
 * up; proof[].found has the address space that was found. */
void mema_parts_finish(struct mema_report *r, const struct mema_facts *after);

/* Whether the mappings of a category were proven to be what the process means. */
bool mema_is_proven(const struct mema_report *r, uint64_t category);

#endif
