/* memanalyzer.h - where the resident memory of a process is.
 *
 * The text of /proc/PID/smaps goes in, in pieces of any size; a report comes
 * out in which every resident byte is in exactly one category:
 *
 *     source -> smaps -> classify -> report -> render
 *
 * The short way, for a program that wants the text:
 *
 *     static struct mema_report report;
 *     static struct mema_output output;
 *     struct mema_options options = { .top = 20 };
 *     struct mema_error error;
 *     char out[4096];
 *     size_t n;
 *
 *     mema_report_init(&report, NULL, &options);
 *     if (mema_collect(&report, 0, &error) == MEMA_OK) {
 *             mema_report_finish(&report, NULL);
 *             mema_output_init(&output, &report, NULL);
 *             while ((n = mema_output_next(&output, out, sizeof out)) > 0)
 *                     fwrite(out, 1, n, stdout);
 *     } else {
 *             fprintf(stderr, "%s\n", error.message);
 *     }
 *     mema_report_free(&report);
 *
 * The structs are some kilobytes each: keep them off small stacks.  They hold
 * all state, but for the labels of a process, which have a lock; different structs
 * can be used by different threads at once.  Nothing here calls back.
 *
 * Units: sizes and addresses are bytes; lines and columns count from 1.
 * Everything but mema_collect*, mema_label*, mema_malloc_read and mema_report_free
 * is freestanding C11: no allocation, no input or output, no locale. */
#ifndef MEMANALYZER_H
#define MEMANALYZER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMA_VERSION "0.1.0"

#ifdef __GNUC__
#define MEMA_API __attribute__((visibility("default")))
#else
#define MEMA_API
#endif

/* Status ------------------------------------------------------------------ */

/* What a call came to.  From MEMA_EMPTY on they are errors, and an error stays:
 * the object that met it answers every later call with the same. */
#define MEMA_STATUSES(X)                                             \
        X(OK, "done")                                                \
        X(MORE, "everything was taken in, and more input is wanted") \
        X(REGION, "a region is ready")                               \
        X(OWNER, "an owner is ready")                                \
        X(END, "the input is closed and every region was given")     \
        X(EMPTY, "the input is empty: no address space")             \
        X(MALFORMED, "the input is not what the kernel writes")      \
        X(OVERFLOW, "a number is larger than 64 bits hold in bytes") \
        X(TRUNCATED, "the input ends in the middle of a record")     \
        X(NO_PROCESS, "there is no such process, or it has ended")   \
        X(ENDED, "the process ended while it was read")              \
        X(REPLACED, "the process began another program meanwhile")   \
        X(ZOMBIE, "the process has ended and has no memory")         \
        X(KERNEL_THREAD, "a kernel thread has no memory of its own") \
        X(NOT_PERMITTED, "the process is another user's")            \
        X(PROTECTED, "the process does not let itself be read")      \
        X(NO_PROC, "there is no /proc that knows this process")      \
        X(NO_MEMORY, "memory for the report could not be had")       \
        X(NO_PAGE, "a label wants a whole page")                     \
        X(BAD_NAME, "a label wants another name")                    \
        X(LABELLED, "a part of the memory has a label")              \
        X(NO_LABEL, "the memory has no such label")                  \
        X(NOT_MAPPED, "a part of the memory is not mapped")          \
        X(NOT_ANONYMOUS, "a part of the memory is not anonymous")    \
        X(ON_GO_HEAP, "a part of the memory is on the Go heap")      \
        X(SYSTEM, "the system could not read the source")            \
        X(UNSUPPORTED, "this system has no source")

enum mema_status {
#define X(id, text) MEMA_##id,
        MEMA_STATUSES(X) MEMA_STATUS_COUNT
#undef X
};

/* "malformed", "truncated" ...: the status in words, for messages. */
MEMA_API const char *mema_status_text(enum mema_status status);

enum { MEMA_MESSAGE_MAX = 512 };

/* Why something failed. */
struct mema_error {
        uint64_t status;                /* an enum mema_status */
        uint64_t system;                /* errno, 0 where the system was not the reason */
        uint64_t line, column;          /* in the input, 0 where it is not about the input */
        char message[MEMA_MESSAGE_MAX]; /* what, where and what to do; one line, no control characters */
};

/* Fields ------------------------------------------------------------------ */

enum mema_kind {
        MEMA_SUM,  /* a number of kB that adds up over mappings */
        MEMA_PAGE, /* a number of kB that does not */
        MEMA_PLAIN /* a number without a unit, which does not */
};

/* Every field that Linux prints for a mapping, in the kernel's order. */
#define MEMA_FIELDS(X)                              \
        X(SIZE, "Size", SUM)                        \
        X(KERNEL_PAGE_SIZE, "KernelPageSize", PAGE) \
        X(MMU_PAGE_SIZE, "MMUPageSize", PAGE)       \
        X(RSS, "Rss", SUM)                          \
        X(PSS, "Pss", SUM)                          \
        X(PSS_DIRTY, "Pss_Dirty", SUM)              \
        X(PSS_ANON, "Pss_Anon", SUM)                \
        X(PSS_FILE, "Pss_File", SUM)                \
        X(PSS_SHMEM, "Pss_Shmem", SUM)              \
        X(SHARED_CLEAN, "Shared_Clean", SUM)        \
        X(SHARED_DIRTY, "Shared_Dirty", SUM)        \
        X(PRIVATE_CLEAN, "Private_Clean", SUM)      \
        X(PRIVATE_DIRTY, "Private_Dirty", SUM)      \
        X(REFERENCED, "Referenced", SUM)            \
        X(ANONYMOUS, "Anonymous", SUM)              \
        X(KSM, "KSM", SUM)                          \
        X(LAZY_FREE, "LazyFree", SUM)               \
        X(ANON_HUGE, "AnonHugePages", SUM)          \
        X(SHMEM_PMD_MAPPED, "ShmemPmdMapped", SUM)  \
        X(FILE_PMD_MAPPED, "FilePmdMapped", SUM)    \
        X(SHARED_HUGETLB, "Shared_Hugetlb", SUM)    \
        X(PRIVATE_HUGETLB, "Private_Hugetlb", SUM)  \
        X(SWAP, "Swap", SUM)                        \
        X(SWAP_PSS, "SwapPss", SUM)                 \
        X(LOCKED, "Locked", SUM)                    \
        X(NONLINEAR, "Nonlinear", SUM)              \
        X(THP_ELIGIBLE, "THPeligible", PLAIN)       \
        X(PROTECTION_KEY, "ProtectionKey", PLAIN)

enum mema_field {
#define X(id, label, kind) MEMA_##id,
        MEMA_FIELDS(X) MEMA_FIELD_COUNT
#undef X
};

/* The bit of a field in a `present` mask. */
#define MEMA_BIT(field) (UINT64_C(1) << (field))

/* Regions ----------------------------------------------------------------- */

enum { MEMA_NAME_MAX = 4096, MEMA_VM_FLAGS_MAX = 64 };

/* One mapping, as the kernel printed it.  Absent is not zero: value[i] counts
 * only where bit i of `present` is set. */
struct mema_region {
        uint64_t start, end; /* addresses; end is 0 where it is 2^64 */
        uint64_t offset, device_major, device_minor, inode;
        uint64_t line;                            /* of its header in the input */
        uint64_t present;                         /* MEMA_BIT of each field that was printed */
        uint64_t value[MEMA_FIELD_COUNT];         /* bytes; plain numbers as printed */
        uint64_t repeated;                        /* fields that were printed twice: the last one counts */
        uint64_t vm_flags_present;                /* a VmFlags line was printed */
        uint64_t category, method;                /* set in a report's rows, 0 in the parser's regions */
        uint64_t name_length;                     /* bytes in name[], which has no terminating NUL */
        uint64_t name_cut;                        /* bytes left out of its middle: see MEMA_NAME_MAX */
        char perms[8];                            /* "rw-p" */
        char vm_flags[MEMA_VM_FLAGS_MAX * 3 + 8]; /* "rd wr mr", NUL-terminated */
        char name[MEMA_NAME_MAX];                 /* as printed: any byte but a newline */
};

/* end - start, right for a region that ends at 2^64, too. */
MEMA_API uint64_t mema_region_span(const struct mema_region *region);

/* Facts ------------------------------------------------------------------- */

enum { MEMA_ANCHORS_MAX = 8, MEMA_THREADS_MAX = 256, MEMA_GO_VERSION_MAX = 32 };

/* What the Go runtime of the process itself knows (runtime/metrics, bytes); what
 * passes 2^60 is not believed, and nothing is known then. */
struct mema_go {
        uint64_t known;        /* 0: nothing, and the rest is not looked at */
        uint64_t heap_live;    /* /gc/heap/live: what the last collection left */
        uint64_t heap_objects; /* /memory/classes/heap/objects, and so on */
        uint64_t heap_unused, heap_free, heap_released, heap_stacks;
        uint64_t metadata;     /* the runtime's own structures, committed */
        uint64_t work_buffers; /* of these at most: the collector's, in the heap's mappings */
        uint64_t anchor_count;
        uint64_t anchors[MEMA_ANCHORS_MAX]; /* addresses of live objects on the Go heap */
};

/* What the C library of the process itself knows of its heap (mallinfo2, bytes). */
struct mema_malloc {
        uint64_t known;            /* 0: nothing, and the rest is not looked at */
        uint64_t arena;            /* of all arenas, the main one among them: in use and retained */
        uint64_t in_use, retained; /* uordblks, which has the threads' caches; fordblks */
        uint64_t mapped;           /* blocks that have a mapping of their own: hblkhd */
};

/* What a process says of itself at one moment. */
struct mema_facts {
        struct mema_malloc malloc;
        struct mema_go go;
};

/* What bounds a process's memory from outside.  Bytes, where nothing else is said; what
 * is not known, or not there, as a limit that nobody has set, has no value.
 *
 * The cgroup's numbers are of all its processes, with the files that they have read
 * and the kernel's memory for them.  A limit is the least of the cgroup's own and of its
 * ancestors', as far as they can be seen from here. */
#define MEMA_LIMITS(X)                                                                               \
        X(CGROUP_USAGE, "cgroup.usage")                 /* what is charged to the cgroup */          \
        X(CGROUP_PEAK, "cgroup.peak")                   /* the most that ever was: v1, Linux 5.19 */ \
        X(CGROUP_HIGH, "cgroup.high")                   /* where processes are slowed down: v2 */    \
        X(CGROUP_LIMIT, "cgroup.limit")                 /* where they are ended */                   \
        X(CGROUP_LIMIT_LEVEL, "cgroup.limit_level")     /* whose: 0 its own, 1 its parent's ... */   \
        X(CGROUP_ROOM, "cgroup.room")                   /* the least that such a limit leaves */     \
        X(CGROUP_ROOM_LIMIT, "cgroup.room_limit")       /* of which limit */                         \
        X(CGROUP_INACTIVE_FILE, "cgroup.inactive_file") /* where that is below a tenth of the */     \
                                                        /* limit: what can be dropped at once */     \
        X(CGROUP_OOM_KILLS, "cgroup.oom_kills")         /* processes of the cgroup: a number */      \
        X(MAPPINGS_MAX, "mappings.max")                 /* vm.max_map_count: a number */             \
        X(KERNEL_NAMES, "kernel.names")                 /* 1: anonymous memory can have names; 0 */  \
        X(GO_GOMEMLIMIT, "go.gomemlimit")               /* in force; 2^63 - 1: none */               \
        X(GO_GOGC, "go.gogc")                           /* in force: percent; 2^64 - 1: off */

enum mema_limit {
#define X(id, stable) MEMA_LIMIT_##id,
        MEMA_LIMITS(X) MEMA_LIMIT_COUNT
#undef X
};

MEMA_API const char *mema_limit_id(unsigned limit); /* "cgroup.usage"; NULL out of range */

struct mema_limits {
        uint64_t known; /* MEMA_BIT of each enum mema_limit whose value counts */
        uint64_t value[MEMA_LIMIT_COUNT];
};

/* What made a process's program, as its file tells; not asked where the process has
 * Go facts.  Where it is OTHER, and there are no facts, only names tell of the Go
 * runtime: of a library that was built with -buildmode=c-shared, of what gccgo made,
 * and of what runs in a loader or an emulator, because the program is that then. */
enum mema_program { MEMA_PROGRAM_UNKNOWN, MEMA_PROGRAM_GO, MEMA_PROGRAM_OTHER };

/* Where threads of a process stand: those that wait, of the first MEMA_THREADS_MAX. */
struct mema_threads {
        uint64_t all; /* the process has no others */
        uint64_t count;
        uint64_t stack_pointer[MEMA_THREADS_MAX]; /* addresses */
};

/* Memory that is known to be somebody's: a mapping, or a part of one. */
struct mema_owner {
        uint64_t start, end;
        uint64_t category;  /* an enum mema_category_id */
        uint64_t rss;       /* bytes that are resident */
        uint64_t committed; /* bytes of address space that its owner counts as his */
        uint64_t unsure;    /* bytes by which `rss` may be wrong */
        /* A label's name, in bytes: where it is in context.names, and its length; 0 of
         * what has none.  What a label names is MEMA_NAMED. */
        uint64_t name, name_length;
};

/* What is known of a process beside its smaps; all zero: nothing. */
struct mema_context {
        struct mema_facts facts; /* of before the regions were read */
        /* In the order of addresses, none over another; the caller's, until the report is
         * finished. */
        const struct mema_owner *owners;
        const char *names; /* the labels' */
        uint64_t owner_count;
        uint64_t heaps_known; /* malloc's are all among the owners: shapes need not say more */
        struct mema_threads threads;
        struct mema_limits limits;
        uint64_t program;                     /* an enum mema_program */
        char go_version[MEMA_GO_VERSION_MAX]; /* "go1.26.8", cut; "": not known */
        uint64_t exe_deleted;                 /* the program's file was deleted or replaced since */
        uint64_t exe_length;                  /* 0: not known */
        char exe[MEMA_NAME_MAX]; /* the text of /proc/PID/exe, as smaps writes it; no terminating NUL */
};

enum { MEMA_LABEL_MAX = 255 };

/* What a saved capture says of its process, in lines before the first mapping:
 *
 *     # memanalyzer capture: 1
 *     # program: /usr/bin/teranode
 *     # heaps_known: 1
 *     # owner: 7f5c00000000-7f5c08000000 134217728 134217728 0 named TXMetaCache
 *     # go.anchor: 0xc000012000
 *     # go.heap_live: 68665000 68665000
 *     ...
 *
 * The first gives the version of the form.  `program`, or `deleted_program`, is
 * context.exe, `program.kind` ("go" or "other") context.program, `go.version`
 * context.go_version.  `mappings` is how many follow: fewer are MEMA_TRUNCATED.  A `thread` is a stack
 * pointer, and `threads.all` says whether there are no others.  `heaps_known` is context.heaps_known;
 * `labels_lost` are those that no `owner` stands for.  An `owner` is a struct mema_owner: the addresses, rss,
 * committed, unsure, the category's stable id, and, where that is "named", the label up
 * to the end of the line; they are in the order of addresses.  There can be several
 * lines of `thread` and of `go.anchor`.  The keys of MEMA_LIMITS have one number,
 * and each counts by itself.  All other keys are the numbers of struct mema_facts: in
 * bytes, before the regions were read and after, or one number for both.  Those of `go` count only where all
 * of them are there, and so do those of `malloc`; of a line that comes again the last one counts. Lines with
 * other keys, and other lines that begin with '#', are passed over. */
struct mema_capture {
        struct mema_context context; /* all but the owners */
        struct mema_facts after;
        uint64_t mappings; /* that follow; 0: nobody says */
        uint64_t labels_lost;
        struct mema_owner owner; /* the last one, and how many there were */
        uint64_t owners;
        char name[MEMA_LABEL_MAX + 1]; /* the last one's, NUL-terminated; owner.name is 0 */
        uint64_t given;                /* which keys came; the parser's own */
};

/* Parser ------------------------------------------------------------------ */

/* A line longer than this loses its middle: its first and last parts stay,
 * and only a mapping's name may reach that far. */
enum { MEMA_LINE_MAX = MEMA_NAME_MAX + 160 };

/* The state of a parser.  Read `region`, `status`, `line` and `column`; change nothing: the next
 * region has what the last had where its lines are the same. */
struct mema_smaps {
        struct mema_region region;
        enum mema_status status;
        uint64_t line, column;       /* with an error: of the byte that is wrong */
        uint64_t unknown;            /* lines with a label that is not in MEMA_FIELDS */
        struct mema_capture capture; /* from the first region on; all zero in a plain smaps */

        /* The rest is the parser's own. */
        uint64_t reason, reason_label;
        uint64_t open, closing, bare, after_unknown, label, usual_label, regions;
        uint64_t held, cut;  /* of text[]: bytes so far, bytes lost */
        uint64_t pending;    /* a header waits in text[]: one more than its bytes there */
        uint64_t cut_blanks; /* of the bytes lost, those before any other */
        uint64_t line_length, excerpt_length;
        struct mema_header {
                uint64_t known; /* it is the one that waits, of which text[] has the name only */
                uint64_t start, end, offset, device_major, device_minor, inode;
                char perms[8];
        } header;
        /* The lines of the first mapping, and what came last in the place of each: see layout.c. */
        uint64_t rows, kilobytes, quiet;       /* how many, those in kB, of these those that change often */
        uint64_t row;                          /* that comes next */
        uint64_t before[MEMA_FIELD_COUNT + 1]; /* the fields of the rows before it, as in `present` */
        uint64_t known[MEMA_FIELD_COUNT];      /* values, by field */
        uint64_t strayed;                      /* region.value has others: the next one begins with known */
        unsigned char field[MEMA_FIELD_COUNT]; /* by row, as are lines of 28 bytes */
        char lines[MEMA_FIELD_COUNT * 28];
        char excerpt[32];
        char text[MEMA_LINE_MAX];
};

MEMA_API void mema_smaps_init(struct mema_smaps *p);

/* Takes the next piece of a smaps text; maps and smaps_rollup are read, too.
 *
 * Consumes at most `len` bytes and stops after a region, which the caller reads
 * from `p->region` before the next call, or after an owner, p->capture.owner.  How
 * the text is cut has no influence on them.  Keeps no pointer into `buf`, allocates
 * nothing.
 *
 * Returns the bytes consumed.  p->status: MEMA_REGION, a region is ready;
 * MEMA_OWNER, an owner is; MEMA_MORE, all was consumed and neither ended; else an
 * error, with p->line and p->column at the byte that is wrong, and every later call
 * returns 0. */
MEMA_API size_t mema_smaps_feed(struct mema_smaps *p, const char *buf, size_t len);

/* Says that no more input comes.  Call it until it returns neither MEMA_REGION nor
 * MEMA_OWNER: MEMA_END then, or an error.  Input that ends inside a record is
 * MEMA_TRUNCATED, no input at all MEMA_EMPTY. */
MEMA_API enum mema_status mema_smaps_finish(struct mema_smaps *p);

/* Writes what is wrong as `Rss wants a number of kB, not "-4"`, with line and
 * column, into `error`. */
MEMA_API void mema_smaps_error(const struct mema_smaps *p, struct mema_error *error);

/* Categories -------------------------------------------------------------- */

#define MEMA_GROUPS(X)                                   \
        X(GO, "go", "Go Runtime")                        \
        X(NAMED, "named", "Named Memory Regions (mmap)") \
        X(FILE, "file", "File-Backed Memory")            \
        X(ANON, "anon", "Anonymous Memory")              \
        X(MALLOC, "malloc", "C Heap (malloc)")           \
        X(STACKS, "stacks", "Thread Stacks")             \
        X(SHARED, "shared", "Shared Memory")             \
        X(KERNEL, "kernel", "Kernel and Devices")        \
        X(OTHER, "other", "Other")

/* group, its stable id (a contract of every form of output), name */
#define MEMA_CATEGORIES(X)                                                    \
        X(GO_HEAP, GO, "go/heap", "Heap")                                     \
        X(GO_STACK, GO, "go/stack", "Stack")                                  \
        X(GO_METADATA, GO, "go/metadata", "Metadata")                         \
        X(NAMED, NAMED, "named", "Named")                                     \
        X(LIBRARIES, FILE, "file/libraries", "Shared Libraries")              \
        X(BINARY, FILE, "file/binary", "Binary")                              \
        X(OTHER_FILES, FILE, "file/other", "Other Files")                     \
        X(ANON_RW, ANON, "anon/rw", "Read-Write")                             \
        X(ANON_RO, ANON, "anon/ro", "Read-Only")                              \
        X(ANON_EXEC, ANON, "anon/exec", "Executable")                         \
        X(ANON_NONE, ANON, "anon/none", "No-Access")                          \
        X(MALLOC_MAIN, MALLOC, "malloc/main", "Main Arena")                   \
        X(MALLOC_ARENAS, MALLOC, "malloc/arenas", "Arenas")                   \
        X(MALLOC_MMAP, MALLOC, "malloc/mmap", "Mapped Blocks")                \
        X(STACK_MAIN, STACKS, "stacks/main", "Main")                          \
        X(STACK_THREADS, STACKS, "stacks/threads", "Threads")                 \
        X(MEMFD, SHARED, "shared/memfd", "memfd")                             \
        X(SHM, SHARED, "shared/shm", "POSIX (/dev/shm)")                      \
        X(SYSV, SHARED, "shared/sysv", "System V")                            \
        X(SHARED_ANON, SHARED, "shared/anon", "Anonymous")                    \
        X(VDSO, KERNEL, "kernel/vdso", "vdso")                                \
        X(DEVICES, KERNEL, "kernel/devices", "Devices")                       \
        X(LOADER, OTHER, "other/loader", "Loader and libc")                   \
        X(RUNTIMES, OTHER, "other/runtimes", "Other Runtimes")                \
        X(SANITIZER, OTHER, "other/sanitizer", "Sanitizer Shadow")            \
        X(NOT_BROKEN_DOWN, OTHER, "other/not_broken_down", "Not broken down") \
        X(UNATTRIBUTED, OTHER, "other/unattributed", "Unattributed")

enum mema_group_id {
#define X(id, stable, name) MEMA_GROUP_##id,
        MEMA_GROUPS(X) MEMA_GROUP_COUNT
#undef X
};

enum mema_category_id {
#define X(id, group, stable, name) MEMA_##id,
        MEMA_CATEGORIES(X) MEMA_CATEGORY_COUNT
#undef X
};

/* How the bytes of a category are known, the surest first. */
#define MEMA_METHODS(X)                                                                 \
        X(NAMED, "named")         /* the kernel said so: a name, a path, permissions */ \
        X(VERIFIED, "verified")   /* a conservation check held */                       \
        X(ESTIMATED, "estimated") /* apportioned, between bounds that are certain */    \
        X(INFERRED, "inferred")   /* from the shape of the mapping and its neighbours */

enum mema_method {
#define X(id, text) MEMA_BY_##id,
        MEMA_METHODS(X) MEMA_METHOD_COUNT
#undef X
};

/* Static facts of the tables above; NULL where the number is out of range. */
MEMA_API const char *mema_field_label(unsigned field);           /* "Rss" */
MEMA_API const char *mema_group_stable_id(unsigned group);       /* "go" */
MEMA_API const char *mema_group_name(unsigned group);            /* "Go Runtime" */
MEMA_API const char *mema_category_stable_id(unsigned category); /* "go/heap" */
MEMA_API const char *mema_category_name(unsigned category);      /* "Heap" */
MEMA_API unsigned mema_category_group(unsigned category);
MEMA_API const char *mema_method_name(unsigned method); /* "inferred" */

/* Report ------------------------------------------------------------------ */

enum { MEMA_NAMES_MAX = 1024 };

/* The orders of a report's rows: the largest first, but for the last two. */
#define MEMA_SORTS(X)         \
        X(RSS, "rss")         \
        X(PSS, "pss")         \
        X(PRIVATE, "private") \
        X(DIRTY, "dirty")     \
        X(SWAP, "swap")       \
        X(SIZE, "size")       \
        X(ADDRESS, "address") \
        X(NAME, "name")

enum mema_sort {
#define X(id, text) MEMA_SORT_##id,
        MEMA_SORTS(X) MEMA_SORT_COUNT
#undef X
};

MEMA_API const char *mema_sort_name(unsigned sort); /* "rss"; NULL out of range */

/* Where mema_collect reads a process from. */
#define MEMA_SOURCES(X)                                                \
        X(AUTO, "auto")   /* the cheapest that gives what is wanted */ \
        X(SMAPS, "smaps") /* every field */                            \
        X(SCAN, "scan")   /* maps and PAGEMAP_SCAN, of Linux 6.7: sizes and Rss only */

enum mema_source_kind {
#define X(id, text) MEMA_SOURCE_##id,
        MEMA_SOURCES(X) MEMA_SOURCE_COUNT
#undef X
};

MEMA_API const char *mema_source_name(unsigned source); /* "scan"; NULL out of range */

#define MEMA_ALL UINT64_MAX

/* As many rows in each order; mema_report_row has them by RSS. */
#define MEMA_EVERY_SORT UINT64_MAX

struct mema_options {
        uint64_t top;  /* rows to keep, or MEMA_ALL */
        uint64_t sort; /* an enum mema_sort; RSS where it is none; or MEMA_EVERY_SORT */
};

/* Columns added up, in bytes.  A column is present where any region had it. */
struct mema_sums {
        uint64_t mappings; /* one that is cut counts where its first piece is */
        uint64_t present;
        uint64_t value[MEMA_FIELD_COUNT];
};

struct mema_category {
        struct mema_sums sums;
        uint64_t committed; /* address space of its mappings that may be written */
        uint64_t unsure;    /* resident bytes that may be a neighbour's in the same mapping, or here */
        uint64_t method;    /* an enum mema_method, the least sure that was used */
        /* What of sums.value[MEMA_RSS] is certain to belong here, and what may, as far
         * as the method can tell: what permissions put into Read-Write is named, and may
         * still be anybody's memory. */
        uint64_t low, high;
};

/* What a part of memory comes to, in bytes: of what the process has committed to
 * it some is resident, `rss` as far as can be said, and `low` to `high` for certain. */
struct mema_part {
        uint64_t committed, rss, low, high;
};

/* The category that a part is of, its stable id. */
#define MEMA_PARTS(X)                                                                         \
        X(HEAP_MARKED, "go/heap/marked")      /* what the last collection left */             \
        X(HEAP_SINCE, "go/heap/since")        /* objects made since, or dead and not swept */ \
        X(HEAP_UNUSED, "go/heap/unused")      /* room kept for objects of one size */         \
        X(HEAP_FREE, "go/heap/free")          /* kept from the system for what may come */    \
        X(HEAP_RELEASED, "go/heap/released")  /* given back to the system */                  \
        X(MALLOC_IN_USE, "malloc/in_use")     /* given out, or in a thread's cache */         \
        X(MALLOC_RETAINED, "malloc/retained") /* freed beyond that, and kept from the system */

enum mema_part_id {
#define X(id, stable) MEMA_PART_##id,
        MEMA_PARTS(X) MEMA_PART_COUNT
#undef X
};

/* A check of what was found in the mappings against what the process says. */
struct mema_proof {
        uint64_t known;       /* 0: the process says nothing of it */
        uint64_t held;        /* found is from least to most + beside */
        uint64_t found;       /* bytes of address space */
        uint64_t least, most; /* what the process said before and after */
        uint64_t beside;      /* what it may have there at most, and count elsewhere */
};

#define MEMA_PROOFS(X)                                                                    \
        X(GO_HEAP, "go_heap")         /* the mappings of the Go heap are the runtime's */ \
        X(MALLOC, "malloc")           /* [heap] and arenas are the C library's */         \
        X(MALLOC_MMAP, "malloc_mmap") /* and so are the blocks with a mapping */

enum mema_proof_id {
#define X(id, stable) MEMA_PROOF_##id,
        MEMA_PROOFS(X) MEMA_PROOF_COUNT
#undef X
};

MEMA_API const char *mema_part_id(unsigned part);   /* "go/heap/marked"; NULL out of range */
MEMA_API const char *mema_proof_id(unsigned proof); /* "go_heap"; NULL out of range */

/* A report.  After mema_report_finish the first part can be read; the rest, and
 * all of it before, is the report's own. */
struct mema_report {
        struct mema_sums totals;
        struct mema_category category[MEMA_CATEGORY_COUNT];
        struct mema_part part[MEMA_PART_COUNT]; /* all 0 where the process does not tell */
        struct mema_proof proof[MEMA_PROOF_COUNT];
        uint64_t row_count;  /* of mema_report_row */
        uint64_t name_count; /* of mema_report_name */
        uint64_t scanned;    /* a scan was the source: see mema_report_source */
        struct mema_context context;
        struct mema_facts after; /* context.facts again, as a saved capture says */
        struct mema_options options;

        uint64_t broken_down; /* 0 for smaps_rollup, which has totals only */
        uint64_t without_rss; /* mappings that had no Rss line */
        uint64_t reached;     /* the highest address that a region had */
        uint64_t overlapping; /* mappings that begin at it or below: overlap, or the same again */
        uint64_t grown;       /* mappings that came again, from their start, and counted once */
        uint64_t repeated, rows_lost, labels_lost, exe_guessed, overflown, scan_missed;

        struct mema_sums other_names;                  /* beyond MEMA_NAMES_MAX */
        uint64_t other_named;                          /* rows in them */
        struct mema_category run[MEMA_CATEGORY_COUNT]; /* of the anonymous run that is open */
        uint64_t run_touched, run_first, run_end, run_anchored;
        uint64_t go_surplus; /* of the Go heap: more resident than the runtime has mapped */
        struct mema_neighbour {
                uint64_t start, end, category;
                uint64_t plain, perms; /* anonymous and nameless; bits: see classify.h */
        } before, self;                /* of the region before, and of the one that waits */
        struct mema_owner *found;      /* by mema_collect*: context.owners */
        char *found_names;             /* and context.names */
        uint64_t found_room, found_names_used, found_names_room;
        uint64_t lists_all;              /* see mema_diff_prepare */
        uint64_t scans, scan_wanted;     /* see mema_report_source */
        uint64_t keeps_text, kept_bytes; /* see mema_report_keep_text */
        struct mema_kept *kept, *kept_last;
        uint64_t settled;          /* regions that were counted, pieces of them one by one */
        uint64_t waiting;          /* `region` is taken in, but not yet counted */
        struct mema_region region; /* waits for its successor, which can decide its category */

        unsigned char *arena; /* names and rows: see store.c */
        uint64_t arena_size, arena_used, displaced;
        uint64_t listed[MEMA_SORT_COUNT]; /* rows in each order */
        uint64_t every_sort, longest;
        struct mema_bar {
                uint64_t key, start;
        } bar[MEMA_SORT_COUNT]; /* of a full list, its last row; of one with room, what is behind all rows */
        uint64_t name_table[MEMA_NAMES_MAX * 2];
        uint64_t name_order[MEMA_NAMES_MAX];
};

/* Begins a report.  `context` and `options` are copied; NULL: nothing known,
 * and totals only. */
MEMA_API void mema_report_init(struct mema_report *r, const struct mema_context *context,
                               const struct mema_options *options);

/* Takes what a capture says, where it says something, in place of the context's.
 * Call it before the first region is added. */
MEMA_API void mema_report_capture(struct mema_report *r, const struct mema_capture *capture);

/* How large an arena the report wants before `region` is added; 0: what it has
 * will do.  The arena keeps names and rows; it is the caller's, aligned as by
 * malloc, and grows by realloc: the new one begins with the bytes of the old. */
MEMA_API uint64_t mema_report_wants(struct mema_report *r, const struct mema_region *region);
MEMA_API void mema_report_lend(struct mema_report *r, void *arena, uint64_t size);

/* Adds a region, in the order of addresses.  One that begins where the last one does and
 * ends beyond it is the same mapping, which has grown, and takes the other's place.
 * Anonymous memory that has owners is cut at their bounds into pieces, each a row; the
 * mapping is counted with the first, and columns that the kernel gives for all of it are
 * divided as Rss is.
 * Allocates nothing: where the arena has no room, names and rows are lost and
 * counted, and the sums stay right.
 * MEMA_OVERFLOW where a column's sum would pass 2^64, and from then on. */
MEMA_API enum mema_status mema_report_add(struct mema_report *r, const struct mema_region *region);

/* Closes the report; `after` is context.facts again, read after the regions.  NULL:
 * what the capture says, or, where it says nothing, what was known before.  Call it
 * once. */
MEMA_API void mema_report_finish(struct mema_report *r, const struct mema_facts *after);

/* Copies row `index`, in the order of options.sort, category and method set. */
MEMA_API void mema_report_row(const struct mema_report *r, uint64_t index, struct mema_region *row);

/* The same in another order, and how many rows that has; without
 * MEMA_EVERY_SORT there is none but options.sort, and that is given. */
MEMA_API uint64_t mema_report_rows_by(const struct mema_report *r, uint64_t sort);
MEMA_API void mema_report_row_by(const struct mema_report *r, uint64_t sort, uint64_t index,
                                 struct mema_region *row);

/* A named kind of memory: all regions of one name in the category MEMA_NAMED. */
struct mema_name {
        struct mema_sums sums;
        uint64_t length;
        char name[256]; /* without "[anon:" and "]"; no terminating NUL */
};

/* Copies name `index`, the largest RSS first; the last is "other names" where
 * there were more than MEMA_NAMES_MAX. */
MEMA_API void mema_report_name(const struct mema_report *r, uint64_t index, struct mema_name *name);

enum { MEMA_WARNING_MAX = 160 };

/* Writes warning `index` with a terminating NUL; 0 when there is none.
 * MEMA_WARNING_MAX bytes are enough. */
MEMA_API size_t mema_report_warning(const struct mema_report *r, unsigned index, char *buf, size_t cap);

/* The program's name for a person: "Teranode" for /usr/bin/teranode.  Escaped,
 * NUL-terminated. */
MEMA_API size_t mema_report_program(const struct mema_report *r, char *buf, size_t cap);

/* Collecting: the part that allocates and touches the system ---------------- */

/* Says where mema_collect is to read from: an enum mema_source_kind, without this SMAPS.
 * AUTO is SCAN where `rss_only` is not 0: nothing but sizes and what is resident is
 * wanted.  A scan has the same Rss for a fifth of what the kernel does for smaps; all other
 * fields but Size are absent, and VmFlags, by which some shapes are known.  Where there is
 * none, before Linux 6.7, or, for whoever is not root, of a process that is not dumpable,
 * smaps is read, with a warning if SCAN was asked for; and so it is where the text is kept.
 * Call it before. */
MEMA_API void mema_report_source(struct mema_report *r, unsigned source, unsigned rss_only);

/* Reads the process `pid` (0: this one) into a report that was begun, and into
 * its context what the system tells of the program and of its limits.  Of this
 * process, unless the context has owners, it finds what has labels, and the memory
 * that glibc's malloc has mapped.  Not yet finished: the caller calls
 * mema_report_finish. */
MEMA_API enum mema_status mema_collect(struct mema_report *r, uint64_t pid, struct mema_error *error);

/* The same from a saved smaps, maps or smaps_rollup, and what a capture says before
 * it (struct mema_capture); "-" is standard input. */
MEMA_API enum mema_status mema_collect_file(struct mema_report *r, const char *path,
                                            struct mema_error *error);

/* The same from pieces that the caller has: feeds all of `buf`, or, with a NULL
 * buffer, closes the input.  MEMA_MORE, MEMA_END or an error. */
MEMA_API enum mema_status mema_collect_feed(struct mema_report *r, struct mema_smaps *p, const char *buf,
                                            size_t len, struct mema_error *error);

/* Asks the C library of this process; not known where it is not glibc 2.33 or
 * later.  It walks all free blocks under each arena's lock: 30 us for 5,000 of
 * them, 80 ms for 500,000. */
MEMA_API void mema_malloc_read(struct mema_malloc *m);

/* Frees what mema_collect* allocated; the report is void then. */
MEMA_API void mema_report_free(struct mema_report *r);

/* Saving -------------------------------------------------------------------- */

/* Has mema_collect keep the text that it reads, for MEMA_FORM_SMAPS, until
 * mema_report_free: 700 bytes a mapping, and at most a gigabyte.  Call it before. */
MEMA_API void mema_report_keep_text(struct mema_report *r);

/* Differences ----------------------------------------------------------------- */

#define MEMA_CHANGES(X)     \
        X(GROWN, "grown")   \
        X(SHRUNK, "shrunk") \
        X(NEW, "new")       \
        X(GONE, "gone")

enum mema_change_kind {
#define X(id, text) MEMA_##id,
        MEMA_CHANGES(X) MEMA_CHANGE_COUNT
#undef X
};

MEMA_API const char *mema_change_name(unsigned kind); /* "grown"; NULL out of range */

/* A region of which more or less is resident than before. */
struct mema_change {
        uint64_t kind;        /* an enum mema_change_kind */
        uint64_t row;         /* of the later report; of the earlier one where it is GONE */
        uint64_t start;       /* its address */
        uint64_t before, now; /* bytes that are resident */
};

/* What changed between two reports. */
struct mema_diff {
        const struct mema_report *before, *now;
        struct mema_change *change; /* the largest first, then in the order of addresses */
        uint64_t count;
};

/* Has a report list all regions, resident or not, in the order of addresses, as
 * mema_diff_init wants it.  Call it before the first region is added. */
MEMA_API void mema_diff_prepare(struct mema_report *r);

/* Compares finished reports that were prepared.  A region is the same as one before
 * where both have one name and a common address.  `room` is the caller's, for as many
 * changes as both reports have rows together; all three must outlive the diff. */
MEMA_API void mema_diff_init(struct mema_diff *d, const struct mema_report *before,
                             const struct mema_report *now, struct mema_change *room);

/* As mema_report_warning, of both reports. */
MEMA_API size_t mema_diff_warning(const struct mema_diff *d, unsigned index, char *buf, size_t cap);

/* Labels ------------------------------------------------------------------- */

struct mema_label_options {
        uint64_t unnamed; /* not 0: the kernel is told nothing */
        uint64_t anchor;  /* an address on the Go heap of this process; 0: it has none */
};

/* Gives a name to memory of this process: reports that the process makes of itself
 * have it under that name from now on, until mema_label_remove.
 *
 * What has the label is the whole pages that are in the `size` bytes at `address`.
 * They are anonymous, private or shared (MAP_SHARED | MAP_ANONYMOUS): a part of a
 * mapping, a mapping, or several that adjoin; [heap] and blocks of malloc's, too,
 * which are then the label's and no longer C heap, so that malloc's sums prove less.
 * A name is up to MEMA_LABEL_MAX bytes, none of them a control character, and is
 * copied.  `options` can be NULL.
 *
 * MEMA_NO_PAGE, MEMA_BAD_NAME; MEMA_LABELLED, a part has a label already; MEMA_NOT_MAPPED;
 * MEMA_NOT_ANONYMOUS, a part is a file's, a memfd's or the kernel's; MEMA_ON_GO_HEAP,
 * which is looked for around options->anchor; MEMA_NO_MEMORY; or what /proc/self/maps
 * could not be read for.  Nothing is changed then.
 *
 * The kernel is given the name, too (prctl, from Linux 5.17 where it was built so),
 * for whoever else reads /proc: of a name that it refuses the first 79 bytes, with
 * '_' in the place of each byte that is not printable ASCII or one of []\$`.  It
 * then splits mappings at the label's bounds, up to two more for a label, of which a
 * process can have vm.max_map_count, 65530 mostly; options->unnamed spares them.
 * Where the kernel has no names, /proc/self/maps is read up to each label, and
 * /proc/self/pagemap for each report, before Linux 6.7 page by page, some 2 ms
 * a GiB of labels: where that may not be (by a process that is not
 * root and not dumpable), a label of a part of a mapping stays where it was without
 * it, and the report has a warning.
 *
 * Remove a label before its memory is unmapped.  One that is left changes no sum as
 * long as nothing is mapped there; what is mapped there later has the label.
 *
 * Any thread may call these two; a child of fork has the labels of its parent. */
MEMA_API enum mema_status mema_label(const void *address, size_t size, const char *name, size_t name_length,
                                     const struct mema_label_options *options, struct mema_error *error);

/* Takes a label back, which was given to just these pages: MEMA_NO_LABEL where there
 * is none. */
MEMA_API enum mema_status mema_label_remove(const void *address, size_t size, struct mema_error *error);

/* Rendering ---------------------------------------------------------------- */

#define MEMA_UNITS(X)   \
        X(MB, "MB", 20) \
        X(KB, "KB", 10) \
        X(B, "B", 0)    \
        X(AUTO, "auto", 0)

enum mema_unit {
#define X(id, text, shift) MEMA_UNIT_##id,
        MEMA_UNITS(X) MEMA_UNIT_COUNT
#undef X
};

MEMA_API const char *mema_unit_name(unsigned unit); /* "MB"; NULL out of range */

/* Forms of output: name, media type, and whether there are differences in it.
 * csrc/memanalyzer.schema.json describes JSON; SMAPS is a saved capture. */
#define MEMA_FORMS(X)                                                                                  \
        X(TEXT, "text", "text/plain; charset=utf-8", 1)                                                \
        X(JSON, "json", "application/json", 1)                                                         \
        X(OPENMETRICS, "openmetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", 0) \
        X(SMAPS, "smaps", "text/plain; charset=utf-8", 0)

enum mema_form {
#define X(id, name, media_type, differences) MEMA_FORM_##id,
        MEMA_FORMS(X) MEMA_FORM_COUNT
#undef X
};

MEMA_API const char *mema_form_name(unsigned form);         /* "json"; NULL out of range */
MEMA_API const char *mema_form_media_type(unsigned form);   /* "application/json" */
MEMA_API unsigned mema_form_has_differences(unsigned form); /* 0: no */

enum mema_origin_source { MEMA_FROM_FILE, MEMA_FROM_PROCESS };

/* Where a report is from; of a file nothing else is known.  Times are nanoseconds. */
struct mema_origin {
        uint64_t source;    /* an enum mema_origin_source */
        uint64_t pid;       /* of the process */
        uint64_t began;     /* the reading, since 1970, UTC */
        uint64_t cost, age; /* how long it took, and how long ago that is */
};

struct mema_output_options {
        uint64_t form;           /* an enum mema_form */
        uint64_t unit;           /* of a text: an enum mema_unit; AUTO: KB below 64 MB of RSS, else MB */
        uint64_t hide_addresses; /* but in SMAPS */
        uint64_t top;            /* of differences: changes to list, or MEMA_ALL */
        uint64_t sort;           /* both of a report with MEMA_EVERY_SORT, too; another has its own */
        uint64_t rss_only;       /* of OPENMETRICS: what a scan has, whatever the source was */
        struct mema_origin origin;
};

enum { MEMA_OUTPUT_LINE_MAX = MEMA_NAME_MAX * 6 + 4096 };

/* What is being written in a form; all of it is the renderer's own. */
struct mema_output {
        const struct mema_report *report; /* of differences the later one */
        const struct mema_diff *diff;     /* NULL: a report is written */
        struct mema_output_options options;
        uint64_t shift, section, item, row;
        uint64_t group_rss[MEMA_GROUP_COUNT];
        uint64_t group_units[MEMA_GROUP_COUNT];
        uint64_t category_units[MEMA_CATEGORY_COUNT];
        uint64_t name_units[MEMA_NAMES_MAX + 1];
        const struct mema_kept *kept;
        const char *piece;
        uint64_t piece_length, piece_given;
        char line[MEMA_OUTPUT_LINE_MAX]; /* a name of which every byte is an escape, and what is beside it */
};

/* Begins the output of a finished report, which must outlive it; NULL: the text.
 *
 * A name's bytes are taken back from JSON, and from labels of OpenMetrics, so: of a
 * character from U+EF00 to U+EFFF the low 8 bits, of any other its UTF-8.
 * SMAPS wants the text kept, and ends before it otherwise; reading it gives the same report. */
MEMA_API void mema_output_init(struct mema_output *w, const struct mema_report *report,
                               const struct mema_output_options *options);

/* The same of differences.  The origin is the later report's, but for its cost; a form
 * that has none is the text. */
MEMA_API void mema_output_init_diff(struct mema_output *w, const struct mema_diff *diff,
                                    const struct mema_output_options *options);

/* Fills buf, and returns how many bytes; 0 when all is written. */
MEMA_API size_t mema_output_next(struct mema_output *w, char *buf, size_t cap);

/* Copies `len` bytes of a name into buf so that they are harmless anywhere:
 * valid UTF-8, and everything that moves a cursor, starts an escape sequence,
 * ends a line, turns the direction of writing or is not seen as \xNN or
 * \u{NNNN}; a backslash as itself.  Cut to the last `width` bytes, with "..."
 * before them.  NUL-terminated; returns the length.  cap >= width + 1. */
MEMA_API size_t mema_escape(char *buf, size_t cap, const char *name, size_t len, size_t width);

#ifdef __cplusplus
}
#endif
#endif
