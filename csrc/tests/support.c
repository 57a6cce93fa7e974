/* support.c - assertions, fixtures, guard pages, child processes: see test.h. */
#define _GNU_SOURCE
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void is_true(const char *what, bool condition, const char *file, int line)
{
        CU_assertImplementation(condition, (unsigned)line, what, file, "", CU_FALSE);
}

/* Called millions of times, so the message is formatted only if the assertion fails. */
void equal_number(const char *what, uint64_t actual, uint64_t expected, const char *file, int line)
{
        char text[256] = "";

        if (actual != expected)
                snprintf(text, sizeof text, "%s is %llu, wanted %llu", what, (unsigned long long)actual,
                         (unsigned long long)expected);
        CU_assertImplementation(actual == expected, (unsigned)line, text, file, "", CU_FALSE);
}

void equal_text(const char *what, const char *actual, const char *expected, const char *file, int line)
{
        bool same = strcmp(actual, expected) == 0;
        char text[1024] = "";

        if (!same)
                snprintf(text, sizeof text, "%s is \"%.400s\", wanted \"%.400s\"", what, actual, expected);
        CU_assertImplementation(same, (unsigned)line, text, file, "", CU_FALSE);
}

/* Freed mappings.  They are inaccessible, so that a use after free faults, and reused for copies of the
 * same size, because mmap and page faults would dominate the tests. */
static struct {
        void *map;
        size_t len;
} spare[16];

static void *take_spare(size_t len)
{
        for (size_t i = 0; i < sizeof spare / sizeof *spare; i++) {
                void *map = spare[i].map;

                if (map && spare[i].len == len) {
                        spare[i].map = NULL;
                        return map;
                }
        }
        return mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void keep_spare(void *map, size_t len)
{
        static size_t next;
        size_t i = next++ % (sizeof spare / sizeof *spare);

        if (spare[i].map)
                munmap(spare[i].map, spare[i].len);
        spare[i].map = map;
        spare[i].len = len;
        if (mprotect(map, len, PROT_NONE) != 0)
                perror("guard page");
}

struct guarded guarded_copy(const char *data, size_t len)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        size_t room = (len + page - 1) / page * page;
        struct guarded g = { NULL, len, NULL, room + page };

        g.map = take_spare(g.map_len);
        if (g.map == MAP_FAILED || (room > 0 && mprotect(g.map, room, PROT_READ | PROT_WRITE) != 0)) {
                perror("guard page");
                exit(EXIT_FAILURE);
        }
        g.data = (char *)g.map + room - len;
        if (len > 0)
                memcpy(g.data, data, len);
        return g;
}

void guarded_free(struct guarded *g)
{
        if (g->map)
                keep_spare(g->map, g->map_len);
        memset(g, 0, sizeof *g);
}

void spoil(void *memory, size_t size)
{
        memset(memory, 0xa5, size);
}

/* Reads fd to its end.  NUL-terminated; the caller frees it. */
static char *slurp(int fd, size_t *len)
{
        size_t cap = 4096;
        char *text = malloc(cap);
        ssize_t n;

        *len = 0;
        while (text && (n = read(fd, text + *len, cap - *len - 1)) > 0) {
                *len += (size_t)n;
                if (*len + 1 == cap)
                        text = realloc(text, cap *= 2);
        }
        if (!text) {
                perror("memory");
                exit(EXIT_FAILURE);
        }
        text[*len] = '\0';
        return text;
}

struct guarded guarded_file(const char *path)
{
        struct guarded g = { 0 };
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t len;
        char *text;

        if (fd < 0)
                return g;
        text = slurp(fd, &len);
        close(fd);
        g = guarded_copy(text, len);
        free(text);
        return g;
}

struct guarded guarded_files(const char *names)
{
        struct guarded both;
        char *text = NULL;
        size_t len = 0;

        for (; *names != '\0'; names += *names == '+') {
                size_t n = strcspn(names, "+");
                struct guarded file;
                char path[1024];

                snprintf(path, sizeof path, "testdata/%.*s", (int)n, names);
                names += n;
                file = guarded_file(path);
                text = realloc(text, len + file.len + 1);
                if (!text || !file.data) {
                        perror(path);
                        exit(EXIT_FAILURE);
                }
                memcpy(text + len, file.data, file.len);
                len += file.len;
                guarded_free(&file);
        }
        both = guarded_copy(text, len);
        free(text);
        return both;
}

int each_file(const char *dir, const char *suffix, void (*each)(const char *path))
{
        struct dirent **list;
        int n = scandir(dir, &list, NULL, alphasort), found = 0;

        for (int i = 0; i < n; i++) {
                const char *name = list[i]->d_name;
                char path[1024];
                int len = snprintf(path, sizeof path, "%s/%s", dir, name);
                size_t tail = strlen(suffix);

                if (name[0] != '.' && len > 0 && (size_t)len < sizeof path) {
                        if (list[i]->d_type == DT_DIR) {
                                found += each_file(path, suffix, each);
                        } else if ((size_t)len > tail && strcmp(path + (size_t)len - tail, suffix) == 0) {
                                each(path);
                                found++;
                        }
                }
                free(list[i]);
        }
        if (n < 0)
                return -1;
        free(list);
        return found;
}

bool long_run(void)
{
        const char *value = getenv("LONG");

        return value && strcmp(value, "1") == 0;
}

/* The skips of this run, one line each: "skipped: SUITE/TEST: WHAT: WHY\n". */
static struct {
        char lines[16384];
        size_t len;
        uint64_t tests;
        const CU_Test *last;
} skips;

void skipped(const char *what, const char *why)
{
        const CU_Test *test = CU_get_current_test();
        size_t room = sizeof skips.lines - skips.len;
        int n = snprintf(skips.lines + skips.len, room, "skipped: %s/%s: %s: %.*s\n",
                         CU_get_current_suite()->pName, test->pName, what, (int)strcspn(why, "\n"), why);

        if (n < 0 || (size_t)n >= room) {
                fprintf(stderr, "too many skips\n");
                exit(EXIT_FAILURE);
        }
        skips.len += (size_t)n;
        skips.tests += test != skips.last;
        skips.last = test;
}

uint64_t tell_skipped(FILE *out)
{
        fputs(skips.lines, out);
        return skips.tests;
}

/* Does not use fork(), which copies the page tables of the sanitizer's shadow. */
static pid_t spawn(char *const argv[], int in, int out, int err)
{
        char *emulated[32] = { getenv("EMULATOR") }; /* runs the programs of a tree for another machine */
        posix_spawn_file_actions_t actions;
        pid_t child;
        int failed;

        if (emulated[0] && argv[0][0] != '/') {
                for (size_t i = 0; i < 30 && argv[i]; i++)
                        emulated[i + 1] = argv[i];
                argv = emulated;
        }
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
        failed = posix_spawn(&child, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        return failed ? -1 : child;
}

struct output run_program(char *const argv[], const char *input)
{
        struct output o = { -1, NULL, NULL };
        FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
        int status;
        size_t len;
        pid_t child;

        if (!in || !out || !err) {
                perror("tmpfile");
                exit(EXIT_FAILURE);
        }
        if (input)
                fputs(input, in);
        rewind(in);
        child = spawn(argv, fileno(in), fileno(out), fileno(err));
        if (child > 0 && waitpid(child, &status, 0) == child)
                o.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        lseek(fileno(out), 0, SEEK_SET);
        lseek(fileno(err), 0, SEEK_SET);
        o.out = slurp(fileno(out), &len);
        o.err = slurp(fileno(err), &len);
        fclose(in);
        fclose(out);
        fclose(err);
        return o;
}

void output_free(struct output *o)
{
        free(o->out);
        free(o->err);
}

void copy_file(const char *from, const char *to)
{
        struct guarded file = guarded_file(from);
        int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

        TRUE(fd >= 0 && file.len > 0 && write(fd, file.data, file.len) == (ssize_t)file.len);
        close(fd);
        guarded_free(&file);
}

pid_t start_stopped(const char *program, const char *file)
{
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                execl(program, "stopped", file, (char *)NULL);
                _exit(127);
        }
        TRUE(waitpid(child, &status, WUNTRACED) == child);
        TRUE(WIFSTOPPED(status));
        return WIFSTOPPED(status) ? child : -1;
}

void end_child(pid_t child)
{
        if (child > 0) {
                kill(child, SIGKILL);
                TRUE(waitpid(child, NULL, 0) == child);
        }
}

bool libc_is_apart(void)
{
        if (getauxval(AT_BASE) != 0)
                return true;
        skipped("the library's allocations alone", "this program is linked statically");
        return false;
}
