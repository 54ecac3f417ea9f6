/* Gradients within bounds, in the order in which Keras' legacy optimizers clip them (tf.clip_by_value, tf.clip_by_norm,
 * tf.clip_by_global_norm). The rows of a sparse gradient are clipped as they come: ids that repeat are not summed before. */
#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

static void by_value(est_graph *g, est_gradient *gradients, size_t count, double bound)
{
    est_node *highest = est_constant_float(g, bound), *lowest = est_constant_float(g, -bound);
    for (size_t i = 0; i < count; i++)
        if (gradients[i].value)
            gradients[i].value = est_maximum(g, est_minimum(g, gradients[i].value, highest), lowest);
}

/* sqrt(2 * half the sum of squares) */
static est_node *norm_of(est_graph *g, est_node *half)
{
    return est_sqrt(g, est_mul(g, half, est_constant_float(g, 2)));
}

static void by_norm(est_graph *g, est_gradient *gradients, size_t count, double bound)
{
    est_node *highest = est_constant_float(g, bound);
    for (size_t i = 0; i < count; i++) {
        est_node *x = gradients[i].value;
        if (x)
            gradients[i].value = est_div(g, est_mul(g, x, highest), est_maximum(g, norm_of(g, est_l2_loss(g, x)), highest));
    }
}

/* The norm of all gradients together. One that is not finite makes them all NaN, which the loop then reports. */
static est_node *by_global_norm(est_graph *g, est_gradient *gradients, size_t count, double bound)
{
    est_node *half = NULL, *one = est_constant_float(g, 1), *highest = est_constant_float(g, bound);
    for (size_t i = 0; i < count; i++) {
        est_node *part = gradients[i].value ? est_l2_loss(g, gradients[i].value) : NULL;
        half = half && part ? est_add(g, half, part) : part ? part : half;
    }
    if (!half)
        return est_constant_float(g, 0);
    est_node *norm = norm_of(g, half);
    est_node *scale = est_mul(g, highest, est_minimum(g, est_div(g, one, norm), est_div(g, one, highest)));
    scale = est_add(g, scale, est_sub(g, norm, norm));
    for (size_t i = 0; i < count; i++)
        if (gradients[i].value)
            gradients[i].value = est_mul(g, gradients[i].value, scale);
    return norm;
}

void est__clip_gradients(est_graph *g, const est__clipping *c, est_gradient *gradients, size_t count)
{
    est_graph_begin_scope(g, "clip");
    if (c->value > 0)
        by_value(g, gradients, count, c->value);
    if (c->norm > 0)
        by_norm(g, gradients, count, c->norm);
    if (c->global_norm > 0)
        by_global_norm(g, gradients, count, c->global_norm);
    est_graph_end_scope(g);
}

/* By hand: "clip_by_norm" and its kind are scopes of their own. */
static bool begin(est_graph *g, const char *name, const est_gradient *gradients, size_t count, double bound)
{
    if (g->status == EST_OK && !(bound > 0))
        est__graph_fail(g, EST_INVALID_ARGUMENT, "est_%s: the bound is %g; it must be above 0", name, bound);
    for (size_t i = 0; i < count && g->status == EST_OK; i++)
        if (gradients[i].value && est__is_nil(gradients[i].value))
            est__graph_fail(g, EST_INVALID_ARGUMENT, "est_%s: gradient %zu is no node of the graph", name, i);
    if (g->status == EST_OK)
        est_graph_begin_scope(g, name);
    return g->status == EST_OK;
}

void est_clip_by_value(est_graph *g, est_gradient *gradients, size_t count, double bound)
{
    if (!begin(g, "clip_by_value", gradients, count, bound))
        return;
    by_value(g, gradients, count, bound);
    est_graph_end_scope(g);
}

void est_clip_by_norm(est_graph *g, est_gradient *gradients, size_t count, double norm)
{
    if (!begin(g, "clip_by_norm", gradients, count, norm))
        return;
    by_norm(g, gradients, count, norm);
    est_graph_end_scope(g);
}

est_node *est_clip_by_global_norm(est_graph *g, est_gradient *gradients, size_t count, double norm)
{
    if (!begin(g, "clip_by_global_norm", gradients, count, norm))
        return &g->nil;
    est_node *had = by_global_norm(g, gradients, count, norm);
    est_graph_end_scope(g);
    return had;
}
