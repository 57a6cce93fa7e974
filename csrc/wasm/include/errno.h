#pragma once
extern int errno;
/* The same on all machines. */
enum { EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, ENOMEM = 12, EACCES = 13, EFAULT = 14, EINVAL = 22 };
