/* options.h - what the command line was asked for. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "../../csrc/memanalyzer.h"

/* How many characters of a name a message shows. */
enum { SHOWN_MAX = 60 };

struct settings {
        uint64_t pid;     /* 0: this process */
        const char *file; /* NULL: a process */
        const char *save; /* NULL: nowhere */
        uint64_t watch;   /* seconds between two looks; 0: there is one */
        bool diff;
        const char *files[2]; /* that are compared */
        bool help, version;
        struct mema_options report;
        struct mema_output_options output;
};

/* Reads the arguments, to NULL, into what has the defaults; false, and it says why,
 * where they are wrong. */
bool read_options(struct settings *s, char **arguments);

void print_help(void);

#endif
