/* Losses of each element, and what makes one number of them. */
#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/weights.h"

static est_node *as_float(est_graph *g, est_node *x)
{
    return est_node_dtype(x) == EST_FLOAT ? x : est_cast(g, x, EST_FLOAT);
}

est_node *est_sigmoid_cross_entropy(est_graph *g, est_node *labels, est_node *logits)
{
    return est_sigmoid_cross_entropy_with_logits(g, logits, as_float(g, labels));
}

est_node *est_sparse_softmax_cross_entropy(est_graph *g, est_node *labels, est_node *logits)
{
    if (est_node_shape(labels)->rank == 2)
        labels = est__squeeze_last(g, labels);
    return est_sparse_softmax_cross_entropy_with_logits(g, logits, labels);
}

est_node *est_squared_error(est_graph *g, est_node *labels, est_node *predictions)
{
    return est_squared_difference(g, predictions, as_float(g, labels));
}

est_node *est_log_poisson_loss(est_graph *g, est_node *labels, est_node *logits, bool full)
{
    est_node *y = as_float(g, labels), *loss = est_sub(g, est_exp(g, logits), est_mul(g, logits, y));
    if (!full)
        return loss;
    est_node *half_log = est_mul(g, est_constant_float(g, 0.5), est_log(g, est_mul(g, est_constant_float(g, 6.283185307179586), y)));
    est_node *stirling = est_add(g, est_sub(g, est_mul(g, y, est_log(g, y)), y), half_log);
    est_node *small = est_logical_and(g, est_greater_equal(g, y, est_constant_float(g, 0)),
                                      est_less_equal(g, y, est_constant_float(g, 1)));
    return est_add(g, loss, est_where(g, small, est_zeros_like(g, y), stirling));
}

est_node *est_loss_reduce(est_graph *g, est_node *losses, est_node *weights, const char *reduction)
{
    bool mean = !reduction || strcmp(reduction, "sum_over_batch_size") == 0;
    if (!mean && strcmp(reduction, "sum") != 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "loss_reduction is '%s'; it must be 'sum_over_batch_size' or 'sum'",
                               reduction);
    est_graph_begin_scope(g, "weighted_loss");
    if (weights)
        losses = est_mul(g, losses, est__weights_like(g, weights, losses));
    losses = est_reshape(g, losses, EST_INTS(-1));
    est_node *loss = mean ? est_reduce_mean(g, losses, EST_INTS(0), false) : est_reduce_sum(g, losses, EST_INTS(0), false);
    est_graph_end_scope(g);
    return loss;
}
