/* error.h - filling in a struct mema_error; not for users. */
#ifndef MEMA_ERROR_H
#define MEMA_ERROR_H

#include "memanalyzer.h"

/* Overwrites *error and returns `status`.  `system` is an errno, or 0. */
#ifdef __GNUC__
__attribute__((format(printf, 4, 5)))
#endif
enum mema_status
mema_fail(struct mema_error *error, enum mema_status status, int system, const char *format, ...);

#endif
