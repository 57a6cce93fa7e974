/* memanalyzer.h - shows where the resident memory of a process is.
 *
 * The text of /proc/PID/smaps goes in, in pieces of any size; a report comes
 * out in which every resident byte is in exactly one category:
 *
 *     source -> smaps -> classify -> report -> render
 *
 * A program that prints the report of process 4242:
 *
 *     static struct mema_report report;
 *     static struct mema_output output;
 *     struct mema_options options = { .top = 20 };
 *     struct mema_error error;
 *     char buf[4096];
 *     size_t n;
 *
 *     mema_report_init(&report, NULL, &options);
 *     if (mema_collect(&report, 4242, &error) == MEMA_STATUS_OK) {
 *             mema_report_finish(&report, NULL);
 *             mema_output_init(&output, &report, NULL);
 *             while ((n = mema_output_next(&output, buf, sizeof buf)) > 0)
 *                     fwrite(buf, 1, n, stdout);
 *     } else {
 *             fprintf(stderr, "%s\n", error.message);
 *     }
 *     mema_report_free(&report);
 *
 * This header is the manual: status, fields, categories, what a report holds,
 * what is known beside smaps, making a report, rendering it, differences, labels, the
 * parser alone, and last the objects, whose private members start with an underscore.
 *
 * Units: sizes and addresses are bytes; lines and columns count from 1.
 *
 * Memory: an object has 17 to 57 kB; keep it off small stacks.
 * Everything is freestanding C11 (no allocation, no I/O, no locale) except
 * mema_collect*, mema_label*, mema_malloc_read and mema_report_free.
 *
 * Threads: an object is used by one thread at a time; different objects by different
 * threads at once.  The labels of a process are global and have a lock.
 * Nothing calls back. */
#ifndef MEMANALYZER_H
#define MEMANALYZER_H

#include <stdbool.h>
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

/* The result of a call.  From EMPTY on, a status is an error.  Errors of a parser are sticky, and so is a
 * report's OVERFLOW: every later call returns the same error. */
#define MEMA_STATUSES(X)                                                  \
        X(OK, "done")                                                     \
        X(MORE, "all input was consumed; more is needed")                 \
        X(REGION, "a region is ready")                                    \
        X(OWNER, "an owner is ready")                                     \
        X(END, "the input is closed and all regions were returned")       \
        X(EMPTY, "the input is empty: no address space")                  \
        X(MALFORMED, "the input is not what the kernel writes")           \
        X(OVERFLOW, "a number of bytes does not fit in 64 bits")          \
        X(TRUNCATED, "the input ends in the middle of a record")          \
        X(NO_PROCESS, "there is no such process, or it has ended")        \
        X(ENDED, "the process ended while it was being read")             \
        X(REPLACED, "the process called exec while it was being read")    \
        X(ZOMBIE, "the process has ended and has no memory")              \
        X(KERNEL_THREAD, "a kernel thread has no memory of its own")      \
        X(NOT_PERMITTED, "the process belongs to another user")           \
        X(PROTECTED, "the process does not allow itself to be read")      \
        X(NO_PROC, "/proc is not mounted, or does not list this process") \
        X(NO_MEMORY, "out of memory")                                     \
        X(NO_PAGE, "a label needs at least one whole page")               \
        X(BAD_NAME, "not a valid name for a label")                       \
        X(LABELED, "part of the memory already has a label")              \
        X(NO_LABEL, "the memory has no such label")                       \
        X(NOT_MAPPED, "part of the memory is not mapped")                 \
        X(NOT_ANONYMOUS, "part of the memory is not anonymous")           \
        X(ON_GO_HEAP, "part of the memory is on the Go heap")             \
        X(SYSTEM, "the system could not read the source")                 \
        X(UNSUPPORTED, "this system has no source")

enum mema_status {
#define X(id, text) MEMA_STATUS_##id,
        MEMA_STATUSES(X) MEMA_STATUS_COUNT
#undef X
};

/* The status in words, such as "a region is ready"; NULL if out of range. */
MEMA_API const char *mema_status_text(enum mema_status status);

enum { MEMA_MESSAGE_MAX = 512 };

/* Why a call failed. */
struct mema_error {
        enum mema_status status;
        int system;                     /* errno, 0 if the system was not the reason */
        uint64_t line, column;          /* in the input, 0 if the error is not about the input */
        char message[MEMA_MESSAGE_MAX]; /* what, where and what to do: one line, no control characters */
};

/* Fields ------------------------------------------------------------------ */

enum mema_field_kind {
        MEMA_KIND_SUM,  /* kB, added up over mappings */
        MEMA_KIND_PAGE, /* kB, not added up */
        MEMA_KIND_PLAIN /* no unit, not added up */
};

/* The fields that Linux prints for a mapping, in the kernel's order. */
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
#define X(id, label, kind) MEMA_FIELD_##id,
        MEMA_FIELDS(X) MEMA_FIELD_COUNT
#undef X
};

MEMA_API const char *mema_field_label(unsigned field); /* "Rss"; NULL if out of range */

/* The bit of a field in a `present` mask. */
#define MEMA_BIT(field) (UINT64_C(1) << (field))

/* Categories -------------------------------------------------------------- */

/* id, stable id, name */
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

/* id, group, stable id (the same in every output format and version), name */
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

enum mema_group {
#define X(id, stable, name) MEMA_GROUP_##id,
        MEMA_GROUPS(X) MEMA_GROUP_COUNT
#undef X
};

enum mema_category_id {
#define X(id, group, stable, name) MEMA_CATEGORY_##id,
        MEMA_CATEGORIES(X) MEMA_CATEGORY_COUNT
#undef X
};

/* How a figure is known, from the most to the least certain. */
#define MEMA_METHODS(X)                                                            \
        X(NAMED, "named")         /* by the kernel: a name, a path, permissions */ \
        X(VERIFIED, "verified")   /* a conservation check held */                  \
        X(ESTIMATED, "estimated") /* apportioned between certain bounds */         \
        X(INFERRED, "inferred")   /* from the shape of the mapping and its neighbors */

enum mema_method {
#define X(id, text) MEMA_METHOD_##id,
        MEMA_METHODS(X) MEMA_METHOD_COUNT
#undef X
};

/* The tables above as text; NULL if the number is out of range. */
MEMA_API const char *mema_group_stable_id(unsigned group);       /* "go" */
MEMA_API const char *mema_group_name(unsigned group);            /* "Go Runtime" */
MEMA_API const char *mema_category_stable_id(unsigned category); /* "go/heap" */
MEMA_API const char *mema_category_name(unsigned category);      /* "Heap" */
MEMA_API unsigned mema_category_group(unsigned category);        /* MEMA_GROUP_COUNT if out of range */
MEMA_API const char *mema_method_name(unsigned method);          /* "inferred" */

/* Results ----------------------------------------------------------------- */

enum { MEMA_NAME_MAX = 4096, MEMA_VM_FLAGS_MAX = 64 };

/* One mapping, as the kernel printed it.  Absent is not zero: value[i] is valid
 * only if bit i of `present` is set. */
struct mema_region {
        uint64_t start, end; /* addresses; an end of 2^64 is 0 */
        uint64_t offset, device_major, device_minor, inode;
        uint64_t line;                            /* of its header in the input */
        uint64_t present;                         /* MEMA_BIT of each field that was printed */
        uint64_t value[MEMA_FIELD_COUNT];         /* bytes; plain numbers as printed */
        uint64_t repeated;                        /* fields that were printed twice: the last one counts */
        uint64_t name_length;                     /* bytes in name[], which has no terminating NUL */
        uint64_t name_cut;                        /* bytes removed from its middle because of MEMA_NAME_MAX */
        enum mema_category_id category;           /* in a report's rows; 0 from the parser */
        enum mema_method method;                  /* in a report's rows; 0 from the parser */
        bool vm_flags_present;                    /* a VmFlags line was printed */
        char perms[8];                            /* "rw-p" */
        char vm_flags[MEMA_VM_FLAGS_MAX * 3 + 8]; /* "rd wr mr", NUL-terminated */
        char name[MEMA_NAME_MAX];                 /* as printed: any byte except a newline */
};

/* end - start, correct also for a region that ends at 2^64. */
MEMA_API uint64_t mema_region_span(const struct mema_region *region);

/* Sums of columns over mappings, in bytes.  A column is present if any mapping had it. */
struct mema_sums {
        uint64_t mappings; /* a mapping that was split counts with its first piece */
        uint64_t present;
        uint64_t value[MEMA_FIELD_COUNT];
};

struct mema_category {
        struct mema_sums sums;
        uint64_t committed; /* address space of its writable mappings */
        uint64_t unsure;    /* resident bytes that may belong to a neighbor in the same mapping, or here */
        uint64_t low, high; /* certain bounds of sums.value[MEMA_FIELD_RSS] */
        enum mema_method method; /* the least certain of those used */
};

/* Part of a heap.  The process tells how much it has committed; `rss` is the estimated
 * resident share, certain to be from `low` to `high`.  All are bytes. */
struct mema_part {
        uint64_t committed, rss, low, high;
};

/* Stable ids: the category that is divided, and the part. */
#define MEMA_PARTS(X)                                                                      \
        X(HEAP_MARKED, "go/heap/marked")      /* survived the last collection */           \
        X(HEAP_SINCE, "go/heap/since")        /* allocated since, or dead and not swept */ \
        X(HEAP_UNUSED, "go/heap/unused")      /* free slots in spans of one size class */  \
        X(HEAP_FREE, "go/heap/free")          /* free spans kept from the system */        \
        X(HEAP_RELEASED, "go/heap/released")  /* returned to the system */                 \
        X(MALLOC_IN_USE, "malloc/in_use")     /* allocated, or in a thread's cache */      \
        X(MALLOC_RETAINED, "malloc/retained") /* free and kept from the system */

enum mema_part_id {
#define X(id, stable) MEMA_PART_##id,
        MEMA_PARTS(X) MEMA_PART_COUNT
#undef X
};

/* A conservation check: the address space found in the mappings against the figure of
 * the process itself, in bytes. */
struct mema_proof {
        bool known;           /* the process has such a figure; else the rest is 0 */
        bool held;            /* least <= found <= most + beside */
        uint64_t found;       /* address space of the mappings */
        uint64_t least, most; /* what the process said before and after */
        uint64_t beside;      /* the most that it may have in these mappings and count elsewhere */
};

#define MEMA_PROOFS(X)                                                         \
        X(GO_HEAP, "go_heap")         /* the mappings of the Go heap */        \
        X(MALLOC, "malloc")           /* [heap] and the heaps of all arenas */ \
        X(MALLOC_MMAP, "malloc_mmap") /* malloc's blocks with a mapping of their own */

enum mema_proof_id {
#define X(id, stable) MEMA_PROOF_##id,
        MEMA_PROOFS(X) MEMA_PROOF_COUNT
#undef X
};

MEMA_API const char *mema_part_stable_id(unsigned part);   /* "go/heap/marked"; NULL if out of range */
MEMA_API const char *mema_proof_stable_id(unsigned proof); /* "go_heap"; NULL if out of range */

/* What was odd about the input, and what was lost; see mema_report_warning. */
struct mema_checks {
        bool totals_only;       /* the input was a smaps_rollup, which has no mappings */
        bool libc_unasked;      /* a C library was loaded without cgo: there are no figures of its malloc */
        bool scan_missed;       /* a scan was asked for and smaps was read */
        uint64_t contradictory; /* mappings with more Anonymous than Rss */
        uint64_t without_rss;   /* mappings that had no Rss line */
        uint64_t overlapping;   /* mappings that overlap or repeat an earlier one */
        uint64_t grown;         /* mappings that came again with more around them: counted once */
        uint64_t repeated;      /* fields that came twice in a mapping */
        uint64_t rows_lost;     /* rows for which there was no memory */
        uint64_t labels_lost;   /* labels that could not be shown */
        uint64_t other_named;   /* mappings counted under "other names" */
        uint64_t go_surplus;    /* resident bytes of the Go heap that the runtime does not account for */
};

/* The regions that share a name, in the category NAMED. */
struct mema_name {
        struct mema_sums sums;
        uint64_t length;
        char name[256]; /* without "[anon:" and "]"; no terminating NUL */
};

enum { MEMA_NAMES_MAX = 1024 };

/* What is known beside smaps ---------------------------------------------- */

enum { MEMA_ANCHORS_MAX = 8, MEMA_THREADS_MAX = 512, MEMA_GO_VERSION_MAX = 32 };

/* The Go runtime's own figures (runtime/metrics, bytes).  If one passes 2^60, none is used. */
struct mema_go {
        bool known;            /* false: the rest is ignored */
        uint64_t heap_live;    /* /gc/heap/live: survived the last collection */
        uint64_t heap_objects; /* /memory/classes/heap/objects, and so on */
        uint64_t heap_unused, heap_free, heap_released, heap_stacks;
        uint64_t metadata;     /* the runtime's own structures, committed */
        uint64_t work_buffers; /* the most of `metadata` that lies in the heap's mappings: the collector's */
        uint64_t anchor_count;
        uint64_t anchors[MEMA_ANCHORS_MAX]; /* addresses of live objects on the Go heap */
};

/* The C library's own figures (mallinfo2, bytes). */
struct mema_malloc {
        bool known;                /* false: the rest is ignored */
        uint64_t blocks;           /* hblks: how many blocks have a mapping of their own; not saved */
        uint64_t arena;            /* all arenas, the main one included */
        uint64_t in_use, retained; /* uordblks, which includes the threads' caches; fordblks */
        uint64_t mapped;           /* hblkhd: blocks that have a mapping of their own */
};

/* What a process knows of itself at one moment. */
struct mema_facts {
        struct mema_malloc malloc;
        struct mema_go go;
};

/* What limits a process's memory from outside; bytes unless noted.  An unknown figure and a
 * limit that is not set have no value, but Go's settings have the runtime's number for none.
 *
 * Figures of the cgroup cover all its processes, their file pages and the kernel's
 * memory for them.  A limit is the least of the cgroup's own and those of its
 * ancestors, as far as they can be read from here. */
#define MEMA_LIMITS(X)                                                                            \
        X(CGROUP_USAGE, "cgroup.usage")                 /* charged to the cgroup */               \
        X(CGROUP_PEAK, "cgroup.peak")                   /* the most ever: v1, Linux 5.19 */       \
        X(CGROUP_HIGH, "cgroup.high")                   /* processes are throttled here: v2 */    \
        X(CGROUP_LIMIT, "cgroup.limit")                 /* processes are killed here */           \
        X(CGROUP_LIMIT_LEVEL, "cgroup.limit_level")     /* whose: 0 its own, 1 its parent's... */ \
        X(CGROUP_ROOM, "cgroup.room")                   /* the least that such a limit leaves */  \
        X(CGROUP_ROOM_LIMIT, "cgroup.room_limit")       /* the limit that leaves it */            \
        X(CGROUP_INACTIVE_FILE, "cgroup.inactive_file") /* can be dropped at once; read only */   \
                                                        /* if room is below a tenth */            \
        X(CGROUP_OOM_KILLS, "cgroup.oom_kills")         /* killed processes: a number */          \
        X(MAPPINGS_MAX, "mappings.max")                 /* vm.max_map_count: a number */          \
        X(KERNEL_NAMES, "kernel.names")                 /* 1: anonymous memory can be named; 0 */ \
        X(GO_GOMEMLIMIT, "go.gomemlimit")               /* in force; 2^63 - 1: none */            \
        X(GO_GOGC, "go.gogc")                           /* in force, percent; 2^64 - 1: off */

enum mema_limit {
#define X(id, stable) MEMA_LIMIT_##id,
        MEMA_LIMITS(X) MEMA_LIMIT_COUNT
#undef X
};

MEMA_API const char *mema_limit_id(unsigned limit); /* "cgroup.usage"; NULL if out of range */

struct mema_limits {
        bool cgroup_hidden; /* the process has a memory cgroup, whose files cannot be seen from here */
        uint64_t known;     /* MEMA_BIT of each enum mema_limit that has a value */
        uint64_t value[MEMA_LIMIT_COUNT];
};

/* The language of the program's file.  In an OTHER program without Go facts, only names
 * prove a Go runtime: in a library built with -buildmode=c-shared, in a gccgo program,
 * or under a loader or emulator, because the program is the loader then. */
enum mema_program { MEMA_PROGRAM_UNKNOWN, MEMA_PROGRAM_GO, MEMA_PROGRAM_OTHER };

/* An address on the stack of each of the first MEMA_THREADS_MAX threads, as far as it is known.
 *
 * glibc has told the kernel the descriptor of each thread, which lies at the top of its stack: then the main
 * thread is left out, and threads without one have no stack of their own.  Else it is the stack pointer of a
 * thread that waits in the kernel, which can be that of a goroutine or a fiber. */
struct mema_threads {
        bool all;         /* the process has no other threads */
        bool descriptors; /* the addresses are those of descriptors */
        uint64_t count;
        uint64_t stack[MEMA_THREADS_MAX];
};

/* The library that has a process's malloc. */
#define MEMA_ALLOCATORS(X)          \
        X(UNKNOWN, "unknown")       \
        X(GLIBC, "glibc")           \
        X(MUSL, "musl")             \
        X(JEMALLOC, "jemalloc")     \
        X(MIMALLOC, "mimalloc")     \
        X(SNMALLOC, "snmalloc")     \
        X(TCMALLOC, "TCMalloc")     \
        X(SCUDO, "Scudo")           \
        X(RPMALLOC, "rpmalloc")     \
        X(TBB, "oneTBB")            \
        X(ASAN, "AddressSanitizer") \
        X(MSAN, "MemorySanitizer")  \
        X(OTHER, "another allocator")

enum mema_allocator {
#define X(id, text) MEMA_ALLOCATOR_##id,
        MEMA_ALLOCATORS(X) MEMA_ALLOCATOR_COUNT
#undef X
};

MEMA_API const char *mema_allocator_name(unsigned allocator); /* "jemalloc"; NULL if out of range */

/* Memory whose use is known: a mapping, or part of one. */
struct mema_owner {
        uint64_t start, end;
        enum mema_category_id category; /* NAMED if it has a label */
        uint64_t rss;                   /* resident bytes */
        uint64_t committed;             /* bytes of address space that the owner accounts for */
        uint64_t unsure;                /* the most by which `rss` may be wrong, in bytes */
        uint64_t name, name_length; /* a label's: offset in context.names and length; length 0: no label */
};

/* What is known of a process beside its smaps.  All zero: nothing. */
struct mema_context {
        struct mema_facts facts;         /* read before the regions */
        const struct mema_owner *owners; /* by address, without overlaps; the caller's until finish */
        const char *names;               /* of labels */
        uint64_t owner_count;
        bool heaps_known; /* all of malloc's heaps are among the owners: shapes are not searched */
        bool bss_known;   /* all zeroed data of libraries is among the owners */
        bool exe_deleted; /* the program's file was deleted or replaced */
        bool without_cgo; /* the process read itself without cgo: a C library in it was not asked */
        enum mema_program program;
        enum mema_allocator allocator;        /* from outside, one whose library is mapped */
        char go_version[MEMA_GO_VERSION_MAX]; /* "go1.26.8", cut; "": unknown */
        struct mema_threads threads;
        struct mema_limits limits;
        uint64_t malloc_drift;   /* bytes that facts.malloc.mapped counts too many */
        uint64_t exe_length;     /* 0: unknown */
        char exe[MEMA_NAME_MAX]; /* the path of /proc/PID/exe, spelled as smaps does; no terminating NUL */
};

/* Asks the C library of this process.  m->known is false unless malloc is that of glibc 2.33 or later.
 * It walks all free blocks under the lock of each arena: 30 us for 5,000 blocks, 80 ms for
 * 500,000. */
MEMA_API void mema_malloc_read(struct mema_malloc *m);

/* Making a report --------------------------------------------------------- */

/* The orders of a report's rows: the largest first, except the last two. */
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

MEMA_API const char *mema_sort_name(unsigned sort); /* "rss"; NULL if out of range */

/* What mema_collect reads. */
#define MEMA_SOURCES(X)                                                 \
        X(AUTO, "auto")   /* the cheapest that has what options want */ \
        X(SMAPS, "smaps") /* every field */                             \
        X(SCAN, "scan")   /* maps and PAGEMAP_SCAN (Linux 6.7): sizes and Rss only */

enum mema_source_kind {
#define X(id, text) MEMA_SOURCE_##id,
        MEMA_SOURCES(X) MEMA_SOURCE_COUNT
#undef X
};

MEMA_API const char *mema_source_name(unsigned source); /* "scan"; NULL if out of range */

#define MEMA_ALL UINT64_MAX

/* Everything that is set before a reading.  All zero: no rows, from smaps. */
struct mema_options {
        uint64_t top;        /* rows to keep in each order, or MEMA_ALL */
        enum mema_sort sort; /* of mema_report_row; RSS if out of range */
        bool every_sort;     /* keep `top` rows in every order, for mema_report_row_by */
        bool for_diff;       /* keep all rows, resident or not, by address, as mema_diff_init needs
                              * them: overrides top, sort and every_sort */
        /* The rest is for mema_collect.  A scan costs the kernel a fifth of smaps; it has the
         * same Rss but no field beside Size and Rss, and no VmFlags, which some shapes need.  If
         * there is no scan (before Linux 6.7, or of a process that is not dumpable unless
         * root reads it), or the text is kept, smaps is read, with a warning if SCAN was asked for. */
        enum mema_source_kind source; /* AUTO: scan if rss_only, else smaps */
        bool rss_only;                /* nothing but sizes and Rss is needed */
        bool keep_text;               /* keep the text for MEMA_FORMAT_SMAPS until mema_report_free: 700
                                       * bytes a mapping, at most 1 GiB */
};

struct mema_report;
struct mema_smaps;
struct mema_capture;

/* Begins a report.  `context` and `options` are copied; NULL is the same as all zero.  Then call one of
 * mema_collect and mema_collect_file once, or mema_collect_feed for each piece. */
MEMA_API void mema_report_init(struct mema_report *r, const struct mema_context *context,
                               const struct mema_options *options);

/* Reads process `pid` (0: this one) into a report that was begun, and what the system knows of
 * its program, threads and limits into its context.  For this process, unless the context
 * has owners, it finds labels and the memory that glibc's malloc has mapped.  The caller
 * calls mema_report_finish next. */
MEMA_API enum mema_status mema_collect(struct mema_report *r, uint64_t pid, struct mema_error *error);

/* Reads a saved smaps, maps, smaps_rollup or capture (struct mema_capture); "-" is standard input. */
MEMA_API enum mema_status mema_collect_file(struct mema_report *r, const char *path,
                                            struct mema_error *error);

/* Reads the same from pieces that the caller has: feeds all of `buf`, or closes the input if
 * `buf` is NULL.  Returns MEMA_STATUS_MORE, MEMA_STATUS_END or an error. */
MEMA_API enum mema_status mema_collect_feed(struct mema_report *r, struct mema_smaps *p, const char *buf,
                                            size_t len, struct mema_error *error);

/* Closes the report; call it once.  `after` is context.facts read again after the regions; NULL: the
 * facts of the capture if it has any, else those from before. */
MEMA_API void mema_report_finish(struct mema_report *r, const struct mema_facts *after);

/* Frees what mema_collect* allocated, and an arena that was lent.  The report is invalid afterwards. */
MEMA_API void mema_report_free(struct mema_report *r);

/* Copies row `index`, below row_count, in the order of options.sort, with category and method set. */
MEMA_API void mema_report_row(const struct mema_report *r, uint64_t index, struct mema_region *row);

/* The same in another order, and how many rows it has: `index` must be below that.  Without
 * options.every_sort, every `sort` means options.sort. */
MEMA_API uint64_t mema_report_rows_by(const struct mema_report *r, unsigned sort);
MEMA_API void mema_report_row_by(const struct mema_report *r, unsigned sort, uint64_t index,
                                 struct mema_region *row);

/* Copies name `index`, below name_count, the largest RSS first.  If there are more than MEMA_NAMES_MAX, the
 * last one is "other names". */
MEMA_API void mema_report_name(const struct mema_report *r, uint64_t index, struct mema_name *name);

enum { MEMA_WARNING_MAX = 160 };

/* Writes warning `index`, NUL-terminated, and returns its length; 0 if there is none.
 * MEMA_WARNING_MAX bytes are enough. */
MEMA_API size_t mema_report_warning(const struct mema_report *r, unsigned index, char *buf, size_t cap);

/* Writes the program's display name, such as "Teranode" for /usr/bin/teranode, escaped and
 * NUL-terminated; returns its length. */
MEMA_API size_t mema_report_program(const struct mema_report *r, char *buf, size_t cap);

/* Without mema_collect: regions from anywhere.
 *
 * mema_report_capture takes what a capture says in place of the context; call it before the first
 * region.
 *
 * mema_report_wants returns the arena size that the report needs before it takes `region`,
 * 0 if its arena is large enough.  The arena keeps names and rows.
 *
 * mema_report_lend gives the report an arena from malloc, or a larger one from realloc, which starts with
 * the old one's bytes.  mema_report_free frees it.
 *
 * mema_report_add takes regions by address.  One that contains the last one and ends beyond it is the same
 * mapping, grown, and replaces it.  Of one that begins before the end of others and ends beyond it, the rest
 * is counted: their resident bytes are subtracted.  Anonymous memory is split at the bounds of its
 * owners; each piece is a row, the mapping is counted with the first, and the kernel's columns
 * are divided in proportion to Rss.  Allocates nothing: without room in the arena, names and rows are dropped
 * and counted, and the sums stay right.  Returns MEMA_STATUS_OVERFLOW if a sum passes 2^64, and from then on.
 */
MEMA_API void mema_report_capture(struct mema_report *r, const struct mema_capture *capture);
MEMA_API uint64_t mema_report_wants(struct mema_report *r, const struct mema_region *region);
MEMA_API void mema_report_lend(struct mema_report *r, void *arena, uint64_t size);
MEMA_API enum mema_status mema_report_add(struct mema_report *r, const struct mema_region *region);

/* Rendering --------------------------------------------------------------- */

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

MEMA_API const char *mema_unit_name(unsigned unit); /* "MB"; NULL if out of range */

/* Output formats: id, name, media type, and whether differences can be written in it.
 * csrc/memanalyzer.schema.json describes JSON; SMAPS is a saved capture. */
#define MEMA_FORMATS(X)                                                                                    \
        X(TEXT, "text", "text/plain; charset=utf-8", true)                                                 \
        X(JSON, "json", "application/json", true)                                                          \
        X(OPENMETRICS, "openmetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", false) \
        X(SMAPS, "smaps", "text/plain; charset=utf-8", false)

enum mema_format {
#define X(id, name, media_type, differences) MEMA_FORMAT_##id,
        MEMA_FORMATS(X) MEMA_FORMAT_COUNT
#undef X
};

MEMA_API const char *mema_format_name(unsigned format);       /* "json"; NULL if out of range */
MEMA_API const char *mema_format_media_type(unsigned format); /* "application/json" */
MEMA_API bool mema_format_has_differences(unsigned format);

enum mema_origin_kind { MEMA_ORIGIN_FILE, MEMA_ORIGIN_PROCESS };

/* Where a report is from.  For a file, the rest is ignored.  Times are nanoseconds. */
struct mema_origin {
        enum mema_origin_kind kind;
        uint64_t pid;
        uint64_t began;     /* since 1970, UTC */
        uint64_t cost, age; /* how long the reading took, and how long ago it ended */
};

struct mema_output_options {
        enum mema_format format;
        enum mema_unit unit; /* of a text; AUTO: KB below 64 MB of RSS, else MB */
        enum mema_sort sort; /* of a report with every_sort; else options.sort is used */
        uint64_t top;        /* likewise; of differences: how many changes to list, or MEMA_ALL */
        bool hide_addresses; /* in all formats except SMAPS */
        bool rss_only;       /* in OPENMETRICS: only what a scan has, whatever the source was */
        struct mema_origin origin;
};

struct mema_output;
struct mema_diff;

/* Begins the output of a finished report, which must outlive it.  NULL options: text.
 *
 * In JSON and in labels of OpenMetrics, a name's bytes are recovered as follows: the low 8 bits
 * of a character from U+EF00 to U+EFFF, else the UTF-8 of the character.
 * SMAPS needs options.keep_text, without which the text of the mappings is missing; reading it gives the same
 * report. */
MEMA_API void mema_output_init(struct mema_output *w, const struct mema_report *report,
                               const struct mema_output_options *options);

/* The same for differences.  The origin is the later report's, its cost that of both readings.
 * A format without differences becomes text. */
MEMA_API void mema_output_init_diff(struct mema_output *w, const struct mema_diff *diff,
                                    const struct mema_output_options *options);

/* Fills buf and returns the number of bytes; 0 at the end. */
MEMA_API size_t mema_output_next(struct mema_output *w, char *buf, size_t cap);

/* Copies `len` bytes of a name into buf so that they are harmless anywhere: valid UTF-8, with
 * \xNN or \u{NNNN} for everything that moves the cursor, starts an escape sequence, ends a
 * line, changes the writing direction or is invisible; a backslash stays.  Longer names are cut
 * to the last `width` characters behind "...".  NUL-terminated; returns the length.  cap >= width + 1. */
MEMA_API size_t mema_escape(char *buf, size_t cap, const char *name, size_t len, size_t width);

/* Differences --------------------------------------------------------------- */

#define MEMA_CHANGES(X)     \
        X(GROWN, "grown")   \
        X(SHRUNK, "shrunk") \
        X(NEW, "new")       \
        X(GONE, "gone")

enum mema_change_kind {
#define X(id, text) MEMA_CHANGE_##id,
        MEMA_CHANGES(X) MEMA_CHANGE_COUNT
#undef X
};

MEMA_API const char *mema_change_name(unsigned kind); /* "grown"; NULL if out of range */

/* A region whose resident size changed. */
struct mema_change {
        enum mema_change_kind kind;
        uint64_t row;         /* of the later report; of the earlier one if GONE */
        uint64_t start;       /* its address */
        uint64_t before, now; /* resident bytes */
};

/* The changes between two reports. */
struct mema_diff {
        const struct mema_report *before, *now;
        struct mema_change *change; /* the largest first, then by address */
        uint64_t count;
};

/* Compares two finished reports that were made with options.for_diff.  Regions are the same if they
 * have one name and share an address.  `room` is the caller's, with a place for each row of both
 * reports; all three must outlive the diff. */
MEMA_API void mema_diff_init(struct mema_diff *d, const struct mema_report *before,
                             const struct mema_report *now, struct mema_change *room);

/* As mema_report_warning, for both reports. */
MEMA_API size_t mema_diff_warning(const struct mema_diff *d, unsigned index, char *buf, size_t cap);

/* Labels ------------------------------------------------------------------ */

enum { MEMA_LABEL_MAX = 255 };

struct mema_label_options {
        bool unnamed;    /* do not tell the kernel */
        uint64_t anchor; /* an address on this process's Go heap; 0: it has none */
};

/* Names memory of this process: reports that the process makes of itself show it
 * under that name until mema_label_remove.
 *
 * The label covers the whole pages within `size` bytes at `address`.  They must be
 * anonymous, private or shared (MAP_SHARED | MAP_ANONYMOUS): part of a mapping, one mapping, or several
 * adjoining ones.  Pages of [heap] and of malloc's blocks are allowed; they count as the
 * label's, no longer as C heap, so that malloc's sums prove less.
 * A name has 1 to MEMA_LABEL_MAX bytes, none a control character; it is copied.  `options` may be NULL.
 *
 * Errors: NO_PAGE; BAD_NAME; LABELED, part of it has a label; NOT_MAPPED; NOT_ANONYMOUS, part of it is
 * a file's, a memfd's or the kernel's; ON_GO_HEAP, which is searched around options->anchor;
 * NO_MEMORY; or the reason why /proc/self/maps could not be read.  On error nothing has changed,
 * neither here nor in the kernel.
 *
 * The kernel is told the name, too (prctl, Linux 5.17 with CONFIG_ANON_VMA_NAME), for other readers of
 * /proc: at most 79 bytes of it, with '_' for each byte that is not printable ASCII or is one
 * of []\$`.  The kernel then splits mappings at the label's bounds,
 * adding up to two mappings for each label, of which a process can have vm.max_map_count (65530 by
 * default); options->unnamed avoids that.  Shared memory has names from Linux 6.2 on.
 *
 * Each label reads /proc/self/maps, mostly up to its address.  Without names in the kernel, each report reads
 * /proc/self/pagemap: before Linux 6.7 page by page, 2 ms per GiB of labels.  If pagemap may not be
 * read (not root and not dumpable), a label on part of a mapping is not shown, and the report has
 * a warning.
 *
 * Remove a label before its memory is unmapped: memory that is mapped there later
 * would have it.
 *
 * Both functions may be called by any thread.  A child of fork has the labels of its parent. */
MEMA_API enum mema_status mema_label(const void *address, size_t size, const char *name, size_t name_length,
                                     const struct mema_label_options *options, struct mema_error *error);

/* Removes the label of exactly these pages, and their name in the kernel; NO_LABEL if they have none. */
MEMA_API enum mema_status mema_label_remove(const void *address, size_t size, struct mema_error *error);

/* The parser alone -------------------------------------------------------- */

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
 * The first line gives the version of the format.
 *
 *     program, deleted_program  context.exe
 *     program.kind              context.program: "go" or "other"
 *     go.version                context.go_version
 *     allocator                 context.allocator
 *     mappings                  how many follow; fewer are MEMA_STATUS_TRUNCATED
 *     thread                    one of context.threads.stack; can be repeated
 *     threads.all               context.threads.all
 *     threads.descriptors       context.threads.descriptors
 *     heaps_known               context.heaps_known
 *     bss_known                 context.bss_known
 *     without_cgo               context.without_cgo
 *     labels_lost               labels without an owner line
 *     malloc.drift              context.malloc_drift
 *     cgroup.hidden             context.limits.cgroup_hidden
 *     owner                     a struct mema_owner: addresses, rss, committed, unsure, the category's
 *                               stable id, and, if that is "named", the label up to the end of the
 *                               line; by address
 *     go.anchor                 an address on the Go heap; can be repeated
 *     the ids of MEMA_LIMITS    one number; each is used by itself
 *     malloc.*, go.*            the numbers of struct mema_facts, in bytes: before and after the regions, or
 *                               one for both; used only if all of `go`, or all of `malloc`, are there
 *
 * The last of repeated lines counts.  Other lines that begin with '#' are ignored. */
struct mema_capture {
        struct mema_context context; /* all but the owners */
        struct mema_facts after;
        uint64_t mappings; /* that follow; 0: unknown */
        uint64_t labels_lost;
        struct mema_owner owner;       /* the last one */
        uint64_t owners;               /* how many there were */
        char name[MEMA_LABEL_MAX + 1]; /* the last one's, NUL-terminated; owner.name is 0 */
        uint64_t _given;               /* which keys came */
};

/* A longer line loses its middle: its first and last parts stay, and only a mapping's
 * name can reach that far. */
enum { MEMA_LINE_MAX = MEMA_NAME_MAX + 160 };

MEMA_API void mema_smaps_init(struct mema_smaps *p);

/* Takes the next piece of a smaps, maps or smaps_rollup text.
 *
 * Consumes at most `len` bytes and stops after a region, p->region, or an owner,
 * p->capture.owner, which the caller reads before the next call.  Where the text is cut has no
 * influence on them.  Keeps no pointer into `buf` and allocates nothing.
 *
 * Returns the number of bytes consumed.  p->status is MEMA_STATUS_REGION or MEMA_STATUS_OWNER if one is
 * ready; MEMA_STATUS_MORE if all was consumed and neither ended; else an error, with
 * p->line and p->column at the wrong byte, and every later call returns 0. */
MEMA_API size_t mema_smaps_feed(struct mema_smaps *p, const char *buf, size_t len);

/* Closes the input.  Call it until it returns neither MEMA_STATUS_REGION nor MEMA_STATUS_OWNER:
 * MEMA_STATUS_END then, or an error.  Input that ends inside a record is MEMA_STATUS_TRUNCATED, empty
 * input MEMA_STATUS_EMPTY. */
MEMA_API enum mema_status mema_smaps_finish(struct mema_smaps *p);

/* Describes the error, such as `Rss wants a number of kB, not "-4"`, with line and column. */
MEMA_API void mema_smaps_error(const struct mema_smaps *p, struct mema_error *error);

/* The objects --------------------------------------------------------------- */

/* Allocate them anywhere and begin with their init function.  Read the public members; members
 * that start with an underscore, and the structs made for them, may change in any version. */

/* Where a header's fields are kept while it waits; smaps_fast.c. */
struct mema_header {
        bool known; /* it is the one that waits: its name alone is in text[] */
        uint64_t start, end, offset, device_major, device_minor, inode;
        char perms[8];
};

/* The layout of the first mapping's lines, and the last text of each; smaps_fast.c. */
struct mema_layout {
        uint64_t rows, kilobytes, quiet;       /* lines, those in kB, those in kB that change often */
        uint64_t row;                          /* the next one */
        uint64_t before[MEMA_FIELD_COUNT + 1]; /* the fields of the rows before each row, as in `present` */
        uint64_t known[MEMA_FIELD_COUNT];      /* the values that stand in lines[], by field */
        bool strayed;                          /* region.value differs: the next region starts from known[] */
        unsigned char field[MEMA_FIELD_COUNT]; /* by row */
        char lines[MEMA_FIELD_COUNT * 28];     /* by row */
};

/* The line that is being assembled, and the state between lines; smaps.c and smaps_line.c. */
struct mema_line {
        bool open;                   /* a region is */
        bool closing;                /* no more input comes */
        bool bare;                   /* a line did not end in a carriage return */
        bool after_unknown;          /* the last line had an unknown label */
        uint64_t label, usual_label; /* of the last line; that all regions so far ended with */
        uint64_t regions;
        uint64_t length; /* of the last line */
        uint64_t reason, reason_label, excerpt_length;
        char excerpt[32];
        uint64_t held, cut;  /* of text[]: bytes so far, bytes lost */
        uint64_t cut_blanks; /* bytes lost before any other than a blank */
        uint64_t pending;    /* a header waits in text[]: its length there plus 1 */
        char text[MEMA_LINE_MAX];
};

/* A parser. */
struct mema_smaps {
        struct mema_region region; /* read only: the next region starts from its values */
        enum mema_status status;
        uint64_t line, column;       /* of an error: the wrong byte */
        uint64_t unknown;            /* lines with a label that is not in MEMA_FIELDS */
        struct mema_capture capture; /* complete from the first region on; all zero in a plain smaps */

        struct mema_header _header;
        struct mema_layout _layout;
        struct mema_line _line; /* last: its text needs no initial value */
};

/* What a region shows to its neighbors; region.c. */
struct mema_neighbor {
        uint64_t start, end;
        enum mema_category_id category;
        bool plain;     /* anonymous and nameless */
        unsigned perms; /* bits: see region.h */
};

enum { MEMA_RECENT_MAX = 8 };

/* Categories of memory that can be an allocator's, until all is read; allocators.c. */
enum { MEMA_SIGNS = 4 };

/* The region that waits for its successor, which can decide its category; report.c. */
struct mema_counting {
        bool waiting, overflown, names_came, exe_guessed;
        bool flagless;             /* nameless memory came without VmFlags */
        uint64_t settled;          /* regions that were counted, pieces of them one by one */
        uint64_t reached;          /* the highest address so far */
        uint64_t beside_libraries; /* resident bytes that may be zeroed data of a library */
        uint64_t twice;            /* resident bytes that may have been counted twice */
        uint64_t unsure;           /* the most by which the waiting region's Rss may be wrong */
        uint64_t searched;         /* owners below this address were searched for: see mema_split_begin */
        struct mema_neighbor before, self;
        struct mema_recent {
                uint64_t start, end, rss;
        } recent[MEMA_RECENT_MAX]; /* the last mappings that were counted */
        struct mema_region region;
};

/* The run of adjoining mappings that turns out to be the Go heap if an anchor is in it; report_run.c. */
struct mema_run {
        uint64_t touched; /* a bit for each category in it */
        uint64_t end;     /* address */
        bool anchored;
        struct mema_category category[MEMA_CATEGORY_COUNT + MEMA_SIGNS];
};

/* Names and rows from the start, lists of rows from the end; report_arena.c. */
struct mema_arena {
        unsigned char *bytes;
        uint64_t size, used, tail;
        uint64_t displaced; /* bytes below `used` that nothing refers to */
        uint64_t mark;      /* the place of the first item of the open run */
};

/* The lists of rows, one an order; report_rows.c. */
struct mema_rows {
        uint64_t top;
        unsigned first_sort, end_sort; /* the orders that are kept */
        bool every_region;             /* resident or not */
        uint64_t longest;
        uint64_t listed[MEMA_SORT_COUNT];
        struct mema_bar {
                uint64_t key, start;
        } bar[MEMA_SORT_COUNT]; /* the last row of a full list; behind all rows if it has room */
};

/* Sums by name; report_names.c. */
struct mema_names {
        uint64_t count;
        struct mema_sums other; /* beyond MEMA_NAMES_MAX */
        uint64_t table[MEMA_NAMES_MAX * 2];
        uint64_t order[MEMA_NAMES_MAX];
};

/* The owners found by mema_collect*: context.owners and context.names; source_owners.c. */
struct mema_owner_list {
        struct mema_owner *owners;
        char *names;
        uint64_t room, names_used, names_room;
};

/* The text that options.keep_text asks for; source_text_linux.c. */
struct mema_kept_text {
        struct mema_kept_piece *first, *last;
        uint64_t bytes;
};

/* A report; its public members are valid after mema_report_finish. */
struct mema_report {
        struct mema_sums totals;
        struct mema_category category[MEMA_CATEGORY_COUNT];
        struct mema_part part[MEMA_PART_COUNT]; /* all 0 if the process does not tell */
        struct mema_proof proof[MEMA_PROOF_COUNT];
        struct mema_checks checks;
        uint64_t row_count;            /* of mema_report_row */
        uint64_t name_count;           /* of mema_report_name */
        bool scanned;                  /* the source was a scan */
        enum mema_allocator allocator; /* of the process's malloc */
        struct mema_context context;
        struct mema_facts after; /* context.facts read again after the regions */
        struct mema_options options;

        struct mema_counting _counting;
        struct mema_run _run;
        struct mema_category _signed[MEMA_SIGNS];
        struct mema_arena _arena;
        struct mema_rows _rows;
        struct mema_names _names;
        struct mema_owner_list _owners;
        struct mema_kept_text _text;
};

/* The longest line: a name with every byte escaped, and what is beside it. */
enum { MEMA_OUTPUT_LINE_MAX = MEMA_NAME_MAX * 6 + 4096 };

/* What is being written. */
struct mema_output {
        const struct mema_report *report; /* of differences, the later one */
        const struct mema_diff *diff;     /* NULL: a report */
        struct mema_output_options options;
        uint64_t shift; /* bytes >> shift are in the unit */

        uint64_t _section, _item, _row;
        uint64_t _group_rss[MEMA_GROUP_COUNT];
        uint64_t _group_units[MEMA_GROUP_COUNT];
        uint64_t _category_units[MEMA_CATEGORY_COUNT];
        uint64_t _name_units[MEMA_NAMES_MAX + 1];
        const struct mema_kept_piece *_kept;
        const char *_piece;
        uint64_t _piece_length, _piece_given;
        char _line[MEMA_OUTPUT_LINE_MAX];
};

#ifdef __cplusplus
}
#endif
#endif
