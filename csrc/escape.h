/* escape.h - between escape.c and the renderers; not for users. */
#ifndef MEMA_ESCAPE_H
#define MEMA_ESCAPE_H

#include <stdbool.h>

#include "memanalyzer.h"

/* The characters from here on stand for bytes that are not UTF-8; they are private
 * use, so that every parser takes them.  Where they are in a name, their bytes are
 * taken as not UTF-8: all can be taken back. */
enum { MEMA_BYTE = 0xef00 };

/* The first character of a name that has `left` bytes, 1 at least; returns how many
 * it took.  *code is MEMA_BYTE + the byte where it is none. */
size_t mema_read_character(const char *name, size_t left, uint32_t *code);

/* Whether a code point does more than stand in its place. */
bool mema_is_harmful(uint32_t code);

#endif
