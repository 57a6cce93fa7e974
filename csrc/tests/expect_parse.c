/* expect_parse.c - regions and errors as one line of text, compared with a case: see expect_parse.h. */
#include "expect_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *text, size_t size, const char *format, ...)
{
        size_t len = strlen(text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text + len, size - len, format, arguments);
        va_end(arguments);
}

static void describe(const struct records *r, char *text, size_t size)
{
        text[0] = '\0';
        for (size_t i = 0; i < r->count; i++) {
                const struct mema_region *g = &r->region[i];

                append(text, size, "%s%llx-%llx %s %llx %llx:%llx %llu [%.*s]", i ? " + " : "",
                       (unsigned long long)g->start, (unsigned long long)g->end, g->perms,
                       (unsigned long long)g->offset, (unsigned long long)g->device_major,
                       (unsigned long long)g->device_minor, (unsigned long long)g->inode, (int)g->name_length,
                       g->name);
                for (unsigned f = 0; f < MEMA_FIELD_COUNT; f++)
                        if (g->present & MEMA_BIT(f))
                                append(text, size, " %s %llu", mema_field_label(f),
                                       (unsigned long long)g->value[f]);
                if (g->vm_flags_present)
                        append(text, size, " VmFlags [%s]", g->vm_flags);
                if (g->name_cut > 0)
                        append(text, size, " cut %llu", (unsigned long long)g->name_cut);
        }
        if (r->unknown > 0)
                append(text, size, " unknown %llu", (unsigned long long)r->unknown);
        if (r->repeated > 0)
                append(text, size, " repeated %llu", (unsigned long long)r->repeated);
        if (r->end.status != MEMA_STATUS_END)
                append(text, size, "; %llu:%llu: %s", (unsigned long long)r->end.line,
                       (unsigned long long)r->end.column, r->end.message);
}

void reads(const char *text, size_t len, const char *shown, const char *file, int line)
{
        struct records r = parse_each_way(text, text, len);
        static char got[16384];

        describe(&r, got, sizeof got);
        equal_text(text, got, shown, file, line);
        records_free(&r);
}

void fails(const char *text, size_t len, enum mema_status status, uint64_t at, uint64_t column,
           const char *message, const char *file, int line)
{
        struct records r = parse_each_way(text, text, len);

        equal_text(text, mema_status_text(r.end.status), mema_status_text(status), file, line);
        equal_number("the error's line", r.end.line, at, file, line);
        equal_number("the error's column", r.end.column, column, file, line);
        equal_text(text, r.end.message, message, file, line);
        equal_number("the error's errno", (uint64_t)r.end.system, 0, file, line);
        records_free(&r);
}
