/* Tensors taken apart along an axis: Unpack, Split, SplitV. */
#include "ops/ops.h"

/* Of strings: views, one after the other. */
static est_status cut_strings(est_kernel *k, const est_tensor *from, int axis, const int64_t *size, const est_shape *shape)
{
    int64_t begin = 0;
    for (int i = 0; i < k->num_out; begin += size[i++]) {
        est__view v = { .from = from, .rank = from->shape.rank };
        est__strides(&from->shape, v.stride);
        memcpy(v.dim, from->shape.dim, sizeof from->shape.dim);
        v.dim[axis] = size[i];
        v.start = begin * v.stride[axis];
        EST_TRY(est__view_out(k, i, &shape[i], &v));
    }
    return EST_OK;
}

/* Of numbers: row by row, all at once. */
static est_status cut_numbers(est_kernel *k, const est_tensor *from, int axis, const int64_t *size, const est_shape *shape)
{
    const est_shape *s = &from->shape;
    const size_t n = (size_t)k->num_out,
                 inner = (size_t)est__dims_product(s->dim + axis + 1, s->rank - axis - 1) * est_dtype_size(from->dtype);
    est__pieces p = { .apart = true, .count = k->num_out, .outer = est__dims_product(s->dim, axis), .whole = from->data };
    p.piece = est__scratch(k, n * sizeof *p.piece);
    p.size = est__scratch(k, n * sizeof *p.size);
    if (p.piece == NULL || p.size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int i = 0; i < k->num_out; i++) {
        est_tensor *out;
        EST_TRY(est__out(k, i, &shape[i], &out));
        p.piece[i] = out->data;
        p.row += p.size[i] = (size_t)size[i] * inner;
    }
    est__copy_pieces(k, &p);
    return EST_OK;
}

/* Outputs are pieces of those sizes along an axis, which Unpack drops and the others keep. */
static est_status cut(est_kernel *k, const est_tensor *from, int axis, const int64_t *size, bool keep)
{
    est_shape *shape = est__scratch(k, (size_t)k->num_out * sizeof *shape);
    if (shape == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int i = 0; i < k->num_out; i++) {
        est_shape *s = &shape[i];
        *s = from->shape;
        s->dim[axis] = size[i];
        if (!keep) {
            memmove(s->dim + axis, s->dim + axis + 1, (size_t)(s->rank - axis - 1) * sizeof s->dim[0]);
            s->rank--;
        }
    }
    return (from->dtype == EST_STRING ? cut_strings : cut_numbers)(k, from, axis, size, shape);
}

static est_status cut_evenly(est_kernel *k, const est_tensor *from, int axis, bool keep)
{
    int64_t *size = est__scratch(k, (size_t)k->num_out * sizeof *size);
    if (size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int i = 0; i < k->num_out; i++)
        size[i] = from->shape.dim[axis] / k->num_out;
    return cut(k, from, axis, size, keep);
}

/* ---- Unpack ---- */
static est_status unpack_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    est_shape s = { .rank = in->rank - 1 };
    int axis;
    if (in->rank < 0)
        return EST_OK;
    EST_TRY(est__infer_axis(c, est__attr_int(c->op, "axis"), in->rank, &axis));
    if (in->dim[axis] >= 0 && in->dim[axis] != c->op->num_outputs)
        return est__infer_fail(c, "axis %d has %lld, num is %d", axis, (long long)in->dim[axis],
                               c->op->num_outputs);
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = in->dim[d + (d >= axis)];
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = s;
    return EST_OK;
}

static est_status unpack_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0);
    int axis;
    EST_TRY(est__in_axis(k, *(const int64_t *)k->state, from->shape.rank, &axis));
    if (from->shape.dim[axis] != k->num_out)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "axis %d has %lld, num is %d", axis,
                                (long long)from->shape.dim[axis], k->num_out);
    return cut_evenly(k, from, axis, false);
}

/* What flows back into each output; zeros where nothing does. */
static void gathered(est_grad *b, est_node **to)
{
    for (int i = 0; i < b->op->num_outputs; i++)
        to[i] = b->dy[i] ? b->dy[i] : EST_OP1(b->g, "ZerosLike", b->y[i]);
}

static bool too_many(est_grad *b)
{
    if (b->op->num_outputs < 256)
        return false;
    est__graph_fail(b->g, EST_UNIMPLEMENTED, "the gradient of '%s' with %d outputs", b->op->name,
                    b->op->num_outputs);
    return true;
}

static void unpack_grad(est_grad *b)
{
    est_node *dy[256];
    if (too_many(b))
        return;
    gathered(b, dy);
    b->dx[0] = est_pack(b->g, (est_nodes){ dy, (size_t)b->op->num_outputs }, est__attr_int(b->op, "axis"));
}

/* ---- Split: equal pieces ---- */
static est_status split_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 1);
    int axis;
    bool known;
    if (c->op->num_outputs == 0)
        return est__infer_fail(c, "num_split must be at least 1");
    if (s.rank < 0)
        return EST_OK;
    EST_TRY(est__infer_const_axis(c, 0, s.rank, &axis, &known));
    if (!known)
        s = est__unknown_shape(s.rank);
    else if (s.dim[axis] >= 0 && s.dim[axis] % c->op->num_outputs != 0)
        return est__infer_fail(c, "%lld cannot be split into %d equal parts", (long long)s.dim[axis],
                               c->op->num_outputs);
    else if (s.dim[axis] >= 0)
        s.dim[axis] /= c->op->num_outputs;
    for (int i = 0; i < c->op->num_outputs; i++)
        c->out[i] = s;
    return EST_OK;
}

static est_status split_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 1);
    int axis;
    if (est__tensor_elements(est__in(k, 0)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 0), 0), from->shape.rank, &axis));
    if (from->shape.dim[axis] % k->num_out != 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld cannot be split into %d equal parts",
                                (long long)from->shape.dim[axis], k->num_out);
    return cut_evenly(k, from, axis, true);
}

/* The pieces' gradients put together again; NULL: too many. */
static est_node *joined(est_grad *b, est_node *axis)
{
    est_node *in[257];
    if (too_many(b))
        return NULL;
    gathered(b, in);
    in[b->op->num_outputs] = axis;
    return est_op(b->g, "ConcatV2", NULL, (est_nodes){ in, (size_t)b->op->num_outputs + 1 }, EST_NO_ATTRS);
}

static void split_grad(est_grad *b)
{
    b->dx[1] = joined(b, b->x[0]);
}

/* ---- SplitV: each piece has its own size; one size may be -1, for what is left ---- */
static est_status split_v_infer(est_infer *c)
{
    const est_shape *x = est__infer_in(c, 0);
    const est_tensor *sizes;
    int axis;
    bool known;
    if (x->rank < 0)
        return EST_OK;
    EST_TRY(est__infer_const_axis(c, 2, x->rank, &axis, &known));
    for (int i = 0; i < c->op->num_outputs; i++) {
        c->out[i] = known ? *x : est__unknown_shape(x->rank);
        if (known)
            c->out[i].dim[axis] = est__infer_const(c, 1, &sizes) && i < est__tensor_elements(sizes) ? est__int_at(sizes, i) : -1;
    }
    return EST_OK;
}

static est_status sizes_in(est_kernel *k, int64_t whole, int64_t *size)
{
    int64_t left = whole;
    int open = -1;
    if (est__tensor_elements(est__in(k, 1)) != k->num_out)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a size for each of %d pieces is wanted", k->num_out);
    for (int i = 0; i < k->num_out; i++) {
        size[i] = est__int_at(est__in(k, 1), i);
        if (size[i] < -1 || size[i] > whole || (size[i] < 0 && open >= 0))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "piece %d of size %lld, of %lld", i, (long long)size[i],
                                    (long long)whole);
        if (size[i] < 0)
            open = i;
        else
            left -= size[i];
    }
    if (open >= 0)
        size[open] = left;
    return left < 0 || (open < 0 && left > 0)
               ? est__kernel_fail(k, EST_INVALID_ARGUMENT, "the pieces' sizes are not %lld together", (long long)whole)
               : EST_OK;
}

static est_status split_v_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    int64_t *size = est__scratch(k, ((size_t)k->num_out + 1) * sizeof *size);
    int axis;
    if (size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (est__tensor_elements(est__in(k, 2)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 2), 0), x->shape.rank, &axis));
    EST_TRY(sizes_in(k, x->shape.dim[axis], size));
    return cut(k, x, axis, size, true);
}

static void split_v_grad(est_grad *b)
{
    b->dx[0] = joined(b, b->x[2]);
}

EST_OPS(split,
        { .tf_name = "Unpack",
          .signature = "value: T -> output: num*T; num: int; T: type; axis: int = 0",
          .infer = unpack_infer,
          .cpu = unpack_cpu,
          .grad = unpack_grad,
          .state_size = sizeof(int64_t),
          .prepare = est__prepare_axis },
        { .tf_name = "Split",
          .signature = "split_dim: int32, value: T -> output: num_split*T; num_split: int; T: type",
          .infer = split_infer,
          .cpu = split_cpu,
          .grad = split_grad },
        { .tf_name = "SplitV",
          .signature = "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T; num_split: int; T: type; "
                       "Tlen: {int32, int64} = int64",
          .infer = split_v_infer, .cpu = split_v_cpu, .grad = split_v_grad });
