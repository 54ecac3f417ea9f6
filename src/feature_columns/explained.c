/* Inputs on their way from the baseline 0: what an explanation follows through a model. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

est_node *est__column_explained(est_graph *g, const est_column *c, est_node *x)
{
    est__explained *all = g->explained;
    if (all == NULL || est__is_nil(x))
        return x;
    est_status st = est__grow(&all->input, &all->capacity, all->count + 1, sizeof *all->input);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_node *scaled = est_mul(g, x, est_read(g, all->share));
    all->input[all->count++] = (est__explained_input){ .name = c->name, .x = x, .scaled = scaled };
    return scaled;
}
