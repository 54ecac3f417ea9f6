/* The rules by which Keras brings the ranks of labels, predictions and weights together. */
#ifndef EST_NN_WEIGHTS_H
#define EST_NN_WEIGHTS_H

#include <estimator/graph.h>

/* `x` without its last dimension, which is 1. */
est_node *est__squeeze_last(est_graph *g, est_node *x);
/* float32 weights of the rank of `values`: they may be a scalar, which stays one, or differ by a last dimension of 1. */
est_node *est__weights_like(est_graph *g, est_node *weights, est_node *values);

#endif
