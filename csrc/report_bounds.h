/* report_bounds.h - the certain bounds of memory that is known by its shape only; not for users. */
#ifndef MEMA_REPORT_BOUNDS_H
#define MEMA_REPORT_BOUNDS_H

#include "memanalyzer.h"

/* Widens the bounds of the categories by what can be theirs and is counted elsewhere.  Comes after
 * mema_apportion. */
void mema_bound(struct mema_report *r);

#endif
