/* clang-format off */
//go:build !linux
/* clang-format on */

/* self_other.c - a process that looks at itself, on systems other than Linux: it learns nothing. */
#include <string.h>

#include "error.h"
#include "self_memory.h"

void mema_malloc_read(struct mema_malloc *m)
{
        memset(m, 0, sizeof *m);
}

static enum mema_status unsupported(struct mema_error *error)
{
        return mema_fail(error, MEMA_STATUS_UNSUPPORTED, 0, "labels need Linux");
}

enum mema_status mema_label(const void *address, size_t size, const char *name, size_t name_length,
                            const struct mema_label_options *options, struct mema_error *error)
{
        (void)address;
        (void)size;
        (void)name;
        (void)name_length;
        (void)options;
        return unsupported(error);
}

enum mema_status mema_label_remove(const void *address, size_t size, struct mema_error *error)
{
        (void)address;
        (void)size;
        return unsupported(error);
}

struct mema_self_memory *mema_self_memory_open(struct mema_report *r)
{
        (void)r;
        return NULL;
}

void mema_self_memory_look(struct mema_self_memory *own, const struct mema_region *g)
{
        (void)own;
        (void)g;
}

void mema_self_memory_close(struct mema_self_memory *own)
{
        (void)own;
}
