/* diff.h - questions about differences; not for users. */
#ifndef MEMA_DIFF_H
#define MEMA_DIFF_H

#include "memanalyzer.h"

/* Whether both reports have Rss: if not, no change is known. */
bool mema_diff_has_rss(const struct mema_diff *d);

#endif
