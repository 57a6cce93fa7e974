/* self_range.h - pages of this process: whether they can have a label, and which names the kernel has for
 * them; not for users. */
#ifndef MEMA_SELF_RANGE_H
#define MEMA_SELF_RANGE_H

#include "region.h"

struct mema_range {
        uint64_t start, end; /* addresses of whole pages */
};

enum { MEMA_KERNEL_NAME_MAX = 79 }; /* ANON_VMA_NAME_MAX_LEN without the NUL */

struct mema_kernel_name {
        struct mema_range range;
        char name[MEMA_KERNEL_NAME_MAX + 1];
};

/* The names that parts of a range have, by address. */
struct mema_kernel_names {
        struct mema_kernel_name *list;
        size_t count, room;
        bool hide_files; /* shared memory has a name, which is shown in place of the file's */
};

/* Reads /proc/self/maps and checks that all of the range is anonymous memory, and is not on the Go heap
 * around `anchor` (0: none).  Returns MEMA_STATUS_OK or the reason, with *error filled in.  Changes
 * nothing. Fills in *names, unless it is NULL; the caller frees it, also after an error. */
enum mema_status mema_range_check(struct mema_range range, uint64_t anchor, struct mema_kernel_names *names,
                                  struct mema_error *error);

/* Checks again without the names that hide files, if there are any: a name of a memfd, or of a file in memory
 * that was unlinked, looks like one of anonymous memory.  The names are back afterwards. */
enum mema_status mema_range_check_hidden(struct mema_range range, const struct mema_kernel_names *names,
                                         struct mema_error *error);

/* Tells the kernel a name for the range, shortened and with other characters as its rules demand.  If it
 * refuses the name for any page, all pages have their old names again, which are `old`, and the result is
 * false. */
bool mema_range_name(struct mema_range range, struct span name, const struct mema_kernel_names *old);

/* Removes the kernel's name of the range. */
void mema_range_unname(struct mema_range range);

void mema_kernel_names_free(struct mema_kernel_names *names);

#endif
