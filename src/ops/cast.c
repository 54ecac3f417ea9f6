/* Cast: between all numbers and bool. half and bfloat16 are stored only; they pass through float. */
#include "ops/ops.h"

typedef void (*cast_fn)(const void *from, void *to, int64_t n);

/* All pairs: an outer list of sources, an inner one of targets. */
#define TARGETS(X, S)                                                                                        \
    X(S, float) X(S, double) X(S, int32_t) X(S, int64_t) X(S, int8_t) X(S, int16_t) X(S, uint8_t)            \
    X(S, uint16_t) X(S, uint32_t) X(S, uint64_t)
#define CAST_FN(S, T)                                                        \
    static void cast_##S##_##T(const void *from, void *to, int64_t n)        \
    {                                                                        \
        const S *x = from;                                                   \
        T *y = to;                                                           \
        for (int64_t i = 0; i < n; i++)                                      \
            y[i] = (T)x[i];                                                  \
    }
#define TO_BOOL_FN(S)                                                        \
    static void cast_##S##_bool(const void *from, void *to, int64_t n)       \
    {                                                                        \
        const S *x = from;                                                   \
        bool *y = to;                                                        \
        for (int64_t i = 0; i < n; i++)                                      \
            y[i] = x[i] != 0;                                                \
    }
#define SOURCE_FNS(S, D, ...) TARGETS(CAST_FN, S) TO_BOOL_FN(S)
EST_NUMBERS(SOURCE_FNS, )
EST_BOOLS(SOURCE_FNS, )

enum { FLOAT, DOUBLE, INT32, INT64, INT8, INT16, UINT8, UINT16, UINT32, UINT64, BOOL, COUNT };
#define CELL(S, T) cast_##S##_##T,
#define SOURCE_ROW(S, D, ...) { TARGETS(CELL, S) cast_##S##_bool },
/* In the order of the lists: sources as EST_NUMBERS and EST_BOOLS have them. */
static const cast_fn casts[COUNT][COUNT] = { EST_NUMBERS(SOURCE_ROW, ) EST_BOOLS(SOURCE_ROW, ) };

static int place(est_dtype t)
{
    static const est_dtype order[COUNT] = { EST_FLOAT, EST_DOUBLE, EST_INT32, EST_INT64, EST_INT8, EST_INT16,
                                            EST_UINT8, EST_UINT16, EST_UINT32, EST_UINT64, EST_BOOL };
    for (int i = 0; i < COUNT; i++)
        if (order[i] == t)
            return i;
    return -1;
}

static void widen(est_dtype t, const void *from, float *to, int64_t n)
{
    const uint16_t *x = from;
    for (int64_t i = 0; i < n; i++)
        to[i] = t == EST_HALF ? est__half_to_float(x[i]) : est__bfloat16_to_float(x[i]);
}

static void narrow(est_dtype t, const float *from, void *to, int64_t n)
{
    uint16_t *y = to;
    for (int64_t i = 0; i < n; i++)
        y[i] = t == EST_HALF ? est__float_to_half(from[i]) : est__float_to_bfloat16(from[i]);
}

typedef struct cast {
    est_dtype from, to;
    cast_fn fn;      /* with float in the place of a stored dtype */
} cast;

static bool stored(est_dtype t)
{
    return t == EST_HALF || t == EST_BFLOAT16;
}

static est_status cast_prepare(const est_operation *op, void *state)
{
    cast *c = state;
    c->from = op->input[0]->dtype;
    c->to = op->output[0].dtype;
    int from = stored(c->from) ? FLOAT : place(c->from), to = stored(c->to) ? FLOAT : place(c->to);
    if (from < 0 || to < 0)
        return c->from == c->to ? EST_OK
                                : est__fail(EST_UNIMPLEMENTED, "Cast '%s': %s to %s", op->name,
                                            est_dtype_name(c->from), est_dtype_name(c->to));
    c->fn = casts[from][to];
    return EST_OK;
}

static est_status cast_cpu(est_kernel *k)
{
    const cast *c = k->state;
    const est_tensor *in = est__in(k, 0);
    int64_t n = est__tensor_elements(in);
    est_tensor *out;
    if (c->from == c->to) {
        return est__out_share(k, 0, 0, &in->shape);
    }
    EST_TRY(est__out(k, 0, &in->shape, &out));
    if (!stored(c->from) && !stored(c->to)) {
        c->fn(in->data, out->data, n);
        return EST_OK;
    }
    size_t from = est_dtype_size(c->from), to = est_dtype_size(c->to);
    for (int64_t i = 0; i < n; i += 256) {
        float wide[256], result[256];
        int64_t m = n - i < 256 ? n - i : 256;
        const void *x = (const char *)in->data + (size_t)i * from;
        void *y = (char *)out->data + (size_t)i * to;
        if (stored(c->from)) {
            widen(c->from, x, wide, m);
            x = wide;
        }
        c->fn(x, stored(c->to) ? (void *)result : y, m);
        if (stored(c->to))
            narrow(c->to, result, y, m);
    }
    return EST_OK;
}

static void cast_grad(est_grad *b)
{
    est_dtype from = est_node_dtype(b->x[0]);
    if (est__dtype_is_float(from) && est__dtype_is_float(est_node_dtype(b->y[0])))
        b->dx[0] = est_cast(b->g, b->dy[0], from);
}

est_node *est_cast(est_graph *g, est_node *x, est_dtype dtype)
{
    if (est_node_dtype(x) == dtype)
        return x;
    return est_op(g, "Cast", NULL, EST_NODES(x), EST_ATTRS(EST_TYPE_ATTR("DstT", dtype)));
}

EST_OPS(cast, { .tf_name = "Cast",
                .signature = "x: SrcT -> y: DstT; SrcT: type; DstT: type; Truncate: bool = false",
                .infer = est__infer_same,
                .cpu = cast_cpu,
                .grad = cast_grad,
                .state_size = sizeof(cast),
                .prepare = cast_prepare });
