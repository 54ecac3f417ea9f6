/* exp, log, log1p and tanh of floats without branches, so that loops over them become vector code; within 2.5
 * ulp. Doubles take the C library's. After Cephes (Moshier). */
#ifndef EST_OPS_FAST_MATH_H
#define EST_OPS_FAST_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define EST_INLINE static inline __attribute__((always_inline, unused))
#else
#define EST_INLINE static inline
#endif

EST_INLINE float est__float_of_bits(int32_t i)
{
    float f;
    memcpy(&f, &i, sizeof f);
    return f;
}

EST_INLINE int32_t est__bits_of_float(float f)
{
    int32_t i;
    memcpy(&i, &f, sizeof i);
    return i;
}

EST_INLINE float est__expf(float x)
{
    const float magic = 12582912.0f;   /* 1.5 * 2^23: adding it rounds to an integer */
    float c = x < 89.0f ? x : 89.0f;   /* NaN too */
    c = c < -104.0f ? -104.0f : c;
    float n = (c * 1.44269504088896341f + magic) - magic;
    float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = (p * (r * r) + r) + 1.0f;
    /* 2^n in two factors, since n may be below -126 or 128. */
    int32_t i = (int32_t)n, half = i >> 1;
    y = y * est__float_of_bits((half + 127) << 23) * est__float_of_bits((i - half + 127) << 23);
    return x != x ? x : y;
}

/* a where the mask is all ones, b where it is 0: a choice that the compiler cannot turn back into a branch, which would cost the vector
 * code. */
EST_INLINE float est__pick(int32_t mask, float a, float b)
{
    return est__float_of_bits((est__bits_of_float(a) & mask) | (est__bits_of_float(b) & ~mask));
}

EST_INLINE float est__logf(float x)
{
    int32_t tiny = -(x < 1.17549435e-38f);   /* denormals are scaled by 2^23 */
    int32_t bits = est__bits_of_float(est__pick(tiny, x * 8388608.0f, x));
    int32_t e = (bits - 0x3f3504f3) >> 23;   /* leaves [sqrt(1/2), sqrt(2)) */
    float m = est__float_of_bits((int32_t)((uint32_t)bits - ((uint32_t)e << 23))) - 1.0f;
    float z = m * m, n = (float)(e + (tiny & -23));
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float y = p * m * z;
    y = y + n * -2.12194440e-4f;
    y = y - 0.5f * z;
    y = (m + y) + n * 0.693359375f;
    y = est__pick(-(x > 3.40282347e+38f), x, y);
    y = est__pick(-(x == 0.0f), -INFINITY, y);
    y = est__pick(-(x < 0.0f), NAN, y);
    return est__pick(-(x != x), x, y);
}

/* log(1+x), corrected for what 1+x loses. */
EST_INLINE float est__log1pf(float x)
{
    float u = 1.0f + x;
    float y = x * (est__logf(u) / (u - 1.0f));
    y = est__pick(-(u > 3.40282347e+38f), u, y);
    return est__pick(-(u == 1.0f), x, y);
}

EST_INLINE float est__tanhf(float x)
{
    float a = x < 0.0f ? -x : x, z = x * x;
    float far = 1.0f - 2.0f / (est__expf(a + a) + 1.0f);
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    far = x < 0.0f ? -far : far;
    return a < 0.625f ? p * z * x + x : far;
}

/* Of a float the fast one, of a double the C library's. */
#define est__m_exp(x) _Generic((x), float: est__expf, default: exp)(x)
#define est__m_log(x) _Generic((x), float: est__logf, default: log)(x)
#define est__m_log1p(x) _Generic((x), float: est__log1pf, default: log1p)(x)
#define est__m_tanh(x) _Generic((x), float: est__tanhf, default: tanh)(x)
#define est__m_expm1(x) _Generic((x), float: expm1f, default: expm1)(x)
#define est__m_sqrt(x) _Generic((x), float: sqrtf, default: sqrt)(x)
#define est__m_floor(x) _Generic((x), float: floorf, default: floor)(x)
#define est__m_ceil(x) _Generic((x), float: ceilf, default: ceil)(x)
#define est__m_rint(x) _Generic((x), float: rintf, default: rint)(x)
#define est__m_sin(x) _Generic((x), float: sinf, default: sin)(x)
#define est__m_cos(x) _Generic((x), float: cosf, default: cos)(x)
#define est__m_erf(x) _Generic((x), float: erff, default: erf)(x)
#define est__m_pow(x, y) _Generic((x), float: powf, default: pow)(x, y)
#define est__m_fmod(x, y) _Generic((x), float: fmodf, default: fmod)(x, y)

#endif
