/* posix.c - the part of POSIX that the library uses, on the imports of sys.h.  The rest of libc is wasm2go's
 * (libc-gen). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../system_linux.h"
#include "sys.h"

int errno;

static int64_t result(int64_t n)
{
        if (n >= 0)
                return n;
        errno = (int)-n;
        return -1;
}

/* Files */

int openat(int dir, const char *path, int flags)
{
        return (int)result(sys_open(dir, path, flags));
}

int open(const char *path, int flags)
{
        return openat(AT_FDCWD, path, flags);
}

int close(int fd)
{
        return (int)result(sys_close(fd));
}

ssize_t read(int fd, void *buf, size_t n)
{
        return (ssize_t)result(sys_read(fd, buf, n));
}

ssize_t pread(int fd, void *buf, size_t n, off_t at)
{
        return (ssize_t)result(sys_pread(fd, buf, n, (uint64_t)at));
}

ssize_t readlinkat(int dir, const char *path, char *buf, size_t n)
{
        return (ssize_t)result(sys_readlink(dir, path, buf, n));
}

ssize_t readlink(const char *path, char *buf, size_t n)
{
        return readlinkat(AT_FDCWD, path, buf, n);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
        (void)mode, (void)flags;
        return (int)result(sys_access(dir, path));
}

int access(const char *path, int mode)
{
        return faccessat(AT_FDCWD, path, mode, 0);
}

int fstatat(int dir, const char *path, struct stat *s, int flags)
{
        (void)flags;
        return (int)result(sys_stat(dir, path, &s->st_dev));
}

int stat(const char *path, struct stat *s)
{
        return fstatat(AT_FDCWD, path, s, 0);
}

int fstat(int fd, struct stat *s)
{
        return fstatat(fd, "", s, 0);
}

static int type_of(int dir, const char *path, struct statfs *fs)
{
        int64_t type = result(sys_statfs(dir, path));

        fs->f_type = (uint64_t)type;
        return type < 0 ? -1 : 0;
}

int statfs(const char *path, struct statfs *fs)
{
        return type_of(AT_FDCWD, path, fs);
}

int fstatfs(int fd, struct statfs *fs)
{
        return type_of(fd, "", fs);
}

/* Folders */

struct mema_dir {
        int fd;
        struct dirent entry;
};

DIR *fdopendir(int fd)
{
        DIR *d = malloc(sizeof *d);

        if (d)
                d->fd = fd;
        else
                errno = ENOMEM;
        return d;
}

struct dirent *readdir(DIR *d)
{
        return sys_next_name(d->fd, d->entry.d_name, sizeof d->entry.d_name) > 0 ? &d->entry : NULL;
}

int closedir(DIR *d)
{
        int n = close(d->fd);

        free(d);
        return n;
}

/* Processes */

int kill(int pid, int sig)
{
        return (int)result(sys_kill(pid, sig));
}

uid_t geteuid(void)
{
        return (uid_t)sys_number(SYS_USER);
}

pid_t getpid(void)
{
        return sys_number(SYS_PID);
}

long sysconf(int what)
{
        (void)what; /* _SC_PAGESIZE */
        return sys_number(SYS_PAGE_SIZE);
}

const char *strerror(int error)
{
        static char text[128];

        sys_error_text(error, text, sizeof text);
        return text;
}

/* Memory */

int memfd_create(const char *name, unsigned flags)
{
        (void)name; /* "" */
        return (int)result(sys_memfd_create(flags));
}

int mema_sys_pagemap_scan(int fd, void *request)
{
        return (int)result(sys_pagemap_scan(fd, request));
}

int mema_set_vma_name(uint64_t start, uint64_t size, const char *name)
{
        return (int)result(sys_set_vma_name(start, size, name));
}

uint64_t mema_map_zeros(uint64_t size)
{
        return sys_map_zeros(size);
}

void mema_unmap(uint64_t start, uint64_t size)
{
        sys_unmap(start, size);
}

uint64_t mema_robust_list(long thread)
{
        return sys_robust_list((int)thread);
}

/* Memory of the module: source_text_linux.c keeps a text there. */

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
        void *p = malloc(size);

        (void)at, (void)prot, (void)flags, (void)fd, (void)offset;
        return p ? memset(p, 0, size) : MAP_FAILED;
}

int munmap(void *p, size_t size)
{
        (void)size;
        free(p);
        return 0;
}

int madvise(void *p, size_t size, int advice)
{
        (void)p, (void)size, (void)advice;
        return 0;
}
