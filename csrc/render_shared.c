/* render_shared.c - what several formats write in the same way. */
#include "scan.h"
#include "render.h"

void mema_put_seconds(struct out *o, uint64_t nanoseconds)
{
        put_decimal(o, nanoseconds / MEMA_NANOSECONDS);
        put(o, ".");
        put_number(o, nanoseconds % MEMA_NANOSECONDS, 10, 9, '0');
}

bool mema_limit_is_set(const struct mema_limits *limits, unsigned limit)
{
        bool none = limit == MEMA_LIMIT_GO_GOMEMLIMIT && limits->value[limit] == INT64_MAX;

        return limits->known & MEMA_BIT(limit) && !none;
}

void mema_put_name(struct out *o, const char *name, size_t len)
{
        char escaped[MEMA_NAME_WIDTH + 1];
        struct span s = span_of(escaped, mema_escape(escaped, sizeof escaped, name, len, MEMA_NAME_WIDTH));
        const char *rest = s.at;

        for (; s.at < s.end; s.at++) {
                if (*s.at == '(' && SPAN_STARTS(s, "(Resident)")) {
                        put_bytes(o, rest, (size_t)(s.at - rest));
                        put(o, "\\x28");
                        rest = s.at + 1;
                }
        }
        put_bytes(o, rest, (size_t)(s.at - rest));
}

void mema_put_region_name(struct out *o, const struct mema_region *g)
{
        if (g->name_length > 0) {
                mema_put_name(o, g->name, (size_t)g->name_length);
                return;
        }
        put(o, "[anonymous] ");
        put(o, mema_category_stable_id((unsigned)g->category));
}

void mema_put_region_address(const struct mema_output *w, struct out *o, uint64_t address)
{
        if (w->options.hide_addresses) {
                put(o, "-");
        } else {
                put_number(o, address, 16, 12, '0');
                put(o, "...");
        }
}

void mema_put_list_title(const struct mema_output *w, struct out *o, const char *what)
{
        if (w->options.top == MEMA_ALL) {
                put(o, "\n=== All ");
        } else {
                put(o, "\n=== Top ");
                put_decimal(o, w->options.top);
                put(o, " ");
        }
        put(o, what);
        put(o, " ===\n\n");
}
