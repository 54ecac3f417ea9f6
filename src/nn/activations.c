/* Activations by their names in tf.nn. */
#include <string.h>

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "nn/activations.h"

/* max(x, 0) and max(-x, 0) side by side (Shang et al. 2016). */
static est_node *crelu(est_graph *g, est_node *x)
{
    return est_relu(g, est_concat(g, EST_NODES(x, est_neg(g, x)), -1));
}

/* x Φ(x) (Hendrycks and Gimpel 2016), not the approximation. */
static est_node *gelu(est_graph *g, est_node *x)
{
    est_node *root = est_constant_float(g, 1.4142135623730951), *half = est_constant_float(g, 0.5);
    est_node *erf = est_op(g, "Erf", NULL, EST_NODES(est_div(g, x, root)), EST_NO_ATTRS);
    return est_mul(g, est_mul(g, half, x), est_add(g, est_constant_float(g, 1), erf));
}

static est_node *linear(est_graph *g, est_node *x)
{
    (void)g;
    return x;
}

static est_node *leaky_relu(est_graph *g, est_node *x)
{
    return est_leaky_relu(g, x, 0.2);
}

static est_node *silu(est_graph *g, est_node *x)
{
    return est_mul(g, x, est_sigmoid(g, x));
}

static const est_activation_fn functions[] = { crelu, est_elu, gelu, leaky_relu, linear, est_log_softmax, est_relu, est_relu6, est_selu,
                                               est_sigmoid, silu, est_softmax, est_softplus, est_softsign, silu, est_tanh };
const char *const est__activation_names[] = { "crelu", "elu", "gelu", "leaky_relu", "linear", "log_softmax", "relu", "relu6", "selu",
                                              "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh", NULL };

est_activation_fn est_activation(const char *name)
{
    for (size_t i = 0; name && i < sizeof functions / sizeof *functions; i++)
        if (strcmp(est__activation_names[i], name) == 0)
            return functions[i];
    return NULL;
}

const char *const *est_activation_names(void)
{
    return est__activation_names;
}
