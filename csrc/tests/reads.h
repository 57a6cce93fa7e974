/* reads.h - what a text is read as.
 *
 * A case is one line: a text, and what it is read as.  Each is run whole, byte
 * by byte and cut at many places: see records.h. */
#ifndef READS_H
#define READS_H

#include "records.h"

/* A mapping's line up to its name, the whole line, and what that is read as. */
#define HEAD "00400000-0040b000 r-xp 00000000 08:02 17 "
#define MAPPING HEAD "/bin/cat\n"
#define CAT "400000-40b000 r-xp 0 8:2 17 [/bin/cat]"

/* The text is read as these regions, written as
 * "400000-40b000 r-xp 0 8:2 17 [/bin/cat] Rss 4096 VmFlags [rd wr] cut 5 + ...". */
#define READS(text, shown) reads(text, sizeof(text) - 1, shown, __FILE__, __LINE__)
/* A mapping with these lines has these fields. */
#define FIELDS(lines, shown) READS(MAPPING lines, CAT shown)
/* The text is wrong at this byte, and the message says why. */
#define FAILS(text, status, line, column, message) \
        fails(text, sizeof(text) - 1, MEMA_STATUS_##status, line, column, message, __FILE__, __LINE__)

/* What a first line that is no mapping is told. */
#define NOT_SMAPS                                                                               \
        "a smaps file wants a mapping in its first line, as \"00400000-0040b000 r-xp 00000000 " \
        "08:02 17 /bin/cat\""

void reads(const char *text, size_t len, const char *shown, const char *file, int line);
void fails(const char *text, size_t len, enum mema_status status, uint64_t at, uint64_t column,
           const char *message, const char *file, int line);

#endif
