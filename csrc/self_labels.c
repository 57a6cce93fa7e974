/* self_labels.c - the names that this process gave to its memory.
 *
 * The registry is what a report has labels from.  The kernel is told, too, where it
 * takes names, for others; and it knows then what is mapped there.  Else we look:
 * what is no memory of the caller's own is refused, on every kernel alike. */
#define _GNU_SOURCE
#include "self_labels.h"

#include "classify.h"
#include "report_split.h"
#include "source.h"

#include <stdlib.h>

#ifdef __linux__

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SET_VMA = 0x53564d41, SET_VMA_ANON_NAME = 0, KERNEL_NAME_MAX = 79 }; /* linux/prctl.h */

struct entry {
        uint64_t start, end;
        char *name;
        size_t name_length;
        bool named; /* the kernel was told */
};

/* In the order of addresses. */
static struct {
        pthread_mutex_t lock;
        pthread_once_t prepared;
        struct entry *list;
        size_t count, room;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER, .prepared = PTHREAD_ONCE_INIT };

/* The lock --------------------------------------------------------------------- */

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

/* A child must not find it locked by a thread that it does not have. */
static void lock(void)
{
        pthread_once(&registry.prepared, prepare);
        take_lock();
}

/* The kernel's names ------------------------------------------------------------- */

static bool kernel_takes(char c)
{
        return c >= ' ' && c <= '~' && !memchr("[]\\$`", c, 5);
}

/* Tells the kernel a name, made to fit its rules, or with none that there is none;
 * false where it does not take it, for all pages. */
static bool tell_kernel(const struct entry *e, struct span name)
{
        char fit[KERNEL_NAME_MAX + 1];
        size_t n = 0;

        for (; name.at < name.end && n < KERNEL_NAME_MAX; name.at++)
                fit[n++] = kernel_takes(*name.at) ? *name.at : '_';
        fit[n] = '\0';
        return prctl(SET_VMA, SET_VMA_ANON_NAME, (unsigned long)e->start, (unsigned long)(e->end - e->start),
                     n > 0 ? fit : NULL) == 0;
}

/* What is mapped ------------------------------------------------------------------- */

/* What is asked of a range, and what the regions up to now say of it. */
struct look {
        uint64_t start, end, anchor;
        uint64_t at;      /* up to here all is mapped */
        uint64_t run_end; /* of the regions that can be one Go heap */
        bool run_has_anchor, run_has_it;
        bool on_go_heap;
};

/* Regions that adjoin, around an anchor, are the Go heap, as in report.c. */
static void look_for_go_heap(struct look *l, const struct mema_region *g, uint64_t category)
{
        struct mema_neighbor n = mema_neighbor_of(g);
        bool run = category == MEMA_CATEGORY_GO_HEAP ||
                   (n.plain && (n.perms == 0 || n.perms == (PERM_READ | PERM_WRITE)));

        if (!run || l->run_end != g->start)
                l->run_has_anchor = l->run_has_it = false;
        if (!run)
                return;
        l->run_end = g->end;
        l->run_has_anchor |= l->anchor - g->start < mema_region_span(g);
        l->run_has_it |= g->start < l->end && g->end > l->start;
        l->on_go_heap |= l->run_has_it && (l->run_has_anchor || category == MEMA_CATEGORY_GO_HEAP);
}

/* MEMA_STATUS_OK, or why the range can have no label. */
static enum mema_status look_at(struct look *l, const struct mema_region *g, struct mema_error *error)
{
        static const struct mema_context nothing;
        char name[128];

        look_for_go_heap(l, g,
                         g->name_length > 0 ? mema_rule_for(g, &nothing)->category : MEMA_CATEGORY_COUNT);
        if (g->end <= l->start || g->start >= l->end || g->start > l->at)
                return MEMA_STATUS_OK;
        if (!mema_takes_labels(g)) {
                mema_escape(name, sizeof name, g->name, (size_t)g->name_length, sizeof name - 1);
                return mema_fail(error, MEMA_STATUS_NOT_ANONYMOUS, 0,
                                 "a label wants anonymous memory: at %" PRIx64 " is %s",
                                 g->start > l->start ? g->start : l->start, name);
        }
        l->at = g->end;
        return MEMA_STATUS_OK;
}

/* Whether all of a range is memory that can have a label; MEMA_STATUS_OK, or why not.  Only
 * for an anchor are the regions behind the range looked at. */
static enum mema_status look(const struct entry *e, uint64_t anchor, struct mema_error *error)
{
        struct mema_source *maps = mema_source_file("/proc/thread-self/maps", error);
        struct look l = { .start = e->start, .end = e->end, .anchor = anchor, .at = e->start };
        const struct mema_region *g;
        enum mema_status status = MEMA_STATUS_REGION, found = MEMA_STATUS_OK;

        if (!maps)
                return (enum mema_status)error->status;
        while (found == MEMA_STATUS_OK && (anchor != 0 || l.at < l.end) &&
               (status = maps->next(maps, &g, error)) == MEMA_STATUS_REGION)
                found = look_at(&l, g, error);
        maps->close(maps);
        if (found != MEMA_STATUS_OK)
                return found;
        if (status > MEMA_STATUS_END)
                return (enum mema_status)error->status;
        if (l.on_go_heap)
                return mema_fail(error, MEMA_STATUS_ON_GO_HEAP, 0,
                                 "a label wants memory of its own: at %" PRIx64
                                 " is the Go heap, whose pages change hands at any collection",
                                 e->start);
        if (l.at < l.end)
                return mema_fail(error, MEMA_STATUS_NOT_MAPPED, 0,
                                 "a label wants mapped memory: at %" PRIx64 " is none", l.at);
        return MEMA_STATUS_OK;
}

/* The Go heap is far from all else, where addresses have 64 bits. */
static bool is_near(uint64_t anchor, const struct entry *e)
{
        return anchor != 0 &&
               (e->end >> 32 == 0 || (anchor ^ e->start) >> 40 == 0 || (anchor ^ e->end) >> 40 == 0);
}

/* The registry ------------------------------------------------------------------------ */

/* The first entry that ends beyond an address. */
static size_t first_beyond(uint64_t address)
{
        size_t low = 0, high = registry.count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (registry.list[middle].end > address)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

static bool insert(size_t place, struct entry e, struct span name)
{
        struct entry *list = registry.list;

        if (registry.count == registry.room) {
                list = realloc(list, (registry.count * 2 + 16) * sizeof *list);
                if (!list)
                        return false;
                registry.list = list;
                registry.room = registry.count * 2 + 16;
        }
        e.name_length = span_length(name);
        e.name = malloc(e.name_length);
        if (!e.name)
                return false;
        memcpy(e.name, name.at, e.name_length);
        memmove(list + place + 1, list + place, (registry.count - place) * sizeof *list);
        list[place] = e;
        registry.count++;
        return true;
}

/* The whole pages in some bytes; end <= start where there are none. */
static struct entry pages_in(const void *address, size_t size)
{
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)address, last = first + size;
        struct entry e = { .start = (first + page - 1) / page * page, .end = last / page * page };

        if (last < first || e.start < first)
                e.end = e.start;
        return e;
}

static enum mema_status add(struct entry e, struct span name, const struct mema_label_options *options,
                            struct mema_error *error)
{
        size_t place = first_beyond(e.start);
        const struct entry *there = place < registry.count ? &registry.list[place] : NULL;
        uint64_t anchor = is_near(options->anchor, &e) ? options->anchor : 0;
        enum mema_status status = MEMA_STATUS_OK;

        if (there && there->start < e.end) {
                char shown[128];

                mema_escape(shown, sizeof shown, there->name, there->name_length, sizeof shown - 1);
                return mema_fail(error, MEMA_STATUS_LABELED, 0,
                                 "a label wants memory without one: %" PRIx64 "-%" PRIx64 " is %s",
                                 there->start, there->end, shown);
        }
        if (anchor != 0)
                status = look(&e, anchor, error);
        if (status == MEMA_STATUS_OK && !options->unnamed) {
                e.named = tell_kernel(&e, name);
                if (!e.named && errno != EINVAL)
                        tell_kernel(&e, span_of("", 0)); /* it can have named some of it */
        }
        if (status == MEMA_STATUS_OK && !e.named && anchor == 0)
                status = look(&e, 0, error);
        if (status == MEMA_STATUS_OK && !insert(place, e, name)) {
                if (e.named)
                        tell_kernel(&e, span_of("", 0));
                status = mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM, "no memory for a label");
        }
        return status;
}

enum mema_status mema_label(const void *address, size_t size, const char *name, size_t name_length,
                            const struct mema_label_options *options, struct mema_error *error)
{
        static const struct mema_label_options standard;
        struct entry e = pages_in(address, size);
        enum mema_status status;

        if (e.end <= e.start)
                return mema_fail(
                        error, MEMA_STATUS_NO_PAGE, 0,
                        "a label wants whole pages of %ld bytes: there is none in %zu bytes at %" PRIx64,
                        sysconf(_SC_PAGESIZE), size, (uint64_t)(uintptr_t)address);
        if (!mema_is_label_name(span_of(name, name_length)))
                return mema_fail(error, MEMA_STATUS_BAD_NAME, 0,
                                 "a label wants a name of 1 to %d bytes without control characters",
                                 MEMA_LABEL_MAX);
        lock();
        status = add(e, span_of(name, name_length), options ? options : &standard, error);
        unlock();
        return status;
}

enum mema_status mema_label_remove(const void *address, size_t size, struct mema_error *error)
{
        struct entry wanted = pages_in(address, size), *e;
        size_t place;
        bool there;

        lock();
        place = first_beyond(wanted.start);
        e = place < registry.count ? &registry.list[place] : NULL;
        there = e && e->start == wanted.start && e->end == wanted.end;
        if (there) {
                if (e->named)
                        tell_kernel(e, span_of("", 0));
                free(e->name);
                memmove(e, e + 1, (--registry.count - place) * sizeof *e);
        }
        unlock();
        if (!there)
                return mema_fail(error, MEMA_STATUS_NO_LABEL, 0,
                                 "there is no label of just %" PRIx64 "-%" PRIx64, wanted.start, wanted.end);
        return MEMA_STATUS_OK;
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

                all->list[i] = (struct mema_owner){ e->start, e->end, MEMA_CATEGORY_NAMED, 0, 0,
                                                    0,        used,   e->name_length };
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

#else

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

#endif
