/* Qr: matrices [.., m, n] as q r, q with orthonormal columns and r upper triangular, by Householder's reflections (Golub and
 * Van Loan, Matrix Computations, 5.2). Signs are LAPACK's, as TensorFlow's are. */
#include <math.h>

#include "ops/ops.h"

static est_status infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    bool full = est__attr_bool(c->op, "full_matrices");
    if (in->rank < 0)
        return EST_OK;
    if (in->rank < 2)
        return est__infer_fail(c, "a matrix is wanted, not rank %d", in->rank);
    int64_t m = in->dim[in->rank - 2], n = in->dim[in->rank - 1], p = m < 0 || (n < 0 && !full) ? -1 : full || m < n ? m : n;
    c->out[0] = c->out[1] = *in;
    c->out[0].dim[in->rank - 1] = p;
    c->out[1].dim[in->rank - 2] = p;
    return EST_OK;
}

/* Column by column, so that what is summed lies together. */
typedef struct factors {
    double *a, *q;             /* n columns of m, of the matrix that becomes r; p columns of m */
    int64_t m, n, p;
} factors;

/* x - v (v . x) * scale, from element `first` on. */
static void reflect(const double *v, double scale, double *x, int64_t first, int64_t m)
{
    double dot = 0;
    for (int64_t i = first; i < m; i++)
        dot += v[i] * x[i];
    for (int64_t i = first; i < m; i++)
        x[i] -= v[i] * dot * scale;
}

/* The reflection that leaves column k nothing below its diagonal takes the place of what it cleared; r's own diagonal goes to
 * `diagonal`. Returns 2 / |v|^2; 0: the column is zero already. */
static double clear_column(factors *f, int64_t k, double *diagonal)
{
    double *v = f->a + k * f->m, tail = 0;
    for (int64_t i = k + 1; i < f->m; i++)
        tail += v[i] * v[i];
    *diagonal = v[k];
    if (tail == 0)
        return 0;
    double length = sqrt(v[k] * v[k] + tail);
    *diagonal = v[k] >= 0 ? -length : length;
    v[k] -= *diagonal;
    double scale = 2 / (v[k] * v[k] + tail);
    for (int64_t j = k + 1; j < f->n; j++)
        reflect(v, scale, f->a + j * f->m, k, f->m);
    return scale;
}

static void factorize(factors *f, double *scale, double *diagonal)
{
    int64_t steps = f->m < f->n ? f->m : f->n;
    for (int64_t k = 0; k < steps; k++)
        scale[k] = clear_column(f, k, &diagonal[k]);
    memset(f->q, 0, (size_t)(f->m * f->p) * sizeof *f->q);
    for (int64_t j = 0; j < f->p; j++)
        f->q[j * f->m + j] = 1;
    for (int64_t k = steps - 1; k >= 0; k--)
        for (int64_t j = k; j < f->p; j++)
            reflect(f->a + k * f->m, scale[k], f->q + j * f->m, k, f->m);
}

static void put(est_tensor *t, int64_t at, double v)
{
    if (t->dtype == EST_FLOAT)
        ((float *)t->data)[at] = (float)v;
    else
        ((double *)t->data)[at] = v;
}

static void one_matrix(const est_tensor *in, int64_t number, factors *f, double *room, est_tensor *q, est_tensor *r)
{
    int64_t m = f->m, n = f->n, p = f->p, steps = m < n ? m : n;
    double *scale = room, *diagonal = room + steps;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            f->a[j * m + i] = est__tensor_get(in, (number * m + i) * n + j);
    factorize(f, scale, diagonal);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < p; j++)
            put(q, (number * m + i) * p + j, f->q[j * m + i]);
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < n; j++)
            put(r, (number * p + i) * n + j, j < i ? 0 : j == i ? diagonal[i] : f->a[j * m + i]);
}

static est_status prepare(const est_operation *op, void *state)
{
    *(bool *)state = est__attr_bool(op, "full_matrices");
    return EST_OK;
}

static est_status qr_cpu(est_kernel *k)
{
    const est_tensor *in = est__in(k, 0);
    int rank = in->shape.rank;
    bool full = *(const bool *)k->state;
    est_shape q_shape = in->shape, r_shape = in->shape;
    est_tensor *q, *r;
    if (rank < 2)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a matrix is wanted, not rank %d", rank);
    factors f = { .m = in->shape.dim[rank - 2], .n = in->shape.dim[rank - 1] };
    f.p = full || f.m < f.n ? f.m : f.n;
    q_shape.dim[rank - 1] = r_shape.dim[rank - 2] = f.p;
    EST_TRY(est__out(k, 0, &q_shape, &q));
    EST_TRY(est__out(k, 1, &r_shape, &r));
    int64_t matrices = f.m && f.n ? est__tensor_elements(in) / (f.m * f.n) : 0, most = f.m < f.n ? f.m : f.n;
    double *room = est__scratch(k, (size_t)(f.m * f.n + f.m * f.p + 2 * most) * sizeof *room);
    if (room == NULL)
        return EST_RESOURCE_EXHAUSTED;
    f.a = room;
    f.q = room + f.m * f.n;
    for (int64_t i = 0; i < matrices; i++)
        one_matrix(in, i, &f, f.q + f.m * f.p, q, r);
    return EST_OK;
}

EST_OPS(qr, { .tf_name = "Qr",
              .signature = "input: T -> q: T, r: T; full_matrices: bool = false; T: " EST_SIG_REALS,
              .infer = infer, .cpu = qr_cpu, .state_size = sizeof(bool), .prepare = prepare });
