/* Initial values of variables, as nodes; random ones differ by the seed and the node's name. */
#include <math.h>

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"

static est_node *dims_of(est_graph *g, const est_shape *shape)
{
    if (est_shape_elements(shape) < 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the shape of an initial value must be known");
    return est_constant_ints(g, EST_INT32, (est_ints){ shape->dim, (size_t)shape->rank });
}

est_node *est_zeros(est_graph *g, est_dtype dtype, est_shape shape)
{
    est_tensor *zero;
    const est_shape scalar = EST_SCALAR;
    est_status st = est_tensor_new(dtype, &scalar, &zero);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_node *value = est_constant(g, zero);
    est_tensor_free(zero);
    return est_op(g, "Fill", "zeros", EST_NODES(dims_of(g, &shape), value), EST_NO_ATTRS);
}

est_node *est_filled(est_graph *g, est_shape shape, double value)
{
    return est_op(g, "Fill", NULL, EST_NODES(dims_of(g, &shape), est_constant_float(g, value)), EST_NO_ATTRS);
}

/* Inputs and outputs of one unit; of a convolution's, over its whole window. */
static void fans(const est_shape *shape, double *in, double *out)
{
    double window = 1;
    int rank = shape->rank;
    for (int i = 0; i < rank - 2; i++)
        window *= (double)shape->dim[i];
    *in = rank == 0 ? 1 : window * (double)shape->dim[rank > 1 ? rank - 2 : 0];
    *out = rank == 0 ? 1 : window * (double)shape->dim[rank - 1];
}

est_node *est_glorot_uniform(est_graph *g, est_shape shape)
{
    est_node *dims = dims_of(g, &shape);
    double in, out;
    if (est__is_nil(dims))
        return dims;
    fans(&shape, &in, &out);
    double limit = sqrt(6 / fmax(in + out, 1));
    est_node *unit = est_random_uniform(g, dims, EST_FLOAT);
    return est_add(g, est_mul(g, unit, est_constant_float(g, 2 * limit)), est_constant_float(g, -limit));
}

est_node *est_truncated_normal(est_graph *g, est_shape shape, double mean, double stddev)
{
    est_node *unit = est_random_truncated_normal(g, dims_of(g, &shape), EST_FLOAT);
    est_node *scaled = est_mul(g, unit, est_constant_float(g, stddev));
    return mean == 0 ? scaled : est_add(g, scaled, est_constant_float(g, mean));
}
