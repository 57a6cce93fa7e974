/* reading.h - timed readings of a process, and the difference between two reports. */
#ifndef READING_H
#define READING_H

#include "../../csrc/memanalyzer.h"

/* Reads process `pid`, 0 for this one, and notes when and for how long. */
enum mema_status collect_timed(struct mema_report *report, uint64_t pid, struct mema_origin *origin,
                               struct mema_error *error);

/* All zero at first; the caller frees `room`. */
struct difference {
        struct mema_diff diff;
        struct mema_change *room;
};

/* Compares two finished reports made with options.for_diff. */
enum mema_status compare(struct difference *d, const struct mema_report *before,
                         const struct mema_report *now, struct mema_error *error);

#endif
