/* failing.c - the command line with an allocator that fails: failing FIRST LAST ARGUMENT...
 *
 * Allocations number FIRST to LAST fail.  The exit status is the command's, or NONE_FAILED if it made
 * fewer allocations. */
#define main command_line
#include "../../../cmd/memanalyzer/main.c"
#undef main

#include "../failing.h"

enum { NONE_FAILED = 99 };

int main(int argc, char **argv)
{
        int status;

        if (argc < 3)
                return WRONG_USAGE;
        fail_allocations(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10));
        status = command_line(argc - 2, argv + 2);
        return allocations_failed() > 0 ? status : NONE_FAILED;
}
