/* The greatest elements and where they are: ArgMax, ArgMin, TopKV2. */
#include "ops/ops.h"

/* ---- ArgMax, ArgMin: the first of equal ones ---- */
static est_status arg_infer(est_infer *c)
{
    const est_shape *in = est__infer_in(c, 0);
    int axis;
    bool known;
    if (in->rank < 0)
        return EST_OK;
    EST_TRY(est__infer_const_axis(c, 1, in->rank, &axis, &known));
    est_shape s = est__unknown_shape(in->rank - 1);
    for (int d = 0; d < s.rank && known; d++)
        s.dim[d] = in->dim[d + (d >= axis)];
    c->out[0] = s;
    return EST_OK;
}

#define ARG(T, D, name, better)                                                             \
    static int64_t name##_##T(const T *x, int64_t n, int64_t stride)                        \
    {                                                                                       \
        int64_t best = 0;                                                                   \
        for (int64_t i = 1; i < n; i++)                                                     \
            if (x[i * stride] better x[best * stride])                                      \
                best = i;                                                                   \
        return best;                                                                        \
    }
EST_NUMBERS(ARG, greatest, >)
EST_NUMBERS(ARG, least, <)

static est_status arg_cpu(est_kernel *k, bool max)
{
    const est_tensor *in = est__in(k, 0);
    const est_shape *s = &in->shape;
    int64_t inner = 1;
    int axis;
    est_tensor *out;
    if (est__tensor_elements(est__in(k, 1)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 1), 0), s->rank, &axis));
    if (s->dim[axis] == 0)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "axis %d is empty", axis);
    est_shape result = { .rank = s->rank - 1 };
    for (int d = 0; d < result.rank; d++)
        result.dim[d] = s->dim[d + (d >= axis)];
    for (int d = axis + 1; d < s->rank; d++)
        inner *= s->dim[d];
    EST_TRY(est__out(k, 0, &result, &out));
    for (int64_t i = 0, n = est__tensor_elements(out); i < n; i++) {
        int64_t at = i / inner * s->dim[axis] * inner + i % inner, best = 0;
        switch (in->dtype) {
#define CASE(T, D, ...) \
    case D: best = (max ? greatest_##T : least_##T)((const T *)in->data + at, s->dim[axis], inner); break;
            EST_NUMBERS(CASE, )
#undef CASE
        default: break;
        }
        if (out->dtype == EST_INT32)
            ((int32_t *)out->data)[i] = (int32_t)best;
        else
            ((int64_t *)out->data)[i] = best;
    }
    return EST_OK;
}

static est_status argmax_cpu(est_kernel *k)
{
    return arg_cpu(k, true);
}

static est_status argmin_cpu(est_kernel *k)
{
    return arg_cpu(k, false);
}

est_node *est_argmax(est_graph *g, est_node *x, int64_t axis)
{
    return EST_OP2(g, "ArgMax", x, est_constant_int(g, EST_INT32, axis));
}

/* ---- TopKV2: the k greatest of each row, falling; of equal ones the first comes first ---- */
static est_status top_k_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 0);
    const est_tensor *count;
    if (s.rank < 0)
        return EST_OK;
    if (s.rank == 0)
        return est__infer_fail(c, "a scalar has no rows");
    bool known = est__infer_const(c, 1, &count);
    if (known && s.dim[s.rank - 1] >= 0 && est__int_at(count, 0) > s.dim[s.rank - 1])
        return est__infer_fail(c, "k is %lld, a row has %lld", (long long)est__int_at(count, 0),
                               (long long)s.dim[s.rank - 1]);
    s.dim[s.rank - 1] = known ? est__int_at(count, 0) : -1;
    c->out[0] = c->out[1] = s;
    return EST_OK;
}

/* Keeps the k best of a row in a heap whose root is the worst of them, then takes them out from the last
 * place on. */
#define TOP(T, D, ...)                                                                                  \
    static bool worse_##T(const T *x, int32_t a, int32_t b)                                             \
    {                                                                                                   \
        return x[a] < x[b] || (x[a] == x[b] && a > b);                                                  \
    }                                                                                                   \
    static void sink_##T(const T *x, int32_t *heap, int64_t n, int64_t i)                               \
    {                                                                                                   \
        for (int64_t child = 2 * i + 1; child < n; child = 2 * i + 1) {                                 \
            if (child + 1 < n && worse_##T(x, heap[child + 1], heap[child]))                            \
                child++;                                                                                \
            if (!worse_##T(x, heap[child], heap[i]))                                                    \
                return;                                                                                 \
            int32_t other = heap[i];                                                                    \
            heap[i] = heap[child];                                                                      \
            heap[child] = other;                                                                        \
            i = child;                                                                                  \
        }                                                                                               \
    }                                                                                                   \
    static void top_##T(const T *x, int64_t n, int64_t k, T *values, int32_t *heap)                     \
    {                                                                                                   \
        for (int64_t i = 0; i < k; i++)                                                                 \
            heap[i] = (int32_t)i;                                                                       \
        for (int64_t i = k / 2 - 1; i >= 0; i--)                                                        \
            sink_##T(x, heap, k, i);                                                                    \
        for (int64_t i = k; i < n && k > 0; i++)                                                        \
            if (worse_##T(x, heap[0], (int32_t)i)) {                                                    \
                heap[0] = (int32_t)i;                                                                   \
                sink_##T(x, heap, k, 0);                                                                \
            }                                                                                           \
        for (int64_t last = k - 1; last > 0; last--) {                                                  \
            int32_t worst = heap[0];                                                                    \
            heap[0] = heap[last];                                                                       \
            heap[last] = worst;                                                                         \
            sink_##T(x, heap, last, 0);                                                                 \
        }                                                                                               \
        for (int64_t i = 0; i < k; i++)                                                                 \
            values[i] = x[heap[i]];                                                                     \
    }
EST_SIGNED_NUMBERS(TOP, )

static est_status top_k_cpu(est_kernel *k)
{
    const est_tensor *in = est__in(k, 0);
    est_shape s = in->shape;
    int64_t count = est__tensor_elements(est__in(k, 1)) == 1 ? est__int_at(est__in(k, 1), 0) : -1;
    est_tensor *values, *indices;
    if (s.rank == 0 || count < 0 || count > s.dim[s.rank - 1] || s.dim[s.rank - 1] > INT32_MAX)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "k is %lld, a row has %lld", (long long)count,
                                (long long)(s.rank ? s.dim[s.rank - 1] : 0));
    int64_t n = s.dim[s.rank - 1], rows = n > 0 ? est__tensor_elements(in) / n : 0;
    s.dim[s.rank - 1] = count;
    EST_TRY(est__out(k, 0, &s, &values));
    EST_TRY(est__out(k, 1, &s, &indices));
    for (int64_t i = 0; i < rows; i++) {
        int32_t *at = (int32_t *)indices->data + i * count;
        switch (in->dtype) {
#define CASE(T, D, ...) \
    case D: top_##T((const T *)in->data + i * n, n, count, (T *)values->data + i * count, at); break;
            EST_SIGNED_NUMBERS(CASE, )
#undef CASE
        default: break;
        }
    }
    return EST_OK;
}

/* dy goes to the places that the indices name, of x laid out flat. */
static void top_k_grad(est_grad *b)
{
    est_graph *g = b->g;
    if (b->dy[0] == NULL)
        return;
    est_node *zero = est_constant_int(g, EST_INT32, 0), *minus = est_constant_int(g, EST_INT32, -1);
    est_node *n = est_strided_slice(g, EST_OP1(g, "Shape", b->x[0]), EST_INTS(-1), EST_INTS(0), EST_INTS(1),
                                    1);
    est_node *k = est_strided_slice(g, EST_OP1(g, "Shape", b->y[0]), EST_INTS(-1), EST_INTS(0), EST_INTS(1),
                                    1);
    est_node *size = EST_OP1(g, "Size", b->x[0]);
    est_node *first = est_expand_dims(g, EST_OP3(g, "Range", zero, size, n), 1);
    est_node *places = est_add(g, EST_OP2(g, "Reshape", b->y[1], est_pack(g, EST_NODES(minus, k), 0)), first);
    est_node *flat = EST_OP3(g, "ScatterNd", est_reshape(g, places, EST_INTS(-1, 1)),
                             est_reshape(g, b->dy[0], EST_INTS(-1)), est_reshape(g, size, EST_INTS(1)));
    b->dx[0] = est__reshape_like(g, flat, b->x[0]);
}

est_node *est_top_k(est_graph *g, est_node *x, int64_t k)
{
    return EST_OP2(g, "TopKV2", x, est_constant_int(g, EST_INT32, k));
}

#define ARG_SIGNATURE                                                       \
    "input: T, dimension: Tidx -> output: output_type; T: " EST_SIG_NUMBERS \
    "; Tidx: {int32, int64} = int32; "                                      \
    "output_type: {int32, int64} = int64"
EST_OPS(order,
        { .tf_name = "ArgMax",
          .signature = ARG_SIGNATURE,
          .infer = arg_infer,
          .cpu = argmax_cpu,
          .grad = est__grad_none },
        { .tf_name = "ArgMin",
          .signature = ARG_SIGNATURE,
          .infer = arg_infer,
          .cpu = argmin_cpu,
          .grad = est__grad_none },
        { .tf_name = "TopKV2",
          .signature =
              "input: T, k: Tk -> values: T, indices: index_type; sorted: bool = true; T: " EST_SIG_SIGNED
              "; Tk: {int32, int64} = int32; index_type: {int32} = int32",
          .infer = top_k_infer,
          .cpu = top_k_cpu,
          .grad = top_k_grad });
