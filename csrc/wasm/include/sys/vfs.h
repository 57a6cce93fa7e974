#pragma once
#include <stdint.h>
struct statfs {
        uint64_t f_type;
};
int statfs(const char *, struct statfs *);
int fstatfs(int, struct statfs *);
