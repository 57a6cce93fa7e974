/* source_reader.c - a source that parses a text: reads it in pieces, keeps a copy if that is wanted, and
 * says where it is malformed.  Opens nothing. */
#include "source_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "source_text.h"

/* The start of a line at the end of a piece waits for the rest of the line if it is no longer than this:
 * assembling a line in the parser costs as much as half a mapping. */
enum { WAITING_MAX = 512 };

/* Bytes, or one piece, to read before parsing: kernel and parser compete for the
 * processor's caches, and parsing each piece by itself makes a report 4% slower. */
enum { BATCH = 1 << 14 };

static size_t batch_of(size_t piece)
{
        return piece > BATCH ? piece : BATCH;
}

/* `capture.smaps:12:17: Rss wants a number of kB, not "-4"` */
static void input_error(const struct mema_reader *r, struct mema_error *error)
{
        struct mema_error parser;

        mema_smaps_error(&r->smaps, &parser);
        if (r->smaps.status == MEMA_STATUS_EMPTY)
                mema_fail(error, MEMA_STATUS_EMPTY, 0, "%s: %s, or nothing was written to it", r->source.name,
                          parser.message);
        else
                mema_fail(error, r->smaps.status, 0, "%s:%llu:%llu: %.240s", r->source.name,
                          (unsigned long long)parser.line, (unsigned long long)parser.column, parser.message);
        error->line = parser.line;
        error->column = parser.column;
}

static int64_t read_piece(struct mema_reader *r, struct mema_error *error)
{
        char *to = r->buf + r->have;
        int64_t n = r->read(r, to, r->piece, error);

        if (n > 0 && r->source.kept && !mema_text_keep(r->source.kept, to, (size_t)n)) {
                mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM,
                          "no memory to keep more than %llu MB of the text of %s",
                          (unsigned long long)(r->source.kept->bytes >> 20), r->source.name);
                return -1;
        }
        r->have += n > 0 ? (size_t)n : 0;
        return n;
}

/* Reads a batch behind the bytes that wait.  Returns the number of new bytes, 0 at the end, or a
 * negative number. */
static int64_t read_batch(struct mema_reader *r, struct mema_error *error)
{
        size_t waiting = r->have - r->used;
        int64_t n;

        memmove(r->buf, r->buf + r->used, waiting);
        r->used = 0;
        r->have = waiting;
        do
                n = read_piece(r, error);
        while (n > 0 && r->have - waiting + r->piece <= batch_of(r->piece));
        if (n < 0)
                r->have = 0;
        else
                n = (int64_t)(r->have - waiting);
        r->whole = r->have;
        while (n > 0 && r->whole > 0 && r->buf[r->whole - 1] != '\n')
                r->whole--;
        if (r->have - r->whole > WAITING_MAX)
                r->whole = r->have;
        return n;
}

static enum mema_status next(struct mema_source *source, const struct mema_region **region,
                             struct mema_error *error)
{
        struct mema_reader *r = (struct mema_reader *)source;

        *region = &r->smaps.region;
        for (;;) {
                enum mema_status status;
                int64_t n;

                if (r->used < r->whole) {
                        r->used += mema_smaps_feed(&r->smaps, r->buf + r->used, r->whole - r->used);
                        status = r->smaps.status;
                } else if ((n = read_batch(r, error)) < 0) {
                        return error->status;
                } else if (n > 0 || r->whole > 0) {
                        continue;
                } else {
                        status = mema_smaps_finish(&r->smaps);
                }
                if (status >= MEMA_STATUS_EMPTY)
                        input_error(r, error);
                if (status >= MEMA_STATUS_END && r->end)
                        status = r->end(r, status, error);
                if (status != MEMA_STATUS_MORE)
                        return status;
        }
}

static void close_reader(struct mema_source *source)
{
        struct mema_reader *r = (struct mema_reader *)source;

        r->close(r);
        free(r);
}

struct mema_reader *mema_reader_new(const char *name, size_t piece, struct mema_error *error)
{
        struct mema_reader *r = malloc(sizeof *r + WAITING_MAX + batch_of(piece));

        if (!r) {
                mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM, "no memory to read the source");
                return NULL;
        }
        memset(r, 0, offsetof(struct mema_reader, smaps));
        mema_smaps_init(&r->smaps);
        r->source.next = next;
        r->source.close = close_reader;
        r->source.name = r->name;
        mema_escape(r->name, sizeof r->name, name, strlen(name), sizeof r->name - 1);
        r->piece = piece;
        r->have = r->whole = r->used = 0;
        r->dir = r->fd = r->maps = -1;
        return r;
}
