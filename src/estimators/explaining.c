/* The graph of a model that is to be explained: each input scaled between its baseline and itself, and its product with the gradient of
 * one logit. */
#include "estimators/explaining.h"

#include <estimator/ops.h>

est_status est__explaining_new(struct est__explaining **out)
{
    *out = est__calloc(1, sizeof **out);
    return *out ? EST_OK : est__fail_memory(sizeof **out);
}

void est__explaining_free(struct est__explaining *x)
{
    if (x == NULL)
        return;
    est__free(x->inputs.input);
    est__free(x);
}

est_status est__explaining_begin(est__model *m)
{
    est_graph *g = m->graph;
    m->explaining->inputs.share = est_variable(g, EST__EXPLAIN_SHARE, &(est_variable_options){ .not_trainable = true, .local = true });
    g->explained = &m->explaining->inputs;
    return est_graph_status(g);
}

/* Do the logits follow from the inputs by sums alone? Then one gradient is every gradient. */
static bool adds_up(const est__explained *all, const est_node *n)
{
    static const char *const sums[] = { "AddN", "AddV2", "BiasAdd", "Identity", "ReadVariableOp", "Const" };
    bool known = false;
    for (size_t i = 0; i < all->count; i++)
        if (all->input[i].scaled == n)
            return true;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        known = known || strcmp(n->op->row->tf_name, sums[i]) == 0;
    for (int i = 0; known && i < n->op->num_inputs && n->dtype != EST_RESOURCE; i++)
        known = n->op->input[i]->dtype == EST_RESOURCE || adds_up(all, n->op->input[i]);
    return known;
}

/* The sum over an example's elements of x times the gradient, [batch, 1]. */
static est_node *product(est_graph *g, est_node *x, est_gradient gradient)
{
    static const int64_t axes[] = { 1, 2, 3, 4, 5, 6, 7 };
    int rank = est_node_shape(x)->rank;
    est_node *value = gradient.value ? est_mul(g, x, gradient.value) : est_zeros_like(g, x);
    return est_expand_dims(g, est_reduce_sum(g, value, (est_ints){ axes, rank > 1 ? (size_t)rank - 1 : 0 }, false), 1);
}

static est_status add_products(est_graph *g, struct est__explaining *x, est_node *y)
{
    const est__explained *all = &x->inputs;
    est_node **scaled = est__calloc(2 * all->count + 1, sizeof *scaled), **part = scaled + all->count;
    est_gradient *gradient = est__calloc(all->count + 1, sizeof *gradient);
    est_status st = scaled && gradient ? EST_OK : est__fail_memory(all->count * sizeof *gradient);
    for (size_t i = 0; i < all->count && st == EST_OK; i++)
        scaled[i] = all->input[i].scaled;
    if (st == EST_OK)
        st = est_gradients(g, y, (est_nodes){ scaled, all->count }, gradient);
    for (size_t i = 0; i < all->count && st == EST_OK; i++)
        part[i] = product(g, all->input[i].x, gradient[i]);
    if (st == EST_OK)
        x->parts = all->count > 1 ? est_concat(g, (est_nodes){ part, all->count }, 1) : part[0];
    est__free(scaled);
    est__free(gradient);
    return st == EST_OK ? est_graph_status(g) : st;
}

est_status est__explaining_end(const est_estimator *e, est__model *m)
{
    est_graph *g = m->graph;
    struct est__explaining *x = m->explaining;
    est_node *logits = m->spec->logits;
    if (logits == NULL)
        return est__fail(EST_UNIMPLEMENTED, "%s: it cannot be explained, as it has no head, whose logits contributions add up to", e->name);
    if (x->inputs.count == 0)
        return EST_OK;
    int64_t outputs = est_head_logits_dimension(e->head);
    x->output = est_variable(g, EST__EXPLAIN_OUTPUT,
                             &(est_variable_options){ .shape = EST_SHAPE(outputs), .not_trainable = true, .local = true });
    x->adds_up = adds_up(&x->inputs, logits);
    est_graph_begin_scope(g, "explain");
    est_status st = add_products(g, x, est_mul(g, logits, est_read(g, x->output)));
    est_graph_end_scope(g);
    return st == EST_OK ? st : est__fail_in(st, "%s: explain", e->name);
}
