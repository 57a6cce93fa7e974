/* records.h - parses texts into regions and reports, and asserts what holds for all of them: that the cuts
 * do not matter, and that the categories add up.  Checks of rendered reports are in expect_output.h. */
#ifndef RECORDS_H
#define RECORDS_H

#include "test.h"

/* A mapping with `kb` resident; one of a file. */
#define MAP(range, perms, name, kb) range " " perms " 00000000 00:00 0 " name "\nRss: " #kb " kB\n"
#define FILE_MAP(range, perms, name, kb) range " " perms " 00000000 08:02 17 " name "\nRss: " #kb " kB\n"
/* In bytes. */
#define KB(n) ((uint64_t)(n) << 10)

/* The kind of each field. */
extern const enum mema_field_kind kinds[MEMA_FIELD_COUNT];

/* All that the parser returned for a text. */
struct records {
        struct mema_region *region;
        size_t count;
        struct mema_error end; /* MEMA_STATUS_END, or the error */
        struct mema_capture capture;
        uint64_t unknown, repeated;
};

/* How a text is cut: into pieces of `most` bytes; with a seed, of 1 to `most`.  If `first` is not 0, it is
 * the length of the first piece. */
struct cut {
        size_t most;
        uint64_t seed;
        size_t first;
};
#define WHOLE ((struct cut){ SIZE_MAX, 0, 0 })

/* The length of the next piece, after `used` bytes. */
size_t next_piece(struct cut *cut, size_t used);

/* Parses a text.  Each piece ends at a guard page and is overwritten as soon as it is consumed.
 * Asserts the parser's contract for each call, each member of a region, and the error. */
struct records parse(const char *text, size_t len, struct cut cut);
void records_free(struct records *r);

/* Parses a text whole, byte by byte, in pieces of 3072 and at seeded cuts, and asserts that all results are
 * equal; `what` names the text in a failure. */
struct records parse_each_way(const char *what, const char *text, size_t len);

/* Asserts that another cut gives the same as the whole. */
void expect_same_records(const char *what, const char *text, size_t len, const struct records *whole,
                         struct cut cut);

/* The same for every cut into two pieces. */
void expect_same_in_two_pieces(const char *what, const char *text, size_t len);

/* Compares every member, `category` and `method` among them, as far as it is in use. */
bool same_region(const struct mema_region *a, const struct mema_region *b);

/* Whether it is the single record of a smaps_rollup, not a mapping. */
bool is_rollup(const struct mema_region *g);

/* The regions as a report counts them: one that contains the one before it and more is counted in its place;
 * of one that goes on beyond all before it, only what does.  `grown`: how many had their place taken. */
struct counted {
        struct mema_region **region;
        size_t count, grown;
};
struct counted counted_of(const struct records *records);
void counted_free(struct counted *c, const struct records *records);

/* A column as a report counts it: without a Size line, the size is that of the address range. */
uint64_t region_column(const struct mema_region *g, unsigned field);

/* Writes facts as lines of a capture: the numbers before and after for each known figure, and the anchors
 * of `before`. */
size_t put_facts(char *text, size_t size, const struct mema_facts *before, const struct mema_facts *after);

/* Makes a finished report of a text, for mema_report_free.  Returns MEMA_STATUS_END or an error; the report
 * is finished in both cases. */
enum mema_status report_of(struct mema_report *r, const char *text, size_t len,
                           const struct mema_context *context, const struct mema_options *options);

/* The same for a smaps after the lines of a capture. */
enum mema_status report_of_capture(struct mema_report *r, const char *lines, const char *smaps, size_t len,
                                   const struct mema_context *context, const struct mema_options *options);

/* The same for a string, with single options. */
enum mema_status make_report(struct mema_report *r, const char *text, const struct mema_context *context,
                             uint64_t top, enum mema_sort sort);

/* Mapping `n` of many, by address, with `kb` resident. */
struct mema_region numbered(uint64_t n, uint64_t kb, const char *name);

/* Asserts that in a finished report each column of the categories adds up to the totals, nothing is
 * Unattributed, figures are within their bounds, and the names add up to Named. */
void expect_law(const char *what, const struct mema_report *r);

/* Asserts that a column of the totals is the sum over the records. */
void expect_totals(const char *what, const struct mema_report *r, const struct records *records);

#endif
