/* Which entries of a sparse tensor, and in which order: SparseReorder, SparseSlice and its gradient's op. Indices are compared
 * as they stand: some are -1 on their way through an export of TensorFlow's. */
#include "ops/ops.h"

/* Indices [n, rank], n values (where there are any), and `lists` inputs from `first` on that have a number a dimension. */
static est_status check_parts(const est_kernel *k, bool values, int first, int lists)
{
    const est_shape *s = &est__in(k, 0)->shape;
    int64_t rank = s->rank == 2 ? s->dim[1] : -1, n = s->rank == 2 ? s->dim[0] : -1;
    bool good = rank >= 1 && (!values || est__tensor_elements(est__in(k, 1)) == n);
    for (int i = first; i < first + lists; i++)
        good = good && est__tensor_elements(est__in(k, i)) == rank;
    if (good)
        return EST_OK;
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld values with %lld indices of %lld dimensions in a shape of %lld",
                            (long long)est__tensor_elements(est__in(k, 1)), (long long)n, (long long)rank,
                            (long long)est__tensor_elements(est__in(k, first)));
}

/* ---- SparseReorder: row-major order; equal indices stay in the order they have ---- */
static est_status infer_reorder(est_infer *c)
{
    c->out[0] = *est__infer_in(c, 0);
    c->out[1] = *est__infer_in(c, 1);
    return EST_OK;
}

static bool is_before(const int64_t *a, const int64_t *b, int64_t rank)
{
    for (; rank > 1 && *a == *b; rank--)
        a++, b++;
    return *a < *b;
}

static bool is_in_order(const int64_t *at, int64_t n, int64_t rank)
{
    for (int64_t i = 1; i < n; i++)
        if (is_before(at + i * rank, at + (i - 1) * rank, rank))
            return false;
    return true;
}

/* Merges runs of 1, 2, 4, … entries, from one list to the other and back; returns the one that holds the result. */
static int64_t *sort(const int64_t *at, int64_t n, int64_t rank, int64_t *order, int64_t *other)
{
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t start = 0; start < n; start += 2 * run) {
            int64_t middle = start + run < n ? start + run : n, end = middle + run < n ? middle + run : n;
            for (int64_t i = start, j = middle, to = start; to < end; to++) {
                bool second = i == middle || (j < end && is_before(at + order[j] * rank, at + order[i] * rank, rank));
                other[to] = order[second ? j++ : i++];
            }
        }
        int64_t *sorted = other;
        other = order;
        order = sorted;
    }
    return order;
}

typedef struct picking {
    const est_tensor *values;
    const int64_t *entry;     /* the entry that each value of the result is */
    int64_t n;
} picking;

static void pick_walk(est__runs *r, void *arg)
{
    const picking *p = arg;
    for (int64_t i = 0; i < p->n; i++)
        est__copy_run(r, p->values, p->entry[i], 1);
}

static est_status reorder_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *values = est__in(k, 1);
    EST_TRY(check_parts(k, true, 2, 1));
    int64_t n = indices->shape.dim[0], rank = indices->shape.dim[1];
    const int64_t *at = indices->data;
    if (is_in_order(at, n, rank)) {
        EST_TRY(est__out_share(k, 0, 0, &indices->shape));
        return est__out_share(k, 1, 1, &values->shape);
    }
    int64_t *room = est__scratch(k, 2 * (size_t)n * sizeof *room);
    est_tensor *out;
    if (room == NULL)
        return EST_RESOURCE_EXHAUSTED;
    picking p = { values, sort(at, n, rank, room, room + n), n };
    EST_TRY(est__out(k, 0, &indices->shape, &out));
    for (int64_t i = 0; i < n; i++)
        memcpy((int64_t *)out->data + i * rank, at + p.entry[i] * rank, (size_t)rank * sizeof *at);
    return est__runs_out(k, 1, values->dtype, &values->shape, pick_walk, &p);
}

/* Where each entry went is what reordering their numbers gives. */
static void reorder_grad(est_grad *b)
{
    est_graph *g = b->g;
    if (b->dy[1] == NULL)
        return;
    est_node *n = est_op(g, "Shape", NULL, EST_NODES(b->x[1]), EST_ATTRS(EST_TYPE_ATTR("out_type", EST_INT64)));
    est_node *count = est_reshape(g, n, (est_ints){ 0 });
    est_node *numbers = EST_OP3(g, "Range", est_constant_int(g, EST_INT64, 0), count, est_constant_int(g, EST_INT64, 1));
    est_node *sorted = EST_OP3(g, "SparseReorder", b->x[0], numbers, b->x[2]);
    b->dx[1] = EST_OP3(g, "ScatterNd", est_expand_dims(g, est_node_output(sorted, 1), 1), b->dy[1], n);
}

/* ---- SparseSlice: the entries in a box, counted from its corner ---- */
static est_status infer_slice(est_infer *c)
{
    const est_shape *indices = est__infer_in(c, 0);
    int64_t rank = indices->rank == 2 ? indices->dim[1] : -1;
    c->out[0] = est_shape_of(2, (int64_t[]){ -1, rank });
    c->out[1] = est_shape_of(1, (int64_t[]){ -1 });
    c->out[2] = est_shape_of(1, &rank);
    return EST_OK;
}

static bool is_inside(const int64_t *at, const int64_t *start, const int64_t *size, int64_t rank)
{
    for (int64_t d = 0; d < rank; d++)
        if (at[d] < start[d] || (uint64_t)at[d] - (uint64_t)start[d] >= (uint64_t)size[d])
            return false;
    return true;
}

/* As much of the box as lies in the shape. */
static est_status slice_shape(est_kernel *k, const int64_t *shape, const int64_t *start, const int64_t *size, int64_t rank)
{
    est_tensor *out;
    EST_TRY(est__out(k, 2, &(est_shape){ 1, { rank } }, &out));
    for (int64_t d = 0; d < rank; d++) {
        if (start[d] < 0 || size[d] < 0)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "dimension %lld: %lld places from %lld on; neither can be negative",
                                    (long long)d, (long long)size[d], (long long)start[d]);
        int64_t left = shape[d] > start[d] ? shape[d] - start[d] : 0;
        ((int64_t *)out->data)[d] = size[d] < left ? size[d] : left;
    }
    return EST_OK;
}

static est_status slice_cpu(est_kernel *k)
{
    const est_tensor *indices = est__in(k, 0), *values = est__in(k, 1);
    EST_TRY(check_parts(k, true, 2, 3));
    int64_t n = indices->shape.dim[0], rank = indices->shape.dim[1], count = 0;
    const int64_t *at = indices->data, *start = est__in(k, 3)->data, *size = est__in(k, 4)->data;
    int64_t *entry = est__scratch(k, ((size_t)n + 1) * sizeof *entry);
    est_tensor *out;
    if (entry == NULL)
        return EST_RESOURCE_EXHAUSTED;
    EST_TRY(slice_shape(k, est__in(k, 2)->data, start, size, rank));
    for (int64_t i = 0; i < n; i++)
        if (is_inside(at + i * rank, start, size, rank))
            entry[count++] = i;
    EST_TRY(est__out(k, 0, &(est_shape){ 2, { count, rank } }, &out));
    int64_t *to = out->data;
    for (int64_t i = 0; i < count; i++)
        for (int64_t d = 0; d < rank; d++)
            *to++ = at[entry[i] * rank + d] - start[d];
    return est__runs_out(k, 1, values->dtype, &(est_shape){ 1, { count } }, pick_walk, &(picking){ values, entry, count });
}

static void slice_grad(est_grad *b)
{
    if (b->dy[1] != NULL)
        b->dx[1] = est_op(b->g, "SparseSliceGrad", NULL, EST_NODES(b->dy[1], b->x[0], b->x[3], b->y[0]), EST_NO_ATTRS);
}

/* ---- SparseSliceGrad: for each entry the gradient of the one that it became, 0 where it was left out ---- */
static est_status infer_slice_grad(est_infer *c)
{
    const est_shape *indices = est__infer_in(c, 1);
    c->out[0] = est_shape_of(1, (int64_t[]){ indices->rank == 2 ? indices->dim[0] : -1 });
    return EST_OK;
}

static bool is_moved(const int64_t *at, const int64_t *start, const int64_t *moved, int64_t rank)
{
    for (int64_t d = 0; d < rank; d++)
        if ((uint64_t)moved[d] + (uint64_t)start[d] != (uint64_t)at[d])
            return false;
    return true;
}

static est_status slice_grad_cpu(est_kernel *k)
{
    const est_tensor *dy = est__in(k, 0), *indices = est__in(k, 1), *start = est__in(k, 2), *moved = est__in(k, 3);
    int64_t rank = est__tensor_elements(start), count = est__tensor_elements(dy), j = 0;
    est_tensor *out;
    if (indices->shape.rank != 2 || moved->shape.rank != 2 || indices->shape.dim[1] != rank || moved->shape.dim[1] != rank ||
        moved->shape.dim[0] != count)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld gradients for indices of another number or rank", (long long)count);
    int64_t n = indices->shape.dim[0];
    size_t each = est_dtype_size(dy->dtype);
    EST_TRY(est__out(k, 0, &(est_shape){ 1, { n } }, &out));
    memset(out->data, 0, (size_t)n * each);
    for (int64_t i = 0; i < n && j < count; i++)
        if (is_moved((const int64_t *)indices->data + i * rank, start->data, (const int64_t *)moved->data + j * rank, rank)) {
            memcpy((char *)out->data + (size_t)i * each, (const char *)dy->data + (size_t)j * each, each);
            j++;
        }
    if (j == count)
        return EST_OK;
    return est__kernel_fail(k, EST_INVALID_ARGUMENT, "gradient %lld is of an index that is not among those cut from", (long long)j);
}

EST_OPS(sparse_order,
        { .tf_name = "SparseReorder",
          .signature = "input_indices: int64, input_values: T, input_shape: int64 -> output_indices: int64, output_values: T; "
                       "T: type",
          .infer = infer_reorder, .cpu = reorder_cpu, .grad = reorder_grad },
        { .tf_name = "SparseSlice",
          .signature = "indices: int64, values: T, shape: int64, start: int64, size: int64 -> output_indices: int64, "
                       "output_values: T, output_shape: int64; T: type",
          .infer = infer_slice, .cpu = slice_cpu, .grad = slice_grad },
        { .tf_name = "SparseSliceGrad",
          .signature = "backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64 -> val_grad: T; "
                       "T: " EST_SIG_NUMBERS,
          .infer = infer_slice_grad, .cpu = slice_grad_cpu });
