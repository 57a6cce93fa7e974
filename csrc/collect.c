/* collect.c - fills a report from a source, with memory from malloc. */
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "self_memory.h"
#include "source.h"
#include "source_owners.h"
#include "source_text.h"

/* The largest arena, which holds a report's rows and names. */
static const uint64_t arena_max = UINT64_C(1) << 30;

/* The first arena of a process that reads itself, in bytes: enough for some hundred mappings.  Fewer touch
 * only a fraction of it. */
#ifndef MEMA_OWN_ARENA
#define MEMA_OWN_ARENA (1 << 16)
#endif

/* If there is no memory, the report keeps its arena, and counts what does not fit. */
static void grow(struct mema_report *r, uint64_t wanted)
{
        void *arena = wanted > 0 && wanted <= arena_max ? realloc(r->_arena.bytes, (size_t)wanted) : NULL;

        if (arena)
                mema_report_lend(r, arena, wanted);
}

/* Allocates before a process reads itself: an allocation during the reading changes the mappings that
 * are read, and the kernel returns a mapping again, all of it, if it has grown since its start was read. */
static void prepare(struct mema_report *r)
{
        if (!r->_arena.bytes)
                grow(r, MEMA_OWN_ARENA);
        mema_owners_reserve(&r->_owners);
}

static void add_owner(struct mema_report *r, const struct mema_capture *capture)
{
        r->checks.labels_lost += !mema_owners_add(&r->_owners, &r->context, &capture->owner, capture->name);
}

/* `capture`: what the text says before its regions, or NULL. */
static enum mema_status add(struct mema_report *r, const struct mema_region *region,
                            const struct mema_capture *capture)
{
        if (capture && r->totals.mappings == 0)
                mema_report_capture(r, capture);
        grow(r, mema_report_wants(r, region));
        return mema_report_add(r, region);
}

/* `where` is the beginning of the message. */
static enum mema_status sums_error(struct mema_error *error, const char *where,
                                   const struct mema_region *region)
{
        mema_fail(error, MEMA_STATUS_OVERFLOW, 0,
                  "%sthe sizes of the mappings up to here exceed 2^64 bytes in total", where);
        error->line = region->line;
        error->column = 1;
        return MEMA_STATUS_OVERFLOW;
}

static enum mema_status collect(struct mema_report *r, struct mema_source *source,
                                struct mema_self_memory *own, struct mema_error *error)
{
        const struct mema_region *region;
        enum mema_status status;

        if (!source)
                return error->status;
        while ((status = source->next(source, &region, error)) == MEMA_STATUS_REGION ||
               status == MEMA_STATUS_OWNER) {
                if (status == MEMA_STATUS_OWNER) {
                        add_owner(r, source->capture);
                        continue;
                }
                mema_self_memory_look(own, region);
                if (add(r, region, source->capture) != MEMA_STATUS_OK) {
                        char where[sizeof error->message];

                        snprintf(where, sizeof where, "%s:%llu:1: ", source->name,
                                 (unsigned long long)region->line);
                        status = sums_error(error, where, region);
                        break;
                }
        }
        source->close(source);
        return status == MEMA_STATUS_END ? MEMA_STATUS_OK : status;
}

enum mema_status mema_collect(struct mema_report *r, uint64_t pid, struct mema_error *error)
{
        struct mema_self_memory *own = pid == 0 ? mema_self_memory_open(r) : NULL;
        const struct mema_options *o = &r->options;
        bool wanted = o->source == MEMA_SOURCE_SCAN || (o->source == MEMA_SOURCE_AUTO && o->rss_only);
        struct mema_source *source = mema_source_process(pid, wanted && !o->keep_text, &r->context, error);
        enum mema_status status;

        if (own && source)
                prepare(r);
        if (source && o->keep_text)
                source->kept = &r->_text;
        r->scanned = source && source->scans;
        r->checks.scan_missed = o->source == MEMA_SOURCE_SCAN && !r->scanned;
        status = collect(r, source, own, error);
        mema_self_memory_close(own);
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
                if (p->status >= MEMA_STATUS_EMPTY) {
                        mema_smaps_error(p, error);
                        return p->status;
                }
                if (r->_counting.overflown)
                        return sums_error(error, "", &p->region);
                if (p->status == MEMA_STATUS_END || (!buf && mema_smaps_finish(p) == MEMA_STATUS_END))
                        return MEMA_STATUS_END;
                if (buf && used == len)
                        return MEMA_STATUS_MORE;
                if (buf)
                        used += mema_smaps_feed(p, buf + used, len - used);
                if (p->status == MEMA_STATUS_REGION)
                        add(r, &p->region, &p->capture);
                else if (p->status == MEMA_STATUS_OWNER)
                        add_owner(r, &p->capture);
        }
}

void mema_report_free(struct mema_report *r)
{
        free(r->_arena.bytes);
        r->_arena.bytes = NULL;
        mema_owners_free(&r->_owners);
        mema_text_free(&r->_text);
}
