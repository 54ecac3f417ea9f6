/* Products of matrices, and the bias that follows them. */
#include "backend/cpu/blas.h"
#include "ops/ops.h"

/* ---- MatMul and BatchMatMulV2 ---- */
typedef struct flips {
    bool a, b;
} flips;

static flips flips_of(const est_operation *op)
{
    bool batch = strcmp(op->row->tf_name, "MatMul") != 0;
    return (flips){ est__attr_bool(op, batch ? "adj_x" : "transpose_a"),
                    est__attr_bool(op, batch ? "adj_y" : "transpose_b") };
}

static est_status flips_prepare(const est_operation *op, void *state)
{
    *(flips *)state = flips_of(op);
    return EST_OK;
}

static est_status matmul_infer(est_infer *c)
{
    const est_shape *a = est__infer_in(c, 0), *b = est__infer_in(c, 1);
    flips f = flips_of(c->op);
    est_shape s = est__unknown_shape(2);
    if ((a->rank >= 0 && a->rank != 2) || (b->rank >= 0 && b->rank != 2))
        return est__infer_fail(c, "both operands must be matrices");
    if (a->rank == 2)
        s.dim[0] = a->dim[f.a];
    if (b->rank == 2)
        s.dim[1] = b->dim[!f.b];
    if (a->rank == 2 && b->rank == 2 && a->dim[!f.a] >= 0 && b->dim[f.b] >= 0 && a->dim[!f.a] != b->dim[f.b])
        return est__infer_fail(c, "%lld columns on the left do not fit %lld rows on the right",
                               (long long)a->dim[!f.a], (long long)b->dim[f.b]);
    c->out[0] = s;
    return EST_OK;
}

static est_status mismatch(const est_kernel *k)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%s and %s cannot be multiplied",
                            est__shape_string(a, &est__in(k, 0)->shape),
                            est__shape_string(b, &est__in(k, 1)->shape));
}

static est_status matmul_cpu(est_kernel *k)
{
    const est_tensor *a = est__in(k, 0), *b = est__in(k, 1);
    const flips *f = k->state;
    est_tensor *out;
    if (a->shape.rank != 2 || b->shape.rank != 2 || a->shape.dim[!f->a] != b->shape.dim[f->b])
        return mismatch(k);
    est_shape s = EST_SHAPE(a->shape.dim[f->a], b->shape.dim[!f->b]);
    EST_TRY(est__out(k, 0, &s, &out));
    est__matrix_product(k->pool, a->dtype, f->a, f->b, s.dim[0], s.dim[1], a->shape.dim[!f->a], a->data,
                        b->data, out->data);
    return EST_OK;
}

static est_node *product(est_graph *g, const char *op, est_node *a, est_node *b, bool ta, bool tb)
{
    bool batch = strcmp(op, "MatMul") != 0;
    return est_op(g, op, NULL, EST_NODES(a, b),
                  EST_ATTRS(EST_BOOL_ATTR(batch ? "adj_x" : "transpose_a", ta),
                            EST_BOOL_ATTR(batch ? "adj_y" : "transpose_b", tb)));
}

/* y = a b: da = dy b', db = a' dy; turned where the operands are. */
static void product_grad(est_grad *b, const char *op, est_node *d[2])
{
    est_node *x = b->x[0], *z = b->x[1], *dy = b->dy[0];
    flips f = flips_of(b->op);
    d[0] = f.a ? product(b->g, op, z, dy, f.b, true) : product(b->g, op, dy, z, false, !f.b);
    d[1] = f.b ? product(b->g, op, dy, x, true, f.a) : product(b->g, op, x, dy, !f.a, false);
}

static void matmul_grad(est_grad *b)
{
    product_grad(b, "MatMul", b->dx);
}

est_node *est_matmul(est_graph *g, est_node *a, est_node *b)
{
    return EST_OP2(g, "MatMul", a, b);
}

/* The leading dimensions of s; false: it is no stack of matrices. */
static bool batch_shape(const est_shape *s, est_shape *out)
{
    *out = *s;
    out->rank = s->rank - 2;
    return s->rank >= 2;
}

static est_status batch_matmul_infer(est_infer *c)
{
    const est_shape *a = est__infer_in(c, 0), *b = est__infer_in(c, 1);
    flips f = flips_of(c->op);
    est_shape left, right, s;
    if (a->rank < 0 || b->rank < 0)
        return EST_OK;
    if (!batch_shape(a, &left) || !batch_shape(b, &right))
        return est__infer_fail(c, "both operands must be matrices or stacks of them");
    int64_t inner_a = a->dim[a->rank - 1 - f.a], inner_b = b->dim[b->rank - 2 + f.b];
    if (inner_a >= 0 && inner_b >= 0 && inner_a != inner_b)
        return est__infer_fail(c, "%lld columns on the left do not fit %lld rows on the right",
                               (long long)inner_a, (long long)inner_b);
    EST_TRY(est__shape_broadcast(c, &left, &right, &s));
    if (s.rank < 0)
        return EST_OK;
    s.dim[s.rank++] = a->dim[a->rank - 2 + f.a];
    s.dim[s.rank++] = b->dim[b->rank - 1 - f.b];
    c->out[0] = s;
    return EST_OK;
}

static est_status batch_matmul_cpu(est_kernel *k)
{
    const est_tensor *a = est__in(k, 0), *b = est__in(k, 1);
    const flips *f = k->state;
    int ra = a->shape.rank, rb = b->shape.rank;
    est__broadcast at_a, at_b;
    est_shape left, right, s;
    est_tensor *out;
    if (!batch_shape(&a->shape, &left) || !batch_shape(&b->shape, &right) ||
        !est__broadcast_shapes(&left, &right, &s) ||
        a->shape.dim[ra - 1 - f->a] != b->shape.dim[rb - 2 + f->b])
        return mismatch(k);
    est__broadcast_of(&left, &s, &at_a);
    est__broadcast_of(&right, &s, &at_b);
    int64_t m = a->shape.dim[ra - 2 + f->a], n = b->shape.dim[rb - 1 - f->b],
            inner = a->shape.dim[ra - 1 - f->a];
    int64_t count = est_shape_elements(&s), size = (int64_t)est_dtype_size(a->dtype);
    s.dim[s.rank++] = m;
    s.dim[s.rank++] = n;
    EST_TRY(est__out(k, 0, &s, &out));
    for (int64_t i = 0; i < count; i++)
        est__matrix_product(k->pool, a->dtype, f->a, f->b, m, n, inner,
                            (const char *)a->data + est__broadcast_index(&at_a, i) * m * inner * size,
                            (const char *)b->data + est__broadcast_index(&at_b, i) * inner * n * size,
                            (char *)out->data + i * m * n * size);
    return EST_OK;
}

static void batch_matmul_grad(est_grad *b)
{
    est_graph *g = b->g;
    est_shape left, right;
    est_node *d[2], *batch[2];
    product_grad(b, "BatchMatMulV2", d);
    bool alike = batch_shape(est_node_shape(b->x[0]), &left) &&
                 batch_shape(est_node_shape(b->x[1]), &right) && est__shape_known(&left) &&
                 est_shape_equal(&left, &right);
    for (int i = 0; i < 2; i++)
        batch[i] = alike ? NULL
                         : est_strided_slice(g, EST_OP1(g, "Shape", b->x[i]), EST_INTS(0), EST_INTS(-2),
                                             EST_INTS(1), 0);
    est_node *args = alike ? NULL : EST_OP2(g, "BroadcastGradientArgs", batch[0], batch[1]);
    for (int i = 0; i < 2; i++)
        b->dx[i] = alike ? d[i]
                         : est__reshape_like(g, EST_OP2(g, "Sum", d[i], est_node_output(args, i)), b->x[i]);
}

/* ---- BiasAdd: to the last dimension ---- */
static est_status bias_prepare(const est_operation *op, void *state)
{
    (void)state;
    if (strcmp(est__attr_string(op, "data_format"), "NHWC") != 0)
        return est__fail(EST_UNIMPLEMENTED, "%s '%s': data_format '%s'; 'NHWC' is built in", op->row->tf_name,
                         op->name, est__attr_string(op, "data_format"));
    return EST_OK;
}

static est_status bias_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 0);
    const est_shape *bias = est__infer_in(c, 1);
    if (bias->rank >= 0 && bias->rank != 1)
        return est__infer_fail(c, "the bias must be a vector");
    if (s.rank == 0)
        return est__infer_fail(c, "a scalar has no bias");
    if (s.rank > 0 && bias->rank == 1 && strcmp(est__attr_string(c->op, "data_format"), "NHWC") == 0) {
        int64_t *last = &s.dim[s.rank - 1];
        if (*last >= 0 && bias->dim[0] >= 0 && *last != bias->dim[0])
            return est__infer_fail(c, "a bias of %lld for %lld columns", (long long)bias->dim[0],
                                   (long long)*last);
        *last = *last < 0 ? bias->dim[0] : *last;
    }
    c->out[0] = s;
    return EST_OK;
}

#define ADD_BIAS(T, D, ...)                                                                          \
    EST_CLONES_##T static void add_bias_##T(const T *x, const T *bias, T *y, int64_t rows, int64_t n) \
    {                                                                                                \
        for (int64_t i = 0; i < rows; i++, x += n, y += n) {                                         \
            EST_IVDEP                                                                                \
            for (int64_t j = 0; j < n; j++)                                                          \
                y[j] = (T)(x[j] + bias[j]);                                                          \
        }                                                                                            \
    }
EST_SIGNED_NUMBERS(ADD_BIAS, )

typedef struct bias_job {
    est_dtype dtype;
    const char *x, *bias;
    char *y;
    int64_t n;
} bias_job;

static void bias_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const bias_job *j = arg;
    size_t at = (size_t)(begin * j->n) * est_dtype_size(j->dtype);
    (void)block;
    switch (j->dtype) {
#define CASE(T, D, ...)                                                                              \
    case D:                                                                                          \
        add_bias_##T((const T *)(j->x + at), (const T *)j->bias, (T *)(j->y + at), end - begin, j->n); \
        break;
    EST_SIGNED_NUMBERS(CASE, )
    default: break;
    }
}

static est_status bias_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0), *bias = est__in(k, 1);
    int64_t n = est__tensor_elements(bias);
    est_tensor *out;
    if (bias->shape.rank != 1 || x->shape.rank < 1 || x->shape.dim[x->shape.rank - 1] != n) {
        char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a bias of shape %s does not fit %s",
                                est__shape_string(b, &bias->shape), est__shape_string(a, &x->shape));
    }
    EST_TRY(est__out(k, 0, &x->shape, &out));
    if (n > 0)
        est__for_blocks(k->pool, est__tensor_elements(x) / n, n >= 16384 ? 1 : 16384 / n, bias_rows,
                        &(bias_job){ x->dtype, x->data, bias->data, out->data, n });
    return EST_OK;
}

static void bias_grad(est_grad *b)
{
    b->dx[0] = b->dy[0];
    b->dx[1] = EST_OP1(b->g, "BiasAddGrad", b->dy[0]);
}

est_node *est_bias_add(est_graph *g, est_node *x, est_node *bias)
{
    return EST_OP2(g, "BiasAdd", x, bias);
}

#define TYPES "T: {float, double, int32, int64}"
EST_OPS(
    matmul,
    { .tf_name = "MatMul",
      .signature = "a: T, b: T -> product: T; transpose_a: bool = false; transpose_b: bool = false; " TYPES,
      .infer = matmul_infer,
      .cpu = matmul_cpu,
      .grad = matmul_grad,
      .state_size = sizeof(flips),
      .prepare = flips_prepare },
    { .tf_name = "BatchMatMulV2",
      .signature = "x: T, y: T -> output: T; " TYPES "; adj_x: bool = false; adj_y: bool = false",
      .infer = batch_matmul_infer,
      .cpu = batch_matmul_cpu,
      .grad = batch_matmul_grad,
      .state_size = sizeof(flips),
      .prepare = flips_prepare },
    { .tf_name = "BiasAdd",
      .signature = "value: T, bias: T -> output: T; T: " EST_SIG_SIGNED "; data_format: string = 'NHWC'",
      .infer = bias_infer,
      .cpu = bias_cpu,
      .grad = bias_grad,
      .prepare = bias_prepare });
