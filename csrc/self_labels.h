/* self_labels.h - between self_labels_linux.c and self_memory_linux.c; not for users. */
#ifndef MEMA_SELF_LABELS_H
#define MEMA_SELF_LABELS_H

#include "memanalyzer.h"

/* mema_label and mema_label_remove, for callers whose pointers are shorter than this process's addresses. */
enum mema_status mema_label_at(uint64_t address, uint64_t size, const char *name, size_t name_length,
                               const struct mema_label_options *options, struct mema_error *error);
enum mema_status mema_label_remove_at(uint64_t address, uint64_t size, struct mema_error *error);

/* A copy of the labels of this process, by address, as owners without resident bytes. */
struct mema_labels {
        const char *names;
        uint64_t count;
        struct mema_owner list[];
};

/* The caller frees it; NULL if there is no memory. */
struct mema_labels *mema_labels_copy(void);

#endif
