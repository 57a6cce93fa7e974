/* self_object.h - the objects of this process; not for users. */
#ifndef MEMA_SELF_OBJECT_H
#define MEMA_SELF_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the ends of this process's objects can be known. */
bool mema_self_has_objects(void);

/* The end of the object whose file is mapped at `base`, with its zeroed data, rounded to a page; 0 if it is
 * unknown. */
uint64_t mema_self_object_end(uint64_t base);

#endif
