/* limits_linux.h - what limits a process's memory from outside; not for users. */
#ifndef MEMA_LIMITS_LINUX_H
#define MEMA_LIMITS_LINUX_H

#include "memanalyzer.h"

/* Reads the limits of the process whose folder in /proc is `dir`.  Unreadable figures stay
 * unknown.  `root` is prepended to other paths: "", or a folder that a test made. */
void mema_limits_read(int dir, const char *root, struct mema_limits *limits);

#endif
