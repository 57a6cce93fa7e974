/* limits_linux.c - what limits a process's memory from outside: its cgroup, the ancestors of that, and
 * the kernel.  A figure that may not be read, or whose cgroup ends meanwhile, is unknown, which is
 * no error.
 *
 * A report reads about ten small files for this, at some microseconds each.  memory.stat can make
 * the kernel collect figures from all processors, and is read only if a warning depends on it. */
#define _GNU_SOURCE
#include "limits_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lines_linux.h"
#include "process_linux.h"
#include "system_linux.h"

enum { LEVELS_MAX = 64, PATH_SIZE = 2 * MEMA_CGROUP_PATH + 256 };

/* By version of cgroups; NULL: it has no such file. */
static const struct {
        const char *usage, *peak, *high, *limit, *events, *inactive_file;
} files[] = {
        [1] = { "memory.usage_in_bytes", "memory.max_usage_in_bytes", NULL, "memory.limit_in_bytes",
                "memory.oom_control", "total_inactive_file" },
        [2] = { "memory.current", "memory.peak", "memory.high", "memory.max", "memory.events",
                "inactive_file" },
};

/* Texts */

static struct span read_text(int dir, const char *path, char *buf, size_t size)
{
        int64_t n = mema_process_text(dir, path, buf, size);

        return span_of(buf, n > 0 ? (size_t)n : 0);
}

static bool read_number(int dir, const char *path, uint64_t *value)
{
        char text[64];

        return path && mema_cgroup_number(read_text(dir, path, text, sizeof text), value);
}

static bool read_keyed(int dir, const char *path, const char *key, uint64_t *value)
{
        char text[8192];

        return mema_cgroup_keyed(read_text(dir, path, text, sizeof text), key, value);
}

/* Cgroups */

static void set(struct mema_limits *limits, enum mema_limit limit, uint64_t value)
{
        limits->known |= MEMA_BIT(limit);
        limits->value[limit] = value;
}

/* Lowers a limit to `value`; false if it is that low already. */
static bool set_least(struct mema_limits *limits, enum mema_limit limit, uint64_t value)
{
        if (limits->known & MEMA_BIT(limit) && limits->value[limit] <= value)
                return false;
        set(limits, limit, value);
        return true;
}

/* Where a cgroup's files are looked for: below a folder, or below an open one. */
struct view {
        int dir; /* AT_FDCWD: root is a path */
        const char *root, *mounts;
};

/* Finds the folder of the process's cgroup in a view; false if it is not visible there. */
static bool find_cgroup(int dir, const struct view *view, struct mema_cgroup *c)
{
        struct mema_lines lines;
        struct span line;

        c->version = c->root_length = 0;
        mema_lines_open(&lines, dir, "cgroup");
        while (mema_lines_next(&lines, &line))
                mema_cgroup_take(c, line);
        mema_lines_close(&lines);
        if (c->version == 0)
                return false;
        mema_lines_open(&lines, view->dir, view->mounts);
        while (mema_lines_next(&lines, &line) && mema_cgroup_take_mount(c, line))
                ;
        mema_lines_close(&lines);
        return c->root_length > 0;
}

/* CGROUP_SUPER_MAGIC and CGROUP2_SUPER_MAGIC of linux/magic.h. */
static const uint64_t CGROUP_V1_MAGIC = 0x27e0eb, CGROUP_V2_MAGIC = 0x63677270;

/* In another process's view, a folder of that name can be anything. */
static bool is_cgroup(int folder)
{
        struct statfs fs;

        return fstatfs(folder, &fs) == 0 &&
               ((uint64_t)fs.f_type == CGROUP_V1_MAGIC || (uint64_t)fs.f_type == CGROUP_V2_MAGIC);
}

static int open_cgroup(const struct mema_cgroup *c, const struct view *view)
{
        char path[PATH_SIZE];
        int folder;

        snprintf(path, sizeof path, "%s%s", view->root, c->folder);
        folder = openat(view->dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0 && view->dir != AT_FDCWD && !is_cgroup(folder)) {
                close(folder);
                return -1;
        }
        return folder;
}

/* Reads the figures of the process's own cgroup.  The root cgroup of v1 has those of the whole machine,
 * which are left out; that of v2 has none. */
static void read_own(int dir, uint64_t version, struct mema_limits *limits)
{
        uint64_t value;

        if (version == 1 && faccessat(dir, "release_agent", F_OK, 0) == 0)
                return;
        if (read_number(dir, files[version].usage, &value))
                set(limits, MEMA_LIMIT_CGROUP_USAGE, value);
        if (read_number(dir, files[version].peak, &value))
                set(limits, MEMA_LIMIT_CGROUP_PEAK, value);
        if (read_keyed(dir, files[version].events, "oom_kill", &value))
                set(limits, MEMA_LIMIT_CGROUP_OOM_KILLS, value);
}

/* Reads the limits of the cgroup or of an ancestor.  CGROUP_ROOM is of the limit that leaves the
 * least, counting file pages that can be dropped at once as room. */
static void read_level(int dir, uint64_t version, uint64_t level, struct mema_limits *limits)
{
        enum { NEAR = 10 }; /* room below 1/NEAR of the limit is worth reading memory.stat for */
        uint64_t *room = &limits->value[MEMA_LIMIT_CGROUP_ROOM];
        uint64_t *inactive = &limits->value[MEMA_LIMIT_CGROUP_INACTIVE_FILE];
        uint64_t limit, usage, left, droppable = 0;
        bool near;

        if (read_number(dir, files[version].high, &limit))
                set_least(limits, MEMA_LIMIT_CGROUP_HIGH, limit);
        if (!read_number(dir, files[version].limit, &limit))
                return;
        if (set_least(limits, MEMA_LIMIT_CGROUP_LIMIT, limit))
                set(limits, MEMA_LIMIT_CGROUP_LIMIT_LEVEL, level);
        if (!read_number(dir, files[version].usage, &usage))
                return;
        left = limit > usage ? limit - usage : 0;
        near = left < limit / NEAR &&
               read_keyed(dir, "memory.stat", files[version].inactive_file, &droppable);
        if (limits->known & MEMA_BIT(MEMA_LIMIT_CGROUP_ROOM) && *room + *inactive <= left + droppable)
                return;
        set(limits, MEMA_LIMIT_CGROUP_ROOM, left);
        set(limits, MEMA_LIMIT_CGROUP_ROOM_LIMIT, limit);
        set(limits, MEMA_LIMIT_CGROUP_INACTIVE_FILE, droppable);
        if (!near)
                limits->known &= ~MEMA_BIT(MEMA_LIMIT_CGROUP_INACTIVE_FILE);
}

/* Reads the limits of a process in the view of this thread, or else in its own, which a sidecar can see
 * through /proc/PID/root. */
static void read_cgroups(int dir, const char *root, struct mema_limits *limits)
{
        char mounts[MEMA_CGROUP_PATH];
        const struct view here = { AT_FDCWD, root, mounts }, its = { dir, "root", "mountinfo" },
                          *view = &here;
        struct mema_cgroup c;
        uint64_t level = 0;

        snprintf(mounts, sizeof mounts, "%s/proc/thread-self/mountinfo", root);
        if (!find_cgroup(dir, view, &c) && c.version > 0) {
                view = &its;
                if (!find_cgroup(dir, view, &c))
                        limits->cgroup_hidden = true;
        }
        if (c.root_length == 0)
                return;
        do {
                int cgroup = open_cgroup(&c, view);

                if (cgroup < 0) {
                        limits->cgroup_hidden |= level == 0;
                        return;
                }
                if (level == 0)
                        read_own(cgroup, c.version, limits);
                read_level(cgroup, c.version, level, limits);
                close(cgroup);
        } while (++level < LEVELS_MAX && mema_cgroup_up(&c));
}

void mema_limits_read(int dir, const char *root, struct mema_limits *limits)
{
        char path[PATH_SIZE];
        uint64_t value;

        read_cgroups(dir, root, limits);
        snprintf(path, sizeof path, "%s/proc/sys/vm/max_map_count", root);
        if (read_number(AT_FDCWD, path, &value))
                set(limits, MEMA_LIMIT_MAPPINGS_MAX, value);

        if (mema_set_vma_name(0, 0, NULL) == 0) /* 0 bytes: this names nothing */
                set(limits, MEMA_LIMIT_KERNEL_NAMES, 1);
        else if (errno == EINVAL)
                set(limits, MEMA_LIMIT_KERNEL_NAMES, 0);
}
