/* self_labels.h - between self_labels.c and self_memory.c; not for users. */
#ifndef MEMA_SELF_LABELS_H
#define MEMA_SELF_LABELS_H

#include "memanalyzer.h"

/* The labels of this process at one moment, in the order of addresses, as owners of
 * which nothing is known to be resident. */
struct mema_labels {
        const char *names;
        uint64_t count;
        struct mema_owner list[];
};

/* To be freed; NULL where there is no memory for it. */
struct mema_labels *mema_labels_copy(void);

#endif
