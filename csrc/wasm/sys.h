/* sys.h - what the module imports: the system calls of posix.c, which Go makes.
 *
 * Those that return int64_t return a number, or a negative errno.  `dir` and `fd` are file descriptors of the
 * process; addresses of its memory are uint64_t, pointers are into the module's. */
#ifndef MEMA_SYS_H
#define MEMA_SYS_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name))) name

struct mema_labels;
struct mema_scan_request;

int64_t IMPORT(sys_open)(int dir, const char *path, int flags); /* flags of include/fcntl.h */
int64_t IMPORT(sys_close)(int fd);
int64_t IMPORT(sys_read)(int fd, void *buf, size_t n);
int64_t IMPORT(sys_pread)(int fd, void *buf, size_t n, uint64_t at);
int64_t IMPORT(sys_readlink)(int dir, const char *path, char *buf, size_t n);
int64_t IMPORT(sys_access)(int dir, const char *path);
int64_t IMPORT(sys_stat)(int dir, const char *path, uint64_t *device_inode_user); /* "": of `dir` */
int64_t IMPORT(sys_statfs)(int dir, const char *path);                            /* its type; "": of `dir` */
int64_t IMPORT(sys_next_name)(int fd, char *buf, size_t n); /* of a folder, with its length; 0 at the end */
int64_t IMPORT(sys_kill)(int pid, int signal);
int64_t IMPORT(sys_memfd_create)(unsigned flags);
int64_t IMPORT(sys_set_vma_name)(uint64_t start, uint64_t size, const char *name);
int64_t IMPORT(sys_pagemap_scan)(int fd,
                                 void *request); /* struct pm_scan_arg, with a pointer into the module */
uint64_t IMPORT(sys_map_zeros)(uint64_t size);
void IMPORT(sys_unmap)(uint64_t start, uint64_t size);
uint64_t IMPORT(sys_robust_list)(int thread);
void IMPORT(sys_error_text)(int error, char *buf, size_t n);

/* Numbers of the machine and the process. */
int IMPORT(sys_number)(unsigned which);
enum { SYS_PAGE_SIZE, SYS_PID, SYS_USER, SYS_WIDE, SYS_HAS_LOADER, SYS_HAS_SHADOW };

/* Memory of the process, and words of 4 or 8 bytes in its byte order, widened to 8 of the module's. */
int64_t IMPORT(sys_memory)(int file, uint64_t at, void *to, size_t size);
int64_t IMPORT(sys_words)(int file, uint64_t at, uint64_t *words, size_t n);
int64_t IMPORT(sys_pagemap)(int fd, uint64_t *entries, size_t n, uint64_t at); /* numbers of 8 bytes */

/* The labels of the process, as mema_labels_copy returns them, but without categories. */
struct mema_labels *IMPORT(sys_labels)(void);

#endif
