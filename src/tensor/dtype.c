/* Element types: sizes, TensorFlow's names, and the two 16-bit floats. */
#include <math.h>

#include "tensor/tensor.h"

typedef struct dtype_row {
    size_t size;
    const char *name, *other_name; /* of tf.dtypes; of attribute types in op signatures, or an alias */
} dtype_row;

static const dtype_row rows[] = {   /* by number; size 0: there is no such dtype */
    [EST_FLOAT] = { 4, "float32", "float" },
    [EST_DOUBLE] = { 8, "float64", "double" },
    [EST_INT32] = { 4, "int32", NULL },
    [EST_UINT8] = { 1, "uint8", NULL },
    [EST_INT16] = { 2, "int16", NULL },
    [EST_INT8] = { 1, "int8", NULL },
    [EST_STRING] = { 8, "string", NULL },
    [EST_INT64] = { 8, "int64", NULL },
    [EST_BOOL] = { 1, "bool", NULL },
    [EST_BFLOAT16] = { 2, "bfloat16", NULL },
    [EST_UINT16] = { 2, "uint16", NULL },
    [EST_HALF] = { 2, "float16", "half" },
    [EST_RESOURCE] = { 8, "resource", NULL },
    [EST_VARIANT] = { 8, "variant", NULL },
    [EST_UINT32] = { 4, "uint32", NULL },
    [EST_UINT64] = { 8, "uint64", NULL },
};
enum { COUNT = sizeof rows / sizeof *rows };

static const dtype_row *row_of(est_dtype dtype)
{
    return (unsigned)dtype < COUNT && rows[dtype].size ? &rows[dtype] : NULL;
}

size_t est_dtype_size(est_dtype dtype)
{
    const dtype_row *row = row_of(dtype);
    return row ? row->size : 0;
}

const char *est_dtype_name(est_dtype dtype)
{
    const dtype_row *row = row_of(dtype);
    return row ? row->name : "invalid";
}

est_dtype est_dtype_of(const char *name)
{
    for (unsigned i = 0; name && i < COUNT; i++)
        if (rows[i].size && (strcmp(name, rows[i].name) == 0 || (rows[i].other_name && strcmp(name, rows[i].other_name) == 0)))
            return (est_dtype)i;
    return EST_INVALID;
}

bool est__dtype_is_float(est_dtype dtype)
{
    return dtype == EST_FLOAT || dtype == EST_DOUBLE || dtype == EST_HALF || dtype == EST_BFLOAT16;
}

bool est__dtype_is_integer(est_dtype dtype)
{
    switch (dtype) {
    case EST_INT8: case EST_INT16: case EST_INT32: case EST_INT64:
    case EST_UINT8: case EST_UINT16: case EST_UINT32: case EST_UINT64:
        return true;
    default:
        return false;
    }
}

float est__half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 0x1f, fraction = h & 0x3ff;
    if (!exponent) { /* zero and the subnormals: fraction * 2^-24 */
        float f = ldexpf((float)fraction, -24);
        return sign ? -f : f;
    }
    uint32_t bits = sign | (exponent == 0x1f ? 0xffu : exponent + 112) << 23 | fraction << 13;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* v / 2^shift to nearest, ties to even; shift 1..31. */
static uint32_t round_shift(uint32_t v, unsigned shift)
{
    uint32_t half = 1u << (shift - 1), rest = v & (2 * half - 1), q = v >> shift;
    return q + (rest > half || (rest == half && (q & 1)));
}

uint16_t est__float_to_half(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) /* a NaN stays one, and quiet */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) /* rounds to 65536 or more */
        return sign | 0x7c00;
    if (magnitude >= 0x38800000) /* normal: a carry of the fraction raises the exponent, as it should */
        return (uint16_t)(sign | round_shift(magnitude - 0x38000000, 13));
    if (magnitude < 0x33000000) /* less than half of the smallest */
        return sign;
    uint32_t fraction = (magnitude & 0x7fffff) | 0x800000;
    return (uint16_t)(sign | round_shift(fraction, 126 - (magnitude >> 23)));
}

uint16_t est__float_to_bfloat16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)round_shift(bits, 16);
}
