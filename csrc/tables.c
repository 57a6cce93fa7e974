/* tables.c - the tables of memanalyzer.h as data, and their look-ups. */
#include "memanalyzer.h"

const char *mema_status_text(enum mema_status status)
{
        static const char *const text[] = {
#define X(id, text) text,
                MEMA_STATUSES(X)
#undef X
        };

        return (unsigned)status < MEMA_STATUS_COUNT ? text[status] : NULL;
}

const char *mema_field_label(unsigned field)
{
        static const char *const label[] = {
#define X(id, label, kind) label,
                MEMA_FIELDS(X)
#undef X
        };

        return field < MEMA_FIELD_COUNT ? label[field] : NULL;
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
        static const char *const name[] = {
#define X(id, text) text,
                MEMA_METHODS(X)
#undef X
        };

        return method < MEMA_METHOD_COUNT ? name[method] : NULL;
}

const char *mema_part_id(unsigned part)
{
        static const char *const id[] = {
#define X(name, stable) stable,
                MEMA_PARTS(X)
#undef X
        };

        return part < MEMA_PART_COUNT ? id[part] : NULL;
}

const char *mema_proof_id(unsigned proof)
{
        static const char *const id[] = {
#define X(name, stable) stable,
                MEMA_PROOFS(X)
#undef X
        };

        return proof < MEMA_PROOF_COUNT ? id[proof] : NULL;
}

const char *mema_limit_id(unsigned limit)
{
        static const char *const id[] = {
#define X(name, stable) stable,
                MEMA_LIMITS(X)
#undef X
        };

        return limit < MEMA_LIMIT_COUNT ? id[limit] : NULL;
}

const char *mema_sort_name(unsigned sort)
{
        static const char *const name[] = {
#define X(id, text) text,
                MEMA_SORTS(X)
#undef X
        };

        return sort < MEMA_SORT_COUNT ? name[sort] : NULL;
}

const char *mema_unit_name(unsigned unit)
{
        static const char *const name[] = {
#define X(id, text, shift) text,
                MEMA_UNITS(X)
#undef X
        };

        return unit < MEMA_UNIT_COUNT ? name[unit] : NULL;
}
