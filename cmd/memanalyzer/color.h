/* color.h - colors the lines of a text report on a terminal.
 *
 * Adds escape sequences around whole lines and changes no other byte. */
#ifndef COLOR_H
#define COLOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether output to `fd` should be colored: it is a terminal, TERM is not "dumb", and NO_COLOR is unset
 * or empty. */
bool color_wanted(int fd);

/* All zero at first.  A line that does not fit in line[] stays plain. */
struct color {
        char line[2048];
        size_t held;
        bool long_line, warnings;
};

/* Takes the next piece of the text, of any size, and writes the lines that it completes.  The caller
 * checks ferror(out). */
void color_feed(struct color *c, const char *text, size_t len, FILE *out);

/* Writes a last line that has no newline. */
void color_finish(struct color *c, FILE *out);

#endif
