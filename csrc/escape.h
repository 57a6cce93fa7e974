/* escape.h - characters of a name, for mema_escape and the renderers; not for users. */
#ifndef MEMA_ESCAPE_H
#define MEMA_ESCAPE_H

#include <stdbool.h>

#include "memanalyzer.h"

/* mema_escape writes at most this many bytes for each byte of a name, as in \xNN. */
enum { MEMA_ESCAPED_MAX = 4 };

/* U+EF00 to U+EFFF stand for bytes that are not UTF-8.  They are private use characters, so every parser
 * accepts them.  If a name has such characters itself, their bytes are treated as not UTF-8, so that
 * the mapping is reversible. */
enum { MEMA_BYTE = 0xef00 };

/* Decodes the first character of a name of `left` bytes, at least 1, and returns its length.  *code is
 * MEMA_BYTE + the byte if that is not UTF-8. */
size_t mema_read_character(const char *name, size_t left, uint32_t *code);

/* Whether a code point does more than show a glyph: see escape.c. */
bool mema_is_harmful(uint32_t code);

#endif
