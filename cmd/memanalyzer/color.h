/* color.h - marks the lines of a report's text on a terminal.
 *
 * It adds escape sequences around whole lines and changes no other byte. */
#ifndef COLOR_H
#define COLOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether what is written to `fd` should be colored: it is a terminal, not a
 * dumb one, and NO_COLOR is unset or empty. */
bool color_wanted(int fd);

/* All zero to begin with.  A line that is longer than line[] stays plain. */
struct color {
        char line[2048];
        size_t held;
        bool long_line, warnings;
};

/* Takes the next piece of the text, of any size, and writes its whole lines.
 * Failed writes are left to ferror(out). */
void color_feed(struct color *c, const char *text, size_t len, FILE *out);

/* Writes what is left of a last line that has no end. */
void color_finish(struct color *c, FILE *out);

#endif
