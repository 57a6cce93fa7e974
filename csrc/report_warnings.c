/* report_warnings.c - the warnings of a report, as a table of sentences.
 *
 * The conditions are counted in report.c and report_apportion.c. */
#include "memanalyzer.h"
#include "write.h"
#include "scan.h"

static uint64_t limit_of(const struct mema_report *r, enum mema_limit limit, uint64_t unknown)
{
        return r->context.limits.known & MEMA_BIT(limit) ? r->context.limits.value[limit] : unknown;
}

/* Whether less than a tenth of the limit is left, even after inactive file pages are dropped. */
static bool is_near_limit(const struct mema_report *r)
{
        uint64_t tenth = limit_of(r, MEMA_LIMIT_CGROUP_ROOM_LIMIT, 0) / 10;
        uint64_t room = limit_of(r, MEMA_LIMIT_CGROUP_ROOM, UINT64_MAX);

        return room < tenth && limit_of(r, MEMA_LIMIT_CGROUP_INACTIVE_FILE, 0) < tenth - room;
}

/* The bytes by which a proof that was tried has failed; 0 if they are at most 1% of RSS. */
static uint64_t missed_by(const struct mema_report *r, enum mema_proof_id id)
{
        const struct mema_proof *p = &r->proof[id];
        uint64_t bytes = sat_sub(p->least, p->found) + sat_sub(sat_sub(p->found, p->beside), p->most);

        return p->known && !p->held && bytes > r->totals.value[MEMA_FIELD_RSS] / 100 ? bytes : 0;
}

/* Writes a sentence, with the number in place of '#', and the allocator's name in place of '@'. */
static void put_sentence(struct out *o, const char *text, uint64_t number, const char *allocator)
{
        for (; *text != '\0'; text++)
                if (*text == '#')
                        put_decimal(o, number);
                else if (*text == '@')
                        put(o, allocator);
                else
                        put_bytes(o, text, 1);
}

size_t mema_report_warning(const struct mema_report *r, unsigned index, char *buf, size_t cap)
{
        const struct mema_checks *c = &r->checks;
        const uint64_t all = r->totals.mappings;
        const uint64_t mappings_max = limit_of(r, MEMA_LIMIT_MAPPINGS_MAX, UINT64_MAX);
        const struct mema_sums *heap = &r->category[MEMA_CATEGORY_GO_HEAP].sums;
        const bool go = r->context.facts.go.known || r->context.program == MEMA_PROGRAM_GO;
        const bool no_rss = c->without_rss == all, has_pss = r->totals.present & MEMA_BIT(MEMA_FIELD_PSS);
        /* A warning is given if its number is not 0.  With 20 digits, it fits in MEMA_WARNING_MAX. */
        const struct {
                uint64_t number;
                const char *text;
        } warnings[] = {
                { no_rss && !has_pss, "The input has no Rss lines, as in a maps file: resident memory is "
                                      "unknown; read smaps instead" },
                { no_rss && has_pss, "The input has no Rss lines: resident memory is unknown" },
                { c->contradictory,
                  "Mappings with more Anonymous than Rss: #; an emulator such as qemu-user prints "
                  "Rss 0, and what is resident is unknown" },
                { no_rss ? 0 : c->without_rss, "Mappings without an Rss line, not counted in RSS: #" },
                { c->totals_only,
                  "The input has totals only, as in smaps_rollup: read smaps for a breakdown" },
                { r->context.exe_deleted,
                  "The program's file was deleted or replaced after the program started" },
                { c->scan_missed, "This process cannot be scanned on this system: smaps was read instead" },
                { c->overlapping, "Mappings that overlap or repeat an earlier one: #; the process changed "
                                  "while it was read, or the input holds two captures" },
                { c->repeated, "Fields that are repeated in a mapping: #; the last one counts" },
                { c->other_named, "Mappings beyond the first 1024 names, summed as other names: #" },
                { c->rows_lost, "Regions not listed for lack of memory: #" },
                { c->labels_lost,
                  "Labels not shown, for lack of memory or of access to /proc/self/pagemap: #" },
                { !r->context.facts.go.known && heap->value[MEMA_FIELD_RSS] > 0,
                  "Heap includes the goroutine stacks: only the process itself can tell them apart" },
                { heap->value[MEMA_FIELD_SIZE] > 0 ? missed_by(r, MEMA_PROOF_GO_HEAP) : 0,
                  "The Go heap that was found differs from the runtime's "
                  "figure by bytes: #; its rows are not proven" },
                { r->context.allocator > MEMA_ALLOCATOR_GLIBC,
                  "malloc is not glibc's but @: its memory is in Read-Write, except for [heap] and what has "
                  "a name or "
                  "a sign of it" },
                { c->libc_unasked,
                  "A C library was loaded without cgo and gave no figures: its heap is known by shape only, "
                  "and the rest is in Read-Write" },
                { missed_by(r, MEMA_PROOF_MALLOC),
                  "The arenas that were found differ from malloc's figure by bytes: #; what is missing is in "
                  "Read-Write" },
                { missed_by(r, MEMA_PROOF_MALLOC_MMAP), "The mapped blocks that were found differ from "
                                                        "malloc's figure by bytes: #; what is missing is "
                                                        "in Read-Write" },
                { c->go_surplus, "Heap bytes that the Go runtime does not account for: #" },
                { go && !c->totals_only && heap->value[MEMA_FIELD_SIZE] == 0,
                  "The Go heap was not found: it is counted in Read-Write" },
                { is_near_limit(r),
                  "Less than a tenth of the memory limit is left in this cgroup or one above "
                  "it: at the limit, the kernel kills processes" },
                { r->context.limits.cgroup_hidden, "The limits of its cgroup cannot be seen from here" },
                { all > mappings_max / 10 * 9 && !c->totals_only ? all : 0,
                  "The number of mappings is close to vm.max_map_count, where mmap fails: #" },
                { r->category[MEMA_CATEGORY_UNATTRIBUTED].sums.value[MEMA_FIELD_RSS],
                  "Bytes in no category: #; this is a bug in memanalyzer, please report it" },
        };
        struct out o = out_to(buf, cap);

        for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++) {
                if (warnings[i].number == 0 || index-- > 0)
                        continue;
                put_sentence(&o, warnings[i].text, warnings[i].number,
                             mema_allocator_name(r->context.allocator));
                break;
        }
        return out_end(&o);
}
_Static_assert(MEMA_NAMES_MAX == 1024, "a sentence has this number");
