/* CRC-32C (Castagnoli, reflected polynomial 0x82F63B78): by tables eight bytes at a time, or by the processor. */
#include "base/base.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#define HAVE_SSE42 1
#endif

static uint32_t table[8][256];
static uint32_t (*chosen)(uint32_t crc, const unsigned char *p, size_t n);
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Slicing by eight: table[k][b] is what byte b does to the sum from k bytes further away. */
static void fill_tables(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0);
        table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++)
            table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xff];
}

static uint32_t by_tables(uint32_t crc, const unsigned char *p, size_t n)
{
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v = est__u64le(p) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= table[7 - k][v >> (8 * k) & 0xff];
    }
    for (; n > 0; n--, p++)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
    return crc;
}

#ifdef HAVE_SSE42
__attribute__((target("sse4.2"))) static uint32_t by_processor(uint32_t crc, const unsigned char *p, size_t n)
{
    uint64_t wide = crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        wide = _mm_crc32_u64(wide, v);
    }
    crc = (uint32_t)wide;
    for (; n > 0; n--, p++)
        crc = _mm_crc32_u8(crc, *p);
    return crc;
}
#endif

static void choose(void)
{
    fill_tables();
    chosen = by_tables;
#ifdef HAVE_SSE42
    if (__builtin_cpu_supports("sse4.2"))
        chosen = by_processor;
#endif
}

uint32_t est__crc32c(uint32_t crc, const void *p, size_t n)
{
    pthread_once(&once, choose);
    return ~chosen(~crc, p, n);
}

uint32_t est__crc32c_baseline(uint32_t crc, const void *p, size_t n)
{
    pthread_once(&once, choose);
    return ~by_tables(~crc, p, n);
}

uint32_t est__crc32c_mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}
