/* expect_parse.h - test cases for the parser in one line: a text, and the expected regions or error.
 *
 * Each text is parsed whole, byte by byte, and with many cuts: see records.h. */
#ifndef EXPECT_PARSE_H
#define EXPECT_PARSE_H

#include "records.h"

/* A header without its name, a whole header, and the region that it describes. */
#define HEAD "00400000-0040b000 r-xp 00000000 08:02 17 "
#define MAPPING HEAD "/bin/cat\n"
#define CAT "400000-40b000 r-xp 0 8:2 17 [/bin/cat]"

/* Expects these regions, written as
 * "400000-40b000 r-xp 0 8:2 17 [/bin/cat] Rss 4096 VmFlags [rd wr] cut 5 + ...". */
#define READS(text, shown) reads(text, sizeof(text) - 1, shown, __FILE__, __LINE__)
/* Expects a mapping with these lines to have these fields. */
#define FIELDS(lines, shown) READS(MAPPING lines, CAT shown)
/* Expects an error at this line and column, with this message. */
#define FAILS(text, status, line, column, message) \
        fails(text, sizeof(text) - 1, MEMA_STATUS_##status, line, column, message, __FILE__, __LINE__)

/* The message if the first line is not a mapping. */
#define NOT_SMAPS                                                                        \
        "a smaps file wants a mapping first, such as \"00400000-0040b000 r-xp 00000000 " \
        "08:02 17 /bin/cat\""

void reads(const char *text, size_t len, const char *shown, const char *file, int line);
void fails(const char *text, size_t len, enum mema_status status, uint64_t at, uint64_t column,
           const char *message, const char *file, int line);

#endif
