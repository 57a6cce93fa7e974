/* source_scan.h - between source_scan_linux.c and source_smaps_linux.c; not for users. */
#ifndef MEMA_SOURCE_SCAN_H
#define MEMA_SOURCE_SCAN_H

#include "source_reader.h"

/* Returns the regions of `maps`, a reader of the maps of the process whose folder it has open, with
 * the Rss that a scan finds in each; closing it closes both.  NULL if the kernel cannot scan
 * that process; `maps` stays the caller's then. */
struct mema_source *mema_source_scan(struct mema_reader *maps);

#endif
