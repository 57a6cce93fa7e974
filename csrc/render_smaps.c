/* render_smaps.c - a report as a saved capture: the lines that smaps_capture.c reads, then the text that
 * was kept.
 *
 * The lines hold everything else that the report depends on, as numbers without interpretation. */
#include "smaps_capture.h"
#include "source_text.h"
#include "render.h"

/* Lines */

static void put_key(struct out *o, size_t key)
{
        put(o, "# ");
        put(o, mema_capture_key(key));
        put(o, ": ");
}

static void put_text_line(struct out *o, size_t key, const char *text, size_t len)
{
        put_key(o, key);
        put_bytes(o, text, len);
        put(o, "\n");
}

static void put_number_line(struct out *o, size_t key, uint64_t number)
{
        put_key(o, key);
        put_decimal(o, number);
        put(o, "\n");
}

static void put_address_line(struct out *o, size_t key, uint64_t address)
{
        put_key(o, key);
        put(o, "0x");
        put_number(o, address, 16, 1, ' ');
        put(o, "\n");
}

/* Sections */

enum { VERSION = 1 };

static bool version_line(struct mema_output *w, struct out *o)
{
        put_number_line(o, CAPTURE_VERSION, VERSION);
        w->_kept = w->report->_text.first;
        return false;
}

/* A guess is left out, because the reader of the capture makes the same guess. */
static bool program_line(struct mema_output *w, struct out *o)
{
        const struct mema_context *c = &w->report->context;

        if (c->exe_length > 0 && !w->report->_counting.exe_guessed)
                put_text_line(o, c->exe_deleted ? CAPTURE_DELETED_PROGRAM : CAPTURE_PROGRAM, c->exe,
                              (size_t)c->exe_length);
        return false;
}

static bool program_kind_line(struct mema_output *w, struct out *o)
{
        const char *kind = mema_capture_program_kind(w->report->context.program);

        if (kind)
                put_text_line(o, CAPTURE_PROGRAM_KIND, kind, text_length(kind));
        return false;
}

static bool go_version_line(struct mema_output *w, struct out *o)
{
        const char *version = w->report->context.go_version;

        if (version[0] != '\0')
                put_text_line(o, CAPTURE_GO_VERSION, version, text_length(version));
        return false;
}

static bool allocator_line(struct mema_output *w, struct out *o)
{
        enum mema_allocator allocator = w->report->context.allocator;

        if (allocator != MEMA_ALLOCATOR_UNKNOWN)
                put_text_line(o, CAPTURE_ALLOCATOR, mema_allocator_name(allocator),
                              text_length(mema_allocator_name(allocator)));
        return false;
}

static bool number_line(struct mema_output *w, struct out *o)
{
        const struct mema_context *c = &w->report->context;
        const struct {
                size_t key;
                uint64_t number;
        } numbers[] = {
                { CAPTURE_MAPPINGS, w->report->totals.mappings + w->report->checks.grown },
                { CAPTURE_HEAPS_KNOWN, c->heaps_known },
                { CAPTURE_BSS_KNOWN, c->bss_known },
                { CAPTURE_WITHOUT_CGO, c->without_cgo },
                { CAPTURE_LABELS_LOST, w->report->checks.labels_lost },
                { CAPTURE_DRIFT, c->malloc_drift },
                { CAPTURE_CGROUP_HIDDEN, c->limits.cgroup_hidden },
                { CAPTURE_ALL_THREADS, c->threads.all },
                { CAPTURE_DESCRIPTORS, c->threads.descriptors },
        };

        if (w->_item == sizeof numbers / sizeof *numbers)
                return false;
        if (numbers[w->_item].number > 0)
                put_number_line(o, numbers[w->_item].key, numbers[w->_item].number);
        w->_item++;
        return true;
}

static bool thread_line(struct mema_output *w, struct out *o)
{
        const struct mema_threads *threads = &w->report->context.threads;

        if (w->_item == threads->count || w->_item == MEMA_THREADS_MAX)
                return false;
        put_address_line(o, CAPTURE_THREAD, threads->stack[w->_item++]);
        return true;
}

static bool anchor_line(struct mema_output *w, struct out *o)
{
        const struct mema_go *go = &w->report->context.facts.go;

        if (!go->known || w->_item == go->anchor_count || w->_item == MEMA_ANCHORS_MAX)
                return false;
        put_address_line(o, CAPTURE_ANCHOR, go->anchors[w->_item++]);
        return true;
}

static bool limit_line(struct mema_output *w, struct out *o)
{
        const struct mema_limits *limits = &w->report->context.limits;
        uint64_t limit = w->_item++;

        if (limit == MEMA_LIMIT_COUNT)
                return false;
        if (limits->known & MEMA_BIT(limit))
                put_number_line(o, CAPTURE_FIRST_LIMIT + (size_t)limit, limits->value[limit]);
        return true;
}

static bool figure_line(struct mema_output *w, struct out *o)
{
        size_t key = CAPTURE_FIRST_FIGURE + (size_t)w->_item++;
        uint64_t before, after;

        if (!mema_capture_key(key))
                return false;
        if (mema_capture_figure(key, &w->report->context.facts, &before) &&
            mema_capture_figure(key, &w->report->after, &after)) {
                put_key(o, key);
                put_decimal(o, before);
                put(o, " ");
                put_decimal(o, after);
                put(o, "\n");
        }
        return true;
}

static bool owner_line(struct mema_output *w, struct out *o)
{
        const struct mema_context *c = &w->report->context;
        const struct mema_owner *owner;

        if (w->_item == c->owner_count)
                return false;
        owner = &c->owners[w->_item++];
        put_key(o, CAPTURE_OWNER);
        put_number(o, owner->start, 16, 1, ' ');
        put(o, "-");
        put_number(o, owner->end, 16, 1, ' ');
        put(o, " ");
        put_decimal(o, owner->rss);
        put(o, " ");
        put_decimal(o, owner->committed);
        put(o, " ");
        put_decimal(o, owner->unsure);
        put(o, " ");
        put(o, mema_category_stable_id((unsigned)owner->category));
        if (owner->name_length > 0) {
                put(o, " ");
                put_bytes(o, c->names + owner->name, (size_t)owner->name_length);
        }
        put(o, "\n");
        return true;
}

static bool text_pieces(struct mema_output *w, struct out *o)
{
        (void)o;
        if (!w->_kept)
                return false;
        w->_piece = w->_kept->text;
        w->_piece_length = w->_kept->length;
        w->_kept = w->_kept->next;
        return true;
}

const mema_section mema_smaps_sections[] = {
        version_line, program_line, program_kind_line, go_version_line, allocator_line, number_line,
        thread_line,  anchor_line,  limit_line,        figure_line,     owner_line,     text_pieces,
        NULL,
};
