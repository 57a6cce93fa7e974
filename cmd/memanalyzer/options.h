/* options.h - the command line's options. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "../../csrc/memanalyzer.h"

/* The most characters of a name in a message. */
enum { SHOWN_MAX = 60 };

struct settings {
        uint64_t pid;     /* 0: this process */
        const char *file; /* to read instead of a process, or NULL */
        const char *save; /* to write what was read, or NULL */
        uint64_t watch;   /* seconds between readings; 0: one reading */
        bool diff;        /* of two files */
        const char *files[2];
        bool help, version;
        struct mema_options report;
        struct mema_output_options output;
};

/* Parses the arguments, up to NULL, into *s, which has the defaults.  False, with an error printed, if they
 * are wrong. */
bool read_options(struct settings *s, char **arguments);

void print_help(void);

#endif
