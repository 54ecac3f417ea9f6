/* Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
 * (2011), with words and order as in TensorFlow's PhiloxRandom. */
#include "base/base.h"

void est__philox(uint64_t key, uint64_t counter_high, uint64_t counter_low, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t c0 = (uint32_t)counter_low, c1 = (uint32_t)(counter_low >> 32);
    uint32_t c2 = (uint32_t)counter_high, c3 = (uint32_t)(counter_high >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t est__random_next(est__random *r)
{
    uint32_t out[4];
    est__philox(r->key, 0, r->counter++, out);
    return out[0] | (uint64_t)out[1] << 32;
}

uint64_t est__random_below(est__random *r, uint64_t n)
{
    uint64_t uneven = (0 - n) % n; /* 2^64 mod n: that many numbers would favour the small remainders */
    for (;;) {
        uint64_t v = est__random_next(r);
        if (v >= uneven)
            return v % n;
    }
}
