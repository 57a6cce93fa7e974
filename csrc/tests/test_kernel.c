/* test_kernel.c - the command's totals for a stopped process, against the kernel's own in smaps_rollup. */
#define _GNU_SOURCE
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROGRAM "bin/memanalyzer"
#define RUN(input, ...) run_program((char *const[]){ PROGRAM, __VA_ARGS__, NULL }, input)

static const struct column {
        const char *label, *row;
        bool rounded;  /* down to kB in each mapping */
        bool in_smaps; /* else only in smaps_rollup */
} columns[] = {
        { "Rss", "RSS (Resident)", false, true },
        { "Pss", "PSS (Proportional)", true, true },
        { "Pss_Dirty", "PSS Dirty", true, true },
        { "Pss_Anon", "PSS Anonymous", true, false },
        { "Pss_File", "PSS File", true, false },
        { "Pss_Shmem", "PSS Shared Memory", true, false },
        { "Shared_Clean", "Shared Clean", false, true },
        { "Shared_Dirty", "Shared Dirty", false, true },
        { "Private_Clean", "Private Clean", false, true },
        { "Private_Dirty", "Private Dirty", false, true },
        { "Referenced", "Referenced", false, true },
        { "Anonymous", "Anonymous", false, true },
        { "KSM", "KSM", false, true },
        { "LazyFree", "Lazy Free", false, true },
        { "AnonHugePages", "Huge Pages (anonymous)", false, true },
        { "ShmemPmdMapped", "Huge Pages (shared memory)", false, true },
        { "FilePmdMapped", "Huge Pages (file)", false, true },
        { "Shared_Hugetlb", "Hugetlb (shared)", false, true },
        { "Private_Hugetlb", "Hugetlb (private)", false, true },
        { "Swap", "Swap", false, true },
        { "SwapPss", "Swap PSS", true, true },
        { "Locked", "Locked", true, true },
};

/* The number in the line "label: number"; 0 if there is no such line. */
static uint64_t number_after(const char *text, const char *label)
{
        size_t len = strlen(label);

        for (const char *line = text; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL)
                if (strncmp(line, label, len) == 0 && line[len] == ':')
                        return strtoull(line + len + 1, NULL, 10);
        return 0;
}

static void compare(const char *rollup, const char *text, uint64_t mappings, bool from_smaps)
{
        const char *totals = strstr(text, "=== Totals ===");

        TRUE(totals != NULL);
        for (size_t i = 0; totals && i < sizeof columns / sizeof *columns; i++) {
                const struct column *c = &columns[i];
                uint64_t kernel = number_after(rollup, c->label) * 1024, ours = number_after(totals, c->row);

                if (from_smaps && !c->in_smaps)
                        equal_number(c->row, ours, 0, __FILE__, __LINE__);
                else if (!from_smaps || !c->rounded || ours > kernel)
                        equal_number(c->row, ours, kernel, __FILE__, __LINE__);
                else if (kernel - ours >= mappings * 1024)
                        equal_number(c->row, ours, kernel, __FILE__, __LINE__);
        }
}

static char *read_text(const char *path)
{
        struct guarded g = guarded_file(path);
        char *text = calloc(1, g.len + 1);

        if (text && g.len > 0)
                memcpy(text, g.data, g.len);
        guarded_free(&g);
        return text;
}

/* Counts the mappings of a smaps text and sums up their sizes, without the library. */
static uint64_t count_mappings(const char *path, uint64_t *size)
{
        char *text = read_text(path);
        uint64_t n = 0;

        *size = 0;
        for (const char *at = text; at && (at = strstr(at, "\nSize:")); n++)
                *size += strtoull(at += 6, NULL, 10) * 1024;
        free(text);
        return n;
}

/* Runs the command on the process, on its smaps and on its smaps_rollup.  Returns false, without a check, if
 * the rollup changed meanwhile: other processes that start or end change which file pages are shared.  The
 * command itself shares the vdso, which lowers Pss while it runs, so that it gets the rollup from before. */
static bool compare_stopped(pid_t child)
{
        char rollup[64], smaps[64], number[24];
        uint64_t size, mappings;
        struct output live, file, totals;
        char *before, *after;
        bool quiet;

        snprintf(number, sizeof number, "%ld", (long)child);
        snprintf(smaps, sizeof smaps, "/proc/%ld/smaps", (long)child);
        snprintf(rollup, sizeof rollup, "/proc/%ld/smaps_rollup", (long)child);
        before = read_text(rollup);
        live = RUN(NULL, "-pid", number, "-unit", "B", "-top", "0");
        file = RUN(NULL, "-f", smaps, "-unit", "B", "-top", "0");
        totals = RUN(before, "-f", "-", "-unit", "B", "-top", "0");
        mappings = count_mappings(smaps, &size);
        after = read_text(rollup);
        quiet = strcmp(before, after) == 0;
        if (quiet) {
                EQUAL(live.status, 0);
                EQUAL(file.status, 0);
                EQUAL(totals.status, 0);
                EQUAL(number_after(live.out, "Virtual Memory"), size);
                compare(after, live.out, mappings, true);
                compare(after, file.out, mappings, true);
                compare(after, totals.out, mappings, false);
        }
        free(before);
        free(after);
        output_free(&live);
        output_free(&file);
        output_free(&totals);
        return quiet;
}

static void every_column_equals_the_kernel_s(void)
{
        char path[] = TEMPORARY;
        static const char page[64 << 10];
        int fd;
        const volatile char *shared;
        bool quiet = false;
        pid_t child;

        if (access("/proc/self/smaps_rollup", R_OK) != 0) {
                skipped("every column", "there is no smaps_rollup");
                return;
        }
        fd = mkstemp(path);
        TRUE(write(fd, page, sizeof page) == (ssize_t)sizeof page && fsync(fd) == 0);
        shared = mmap(NULL, sizeof page, PROT_READ, MAP_SHARED, fd, 0);
        for (size_t i = 0; i < sizeof page; i += 512)
                (void)shared[i];
        child = start_stopped("build/stopped", path);
        for (int i = 0; i < 50 && child > 0 && !quiet; i++)
                quiet = compare_stopped(child);
        TRUE(quiet);
        end_child(child);
        munmap((void *)(uintptr_t)shared, sizeof page);
        close(fd);
        unlink(path);
}

SUITE(kernel, CASE(every_column_equals_the_kernel_s));
