/* limits_cgroup.c - parses the kernel's texts about cgroups: which one a process is in, which folder has its
 * files, and the numbers in them.  Opens nothing. */
#include "limits_cgroup.h"

#include "write.h"

/* Takes the part before `end`, or all, from a span, and drops the `end`. */
static struct span cut(struct span *s, char end)
{
        const char *at = memchr(s->at, end, span_length(*s));
        struct span part = { s->at, at ? at : s->end };

        s->at = at ? at + 1 : s->end;
        return part;
}

static bool lists_memory(struct span list)
{
        while (list.at < list.end)
                if (SPAN_EQUALS(cut(&list, ','), "memory"))
                        return true;
        return false;
}

/* "NUMBER:CONTROLLERS:PATH"; v2 is "0::PATH".  The memory controller is v1's if v1 lists it. */
void mema_cgroup_take(struct mema_cgroup *c, struct span line)
{
        struct span number = cut(&line, ':'), controllers = cut(&line, ':');
        uint64_t version = lists_memory(controllers)                                   ? 1
                           : SPAN_EQUALS(number, "0") && span_length(controllers) == 0 ? 2
                                                                                       : 0;

        if (version == 0 || c->version == 1 || !SPAN_STARTS(line, "/") || span_length(line) > sizeof c->path)
                return;
        c->version = version;
        c->path_length = span_length(line);
        memcpy(c->path, line.at, c->path_length);
}

/* Decodes a path of mountinfo, in which \012 is a newline, and so on. */
static void put_unescaped(struct out *o, struct span path)
{
        enum { DIGITS = 3 };

        while (path.at < path.end) {
                char byte = *path.at++;

                if (byte == '\\' && span_length(path) >= DIGITS) {
                        byte = (char)((path.at[0] - '0') << 6 | (path.at[1] - '0') << 3 | (path.at[2] - '0'));
                        path.at += DIGITS;
                }
                put_bytes(o, &byte, 1);
        }
}

/* Cuts `root` from the cgroup's path; the rest is empty or begins with a slash.  False if the path is not
 * below `root`.  A path that leaves the reader's cgroup namespace begins with "/..". */
static bool below(struct span *path, struct span root)
{
        if (!SPAN_EQUALS(root, "/")) {
                if (!span_starts(*path, root.at, span_length(root)))
                        return false;
                path->at += span_length(root);
        } else if (SPAN_EQUALS(*path, "/")) {
                path->at++;
        }
        return path->at == path->end ||
               (*path->at == '/' && !SPAN_STARTS(*path, "/../") && !SPAN_EQUALS(*path, "/.."));
}

/* "36 35 0:29 ROOT MOUNT-POINT rw,noatime shared:1 - TYPE SOURCE OPTIONS" */
bool mema_cgroup_take_mount(struct mema_cgroup *c, struct span line)
{
        struct span root, point, type, path = span_of(c->path, c->path_length);
        char root_text[MEMA_CGROUP_PATH];
        struct out o = out_to(root_text, sizeof root_text);

        for (int i = 0; i < 3; i++)
                cut(&line, ' ');
        root = cut(&line, ' ');
        point = cut(&line, ' ');
        while (line.at < line.end && !SPAN_EQUALS(cut(&line, ' '), "-"))
                ;
        type = cut(&line, ' ');
        cut(&line, ' ');
        if (!(c->version == 2 ? SPAN_EQUALS(type, "cgroup2")
                              : SPAN_EQUALS(type, "cgroup") && lists_memory(line)))
                return true;
        put_unescaped(&o, root);
        root = span_of(root_text, o.len);
        if (!below(&path, root) || (c->root_length > 0 && span_length(root) >= c->root_length))
                return true;
        o = out_to(c->folder, sizeof c->folder);
        put_unescaped(&o, point);
        c->root_length = span_length(root);
        c->top_length = o.len;
        put_bytes(&o, path.at, span_length(path));
        c->folder_length = out_end(&o);
        return c->root_length > 1;
}

bool mema_cgroup_up(struct mema_cgroup *c)
{
        if (c->folder_length <= c->top_length)
                return false;
        while (c->folder[--c->folder_length] != '/')
                ;
        c->folder[c->folder_length] = '\0';
        return true;
}

bool mema_cgroup_number(struct span text, uint64_t *value)
{
        return scan_decimal(&text, value) == SCAN_OK && text.at < text.end && *text.at == '\n' &&
               *value < UINT64_C(1) << 62; /* v1 has almost 2^63 for no limit */
}

bool mema_cgroup_keyed(struct span text, const char *key, uint64_t *value)
{
        struct span line;

        while (next_line(&text, &line)) {
                struct span name = cut(&line, ' ');

                if (span_equals(name, key, text_length(key)))
                        return scan_decimal(&line, value) == SCAN_OK && line.at == line.end;
        }
        return false;
}
