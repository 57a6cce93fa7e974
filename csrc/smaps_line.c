/* smaps_line.c - one whole line of smaps into the region that is open; what is wrong
 * with it, where it is wrong.  Nothing here depends on how the input was cut. */
#include "smaps_line.h"

#include "region.h"
#include "smaps_capture.h"
#include "smaps_fast.h"
#include "render_out.h"

/* What can be wrong: the status, who wants it, what is wanted.  A NULL stands
 * for the label of the line, and for what its value has to be. */
#define REASONS(X)                                                                                 \
        X(NONE, MALFORMED, "", "")                                                                 \
        X(CAPTURE, MALFORMED, NULL, NULL)                                                          \
        X(CAPTURE_OVERFLOW, OVERFLOW, NULL, "numbers below 2^64")                                  \
        X(NOT_SMAPS, MALFORMED, "a smaps file",                                                    \
          "a mapping in its first line, as \"00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat\"") \
        X(RANGE, MALFORMED, "a mapping", "an address range, as 00400000-0040b000")                 \
        X(BACKWARDS, MALFORMED, "a mapping", "an end that is not below its start")                 \
        X(ADDRESS_OVERFLOW, OVERFLOW, "a mapping", "addresses below 2^64")                         \
        X(PERMS, MALFORMED, "a mapping", "permissions, as rw-p")                                   \
        X(OFFSET, MALFORMED, "a mapping", "an offset in hexadecimal after its permissions")        \
        X(DEVICE, MALFORMED, "a mapping", "a device, as 08:02, after its offset")                  \
        X(INODE, MALFORMED, "a mapping", "an inode number after its device")                       \
        X(HEADER_OVERFLOW, OVERFLOW, "a mapping", "offset, device and inode below 2^64")           \
        X(LABEL, MALFORMED, "a line after a mapping", "a label, as Rss:")                          \
        X(KILOBYTES, MALFORMED, NULL, "a number of kB")                                            \
        X(NUMBER, MALFORMED, NULL, "a number")                                                     \
        X(NUMBER_OVERFLOW, OVERFLOW, NULL, "a number below 2^64 bytes")                            \
        X(FLAGS, MALFORMED, NULL, "two-letter codes, at most 64")                                  \
        X(LAST_LABEL, TRUNCATED, "the last mapping", "all lines that the others have")             \
        X(MAPPINGS, TRUNCATED, "a saved capture", "as many mappings as its lines say")

enum reason {
#define X(id, status, who, what) REASON_##id,
        REASONS(X)
#undef X
};

static const struct {
        enum mema_status status;
        const char *who, *what;
} reasons[] = {
#define X(id, status, who, what) { MEMA_STATUS_##status, who, what },
        REASONS(X)
#undef X
};

static const struct {
        const char *label;
        size_t length;
        enum mema_field_kind kind;
} fields[] = {
#define X(id, label, kind) { label, sizeof(label) - 1, MEMA_KIND_##kind },
        MEMA_FIELDS(X)
#undef X
};
_Static_assert(MEMA_FIELD_COUNT <= 64, "a region's `present` has a bit a field");

/* What others have in place of a smaps begins so. */
/* clang-format off */
#define T(text) text, sizeof(text) - 1
static const struct {
        const char *beginning;
        size_t length;
        const char *what;
} strangers[] = {
        { T("\x1f\x8b"),             "what gzip has compressed: unpack it first" },
        { T("\xef\xbb\xbf"),         "a byte order mark: save it as UTF-8 without one" },
        { T("\xff\xfe"),             "UTF-16: save it as UTF-8" },
        { T("\xfe\xff"),             "UTF-16: save it as UTF-8" },
        { T("\177ELF"),              "a program: the smaps of its process is wanted" },
        { T("Name:\t"),              "the status of a process: its smaps is wanted" },
        { T("Defaulted container "), "a notice of kubectl: with -c CONTAINER there is none" },
};
#undef T
/* clang-format on */

/* Errors ------------------------------------------------------------------ */

/* An error at `at` in `line`.  Where it is the end of an input that stops in the
 * middle of a line, it is the input that is wrong, not the line. */
static void fail(struct mema_smaps *p, enum reason reason, struct span line, const char *at)
{
        bool whole = reason == REASON_NOT_SMAPS || reason == REASON_LABEL;
        size_t n = 0;

        p->_line.reason = reason;
        p->_line.reason_label = p->_line.label;
        p->status = p->_line.closing && at == line.end ? MEMA_STATUS_TRUNCATED : reasons[reason].status;
        p->column = (uint64_t)(at - line.at) + 1;
        if (at - line.at > MEMA_LINE_HEAD)
                p->column += p->_line.cut;
        while (n < sizeof p->_line.excerpt && at + n < line.end && (whole || n == 0 || at[n] != ' '))
                n++;
        memcpy(p->_line.excerpt, at, n);
        p->_line.excerpt_length = n;
}

/* What says more than the excerpt would; NULL: nothing. */
static const char *stranger_of(const struct mema_smaps *p)
{
        struct span s = span_of(p->_line.excerpt, (size_t)p->_line.excerpt_length);

        for (size_t i = 0; p->_line.reason == REASON_NOT_SMAPS && i < sizeof strangers / sizeof *strangers;
             i++)
                if (span_starts(s, strangers[i].beginning, strangers[i].length))
                        return strangers[i].what;
        return NULL;
}

static const char *label_text(uint64_t label)
{
        return label == LABEL_VM_FLAGS    ? "VmFlags"
               : label < MEMA_FIELD_COUNT ? fields[label].label
               : label >= LABEL_CAPTURE   ? mema_capture_key((size_t)(label - LABEL_CAPTURE))
                                          : "a line";
}

void mema_smaps_error(const struct mema_smaps *p, struct mema_error *error)
{
        struct out o = out_to(error->message, sizeof error->message);
        char excerpt[sizeof p->_line.excerpt * 12 + 1];

        error->status = p->status;
        error->system = 0;
        error->line = p->line;
        error->column = p->column;
        if (p->_line.reason == REASON_NONE) {
                put(&o, mema_status_text(p->status));
        } else {
                const char *who = reasons[p->_line.reason].who, *what = reasons[p->_line.reason].what;
                const char *stranger = stranger_of(p);

                put(&o, who ? who : label_text(p->_line.reason_label));
                put(&o, " wants ");
                put(&o, what ? what : mema_capture_wants((size_t)(p->_line.reason_label - LABEL_CAPTURE)));
                if (p->status == MEMA_STATUS_TRUNCATED) {
                        put(&o, ", but the input ends here");
                } else if (p->_line.excerpt_length == 0) {
                        put(&o, ", not the end of the line");
                } else if (stranger) {
                        put(&o, ", not ");
                        put(&o, stranger);
                } else {
                        mema_escape(excerpt, sizeof excerpt, p->_line.excerpt,
                                    (size_t)p->_line.excerpt_length, sizeof excerpt - 1);
                        put(&o, ", not \"");
                        put(&o, excerpt);
                        put(&o, "\"");
                }
        }
        out_end(&o);
}

/* Header ------------------------------------------------------------------ */

/* Only a range makes a header: a label can begin with a hexadecimal digit, too
 * ("Anonymous", a vendor's "chp"). */
bool mema_line_is_header(struct span line)
{
        const char *start = line.at;

        skip_hex(&line);
        if (line.at == start || !scan_char(&line, '-'))
                return false;
        start = line.at;
        skip_hex(&line);
        return line.at > start && (line.at == line.end || *line.at == ' ');
}

/* A header that was cut inside its range. */
static bool is_header_start(struct span line)
{
        skip_hex(&line);
        (void)scan_char(&line, '-');
        skip_hex(&line);
        return line.at == line.end;
}

/* One number of a header; false where it failed. */
static bool header_number(struct mema_smaps *p, struct span line, struct span *s, bool decimal,
                          uint64_t *value, enum reason none, enum reason overflow)
{
        enum scan result = decimal ? scan_decimal(s, value) : scan_hex(s, value);

        if (result != SCAN_OK)
                fail(p, result == SCAN_OVERFLOW ? overflow : none, line, s->at);
        return result == SCAN_OK;
}

/* `7f00-7fff rw-p 00000000 08:02 17   /name`: opens a region, or fails. */
void mema_line_open(struct mema_smaps *p, struct span line)
{
        struct mema_region *g = &p->region;
        struct span s = line;

        /* Behind a lost middle there is only a name. */
        if (p->_line.cut > 0)
                s.end = s.at + MEMA_LINE_HEAD;
        p->_line.label = LABEL_NONE;
        if (!header_number(p, line, &s, false, &g->start, REASON_RANGE, REASON_ADDRESS_OVERFLOW))
                return;
        (void)scan_char(&s, '-'); /* mema_line_is_header saw it */
        const char *end = s.at;
        if (!header_number(p, line, &s, false, &g->end, REASON_RANGE, REASON_ADDRESS_OVERFLOW))
                return;
        /* An end that was cut off is short, but not wrong. */
        if (g->end < g->start && g->end != 0 && !(p->_line.closing && s.at == line.end)) {
                fail(p, REASON_BACKWARDS, line, end);
                return;
        }
        skip_spaces(&s);
        if (!mema_scan_perms(&s, g->perms)) {
                fail(p, REASON_PERMS, line, s.at);
                return;
        }
        skip_spaces(&s);
        if (!header_number(p, line, &s, false, &g->offset, REASON_OFFSET, REASON_HEADER_OVERFLOW))
                return;
        skip_spaces(&s);
        if (!header_number(p, line, &s, false, &g->device_major, REASON_DEVICE, REASON_HEADER_OVERFLOW))
                return;
        if (!scan_char(&s, ':')) {
                fail(p, REASON_DEVICE, line, s.at);
                return;
        }
        if (!header_number(p, line, &s, false, &g->device_minor, REASON_DEVICE, REASON_HEADER_OVERFLOW))
                return;
        skip_spaces(&s);
        if (!header_number(p, line, &s, true, &g->inode, REASON_INODE, REASON_HEADER_OVERFLOW))
                return;
        if (s.at < line.end && *s.at != ' ' && *s.at != '\r') {
                fail(p, REASON_INODE, line, s.at);
                return;
        }
        skip_spaces(&s);

        /* Of what was lost, the padding is not the name's. */
        uint64_t cut = p->_line.cut > 0 && s.at == s.end ? p->_line.cut - p->_line.cut_blanks : p->_line.cut;

        s.end = line.end;
        if (cut == 0)
                skip_spaces(&s);
        if (SPAN_EQUALS(s, "\r"))
                s.at = s.end;

        /* What does not fit is left out where the line has lost its middle, or would
         * have: a name has one gap at most. */
        size_t n = span_length(s);
        size_t over = n > MEMA_NAME_MAX ? n - MEMA_NAME_MAX : 0;
        size_t head = over > 0 ? (size_t)(line.at + MEMA_LINE_HEAD - s.at) : n;

        if (head > n - over)
                head = 0;
        memcpy(g->name, s.at, head);
        memcpy(g->name + head, s.at + head + over, n - head - over);
        g->name_length = n - over;
        g->name_cut = cut + over;
        mema_line_begin(p);
}

/* Fields ------------------------------------------------------------------ */

/* What comes behind the last label in the table is tried first: most kernels print
 * them in its order. */
static uint64_t find_label(const struct mema_smaps *p, struct span label)
{
        uint64_t next = p->_line.label < MEMA_FIELD_COUNT ? p->_line.label + 1 : 0;

        if (SPAN_EQUALS(label, "VmFlags"))
                return LABEL_VM_FLAGS;
        for (unsigned i = 0; i < MEMA_FIELD_COUNT; i++, next++) {
                if (next == MEMA_FIELD_COUNT)
                        next = 0;
                if (span_equals(label, fields[next].label, fields[next].length))
                        return next;
        }
        return LABEL_UNKNOWN;
}

static void set_value(struct mema_smaps *p, uint64_t value)
{
        struct mema_region *g = &p->region;

        if (g->present & MEMA_BIT(p->_line.label))
                g->repeated++;
        g->present |= MEMA_BIT(p->_line.label);
        g->value[p->_line.label] = value;
        p->_layout.strayed = 1;
}

static void take_number(struct mema_smaps *p, struct span line, struct span s)
{
        bool plain = fields[p->_line.label].kind == MEMA_KIND_PLAIN;
        enum reason none = plain ? REASON_NUMBER : REASON_KILOBYTES;
        const char *number;
        uint64_t value;

        skip_blanks(&s);
        number = s.at;
        switch (scan_decimal(&s, &value)) {
        case SCAN_NONE:
                fail(p, none, line, number);
                return;
        case SCAN_OVERFLOW:
                fail(p, REASON_NUMBER_OVERFLOW, line, number);
                return;
        case SCAN_OK:
                break;
        }
        skip_blanks(&s);
        if (!plain) {
                if (!scan_char(&s, 'k') || !scan_char(&s, 'B')) {
                        fail(p, none, line, s.at);
                        return;
                }
                if (value > UINT64_MAX / 1024) {
                        fail(p, REASON_NUMBER_OVERFLOW, line, number);
                        return;
                }
                value *= 1024;
                skip_blanks(&s);
        }
        if (s.at < line.end) {
                fail(p, none, line, s.at);
                return;
        }
        set_value(p, value);
        mema_layout_learn(p, line, number);
}

/* A label, or a code of VmFlags, is printable and has no blank. */
static bool is_label(struct span s)
{
        for (const char *c = s.at; c < s.end; c++)
                if (*c <= ' ' || *c > '~')
                        return false;
        return s.at < s.end;
}

/* "rd wr mr mw": kept as it is, one blank between two codes. */
static void take_flags(struct mema_smaps *p, struct span line, struct span s)
{
        struct mema_region *g = &p->region;
        char *to = g->vm_flags, *last = to + MEMA_VM_FLAGS_MAX * 3;

        if (g->vm_flags_present)
                g->repeated++;
        g->vm_flags_present = 1;
        skip_blanks(&s);
        for (; s.at < s.end; skip_blanks(&s)) {
                const char *code = s.at;

                while (s.at < s.end && *s.at != ' ' && *s.at != '\t')
                        s.at++;
                if (s.at - code != 2 || !is_label(span_of(code, 2)) || to == last) {
                        fail(p, REASON_FLAGS, line, s.at - code < 2 ? s.at : code);
                        return;
                }
                *to++ = code[0];
                *to++ = code[1];
                *to++ = ' ';
        }
        to -= to > g->vm_flags;
        *to = '\0';
}

/* A line below a header.  What has a label that is not in the table is passed
 * over, and so is what follows it without one: Android's "Name:" prints raw
 * newlines.  Some vendors print a raw path. */
void mema_line_field(struct mema_smaps *p, struct span line)
{
        struct span label = line, value = line;
        const char *colon;

        if (SPAN_ENDS(line, "\r"))
                line.end--;
        if (line.at == line.end)
                return;
        colon = memchr(line.at, ':', span_length(line));
        label.end = colon ? colon : line.end;

        uint64_t found = colon ? find_label(p, label) : LABEL_UNKNOWN;

        if (found == LABEL_UNKNOWN) {
                bool labeled = colon && is_label(label);

                if (!labeled && !p->_line.after_unknown && *line.at != '/' && *line.at != '[')
                        fail(p, REASON_LABEL, line, p->_line.closing && is_label(line) ? line.end : line.at);
                p->unknown++;
                p->_line.after_unknown = 1;
                return;
        }
        p->_line.after_unknown = 0;
        p->_line.label = found;
        value.at = colon + 1;
        value.end = p->_line.cut > 0 ? line.at + MEMA_LINE_HEAD : line.end;
        if (found == LABEL_VM_FLAGS)
                take_flags(p, line, value);
        else
                take_number(p, line, value);
}

/* `# key: value`: what a saved capture says, or somebody's remark. */
static void take_capture(struct mema_smaps *p, struct span line)
{
        struct span value;
        size_t key;

        if (!mema_capture_find(line, &key, &value))
                return;
        /* A path can end in a carriage return of its own, as a mapping's name: see smaps.c. */
        if (SPAN_ENDS(line, "\r") && !(p->_line.bare && mema_capture_is_path(key)))
                line.end = --value.end;
        p->_line.label = LABEL_CAPTURE + key;

        uint64_t owners = p->capture.owners;
        enum scan result = p->_line.cut > 0 ? SCAN_NONE : mema_capture_take(&p->capture, key, &value);

        if (result != SCAN_OK)
                fail(p, result == SCAN_OVERFLOW ? REASON_CAPTURE_OVERFLOW : REASON_CAPTURE, line, value.at);
        else if (p->capture.owners > owners)
                p->status = MEMA_STATUS_OWNER;
}

void mema_line_stray(struct mema_smaps *p, struct span line)
{
        if (SPAN_STARTS(line, "#"))
                take_capture(p, line);
        else if (span_length(line) > 0 && !SPAN_EQUALS(line, "\r"))
                fail(p, REASON_NOT_SMAPS, line,
                     p->_line.closing && is_header_start(line) ? line.end : line.at);
}

void mema_line_missing(struct mema_smaps *p)
{
        fail(p, p->_line.open ? REASON_LAST_LABEL : REASON_MAPPINGS, span_of(p->_line.text, 0),
             p->_line.text);
        p->line += p->_line.closing ? 0 : 1;
        p->column = p->_line.closing ? p->_line.length + 1 : 1;
}
