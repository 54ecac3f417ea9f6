/* Cumsum: sums along an axis, up to each element. */
#include "ops/ops.h"

typedef struct scan {
    bool exclusive, reverse;      /* without the element itself; from the end */
} scan;

static est_status prepare_scan(const est_operation *op, void *state)
{
    *(scan *)state = (scan){ .exclusive = est__attr_bool(op, "exclusive"), .reverse = est__attr_bool(op, "reverse") };
    return EST_OK;
}

/* Lines of n elements, `inner` apart from each other; neighbouring lines side by side. */
#define SCAN(T)                                                                                             \
    {                                                                                                       \
        const T *from = in->data;                                                                           \
        T *to = out->data;                                                                                  \
        for (int64_t o = 0; o < outer; o++, from += n * inner, to += n * inner)                             \
            for (int64_t i = 0; i < n; i++) {                                                               \
                int64_t at = (s->reverse ? n - 1 - i : i) * inner, before = at + (s->reverse ? inner : -inner); \
                for (int64_t j = 0; j < inner; j++) {                                                       \
                    T sum = i > 0 ? to[before + j] : 0;                                                     \
                    if (!s->exclusive)                                                                      \
                        to[at + j] = (T)(sum + from[at + j]);                                               \
                    else                                                                                    \
                        to[at + j] = i > 0 ? (T)(sum + from[before + j]) : 0;                               \
                }                                                                                           \
            }                                                                                               \
        break;                                                                                              \
    }

static est_status cumsum_cpu(est_kernel *k)
{
    const scan *s = k->state;
    const est_tensor *in = est__in(k, 0);
    est_tensor *out;
    int64_t outer = 1, inner = 1;
    int axis;
    if (est__tensor_elements(est__in(k, 1)) != 1)
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "the axis must be one number");
    EST_TRY(est__in_axis(k, est__int_at(est__in(k, 1), 0), in->shape.rank, &axis));
    EST_TRY(est__out(k, 0, &in->shape, &out));
    for (int d = 0; d < in->shape.rank; d++)
        *(d < axis ? &outer : &inner) *= d == axis ? 1 : in->shape.dim[d];
    int64_t n = in->shape.dim[axis];
    switch (in->dtype) {
    case EST_FLOAT: SCAN(float)
    case EST_DOUBLE: SCAN(double)
    case EST_INT32: case EST_UINT32: SCAN(uint32_t)   /* unsigned: sums wrap */
    case EST_INT64: case EST_UINT64: SCAN(uint64_t)
    default: break;               /* the signature allows no other */
    }
    return EST_OK;
}

static void cumsum_grad(est_grad *b)
{
    b->dx[0] = est_op(b->g, "Cumsum", NULL, EST_NODES(b->dy[0], b->x[1]),
                      EST_ATTRS(EST_BOOL_ATTR("exclusive", est__attr_bool(b->op, "exclusive")),
                                EST_BOOL_ATTR("reverse", !est__attr_bool(b->op, "reverse"))));
}

EST_OPS(cumsum,
        { .tf_name = "Cumsum",
          .signature = "x: T, axis: Tidx -> out: T; exclusive: bool = false; reverse: bool = false; "
                       "T: {float, double, int32, int64, uint32, uint64}; Tidx: {int32, int64} = int32",
          .infer = est__infer_same, .cpu = cumsum_cpu, .grad = cumsum_grad, .state_size = sizeof(scan), .prepare = prepare_scan });
