/* reading.c - timed readings of a process, and the difference between two reports. */
#define _POSIX_C_SOURCE 200809L
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t nanoseconds(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

enum mema_status collect_timed(struct mema_report *report, uint64_t pid, struct mema_origin *origin,
                               struct mema_error *error)
{
        uint64_t start = nanoseconds(CLOCK_MONOTONIC);
        enum mema_status status;

        origin->kind = MEMA_ORIGIN_PROCESS;
        origin->pid = pid > 0 ? pid : (uint64_t)getpid();
        origin->began = nanoseconds(CLOCK_REALTIME);
        status = mema_collect(report, pid, error);
        origin->cost = nanoseconds(CLOCK_MONOTONIC) - start;
        return status;
}

enum mema_status compare(struct difference *d, const struct mema_report *before,
                         const struct mema_report *now, struct mema_error *error)
{
        uint64_t rows = before->row_count + now->row_count;

        free(d->room);
        d->room = malloc((size_t)(rows + 1) * sizeof *d->room);
        if (!d->room || before->checks.rows_lost + now->checks.rows_lost > 0) {
                snprintf(error->message, sizeof error->message, "no memory for the differences");
                return MEMA_STATUS_NO_MEMORY;
        }
        mema_diff_init(&d->diff, before, now, d->room);
        return MEMA_STATUS_OK;
}
