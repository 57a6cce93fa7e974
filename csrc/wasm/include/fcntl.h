#pragma once
/* Flags of sys_open: Go knows those of the machine. */
enum { O_RDONLY = 0, O_CLOEXEC = 0, O_DIRECTORY = 1, O_PATH = 2, AT_FDCWD = -100 };
int open(const char *, int);
int openat(int, const char *, int);
