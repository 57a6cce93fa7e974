/* render_json.h - the parts of JSON that reports and differences share; not for users.
 *
 * A member is written with its key, and a comma before it unless the object has just been opened. */
#ifndef MEMA_RENDER_JSON_H
#define MEMA_RENDER_JSON_H

#include "scan.h"
#include "render.h"

/* Values: render_json_values.c ---------------------------------------------- */

/* A string of any bytes, as the schema says. */
void mema_json_string(struct out *o, struct span s);

/* A key; the caller writes the value next. */
void mema_json_key(struct out *o, const char *key);

/* Members.  A number is null unless it is known. */
void mema_json_text(struct out *o, const char *key, const char *text);
void mema_json_number(struct out *o, const char *key, bool known, uint64_t value);
void mema_json_seconds(struct out *o, const char *key, bool known, uint64_t nanoseconds);
void mema_json_time(struct out *o, const char *key, bool known, uint64_t nanoseconds); /* since 1970 */
void mema_json_address(struct out *o, const char *key, bool known, uint64_t address);
void mema_json_sums(struct out *o, const struct mema_sums *sums);
void mema_json_columns(struct out *o, uint64_t present, const uint64_t *value);

/* Parts of an output: render_json.c ----------------------------------------- */

/* A section that is a member with a list: an item a line, which `item` writes. */
typedef void mema_json_item(const struct mema_output *w, struct out *o, uint64_t index);
bool mema_json_list(struct mema_output *w, struct out *o, const char *key, uint64_t count,
                    mema_json_item *item);

/* Sections: the first and the last. */
bool mema_json_head(struct mema_output *w, struct out *o);
bool mema_json_tail(struct mema_output *w, struct out *o);

/* A report's totals, as a member of the output. */
void mema_json_totals(struct out *o, const char *key, const struct mema_report *r);

/* The members that identify a region. */
void mema_json_place(const struct mema_output *w, struct out *o, const struct mema_region *g);

#endif
