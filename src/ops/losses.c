/* Losses that are elementwise or a sum: sigmoid cross entropy as one node, and L2Loss. */
#include "ops/fast_math.h"
#include "ops/ops.h"

/* ---- EstSigmoidCrossEntropy: max(x, 0) - x*z + log(1 + exp(-|x|)), which never overflows ---- */
#define ENTROPY(T, D, ...)                                                                             \
    EST_CLONES_##T static void entropy_##T(const void *const *in, void *out, int64_t n)                \
    {                                                                                                  \
        const T *logits = in[0], *labels = in[1];                                                      \
        T *y = out;                                                                                    \
        EST_IVDEP                                                                                      \
        for (int64_t i = 0; i < n; i++) {                                                              \
            const T x = logits[i], z = labels[i];                                                      \
            y[i] = ((x >= 0 ? x : 0) - x * z) + est__m_log1p(est__m_exp(x >= 0 ? -x : x));             \
        }                                                                                              \
    }
EST_REALS(ENTROPY, )

static est_block_fn entropy_block(est_dtype dtype)
{
    return dtype == EST_FLOAT ? entropy_float : dtype == EST_DOUBLE ? entropy_double : NULL;
}

static est_status entropy_infer(est_infer *c)
{
    return est__shape_merge(c, est__infer_in(c, 0), est__infer_in(c, 1), &c->out[0]);
}

static void entropy_grad(est_grad *b)      /* dy * (sigmoid(logits) - labels); dy * -logits */
{
    est_node *logits = b->x[0], *labels = b->x[1], *dy = b->dy[0];
    b->dx[0] = est_mul(b->g, dy, est_sub(b->g, est_sigmoid(b->g, logits), labels));
    b->dx[1] = est_mul(b->g, dy, est_neg(b->g, logits));
}

/* As tf.nn.sigmoid_cross_entropy_with_logits spells it. */
static void entropy_body(est_body *b)
{
    est_graph *g = b->g;
    est_node *x = b->x[0], *zeros = est_zeros_like(g, x), *positive = est_greater_equal(g, x, zeros);
    est_node *relu = EST_OP3(g, "Select", positive, x, zeros);
    est_node *minus = EST_OP3(g, "Select", positive, est_neg(g, x), x);
    b->y[0] = est_add(g, est_sub(g, relu, est_mul(g, x, b->x[1])), est_log1p(g, est_exp(g, minus)));
}

est_node *est_sigmoid_cross_entropy_with_logits(est_graph *g, est_node *logits, est_node *labels)
{
    return EST_OP2(g, "EstSigmoidCrossEntropy", logits, labels);
}

/* ---- L2Loss: sum(x^2) / 2 ---- */
static est_status l2_cpu(est_kernel *k)
{
    const est_tensor *x = est__in(k, 0);
    const est_shape scalar = { 0 };
    est_tensor *out;
    double lane[4] = { 0 }, sum = 0;
    int64_t n = est__tensor_elements(x), i = 0;
    EST_TRY(est__out(k, 0, &scalar, &out));
    if (x->dtype == EST_FLOAT) {
        const float *v = x->data;
        for (; i + 4 <= n; i += 4)
            for (int j = 0; j < 4; j++)
                lane[j] += (double)v[i + j] * (double)v[i + j];
        for (; i < n; i++)
            sum += (double)v[i] * (double)v[i];
        *(float *)out->data = (float)((sum + lane[0] + lane[1] + lane[2] + lane[3]) / 2);
    } else {
        const double *v = x->data;
        for (; i < n; i++)
            sum += v[i] * v[i];
        *(double *)out->data = sum / 2;
    }
    return EST_OK;
}

static void l2_grad(est_grad *b)
{
    b->dx[0] = est_mul(b->g, b->x[0], b->dy[0]);
}

est_node *est_l2_loss(est_graph *g, est_node *x)
{
    return EST_OP1(g, "L2Loss", x);
}

EST_OPS(losses,
        { .tf_name = "EstSigmoidCrossEntropy",
          .signature = "logits: T, labels: T -> loss: T; T: " EST_SIG_REALS,
          .infer = entropy_infer,
          EST_ELEMENTWISE(est__unary_cpu, entropy_block),
          .grad = entropy_grad,
          .body = entropy_body },
        { .tf_name = "L2Loss",
          .signature = "t: T -> output: T; T: " EST_SIG_REALS,
          .infer = est__infer_scalar,
          .cpu = l2_cpu,
          .grad = l2_grad });
