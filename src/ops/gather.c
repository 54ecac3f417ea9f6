/* Parts picked by index, and sums put by index: GatherV2, GatherNd, ScatterNd, UnsortedSegmentSum,
 * SegmentSum. */
#include "ops/ops.h"

/* ---- GatherV2 ---- */
static est_status gather_infer(est_infer *c)
{
    const est_shape *params = est__infer_in(c, 0), *indices = est__infer_in(c, 1);
    int axis;
    bool known;
    if (est__attr_int(c->op, "batch_dims") != 0)
        return est__fail(EST_UNIMPLEMENTED, "GatherV2 '%s': batch_dims; only 0 is built in", c->op->name);
    if (params->rank < 0 || indices->rank < 0)
        return EST_OK;
    if (params->rank == 0)
        return est__infer_fail(c, "a scalar has nothing to gather");
    if (params->rank + indices->rank - 1 > EST_MAX_RANK)
        return est__infer_fail(c, "the result has more than %d dimensions", EST_MAX_RANK);
    EST_TRY(est__infer_const_axis(c, 2, params->rank, &axis, &known));
    est_shape s = est__unknown_shape(params->rank + indices->rank - 1);
    for (int d = 0; d < s.rank && known; d++)
        s.dim[d] = d < axis                   ? params->dim[d]
                   : d < axis + indices->rank ? indices->dim[d - axis]
                                              : params->dim[d - indices->rank + 1];
    c->out[0] = s;
    return EST_OK;
}

typedef struct gather {
    const est_tensor *params, *indices;
    int64_t outer, rows, inner, count;
} gather;

static void gather_walk(est__runs *r, void *arg)
{
    const gather *w = arg;
    for (int64_t o = 0; o < w->outer; o++)
        for (int64_t i = 0; i < w->count; i++)
            est__copy_run(r, w->params, (o * w->rows + est__int_at(w->indices, i)) * w->inner, w->inner);
}

static est_status gather_cpu(est_kernel *k)
{
    gather w = { .params = est__in(k, 0),
                 .indices = est__in(k, 1),
                 .count = est__tensor_elements(est__in(k, 1)) };
    const est_shape *p = &w.params->shape, *q = &w.indices->shape;
    int axis;
    if (est__tensor_elements(est__in(k, 2)) != 1 || p->rank + q->rank - 1 > EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "wanted one axis and a result of at most %d dimensions", EST_MAX_RANK);
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 2), 0), p->rank, &axis));
    est_shape s = { .rank = p->rank + q->rank - 1 };
    memcpy(s.dim, p->dim, (size_t)axis * sizeof s.dim[0]);
    memcpy(s.dim + axis, q->dim, (size_t)q->rank * sizeof s.dim[0]);
    memcpy(s.dim + axis + q->rank, p->dim + axis + 1, (size_t)(p->rank - axis - 1) * sizeof s.dim[0]);
    w.outer = est__dims_product(p->dim, axis);
    w.rows = p->dim[axis];
    w.inner = est__dims_product(p->dim + axis + 1, p->rank - axis - 1);
    for (int64_t i = 0; i < w.count; i++) {
        int64_t v = est__int_at(w.indices, i);
        if (v < 0 || v >= w.rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "indices[%lld] is %lld, outside [0, %lld)",
                                    (long long)i, (long long)v, (long long)w.rows);
    }
    return est__runs_out(k, 0, w.params->dtype, &s, gather_walk, &w);
}

/* Along axis 0 the gradient is sparse: the rows of dy and their indices. */
static void gather_rows_grad(est_grad *b, const est_shape *params)
{
    est_graph *g = b->g;
    int64_t shape[EST_MAX_RANK] = { -1 };
    bool known = params->rank > 0;
    for (int d = 1; d < params->rank; d++) {
        shape[d] = params->dim[d];
        known = known && shape[d] > 0;
    }
    est_node *rows;
    if (known) {
        rows = est_reshape(g, b->dy[0], (est_ints){ shape, (size_t)params->rank });
    } else {
        est_node *count = est_reshape(g, EST_OP1(g, "Size", b->x[1]), EST_INTS(1));
        est_node *rest = est_op(g, "StridedSlice", NULL,
                                EST_NODES(EST_OP1(g, "Shape", b->x[0]),
                                          est_constant_ints(g, EST_INT32, EST_INTS(1)),
                                          est_constant_ints(g, EST_INT32, EST_INTS(0)),
                                          est_constant_ints(g, EST_INT32, EST_INTS(1))),
                                EST_ATTRS(EST_INT_ATTR("end_mask", 1)));
        rows = EST_OP2(g, "Reshape", b->dy[0], est_concat(g, EST_NODES(count, rest), 0));
    }
    b->dx[0] = rows;
    b->dx_indices[0] = est_reshape(g, b->x[1], EST_INTS(-1));
}

/* Along another axis: dy turned so that the gathered dimensions come first, summed by index, turned back. */
static void gather_grad(est_grad *b)
{
    est_graph *g = b->g;
    const est_shape *params = est_node_shape(b->x[0]), *indices = est_node_shape(b->x[1]);
    const est_tensor *value = est__const_value(b->x[2]);
    int64_t axis = value ? est__int_at(value, 0) : -1, there[EST_MAX_RANK], back[EST_MAX_RANK];
    axis += value && axis < 0 && params->rank >= 0 ? params->rank : 0;
    if (value && axis == 0) {
        gather_rows_grad(b, params);
        return;
    }
    if (value == NULL || params->rank < 0 || indices->rank < 0) {
        est__graph_fail(g, EST_UNIMPLEMENTED,
                        "the gradient of GatherV2 '%s' needs a constant axis and known ranks", b->op->name);
        return;
    }
    int n = indices->rank, rank = params->rank + n - 1, at = (int)axis;
    for (int d = 0; d < rank; d++)
        there[d] = d < n ? at + d : d < n + at ? d - n : d;
    for (int d = 0; d < params->rank; d++)
        back[d] = d < at ? d + 1 : d == at ? 0 : d;
    est_node *turned = est_transpose(g, b->dy[0], (est_ints){ there, (size_t)rank });
    est_node *rows = est_strided_slice(g, est__shape_node(g, b->x[0]), EST_INTS(at), EST_INTS(at + 1),
                                       EST_INTS(1), 1);
    est_node *sum = EST_OP3(g, "UnsortedSegmentSum", turned, b->x[1], rows);
    b->dx[0] = est_transpose(g, sum, (est_ints){ back, (size_t)params->rank });
}

est_node *est_gather(est_graph *g, est_node *params, est_node *indices, int64_t axis)
{
    return EST_OP3(g, "GatherV2", params, indices, est_constant_int(g, EST_INT32, axis));
}

/* ---- GatherNd and ScatterNd: a row of the indices is a place in the first dimensions of the other ---- */
static est_status gather_nd_infer(est_infer *c)
{
    const est_shape *params = est__infer_in(c, 0), *indices = est__infer_in(c, 1);
    if (params->rank < 0 || indices->rank < 1 || indices->dim[indices->rank - 1] < 0)
        return EST_OK;
    int64_t depth = indices->dim[indices->rank - 1];
    if (depth > params->rank || indices->rank - 1 + params->rank - depth > EST_MAX_RANK)
        return est__infer_fail(c, "indices of %lld numbers for rank %d", (long long)depth, params->rank);
    est_shape s = { .rank = indices->rank - 1 };
    memcpy(s.dim, indices->dim, (size_t)s.rank * sizeof s.dim[0]);
    for (int d = (int)depth; d < params->rank; d++)
        s.dim[s.rank++] = params->dim[d];
    c->out[0] = s;
    return EST_OK;
}

typedef struct places {
    const est_tensor *from, *indices;
    int64_t depth, count, inner, stride[EST_MAX_RANK];
} places;

/* Which places `indices` names in a tensor of shape s; all are checked. */
static est_status read_places(est_kernel *k, const est_tensor *indices, const est_shape *s, places *p)
{
    const est_shape *q = &indices->shape;
    if (q->rank < 1 || q->dim[q->rank - 1] > s->rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "the last dimension of the indices must be at most %d", s->rank);
    p->indices = indices;
    p->depth = q->dim[q->rank - 1];
    p->count = est__dims_product(q->dim, q->rank - 1);
    p->inner = est__dims_product(s->dim + p->depth, s->rank - (int)p->depth);
    est__strides(s, p->stride);
    for (int64_t i = 0; i < p->count; i++)
        for (int64_t d = 0; d < p->depth; d++) {
            int64_t v = est__int_at(indices, i * p->depth + d);
            if (v < 0 || v >= s->dim[d])
                return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                        "indices[%lld] is %lld in dimension %lld, outside [0, %lld)",
                                        (long long)i, (long long)v, (long long)d, (long long)s->dim[d]);
        }
    return EST_OK;
}

static int64_t place(const places *p, int64_t i)
{
    int64_t at = 0;
    for (int64_t d = 0; d < p->depth; d++)
        at += est__int_at(p->indices, i * p->depth + d) * p->stride[d];
    return at;
}

static void gather_nd_walk(est__runs *r, void *arg)
{
    const places *p = arg;
    for (int64_t i = 0; i < p->count; i++)
        est__copy_run(r, p->from, place(p, i), p->inner);
}

static est_status gather_nd_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0), *indices = est__in(k, 1);
    places p = { .from = from };
    EST_TRY(read_places(k, indices, &from->shape, &p));
    est_shape s = { .rank = indices->shape.rank - 1 };
    if (s.rank + from->shape.rank - p.depth > EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the result has more than %d dimensions",
                                EST_MAX_RANK);
    memcpy(s.dim, indices->shape.dim, (size_t)s.rank * sizeof s.dim[0]);
    for (int d = (int)p.depth; d < from->shape.rank; d++)
        s.dim[s.rank++] = from->shape.dim[d];
    return est__runs_out(k, 0, from->dtype, &s, gather_nd_walk, &p);
}

static void gather_nd_grad(est_grad *b)
{
    est_node *shape = est_cast(b->g, est__shape_node(b->g, b->x[0]), est_node_dtype(b->x[1]));
    b->dx[0] = EST_OP3(b->g, "ScatterNd", b->x[1], b->dy[0], shape);
}

static est_status shape_from_input_infer(est_infer *c)
{
    est__infer_value_as_shape(c, 2, &c->out[0]);
    return EST_OK;
}

#define ADD_ROW(T, D, ...)                                         \
    static void add_row_##T(const T *x, T *y, int64_t n)           \
    {                                                              \
        for (int64_t i = 0; i < n; i++)                            \
            y[i] = (T)(y[i] + x[i]);                               \
    }
EST_SIGNED_NUMBERS(ADD_ROW, )

/* Adds row i of `from` (n elements) at element `at` of `to`. */
static void add_row(const est_tensor *from, int64_t i, est_tensor *to, int64_t at, int64_t n)
{
    switch (to->dtype) {
#define CASE(T, D, ...) case D: add_row_##T((const T *)from->data + i * n, (T *)to->data + at, n); break;
    EST_SIGNED_NUMBERS(CASE, )
#undef CASE
    default: break;
    }
}

static est_status scatter_nd_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *updates = est__in(k, 1);
    places p;
    est_shape s;
    est_tensor *out;
    EST_TRY(est__in_shape(k, 2, &s));
    EST_TRY(read_places(k, indices, &s, &p));
    if (est__tensor_elements(updates) != p.count * p.inner)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "updates have %lld elements, the indices name %lld",
                                (long long)est__tensor_elements(updates), (long long)(p.count * p.inner));
    EST_TRY(est__out(k, 0, &s, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    for (int64_t i = 0; i < p.count; i++)
        add_row(updates, i, out, place(&p, i), p.inner);
    return EST_OK;
}

static void scatter_nd_grad(est_grad *b)
{
    b->dx[1] = EST_OP2(b->g, "GatherNd", b->dy[0], b->x[0]);
}

/* ---- UnsortedSegmentSum: rows with a negative id are left out ---- */
static est_status segment_infer(est_infer *c)
{
    const est_shape *data = est__infer_in(c, 0), *ids = est__infer_in(c, 1);
    const est_tensor *count;
    if (data->rank < 0 || ids->rank < 0)
        return EST_OK;
    if (ids->rank > data->rank)
        return est__infer_fail(c, "segment_ids have more dimensions than data");
    est_shape s = { .rank = 1 + data->rank - ids->rank };
    s.dim[0] = est__infer_const(c, 2, &count) ? est__int_at(count, 0) : -1;
    for (int d = 1; d < s.rank; d++)
        s.dim[d] = data->dim[ids->rank + d - 1];
    c->out[0] = s;
    return EST_OK;
}

static est_status segment_cpu(est_kernel *k)
{
    const est_tensor *data = est__in(k, 0), *ids = est__in(k, 1);
    int n = ids->shape.rank;
    if (n > data->shape.rank ||
        memcmp(ids->shape.dim, data->shape.dim, (size_t)n * sizeof data->shape.dim[0]) != 0 ||
        est__tensor_elements(est__in(k, 2)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the shape of segment_ids must begin that of data");
    int64_t segments = est__int_at(est__in(k, 2), 0), rows = est__tensor_elements(ids);
    est_shape s = { .rank = 1 + data->shape.rank - n, .dim = { segments } };
    memcpy(s.dim + 1, data->shape.dim + n, (size_t)(s.rank - 1) * sizeof s.dim[0]);
    int64_t inner = est__dims_product(s.dim + 1, s.rank - 1);
    if (segments < 0 || segments > INT64_MAX / 16 / (inner > 0 ? inner : 1))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "num_segments is %lld", (long long)segments);
    for (int64_t i = 0; i < rows; i++)
        if (est__int_at(ids, i) >= segments)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "segment_ids[%lld] is %lld, num_segments is %lld", (long long)i,
                                    (long long)est__int_at(ids, i), (long long)segments);
    est_tensor *out;
    EST_TRY(est__out(k, 0, &s, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    for (int64_t i = 0; i < rows; i++)
        if (est__int_at(ids, i) >= 0)
            add_row(data, i, out, est__int_at(ids, i) * inner, inner);
    return EST_OK;
}

static void segment_grad(est_grad *b)      /* the rows of dy that the ids name; zero for negative ones */
{
    est_graph *g = b->g;
    est_node *zero = est_constant_int(g, est_node_dtype(b->x[1]), 0);
    est_node *rows = est_gather(g, b->dy[0], est_maximum(g, b->x[1], zero), 0);
    est_node *named = est_greater_equal(g, b->x[1], zero);
    int data = est_node_shape(b->x[0])->rank, ids = est_node_shape(b->x[1])->rank;
    if (data < 0 || ids < 0) {
        est__graph_fail(g, EST_UNIMPLEMENTED, "the gradient of UnsortedSegmentSum '%s' needs known ranks",
                        b->op->name);
        return;
    }
    for (int d = ids; d < data; d++)
        named = est_expand_dims(g, named, -1);
    b->dx[0] = est_where(g, named, rows, est__scalar_like(g, rows, 0));
}

/* ---- SegmentSum: ids do not descend, and the last one tells how many segments there are ---- */
static est_status sorted_infer(est_infer *c)
{
    const est_shape *data = est__infer_in(c, 0);
    if (data->rank == 0)
        return est__infer_fail(c, "the data is a scalar and has no rows");
    c->out[0] = *data;
    if (data->rank > 0)
        c->out[0].dim[0] = -1;
    return EST_OK;
}

static est_status sorted_cpu(est_kernel *k)
{
    const est_tensor *data = est__in(k, 0), *ids = est__in(k, 1);
    int64_t n = est__tensor_elements(ids), before = 0;
    if (data->shape.rank < 1 || ids->shape.rank != 1 || n != data->shape.dim[0])
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld segment ids; one for each row is wanted",
                                (long long)n);
    for (int64_t i = 0; i < n; i++) {
        int64_t id = est__int_at(ids, i);
        if (id < before || id >= INT32_MAX)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "segment id %lld is %lld, which is %s",
                                    (long long)i, (long long)id, id < before ? "less than the one before it" : "too large");
        before = id;
    }
    est_shape s = data->shape;
    est_tensor *out;
    s.dim[0] = n > 0 ? before + 1 : 0;
    int64_t inner = est__dims_product(s.dim + 1, s.rank - 1);
    EST_TRY(est__out(k, 0, &s, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    for (int64_t i = 0; i < n; i++)
        add_row(data, i, out, est__int_at(ids, i) * inner, inner);
    return EST_OK;
}

static void sorted_grad(est_grad *b)
{
    b->dx[0] = est_gather(b->g, b->dy[0], b->x[1], 0);
}

EST_OPS(
    gather,
    { .tf_name = "GatherV2",
      .signature = "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams; batch_dims: int = 0; "
                   "Tparams: type; "
                   "Tindices: {int32, int64}; Taxis: {int32, int64}",
      .infer = gather_infer,
      .cpu = gather_cpu,
      .grad = gather_grad },
    { .tf_name = "GatherNd",
      .signature =
          "params: Tparams, indices: Tindices -> output: Tparams; Tparams: type; Tindices: {int32, int64}",
      .infer = gather_nd_infer,
      .cpu = gather_nd_cpu,
      .grad = gather_nd_grad },
    { .tf_name = "ScatterNd",
      .signature = "indices: Tindices, updates: T, shape: Tindices -> output: T; T: " EST_SIG_SIGNED
                   "; Tindices: {int32, int64}",
      .infer = shape_from_input_infer,
      .cpu = scatter_nd_cpu,
      .grad = scatter_nd_grad },
    { .tf_name = "UnsortedSegmentSum",
      .signature =
          "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T; T: " EST_SIG_SIGNED
          "; Tindices: {int32, int64}; Tnumsegments: {int32, int64} = int32",
      .infer = segment_infer,
      .cpu = segment_cpu,
      .grad = segment_grad },
    { .tf_name = "SegmentSum",
      .signature = "data: T, segment_ids: Tindices -> output: T; T: " EST_SIG_SIGNED
                   "; Tindices: {int32, int64}",
      .infer = sorted_infer,
      .cpu = sorted_cpu,
      .grad = sorted_grad });
