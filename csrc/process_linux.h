/* process_linux.h - what /proc/PID says of a process beside its mappings; not for users.
 *
 * `dir` is an open /proc/PID or /proc/PID/task/TID, which stays that of one process even if its number
 * is reused. */
#ifndef MEMA_PROCESS_LINUX_H
#define MEMA_PROCESS_LINUX_H

#include "memanalyzer.h"

/* Reads the first size - 1 bytes of a file and NUL-terminates them.  Returns their number, or -1 and
 * errno, with an empty text. */
int64_t mema_process_text(int dir, const char *path, char *text, size_t size);

/* /proc/PID/stat: the state, and PF_ flags. */
struct mema_process_state {
        char letter; /* 'Z' */
        unsigned long flags;
        int system; /* errno if the other two could not be read, else 0 */
};

struct mema_process_state mema_process_state(int dir);

bool mema_process_is_kernel_thread(struct mema_process_state state);

/* Whether it has ended, or is ending, in which case its memory goes first. */
bool mema_process_has_ended(struct mema_process_state state);

/* Whether its state can be read and it has not ended. */
bool mema_process_lives(int dir);

/* Whether an errno says that the process does not exist, or has ended. */
bool mema_process_is_gone(int system);

/* Opens the folder of a thread that has not ended.  -1 if there is none; errno is 0 if that is
 * certain. */
int mema_process_open_thread(int dir);

/* Reads the program's path into context->exe, spelled as smaps does.  False if it cannot be read,
 * as that of a process without memory. */
bool mema_process_exe(int dir, struct mema_context *context);

/* Reads the program's file, for its language; unknown if it cannot be read, or not
 * read if the context has Go facts. */
void mema_process_language(int dir, struct mema_context *context);

/* Whether /proc is of another PID namespace than this process. */
bool mema_proc_is_foreign(void);

/* Finds an address on the stack of each of the process's threads, as far as they can be read. */
void mema_process_threads(int dir, struct mema_threads *threads);

#endif
