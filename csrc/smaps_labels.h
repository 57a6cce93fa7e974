/* smaps_labels.h - numbers for the labels of lines, as in struct mema_line; not for users. */
#ifndef MEMA_SMAPS_LABELS_H
#define MEMA_SMAPS_LABELS_H

#include "memanalyzer.h"

/* After enum mema_field; the key of a capture line is LABEL_CAPTURE plus its CAPTURE_ number. */
enum { LABEL_VM_FLAGS = MEMA_FIELD_COUNT, LABEL_UNKNOWN, LABEL_NONE, LABEL_CAPTURE };

#endif
