/* Activation functions, and the ops that TensorFlow uses for their gradients and for those of roots and
 * reciprocals. */
#include "ops/fast_math.h"
#include "ops/ops.h"

#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123

/* `x` (and `z`, the second operand) is the element, `real` its type. */
#define ONE_FN(T, D, op, ...)                                                                 \
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
#define TWO_FN(T, D, op, ...)                                                                 \
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
#define BLOCK(op, TYPES)                              \
    static est_block_fn op##_block(est_dtype dtype)   \
    {                                                 \
        switch (dtype) {                              \
        TYPES(BLOCK_CASE, op)                         \
        default: return NULL;                         \
        }                                             \
    }
#define ONE(op, TYPES, ...) TYPES(ONE_FN, op, __VA_ARGS__) BLOCK(op, TYPES)
#define TWO(op, TYPES, ...) TYPES(TWO_FN, op, __VA_ARGS__) BLOCK(op, TYPES)

ONE(relu, EST_SIGNED_NUMBERS, x < 0 ? 0 : x)
ONE(relu6, EST_SIGNED_NUMBERS, x < 0 ? 0 : x > 6 ? 6 : x)
ONE(sigmoid, EST_REALS, 1 / (1 + est__m_exp(-x)))
ONE(tanh, EST_REALS, est__m_tanh(x))
ONE(elu, EST_REALS, x < 0 ? est__m_expm1(x) : x)
ONE(selu, EST_REALS, x < 0 ? (real)SELU_SCALE_ALPHA * est__m_expm1(x) : (real)SELU_SCALE * x)
ONE(softsign, EST_REALS, x / (1 + (x < 0 ? -x : x)))

/* log(1 + exp(x)), with TensorFlow's cuts where one term is lost in the other: log(epsilon) + 2. */
#define SOFTPLUS(cut) (x > -(cut) ? x : x < (cut) ? est__m_exp(x) : est__m_log1p(est__m_exp(x)))
ONE(softplus, EST_REALS, SOFTPLUS(sizeof(real) == 4 ? (real)-13.942385 : (real)-34.04365338911715))

TWO(relu_grad, EST_SIGNED_NUMBERS, z > 0 ? x : 0)
TWO(relu6_grad, EST_SIGNED_NUMBERS, z > 0 && z < 6 ? x : 0)
TWO(sigmoid_grad, EST_REALS, z * x * (1 - x))
TWO(tanh_grad, EST_REALS, z * (1 - x * x))
TWO(elu_grad, EST_REALS, z < 0 ? x * (z + 1) : x)
TWO(selu_grad, EST_REALS, z < 0 ? x * (z + (real)SELU_SCALE_ALPHA) : x * (real)SELU_SCALE)
TWO(softplus_grad, EST_REALS, x / (est__m_exp(-z) + 1))
TWO(softsign_grad, EST_REALS, x / ((1 + (z < 0 ? -z : z)) * (1 + (z < 0 ? -z : z))))
TWO(sqrt_grad, EST_REALS, z * (real)0.5 / x)
TWO(rsqrt_grad, EST_REALS, z * (real)-0.5 * x * (x * x))
TWO(reciprocal_grad, EST_REALS, -z * x * x)

/* ---- LeakyRelu: alpha is an attribute ---- */
static est_status alpha_prepare(const est_operation *op, void *state)
{
    *(double *)state = est__attr_float(op, "alpha");
    return EST_OK;
}

#define LEAKY(T, D, ...)                                                       \
    static void leaky_##T(const T *x, const T *test, T *y, int64_t n, T alpha) \
    {                                                                          \
        for (int64_t i = 0; i < n; i++)                                        \
            y[i] = test[i] > 0 ? x[i] : x[i] * alpha;                          \
    }
EST_REALS(LEAKY, )

/* LeakyRelu(features) and LeakyReluGrad(gradients, features) alike. */
static est_status leaky_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0), *test = est__in(k, k->num_in - 1);
    double alpha = *(const double *)k->state;
    est_tensor *out;
    if (!est_shape_equal(&x->shape, &test->shape))
        return est__kernel_fail(k, EST_INVALID_ARGUMENT, "gradients and features differ in shape");
    EST_TRY(est__out(k, 0, &x->shape, &out));
    if (x->dtype == EST_FLOAT)
        leaky_float(x->data, test->data, out->data, est__tensor_elements(x), (float)alpha);
    else
        leaky_double(x->data, test->data, out->data, est__tensor_elements(x), alpha);
    return EST_OK;
}

/* ---- gradients ---- */
static void by_output(est_grad *b, const char *op)        /* SigmoidGrad(y, dy) */
{
    b->dx[0] = EST_OP2(b->g, op, b->y[0], b->dy[0]);
}

static void by_input(est_grad *b, const char *op)         /* ReluGrad(dy, x) */
{
    b->dx[0] = EST_OP2(b->g, op, b->dy[0], b->x[0]);
}

static void relu_back(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "ReluGrad", b->dy[0], b->y[0]);
}

static void relu6_back(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "Relu6Grad", b->dy[0], b->y[0]);
}

static void sigmoid_back(est_grad *b)
{
    by_output(b, "SigmoidGrad");
}

static void tanh_back(est_grad *b)
{
    by_output(b, "TanhGrad");
}

static void elu_back(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "EluGrad", b->dy[0], b->y[0]);
}

static void selu_back(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, "SeluGrad", b->dy[0], b->y[0]);
}

static void softplus_back(est_grad *b)
{
    by_input(b, "SoftplusGrad");
}

static void softsign_back(est_grad *b)
{
    by_input(b, "SoftsignGrad");
}

static est_node *leaky_of(est_grad *b, est_node *dy, est_node *features)
{
    return est_op(b->g, "LeakyReluGrad", NULL, EST_NODES(dy, features),
                  EST_ATTRS(EST_FLOAT_ATTR("alpha", est__attr_float(b->op, "alpha"))));
}

static void leaky_back(est_grad *b)
{
    b->dx[0] = leaky_of(b, b->dy[0], b->x[0]);
}

/* Of those gradients that are linear in dy: the same op again. */
static void again(est_grad *b)
{
    b->dx[0] = EST_OP2(b->g, est_node_type(b->y[0]), b->dy[0], b->x[1]);
}

static void leaky_again(est_grad *b)
{
    b->dx[0] = leaky_of(b, b->dy[0], b->x[1]);
}

static void sigmoid_grad_back(est_grad *b)                /* of dy*y*(1-y): to y, dy*(1-2y) */
{
    est_graph *g = b->g;
    est_node *two_y = est_mul(g, b->x[0], est__scalar_like(g, b->x[0], 2));
    est_node *slope = est_sub(g, b->x[1], est_mul(g, two_y, b->x[1]));
    b->dx[0] = est_mul(g, b->dy[0], slope);
    b->dx[1] = EST_OP2(g, "SigmoidGrad", b->x[0], b->dy[0]);
}

static void tanh_grad_back(est_grad *b)                   /* of dy*(1-y*y): to y, -2*y*dy */
{
    est_graph *g = b->g;
    est_node *slope = est_mul(g, est_mul(g, b->x[1], b->x[0]), est__scalar_like(g, b->x[0], -2));
    b->dx[0] = est_mul(g, b->dy[0], slope);
    b->dx[1] = EST_OP2(g, "TanhGrad", b->x[0], b->dy[0]);
}

/* ---- builders ---- */
#define BUILDER(fn, op)                          \
    est_node *fn(est_graph *g, est_node *x)      \
    {                                            \
        return EST_OP1(g, op, x);                \
    }
BUILDER(est_relu, "Relu")
BUILDER(est_relu6, "Relu6")
BUILDER(est_sigmoid, "Sigmoid")
BUILDER(est_tanh, "Tanh")
BUILDER(est_elu, "Elu")
BUILDER(est_selu, "Selu")
BUILDER(est_softplus, "Softplus")
BUILDER(est_softsign, "Softsign")

est_node *est_leaky_relu(est_graph *g, est_node *x, double alpha)
{
    return est_op(g, "LeakyRelu", NULL, EST_NODES(x), EST_ATTRS(EST_FLOAT_ATTR("alpha", alpha)));
}

#define ROW(name, op, arg, result, types, gradient)                                                          \
    { .tf_name = name, .signature = arg ": T -> " result ": T; T: " types, .infer = est__infer_same,         \
      EST_ELEMENTWISE(est__unary_cpu, op##_block), .grad = gradient }
#define GRAD_ROW(name, op, args, result, types, gradient)                                                    \
    { .tf_name = name, .signature = args " -> " result ": T; T: " types, .infer = est__infer_same,           \
      EST_ELEMENTWISE(est__unary_cpu, op##_block), .grad = gradient }
#define BY_INPUT "gradients: T, features: T"
#define BY_RESULT "gradients: T, outputs: T"
#define BY_OUTPUT "y: T, dy: T"
EST_OPS(activations, ROW("Relu", relu, "features", "activations", EST_SIG_SIGNED, relu_back),
        ROW("Relu6", relu6, "features", "activations", EST_SIG_SIGNED, relu6_back),
        ROW("Sigmoid", sigmoid, "x", "y", EST_SIG_REALS, sigmoid_back),
        ROW("Tanh", tanh, "x", "y", EST_SIG_REALS, tanh_back),
        ROW("Elu", elu, "features", "activations", EST_SIG_REALS, elu_back),
        ROW("Selu", selu, "features", "activations", EST_SIG_REALS, selu_back),
        ROW("Softplus", softplus, "features", "activations", EST_SIG_REALS, softplus_back),
        ROW("Softsign", softsign, "features", "activations", EST_SIG_REALS, softsign_back),
        { .tf_name = "LeakyRelu",
          .signature = "features: T -> activations: T; alpha: float = 0.2; T: " EST_SIG_REALS " = float",
          .infer = est__infer_same,
          .cpu = leaky_cpu,
          .grad = leaky_back,
          .state_size = sizeof(double),
          .prepare = alpha_prepare },
        GRAD_ROW("ReluGrad", relu_grad, BY_INPUT, "backprops", EST_SIG_SIGNED, again),
        GRAD_ROW("Relu6Grad", relu6_grad, BY_INPUT, "backprops", EST_SIG_SIGNED, again),
        GRAD_ROW("SigmoidGrad", sigmoid_grad, BY_OUTPUT, "z", EST_SIG_REALS, sigmoid_grad_back),
        GRAD_ROW("TanhGrad", tanh_grad, BY_OUTPUT, "z", EST_SIG_REALS, tanh_grad_back),
        GRAD_ROW("EluGrad", elu_grad, BY_RESULT, "backprops", EST_SIG_REALS, NULL),
        GRAD_ROW("SeluGrad", selu_grad, BY_RESULT, "backprops", EST_SIG_REALS, NULL),
        GRAD_ROW("SoftplusGrad", softplus_grad, BY_INPUT, "backprops", EST_SIG_REALS, NULL),
        GRAD_ROW("SoftsignGrad", softsign_grad, BY_INPUT, "backprops", EST_SIG_REALS, NULL),
        { .tf_name = "LeakyReluGrad",
          .signature = BY_INPUT " -> backprops: T; alpha: float = 0.2; T: " EST_SIG_REALS " = float",
          .infer = est__infer_same,
          .cpu = leaky_cpu,
          .grad = leaky_again,
          .state_size = sizeof(double),
          .prepare = alpha_prepare },
        GRAD_ROW("SqrtGrad", sqrt_grad, BY_OUTPUT, "z", EST_SIG_REALS, NULL),
        GRAD_ROW("RsqrtGrad", rsqrt_grad, BY_OUTPUT, "z", EST_SIG_REALS, NULL),
        GRAD_ROW("ReciprocalGrad", reciprocal_grad, BY_OUTPUT, "z", EST_SIG_REALS, NULL));
