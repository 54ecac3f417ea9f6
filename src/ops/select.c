/* One of two values by a condition: Select, SelectV2; and the places where something holds: Where. */
#include "ops/ops.h"

/* ---- SelectV2: condition, x and y broadcast; Select: of one shape, or a condition for each row ---- */
static est_status select_v2_infer(est_infer *c)
{
    est_shape s;
    EST_TRY(est__shape_broadcast(c, est__infer_in(c, 1), est__infer_in(c, 2), &s));
    return est__shape_broadcast(c, est__infer_in(c, 0), &s, &c->out[0]);
}

static est_status select_infer(est_infer *c)
{
    return est__shape_merge(c, est__infer_in(c, 1), est__infer_in(c, 2), &c->out[0]);
}

typedef struct choice {
    const est_tensor *t[3];
    est__broadcast b[3];
    size_t size;
    char *out;
    int64_t n;
} choice;

#define CHOOSE(T)                                                                            \
    static void choose_##T(const bool *c, const void *x, const void *y, void *out, int64_t n) \
    {                                                                                        \
        const T *a = x, *b = y;                                                              \
        T *z = out;                                                                          \
        for (int64_t i = 0; i < n; i++)                                                      \
            z[i] = c[i] ? a[i] : b[i];                                                       \
    }
CHOOSE(uint8_t)
CHOOSE(uint16_t)
CHOOSE(uint32_t)
CHOOSE(uint64_t)

enum { OPERAND = 512, PIECE = 16384 };

static void choose_piece(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const choice *w = arg;
    uint64_t room[3][OPERAND];
    (void)block;
    for (int64_t i = begin; i < end; i += OPERAND) {
        int64_t n = end - i < OPERAND ? end - i : OPERAND;
        const void *in[3];
        for (int j = 0; j < 3; j++) {
            size_t size = j == 0 ? 1 : w->size;
            in[j] = room[j];
            if (w->b[j].plain)
                in[j] = (const char *)w->t[j]->data + (size_t)i * size;
            else
                est__broadcast_read(&w->b[j], w->t[j]->data, size, i, n, room[j]);
        }
        char *out = w->out + (size_t)i * w->size;
        switch (w->size) {
        case 1: choose_uint8_t(in[0], in[1], in[2], out, n); break;
        case 2: choose_uint16_t(in[0], in[1], in[2], out, n); break;
        case 4: choose_uint32_t(in[0], in[1], in[2], out, n); break;
        default: choose_uint64_t(in[0], in[1], in[2], out, n); break;
        }
    }
}

static void choose_strings(est__runs *r, void *arg)
{
    const choice *w = arg;
    for (int64_t i = 0; i < w->n; i++) {
        int j = ((const bool *)w->t[0]->data)[est__broadcast_index(&w->b[0], i)] ? 1 : 2;
        est__copy_run(r, w->t[j], est__broadcast_index(&w->b[j], i), 1);
    }
}

static est_status choose(est_kernel *k, const est_shape *condition, const est_shape *s)
{
    choice w = { .t = { est__in(k, 0), est__in(k, 1), est__in(k, 2) },
                 .size = est_dtype_size(est__in_dtype(k, 1)),
                 .n = est_shape_elements(s) };
    est_tensor *out;
    for (int j = 0; j < 3; j++)
        est__broadcast_of(j == 0 ? condition : &w.t[j]->shape, s, &w.b[j]);
    if (w.t[1]->dtype == EST_STRING)
        return est__runs_out(k, 0, EST_STRING, s, choose_strings, &w);
    EST_TRY(est__out(k, 0, s, &out));
    w.out = out->data;
    if (w.n > 0)
        est__for_blocks(k->pool, w.n, PIECE, choose_piece, &w);
    return EST_OK;
}

static est_status select_v2_cpu(est_kernel *k)
{
    est_shape s;
    if (!est__broadcast_shapes(&est__in(k, 1)->shape, &est__in(k, 2)->shape, &s) ||
        !est__broadcast_shapes(&est__in(k, 0)->shape, &s, &s))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the three shapes do not broadcast");
    return choose(k, &est__in(k, 0)->shape, &s);
}

static est_status select_cpu(est_kernel *k)
{
    est_shape condition = est__in(k, 0)->shape;
    const est_shape *s = &est__in(k, 1)->shape;
    bool rows = condition.rank == 1 && s->rank > 1 && condition.dim[0] == s->dim[0];
    if (!est_shape_equal(s, &est__in(k, 2)->shape) ||
        !(rows || condition.rank == 0 || est_shape_equal(&condition, s)))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "t and e must be alike, and the condition like them, a scalar, or one "
                                "for each row");
    for (; rows && condition.rank < s->rank; condition.rank++)
        condition.dim[condition.rank] = 1;
    return choose(k, &condition, s);
}

static void select_grad(est_grad *b)
{
    est_node *zeros = est_zeros_like(b->g, b->dy[0]);
    b->dx[1] = EST_OP3(b->g, "Select", b->x[0], b->dy[0], zeros);
    b->dx[2] = EST_OP3(b->g, "Select", b->x[0], zeros, b->dy[0]);
}

static void select_v2_grad(est_grad *b)
{
    est_node *zero = est__scalar_like(b->g, b->dy[0], 0);
    b->dx[1] = est__sum_like(b, est_where(b->g, b->x[0], b->dy[0], zero), b->x[1]);
    b->dx[2] = est__sum_like(b, est_where(b->g, b->x[0], zero, b->dy[0]), b->x[2]);
}

est_node *est_where(est_graph *g, est_node *condition, est_node *a, est_node *b)
{
    return EST_OP3(g, "SelectV2", condition, a, b);
}

/* ---- Where: the indices of all elements that are not zero ---- */
static est_status where_infer(est_infer *c)
{
    c->out[0] = est__unknown_shape(2);
    c->out[0].dim[1] = est__infer_in(c, 0)->rank;
    return EST_OK;
}

static bool holds(const est_tensor *t, int64_t i)
{
    return t->dtype == EST_BOOL ? ((const bool *)t->data)[i] : est__tensor_get(t, i) != 0;
}

static est_status where_cpu(est_kernel *k)
{
    const est_tensor *in = est__in(k, 0);
    int64_t n = est__tensor_elements(in), count = 0;
    est_tensor *out;
    for (int64_t i = 0; i < n; i++)
        count += holds(in, i);
    est_shape s = EST_SHAPE(count, in->shape.rank);
    EST_TRY(est__out(k, 0, &s, &out));
    int64_t *y = out->data;
    for (int64_t i = 0; i < n; i++) {
        if (!holds(in, i))
            continue;
        int64_t rest = i;
        for (int d = in->shape.rank - 1; d >= 0; d--) {
            y[d] = rest % in->shape.dim[d];
            rest /= in->shape.dim[d];
        }
        y += in->shape.rank;
    }
    return EST_OK;
}

EST_OPS(select,
        { .tf_name = "SelectV2",
          .signature = "condition: bool, t: T, e: T -> output: T; T: type",
          .infer = select_v2_infer,
          .cpu = select_v2_cpu,
          .grad = select_v2_grad },
        { .tf_name = "Select",
          .signature = "condition: bool, t: T, e: T -> output: T; T: type",
          .infer = select_infer,
          .cpu = select_cpu,
          .grad = select_grad },
        { .tf_name = "Where",
          .signature =
              "input: T -> index: int64; "
              "T: {float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64, bool} = bool",
          .infer = where_infer,
          .cpu = where_cpu,
          .grad = est__grad_none });
