/* Means: of values, and of hits (accuracy). */
#include "nn/metrics/metric.h"

est_metric est__metric_mean(est_graph *g, const char *name, est_node *values, est_node *weights)
{
    enum { TOTAL, COUNT };
    est_node *count = weights ? est__metric_sum(g, weights)
                              : est_cast(g, est_op(g, "Size", NULL, EST_NODES(values), EST_NO_ATTRS), EST_FLOAT);
    est_node *total = est__metric_sum(g, weights ? est_mul(g, values, weights) : values);
    est__accumulator a[] = { [TOTAL] = { .name = "total", .batch = total }, [COUNT] = { .name = "count", .batch = count } };
    est_metric m = est__metric_begin(g, name, a, 2);
    m.value = est_div_no_nan(g, a[TOTAL].sum, a[COUNT].sum);
    return m;
}

est_metric est_metric_mean(est_graph *g, const char *name, est_node *values, est_node *weights)
{
    est__metric_begin_scope(g, name);
    values = est_cast(g, values, EST_FLOAT);
    est_metric m = est__metric_mean(g, name, values, est__metric_weights(g, weights, values));
    est__metric_end_scope(g);
    return m;
}

est_metric est_metric_accuracy(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    est__metric_begin_scope(g, name);
    est__metric_match(g, &labels, &predictions);
    if (est_node_dtype(labels) != est_node_dtype(predictions)) {
        labels = est_cast(g, labels, EST_FLOAT);
        predictions = est_cast(g, predictions, EST_FLOAT);
    }
    est_node *hits = est_cast(g, est_equal(g, labels, predictions), EST_FLOAT);
    est_metric m = est__metric_mean(g, name, hits, est__metric_weights(g, weights, hits));
    est__metric_end_scope(g);
    return m;
}
