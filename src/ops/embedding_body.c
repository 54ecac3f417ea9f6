/* EstSafeEmbeddingLookupSparse and its gradients in TensorFlow's own ops, as its Python code spells them: for
 * exports, and for gradients that have no kernel. */
#include "ops/embedding.h"

static est_node *ints(est_graph *g, est_ints values)
{
    return est_constant_ints(g, EST_INT32, values);
}

static est_node *slice(est_graph *g, est_node *x, est_ints begin, est_ints end, est_ints strides,
                       int64_t mask, int64_t shrink)
{
    return est_op(g, "StridedSlice", NULL, EST_NODES(x, ints(g, begin), ints(g, end), ints(g, strides)),
                  EST_ATTRS(EST_INT_ATTR("begin_mask", mask), EST_INT_ATTR("end_mask", mask),
                            EST_INT_ATTR("shrink_axis_mask", shrink)));
}

/* Column 0 of indices [n, 2]. */
static est_node *row_numbers(est_graph *g, est_node *indices)
{
    return slice(g, indices, EST_INTS(0, 0), EST_INTS(0, 1), EST_INTS(1, 1), 1, 2);
}

static est_node *gather(est_graph *g, est_node *x, est_node *at)
{
    return EST_OP3(g, "GatherV2", x, at, est_constant_int(g, EST_INT32, 0));
}

static est_node *column(est_graph *g, est_node *x)
{
    return EST_OP2(g, "Reshape", x, ints(g, EST_INTS(-1, 1)));
}

/* A sparse matrix of ids; weights NULL: none. */
typedef struct sparse {
    est_node *indices, *ids, *dense_shape, *weights;
} sparse;

static sparse inputs(const est_body *b, int first)
{
    return (sparse){ .indices = b->x[first], .ids = b->x[first + 1], .dense_shape = b->x[first + 2],
                     .weights = b->op->num_inputs > first + 3 ? b->x[first + 3] : NULL };
}

static sparse retain(est_graph *g, sparse s, est_node *which)
{
    est_node *places = EST_OP2(g, "Reshape", EST_OP1(g, "Where", which), ints(g, EST_INTS(-1)));
    s.indices = gather(g, s.indices, places);
    s.ids = gather(g, s.ids, places);
    s.weights = s.weights ? gather(g, s.weights, places) : NULL;
    return s;
}

/* Without what safe_embedding_lookup_sparse leaves out. */
static sparse prune(est_graph *g, sparse s, const est__embedding *how)
{
    if (!how->safe)
        return s;
    s = retain(g, s, EST_OP2(g, "GreaterEqual", s.ids, est_constant_int(g, EST_INT64, 0)));
    if (s.weights && how->combiner != EST__COMBINE_SUM)
        s = retain(g, s, EST_OP2(g, "Greater", s.weights, est_constant_float(g, 0)));
    return s;
}

/* tf.clip_by_norm of each row. */
static est_node *clip(est_graph *g, est_node *rows, float max_norm)
{
    est_node *limit = est_constant_float(g, (double)max_norm);
    est_node *squares = est_reduce_sum(g, est_mul(g, rows, rows), EST_INTS(1), true);
    est_node *positive = est_greater(g, squares, est_constant_float(g, 0));
    est_node *safe = est_where(g, positive, squares, est_ones_like(g, squares));
    est_node *norm = est_where(g, positive, est_sqrt(g, safe), squares);
    return est_div(g, est_mul(g, rows, limit), est_maximum(g, norm, limit));
}

est_node *est__embedding_rows(est_graph *g, est_node *variable, est_node *ids, float max_norm)
{
    est_node *rows = est_op(g, "ResourceGather", NULL, EST_NODES(variable, ids),
                            EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    rows = EST_OP1(g, "Identity", rows);
    return max_norm > 0 ? clip(g, rows, max_norm) : rows;
}

static est_node *segment_sum(est_graph *g, est_node *x, est_node *segments)
{
    return EST_OP2(g, "SegmentSum", x, segments);
}

static est_node *combine_weighted(est_graph *g, est__combiner c, est_node *rows, est_node *weights,
                                  est_node *segments)
{
    est_node *sum = segment_sum(g, est_mul(g, rows, weights), segments);
    if (c == EST__COMBINE_MEAN)
        return EST_OP2(g, "DivNoNan", sum, segment_sum(g, weights, segments));
    if (c == EST__COMBINE_SQRTN) {
        est_node *squares = EST_OP2(g, "Pow", weights, est_constant_float(g, 2));
        return EST_OP2(g, "DivNoNan", sum, est_sqrt(g, segment_sum(g, squares, segments)));
    }
    return sum;
}

/* The rows of the table that the ids name, combined by row of the batch. */
static est_node *combine(est_graph *g, est_node *variable, const est__embedding *how, sparse s)
{
    static const char *const ops[] = { "SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN" };
    est_node *unique = EST_OP1(g, "Unique", s.ids), *places = est_node_output(unique, 1);
    est_node *table = est__embedding_rows(g, variable, unique, how->max_norm);
    est_node *segments = row_numbers(g, s.indices);
    if (!s.weights)
        return EST_OP3(g, ops[how->combiner], table, places, segments);
    segments = est_cast(g, segments, EST_INT32);
    return combine_weighted(g, how->combiner, gather(g, table, places), column(g, s.weights), segments);
}

/* Where row i had no id, zeros instead of what its filler looked up. */
static est_node *blank_empty_rows(est_graph *g, est_node *empty, est_node *looked_up)
{
    est_node *width = slice(g, EST_OP1(g, "Shape", looked_up), EST_INTS(1), EST_INTS(2), EST_INTS(1), 0, 1);
    est_node *times = EST_OP2(g, "Pack", est_constant_int(g, EST_INT32, 1), width);
    est_node *mask = EST_OP2(g, "Tile", column(g, empty), times);
    return EST_OP3(g, "Select", mask, EST_OP1(g, "ZerosLike", looked_up), looked_up);
}

static est_node *fill_empty_rows(est_graph *g, const sparse *s, est_node *values, est_node *value)
{
    return est_op(g, "SparseFillEmptyRows", NULL, EST_NODES(s->indices, values, s->dense_shape, value),
                  EST_NO_ATTRS);
}

static est_node *safe_lookup(est_graph *g, est_node *variable, const est__embedding *how, sparse s)
{
    est_node *zero = est_constant_int(g, EST_INT32, 0), *one = est_constant_int(g, EST_INT32, 1);
    est_node *first = EST_OP3(g, "Slice", s.dense_shape, ints(g, EST_INTS(0)), ints(g, EST_INTS(1)));
    est_node *rows = EST_OP2(g, "Prod", first, ints(g, EST_INTS(0)));
    est_node *columns = EST_OP3(g, "GatherV2", s.dense_shape, one, zero);
    est_node *flat = EST_OP3(g, "SparseReshape", s.indices, s.dense_shape, EST_OP2(g, "Pack", rows, columns));
    s.indices = flat;
    s.dense_shape = est_node_output(flat, 1);
    s = prune(g, s, how);
    est_node *filled = fill_empty_rows(g, &s, s.ids, est_constant_int(g, EST_INT64, 0));
    if (s.weights)
        s.weights = est_node_output(fill_empty_rows(g, &s, s.weights, est_constant_float(g, 1)), 1);
    s.indices = filled;
    s.ids = est_node_output(filled, 1);
    return blank_empty_rows(g, est_node_output(filled, 2), combine(g, variable, how, s));
}

static bool can_be_spelt(est_body *b, int variable)
{
    est_shape row = est__row_shape(b->op, variable);
    if (row.rank < 0 || row.rank == 1)
        return true;
    b->y[0] = est__graph_fail(b->g, EST_UNIMPLEMENTED, "%s '%s': only a matrix can be exported",
                              b->op->row->tf_name, b->op->name);
    return false;
}

void est__embedding_body(est_body *b)
{
    est__embedding how;
    est__embedding_of(b->op, &how);
    sparse s = inputs(b, 1);
    if (!can_be_spelt(b, 0))
        return;
    b->y[0] = how.safe ? safe_lookup(b->g, b->x[0], &how, s) : combine(b->g, b->x[0], &how, s);
}

/* ---- gradients ---- */
/* What the sum of each row of the batch was divided by, [rows, 1]. */
static est_node *divisors(est_graph *g, est__combiner c, sparse s, est_node *dy)
{
    est_node *at = row_numbers(g, s.indices);
    est_node *rows = slice(g, EST_OP1(g, "Shape", dy), EST_INTS(0), EST_INTS(1), EST_INTS(1), 0, 1);
    est_node *w = s.weights ? s.weights : est_cast(g, EST_OP1(g, "OnesLike", at), EST_FLOAT);
    if (c == EST__COMBINE_MEAN)
        return column(g, EST_OP3(g, "UnsortedSegmentSum", w, at, rows));
    return column(g, est_sqrt(g, EST_OP3(g, "UnsortedSegmentSum", est_square(g, w), at, rows)));
}

void est__embedding_ids_body(est_body *b)
{
    est__embedding how;
    est__embedding_of(b->op, &how);
    est_graph *g = b->g;
    sparse s = prune(g, inputs(b, 0), &how);
    if (!how.safe) {
        b->y[0] = EST_OP1(g, "Unique", s.ids);
        b->y[1] = est_node_output(b->y[0], 1);
        return;
    }
    est_node *filled = EST_OP1(g, "Size", EST_OP1(g, "Unique", row_numbers(g, s.indices)));
    est_node *rows = est_cast(g, slice(g, s.dense_shape, EST_INTS(0), EST_INTS(1), EST_INTS(1), 0, 1), EST_INT32);
    est_node *any = est_reshape(g, est_cast(g, EST_OP2(g, "Less", filled, rows), EST_INT32), EST_INTS(1));
    est_node *zero = EST_OP2(g, "Fill", any, est_constant_int(g, EST_INT64, 0));
    b->y[0] = EST_OP1(g, "Unique", est_concat(g, EST_NODES(s.ids, zero), 0));
    b->y[1] = EST_OP3(g, "Slice", est_node_output(b->y[0], 1), ints(g, EST_INTS(0)),
                      est_reshape(g, EST_OP1(g, "Size", s.ids), EST_INTS(1)));
}

void est__embedding_grad_body(est_body *b)
{
    est_graph *g = b->g;
    est__embedding how;
    est__embedding_of(b->op, &how);
    sparse s = prune(g, inputs(b, 3), &how);
    est_node *dy = b->x[0];
    if (how.combiner != EST__COMBINE_SUM)
        dy = EST_OP2(g, "DivNoNan", dy, divisors(g, how.combiner, s, dy));
    est_node *rows = gather(g, dy, row_numbers(g, s.indices));
    rows = s.weights ? est_mul(g, rows, column(g, s.weights)) : rows;
    b->y[0] = EST_OP3(g, "UnsortedSegmentSum", rows, b->x[1], EST_OP1(g, "Size", b->x[2]));
}

static est_node *dot(est_graph *g, est_node *a, est_node *b)
{
    return est_reduce_sum(g, est_mul(g, a, b), EST_INTS(1), true);
}

/* For y = sum(w e) / d: dy · e / d less what d takes away: dy · y / d (mean), dy · y w / d^2 (sqrtn). */
void est__embedding_weights_grad_body(est_body *b)
{
    est_graph *g = b->g;
    est__embedding how;
    est__embedding_of(b->op, &how);
    sparse s = inputs(b, 3);
    if (!can_be_spelt(b, 2))
        return;
    est_node *zero = est_constant_int(g, EST_INT64, 0), *at = row_numbers(g, s.indices);
    est_node *rows = est__embedding_rows(g, b->x[2], est_maximum(g, s.ids, zero), how.max_norm);
    est_node *dy = gather(g, b->x[0], at), *w = column(g, s.weights), *dw = dot(g, dy, rows);
    if (how.combiner != EST__COMBINE_SUM) {
        est_node *d = gather(g, divisors(g, how.combiner, prune(g, s, &how), b->x[0]), at);
        est_node *less = dot(g, dy, gather(g, b->x[1], at));
        if (how.combiner == EST__COMBINE_SQRTN)
            less = EST_OP2(g, "DivNoNan", est_mul(g, less, w), d);
        dw = EST_OP2(g, "DivNoNan", est_sub(g, dw, less), d);
    }
    est_node *counts = column(g, est_greater_equal(g, s.ids, zero));
    if (how.combiner != EST__COMBINE_SUM)
        counts = est_logical_and(g, counts, est_greater(g, w, est_constant_float(g, 0)));
    dw = how.safe ? est_where(g, counts, dw, est_zeros_like(g, dw)) : dw;
    b->y[0] = EST_OP2(g, "Reshape", dw, ints(g, EST_INTS(-1)));
}
