/* self_metadata_linux.c - finds the Go runtime's metadata in this process's memory, on kernels without names.
 */
#include "self_search.h"

bool mema_self_is_near_go_heap(const struct mema_go *go, const struct mema_region *g)
{
        enum { TERABYTE_BITS = 40 };

        for (uint64_t i = 0; go->known && i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (g->end >> 32 ? (go->anchors[i] ^ g->start) >> TERABYTE_BITS == 0
                                 : go->anchors[i] - g->start < g->end - g->start)
                        return true;
        return false;
}

/* Whether a page describes spans of the Go heap: their addresses are multiples of Go's page size. */
static bool describes_spans(struct mema_self_memory *own, uint64_t at)
{
        enum { GO_PAGE = 8192, CERTAIN = 8, WORDS_READ = 512 };
        uint64_t word[WORDS_READ] = { 0 };
        size_t count = 0;

        if (mema_self_words(own, at, word, WORDS_READ) < WORDS_READ)
                return false;
        for (size_t i = 0; i < WORDS_READ; i++)
                count += word[i] % GO_PAGE == 0 && word[i] >= own->now.go_start && word[i] < own->now.go_end;
        return count >= CERTAIN;
}

/* If the kernel has no names, a region is the runtime's if a quarter of its pages describe spans, as far as
 * the runtime says that it has so much: it lies side by side with bits and tables. */
void mema_self_find_metadata(struct mema_self_memory *own, const struct mema_region *g)
{
        enum { SAMPLES = 16, LEAST = 1 << 16 };
        const struct mema_go *go = &own->report->context.facts.go;
        uint64_t span = g->end - g->start, rss = g->value[MEMA_FIELD_RSS], pages = 0, hits = 0;
        uint64_t step = max_u64(span / SAMPLES / own->page, 1) * own->page;

        if (!go->known || own->now.go_names || own->now.go_end == 0 || own->pagemap < 0 || rss < LEAST ||
            own->now.metadata + rss > go->metadata || own->report->context.owner_count > own->first ||
            mema_self_is_near_go_heap(go, g))
                return;
        for (uint64_t at = g->start; at < g->end && g->end - at >= own->page; at += step) {
                mema_self_states(own, at, 1);
                if (own->states[0] & PAGE_PRESENT) {
                        pages++;
                        hits += describes_spans(own, at);
                }
        }
        if (hits == 0 || hits < pages / 4)
                return;
        own->now.metadata += rss;
        mema_self_take(own, g,
                       (struct mema_owner){ g->start, g->end, MEMA_CATEGORY_GO_METADATA, 0, span, 0, 0, 0 });
}

void mema_self_note_go_heap(struct mema_self_memory *own, const struct mema_region *g)
{
        const struct mema_go *go = &own->report->context.facts.go;

        for (uint64_t i = 0; go->known && i < go->anchor_count && i < MEMA_ANCHORS_MAX; i++)
                if (go->anchors[i] - g->start < g->end - g->start) {
                        own->now.go_start = own->now.go_end == 0 ? g->start : own->now.go_start;
                        own->now.go_end = g->end;
                }
}
