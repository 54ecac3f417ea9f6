/* Parts of a tensor and their way back: Slice, StridedSlice, StridedSliceGrad, Pad. */
#include "ops/ops.h"

/* ---- Slice: a size of -1 means the rest ---- */
static est_status slice_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    const est_tensor *begin, *size;
    est_shape s;
    int rank = in->rank;
    bool have_begin = est__infer_const(c, 1, &begin), have_size = est__infer_const(c, 2, &size);
    if (rank < 0 && have_size)
        rank = (int)est__tensor_elements(size);
    if (rank < 0)
        return EST_OK;
    if ((have_begin && est__tensor_elements(begin) != rank) ||
        (have_size && est__tensor_elements(size) != rank) || rank > EST_MAX_RANK)
        return est__infer_fail(c, "begin and size need %d numbers", rank);
    s = est__unknown_shape(rank);
    for (int d = 0; d < rank; d++) {
        int64_t at = have_begin ? est__int_at(begin, d) : -1, n = have_size ? est__int_at(size, d) : -1;
        if (have_size && n >= 0)
            s.dim[d] = n;
        else if (have_size && have_begin && in->rank >= 0 && in->dim[d] >= 0 && at >= 0)
            s.dim[d] = in->dim[d] - at;
        if (have_begin && in->rank >= 0 && in->dim[d] >= 0 &&
            (at < 0 || at > in->dim[d] || (n >= 0 && n > in->dim[d] - at)))
            return est__infer_fail(c, "dimension %d: %lld from %lld is outside %lld", d, (long long)n,
                                   (long long)at, (long long)in->dim[d]);
    }
    if (!have_size)
        est__infer_value_as_shape(c, 2, &s);
    c->out[0] = s;
    return EST_OK;
}

static est_status slice_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0), *begin = est__in(k, 1), *size = est__in(k, 2);
    est__view v = { .from = from, .rank = from->shape.rank };
    est_shape s = from->shape;
    if (est__tensor_elements(begin) != s.rank || est__tensor_elements(size) != s.rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "begin and size need %d numbers", s.rank);
    est__strides(&from->shape, v.stride);
    for (int d = 0; d < s.rank; d++) {
        int64_t at = est__int_at(begin, d), n = est__int_at(size, d), all = from->shape.dim[d];
        if (at < 0 || at > all || n < -1 || n > all - at)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dimension %d: %lld from %lld is outside %lld",
                                    d, (long long)n, (long long)at, (long long)all);
        s.dim[d] = v.dim[d] = n == -1 ? all - at : n;
        v.start += at * v.stride[d];
    }
    return est__view_out(k, 0, &s, &v);
}

static void slice_grad(est_grad *b)
{
    est_graph *g = b->g;
    int rank = est_node_shape(b->x[0])->rank;
    est_node *begin = est_cast(g, b->x[1], EST_INT32);
    if (rank < 0)
        rank = est_node_shape(b->y[0])->rank;
    if (rank < 0) {
        est__graph_fail(g, EST_UNIMPLEMENTED, "the gradient of Slice '%s' needs a known rank", b->op->name);
        return;
    }
    est_node *after = est_sub(g, est_sub(g, est__shape_node(g, b->x[0]), begin), est__shape_node(g, b->y[0]));
    b->dx[0] = EST_OP2(g, "Pad", b->dy[0], est_pack(g, EST_NODES(begin, after), 1));
}

est_node *est_slice(est_graph *g, est_node *x, est_ints begin, est_ints size)
{
    return EST_OP3(g, "Slice", x, est_constant_ints(g, EST_INT32, begin),
                   est_constant_ints(g, EST_INT32, size));
}

/* ---- StridedSlice: x[begin:end:stride, …] with its five masks, a bit for each entry ---- */
typedef struct masks {
    int64_t begin, end, ellipsis, new_axis, shrink;
} masks;

static est_status masks_prepare(const est_operation *op, void *state)
{
    *(masks *)state = (masks){ est__attr_int(op, "begin_mask"), est__attr_int(op, "end_mask"),
                               est__attr_int(op, "ellipsis_mask"), est__attr_int(op, "new_axis_mask"),
                               est__attr_int(op, "shrink_axis_mask") };
    return EST_OK;
}

/* What is taken of each dimension of the input, and the shape of it. Unknown lengths are -1. */
typedef struct cut {
    int64_t start[EST_MAX_RANK], stride[EST_MAX_RANK], length[EST_MAX_RANK];
    est_shape shape;
} cut;

/* begin:end:stride of a dimension of n elements. False: the index to be taken out is outside. */
static bool cut_dimension(cut *c, int d, int64_t n, const masks *m, int i, int64_t begin, int64_t end,
                          int64_t stride)
{
    int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? n : n - 1, length;
    c->stride[d] = stride;
    if (m->shrink >> i & 1) {
        c->start[d] = begin < 0 ? begin + n : begin;
        c->length[d] = 1;
        return n < 0 || (c->start[d] >= 0 && c->start[d] < n);
    }
    if (n < 0) {
        c->length[d] = -1;
        return true;
    }
    begin = m->begin >> i & 1 ? (stride > 0 ? low : high) : begin < 0 ? begin + n : begin;
    end = m->end >> i & 1 ? (stride > 0 ? high : low) : end < 0 ? end + n : end;
    begin = begin < low ? low : begin > high ? high : begin;
    end = end < low ? low : end > high ? high : end;
    length = end - begin;
    c->start[d] = begin;
    c->length[d] = length == 0 || (length < 0) != (stride < 0) ? 0 : length / stride + (length % stride != 0);
    return true;
}

static void add_dimension(cut *c, int64_t n)
{
    if (c->shape.rank < EST_MAX_RANK)
        c->shape.dim[c->shape.rank] = n;
    c->shape.rank++;
}

/* begin NULL: values unknown. Gives NULL, or what is wrong. */
static const char *plan_cut(const est_shape *in, const masks *m, const est_tensor *begin,
                            const est_tensor *end, const est_tensor *stride, int n, cut *c)
{
    int d = 0;
    bool ellipsis = false;
    *c = (cut){ 0 };
    if (n > 32)
        return "more than 32 entries";
    for (int i = 0; i <= n; i++) {
        if (i < n ? m->ellipsis >> i & 1 : !ellipsis) {   /* one at the end, when there is none */
            int rest = 0;
            if (ellipsis)
                return "two ellipses";
            ellipsis = true;
            for (int j = i + 1; j < n; j++)
                rest += !(m->new_axis >> j & 1);
            for (; d < in->rank - rest; d++) {
                c->stride[d] = 1;
                c->length[d] = in->dim[d];
                add_dimension(c, in->dim[d]);
            }
            continue;
        }
        if (i == n)
            break;
        if (m->new_axis >> i & 1) {
            add_dimension(c, 1);
            continue;
        }
        if (d >= in->rank)
            return "more entries than dimensions";
        int64_t step = begin ? est__int_at(stride, i) : 1;
        if (step == 0 || ((m->shrink >> i & 1) && step < 0))
            return "a stride of 0, or a negative one where a single element is taken";
        if (begin == NULL)
            c->length[d] = m->shrink >> i & 1 ? 1 : -1;
        else if (!cut_dimension(c, d, in->dim[d], m, i, est__int_at(begin, i), est__int_at(end, i), step))
            return "an index outside its dimension";
        if (!(m->shrink >> i & 1))
            add_dimension(c, c->length[d]);
        d++;
    }
    return c->shape.rank > EST_MAX_RANK ? "a result of too high a rank" : NULL;
}

static est_status strided_slice_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0), *spec = est__infer_in(c, 1);
    const est_tensor *v[3];
    masks m;
    cut cuts;
    if (in->rank < 0 || spec->rank != 1 || spec->dim[0] < 0)
        return EST_OK;
    masks_prepare(c->op, &m);
    bool known = true;
    for (int i = 0; i < 3; i++)
        known = est__infer_const(c, i + 1, &v[i]) && est__tensor_elements(v[i]) == spec->dim[0] && known;
    const char *wrong = plan_cut(in, &m, known ? v[0] : NULL, v[1], v[2],
                                 (int)(spec->dim[0] < 99 ? spec->dim[0] : 99), &cuts);
    if (wrong != NULL)
        return est__infer_fail(c, "%s", wrong);
    c->out[0] = cuts.shape;
    return EST_OK;
}

/* The cut that inputs first, first+1, first+2 say of a tensor of shape s. */
static est_status read_cut(est_kernel *k, int first, const est_shape *s, cut *c)
{
    int64_t n = est__tensor_elements(est__in(k, first));
    if (est__tensor_elements(est__in(k, first + 1)) != n || est__tensor_elements(est__in(k, first + 2)) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "begin, end and strides differ in length");
    const char *wrong = plan_cut(s, k->state, est__in(k, first), est__in(k, first + 1), est__in(k, first + 2),
                                 (int)(n < 99 ? n : 99), c);
    return wrong == NULL ? EST_OK : est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s", wrong);
}

static void view_of_cut(const cut *c, const est_shape *s, est__view *v)
{
    v->rank = s->rank;
    est__strides(s, v->stride);
    for (int d = 0; d < s->rank; d++) {
        v->start += c->start[d] * v->stride[d];
        v->stride[d] *= c->stride[d];
        v->dim[d] = c->length[d];
    }
}

static est_status strided_slice_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0);
    est__view v = { .from = from };
    cut c;
    EST_TRY(read_cut(k, 1, &from->shape, &c));
    view_of_cut(&c, &from->shape, &v);
    return est__view_out(k, 0, &c.shape, &v);
}

/* The masks of op, as attributes of another. */
static void copy_masks(const est_operation *op, est_attr a[5])
{
    static const char *const names[] = { "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                         "shrink_axis_mask" };
    for (int i = 0; i < 5; i++)
        a[i] = EST_INT_ATTR(names[i], est__attr_int(op, names[i]));
}

static void strided_slice_grad(est_grad *b)
{
    est_attr a[5];
    copy_masks(b->op, a);
    est_node *shape = est__shape_node(b->g, b->x[0]);
    if (est_node_dtype(b->x[1]) != EST_INT32)
        shape = est_cast(b->g, shape, est_node_dtype(b->x[1]));
    b->dx[0] = est_op(b->g, "StridedSliceGrad", NULL, EST_NODES(shape, b->x[1], b->x[2], b->x[3], b->dy[0]),
                      (est_attrs){ a, 5 });
}

est_node *est_strided_slice(est_graph *g, est_node *x, est_ints begin, est_ints end, est_ints strides,
                            int64_t shrink_axis_mask)
{
    return est_op(g, "StridedSlice", NULL,
                  EST_NODES(x, est_constant_ints(g, EST_INT32, begin), est_constant_ints(g, EST_INT32, end),
                            est_constant_ints(g, EST_INT32, strides)),
                  EST_ATTRS(EST_INT_ATTR("shrink_axis_mask", shrink_axis_mask)));
}

/* Copies `from` into the elements of `to` that the view (its `from` unused) names; the rest is zero. */
static void paste(est_tensor *to, const est__view *v, const est_tensor *from)
{
    size_t size = est_dtype_size(to->dtype);
    int64_t index[EST_MAX_RANK] = { 0 }, at = v->start, last = v->rank - 1;
    const char *x = from->data;
    memset(to->data, 0, est__tensor_bytes(to));
    for (int64_t left = est__tensor_elements(from); left > 0;) {
        int64_t run = v->rank > 0 && v->stride[last] == 1 ? v->dim[last] : 1;
        memcpy((char *)to->data + (size_t)at * size, x, (size_t)run * size);
        x += (size_t)run * size;
        left -= run;
        for (int64_t d = v->rank > 0 && v->stride[last] == 1 ? last - 1 : last; d >= 0; d--) {
            at += v->stride[d];
            if (++index[d] < v->dim[d])
                break;
            at -= index[d] * v->stride[d];
            index[d] = 0;
        }
    }
}

static est_status strided_slice_grad_infer(est_infer *c)
{
    est__infer_value_as_shape(c, 0, &c->out[0]);
    return EST_OK;
}

static est_status strided_slice_grad_cpu(est_kernel *k)
{
    const est_tensor *dy = est__in(k, 4);
    est__view v = { 0 };
    est_shape s;
    est_tensor *out;
    cut c;
    EST_TRY(est__in_shape(k, 0, &s));
    EST_TRY(read_cut(k, 1, &s, &c));
    if (est_shape_elements(&c.shape) != est__tensor_elements(dy))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dy has %lld elements, the slice %lld",
                                (long long)est__tensor_elements(dy), (long long)est_shape_elements(&c.shape));
    EST_TRY(est__out(k, 0, &s, &out));
    view_of_cut(&c, &s, &v);
    paste(out, &v, dy);
    return EST_OK;
}

static void strided_slice_grad_grad(est_grad *b)
{
    est_attr a[5];
    copy_masks(b->op, a);
    b->dx[4] = est_op(b->g, "StridedSlice", NULL, EST_NODES(b->dy[0], b->x[1], b->x[2], b->x[3]),
                      (est_attrs){ a, 5 });
}

/* ---- Pad with zeros ---- */
static est_status pad_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 0);
    const est_tensor *paddings;
    bool known = est__infer_const(c, 1, &paddings);
    if (s.rank < 0)
        return EST_OK;
    if (known && est__tensor_elements(paddings) != 2 * s.rank)
        return est__infer_fail(c, "paddings must be [%d,2]", s.rank);
    for (int d = 0; d < s.rank; d++)
        s.dim[d] = known && s.dim[d] >= 0
                       ? s.dim[d] + est__int_at(paddings, 2 * d) + est__int_at(paddings, 2 * d + 1)
                       : -1;
    c->out[0] = s;
    return EST_OK;
}

static est_status pad_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0), *paddings = est__in(k, 1);
    est__view v = { .rank = from->shape.rank };
    est_shape s = from->shape;
    est_tensor *out;
    if (est__tensor_elements(paddings) != 2 * s.rank)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "paddings must be [%d,2]", s.rank);
    for (int d = 0; d < s.rank; d++) {
        int64_t before = est__int_at(paddings, 2 * d), after = est__int_at(paddings, 2 * d + 1);
        if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dimension %d is padded by %lld and %lld", d,
                                    (long long)before, (long long)after);
        s.dim[d] += before + after;
    }
    est__strides(&s, v.stride);
    for (int d = 0; d < s.rank; d++) {
        v.start += est__int_at(paddings, 2 * d) * v.stride[d];
        v.dim[d] = from->shape.dim[d];
    }
    EST_TRY(est__out(k, 0, &s, &out));
    paste(out, &v, from);
    return EST_OK;
}

static void pad_grad(est_grad *b)
{
    int rank = est_node_shape(b->x[0])->rank;
    est_node *first = est_slice(b->g, b->x[1], EST_INTS(0, 0), EST_INTS(rank, 1));
    b->dx[0] = EST_OP3(b->g, "Slice", b->dy[0],
                       est_cast(b->g, est_reshape(b->g, first, EST_INTS(-1)), EST_INT32),
                       est__shape_node(b->g, b->x[0]));
}

#define MASKS                                                                                          \
    "T: type; Index: {int32, int64}; begin_mask: int = 0; end_mask: int = 0; ellipsis_mask: int = 0; " \
    "new_axis_mask: int = 0; shrink_axis_mask: int = 0"
EST_OPS(
    slices,
    { .tf_name = "Slice",
      .signature = "input: T, begin: Index, size: Index -> output: T; T: type; Index: {int32, int64}",
      .infer = slice_infer,
      .cpu = slice_cpu,
      .grad = slice_grad },
    { .tf_name = "StridedSlice",
      .signature = "input: T, begin: Index, end: Index, strides: Index -> output: T; " MASKS,
      .infer = strided_slice_infer,
      .cpu = strided_slice_cpu,
      .grad = strided_slice_grad,
      .state_size = sizeof(masks),
      .prepare = masks_prepare },
    { .tf_name = "StridedSliceGrad",
      .signature = "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T; " MASKS,
      .infer = strided_slice_grad_infer,
      .cpu = strided_slice_grad_cpu,
      .grad = strided_slice_grad_grad,
      .state_size = sizeof(masks),
      .prepare = masks_prepare },
    { .tf_name = "Pad",
      .signature = "input: T, paddings: Tpaddings -> output: T; T: type; Tpaddings: {int32, int64} = int32",
      .infer = pad_infer,
      .cpu = pad_cpu,
      .grad = pad_grad });
