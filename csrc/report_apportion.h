/* report_apportion.h - joins the process's own figures with the resident sums; not for users. */
#ifndef MEMA_REPORT_APPORTION_H
#define MEMA_REPORT_APPORTION_H

#include "memanalyzer.h"

/* Checks the mappings of the Go heap and of the C heap against the process's own figures, and divides
 * their resident bytes into parts.
 *
 * Reads context.facts and after, and the sums of all categories, which must be complete.  Sets proof,
 * part and checks.go_surplus.  Moves GO_STACK out of GO_HEAP, and sets low, high and method of the
 * categories of both heaps and of GO_METADATA. */
void mema_apportion(struct mema_report *r);

/* Whether a conservation check proved the mappings of a category. */
bool mema_is_proven(const struct mema_report *r, enum mema_category_id category);

#endif
