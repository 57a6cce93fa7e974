#pragma once
#include <sys/types.h>
struct stat {
        uint64_t st_dev, st_ino, st_uid;
};
int stat(const char *, struct stat *);
int fstat(int, struct stat *);
int fstatat(int, const char *, struct stat *, int);
