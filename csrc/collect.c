/* collect.c - a source into a report, with memory from malloc. */
#include "own_memory.h"
#include "kept.h"
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most that a report's rows and names may take. */
static const uint64_t arena_max = UINT64_C(1) << 30;

/* The most owners that are kept: a file can have any number of labels. */
static const uint64_t found_max = UINT64_C(1) << 20;

/* The arena of a process that reads itself, at first: it will do for some hundred mappings,
 * and of fewer only a fraction is touched. */
enum { OWN_ARENA = 1 << 16 };

/* `memory` with room for so many items; NULL where there is none, and it is as it
 * was. */
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

bool mema_found(struct mema_report *r, const struct mema_owner *owner, const char *name)
{
        uint64_t count = r->found ? r->context.owner_count : 0;
        void *owners = NULL, *names = NULL;

        if (count < found_max)
                owners = with_room(r->found, &r->found_room, count + 1, sizeof *r->found);
        if (!owners)
                return false;
        r->context.owners = r->found = owners;
        r->context.owner_count = count;
        names = with_room(r->found_names, &r->found_names_room, r->found_names_used + owner->name_length, 1);
        if (!names)
                return false;
        r->context.names = r->found_names = names;
        r->found[count] = *owner;
        r->found[count].name = r->found_names_used;
        if (owner->name_length > 0)
                memcpy(r->found_names + r->found_names_used, name, (size_t)owner->name_length);
        r->found_names_used += owner->name_length;
        r->context.owner_count++;
        return true;
}

/* Without more memory the report goes on with what it has, and says so. */
static void grow(struct mema_report *r, uint64_t wanted)
{
        void *arena = wanted > 0 && wanted <= arena_max ? realloc(r->arena, (size_t)wanted) : NULL;

        if (arena)
                mema_report_lend(r, arena, wanted);
}

/* What is allocated while a process reads itself moves what is read, and the kernel gives a
 * mapping that has grown since it gave its beginning a second time, all of it. */
static void prepare(struct mema_report *r)
{
        if (!r->arena)
                grow(r, OWN_ARENA);
        r->found = with_room(r->found, &r->found_room, 1, sizeof *r->found);
        r->found_names = with_room(r->found_names, &r->found_names_room, 1, 1);
}

static void add_owner(struct mema_report *r, const struct mema_capture *capture)
{
        r->labels_lost += !mema_found(r, &capture->owner, capture->name);
}

/* `capture`: what is said before the regions, or NULL. */
static enum mema_status add(struct mema_report *r, const struct mema_region *region,
                            const struct mema_capture *capture)
{
        if (capture && r->totals.mappings == 0)
                mema_report_capture(r, capture);
        grow(r, mema_report_wants(r, region));
        return mema_report_add(r, region);
}

/* `where` is what the message begins with. */
static enum mema_status sums_error(struct mema_error *error, const char *where,
                                   const struct mema_region *region)
{
        mema_fail(error, MEMA_OVERFLOW, 0, "%sthe sizes of the mappings up to here pass 2^64 bytes together",
                  where);
        error->line = region->line;
        error->column = 1;
        return MEMA_OVERFLOW;
}

static enum mema_status collect(struct mema_report *r, struct mema_source *source,
                                struct mema_own_memory *own, struct mema_error *error)
{
        const struct mema_region *region;
        enum mema_status status;

        if (!source)
                return (enum mema_status)error->status;
        while ((status = source->next(source, &region, error)) == MEMA_REGION || status == MEMA_OWNER) {
                if (status == MEMA_OWNER) {
                        add_owner(r, source->capture);
                        continue;
                }
                mema_own_memory_look(own, region);
                if (add(r, region, source->capture) != MEMA_OK) {
                        char where[sizeof error->message];

                        snprintf(where, sizeof where, "%s:%llu:1: ", source->name,
                                 (unsigned long long)region->line);
                        status = sums_error(error, where, region);
                        break;
                }
        }
        source->close(source);
        return status == MEMA_END ? MEMA_OK : status;
}

enum mema_status mema_collect(struct mema_report *r, uint64_t pid, struct mema_error *error)
{
        struct mema_own_memory *own = pid == 0 ? mema_own_memory_open(r) : NULL;
        bool scans = r->scans && !r->keeps_text;
        struct mema_source *source = mema_source_process(pid, scans, &r->context, error);
        enum mema_status status;

        if (own && source)
                prepare(r);
        if (source && r->keeps_text)
                source->keeper = r;
        r->scanned = source && source->scans;
        r->scan_missed = r->scan_wanted && !r->scanned;
        status = collect(r, source, own, error);
        mema_own_memory_close(own);
        return status;
}

enum mema_status mema_collect_file(struct mema_report *r, const char *path, struct mema_error *error)
{
        return collect(r, mema_source_file(path, error), NULL, error);
}

enum mema_status mema_collect_feed(struct mema_report *r, struct mema_smaps *p, const char *buf, size_t len,
                                   struct mema_error *error)
{
        size_t used = 0;

        for (;;) {
                if (p->status >= MEMA_EMPTY) {
                        mema_smaps_error(p, error);
                        return p->status;
                }
                if (r->overflown)
                        return sums_error(error, "", &p->region);
                if (p->status == MEMA_END || (!buf && mema_smaps_finish(p) == MEMA_END))
                        return MEMA_END;
                if (buf && used == len)
                        return MEMA_MORE;
                if (buf)
                        used += mema_smaps_feed(p, buf + used, len - used);
                if (p->status == MEMA_REGION)
                        add(r, &p->region, &p->capture);
                else if (p->status == MEMA_OWNER)
                        add_owner(r, &p->capture);
        }
}

void mema_report_free(struct mema_report *r)
{
        free(r->arena);
        free(r->found);
        free(r->found_names);
        mema_kept_free(r);
        r->arena = NULL;
        r->found = NULL;
        r->found_names = NULL;
}
