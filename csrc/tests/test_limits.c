/* test_limits.c - limits of a process from outside: the kernel's texts, trees of files like those of /proc
 * and /sys, and real cgroups if they can be made. */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../limits_cgroup.h"
#include "../limits_linux.h"

#define MB(n) ((uint64_t)(n) << 20)

static bool known(const struct mema_limits *l, enum mema_limit limit)
{
        return l->known & MEMA_BIT(limit);
}

/* Texts ------------------------------------------------------------------------- */

static struct mema_cgroup cgroup_of(const char *cgroup, const char *mountinfo)
{
        struct span text = span_of(cgroup, strlen(cgroup)), line;
        struct mema_cgroup c;

        spoil(&c, sizeof c);
        c.version = c.root_length = 0;
        while (next_line(&text, &line))
                mema_cgroup_take(&c, line);
        text = span_of(mountinfo, strlen(mountinfo));
        while (c.version > 0 && next_line(&text, &line) && mema_cgroup_take_mount(&c, line))
                ;
        return c;
}

/* The folder that two texts lead to, and its visible ancestors, separated by colons; "": none. */
static void leads_to(const char *cgroup, const char *mountinfo, const char *folders, const char *file,
                     int line)
{
        struct mema_cgroup c = cgroup_of(cgroup, mountinfo);
        char shown[1024] = "";

        if (c.version > 0 && c.root_length > 0)
                do
                        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), ":%.200s", c.folder);
                while (mema_cgroup_up(&c));
        equal_text(cgroup, shown[0] == ':' ? shown + 1 : shown, folders, file, line);
}
#define LEADS_TO(cgroup, mountinfo, folders) leads_to(cgroup, mountinfo, folders, __FILE__, __LINE__)

#define SYSFS "22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
#define V2(root, point) \
        "30 22 0:26 " root " " point " rw,nosuid shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(root, point) "35 31 0:32 " root " " point " rw,relatime - cgroup cgroup rw,memory\n"
#define CPU(root, point) "32 31 0:29 " root " " point " rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
#define SYS "/sys/fs/cgroup"

static void the_folder_of_a_cgroup_and_its_ancestors(void)
{
        LEADS_TO("0::/a/b\n", SYSFS V2("/", SYS), SYS "/a/b:" SYS "/a:" SYS);
        LEADS_TO("0::/\n", V2("/", SYS), SYS);
        LEADS_TO("0::/a:b c\n", V2("/", SYS), SYS "/a:b c:" SYS);
        LEADS_TO("0::/...\n", V2("/", SYS), SYS "/...:" SYS);
        LEADS_TO("4:memory:/a\n1:cpu:/b\n0::/c\n", CPU("/", "/cpu") V2("/", "/v2") V1("/", "/v1"),
                 "/v1/a:/v1");
        LEADS_TO("0::/c\n4:cpu,memory,pids:/a\n", V2("/", "/v2") V1("/", "/v1"), "/v1/a:/v1");
        LEADS_TO("9:name=memory:/a\n8:memory2:/a\n0::/c\n", V2("/", "/v2") V1("/", "/v1"), "/v2/c:/v2");
        LEADS_TO("1:cpu:/b\n0::/c\n", CPU("/", "/cpu") V2("/", "/v2"), "/v2/c:/v2");
}

static void a_container_sees_part_of_the_hierarchy(void)
{
        LEADS_TO("4:memory:/docker/0af\n", V1("/docker/0af", SYS "/memory"), SYS "/memory");
        LEADS_TO("4:memory:/docker/0af/x\n", V1("/docker/0af", "/m"), "/m/x:/m");
        LEADS_TO("0::/docker/0af\n", V2("/docker/0a", SYS), "");
        LEADS_TO("0::/docker\n", V2("/docker/0af", SYS), "");
        LEADS_TO("0::/docker/0af\n", V2("/docker/0af", "/own") V2("/docker", "/some") V2("/", "/all"),
                 "/all/docker/0af:/all/docker:/all");
        LEADS_TO("0::/docker/0af\n", V2("/docker", "/some") V2("/docker/0af", "/own"), "/some/0af:/some");
        LEADS_TO("0::/a\n", V2("/", "/first") V2("/", "/second"), "/first/a:/first");
}

/* Of processes and mounts above the reader's cgroup namespace. */
static void paths_that_leave_the_namespace(void)
{
        LEADS_TO("0::/../b\n", V2("/", SYS), "");
        LEADS_TO("0::/..\n", V2("/", SYS), "");
        LEADS_TO("0::/../b\n", V2("/..", SYS), SYS "/b:" SYS);
        LEADS_TO("0::/../../b\n", V2("/..", SYS), "");
        LEADS_TO("0::/\n", V2("/..", SYS), "");
        LEADS_TO("0::/\n", V2("/../..", "/old") V2("/", "/new"), "/new");
}

static void texts_without_a_memory_cgroup(void)
{
        LEADS_TO("", V2("/", SYS), "");
        LEADS_TO("0::/a\n", "", "");
        LEADS_TO("0::/a", V2("/", SYS), "");
        LEADS_TO("0\n0:\n:::\n1:cpu:/\n0:x:/a\n", V2("/", SYS), "");
        LEADS_TO("0::/a\n", V1("/", SYS), "");
        LEADS_TO("4:memory:/a\n", V2("/", SYS) CPU("/", SYS), "");
        LEADS_TO("0::/a\n",
                 "30 22 0:26 / /sys rw - cgroup2x x rw\n30\n-\n\n30 22 0:26 / /x rw cgroup2 x rw\n", "");
        LEADS_TO("0::/a\n", "30 22 0:26 / /x rw shared:9 master:1 propagate_from:2 - cgroup2 x rw\n",
                 "/x/a:/x");
}

static void mountinfo_has_escapes(void)
{
        LEADS_TO("0::/a\n", V2("/", "/with\\040a\\134blank"), "/with a\\blank/a:/with a\\blank");
        LEADS_TO("0::/x y/z\n", V2("/x\\040y", SYS), SYS "/z:" SYS);
        LEADS_TO("0::/a\n", V2("/", "/x\\0"), "/x\\0/a:/x\\0");
}

static void paths_are_bounded(void)
{
        static char cgroup[MEMA_CGROUP_PATH + 16], mountinfo[3 * MEMA_CGROUP_PATH];
        struct mema_cgroup c;

        memcpy(cgroup, "0::/", 4);
        memset(cgroup + 4, 'a', MEMA_CGROUP_PATH - 1);
        strcpy(cgroup + 3 + MEMA_CGROUP_PATH, "\n");
        snprintf(mountinfo, sizeof mountinfo, "1 2 0:3 / /%04094d rw - cgroup2 x rw\n", 0);
        c = cgroup_of(cgroup, mountinfo);
        EQUAL(c.path_length, MEMA_CGROUP_PATH);
        EQUAL(c.top_length, MEMA_CGROUP_PATH - 1);
        EQUAL(strlen(c.folder), c.folder_length);
        TRUE(c.folder_length < sizeof c.folder);
        memset(mountinfo, 'x', sizeof mountinfo);
        memcpy(mountinfo, "1 2 0:3 / /", 11);
        strcpy(mountinfo + sizeof mountinfo - 32, " rw - cgroup2 x rw\n");
        c = cgroup_of("0::/a\n", mountinfo);
        EQUAL(strlen(c.folder), c.folder_length);
        strcpy(cgroup + 3 + MEMA_CGROUP_PATH, "a\n");
        EQUAL(cgroup_of(cgroup, "").version, 0);
}

static void numbers_and_their_absence(void)
{
        static const struct {
                const char *text;
                uint64_t number; /* 0: none */
        } numbers[] = {
                { "4096\n", 4096 },
                { "max\n", 0 },
                { "", 0 },
                { "\n", 0 },
                { "12", 0 }, /* cut */
                { "12 \n", 0 },
                { "-1\n", 0 },
                { "9223372036854771712\n", 0 }, /* no limit in v1, with pages of 4 kB */
                { "9223372036854710272\n", 0 }, /* the same with pages of 64 kB */
                { "4611686018427387903\n", 4611686018427387903 },
                { "18446744073709551616\n", 0 },
        };

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
                uint64_t value = 0;
                bool is = mema_cgroup_number(span_of(numbers[i].text, strlen(numbers[i].text)), &value);

                equal_number(numbers[i].text, is ? value : 0, numbers[i].number, __FILE__, __LINE__);
        }
}

static void numbers_behind_keys(void)
{
        static const char events[] = "low 1\noom 2\noom_kill 3\noom_group_kill 4\nodd 5 \nhigh";
        static const struct {
                const char *key;
                uint64_t number; /* 0: none */
        } keys[] = { { "low", 1 }, { "oom", 2 },  { "oom_kill", 3 }, { "oom_", 0 },
                     { "odd", 0 }, { "high", 0 }, { "", 0 } };

        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
                uint64_t value = 0;
                bool is = mema_cgroup_keyed(span_of(events, sizeof events - 1), keys[i].key, &value);

                equal_number(keys[i].key, is ? value : 0, keys[i].number, __FILE__, __LINE__);
        }
}

/* Folders ------------------------------------------------------------------------ */

static void make_file(const char *root, const char *path, const char *text)
{
        char full[1024];
        FILE *f;

        snprintf(full, sizeof full, "%s/%s", root, path);
        for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
                *slash = '\0';
                mkdir(full, 0755);
        }
        f = fopen(full, "w");
        TRUE(f != NULL && fputs(text, f) >= 0);
        if (f)
                fclose(f);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
        (void)s;
        (void)type;
        (void)at;
        return remove(path);
}

/* Makes files of alternating paths and texts, and checks the limits that are read from them, as
 * "cgroup.usage 5 mappings.max 7". */
static void reads_tree(const char *const *files, const char *wanted, const char *file, int line)
{
        char root[] = TEMPORARY, process[64], shown[1024] = "";
        struct mema_limits l = { 0 };
        int dir;

        TRUE(mkdtemp(root) != NULL);
        for (; *files; files += 2)
                make_file(root, files[0], files[1]);
        snprintf(process, sizeof process, "%s/proc/7", root);
        dir = open(process, O_RDONLY | O_CLOEXEC);
        mema_limits_read(dir, root, &l);
        for (unsigned i = 0; i < MEMA_LIMIT_COUNT; i++)
                if (known(&l, i) && i != MEMA_LIMIT_KERNEL_NAMES)
                        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), " %s %llu",
                                 mema_limit_id(i), (unsigned long long)l.value[i]);
        if (l.cgroup_hidden)
                strcat(shown, " hidden");
        equal_text("the limits in a tree", shown[0] == ' ' ? shown + 1 : shown, wanted, file, line);
        if (dir >= 0)
                close(dir);
        nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
#define READS_TREE(wanted, ...) \
        reads_tree((const char *const[]){ __VA_ARGS__, NULL }, wanted, __FILE__, __LINE__)

#define IN(cgroup, mountinfo) "proc/7/cgroup", cgroup, "proc/thread-self/mountinfo", mountinfo
#define TOP "sys/fs/cgroup/"

static void version_2(void)
{
        READS_TREE(
                "cgroup.usage 3000 cgroup.peak 5000 cgroup.high 8000 cgroup.limit 9000 cgroup.limit_level 0 "
                "cgroup.room 6000 cgroup.room_limit 9000 cgroup.oom_kills 2 mappings.max 65530",
                IN("0::/a\n", V2("/", SYS)), "proc/sys/vm/max_map_count", "65530\n", TOP "a/memory.current",
                "3000\n", TOP "a/memory.peak", "5000\n", TOP "a/memory.high", "8000\n", TOP "a/memory.max",
                "9000\n", TOP "a/memory.events", "oom 5\noom_kill 2\n");
        READS_TREE("cgroup.usage 3000 cgroup.oom_kills 0", IN("0::/a\n", V2("/", SYS)),
                   TOP "a/memory.current", "3000\n", TOP "a/memory.high", "max\n", TOP "a/memory.max",
                   "max\n", TOP "a/memory.events", "oom 0\noom_kill 0\n");
}

static void version_1(void)
{
        READS_TREE("cgroup.usage 3000 cgroup.peak 5000 cgroup.limit 9000 cgroup.limit_level 0 cgroup.room "
                   "6000 cgroup.room_limit 9000 "
                   "cgroup.oom_kills 2",
                   IN("4:memory:/a\n0::/b\n", V1("/", SYS)), TOP "a/memory.usage_in_bytes", "3000\n",
                   TOP "a/memory.max_usage_in_bytes", "5000\n", TOP "a/memory.limit_in_bytes", "9000\n",
                   TOP "a/memory.oom_control", "oom_kill_disable 0\noom_kill 2\n",
                   TOP "memory.limit_in_bytes", "9223372036854771712\n");
}

static void the_root_of_version_1_is_left_out(void)
{
        READS_TREE("", IN("4:memory:/\n", V1("/", SYS)), TOP "memory.usage_in_bytes", "3000\n",
                   TOP "release_agent", "\n");
        READS_TREE("cgroup.usage 3000", IN("4:memory:/\n", V1("/", SYS)), TOP "memory.usage_in_bytes",
                   "3000\n");
}

#define LEVEL(path, current, max) TOP path "memory.current", current "\n", TOP path "memory.max", max "\n"

static void the_tightest_of_all_limits(void)
{
#define TIGHTEST(wanted, own, parent, top)                                                                   \
        READS_TREE("cgroup.usage 100 " wanted, IN("0::/a/b/c\n", V2("/", SYS)), LEVEL("a/b/c/", "100", own), \
                   LEVEL("a/b/", "500", parent), LEVEL("a/", "600", top))
        TIGHTEST("cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 900 cgroup.room_limit 1000", "1000",
                 "2000", "3000");
        TIGHTEST("cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 400 cgroup.room_limit 1000", "1000",
                 "1000", "1000");
        TIGHTEST("cgroup.limit 2000 cgroup.limit_level 1 cgroup.room 1500 cgroup.room_limit 2000", "max",
                 "2000", "max");
        TIGHTEST("cgroup.limit 3000 cgroup.limit_level 2 cgroup.room 2400 cgroup.room_limit 3000", "max",
                 "max", "3000");
        TIGHTEST("cgroup.limit 900 cgroup.limit_level 2 cgroup.room 300 cgroup.room_limit 900", "1000",
                 "2000", "900");
        TIGHTEST("cgroup.limit 550 cgroup.limit_level 1 cgroup.room 50 cgroup.room_limit 550", "1000", "550",
                 "3000");
        TIGHTEST("cgroup.limit 50 cgroup.limit_level 0 cgroup.room 0 cgroup.room_limit 50", "50", "max",
                 "max");
#undef TIGHTEST
        READS_TREE("cgroup.high 5 cgroup.limit 9 cgroup.limit_level 2", IN("0::/a/b\n", V2("/", SYS)),
                   TOP "a/b/memory.high", "7\n", TOP "a/memory.high", "5\n", TOP "memory.max", "9\n");
}

/* File pages that can be dropped count as room, but memory.stat is expensive to read. */
static void memory_stat_is_read_near_a_limit(void)
{
#define STAT(path, number) TOP path "memory.stat", "active_file 1\ninactive_file " number "\n"
        READS_TREE("cgroup.usage 899 cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 101 "
                   "cgroup.room_limit 1000",
                   IN("0::/a\n", V2("/", SYS)), LEVEL("a/", "899", "1000"), STAT("a/", "300"));
        READS_TREE("cgroup.usage 901 cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 99 cgroup.room_limit "
                   "1000 "
                   "cgroup.inactive_file 300",
                   IN("0::/a\n", V2("/", SYS)), LEVEL("a/", "901", "1000"), STAT("a/", "300"));
        READS_TREE("cgroup.usage 950 cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 70 cgroup.room_limit "
                   "2000 "
                   "cgroup.inactive_file 0",
                   IN("0::/a/b\n", V2("/", SYS)), LEVEL("a/b/", "950", "1000"), STAT("a/b/", "300"),
                   LEVEL("a/", "1930", "2000"), STAT("a/", "0"));
        READS_TREE("cgroup.usage 950 cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 50 cgroup.room_limit "
                   "1000",
                   IN("0::/a/b\n", V2("/", SYS)), LEVEL("a/b/", "950", "1000"), LEVEL("a/", "1940", "2000"),
                   STAT("a/", "900"));
        READS_TREE("cgroup.usage 950 cgroup.limit 1000 cgroup.limit_level 0 cgroup.room 200 "
                   "cgroup.room_limit 2000",
                   IN("0::/a/b\n", V2("/", SYS)), LEVEL("a/b/", "950", "1000"), STAT("a/b/", "300"),
                   LEVEL("a/", "1800", "2000"));
#undef STAT
}

static void files_that_do_not_exist(void)
{
        READS_TREE("", "x", "");
        READS_TREE("mappings.max 7", "proc/sys/vm/max_map_count", "7\n");
        READS_TREE("hidden", IN("0::/gone (deleted)\n", V2("/", SYS)), TOP "memory.current", "3000\n");
        READS_TREE("", IN("0::/a\n", V2("/", SYS)), TOP "a/memory.current", "", TOP "a/memory.max/x", "5\n");
        READS_TREE("cgroup.limit 5 cgroup.limit_level 1", IN("0::/a/b\n", V2("/", SYS)), TOP "a/b/x", "",
                   TOP "a/memory.max", "5\n");
}

/* Then the process's own view is used, if it shows a cgroup's file system. */
static void a_cgroup_that_cannot_be_seen_from_here(void)
{
        READS_TREE("hidden", IN("0::/a\n", ""));
        READS_TREE("hidden", IN("0::/a\n", ""), "proc/7/mountinfo", V2("/", "/" TOP),
                   "proc/7/root/" TOP "a/memory.current", "5\n");
}

static void lines_that_are_longer_than_the_buffer(void)
{
        static char mountinfo[64 << 10];
        size_t len = 0;

        for (int i = 0; i < 300; i++)
                len += (size_t)sprintf(mountinfo + len, "%d 1 0:3 / /%0*d rw - tmpfs x rw\n", i, i % 80, 0);
        len += (size_t)sprintf(mountinfo + len, "7 1 0:3 / /%030000d rw - overlay x rw\n", 0);
        strcpy(mountinfo + len, V2("/", SYS));
        READS_TREE("cgroup.usage 3000", IN("0::/a\n", mountinfo), TOP "a/memory.current", "3000\n");
}

/* A path of `n` nested folders and a name. */
static const char *deep(char *path, int n, const char *name)
{
        strcpy(path, TOP);
        while (n-- > 0)
                strcat(path, "a/");
        return strcat(path, name);
}

static void levels_are_bounded(void)
{
        char cgroup[256], own[256], seen[256], unseen[256];

        deep(own, 100, "x");
        snprintf(cgroup, sizeof cgroup, "0::/%.199s\n", own + strlen(TOP));
        READS_TREE("cgroup.limit 5 cgroup.limit_level 63", IN(cgroup, V2("/", SYS)), own, "",
                   deep(seen, 100 - 63, "memory.max"), "5\n", deep(unseen, 100 - 64, "memory.high"), "4\n");
}

/* Real cgroups ----------------------------------------------------------------------- */

/* Two nested cgroups with limits, in a hierarchy with the memory controller. */
static struct {
        bool is_v2;
        char outer[128], inner[160];
} made;

static const size_t touched = MB(8);

static bool put_text(const char *folder, const char *name, const char *text)
{
        char path[256];
        int fd;
        bool put;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        put = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
        if (fd >= 0)
                close(fd);
        return put;
}

static bool put_limit(const char *folder, const char *v2, const char *v1, uint64_t limit)
{
        char text[32];

        snprintf(text, sizeof text, "%llu", (unsigned long long)limit);
        return put_text(folder, made.is_v2 ? v2 : v1, text);
}

static void remove_cgroups(void)
{
        /* A process that has ended stays in its cgroup for a moment. */
        for (int i = 0; i < 1000 && rmdir(made.inner) != 0 && errno == EBUSY; i++)
                usleep(1000);
        rmdir(made.outer);
}

static bool make_below(const char *top, bool is_v2)
{
        made.is_v2 = is_v2;
        snprintf(made.outer, sizeof made.outer, "%s/memanalyzer-test-%ld", top, (long)getpid());
        snprintf(made.inner, sizeof made.inner, "%s/inner", made.outer);
        if (is_v2)
                put_text(top, "cgroup.subtree_control", "+memory");
        if (mkdir(made.outer, 0755) != 0)
                return false;
        if (is_v2)
                put_text(made.outer, "cgroup.subtree_control", "+memory");
        if (mkdir(made.inner, 0755) == 0 &&
            put_limit(made.outer, "memory.max", "memory.limit_in_bytes", MB(64)) &&
            put_limit(made.inner, "memory.max", "memory.limit_in_bytes", MB(96)))
                return true;
        remove_cgroups();
        return false;
}

static bool make_cgroups(void)
{
        if (make_below("/sys/fs/cgroup/memory", false) || make_below("/sys/fs/cgroup", true))
                return true;
        skipped("real cgroups", "none can be made in /sys/fs/cgroup");
        return false;
}

static uint64_t number_of(const char *folder, const char *v2, const char *v1)
{
        char path[256];
        unsigned long long value = 0;
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", folder, made.is_v2 ? v2 : v1);
        f = fopen(path, "r");
        TRUE(f != NULL && fscanf(f, "%llu", &value) == 1);
        if (f)
                fclose(f);
        return value;
}

/* Starts a child in the inner cgroup, which touches some memory.  Returns the limits that it reads of itself
 * after `prepare`, and in *by_number those that this process reads of it. */
static struct mema_limits read_in(bool (*prepare)(void), struct mema_limits *by_number)
{
        static struct mema_report r;
        struct mema_limits own = { 0 };
        struct mema_error error;
        int pipes[2];
        pid_t child;

        TRUE(pipe(pipes) == 0);
        child = fork();
        if (child == 0) {
                char *memory =
                        mmap(NULL, touched, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (memory == MAP_FAILED || !put_text(made.inner, "cgroup.procs", "0"))
                        _exit(1);
                memset(memory, 1, touched);
                mema_report_init(&r, NULL, NULL);
                if (!prepare() || mema_collect(&r, 0, &error) != MEMA_STATUS_OK ||
                    write(pipes[1], &r.context.limits, sizeof own) != (ssize_t)sizeof own)
                        _exit(2);
                for (;;)
                        pause();
        }
        close(pipes[1]);
        if (read(pipes[0], &own, sizeof own) != (ssize_t)sizeof own)
                own.known = 0;
        close(pipes[0]);
        if (by_number) {
                mema_report_init(&r, NULL, NULL);
                EQUAL(mema_collect(&r, (uint64_t)child, &error), MEMA_STATUS_OK);
                *by_number = r.context.limits;
                mema_report_free(&r);
        }
        end_child(child);
        return own;
}

static bool nothing_else(void)
{
        return true;
}

static void between(const struct mema_limits *l, enum mema_limit limit, uint64_t least, uint64_t most)
{
        char text[128];

        snprintf(text, sizeof text, "%s is %llu, wanted %llu to %llu", mema_limit_id(limit),
                 (unsigned long long)l->value[limit], (unsigned long long)least, (unsigned long long)most);
        is_true(text, known(l, limit) && l->value[limit] >= least && l->value[limit] <= most, __FILE__,
                __LINE__);
}

/* Compares limits with the cgroup's files, some of which change meanwhile. */
static void expect_real(const struct mema_limits *l, uint64_t limit, uint64_t level, uint64_t kills)
{
        uint64_t most = number_of(made.outer, "memory.peak", "memory.max_usage_in_bytes");

        between(l, MEMA_LIMIT_CGROUP_USAGE, touched, most);
        between(l, MEMA_LIMIT_CGROUP_PEAK, touched, most);
        between(l, MEMA_LIMIT_CGROUP_LIMIT, limit, limit);
        between(l, MEMA_LIMIT_CGROUP_LIMIT_LEVEL, level, level);
        between(l, MEMA_LIMIT_CGROUP_ROOM, limit - most, limit - touched);
        between(l, MEMA_LIMIT_CGROUP_OOM_KILLS, kills, kills);
        TRUE(!known(l, MEMA_LIMIT_CGROUP_INACTIVE_FILE));
        between(l, MEMA_LIMIT_MAPPINGS_MAX, 1, UINT64_MAX);
}

static void real_limits_at_two_levels(void)
{
        struct mema_limits own, by_number;

        if (!make_cgroups())
                return;
        own = read_in(nothing_else, &by_number);
        expect_real(&own, MB(64), 1, 0);
        expect_real(&by_number, MB(64), 1, 0);
        TRUE(put_limit(made.inner, "memory.max", "memory.limit_in_bytes", MB(32)));
        TRUE(!made.is_v2 || put_limit(made.outer, "memory.high", "", MB(48)));
        own = read_in(nothing_else, &by_number);
        expect_real(&own, MB(32), 0, 0);
        expect_real(&by_number, MB(32), 0, 0);
        if (made.is_v2)
                between(&own, MEMA_LIMIT_CGROUP_HIGH, MB(48), MB(48));
        else
                TRUE(!known(&own, MEMA_LIMIT_CGROUP_HIGH));
        remove_cgroups();
}

/* The memory is locked, so that it cannot be swapped out. */
static void take_too_much(void)
{
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, status = 0;
        pid_t child = fork();

        if (child == 0) {
                put_text(made.inner, "cgroup.procs", "0");
                mmap(NULL, MB(128), PROT_READ | PROT_WRITE, flags, -1, 0);
                _exit(0);
        }
        TRUE(waitpid(child, &status, 0) == child);
        TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void oom_kills_are_counted(void)
{
        struct mema_limits own;

        if (!make_cgroups())
                return;
        take_too_much();
        own = read_in(nothing_else, NULL);
        between(&own, MEMA_LIMIT_CGROUP_OOM_KILLS, 1, 1);
        between(&own, MEMA_LIMIT_CGROUP_PEAK, MB(32), MB(96));
        remove_cgroups();
}

static bool as_nobody_not_dumpable(void)
{
        return setresuid(65534, 65534, 65534) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static void a_process_without_rights_reads_its_own(void)
{
        struct mema_limits own;

        if (!make_cgroups())
                return;
        own = read_in(as_nobody_not_dumpable, NULL);
        expect_real(&own, MB(64), 1, 0);
        remove_cgroups();
}

/* As in a container: no ancestor of its cgroup is visible. */
static bool in_its_own_namespace(void)
{
        const char *top = made.is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";

        return unshare(CLONE_NEWNS | CLONE_NEWCGROUP) == 0 &&
               mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && umount2(top, MNT_DETACH) == 0 &&
               mount("cgroup", top, made.is_v2 ? "cgroup2" : "cgroup", 0, made.is_v2 ? NULL : "memory") == 0;
}

static bool in_its_own_namespace_with_old_mounts(void)
{
        return unshare(CLONE_NEWCGROUP) == 0;
}

static void a_namespace_hides_the_limits_above(void)
{
        struct mema_limits own;

        if (!make_cgroups())
                return;
        own = read_in(in_its_own_namespace, NULL);
        if (own.known)
                expect_real(&own, MB(96), 0, 0);
        else
                skipped("a cgroup's namespace", "none can be made");
        own = read_in(in_its_own_namespace_with_old_mounts, NULL);
        TRUE(!known(&own, MEMA_LIMIT_CGROUP_USAGE) && !known(&own, MEMA_LIMIT_CGROUP_LIMIT));
        remove_cgroups();
}

static void kernel_names_says_whether_the_kernel_takes_names(void)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        void *memory = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bool named = prctl(0x53564d41, 0, memory, page, "memanalyzer") == 0; /* PR_SET_VMA */
        struct mema_limits l = { 0 };

        mema_limits_read(-1, "", &l);
        EQUAL(known(&l, MEMA_LIMIT_KERNEL_NAMES), true);
        EQUAL(l.value[MEMA_LIMIT_KERNEL_NAMES], named);
        munmap(memory, page);
}

SUITE(limits, CASE(the_folder_of_a_cgroup_and_its_ancestors), CASE(a_container_sees_part_of_the_hierarchy),
      CASE(paths_that_leave_the_namespace), CASE(texts_without_a_memory_cgroup), CASE(mountinfo_has_escapes),
      CASE(paths_are_bounded), CASE(numbers_and_their_absence), CASE(numbers_behind_keys), CASE(version_2),
      CASE(version_1), CASE(the_root_of_version_1_is_left_out), CASE(the_tightest_of_all_limits),
      CASE(memory_stat_is_read_near_a_limit), CASE(files_that_do_not_exist),
      CASE(a_cgroup_that_cannot_be_seen_from_here), CASE(lines_that_are_longer_than_the_buffer),
      CASE(levels_are_bounded), CASE(real_limits_at_two_levels), CASE(oom_kills_are_counted),
      CASE(a_process_without_rights_reads_its_own), CASE(a_namespace_hides_the_limits_above),
      CASE(kernel_names_says_whether_the_kernel_takes_names));
