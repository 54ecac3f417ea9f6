/* Regularizers: losses of variables, as Keras has them, collected by the graph. */
#include <estimator/ops.h>
#include <estimator/variables.h>

#include "graph/graph.h"

void est_add_regularization_loss(est_graph *g, est_node *loss)
{
    if (g->status != EST_OK)
        return;
    if (est__is_nil(loss) || loss->op->graph != g || loss->dtype != EST_FLOAT || loss->shape.rank != 0) {
        est__graph_fail(g, EST_INVALID_ARGUMENT, "est_add_regularization_loss: '%s' is no float32 scalar of the graph",
                        est__is_nil(loss) ? "(none)" : est_node_name(loss));
        return;
    }
    est_status st = est__grow(&g->penalty, &g->cap_penalties, g->num_penalties + 1, sizeof *g->penalty);
    if (st != EST_OK)
        est__spoil(g, st);
    else
        g->penalty[g->num_penalties++] = loss;
}

est_nodes est_regularization_losses(const est_graph *g)
{
    return (est_nodes){ g->penalty, g->num_penalties };
}

est_node *est_regularization_loss(est_graph *g)
{
    if (g->num_penalties == 0)
        return est_constant_float(g, 0);
    return g->num_penalties == 1 ? g->penalty[0] : est_op(g, "AddN", "total_regularization_loss", est_regularization_losses(g), EST_NO_ATTRS);
}

/* l1 * sum(|w|) + 2 * l2 * (sum(w^2) / 2) */
static est_node *built_in(est_graph *g, est_node *w, const est_regularizer *r)
{
    est_node *l1 = r->l1 > 0 ? est_mul(g, est_constant_float(g, r->l1), est_reduce_sum(g, est_abs(g, w), EST_ALL_AXES, false)) : NULL;
    est_node *l2 = r->l2 > 0 ? est_mul(g, est_constant_float(g, 2 * r->l2), est_l2_loss(g, w)) : NULL;
    return l1 && l2 ? est_add(g, l1, l2) : l1 ? l1 : l2;
}

est_node *est_regularize(est_graph *g, est_node *variable, const est_regularizer *r)
{
    const est__graph_variable *v = est__graph_variable_of(g, variable);
    char text[EST__SHAPE_TEXT_SIZE];
    if (g->status != EST_OK)
        return &g->nil;
    if (v == NULL || v->dtype != EST_FLOAT)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_regularize: '%s' is no float32 variable of the graph",
                               est__is_nil(variable) ? "(none)" : est_node_name(variable));
    if (!(r->l1 >= 0 && r->l2 >= 0) || (!r->fn && r->l1 + r->l2 == 0))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "est_regularize: l1 is %g and l2 %g for variable '%s'; one must be above 0, and none "
                               "below", r->l1, r->l2, v->name);
    const char *scope = est__arena_printf(&g->arena, "%s/Regularizer", v->name);
    if (scope == NULL)
        return est__spoil(g, est__fail_memory(strlen(v->name)));
    est_graph_begin_scope(g, scope);
    est_node *w = est_read(g, variable), *loss = r->fn ? r->fn(g, w, r->user) : built_in(g, w, r);
    est_graph_end_scope(g);
    if (g->status == EST_OK && (est__is_nil(loss) || loss->op->graph != g || loss->dtype != EST_FLOAT || loss->shape.rank != 0))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the regularizer of variable '%s' gave %s %s; it must give a float32 scalar", v->name,
                               est__is_nil(loss) ? "nothing" : est_dtype_name(loss->dtype),
                               est__is_nil(loss) ? "" : est__shape_string(text, &loss->shape));
    est_add_regularization_loss(g, loss);
    return g->status == EST_OK ? loss : &g->nil;
}
