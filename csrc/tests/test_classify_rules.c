/* test_classify_rules.c - the rules of classify_rules.c: each decides a mapping of its fixture, and names
 * that resemble others are not confused with them. */
#include "records.h"

#include "../classify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM_PATH "/usr/bin/teranode"

static const struct mema_context *program(const char *path)
{
        static struct mema_context context;

        context.exe_length = strlen(path);
        memcpy(context.exe, path, strlen(path));
        return &context;
}

/* Rows and fixtures -------------------------------------------------------- */

static struct records fixture(const char *name)
{
        char path[256];
        struct guarded file;
        struct records r;

        snprintf(path, sizeof path, "testdata/rules/%s", name);
        file = guarded_file(path);
        equal_number(path, file.data != NULL, true, __FILE__, __LINE__);
        r = parse(file.data, file.len, WHOLE);
        equal_number(path, r.end.status, MEMA_STATUS_END, __FILE__, __LINE__);
        guarded_free(&file);
        return r;
}

static void each_rule_decides_a_mapping_of_its_fixture(void)
{
        const struct mema_context *context = program(PROGRAM_PATH);

        for (size_t i = 0; i < mema_rule_count; i++) {
                const struct mema_rule *rule = &mema_rules[i];
                struct records r = fixture(rule->fixture);
                uint64_t decided = 0;
                char shown[256];

                for (size_t g = 0; g < r.count; g++)
                        decided += mema_rule_for(&r.region[g], context) == rule;
                snprintf(shown, sizeof shown, "rule %zu (\"%s\") decides a mapping in %s", i, rule->text,
                         rule->fixture);
                equal_number(shown, decided > 0, true, __FILE__, __LINE__);
                records_free(&r);
        }
}

static const char *fixture_name;

static void each_mapping_belongs(const char *path)
{
        struct records r;

        fixture_name = strrchr(path, '/') + 1;
        r = fixture(fixture_name);
        for (size_t i = 0; i < r.count; i++)
                SAME_TEXT(mema_rule_for(&r.region[i], program(PROGRAM_PATH))->fixture, fixture_name);
        records_free(&r);
}

static void each_mapping_of_a_fixture_proves_one_of_its_rules(void)
{
        TRUE(each_file("testdata/rules", ".maps", each_mapping_belongs) > 0);
}

static void a_rule_with_a_text_knows_its_length(void)
{
        for (size_t i = 0; i < mema_rule_count; i++) {
                EQUAL(mema_rules[i].length, strlen(mema_rules[i].text));
                TRUE(mema_rules[i].category <= MEMA_CATEGORY_BY_PERMISSIONS);
                EQUAL(mema_rules[i].length > 0, mema_rules[i].match == EXACT ||
                                                        mema_rules[i].match == PREFIX ||
                                                        mema_rules[i].match == DECORATED);
        }
}

/* Names -------------------------------------------------------------------- */

/* Expects the category of a mapping with these permissions, inode and name. */
static void is(const char *perms, unsigned inode, const char *name, unsigned category, int line)
{
        char text[512];
        struct records r;
        unsigned got;

        snprintf(text, sizeof text, "7f0000000000-7f0000001000 %s 00000000 08:02 %u %s\n", perms, inode,
                 name);
        r = parse(text, strlen(text), WHOLE);
        got = mema_rule_for(&r.region[0], program(PROGRAM_PATH))->category;
        equal_text(name,
                   got == MEMA_CATEGORY_BY_PERMISSIONS ? "by permissions" : mema_category_stable_id(got),
                   category == MEMA_CATEGORY_BY_PERMISSIONS ? "by permissions"
                                                            : mema_category_stable_id(category),
                   __FILE__, line);
        records_free(&r);
}

#define FILE_IS(name, category) is("r--p", 17, name, category, __LINE__)
#define SHARED_IS(name, category) is("rw-s", 17, name, category, __LINE__)
#define NAME_IS(name, category) is("rw-p", 0, name, category, __LINE__)

/* mallinfo2 counts them separately. */
static void blocks_that_glibc_names_are_not_arenas(void)
{
        NAME_IS("[anon: glibc: malloc]", MEMA_CATEGORY_MALLOC_MMAP);
        NAME_IS("[anon: glibc: malloc arena]", MEMA_CATEGORY_MALLOC_ARENAS);
}

static void special_names_match_as_a_whole_only(void)
{
        NAME_IS("[heap]", MEMA_CATEGORY_MALLOC_MAIN);
        FILE_IS("/tmp/[heap]", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/[stack]/[vdso]", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/[anon:x]", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/memfd:x (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/dev/zero", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/home/dev/shm/x", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[heap] ", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[heap stuff]", MEMA_CATEGORY_BY_PERMISSIONS);
        NAME_IS("[page size compat]", MEMA_CATEGORY_BY_PERMISSIONS);
        NAME_IS("[", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("heap]", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[heap", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[]", MEMA_CATEGORY_BY_PERMISSIONS);
        FILE_IS("[heap stuff]", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[Anon:x]", MEMA_CATEGORY_BY_PERMISSIONS);
}

static void a_deleted_file_keeps_its_category(void)
{
        FILE_IS("/tmp/x", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/x (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/x (deleted) (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/opt/a.so (deleted)", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("/opt/a.so (deleted) (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS(" (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS(PROGRAM_PATH " (deleted)", MEMA_CATEGORY_BINARY);
}

static void decorated_files_of_sanitizers_have_a_pid_and_a_name(void)
{
        FILE_IS("/dev/shm/28593 [low shadow] (deleted)", MEMA_CATEGORY_SANITIZER);
        FILE_IS("/dev/shm/28593 [shadow-10-13] (deleted)", MEMA_CATEGORY_SANITIZER);
        FILE_IS("/dev/shm/28593 [shadow] (deleted)", MEMA_CATEGORY_SANITIZER);
        FILE_IS("/dev/shm/28593 [low shadow]", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/28593 [low shadows] (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/28593 [shadow (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/28593[shadow] (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/28593 [] (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/x [shadow] (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/dev/shm/ (deleted)", MEMA_CATEGORY_SHM);
        FILE_IS("/srv/28593 [shadow] (deleted)", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/tmp/tsan.rodata.1", MEMA_CATEGORY_OTHER_FILES);
        NAME_IS("[anon:shadow]", MEMA_CATEGORY_NAMED);
}

static void memfds_have_any_name(void)
{
        SHARED_IS("/memfd:wal (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd: (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd:a/b (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd:a]b (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd:x (deleted) (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd:libx.so (deleted)", MEMA_CATEGORY_MEMFD);
        SHARED_IS("/memfd:[heap] (deleted)", MEMA_CATEGORY_MEMFD);
        FILE_IS("/memfd:jit (deleted)", MEMA_CATEGORY_MEMFD);
        FILE_IS("/memfd:wal", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/SYSV1234abcd", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/secretmem", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/[aio]", MEMA_CATEGORY_OTHER_FILES);
}

static void dev_zero_is_memory(void)
{
        SHARED_IS("/dev/zero (deleted)", MEMA_CATEGORY_SHARED_ANON);
        SHARED_IS("/dev/zero", MEMA_CATEGORY_SHARED_ANON);
        FILE_IS("/dev/zero", MEMA_CATEGORY_BY_PERMISSIONS);
        FILE_IS("/dev/zeros", MEMA_CATEGORY_DEVICES);
        SHARED_IS("/anon_hugepage (deleted)", MEMA_CATEGORY_SHARED_ANON);
        FILE_IS("/anon_hugepage (deleted)", MEMA_CATEGORY_BY_PERMISSIONS);
}

static void a_library_ends_in_so_or_has_a_version(void)
{
        FILE_IS("/lib/libfoo.so", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("/lib/libfoo.so.6", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("/lib/libfoo-2.31.so", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("/lib/x.so.6.0.30", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("relative.so", MEMA_CATEGORY_LIBRARIES);
        FILE_IS("/lib/libfoo", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/lib/libfoo.a", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/lib/libfoo.sox", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/lib/libfooso", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/lib.so.6/data", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/lib.so/data", MEMA_CATEGORY_OTHER_FILES);
}

static void the_program_is_its_whole_path(void)
{
        FILE_IS(PROGRAM_PATH, MEMA_CATEGORY_BINARY);
        FILE_IS("/usr/bin/teranode2", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/usr/bin/terano", MEMA_CATEGORY_OTHER_FILES);
        FILE_IS("/opt/usr/bin/teranode", MEMA_CATEGORY_OTHER_FILES);
}

static void a_deleted_program_is_still_the_program(void)
{
        struct records r = fixture("files.maps");

        EQUAL(mema_rule_for(&r.region[0], program("/usr/bin/teranode (deleted)"))->category,
              MEMA_CATEGORY_BINARY);
        EQUAL(mema_rule_for(&r.region[0], program(""))->category, MEMA_CATEGORY_OTHER_FILES);
        EQUAL(mema_rule_for(&r.region[2], program("/usr/lib/x86_64-linux-gnu/libc.so.6"))->category,
              MEMA_CATEGORY_BINARY);
        records_free(&r);
}

SUITE(classify_rules, CASE(each_rule_decides_a_mapping_of_its_fixture),
      CASE(each_mapping_of_a_fixture_proves_one_of_its_rules), CASE(a_rule_with_a_text_knows_its_length),
      CASE(blocks_that_glibc_names_are_not_arenas), CASE(special_names_match_as_a_whole_only),
      CASE(a_deleted_file_keeps_its_category), CASE(decorated_files_of_sanitizers_have_a_pid_and_a_name),
      CASE(memfds_have_any_name), CASE(dev_zero_is_memory), CASE(a_library_ends_in_so_or_has_a_version),
      CASE(the_program_is_its_whole_path), CASE(a_deleted_program_is_still_the_program));
