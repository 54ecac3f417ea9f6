/* Broadcasting: how operands of smaller shape are read, the ops about it, and the gradients' way back to the
 * smaller shape. */
#include "ops/ops.h"

bool est__broadcast_shapes(const est_shape *a, const est_shape *b, est_shape *out)
{
    est_shape s = { .rank = a->rank > b->rank ? a->rank : b->rank };
    for (int d = 1; d <= s.rank; d++) {
        int64_t x = d <= a->rank ? a->dim[a->rank - d] : 1, y = d <= b->rank ? b->dim[b->rank - d] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        s.dim[s.rank - d] = x == 1 ? y : x;
    }
    *out = s;
    return true;
}

void est__broadcast_of(const est_shape *from, const est_shape *to, est__broadcast *out)
{
    est__broadcast b = { .plain = true };
    int64_t stride = 1;
    /* From the innermost dimension outwards, then turned round. */
    for (int d = 1; d <= to->rank; d++) {
        int64_t n = to->dim[to->rank - d], own = d <= from->rank ? from->dim[from->rank - d] : 1;
        int64_t s = own == 1 && n != 1 ? 0 : stride;
        if (n == 1)
            continue;
        if (s == 0)
            b.plain = false;
        if (b.rank > 0 && (s == 0) == (b.stride[b.rank - 1] == 0)) {
            b.dim[b.rank - 1] *= n;
        } else {
            b.dim[b.rank] = n;
            b.stride[b.rank++] = s;
        }
        stride *= own;
    }
    if (b.rank == 0) {
        b.dim[0] = b.stride[0] = 1;
        b.rank = 1;
    }
    for (int i = 0, j = b.rank - 1; i < j; i++, j--) {
        int64_t dim = b.dim[i], s = b.stride[i];
        b.dim[i] = b.dim[j], b.stride[i] = b.stride[j];
        b.dim[j] = dim, b.stride[j] = s;
    }
    *out = b;
}

int64_t est__broadcast_index(const est__broadcast *b, int64_t i)
{
    int64_t at = 0;
    for (int d = b->rank - 1; d >= 0; d--) {
        at += i % b->dim[d] * b->stride[d];
        i /= b->dim[d];
    }
    return at;
}

#define REPEAT(T, bytes)                                 \
    static void repeat_##bytes(void *to, const void *from, int64_t n) \
    {                                                    \
        T v, *y = to;                                    \
        memcpy(&v, from, sizeof v);                      \
        for (int64_t i = 0; i < n; i++)                  \
            y[i] = v;                                    \
    }
REPEAT(uint8_t, 1)
REPEAT(uint16_t, 2)
REPEAT(uint32_t, 4)
REPEAT(uint64_t, 8)

static void repeat(void *to, const void *from, size_t size, int64_t n)
{
    switch (size) {
    case 1: repeat_1(to, from, n); break;
    case 2: repeat_2(to, from, n); break;
    case 4: repeat_4(to, from, n); break;
    default: repeat_8(to, from, n); break;
    }
}

void est__broadcast_read(const est__broadcast *b, const void *data, size_t size, int64_t begin, int64_t n,
                         void *to)
{
    int last = b->rank - 1;
    int64_t inner = b->dim[last], index[EST_MAX_RANK], at = 0, rest = begin;
    char *y = to;
    if (n == 0)     /* a dimension may be 0 */
        return;
    for (int d = last; d >= 0; d--) {
        index[d] = rest % b->dim[d];
        rest /= b->dim[d];
        at += index[d] * b->stride[d];
    }
    while (n > 0) {
        int64_t run = inner - index[last] < n ? inner - index[last] : n;
        const char *x = (const char *)data + (size_t)at * size;
        if (b->stride[last] == 0)
            repeat(y, x, size, run);
        else if (run == 1 && size == 4)
            memcpy(y, x, 4);
        else
            memcpy(y, x, (size_t)run * size);
        y += (size_t)run * size;
        n -= run;
        at -= index[last] * b->stride[last];
        index[last] = 0;
        for (int d = last - 1; d >= 0 && n > 0; d--) {
            at += b->stride[d];
            if (++index[d] < b->dim[d])
                break;
            at -= index[d] * b->stride[d];
            index[d] = 0;
        }
    }
}

/* ---- BroadcastTo ---- */
static est_status broadcast_to_infer(est_infer *c)
{
    est_shape shape;
    if (est__infer_value_as_shape(c, 1, &shape))
        c->out[0] = shape;
    return EST_OK;
}

static est_status broadcast_to_cpu(est_kernel *k)
{
    const est_tensor *from = est__in(k, 0);
    est_shape to, both;
    est__broadcast b;
    est__view view = { .from = from };
    EST_TRY(est__in_shape(k, 1, &to));
    if (!est__broadcast_shapes(&from->shape, &to, &both) || !est_shape_equal(&both, &to)) {
        char found[EST__SHAPE_TEXT_SIZE], wanted[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s does not broadcast to %s",
                                est__shape_string(found, &from->shape), est__shape_string(wanted, &to));
    }
    est__broadcast_of(&from->shape, &to, &b);
    view.rank = b.rank;
    memcpy(view.dim, b.dim, sizeof b.dim);
    memcpy(view.stride, b.stride, sizeof b.stride);
    return est__view_out(k, 0, &to, &view);
}

static void broadcast_to_grad(est_grad *b)
{
    b->dx[0] = est__sum_like(b, b->dy[0], b->x[0]);
}

/* ---- BroadcastGradientArgs: which axes of a broadcast result each operand's gradient is summed over ---- */
static est_status gradient_args_infer(est_infer *c)
{
    c->out[0] = c->out[1] = est__unknown_shape(1);
    return EST_OK;
}

static est_status gradient_args_cpu(est_kernel *k)
{
    est_shape s[2], both;
    EST_TRY(est__in_shape(k, 0, &s[0]));
    EST_TRY(est__in_shape(k, 1, &s[1]));
    if (!est__broadcast_shapes(&s[0], &s[1], &both))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the shapes do not broadcast");
    for (int i = 0; i < 2; i++) {
        int axes[EST_MAX_RANK], n = 0;
        est_tensor *out;
        for (int d = 0; d < both.rank; d++) {
            int own = d - (both.rank - s[i].rank);
            /* An axis that is 1 on both sides is summed too, as TensorFlow does: it changes nothing. */
            if (own < 0 || (s[i].dim[own] == 1 && !est_shape_equal(&s[0], &s[1])))
                axes[n++] = d;
        }
        est_shape count = EST_SHAPE(n);
        EST_TRY(est__out(k, i, &count, &out));
        for (int j = 0; j < n; j++) {
            if (out->dtype == EST_INT32)
                ((int32_t *)out->data)[j] = axes[j];
            else
                ((int64_t *)out->data)[j] = axes[j];
        }
    }
    return EST_OK;
}

/* ---- the way back ---- */
est_node *est__ints(est_graph *g, const int64_t *v, int n)
{
    return est_constant_ints(g, EST_INT32, (est_ints){ v, (size_t)n });
}

enum { NO_SUM, SUM, UNSURE };

/* Must the gradient of an operand of shape a be summed, given the other's shape b? */
static int must_sum(const est_shape *a, const est_shape *b, int64_t axes[EST_MAX_RANK], size_t *n)
{
    int how = NO_SUM;
    *n = 0;
    if (a->rank < 0 || b->rank < 0)
        return UNSURE;
    int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int d = 0; d < rank; d++) {
        int i = d - (rank - a->rank), j = d - (rank - b->rank);
        int64_t x = i < 0 ? 1 : a->dim[i], y = j < 0 ? 1 : b->dim[j];
        if (i < 0 || (x == 1 && y != 1)) {
            axes[(*n)++] = d;
            how = how == UNSURE ? UNSURE : SUM;
        } else if (x < 0 && y != 1) {
            how = UNSURE;
        }
    }
    return how;
}

static est_node *sum_to(est_graph *g, est_node *d, est_node *x, const int64_t *axes, size_t n)
{
    est_node *sum = est_reduce_sum(g, d, (est_ints){ axes, n }, false);
    bool right = est__shape_known(est_node_shape(x)) &&
                 est_shape_equal(est_node_shape(sum), est_node_shape(x));
    return right ? sum : est__reshape_like(g, sum, x);
}

void est__grad_broadcast(est_grad *b, est_node *d0, est_node *d1)
{
    est_node *d[2] = { d0, d1 }, *args = NULL;
    const est_shape *s[2] = { est_node_shape(b->x[0]), est_node_shape(b->x[1]) };
    bool same = b->x[0] == b->x[1] || (est__shape_known(s[0]) && est_shape_equal(s[0], s[1]));
    for (int i = 0; i < 2; i++) {
        int64_t axes[EST_MAX_RANK];
        size_t n;
        if (d[i] == NULL)
            continue;
        int how = same ? NO_SUM : must_sum(s[i], s[1 - i], axes, &n);
        if (how == NO_SUM) {
            b->dx[i] = d[i];
        } else if (how == SUM) {
            b->dx[i] = sum_to(b->g, d[i], b->x[i], axes, n);
        } else {
            if (args == NULL)
                args = EST_OP2(b->g, "BroadcastGradientArgs", EST_OP1(b->g, "Shape", b->x[0]),
                               EST_OP1(b->g, "Shape", b->x[1]));
            est_node *sum = EST_OP2(b->g, "Sum", d[i], est_node_output(args, i));
            b->dx[i] = est__reshape_like(b->g, sum, b->x[i]);
        }
    }
}

est_node *est__sum_like(est_grad *b, est_node *d, est_node *x)
{
    est_node *pair[2] = { x, b->y[0] }, *dx[2] = { NULL, NULL };
    est_grad of_pair = { .g = b->g, .op = b->op, .x = pair, .y = b->y, .dy = b->dy, .dx = dx };
    est__grad_broadcast(&of_pair, d, NULL);
    return dx[0];
}

const est_tensor *est__const_value(const est_node *n)
{
    bool constant = !est__is_nil(n) && strcmp(n->op->row->tf_name, "Const") == 0;
    return constant ? est__attr(n->op, "value")->tensor : NULL;
}

void est__grad_none(est_grad *b)
{
    (void)b;
}

void est__grad_pass(est_grad *b)
{
    b->dx[0] = b->dy[0];
}

est_node *est__scalar_like(est_graph *g, const est_node *n, double value)
{
    float f = (float)value;
    int32_t i = (int32_t)value;
    int64_t l = (int64_t)value;
    est_tensor t = { .dtype = est_node_dtype(n) };
    switch (t.dtype) {
    case EST_FLOAT: t.data = &f; break;
    case EST_DOUBLE: t.data = &value; break;
    case EST_INT32: t.data = &i; break;
    case EST_INT64: t.data = &l; break;
    default:
        return est__graph_fail(g, EST_UNIMPLEMENTED, "a constant of dtype %s in a gradient",
                               est_dtype_name(t.dtype));
    }
    return est_constant(g, &t);
}

EST_OPS(broadcast,
        { .tf_name = "BroadcastTo",
          .signature = "input: T, shape: Tidx -> output: T; T: type; Tidx: {int32, int64} = int32",
          .infer = broadcast_to_infer,
          .cpu = broadcast_to_cpu,
          .grad = broadcast_to_grad },
        { .tf_name = "BroadcastGradientArgs",
          .signature = "s0: T, s1: T -> r0: T, r1: T; T: {int32, int64} = int32",
          .infer = gradient_args_infer,
          .cpu = gradient_args_cpu,
          .grad = est__grad_none });
