/* SparseSegmentSum, Mean and SqrtN: rows of `data`, picked by indices, combined by segment. Segment ids do
 * not descend; a segment without rows is 0. */
#include <math.h>

#include "ops/ops.h"

typedef enum combine { SUM, MEAN, SQRTN } combine;
typedef struct segment_state { combine how; } segment_state;

static combine how_of(const est_operation *op)
{
    const char *name = op->row->tf_name + strlen("SparseSegment");
    return strncmp(name, "Sum", 3) == 0 ? SUM : strncmp(name, "Mean", 4) == 0 ? MEAN : SQRTN;
}

static est_status prepare(const est_operation *op, void *state)
{
    *(segment_state *)state = (segment_state){ how_of(op) };
    return EST_OK;
}

static est_status infer(est_infer *c)
{
    const est_shape *data = est__infer_in(c, 0);
    const est_tensor *count;
    if (data->rank < 1)
        return data->rank < 0 ? EST_OK : est__infer_fail(c, "the data is a scalar and has no rows");
    c->out[0] = *data;
    c->out[0].dim[0] = -1;
    if (c->op->num_inputs == 4 && est__infer_const(c, 3, &count) && est__tensor_elements(count) == 1)
        c->out[0].dim[0] = est__int_at(count, 0);
    return EST_OK;
}

static est_status check(est_kernel *k, int64_t rows, int64_t *segments)
{
    const est_tensor *indices = est__in(k, 1), *ids = est__in(k, 2);
    int64_t n = est__tensor_elements(indices), before = 0,
            most = k->num_in == 4 ? est__int_at(est__in(k, 3), 0) : INT64_MAX;
    if (indices->shape.rank != 1 || ids->shape.rank != 1 || est__tensor_elements(ids) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "%lld indices and %lld segment ids; two vectors of one length are wanted",
                                (long long)n, (long long)est__tensor_elements(ids));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = est__int_at(indices, i), id = est__int_at(ids, i);
        if (row < 0 || row >= rows)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "index %lld is %lld, the data has %lld rows",
                                    (long long)i, (long long)row, (long long)rows);
        if (id < before || id >= most)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "segment id %lld is %lld, which is %s",
                                    (long long)i, (long long)id,
                                    id < before ? "less than the one before it" : "not below num_segments");
        before = id;
    }
    *segments = k->num_in == 4 ? most : n > 0 ? before + 1 : 0;
    return EST_OK;
}

#define COMBINE(T, DTYPE, root)                                                                         \
    static void combine_##T(combine how, const est_kernel *k, int64_t width, int64_t segments, T *out)  \
    {                                                                                                   \
        const est_tensor *indices = est__in(k, 1), *ids = est__in(k, 2);                                \
        const T *data = est__in(k, 0)->data;                                                            \
        int64_t n = est__tensor_elements(ids), i = 0;                                                   \
        memset(out, 0, (size_t)(segments * width) * sizeof *out);                                       \
        while (i < n) {                                                                                 \
            int64_t id = est__int_at(ids, i), first = i;                                                \
            T *to = out + id * width;                                                                   \
            for (; i < n && est__int_at(ids, i) == id; i++) {                                           \
                const T *row = data + est__int_at(indices, i) * width;                                  \
                for (int64_t j = 0; j < width; j++)                                                     \
                    to[j] += row[j];                                                                    \
            }                                                                                           \
            T scale = how == MEAN ? (T)(i - first) : how == SQRTN ? root((T)(i - first)) : 1;           \
            for (int64_t j = 0; how != SUM && j < width; j++)                                           \
                to[j] /= scale;                                                                         \
        }                                                                                               \
    }
COMBINE(float, EST_FLOAT, sqrtf)
COMBINE(double, EST_DOUBLE, sqrt)

static est_status segments_cpu(est_kernel *k)
{
    const combine how = ((const segment_state *)k->state)->how;
    const est_tensor *data = est__in(k, 0);
    int64_t segments = 0, width = 1;
    est_tensor *out;
    if (data->shape.rank < 1 || (k->num_in == 4 && est__tensor_elements(est__in(k, 3)) != 1))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                "data of rank %d; rows and one number of segments are wanted",
                                data->shape.rank);
    EST_TRY(check(k, data->shape.dim[0], &segments));
    est_shape shape = data->shape;
    shape.dim[0] = segments;
    for (int d = 1; d < shape.rank; d++)
        width *= shape.dim[d];
    EST_TRY(est__out(k, 0, &shape, &out));
    if (data->dtype == EST_FLOAT)
        combine_float(how, k, width, segments, out->data);
    else
        combine_double(how, k, width, segments, out->data);
    return EST_OK;
}

/* The number of rows of n, as a scalar node. */
static est_node *rows_of(est_graph *g, est_node *n)
{
    return EST_OP3(g, "GatherV2", est__shape_node(g, n), est_constant_int(g, EST_INT32, 0),
                   est_constant_int(g, EST_INT32, 0));
}

/* Each row of dy, over what its segment was divided by, goes back to the rows that were picked. */
static void segment_grad(est_grad *b)
{
    const combine how = how_of(b->op);
    est_graph *g = b->g;
    est_node *dy = b->dy[0], *ids = b->x[2], *zero = est_constant_int(g, EST_INT32, 0);
    est_node *back = EST_OP3(g, "GatherV2", dy, ids, zero);
    if (how != SUM) {
        est_node *ones = est_op(g, "Cast", NULL, EST_NODES(EST_OP1(g, "OnesLike", ids)),
                                EST_ATTRS(EST_TYPE_ATTR("DstT", est_node_dtype(dy))));
        est_node *sizes =
            EST_OP3(g, "GatherV2", EST_OP3(g, "UnsortedSegmentSum", ones, ids, rows_of(g, dy)), ids, zero);
        int64_t column[EST_MAX_RANK] = { -1, 1, 1, 1, 1, 1, 1, 1 };
        int rank = est_node_shape(dy)->rank;
        if (rank < 1) {
            b->dx[0] =
                est__graph_fail(g, EST_UNIMPLEMENTED, "%s '%s': the gradient needs the rank of the data",
                                b->op->row->tf_name, b->op->name);
            return;
        }
        sizes =
            EST_OP2(g, "Reshape", sizes, est_constant_ints(g, EST_INT32, (est_ints){ column, (size_t)rank }));
        back = EST_OP2(g, "RealDiv", back, how == SQRTN ? EST_OP1(g, "Sqrt", sizes) : sizes);
    }
    b->dx[0] = EST_OP3(g, "UnsortedSegmentSum", back, b->x[1], rows_of(g, b->x[0]));
}

/* ---- the same backwards, as TensorFlow's own graphs have it ---- */

static est_status back_infer(est_infer *c)
{
    const est_shape *dy = est__infer_in(c, 0);
    const est_tensor *rows;
    if (dy->rank < 1)
        return dy->rank < 0 ? EST_OK : est__infer_fail(c, "the gradient is a scalar and has no rows");
    c->out[0] = *dy;
    c->out[0].dim[0] = est__infer_const(c, 3, &rows) && est__tensor_elements(rows) == 1 ? est__int_at(rows, 0) : -1;
    return EST_OK;
}

#define SEND_BACK(T)                                                                                        \
    static void send_back_##T(combine how, const est_kernel *k, int64_t width, const int64_t *count, T *out) \
    {                                                                                                       \
        const est_tensor *indices = est__in(k, 1), *ids = est__in(k, 2);                                    \
        const T *dy = est__in(k, 0)->data;                                                                  \
        for (int64_t i = 0, n = est__tensor_elements(ids); i < n; i++) {                                    \
            int64_t id = est__int_at(ids, i);                                                               \
            T *to = out + est__int_at(indices, i) * width;                                                  \
            T share = how == MEAN ? (T)(1.0 / (double)count[id]) : how == SQRTN ? (T)(1.0 / sqrt((double)count[id])) : 1; \
            for (int64_t j = 0; j < width; j++)                                                             \
                to[j] += dy[id * width + j] * share;                                                        \
        }                                                                                                   \
    }
SEND_BACK(float)
SEND_BACK(double)

static est_status check_back(est_kernel *k, int64_t segments, int64_t rows)
{
    const est_tensor *indices = est__in(k, 1), *ids = est__in(k, 2);
    int64_t n = est__tensor_elements(indices);
    if (est__tensor_elements(ids) != n)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld indices and %lld segment ids; as many are wanted", (long long)n,
                                (long long)est__tensor_elements(ids));
    for (int64_t i = 0; i < n; i++) {
        int64_t row = est__int_at(indices, i), id = est__int_at(ids, i);
        if (row < 0 || row >= rows || id < 0 || id >= segments)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "index %lld is %lld of %lld rows, its segment id %lld of %lld", (long long)i,
                                    (long long)row, (long long)rows, (long long)id, (long long)segments);
    }
    return EST_OK;
}

static est_status back_cpu(est_kernel *k)
{
    const combine how = ((const segment_state *)k->state)->how;
    const est_tensor *dy = est__in(k, 0), *ids = est__in(k, 2);
    est_shape shape = dy->shape;
    est_tensor *out;
    int64_t width = 1;
    if (shape.rank < 1 || est__tensor_elements(est__in(k, 3)) != 1 || est__int_at(est__in(k, 3), 0) < 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "a gradient of rank %d; rows and their number are wanted", shape.rank);
    int64_t segments = shape.dim[0];
    shape.dim[0] = est__int_at(est__in(k, 3), 0);
    EST_TRY(check_back(k, segments, shape.dim[0]));
    for (int d = 1; d < shape.rank; d++)
        width *= shape.dim[d];
    int64_t *count = est__scratch(k, (size_t)(segments + 1) * sizeof *count);
    if (count == NULL)
        return EST_RESOURCE_EXHAUSTED;
    memset(count, 0, (size_t)segments * sizeof *count);
    for (int64_t i = 0, n = est__tensor_elements(ids); i < n; i++)
        count[est__int_at(ids, i)]++;
    EST_TRY(est__out(k, 0, &shape, &out));
    memset(out->data, 0, est__tensor_bytes(out));
    if (dy->dtype == EST_FLOAT)
        send_back_float(how, k, width, count, out->data);
    else
        send_back_double(how, k, width, count, out->data);
    return EST_OK;
}

/* It is linear: back again goes what the forward operation would give. */
static void back_grad(est_grad *b)
{
    static const char *const forward[] = { "SparseSegmentSumWithNumSegments", "SparseSegmentMeanWithNumSegments",
                                           "SparseSegmentSqrtNWithNumSegments" };
    b->dx[0] = est_op(b->g, forward[how_of(b->op)], NULL, EST_NODES(b->dy[0], b->x[1], b->x[2], rows_of(b->g, b->x[0])), EST_NO_ATTRS);
}

#define INPUTS "data: T, indices: Tidx, segment_ids: Tsegmentids"
#define INT "{int32, int64} = int32"
#define ATTRS                                                                                                \
    " -> output: T; T: {float, double}; Tidx: " INT "; Tsegmentids: " INT "; sparse_gradient: bool = false"
#define STATE .state_size = sizeof(segment_state), .prepare = prepare
#define ROWS(name)                                                                                         \
    { .tf_name = name, .signature = INPUTS ATTRS, .infer = infer, .cpu = segments_cpu, .grad = segment_grad, STATE }, \
    { .tf_name = name "WithNumSegments",                                                                   \
      .signature = INPUTS ", num_segments: Tnumsegments" ATTRS "; Tnumsegments: " INT,                     \
      .infer = infer, .cpu = segments_cpu, .grad = segment_grad, STATE },                                  \
    { .tf_name = name "Grad",                                                                              \
      .signature = "grad: T, indices: Tidx, segment_ids: Tsegmentids, output_dim0: int32 -> output: T; T: {float, double}; " \
                   "Tidx: " INT "; Tsegmentids: " INT,                                                     \
      .infer = back_infer, .cpu = back_cpu, .grad = back_grad, STATE }

EST_OPS(sparse_segment, ROWS("SparseSegmentSum"), ROWS("SparseSegmentMean"), ROWS("SparseSegmentSqrtN"));
