/* fuzz_smaps.c - any text through the parser: smaps_fast.c and smaps_line.c give the same, the cuts do not
 * matter, the contract in memanalyzer.h is kept (asserted by records.c), and the time is linear. */
#include "fuzz.h"

static void parse_only(const char *text, size_t len)
{
        static struct mema_smaps p;
        size_t used = 0;

        mema_smaps_init(&p);
        while (used < len && p.status < MEMA_STATUS_END)
                used += mema_smaps_feed(&p, text + used, len - used);
        while (mema_smaps_finish(&p) < MEMA_STATUS_END)
                ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
        const char *text = (const char *)data;
        uint64_t seed = seed_of(text, len);
        /* In pieces this short, smaps_fast.c takes no line; byte by byte is slow. */
        struct records simple = parse(text, len, (struct cut){ len < 1000 ? 1 : 11, 0, 0 });
        const struct cut cuts[] = {
                WHOLE,
                { 1 + (size_t)chance(&seed, len + 1), seed, 0 },
                { len + 1, 0, 1 + (size_t)chance(&seed, len + 1) },
        };

        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
                expect_same_records("the text", text, len, &simple, cuts[i]);
        records_free(&simple);
        expect_linear_time(parse_only, text, len);
        return 0;
}
