/* reading.h - reports of processes and of two moments, as the command line wants them. */
#ifndef READING_H
#define READING_H

#include "../../csrc/memanalyzer.h"

/* Reads a process, 0 for this one, and says when and how long. */
enum mema_status collect_timed(struct mema_report *report, uint64_t pid, struct mema_origin *origin,
                               struct mema_error *error);

/* All zero to begin with; `room` is to be freed. */
struct difference {
        struct mema_diff diff;
        struct mema_change *room;
};

/* Compares finished reports that were prepared. */
enum mema_status compare(struct difference *d, const struct mema_report *before,
                         const struct mema_report *now, struct mema_error *error);

#endif
