/* fuzz_smaps.c - any text into the parser: what smaps_fast.c takes in few steps comes to
 * what smaps_line.c makes of it, how it is cut has no influence, and all that it gives
 * keeps to the manual, as records.h asserts it. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
        const char *text = (const char *)data;
        uint64_t seed = seed_of(text, len);
        /* Of pieces as short as these smaps_fast.c takes nothing; byte by byte takes its time. */
        struct records simple = parse(text, len, (struct cut){ len < 1000 ? 1 : 11, 0, 0 });
        const struct cut cuts[] = {
                WHOLE,
                { 1 + (size_t)chance(&seed, len + 1), seed, 0 },
                { len + 1, 0, 1 + (size_t)chance(&seed, len + 1) },
        };

        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
                expect_same_records("the text", text, len, &simple, cuts[i]);
        records_free(&simple);
        return 0;
}
