/* smaps.c - the parser: bytes of /proc/PID/smaps in, regions out.  Single lines are in smaps_line.c.
 *
 * The law of this file: the output does not depend on how the input was cut.  It holds because only
 * whole lines are read: in place if the line is whole in the caller's piece, else from p->_line.text, in
 * which it is assembled first.  A line that is too long for p->_line.text loses the same middle in both
 * cases.
 *
 * A region ends with the next header, or with the input.  That header waits in p->_line.text
 * (p->_line.pending) until the caller has taken the region. */
#include "smaps_fast.h"
#include "smaps_line.h"

/* Appends to the line that is being assembled.  Beyond MEMA_LINE_MAX, the part after MEMA_LINE_HEAD is a
 * ring buffer of the last bytes. */
static void hold(struct mema_smaps *p, const char *s, size_t n)
{
        size_t room = p->_line.held < MEMA_LINE_MAX ? MEMA_LINE_MAX - (size_t)p->_line.held : 0;
        size_t first = n < room ? n : room;

        if (p->_line.held == 0)
                p->_line.cut_blanks = 0;
        memcpy(p->_line.text + (room ? p->_line.held : 0), s, first);
        p->_line.held += first;
        for (size_t i = first; i < n; i++, p->_line.held++) {
                uint64_t lost = p->_line.held - MEMA_LINE_MAX;
                char *oldest = &p->_line.text[MEMA_LINE_HEAD + lost % MEMA_LINE_TAIL];

                p->_line.cut_blanks += *oldest == ' ' && p->_line.cut_blanks == lost;
                *oldest = s[i];
        }
}

/* Reverses the bytes from `from` up to `to`. */
static void reverse(char *from, char *to)
{
        while (from < to) {
                char c = *from;

                *from++ = *--to;
                *to = c;
        }
}

/* Returns the assembled line, with the ring buffer rotated so that its oldest byte is first. */
static struct span held_line(struct mema_smaps *p)
{
        size_t len = (size_t)p->_line.held;

        p->_line.held = 0;
        if (len > MEMA_LINE_MAX) {
                size_t oldest = (len - MEMA_LINE_MAX) % MEMA_LINE_TAIL;

                p->_line.cut = len - MEMA_LINE_MAX;
                reverse(p->_line.text + MEMA_LINE_HEAD, p->_line.text + MEMA_LINE_HEAD + oldest);
                reverse(p->_line.text + MEMA_LINE_HEAD + oldest, p->_line.text + MEMA_LINE_MAX);
                reverse(p->_line.text + MEMA_LINE_HEAD, p->_line.text + MEMA_LINE_MAX);
                len = MEMA_LINE_MAX;
        }
        return span_of(p->_line.text, len);
}

/* Completes the region for the caller. */
static void close_region(struct mema_smaps *p)
{
        struct mema_region *g = &p->region;

        /* A name can itself end in a carriage return.  It is the line's if all lines so far end in one. */
        if (!p->_line.bare && g->name_length > 0 && g->name[g->name_length - 1] == '\r')
                g->name_length--;
        mema_fast_end(p);
        if (!g->vm_flags_present)
                g->vm_flags[0] = '\0';
        if (p->_line.regions++ == 0)
                p->_line.usual_label = p->_line.label;
        else if (p->_line.usual_label != p->_line.label)
                p->_line.usual_label = LABEL_NONE;
        p->_line.open = false;
        p->status = MEMA_STATUS_REGION;
}

/* Takes a whole line.  A header within a region waits and ends the region. */
static void take_line(struct mema_smaps *p, struct span line)
{
        p->line++;
        p->_line.length = span_length(line) + p->_line.cut;
        if (!p->_line.closing && !SPAN_ENDS(line, "\r"))
                p->_line.bare = true;
        if (mema_line_is_header(line)) {
                if (!p->_line.open) {
                        mema_line_open(p, line);
                        return;
                }
                if (line.at != p->_line.text)
                        memcpy(p->_line.text, line.at, span_length(line));
                p->_line.pending = span_length(line) + 1;
                p->_header.known = false;
                close_region(p);
        } else if (p->_line.open) {
                mema_line_field(p, line);
        } else {
                mema_line_preamble(p, line);
        }
}

/* Opens the region of the waiting header. */
static void take_pending(struct mema_smaps *p)
{
        if (p->_line.pending > 0) {
                struct span header = span_of(p->_line.text, (size_t)p->_line.pending - 1);

                if (p->_header.known)
                        mema_fast_open(p, header);
                else
                        mema_line_open(p, header);
        }
        p->_line.pending = p->_line.cut = 0;
}

/* Whether the first line is too long for a mapping: without an end, it would be read forever. */
static bool is_hopeless(const struct mema_smaps *p)
{
        struct span head = span_of(p->_line.text, MEMA_LINE_HEAD);

        if (p->_line.held <= MEMA_LINE_MAX || p->_line.regions > 0 || p->_line.open || *head.at == '#' ||
            mema_line_is_header(head))
                return false;
        skip_hex(&head); /* an address can have any number of zeros */
        return head.at < head.end;
}

void mema_smaps_init(struct mema_smaps *p)
{
        memset(p, 0, offsetof(struct mema_smaps, _line.text));
        p->_line.label = p->_line.usual_label = LABEL_NONE;
        p->status = MEMA_STATUS_MORE;
}

size_t mema_smaps_feed(struct mema_smaps *p, const char *buf, size_t len)
{
        size_t used = 0;

        if (p->status >= MEMA_STATUS_END)
                return 0;
        p->status = MEMA_STATUS_MORE;
        take_pending(p);
        while (used < len && p->status == MEMA_STATUS_MORE) {
                if (p->_line.held == 0)
                        used += mema_fast_take(p, buf + used, len - used);
                if (p->_line.pending > 0) {
                        close_region(p);
                        break;
                }
                if (used == len)
                        break;

                const char *at = buf + used;
                const char *newline = memchr(at, '\n', len - used);
                size_t n = newline ? (size_t)(newline - at) : len - used;

                if (!newline || p->_line.held > 0 || n > MEMA_LINE_MAX)
                        hold(p, at, n);
                used += newline ? n + 1 : n;
                if (newline || is_hopeless(p))
                        take_line(p, p->_line.held > 0 ? held_line(p) : span_of(at, n));
                if (!p->_line.pending)
                        p->_line.cut = 0;
        }
        return used;
}

/* Whether the last region has the label that all others end with. */
static bool is_complete(const struct mema_smaps *p)
{
        uint64_t label = p->_line.usual_label;

        if (label == LABEL_NONE || p->_line.regions == 0)
                return true;
        return label == LABEL_VM_FLAGS ? p->region.vm_flags_present : p->region.present >> label & 1;
}

enum mema_status mema_smaps_finish(struct mema_smaps *p)
{
        if (p->status >= MEMA_STATUS_END)
                return p->status;
        p->status = MEMA_STATUS_MORE;
        take_pending(p);
        if (p->status == MEMA_STATUS_MORE && p->_line.held > 0) {
                p->_line.closing = true;
                take_line(p, held_line(p));
        }
        if (p->status != MEMA_STATUS_MORE)
                return p->status;
        if (!p->_line.open) {
                p->status = p->_line.regions > 0 ? MEMA_STATUS_END : MEMA_STATUS_EMPTY;
                if (p->capture.mappings > 0 && p->_line.regions != p->capture.mappings)
                        mema_line_incomplete(p);
        } else if (is_complete(p)) {
                close_region(p);
        } else {
                mema_line_incomplete(p);
        }
        return p->status;
}
