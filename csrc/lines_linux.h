/* lines_linux.h - a file of /proc, line by line; not for users. */
#ifndef MEMA_LINES_LINUX_H
#define MEMA_LINES_LINUX_H

#include "limits_cgroup.h"

/* A line that does not fit in the buffer loses its beginning. */
struct mema_lines {
        int fd;
        struct span rest;
        char text[2 * MEMA_CGROUP_PATH];
};

/* A file that cannot be opened has no lines. */
void mema_lines_open(struct mema_lines *l, int dir, const char *path);

/* False at the end.  The line has no newline, and is valid until the next call. */
bool mema_lines_next(struct mema_lines *l, struct span *line);

void mema_lines_close(struct mema_lines *l);

#endif
