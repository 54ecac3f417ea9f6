/* Tensors put together, repeated and turned: ConcatV2, Pack, Tile, Transpose. */
#include "ops/ops.h"

/* ---- ConcatV2 and Pack: runs of the inputs in turn ---- */
typedef struct parts {
    const est_kernel *k;
    int count;
    int64_t outer, *run;
} parts;

static void parts_walk(est__runs *r, void *arg)
{
    const parts *p = arg;
    for (int64_t o = 0; o < p->outer; o++)
        for (int i = 0; i < p->count; i++)
            est__copy_run(r, est__in(p->k, i), o * p->run[i], p->run[i]);
}

static est_status join_numbers(est_kernel *k, const parts *p, const est_shape *s)
{
    const size_t n = (size_t)p->count, element = est_dtype_size(est__in_dtype(k, 0));
    est__pieces pieces = { .count = p->count, .outer = p->outer };
    est_tensor *out;
    EST_TRY(est__out(k, 0, s, &out));
    pieces.whole = out->data;
    pieces.piece = est__scratch(k, n * sizeof *pieces.piece);
    pieces.size = est__scratch(k, n * sizeof *pieces.size);
    if (pieces.piece == NULL || pieces.size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < n; i++) {
        pieces.piece[i] = est__in(k, (int)i)->data;
        pieces.row += pieces.size[i] = (size_t)p->run[i] * element;
    }
    est__copy_pieces(k, &pieces);
    return EST_OK;
}

static est_status join(est_kernel *k, int count, const est_shape *s, int axis)
{
    parts p = { .k = k, .count = count, .outer = est__dims_product(s->dim, axis) };
    p.run = est__scratch(k, (size_t)count * sizeof *p.run);
    if (p.run == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int i = 0; i < count; i++)
        p.run[i] = est__dims_product(est__in(k, i)->shape.dim + axis, est__in(k, i)->shape.rank - axis);
    if (est__in_dtype(k, 0) != EST_STRING)
        return join_numbers(k, &p, s);
    return est__runs_out(k, 0, est__in_dtype(k, 0), s, parts_walk, &p);
}

static est_status concat_infer(est_infer *c)
{
    int count = c->op->num_inputs - 1, axis = 0, rank = -1;
    bool known;
    for (int i = 0; i < count; i++)
        if (est__infer_in(c, i)->rank >= 0)
            rank = est__infer_in(c, i)->rank;
    if (rank < 0)
        return EST_OK;
    if (rank == 0)
        return est__infer_fail(c, "scalars cannot be concatenated");
    EST_TRY(est__infer_const_axis(c, count, rank, &axis, &known));
    est_shape out = est__unknown_shape(rank);
    int64_t sum = 0;
    for (int i = 0; i < count && known; i++) {
        est_shape s = *est__infer_in(c, i);
        if (s.rank < 0) {
            sum = -1;
            continue;
        }
        if (s.rank != rank)
            return est__infer_fail(c, "input %d has rank %d, another %d", i, s.rank, rank);
        sum = sum < 0 || s.dim[axis] < 0 ? -1 : sum + s.dim[axis];
        s.dim[axis] = -1;
        EST_TRY(est__shape_merge(c, &out, &s, &out));
    }
    if (known)
        out.dim[axis] = sum;
    c->out[0] = out;
    return EST_OK;
}

static est_status concat_cpu(est_kernel *k)
{
    int count = k->num_in - 1;
    est_shape s = est__in(k, 0)->shape;
    int axis;
    if (est__tensor_elements(est__in(k, count)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, count), 0), s.rank, &axis));
    for (int i = 1; i < count; i++) {
        const est_shape *t = &est__in(k, i)->shape;
        bool fits = t->rank == s.rank;
        for (int d = 0; fits && d < s.rank; d++)
            fits = d == axis || t->dim[d] == s.dim[d];
        if (!fits) {
            char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
            return est__kernel_fail(
                k, EST_INVALID_ARGUMENT, "input %d is %s, which does not fit %s along axis %d", i,
                est__shape_string(a, t), est__shape_string(b, &est__in(k, 0)->shape), axis);
        }
        s.dim[axis] += t->dim[axis];
    }
    return join(k, count, &s, axis);
}

/* Where each input of a concatenation begins in the result, by the shapes of all. */
static est_status concat_offset_infer(est_infer *c)
{
    for (int i = 1; i < c->op->num_inputs; i++)
        c->out[i - 1] = *est__infer_in(c, i);
    return EST_OK;
}

static est_status concat_offset_cpu(est_kernel *k)
{
    const est_tensor *first = est__in(k, 1);
    int64_t rank = est__tensor_elements(first), at = 0;
    int axis;
    if (est__tensor_elements(est__in(k, 0)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 0), 0), (int)rank, &axis));
    for (int i = 1; i < k->num_in; i++) {
        const est_tensor *s = est__in(k, i);
        est_tensor *out;
        bool fits = s->shape.rank == 1 && est__tensor_elements(s) == rank;
        for (int64_t d = 0; fits && d < rank; d++)
            fits = d == axis || est__int_at(s, d) == est__int_at(first, d);
        if (!fits)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "shape %d does not fit the first one along axis %d", i - 1, axis);
        EST_TRY(est__out(k, i - 1, &s->shape, &out));
        memset(out->data, 0, (size_t)rank * est_dtype_size(out->dtype));
        if (out->dtype == EST_INT32)
            ((int32_t *)out->data)[axis] = (int32_t)at;
        else
            ((int64_t *)out->data)[axis] = at;
        if (__builtin_add_overflow(at, est__int_at(s, axis), &at))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the shapes are too large");
    }
    return EST_OK;
}

/* Pieces of known sizes: taken apart at once. */
static bool split_known(est_grad *b, int count, int rank, int axis)
{
    est_graph *g = b->g;
    int64_t size[256];
    if (count < 2 || count > 255)
        return false;
    for (int i = 0; i < count; i++) {
        const est_shape *s = est_node_shape(b->x[i]);
        if (s->rank != rank || s->dim[axis] < 0)
            return false;
        size[i] = s->dim[axis];
    }
    est_node *pieces = est_op(g, "SplitV", NULL, EST_NODES(b->dy[0], est_constant_ints(g, EST_INT64, (est_ints){ size, (size_t)count }),
                                                           est_constant_int(g, EST_INT32, axis)),
                              EST_ATTRS(EST_INT_ATTR("num_split", count)));
    for (int i = 0; i < count; i++)
        b->dx[i] = est_node_output(pieces, i);
    return true;
}

/* Each input's gradient is a piece; where sizes are not known, slices from offsets that nodes add up. */
static void concat_grad(est_grad *b)
{
    est_graph *g = b->g;
    int count = b->op->num_inputs - 1, rank = -1, axis = 0;
    const est_tensor *value = est__const_value(b->x[count]);
    for (int i = 0; i < count; i++)
        if (est_node_shape(b->x[i])->rank >= 0)
            rank = est_node_shape(b->x[i])->rank;
    if (rank < 0 || value == NULL) {
        est__graph_fail(g, EST_UNIMPLEMENTED,
                        "the gradient of ConcatV2 '%s' needs a known rank and a constant axis", b->op->name);
        return;
    }
    axis = (int)est__int_at(value, 0);
    axis += axis < 0 ? rank : 0;
    if (split_known(b, count, rank, axis))
        return;
    int64_t begin[EST_MAX_RANK] = { 0 }, pick[EST_MAX_RANK] = { 0 };
    est_node *offset = NULL;   /* NULL: known, in `begin` */
    pick[axis] = 1;
    for (int i = 0; i < count; i++) {
        est_node *size = est__shape_node(g, b->x[i]);
        const est_shape *s = est_node_shape(b->x[i]);
        b->dx[i] = EST_OP3(g, "Slice", b->dy[0], offset ? offset : est__ints(g, begin, rank), size);
        if (i == count - 1)
            break;
        if (offset == NULL && s->rank >= 0 && s->dim[axis] >= 0) {
            begin[axis] += s->dim[axis];
        } else {
            est_node *step = EST_OP2(g, "Mul", size, est__ints(g, pick, rank));
            offset = EST_OP2(g, "AddV2", offset ? offset : est__ints(g, begin, rank), step);
        }
    }
}

est_node *est_concat(est_graph *g, est_nodes values, int64_t axis)
{
    est_node *in[256];
    if (values.count == 0 || values.count >= sizeof in / sizeof in[0])
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "concat of %zu tensors; wanted 1 to 255",
                               values.count);
    memcpy(in, values.data, values.count * sizeof in[0]);
    in[values.count] = est_constant_int(g, EST_INT32, axis);
    return est_op(g, "ConcatV2", NULL, (est_nodes){ in, values.count + 1 }, EST_NO_ATTRS);
}

static est_status pack_infer(est_infer *c)
{
    est_shape in = *est__infer_in(c, 0), s;
    int axis;
    for (int i = 1; i < c->op->num_inputs; i++)
        EST_TRY(est__shape_merge(c, &in, est__infer_in(c, i), &in));
    if (in.rank < 0)
        return EST_OK;
    if (in.rank == EST_MAX_RANK)
        return est__infer_fail(c, "rank %d is the most", EST_MAX_RANK);
    EST_TRY(est__infer_axis(c, est__attr_int(c->op, "axis"), in.rank + 1, &axis));
    s = est__unknown_shape(in.rank + 1);
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = d == axis ? c->op->num_inputs : in.dim[d - (d > axis)];
    c->out[0] = s;
    return EST_OK;
}

static est_status pack_cpu(est_kernel *k)
{
    const est_shape *in = &est__in(k, 0)->shape;
    int count = k->num_in;
    est_shape s = { .rank = in->rank + 1 };
    int axis;
    if (in->rank == EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "rank %d is the most", EST_MAX_RANK);
    EST_TRY(est__in_axis(k, *(const int64_t *)k->state, s.rank, &axis));
    for (int i = 1; i < count; i++)
        if (!est_shape_equal(in, &est__in(k, i)->shape))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d has another shape than input 0", i);
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = d == axis ? count : in->dim[d - (d > axis)];
    return join(k, count, &s, axis);
}

static void pack_grad(est_grad *b)
{
    est_node *rows = est_op(b->g, "Unpack", NULL, EST_NODES(b->dy[0]),
                            EST_ATTRS(EST_INT_ATTR("num", b->op->num_inputs),
                                      EST_INT_ATTR("axis", est__attr_int(b->op, "axis"))));
    for (int i = 0; i < b->op->num_inputs; i++)
        b->dx[i] = est_node_output(rows, i);
}

est_node *est_pack(est_graph *g, est_nodes values, int64_t axis)
{
    return est_op(g, "Pack", NULL, values, EST_ATTRS(EST_INT_ATTR("axis", axis)));
}

/* ---- Tile: each dimension is seen as (multiple, dimension), the first with stride 0 ---- */
static est_status tile_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 0), times;
    if (s.rank < 0)
        return EST_OK;
    if (!est__infer_value_as_shape(c, 1, &times) || times.rank < 0) {
        c->out[0] = est__unknown_shape(s.rank);
        return EST_OK;
    }
    if (times.rank != s.rank)
        return est__infer_fail(c, "%d multiples for rank %d", times.rank, s.rank);
    for (int d = 0; d < s.rank; d++) {
        bool countable = s.dim[d] >= 0 && times.dim[d] >= 0 && (s.dim[d] == 0 || times.dim[d] <= INT64_MAX / s.dim[d]);
        s.dim[d] = countable ? s.dim[d] * times.dim[d] : -1;
    }
    c->out[0] = s;
    return EST_OK;
}

static est_status tile_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0);
    est__view v = { .from = from, .rank = 2 * from->shape.rank };
    int64_t stride[EST_MAX_RANK], elements = 1;
    est_shape times, s = from->shape;
    EST_TRY(est__in_shape(k, 1, &times));
    if (times.rank != s.rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%d multiples for rank %d", times.rank, s.rank);
    est__strides(&s, stride);
    for (int d = 0; d < s.rank; d++) {
        v.dim[2 * d] = times.dim[d];
        v.dim[2 * d + 1] = s.dim[d];
        v.stride[2 * d + 1] = stride[d];
        if (times.dim[d] > 0 && s.dim[d] > INT64_MAX / 16 / times.dim[d] / (elements ? elements : 1))
            return est__kernel_fail(k, EST_RESOURCE_EXHAUSTED, "the result is too large");
        s.dim[d] *= times.dim[d];
        elements *= s.dim[d];
    }
    return est__view_out(k, 0, &s, &v);
}

/* dy, cut into (multiple, dimension) pairs, summed over the multiples. */
static void tile_grad(est_grad *b)
{
    est_graph *g = b->g;
    int rank = est_node_shape(b->x[0])->rank;
    int64_t axes[EST_MAX_RANK];
    if (rank < 0 || 2 * rank > EST_MAX_RANK) {
        est__graph_fail(g, EST_UNIMPLEMENTED, "the gradient of Tile '%s' of rank %d; up to %d is",
                        b->op->name, rank, EST_MAX_RANK / 2);
        return;
    }
    for (int d = 0; d < rank; d++)
        axes[d] = 2 * d;
    est_node *shape = est__shape_node(g, b->x[0]);
    est_node *pairs = est_pack(g, EST_NODES(est_cast(g, b->x[1], EST_INT32), shape), 1);
    est_node *cut_up = EST_OP2(g, "Reshape", b->dy[0], est_reshape(g, pairs, EST_INTS(-1)));
    b->dx[0] = est__reshape_like(g, est_reduce_sum(g, cut_up, (est_ints){ axes, (size_t)rank }, false),
                                 b->x[0]);
}

est_node *est_tile(est_graph *g, est_node *x, est_ints multiples)
{
    return EST_OP2(g, "Tile", x, est_constant_ints(g, EST_INT32, multiples));
}

/* ---- Transpose ---- */
static est_status transpose_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    const est_tensor *perm;
    est_shape s = est__unknown_shape(in->rank);
    if (in->rank >= 0 && est__infer_const(c, 1, &perm)) {
        if (est__tensor_elements(perm) != in->rank)
            return est__infer_fail(c, "perm has %lld entries for rank %d",
                                   (long long)est__tensor_elements(perm), in->rank);
        for (int d = 0; d < s.rank; d++) {
            int axis;
            EST_TRY(est__infer_axis(c, est__int_at(perm, d), in->rank, &axis));
            s.dim[d] = in->dim[axis];
        }
    }
    c->out[0] = s;
    return EST_OK;
}

static est_status transpose_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0), *perm = est__in(k, 1);
    est__view v = { .from = from, .rank = from->shape.rank };
    int64_t stride[EST_MAX_RANK];
    est_shape s = from->shape;
    unsigned seen = 0;
    if (perm->shape.rank != 1 || perm->shape.dim[0] != s.rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "perm must be a vector of %d", s.rank);
    est__strides(&from->shape, stride);
    for (int d = 0; d < s.rank; d++) {
        int axis;
        EST_TRY(est__in_axis(k, est__int_at(perm, d), s.rank, &axis));
        if (seen >> axis & 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "perm names axis %d twice", axis);
        seen |= 1u << axis;
        s.dim[d] = v.dim[d] = from->shape.dim[axis];
        v.stride[d] = stride[axis];
    }
    return est__view_out(k, 0, &s, &v);
}

static void transpose_grad(est_grad *b)
{
    int64_t back[EST_MAX_RANK];
    const est_tensor *perm = est__const_value(b->x[1]);
    if (perm == NULL) {
        est__graph_fail(b->g, EST_UNIMPLEMENTED, "the gradient of Transpose '%s' needs a constant perm",
                        b->op->name);
        return;
    }
    int rank = (int)est__tensor_elements(perm);
    for (int d = 0; d < rank; d++) {
        int64_t axis = est__int_at(perm, d);
        back[axis < 0 ? axis + rank : axis] = d;
    }
    b->dx[0] = EST_OP2(b->g, "Transpose", b->dy[0], est__ints(b->g, back, rank));
}

est_node *est_transpose(est_graph *g, est_node *x, est_ints perm)
{
    return EST_OP2(g, "Transpose", x, est_constant_ints(g, EST_INT32, perm));
}

EST_OPS(arrays,
        { .tf_name = "ConcatV2",
          .signature = "values: N*T, axis: Tidx -> output: T; N: int; T: type; Tidx: {int32, int64} = int32",
          .infer = concat_infer,
          .cpu = concat_cpu,
          .grad = concat_grad },
        { .tf_name = "ConcatOffset",
          .signature = "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type; N: int; shape_type: {int32, int64} = int32",
          .infer = concat_offset_infer,
          .cpu = concat_offset_cpu,
          .grad = est__grad_none },
        { .tf_name = "Pack",
          .signature = "values: N*T -> output: T; N: int; T: type; axis: int = 0",
          .infer = pack_infer,
          .cpu = pack_cpu,
          .grad = pack_grad,
          .state_size = sizeof(int64_t),
          .prepare = est__prepare_axis },
        { .tf_name = "Tile",
          .signature =
              "input: T, multiples: Tmultiples -> output: T; T: type; Tmultiples: {int32, int64} = int32",
          .infer = tile_infer,
          .cpu = tile_cpu,
          .grad = tile_grad },
        { .tf_name = "Transpose",
          .signature = "x: T, perm: Tperm -> y: T; T: type; Tperm: {int32, int64} = int32",
          .infer = transpose_infer,
          .cpu = transpose_cpu,
          .grad = transpose_grad });
