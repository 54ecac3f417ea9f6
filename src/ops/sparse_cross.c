/* SparseCross with hashed output: for each row of a batch, every combination of one value of each input,
 * hashed into buckets. Sparse inputs come first, then dense ones; the last input varies fastest. */
#include "ops/ops.h"

/* A batch with more crosses is taken for a mistake, before memory is asked for. */
#define MOST_CROSSES (INT64_C(1) << 31)

typedef struct cross_state {
    int num_sparse;
    uint64_t num_buckets, hash_key;
} cross_state;

typedef struct input {
    const est_tensor *values;
    const int64_t *start;    /* sparse: where each row's values begin, and where the last row's end */
    int64_t width;           /* dense: values of a row */
} input;

typedef struct crossing {
    const cross_state *state;
    input *input;
    int64_t *at;             /* the value of each input that is being crossed */
    uint64_t *hash;          /* of the values of the inputs before */
    int num_inputs;
    int64_t rows;
} crossing;

static est_status prepare(const est_operation *op, void *state)
{
    cross_state *s = state;
    int64_t buckets = est__attr_int(op, "num_buckets");
    if (!est__attr(op, "hashed_output")->b || est__attr(op, "out_type")->type != EST_INT64)
        return est__fail(EST_UNIMPLEMENTED, "SparseCross '%s': only hashed_output, of int64, is built in",
                         op->name);
    if (buckets < 0)
        return EST_PREPARE_FAIL(op, "num_buckets is %lld, it must be at least 0", (long long)buckets);
    s->num_sparse = (int)est__attr_int(op, "N");
    s->num_buckets = buckets > 0 ? (uint64_t)buckets : (uint64_t)INT64_MAX;
    s->hash_key = (uint64_t)est__attr_int(op, "hash_key");
    return EST_OK;
}

static est_status infer(est_infer *c)
{
    int64_t sparse = est__attr_int(c->op, "N");
    size_t types = est__attr(c->op, "sparse_types")->list.count;
    if (sparse != (int64_t)types)
        return est__infer_fail(c, "%zu sparse_types for %lld sparse inputs", types, (long long)sparse);
    if (c->op->num_inputs == 0)
        return est__infer_fail(c, "%s", "there is nothing to cross");
    c->out[0] = est_shape_of(2, (int64_t[]){ -1, 2 });
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    c->out[2] = est_shape_of(1, (int64_t[]){ 2 });
    return EST_OK;
}

static est_status set_rows(est_kernel *k, crossing *x, int i, int64_t rows)
{
    if (i > 0 && rows != x->rows)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d has %lld rows, those before it have %lld", i,
                                (long long)rows, (long long)x->rows);
    if (rows < 0 || rows > INT64_MAX / 16 - 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d has %lld rows", i, (long long)rows);
    x->rows = rows;
    return EST_OK;
}

static est_status open_sparse(est_kernel *k, crossing *x, int i)
{
    int n = x->state->num_sparse;
    const est_tensor *indices = est__in(k, i), *values = est__in(k, n + i), *shape = est__in(k, 2 * n + i);
    int64_t count = est__tensor_elements(values), row = -1;
    if (est__tensor_elements(shape) != 2 || est__tensor_elements(indices) != 2 * count)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "input %d is no sparse matrix: %lld values have %lld indices, in rank %lld", i,
                                (long long)count, (long long)est__tensor_elements(indices),
                                (long long)est__tensor_elements(shape));
    EST_TRY(set_rows(k, x, i, ((const int64_t *)shape->data)[0]));
    int64_t *start = est__scratch(k, ((size_t)x->rows + 1) * sizeof *start);
    if (start == NULL)
        return EST_RESOURCE_EXHAUSTED;
    const int64_t *at = indices->data;
    for (int64_t v = 0; v < count; v++) {
        if (at[2 * v] < row || at[2 * v] < 0 || at[2 * v] >= x->rows)
            return est__kernel_fail(
                k, EST_INVALID_ARGUMENT,
                "value %lld of input %d is in row %lld, after row %lld of %lld: the rows must be in order",
                (long long)v, i, (long long)at[2 * v], (long long)row, (long long)x->rows);
        while (row < at[2 * v])
            start[++row] = v;
    }
    while (row < x->rows)
        start[++row] = count;
    x->input[i] = (input){ .values = values, .start = start };
    return EST_OK;
}

static est_status open_dense(est_kernel *k, crossing *x, int i)
{
    const est_tensor *t = est__in(k, 2 * x->state->num_sparse + i);
    if (t->shape.rank != 2)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d is of rank %d, a matrix is wanted", i,
                                t->shape.rank);
    EST_TRY(set_rows(k, x, i, t->shape.dim[0]));
    x->input[i] = (input){ .values = t, .width = t->shape.dim[1] };
    return EST_OK;
}

static inline int64_t first_of(const input *in, int64_t row)
{
    return in->start ? in->start[row] : row * in->width;
}

static est_status count_row(est_kernel *k, const crossing *x, int64_t row, int64_t *count)
{
    int64_t n = 1;
    for (int i = 0; i < x->num_inputs; i++) {
        int64_t values = first_of(&x->input[i], row + 1) - first_of(&x->input[i], row);
        if (values > 0 && n > MOST_CROSSES / values)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "row %lld has more than %lld crosses",
                                    (long long)row, (long long)MOST_CROSSES);
        n *= values;
    }
    *count = n;
    return EST_OK;
}

static inline uint64_t fingerprint(const est_tensor *t, int64_t i)
{
    const int64_t *offset = t->data;
    return t->dtype == EST_STRING
               ? est__fingerprint64(t->bytes + offset[i], (size_t)(offset[i + 1] - offset[i]))
               : (uint64_t)offset[i];
}

/* The crosses of a row that has some. */
static int64_t *cross_row(const crossing *x, int64_t row, int64_t *to)
{
    int i = 0;
    for (int j = 0; j < x->num_inputs; j++)
        x->at[j] = first_of(&x->input[j], row);
    while (i >= 0) {
        for (; i < x->num_inputs; i++)
            x->hash[i + 1] = est__fingerprint_cat64(x->hash[i], fingerprint(x->input[i].values, x->at[i]));
        *to++ = (int64_t)(x->hash[x->num_inputs] % x->state->num_buckets);
        for (i = x->num_inputs - 1; i >= 0 && ++x->at[i] == first_of(&x->input[i], row + 1); i--)
            x->at[i] = first_of(&x->input[i], row);
    }
    return to;
}

static est_status open_inputs(est_kernel *k, crossing *x)
{
    int sparse = x->state->num_sparse;
    x->num_inputs = k->num_in - 2 * sparse;
    size_t n = (size_t)x->num_inputs;
    x->input = est__scratch(k, n * sizeof *x->input);
    x->at = est__scratch(k, n * sizeof *x->at);
    x->hash = est__scratch(k, (n + 1) * sizeof *x->hash);
    if (x->input == NULL || x->at == NULL || x->hash == NULL)
        return EST_RESOURCE_EXHAUSTED;
    x->hash[0] = x->state->hash_key;
    for (int i = 0; i < x->num_inputs; i++)
        EST_TRY(i < sparse ? open_sparse(k, x, i) : open_dense(k, x, i));
    return EST_OK;
}

static est_status cross_cpu(est_kernel *k)
{
    crossing x = { .state = k->state };
    int64_t total = 0, widest = 0;
    est_tensor *indices, *ids, *shape;
    EST_TRY(open_inputs(k, &x));
    int64_t *count = est__scratch(k, ((size_t)x.rows + 1) * sizeof *count);
    if (count == NULL)
        return EST_RESOURCE_EXHAUSTED;
    for (int64_t r = 0; r < x.rows; r++) {
        EST_TRY(count_row(k, &x, r, &count[r]));
        total += count[r];
        widest = count[r] > widest ? count[r] : widest;
        if (total > MOST_CROSSES)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the batch has more than %lld crosses",
                                    (long long)MOST_CROSSES);
    }
    est_shape pairs = est_shape_of(2, (int64_t[]){ total, 2 }), flat = est_shape_of(1, &total);
    est_shape two = est_shape_of(1, (int64_t[]){ 2 });
    EST_TRY(est__out(k, 0, &pairs, &indices));
    EST_TRY(est__out(k, 1, &flat, &ids));
    EST_TRY(est__out(k, 2, &two, &shape));
    int64_t *at = indices->data, *to = ids->data;
    for (int64_t r = 0; r < x.rows; r++) {
        if (count[r] > 0)
            to = cross_row(&x, r, to);
        for (int64_t i = 0; i < count[r]; i++) {
            *at++ = r;
            *at++ = i;
        }
    }
    memcpy(shape->data, (int64_t[]){ x.rows, widest }, 2 * sizeof(int64_t));
    return EST_OK;
}

#define VALUES "list({int64, string})"

EST_OPS(sparse_cross,
        { .tf_name = "SparseCross",
          .signature = "indices: N*int64, values: sparse_types, shapes: N*int64, dense_inputs: dense_types -> "
                       "output_indices: int64, output_values: out_type, output_shape: int64; N: int; "
                       "hashed_output: bool; num_buckets: int; hash_key: int; sparse_types: " VALUES "; "
                       "dense_types: " VALUES "; out_type: {int64, string}; internal_type: {int64, string}",
          .infer = infer, .cpu = cross_cpu, .grad = est__grad_none, .state_size = sizeof(cross_state),
          .prepare = prepare });
