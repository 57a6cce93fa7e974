/* color.c - decides which lines of a text report are colored, and how. */
#define _POSIX_C_SOURCE 200809L
#include "color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

bool color_wanted(int fd)
{
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        return isatty(fd) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

static bool begins(const char *line, size_t len, const char *prefix)
{
        size_t n = strlen(prefix);

        return len >= n && memcmp(line, prefix, n) == 0;
}

/* The escape sequence for a line, which has no newline; NULL: plain. */
static const char *sequence_for(struct color *c, const char *line, size_t len)
{
        if (len == 0) {
                c->warnings = false;
                return NULL;
        }
        if (begins(line, len, "Warnings:"))
                c->warnings = true;
        if (c->warnings || begins(line, len, "Estimated:"))
                return YELLOW;
        if (begins(line, len, "==="))
                return BOLD;
        if (begins(line, len, "---"))
                return DIM;
        if (line[0] >= 'A' && line[0] <= 'Z' && line[len - 1] == ':')
                return BOLD;
        return NULL;
}

static void write_line(struct color *c, FILE *out)
{
        const char *sequence = c->long_line ? NULL : sequence_for(c, c->line, c->held);

        if (sequence)
                fputs(sequence, out);
        fwrite(c->line, 1, c->held, out);
        if (sequence)
                fputs(PLAIN, out);
        c->held = 0;
}

void color_feed(struct color *c, const char *text, size_t len, FILE *out)
{
        for (size_t i = 0; i < len; i++) {
                if (text[i] == '\n') {
                        write_line(c, out);
                        putc('\n', out);
                        c->long_line = false;
                        continue;
                }
                if (c->held == sizeof c->line) {
                        c->long_line = true;
                        write_line(c, out);
                }
                c->line[c->held++] = text[i];
        }
}

void color_finish(struct color *c, FILE *out)
{
        if (c->held > 0)
                write_line(c, out);
}
