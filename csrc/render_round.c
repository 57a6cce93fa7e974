/* render_round.c - the largest-remainder method: rounded figures that add up. */
#include "render.h"

/* How many figures have a remainder above `bound`. */
static uint64_t count_above(const uint64_t *figures, uint64_t count, uint64_t mask, uint64_t bound)
{
        uint64_t above = 0;

        for (uint64_t i = 0; i < count; i++)
                above += (figures[i] & mask) > bound;
        return above;
}

/* The lowest bound with at most `most` remainders above it, by binary search. */
static uint64_t lowest_bound(const uint64_t *figures, uint64_t count, uint64_t mask, uint64_t most)
{
        uint64_t low = 0, high = mask;

        while (low < high) {
                uint64_t middle = low + (high - low) / 2;

                if (count_above(figures, count, mask, middle) <= most)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

void mema_round(uint64_t *figures, uint64_t count, uint64_t shift, uint64_t whole)
{
        uint64_t mask = (UINT64_C(1) << shift) - 1, left = whole, bound;

        for (uint64_t i = 0; i < count; i++)
                left -= figures[i] >> shift;
        bound = left > 0 ? lowest_bound(figures, count, mask, left) : mask;
        left -= count_above(figures, count, mask, bound);
        for (uint64_t i = 0; i < count; i++) {
                uint64_t remainder = figures[i] & mask;
                bool equal = remainder == bound && left > 0;

                left -= equal;
                figures[i] = (figures[i] >> shift) + (remainder > bound || equal);
        }
}
