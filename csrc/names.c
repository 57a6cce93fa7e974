/* names.c - the tables of memanalyzer.h as text. */
#include "memanalyzer.h"

/* Columns of those tables, by the number of their columns. */
#define SECOND_OF_2(id, text) text,
#define SECOND_OF_3(id, text, third) text,
#define SECOND_OF_4(id, text, third, fourth) text,
#define THIRD_OF_3(id, second, text) text,
#define THIRD_OF_4(id, second, text, fourth) text,
#define FOURTH_OF_4(id, second, third, text) text,

/* Defines a function that returns a column of row `i`; NULL if `i` is out of range. */
#define LOOK_UP(function, TABLE, COLUMN)                                   \
        const char *function(unsigned i)                                   \
        {                                                                  \
                static const char *const texts[] = { TABLE(COLUMN) };      \
                                                                           \
                return i < sizeof texts / sizeof *texts ? texts[i] : NULL; \
        }

/* clang-format off */
static LOOK_UP(status_text, MEMA_STATUSES, SECOND_OF_2)

LOOK_UP(mema_field_label, MEMA_FIELDS, SECOND_OF_3)
LOOK_UP(mema_group_stable_id, MEMA_GROUPS, SECOND_OF_3)
LOOK_UP(mema_group_name, MEMA_GROUPS, THIRD_OF_3)
LOOK_UP(mema_category_stable_id, MEMA_CATEGORIES, THIRD_OF_4)
LOOK_UP(mema_category_name, MEMA_CATEGORIES, FOURTH_OF_4)
LOOK_UP(mema_method_name, MEMA_METHODS, SECOND_OF_2)
LOOK_UP(mema_part_stable_id, MEMA_PARTS, SECOND_OF_2)
LOOK_UP(mema_proof_stable_id, MEMA_PROOFS, SECOND_OF_2)
LOOK_UP(mema_limit_id, MEMA_LIMITS, SECOND_OF_2)
LOOK_UP(mema_allocator_name, MEMA_ALLOCATORS, SECOND_OF_2)
LOOK_UP(mema_sort_name, MEMA_SORTS, SECOND_OF_2)
LOOK_UP(mema_source_name, MEMA_SOURCES, SECOND_OF_2)
LOOK_UP(mema_unit_name, MEMA_UNITS, SECOND_OF_3)
LOOK_UP(mema_format_name, MEMA_FORMATS, SECOND_OF_4)
LOOK_UP(mema_format_media_type, MEMA_FORMATS, THIRD_OF_4)
        /* clang-format on */

        const char *mema_status_text(enum mema_status status)
{
        return status_text((unsigned)status);
}

unsigned mema_category_group(unsigned category)
{
        static const unsigned char groups[] = {
#define X(id, group, stable, name) MEMA_GROUP_##group,
                MEMA_CATEGORIES(X)
#undef X
        };

        return category < MEMA_CATEGORY_COUNT ? groups[category] : (unsigned)MEMA_GROUP_COUNT;
}

bool mema_format_has_differences(unsigned format)
{
        static const bool differences[] = {
#define X(id, name, media_type, has_differences) has_differences,
                MEMA_FORMATS(X)
#undef X
        };

        return format < MEMA_FORMAT_COUNT && differences[format];
}
