/* classify_rules.c - names of mappings and their categories, as a table.  The first row that matches decides.
 * Shapes of nameless mappings are in classify.c.
 *
 * To add a name, write a row before the rows that would match it first, and a mapping that it decides in
 * testdata/rules/FIXTURE: the tests fail for a row without a mapping, and for a mapping that a row of
 * another fixture decides.  A new category is first a row of MEMA_CATEGORIES in memanalyzer.h; then
 * `make golden` adds it to the golden files. */
#include "classify.h"

#define T(text) text, sizeof(text) - 1

/* clang-format off */
const struct mema_rule mema_rules[] = {
        /* name                                       match          when       category                       fixture */

        /* the kernel's own names */
        { T("[heap]"),                                EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_MAIN,     "kernel.maps" },
        { T("[stack]"),                               EXACT,         ALWAYS,    MEMA_CATEGORY_STACK_MAIN,      "kernel.maps" },
        { T("[vdso]"),                                EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[vvar]"),                                EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[vvar_vclock]"),                         EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[vsyscall]"),                            EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[vectors]"),                             EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[sigpage]"),                             EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[uprobes]"),                             EXACT,         ALWAYS,    MEMA_CATEGORY_VDSO,            "kernel.maps" },
        { T("[rollup]"),                              EXACT,         ALWAYS,    MEMA_CATEGORY_NOT_BROKEN_DOWN, "rollup.maps" },

        /* the Go runtime, from 1.25 */
        { T("[anon: Go: heap]"),                      EXACT,         ALWAYS,    MEMA_CATEGORY_GO_HEAP,         "go.maps" },
        { T("[anon: Go: heap reservation]"),          EXACT,         ALWAYS,    MEMA_CATEGORY_GO_HEAP,         "go.maps" },
        { T("[anon: Go: user arena chunk]"),          EXACT,         ALWAYS,    MEMA_CATEGORY_GO_HEAP,         "go.maps" },
        { T("[anon: Go: "),                           PREFIX,        ALWAYS,    MEMA_CATEGORY_GO_METADATA,     "go.maps" },

        /* glibc, from 2.39 */
        { T("[anon: glibc: malloc]"),                 EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_MMAP,     "glibc.maps" },
        { T("[anon: glibc: malloc"),                  PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "glibc.maps" },
        { T("[anon: glibc: loader malloc]"),          EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "glibc.maps" },
        { T("[anon: glibc: pthread stack: "),         PREFIX,        ALWAYS,    MEMA_CATEGORY_STACK_THREADS,   "glibc.maps" },
        { T("[anon: glibc: pthread user stack: "),    PREFIX,        ALWAYS,    MEMA_CATEGORY_STACK_THREADS,   "glibc.maps" },
        { T("[anon: glibc: unused stack]"),           EXACT,         ALWAYS,    MEMA_CATEGORY_STACK_THREADS,   "glibc.maps" },
        { T("[anon: glibc: .bss "),                   PREFIX,        ALWAYS,    MEMA_CATEGORY_LIBRARIES,       "glibc.maps" },
        { T("[anon: glibc: "),                        PREFIX,        ALWAYS,    MEMA_CATEGORY_LOADER,          "glibc.maps" },
        { T("[anon:glibc: "),                         PREFIX,        ALWAYS,    MEMA_CATEGORY_LOADER,          "glibc.maps" },

        /* other allocators */
        { T("[anon:tcmalloc_region_"),                PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:tcmalloc_huge_region_"),           PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:tcmalloc_cpu_slab_"),              PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:absl]"),                           EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:jemalloc_pg]"),                    EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:jemalloc_pg_overcommit]"),         EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:mimalloc]"),                       EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "allocators.maps" },
        { T("[anon:libc_malloc]"),                    EXACT,         ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "android.maps" },
        { T("[anon:scudo:"),                          PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "android.maps" },
        { T("[anon:GWP-ASan"),                        PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "android.maps" },
        { T("[anon:bionic_alloc_"),                   PREFIX,        ALWAYS,    MEMA_CATEGORY_MALLOC_ARENAS,   "android.maps" },

        /* Android's C library and linker */
        { T("[anon:stack_and_tls:"),                  PREFIX,        ALWAYS,    MEMA_CATEGORY_STACK_THREADS,   "android.maps" },
        { T("[anon:thread signal stack]"),            EXACT,         ALWAYS,    MEMA_CATEGORY_STACK_THREADS,   "android.maps" },
        { T("[anon:.bss]"),                           EXACT,         ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },
        { T("[anon:linker_alloc]"),                   EXACT,         ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },
        { T("[anon:atexit handlers]"),                EXACT,         ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },
        { T("[anon:arc4random data]"),                EXACT,         ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },
        { T("[anon:cfi shadow]"),                     EXACT,         ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },
        { T("[anon:mt:"),                             PREFIX,        ALWAYS,    MEMA_CATEGORY_LOADER,          "android.maps" },

        /* other runtimes */
        { T("[anon:dalvik-"),                         PREFIX,        ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "android.maps" },
        { T("[anon:partition_alloc]"),                EXACT,         ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },
        { T("[anon:v8]"),                             EXACT,         ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },
        { T("[anon:blink_gc]"),                       EXACT,         ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },
        { T("[anon:cpython:"),                        PREFIX,        ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },
        { T("[anon:Ruby:"),                           PREFIX,        ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },
        { T("[anon:OCaml: "),                         PREFIX,        ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "runtimes.maps" },

        /* the sanitizers of gcc and clang; DECORATED: with decorate_proc_maps=1 */
        { T("[anon:low shadow]"),                     EXACT,         ALWAYS,    MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("[anon:mid shadow]"),                     EXACT,         ALWAYS,    MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("[anon:high shadow]"),                    EXACT,         ALWAYS,    MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("[anon:shadow gap]"),                     EXACT,         ALWAYS,    MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("low shadow]"),                           DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("mid shadow]"),                           DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("high shadow]"),                          DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("meta shadow]"),                          DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("shadow"),                                DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("origin"),                                DECORATED,     DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },
        { T("/tmp/tsan.rodata."),                     PREFIX,        DELETED,   MEMA_CATEGORY_SANITIZER,       "sanitizers.maps" },

        /* any other named memory */
        { T("[anon:"),                                PREFIX,        ALWAYS,    MEMA_CATEGORY_NAMED,           "named.maps" },
        { T("[anon_shmem:"),                          PREFIX,        ALWAYS,    MEMA_CATEGORY_NAMED,           "named.maps" },

        /* the program, at any path */
        { T(""),                                      PROGRAM,       ALWAYS,    MEMA_CATEGORY_BINARY,          "files.maps" },

        /* shared memory: files with no path in the file system */
        { T("/memfd:"),                               PREFIX,        DELETED,   MEMA_CATEGORY_MEMFD,           "shared.maps" },
        { T("/secretmem"),                            EXACT,         DELETED,   MEMA_CATEGORY_MEMFD,           "shared.maps" },
        { T("/SYSV"),                                 PREFIX,        DELETED,   MEMA_CATEGORY_SYSV,            "shared.maps" },
        { T("/dev/shm/"),                             PREFIX,        ALWAYS,    MEMA_CATEGORY_SHM,             "shared.maps" },
        { T("/dev/ashmem/dalvik-"),                   PREFIX,        ALWAYS,    MEMA_CATEGORY_RUNTIMES,        "android.maps" },
        { T("/dev/ashmem/"),                          PREFIX,        ALWAYS,    MEMA_CATEGORY_SHM,             "android.maps" },
        { T("/dev/zero"),                             EXACT,         SHARED,    MEMA_CATEGORY_SHARED_ANON,     "shared.maps" },
        { T("/dev/zero"),                             EXACT,         PRIVATE,   MEMA_CATEGORY_BY_PERMISSIONS,  "shared.maps" },
        { T("/anon_hugepage"),                        EXACT,         SHARED,    MEMA_CATEGORY_SHARED_ANON,     "shared.maps" },
        { T("/anon_hugepage"),                        EXACT,         PRIVATE,   MEMA_CATEGORY_BY_PERMISSIONS,  "shared.maps" },

        /* devices, and mappings of special file descriptors */
        { T("/dev/hugepages/"),                       PREFIX,        ALWAYS,    MEMA_CATEGORY_OTHER_FILES,     "files.maps" },
        { T("/dev/"),                                 PREFIX,        ALWAYS,    MEMA_CATEGORY_DEVICES,         "devices.maps" },
        { T("anon_inode:"),                           PREFIX,        ALWAYS,    MEMA_CATEGORY_DEVICES,         "devices.maps" },
        { T("socket:"),                               PREFIX,        ALWAYS,    MEMA_CATEGORY_DEVICES,         "devices.maps" },
        { T("/[aio]"),                                EXACT,         DELETED,   MEMA_CATEGORY_DEVICES,         "devices.maps" },
        { T(""),                                      ANY,           DEVICE,    MEMA_CATEGORY_DEVICES,         "devices.maps" },

        /* files */
        { T(""),                                      SHARED_OBJECT, ALWAYS,    MEMA_CATEGORY_LIBRARIES,       "files.maps" },

        /* an unknown name in brackets is the kernel's, for anonymous memory */
        { T(""),                                      ANY,           BRACKETED, MEMA_CATEGORY_BY_PERMISSIONS,  "kernel.maps" },
        { T(""),                                      ANY,           ALWAYS,    MEMA_CATEGORY_OTHER_FILES,     "files.maps" },
};
/* clang-format on */

const size_t mema_rule_count = sizeof mema_rules / sizeof *mema_rules;

static bool is_shared_object(struct span path)
{
        struct span s = base_name(path);

        if (SPAN_ENDS(s, ".so"))
                return true;
        for (; s.at < s.end; s.at++)
                if (SPAN_STARTS(s, ".so."))
                        return true;
        return false;
}

/* With decorate_proc_maps=1, a sanitizer maps a file that has the name, and deletes it. */
static bool is_decorated(struct span name, const struct mema_rule *rule)
{
        static const char folder[] = "/dev/shm/";

        if (!SPAN_STARTS(name, folder) || name.end[-1] != ']')
                return false;
        name.at += sizeof folder - 1;
        while (name.at < name.end && *name.at >= '0' && *name.at <= '9')
                name.at++;
        if (!SPAN_STARTS(name, " ["))
                return false;
        name.at += 2;
        return span_starts(name, rule->text, rule->length);
}

static bool fits(const struct mema_rule *rule, const struct mema_region *g, struct span name, bool deleted)
{
        switch (rule->when) {
        case SHARED:
                return g->perms[3] == 's';
        case PRIVATE:
                return g->perms[3] != 's';
        case DELETED:
                return deleted;
        case DEVICE:
                return mema_is_device(g);
        case BRACKETED:
                return *name.at == '[' && name.end[-1] == ']' && g->inode == 0;
        default:
                return true;
        }
}

static bool matches(const struct mema_rule *rule, struct span name, struct span program)
{
        /* The last byte of the text rejects most rows without a call of memcmp. */
        if (rule->match <= PREFIX &&
            (span_length(name) < rule->length || name.at[rule->length - 1] != rule->text[rule->length - 1]))
                return false;
        switch (rule->match) {
        case EXACT:
                return span_equals(name, rule->text, rule->length);
        case PREFIX:
                return span_starts(name, rule->text, rule->length);
        case DECORATED:
                return is_decorated(name, rule);
        case SHARED_OBJECT:
                return is_shared_object(name);
        case PROGRAM:
                return program.at < program.end && span_equals(name, program.at, span_length(program));
        default:
                return true;
        }
}

const struct mema_rule *mema_rule_for(const struct mema_region *g, const struct mema_context *context)
{
        struct span whole = span_of(g->name, (size_t)g->name_length);
        struct span name = mema_undeleted(whole);
        struct span program = mema_undeleted(span_of(context->exe, (size_t)context->exe_length));
        const struct mema_rule *rule = mema_rules;

        if (name.at == name.end)
                name = whole;
        while (!matches(rule, name, program) || !fits(rule, g, name, name.end < whole.end))
                rule++;
        return rule;
}
