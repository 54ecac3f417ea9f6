/* EstDenseToSparse: feature columns' way from a dense feature to a sparse one, which drops "" and -1; of weights, which
 * are floats, 0. */
#include "ops/ops.h"

static est_status infer(est_infer *c)
{
    int rank = est__infer_in(c, 0)->rank;
    c->out[0] = est_shape_of(2, (int64_t[]){ -1, rank });
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    c->out[2] = est_shape_of(1, (int64_t[]){ rank });
    return EST_OK;
}

typedef struct dropping {
    const est_tensor *x;
    const char *kept;    /* by element */
    int64_t n;
} dropping;

/* Which elements stay, and how many these are. */
static int64_t choose(const est_tensor *x, int64_t n, char *kept)
{
    int64_t count = 0;
    const int64_t *wide = x->data;
    const int32_t *narrow = x->data;
    const float *weight = x->data;
    if (x->dtype == EST_STRING)
        for (int64_t i = 0; i < n; i++)
            kept[i] = wide[i + 1] > wide[i];
    else if (x->dtype == EST_INT64)
        for (int64_t i = 0; i < n; i++)
            kept[i] = wide[i] != -1;
    else if (x->dtype == EST_FLOAT)
        for (int64_t i = 0; i < n; i++)
            kept[i] = weight[i] != 0;
    else
        for (int64_t i = 0; i < n; i++)
            kept[i] = narrow[i] != -1;
    for (int64_t i = 0; i < n; i++)
        count += kept[i];
    return count;
}

static void kept_walk(est__runs *r, void *arg)
{
    const dropping *d = arg;
    for (int64_t i = 0, end; i < d->n; i = end + 1) {
        for (end = i; end < d->n && d->kept[end];)
            end++;
        if (end > i)
            est__copy_run(r, d->x, i, end - i);
    }
}

static void put_indices(const dropping *d, int64_t *to)
{
    const est_shape *shape = &d->x->shape;
    if (shape->rank == 2 && shape->dim[1] == 1) {     /* one value a row: what a CSV file gives */
        for (int64_t i = 0; i < d->n; i++)
            if (d->kept[i]) {
                *to++ = i;
                *to++ = 0;
            }
        return;
    }
    for (int64_t i = 0; i < d->n; i++) {
        if (!d->kept[i])
            continue;
        int64_t left = i;
        for (int j = shape->rank - 1; j >= 0; left /= shape->dim[j], j--)
            to[j] = left % shape->dim[j];
        to += shape->rank;
    }
}

static est_status dense_to_sparse_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    int64_t n = est__tensor_elements(x);
    int rank = x->shape.rank;
    est_tensor *indices, *shape;
    char *kept = est__scratch(k, (size_t)n);
    if (kept == NULL)
        return EST_RESOURCE_EXHAUSTED;
    int64_t count = choose(x, n, kept);
    dropping d = { x, kept, n };
    est_shape values = est_shape_of(1, &count), pairs = est_shape_of(2, (int64_t[]){ count, rank });
    EST_TRY(est__out(k, 0, &pairs, &indices));
    put_indices(&d, indices->data);
    if (count == n)
        EST_TRY(est__out_share(k, 1, 0, &values));
    else
        EST_TRY(est__runs_out(k, 1, x->dtype, &values, kept_walk, &d));
    est_shape dims = est_shape_of(1, (int64_t[]){ rank });
    EST_TRY(est__out(k, 2, &dims, &shape));
    memcpy(shape->data, x->shape.dim, (size_t)rank * sizeof x->shape.dim[0]);
    return EST_OK;
}

static void dense_to_sparse_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *x = b->x[0];
    est_dtype dtype = est_node_dtype(x);
    est_node *ignored = dtype == EST_STRING  ? est_constant_string(g, "")
                        : dtype == EST_FLOAT ? est_constant_float(g, 0)
                                             : est_constant_int(g, dtype, -1);
    b->y[0] = EST_OP1(g, "Where", EST_OP2(g, "NotEqual", x, ignored));
    b->y[1] = EST_OP2(g, "GatherNd", x, b->y[0]);
    b->y[2] = est_op(g, "Shape", NULL, EST_NODES(x), EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT64)));
}

EST_OPS(dense_to_sparse,
        { .tf_name = "EstDenseToSparse",
          .signature = "x: T -> indices: int64, values: T, dense_shape: int64; T: {string, int64, int32, float}",
          .infer = infer, .cpu = dense_to_sparse_cpu, .grad = est__grad_none, .body = dense_to_sparse_body,
          .flags = EST_OP_PARALLEL });

est_node *est_dense_to_sparse(est_graph *g, est_node *x)
{
    return EST_OP1(g, "EstDenseToSparse", x);
}
