/* self_range_linux.c - pages of this process: whether they can have a label, as /proc/self/maps shows
 * them, and which names the kernel has for them. */
#define _GNU_SOURCE
#include "self_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "classify.h"
#include "error.h"
#include "source.h"
#include "system_linux.h"

/* Names */

/* NULL removes the name.  False, with errno, if the kernel refuses; pages before the refused one are
 * changed. */
static bool set_name(struct mema_range range, const char *name)
{
        return range.start == range.end || mema_set_vma_name(range.start, range.end - range.start, name) == 0;
}

/* Restores names upwards from the start, the order in which the kernel changed them.  Above the page that it
 * refused, names are set to what they already are. */
static void restore(struct mema_range range, const struct mema_kernel_names *old)
{
        for (size_t i = 0; i < old->count; i++) {
                const struct mema_kernel_name *n = &old->list[i];

                set_name((struct mema_range){ range.start, n->range.start }, NULL);
                set_name(n->range, n->name);
                range.start = n->range.end;
        }
        set_name(range, NULL);
}

static bool kernel_takes(char c)
{
        return c >= ' ' && c <= '~' && !memchr("[]\\$`", c, 5);
}

bool mema_range_name(struct mema_range range, struct span name, const struct mema_kernel_names *old)
{
        char fit[MEMA_KERNEL_NAME_MAX + 1];
        size_t n = 0;

        for (; name.at < name.end && n < MEMA_KERNEL_NAME_MAX; name.at++)
                fit[n++] = kernel_takes(*name.at) ? *name.at : '_';
        fit[n] = '\0';
        if (set_name(range, fit))
                return true;
        if (errno != EINVAL) /* which a kernel without names returns, before it changes anything */
                restore(range, old);
        return false;
}

void mema_range_unname(struct mema_range range)
{
        set_name(range, NULL);
}

void mema_kernel_names_free(struct mema_kernel_names *names)
{
        free(names->list);
        *names = (struct mema_kernel_names){ 0 };
}

/* Appends the name of a region if it has one; false if there is no memory.  Names in [heap] stay
 * unknown, because maps does not show them. */
static bool note_name(struct mema_kernel_names *names, struct mema_range part, const struct mema_region *g)
{
        static const char private[] = "[anon:", shared[] = "[anon_shmem:";
        struct span name = span_of(g->name, (size_t)g->name_length);
        struct mema_kernel_name *n;

        if (!SPAN_ENDS(name, "]") || !(SPAN_STARTS(name, private) || SPAN_STARTS(name, shared)))
                return true;
        if (names->count == names->room) {
                size_t room = names->room * 2 + 4;

                n = realloc(names->list, room * sizeof *n);
                if (!n)
                        return false;
                names->list = n;
                names->room = room;
        }
        names->hide_files |= SPAN_STARTS(name, shared);
        name.at += SPAN_STARTS(name, private) ? sizeof private - 1 : sizeof shared - 1;
        name.end--;
        n = &names->list[names->count++];
        *n = (struct mema_kernel_name){ .range = part };
        memcpy(n->name, name.at, (size_t)min_u64(span_length(name), MEMA_KERNEL_NAME_MAX));
        return true;
}

/* Mappings */

/* A check of a range, with the findings in the regions so far. */
struct check {
        struct mema_range range;
        uint64_t anchor;
        uint64_t mapped_to; /* all of the range below this address is mapped and anonymous */
        struct {
                uint64_t end;
                bool has_anchor, has_range;
        } run; /* of adjoining regions that can be one Go heap */
        bool on_go_heap;
        struct mema_kernel_names *names; /* or NULL */
};

static bool overlaps(const struct mema_region *g, struct mema_range range)
{
        return g->start < range.end && g->end > range.start;
}

/* Follows runs of adjoining regions, as report_run.c does: the run around an anchor is the Go heap. */
static void follow_run(struct check *c, const struct mema_region *g)
{
        static const struct mema_context nothing;
        struct mema_neighbor n = mema_neighbor_of(g);
        bool named_heap = g->name_length > 0 && mema_rule_for(g, &nothing)->category == MEMA_CATEGORY_GO_HEAP;
        bool in_run = named_heap || (n.plain && (n.perms == 0 || n.perms == (PERM_READ | PERM_WRITE)));

        if (!in_run || c->run.end != g->start)
                c->run.has_anchor = c->run.has_range = false;
        if (!in_run)
                return;
        c->run.end = g->end;
        c->run.has_anchor |= c->anchor - g->start < mema_region_span(g);
        c->run.has_range |= overlaps(g, c->range);
        c->on_go_heap |= c->run.has_range && (c->run.has_anchor || named_heap);
}

static enum mema_status check_region(struct check *c, const struct mema_region *g, struct mema_error *error)
{
        struct mema_range part = { max_u64(g->start, c->range.start), min_u64(g->end, c->range.end) };
        char name[128];

        follow_run(c, g);
        if (!overlaps(g, c->range) || g->start > c->mapped_to)
                return MEMA_STATUS_OK;
        if (!mema_takes_labels(g)) {
                mema_escape(name, sizeof name, g->name, (size_t)g->name_length, sizeof name - 1);
                return mema_fail(error, MEMA_STATUS_NOT_ANONYMOUS, 0,
                                 "a label needs anonymous memory, but %" PRIx64 " is in %s", part.start,
                                 name);
        }
        if (c->names && !note_name(c->names, part, g))
                return mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM, "no memory for a label");
        c->mapped_to = g->end;
        return MEMA_STATUS_OK;
}

/* Whether an anchor can be on the same heap as a range.  The Go heap has a terabyte of addresses to itself
 * if addresses have 64 bits. */
static bool is_near(uint64_t anchor, struct mema_range range)
{
        enum { TERABYTE_BITS = 40 };

        return range.end >> 32 == 0 || (anchor ^ range.start) >> TERABYTE_BITS == 0 ||
               (anchor ^ range.end) >> TERABYTE_BITS == 0;
}

enum mema_status mema_range_check(struct mema_range range, uint64_t anchor, struct mema_kernel_names *names,
                                  struct mema_error *error)
{
        struct mema_source *maps = mema_source_own_maps(error);
        struct check c = { .range = range, .mapped_to = range.start, .names = names };
        enum mema_status status = MEMA_STATUS_REGION, found = MEMA_STATUS_OK;
        const struct mema_region *g;

        if (!maps)
                return error->status;
        if (anchor != 0 && is_near(anchor, range))
                c.anchor = anchor;
        /* The Go heap can go on above the range. */
        while (found == MEMA_STATUS_OK && (c.anchor != 0 || c.mapped_to < range.end) &&
               (status = maps->next(maps, &g, error)) == MEMA_STATUS_REGION)
                found = check_region(&c, g, error);
        maps->close(maps);
        if (found != MEMA_STATUS_OK)
                return found;
        if (status > MEMA_STATUS_END)
                return error->status;
        if (c.on_go_heap)
                return mema_fail(error, MEMA_STATUS_ON_GO_HEAP, 0,
                                 "a label needs memory outside the Go heap, but %" PRIx64
                                 " is on it: any collection can reuse its pages",
                                 range.start);
        if (c.mapped_to < range.end)
                return mema_fail(error, MEMA_STATUS_NOT_MAPPED, 0,
                                 "a label needs mapped memory, but %" PRIx64 " is not mapped", c.mapped_to);
        return MEMA_STATUS_OK;
}

enum mema_status mema_range_check_hidden(struct mema_range range, const struct mema_kernel_names *names,
                                         struct mema_error *error)
{
        enum mema_status status = MEMA_STATUS_OK;

        if (names->hide_files && set_name(range, NULL)) {
                status = mema_range_check(range, 0, NULL, error);
                restore(range, names);
        }
        return status;
}
