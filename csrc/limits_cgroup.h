/* limits_cgroup.h - parses the kernel's texts about cgroups: between limits_cgroup.c and
 * limits_linux.c; not for users. */
#ifndef MEMA_LIMITS_CGROUP_H
#define MEMA_LIMITS_CGROUP_H

#include "scan.h"

enum { MEMA_CGROUP_PATH = 4096 };

/* The cgroup that a process's memory is charged to, and the folder that has its files.  MEMA_CGROUP_PATH
 * is the kernel's own limit of a path. */
struct mema_cgroup {
        uint64_t version; /* 1 or 2; 0: unknown */
        size_t path_length;
        size_t root_length; /* of the mounted part's path in the hierarchy; 0: no mount was found */
        size_t top_length;  /* of folder[], for the topmost visible cgroup: the mount point */
        size_t folder_length;
        char path[MEMA_CGROUP_PATH];       /* as in /proc/PID/cgroup */
        char folder[2 * MEMA_CGROUP_PATH]; /* NUL-terminated */
};

/* Takes a line of /proc/PID/cgroup, in any order.  All of them come before the mounts. */
void mema_cgroup_take(struct mema_cgroup *c, struct span line);

/* Takes a line of the caller's own mountinfo.  The mount that shows most of the hierarchy
 * counts; false if no other can show more. */
bool mema_cgroup_take_mount(struct mema_cgroup *c, struct span line);

/* Moves to the parent's folder; false if it is not visible. */
bool mema_cgroup_up(struct mema_cgroup *c);

/* Parses a file with one number.  False if there is no limit: "max", or the huge number that v1 has
 * for that. */
bool mema_cgroup_number(struct span text, uint64_t *value);

/* Finds the number of a key in lines of "key number". */
bool mema_cgroup_keyed(struct span text, const char *key, uint64_t *value);

/* Takes the first line from a text, without its newline; false if no line is complete. */
static inline bool next_line(struct span *text, struct span *line)
{
        const char *newline = memchr(text->at, '\n', span_length(*text));

        if (!newline)
                return false;
        *line = (struct span){ text->at, newline };
        text->at = newline + 1;
        return true;
}

#endif
