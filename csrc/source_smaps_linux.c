/* source_smaps_linux.c - a source that reads /proc/PID/smaps, or maps beside a scan.
 *
 * Everything is opened below the process's folder, which stays that of one
 * process, whoever is given its number later. */
#define _GNU_SOURCE
#include "classify.h"
#include "source.h"

#ifdef __linux__

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { READ = O_RDONLY | O_CLOEXEC, FOLDER = READ | O_DIRECTORY };

/* What is a sanitizer's is told by its flags, which a scan has not: binding.go says where there
 * is one in this process. */
#ifdef MEMA_HAS_SHADOW
enum { HAS_SHADOW = 1 };
#else
enum { HAS_SHADOW = 0 };
#endif

/* States ------------------------------------------------------------------- */

struct state {
        char letter;
        unsigned long flags;
        int system; /* errno, where the other two could not be read */
};

/* Of stat's fields only those are looked at that lie behind its last parenthesis:
 * the name before it can hold anything. */
static struct state state_of(int dir)
{
        struct state state = { 0, 0, 0 };
        char text[512];
        const char *p;

        if (mema_read_text(dir, "stat", text, sizeof text) < 0)
                state.system = errno;
        p = strrchr(text, ')');
        if (p)
                (void)sscanf(p, ") %c %*d %*d %*d %*d %*d %lu", &state.letter, &state.flags);
        return state;
}

static bool is_kernel_thread(struct state state)
{
        return state.flags & 0x00200000; /* PF_KTHREAD */
}

/* Or is about to: its memory goes first. */
static bool has_ended(struct state state)
{
        return state.letter == 'Z' || state.letter == 'X' || state.flags & 0x4; /* PF_EXITING */
}

static bool lives(int dir)
{
        struct state state = state_of(dir);

        return state.system == 0 && !has_ended(state);
}

static bool is_gone(int system)
{
        return system == ENOENT || system == ESRCH;
}

/* The folder of a thread that has not ended; -1 where there is none, and errno is
 * 0 where that is certain. */
static int open_live_thread(int dir)
{
        int task = openat(dir, "task", FOLDER), found = -1, reason = task < 0 ? errno : 0;
        DIR *threads = task >= 0 ? fdopendir(task) : NULL;
        struct dirent *entry;

        if (task >= 0 && !threads) {
                reason = errno;
                close(task);
        }
        while (threads && found < 0 && (entry = readdir(threads))) {
                if (entry->d_name[0] == '.')
                        continue;
                found = openat(task, entry->d_name, FOLDER);
                if (found < 0 && !is_gone(errno))
                        reason = errno;
                if (found < 0 || lives(found))
                        continue;
                close(found);
                found = -1;
        }
        if (threads)
                closedir(threads);
        errno = reason;
        return found;
}

/* Errors ------------------------------------------------------------------- */

static bool proc_is_mounted(void)
{
        struct statfs fs;

        return statfs("/proc", &fs) == 0 && fs.f_type == 0x9fa0; /* PROC_SUPER_MAGIC */
}

/* Whether /proc has other numbers for processes than this process has. */
static bool proc_counts_otherwise(void)
{
        char number[24] = "";

        return readlink("/proc/self", number, sizeof number - 1) <= 0 || atol(number) != (long)getpid();
}

/* What errors say of numbers then. */
static const char *numbers_note(void)
{
        return proc_counts_otherwise() ? "; /proc has the numbers of another PID namespace" : "";
}

/* Whether the process may be signalled, which errno says more of. */
static bool may_signal(uint64_t pid)
{
        errno = ESRCH;
        return pid <= INT_MAX && !proc_counts_otherwise() && kill((pid_t)pid, 0) == 0;
}

/* A process that nobody may see is there all the same. */
static bool is_hidden(uint64_t pid)
{
        return may_signal(pid) || errno == EPERM;
}

static bool is_own(const struct mema_text_source *s)
{
        struct stat owner;

        if (s->dir < 0)
                return geteuid() != 0 && may_signal(s->pid);
        return fstat(s->dir, &owner) == 0 && owner.st_uid == geteuid();
}

static enum mema_status not_permitted(const struct mema_text_source *s, int system, struct mema_error *error)
{
        bool own = is_own(s);
        const char *whose = own ? "yours, but protected: it is not dumpable, or has more privileges"
                            : system == ENOENT ? "another user's, and hidden"
                                               : "another user's";
        const char *remedy = geteuid() == 0 ? "CAP_SYS_PTRACE is wanted, in a container --cap-add SYS_PTRACE"
                             : own          ? "run as root"
                                            : "run as that user or as root";

        return mema_fail(error, own ? MEMA_STATUS_PROTECTED : MEMA_STATUS_NOT_PERMITTED, system,
                         "process %llu is %s: %s%s (%s: %s)", (unsigned long long)s->pid, whose, remedy,
                         numbers_note(), s->source.name, strerror(system));
}

/* What has ended: of a process whose main thread has, the thread by which it was read. */
static enum mema_status ended(const struct mema_text_source *s, int system, struct mema_error *error)
{
        unsigned long long pid = s->pid;

        if (s->by_thread)
                return mema_fail(error, MEMA_STATUS_ENDED, system,
                                 "the thread by which process %llu was read has ended: read it again%s", pid,
                                 numbers_note());
        return mema_fail(error, MEMA_STATUS_ENDED, system, "process %llu ended while it was read%s (%s: %s)",
                         pid, numbers_note(), s->source.name, system ? strerror(system) : "it stops");
}

static enum mema_status failed(const struct mema_text_source *s, const char *verb, int system,
                               struct mema_error *error)
{
        const char *name = s->source.name, *reason = strerror(system);
        unsigned long long pid = s->pid;
        bool mounted = proc_is_mounted(), gone = is_gone(system);

        if (!mounted || (pid == 0 && access("/proc/self", F_OK) != 0))
                return mema_fail(error, MEMA_STATUS_NO_PROC, system, "Failed to %s %s: %s: %s", verb, name,
                                 reason,
                                 mounted ? "/proc is of a PID namespace in which this process has no number"
                                         : "is /proc mounted?");
        if (pid != 0 && (system == EACCES || system == EPERM || (gone && s->dir < 0 && is_hidden(pid))))
                return not_permitted(s, system, error);
        if (pid != 0 && gone && s->dir < 0)
                return mema_fail(error, MEMA_STATUS_NO_PROCESS, system,
                                 "process %llu: there is none, or it has ended%s (%s: %s)", pid,
                                 numbers_note(), name, reason);
        if (pid != 0 && gone && !lives(s->dir))
                return ended(s, system, error);
        return mema_fail(error, MEMA_STATUS_SYSTEM, system, "Failed to %s %s: %s", verb, name, reason);
}

/* Reading ------------------------------------------------------------------ */

static int64_t read_smaps(struct mema_text_source *s, char *buf, size_t len, struct mema_error *error)
{
        ssize_t n;

        do {
                n = read(s->fd, buf, len);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
                failed(s, "read", errno, error);
        return n;
}

/* Where an exec has been, the process has other memory now. */
static bool has_memory(int dir)
{
        char c;
        int maps = openat(dir, "maps", READ);
        bool has = maps >= 0 && read(maps, &c, 1) == 1;

        if (maps >= 0)
                close(maps);
        return has;
}

/* The text of a process that is killed or begins another program stops between
 * two mappings, as if that were all.  It was all where the memory that `maps`
 * was opened on is there still: from this file a line costs nothing. */
static enum mema_status end_smaps(struct mema_text_source *s, enum mema_status status,
                                  struct mema_error *error)
{
        unsigned long long pid = s->pid;
        char c;

        if (pid == 0 || (status == MEMA_STATUS_END && pread(s->maps, &c, 1, 0) == 1) ||
            status > MEMA_STATUS_EMPTY)
                return status;
        /* Of one that lives `maps` can have been opened on what it had just before. */
        if (has_memory(s->dir) || lives(s->dir))
                return mema_fail(error, MEMA_STATUS_REPLACED, 0,
                                 "process %llu began another program while it was read: read it again", pid);
        return ended(s, 0, error);
}

static void close_process(struct mema_text_source *s)
{
        const int open[] = { s->fd, s->maps, s->dir };

        for (size_t i = 0; i < sizeof open / sizeof *open; i++)
                if (open[i] >= 0)
                        close(open[i]);
}

/* The kernel formats smaps into a buffer of a page.  A mapping that does not fit
 * behind those before it is walked, thrown away and walked again for the next
 * read: asking for less than a page avoids most of that. */
static size_t piece_size(void)
{
        long page = sysconf(_SC_PAGESIZE);

        return page > 1024 && page <= 1 << 16 ? (size_t)page - 1024 : 3072;
}

/* Opening ------------------------------------------------------------------ */

/* "/x (deleted)" can be a file that is called so; what a memfd holds never was one. */
static bool is_deleted(int dir, const char *path)
{
        struct span name = span_of(path, strlen(path));
        struct stat program, named;

        return mema_undeleted(name).end < name.end && !SPAN_STARTS(name, "/memfd:") &&
               !(stat(path, &named) == 0 && fstatat(dir, "exe", &program, 0) == 0 &&
                 named.st_dev == program.st_dev && named.st_ino == program.st_ino);
}

/* What program it is, spelled as smaps spells it; false where that is not to be
 * known. */
static bool read_program(int dir, struct mema_context *context)
{
        char path[MEMA_NAME_MAX + 1];
        ssize_t n = readlinkat(dir, "exe", path, sizeof path - 1);

        context->exe_length = 0;
        if (n <= 0)
                return false;
        path[n] = '\0';
        context->exe_deleted = is_deleted(dir, path);
        for (const char *c = path; *c != '\0' && context->exe_length + 4 <= sizeof context->exe; c++) {
                const char *shown = *c == '\n' ? "\\012" : c;
                size_t len = *c == '\n' ? 4 : 1;

                memcpy(context->exe + context->exe_length, shown, len);
                context->exe_length += len;
        }
        return true;
}

/* A process without a program has no memory, or its leader has none: it is empty
 * when it has ended, though other threads may live. */
static enum mema_status find_memory(struct mema_text_source *s, struct mema_error *error)
{
        unsigned long long pid = s->pid;
        struct state state = state_of(s->dir);
        int thread;

        if (state.system != 0)
                return failed(s, "open", state.system, error);
        if (is_kernel_thread(state))
                return mema_fail(error, MEMA_STATUS_KERNEL_THREAD, 0,
                                 "process %llu has no memory of its own: it is a kernel thread%s", pid,
                                 numbers_note());
        if (!has_ended(state))
                return MEMA_STATUS_OK;
        thread = pid == 0 ? open("/proc/thread-self", FOLDER) : open_live_thread(s->dir);
        if (thread >= 0) {
                close(s->dir);
                s->dir = thread;
                s->by_thread = pid != 0;
                return MEMA_STATUS_OK;
        }
        if (errno != 0)
                return failed(s, "open", errno, error);
        if (state.letter != 'Z')
                return ended(s, 0, error);
        return mema_fail(error, MEMA_STATUS_ZOMBIE, 0,
                         "process %llu is a zombie: it has ended and its memory is given back, but its "
                         "parent has not waited for it%s",
                         pid, numbers_note());
}

/* *source becomes the scan where there is one, which closes `s`, too. */
static enum mema_status open_process(struct mema_text_source *s, const char *folder, bool scans,
                                     struct mema_context *context, struct mema_source **source,
                                     struct mema_error *error)
{
        struct mema_source *scan = NULL;
        bool known;

        s->dir = open(folder, FOLDER);
        if (s->dir < 0)
                return failed(s, "open", errno, error);
        known = read_program(s->dir, context);
        if (!known && find_memory(s, error) != MEMA_STATUS_OK)
                return (enum mema_status)error->status;
        if (s->pid != 0 && (s->maps = openat(s->dir, "maps", READ)) < 0)
                return failed(s, "open", errno, error);
        if (scans && !(HAS_SHADOW && s->pid == 0) && (scan = mema_source_scan(s))) {
                snprintf(s->shown, sizeof s->shown, "%s/maps", folder);
                *source = scan;
        }
        s->fd = openat(s->dir, scan ? "maps" : "smaps", READ);
        if (s->fd < 0)
                return failed(s, "open", errno, error);
        if (s->pid != 0 || !known)
                read_program(s->dir, context); /* again: from here on another one would be noticed */
        mema_read_program_file(s->dir, context);
        mema_read_threads(s->dir, &context->threads);
        mema_read_limits(s->dir, "", &context->limits);
        return MEMA_STATUS_OK;
}

struct mema_source *mema_source_process(uint64_t pid, bool scans, struct mema_context *context,
                                        struct mema_error *error)
{
        struct mema_text_source *s;
        struct mema_source *source;
        char folder[32] = "/proc/self", path[48];

        if (pid != 0)
                snprintf(folder, sizeof folder, "/proc/%llu", (unsigned long long)pid);
        snprintf(path, sizeof path, "%s/smaps", folder);
        s = mema_text_source_new(path, piece_size(), error);
        if (!s)
                return NULL;
        s->pid = pid;
        s->read = read_smaps;
        s->end = end_smaps;
        s->close = close_process;
        source = &s->source;
        if (open_process(s, folder, scans, context, &source, error) != MEMA_STATUS_OK) {
                source->close(source);
                return NULL;
        }
        return source;
}

#endif
