/* source_other.c - what a system without /proc/PID/smaps answers. */
#include "source.h"

#ifndef __linux__

struct mema_source *mema_source_process(uint64_t pid, bool scans, struct mema_context *context,
                                        struct mema_error *error)
{
        (void)pid;
        (void)scans;
        (void)context;
        mema_fail(error, MEMA_STATUS_UNSUPPORTED, 0,
                  "Failed to open /proc/self/smaps: only Linux has it; a saved smaps can be read everywhere");
        return NULL;
}

#endif
