/* Elementwise functions of one operand, and their gradients. */
#include "ops/fast_math.h"
#include "ops/ops.h"

/* ---- kernels: `x` is the element, `real` its type ---- */
#define UNARY_FN(T, D, op, ...)                                                               \
    EST_CLONES_##T static void op##_##T(const void *const *in, void *out, int64_t n)          \
    {                                                                                         \
        typedef T real;                                                                       \
        const real *a = in[0];                                                                \
        real *y = out;                                                                        \
        EST_IVDEP                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                     \
            const real x = a[i];                                                              \
            y[i] = (real)(__VA_ARGS__);                                                       \
        }                                                                                     \
    }
#define TEST_FN(T, D, op, ...)                                                                \
    static void op##_##T(const void *const *in, void *out, int64_t n)                         \
    {                                                                                         \
        const T *a = in[0];                                                                   \
        bool *y = out;                                                                        \
        for (int64_t i = 0; i < n; i++) {                                                     \
            const T x = a[i];                                                                 \
            y[i] = (__VA_ARGS__);                                                             \
        }                                                                                     \
    }
#define BLOCK_CASE(T, D, op) \
    case D: return op##_##T;
#define BLOCK(op, TYPES)                              \
    static est_block_fn op##_block(est_dtype dtype)   \
    {                                                 \
        switch (dtype) {                              \
        TYPES(BLOCK_CASE, op)                         \
        default: return NULL;                         \
        }                                             \
    }
#define UNARY(op, TYPES, ...) TYPES(UNARY_FN, op, __VA_ARGS__) BLOCK(op, TYPES)
#define TEST(op, TYPES, ...) TYPES(TEST_FN, op, __VA_ARGS__) BLOCK(op, TYPES)

UNARY(neg, EST_SIGNED_NUMBERS, -x)
UNARY(abs, EST_SIGNED_NUMBERS, x < 0 ? -x : x == 0 ? 0 : x)
UNARY(square, EST_SIGNED_NUMBERS, x * x)
UNARY(sign, EST_SIGNED_NUMBERS, x != x ? x : (real)((x > 0) - (x < 0)))
UNARY(sqrt, EST_REALS, est__m_sqrt(x))
UNARY(rsqrt, EST_REALS, 1 / est__m_sqrt(x))
UNARY(exp, EST_REALS, est__m_exp(x))
UNARY(expm1, EST_REALS, est__m_expm1(x))
UNARY(log, EST_REALS, est__m_log(x))
UNARY(log1p, EST_REALS, est__m_log1p(x))
UNARY(reciprocal, EST_REALS, 1 / x)
UNARY(floor, EST_REALS, est__m_floor(x))
UNARY(ceil, EST_REALS, est__m_ceil(x))
UNARY(rint, EST_REALS, est__m_rint(x))
UNARY(sin, EST_REALS, est__m_sin(x))
UNARY(cos, EST_REALS, est__m_cos(x))
UNARY(erf, EST_REALS, est__m_erf(x))
TEST(is_nan, EST_REALS, x != x)
TEST(is_inf, EST_REALS, isinf(x) != 0)
TEST(is_finite, EST_REALS, isfinite(x) != 0)
TEST(logical_not, EST_BOOLS, !x)

/* ---- gradients ---- */
static est_node *times(est_grad *b, double factor, est_node *n)
{
    return est_mul(b->g, n, est__scalar_like(b->g, n, factor));
}

static void neg_grad(est_grad *b)
{
    b->dx[0] = est_neg(b->g, b->dy[0]);
}

static void abs_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->dy[0], EST_OP1(b->g, "Sign", b->x[0]));
}

static void square_grad(est_grad *b)                      /* dy * 2x */
{
    b->dx[0] = est_mul(b->g, b->dy[0], times(b, 2, b->x[0]));
}

static void sqrt_grad(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "SqrtGrad", b->y[0], b->dy[0]);
}

static void rsqrt_grad(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "RsqrtGrad", b->y[0], b->dy[0]);
}

static void reciprocal_grad(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "ReciprocalGrad", b->y[0], b->dy[0]);
}

static void exp_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->dy[0], b->y[0]);
}

static void expm1_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->dy[0], est_exp(b->g, b->x[0]));
}

static void log_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->dy[0], EST_OP1(b->g, "Reciprocal", b->x[0]));
}

static void log1p_grad(est_grad *b)                       /* dy / (1 + x) */
{
    est_node *one = est__scalar_like(b->g, b->x[0], 1);
    b->dx[0] = est_mul(b->g, b->dy[0], EST_OP1(b->g, "Reciprocal", est_add(b->g, b->x[0], one)));
}

static void sin_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->dy[0], EST_OP1(b->g, "Cos", b->x[0]));
}

static void cos_grad(est_grad *b)
{
    b->dx[0] = est_neg(b->g, est_mul(b->g, b->dy[0], EST_OP1(b->g, "Sin", b->x[0])));
}

static void erf_grad(est_grad *b)                         /* dy * 2/sqrt(pi) * exp(-x^2) */
{
    est_node *bell = est_exp(b->g, est_neg(b->g, EST_OP1(b->g, "Square", b->x[0])));
    b->dx[0] = est_mul(b->g, b->dy[0], times(b, 1.1283791670955126, bell));
}

/* ---- builders ---- */
#define BUILDER(fn, op)                          \
    est_node *fn(est_graph *g, est_node *x)      \
    {                                            \
        return EST_OP1(g, op, x);                \
    }
BUILDER(est_neg, "Neg")
BUILDER(est_abs, "Abs")
BUILDER(est_square, "Square")
BUILDER(est_sqrt, "Sqrt")
BUILDER(est_exp, "Exp")
BUILDER(est_log, "Log")
BUILDER(est_log1p, "Log1p")
BUILDER(est_logical_not, "LogicalNot")

#define ROW(name, op, types, gradient)                                                                       \
    { .tf_name = name, .signature = "x: T -> y: T; T: " types, .infer = est__infer_same,                     \
      EST_ELEMENTWISE(est__unary_cpu, op##_block), .grad = gradient }
#define TEST_ROW(name, op)                                                                                   \
    { .tf_name = name, .signature = "x: T -> y: bool; T: " EST_SIG_REALS, .infer = est__infer_same,          \
      EST_ELEMENTWISE(est__unary_cpu, op##_block), .grad = est__grad_none }
EST_OPS(math_unary,
    ROW("Neg", neg, EST_SIG_SIGNED, neg_grad),
    ROW("Abs", abs, EST_SIG_SIGNED, abs_grad),
    ROW("Square", square, EST_SIG_SIGNED, square_grad),
    ROW("Sign", sign, EST_SIG_SIGNED, est__grad_none),
    ROW("Sqrt", sqrt, EST_SIG_REALS, sqrt_grad),
    ROW("Rsqrt", rsqrt, EST_SIG_REALS, rsqrt_grad),
    ROW("Exp", exp, EST_SIG_REALS, exp_grad),
    ROW("Expm1", expm1, EST_SIG_REALS, expm1_grad),
    ROW("Log", log, EST_SIG_REALS, log_grad),
    ROW("Log1p", log1p, EST_SIG_REALS, log1p_grad),
    ROW("Reciprocal", reciprocal, EST_SIG_REALS, reciprocal_grad),
    ROW("Inv", reciprocal, EST_SIG_REALS, reciprocal_grad),
    ROW("Floor", floor, EST_SIG_REALS, est__grad_none),
    ROW("Ceil", ceil, EST_SIG_REALS, est__grad_none),
    ROW("Rint", rint, EST_SIG_REALS, est__grad_none),
    ROW("Round", rint, EST_SIG_REALS, est__grad_none),
    ROW("Sin", sin, EST_SIG_REALS, sin_grad),
    ROW("Cos", cos, EST_SIG_REALS, cos_grad),
    ROW("Erf", erf, EST_SIG_REALS, erf_grad),
    TEST_ROW("IsNan", is_nan),
    TEST_ROW("IsInf", is_inf),
    TEST_ROW("IsFinite", is_finite),
    { .tf_name = "LogicalNot", .signature = "x: bool -> y: bool", .infer = est__infer_same,
      EST_ELEMENTWISE(est__unary_cpu, logical_not_block), .grad = est__grad_none });
