/* self_search.h - the search of this process's memory for its owners: its state, and its parts in self_*.c;
 * not for users. */
#ifndef MEMA_SELF_SEARCH_H
#define MEMA_SELF_SEARCH_H

#include <sys/types.h>

#include "region.h"

enum { MEMA_SELF_BATCH = 256, MEMA_HEAD_WORDS = 4 };

/* The most heaps and blocks to find: M_MMAP_MAX of glibc. */
enum { MEMA_FOUND_MAX = 65536 };

/* The largest heap: HEAP_MAX_SIZE of glibc. */
#define MEMA_HEAP_MAX (sizeof(size_t) > 4 ? UINT64_C(64) << 20 : UINT64_C(1) << 20)

/* Bits of /proc/PID/pagemap. */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_SWAPPED (UINT64_C(1) << 62)

/* The first words of a page. */
struct mema_head {
        size_t word[MEMA_HEAD_WORDS];
};

struct mema_self_memory {
        struct mema_report *report;
        uint64_t page;       /* its size */
        uint64_t heap;       /* the largest size of a heap, to which it is aligned */
        int pagemap, memory; /* files of this process; -1: not open */
        pid_t pid;
        bool scans;         /* the kernel has PAGEMAP_SCAN */
        uint64_t countable; /* pages left that may be counted one by one */
        bool malloc;        /* heaps and blocks can be searched */
        struct mema_labels *labels;
        uint64_t labeled;                       /* address: the end of the labels that were taken */
        uint64_t first;                         /* the region's first owner */
        uint64_t heap_misses_left, misses_left; /* of the limits of self_heap_linux.c, in this region */
        struct mema_self_progress {
                uint64_t owners, labels_lost;
                uint64_t next_thread; /* the first whose descriptor is not below this region */
                uint64_t next_label;  /* the first that does not end below this region */
                uint64_t misses;      /* likewise, in all regions */
                uint64_t found;       /* heaps and blocks in all regions */
                uint64_t blocks, block_bytes;
                uint64_t open_at, open_used,
                        open_end;          /* the rest of a heap that goes on in the next region */
                uint64_t go_start, go_end; /* of the regions of the Go heap that hold an anchor */
                uint64_t metadata;         /* resident bytes of Go metadata */
                uint64_t file_end;         /* of the last mapping of a file */
                uint64_t object_end;       /* of the last object, with its zeroed data */
                bool brk, go_names;    /* malloc's main arena is in [heap], there was a name of Go memory */
        } now, before;                 /* before the last region, in case it comes again */
        uint64_t last_start, last_end; /* of that region */
        uint64_t states[MEMA_SELF_BATCH];        /* entries of pagemap */
        uint64_t pages_at[MEMA_SELF_BATCH];      /* addresses of pages */
        struct mema_head heads[MEMA_SELF_BATCH]; /* the words at those addresses */
};

/* self_read_linux.c: all that is read of the process.
 *
 * Reads the pagemap entries of `n` pages from `at` into own->states; 0 if they cannot be read. */
void mema_self_states(struct mema_self_memory *own, uint64_t at, size_t n);

/* Finds up to `most` resident pages from *at up to `stop`, and writes their addresses to own->pages_at.
 * Returns their number, which can be 0 before the search is done, and moves *at to where it continues. `most`
 * is at most MEMA_SELF_BATCH. */
size_t mema_self_resident(struct mema_self_memory *own, uint64_t *at, uint64_t stop, size_t most);

/* Reads the first words of the first `n` own->pages_at into own->heads. */
void mema_self_heads(struct mema_self_memory *own, size_t n);

/* Reads the first words of one page into own->heads[0]: zeros if it has no memory.  A page that is swapped
 * out is swapped in. */
struct mema_head mema_self_head(struct mema_self_memory *own, uint64_t at);

/* Reads memory through the kernel, which refuses addresses without any.  Returns the bytes that could be
 * read. */
size_t mema_self_read(const struct mema_self_memory *own, uint64_t at, void *to, size_t size);

/* Reads `n` words of this process, of 4 or 8 bytes each.  Returns the number of words that could be read. */
size_t mema_self_words(const struct mema_self_memory *own, uint64_t at, uint64_t *words, size_t n);

/* Whether mema_self_read works, and this process has the words and byte order of this code's uint64_t. */
bool mema_self_reads_wide(const struct mema_self_memory *own);

/* self_memory_linux.c: takes an owner in a region, by address, except for its labeled pages: a label is
 * certain, a find is inferred. */
void mema_self_take(struct mema_self_memory *own, const struct mema_region *g, struct mema_owner o);

/* self_heap_linux.c: the heaps and blocks of glibc's malloc.
 *
 * Begins with a region of nameless writable memory. */
void mema_self_begin_heaps(struct mema_self_memory *own, const struct mema_region *g);

/* Notes a region that has the name of an arena. */
void mema_self_note_arena(struct mema_self_memory *own, const struct mema_region *g);

/* Takes the rest of a heap whose start is in the region before: with glibc.malloc.hugetlb=1 its first huge
 * page is a mapping of its own, and with glibc.mem.decorate_maps=1 so is the part that has a name.  Returns
 * the end of the rest. */
uint64_t mema_self_continue_heap(struct mema_self_memory *own, const struct mema_region *g);

/* Takes the heaps and blocks in a region from `at` to `end`. */
void mema_self_find_heaps(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          uint64_t end);

/* Takes a region in hugetlb pages if it begins with malloc's memory. */
void mema_self_find_in_hugetlb(struct mema_self_memory *own, const struct mema_region *g);

/* self_stack_linux.c: finds the next stack of a thread of glibc's in a region, from `at` on. */
bool mema_self_next_stack(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          struct mema_owner *stack);

/* self_object_linux.c: whether the ends of this process's objects can be known, and the end of the object
 * whose file is mapped at `base`, with its zeroed data, rounded to a page; 0 if it is unknown. */
bool mema_self_has_objects(const struct mema_self_memory *own);
uint64_t mema_self_object_end(const struct mema_self_memory *own, uint64_t base);

/* self_metadata_linux.c: notes where the Go heap is, and takes a region if it holds the runtime's metadata.
 */
void mema_self_note_go_heap(struct mema_self_memory *own, const struct mema_region *g);
void mema_self_find_metadata(struct mema_self_memory *own, const struct mema_region *g);

/* Whether a region is near the Go heap, which can contain any bytes.  It has a terabyte of addresses to
 * itself if addresses have 64 bits. */
bool mema_self_is_near_go_heap(const struct mema_go *go, const struct mema_region *g);

#endif
