/* The confusion matrix at thresholds, and what it gives: precision and recall. */
#include "nn/metrics/metric.h"

est__confusion est__metric_confusion(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                     est_floats thresholds)
{
    est__metric_match(g, &labels, &predictions);
    predictions = est_cast(g, predictions, EST_FLOAT);
    weights = weights ? est__metric_weights(g, weights, predictions) : est_ones_like(g, predictions);
    est__accumulator counts = { .name = "counts", .batch = est_confusion_at_thresholds(g, est_cast(g, labels, EST_FLOAT),
                                                                                      predictions, weights, thresholds) };
    est__confusion c = { .metric = est__metric_begin(g, name, &counts, 1) };
    est_node *rows = est_op(g, "Unpack", NULL, EST_NODES(counts.sum), EST_ATTRS(EST_INT_ATTR("num", 4)));
    c.true_positives = est_node_output(rows, 0);
    c.false_positives = est_node_output(rows, 1);
    c.true_negatives = est_node_output(rows, 2);
    c.false_negatives = est_node_output(rows, 3);
    return c;
}

est_metric est_metric_precision_at_thresholds(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                              est_node *weights, est_floats thresholds)
{
    est__metric_begin_scope(g, name);
    est__confusion c = est__metric_confusion(g, name, labels, predictions, weights, thresholds);
    c.metric.value = est_div_no_nan(g, c.true_positives, est_add(g, c.true_positives, c.false_positives));
    est__metric_end_scope(g);
    return c.metric;
}

est_metric est_metric_recall_at_thresholds(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                           est_floats thresholds)
{
    est__metric_begin_scope(g, name);
    est__confusion c = est__metric_confusion(g, name, labels, predictions, weights, thresholds);
    c.metric.value = est_div_no_nan(g, c.true_positives, est_add(g, c.true_positives, c.false_negatives));
    est__metric_end_scope(g);
    return c.metric;
}

/* part / (part + rest), a scalar */
static est_node *share(est_graph *g, est_node *part, est_node *rest)
{
    return est_reshape(g, est_div_no_nan(g, part, est_add(g, part, rest)), (est_ints){ 0 });
}

est_metric est_metric_precision(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                double threshold)
{
    est__metric_begin_scope(g, name);
    est__confusion c = est__metric_confusion(g, name, labels, predictions, weights, (est_floats){ &threshold, 1 });
    c.metric.value = share(g, c.true_positives, c.false_positives);
    est__metric_end_scope(g);
    return c.metric;
}

est_metric est_metric_recall(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                             double threshold)
{
    est__metric_begin_scope(g, name);
    est__confusion c = est__metric_confusion(g, name, labels, predictions, weights, (est_floats){ &threshold, 1 });
    c.metric.value = share(g, c.true_positives, c.false_negatives);
    est__metric_end_scope(g);
    return c.metric;
}
