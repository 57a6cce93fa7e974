/* source_owners.c - a growing list of owners, with memory from malloc. */
#include "source_owners.h"

#include <stdlib.h>
#include <string.h>

/* A bound, because a capture can have any number of owners. */
static const uint64_t owners_max = UINT64_C(1) << 20;

/* Grows `memory` to hold `items`; returns NULL, with `memory` unchanged, if there is no memory. */
static void *with_room(void *memory, uint64_t *room, uint64_t items, size_t size)
{
        uint64_t more = items * 2 + 64;

        if (items <= *room && memory)
                return memory;
        memory = realloc(memory, (size_t)more * size);
        if (memory)
                *room = more;
        return memory;
}

void mema_owners_reserve(struct mema_owner_list *list)
{
        list->owners = with_room(list->owners, &list->room, 1, sizeof *list->owners);
        list->names = with_room(list->names, &list->names_room, 1, 1);
}

bool mema_owners_add(struct mema_owner_list *list, struct mema_context *context,
                     const struct mema_owner *owner, const char *name)
{
        uint64_t count = context->owners == list->owners ? context->owner_count : 0;
        void *owners = NULL, *names = NULL;

        if (count < owners_max)
                owners = with_room(list->owners, &list->room, count + 1, sizeof *list->owners);
        if (!owners)
                return false;
        context->owners = list->owners = owners;
        context->owner_count = count;
        names = with_room(list->names, &list->names_room, list->names_used + owner->name_length, 1);
        if (!names)
                return false;
        context->names = list->names = names;
        list->owners[count] = *owner;
        list->owners[count].name = list->names_used;
        if (owner->name_length > 0)
                memcpy(list->names + list->names_used, name, (size_t)owner->name_length);
        list->names_used += owner->name_length;
        context->owner_count++;
        return true;
}

void mema_owners_free(struct mema_owner_list *list)
{
        free(list->owners);
        free(list->names);
        memset(list, 0, sizeof *list);
}
