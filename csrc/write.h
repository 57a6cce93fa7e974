/* write.h - bounded writing of text, for all that the core writes; not for users.
 *
 * Text that does not fit in the buffer is dropped. */
#ifndef MEMA_WRITE_H
#define MEMA_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/* A text of `len` bytes that may grow to `cap`.  The buffer has one byte more, for out_end's NUL. */
struct out {
        char *buf;
        size_t len, cap;
};

/* An empty text in a buffer of `size` bytes. */
static inline struct out out_to(char *buf, size_t size)
{
        return (struct out){ buf, 0, size > 0 ? size - 1 : 0 };
}

/* Terminates the text with a NUL, and returns its length. */
static inline size_t out_end(struct out *o)
{
        if (o->buf)
                o->buf[o->len] = '\0';
        return o->len;
}

static inline void put_bytes(struct out *o, const char *text, size_t len)
{
        if (len > o->cap - o->len)
                len = o->cap - o->len;
        memcpy(o->buf + o->len, text, len);
        o->len += len;
}

/* strlen, which a freestanding core does not have. */
static inline size_t text_length(const char *text)
{
        size_t n = 0;

        while (text[n] != '\0')
                n++;
        return n;
}

static inline void put(struct out *o, const char *text)
{
        put_bytes(o, text, text_length(text));
}

static inline void put_spaces(struct out *o, size_t n)
{
        while (n-- > 0)
                put_bytes(o, " ", 1);
}

/* Pads what was written since `start` with spaces to `column` bytes. */
static inline void put_to_column(struct out *o, size_t start, size_t column)
{
        if (o->len - start < column)
                put_spaces(o, column - (o->len - start));
}

/* A number in base 2 to 16, padded on the left to `width` characters, at most 64. */
static inline void put_number(struct out *o, uint64_t value, unsigned base, size_t width, char fill)
{
        char digits[64];
        size_t n = sizeof digits;

        memset(digits, fill, sizeof digits);
        do {
                digits[--n] = "0123456789abcdef"[value % base];
                value /= base;
        } while (value > 0);
        if (width <= sizeof digits && n > sizeof digits - width)
                n = sizeof digits - width;
        put_bytes(o, digits + n, sizeof digits - n);
}

static inline void put_decimal(struct out *o, uint64_t value)
{
        put_number(o, value, 10, 1, ' ');
}

#endif
