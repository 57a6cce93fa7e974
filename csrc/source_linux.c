/* source_linux.c - a source that reads /proc/PID/smaps. */
#define _GNU_SOURCE
#include "source.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "/proc/self/exe", "/proc/4242/exe" */
static void proc_path(char *path, size_t size, uint64_t pid, const char *file)
{
        if (pid == 0)
                snprintf(path, size, "/proc/self/%s", file);
        else
                snprintf(path, size, "/proc/%llu/%s", (unsigned long long)pid, file);
}

/* The state letter of /proc/PID/stat and its flags, which lie behind the last
 * parenthesis: the name in them can hold anything.  0 where there is no such
 * process. */
static char process_state(uint64_t pid, unsigned long *flags)
{
        char path[64], text[512], state = 0;
        const char *p;
        ssize_t n = -1;
        int fd;

        proc_path(path, sizeof path, pid, "stat");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                n = read(fd, text, sizeof text - 1);
                close(fd);
        }
        *flags = 0;
        if (n <= 0)
                return 0;
        text[n] = '\0';
        p = strrchr(text, ')');
        if (p)
                (void)sscanf(p, ") %c %*d %*d %*d %*d %*d %lu", &state, flags);
        return state;
}

/* An empty smaps: no address space.  Which kind of process has none? */
static void explain(struct mema_text_source *s, struct mema_error *error)
{
        static const unsigned long kernel_thread = 0x00200000; /* PF_KTHREAD */
        unsigned long long pid = s->pid;
        unsigned long flags;
        char state;

        if (error->status != MEMA_EMPTY)
                return;
        state = process_state(s->pid, &flags);
        if (state == 0 || state == 'X')
                mema_fail(error, MEMA_NO_PROCESS, 0, "process %llu ended while it was read", pid);
        else if (state == 'Z')
                mema_fail(error, MEMA_EMPTY, 0,
                          "process %llu is a zombie: its main thread has ended, and it has no memory of its "
                          "own",
                          pid);
        else if (flags & kernel_thread)
                mema_fail(error, MEMA_EMPTY, 0,
                          "process %llu has no memory of its own: it is a kernel thread", pid);
        else
                mema_fail(error, MEMA_EMPTY, 0,
                          "process %llu began another program while it was read: read it again", pid);
}

static void explain_errno(uint64_t pid, const char *path, const char *verb, int system,
                          struct mema_error *error)
{
        unsigned long long n = pid;

        if (access("/proc/self", F_OK) != 0)
                mema_fail(error, MEMA_SYSTEM, system, "Failed to %s %s: %s: is /proc mounted?", verb, path,
                          strerror(system));
        else if (pid != 0 && (system == ENOENT || system == ESRCH))
                mema_fail(error, MEMA_NO_PROCESS, system,
                          "process %llu: there is none, or it has ended (failed to %s %s: %s)", n, verb, path,
                          strerror(system));
        else if (pid != 0 && (system == EACCES || system == EPERM))
                mema_fail(error, MEMA_NOT_PERMITTED, system,
                          "process %llu is another user's, or protected: %s (failed to %s %s: %s)", n,
                          geteuid() == 0 ? "CAP_SYS_PTRACE is wanted, in a container --cap-add SYS_PTRACE"
                                         : "run as that user or as root",
                          verb, path, strerror(system));
        else
                mema_fail(error, MEMA_SYSTEM, system, "Failed to %s %s: %s", verb, path, strerror(system));
}

static int64_t read_fd(struct mema_text_source *s, char *buf, size_t len, struct mema_error *error)
{
        ssize_t n;

        do {
                n = read(s->fd, buf, len);
        } while (n < 0 && errno == EINTR);
        if (n < 0)
                explain_errno(s->pid, s->source.name, "read", errno, error);
        return n;
}

static void close_fd(struct mema_text_source *s)
{
        close(s->fd);
}

/* The kernel formats smaps into a buffer of a page.  A mapping that does not fit
 * behind those before it is walked, thrown away and walked again for the next
 * read: asking for less than a page avoids most of that. */
static size_t piece_size(void)
{
        long page = sysconf(_SC_PAGESIZE);

        return page > 1024 && page <= 1 << 16 ? (size_t)page - 1024 : 3072;
}

struct mema_source *mema_source_process(uint64_t pid, struct mema_context *context, struct mema_error *error)
{
        struct mema_text_source *s;
        char path[64];
        ssize_t n;

        proc_path(path, sizeof path, pid, "exe");
        n = readlink(path, context->exe, sizeof context->exe);
        context->exe_length = n > 0 ? (uint64_t)n : 0;

        proc_path(path, sizeof path, pid, "smaps");
        s = mema_text_source_new(path, piece_size(), error);
        if (!s)
                return NULL;
        s->pid = pid;
        s->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (s->fd < 0) {
                explain_errno(pid, path, "open", errno, error);
                free(s);
                return NULL;
        }
        s->read = read_fd;
        s->close = close_fd;
        s->explain = explain;
        return &s->source;
}

#endif
