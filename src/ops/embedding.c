/* EstSafeEmbeddingLookupSparse: tf.nn.safe_embedding_lookup_sparse in one op, straight over the ids, and
 * its sparse gradient. Row i of the result combines the variable's rows that the ids of row i name; ids
 * below 0 are left out, a row without ids is 0. */
#include <math.h>

#include "ops/variable.h"

typedef enum combiner { COMBINE_SUM, COMBINE_MEAN, COMBINE_SQRTN } combiner;

typedef struct lookup_state {
    combiner combiner;
} lookup_state;

static bool combiner_of(const char *name, combiner *out)
{
    static const char *const names[] = { "sum", "mean", "sqrtn" };
    for (int i = COMBINE_SUM; i <= COMBINE_SQRTN; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (combiner)i;
            return true;
        }
    return false;
}

static est_status prepare(const est_operation *op, void *state)
{
    const char *name = est__attr_string(op, "combiner");
    if (!combiner_of(name, &((lookup_state *)state)->combiner))
        return EST_PREPARE_FAIL(op, "the combiner \"%s\" is none of sum, mean, sqrtn", name);
    return EST_OK;
}

/* ---- forward ---- */
static est_status infer_lookup(est_infer *c)
{
    est_shape row = est__row_shape(c->op, 0), dense;
    combiner unused;
    if (!combiner_of(est__attr_string(c->op, "combiner"), &unused))
        return est__infer_fail(c, "the combiner \"%s\" is none of sum, mean, sqrtn",
                               est__attr_string(c->op, "combiner"));
    if (row.rank < 0 || row.rank >= EST_MAX_RANK)
        return EST_OK;
    c->out[0] = (est_shape){ .rank = row.rank + 1, .dim = { -1 } };
    memcpy(c->out[0].dim + 1, row.dim, sizeof row.dim[0] * (size_t)row.rank);
    if (est__infer_value_as_shape(c, 3, &dense) && dense.rank == 2)
        c->out[0].dim[0] = dense.dim[0];
    return EST_OK;
}

typedef struct lookup {
    const float *table;
    const int64_t *ids;
    int64_t *start;      /* where each row's ids begin; one more for the end */
    int64_t width;
    combiner combiner;
    float *out;
} lookup;

/* indices [n, 2] in row order and values [n], for the rows of dense_shape[0]: where each row begins, in
 * `start` of rows + 1. */
static est_status row_starts(est_kernel *k, int first, int64_t **start, int64_t *rows)
{
    const est_tensor *indices = est__in(k, first), *values = est__in(k, first + 1),
                     *shape = est__in(k, first + 2);
    int64_t n = est__tensor_elements(values);
    if (est__tensor_elements(shape) != 2 || est__tensor_elements(indices) != 2 * n)
        return est__kernel_fail(
            k, EST_INVALID_ARGUMENT, "a sparse matrix is wanted: %lld ids have %lld indices, in rank %lld",
            (long long)n, (long long)est__tensor_elements(indices), (long long)est__tensor_elements(shape));
    *rows = ((const int64_t *)shape->data)[0];
    if (*rows < 0 || *rows > INT64_MAX / 8 - 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a sparse matrix of %lld rows", (long long)*rows);
    *start = est__scratch(k, ((size_t)*rows + 1) * sizeof **start);
    if (*start == NULL)
        return EST_RESOURCE_EXHAUSTED;
    const int64_t *at = indices->data;
    int64_t row = -1;
    for (int64_t i = 0; i < n; i++) {
        if (at[2 * i] < row || at[2 * i] < 0 || at[2 * i] >= *rows)
            return est__kernel_fail(
                k, EST_INVALID_ARGUMENT,
                "id %lld is in row %lld, after row %lld of %lld: the rows must be in order", (long long)i,
                (long long)at[2 * i], (long long)row, (long long)*rows);
        while (row < at[2 * i])
            (*start)[++row] = i;
    }
    while (row < *rows)
        (*start)[++row] = n;
    return EST_OK;
}

static inline float combine_scale(combiner c, int64_t count)
{
    return c == COMBINE_MEAN ? (float)count : sqrtf((float)count);
}

EST_CLONES static void add_row(float *restrict out, const float *restrict row, int64_t width)
{
    for (int64_t j = 0; j < width; j++)
        out[j] += row[j];
}

/* Rows of one element, added up: the tables of linear models. */
static void sum_elements(const lookup *l, int64_t begin, int64_t end)
{
    for (int64_t r = begin; r < end; r++) {
        float sum = 0;
        for (int64_t i = l->start[r]; i < l->start[r + 1]; i++)
            if (l->ids[i] >= 0)
                sum += l->table[l->ids[i]];
        l->out[r] = sum;
    }
}

static void lookup_rows(void *arg, int64_t block, int64_t begin, int64_t end)
{
    const lookup *l = arg;
    (void)block;
    if (l->width == 1 && l->combiner == COMBINE_SUM) {
        sum_elements(l, begin, end);
        return;
    }
    for (int64_t r = begin; r < end; r++) {
        float *out = l->out + r * l->width;
        int64_t count = 0;
        memset(out, 0, (size_t)l->width * sizeof *out);
        for (int64_t i = l->start[r]; i < l->start[r + 1]; i++) {
            if (l->ids[i] < 0)
                continue;
            count++;
            add_row(out, l->table + l->ids[i] * l->width, l->width);
        }
        if (count > 1 && l->combiner != COMBINE_SUM) {
            float scale = combine_scale(l->combiner, count);
            for (int64_t j = 0; j < l->width; j++)
                out[j] /= scale;
        }
    }
}

static est_status check_ids(est_kernel *k, const est__variable *v)
{
    const int64_t *ids = est__in(k, 2)->data, *at = est__in(k, 1)->data;
    int64_t n = est__tensor_elements(est__in(k, 2)), rows = est__rows(v->value);
    for (int64_t i = 0; i < n; i++)
        if (ids[i] >= rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                    "id %lld in row %lld of the batch is not in [0, %lld) of '%s'",
                                    (long long)ids[i], (long long)at[2 * i], (long long)rows, v->base.name);
    return EST_OK;
}

static est_status lookup_cpu(est_kernel *k)
{
    est__variable *v;
    int64_t rows;
    est_tensor *out;
    lookup l = { .combiner = ((const lookup_state *)k->state)->combiner };
    EST_TRY(est__variable_in(k, 0, EST_FLOAT, &v));
    if (v->value->shape.rank == 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the variable '%s' is a scalar and has no rows",
                                v->base.name);
    EST_TRY(row_starts(k, 1, &l.start, &rows));
    EST_TRY(check_ids(k, v));
    est_shape shape = v->value->shape;
    shape.dim[0] = rows;
    EST_TRY(est__out(k, 0, &shape, &out));
    l.table = v->value->data;
    l.ids = est__in(k, 2)->data;
    l.width = est__row_elements(v->value);
    l.out = out->data;
    est__for_blocks(k->pool, rows, 256, lookup_rows, &l);
    return EST_OK;
}

static void lookup_grad(est_grad *b)
{
    const char *name = est__attr_string(b->op, "combiner");
    b->dx[0] =
        est_op(b->g, "EstSafeEmbeddingLookupSparseGrad", NULL, EST_NODES(b->dy[0], b->x[1], b->x[2], b->x[3]),
               EST_ATTRS(EST_STRING_ATTR("combiner", name)));
    b->dx_indices[0] = est_node_output(b->dx[0], 1);
}

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

/* The places of the ids that are not below 0. */
static est_node *valid_places(est_graph *g, est_node *ids)
{
    est_node *valid = EST_OP2(g, "GreaterEqual", ids, est_constant_int(g, EST_INT64, 0));
    return EST_OP2(g, "Reshape", EST_OP1(g, "Where", valid), ints(g, EST_INTS(-1)));
}

static est_node *segment_op(est_graph *g, combiner c, est_node *rows, est_node *places, est_node *segments)
{
    static const char *const ops[] = { "SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN" };
    return EST_OP3(g, ops[c], rows, places, segments);
}

/* Where row i had no id, zeros instead of what its filler looked up. */
static est_node *blank_empty_rows(est_graph *g, est_node *empty, est_node *looked_up)
{
    est_node *width = slice(g, EST_OP1(g, "Shape", looked_up), EST_INTS(1), EST_INTS(2), EST_INTS(1), 0, 1);
    est_node *times = EST_OP2(g, "Pack", est_constant_int(g, EST_INT32, 1), width);
    est_node *mask = EST_OP2(g, "Tile", EST_OP2(g, "Reshape", empty, ints(g, EST_INTS(-1, 1))), times);
    return EST_OP3(g, "Select", mask, EST_OP1(g, "ZerosLike", looked_up), looked_up);
}

static void lookup_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *const *x = b->x;
    combiner c = COMBINE_SUM;
    combiner_of(est__attr_string(b->op, "combiner"), &c);
    est_node *zero = est_constant_int(g, EST_INT32, 0), *one = est_constant_int(g, EST_INT32, 1);
    est_node *first = EST_OP3(g, "Slice", x[3], ints(g, EST_INTS(0)), ints(g, EST_INTS(1)));
    est_node *rows = EST_OP2(g, "Prod", first, ints(g, EST_INTS(0)));
    est_node *columns = EST_OP3(g, "GatherV2", x[3], one, zero);
    est_node *flat = EST_OP3(g, "SparseReshape", x[1], x[3], EST_OP2(g, "Pack", rows, columns));
    est_node *places = valid_places(g, x[2]);
    est_node *filled = est_op(g, "SparseFillEmptyRows", NULL,
                              EST_NODES(gather(g, flat, places), gather(g, x[2], places),
                                        est_node_output(flat, 1), est_constant_int(g, EST_INT64, 0)),
                              EST_NO_ATTRS);
    est_node *unique = EST_OP1(g, "Unique", est_node_output(filled, 1));
    est_node *table = est_op(g, "ResourceGather", NULL, EST_NODES(x[0], unique),
                             EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    est_node *looked_up =
        segment_op(g, c, EST_OP1(g, "Identity", table), est_node_output(unique, 1), row_numbers(g, filled));
    est_shape row = est__row_shape(b->op, 0);
    if (row.rank >= 0 && row.rank != 1) {
        b->y[0] =
            est__graph_fail(g, EST_UNIMPLEMENTED,
                            "EstSafeEmbeddingLookupSparse '%s': only a matrix can be exported", b->op->name);
        return;
    }
    b->y[0] = blank_empty_rows(g, est_node_output(filled, 2), looked_up);
}

/* ---- the gradient: for each id that is not below 0, its row of dy, scaled by the combiner ---- */
static est_status infer_lookup_grad(est_infer *c)
{
    const est_shape *dy = est__infer_in(c, 0);
    if (dy->rank > 0) {
        c->out[0] = *dy;
        c->out[0].dim[0] = -1;
    }
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    return EST_OK;
}

static int64_t count_valid(const int64_t *ids, int64_t from, int64_t to)
{
    int64_t count = 0;
    for (int64_t i = from; i < to; i++)
        count += ids[i] >= 0;
    return count;
}

static est_status lookup_grad_cpu(est_kernel *k)
{
    combiner how = ((const lookup_state *)k->state)->combiner;
    const est_tensor *dy = est__in(k, 0);
    const int64_t *ids = est__in(k, 2)->data;
    int64_t *start, rows, width = est__row_elements(dy);
    est_tensor *out, *out_ids;
    EST_TRY(row_starts(k, 1, &start, &rows));
    if (dy->shape.rank == 0 || dy->shape.dim[0] != rows)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the gradient has not the %lld rows of the batch",
                                (long long)rows);
    int64_t count = count_valid(ids, 0, start[rows]);
    est_shape shape = dy->shape, flat = est_shape_of(1, &count);
    shape.dim[0] = count;
    EST_TRY(est__out(k, 0, &shape, &out));
    EST_TRY(est__out(k, 1, &flat, &out_ids));
    float *to = out->data;
    int64_t *to_id = out_ids->data;
    for (int64_t r = 0; r < rows; r++) {
        const float *from = (const float *)dy->data + r * width;
        int64_t n = how == COMBINE_SUM ? 1 : count_valid(ids, start[r], start[r + 1]);
        float scale = n > 1 ? combine_scale(how, n) : 1.0f;
        for (int64_t i = start[r]; i < start[r + 1]; i++) {
            if (ids[i] < 0)
                continue;
            *to_id++ = ids[i];
            for (int64_t j = 0; j < width; j++)
                *to++ = from[j] / scale;
        }
    }
    return EST_OK;
}

static void lookup_grad_body(est_body *b)
{
    est_graph *g = b->g;
    combiner c = COMBINE_SUM;
    combiner_of(est__attr_string(b->op, "combiner"), &c);
    est_node *places = valid_places(g, b->x[2]), *at = gather(g, row_numbers(g, b->x[1]), places);
    est_node *dy = b->x[0];
    if (c != COMBINE_SUM) {
        est_node *ones = est_op(g, "Cast", NULL, EST_NODES(EST_OP1(g, "OnesLike", at)),
                                EST_ATTRS(EST_TYPE_ATTR("DstT", EST_FLOAT)));
        est_node *rows = slice(g, EST_OP1(g, "Shape", dy), EST_INTS(0), EST_INTS(1), EST_INTS(1), 0, 1);
        est_node *counts =
            EST_OP2(g, "Maximum", EST_OP3(g, "UnsortedSegmentSum", ones, at, rows), est_constant_float(g, 1));
        if (c == COMBINE_SQRTN)
            counts = EST_OP1(g, "Sqrt", counts);
        dy = EST_OP2(g, "RealDiv", dy, EST_OP2(g, "Reshape", counts, ints(g, EST_INTS(-1, 1))));
    }
    b->y[0] = gather(g, dy, at);
    b->y[1] = gather(g, b->x[2], places);
}

#define COMBINER "combiner: string = 'sum'"

EST_OPS(embedding,
        { .tf_name = "EstSafeEmbeddingLookupSparse",
          .signature = "weights: resource, indices: int64, values: int64, dense_shape: int64 -> y: dtype; "
                       "dtype: {float} = float; " COMBINER,
          .infer = infer_lookup, .cpu = lookup_cpu, .grad = lookup_grad, .body = lookup_body,
          .state_size = sizeof(lookup_state), .prepare = prepare, .flags = EST_OP_STATEFUL | EST_OP_READS },
        { .tf_name = "EstSafeEmbeddingLookupSparseGrad",
          .signature = "dy: float, indices: int64, values: int64, dense_shape: int64 -> rows: float, "
                       "ids: int64; " COMBINER,
          .infer = infer_lookup_grad, .cpu = lookup_grad_cpu, .body = lookup_grad_body,
          .state_size = sizeof(lookup_state), .prepare = prepare });

est_node *est_safe_embedding_lookup_sparse(est_graph *g, est_node *variable, est_node *indices, est_node *ids,
                                           est_node *dense_shape, const char *how)
{
    return est_op(g, "EstSafeEmbeddingLookupSparse", NULL, EST_NODES(variable, indices, ids, dense_shape),
                  EST_ATTRS(EST_STRING_ATTR("combiner", how != NULL ? how : "sum")));
}
