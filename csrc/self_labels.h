/* self_labels.h - between self_labels_linux.c and self_memory_linux.c; not for users. */
#ifndef MEMA_SELF_LABELS_H
#define MEMA_SELF_LABELS_H

#include "memanalyzer.h"

/* A copy of the labels of this process, by address, as owners without resident bytes. */
struct mema_labels {
        const char *names;
        uint64_t count;
        struct mema_owner list[];
};

/* The caller frees it; NULL if there is no memory. */
struct mema_labels *mema_labels_copy(void);

#endif
