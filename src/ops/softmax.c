/* Softmax, its logarithm, and the cross entropies over it: each works on the rows of the last dimension. */
#include "ops/fast_math.h"
#include "ops/ops.h"

/* ---- rows ---- */
#define ROWS(T, D, ...)                                                                      \
    EST_CLONES_##T static T greatest_##T(const T *x, int64_t n)                              \
    {                                                                                        \
        T m = x[0];                                                                          \
        for (int64_t i = 1; i < n; i++)                                                      \
            m = x[i] > m || x[i] != x[i] ? x[i] : m;                                         \
        return m;                                                                            \
    }                                                                                        \
    EST_CLONES_##T static void exp_less_##T(const T *x, T m, T *y, int64_t n)                \
    {                                                                                        \
        EST_IVDEP                                                                            \
        for (int64_t i = 0; i < n; i++)                                                      \
            y[i] = est__m_exp(x[i] - m);                                                     \
    }                                                                                        \
    static T sum_##T(const T *x, int64_t n)                                                  \
    {                                                                                        \
        double s = 0;                                                                        \
        for (int64_t i = 0; i < n; i++)                                                      \
            s += (double)x[i];                                                               \
        return (T)s;                                                                         \
    }                                                                                        \
    static void softmax_row_##T(const T *x, T *y, int64_t n)                                 \
    {                                                                                        \
        exp_less_##T(x, greatest_##T(x, n), y, n);                                           \
        T factor = 1 / sum_##T(y, n);                                                        \
        for (int64_t i = 0; i < n; i++)                                                      \
            y[i] *= factor;                                                                  \
    }                                                                                        \
    static void log_softmax_row_##T(const T *x, T *y, int64_t n)                             \
    {                                                                                        \
        T m = greatest_##T(x, n);                                                            \
        exp_less_##T(x, m, y, n);                                                            \
        T log_sum = est__m_log(sum_##T(y, n));                                               \
        for (int64_t i = 0; i < n; i++)                                                      \
            y[i] = (x[i] - m) - log_sum;                                                     \
    }                                                                                        \
    /* back = softmax(x) - labels; the loss is sum(labels * (log_sum - (x - m))) */          \
    static T entropy_row_##T(const T *x, const T *labels, T *back, int64_t n)                \
    {                                                                                        \
        T m = greatest_##T(x, n), loss = 0;                                                  \
        exp_less_##T(x, m, back, n);                                                         \
        T sum = sum_##T(back, n), log_sum = est__m_log(sum), factor = 1 / sum;               \
        for (int64_t i = 0; i < n; i++) {                                                    \
            loss += labels[i] * (log_sum - (x[i] - m));                                      \
            back[i] = back[i] * factor - labels[i];                                          \
        }                                                                                    \
        return loss;                                                                         \
    }                                                                                        \
    static T sparse_entropy_row_##T(const T *x, int64_t label, T *back, int64_t n)           \
    {                                                                                        \
        T m = greatest_##T(x, n);                                                            \
        exp_less_##T(x, m, back, n);                                                         \
        T sum = sum_##T(back, n), loss = est__m_log(sum) - (x[label] - m), factor = 1 / sum; \
        for (int64_t i = 0; i < n; i++)                                                      \
            back[i] *= factor;                                                               \
        back[label] -= 1;                                                                    \
        return loss;                                                                         \
    }
EST_REALS(ROWS, )

typedef struct rows {
    const est_tensor *x, *labels;
    est_tensor *y, *loss;
    int64_t n, x_step, label_step;   /* steps of 0: one row for all */
    bool log;
} rows;

enum { BLOCK = 8192 };   /* elements of a task, about */

static void run_rows(est_kernel *k, rows *r, int64_t count, void (*fn)(void *, int64_t, int64_t, int64_t))
{
    if (r->n > 0)
        est__for_blocks(k->pool, count, r->n >= BLOCK ? 1 : BLOCK / r->n, fn, r);
}

static void softmax_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const rows *r = arg;
    (void)block;
    for (int64_t i = begin * r->n; i < end * r->n; i += r->n) {
        if (r->y->dtype == EST_FLOAT)
            (r->log ? log_softmax_row_float : softmax_row_float)((const float *)r->x->data + i,
                                                                 (float *)r->y->data + i, r->n);
        else
            (r->log ? log_softmax_row_double : softmax_row_double)((const double *)r->x->data + i,
                                                                   (double *)r->y->data + i, r->n);
    }
}

static est_status softmax_of(est_kernel *k, bool log)
{
    rows r = { .x = est__in(k, 0), .log = log };
    const est_shape *s = &r.x->shape;
    if (s->rank < 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a scalar has no rows");
    EST_TRY(est__out(k, 0, s, &r.y));
    r.n = s->dim[s->rank - 1];
    run_rows(k, &r, r.n > 0 ? est__tensor_elements(r.x) / r.n : 0, softmax_rows);
    return EST_OK;
}

static est_status softmax_cpu(est_kernel *k)
{
    return softmax_of(k, false);
}

static est_status log_softmax_cpu(est_kernel *k)
{
    return softmax_of(k, true);
}

static void softmax_grad(est_grad *b)                     /* dx = (dy - sum(dy * y)) * y */
{
    est_node *dot = est_reduce_sum(b->g, est_mul(b->g, b->dy[0], b->y[0]), EST_INTS(-1), true);
    b->dx[0] = est_mul(b->g, est_sub(b->g, b->dy[0], dot), b->y[0]);
}

static void log_softmax_grad(est_grad *b)                 /* dx = dy - sum(dy) * exp(y) */
{
    est_node *sum = est_reduce_sum(b->g, b->dy[0], EST_INTS(-1), true);
    b->dx[0] = est_sub(b->g, b->dy[0], est_mul(b->g, sum, est_exp(b->g, b->y[0])));
}

est_node *est_softmax(est_graph *g, est_node *logits)
{
    return EST_OP1(g, "Softmax", logits);
}

est_node *est_log_softmax(est_graph *g, est_node *logits)
{
    return EST_OP1(g, "LogSoftmax", logits);
}

/* ---- SoftmaxCrossEntropyWithLogits: gives the loss of each row and its gradient ---- */
static est_status entropy_infer(est_infer *c)
{
    est_shape s;
    EST_TRY(est__shape_broadcast(c, est__infer_in(c, 0), est__infer_in(c, 1), &s));
    if (s.rank >= 0 && s.rank != 2)
        return est__infer_fail(c, "logits must be [batch, classes]");
    c->out[1] = s;
    c->out[0] = est__unknown_shape(1);
    if (s.rank == 2)
        c->out[0].dim[0] = s.dim[0];
    return EST_OK;
}

static void entropy_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const rows *r = arg;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        int64_t x = i * r->x_step, label = i * r->label_step, y = i * r->n;
        if (r->y->dtype == EST_FLOAT)
            ((float *)r->loss->data)[i] = entropy_row_float((const float *)r->x->data + x,
                                                            (const float *)r->labels->data + label,
                                                            (float *)r->y->data + y, r->n);
        else
            ((double *)r->loss->data)[i] = entropy_row_double((const double *)r->x->data + x,
                                                              (const double *)r->labels->data + label,
                                                              (double *)r->y->data + y, r->n);
    }
}

static est_status entropy_cpu(est_kernel *k)
{
    rows r = { .x = est__in(k, 0), .labels = est__in(k, 1) };
    const est_shape *a = &r.x->shape, *b = &r.labels->shape;
    /* Rows are shared or broadcast; a single column is not. */
    if (a->rank != 2 || b->rank != 2 || a->dim[1] != b->dim[1] ||
        (a->dim[0] != b->dim[0] && a->dim[0] != 1 && b->dim[0] != 1)) {
        char left[EST__SHAPE_TEXT_SIZE], right[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "logits are %s and labels %s; both must be [batch, classes]",
                                est__shape_string(left, a), est__shape_string(right, b));
    }
    est_shape s = EST_SHAPE(a->dim[0] == 1 ? b->dim[0] : a->dim[0], a->dim[1]), batch = EST_SHAPE(s.dim[0]);
    EST_TRY(est__out(k, 0, &batch, &r.loss));
    EST_TRY(est__out(k, 1, &s, &r.y));
    memset(r.loss->data, 0, est__tensor_bytes(r.loss));
    r.n = s.dim[1];
    r.x_step = a->dim[0] == 1 ? 0 : r.n;
    r.label_step = b->dim[0] == 1 ? 0 : r.n;
    run_rows(k, &r, s.dim[0], entropy_rows);
    return EST_OK;
}

static void entropy_grad(est_grad *b)
{
    est_graph *g = b->g;
    est_node *logits = b->x[0],
             *dy = est_expand_dims(g, b->dy[0] ? b->dy[0] : est_zeros_like(g, b->y[0]), -1);
    b->dx[0] = est_mul(g, dy, b->y[1]);
    b->dx[1] = est_neg(g, est_mul(g, dy, est_log_softmax(g, logits)));
    if (b->dy[1] != NULL) { /* a gradient of the gradient: (d - sum(d * p)) * p */
        est_node *p = est_softmax(g, logits);
        est_node *dot = est_reduce_sum(g, est_mul(g, b->dy[1], p), EST_INTS(-1), true);
        b->dx[0] = est_add(g, b->dx[0], est_mul(g, est_sub(g, b->dy[1], dot), p));
        b->dx[1] = est_sub(g, b->dx[1], b->dy[1]);
    }
    est__grad_broadcast(b, b->dx[0], b->dx[1]);
}

est_node *est_softmax_cross_entropy_with_logits(est_graph *g, est_node *logits, est_node *labels)
{
    return EST_OP2(g, "SoftmaxCrossEntropyWithLogits", logits, labels);
}

/* ---- SparseSoftmaxCrossEntropyWithLogits: labels are class numbers ---- */
static est_status sparse_entropy_infer(est_infer *c)
{
    const est_shape *x = est__infer_in(c, 0), *labels = est__infer_in(c, 1);
    est_shape batch = *labels;
    if ((x->rank >= 0 && x->rank != 2) || (labels->rank >= 0 && labels->rank != 1))
        return est__infer_fail(c, "logits must be [batch, classes] and labels [batch]");
    if (x->rank == 2)
        EST_TRY(est__shape_merge(c, labels, &(est_shape){ .rank = 1, .dim = { x->dim[0] } }, &batch));
    c->out[0] = batch;
    c->out[1] = *x;
    return EST_OK;
}

static void sparse_entropy_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const rows *r = arg;
    (void)block;
    for (int64_t i = begin; i < end; i++) {
        int64_t label = est__int_at(r->labels, i), at = i * r->n;
        if (r->y->dtype == EST_FLOAT)
            ((float *)r->loss->data)[i] = sparse_entropy_row_float((const float *)r->x->data + at, label,
                                                                   (float *)r->y->data + at, r->n);
        else
            ((double *)r->loss->data)[i] = sparse_entropy_row_double((const double *)r->x->data + at, label,
                                                                     (double *)r->y->data + at, r->n);
    }
}

static est_status sparse_entropy_cpu(est_kernel *k)
{
    rows r = { .x = est__in(k, 0), .labels = est__in(k, 1) };
    const est_shape *s = &r.x->shape;
    if (s->rank != 2 || r.labels->shape.rank != 1 || r.labels->shape.dim[0] != s->dim[0])
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "logits must be [batch, classes] and labels [batch]");
    r.n = s->dim[1];
    for (int64_t i = 0; i < s->dim[0]; i++) {
        int64_t label = est__int_at(r.labels, i);
        if (label < 0 || label >= r.n)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "the label of example %lld of the batch is %lld; wanted 0 to %lld",
                                    (long long)i, (long long)label, (long long)r.n - 1);
    }
    EST_TRY(est__out(k, 0, &r.labels->shape, &r.loss));
    EST_TRY(est__out(k, 1, s, &r.y));
    run_rows(k, &r, s->dim[0], sparse_entropy_rows);
    return EST_OK;
}

static void sparse_entropy_grad(est_grad *b)
{
    if (b->dy[1] != NULL)
        est__graph_fail(b->g, EST_UNIMPLEMENTED,
                        "the second gradient of SparseSoftmaxCrossEntropyWithLogits '%s'", b->op->name);
    else
        b->dx[0] = est_mul(b->g, est_expand_dims(b->g, b->dy[0], -1), b->y[1]);
}

est_node *est_sparse_softmax_cross_entropy_with_logits(est_graph *g, est_node *logits, est_node *labels)
{
    return EST_OP2(g, "SparseSoftmaxCrossEntropyWithLogits", logits, labels);
}

EST_OPS(softmax,
        { .tf_name = "Softmax",
          .signature = "logits: T -> softmax: T; T: " EST_SIG_REALS,
          .infer = est__infer_same,
          .cpu = softmax_cpu,
          .grad = softmax_grad },
        { .tf_name = "LogSoftmax",
          .signature = "logits: T -> logsoftmax: T; T: " EST_SIG_REALS,
          .infer = est__infer_same,
          .cpu = log_softmax_cpu,
          .grad = log_softmax_grad },
        { .tf_name = "SoftmaxCrossEntropyWithLogits",
          .signature = "features: T, labels: T -> loss: T, backprop: T; T: " EST_SIG_REALS,
          .infer = entropy_infer,
          .cpu = entropy_cpu,
          .grad = entropy_grad },
        { .tf_name = "SparseSoftmaxCrossEntropyWithLogits",
          .signature = "features: T, labels: Tlabels -> loss: T, backprop: T; T: " EST_SIG_REALS
                       "; Tlabels: {int32, int64} = int64",
          .infer = sparse_entropy_infer,
          .cpu = sparse_entropy_cpu,
          .grad = sparse_entropy_grad });
