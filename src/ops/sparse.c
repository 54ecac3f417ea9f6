/* Sparse tensors as (indices [n, rank], values [n], dense_shape [rank]): SparseFillEmptyRows,
 * SparseReshape, SparseToDense. */
#include "ops/ops.h"

/* ---- SparseFillEmptyRows: rows without a value get the default value in column 0 ---- */
static est_status infer_fill(est_infer *c)
{
    const est_shape *indices = est__infer_in(c, 0);
    est_shape dense;
    int64_t rank = indices->rank == 2 ? indices->dim[1] : -1, rows = -1;
    if (est__infer_value_as_shape(c, 2, &dense) && dense.rank > 0)
        rows = dense.dim[0];
    c->out[0] = est_shape_of(2, (int64_t[]){ -1, rank });
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    c->out[2] = est_shape_of(1, &rows);
    c->out[3] = est_shape_of(1, (int64_t[]){ indices->rank == 2 ? indices->dim[0] : -1 });
    return EST_OK;
}

typedef struct filling {
    const est_tensor *values, *filler;
    int64_t *source;    /* for each output value, the input value it is; -1: the default */
    int64_t n, rows, rank, count;
} filling;

static void fill_walk(est__runs *r, void *arg)
{
    const filling *f = arg;
    for (int64_t i = 0; i < f->count; i++)
        est__copy_run(r, f->source[i] < 0 ? f->filler : f->values, f->source[i] < 0 ? 0 : f->source[i], 1);
}

static est_status check_fill(est_kernel *k, filling *f)
{
    const est_tensor *indices = est__in(k, 0), *shape = est__in(k, 2);
    f->values = est__in(k, 1);
    f->filler = est__in(k, 3);
    f->n = est__tensor_elements(f->values);
    f->rank = est__tensor_elements(shape);
    if (f->rank < 1 || est__tensor_elements(indices) != f->n * f->rank ||
        est__tensor_elements(f->filler) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "%lld indices, %lld values, %lld default values in a shape of rank %lld",
                                (long long)est__tensor_elements(indices), (long long)f->n,
                                (long long)est__tensor_elements(f->filler), (long long)f->rank);
    f->rows = ((const int64_t *)shape->data)[0];
    if (f->rows < 0 || f->rows > INT64_MAX / 16)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a sparse tensor of %lld rows", (long long)f->rows);
    for (int64_t i = 0; i < f->n; i++) {
        int64_t row = ((const int64_t *)indices->data)[i * f->rank];
        if (row < 0 || row >= f->rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "value %lld is in row %lld of %lld",
                                    (long long)i, (long long)row, (long long)f->rows);
    }
    return EST_OK;
}

/* Values by row, in their order within a row; empty rows marked. */
static est_status place_values(est_kernel *k, filling *f, int64_t *reverse)
{
    const int64_t *at = est__in(k, 0)->data;
    est_tensor *empty;
    est_shape flat = est_shape_of(1, &f->rows);
    int64_t *next = est__scratch(k, ((size_t)f->rows + 1) * sizeof *next);
    f->source = est__scratch(k, ((size_t)(f->n + f->rows) + 1) * sizeof *f->source);
    if (next == NULL || f->source == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(est__out(k, 2, &flat, &empty));
    bool *is_empty = empty->data;
    memset(next, 0, ((size_t)f->rows + 1) * sizeof *next);
    for (int64_t i = 0; i < f->n; i++)
        next[at[i * f->rank]]++;
    for (int64_t r = 0; r < f->rows; r++) {
        int64_t size = next[r];
        is_empty[r] = size == 0;
        next[r] = f->count;
        if (size == 0)
            f->source[f->count] = -1 - r;
        f->count += size == 0 ? 1 : size;
    }
    for (int64_t i = 0; i < f->n; i++) {
        int64_t to = next[at[i * f->rank]]++;
        f->source[to] = i;
        reverse[i] = to;
    }
    return EST_OK;
}

static est_status fill_cpu(est_kernel *k)
{
    const int64_t *at = est__in(k, 0)->data;
    est_tensor *indices, *reverse;
    filling f = { 0 };
    EST_TRY(check_fill(k, &f));
    est_shape given = est_shape_of(1, &f.n);
    EST_TRY(est__out(k, 3, &given, &reverse));
    EST_TRY(place_values(k, &f, reverse->data));
    est_shape pairs = est_shape_of(2, (int64_t[]){ f.count, f.rank }), flat = est_shape_of(1, &f.count);
    EST_TRY(est__out(k, 0, &pairs, &indices));
    int64_t *to = indices->data;
    for (int64_t i = 0; i < f.count; i++, to += f.rank) {
        if (f.source[i] >= 0) {
            memcpy(to, at + f.source[i] * f.rank, (size_t)f.rank * sizeof *to);
        } else {
            memset(to, 0, (size_t)f.rank * sizeof *to);
            to[0] = -1 - f.source[i];
        }
    }
    return est__runs_out(k, 1, f.values->dtype, &flat, fill_walk, &f);
}

static void fill_grad(est_grad *b)
{
    if (b->dy[1] == NULL)
        return;
    est_node *zero = est_constant_int(b->g, EST_INT32, 0);
    b->dx[1] = EST_OP3(b->g, "GatherV2", b->dy[1], b->y[3], zero);
    b->dx[3] =
        EST_OP2(b->g, "Sub", EST_OP2(b->g, "Sum", b->dy[1], zero), EST_OP2(b->g, "Sum", b->dx[1], zero));
}

/* ---- SparseReshape: the same places in row-major order, under another shape; one dimension may be -1 ---- */
static est_status infer_reshape(est_infer *c)
{
    const est_shape *indices = est__infer_in(c, 0), *shape = est__infer_in(c, 2);
    int64_t rank = shape->rank == 1 ? shape->dim[0] : -1;
    c->out[0] = est_shape_of(2, (int64_t[]){ indices->rank == 2 ? indices->dim[0] : -1, rank });
    c->out[1] = est_shape_of(1, &rank);
    return EST_OK;
}

/* Elements of a shape; -1 when a dimension is negative or there are too many. `open` is left out. */
static int64_t count_elements(const int64_t *dim, int64_t rank, int64_t open)
{
    int64_t n = 1;
    for (int64_t d = 0; d < rank; d++)
        if (d != open && (dim[d] < 0 || __builtin_mul_overflow(n, dim[d], &n)))
            return -1;
    return n;
}

static est_status new_shape(est_kernel *k, const est_tensor *wanted, int64_t elements, int64_t *dim)
{
    int64_t rank = est__tensor_elements(wanted), open = -1;
    memcpy(dim, wanted->data, (size_t)rank * sizeof *dim);
    for (int64_t d = 0; d < rank; d++)
        if (dim[d] == -1) {
            if (open >= 0)
                return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                        "dimensions %lld and %lld of the new shape are both -1",
                                        (long long)open, (long long)d);
            open = d;
        }
    int64_t known = count_elements(dim, rank, open);
    bool fits = known >= 0 && (open < 0 ? known == elements : known > 0 && elements % known == 0);
    if (!fits)
        return est__kernel_fail(
            k, EST_INVALID_ARGUMENT, "a tensor of %lld elements does not fit the new shape, which has %lld%s",
            (long long)elements, (long long)known, open >= 0 ? " without its dimension -1" : "");
    if (open >= 0)
        dim[open] = elements / known;
    return EST_OK;
}

static est_status reshape_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *from = est__in(k, 1), *wanted = est__in(k, 2);
    int64_t rank = est__tensor_elements(from), new_rank = est__tensor_elements(wanted);
    int64_t elements = count_elements(from->data, rank, -1), *dim;
    est_tensor *out, *out_shape;
    if (indices->shape.rank != 2 || indices->shape.dim[1] != rank || elements < 0 || new_rank < 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "indices of rank %d for a shape of rank %lld and %lld elements",
                                indices->shape.rank, (long long)rank, (long long)elements);
    est_shape flat = est_shape_of(1, &new_rank),
              pairs = est_shape_of(2, (int64_t[]){ indices->shape.dim[0], new_rank });
    EST_TRY(est__out(k, 1, &flat, &out_shape));
    dim = out_shape->data;
    EST_TRY(new_shape(k, wanted, elements, dim));
    EST_TRY(est__out(k, 0, &pairs, &out));
    const int64_t *at = indices->data, *old = from->data;
    int64_t *to = out->data;
    for (int64_t i = 0; i < pairs.dim[0]; i++, at += rank, to += new_rank) {
        int64_t place = 0;
        for (int64_t d = 0; d < rank; d++) {
            if (at[d] < 0 || at[d] >= old[d])
                return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                        "index %lld has %lld in dimension %lld, which has %lld places",
                                        (long long)i, (long long)at[d], (long long)d, (long long)old[d]);
            place = place * old[d] + at[d];
        }
        for (int64_t d = new_rank - 1; d >= 0; place /= dim[d], d--)
            to[d] = place % dim[d];
    }
    return EST_OK;
}

/* ---- SparseToDense ---- */
typedef struct dense_state {
    bool validate;
} dense_state;

static est_status prepare_dense(const est_operation *op, void *state)
{
    ((dense_state *)state)->validate = est__attr_bool(op, "validate_indices");
    return EST_OK;
}

static est_status infer_dense(est_infer *c)
{
    est_shape shape;
    if (est__infer_value_as_shape(c, 1, &shape))
        c->out[0] = shape;
    return EST_OK;
}

typedef struct scattering {
    const est_tensor *values, *filler;
    int64_t *source, n;    /* for each element the value it takes; -1: the default */
} scattering;

static void dense_walk(est__runs *r, void *arg)
{
    const scattering *s = arg;
    for (int64_t i = 0; i < s->n; i++)
        est__copy_run(r, s->source[i] < 0 ? s->filler : s->values, s->source[i] < 0 ? 0 : s->source[i], 1);
}

/* The place of index i in row-major order; -1: outside. */
static int64_t flat_place(const est_tensor *indices, int64_t i, const est_shape *shape)
{
    int64_t place = 0;
    for (int d = 0; d < shape->rank; d++) {
        int64_t at = est__int_at(indices, i * shape->rank + d);
        if (at < 0 || at >= shape->dim[d])
            return -1;
        place = place * shape->dim[d] + at;
    }
    return place;
}

static est_status to_dense_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *values = est__in(k, 2);
    bool validate = ((const dense_state *)k->state)->validate;
    scattering s = { .values = values, .filler = est__in(k, 3) };
    est_shape shape;
    EST_TRY(est__in_shape(k, 1, &shape));
    int64_t count = indices->shape.rank == 0 ? 1 : indices->shape.dim[0],
            given = est__tensor_elements(values), before = -1;
    if (est__tensor_elements(indices) != count * shape.rank || (values->shape.rank > 0 && given != count) ||
        values->shape.rank > 1 || est__tensor_elements(s.filler) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "%lld indices and %lld values for a result of rank %d", (long long)count,
                                (long long)given, shape.rank);
    s.n = est_shape_elements(&shape);
    if (s.n < 0 || s.n > INT64_MAX / 16 ||
        (s.source = est__scratch(k, ((size_t)s.n + 1) * sizeof *s.source)) == NULL)
        return est__kernel_fail(k, EST_RESOURCE_EXHAUSTED, "a dense result of that shape is too large");
    memset(s.source, 0xff, (size_t)s.n * sizeof *s.source);
    for (int64_t i = 0; i < count; i++) {
        int64_t place = flat_place(indices, i, &shape);
        if (place < 0)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "index %lld lies outside the result",
                                    (long long)i);
        if (validate && place <= before)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "index %lld %s", (long long)i,
                                    place == before ? "stands twice" : "is out of order");
        before = place;
        s.source[place] = values->shape.rank == 0 ? 0 : i;
    }
    return est__runs_out(k, 0, values->dtype, &shape, dense_walk, &s);
}

EST_OPS(sparse,
        { .tf_name = "SparseFillEmptyRows",
          .signature = "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: "
                       "int64, output_values: T, empty_row_indicator: bool, reverse_index_map: int64; "
                       "T: type",
          .infer = infer_fill, .cpu = fill_cpu, .grad = fill_grad },
        { .tf_name = "SparseReshape",
          .signature = "input_indices: int64, input_shape: int64, new_shape: int64 -> output_indices: "
                       "int64, output_shape: int64",
          .infer = infer_reshape, .cpu = reshape_cpu, .grad = est__grad_none },
        { .tf_name = "SparseToDense",
          .signature = "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, "
                       "default_value: T -> dense: T; validate_indices: bool = true; T: type; "
                       "Tindices: {int32, int64}",
          .infer = infer_dense, .cpu = to_dense_cpu, .grad = est__grad_none,
          .state_size = sizeof(dense_state), .prepare = prepare_dense });
