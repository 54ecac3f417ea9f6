/* EstRnn: a recurrent layer over whole sequences (tf.keras.layers.RNN over one of its cells). Every row has a length;
 * past it the output stays as it was. The inputs of all steps go through one large product, then step follows
 * step. `states` is what the gradient needs of each step. */
#include "ops/rnn.h"

#include "backend/cpu/blas.h"
#include "ops/fast_math.h"

bool est__rnn_cell_of(const est_operation *op, est__rnn_cell *cell)
{
    static const char *const names[] = { "simple_rnn", "lstm", "gru" };
    for (int i = EST__RNN_SIMPLE; i <= EST__RNN_GRU; i++)
        if (strcmp(est__attr_string(op, "cell"), names[i]) == 0) {
            *cell = (est__rnn_cell)i;
            return true;
        }
    return false;
}

est_status est__rnn_prepare(const est_operation *op, void *state)
{
    est__rnn *r = state;
    r->sequences = est__attr_bool(op, "return_sequences");
    if (!est__rnn_cell_of(op, &r->cell))
        return EST_PREPARE_FAIL(op, "the cell \"%s\" is none of simple_rnn, lstm, gru", est__attr_string(op, "cell"));
    return EST_OK;
}

static est_status infer(est_infer *c)
{
    const est_shape *x = est__infer_in(c, 0), *recurrent = est__infer_in(c, 3);
    est__rnn_cell cell;
    if (!est__rnn_cell_of(c->op, &cell))
        return est__infer_fail(c, "the cell \"%s\" is none of simple_rnn, lstm, gru", est__attr_string(c->op, "cell"));
    if (x->rank >= 0 && x->rank != 3)
        return est__infer_fail(c, "x must be [batch, time, width]");
    int64_t units = recurrent->rank == 2 ? recurrent->dim[0] : -1;
    int64_t batch = x->rank == 3 ? x->dim[0] : -1, time = x->rank == 3 ? x->dim[1] : -1;
    c->out[0] = est__attr_bool(c->op, "return_sequences") ? EST_SHAPE(batch, time, units) : EST_SHAPE(batch, units);
    c->out[1] = EST_SHAPE(batch, time, units < 0 ? -1 : units * est__rnn_kept(cell));
    return EST_OK;
}

est_status est__rnn_size_of(est_kernel *k, est__rnn_size *out)
{
    est__rnn_cell cell = ((const est__rnn *)k->state)->cell;
    const est_shape *x = &est__in(k, 0)->shape, *kernel = &est__in(k, 2)->shape, *recurrent = &est__in(k, 3)->shape;
    int64_t gates = est__rnn_gates(cell), bias = est__tensor_elements(est__in(k, 4));
    if (x->rank != 3 || kernel->rank != 2 || recurrent->rank != 2 || kernel->dim[0] != x->dim[2] ||
        recurrent->dim[1] != gates * recurrent->dim[0] || kernel->dim[1] != recurrent->dim[1] ||
        bias != recurrent->dim[1] * (cell == EST__RNN_GRU ? 2 : 1) || est__tensor_elements(est__in(k, 1)) != x->dim[0])
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "x [batch, time, width], a length for each row, kernel [width, %lld units], recurrent kernel "
                                "[units, %lld units] and bias do not fit", (long long)gates, (long long)gates);
    *out = (est__rnn_size){ .batch = x->dim[0], .time = x->dim[1], .width = x->dim[2], .units = recurrent->dim[0],
                            .gates = kernel->dim[1], .length = est__in(k, 1)->data };
    out->kept = est__rnn_kept(cell) * out->units;
    return EST_OK;
}

/* A step over all rows. */
typedef struct task {
    est__rnn_size s;
    est__rnn_cell cell;
    int64_t t;
    void *x;                       /* [batch, time, gates], without the bias */
    void *r;                       /* [batch, gates] */
    const void *bias;
    void *states, *h;              /* [batch, time, kept]; [batch, units] */
} task;

#define REAL float
#define NAME(x) x##_float
#include "ops/rnn_step.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_double
#include "ops/rnn_step.h"
#undef REAL
#undef NAME

#define STEP(REAL)                                                                                          \
    static void step_##REAL(void *arg, int64_t block, int64_t begin, int64_t end)                           \
    {                                                                                                       \
        const task *a = arg;                                                                                \
        const est__rnn_size *s = &a->s;                                                                     \
        const REAL *bias = a->bias;                                                                         \
        (void)block;                                                                                        \
        for (int64_t b = begin; b < end; b++) {                                                             \
            REAL *x = (REAL *)a->x + (b * s->time + a->t) * s->gates, *r = (REAL *)a->r + b * s->gates;     \
            REAL *record = (REAL *)a->states + (b * s->time + a->t) * s->kept;                              \
            const REAL *before = a->t ? record - s->kept : NULL;                                            \
            if (a->t >= s->length[b]) {                                                                     \
                if (before)                                                                                 \
                    memcpy(record, before, (size_t)s->kept * sizeof *record);                               \
                else                                                                                        \
                    memset(record, 0, (size_t)s->kept * sizeof *record);                                    \
                continue;                                                                                   \
            }                                                                                               \
            for (int64_t j = 0; j < s->gates; j++)                                                          \
                x[j] += bias[j];                                                                            \
            for (int64_t j = 0; j < s->gates && a->cell == EST__RNN_GRU; j++)                               \
                r[j] += bias[s->gates + j];                                                                 \
            if (a->cell == EST__RNN_SIMPLE)                                                                 \
                simple_step_##REAL(s->units, x, r, record);                                                 \
            else if (a->cell == EST__RNN_LSTM)                                                              \
                lstm_step_##REAL(s->units, x, r, before, record);                                           \
            else                                                                                            \
                gru_step_##REAL(s->units, x, r, before, record);                                            \
            memcpy((REAL *)a->h + b * s->units, record, (size_t)s->units * sizeof *record);                 \
        }                                                                                                   \
    }
STEP(float)
STEP(double)

/* The h of each step's record. */
static void take_outputs(const task *a, size_t size, char *to)
{
    size_t h = (size_t)a->s.units * size, record = (size_t)a->s.kept * size;
    for (int64_t i = 0; i < a->s.batch * a->s.time; i++)
        memcpy(to + (size_t)i * h, (const char *)a->states + (size_t)i * record, h);
}

static est_status rnn_cpu(est_kernel *k)
{
    const est__rnn *how = k->state;
    task a = { .cell = how->cell, .bias = est__in(k, 4)->data };
    est__rnn_size *s = &a.s;
    est_tensor *out, *states;
    est_dtype dtype = est__in_dtype(k, 0);
    size_t size = est_dtype_size(dtype);
    EST_TRY(est__rnn_size_of(k, s));
    est_shape shape = how->sequences ? EST_SHAPE(s->batch, s->time, s->units) : EST_SHAPE(s->batch, s->units);
    est_shape all = EST_SHAPE(s->batch, s->time, s->kept);
    EST_TRY(est__out(k, 0, &shape, &out));
    EST_TRY(est__out(k, 1, &all, &states));
    a.states = states->data;
    a.x = est__scratch(k, (size_t)(s->batch * s->time * s->gates) * size);
    a.r = est__scratch(k, (size_t)(s->batch * s->gates) * size);
    a.h = est__scratch(k, (size_t)(s->batch * s->units) * size);
    if (a.x == NULL || a.r == NULL || a.h == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (s->batch * s->units > 0)
        memset(a.h, 0, (size_t)(s->batch * s->units) * size);
    if (s->batch * s->time > 0)
        est__matrix_product(k->pool, dtype, false, false, s->batch * s->time, s->gates, s->width, est__in(k, 0)->data,
                            est__in(k, 2)->data, a.x);
    int64_t rows = 4096 / (s->gates + 1) + 1;
    for (a.t = 0; a.t < s->time && s->batch > 0; a.t++) {
        est__matrix_product(k->pool, dtype, false, false, s->batch, s->gates, s->units, a.h, est__in(k, 3)->data, a.r);
        est__for_blocks(k->pool, s->batch, rows, dtype == EST_FLOAT ? step_float : step_double, &a);
    }
    if (how->sequences)
        take_outputs(&a, size, out->data);
    else if (est__tensor_bytes(out))
        memcpy(out->data, a.h, est__tensor_bytes(out));
    return EST_OK;
}

/* What flows into the states comes from nowhere: they are for the gradient alone. */
static void rnn_grad(est_grad *b)
{
    est_graph *g = b->g;
    const est_attr attrs[] = { EST_STRING_ATTR("cell", est__attr_string(b->op, "cell")),
                               EST_BOOL_ATTR("return_sequences", est__attr_bool(b->op, "return_sequences")) };
    est_node *in[] = { b->x[0], b->x[1], b->x[2], b->x[3], b->x[4], b->y[1], b->dy[0] };
    if (b->dy[0] == NULL)
        return;
    est_node *d = est_op(g, "EstRnnGrad", NULL, (est_nodes){ in, 7 }, (est_attrs){ attrs, 2 });
    static const int of[] = { 0, 2, 3, 4 };
    for (int i = 0; i < 4; i++)
        b->dx[of[i]] = est_node_output(d, i);
}

#define INPUTS "x: T, length: int64, kernel: T, recurrent_kernel: T, bias: T"
#define ATTRS "T: {float, double}; cell: string; return_sequences: bool = false"

EST_OPS(rnn,
        { .tf_name = "EstRnn", .signature = INPUTS " -> y: T, states: T; " ATTRS, .infer = infer, .cpu = rnn_cpu,
          .grad = rnn_grad, .body = est__rnn_body, .state_size = sizeof(est__rnn), .prepare = est__rnn_prepare },
        { .tf_name = "EstRnnGrad",
          .signature = INPUTS ", states: T, dy: T -> dx: T, dkernel: T, drecurrent_kernel: T, dbias: T; " ATTRS,
          .infer = est__rnn_grad_infer, .cpu = est__rnn_grad_cpu, .state_size = sizeof(est__rnn),
          .prepare = est__rnn_prepare });
