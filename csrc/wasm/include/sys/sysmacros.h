#pragma once
#include <sys/types.h>
/* Of the kernel's dev_t in 64 bits; Go makes the same number. */
#define makedev(major, minor) ((uint64_t)(major) << 32 | (minor))
