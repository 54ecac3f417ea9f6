/* Elementwise arithmetic of two operands with broadcasting, and AddN. */
#include "ops/fast_math.h"
#include "ops/tensor_list.h"

/* ---- kernels: `x` and `z` are the elements, `real` their type ---- */
#define BINARY_FN(T, D, op, ...)                                                              \
    EST_CLONES_##T static void op##_##T(const void *const *in, void *out, int64_t n)          \
    {                                                                                         \
        typedef T real;                                                                       \
        const real *a = in[0], *b = in[1];                                                    \
        real *y = out;                                                                        \
        EST_IVDEP                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                     \
            const real x = a[i], z = b[i];                                                    \
            y[i] = (real)(__VA_ARGS__);                                                       \
        }                                                                                     \
    }
#define BLOCK_CASE(T, D, op) \
    case D: return op##_##T;
#define BLOCK(name, op, TYPES)                        \
    static est_block_fn name(est_dtype dtype)         \
    {                                                 \
        switch (dtype) {                              \
        TYPES(BLOCK_CASE, op)                         \
        default: return NULL;                         \
        }                                             \
    }
#define BINARY(op, TYPES, ...) TYPES(BINARY_FN, op, __VA_ARGS__) BLOCK(op##_block, op, TYPES)

BINARY(add, EST_NUMBERS, x + z)
BINARY(sub, EST_NUMBERS, x - z)
BINARY(mul, EST_NUMBERS, x * z)
BINARY(maximum, EST_NUMBERS, x > z || x != x ? x : z)
BINARY(minimum, EST_NUMBERS, x < z || x != x ? x : z)
BINARY(squared_difference, EST_SIGNED_NUMBERS, (x - z) * (x - z))
BINARY(div_no_nan, EST_REALS, z == 0 ? 0 : x / z)

/* ---- division: whole numbers are checked first, so that their block functions are no row's ---- */
#define INTEGERS(X, ...) EST_SIGNED(X, __VA_ARGS__) EST_UNSIGNED(X, __VA_ARGS__)
EST_REALS(BINARY_FN, div, x / z)
EST_REALS(BINARY_FN, floor_div, est__m_floor(x / z))
EST_REALS(BINARY_FN, floor_mod,
          est__m_fmod(x, z) == 0 || (z < 0) == (est__m_fmod(x, z) < 0) ? est__m_fmod(x, z)
                                                                       : est__m_fmod(x, z) + z)
EST_REALS(BINARY_FN, pow, est__m_pow(x, z))
/* -1 is apart, since the quotient of the least number by it has no place. */
EST_SIGNED(BINARY_FN, div, z == -1 ? (real)(0 - (uint64_t)x) : x / z)
EST_SIGNED(BINARY_FN, floor_div,
           z == -1 ? (real)(0 - (uint64_t)x) : x / z - (x % z != 0 && (x < 0) != (z < 0)))
EST_SIGNED(BINARY_FN, floor_mod, z == -1 ? 0 : x % z + (x % z != 0 && (x < 0) != (z < 0) ? z : 0))
EST_UNSIGNED(BINARY_FN, div, x / z)
EST_UNSIGNED(BINARY_FN, floor_div, x / z)
EST_UNSIGNED(BINARY_FN, floor_mod, x % z)

static uint64_t power(uint64_t x, uint64_t n)
{
    uint64_t y = 1;
    for (; n > 0; n >>= 1) {
        if (n & 1)
            y *= x;
        x *= x;
    }
    return y;
}
INTEGERS(BINARY_FN, pow, power((uint64_t)x, (uint64_t)z))

#define ALL(X, ...) EST_REALS(X, __VA_ARGS__) INTEGERS(X, __VA_ARGS__)
BLOCK(div_block, div, EST_REALS)
BLOCK(floor_div_block, floor_div, EST_REALS)
BLOCK(floor_mod_block, floor_mod, EST_REALS)
BLOCK(pow_block, pow, EST_REALS)
BLOCK(div_any, div, ALL)
BLOCK(floor_div_any, floor_div, ALL)
BLOCK(floor_mod_any, floor_mod, ALL)
BLOCK(pow_any, pow, ALL)

#define PREPARE(op)                                                            \
    static est_status op##_prepare(const est_operation *o, void *state)        \
    {                                                                          \
        est__elementwise *e = state;                                           \
        e->block = op##_any(o->input[0]->dtype);                               \
        e->out = o->input[0]->dtype;                                           \
        return EST_OK;                                                         \
    }
PREPARE(div)
PREPARE(floor_div)
PREPARE(floor_mod)
PREPARE(pow)

static est_status divide_cpu(est_kernel *k)
{
    const est_tensor *z = est__in(k, 1);
    if (!est__dtype_is_float(z->dtype))
        for (int64_t i = 0, n = est__tensor_elements(z); i < n; i++)
            if (est__tensor_get(z, i) == 0)
                return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                        "whole numbers are divided by zero (element %lld)", (long long)i);
    return est__binary_cpu(k);
}

static est_status pow_cpu(est_kernel *k)
{
    const est_tensor *z = est__in(k, 1);
    if (!est__dtype_is_float(z->dtype))
        for (int64_t i = 0, n = est__tensor_elements(z); i < n; i++)
            if (est__tensor_get(z, i) < 0)
                return est__kernel_fail(k, EST_INVALID_ARGUMENT,
                                        "a whole number is raised to a negative power (element %lld)",
                                        (long long)i);
    return est__binary_cpu(k);
}

/* ---- gradients ---- */
static void add_grad(est_grad *b)
{
    est__grad_broadcast(b, b->dy[0], b->dy[0]);
}

static void sub_grad(est_grad *b)
{
    est__grad_broadcast(b, b->dy[0], est_neg(b->g, b->dy[0]));
}

static void mul_grad(est_grad *b)
{
    est__grad_broadcast(b, est_mul(b->g, b->dy[0], b->x[1]), est_mul(b->g, b->x[0], b->dy[0]));
}

static void divide_grad(est_grad *b, const char *op)      /* dy/z; dy * -x/z/z */
{
    est_node *x = b->x[0], *z = b->x[1], *dy = b->dy[0];
    est_node *slope = EST_OP2(b->g, op, EST_OP2(b->g, op, est_neg(b->g, x), z), z);
    est__grad_broadcast(b, EST_OP2(b->g, op, dy, z), est_mul(b->g, dy, slope));
}

static void div_grad(est_grad *b)
{
    divide_grad(b, "RealDiv");
}

static void div_no_nan_grad(est_grad *b)
{
    divide_grad(b, "DivNoNan");
}

static void floor_mod_grad(est_grad *b)
{
    est_node *whole = EST_OP2(b->g, "FloorDiv", b->x[0], b->x[1]);
    est__grad_broadcast(b, b->dy[0], est_neg(b->g, est_mul(b->g, whole, b->dy[0])));
}

/* dy goes to the operand that was taken; to the first where they are equal. */
static void choice_grad(est_grad *b, const char *test)
{
    est_node *first = EST_OP2(b->g, test, b->x[0], b->x[1]), *zero = est__scalar_like(b->g, b->dy[0], 0);
    est__grad_broadcast(b, EST_OP3(b->g, "SelectV2", first, b->dy[0], zero),
                        EST_OP3(b->g, "SelectV2", first, zero, b->dy[0]));
}

static void maximum_grad(est_grad *b)
{
    choice_grad(b, "GreaterEqual");
}

static void minimum_grad(est_grad *b)
{
    choice_grad(b, "LessEqual");
}

static void squared_difference_grad(est_grad *b)
{
    est_node *twice = est_mul(b->g, b->dy[0], est__scalar_like(b->g, b->dy[0], 2));
    est_node *d = est_mul(b->g, twice, est_sub(b->g, b->x[0], b->x[1]));
    est__grad_broadcast(b, d, est_neg(b->g, d));
}

static void pow_grad(est_grad *b)      /* dy * z * x^(z-1); dy * y * log(x), 0 where x <= 0 */
{
    est_graph *g = b->g;
    est_node *x = b->x[0], *z = b->x[1];
    est_node *zero = est__scalar_like(g, x, 0), *one = est__scalar_like(g, x, 1);
    est_node *base = est_mul(g, est_mul(g, b->dy[0], z), EST_OP2(g, "Pow", x, est_sub(g, z, one)));
    est_node *positive = EST_OP2(g, "Greater", x, zero);
    est_node *log_x = EST_OP3(g, "SelectV2", positive, est_log(g, EST_OP3(g, "SelectV2", positive, x, one)),
                              zero);
    est__grad_broadcast(b, base, est_mul(g, est_mul(g, b->dy[0], b->y[0]), log_x));
}

/* ---- AddN ---- */
#define ADD_TO(T, D, ...)                                          \
    EST_CLONES_##T static void add_to_##T(const T *x, T *y, int64_t n) \
    {                                                              \
        EST_IVDEP                                                  \
        for (int64_t i = 0; i < n; i++)                            \
            y[i] = (T)(y[i] + x[i]);                               \
    }
EST_NUMBERS(ADD_TO, )

static est_status add_n_infer(est_infer *c)
{
    est_shape s = *est__infer_in(c, 0);
    for (int i = 1; i < c->op->num_inputs; i++)
        EST_TRY(est__shape_merge(c, &s, est__infer_in(c, i), &s));
    c->out[0] = s;
    return EST_OK;
}

static est_status add_n_cpu(est_kernel *k)
{
    const est_tensor *first = est__in(k, 0);
    int64_t n = est__tensor_elements(first);
    est_tensor *out;
    if (first->dtype == EST_VARIANT)
        return est__lists_sum(k);
    EST_TRY(est__out(k, 0, &first->shape, &out));
    memcpy(out->data, first->data, est__tensor_bytes(first));
    for (int i = 1; i < k->num_in; i++) {
        const est_tensor *t = est__in(k, i);
        if (!est_shape_equal(&t->shape, &first->shape))
            return est__kernel_fail(k, EST_INVALID_ARGUMENT, "input %d has another shape than input 0", i);
        switch (t->dtype) {
#define CASE(T, D, ...) case D: add_to_##T(t->data, out->data, n); break;
        EST_NUMBERS(CASE, )
#undef CASE
        default: return est__kernel_fail(k, EST_UNIMPLEMENTED, "no sum of %s", est_dtype_name(t->dtype));
        }
    }
    return EST_OK;
}

static void add_n_grad(est_grad *b)
{
    for (int i = 0; i < b->op->num_inputs; i++)
        b->dx[i] = b->dy[0];
}

/* ---- builders ---- */
#define BUILDER(fn, op)                                        \
    est_node *fn(est_graph *g, est_node *a, est_node *b)       \
    {                                                          \
        return EST_OP2(g, op, a, b);                           \
    }
BUILDER(est_add, "AddV2")
BUILDER(est_sub, "Sub")
BUILDER(est_mul, "Mul")
BUILDER(est_div, "RealDiv")
BUILDER(est_div_no_nan, "DivNoNan")
BUILDER(est_floor_div, "FloorDiv")
BUILDER(est_floor_mod, "FloorMod")
BUILDER(est_maximum, "Maximum")
BUILDER(est_minimum, "Minimum")
BUILDER(est_pow, "Pow")
BUILDER(est_squared_difference, "SquaredDifference")

est_node *est_add_n(est_graph *g, est_nodes values)
{
    return est_op(g, "AddN", NULL, values, EST_NO_ATTRS);
}

#define ROW(name, op, types, gradient)                                                                       \
    { .tf_name = name, .signature = "x: T, y: T -> z: T; T: " types, .infer = est__infer_broadcast,          \
      EST_ELEMENTWISE(est__binary_cpu, op##_block), .grad = gradient }
#define CHECKED_ROW(name, op, cpu_fn, gradient)                                           \
    {                                                                                     \
        .tf_name = name, .signature = "x: T, y: T -> z: T; T: " EST_SIG_NUMBERS,          \
        .infer = est__infer_broadcast, .cpu = cpu_fn, .block = op##_block,                \
        .state_size = sizeof(est__elementwise), .prepare = op##_prepare, .grad = gradient \
    }
EST_OPS(math_binary, ROW("Add", add, EST_SIG_NUMBERS, add_grad), ROW("AddV2", add, EST_SIG_NUMBERS, add_grad),
        ROW("Sub", sub, EST_SIG_NUMBERS, sub_grad), ROW("Mul", mul, EST_SIG_NUMBERS, mul_grad),
        ROW("Maximum", maximum, EST_SIG_NUMBERS, maximum_grad),
        ROW("Minimum", minimum, EST_SIG_NUMBERS, minimum_grad),
        ROW("SquaredDifference", squared_difference, EST_SIG_SIGNED, squared_difference_grad),
        ROW("DivNoNan", div_no_nan, EST_SIG_REALS, div_no_nan_grad),
        CHECKED_ROW("RealDiv", div, divide_cpu, div_grad), CHECKED_ROW("Div", div, divide_cpu, div_grad),
        CHECKED_ROW("FloorDiv", floor_div, divide_cpu, est__grad_none),
        CHECKED_ROW("FloorMod", floor_mod, divide_cpu, floor_mod_grad),
        CHECKED_ROW("Pow", pow, pow_cpu, pow_grad),
        { .tf_name = "AddN",
          .signature = "inputs: N*T -> sum: T; N: int; "
                       "T: {float, double, int32, int64, int8, int16, uint8, uint16, uint32, uint64, variant}",
          .infer = add_n_infer,
          .cpu = add_n_cpu,
          .grad = add_n_grad,
          .flags = EST_OP_VARIANTS });
