/* smaps_labels.h - how the parser numbers the labels of lines; not for users. */
#ifndef MEMA_SMAPS_LABELS_H
#define MEMA_SMAPS_LABELS_H

#include "memanalyzer.h"

/* Behind the fields; the last are the keys of a capture. */
enum { LABEL_VM_FLAGS = MEMA_FIELD_COUNT, LABEL_UNKNOWN, LABEL_NONE, LABEL_CAPTURE };

#endif
