/* Tensors and shapes in and out of their protobuf messages. */
#include "graph/graphdef.h"

enum { MOST_FILLED = 1 << 26 };   /* elements that a shorter list of values may be stretched to */

est_shape est__shape_from_proto(const Tensorflow__TensorShapeProto *p)
{
    est_shape s = { .rank = -1 };
    if (p == NULL || p->unknown_rank) {
        s.rank = p ? -1 : 0;
        return s;
    }
    if (p->n_dim > EST_MAX_RANK) {
        s.rank = -2;
        return s;
    }
    s.rank = (int)p->n_dim;
    for (size_t i = 0; i < p->n_dim; i++)
        s.dim[i] = p->dim[i]->size < 0 ? -1 : p->dim[i]->size;
    return s;
}

Tensorflow__TensorShapeProto *est__shape_to_proto(const est_shape *s, est__arena *arena)
{
    Tensorflow__TensorShapeProto *p = est__arena_alloc(arena, sizeof *p);
    if (p == NULL)
        return NULL;
    tensorflow__tensor_shape_proto__init(p);
    p->unknown_rank = s->rank < 0;
    p->n_dim = s->rank > 0 ? (size_t)s->rank : 0;
    p->dim = est__arena_alloc(arena, (p->n_dim + 1) * sizeof *p->dim);
    for (size_t i = 0; p->dim && i < p->n_dim; i++) {
        p->dim[i] = est__arena_alloc(arena, sizeof **p->dim);
        if (p->dim[i] == NULL)
            return NULL;
        tensorflow__tensor_shape_proto__dim__init(p->dim[i]);
        p->dim[i]->size = s->dim[i];
    }
    return p->dim ? p : NULL;
}

/* The list of values that the dtype uses. */
static size_t listed(const Tensorflow__TensorProto *p)
{
    switch (p->dtype) {
    case TENSORFLOW__DATA_TYPE__DT_FLOAT: return p->n_float_val;
    case TENSORFLOW__DATA_TYPE__DT_DOUBLE: return p->n_double_val;
    case TENSORFLOW__DATA_TYPE__DT_INT64: return p->n_int64_val;
    case TENSORFLOW__DATA_TYPE__DT_BOOL: return p->n_bool_val;
    case TENSORFLOW__DATA_TYPE__DT_UINT32: return p->n_uint32_val;
    case TENSORFLOW__DATA_TYPE__DT_UINT64: return p->n_uint64_val;
    case TENSORFLOW__DATA_TYPE__DT_HALF: case TENSORFLOW__DATA_TYPE__DT_BFLOAT16: return p->n_half_val;
    case TENSORFLOW__DATA_TYPE__DT_STRING: return p->n_string_val;
    default: return p->n_int_val;
    }
}

static void set_element(est_tensor *t, int64_t i, const Tensorflow__TensorProto *p, size_t j)
{
    switch (t->dtype) {
    case EST_FLOAT: ((float *)t->data)[i] = p->float_val[j]; break;
    case EST_DOUBLE: ((double *)t->data)[i] = p->double_val[j]; break;
    case EST_INT64: ((int64_t *)t->data)[i] = p->int64_val[j]; break;
    case EST_BOOL: ((bool *)t->data)[i] = p->bool_val[j] != 0; break;
    case EST_UINT32: ((uint32_t *)t->data)[i] = p->uint32_val[j]; break;
    case EST_UINT64: ((uint64_t *)t->data)[i] = p->uint64_val[j]; break;
    case EST_HALF: case EST_BFLOAT16: ((uint16_t *)t->data)[i] = (uint16_t)p->half_val[j]; break;
    case EST_INT32: ((int32_t *)t->data)[i] = p->int_val[j]; break;
    case EST_INT16: ((int16_t *)t->data)[i] = (int16_t)p->int_val[j]; break;
    case EST_UINT16: ((uint16_t *)t->data)[i] = (uint16_t)p->int_val[j]; break;
    case EST_INT8: ((int8_t *)t->data)[i] = (int8_t)p->int_val[j]; break;
    case EST_UINT8: ((uint8_t *)t->data)[i] = (uint8_t)p->int_val[j]; break;
    default: break;
    }
}

static est_status strings_from(const Tensorflow__TensorProto *p, const est_shape *shape, int64_t n,
                               est_tensor **out)
{
    const char **s = est__malloc((size_t)(n + 1) * sizeof *s);
    size_t *lengths = est__malloc((size_t)(n + 1) * sizeof *lengths);
    est_status st = s && lengths ? EST_OK : est__fail_memory((size_t)n * sizeof *s);
    for (int64_t i = 0; i < n && st == EST_OK; i++) {
        size_t j = (size_t)i < p->n_string_val ? (size_t)i : p->n_string_val - 1;
        s[i] = p->n_string_val ? (const char *)p->string_val[j].data : "";
        lengths[i] = p->n_string_val ? p->string_val[j].len : 0;
    }
    if (st == EST_OK)
        st = est_tensor_new_strings(shape, s, lengths, out);
    est__free(s);
    est__free(lengths);
    return st;
}

est_status est__tensor_from_proto(const Tensorflow__TensorProto *p, const char *what, est_tensor **out)
{
    est_shape shape = est__shape_from_proto(p->tensor_shape);
    est_dtype dtype = (est_dtype)p->dtype;
    size_t size = est_dtype_size(dtype), have = listed(p);
    int64_t n = 1;
    *out = NULL;
    if (size == 0 || dtype == EST_RESOURCE || dtype == EST_VARIANT)
        return est__fail(EST_UNIMPLEMENTED, "%s: a constant of dtype %d cannot be read", what, (int)p->dtype);
    if (shape.rank < 0)
        return est__fail(EST_DATA_LOSS, "%s: the shape of a constant is not known", what);
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] < 0 || (shape.dim[i] > 0 && n > INT64_MAX / 16 / shape.dim[i]))
            return est__fail(EST_DATA_LOSS, "%s: a constant has a bad dimension", what);
        n *= shape.dim[i];
    }
    bool content = dtype != EST_STRING && p->tensor_content.len > 0;
    if (content && (uint64_t)n * size != p->tensor_content.len)
        return est__fail(EST_DATA_LOSS, "%s: a constant of %lld elements holds %zu bytes", what, (long long)n,
                         p->tensor_content.len);
    if (!content && (have > (size_t)n || ((size_t)n > have && n > MOST_FILLED)))
        return est__fail(EST_DATA_LOSS, "%s: a constant of %lld elements holds %zu values", what,
                         (long long)n, have);
    if (dtype == EST_STRING)
        return strings_from(p, &shape, n, out);
    EST_TRY(est_tensor_new(dtype, &shape, out));
    if (content)
        memcpy((*out)->data, p->tensor_content.data, p->tensor_content.len);
    /* a bool is 0 or 1, whatever byte the file has */
    for (int64_t i = 0; content && dtype == EST_BOOL && i < n; i++)
        ((unsigned char *)(*out)->data)[i] = p->tensor_content.data[i] != 0;
    for (int64_t i = 0; !content && have && i < n; i++)
        set_element(*out, i, p, (size_t)i < have ? (size_t)i : have - 1);
    return EST_OK;
}

est_status est__tensor_to_proto(const est_tensor *t, est__arena *arena, Tensorflow__TensorProto **out)
{
    Tensorflow__TensorProto *p = est__arena_alloc(arena, sizeof *p);
    int64_t n = est__tensor_elements(t);
    if (p == NULL)
        return est__fail_memory(sizeof *p);
    tensorflow__tensor_proto__init(p);
    p->dtype = (Tensorflow__DataType)t->dtype;
    p->tensor_shape = est__shape_to_proto(&t->shape, arena);
    *out = p;
    if (p->tensor_shape == NULL)
        return est__fail_memory(64);
    if (t->dtype != EST_STRING) {
        p->tensor_content = (ProtobufCBinaryData){ est__tensor_bytes(t), t->data };
        return EST_OK;
    }
    p->n_string_val = (size_t)n;
    p->string_val = est__arena_alloc(arena, ((size_t)n + 1) * sizeof *p->string_val);
    if (p->string_val == NULL)
        return est__fail_memory((size_t)n * sizeof *p->string_val);
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        const char *s = est_tensor_string(t, i, &length);
        p->string_val[i] = (ProtobufCBinaryData){ length, (uint8_t *)(uintptr_t)s };
    }
    return EST_OK;
}
