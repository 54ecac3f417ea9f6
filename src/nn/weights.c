/* The ranks of weights, as keras.losses_utils.squeeze_or_expand_dimensions has them. */
#include <estimator/ops.h>

#include "nn/weights.h"

est_node *est__squeeze_last(est_graph *g, est_node *x)
{
    return est_squeeze(g, x, EST_INTS(-1));
}

est_node *est__weights_like(est_graph *g, est_node *weights, est_node *values)
{
    int rank = est_node_shape(weights)->rank, wanted = est_node_shape(values)->rank;
    weights = est_cast(g, weights, EST_FLOAT);
    if (rank <= 0 || wanted < 0)
        return weights;
    if (rank == wanted + 1)
        return est__squeeze_last(g, weights);
    if (rank == wanted - 1)
        return est_expand_dims(g, weights, -1);
    return weights;
}
