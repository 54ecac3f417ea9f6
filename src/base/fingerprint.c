/* Fingerprint64 of FarmHash (the 64-bit "na" variant, whose values never change), and TensorFlow's way to combine two
 * fingerprints: both decide which bucket a category falls into. Fingerprint128 (of the "cc" variant) tells SDCA's examples apart.
 * All must agree with TensorFlow bit for bit. */
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

/* ---- 128 bits: v and w are pairs of sums, x, y and z the rest of the state ---- */
static uint64_t mix_city(uint64_t u, uint64_t v)
{
    return mix(u, v, 0x9ddfea08eb382d69u);
}

static pair up_to_128(const unsigned char *s, size_t n, pair seed)
{
    uint64_t a = seed.a, b = seed.b, c, d;
    if (n <= 16) {
        a = shift_mix(a * K1) * K1;
        c = b * K1 + up_to_16(s, n);
        d = shift_mix(a + (n >= 8 ? est__u64le(s) : c));
    } else {
        c = mix_city(est__u64le(s + n - 8) + K1, a);
        d = mix_city(b + n, c + est__u64le(s + n - 16));
        a += d;
        for (const unsigned char *last = s + n - 16; s < last; s += 16) {
            a = (a ^ shift_mix(est__u64le(s) * K1) * K1) * K1;
            b ^= a;
            c = (c ^ shift_mix(est__u64le(s + 8) * K1) * K1) * K1;
            d ^= c;
        }
    }
    a = mix_city(a, c);
    b = mix_city(d, b);
    return (pair){ a ^ b, mix_city(b, a) };
}

static pair from_128(const unsigned char *s, size_t n, pair seed)
{
    uint64_t x = seed.a, y = seed.b, z = n * K1, spare;
    pair v, w;
    v.a = rotate(y ^ K1, 49) * K1 + est__u64le(s);
    v.b = rotate(v.a, 42) * K1 + est__u64le(s + 8);
    w.a = rotate(y + z, 35) * K1 + x;
    w.b = rotate(x + est__u64le(s + 88), 53) * K1;
    for (size_t left = n / 128 * 2; left > 0; left--, s += 64) {
        x = rotate(x + y + v.a + est__u64le(s + 8), 37) * K1;
        y = rotate(y + v.b + est__u64le(s + 48), 42) * K1;
        x ^= w.b;
        y += v.a + est__u64le(s + 40);
        z = rotate(z + w.a, 33) * K1;
        v = weak(s, v.b * K1, x + w.a);
        w = weak(s + 32, z + w.b, y + est__u64le(s + 16));
        spare = z, z = x, x = spare;
    }
    n %= 128;
    x += rotate(v.a + z, 49) * K0;
    y = y * K0 + rotate(w.b, 37);
    z = z * K0 + rotate(w.a, 27);
    w.a *= 9;
    v.a *= K0;
    for (size_t done = 32; done < n + 32; done += 32) {   /* 32 bytes at a time, from the end */
        const unsigned char *t = s + n - done;
        y = rotate(x + y, 42) * K0 + v.b;
        w.a += est__u64le(t + 16);
        x = x * K0 + w.a;
        z += w.b + est__u64le(t);
        w.b += v.a;
        v = weak(t, v.a + z, v.b);
        v.a *= K0;
    }
    x = mix_city(x, v.a);
    y = mix_city(y + z, w.a);
    return (pair){ mix_city(x + v.b, w.b) + y, mix_city(x + w.b, y + v.b) };
}

void est__fingerprint128(const void *p, size_t n, uint64_t out[2])
{
    const unsigned char *s = p;
    pair seed = n >= 16 ? (pair){ est__u64le(s), est__u64le(s + 8) + K0 } : (pair){ K0, K1 };
    size_t skip = n >= 16 ? 16 : 0;
    pair h = n - skip < 128 ? up_to_128(s + skip, n - skip, seed) : from_128(s + skip, n - skip, seed);
    out[0] = h.a;
    out[1] = h.b;
}
