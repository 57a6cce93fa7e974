/* main.c - runs the suites and groups that its arguments name: build/tests smaps system.  Groups are pure,
 * system and long (test.h), and quick: all suites that are neither long nor slow.  Without arguments, runs
 * all but the group long. */
#include "test.h"

#include <CUnit/Basic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(name) extern CU_TestInfo name##_tests[];
PURE_SUITES(X)
SYSTEM_SUITES(X)
LONG_SUITES(X)
#undef X

static const char pure[] = "pure", of_the_system[] = "system", that_take_long[] = "long";

static const struct {
        const char *name, *group;
        CU_TestInfo *tests;
} suites[] = {
#define X(name) { #name, pure, name##_tests },
        PURE_SUITES(X)
#undef X
#define X(name) { #name, of_the_system, name##_tests },
                SYSTEM_SUITES(X)
#undef X
#define X(name) { #name, that_take_long, name##_tests },
                        LONG_SUITES(X)
#undef X
};

/* Suites that take half of the time of all suites but the long ones. */
static const CU_TestInfo *const slow[] = { linear_tests, memory_tests, race_tests, self_labels_tests,
                                           self_memory_tests };

static bool quick(size_t suite)
{
        for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
                if (slow[i] == suites[suite].tests)
                        return false;
        return suites[suite].group != that_take_long;
}

static bool wanted(size_t suite, int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                if (strcmp(argv[i], suites[suite].name) == 0 || strcmp(argv[i], suites[suite].group) == 0 ||
                    (strcmp(argv[i], "quick") == 0 && quick(suite)))
                        return true;
        return argc <= 1 && suites[suite].group != that_take_long;
}

/* The quarantine of freed memory causes most page faults. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "quarantine_size_mb=16";
}

int main(int argc, char **argv)
{
        unsigned failures;

        signal(SIGPIPE, SIG_IGN);
        if (CU_initialize_registry() != CUE_SUCCESS)
                return EXIT_FAILURE;
        for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
                CU_SuiteInfo info[] = {
                        { suites[i].name, NULL, NULL, NULL, NULL, suites[i].tests },
                        CU_SUITE_INFO_NULL,
                };
                if (wanted(i, argc, argv) && CU_register_suites(info) != CUE_SUCCESS) {
                        fprintf(stderr, "%s\n", CU_get_error_msg());
                        return EXIT_FAILURE;
                }
        }
        CU_basic_set_mode(CU_BRM_NORMAL);
        CU_basic_run_tests();
        failures = CU_get_number_of_tests_failed() + CU_get_number_of_suites_failed();
        if (CU_get_number_of_tests_run() == 0)
                failures++;
        fflush(stdout); /* so that CUnit's summary precedes the skips */
        printf("Tests with skips: %llu\n", (unsigned long long)tell_skipped(stdout));
        CU_cleanup_registry();
        return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
