/* RaggedTensorToSparse: rows given by offsets become the places of their values. It is how features of variable length enter a
 * model. */
#include "ops/ops.h"

static est_status infer(est_infer *c)
{
    int levels = c->op->num_inputs - 1;
    const est_shape *values = est__infer_in(c, levels);
    int64_t n = est_shape_elements(values), rank = values->rank < 1 ? -1 : levels + values->rank;
    c->out[0] = est_shape_of(2, (int64_t[]){ n < 0 ? -1 : n, rank });
    c->out[1] = est_shape_of(1, &c->out[0].dim[0]);
    c->out[2] = est_shape_of(1, &rank);
    return EST_OK;
}

/* Offsets of `level` over `count` values, or over the rows of the next level; *longest: its longest row. */
static est_status check_splits(est_kernel *k, int level, int64_t count, int64_t *longest)
{
    const est_tensor *splits = est__in(k, level);
    int64_t rows = est__tensor_elements(splits) - 1;
    if (splits->shape.rank != 1 || rows < 0 || est__int_at(splits, 0) != 0 || est__int_at(splits, rows) != count)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the splits of level %d must be a vector that goes from 0 to %lld", level,
                                (long long)count);
    *longest = 0;
    for (int64_t r = 0; r < rows; r++) {
        int64_t n = est__int_at(splits, r + 1) - est__int_at(splits, r);
        if (n < 0)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the splits of level %d fall at row %lld", level, (long long)r);
        if (n > *longest)
            *longest = n;
    }
    return EST_OK;
}

/* One level over a vector: what a batch gives. */
static void put_pairs(const est_tensor *splits, int64_t *to)
{
    int64_t rows = splits->shape.dim[0] - 1;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0, n = est__int_at(splits, r + 1) - est__int_at(splits, r); i < n; i++) {
            *to++ = r;
            *to++ = i;
        }
}

/* row[l]: the row of level l that the value at hand lies in. */
static void put_indices(est_kernel *k, int levels, int64_t *row, int64_t *to)
{
    const est_tensor *values = est__in(k, levels);
    int rank = values->shape.rank;
    int64_t n = values->shape.dim[0], inner = n ? est__tensor_elements(values) / n : 0;
    for (int64_t i = 0; i < n * inner; i++, to += levels + rank) {
        int64_t at = i / inner, left = i % inner;
        for (int d = rank - 1; d > 0; left /= values->shape.dim[d], d--)
            to[levels + d] = left % values->shape.dim[d];
        for (int level = levels - 1; level >= 0; at = row[level], level--) {
            while (est__int_at(est__in(k, level), row[level] + 1) <= at)
                row[level]++;
            to[level + 1] = at - est__int_at(est__in(k, level), row[level]);
        }
        to[0] = at;
    }
}

static est_status ragged_cpu(est_kernel *k)
{
    int levels = k->num_in - 1;
    const est_tensor *values = est__in(k, levels);
    int64_t n = est__tensor_elements(values), rank = levels + values->shape.rank;
    est_shape pairs = est_shape_of(2, (int64_t[]){ n, rank }), flat = est_shape_of(1, &n), dims = est_shape_of(1, &rank);
    est_tensor *indices, *shape;
    int64_t *row = est__scratch(k, (size_t)levels * sizeof *row);
    if (row == NULL)
        return EST_RESOURCE_EXHAUSTED;
    if (values->shape.rank < 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the values are a scalar");
    memset(row, 0, (size_t)levels * sizeof *row);
    EST_TRY(est__out(k, 2, &dims, &shape));
    int64_t *dim = shape->data;
    dim[0] = est__tensor_elements(est__in(k, 0)) - 1;
    for (int level = 0; level < levels; level++) {
        int64_t count = level + 1 < levels ? est__tensor_elements(est__in(k, level + 1)) - 1 : values->shape.dim[0];
        EST_TRY(check_splits(k, level, count, &dim[level + 1]));
    }
    memcpy(dim + levels + 1, values->shape.dim + 1, (size_t)(values->shape.rank - 1) * sizeof *dim);
    EST_TRY(est__out(k, 0, &pairs, &indices));
    if (levels == 1 && values->shape.rank == 1)
        put_pairs(est__in(k, 0), indices->data);
    else
        put_indices(k, levels, row, indices->data);
    return est__out_share(k, 1, levels, &flat);
}

static void ragged_grad(est_grad *b)
{
    int values = b->op->num_inputs - 1;
    if (b->dy[1])
        b->dx[values] = est__reshape_like(b->g, b->dy[1], b->x[values]);
}

EST_OPS(ragged,
        { .tf_name = "RaggedTensorToSparse",
          .signature = "rt_nested_splits: RAGGED_RANK*Tsplits, rt_dense_values: T -> sparse_indices: int64, sparse_values: T, "
                       "sparse_dense_shape: int64; RAGGED_RANK: int; T: type; Tsplits: {int32, int64} = int64",
          .infer = infer, .cpu = ragged_cpu, .grad = ragged_grad });
