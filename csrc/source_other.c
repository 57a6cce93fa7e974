/* clang-format off */
//go:build !linux
/* clang-format on */

/* source_other.c - sources on systems other than Linux: only saved texts can be read. */
#include "source.h"

#include "error.h"
#include "source_text.h"

struct mema_source *mema_source_process(uint64_t pid, bool scan, struct mema_context *context,
                                        struct mema_error *error)
{
        (void)pid;
        (void)scan;
        (void)context;
        mema_fail(error, MEMA_STATUS_UNSUPPORTED, 0,
                  "Failed to open /proc/self/smaps: only Linux has it; a saved smaps can be read everywhere");
        return NULL;
}

bool mema_text_keep(struct mema_kept_text *t, const char *text, size_t len)
{
        (void)t;
        (void)text;
        (void)len;
        return false;
}

void mema_text_free(struct mema_kept_text *t)
{
        (void)t;
}
