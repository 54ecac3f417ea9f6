/* Accumulators of metrics, and the shapes of labels, predictions and weights. */
#include "nn/metrics/metric.h"
#include "nn/weights.h"

void est__metric_begin_scope(est_graph *g, const char *name)
{
    est_graph_begin_scope(g, "metrics");
    est_graph_begin_scope(g, name);
}

void est__metric_end_scope(est_graph *g)
{
    est_graph_end_scope(g);
    est_graph_end_scope(g);
}

/* Of an accumulator: metrics/<name>/<accumulator>, numbered where another metric of that name has it. Nothing is saved under it. */
static const char *free_name(est_graph *g, const char *name, const char *accumulator)
{
    char *full = est__arena_printf(&g->arena, "metrics/%s/%s", name, accumulator);
    for (int i = 1; full && est_graph_variable(g, full); i++)
        full = est__arena_printf(&g->arena, "metrics/%s_%d/%s", name, i, accumulator);
    return full;
}

est_metric est__metric_begin(est_graph *g, const char *name, est__accumulator *accumulators, int count)
{
    char *kept = est__arena_strdup(&g->arena, name);
    est_node *update = est_op(g, "NoOp", "update", (est_nodes){ 0 }, EST_NO_ATTRS);
    if (!kept)
        return (est_metric){ .name = "", .update = est__spoil(g, est__fail_memory(strlen(name) + 1)), .value = &g->nil };
    for (int i = 0; i < count; i++) {
        est__accumulator *a = &accumulators[i];
        const char *variable = free_name(g, name, a->name);
        est_node *handle = est_variable(g, variable ? variable : "", &(est_variable_options){
            .dtype = EST_FLOAT, .shape = *est_node_shape(a->batch), .not_trainable = true, .local = true });
        est_node_after(update, est_op(g, "AssignAddVariableOp", NULL, EST_NODES(handle, a->batch), EST_NO_ATTRS));
        a->sum = est_read(g, handle);
    }
    return (est_metric){ .name = kept, .update = update };
}

void est__metric_match(est_graph *g, est_node **labels, est_node **predictions)
{
    const est_shape *l = est_node_shape(*labels), *p = est_node_shape(*predictions);
    if (l->rank < 0 || p->rank < 0)
        return;
    if (p->rank == l->rank + 1 && p->dim[p->rank - 1] == 1)
        *predictions = est__squeeze_last(g, *predictions);
    else if (l->rank == p->rank + 1 && l->dim[l->rank - 1] == 1)
        *labels = est__squeeze_last(g, *labels);
}

est_node *est__metric_weights(est_graph *g, est_node *weights, est_node *values)
{
    if (!weights)
        return NULL;
    weights = est__weights_like(g, weights, values);
    if (est_shape_equal(est_node_shape(weights), est_node_shape(values)))
        return weights;
    return est_mul(g, weights, est_ones_like(g, est_cast(g, values, EST_FLOAT)));
}

est_node *est__metric_sum(est_graph *g, est_node *x)
{
    return est_reduce_sum(g, est_reshape(g, x, EST_INTS(-1)), EST_INTS(0), false);
}
