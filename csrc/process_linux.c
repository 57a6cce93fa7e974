/* process_linux.c - what /proc/PID says of a process beside its mappings: whether it lives, which
 * program it runs, and where its threads have their stacks.  What may not be read is unknown, which is
 * no error. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "process_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf.h"
#include "region.h"
#include "system_linux.h"

enum { READ = O_RDONLY | O_CLOEXEC, FOLDER = READ | O_DIRECTORY };
enum { PF_EXITING = 0x4, PF_KTHREAD = 0x00200000 }; /* linux/sched.h */

int64_t mema_process_text(int dir, const char *path, char *text, size_t size)
{
        int fd = openat(dir, path, READ), system;
        ssize_t n = -1;

        if (fd >= 0)
                n = read(fd, text, size - 1);
        text[n > 0 ? n : 0] = '\0';
        system = errno;
        if (fd >= 0)
                close(fd);
        errno = system;
        return n;
}

/* State */

/* "PID (NAME) STATE PARENT GROUP SESSION TERMINAL FOREGROUND FLAGS ...": only the fields behind the last
 * parenthesis count, because the name can contain anything. */
struct mema_process_state mema_process_state(int dir)
{
        enum { FIELDS_BETWEEN = 5 };
        struct mema_process_state state = { 0, 0, 0 };
        char text[512];
        const char *p;

        if (mema_process_text(dir, "stat", text, sizeof text) < 0)
                state.system = errno;
        p = strrchr(text, ')');
        if (!p || p[1] == '\0')
                return state;
        state.letter = p[2];
        for (int i = 0; p && i < 2 + FIELDS_BETWEEN; i++)
                p = strchr(p + 1, ' ');
        state.flags = p ? strtoul(p, NULL, 10) : 0;
        return state;
}

bool mema_process_is_kernel_thread(struct mema_process_state state)
{
        return state.flags & PF_KTHREAD;
}

bool mema_process_has_ended(struct mema_process_state state)
{
        return state.letter == 'Z' || state.letter == 'X' || state.flags & PF_EXITING;
}

bool mema_process_lives(int dir)
{
        struct mema_process_state state = mema_process_state(dir);

        return state.system == 0 && !mema_process_has_ended(state);
}

bool mema_process_is_gone(int system)
{
        return system == ENOENT || system == ESRCH;
}

int mema_process_open_thread(int dir)
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
                if (found < 0 && !mema_process_is_gone(errno))
                        reason = errno;
                if (found < 0 || mema_process_lives(found))
                        continue;
                close(found);
                found = -1;
        }
        if (threads)
                closedir(threads);
        errno = reason;
        return found;
}

/* Program */

/* A file can be called "x (deleted)", and a memfd never had a path. */
static bool is_deleted(int dir, const char *path)
{
        struct span name = span_of(path, strlen(path));
        struct stat program, named;

        return mema_undeleted(name).end < name.end && !SPAN_STARTS(name, "/memfd:") &&
               !(stat(path, &named) == 0 && fstatat(dir, "exe", &program, 0) == 0 &&
                 named.st_dev == program.st_dev && named.st_ino == program.st_ino);
}

bool mema_process_exe(int dir, struct mema_context *context)
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

/* Opens exe, which is the program's file even if its path leads elsewhere from here. */
void mema_process_language(int dir, struct mema_context *context)
{
        struct mema_elf elf;
        char piece[MEMA_ELF_PIECE];
        int fd = context->facts.go.known ? -1 : openat(dir, "exe", READ);

        mema_elf_init(&elf);
        for (int i = 0; i < MEMA_ELF_PIECES && fd >= 0 && elf.want > 0; i++) {
                ssize_t n = pread(fd, piece, (size_t)elf.want, (off_t)elf.offset);

                mema_elf_take(&elf, piece, n > 0 ? (size_t)n : 0);
        }
        if (fd >= 0)
                close(fd);
        context->program = (enum mema_program)elf.program;
        memcpy(context->go_version, elf.go_version, sizeof elf.go_version);
}

/* Threads */

/* The kernel writes "NUMBER ARGUMENTS STACK-POINTER PC" for a thread that waits, and for the calling
 * thread; "running" for any other. */
static uint64_t stack_pointer_of(int task, const char *thread)
{
        char path[272], text[256], *at;

        snprintf(path, sizeof path, "%s/syscall", thread);
        (void)mema_process_text(task, path, text, sizeof text);
        at = strrchr(text, ' ');
        if (at)
                *at = '\0';
        at = at ? strrchr(text, ' ') : NULL;
        return at ? strtoull(at, NULL, 0) : 0; /* with 0x, which not every libc takes in base 16 */
}

bool mema_proc_is_foreign(void)
{
        char number[24] = "";

        return readlink("/proc/self", number, sizeof number - 1) <= 0 || atol(number) != (long)getpid();
}

/* glibc registers the list of robust mutexes of every thread, running or not, and has it in the thread's
 * descriptor; musl does so only for threads that have such mutexes. */
static uint64_t descriptor_of(long thread)
{
        return thread > 0 ? mema_robust_list(thread) : 0;
}

/* The number of the process, which is that of its main thread; 0 if the system calls do not know it. */
static long main_thread(int dir)
{
        char text[512];

        return !mema_proc_is_foreign() && mema_process_text(dir, "stat", text, sizeof text) > 0 ? atol(text)
                                                                                                : 0;
}

static int by_address(const void *a, const void *b)
{
        uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

        return (first > second) - (first < second);
}

/* The most stack pointers to read, which takes ten microseconds for each; a descriptor takes one. */
enum { POINTERS_MAX = 256 };

void mema_process_threads(int dir, struct mema_threads *threads)
{
        int fd = openat(dir, "task", FOLDER);
        DIR *task = fd >= 0 ? fdopendir(fd) : NULL;
        long first = main_thread(dir);
        uint64_t seen = 0, most, address;
        struct dirent *entry;

        memset(threads, 0, sizeof *threads);
        threads->descriptors = task && descriptor_of(first) != 0;
        most = threads->descriptors ? MEMA_THREADS_MAX : POINTERS_MAX;
        while (task && (entry = readdir(task))) {
                long thread = atol(entry->d_name);

                if (thread == 0 || (threads->descriptors && thread == first))
                        continue;
                if (seen == most)
                        break;
                address = threads->descriptors ? descriptor_of(thread) : stack_pointer_of(fd, entry->d_name);
                /* A thread without a descriptor is none of glibc's. */
                seen += address != 0 || !threads->descriptors;
                if (address != 0)
                        threads->stack[threads->count++] = address;
        }
        qsort(threads->stack, (size_t)threads->count, sizeof *threads->stack, by_address);
        threads->all = task && !entry && threads->count == seen && (seen > 0 || threads->descriptors);
        if (task)
                closedir(task);
        else if (fd >= 0)
                close(fd);
}
