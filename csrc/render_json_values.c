/* render_json_values.c - JSON strings, numbers, times and columns.
 *
 * The output is ASCII, so that no name can harm a terminal.  Numbers are exact up to 2^64. */
#include "render_json.h"
#include "escape.h"
#include "report_sums.h"

/* Strings */

/* A UTF-16 code unit. */
static void put_code_unit(struct out *o, uint32_t unit)
{
        put(o, "\\u");
        put_number(o, unit, 16, 4, '0');
}

static void put_escaped(struct out *o, uint32_t code)
{
        if (code == '"' || code == '\\') {
                put(o, code == '"' ? "\\\"" : "\\\\");
        } else if (code <= 0xffff) {
                put_code_unit(o, code);
        } else { /* a surrogate pair */
                put_code_unit(o, 0xd800 + ((code - 0x10000) >> 10));
                put_code_unit(o, 0xdc00 + (code & 0x3ff));
        }
}

/* How many characters from the start need no escape. */
static size_t plain_length(struct span s)
{
        const char *c = s.at;

        while (c < s.end && *c >= ' ' && *c <= '~' && *c != '"' && *c != '\\')
                c++;
        return (size_t)(c - s.at);
}

void mema_json_string(struct out *o, struct span s)
{
        put(o, "\"");
        while (s.at < s.end) {
                size_t plain = plain_length(s);
                uint32_t code;

                put_bytes(o, s.at, plain);
                s.at += plain;
                if (s.at == s.end)
                        break;
                s.at += mema_read_character(s.at, span_length(s), &code);
                put_escaped(o, code);
        }
        put(o, "\"");
}

/* Members */

void mema_json_key(struct out *o, const char *key)
{
        put(o, o->buf[o->len - 1] == '{' ? " \"" : ", \"");
        put(o, key);
        put(o, "\": ");
}

void mema_json_text(struct out *o, const char *key, const char *text)
{
        mema_json_key(o, key);
        mema_json_string(o, span_of(text, text_length(text)));
}

void mema_json_number(struct out *o, const char *key, bool known, uint64_t value)
{
        mema_json_key(o, key);
        if (known)
                put_decimal(o, value);
        else
                put(o, "null");
}

void mema_json_seconds(struct out *o, const char *key, bool known, uint64_t nanoseconds)
{
        mema_json_key(o, key);
        if (known)
                mema_put_seconds(o, nanoseconds);
        else
                put(o, "null");
}

void mema_json_address(struct out *o, const char *key, bool known, uint64_t address)
{
        mema_json_key(o, key);
        if (known) {
                put(o, "\"0x");
                put_number(o, address, 16, 1, '0');
                put(o, "\"");
        } else {
                put(o, "null");
        }
}

/* Times */

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static bool is_leap_year(uint64_t year)
{
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint64_t days_of_year(uint64_t year)
{
        return is_leap_year(year) ? 366 : 365;
}

static uint64_t days_of_month(uint64_t year, uint64_t month)
{
        static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return month == 1 && is_leap_year(year) ? 29 : days[month];
}

/* "2026-11-24" of days since 1970. */
static void put_date(struct out *o, uint64_t days)
{
        uint64_t year = 1970, month = 0;

        for (; days >= days_of_year(year); year++)
                days -= days_of_year(year);
        for (; days >= days_of_month(year, month); month++)
                days -= days_of_month(year, month);
        put_decimal(o, year);
        put(o, "-");
        put_number(o, month + 1, 10, 2, '0');
        put(o, "-");
        put_number(o, days + 1, 10, 2, '0');
}

/* "08:30:00" of seconds since midnight. */
static void put_clock(struct out *o, uint64_t seconds)
{
        put_number(o, seconds / HOUR, 10, 2, '0');
        put(o, ":");
        put_number(o, seconds % HOUR / MINUTE, 10, 2, '0');
        put(o, ":");
        put_number(o, seconds % MINUTE, 10, 2, '0');
}

void mema_json_time(struct out *o, const char *key, bool known, uint64_t nanoseconds)
{
        uint64_t seconds = nanoseconds / MEMA_NANOSECONDS;

        mema_json_key(o, key);
        if (!known) {
                put(o, "null");
                return;
        }
        put(o, "\"");
        put_date(o, seconds / DAY);
        put(o, "T");
        put_clock(o, seconds % DAY);
        put(o, ".");
        put_number(o, nanoseconds % MEMA_NANOSECONDS, 10, 9, '0');
        put(o, "Z\"");
}

/* Columns */

/* clang-format off */
#define ONE(field) { MEMA_FIELD_##field, MEMA_FIELD_##field }

/* Of regions and of sums.  The size is not among them: it has another key in each. */
static const struct {
        const char *key;
        struct mema_pair fields;
} columns[] = {
        { "rss", ONE(RSS) },
        { "pss", ONE(PSS) },
        { "pss_dirty", ONE(PSS_DIRTY) },
        { "pss_anon", ONE(PSS_ANON) },
        { "pss_file", ONE(PSS_FILE) },
        { "pss_shmem", ONE(PSS_SHMEM) },
        { "private_clean", ONE(PRIVATE_CLEAN) },
        { "private_dirty", ONE(PRIVATE_DIRTY) },
        { "shared_clean", ONE(SHARED_CLEAN) },
        { "shared_dirty", ONE(SHARED_DIRTY) },
        { "referenced", ONE(REFERENCED) },
        { "anonymous", ONE(ANONYMOUS) },
        { "ksm", ONE(KSM) },
        { "lazy_free", ONE(LAZY_FREE) },
        { "anon_huge", ONE(ANON_HUGE) },
        { "shmem_huge", ONE(SHMEM_PMD_MAPPED) },
        { "file_huge", ONE(FILE_PMD_MAPPED) },
        { "swap", ONE(SWAP) },
        { "swap_pss", ONE(SWAP_PSS) },
        { "locked", ONE(LOCKED) },
        { "hugetlb", { MEMA_FIELD_SHARED_HUGETLB, MEMA_FIELD_PRIVATE_HUGETLB } },
};
/* clang-format on */

void mema_json_columns(struct out *o, uint64_t present, const uint64_t *value)
{
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
                struct mema_pair fields = columns[i].fields;

                mema_json_number(o, columns[i].key,
                                 present & (MEMA_BIT(fields.first) | MEMA_BIT(fields.second)),
                                 mema_pair_value(value, fields));
        }
}

void mema_json_sums(struct out *o, const struct mema_sums *sums)
{
        mema_json_number(o, "mappings", true, sums->mappings);
        mema_json_number(o, "virtual", sums->present & MEMA_BIT(MEMA_FIELD_SIZE),
                         sums->value[MEMA_FIELD_SIZE]);
        mema_json_columns(o, sums->present, sums->value);
}
