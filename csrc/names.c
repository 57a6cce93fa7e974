/* names.c - the tables of memanalyzer.h as data, and their look-ups. */
#include "memanalyzer.h"

#define ROW(id, text) text,
#define ROW_OF_3(id, text, more) text,
static const char *const statuses[] = { MEMA_STATUSES(ROW) };
static const char *const fields[] = { MEMA_FIELDS(ROW_OF_3) };
static const char *const methods[] = { MEMA_METHODS(ROW) };
static const char *const parts[] = { MEMA_PARTS(ROW) };
static const char *const proofs[] = { MEMA_PROOFS(ROW) };
static const char *const limits[] = { MEMA_LIMITS(ROW) };
static const char *const sorts[] = { MEMA_SORTS(ROW) };
static const char *const sources[] = { MEMA_SOURCES(ROW) };
static const char *const units[] = { MEMA_UNITS(ROW_OF_3) };
#undef ROW
#undef ROW_OF_3

const char *mema_status_text(enum mema_status status)
{
        return (unsigned)status < MEMA_STATUS_COUNT ? statuses[status] : NULL;
}

const char *mema_field_label(unsigned field)
{
        return field < MEMA_FIELD_COUNT ? fields[field] : NULL;
}

static const struct {
        const char *id, *name;
} groups[] = {
#define X(id, stable, name) { stable, name },
        MEMA_GROUPS(X)
#undef X
};

const char *mema_group_stable_id(unsigned group)
{
        return group < MEMA_GROUP_COUNT ? groups[group].id : NULL;
}

const char *mema_group_name(unsigned group)
{
        return group < MEMA_GROUP_COUNT ? groups[group].name : NULL;
}

static const struct {
        unsigned group;
        const char *id, *name;
} categories[] = {
#define X(id, group, stable, name) { MEMA_GROUP_##group, stable, name },
        MEMA_CATEGORIES(X)
#undef X
};

const char *mema_category_stable_id(unsigned category)
{
        return category < MEMA_CATEGORY_COUNT ? categories[category].id : NULL;
}

const char *mema_category_name(unsigned category)
{
        return category < MEMA_CATEGORY_COUNT ? categories[category].name : NULL;
}

unsigned mema_category_group(unsigned category)
{
        return category < MEMA_CATEGORY_COUNT ? categories[category].group : MEMA_GROUP_COUNT;
}

const char *mema_method_name(unsigned method)
{
        return method < MEMA_METHOD_COUNT ? methods[method] : NULL;
}

const char *mema_part_id(unsigned part)
{
        return part < MEMA_PART_COUNT ? parts[part] : NULL;
}

const char *mema_proof_id(unsigned proof)
{
        return proof < MEMA_PROOF_COUNT ? proofs[proof] : NULL;
}

const char *mema_limit_id(unsigned limit)
{
        return limit < MEMA_LIMIT_COUNT ? limits[limit] : NULL;
}

const char *mema_sort_name(unsigned sort)
{
        return sort < MEMA_SORT_COUNT ? sorts[sort] : NULL;
}

const char *mema_source_name(unsigned source)
{
        return source < MEMA_SOURCE_COUNT ? sources[source] : NULL;
}

const char *mema_unit_name(unsigned unit)
{
        return unit < MEMA_UNIT_COUNT ? units[unit] : NULL;
}

static const struct {
        const char *name, *media_type;
        bool differences;
} formats[] = {
#define X(id, name, media_type, differences) { name, media_type, differences },
        MEMA_FORMATS(X)
#undef X
};

const char *mema_format_name(unsigned form)
{
        return form < MEMA_FORMAT_COUNT ? formats[form].name : NULL;
}

const char *mema_format_media_type(unsigned form)
{
        return form < MEMA_FORMAT_COUNT ? formats[form].media_type : NULL;
}

bool mema_format_has_differences(unsigned form)
{
        return form < MEMA_FORMAT_COUNT ? formats[form].differences : 0;
}
