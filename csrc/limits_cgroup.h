/* limits_cgroup.h - between limits_cgroup.c and limits_linux.c; not for users. */
#ifndef MEMA_LIMITS_CGROUP_H
#define MEMA_LIMITS_CGROUP_H

#include "scan.h"

enum { MEMA_CGROUP_PATH = 4096 };

/* The cgroup that a process's memory is charged to, and the folder where its files
 * are; for paths the kernel has no more room. */
struct mema_cgroup {
        uint64_t version; /* 1 or 2; 0: not known */
        size_t path_length;
        size_t root_length; /* of the mount's part of the hierarchy; 0: none was found */
        size_t top_length;  /* of the folder of the highest cgroup that is seen */
        size_t folder_length;
        char path[MEMA_CGROUP_PATH];       /* as in /proc/PID/cgroup */
        char folder[2 * MEMA_CGROUP_PATH]; /* NUL-terminated */
};

/* Takes a line of /proc/PID/cgroup, in any order; first these, then the mounts. */
void mema_cgroup_take(struct mema_cgroup *c, struct span line);

/* Takes a line of mountinfo, which is to be that of the process that reads both; of
 * several mounts the one that shows most of the hierarchy counts.  False when no other
 * can show more. */
bool mema_cgroup_take_mount(struct mema_cgroup *c, struct span line);

/* Goes on to the parent, false where that is not seen. */
bool mema_cgroup_up(struct mema_cgroup *c);

/* The text of a file with one number.  False for "max", and for v1's number that means
 * the same: there is no limit. */
bool mema_cgroup_number(struct span text, uint64_t *value);

/* The number behind `key` in lines of "key number". */
bool mema_cgroup_keyed(struct span text, const char *key, uint64_t *value);

/* Takes the first line out of a text, without its newline; false where there is none
 * that has ended. */
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
