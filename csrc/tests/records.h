/* records.h - what a text comes to: its regions however it is cut, its report,
 * and the law that every report keeps. */
#ifndef RECORDS_H
#define RECORDS_H

#include "test.h"

/* A mapping with `kb` resident; one of a file. */
#define MAP(range, perms, name, kb) range " " perms " 00000000 00:00 0 " name "\nRss: " #kb " kB\n"
#define FILE_MAP(range, perms, name, kb) range " " perms " 00000000 08:02 17 " name "\nRss: " #kb " kB\n"
/* In bytes. */
#define KB(n) ((uint64_t)(n) << 10)

/* Of each field. */
extern const enum mema_field_kind kinds[MEMA_FIELD_COUNT];

/* Everything that a parser gave for a text. */
struct records {
        struct mema_region *region;
        size_t count;
        struct mema_error end; /* its status is MEMA_STATUS_END where all went well */
        struct mema_capture capture;
        uint64_t unknown, repeated;
};

/* A text in pieces of `most` bytes, or with a seed in pieces of 1 to `most`; where
 * `first` is not 0, the first piece has so many. */
struct cut {
        size_t most;
        uint64_t seed;
        size_t first;
};
#define WHOLE ((struct cut){ SIZE_MAX, 0, 0 })

/* The length of the next piece, behind `used` bytes. */
size_t next_piece(struct cut *cut, size_t used);

/* Each piece lies flush against a page that cannot be read, and is overwritten
 * as soon as it is consumed.  What a parser owes its caller is asserted: of each
 * call, of each member of a region, of the error. */
struct records parse(const char *text, size_t len, struct cut cut);
void records_free(struct records *r);

/* Parses whole, byte by byte, at 3072 and at seeded cuts, and asserts that all
 * come to the same; `what` is said where they do not. */
struct records parse_each_way(const char *what, const char *text, size_t len);

/* Asserts that another cut comes to the same as the whole. */
void expect_same_records(const char *what, const char *text, size_t len, const struct records *whole,
                         struct cut cut);

/* The same in two pieces, for every place where there can be two. */
void expect_same_in_two_pieces(const char *what, const char *text, size_t len);

/* Every member that counts; `category` and `method` among them. */
bool same_region(const struct mema_region *a, const struct mema_region *b);

/* The one record of a smaps_rollup, which is no mapping. */
bool is_rollup(const struct mema_region *g);

/* Whether the next region is the same mapping, grown: that one counts. */
bool comes_again(const struct records *records, size_t i);

/* A column as a report has it: the size is the range's where none was printed. */
uint64_t region_column(const struct mema_region *g, unsigned field);
/* Writes what a process said of itself as the lines of a capture: both numbers of
 * each figure that is known, and the anchors of before. */
size_t put_facts(char *text, size_t size, const struct mema_facts *before, const struct mema_facts *after);

/* A finished report of a text, to be freed with mema_report_free: MEMA_STATUS_END, or
 * an error, with the report finished all the same. */
enum mema_status report_of(struct mema_report *r, const char *text, size_t len,
                           const struct mema_context *context, const struct mema_options *options);

/* The same of a smaps that has the lines of a capture before it. */
enum mema_status report_of_capture(struct mema_report *r, const char *lines, const char *smaps, size_t len,
                                   const struct mema_context *context, const struct mema_options *options);

/* The same of a string, with the options one by one. */
enum mema_status make_report(struct mema_report *r, const char *text, const struct mema_context *context,
                             uint64_t top, enum mema_sort sort);

/* Mapping `n` of many, one behind the other, with `kb` resident. */
struct mema_region numbered(uint64_t n, uint64_t kb, const char *name);

/* Asserts of a finished report: each column of the categories adds up to the
 * totals, nothing is Unattributed, bounds hold their figure, names are Named. */
void expect_law(const char *what, const struct mema_report *r);

/* Asserts that a column of the totals is the sum over the records. */
void expect_totals(const char *what, const struct mema_report *r, const struct records *records);

#endif
