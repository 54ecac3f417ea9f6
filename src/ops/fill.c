/* Tensors made from few numbers: Fill, ZerosLike, OnesLike, Range, OneHot. */
#include <math.h>

#include "ops/tensor_list.h"

/* ---- Fill ---- */
static est_status fill_infer(est_infer *c)
{
    est__infer_value_as_shape(c, 0, &c->out[0]);
    return EST_OK;
}

static est_status fill_cpu(est_kernel *k)
{
    const est_tensor *value = est__in(k, 1);
    est__view v = { .from = value, .rank = 1 };
    est_shape s;
    est_tensor *out;
    if (est__tensor_elements(value) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the value must be a scalar");
    EST_TRY(est__in_shape(k, 0, &s));
    v.dim[0] = est_shape_elements(&s);
    if (value->dtype == EST_STRING)
        return est__view_out(k, 0, &s, &v);
    est__broadcast b = { .rank = 1, .dim = { v.dim[0] } };
    EST_TRY(est__out(k, 0, &s, &out));
    est__broadcast_read(&b, value->data, est_dtype_size(value->dtype), 0, v.dim[0], out->data);
    return EST_OK;
}

static void fill_grad(est_grad *b)
{
    b->dx[1] = est_reduce_sum(b->g, b->dy[0], EST_ALL_AXES, false);
}

est_node *est_fill(est_graph *g, est_node *dims, est_node *value)
{
    return EST_OP2(g, "Fill", dims, value);
}

/* ---- ZerosLike, OnesLike ---- */
static est_status zeros_cpu(est_kernel *k)
{
    const est_shape *s = &est__in(k, 0)->shape;
    bool strings = est__in_dtype(k, 0) == EST_STRING;
    est_tensor *out;
    if (est__in_dtype(k, 0) == EST_VARIANT)
        return est__list_zeros_of(k);
    EST_TRY(strings ? est__out_strings(k, 0, s, 0, &out) : est__out(k, 0, s, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    return EST_OK;
}

static est_status ones_cpu(est_kernel *k)
{
    est_tensor *out;
    EST_TRY(est__out(k, 0, &est__in(k, 0)->shape, &out));
    int64_t n = est__tensor_elements(out);
    switch (out->dtype) {
#define CASE(T, D, ...)                     \
    case D:                                 \
        for (int64_t i = 0; i < n; i++)     \
            ((T *)out->data)[i] = 1;        \
        break;
    EST_NUMBERS(CASE, )
    EST_BOOLS(CASE, )
#undef CASE
    default: break;
    }
    return EST_OK;
}

est_node *est_zeros_like(est_graph *g, est_node *x)
{
    return EST_OP1(g, "ZerosLike", x);
}

est_node *est_ones_like(est_graph *g, est_node *x)
{
    return EST_OP1(g, "OnesLike", x);
}

/* ---- Range ---- */
/* The number of elements from start to limit; -1: delta leads nowhere. */
static double range_count(double start, double limit, double delta)
{
    if (delta == 0 || (limit - start) / delta < 0 || isnan((limit - start) / delta))
        return start == limit && delta != 0 ? 0 : -1;
    return ceil((limit - start) / delta);
}

static est_status range_infer(est_infer *c)
{
    const est_tensor *v[3];
    c->out[0] = est__unknown_shape(1);
    if (!est__infer_const(c, 0, &v[0]) || !est__infer_const(c, 1, &v[1]) || !est__infer_const(c, 2, &v[2]))
        return EST_OK;
    double n = range_count(est__tensor_get(v[0], 0), est__tensor_get(v[1], 0), est__tensor_get(v[2], 0));
    if (n < 0 || n > (double)(INT64_MAX / 16))
        return est__infer_fail(c, "delta does not lead from start to limit");
    c->out[0].dim[0] = (int64_t)n;
    return EST_OK;
}

static est_status range_cpu(est_kernel *k)
{
    double v[3];
    est_tensor *out;
    for (int i = 0; i < 3; i++) {
        if (est__tensor_elements(est__in(k, i)) != 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "start, limit and delta must be scalars");
        v[i] = est__tensor_get(est__in(k, i), 0);
    }
    double n = range_count(v[0], v[1], v[2]);
    if (n < 0 || n > (double)(INT64_MAX / 16))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%g does not lead from %g to %g", v[2], v[0], v[1]);
    est_shape s = EST_SHAPE((int64_t)n);
    EST_TRY(est__out(k, 0, &s, &out));
    switch (out->dtype) {
#define CASE(T, D, ...)                                                                             \
    case D: {                                                                                       \
        T start = *(const T *)est__in(k, 0)->data, delta = *(const T *)est__in(k, 2)->data;         \
        for (int64_t i = 0; i < s.dim[0]; i++)                                                      \
            ((T *)out->data)[i] = (T)(start + (T)i * delta);                                        \
        break;                                                                                      \
    }
    CASE(float, EST_FLOAT, )
    CASE(double, EST_DOUBLE, )
    CASE(int32_t, EST_INT32, )
    CASE(int64_t, EST_INT64, )
#undef CASE
    default: break;
    }
    return EST_OK;
}

/* ---- OneHot ---- */
static est_status one_hot_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    const est_tensor *depth;
    int axis;
    if (in->rank < 0)
        return EST_OK;
    if (in->rank == EST_MAX_RANK)
        return est__infer_fail(c, "rank %d is the most", EST_MAX_RANK);
    EST_TRY(est__infer_axis(c, est__attr_int(c->op, "axis"), in->rank + 1, &axis));
    est_shape s = { .rank = in->rank + 1 };
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = d == axis ? -1 : in->dim[d - (d > axis)];
    if (est__infer_const(c, 1, &depth))
        s.dim[axis] = est__int_at(depth, 0);
    c->out[0] = s;
    return EST_OK;
}

static est_status one_hot_prepare(const est_operation *op, void *state)
{
    *(int64_t *)state = est__attr_int(op, "axis");
    return EST_OK;
}

static est_status one_hot_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *depth = est__in(k, 1), *on = est__in(k, 2),
                     *off = est__in(k, 3);
    est_shape s = { .rank = indices->shape.rank + 1 };
    int64_t n = est__tensor_elements(depth) == 1 ? est__int_at(depth, 0) : -1, inner = 1, outer = 1;
    int axis;
    est_tensor *out;
    if (n < 0 || indices->shape.rank == EST_MAX_RANK || est__tensor_elements(on) != 1 ||
        est__tensor_elements(off) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "depth must be one number that is not negative, on and off scalars");
    EST_TRY(est__in_axis(k, *(const int64_t *)k->state, s.rank, &axis));
    for (int d = 0; d < s.rank; d++) {
        s.dim[d] = d == axis ? n : indices->shape.dim[d - (d > axis)];
        if (d < axis)
            outer *= s.dim[d];
        if (d > axis)
            inner *= s.dim[d];
    }
    if (n > 0 && outer * inner > INT64_MAX / 16 / n)
        return est__kernel_fail(k, EST_RESOURCE_EXHAUSTED, "a depth of %lld is too large", (long long)n);
    size_t size = est_dtype_size(on->dtype);
    EST_TRY(est__out(k, 0, &s, &out));
    est__broadcast b = { .rank = 1, .dim = { outer * n * inner } };
    est__broadcast_read(&b, off->data, size, 0, b.dim[0], out->data);
    for (int64_t i = 0; i < outer * inner; i++) {
        int64_t v = indices->dtype == EST_UINT8 ? ((const uint8_t *)indices->data)[i]
                                                : est__int_at(indices, i);
        if (v >= 0 && v < n)
            memcpy((char *)out->data + (size_t)((i / inner * n + v) * inner + i % inner) * size, on->data,
                   size);
    }
    return EST_OK;
}

est_node *est_one_hot(est_graph *g, est_node *indices, int64_t depth, double on, double off)
{
    return est_op(g, "OneHot", NULL,
                  EST_NODES(indices, est_constant_int(g, EST_INT32, depth), est_constant_float(g, on),
                            est_constant_float(g, off)),
                  EST_NO_ATTRS);
}

EST_OPS(
    fill,
    { .tf_name = "Fill",
      .signature = "dims: index_type, value: T -> output: T; T: type; index_type: {int32, int64} = int32",
      .infer = fill_infer,
      .cpu = fill_cpu,
      .grad = fill_grad },
    { .tf_name = "ZerosLike",
      .signature = "x: T -> y: T; T: type",
      .infer = est__infer_same,
      .cpu = zeros_cpu,
      .grad = est__grad_none,
      .flags = EST_OP_VARIANTS },
    { .tf_name = "OnesLike",
      .signature =
          "x: T -> y: T; T: {float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64, bool}",
      .infer = est__infer_same,
      .cpu = ones_cpu,
      .grad = est__grad_none },
    { .tf_name = "Range",
      .signature = "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx; Tidx: {float, double, int32, "
                   "int64} = int32",
      .infer = range_infer,
      .cpu = range_cpu,
      .grad = est__grad_none },
    { .tf_name = "OneHot",
      .signature = "indices: TI, depth: int32, on_value: T, off_value: T -> output: T; axis: int = -1; "
                   "T: {float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64, bool}; "
                   "TI: {uint8, int32, int64} = int64",
      .infer = one_hot_infer,
      .cpu = one_hot_cpu,
      .grad = est__grad_none,
      .state_size = sizeof(int64_t),
      .prepare = one_hot_prepare });
