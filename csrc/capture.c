/* capture.c - what a saved capture says of its process: the keys of the lines
 * `# key: value`, and where their values go.  memanalyzer.h has the form. */
#include "capture.h"

#include "owners.h"

enum kind { VERSION, PROGRAM, DELETED_PROGRAM, LABEL, ANCHOR, LIMIT, FIGURE };

static const char *const wants[] = {
        [VERSION] = "1, the version of this form",
        [PROGRAM] = "a path of at most 4096 bytes",
        [DELETED_PROGRAM] = "a path of at most 4096 bytes",
        [LABEL] = "addresses in their order, bytes and a name, as c000-e000 8192 cache",
        [ANCHOR] = "an address, as 0xc000012000",
        [LIMIT] = "a number",
        [FIGURE] = "a number of bytes, or two",
};
_Static_assert(MEMA_NAME_MAX == 4096, "it is in the words above");

/* A figure, and what says that it is known, are in struct mema_facts; a limit's place is
 * its enum mema_limit. */
static const struct {
        const char *name;
        size_t length;
        enum kind kind;
        size_t place, known;
} keys[] = {
/* clang-format off */
#define KEY(name, ...)     { name, sizeof(name) - 1, __VA_ARGS__ }
#define MEMBER(of, member) KEY(#of "." #member, FIGURE, offsetof(struct mema_facts, of.member), \
                               offsetof(struct mema_facts, of.known))
        KEY("memanalyzer capture", VERSION, 0, 0),
        KEY("program", PROGRAM, 0, 0),
        KEY("deleted_program", DELETED_PROGRAM, 0, 0),
        KEY("label", LABEL, 0, 0),
        KEY("go.anchor", ANCHOR, 0, 0),
#define X(id, stable) KEY(stable, LIMIT, MEMA_LIMIT_##id, 0),
        MEMA_LIMITS(X)
#undef X
        MEMBER(go, heap_live),
        MEMBER(go, heap_objects),
        MEMBER(go, heap_unused),
        MEMBER(go, heap_free),
        MEMBER(go, heap_released),
        MEMBER(go, heap_stacks),
        MEMBER(go, metadata),
        MEMBER(go, work_buffers),
        MEMBER(malloc, arena),
        MEMBER(malloc, in_use),
        MEMBER(malloc, retained),
        MEMBER(malloc, mapped),
#undef MEMBER
#undef KEY
        /* clang-format on */
};

enum { FIRST_FIGURE = 5 + MEMA_LIMIT_COUNT, KEY_COUNT = sizeof keys / sizeof *keys };
_Static_assert(KEY_COUNT <= 64, "a capture's `given` has a bit a key");
_Static_assert(sizeof(struct mema_facts) / sizeof(uint64_t) ==
                       (KEY_COUNT - FIRST_FIGURE) + 2 /* known */ + 1 + MEMA_ANCHORS_MAX,
               "every figure has a key");

const char *mema_capture_key(size_t key)
{
        return keys[key].name;
}

const char *mema_capture_wants(size_t key)
{
        return wants[keys[key].kind];
}

bool mema_capture_find(struct span line, size_t *key, struct span *value)
{
        const char *colon = memchr(line.at, ':', span_length(line));
        struct span name = { line.at + 1, colon };

        if (!colon)
                return false;
        skip_blanks(&name);
        *value = (struct span){ colon + 1, line.end };
        skip_blanks(value);
        for (*key = 0; *key < KEY_COUNT; ++*key)
                if (span_equals(name, keys[*key].name, keys[*key].length))
                        return true;
        return false;
}

/* What is absent is not zero, and sums of some of the figures would be wrong. */
static bool all_given(const struct mema_capture *c, size_t known)
{
        for (size_t i = FIRST_FIGURE; i < KEY_COUNT; i++)
                if (keys[i].known == known && !(c->given >> i & 1))
                        return false;
        return true;
}

static void set_fact(struct mema_capture *c, size_t place, uint64_t before, uint64_t after)
{
        memcpy((char *)&c->context.facts + place, &before, sizeof before);
        memcpy((char *)&c->after + place, &after, sizeof after);
}

static void take_figure(struct mema_capture *c, size_t key, uint64_t before, uint64_t after)
{
        set_fact(c, keys[key].place, before, after);
        c->given |= UINT64_C(1) << key;
        if (all_given(c, keys[key].known))
                set_fact(c, keys[key].known, 1, 1);
}

static void take_limit(struct mema_limits *limits, size_t limit, uint64_t value)
{
        limits->value[limit] = value;
        limits->known |= MEMA_BIT(limit);
}

static void take_anchor(struct mema_go *go, uint64_t address)
{
        if (go->anchor_count < MEMA_ANCHORS_MAX)
                go->anchors[go->anchor_count++] = address;
}

static enum scan take_program(struct mema_context *context, struct span path, bool deleted)
{
        size_t n = span_length(path);

        if (n == 0 || n > MEMA_NAME_MAX)
                return SCAN_NONE;
        memcpy(context->exe, path.at, n);
        context->exe_length = n;
        context->exe_deleted = deleted;
        return SCAN_OK;
}

/* A number and what stands behind it. */
static enum scan scan_part(enum scan (*scan)(struct span *, uint64_t *), struct span *s, uint64_t *value,
                           char then)
{
        enum scan result = scan(s, value);

        return result == SCAN_OK && !scan_char(s, then) ? SCAN_NONE : result;
}

static enum scan take_label(struct mema_capture *c, struct span *s)
{
        struct mema_label *l = &c->label;
        const char *first = s->at;
        uint64_t start, end, rss;
        enum scan result = scan_part(scan_hex, s, &start, '-');

        if (result == SCAN_OK)
                result = scan_part(scan_hex, s, &end, ' ');
        if (result == SCAN_OK)
                result = scan_part(scan_decimal, s, &rss, ' ');
        if (result != SCAN_OK || !mema_is_label_name(*s))
                return result == SCAN_OVERFLOW ? result : SCAN_NONE;
        if (start >= end || start < l->end) {
                s->at = first;
                return SCAN_NONE;
        }
        *l = (struct mema_label){ start, end, rss, span_length(*s), "" };
        memcpy(l->name, s->at, span_length(*s));
        c->labels++;
        return SCAN_OK;
}

static enum scan scan_anchor(struct span *s, uint64_t *address)
{
        return scan_char(s, '0') && scan_char(s, 'x') ? scan_hex(s, address) : SCAN_NONE;
}

static enum scan scan_figure(struct span *s, uint64_t *before, uint64_t *after)
{
        enum scan result = scan_decimal(s, before);

        *after = *before;
        skip_blanks(s);
        return result == SCAN_OK && s->at < s->end ? scan_decimal(s, after) : result;
}

enum scan mema_capture_take(struct mema_capture *c, size_t key, struct span *value)
{
        enum kind kind = keys[key].kind;
        enum scan result = SCAN_NONE;
        uint64_t first = 0, second = 0;

        switch (kind) {
        case VERSION:
                result = scan_char(value, '1') ? SCAN_OK : SCAN_NONE;
                break;
        case PROGRAM:
        case DELETED_PROGRAM:
                return take_program(&c->context, *value, kind == DELETED_PROGRAM);
        case LABEL:
                return take_label(c, value);
        case ANCHOR:
                result = scan_anchor(value, &first);
                break;
        case LIMIT:
                result = scan_decimal(value, &first);
                break;
        case FIGURE:
                result = scan_figure(value, &first, &second);
                break;
        }
        if (result != SCAN_OK)
                return result;
        skip_blanks(value);
        if (value->at < value->end)
                return SCAN_NONE;
        if (kind == FIGURE)
                take_figure(c, key, first, second);
        else if (kind == LIMIT)
                take_limit(&c->context.limits, keys[key].place, first);
        else if (kind == ANCHOR)
                take_anchor(&c->context.facts.go, first);
        return SCAN_OK;
}
