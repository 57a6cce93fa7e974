/* smaps_fast.c - the fast path: lines in the layout of the first mapping.
 *
 * The kernel prints the same labels in the same order and columns for every mapping.  While smaps_line.c
 * reads the first mapping, each label becomes a row of the layout.  From then on, a line is compared with
 * the last text of its row; if only the number differs, its eight digits are converted at once
 * (SWAR: SIMD within a register).  If any other byte differs, the line is left to smaps_line.c, which
 * decides: this file takes no line that smaps_line.c would read differently.  Without this file the
 * parser needs five to fourteen times as many instructions.
 *
 * Assembled lines do not come here, so that a text in small pieces is read by smaps_line.c alone:
 * the tests and the fuzzers compare the two. */
#include "smaps_fast.h"

#include "region.h"

/* The kernel's columns: a label and blanks, the number, and its unit with the newline. */
enum { HEAD = 16, NUMBER = 8, LINE = HEAD + NUMBER + 4 };
_Static_assert(sizeof((struct mema_layout *)0)->lines == MEMA_FIELD_COUNT * LINE, "a line for each field");

#define KILOBYTES " kB\n"
#define PLAIN "\n"

/* Numbers */

/* A word of eight equal bytes. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Loads eight bytes, little endian on any machine: compilers make it one load. */
static uint64_t load_8(const char *at)
{
        const unsigned char *b = (const unsigned char *)at;

        return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
               (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 | (uint64_t)b[7] << 56;
}

/* Whether the bytes are any blanks, then digits up to the last byte. */
static bool is_number(uint64_t text)
{
        uint64_t low = text & EACH(0x0f);
        uint64_t blank = ~text >> 4 & EACH(1); /* per byte: 1 for 0x20 to 0x2f, 0 for 0x30 to 0x3f */
        uint64_t mask = (blank << 8) - blank;  /* 0xff in those bytes */
        bool in_range = (text & EACH(0xe0)) == EACH(0x20) && ((low + EACH(6)) & EACH(0x10)) == 0;

        return in_range && ((low & mask) | (mask & (mask + 1)) | blank >> 56) == 0;
}

/* Joins eight digits, the first in the lowest byte, into pairs, groups of four, and the number (SWAR).
 * Branch-free: a loop over the digits, whose number the CPU cannot predict, costs 30 to 40 ns more per
 * mapping. */
static inline uint64_t join_digits(uint64_t digits, uint64_t base)
{
        digits = (digits * base + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
        digits = (digits * base * base + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
        return (digits * base * base * base * base + (digits >> 32)) & UINT64_C(0xffffffff);
}

static uint64_t number_of(uint64_t text)
{
        return join_digits(text & EACH(0x0f), 10);
}

/* Whether all eight bytes are '0' to '9' or 'a' to 'f'. */
static bool is_hex(uint64_t text)
{
        uint64_t low = text & EACH(0x7f);
        uint64_t digit = (low + EACH(0x80 - '0')) & ~(low + EACH(0x7f - '9'));
        uint64_t letter = (low + EACH(0x80 - 'a')) & ~(low + EACH(0x7f - 'f'));

        return ((digit | letter) & ~text & EACH(0x80)) == EACH(0x80);
}

static uint64_t hex_of(uint64_t text)
{
        return join_digits((text & EACH(0x0f)) + (text >> 6 & EACH(1)) * 9, 16);
}

/* Learning */

/* Whether the line, whose number begins at `number`, has the kernel's columns.  A row with a number partly in
 * its head, or a unit in the place of digits, would match malformed lines. */
static bool has_columns(struct span line, const char *number)
{
        struct span unit = { line.at + HEAD + NUMBER, line.end };

        return number - line.at >= HEAD && unit.at <= unit.end && unit.at[-1] >= '0' && unit.at[-1] <= '9' &&
               (unit.at == unit.end || SPAN_EQUALS(unit, " kB"));
}

void mema_fast_learn(struct mema_smaps *p, struct span line, const char *number)
{
        bool plain = span_length(line) == HEAD + NUMBER;
        uint64_t row = 0;

        while (row < p->_layout.rows && p->_layout.field[row] != p->_line.label)
                row++;
        if (row == p->_layout.rows) {
                if (p->_line.regions > 0 || !has_columns(line, number) ||
                    (!plain && p->_layout.kilobytes < row))
                        return;
                memcpy(p->_layout.lines + LINE * row, line.at, span_length(line));
                p->_layout.lines[LINE * row + LINE - 1] = '\n';
                p->_layout.field[row] = (unsigned char)p->_line.label;
                p->_layout.known[p->_line.label] = p->region.value[p->_line.label];
                p->_layout.before[row + 1] = p->_layout.before[row] | MEMA_BIT(p->_line.label);
                p->_layout.rows++;
                p->_layout.kilobytes += !plain;
                if (p->_line.label <= MEMA_FIELD_ANONYMOUS)
                        p->_layout.quiet = p->_layout.kilobytes;
        }
        p->_layout.row = row + 1;
}

void mema_fast_end(struct mema_smaps *p)
{
        uint64_t absent = p->_layout.before[p->_layout.rows] & ~p->region.present;

        p->_layout.strayed |= absent > 0;
        for (unsigned i = 0; absent >> i; i++)
                if (absent >> i & 1)
                        p->region.value[i] = 0;
}

/* Headers */

static bool take_hex(struct span *s, uint64_t *value, char after)
{
        return scan_hex(s, value) == SCAN_OK && scan_char(s, after);
}

/* Takes the address of a page.  Most have 12 digits, the last three 0; digit by digit, addresses take 2 to 9%
 * of the parser's instructions. */
static bool take_page(struct span *s, uint64_t *value, char after)
{
        enum { DIGITS = 1 + 8 + 3 };
        uint64_t text;

        if (s->end - s->at <= DIGITS || memcmp(s->at + 9, "000", 3) != 0 || s->at[DIGITS] != after)
                return take_hex(s, value, after);
        text = load_8(s->at + 1);
        if (hex_plus_1(s->at[0]) == 0 || !is_hex(text))
                return take_hex(s, value, after);
        *value = (uint64_t)(hex_plus_1(s->at[0]) - 1) << 44 | hex_of(text) << 12;
        s->at += DIGITS + 1;
        return true;
}

/* Takes a header up to the blank after its inode. */
static bool take_place(struct mema_header *h, struct span *s)
{
        static const char nowhere[] = "00000000 00:00 0 ";

        if (!take_page(s, &h->start, '-') || !take_page(s, &h->end, ' ') || h->end < h->start ||
            !mema_scan_perms(s, h->perms) || !scan_char(s, ' '))
                return false;
        /* Three quarters of all mappings have no file: saves 7 to 22% of the parser's instructions. */
        if (SPAN_STARTS(*s, nowhere)) {
                s->at += sizeof nowhere - 1;
                h->offset = h->device_major = h->device_minor = h->inode = 0;
                return true;
        }
        return take_hex(s, &h->offset, ' ') && take_hex(s, &h->device_major, ':') &&
               take_hex(s, &h->device_minor, ' ') && scan_decimal(s, &h->inode) == SCAN_OK &&
               scan_char(s, ' ');
}

/* Takes the header of the next region if all of it is there.  It waits until the caller has taken the
 * region before it. */
static const char *take_header(struct mema_smaps *p, const char *at, const char *end)
{
        struct span name = { at, end };
        const char *newline;

        if (!take_place(&p->_header, &name))
                return at;
        skip_spaces(&name);
        if (name.at == end)
                return at;
        newline = *name.at == '\n' ? name.at : memchr(name.at, '\n', span_length(name));
        if (!newline)
                return at;
        name.end = newline;
        if (newline - at > MEMA_LINE_MAX || span_length(name) > MEMA_NAME_MAX || SPAN_ENDS(name, "\r"))
                return at;
        memcpy(p->_line.text, name.at, span_length(name));
        p->_line.pending = span_length(name) + 1;
        p->_header.known = true;
        p->line++;
        p->_line.length = (uint64_t)(newline - at);
        return newline + 1;
}

void mema_fast_begin(struct mema_smaps *p)
{
        struct mema_region *g = &p->region;

        g->line = p->line;
        g->present = 0;
        if (p->_layout.strayed) /* take_line sets no value that is the same as the last one in its row */
                memcpy(g->value, p->_layout.known, sizeof g->value);
        p->_layout.strayed = false;
        g->vm_flags_present = false;
        g->repeated = 0;
        g->category = (enum mema_category_id)0;
        g->method = (enum mema_method)0;
        p->_layout.row = 0;
        p->_line.open = true;
        p->_line.after_unknown = false;
}

void mema_fast_open(struct mema_smaps *p, struct span name)
{
        struct mema_region *g = &p->region;
        const struct mema_header *h = &p->_header;

        p->_line.label = LABEL_NONE;
        g->start = h->start;
        g->end = h->end;
        g->offset = h->offset;
        g->device_major = h->device_major;
        g->device_minor = h->device_minor;
        g->inode = h->inode;
        memcpy(g->perms, h->perms, sizeof g->perms);
        g->name_length = span_length(name);
        g->name_cut = 0;
        memcpy(g->name, name.at, span_length(name));
        mema_fast_begin(p);
}

/* Lines */

/* Eight bytes of text, and their number. */
struct number {
        uint64_t text, value;
};
static const struct number zero = { (EACH(' ') >> 8) | (uint64_t)'0' << 56, 0 };

/* Takes a number that is new in its row.  Most numbers of a mapping equal the one in the row before: without
 * `last` the parser needs up to 10% more instructions. */
static bool take_number(struct mema_smaps *p, uint64_t row, const char *at, uint64_t unit,
                        struct number *last)
{
        uint64_t text = load_8(at);

        if (text != last->text) {
                if (!is_number(text))
                        return false;
                *last = (struct number){ text, number_of(text) };
        }
        memcpy(p->_layout.lines + LINE * row + HEAD, at, NUMBER);
        p->region.value[p->_layout.field[row]] = p->_layout.known[p->_layout.field[row]] = last->value * unit;
        return true;
}

/* Takes one line.  The comparisons have fixed sizes, which makes them a few instructions, not a call. */
static inline bool take_line(struct mema_smaps *p, uint64_t row, const char *at, const char *unit, size_t len,
                             struct number *last)
{
        const char *line = p->_layout.lines + LINE * row;

        if (memcmp(at, line, HEAD) != 0 || memcmp(at + HEAD + NUMBER, unit, len) != 0)
                return false;
        return memcmp(at + HEAD, line + HEAD, NUMBER) == 0 ||
               take_number(p, row, at + HEAD, len > 1 ? 1024 : 1, last);
}

/* Takes rows in kB up to `last`; returns the end of the last one taken. */
static const char *take_rows(struct mema_smaps *p, const char *at, const char *end, uint64_t last)
{
        uint64_t row = p->_layout.row, whole = (uint64_t)(end - at) / LINE;
        struct number number = zero;

        last = min_u64(last, row + whole);
        while (row < last && take_line(p, row, at, KILOBYTES, sizeof KILOBYTES - 1, &number)) {
                at += LINE;
                row++;
        }
        p->_layout.row = row;
        return at;
}

/* Takes rows without a unit. */
static const char *take_plain_rows(struct mema_smaps *p, const char *at, const char *end)
{
        struct number number = zero;

        while (p->_layout.row >= p->_layout.kilobytes && p->_layout.row < p->_layout.rows &&
               end - at >= LINE && take_line(p, p->_layout.row, at, PLAIN, sizeof PLAIN - 1, &number)) {
                at += HEAD + NUMBER + 1;
                p->_layout.row++;
        }
        return at;
}

/* Takes the rows up to `last` if all of them repeat their last text, with one comparison. */
static const char *take_same_rows(struct mema_smaps *p, const char *at, const char *end, uint64_t last)
{
        size_t n = (size_t)sat_sub(last, p->_layout.row) * LINE;

        if (n == 0 || (size_t)(end - at) < n || memcmp(at, p->_layout.lines + LINE * p->_layout.row, n) != 0)
                return at;
        p->_layout.row = last;
        return at + n;
}

/* Takes as many rows as match. */
static const char *take_numbers(struct mema_smaps *p, const char *at, const char *end)
{
        uint64_t first = p->_layout.row;

        /* A field that is there already is repeated, and counted by smaps_line.c. */
        if (first == p->_layout.rows ||
            p->region.present & p->_layout.before[p->_layout.rows] & ~p->_layout.before[first])
                return at;
        /* In large processes, many mappings are alike; in others, most fields after Anonymous are 0.  Without
         * these two comparisons the parser needs 1 to 30% more instructions. */
        at = take_same_rows(p, at, end, p->_layout.kilobytes);
        if (p->_layout.row < p->_layout.kilobytes) {
                at = take_rows(p, at, end, p->_layout.quiet);
                at = take_same_rows(p, at, end, p->_layout.kilobytes);
                at = take_rows(p, at, end, p->_layout.kilobytes);
        }
        at = take_plain_rows(p, at, end);
        p->region.present |= p->_layout.before[p->_layout.row] & ~p->_layout.before[first];
        p->line += p->_layout.row - first;
        if (p->_layout.row > first)
                p->_line.label = p->_layout.field[p->_layout.row - 1];
        return at;
}

/* Takes "VmFlags: rd wr mr mw \n" in the kernel's layout. */
static const char *take_flags(struct mema_smaps *p, const char *at, const char *end)
{
        static const char label[] = "VmFlags: ";
        struct mema_region *g = &p->region;
        const char *codes = at + sizeof label - 1, *s = codes;
        size_t n;

        if (g->vm_flags_present || end - at < LINE || memcmp(at, label, sizeof label - 1) != 0)
                return at;
        while (end - s > 3 && s[0] > ' ' && s[0] <= '~' && s[1] > ' ' && s[1] <= '~' && s[2] == ' ')
                s += 3;
        n = (size_t)(s - codes);
        if (n == 0 || n > MEMA_VM_FLAGS_MAX * 3 || *s != '\n')
                return at;
        memcpy(g->vm_flags, codes, n);
        g->vm_flags[n - 1] = '\0';
        g->vm_flags_present = true;
        p->_line.label = LABEL_VM_FLAGS;
        p->line++;
        return s + 1;
}

size_t mema_fast_take(struct mema_smaps *p, const char *buf, size_t len)
{
        const char *at = buf, *end = buf + len;

        if (!p->_line.open)
                return 0;
        at = take_numbers(p, at, end);
        if (p->_layout.row == p->_layout.rows)
                at = take_flags(p, at, end);
        at = take_header(p, at, end);
        if (at > buf) {
                p->_line.after_unknown = false;
                p->_line.bare = true;
        }
        return (size_t)(at - buf);
}
