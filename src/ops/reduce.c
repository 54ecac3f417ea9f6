/* Reductions over axes. Floats are summed in double, in the order of memory; a large input is cut into fixed
 * blocks whose partial results are joined in order, so that the bits do not depend on the number of threads.
 */
#include <math.h>

#include "ops/ops.h"

/* ---- accumulators: double for floats, int64 for whole numbers and truth ---- */
/* `row` folds n elements into one accumulator, `columns` folds each into its own. */
#define FOLD(T, A, op, step)                                                              \
    static void op##_row_##T(const void *data, int64_t n, void *acc)                      \
    {                                                                                     \
        const T *in = data;                                                               \
        A lane[8], y = *(A *)acc;                                                         \
        int64_t i = 0;                                                                    \
        if (n >= 16) {                                                                    \
            for (int j = 0; j < 8; j++)                                                   \
                lane[j] = (A)in[j];                                                       \
            for (i = 8; i + 8 <= n; i += 8)                                               \
                for (int j = 0; j < 8; j++) {                                             \
                    A x = (A)in[i + j], z = lane[j];                                      \
                    lane[j] = (step);                                                     \
                }                                                                         \
            for (int j = 0; j < 8; j++) {                                                 \
                A x = lane[j], z = y;                                                     \
                y = (step);                                                               \
            }                                                                             \
        }                                                                                 \
        for (; i < n; i++) {                                                              \
            A x = (A)in[i], z = y;                                                        \
            y = (step);                                                                   \
        }                                                                                 \
        *(A *)acc = y;                                                                    \
    }                                                                                     \
    static void op##_columns_##T(const void *data, int64_t n, void *acc)                  \
    {                                                                                     \
        const T *in = data;                                                               \
        A *y = acc;                                                                       \
        EST_IVDEP                                                                         \
        for (int64_t i = 0; i < n; i++) {                                                 \
            A x = (A)in[i], z = y[i];                                                     \
            y[i] = (step);                                                                \
        }                                                                                 \
    }
#define FOLD_REAL(T, D, op, step) FOLD(T, double, op, step)
#define FOLD_INT(T, D, op, step) FOLD(T, int64_t, op, step)
#define INTEGERS(X, ...) \
    EST_SIGNED(X, __VA_ARGS__) X(uint8_t, EST_UINT8, __VA_ARGS__) X(uint16_t, EST_UINT16, __VA_ARGS__)
#define FOLDS(op, real_step, int_step) EST_REALS(FOLD_REAL, op, real_step) INTEGERS(FOLD_INT, op, int_step)
FOLDS(sum, z + x, (int64_t)((uint64_t)z + (uint64_t)x))
FOLDS(prod, z * x, (int64_t)((uint64_t)z * (uint64_t)x))
FOLDS(max, x > z || x != x ? x : z, x > z ? x : z)
FOLDS(min, x < z || x != x ? x : z, x < z ? x : z)
EST_BOOLS(FOLD_INT, all, z & x)
EST_BOOLS(FOLD_INT, any, z | x)

typedef void (*fold_fn)(const void *data, int64_t n, void *acc);
typedef enum kind { SUM, MEAN, PROD, MAX, MIN, ALL, ANY } kind;
typedef struct reduction {
    kind kind;
    bool keep_dims, real;
    size_t size;                     /* of an element */
    fold_fn row, columns, join;      /* join: columns of accumulators */
    double start;                    /* what an accumulator of doubles starts from */
    int64_t start_int;
} reduction;

#define PICK(T, D, op)                                                                    \
    case D: r->row = op##_row_##T, r->columns = op##_columns_##T; break;
#define PICKS(op, TYPES)                                                                  \
    switch (dtype) {                                                                      \
    TYPES(PICK, op)                                                                       \
    default: break;                                                                       \
    }                                                                                     \
    break;
#define NUMBERS(X, ...) EST_REALS(X, __VA_ARGS__) INTEGERS(X, __VA_ARGS__)

static void pick(reduction *r, est_dtype dtype)
{
    switch (r->kind) {
    case SUM: case MEAN: PICKS(sum, NUMBERS)
    case PROD: PICKS(prod, NUMBERS)
    case MAX: PICKS(max, NUMBERS)
    case MIN: PICKS(min, NUMBERS)
    case ALL: PICKS(all, EST_BOOLS)
    case ANY: PICKS(any, EST_BOOLS)
    }
}

static const char *const kind_names[] = { [SUM] = "Sum", [MEAN] = "Mean", [PROD] = "Prod", [MAX] = "Max",
                                          [MIN] = "Min", [ALL] = "All",   [ANY] = "Any" };

static est_status prepare_kind(const est_operation *op, kind which, bool keep_dims, void *state)
{
    static const struct { double start; int64_t start_int; fold_fn real, whole; } kinds[] = {
        [SUM] = { 0, 0, sum_columns_double, sum_columns_int64_t },
        [MEAN] = { 0, 0, sum_columns_double, sum_columns_int64_t },
        [PROD] = { 1, 1, prod_columns_double, prod_columns_int64_t },
        [MAX] = { -INFINITY, INT64_MIN, max_columns_double, max_columns_int64_t },
        [MIN] = { INFINITY, INT64_MAX, min_columns_double, min_columns_int64_t },
        [ALL] = { 0, 1, NULL, min_columns_int64_t },
        [ANY] = { 0, 0, NULL, max_columns_int64_t },
    };
    reduction *r = state;
    est_dtype dtype = op->input[0]->dtype;
    *r = (reduction){ .kind = which, .keep_dims = keep_dims };
    r->real = est__dtype_is_float(dtype);
    r->size = est_dtype_size(dtype);
    r->start = kinds[r->kind].start;
    r->start_int = kinds[r->kind].start_int;
    r->join = r->real ? kinds[r->kind].real : kinds[r->kind].whole;
    pick(r, dtype);
    return r->row != NULL ? EST_OK
                          : est__fail(EST_UNIMPLEMENTED, "%s '%s': no kernel for %s", op->row->tf_name,
                                      op->name, est_dtype_name(dtype));
}

static est_status reduce_prepare(const est_operation *op, void *state)
{
    kind which = SUM;
    while (strcmp(kind_names[which], op->row->tf_name) != 0)
        which++;
    return prepare_kind(op, which, est__attr_bool(op, "keep_dims"), state);
}

/* ---- the walk: neighbouring dimensions that are both kept or both reduced are one ---- */
typedef struct walk {
    const reduction *r;
    const char *data;
    int rank;
    int64_t dim[EST_MAX_RANK], stride[EST_MAX_RANK];   /* of the input; stride in accumulators, 0: reduced */
    int64_t inner;                                     /* elements of one step of dimension 0 */
    int64_t count;                                     /* accumulators of one set */
    char *acc; /* a set, or one for each block when dimension 0 is reduced */
} walk;

static void fill(const reduction *r, void *acc, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (r->real)
            ((double *)acc)[i] = r->start;
        else
            ((int64_t *)acc)[i] = r->start_int;
    }
}

/* Steps [begin, end) of dimension 0, into accumulators that start at `acc`. */
static void fold_block(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const walk *w = arg;
    int last = w->rank - 1;
    int64_t index[EST_MAX_RANK] = { begin }, at = begin * w->stride[0];
    int64_t run = last == 0 ? end - begin : w->dim[last],
            left = last == 0 ? 1 : (end - begin) * (w->inner / run);
    const char *x = w->data + (size_t)(begin * w->inner) * w->r->size;
    char *acc = w->acc + (w->stride[0] == 0 ? (size_t)(block * w->count) * 8 : 0);
    if (w->stride[0] == 0)
        fill(w->r, acc, w->count);
    else
        fill(w->r, acc + at * 8, (end - begin) * w->stride[0]);
    fold_fn fold = w->stride[last] == 0 ? w->r->row : w->r->columns;
    for (; left > 0; left--) {
        fold(x, run, acc + at * 8);
        x += (size_t)run * w->r->size;
        for (int d = last - 1; d >= 0; d--) {
            at += w->stride[d];
            if (++index[d] < w->dim[d] || d == 0)
                break;
            at -= index[d] * w->stride[d];
            index[d] = 0;
        }
    }
}

static void plan_walk(const est_shape *s, unsigned reduced, walk *w)
{
    bool kept[EST_MAX_RANK];
    for (int d = 0; d < s->rank; d++) {
        bool keep = !(reduced >> d & 1);
        if (s->dim[d] == 1)
            continue;
        if (w->rank > 0 && kept[w->rank - 1] == keep) {
            w->dim[w->rank - 1] *= s->dim[d];
        } else {
            kept[w->rank] = keep;
            w->dim[w->rank++] = s->dim[d];
        }
    }
    if (w->rank == 0) {
        kept[0] = true;
        w->dim[0] = 1;
        w->rank = 1;
    }
    w->count = w->inner = 1;
    for (int d = w->rank - 1; d >= 0; d--) {
        w->stride[d] = kept[d] ? w->count : 0;
        w->count *= kept[d] ? w->dim[d] : 1;
        w->inner *= d > 0 ? w->dim[d] : 1;
    }
}

static void put(const reduction *r, const void *acc, int64_t count, int64_t divisor, est_tensor *out)
{
    const double *d = acc;
    const int64_t *l = acc;
    bool mean = r->kind == MEAN;
    switch (out->dtype) {
#define REAL(T, D, ...)                                                                     \
    case D:                                                                                 \
        for (int64_t i = 0; i < count; i++)                                                 \
            ((T *)out->data)[i] = (T)(mean ? d[i] / (double)divisor : d[i]);                \
        break;
#define WHOLE(T, D, ...)                                                                    \
    case D:                                                                                 \
        for (int64_t i = 0; i < count; i++)                                                 \
            ((T *)out->data)[i] = (T)(mean && divisor > 0 ? l[i] / divisor : l[i]);         \
        break;
    EST_REALS(REAL, )
    INTEGERS(WHOLE, )
    EST_BOOLS(WHOLE, )
    default: break;
    }
}

/* The axes of input 1 as bits. */
static est_status axis_bits(est_kernel *k, int rank, unsigned *bits)
{
    const est_tensor *axes = est__in(k, 1);
    *bits = 0;
    for (int64_t i = 0, n = est__tensor_elements(axes); i < n; i++) {
        int axis;
        EST_TRY(est__in_axis(k, est__int_at(axes, i), rank, &axis));
        *bits |= 1u << axis;
    }
    return EST_OK;
}

static est_shape reduced_shape(const est_shape *s, unsigned bits, bool keep)
{
    est_shape out = { 0 };
    for (int d = 0; d < s->rank; d++)
        if (!(bits >> d & 1) || keep)
            out.dim[out.rank++] = bits >> d & 1 ? 1 : s->dim[d];
    return out;
}

enum { BLOCK = 32768 };   /* elements of a task, about */

static est_status reduce_bits(est_kernel *k, unsigned bits)
{
    const reduction *r = k->state;
    const est_tensor *in = est__in(k, 0);
    walk w = { .r = r, .data = in->data };
    int64_t n = est__tensor_elements(in), blocks = 1, step;
    est_tensor *out;
    est_shape s = reduced_shape(&in->shape, bits, r->keep_dims);
    if (est_shape_elements(&s) == n && n > 0) {   /* nothing is folded: only dimensions of 1 go */
        return est__out_share(k, 0, 0, &s);
    }
    EST_TRY(est__out(k, 0, &s, &out));
    plan_walk(&in->shape, bits, &w);
    if (n == 0)
        w.count = est_shape_elements(&s);
    step = w.dim[0] > 0 ? w.dim[0] : 1;
    if (n > 2 * BLOCK) {
        step = w.inner >= BLOCK ? 1 : BLOCK / w.inner;
        blocks = (w.dim[0] + step - 1) / step;
        /* Partial results of a reduced dimension 0 must be few beside the input. */
        if (w.stride[0] == 0 && (blocks > 64 || blocks * w.count > n / 4)) {
            blocks = w.count > n / 16 ? 1 : 16 < w.dim[0] ? 16 : w.dim[0];
            step = (w.dim[0] + blocks - 1) / blocks;
            blocks = (w.dim[0] + step - 1) / step;
        }
    }
    bool many = blocks > 1 && w.stride[0] == 0;
    w.acc = est__scratch(k, (size_t)(w.count * (many ? blocks : 1)) * 8 + 8);
    if (w.acc == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (n == 0)
        fill(r, w.acc, w.count);
    else if (blocks == 1)
        fold_block(&w, 0, 0, w.dim[0]);
    else
        est__for_blocks(k->pool, w.dim[0], step, fold_block, &w);
    for (int64_t i = 1; many && i < blocks; i++)
        r->join(w.acc + i * w.count * 8, w.count, w.acc);
    put(r, w.acc, w.count, w.count > 0 ? n / w.count : 0, out);
    return EST_OK;
}

static est_status reduce_cpu(est_kernel *k)
{
    unsigned bits;
    EST_TRY(axis_bits(k, est__in(k, 0)->shape.rank, &bits));
    return reduce_bits(k, bits);
}

static est_status reduce_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    const est_tensor *axes;
    bool keep = est__attr_bool(c->op, "keep_dims");
    unsigned bits = 0;
    if (in->rank < 0)
        return EST_OK;
    if (!est__infer_const(c, 1, &axes)) {
        if (keep)
            c->out[0] = est__unknown_shape(in->rank);
        return EST_OK;
    }
    for (int64_t i = 0, n = est__tensor_elements(axes); i < n; i++) {
        int axis;
        EST_TRY(est__infer_axis(c, est__int_at(axes, i), in->rank, &axis));
        bits |= 1u << axis;
    }
    c->out[0] = reduced_shape(in, bits, keep);
    return EST_OK;
}

/* ---- gradients: dy gets its dimensions of 1 back, then is spread over x ---- */
/* The axes as bits; false when they are not constant or the rank is unknown. */
static bool known_axes(const est_grad *b, unsigned *bits)
{
    int rank = est_node_shape(b->x[0])->rank;
    const est_tensor *axes = est__const_value(b->x[1]);
    if (rank < 0 || axes == NULL)
        return false;
    *bits = 0;
    for (int64_t i = 0, n = est__tensor_elements(axes); i < n; i++)
        *bits |= 1u << ((est__int_at(axes, i) + rank) % rank);
    return true;
}

/* A result (y or dy) with the reduced dimensions as 1. */
static est_node *with_ones(est_grad *b, est_node *n)
{
    unsigned bits;
    if (est__attr_bool(b->op, "keep_dims"))
        return n;
    if (!known_axes(b, &bits)) {
        /* The shape of x with 1 at the axes: the reduction of x itself, kept, has it. */
        est_node *kept = est_op(b->g, "Sum", NULL, EST_NODES(b->x[0], b->x[1]),
                                EST_ATTRS(EST_BOOL_ATTR("keep_dims", true)));
        return EST_OP2(b->g, "Reshape", n, EST_OP1(b->g, "Shape", kept));
    }
    for (int d = 0; d < est_node_shape(b->x[0])->rank; d++)
        if (bits >> d & 1)
            n = est_expand_dims(b->g, n, d);
    return n;
}

static est_node *spread(est_grad *b, est_node *dy)
{
    return EST_OP2(b->g, "BroadcastTo", with_ones(b, dy), est__shape_node(b->g, b->x[0]));
}

static void sum_grad(est_grad *b)
{
    b->dx[0] = spread(b, b->dy[0]);
}

static void mean_grad(est_grad *b)
{
    est_graph *g = b->g;
    est_node *x = b->x[0], *y = b->y[0];
    int64_t n = est_shape_elements(est_node_shape(x)), m = est_shape_elements(est_node_shape(y));
    est_node *count;
    if (n >= 0 && m > 0)
        count = est__scalar_like(g, y, (double)(n / m));
    else if (m == 1)
        count = est_cast(g, EST_OP1(g, "Size", x), est_node_dtype(y));
    else
        count = est_cast(g, EST_OP2(g, "FloorDiv", EST_OP1(g, "Size", x),
                                    est_maximum(g, EST_OP1(g, "Size", y), est_constant_int(g, EST_INT32, 1))),
                         est_node_dtype(y));
    b->dx[0] = spread(b, est_div(g, b->dy[0], count));
}

static void prod_grad(est_grad *b)      /* dy * y / x: as TensorFlow's but where an element of x is 0 */
{
    est_node *dy = est_mul(b->g, b->dy[0], b->y[0]);
    b->dx[0] = est_div(b->g, spread(b, dy), b->x[0]);
}

static void extreme_grad(est_grad *b)   /* shared evenly by the elements that are equal to the result */
{
    est_graph *g = b->g;
    est_node *here = est_cast(g, est_equal(g, with_ones(b, b->y[0]), b->x[0]), est_node_dtype(b->x[0]));
    est_node *count = est_op(g, "Sum", NULL, EST_NODES(here, b->x[1]),
                             EST_ATTRS(EST_BOOL_ATTR("keep_dims", true)));
    b->dx[0] = est_mul(g, est_div(g, here, count), with_ones(b, b->dy[0]));
}

/* ---- BiasAddGrad: the sum over all dimensions but the last ---- */
static est_status bias_grad_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    c->out[0] = est__unknown_shape(1);
    if (in->rank > 0 && strcmp(est__attr_string(c->op, "data_format"), "NHWC") == 0)
        c->out[0].dim[0] = in->dim[in->rank - 1];
    return EST_OK;
}

static est_status bias_grad_prepare(const est_operation *op, void *state)
{
    if (strcmp(est__attr_string(op, "data_format"), "NHWC") != 0)
        return est__fail(EST_UNIMPLEMENTED, "BiasAddGrad '%s': data_format '%s'; 'NHWC' is built in",
                         op->name, est__attr_string(op, "data_format"));
    return prepare_kind(op, SUM, false, state);
}

static est_status bias_grad_cpu(est_kernel *k)
{
    int rank = est__in(k, 0)->shape.rank;
    if (rank < 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a scalar has no bias");
    return reduce_bits(k, (1u << (rank - 1)) - 1);
}

static void bias_grad_grad(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "BroadcastTo", b->dy[0], est__shape_node(b->g, b->x[0]));
}

/* ---- builders ---- */
static est_node *reduce(est_graph *g, const char *op, est_node *x, est_ints axes, bool keep_dims)
{
    static const int64_t all[EST_MAX_RANK] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    int rank = est_node_shape(x)->rank;
    est_node *over;
    if (axes.count > 0)
        over = est_constant_ints(g, EST_INT32, axes);
    else if (rank >= 0)
        over = est__ints(g, all, rank);
    else
        over = EST_OP3(g, "Range", est_constant_int(g, EST_INT32, 0), EST_OP1(g, "Rank", x),
                       est_constant_int(g, EST_INT32, 1));
    return est_op(g, op, NULL, EST_NODES(x, over), EST_ATTRS(EST_BOOL_ATTR("keep_dims", keep_dims)));
}

#define BUILDER(fn, op)                                                       \
    est_node *fn(est_graph *g, est_node *x, est_ints axes, bool keep_dims)    \
    {                                                                         \
        return reduce(g, op, x, axes, keep_dims);                             \
    }
BUILDER(est_reduce_sum, "Sum")
BUILDER(est_reduce_mean, "Mean")
BUILDER(est_reduce_prod, "Prod")
BUILDER(est_reduce_max, "Max")
BUILDER(est_reduce_min, "Min")
BUILDER(est_reduce_all, "All")
BUILDER(est_reduce_any, "Any")

#define ROW_OF(name, in_out, types, gradient)                                                        \
    {                                                                                                \
        .tf_name = name,                                                                             \
        .signature = in_out "; keep_dims: bool = false; " types "Tidx: {int32, int64} = int32",      \
        .infer = reduce_infer, .cpu = reduce_cpu, .grad = gradient, .state_size = sizeof(reduction), \
        .prepare = reduce_prepare                                                                    \
    }
#define ROW(name, gradient)                                                                                  \
    ROW_OF(name, "input: T, reduction_indices: Tidx -> output: T",                                           \
           "T: {float, double, int32, int64, int8, int16, uint8, uint16}; ", gradient)
#define BOOL_ROW(name) \
    ROW_OF(name, "input: bool, reduction_indices: Tidx -> output: bool", "", est__grad_none)
EST_OPS(reduce, ROW("Sum", sum_grad), ROW("Mean", mean_grad), ROW("Prod", prod_grad),
        ROW("Max", extreme_grad), ROW("Min", extreme_grad), BOOL_ROW("All"), BOOL_ROW("Any"),
        { .tf_name = "BiasAddGrad",
          .signature = "out_backprop: T -> output: T; T: {float, double, int32, int64, int8, int16}; "
                       "data_format: string = 'NHWC'",
          .infer = bias_grad_infer,
          .cpu = bias_grad_cpu,
          .grad = bias_grad_grad,
          .state_size = sizeof(reduction),
          .prepare = bias_grad_prepare });
