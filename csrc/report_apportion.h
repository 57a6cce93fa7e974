/* report_apportion.h - what the process says of its heaps, joined with what is resident; not for users. */
#ifndef MEMA_REPORT_APPORTION_H
#define MEMA_REPORT_APPORTION_H

#include "memanalyzer.h"

/* Checks the mappings of the Go heap and the C heap against the process's own figures (context.facts
 * and after), and divides what is resident of both into parts.  Needs the sums of all categories. */
void mema_apportion(struct mema_report *r);

/* Whether the mappings of a category were proven to be what the process means. */
bool mema_is_proven(const struct mema_report *r, enum mema_category_id category);

#endif
