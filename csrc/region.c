/* region.c - properties of a single mapping.  Its category is decided in classify.c. */
#include "region.h"

uint64_t mema_region_span(const struct mema_region *region)
{
        return region->end - region->start;
}

bool mema_scan_perms(struct span *s, char perms[8])
{
        static const char letters[4][3] = { "r-", "w-", "x-", "ps" };
        const char *at = s->at, *end = s->end; /* copies: the compiler must assume that perms overlaps *s */
        size_t n = 0;

        while (n < 4 && at < end && (*at == letters[n][0] || *at == letters[n][1]))
                perms[n++] = *at++;
        perms[n] = '\0';
        s->at = at;
        return n == 4 && (at == end || *at == ' ');
}

struct span mema_undeleted(struct span name)
{
        if (SPAN_ENDS(name, " (deleted)"))
                name.end -= sizeof " (deleted)" - 1;
        return name;
}

/* Whether VmFlags, such as "rd wr mr", has one of two flags. */
bool mema_has_either(const struct mema_region *g, const char *first, const char *second)
{
        const char *f = g->vm_flags;

        if (*f == '\0')
                return false;
        while (memcmp(f, first, 2) != 0 && memcmp(f, second, 2) != 0) {
                if (f[2] == '\0')
                        return false;
                f += 3;
        }
        return true;
}

bool mema_has_flag(const struct mema_region *g, const char *flag)
{
        return mema_has_either(g, flag, flag);
}

bool mema_is_device(const struct mema_region *g)
{
        return mema_has_either(g, "io", "pf");
}

bool mema_is_rollup(const struct mema_region *g)
{
        return SPAN_EQUALS(span_of(g->name, (size_t)g->name_length), "[rollup]");
}

/* Linux 3.4 to 4.4 prints "[stack:TID]" for any memory that a thread's stack pointer points to. */
bool mema_is_nameless(const struct mema_region *g)
{
        struct span name = span_of(g->name, (size_t)g->name_length);

        return g->name_length == 0 || SPAN_STARTS(name, "[stack:");
}

bool mema_is_plain(const struct mema_region *g)
{
        return g->inode == 0 && g->perms[3] != 's' && mema_is_nameless(g);
}

bool mema_comes_again(uint64_t start, uint64_t end, const struct mema_region *g)
{
        return g->start <= start && g->end - 1 > end - 1 && !mema_is_rollup(g);
}

struct mema_neighbor mema_neighbor_of(const struct mema_region *g)
{
        struct mema_neighbor n = { g->start, g->end, MEMA_CATEGORY_COUNT, false, 0 };

        n.perms = (g->perms[0] == 'r' ? PERM_READ : 0u) | (g->perms[1] == 'w' ? PERM_WRITE : 0u) |
                  (g->perms[2] == 'x' ? PERM_EXEC : 0u) | (g->perms[3] == 's' ? PERM_SHARED : 0u);
        n.plain = mema_is_plain(g);
        return n;
}

bool mema_is_hugetlb(const struct mema_region *g)
{
        struct span name = mema_undeleted(span_of(g->name, (size_t)g->name_length));

        return g->perms[3] == 'p' && SPAN_EQUALS(name, "/anon_hugepage");
}

bool mema_takes_labels(const struct mema_region *g)
{
        struct span name = span_of(g->name, (size_t)g->name_length);

        if (g->perms[3] == 's')
                return SPAN_EQUALS(name, "/dev/zero (deleted)") || SPAN_STARTS(name, "[anon_shmem:");
        return mema_is_plain(g) ||
               (g->inode == 0 && (SPAN_EQUALS(name, "[heap]") || SPAN_STARTS(name, "[anon:")));
}

bool mema_is_label_name(struct span name)
{
        for (const char *c = name.at; c < name.end; c++)
                if ((unsigned char)*c < ' ' || *c == 0x7f)
                        return false;
        return name.at < name.end && span_length(name) <= MEMA_LABEL_MAX;
}
