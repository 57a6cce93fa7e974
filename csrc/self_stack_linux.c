/* self_stack_linux.c - finds the stacks of glibc's threads in this process's memory. */
#include "self_search.h"

/* glibc's descriptor of a thread (struct pthread) has the lowest address of the stack, its size and that of
 * its guard beside each other, behind the list that the kernel knows.  Their place differs between versions,
 * so they are searched for; they must include the descriptor. */
static bool stack_around(struct mema_self_memory *own, uint64_t descriptor, struct mema_owner *stack)
{
        enum { WORDS_BEHIND = 256 };
        const uint64_t top_max = UINT64_C(64) << 10;
        uint64_t word[WORDS_BEHIND] = { 0 };
        size_t count = mema_self_words(own, descriptor, word, WORDS_BEHIND);

        for (size_t i = 0; i + 2 < count; i++) {
                uint64_t start = word[i], size = word[i + 1], guard = word[i + 2];

                if ((start | size | guard) % own->page == 0 && guard < size && descriptor - start < size &&
                    start + size - descriptor <= top_max) {
                        *stack = (struct mema_owner){
                                start, start + size, MEMA_CATEGORY_STACK_THREADS, 0, size, 0, 0, 0
                        };
                        return true;
                }
        }
        return false;
}

bool mema_self_next_stack(struct mema_self_memory *own, const struct mema_region *g, uint64_t at,
                          struct mema_owner *stack)
{
        const struct mema_threads *t = &own->report->context.threads;

        for (; t->descriptors && own->now.next_thread < t->count; own->now.next_thread++) {
                uint64_t descriptor = t->stack[own->now.next_thread];

                if (descriptor >= g->end)
                        return false;
                if (descriptor < at || !stack_around(own, descriptor, stack))
                        continue;
                stack->start = max_u64(stack->start, at);
                stack->end = min_u64(stack->end, g->end);
                stack->committed = stack->end - stack->start;
                return true;
        }
        return false;
}
