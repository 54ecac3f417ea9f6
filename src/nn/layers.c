/* Layers: nodes and the variables that they own. */
#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"

enum { LONGEST_NAME = 512 };

/* "dense", or "dense_1" where the graph has that layer already. */
static void free_name(const est_graph *g, const char *base, char out[LONGEST_NAME])
{
    char taken[LONGEST_NAME + 8];
    snprintf(out, LONGEST_NAME, "%s", base);
    for (int i = 1;; i++) {
        snprintf(taken, sizeof taken, "%s/kernel", out);
        if (!est_graph_variable(g, taken))
            return;
        snprintf(out, LONGEST_NAME, "%s_%d", base, i);
    }
}

static est_node *variable(est_graph *g, const char *layer, const char *name, est_shape shape, est_node *initial_value)
{
    char full[LONGEST_NAME + 8];
    snprintf(full, sizeof full, "%s/%s", layer, name);
    return est_read(g, est_variable(g, full, &(est_variable_options){ .dtype = EST_FLOAT, .shape = shape,
                                                                      .initial_value = initial_value }));
}

est_node *est_dense(est_graph *g, est_node *x, int64_t units, const est_dense_options *options)
{
    static const est_dense_options defaults;
    const est_dense_options *o = options ? options : &defaults;
    char name[LONGEST_NAME];
    if (g->status != EST_OK || est__is_nil(x))
        return &g->nil;
    const est_shape *in = est_node_shape(x);
    if (in->rank != 2 || in->dim[1] < 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_dense: '%s' must be [batch, n] with a known n", est_node_name(x));
    if (units < 1)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_dense: units is %lld; it must be at least 1", (long long)units);
    if (o->name)
        snprintf(name, sizeof name, "%s", o->name);
    else
        free_name(g, "dense", name);
    est_graph_begin_scope(g, name);
    est_shape shape = EST_SHAPE(in->dim[1], units);
    est_node *initial = o->kernel_initializer ? o->kernel_initializer : est_glorot_uniform(g, shape);
    est_node *y = est_matmul(g, x, variable(g, name, "kernel", shape, initial));
    if (!o->no_bias)
        y = est_bias_add(g, y, variable(g, name, "bias", EST_SHAPE(units), NULL));
    if (o->activation)
        y = o->activation(g, y);
    est_graph_end_scope(g);
    return y;
}

est_node *est_dropout(est_graph *g, est_node *x, double rate)
{
    if (g->status != EST_OK || est__is_nil(x))
        return &g->nil;
    est_dtype dtype = est_node_dtype(x);
    if (!(rate >= 0 && rate < 1))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_dropout: rate is %g; it must be in [0, 1)", rate);
    if (dtype != EST_FLOAT && dtype != EST_DOUBLE)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_dropout: '%s' is %s; it must be float32 or float64", est_node_name(x),
                               est_dtype_name(dtype));
    if (rate == 0)
        return x;
    est_graph_begin_scope(g, "dropout");
    est_node *scaled = est_mul(g, x, est_cast(g, est_constant_float(g, 1 / (1 - rate)), dtype));
    est_node *drawn = est_random_uniform(g, est_shape_of_node(g, x), dtype);
    est_node *kept = est_greater_equal(g, drawn, est_cast(g, est_constant_float(g, rate), dtype));
    est_node *y = est_where(g, kept, scaled, est_cast(g, est_constant_float(g, 0), dtype));
    est_graph_end_scope(g);
    return y;
}
