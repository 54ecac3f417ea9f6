/* Fingerprint64 of FarmHash (the 64-bit "na" variant, whose values never change), and TensorFlow's way to combine two
 * fingerprints. Both decide which bucket a category falls into, so they must agree with TensorFlow bit for bit. */
#include "base/base.h"

#define K0 0xc3a5c85c97cb3127u
#define K1 0xb492b66fbe98f273u
#define K2 0x9ae16a3b2f90404fu

typedef struct pair {
    uint64_t a, b;
} pair;

static uint64_t rotate(uint64_t v, int by)
{
    return v >> by | v << (64 - by);
}

static uint64_t shift_mix(uint64_t v)
{
    return v ^ v >> 47;
}

static uint64_t mix(uint64_t u, uint64_t v, uint64_t mul)
{
    uint64_t a = shift_mix((u ^ v) * mul);
    return shift_mix((v ^ a) * mul) * mul;
}

static uint64_t up_to_16(const unsigned char *s, size_t n)
{
    uint64_t mul = K2 + n * 2;
    if (n >= 8) {
        uint64_t a = est__u64le(s) + K2, b = est__u64le(s + n - 8);
        return mix(rotate(b, 37) * mul + a, (rotate(a, 25) + b) * mul, mul);
    }
    if (n >= 4)
        return mix(n + ((uint64_t)est__u32le(s) << 3), est__u32le(s + n - 4), mul);
    if (n > 0) {
        uint32_t y = s[0] + ((uint32_t)s[n >> 1] << 8), z = (uint32_t)n + ((uint32_t)s[n - 1] << 2);
        return shift_mix(y * K2 ^ z * K0) * K2;
    }
    return K2;
}

static uint64_t up_to_32(const unsigned char *s, size_t n)
{
    uint64_t mul = K2 + n * 2;
    uint64_t a = est__u64le(s) * K1, b = est__u64le(s + 8);
    uint64_t c = est__u64le(s + n - 8) * mul, d = est__u64le(s + n - 16) * K2;
    return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, mul);
}

static uint64_t up_to_64(const unsigned char *s, size_t n)
{
    uint64_t mul = K2 + n * 2;
    uint64_t a = est__u64le(s) * K2, b = est__u64le(s + 8);
    uint64_t c = est__u64le(s + n - 8) * mul, d = est__u64le(s + n - 16) * K2;
    uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
    uint64_t z = mix(y, a + rotate(b + K2, 18) + c, mul);
    uint64_t e = est__u64le(s + 16) * mul, f = est__u64le(s + 24);
    uint64_t g = (y + est__u64le(s + n - 32)) * mul, h = (z + est__u64le(s + n - 24)) * mul;
    return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, mul);
}

static pair weak(const unsigned char *s, uint64_t a, uint64_t b)
{
    uint64_t w = est__u64le(s), x = est__u64le(s + 8), y = est__u64le(s + 16), z = est__u64le(s + 24);
    a += w;
    b = rotate(b + a + z, 21);
    uint64_t c = a;
    a += x + y;
    b += rotate(a, 44);
    return (pair){ a + z, b + c };
}

static uint64_t over_64(const unsigned char *s, size_t n)
{
    const unsigned char *end = s + (n - 1) / 64 * 64, *last = s + n - 64;
    uint64_t x = 81, y = 81 * K1 + 113, z = shift_mix(y * K2 + 113) * K2, mul = K1, spare;
    pair v = { 0, 0 }, w = { 0, 0 };
    x = x * K2 + est__u64le(s);
    for (; s != end; s += 64) {
        x = rotate(x + y + v.a + est__u64le(s + 8), 37) * mul;
        y = rotate(y + v.b + est__u64le(s + 48), 42) * mul;
        x ^= w.b;
        y += v.a + est__u64le(s + 40);
        z = rotate(z + w.a, 33) * mul;
        v = weak(s, v.b * mul, x + w.a);
        w = weak(s + 32, z + w.b, y + est__u64le(s + 16));
        spare = z, z = x, x = spare;
    }
    mul = K1 + ((z & 0xff) << 1);
    s = last;
    w.a += (n - 1) & 63;
    v.a += w.a;
    w.a += v.a;
    x = rotate(x + y + v.a + est__u64le(s + 8), 37) * mul;
    y = rotate(y + v.b + est__u64le(s + 48), 42) * mul;
    x ^= w.b * 9;
    y += v.a * 9 + est__u64le(s + 40);
    z = rotate(z + w.a, 33) * mul;
    v = weak(s, v.b * mul, x + w.a);
    w = weak(s + 32, z + w.b, y + est__u64le(s + 16));
    spare = z, z = x, x = spare;
    return mix(mix(v.a, w.a, mul) + shift_mix(y) * K0 + z, mix(v.b, w.b, mul) + x, mul);
}

uint64_t est__fingerprint64(const void *p, size_t n)
{
    return n <= 16 ? up_to_16(p, n) : n <= 32 ? up_to_32(p, n) : n <= 64 ? up_to_64(p, n) : over_64(p, n);
}

uint64_t est__fingerprint_cat64(uint64_t a, uint64_t b)
{
    const uint64_t mul = 0xc6a4a7935bd1e995u;
    uint64_t r = (a ^ mul) ^ shift_mix(b * mul) * mul;
    r *= mul;
    return shift_mix(shift_mix(r) * mul);
}
