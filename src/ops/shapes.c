/* Shapes as values, and the same elements under another shape. */
#include "ops/ops.h"

static void put_int(est_tensor *t, int64_t i, int64_t v)
{
    if (t->dtype == EST_INT32)
        ((int32_t *)t->data)[i] = (int32_t)v;
    else
        ((int64_t *)t->data)[i] = v;
}

/* ---- Shape, ShapeN, Size, Rank ---- */
static est_status shape_infer(est_infer *c)
{
    for (int i = 0; i < c->op->num_inputs; i++)
        c->out[i] = est_shape_of(1, &(int64_t){ est__infer_in(c, i)->rank });
    return EST_OK;
}

static est_status shape_cpu(est_kernel *k)
{
    for (int i = 0; i < k->num_in; i++) {
        const est_shape *s = &est__in(k, i)->shape;
        est_shape count = EST_SHAPE(s->rank);
        est_tensor *out;
        EST_TRY(est__out(k, i, &count, &out));
        for (int d = 0; d < s->rank; d++)
            put_int(out, d, s->dim[d]);
    }
    return EST_OK;
}

static est_status one_number(est_kernel *k, int64_t v)
{
    const est_shape scalar = { 0 };
    est_tensor *out;
    EST_TRY(est__out(k, 0, &scalar, &out));
    put_int(out, 0, v);
    return EST_OK;
}

static est_status size_cpu(est_kernel *k)
{
    return one_number(k, est__tensor_elements(est__in(k, 0)));
}

static est_status rank_cpu(est_kernel *k)
{
    return one_number(k, est__in(k, 0)->shape.rank);
}

est_node *est__shape_node(est_graph *g, est_node *n)
{
    const est_shape *s = est_node_shape(n);
    if (!est__is_nil(n) && est__shape_known(s))
        return est_constant_ints(g, EST_INT32, (est_ints){ s->dim, (size_t)s->rank });
    return EST_OP1(g, "Shape", n);
}

est_node *est_shape_of_node(est_graph *g, est_node *x)
{
    return EST_OP1(g, "Shape", x);
}

/* ---- Reshape: one dimension of the shape may be -1 ---- */
static est_status reshape_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    int64_t elements = est_shape_elements(in), known = 1;
    est_shape s;
    int open = -1, opens = 0;
    if (!est__infer_value_as_shape(c, 1, &s) || s.rank < 0)
        return EST_OK;
    for (int d = 0; d < s.rank; d++) {
        if (s.dim[d] < 0)
            open = d, opens++;
        else if (s.dim[d] > 0 && known > INT64_MAX / s.dim[d])
            return est__infer_fail(c, "the shape is too large");
        else
            known *= s.dim[d];
    }
    const est_tensor *value;
    bool constant = est__infer_const(c, 1, &value);
    if (elements >= 0 && opens == 0 && elements != known)
        return est__infer_fail(c, "%lld elements do not fit the shape of %lld", (long long)elements,
                               (long long)known);
    if (elements >= 0 && opens == 1 && known > 0) {
        if (constant && elements % known != 0)
            return est__infer_fail(c, "%lld elements cannot be cut into rows of %lld", (long long)elements,
                                   (long long)known);
        s.dim[open] = elements / known;
    }
    c->out[0] = s;
    return EST_OK;
}

static est_status reshape_cpu(est_kernel *k)
{
    const est_tensor *t = est__in(k, 1);
    int64_t elements = est__tensor_elements(est__in(k, 0)), known = 1, n = est__tensor_elements(t);
    est_shape s = { .rank = (int)n };
    int open = -1;
    if (t->shape.rank > 1 || n > EST_MAX_RANK)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a shape is a vector of at most %d numbers",
                                EST_MAX_RANK);
    for (int d = 0; d < s.rank; d++) {
        s.dim[d] = est__int_at(t, d);
        if (s.dim[d] == -1 && open < 0)
            open = d;
        else if (s.dim[d] < 0 || (s.dim[d] > 0 && known > INT64_MAX / s.dim[d]))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dimension %d of the shape is %lld", d,
                                    (long long)s.dim[d]);
        else
            known *= s.dim[d];
    }
    if (open >= 0)
        s.dim[open] = known > 0 ? elements / known : 0;
    if (est_shape_elements(&s) != elements) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s does not fit the shape %s",
                                est__shape_string(a, &est__in(k, 0)->shape), est__shape_string(b, &s));
    }
    return est__out_share(k, 0, 0, &s);
}

est_node *est__reshape_like(est_graph *g, est_node *x, est_node *like)
{
    return EST_OP2(g, "Reshape", x, est__shape_node(g, like));
}

/* Of all ops that only give another shape. */
static void reshape_grad(est_grad *b)
{
    b->dx[0] = est__reshape_like(b->g, b->dy[0], b->x[0]);
}

est_node *est_reshape(est_graph *g, est_node *x, est_ints shape)
{
    return EST_OP2(g, "Reshape", x, est_constant_ints(g, EST_INT32, shape));
}

/* ---- ExpandDims, Squeeze ---- */
static est_status expand_dims_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    est_shape s;
    int axis;
    bool known;
    if (in->rank < 0)
        return EST_OK;
    if (in->rank == EST_MAX_RANK)
        return est__infer_fail(c, "rank %d is the most", EST_MAX_RANK);
    EST_TRY(est__infer_const_axis(c, 1, in->rank + 1, &axis, &known));
    s = est__unknown_shape(in->rank + 1);
    if (known)
        for (int d = 0; d < s.rank; d++)
            s.dim[d] = d == axis ? 1 : in->dim[d - (d > axis)];
    c->out[0] = s;
    return EST_OK;
}

static est_status expand_dims_cpu(est_kernel *k)
{
    const est_shape *in = &est__in(k, 0)->shape;
    est_shape s = { .rank = in->rank + 1 };
    int axis;
    if (in->rank == EST_MAX_RANK || est__tensor_elements(est__in(k, 1)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "wanted one axis and a rank below %d", EST_MAX_RANK);
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 1), 0), s.rank, &axis));
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = d == axis ? 1 : in->dim[d - (d > axis)];
    return est__out_share(k, 0, 0, &s);
}

est_node *est_expand_dims(est_graph *g, est_node *x, int64_t axis)
{
    return EST_OP2(g, "ExpandDims", x, est_constant_int(g, EST_INT32, axis));
}

/* The axes to squeeze as bits; a negative one counts from the end. False: outside the rank. */
static bool squeezed(const int64_t *axes, size_t n, int rank, unsigned *bits)
{
    *bits = 0;
    for (size_t i = 0; i < n; i++) {
        if (axes[i] < -rank || axes[i] >= rank)
            return false;
        *bits |= 1u << (axes[i] < 0 ? axes[i] + rank : axes[i]);
    }
    return true;
}

static est_status squeeze_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    const est_attr *a = est__attr(c->op, "squeeze_dims");
    est_shape s = { 0 };
    unsigned bits;
    if (in->rank < 0)
        return EST_OK;
    if (!squeezed(a->list.i, a->list.count, in->rank, &bits))
        return est__infer_fail(c, "an axis is outside the rank %d", in->rank);
    for (int d = 0; d < in->rank; d++) {
        bool named = bits >> d & 1;
        if (a->list.count == 0 && in->dim[d] < 0)
            return EST_OK;
        if (named && in->dim[d] >= 0 && in->dim[d] != 1)
            return est__infer_fail(c, "dimension %d is %lld, only 1 can be squeezed", d,
                                   (long long)in->dim[d]);
        if (!named && (a->list.count > 0 || in->dim[d] != 1))
            s.dim[s.rank++] = in->dim[d];
    }
    c->out[0] = s;
    return EST_OK;
}

static est_status squeeze_prepare(const est_operation *op, void *state)
{
    *(const est_attr **)state = est__attr(op, "squeeze_dims");
    return EST_OK;
}

static est_status squeeze_cpu(est_kernel *k)
{
    const est_attr *a = *(const est_attr *const *)k->state;
    const est_shape *in = &est__in(k, 0)->shape;
    est_shape s = { 0 };
    unsigned bits;
    if (!squeezed(a->list.i, a->list.count, in->rank, &bits))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "an axis is outside the rank %d", in->rank);
    for (int d = 0; d < in->rank; d++) {
        bool named = bits >> d & 1;
        if (named && in->dim[d] != 1)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dimension %d is %lld, only 1 can be squeezed",
                                    d, (long long)in->dim[d]);
        if (!named && (a->list.count > 0 || in->dim[d] != 1))
            s.dim[s.rank++] = in->dim[d];
    }
    return est__out_share(k, 0, 0, &s);
}

est_node *est_squeeze(est_graph *g, est_node *x, est_ints axes)
{
    est_attr a = { .name = "squeeze_dims",
                   .kind = EST_ATTR_INTS,
                   .list = { .count = axes.count, .i = axes.data } };
    return est_op(g, "Squeeze", NULL, EST_NODES(x), (est_attrs){ &a, 1 });
}

#define SIZES "out_type: {int32, int64} = int32"
EST_OPS(shapes,
        { .tf_name = "Shape",
          .signature = "input: T -> output: out_type; T: type; " SIZES,
          .infer = shape_infer,
          .cpu = shape_cpu,
          .grad = est__grad_none },
        { .tf_name = "ShapeN",
          .signature = "input: N*T -> output: N*out_type; N: int; T: type; " SIZES,
          .infer = shape_infer,
          .cpu = shape_cpu,
          .grad = est__grad_none },
        { .tf_name = "Size",
          .signature = "input: T -> output: out_type; T: type; " SIZES,
          .infer = est__infer_scalar,
          .cpu = size_cpu,
          .grad = est__grad_none },
        { .tf_name = "Rank",
          .signature = "input: T -> output: int32; T: type",
          .infer = est__infer_scalar,
          .cpu = rank_cpu,
          .grad = est__grad_none },
        { .tf_name = "Reshape",
          .signature = "tensor: T, shape: Tshape -> output: T; T: type; Tshape: {int32, int64} = int32",
          .infer = reshape_infer,
          .cpu = reshape_cpu,
          .grad = reshape_grad },
        { .tf_name = "ExpandDims",
          .signature = "input: T, dim: Tdim -> output: T; T: type; Tdim: {int32, int64} = int32",
          .infer = expand_dims_infer,
          .cpu = expand_dims_cpu,
          .grad = reshape_grad },
        { .tf_name = "Squeeze",
          .signature = "input: T -> output: T; T: type; squeeze_dims: list(int) = []",
          .infer = squeeze_infer,
          .cpu = squeeze_cpu,
          .grad = reshape_grad,
          .state_size = sizeof(est_attr *),
          .prepare = squeeze_prepare });
