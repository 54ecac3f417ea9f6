/* SplitV: pieces of a tensor along an axis, each of its own size; one size may be -1, for what is left. */
#include "ops/ops.h"

static est_status infer(est_infer *c)
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

static int64_t product(const est_shape *s, int begin, int end)
{
    int64_t n = 1;
    for (int d = begin; d < end; d++)
        n *= s->dim[d];
    return n;
}

static est_status split_numbers(est_kernel *k, int axis, const int64_t *size)
{
    const est_tensor *x = est__in(k, 0);
    const size_t n = (size_t)k->num_out, inner = (size_t)product(&x->shape, axis + 1, x->shape.rank) * est_dtype_size(x->dtype);
    est__pieces p = { .apart = true, .count = k->num_out, .outer = product(&x->shape, 0, axis), .whole = x->data };
    p.piece = est__scratch(k, n * sizeof *p.piece);
    p.size = est__scratch(k, n * sizeof *p.size);
    if (p.piece == NULL || p.size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int i = 0; i < k->num_out; i++) {
        est_shape shape = x->shape;
        est_tensor *out;
        shape.dim[axis] = size[i];
        EST_TRY(est__out(k, i, &shape, &out));
        p.piece[i] = out->data;
        p.row += p.size[i] = (size_t)size[i] * inner;
    }
    est__copy_pieces(k, &p);
    return EST_OK;
}

static est_status split_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    int64_t *size = est__scratch(k, ((size_t)k->num_out + 1) * sizeof *size), stride[EST_MAX_RANK], begin = 0;
    int axis;
    if (size == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (est__tensor_elements(est__in(k, 2)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 2), 0), x->shape.rank, &axis));
    EST_TRY(sizes_in(k, x->shape.dim[axis], size));
    if (x->dtype != EST_STRING)
        return split_numbers(k, axis, size);
    est__strides(&x->shape, stride);
    for (int i = 0; i < k->num_out; i++) {
        est_shape shape = x->shape;
        shape.dim[axis] = size[i];
        est__view view = { .from = x, .rank = shape.rank, .start = begin * stride[axis] };
        memcpy(view.dim, shape.dim, sizeof shape.dim);
        memcpy(view.stride, stride, sizeof stride);
        EST_TRY(est__view_out(k, i, &shape, &view));
        begin += size[i];
    }
    return EST_OK;
}

static void grad(est_grad *b)
{
    est_node *in[257];
    const int n = b->op->num_outputs;
    if (n > 255) {
        est__graph_fail(b->g, EST_UNIMPLEMENTED, "the gradient of SplitV '%s' with more than 255 pieces", b->op->name);
        return;
    }
    for (int i = 0; i < n; i++)
        in[i] = b->dy[i] ? b->dy[i] : est_zeros_like(b->g, b->y[i]);
    in[n] = b->x[2];
    b->dx[0] = est_op(b->g, "ConcatV2", NULL, (est_nodes){ in, (size_t)n + 1 }, EST_NO_ATTRS);
}

EST_OPS(split_v,
        { .tf_name = "SplitV",
          .signature = "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T; num_split: int; T: type; "
                       "Tlen: {int32, int64} = int64",
          .infer = infer, .cpu = split_cpu, .grad = grad });
