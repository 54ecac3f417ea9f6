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

static bool kept(const est_tensor *x, int64_t i)
{
    const int64_t *offset = x->data;
    if (x->dtype == EST_FLOAT)
        return ((const float *)x->data)[i] != 0;
    return x->dtype == EST_STRING ? offset[i + 1] > offset[i] : est__int_at(x, i) != -1;
}

typedef struct dropping {
    const est_tensor *x;
    int64_t n;
} dropping;

static void kept_walk(est__runs *r, void *arg)
{
    const dropping *d = arg;
    for (int64_t i = 0; i < d->n; i++)
        if (kept(d->x, i))
            est__copy_run(r, d->x, i, 1);
}

static void put_indices(const est_tensor *x, int64_t n, int64_t *to)
{
    int rank = x->shape.rank;
    if (rank == 2 && x->shape.dim[1] == 1) {     /* one value a row: what a CSV file gives */
        for (int64_t i = 0; i < n; i++)
            if (kept(x, i)) {
                *to++ = i;
                *to++ = 0;
            }
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        if (!kept(x, i))
            continue;
        int64_t left = i;
        for (int d = rank - 1; d >= 0; left /= x->shape.dim[d], d--)
            to[d] = left % x->shape.dim[d];
        to += rank;
    }
}

static est_status dense_to_sparse_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    dropping d = { x, est__tensor_elements(x) };
    int rank = x->shape.rank;
    int64_t count = 0;
    est_tensor *indices, *shape;
    for (int64_t i = 0; i < d.n; i++)
        count += kept(x, i);
    est_shape values = est_shape_of(1, &count), pairs = est_shape_of(2, (int64_t[]){ count, rank });
    EST_TRY(est__out(k, 0, &pairs, &indices));
    put_indices(x, d.n, indices->data);
    if (count == d.n)
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
          .infer = infer, .cpu = dense_to_sparse_cpu, .grad = est__grad_none, .body = dense_to_sparse_body });

est_node *est_dense_to_sparse(est_graph *g, est_node *x)
{
    return EST_OP1(g, "EstDenseToSparse", x);
}
