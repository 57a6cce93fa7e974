/* watch.h - a process, looked at again and again. */
#ifndef WATCH_H
#define WATCH_H

#include "options.h"

/* Shows what changed, every s->watch seconds: on a terminal redrawn, elsewhere a line
 * a time.  Returns when standard output has failed, or with why the process can no longer
 * be read. */
enum mema_status watch(const struct settings *s, struct mema_error *error);

#endif
