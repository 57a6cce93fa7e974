/* lines_linux.c - a file of /proc, line by line. */
#define _GNU_SOURCE
#include "lines_linux.h"

#include <fcntl.h>
#include <unistd.h>

/* Reads 1 KiB at a time: cgroups are among the first of many mounts. */
enum { STEP = 1024 };

void mema_lines_open(struct mema_lines *l, int dir, const char *path)
{
        l->fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
        l->rest = span_of(l->text, 0);
}

bool mema_lines_next(struct mema_lines *l, struct span *line)
{
        while (!next_line(&l->rest, line)) {
                size_t have = span_length(l->rest), room;
                ssize_t n;

                memmove(l->text, l->rest.at, have);
                have = have < sizeof l->text ? have : 0;
                room = sizeof l->text - have;
                n = l->fd >= 0 ? read(l->fd, l->text + have, room < STEP ? room : STEP) : 0;
                if (n <= 0)
                        return false;
                l->rest = span_of(l->text, have + (size_t)n);
        }
        return true;
}

void mema_lines_close(struct mema_lines *l)
{
        if (l->fd >= 0)
                close(l->fd);
}
