/* process_linux.c - what /proc tells of a process beside its smaps: which program
 * it runs, and where its threads stand.  What may not be read is not known, and no
 * error. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "source.h"

#ifdef __linux__

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf.h"

enum { READ = O_RDONLY | O_CLOEXEC };

int64_t mema_read_text(int dir, const char *path, char *text, size_t size)
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

/* The program --------------------------------------------------------------- */

/* Through exe, which is the file itself, wherever its path leads from here. */
void mema_read_program_file(int dir, struct mema_context *context)
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
        context->program = elf.program;
        memcpy(context->go_version, elf.go_version, sizeof elf.go_version);
}

/* Threads -------------------------------------------------------------------- */

/* Of a thread that waits, or asks for itself, the kernel writes "NUMBER ARGUMENTS
 * STACK-POINTER PC", of another "running". */
static bool read_stack_pointer(int task, const char *thread, uint64_t *pointer)
{
        char path[272], text[256], *at;

        snprintf(path, sizeof path, "%s/syscall", thread);
        (void)mema_read_text(task, path, text, sizeof text);
        at = strrchr(text, ' ');
        if (at)
                *at = '\0';
        at = at ? strrchr(text, ' ') : NULL;
        *pointer = at ? strtoull(at, NULL, 16) : 0;
        return *pointer != 0;
}

/* Each costs some microseconds, so of more than MEMA_THREADS_MAX not all are known,
 * as where one runs, unless it is the one that reads this. */
void mema_read_threads(int dir, struct mema_threads *threads)
{
        int fd = openat(dir, "task", READ | O_DIRECTORY);
        DIR *task = fd >= 0 ? fdopendir(fd) : NULL;
        uint64_t seen = 0;
        struct dirent *entry;

        memset(threads, 0, sizeof *threads);
        while (task && (entry = readdir(task))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (seen++ == MEMA_THREADS_MAX)
                        break;
                if (read_stack_pointer(fd, entry->d_name, &threads->stack_pointer[threads->count]))
                        threads->count++;
        }
        threads->all = seen > 0 && threads->count == seen;
        if (task)
                closedir(task);
        else if (fd >= 0)
                close(fd);
}

#endif
