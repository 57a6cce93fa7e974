#pragma once
#include <stdint.h>
#include <sys/types.h>
enum { F_OK = 0, _SC_PAGESIZE = 30 };
int close(int);
ssize_t read(int, void *, size_t);
ssize_t pread(int, void *, size_t, off_t);
ssize_t readlink(const char *, char *, size_t);
ssize_t readlinkat(int, const char *, char *, size_t);
int access(const char *, int);
int faccessat(int, const char *, int, int);
uid_t geteuid(void);
pid_t getpid(void);
long sysconf(int);
