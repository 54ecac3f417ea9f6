/* What metrics share: accumulators, and the rules by which tf.keras.metrics brings labels, predictions and weights together. */
#ifndef EST_NN_METRIC_H
#define EST_NN_METRIC_H

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"

/* One sum that grows from batch to batch: the local variable metrics/<metric>/<name>. */
typedef struct est__accumulator {
    const char *name;
    est_node *batch;    /* what a batch adds; its shape is the accumulator's, and known */
    est_node *sum;      /* set by est__metric_begin: the value so far */
} est__accumulator;

/* Nodes between the two are named metrics/<name>/…. */
void est__metric_begin_scope(est_graph *g, const char *name);
void est__metric_end_scope(est_graph *g);
/* Makes the accumulators and the update; the caller sets `value`. */
est_metric est__metric_begin(est_graph *g, const char *name, est__accumulator *accumulators, int count);

/* When one has a last dimension of 1 more than the other, it loses it. */
void est__metric_match(est_graph *g, est_node **labels, est_node **predictions);
/* float32 weights of the shape of `values`; they may be a scalar, or differ by a last dimension of 1. NULL stays NULL. */
est_node *est__metric_weights(est_graph *g, est_node *weights, est_node *values);
/* The weighted mean of `values`, float32; weights of their shape or NULL. Within the metric's scope. */
est_metric est__metric_mean(est_graph *g, const char *name, est_node *values, est_node *weights);
/* The sum of all elements, as a float32 scalar. */
est_node *est__metric_sum(est_graph *g, est_node *x);

/* What falls on which side of `thresholds` (ascending; above one is positive), so far: float32 [thresholds] each. */
typedef struct est__confusion {
    est_metric metric;      /* without its value */
    est_node *true_positives, *false_positives, *true_negatives, *false_negatives;
} est__confusion;
est__confusion est__metric_confusion(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                     est_floats thresholds);

#endif
