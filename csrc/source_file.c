/* source_file.c - a source that reads saved text, and what text sources share. */
#include "source_text.h"
#include "source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mema_status mema_fail(struct mema_error *error, enum mema_status status, int system, const char *format,
                           ...)
{
        va_list arguments;

        memset(error, 0, sizeof *error);
        error->status = status;
        error->system = (uint64_t)system;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        return status;
}

/* Text ---------------------------------------------------------------------- */

/* `capture.smaps:12:17: Rss wants a number of kB, not "-4"` */
static void input_error(const struct mema_text_source *s, struct mema_error *error)
{
        struct mema_error parser;

        mema_smaps_error(&s->smaps, &parser);
        if (s->smaps.status == MEMA_STATUS_EMPTY)
                mema_fail(error, MEMA_STATUS_EMPTY, 0, "%s: %s, or nothing was written to it", s->source.name,
                          parser.message);
        else
                mema_fail(error, s->smaps.status, 0, "%s:%llu:%llu: %.240s", s->source.name,
                          (unsigned long long)parser.line, (unsigned long long)parser.column, parser.message);
        error->line = parser.line;
        error->column = parser.column;
}

/* A line that the text so far ends in is given with the rest of it: to be put together by
 * the parser it would cost as much as half a mapping, each time. */
enum { KEPT_MAX = 512 };

/* Pieces are read until there are so many bytes, or one piece: kernel and parser take the
 * processor's caches from each other, and with each piece given by itself a report takes 4%
 * longer. */
enum { ROOM = 1 << 14 };

static size_t room_for(size_t piece)
{
        return piece > ROOM ? piece : ROOM;
}

/* Reads the next piece, as read() does. */
static int64_t read_piece(struct mema_text_source *s, struct mema_error *error)
{
        char *to = s->buf + s->have;
        int64_t n = s->read(s, to, s->piece, error);

        if (n > 0 && s->source.kept && !mema_text_keep(s->source.kept, to, (size_t)n)) {
                mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM,
                          "no memory to keep the text of %s, of which there was %llu MB", s->source.name,
                          (unsigned long long)(s->source.kept->bytes >> 20));
                return -1;
        }
        s->have += n > 0 ? (size_t)n : 0;
        return n;
}

/* Reads more; 0 at the end, negative where it failed. */
static int64_t more(struct mema_text_source *s, struct mema_error *error)
{
        size_t kept = s->have - s->used;
        int64_t n;

        memmove(s->buf, s->buf + s->used, kept);
        s->used = 0;
        s->have = kept;
        do
                n = read_piece(s, error);
        while (n > 0 && s->have - kept + s->piece <= room_for(s->piece));
        if (n < 0)
                s->have = 0;
        else
                n = (int64_t)(s->have - kept);
        s->whole = s->have;
        while (n > 0 && s->whole > 0 && s->buf[s->whole - 1] != '\n')
                s->whole--;
        if (s->have - s->whole > KEPT_MAX)
                s->whole = s->have;
        return n;
}

static enum mema_status next(struct mema_source *source, const struct mema_region **region,
                             struct mema_error *error)
{
        struct mema_text_source *s = (struct mema_text_source *)source;

        *region = &s->smaps.region;
        for (;;) {
                enum mema_status status;
                int64_t n;

                if (s->used < s->whole) {
                        s->used += mema_smaps_feed(&s->smaps, s->buf + s->used, s->whole - s->used);
                        status = s->smaps.status;
                } else if ((n = more(s, error)) < 0) {
                        return (enum mema_status)error->status;
                } else if (n > 0 || s->whole > 0) {
                        continue;
                } else {
                        status = mema_smaps_finish(&s->smaps);
                }
                if (status >= MEMA_STATUS_EMPTY)
                        input_error(s, error);
                if (status >= MEMA_STATUS_END && s->end)
                        status = s->end(s, status, error);
                if (status != MEMA_STATUS_MORE)
                        return status;
        }
}

static void close_text(struct mema_source *source)
{
        struct mema_text_source *s = (struct mema_text_source *)source;

        s->close(s);
        free(s);
}

struct mema_text_source *mema_text_source_new(const char *name, size_t piece, struct mema_error *error)
{
        struct mema_text_source *s = malloc(sizeof *s + KEPT_MAX + room_for(piece));

        if (!s) {
                mema_fail(error, MEMA_STATUS_NO_MEMORY, ENOMEM, "no memory to read the source");
                return NULL;
        }
        memset(s, 0, offsetof(struct mema_text_source, smaps));
        s->source.next = next;
        s->source.close = close_text;
        mema_escape(s->shown, sizeof s->shown, name, strlen(name), sizeof s->shown - 1);
        s->source.name = s->shown;
        mema_smaps_init(&s->smaps);
        s->piece = piece;
        s->have = s->whole = s->used = 0;
        s->dir = s->fd = s->maps = -1;
        return s;
}

/* Files ---------------------------------------------------------------------- */

static int64_t read_file(struct mema_text_source *s, char *buf, size_t len, struct mema_error *error)
{
        size_t n = fread(buf, 1, len, s->file);

        if (n == 0 && ferror((FILE *)s->file)) {
                mema_fail(error, MEMA_STATUS_SYSTEM, errno, "Failed to read %s: %s", s->source.name,
                          strerror(errno));
                return -1;
        }
        return (int64_t)n;
}

static void close_file(struct mema_text_source *s)
{
        if (s->file != stdin)
                fclose(s->file);
}

struct mema_source *mema_source_file(const char *path, struct mema_error *error)
{
        bool standard = strcmp(path, "-") == 0;
        struct mema_text_source *s = mema_text_source_new(standard ? "standard input" : path, 1 << 16, error);

        if (!s)
                return NULL;
        s->file = standard ? stdin : fopen(path, "rb");
        if (!s->file) {
                mema_fail(error, MEMA_STATUS_SYSTEM, errno, "Failed to open %s: %s", s->source.name,
                          strerror(errno));
                free(s);
                return NULL;
        }
        s->read = read_file;
        s->close = close_file;
        s->source.capture = &s->smaps.capture;
        return &s->source;
}
