/* source_file.c - a source that reads a saved text from a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "source_reader.h"

enum { PIECE = 1 << 16 };

static int64_t read_file(struct mema_reader *r, char *buf, size_t len, struct mema_error *error)
{
        size_t n = fread(buf, 1, len, r->file);

        if (n == 0 && ferror((FILE *)r->file)) {
                mema_fail(error, MEMA_STATUS_SYSTEM, errno, "Failed to read %s: %s", r->source.name,
                          strerror(errno));
                return -1;
        }
        return (int64_t)n;
}

static void close_file(struct mema_reader *r)
{
        if (r->file != stdin)
                fclose(r->file);
}

struct mema_source *mema_source_file(const char *path, struct mema_error *error)
{
        bool standard = strcmp(path, "-") == 0;
        struct mema_reader *r = mema_reader_new(standard ? "standard input" : path, PIECE, error);

        if (!r)
                return NULL;
        r->file = standard ? stdin : fopen(path, "rb");
        if (!r->file) {
                mema_fail(error, MEMA_STATUS_SYSTEM, errno, "Failed to open %s: %s", r->source.name,
                          strerror(errno));
                free(r);
                return NULL;
        }
        r->read = read_file;
        r->close = close_file;
        r->source.capture = &r->smaps.capture;
        return &r->source;
}
