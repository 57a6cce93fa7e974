/* watch.h - reads a process at intervals and shows what changed. */
#ifndef WATCH_H
#define WATCH_H

#include "options.h"

/* Shows what changed every s->watch seconds: redraws a terminal, prints one line elsewhere.  Returns
 * MEMA_STATUS_OK if standard output failed, or the reason why the process can no longer be read, with *error
 * filled in. */
enum mema_status watch(const struct settings *s, struct mema_error *error);

#endif
