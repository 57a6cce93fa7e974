/* smaps_capture.c - the keys of a saved capture's lines `# key: value`, and the members of struct
 * mema_capture for their values.  memanalyzer.h describes the format; render_smaps.c writes it. */
#include "smaps_capture.h"

#include "write.h"
#include "region.h"

enum kind { VERSION, PATH, KIND, GO_VERSION, ALLOCATOR, OWNER, ADDRESS, FLAG, NUMBER, LIMIT, FIGURE };

static const char *const wants[] = {
        [VERSION] = "1, the version of this format",
        [PATH] = "a path of at most 4096 bytes",
        [KIND] = "go or other",
        [GO_VERSION] = "a version of at most 31 bytes",
        [ALLOCATOR] = "the name of an allocator",
        [OWNER] = "ascending addresses, bytes and a category, such as c000-e000 8192 8192 0 named cache",
        [ADDRESS] = "an address such as 0xc000012000",
        [FLAG] = "a number",
        [NUMBER] = "a number",
        [LIMIT] = "a number",
        [FIGURE] = "a number of bytes, or two",
};
_Static_assert(MEMA_NAME_MAX == 4096 && MEMA_GO_VERSION_MAX == 32, "the texts above quote them");

static const char *const program_kinds[] = {
        [MEMA_PROGRAM_UNKNOWN] = NULL,
        [MEMA_PROGRAM_GO] = "go",
        [MEMA_PROGRAM_OTHER] = "other",
};

/* `place` of a number or flag is an offset in struct mema_capture; of a limit, its enum mema_limit; of a
 * figure, an offset in struct mema_facts, and `known` is the offset of the bool that says that the figure is
 * known. */
static const struct {
        const char *name;
        size_t length;
        enum kind kind;
        size_t place, known;
} keys[] = {
#define IN(member) offsetof(struct mema_capture, member)
/* clang-format off */
#define KEY(name, ...)     { name, sizeof(name) - 1, __VA_ARGS__ }
#define MEMBER(of, member) KEY(#of "." #member, FIGURE, offsetof(struct mema_facts, of.member), \
                               offsetof(struct mema_facts, of.known))
        [CAPTURE_VERSION] = KEY("memanalyzer capture", VERSION, 0, 0),
        [CAPTURE_PROGRAM] = KEY("program", PATH, 0, 0),
        [CAPTURE_DELETED_PROGRAM] = KEY("deleted_program", PATH, 0, 0),
        [CAPTURE_PROGRAM_KIND] = KEY("program.kind", KIND, 0, 0),
        [CAPTURE_GO_VERSION] = KEY("go.version", GO_VERSION, 0, 0),
        [CAPTURE_ALLOCATOR] = KEY("allocator", ALLOCATOR, 0, 0),
        [CAPTURE_MAPPINGS] = KEY("mappings", NUMBER, IN(mappings), 0),
        [CAPTURE_HEAPS_KNOWN] = KEY("heaps_known", FLAG, IN(context.heaps_known), 0),
        [CAPTURE_BSS_KNOWN] = KEY("bss_known", FLAG, IN(context.bss_known), 0),
        [CAPTURE_WITHOUT_CGO] = KEY("without_cgo", FLAG, IN(context.without_cgo), 0),
        [CAPTURE_LABELS_LOST] = KEY("labels_lost", NUMBER, IN(labels_lost), 0),
        [CAPTURE_DRIFT] = KEY("malloc.drift", NUMBER, IN(context.malloc_drift), 0),
        [CAPTURE_CGROUP_HIDDEN] = KEY("cgroup.hidden", FLAG, IN(context.limits.cgroup_hidden), 0),
        [CAPTURE_ALL_THREADS] = KEY("threads.all", FLAG, IN(context.threads.all), 0),
        [CAPTURE_DESCRIPTORS] = KEY("threads.descriptors", FLAG, IN(context.threads.descriptors), 0),
        [CAPTURE_THREAD] = KEY("thread", ADDRESS, 0, 0),
        [CAPTURE_OWNER] = KEY("owner", OWNER, 0, 0),
        [CAPTURE_ANCHOR] = KEY("go.anchor", ADDRESS, 0, 0),
#define X(id, stable) [CAPTURE_FIRST_LIMIT + MEMA_LIMIT_##id] = KEY(stable, LIMIT, MEMA_LIMIT_##id, 0),
        MEMA_LIMITS(X)
#undef X
        [CAPTURE_FIRST_FIGURE] = MEMBER(go, heap_live),
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
#undef IN
};

enum { KEY_COUNT = sizeof keys / sizeof *keys };
_Static_assert(KEY_COUNT <= 64, "mema_capture._given has a bit for each key");
_Static_assert(offsetof(struct mema_go, anchor_count) - offsetof(struct mema_go, heap_live) +
                               sizeof(struct mema_malloc) - offsetof(struct mema_malloc, arena) ==
                       (KEY_COUNT - CAPTURE_FIRST_FIGURE) * sizeof(uint64_t),
               "every figure has a key");

const char *mema_capture_key(size_t key)
{
        return key < KEY_COUNT ? keys[key].name : NULL;
}

const char *mema_capture_program_kind(enum mema_program program)
{
        return (unsigned)program < sizeof program_kinds / sizeof *program_kinds ? program_kinds[program]
                                                                                : NULL;
}

bool mema_capture_is_path(size_t key)
{
        return keys[key].kind == PATH;
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

/* Whether all figures that share a `known` have come: an absent one is not zero, and a sum of some would be
 * wrong. */
static bool all_given(const struct mema_capture *c, size_t known)
{
        for (size_t i = CAPTURE_FIRST_FIGURE; i < KEY_COUNT; i++)
                if (keys[i].known == known && !(c->_given >> i & 1))
                        return false;
        return true;
}

static void set_fact(struct mema_capture *c, size_t place, uint64_t before, uint64_t after)
{
        memcpy((char *)&c->context.facts + place, &before, sizeof before);
        memcpy((char *)&c->after + place, &after, sizeof after);
}

static uint64_t fact(const struct mema_facts *facts, size_t place)
{
        uint64_t value;

        memcpy(&value, (const char *)facts + place, sizeof value);
        return value;
}

bool mema_capture_figure(size_t key, const struct mema_facts *facts, uint64_t *figure)
{
        *figure = fact(facts, keys[key].place);
        return *((const bool *)facts + keys[key].known);
}

static void take_figure(struct mema_capture *c, size_t key, uint64_t before, uint64_t after)
{
        set_fact(c, keys[key].place, before, after);
        c->_given |= UINT64_C(1) << key;
        if (all_given(c, keys[key].known)) {
                *((bool *)&c->context.facts + keys[key].known) = true;
                *((bool *)&c->after + keys[key].known) = true;
        }
}

static void take_limit(struct mema_limits *limits, size_t limit, uint64_t value)
{
        limits->value[limit] = value;
        limits->known |= MEMA_BIT(limit);
}

static void take_address(struct mema_context *context, size_t key, uint64_t address)
{
        struct mema_go *go = &context->facts.go;
        struct mema_threads *threads = &context->threads;

        if (key == CAPTURE_ANCHOR && go->anchor_count < MEMA_ANCHORS_MAX)
                go->anchors[go->anchor_count++] = address;
        else if (key == CAPTURE_THREAD && threads->count < MEMA_THREADS_MAX)
                threads->stack[threads->count++] = address;
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

static enum scan take_program_kind(struct mema_context *context, struct span value)
{
        for (unsigned i = 0; i < sizeof program_kinds / sizeof *program_kinds; i++) {
                const char *kind = program_kinds[i];

                if (kind && span_equals(value, kind, text_length(kind))) {
                        context->program = (enum mema_program)i;
                        return SCAN_OK;
                }
        }
        return SCAN_NONE;
}

static enum scan take_go_version(struct mema_context *context, struct span value)
{
        size_t n = span_length(value);

        if (n >= sizeof context->go_version)
                return SCAN_NONE;
        memset(context->go_version, 0, sizeof context->go_version);
        memcpy(context->go_version, value.at, n);
        return SCAN_OK;
}

/* An allocator that a later version knows is another one. */
static enum scan take_allocator(struct mema_context *context, struct span value)
{
        context->allocator = MEMA_ALLOCATOR_OTHER;
        for (unsigned i = 0; i < MEMA_ALLOCATOR_COUNT; i++)
                if (span_equals(value, mema_allocator_name(i), text_length(mema_allocator_name(i))))
                        context->allocator = (enum mema_allocator)i;
        return value.at < value.end ? SCAN_OK : SCAN_NONE;
}

/* Scans a number and the character after it. */
static enum scan scan_part(enum scan (*scan)(struct span *, uint64_t *), struct span *s, uint64_t *value,
                           char after)
{
        enum scan result = scan(s, value);

        return result == SCAN_OK && !scan_char(s, after) ? SCAN_NONE : result;
}

/* Scans the stable id of a category that a mapping can have. */
static enum scan scan_category(struct span *s, enum mema_category_id *category)
{
        for (unsigned i = 0; i < MEMA_CATEGORY_NOT_BROKEN_DOWN; i++) {
                const char *id = mema_category_stable_id(i);
                size_t n = text_length(id);

                if (span_starts(*s, id, n) && (s->at + n == s->end || s->at[n] == ' ')) {
                        s->at += n;
                        *category = (enum mema_category_id)i;
                        return SCAN_OK;
                }
        }
        return SCAN_NONE;
}

/* "7f5c00000000-7f5c08000000 134217728 134217728 0 named TXMetaCache": owners come by address, and only those
 * of the category NAMED have a name. */
static enum scan take_owner(struct mema_capture *c, struct span *s)
{
        const char *first = s->at;
        struct mema_owner o = { 0 };
        uint64_t *const bytes[] = { &o.rss, &o.committed, &o.unsure };
        enum scan result = scan_part(scan_hex, s, &o.start, '-');

        if (result == SCAN_OK)
                result = scan_part(scan_hex, s, &o.end, ' ');
        for (size_t i = 0; i < sizeof bytes / sizeof *bytes && result == SCAN_OK; i++)
                result = scan_part(scan_decimal, s, bytes[i], ' ');
        if (result == SCAN_OK)
                result = scan_category(s, &o.category);
        if (result != SCAN_OK)
                return result;
        if (o.category == MEMA_CATEGORY_NAMED && (!scan_char(s, ' ') || !mema_is_label_name(*s)))
                return SCAN_NONE;
        if (o.start >= o.end || o.start < c->owner.end) {
                s->at = first;
                return SCAN_NONE;
        }
        o.name_length = o.category == MEMA_CATEGORY_NAMED ? span_length(*s) : 0;
        memset(c->name, 0, sizeof c->name);
        memcpy(c->name, s->at, (size_t)o.name_length);
        s->at += o.name_length;
        c->owner = o;
        return SCAN_OK;
}

/* "0xc000012000" */
static enum scan scan_address(struct span *s, uint64_t *address)
{
        return scan_char(s, '0') && scan_char(s, 'x') ? scan_hex(s, address) : SCAN_NONE;
}

/* "1048576 2097152", or one number for both. */
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
        case PATH:
                return take_program(&c->context, *value, key == CAPTURE_DELETED_PROGRAM);
        case KIND:
                return take_program_kind(&c->context, *value);
        case GO_VERSION:
                return take_go_version(&c->context, *value);
        case ALLOCATOR:
                return take_allocator(&c->context, *value);
        case OWNER:
                result = take_owner(c, value);
                break;
        case ADDRESS:
                result = scan_address(value, &first);
                break;
        case FLAG:
        case NUMBER:
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
        else if (kind == FLAG)
                *((bool *)c + keys[key].place) = first != 0;
        else if (kind == NUMBER)
                memcpy((char *)c + keys[key].place, &first, sizeof first);
        else if (kind == LIMIT)
                take_limit(&c->context.limits, keys[key].place, first);
        else if (kind == ADDRESS)
                take_address(&c->context, key, first);
        c->owners += kind == OWNER;
        return SCAN_OK;
}
