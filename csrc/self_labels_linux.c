/* self_labels_linux.c - the labels of this process: a registry, by address, from which its own
 * reports take them.  The kernel is told their names, too, for other readers of /proc. */
#define _GNU_SOURCE
#include "self_labels.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "self_range.h"

struct entry {
        struct mema_range range;
        char *name;
        size_t name_length;
        bool named; /* the kernel has the name */
};

/* Without overlaps, by address. */
static struct {
        pthread_mutex_t lock;
        pthread_once_t prepared;
        struct entry *list;
        size_t count, room;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER, .prepared = PTHREAD_ONCE_INIT };

/* Lock */

static void take_lock(void)
{
        pthread_mutex_lock(&registry.lock);
}

static void unlock(void)
{
        pthread_mutex_unlock(&registry.lock);
}

static void prepare(void)
{
        pthread_atfork(take_lock, unlock, unlock);
}

/* fork takes the lock, too: else another thread could hold it, which the child does not have. */
static void lock(void)
{
        pthread_once(&registry.prepared, prepare);
        take_lock();
}

/* Registry */

/* Binary search for the first entry that ends beyond an address. */
static size_t first_beyond(uint64_t address)
{
        size_t low = 0, high = registry.count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (registry.list[middle].range.end > address)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

/* Allocates all that insert() needs: a copy of the name, and room for one more entry. */
static bool reserve(struct entry *e, struct span name)
{
        if (registry.count == registry.room) {
                size_t room = registry.count * 2 + 16;
                struct entry *list = realloc(registry.list, room * sizeof *list);

                if (!list)
                        return false;
                registry.list = list;
                registry.room = room;
        }
        e->name_length = span_length(name);
        e->name = malloc(e->name_length);
        if (e->name)
                memcpy(e->name, name.at, e->name_length);
        return e->name != NULL;
}

static void insert(size_t place, struct entry e)
{
        struct entry *at = registry.list + place;

        memmove(at + 1, at, (registry.count - place) * sizeof *at);
        *at = e;
        registry.count++;
}

/* Labels */

/* The whole pages within `size` bytes at an address; end <= start if there are none. */
static struct mema_range pages_in(uint64_t first, uint64_t size)
{
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), last = first + size;
        struct mema_range range = { (first + page - 1) / page * page, last / page * page };

        if (last < first || range.start < first) /* beyond 2^64 */
                range.end = range.start;
        return range;
}

static enum mema_status check_unlabeled(struct mema_range range, struct mema_error *error)
{
        size_t place = first_beyond(range.start);
        const struct entry *there = place < registry.count ? &registry.list[place] : NULL;
        char name[128];

        if (!there || there->range.start >= range.end)
                return MEMA_STATUS_OK;
        mema_escape(name, sizeof name, there->name, there->name_length, sizeof name - 1);
        return mema_fail(error, MEMA_STATUS_LABELED, 0,
                         "a label needs memory without one, but %" PRIx64 "-%" PRIx64 " is labeled %s",
                         there->range.start, there->range.end, name);
}

/* Nothing can fail once the kernel knows the name.  A name that it refuses, such as one for shared
 * memory before Linux 6.2, is in this process's own reports only. */
static enum mema_status add(struct mema_range range, struct span name,
                            const struct mema_label_options *options, struct mema_error *error)
{
        struct mema_kernel_names old = { 0 };
        struct entry e = { .range = range };
        enum mema_status status = check_unlabeled(range, error);

        if (status == MEMA_STATUS_OK)
                status = mema_range_check(range, options->anchor, &old, error);
        if (status == MEMA_STATUS_OK)
                status = mema_range_check_hidden(range, &old, error);
        if (status == MEMA_STATUS_OK && !reserve(&e, name))
                status = mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM, "no memory for a label");
        if (status == MEMA_STATUS_OK) {
                e.named = !options->unnamed && mema_range_name(range, name, &old);
                insert(first_beyond(range.start), e);
        }
        mema_kernel_names_free(&old);
        return status;
}

enum mema_status mema_label_at(uint64_t address, uint64_t size, const char *name, size_t name_length,
                               const struct mema_label_options *options, struct mema_error *error)
{
        static const struct mema_label_options standard;
        struct mema_range range = pages_in(address, size);
        enum mema_status status;

        if (range.end <= range.start)
                return mema_fail(error, MEMA_STATUS_NO_PAGE, 0,
                                 "a label needs a whole page of %ld bytes, but %" PRIu64 " bytes at %" PRIx64
                                 " contain none",
                                 sysconf(_SC_PAGESIZE), size, address);
        if (!mema_is_label_name(span_of(name, name_length)))
                return mema_fail(error, MEMA_STATUS_BAD_NAME, 0,
                                 "a label needs a name of 1 to %d bytes without control characters",
                                 MEMA_LABEL_MAX);
        lock();
        status = add(range, span_of(name, name_length), options ? options : &standard, error);
        unlock();
        return status;
}

enum mema_status mema_label_remove_at(uint64_t address, uint64_t size, struct mema_error *error)
{
        struct mema_range range = pages_in(address, size);
        struct entry *e;
        size_t place;
        bool found;

        lock();
        place = first_beyond(range.start);
        e = place < registry.count ? &registry.list[place] : NULL;
        found = e && e->range.start == range.start && e->range.end == range.end;
        if (found) {
                if (e->named)
                        mema_range_unname(range);
                free(e->name);
                memmove(e, e + 1, (--registry.count - place) * sizeof *e);
        }
        unlock();
        if (!found)
                return mema_fail(error, MEMA_STATUS_NO_LABEL, 0,
                                 "no label covers exactly %" PRIx64 "-%" PRIx64, range.start, range.end);
        return MEMA_STATUS_OK;
}

enum mema_status mema_label(const void *address, size_t size, const char *name, size_t name_length,
                            const struct mema_label_options *options, struct mema_error *error)
{
        if (size > UINTPTR_MAX - (uintptr_t)address) /* beyond the address space */
                size = 0;
        return mema_label_at((uintptr_t)address, size, name, name_length, options, error);
}

enum mema_status mema_label_remove(const void *address, size_t size, struct mema_error *error)
{
        return mema_label_remove_at((uintptr_t)address, size, error);
}

static struct mema_labels *copy(void)
{
        size_t bytes = sizeof(struct mema_labels) + registry.count * sizeof(struct mema_owner), used = 0;
        struct mema_labels *all;
        char *names;

        for (size_t i = 0; i < registry.count; i++)
                used += registry.list[i].name_length;
        all = malloc(bytes + used);
        if (!all)
                return NULL;
        names = (char *)all + bytes;
        all->names = names;
        all->count = registry.count;
        used = 0;
        for (size_t i = 0; i < registry.count; i++) {
                const struct entry *e = &registry.list[i];

                all->list[i] =
                        (struct mema_owner){ e->range.start, e->range.end,  MEMA_CATEGORY_NAMED, 0, 0, 0,
                                             used,           e->name_length };
                memcpy(names + used, e->name, e->name_length);
                used += e->name_length;
        }
        return all;
}

struct mema_labels *mema_labels_copy(void)
{
        struct mema_labels *all;

        lock();
        all = copy();
        unlock();
        return all;
}
