/* Dense tensors of numbers and of byte strings. */
#include <math.h>

#include "tensor/tensor.h"

/* Bytes of `data`; a string tensor has one offset more than elements. */
static est_status data_size(est_dtype dtype, const est_shape *shape, size_t *out)
{
    char text[EST__SHAPE_TEXT_SIZE];
    size_t size = est_dtype_size(dtype);
    int64_t n = est_shape_elements(shape);
    if (!size)
        return est__fail(EST_INVALID_ARGUMENT, "a tensor cannot be made: %d is no dtype", (int)dtype);
    if (n < 0)
        return est__fail(EST_INVALID_ARGUMENT, "a tensor of shape %s cannot be made: every dimension must be known",
                         est__shape_string(text, shape));
    if ((uint64_t)n >= SIZE_MAX / 2 / size)
        return est__fail(EST_RESOURCE_EXHAUSTED, "a tensor of shape %s is larger than the memory",
                         est__shape_string(text, shape));
    *out = ((size_t)n + (dtype == EST_STRING)) * size;
    return EST_OK;
}

static est_status allocate(est_dtype dtype, const est_shape *shape, bool zeroed, est_tensor **out)
{
    size_t size = 0;
    *out = NULL;
    EST_TRY(data_size(dtype, shape, &size));
    est_tensor *t = est__calloc(1, sizeof *t);
    if (!t)
        return est__fail_memory(sizeof *t);
    t->dtype = dtype;
    t->shape = *shape;
    t->data = est__malloc_aligned(size);
    if (!t->data) {
        est_tensor_free(t);
        return est__fail_memory(size);
    }
    if (zeroed)
        memset(t->data, 0, size);
    *out = t;
    return EST_OK;
}

est_status est_tensor_new(est_dtype dtype, const est_shape *shape, est_tensor **out)
{
    return allocate(dtype, shape, true, out);
}

static est_status give_bytes(est_tensor *t, size_t size)
{
    t->bytes = est__malloc(size);
    return t->bytes ? EST_OK : est__fail_memory(size);
}

est_status est_tensor_new_strings(const est_shape *shape, const char *const *strings, const size_t *lengths, est_tensor **out)
{
    est_tensor *t;
    *out = NULL;
    EST_TRY(allocate(EST_STRING, shape, false, &t));
    int64_t n = est__tensor_elements(t), *offset = t->data;
    size_t total = 0;
    for (int64_t i = 0; i < n; i++) {
        offset[i] = (int64_t)total;
        total += lengths ? lengths[i] : strlen(strings[i]);
    }
    offset[n] = (int64_t)total;
    est_status st = give_bytes(t, total);
    if (st != EST_OK) {
        est_tensor_free(t);
        return st;
    }
    for (int64_t i = 0; i < n; i++)
        if (offset[i + 1] > offset[i])
            memcpy(t->bytes + offset[i], strings[i], (size_t)(offset[i + 1] - offset[i]));
    *out = t;
    return EST_OK;
}

est_status est_tensor_copy(const est_tensor *from, est_tensor **out)
{
    est_tensor *t;
    *out = NULL;
    EST_TRY(allocate(from->dtype, &from->shape, false, &t));
    if (est__tensor_bytes(from) > 0)   /* a view of nothing may have no data */
        memcpy(t->data, from->data, est__tensor_bytes(from));
    if (from->dtype == EST_STRING) { /* a view's offsets need not begin at 0 */
        int64_t n = est__tensor_elements(t), *offset = t->data, first = offset[0];
        est_status st = give_bytes(t, (size_t)(offset[n] - first));
        if (st != EST_OK) {
            est_tensor_free(t);
            return st;
        }
        if (offset[n] > first)
            memcpy(t->bytes, from->bytes + first, (size_t)(offset[n] - first));
        for (int64_t i = 0; i <= n; i++)
            offset[i] -= first;
    }
    *out = t;
    return EST_OK;
}

void est_tensor_free(est_tensor *tensor)
{
    if (!tensor)
        return;
    est__free_aligned(tensor->data);
    est__free(tensor->bytes);
    est__free(tensor);
}

const char *est_tensor_string(const est_tensor *tensor, int64_t i, size_t *length)
{
    const int64_t *offset = tensor->data;
    size_t n = (size_t)(offset[i + 1] - offset[i]);
    if (length)
        *length = n;
    return n ? tensor->bytes + offset[i] : "";
}

size_t est__tensor_bytes(const est_tensor *t)
{
    return ((size_t)est__tensor_elements(t) + (t->dtype == EST_STRING)) * est_dtype_size(t->dtype);
}

/* X(dtype, C type, least, most, most + 1) of the integers. */
#define INTEGERS(X)                                                     \
    X(EST_INT8, int8_t, INT8_MIN, INT8_MAX, 0x1p7)                      \
    X(EST_UINT8, uint8_t, 0, UINT8_MAX, 0x1p8)                          \
    X(EST_INT16, int16_t, INT16_MIN, INT16_MAX, 0x1p15)                 \
    X(EST_UINT16, uint16_t, 0, UINT16_MAX, 0x1p16)                      \
    X(EST_INT32, int32_t, INT32_MIN, INT32_MAX, 0x1p31)                 \
    X(EST_UINT32, uint32_t, 0, UINT32_MAX, 0x1p32)                      \
    X(EST_INT64, int64_t, INT64_MIN, INT64_MAX, 0x1p63)                 \
    X(EST_UINT64, uint64_t, 0, UINT64_MAX, 0x1p64)

double est__tensor_get(const est_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case EST_FLOAT: return (double)((const float *)t->data)[i];
    case EST_DOUBLE: return ((const double *)t->data)[i];
    case EST_HALF: return (double)est__half_to_float(((const uint16_t *)t->data)[i]);
    case EST_BFLOAT16: return (double)est__bfloat16_to_float(((const uint16_t *)t->data)[i]);
    case EST_BOOL: return ((const uint8_t *)t->data)[i] != 0;
#define GET(number, type, least, most, beyond) case number: return (double)((const type *)t->data)[i];
    INTEGERS(GET)
#undef GET
    default: return 0;
    }
}

/* How many floats, by 64, are finite: those whose exponent is not all ones. */
static int64_t count_finite(const float *x, int64_t n)
{
    int64_t done = 0;
    for (uint32_t odd = 0; done + 64 <= n; done += 64) {
        for (int i = 0; i < 64; i++) {
            uint32_t bits;
            memcpy(&bits, &x[done + i], sizeof bits);
            odd |= (bits & 0x7f800000u) + 0x00800000u;
        }
        if (odd >> 31)
            break;
    }
    return done;
}

int64_t est__tensor_nonfinite(const est_tensor *t)
{
    int64_t n = t->data && est__dtype_is_float(t->dtype) ? est__tensor_elements(t) : 0;
    for (int64_t i = t->dtype == EST_FLOAT ? count_finite(t->data, n) : 0; i < n; i++)
        if (!isfinite(est__tensor_get(t, i)))
            return i;
    return -1;
}

/* To an integer as C does, but NaN becomes 0 and what lies outside becomes the nearest bound. */
void est__tensor_set(est_tensor *t, int64_t i, double v)
{
    switch (t->dtype) {
    case EST_FLOAT: ((float *)t->data)[i] = (float)v; break;
    case EST_DOUBLE: ((double *)t->data)[i] = v; break;
    case EST_HALF: ((uint16_t *)t->data)[i] = est__float_to_half((float)v); break;
    case EST_BFLOAT16: ((uint16_t *)t->data)[i] = est__float_to_bfloat16((float)v); break;
    case EST_BOOL: ((uint8_t *)t->data)[i] = v != 0; break;
#define SET(number, type, least, most, beyond)                                                                 \
    case number:                                                                                               \
        ((type *)t->data)[i] = isnan(v) ? 0 : v <= (double)(least) ? (least) : v >= (beyond) ? (most) : (type)v; \
        break;
    INTEGERS(SET)
#undef SET
    default: break;
    }
}
