/* smaps_line.c - reads one whole line of smaps into the open region, and describes errors.
 *
 * Lines of a capture are smaps_capture.c's; lines in the layout of the first mapping are mostly taken by
 * smaps_fast.c and do not come here. */
#include "smaps_line.h"

#include "escape.h"
#include "region.h"
#include "smaps_capture.h"
#include "smaps_fast.h"
#include "write.h"

/* Errors: the status, and the message "WHO wants WHAT, not EXCERPT".  NULL means the label of the line,
 * and what its value must be. */
#define REASONS(X)                                                                          \
        X(NONE, MALFORMED, "", "")                                                          \
        X(CAPTURE, MALFORMED, NULL, NULL)                                                   \
        X(CAPTURE_OVERFLOW, OVERFLOW, NULL, "numbers below 2^64")                           \
        X(NOT_SMAPS, MALFORMED, "a smaps file",                                             \
          "a mapping first, such as \"00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat\"") \
        X(RANGE, MALFORMED, "a mapping", "an address range such as 00400000-0040b000")      \
        X(BACKWARDS, MALFORMED, "a mapping", "an end that is not below its start")          \
        X(ADDRESS_OVERFLOW, OVERFLOW, "a mapping", "addresses below 2^64")                  \
        X(PERMS, MALFORMED, "a mapping", "permissions such as rw-p")                        \
        X(OFFSET, MALFORMED, "a mapping", "an offset in hexadecimal after its permissions") \
        X(DEVICE, MALFORMED, "a mapping", "a device such as 08:02 after its offset")        \
        X(INODE, MALFORMED, "a mapping", "an inode number after its device")                \
        X(HEADER_OVERFLOW, OVERFLOW, "a mapping", "offset, device and inode below 2^64")    \
        X(LABEL, MALFORMED, "a line after a mapping", "a label such as Rss:")               \
        X(KILOBYTES, MALFORMED, NULL, "a number of kB")                                     \
        X(NUMBER, MALFORMED, NULL, "a number")                                              \
        X(NUMBER_OVERFLOW, OVERFLOW, NULL, "a number below 2^64 bytes")                     \
        X(FLAGS, MALFORMED, NULL, "two-letter codes, at most 64")                           \
        X(LAST_LABEL, TRUNCATED, "the last mapping", "all lines that the others have")      \
        X(MAPPINGS, TRUNCATED, "a saved capture", "as many mappings as it announces")       \
        X(MORE_MAPPINGS, MALFORMED, "a saved capture", "as many mappings as it announces")

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
_Static_assert(MEMA_FIELD_COUNT <= 64, "mema_region.present has a bit for each field");

/* Files that users mistake for a smaps, by their first bytes, and what to say of them. */
/* clang-format off */
#define T(text) text, sizeof(text) - 1
static const struct {
        const char *prefix;
        size_t length;
        const char *what;
} other_formats[] = {
        { T("\x1f\x8b"),             "gzip data: unpack it first" },
        { T("\xef\xbb\xbf"),         "a byte order mark: save it as UTF-8 without one" },
        { T("\xff\xfe"),             "UTF-16: save it as UTF-8" },
        { T("\xfe\xff"),             "UTF-16: save it as UTF-8" },
        { T("\177ELF"),              "a program: save the smaps of its process" },
        { T("Name:\t"),              "the status of a process: save its smaps" },
        { T("Defaulted container "), "a notice from kubectl: name the container with -c" },
};
#undef T
/* clang-format on */

/* Errors */

/* Fails at `at` in `line`; returns false.  An error at the end of an input that stops within a line
 * is MEMA_STATUS_TRUNCATED. */
static bool fail(struct mema_smaps *p, enum reason reason, struct span line, const char *at)
{
        bool quote_spaces = reason == REASON_NOT_SMAPS || reason == REASON_LABEL;
        size_t n = 0;

        p->_line.reason = reason;
        p->_line.reason_label = p->_line.label;
        p->status = p->_line.closing && at == line.end ? MEMA_STATUS_TRUNCATED : reasons[reason].status;
        p->column = (uint64_t)(at - line.at) + 1;
        if (at - line.at > MEMA_LINE_HEAD)
                p->column += p->_line.cut;
        while (n < sizeof p->_line.excerpt && at + n < line.end && (quote_spaces || n == 0 || at[n] != ' '))
                n++;
        memcpy(p->_line.excerpt, at, n);
        p->_line.excerpt_length = n;
        return false;
}

/* pmap begins with "4242:   /usr/bin/cat". */
static bool is_pmap(struct span s)
{
        uint64_t pid;

        return scan_decimal(&s, &pid) == SCAN_OK && SPAN_STARTS(s, ":   ");
}

/* A description of the input that helps more than the excerpt; NULL if it is not known. */
static const char *other_format(const struct mema_smaps *p)
{
        struct span s = span_of(p->_line.excerpt, (size_t)p->_line.excerpt_length);

        if (p->_line.reason == REASON_LABEL && SPAN_STARTS(s, "# memanalyzer capture"))
                return "a second capture: diff compares two";
        if (p->_line.reason != REASON_NOT_SMAPS)
                return NULL;
        if (is_pmap(s))
                return "the output of pmap: save /proc/PID/smaps";
        for (size_t i = 0; i < sizeof other_formats / sizeof *other_formats; i++)
                if (span_starts(s, other_formats[i].prefix, other_formats[i].length))
                        return other_formats[i].what;
        return NULL;
}

static const char *label_text(uint64_t label)
{
        return label == LABEL_VM_FLAGS    ? "VmFlags"
               : label < MEMA_FIELD_COUNT ? fields[label].label
               : label >= LABEL_CAPTURE   ? mema_capture_key((size_t)(label - LABEL_CAPTURE))
                                          : "a line";
}

/* The wrong text: ", not \"-4\"". */
static void put_found(struct out *o, const struct mema_smaps *p)
{
        const char *format = other_format(p);
        char excerpt[sizeof p->_line.excerpt * MEMA_ESCAPED_MAX + 1];

        if (p->_line.reason == REASON_MAPPINGS || p->_line.reason == REASON_MORE_MAPPINGS) {
                put(o, ", ");
                put_decimal(o, p->capture.mappings);
                put(o, ", but has ");
                put_decimal(o, p->_line.regions);
                put(o, p->_line.reason == REASON_MAPPINGS ? ": save it again, the input ends here" : "");
        } else if (p->status == MEMA_STATUS_TRUNCATED) {
                put(o, ", but the input ends here");
        } else if (p->_line.excerpt_length == 0) {
                put(o, ", not the end of the line");
        } else if (format) {
                put(o, ", not ");
                put(o, format);
        } else {
                mema_escape(excerpt, sizeof excerpt, p->_line.excerpt, (size_t)p->_line.excerpt_length,
                            sizeof excerpt - 1);
                put(o, ", not \"");
                put(o, excerpt);
                put(o, "\"");
        }
}

void mema_smaps_error(const struct mema_smaps *p, struct mema_error *error)
{
        struct out o = out_to(error->message, sizeof error->message);

        error->status = p->status;
        error->system = 0;
        error->line = p->line;
        error->column = p->column;
        if (p->_line.reason == REASON_NONE) {
                put(&o, mema_status_text(p->status));
        } else {
                const char *who = reasons[p->_line.reason].who, *what = reasons[p->_line.reason].what;

                put(&o, who ? who : label_text(p->_line.reason_label));
                put(&o, " wants ");
                put(&o, what ? what : mema_capture_wants((size_t)(p->_line.reason_label - LABEL_CAPTURE)));
                put_found(&o, p);
        }
        out_end(&o);
}

/* Header */

/* A header begins with an address range.  A hexadecimal digit is not enough: labels can begin with one
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

/* Whether the line can be a header that was cut off within its range. */
static bool is_header_start(struct span line)
{
        skip_hex(&line);
        (void)scan_char(&line, '-');
        skip_hex(&line);
        return line.at == line.end;
}

typedef enum scan number_scan(struct span *, uint64_t *);

/* Takes one number of a header; fails with `none` or `overflow`. */
static bool take_header_number(struct mema_smaps *p, struct span line, struct span *s, number_scan *scan,
                               uint64_t *value, enum reason none, enum reason overflow)
{
        enum scan result = scan(s, value);

        return result == SCAN_OK || fail(p, result == SCAN_OVERFLOW ? overflow : none, line, s->at);
}

/* Takes "7f00-7fff". */
static bool take_range(struct mema_smaps *p, struct span line, struct span *s)
{
        struct mema_region *g = &p->region;
        const char *end;

        if (!take_header_number(p, line, s, scan_hex, &g->start, REASON_RANGE, REASON_ADDRESS_OVERFLOW))
                return false;
        (void)scan_char(s, '-'); /* mema_line_is_header saw it */
        end = s->at;
        if (!take_header_number(p, line, s, scan_hex, &g->end, REASON_RANGE, REASON_ADDRESS_OVERFLOW))
                return false;
        /* If the input ends within the number, that is incomplete rather than too low. */
        if (g->end < g->start && g->end != 0 && !(p->_line.closing && s->at == line.end))
                return fail(p, REASON_BACKWARDS, line, end);
        return true;
}

/* Takes "00000000 08:02 17". */
static bool take_file(struct mema_smaps *p, struct span line, struct span *s)
{
        struct mema_region *g = &p->region;

        if (!take_header_number(p, line, s, scan_hex, &g->offset, REASON_OFFSET, REASON_HEADER_OVERFLOW))
                return false;
        skip_spaces(s);
        if (!take_header_number(p, line, s, scan_hex, &g->device_major, REASON_DEVICE,
                                REASON_HEADER_OVERFLOW))
                return false;
        if (!scan_char(s, ':'))
                return fail(p, REASON_DEVICE, line, s->at);
        if (!take_header_number(p, line, s, scan_hex, &g->device_minor, REASON_DEVICE,
                                REASON_HEADER_OVERFLOW))
                return false;
        skip_spaces(s);
        if (!take_header_number(p, line, s, scan_decimal, &g->inode, REASON_INODE, REASON_HEADER_OVERFLOW))
                return false;
        if (s->at < line.end && *s->at != ' ' && *s->at != '\r')
                return fail(p, REASON_INODE, line, s->at);
        return true;
}

/* Takes the name, which begins after the padding at s.at.  If it is longer than MEMA_NAME_MAX, it loses its
 * middle: at the place where a line loses its own, so that the name has one gap. */
static void take_name(struct mema_smaps *p, struct span line, struct span s)
{
        struct mema_region *g = &p->region;
        uint64_t cut = p->_line.cut;

        skip_spaces(&s);
        if (cut > 0 && s.at == s.end) /* the padding goes on in the middle that was lost */
                cut -= p->_line.cut_blanks;
        s.end = line.end;
        if (cut == 0)
                skip_spaces(&s);
        if (SPAN_EQUALS(s, "\r"))
                s.at = s.end;

        size_t n = span_length(s);
        size_t over = n > MEMA_NAME_MAX ? n - MEMA_NAME_MAX : 0;
        size_t head = over > 0 ? (size_t)(line.at + MEMA_LINE_HEAD - s.at) : n;

        if (head > n - over)
                head = 0;
        memcpy(g->name, s.at, head);
        memcpy(g->name + head, s.at + head + over, n - head - over);
        g->name_length = n - over;
        g->name_cut = cut + over;
}

/* `7f00-7fff rw-p 00000000 08:02 17   /name` */
void mema_line_open(struct mema_smaps *p, struct span line)
{
        struct span s = line;

        if (p->_line.cut > 0) /* only the name continues after the middle that was lost */
                s.end = s.at + MEMA_LINE_HEAD;
        p->_line.label = LABEL_NONE;
        if (!take_range(p, line, &s))
                return;
        skip_spaces(&s);
        if (!mema_scan_perms(&s, p->region.perms)) {
                fail(p, REASON_PERMS, line, s.at);
                return;
        }
        skip_spaces(&s);
        if (!take_file(p, line, &s))
                return;
        take_name(p, line, s);
        mema_fast_begin(p);
}

/* Fields */

/* Begins with the label that follows the last one in the table: kernels print them in that order. */
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
        p->_layout.strayed = true;
}

/* Takes "4 kB", or "4" of a plain field. */
static bool take_number(struct mema_smaps *p, struct span line, struct span s)
{
        bool plain = fields[p->_line.label].kind == MEMA_KIND_PLAIN;
        enum reason none = plain ? REASON_NUMBER : REASON_KILOBYTES;
        const char *number;
        enum scan result;
        uint64_t value;

        skip_blanks(&s);
        number = s.at;
        result = scan_decimal(&s, &value);
        if (result != SCAN_OK)
                return fail(p, result == SCAN_OVERFLOW ? REASON_NUMBER_OVERFLOW : none, line, number);
        skip_blanks(&s);
        if (!plain) {
                if (!scan_char(&s, 'k') || !scan_char(&s, 'B'))
                        return fail(p, none, line, s.at);
                if (value > UINT64_MAX / 1024)
                        return fail(p, REASON_NUMBER_OVERFLOW, line, number);
                value *= 1024;
                skip_blanks(&s);
        }
        if (s.at < line.end)
                return fail(p, none, line, s.at);
        set_value(p, value);
        mema_fast_learn(p, line, number);
        return true;
}

/* Whether all characters are printable ASCII, not blank, as in a label or a code of VmFlags. */
static bool is_label(struct span s)
{
        for (const char *c = s.at; c < s.end; c++)
                if (*c <= ' ' || *c > '~')
                        return false;
        return s.at < s.end;
}

/* Takes "rd wr mr mw" and separates the codes by single spaces. */
static bool take_flags(struct mema_smaps *p, struct span line, struct span s)
{
        struct mema_region *g = &p->region;
        char *to = g->vm_flags, *last = to + MEMA_VM_FLAGS_MAX * 3;

        if (g->vm_flags_present)
                g->repeated++;
        g->vm_flags_present = true;
        skip_blanks(&s);
        for (; s.at < s.end; skip_blanks(&s)) {
                const char *code = s.at;

                while (s.at < s.end && *s.at != ' ' && *s.at != '\t')
                        s.at++;
                if (s.at - code != 2 || !is_label(span_of(code, 2)) || to == last)
                        return fail(p, REASON_FLAGS, line, s.at - code < 2 ? s.at : code);
                *to++ = code[0];
                *to++ = code[1];
                *to++ = ' ';
        }
        to -= to > g->vm_flags;
        *to = '\0';
        return true;
}

/* Takes a line whose label is unknown, or that has none.  After an unknown label, lines without a label are
 * allowed: Android's "Name:" prints raw newlines.  Some vendors print a raw path. */
static void take_unknown(struct mema_smaps *p, struct span line, bool labeled)
{
        if (!labeled && !p->_line.after_unknown && *line.at != '/' && *line.at != '[')
                fail(p, REASON_LABEL, line, p->_line.closing && is_label(line) ? line.end : line.at);
        p->unknown++;
        p->_line.after_unknown = true;
}

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
                take_unknown(p, line, colon && is_label(label));
                return;
        }
        p->_line.after_unknown = false;
        p->_line.label = found;
        value.at = colon + 1;
        value.end = p->_line.cut > 0 ? line.at + MEMA_LINE_HEAD : line.end;
        if (found == LABEL_VM_FLAGS)
                take_flags(p, line, value);
        else
                take_number(p, line, value);
}

/* Takes `# key: value` of a saved capture; ignores other comments. */
static void take_capture(struct mema_smaps *p, struct span line)
{
        struct span value;
        size_t key;

        if (!mema_capture_find(line, &key, &value))
                return;
        /* A path can itself end in a carriage return, as a mapping's name can: see close_region in smaps.c.
         */
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

void mema_line_preamble(struct mema_smaps *p, struct span line)
{
        if (SPAN_STARTS(line, "#"))
                take_capture(p, line);
        else if (span_length(line) > 0 && !SPAN_EQUALS(line, "\r"))
                fail(p, REASON_NOT_SMAPS, line,
                     p->_line.closing && is_header_start(line) ? line.end : line.at);
}

void mema_line_incomplete(struct mema_smaps *p)
{
        fail(p,
             p->_line.open                            ? REASON_LAST_LABEL
             : p->_line.regions < p->capture.mappings ? REASON_MAPPINGS
                                                      : REASON_MORE_MAPPINGS,
             span_of(p->_line.text, 0), p->_line.text);
        p->line += p->_line.closing ? 0 : 1;
        p->column = p->_line.closing ? p->_line.length + 1 : 1;
}
