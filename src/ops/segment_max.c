/* SegmentMax: the greatest of each segment's rows; 0 for a segment without rows. */
#include "ops/ops.h"

static est_status infer(est_infer *c)
{
    const est_shape *data = est__infer_in(c, 0);
    if (data->rank == 0)
        return est__infer_fail(c, "the data is a scalar and has no rows");
    c->out[0] = *data;
    if (data->rank > 0)
        c->out[0].dim[0] = -1;
    return EST_OK;
}

static est_status check_ids(est_kernel *k, int64_t *segments)
{
    const est_tensor *data = est__in(k, 0), *ids = est__in(k, 1);
    int64_t n = est__tensor_elements(ids), before = 0;
    if (data->shape.rank < 1 || ids->shape.rank != 1 || n != data->shape.dim[0])
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "%lld segment ids; one for each row is wanted", (long long)n);
    for (int64_t i = 0; i < n; before = est__int_at(ids, i++))
        if (est__int_at(ids, i) < before || est__int_at(ids, i) >= INT32_MAX)
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "segment id %lld is %lld, which is %s", (long long)i,
                                    (long long)est__int_at(ids, i),
                                    est__int_at(ids, i) < before ? "less than the one before it" : "too large");
    *segments = n ? before + 1 : 0;
    return EST_OK;
}

#define MAX_ROWS(T)                                                                                         \
    static void max_rows_##T(const est_tensor *data, const est_tensor *ids, int64_t width, est_tensor *out) \
    {                                                                                                       \
        int64_t n = est__tensor_elements(ids);                                                              \
        for (int64_t i = 0; i < n; i++) {                                                                   \
            bool first = i == 0 || est__int_at(ids, i) != est__int_at(ids, i - 1);                          \
            const T *x = (const T *)data->data + i * width;                                                 \
            T *y = (T *)out->data + est__int_at(ids, i) * width;                                            \
            for (int64_t j = 0; j < width; j++)                                                             \
                y[j] = first || x[j] > y[j] ? x[j] : y[j];                                                  \
        }                                                                                                   \
    }
MAX_ROWS(float)
MAX_ROWS(double)
MAX_ROWS(int32_t)
MAX_ROWS(int64_t)

static est_status max_cpu(est_kernel *k)
{
    const est_tensor *data = est__in(k, 0), *ids = est__in(k, 1);
    est_tensor *out;
    est_shape s = data->shape;
    int64_t width = 1;
    EST_TRY(check_ids(k, &s.dim[0]));
    for (int d = 1; d < s.rank; d++)
        width *= s.dim[d];
    EST_TRY(est__out(k, 0, &s, &out));
    if (est__tensor_bytes(out))
        memset(out->data, 0, est__tensor_bytes(out));
    switch (data->dtype) {
    case EST_FLOAT: max_rows_float(data, ids, width, out); break;
    case EST_DOUBLE: max_rows_double(data, ids, width, out); break;
    case EST_INT32: max_rows_int32_t(data, ids, width, out); break;
    default: max_rows_int64_t(data, ids, width, out); break;
    }
    return EST_OK;
}

EST_OPS(segment_max,
        { .tf_name = "SegmentMax",
          .signature = "data: T, segment_ids: Tindices -> output: T; T: {float, double, int32, int64}; "
                       "Tindices: {int32, int64}",
          .infer = infer, .cpu = max_cpu });
