/* The gradient of EstRnn: back through the steps, gathering what flows into all inputs of the gates, then one
 * product each for x, kernel and recurrent kernel. */
#include "backend/cpu/blas.h"
#include "ops/fast_math.h"
#include "ops/rnn.h"

est_status est__rnn_grad_infer(est_infer *c)
{
    static const int like[] = { 0, 2, 3, 4 };
    for (int i = 0; i < 4; i++)
        c->out[i] = *est__infer_in(c, like[i]);
    return EST_OK;
}

/* A step back over all rows. */
typedef struct task {
    est__rnn_size s;
    est__rnn how;
    int64_t t;
    const void *states, *dy;
    void *dh, *dc;                 /* [batch, units] */
    void *dx, *dr;                 /* [batch, time, gates]; of all but GRU dr is dx */
    void *step;                    /* [batch, gates]: the rows of dr of this step */
    void *through;                 /* [batch, units]: what goes back through the recurrent kernel */
} task;

#define REAL float
#define NAME(x) x##_float
#include "ops/rnn_back.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_double
#include "ops/rnn_back.h"
#undef REAL
#undef NAME

#define BACK(REAL)                                                                                              \
    static void back_##REAL(void *arg, int64_t block, int64_t begin, int64_t end)                               \
    {                                                                                                           \
        const task *a = arg;                                                                                    \
        const est__rnn_size *s = &a->s;                                                                         \
        size_t row = (size_t)s->gates * sizeof(REAL);                                                           \
        (void)block;                                                                                            \
        for (int64_t b = begin; b < end; b++) {                                                                 \
            int64_t at = b * s->time + a->t;                                                                    \
            REAL *dx = (REAL *)a->dx + at * s->gates, *dr = (REAL *)a->dr + at * s->gates;                      \
            REAL *dh = (REAL *)a->dh + b * s->units, *dc = (REAL *)a->dc + b * s->units;                        \
            REAL *step = (REAL *)a->step + b * s->gates;                                                        \
            const REAL *record = (const REAL *)a->states + at * s->kept;                                        \
            const REAL *before = a->t ? record - s->kept : NULL;                                                \
            const REAL *dy = (const REAL *)a->dy + at * s->units;                                               \
            for (int64_t j = 0; j < s->units && a->how.sequences; j++)                                          \
                dh[j] += dy[j];                                                                                 \
            if (a->t >= s->length[b]) {                                                                         \
                memset(dx, 0, row);                                                                             \
                memset(dr, 0, row);                                                                             \
                memset(step, 0, row);                                                                           \
                continue;                                                                                       \
            }                                                                                                   \
            if (a->how.cell == EST__RNN_SIMPLE)                                                                 \
                simple_back_##REAL(s->units, record, dh, dx);                                                   \
            else if (a->how.cell == EST__RNN_LSTM)                                                              \
                lstm_back_##REAL(s->units, before, record, dh, dc, dx);                                         \
            else                                                                                                \
                gru_back_##REAL(s->units, before, record, dh, dx, dr);                                          \
            memcpy(step, dr, row);                                                                              \
        }                                                                                                       \
    }                                                                                                           \
    static void add_##REAL(const task *a)                                                                       \
    {                                                                                                           \
        for (int64_t i = 0; i < a->s.batch * a->s.units; i++)                                                   \
            ((REAL *)a->dh)[i] += ((const REAL *)a->through)[i];                                                \
    }                                                                                                           \
    static void sum_rows_##REAL(const task *a, const REAL *d, REAL *out)                                        \
    {                                                                                                           \
        memset(out, 0, (size_t)a->s.gates * sizeof *out);                                                       \
        for (int64_t i = 0; i < a->s.batch * a->s.time; i++)                                                    \
            for (int64_t j = 0; j < a->s.gates; j++)                                                            \
                out[j] += d[i * a->s.gates + j];                                                                \
    }
BACK(float)
BACK(double)

/* [batch, time, units]: the output before each step. */
static void outputs_before(const task *a, size_t size, char *to)
{
    size_t h = (size_t)a->s.units * size, record = (size_t)a->s.kept * size;
    for (int64_t i = 0; i < a->s.batch * a->s.time; i++)
        if (i % a->s.time == 0)
            memset(to + (size_t)i * h, 0, h);
        else
            memcpy(to + (size_t)i * h, (const char *)a->states + (size_t)(i - 1) * record, h);
}

static est_status check(est_kernel *k, const task *a)
{
    const est__rnn_size *s = &a->s;
    int64_t wanted = s->batch * s->units * (a->how.sequences ? s->time : 1);
    bool fit = est__tensor_elements(est__in(k, 5)) == s->batch * s->time * s->kept &&
               est__tensor_elements(est__in(k, 6)) == wanted;
    return fit ? EST_OK : est__kernel_fail(k, EST_INVALID_ARGUMENT, "states and gradient are not those of the layer's output");
}

static void walk_back(est_kernel *k, task *a, est_dtype dtype)
{
    const est__rnn_size *s = &a->s;
    int64_t rows = 4096 / (s->gates + 1) + 1;
    for (a->t = s->time - 1; a->t >= 0; a->t--) {
        est__for_blocks(k->pool, s->batch, rows, dtype == EST_FLOAT ? back_float : back_double, a);
        est__matrix_product(k->pool, dtype, false, true, s->batch, s->units, s->gates, a->step, est__in(k, 3)->data,
                            a->through);
        (dtype == EST_FLOAT ? add_float : add_double)(a);
    }
}

static est_status begin(est_kernel *k, task *a, size_t size)
{
    const est__rnn_size *s = &a->s;
    size_t state = (size_t)(s->batch * s->units) * size, gates = (size_t)(s->batch * s->gates) * size;
    a->dh = est__scratch(k, state);
    a->dc = est__scratch(k, state);
    a->through = est__scratch(k, state);
    a->step = est__scratch(k, gates);
    a->dx = est__scratch(k, gates * (size_t)s->time);
    a->dr = a->how.cell == EST__RNN_GRU ? est__scratch(k, gates * (size_t)s->time) : a->dx;
    if (!a->dh || !a->dc || !a->through || !a->step || !a->dx || !a->dr)
        return EST_RESOURCE_EXHAUSTED;
    memset(a->dc, 0, state);
    if (a->how.sequences)
        memset(a->dh, 0, state);
    else
        memcpy(a->dh, a->dy, state);
    return EST_OK;
}

est_status est__rnn_grad_cpu(est_kernel *k)
{
    task a = { .how = *(const est__rnn *)k->state, .states = est__in(k, 5)->data, .dy = est__in(k, 6)->data };
    est_tensor *dx, *dkernel, *drecurrent, *dbias;
    est_dtype dtype = est__in_dtype(k, 0);
    size_t size = est_dtype_size(dtype);
    EST_TRY(est__rnn_size_of(k, &a.s));
    EST_TRY(check(k, &a));
    EST_TRY(est__out(k, 0, &est__in(k, 0)->shape, &dx));
    EST_TRY(est__out(k, 1, &est__in(k, 2)->shape, &dkernel));
    EST_TRY(est__out(k, 2, &est__in(k, 3)->shape, &drecurrent));
    EST_TRY(est__out(k, 3, &est__in(k, 4)->shape, &dbias));
    const est__rnn_size *s = &a.s;
    int64_t n = s->batch * s->time;
    if (n == 0 || s->units == 0) {
        for (int i = 0; i < 4; i++) {
            est_tensor *t = (est_tensor *[]){ dx, dkernel, drecurrent, dbias }[i];
            if (est__tensor_bytes(t))
                memset(t->data, 0, est__tensor_bytes(t));
        }
        return EST_OK;
    }
    EST_TRY(begin(k, &a, size));
    char *before = est__scratch(k, (size_t)(n * s->units) * size);
    if (before == NULL)
        return EST_RESOURCE_EXHAUSTED;
    walk_back(k, &a, dtype);
    outputs_before(&a, size, before);
    est__matrix_product(k->pool, dtype, false, true, n, s->width, s->gates, a.dx, est__in(k, 2)->data, dx->data);
    est__matrix_product(k->pool, dtype, true, false, s->width, s->gates, n, est__in(k, 0)->data, a.dx, dkernel->data);
    est__matrix_product(k->pool, dtype, true, false, s->units, s->gates, n, before, a.dr, drecurrent->data);
    if (dtype == EST_FLOAT) {
        sum_rows_float(&a, a.dx, dbias->data);
        if (a.how.cell == EST__RNN_GRU)
            sum_rows_float(&a, a.dr, (float *)dbias->data + s->gates);
    } else {
        sum_rows_double(&a, a.dx, dbias->data);
        if (a.how.cell == EST__RNN_GRU)
            sum_rows_double(&a, a.dr, (double *)dbias->data + s->gates);
    }
    return EST_OK;
}
