/* Batch normalisation of matrices, spelt as Keras spells it, so that its sums round alike. */
#include <estimator/nn.h>
#include <estimator/ops.h>

#include "base/fields.h"
#include "graph/graph.h"

static const est_field fields[] = {
    EST_FIELD(est_batch_norm_options, FLOAT, momentum, .def = 0.99, .max = 1, .zero = EST_OFF),
    EST_FIELD(est_batch_norm_options, FLOAT, epsilon, .def = 0.001, .max = INFINITY, .zero = EST_OFF),
    EST_FIELD(est_batch_norm_options, STRING, name, .def_text = "batch_normalization"),
    { 0 },
};

typedef struct layer {
    est_graph *g;
    est_batch_norm_options o;
    int64_t width;
} layer;

static est_node *variable(const layer *l, const char *name, double initial, bool trained)
{
    char *full = est__arena_printf(&l->g->arena, "%s/%s", l->o.name, name);
    est_shape shape = EST_SHAPE(l->width);
    if (!full)
        return est__spoil(l->g, est__fail_memory(64));
    return est_variable(l->g, full, &(est_variable_options){ .shape = shape, .not_trainable = !trained,
                                                             .initial_value = initial != 0 ? est_filled(l->g, shape, initial) : NULL });
}

/* average -= (average - value) * (1 - momentum) */
static void move_average(const layer *l, est_node *average, est_node *value)
{
    est_graph *g = l->g;
    est_node *delta = est_mul(g, est_sub(g, est_read(g, average), value), est_constant_float(g, 1 - l->o.momentum));
    est_graph_add_update(g, est_op(g, "AssignSubVariableOp", "AssignMovingAvg", EST_NODES(average, delta), EST_NO_ATTRS));
}

/* Mean and variance of the columns, [1, width], as tf.nn.moments takes them. */
static void take_moments(const layer *l, est_node *x, est_node **mean, est_node **variance)
{
    est_graph *g = l->g;
    char *what = est__arena_printf(&g->arena, "batch_norm '%s'", l->o.name);
    if (!what) {
        est__spoil(g, est__fail_memory(64));
        *mean = *variance = &g->nil;
        return;
    }
    est_node *several = est_op(g, "EstCheckSeveral", NULL, EST_NODES(x), EST_ATTRS(EST_STRING_ATTR("what", what)));
    est_graph_begin_scope(g, "moments");
    *mean = est_reduce_mean(g, several, EST_INTS(0), true);
    est_node *squares = est_squared_difference(g, x, est_stop_gradient(g, *mean));
    *variance = est_squeeze(g, est_reduce_mean(g, squares, EST_INTS(0), true), EST_INTS(0));
    *mean = est_squeeze(g, *mean, EST_INTS(0));
    est_graph_end_scope(g);
}

static est_node *build(const layer *l, est_node *x)
{
    est_graph *g = l->g;
    est_node *gamma = est_read(g, variable(l, "gamma", 1, true)), *beta = est_read(g, variable(l, "beta", 0, true));
    est_node *moving_mean = variable(l, "moving_mean", 0, false), *moving_variance = variable(l, "moving_variance", 1, false);
    est_node *mean, *variance;
    if (l->o.training) {
        take_moments(l, x, &mean, &variance);
        move_average(l, moving_mean, mean);
        move_average(l, moving_variance, variance);
    } else {
        mean = est_read(g, moving_mean);
        variance = est_read(g, moving_variance);
    }
    est_graph_begin_scope(g, "batchnorm");
    est_node *deviation = est_add(g, variance, est_constant_float(g, l->o.epsilon));
    est_node *scale = est_mul(g, est_op(g, "Rsqrt", NULL, EST_NODES(deviation), EST_NO_ATTRS), gamma);
    est_node *y = est_add(g, est_mul(g, x, scale), est_sub(g, beta, est_mul(g, mean, scale)));
    est_graph_end_scope(g);
    return y;
}

est_node *est_batch_norm_sized(est_graph *g, est_node *x, const est_batch_norm_options *options, size_t size)
{
    layer l = { .g = g };
    if (g->status != EST_OK || est__is_nil(x))
        return &g->nil;
    est_status st = est__fields_apply(fields, "est_batch_norm", options, size, &l.o, sizeof l.o);
    if (st != EST_OK)
        return est__spoil(g, st);
    const est_shape *in = est_node_shape(x);
    if (in->rank != 2 || in->dim[1] < 0 || est_node_dtype(x) != EST_FLOAT)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_batch_norm: '%s' must be [batch, n] float32 with a known n",
                               est_node_name(x));
    l.width = in->dim[1];
    if (l.o.momentum == EST_OFF)
        l.o.momentum = 0;
    if (l.o.epsilon == EST_OFF)
        l.o.epsilon = 0;
    est_graph_begin_scope(g, l.o.name);
    est_node *y = build(&l, x);
    est_graph_end_scope(g);
    return y;
}
