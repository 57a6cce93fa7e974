/* source_smaps_linux.c - a source that reads /proc/PID/smaps, or maps beside a scan; and why a process
 * cannot be read.
 *
 * Every file is opened below the process's folder, which stays that of one process even if its number
 * is reused. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "error.h"
#include "limits_linux.h"
#include "process_linux.h"
#include "source_reader.h"
#include "source_scan.h"

enum { READ = O_RDONLY | O_CLOEXEC, FOLDER = READ | O_DIRECTORY };
enum { PROC_MAGIC = 0x9fa0 }; /* PROC_SUPER_MAGIC of linux/magic.h */

/* The shadow memory of a sanitizer is recognized by its flags, which a scan does not have.
 * binding.go defines this if this process has such memory. */
#ifndef MEMA_HAS_SHADOW
#define MEMA_HAS_SHADOW 0
#endif

/* Errors */

static bool proc_is_mounted(void)
{
        struct statfs fs;

        return statfs("/proc", &fs) == 0 && fs.f_type == PROC_MAGIC;
}

static const char *pid_note(void)
{
        return mema_proc_is_foreign() ? "; /proc shows the PIDs of another PID namespace" : "";
}

/* Whether this process may signal `pid`; if not, errno says why. */
static bool may_signal(uint64_t pid)
{
        errno = ESRCH;
        return pid <= INT_MAX && !mema_proc_is_foreign() && kill((pid_t)pid, 0) == 0;
}

/* Whether a process exists that /proc does not show (hidepid). */
static bool is_hidden(uint64_t pid)
{
        return may_signal(pid) || errno == EPERM;
}

static bool is_own(const struct mema_reader *r)
{
        struct stat owner;

        if (r->dir < 0)
                return geteuid() != 0 && may_signal(r->pid);
        return fstat(r->dir, &owner) == 0 && owner.st_uid == geteuid();
}

static enum mema_status not_permitted(const struct mema_reader *r, int system, struct mema_error *error)
{
        bool own = is_own(r);
        const char *whose = own ? "yours, but protected: it is not dumpable, or has more privileges"
                            : system == ENOENT ? "another user's, and hidden"
                                               : "another user's";
        const char *remedy = geteuid() == 0 ? "CAP_SYS_PTRACE is needed, in a container --cap-add SYS_PTRACE"
                             : own          ? "run as root"
                                            : "run as that user or as root";

        return mema_fail(error, own ? MEMA_STATUS_PROTECTED : MEMA_STATUS_NOT_PERMITTED, system,
                         "process %llu is %s: %s%s (%s: %s)", (unsigned long long)r->pid, whose, remedy,
                         pid_note(), r->source.name, strerror(system));
}

static enum mema_status ended(const struct mema_reader *r, int system, struct mema_error *error)
{
        unsigned long long pid = r->pid;

        if (r->by_thread)
                return mema_fail(
                        error, MEMA_STATUS_ENDED, system,
                        "process %llu was being read through a thread that has ended: read it again%s", pid,
                        pid_note());
        return mema_fail(error, MEMA_STATUS_ENDED, system,
                         "process %llu ended while it was being read%s (%s: %s)", pid, pid_note(),
                         r->source.name, system ? strerror(system) : "the text breaks off");
}

static enum mema_status failed(const struct mema_reader *r, const char *verb, int system,
                               struct mema_error *error)
{
        const char *name = r->source.name, *reason = strerror(system);
        unsigned long long pid = r->pid;
        bool mounted = proc_is_mounted(), gone = mema_process_is_gone(system);

        if (!mounted || (pid == 0 && access("/proc/self", F_OK) != 0))
                return mema_fail(error, MEMA_STATUS_NO_PROC, system, "Failed to %s %s: %s: %s", verb, name,
                                 reason,
                                 mounted ? "/proc is of a PID namespace in which this process has no PID"
                                         : "is /proc mounted?");
        if (pid != 0 && (system == EACCES || system == EPERM || (gone && r->dir < 0 && is_hidden(pid))))
                return not_permitted(r, system, error);
        if (pid != 0 && gone && r->dir < 0)
                return mema_fail(error, MEMA_STATUS_NO_PROCESS, system,
                                 "process %llu does not exist, or has ended%s (%s: %s)", pid, pid_note(),
                                 name, reason);
        if (pid != 0 && gone && !mema_process_lives(r->dir))
                return ended(r, system, error);
        return mema_fail(error, MEMA_STATUS_SYSTEM, system, "Failed to %s %s: %s", verb, name, reason);
}

/* Reading */

static int64_t read_proc(struct mema_reader *r, char *buf, size_t len, struct mema_error *error)
{
        ssize_t n;

        do
                n = read(r->fd, buf, len);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                failed(r, "read", errno, error);
        return n;
}

/* Whether the process has memory now, be it that of another program. */
static bool has_memory(int dir)
{
        char c;
        int maps = openat(dir, "maps", READ);
        bool has = maps >= 0 && read(maps, &c, 1) == 1;

        if (maps >= 0)
                close(maps);
        return has;
}

/* The text of a process that is killed or calls exec breaks off between two mappings, as if
 * it were complete.  It is complete if the memory that r->maps was opened on still exists; a
 * line of maps costs the kernel nothing. */
static enum mema_status end_proc(struct mema_reader *r, enum mema_status status, struct mema_error *error)
{
        unsigned long long pid = r->pid;
        char c;

        if (pid == 0 || (status == MEMA_STATUS_END && pread(r->maps, &c, 1, 0) == 1) ||
            status > MEMA_STATUS_EMPTY)
                return status;
        /* A process that lives called exec, perhaps before r->maps was opened. */
        if (has_memory(r->dir) || mema_process_lives(r->dir))
                return mema_fail(error, MEMA_STATUS_REPLACED, 0,
                                 "process %llu called exec while it was being read: read it again", pid);
        return ended(r, 0, error);
}

static void close_proc(struct mema_reader *r)
{
        const int open[] = { r->fd, r->maps, r->dir };

        for (size_t i = 0; i < sizeof open / sizeof *open; i++)
                if (open[i] >= 0)
                        close(open[i]);
}

/* The kernel formats smaps into a buffer of one page.  A mapping that does not fit behind those
 * before it is walked, dropped, and walked again for the next read.  Reading 1 KiB less than a page
 * avoids most of that. */
static size_t piece_size(void)
{
        enum { USUAL_PAGE = 4096, PAGE_MAX = 1 << 16, LESS = 1024 };
        long page = sysconf(_SC_PAGESIZE);

        return (size_t)(page > LESS && page <= PAGE_MAX ? page : USUAL_PAGE) - LESS;
}

/* Opening */

static struct mema_reader *new_reader(uint64_t pid, const char *path, struct mema_error *error)
{
        struct mema_reader *r = mema_reader_new(path, piece_size(), error);

        if (r) {
                r->pid = pid;
                r->read = read_proc;
                r->close = close_proc;
        }
        return r;
}

/* Finds out why the process has no program: it is a kernel thread, or it has ended.  If only its main
 * thread has ended, reads it through another one. */
static enum mema_status find_memory(struct mema_reader *r, struct mema_error *error)
{
        unsigned long long pid = r->pid;
        struct mema_process_state state = mema_process_state(r->dir);
        int thread;

        if (state.system != 0)
                return failed(r, "open", state.system, error);
        if (mema_process_is_kernel_thread(state))
                return mema_fail(error, MEMA_STATUS_KERNEL_THREAD, 0,
                                 "process %llu has no memory of its own: it is a kernel thread%s", pid,
                                 pid_note());
        if (!mema_process_has_ended(state))
                return MEMA_STATUS_OK;
        thread = pid == 0 ? open("/proc/thread-self", FOLDER) : mema_process_open_thread(r->dir);
        if (thread >= 0) {
                close(r->dir);
                r->dir = thread;
                r->by_thread = pid != 0;
                return MEMA_STATUS_OK;
        }
        if (errno != 0)
                return failed(r, "open", errno, error);
        if (state.letter != 'Z')
                return ended(r, 0, error);
        return mema_fail(error, MEMA_STATUS_ZOMBIE, 0,
                         "process %llu is a zombie: it has ended and has no memory, but its parent has not "
                         "waited for it%s",
                         pid, pid_note());
}

/* Sets *source to a scan, which owns `r` then, if there is one. */
static enum mema_status open_process(struct mema_reader *r, const char *folder, bool scan,
                                     struct mema_context *context, struct mema_source **source,
                                     struct mema_error *error)
{
        struct mema_source *scanning = NULL;
        bool known;

        r->dir = open(folder, FOLDER);
        if (r->dir < 0)
                return failed(r, "open", errno, error);
        known = mema_process_exe(r->dir, context);
        if (!known && find_memory(r, error) != MEMA_STATUS_OK)
                return error->status;
        if (r->pid != 0 && (r->maps = openat(r->dir, "maps", READ)) < 0)
                return failed(r, "open", errno, error);
        if (scan && !(MEMA_HAS_SHADOW && r->pid == 0) && (scanning = mema_source_scan(r))) {
                snprintf(r->name, sizeof r->name, "%s/maps", folder);
                *source = scanning;
        }
        r->fd = openat(r->dir, scanning ? "maps" : "smaps", READ);
        if (r->fd < 0)
                return failed(r, "open", errno, error);
        if (r->pid != 0 || !known)
                mema_process_exe(r->dir, context); /* again: from here on an exec is noticed */
        mema_process_language(r->dir, context);
        mema_process_threads(r->dir, &context->threads);
        mema_limits_read(r->dir, "", &context->limits);
        return MEMA_STATUS_OK;
}

struct mema_source *mema_source_process(uint64_t pid, bool scan, struct mema_context *context,
                                        struct mema_error *error)
{
        struct mema_reader *r;
        struct mema_source *source;
        char folder[32] = "/proc/self", path[48];

        if (pid != 0)
                snprintf(folder, sizeof folder, "/proc/%llu", (unsigned long long)pid);
        snprintf(path, sizeof path, "%s/smaps", folder);
        r = new_reader(pid, path, error);
        if (!r)
                return NULL;
        r->end = end_proc;
        source = &r->source;
        if (open_process(r, folder, scan, context, &source, error) != MEMA_STATUS_OK) {
                source->close(source);
                return NULL;
        }
        return source;
}

struct mema_source *mema_source_own_maps(struct mema_error *error)
{
        struct mema_reader *r = new_reader(0, "/proc/self/maps", error);

        if (!r)
                return NULL;
        r->fd = open("/proc/thread-self/maps", READ); /* /proc/self's is empty if the main thread ended */
        if (r->fd < 0) {
                failed(r, "open", errno, error);
                r->source.close(&r->source);
                return NULL;
        }
        return &r->source;
}
