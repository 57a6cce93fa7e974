/* test_processes.c - processes that cannot be read, or are hard to read: the status and message of
 * the library and of the command for each. */
#define _GNU_SOURCE
#include "../source.h"
#include "records.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "bin/memanalyzer"

static struct mema_report r;

static enum mema_status collect(uint64_t pid, struct mema_error *error)
{
        enum mema_status status;

        mema_report_init(&r, NULL, NULL);
        status = mema_collect(&r, pid, error);
        mema_report_finish(&r, NULL);
        return status;
}

static struct output run_on(uint64_t pid)
{
        char number[24];

        snprintf(number, sizeof number, "%llu", (unsigned long long)pid);
        return run_program((char *const[]){ PROGRAM, "-pid", number, "-unit", "B", NULL }, NULL);
}

static void expect_words(const char *text, const char *words)
{
        if (strstr(text, words))
                TRUE(true);
        else
                SAME_TEXT(text, words);
}

static void expect_refusal(struct output o, int exit_status, const char *words)
{
        EQUAL(o.status, exit_status);
        SAME_TEXT(o.out, "");
        TRUE(strncmp(o.err, "memanalyzer: ", 13) == 0);
        TRUE(strchr(o.err, '\n') == o.err + strlen(o.err) - 1);
        expect_words(o.err, words);
        output_free(&o);
}

/* The library returns this status, the command this exit status, and both messages contain `words`. */
static void expect_no_report(uint64_t pid, enum mema_status status, int exit_status, const char *words)
{
        struct mema_error error;

        EQUAL(collect(pid, &error), status);
        EQUAL(error.status, status);
        EQUAL(r.totals.mappings, 0);
        expect_words(error.message, words);
        mema_report_free(&r);
        if (access(PROGRAM, X_OK) == 0)
                expect_refusal(run_on(pid), exit_status, words);
}

/* Both make a report, with at least `least` bytes in a category. */
static void expect_report(uint64_t pid, unsigned category, uint64_t least)
{
        struct mema_error error;
        struct output o;

        EQUAL(collect(pid, &error), MEMA_STATUS_OK);
        expect_law("a process", &r);
        TRUE(r.category[category].sums.value[MEMA_FIELD_RSS] >= least);
        mema_report_free(&r);
        o = run_on(pid);
        EQUAL(o.status, 0);
        SAME_TEXT(o.err, "");
        output_free(&o);
}

/* Starts a child that calls `does`, then waits to be killed. */
static pid_t child_that(void (*does)(void))
{
        char ready = 0;
        int pipe_ends[2];
        pid_t child;

        EQUAL(pipe(pipe_ends), 0);
        child = fork();
        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (does)
                        does();
                ready = write(pipe_ends[1], "", 1) == 1;
                for (;;)
                        pause();
        }
        TRUE(child > 0);
        EQUAL(read(pipe_ends[0], &ready, 1), 1);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        return child;
}

/* Waits up to ten seconds for a condition. */
static bool soon(bool (*is_so)(pid_t pid), pid_t pid)
{
        for (int i = 0; i < 10000; i++) {
                if (is_so(pid))
                        return true;
                usleep(1000);
        }
        return false;
}

static char state_of(pid_t pid)
{
        char path[64], state = 0;
        FILE *f;

        snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
        f = fopen(path, "r");
        if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
                state = 0;
        if (f)
                fclose(f);
        return state;
}

static bool is_zombie(pid_t pid)
{
        return state_of(pid) == 'Z';
}

/* No memory ----------------------------------------------------------------- */

static void a_process_that_has_ended(void)
{
        char words[96];
        pid_t child = child_that(NULL);

        end_child(child);
        snprintf(words, sizeof words,
                 "process %ld does not exist, or has ended (/proc/%ld/smaps: ", (long)child, (long)child);
        expect_no_report((uint64_t)child, MEMA_STATUS_NO_PROCESS, 3, words);
}

static void a_process_that_never_existed(void)
{
        struct mema_error error;

        expect_no_report(999999999, MEMA_STATUS_NO_PROCESS, 3, "process 999999999 does not exist");
        EQUAL(collect(UINT64_MAX, &error), MEMA_STATUS_NO_PROCESS);
        expect_words(error.message, "process 18446744073709551615 does not exist");
}

/* Kills a child, which stays a zombie. */
static void is_killed(pid_t child)
{
        siginfo_t info;

        kill(child, SIGKILL);
        waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
}

static void a_zombie(void)
{
        pid_t child = child_that(NULL);

        is_killed(child);
        expect_no_report((uint64_t)child, MEMA_STATUS_ZOMBIE, 6,
                         "is a zombie: it has ended and has no memory");
        end_child(child);
}

static void a_kernel_thread(void)
{
        struct guarded name = guarded_file("/proc/2/comm");

        if (!name.data || name.len != 9 || memcmp(name.data, "kthreadd\n", 9) != 0)
                skipped("a kernel thread", "process 2 is not one here");
        else
                expect_no_report(2, MEMA_STATUS_KERNEL_THREAD, 7,
                                 "process 2 has no memory of its own: it is a kernel thread");
        guarded_free(&name);
}

/* Threads without the main thread --------------------------------------------- */

enum { SHARED = 8 << 20 };

static void *share_and_wait(void *memory)
{
        memset(memory, 1, SHARED);
        pause();
        return NULL;
}

static void *read_itself(void *unused)
{
        struct mema_error error;

        (void)unused;
        _exit(soon(is_zombie, getpid()) && collect(0, &error) == MEMA_STATUS_OK &&
                              r.totals.value[MEMA_FIELD_RSS] > 0
                      ? 0
                      : 1);
        return NULL;
}

/* Starts a process whose main thread ends, and whose other thread calls `does`. */
static pid_t without_main_thread(void *(*does)(void *), void *argument)
{
        pid_t child = fork();

        if (child == 0) {
                pthread_t thread;

                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (pthread_create(&thread, NULL, does, argument) != 0)
                        _exit(2);
                syscall(SYS_exit, 0);
        }
        TRUE(child > 0);
        return child;
}

static void threads_that_outlive_the_main_thread(void)
{
        char *memory = mmap(NULL, SHARED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pid_t child = without_main_thread(share_and_wait, memory);

        TRUE(soon(is_zombie, child));
        for (int i = 0; i < 10000 && ((volatile char *)memory)[SHARED - 1] == 0; i++)
                usleep(1000);
        expect_report((uint64_t)child, MEMA_CATEGORY_SHARED_ANON, SHARED);
        end_child(child);
        munmap(memory, SHARED);
}

static void this_process_without_its_main_thread(void)
{
        int status = -1;
        pid_t child = without_main_thread(read_itself, NULL);

        TRUE(waitpid(child, &status, 0) == child);
        EQUAL(status, 0);
}

/* While it is read ------------------------------------------------------------ */

static bool has_called_exec(pid_t pid)
{
        char path[64], name[8] = "";
        FILE *f;

        snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
        f = fopen(path, "r");
        if (f && !fgets(name, sizeof name, f))
                name[0] = '\0';
        if (f)
                fclose(f);
        return strncmp(name, "sleep", 5) == 0;
}

static void calls_exec(pid_t child)
{
        kill(child, SIGCONT);
        TRUE(soon(has_called_exec, child));
}

/* Starts a shell that stops, and calls exec when it is continued. */
static pid_t stopped_shell(void)
{
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                execl("/bin/sh", "sh", "-c", "kill -STOP $$; exec sleep 100", (char *)NULL);
                _exit(127);
        }
        TRUE(waitpid(child, &status, WUNTRACED) == child);
        TRUE(WIFSTOPPED(status));
        return child;
}

/* Checks the end of a reading if something happens to the process after `after` of its regions were read, or
 * after all of them if there are fewer. */
static void expect_source_broken_off(bool scans, void (*happens)(pid_t child), uint64_t after,
                                     enum mema_status wanted, const char *words)
{
        static struct mema_context context;
        const struct mema_region *region;
        pid_t child = stopped_shell();
        struct mema_error error;
        struct mema_source *source;
        enum mema_status status = MEMA_STATUS_REGION;
        uint64_t all;

        EQUAL(collect((uint64_t)child, &error), MEMA_STATUS_OK);
        all = r.totals.mappings;
        mema_report_free(&r);
        TRUE(all > 5);
        source = mema_source_process((uint64_t)child, scans, &context, &error);
        for (uint64_t i = 0; i < all && i < after && status == MEMA_STATUS_REGION; i++)
                status = source->next(source, &region, &error);
        EQUAL(status, MEMA_STATUS_REGION);
        happens(child);
        while (status == MEMA_STATUS_REGION)
                status = source->next(source, &region, &error);
        EQUAL(status, wanted);
        EQUAL(error.status, wanted);
        expect_words(error.message, words);
        source->close(source);
        if (state_of(child) != 0)
                end_child(child);
}

static void expect_broken_off(void (*happens)(pid_t child), uint64_t after, enum mema_status wanted,
                              const char *words)
{
        expect_source_broken_off(false, happens, after, wanted, words);
        expect_source_broken_off(true, happens, after, wanted, words);
}

/* The kernel ends the text of a process that has ended as if it were complete. */
static void a_process_that_is_killed_meanwhile(void)
{
        expect_broken_off(is_killed, 0, MEMA_STATUS_ENDED, "ended while it was being read");
        expect_broken_off(is_killed, 1, MEMA_STATUS_ENDED, "ended while it was being read");
        expect_broken_off(is_killed, UINT64_MAX, MEMA_STATUS_ENDED, "ended while it was being read");
}

static void a_process_that_is_reaped_meanwhile(void)
{
        expect_broken_off(end_child, 0, MEMA_STATUS_ENDED, "ended while it was being read");
        expect_broken_off(end_child, 1, MEMA_STATUS_ENDED, "ended while it was being read");
        expect_broken_off(end_child, UINT64_MAX, MEMA_STATUS_ENDED, "ended while it was being read");
}

static void a_process_that_calls_exec_meanwhile(void)
{
        static const char words[] = "called exec while it was being read: read it again";

        expect_broken_off(calls_exec, 0, MEMA_STATUS_REPLACED, words);
        expect_broken_off(calls_exec, 1, MEMA_STATUS_REPLACED, words);
        expect_broken_off(calls_exec, UINT64_MAX, MEMA_STATUS_REPLACED, words);
}

/* A process that was killed takes a while to end: its memory is freed first. */
static void fill_much(void)
{
        enum { MUCH = 300 << 20 };
        char *memory = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory != MAP_FAILED)
                memset(memory, 1, MUCH);
}

static void a_process_that_is_ending(void)
{
        pid_t child = child_that(fill_much);
        struct mema_error error;
        enum mema_status status = MEMA_STATUS_OK;

        kill(child, SIGKILL);
        for (int i = 0; i < 100000 && status != MEMA_STATUS_ZOMBIE; i++) {
                status = collect((uint64_t)child, &error);
                if (status != MEMA_STATUS_OK && status != MEMA_STATUS_ENDED && status != MEMA_STATUS_ZOMBIE)
                        SAME_TEXT(error.message, "a process that ended, or a zombie");
                mema_report_free(&r);
        }
        EQUAL(status, MEMA_STATUS_ZOMBIE);
        end_child(child);
}

/* Permissions ------------------------------------------------------------------ */

enum { NOBODY = 65534 };

/* Drops the privileges of root, if this process has them; false if that fails. */
static bool as_nobody(void)
{
        return geteuid() != 0 || setresuid(NOBODY, NOBODY, 0) == 0;
}

static void as_before(void)
{
        if (getuid() == NOBODY && setresuid(0, 0, 0) == 0)
                prctl(PR_SET_DUMPABLE, 1); /* setresuid cleared it, and children would inherit that */
}

/* Whether other users may run a program: only root might reach its folder. */
static bool others_may_run(const char *program)
{
        bool may = as_nobody() && access(program, X_OK) == 0;

        as_before();
        return may;
}

static void is_not_dumpable(void)
{
        prctl(PR_SET_DUMPABLE, 0);
}

static void another_user_s_process(void)
{
        pid_t child = child_that(NULL);

        if (geteuid() != 0 || !as_nobody())
                skipped("another user's process", "root is needed to make one");
        else
                expect_no_report((uint64_t)child, MEMA_STATUS_NOT_PERMITTED, 8,
                                 "is another user's: run as that user or as root");
        as_before();
        end_child(child);
}

static void a_process_that_is_not_dumpable(void)
{
        pid_t child;

        if (!as_nobody()) {
                skipped("a process that is not dumpable", "root cannot drop its privileges");
                return;
        }
        child = child_that(is_not_dumpable);
        expect_no_report((uint64_t)child, MEMA_STATUS_PROTECTED, 9,
                         "is yours, but protected: it is not dumpable, or has more privileges: run as root");
        as_before();
        end_child(child);
}

static void this_process_when_it_is_not_dumpable(void)
{
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
                struct mema_error error;

                if (!as_nobody())
                        _exit(0);
                is_not_dumpable();
                _exit(collect(0, &error) == MEMA_STATUS_OK && r.totals.value[MEMA_FIELD_RSS] > 0 ? 0 : 1);
        }
        TRUE(waitpid(child, &status, 0) == child);
        EQUAL(status, 0);
}

/* Namespaces -------------------------------------------------------------------- */

/* Runs the command in new namespaces, after a script that sets them up; false, with a message, if that is not
 * permitted. */
static bool in_namespaces(const char *namespaces, const char *set_up, const char *command, struct output *o)
{
        const char *user = geteuid() == 0 ? "" : "-r", *const scripts[] = { "true", command };
        char line[512];

        for (size_t i = 0; i < 2; i++) {
                snprintf(line, sizeof line, "unshare %s %s sh -c '%s && exec %s'", user, namespaces, set_up,
                         scripts[i]);
                *o = run_program((char *const[]){ "/bin/sh", "-c", line, NULL }, NULL);
                if (i == 0 && o->status != 0) {
                        skipped(namespaces, o->err);
                        output_free(o);
                        return false;
                }
                if (i == 0)
                        output_free(o);
        }
        return true;
}

static void expect_refusal_in(const char *namespaces, const char *set_up, const char *command,
                              int exit_status, const char *words)
{
        struct output o;

        if (in_namespaces(namespaces, set_up, command, &o))
                expect_refusal(o, exit_status, words);
}

static void a_system_without_proc(void)
{
        static const char words[] = "memanalyzer: Failed to open /proc/self/smaps: No such file or "
                                    "directory: is /proc mounted?\n";

        expect_refusal_in("-m", "mount -t tmpfs none /proc", PROGRAM, 10, words);
        expect_refusal_in("-m", "mount -t tmpfs none /proc", PROGRAM " -pid 1", 10, "is /proc mounted?");
}

/* /proc of a PID namespace that has ended, which contains no process. */
static void a_proc_without_this_process(void)
{
        expect_refusal_in("-m", "unshare -p -f mount -t proc proc /proc", PROGRAM, 10,
                          "Failed to open /proc/self/smaps: No such file or directory: /proc is of a PID "
                          "namespace in which this process has no PID");
}

/* /proc of the outer PID namespace, in which this process has another PID. */
static void a_proc_of_another_pid_namespace(void)
{
        struct output o;

        expect_refusal_in("-p -f", "true", PROGRAM " -pid 999999999", 3,
                          "process 999999999 does not exist, or has ended; /proc shows the PIDs of another "
                          "PID namespace");
        if (!in_namespaces("-p -f", "true", PROGRAM " -top 0", &o))
                return;
        EQUAL(o.status, 0);
        expect_words(o.out, "Memanalyzer Binary");
        output_free(&o);
}

static void a_process_in_another_namespace(void)
{
        pid_t child = geteuid() == 0 ? (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0) : -1;

        if (child == 0)
                for (;;)
                        pause();
        if (child < 0) {
                skipped("a process in another PID namespace", "none can be made");
                return;
        }
        expect_report((uint64_t)child, MEMA_CATEGORY_BINARY, 4096);
        end_child(child);
}

/* In a /proc with hidepid=2, which shows only the user's own processes. */
static void expect_hidden(pid_t child, int exit_status, const char *words)
{
        char command[256];

        snprintf(command, sizeof command, "setpriv --reuid %d --regid %d --clear-groups " PROGRAM " -pid %ld",
                 NOBODY, NOBODY, (long)child);
        expect_refusal_in("-m", "mount -t proc -o hidepid=2 proc /proc", command, exit_status, words);
}

static void processes_that_are_hidden(void)
{
        pid_t others = child_that(NULL), own;

        if (geteuid() != 0 || access("/usr/bin/setpriv", X_OK) != 0 || !as_nobody()) {
                skipped("processes that are hidden", "root and setpriv are needed");
        } else {
                own = child_that(is_not_dumpable);
                as_before();
                if (others_may_run(PROGRAM)) {
                        expect_hidden(others, 8,
                                      "is another user's, and hidden: run as that user or as root");
                        expect_hidden(own, 9, "is yours, but protected");
                }
                end_child(own);
        }
        end_child(others);
}

/* Programs ------------------------------------------------------------------------ */

/* Starts a copy of build/stopped in a new folder, whose path is written to `folder`. */
static pid_t stopped_copy(char *folder, const char *name, char *path, size_t size)
{
        strcpy(folder, TEMPORARY);
        TRUE(mkdtemp(folder) != NULL);
        snprintf(path, size, "%s/%s", folder, name);
        copy_file("build/stopped", path);
        return start_stopped(path, "/proc/self/exe");
}

enum change { KEPT, DELETED, REPLACED };

static void expect_binary(const char *name, enum change change, const char *heading)
{
        static const char warning[] = "The program's file was deleted or replaced after the program started";
        char folder[40], path[128];
        pid_t child = stopped_copy(folder, name, path, sizeof path);
        struct output o;

        if (change != KEPT)
                EQUAL(unlink(path), 0);
        if (change == REPLACED)
                EQUAL(symlink("/proc/self/exe", path), 0);
        expect_report((uint64_t)child, MEMA_CATEGORY_BINARY, 4096);
        EQUAL(r.context.program, MEMA_PROGRAM_OTHER); /* its file is read even if it was deleted */
        o = run_on((uint64_t)child);
        expect_words(o.out, heading);
        EQUAL(strstr(o.out, warning) != NULL, change != KEPT);
        output_free(&o);
        end_child(child);
        unlink(path);
        rmdir(folder);
}

static void a_program_that_is_deleted(void)
{
        expect_binary("daemon", KEPT, "  Daemon Binary ");
        expect_binary("daemon", DELETED, "  Daemon Binary ");
        expect_binary("daemon", REPLACED, "  Daemon Binary ");
}

static void a_program_that_is_called_deleted(void)
{
        expect_binary("daemon (deleted)", KEPT, "  Daemon Binary ");
        expect_binary("daemon (deleted)", DELETED, "  Daemon (deleted) Binary ");
}

SUITE(processes, CASE(a_process_that_has_ended), CASE(a_process_that_never_existed), CASE(a_zombie),
      CASE(a_kernel_thread), CASE(threads_that_outlive_the_main_thread),
      CASE(this_process_without_its_main_thread), CASE(a_process_that_is_killed_meanwhile),
      CASE(a_process_that_is_reaped_meanwhile), CASE(a_process_that_calls_exec_meanwhile),
      CASE(a_process_that_is_ending), CASE(another_user_s_process), CASE(a_process_that_is_not_dumpable),
      CASE(this_process_when_it_is_not_dumpable), CASE(a_system_without_proc),
      CASE(a_proc_without_this_process), CASE(a_proc_of_another_pid_namespace),
      CASE(a_process_in_another_namespace), CASE(processes_that_are_hidden), CASE(a_program_that_is_deleted),
      CASE(a_program_that_is_called_deleted));
