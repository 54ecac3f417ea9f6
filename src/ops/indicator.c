/* EstIndicator: how often each id stands in each row, or the sums of the ids' weights: what
 * tf.feature_column.indicator_column makes through a one-hot tensor of all ids. Ids outside [0, depth) are
 * left out. */
#include "ops/ops.h"

static int64_t depth_of(const est_operation *op)
{
    return est__attr_int(op, "depth");
}

static est_status infer(est_infer *c)
{
    est_shape dense;
    int64_t depth = depth_of(c->op);
    if (depth < 1)
        return est__infer_fail(c, "depth is %lld, it must be at least 1", (long long)depth);
    if (c->op->num_inputs > 4)
        return est__infer_fail(c, "%d weights for the ids; one tensor at most is wanted",
                               c->op->num_inputs - 3);
    c->out[0] = est_shape_of(2, (int64_t[]){ -1, depth });
    if (est__infer_value_as_shape(c, 2, &dense) && dense.rank == 2)
        c->out[0].dim[0] = dense.dim[0];
    return EST_OK;
}

static est_status prepare(const est_operation *op, void *state)
{
    *(int64_t *)state = depth_of(op);
    return EST_OK;
}

static est_status check(est_kernel *k, int64_t depth, int64_t *rows)
{
    int64_t n = est__tensor_elements(est__in(k, 1)), at = est__tensor_elements(est__in(k, 0));
    if (est__tensor_elements(est__in(k, 2)) != 2 || at != 2 * n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "a sparse matrix is wanted: %lld ids have %lld indices", (long long)n,
                                (long long)at);
    if (k->num_in > 3 && est__tensor_elements(est__in(k, 3)) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld ids have %lld weights; each id has one",
                                (long long)n, (long long)est__tensor_elements(est__in(k, 3)));
    *rows = ((const int64_t *)est__in(k, 2)->data)[0];
    if (*rows < 0 || *rows > INT64_MAX / 8 / depth)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld rows of %lld elements are too many",
                                (long long)*rows, (long long)depth);
    return EST_OK;
}

static est_status indicator_cpu(est_kernel *k)
{
    int64_t depth = *(const int64_t *)k->state, rows = 0, n = est__tensor_elements(est__in(k, 1));
    const int64_t *at = est__in(k, 0)->data, *id = est__in(k, 1)->data;
    const float *weight = k->num_in > 3 ? est__in(k, 3)->data : NULL;
    est_tensor *out;
    EST_TRY(check(k, depth, &rows));
    est_shape shape = est_shape_of(2, (int64_t[]){ rows, depth });
    EST_TRY(est__out(k, 0, &shape, &out));
    float *to = out->data;
    memset(to, 0, est__tensor_bytes(out));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = at[2 * i];
        if (row < 0 || row >= rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "id %lld is in row %lld of %lld", (long long)i,
                                    (long long)row, (long long)rows);
        if (id[i] >= 0 && id[i] < depth)
            to[row * depth + id[i]] += weight ? weight[i] : 1;
    }
    return EST_OK;
}

static est_node *gather(est_graph *g, est_node *x, est_node *at)
{
    return EST_OP3(g, "GatherV2", x, at, est_constant_int(g, EST_INT32, 0));
}

/* Weighted: scattered to [row, id]. */
static est_node *scatter(est_graph *g, est_node *const *x, int64_t depth)
{
    est_node *zero = est_constant_int(g, EST_INT64, 0), *most = est_constant_int(g, EST_INT64, depth);
    est_node *inside = est_logical_and(g, est_greater_equal(g, x[1], zero), est_less(g, x[1], most));
    est_node *places = est_reshape(g, EST_OP1(g, "Where", inside), EST_INTS(-1));
    est_node *rows = est_op(g, "StridedSlice", NULL,
                            EST_NODES(x[0], est_constant_ints(g, EST_INT32, EST_INTS(0, 0)),
                                      est_constant_ints(g, EST_INT32, EST_INTS(0, 1)),
                                      est_constant_ints(g, EST_INT32, EST_INTS(1, 1))),
                            EST_ATTRS(EST_INT_ATTR("begin_mask", 1), EST_INT_ATTR("end_mask", 1)));
    est_node *pairs = est_concat(g, EST_NODES(rows, est_expand_dims(g, x[1], 1)), 1);
    est_node *first = est_op(g, "Slice", NULL,
                             EST_NODES(x[2], est_constant_ints(g, EST_INT32, EST_INTS(0)),
                                       est_constant_ints(g, EST_INT32, EST_INTS(1))),
                             EST_NO_ATTRS);
    est_node *shape = est_concat(g, EST_NODES(first, est_constant_ints(g, EST_INT64, EST_INTS(depth))), 0);
    return EST_OP3(g, "ScatterNd", gather(g, pairs, places), gather(g, x[3], places), shape);
}

static void indicator_body(est_body *b)
{
    est_graph *g = b->g;
    int64_t depth = depth_of(b->op);
    if (b->op->num_inputs > 3) {
        b->y[0] = scatter(g, b->x, depth);
        return;
    }
    est_node *ids =
        est_op(g, "SparseToDense", NULL,
               EST_NODES(b->x[0], b->x[2], b->x[1], est_constant_int(g, EST_INT64, -1)), EST_NO_ATTRS);
    b->y[0] = est_reduce_sum(g, est_one_hot(g, ids, depth, 1, 0), EST_INTS(-2), false);
}

EST_OPS(indicator,
        { .tf_name = "EstIndicator",
          .signature = "indices: int64, values: int64, dense_shape: int64, weights: N*float -> y: float; "
                       "depth: int; N: int",
          .infer = infer,
          .cpu = indicator_cpu,
          .body = indicator_body,
          .state_size = sizeof(int64_t),
          .prepare = prepare });

est_node *est_indicator(est_graph *g, est_node *indices, est_node *ids, est_node *dense_shape,
                        est_node *weights, int64_t depth)
{
    est_node *in[] = { indices, ids, dense_shape, weights };
    return est_op(g, "EstIndicator", NULL, (est_nodes){ in, weights ? 4 : 3 },
                  EST_ATTRS(EST_INT_ATTR("depth", depth)));
}
