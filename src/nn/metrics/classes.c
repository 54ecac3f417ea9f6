/* Metrics of classifiers: what lies in the top k, the confusion of classes, and how far probabilities can be trusted. */
#include <math.h>

#include "nn/metrics/metric.h"

/* Class ids as a vector, each in [0, classes). */
static est_node *ids_of(est_graph *g, est_node *ids, int64_t classes, const char *what)
{
    return est_op(g, "EstCheckRange", NULL, EST_NODES(est_reshape(g, est_cast(g, ids, EST_INT64), EST_INTS(-1))),
                  EST_ATTRS(EST_FLOAT_ATTR("low", 0), EST_FLOAT_ATTR("high", (double)(classes - 1)), EST_STRING_ATTR("what", what)));
}

/* Sums of `values` by id, [count]. */
static est_node *sums_by(est_graph *g, est_node *values, est_node *ids, int64_t count)
{
    est_node *sums = est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(values, ids, est_constant_int(g, EST_INT32, count)), EST_NO_ATTRS);
    return est_reshape(g, sums, EST_INTS(count));
}

static est_node *flat(est_graph *g, est_node *x)
{
    return est_reshape(g, x, EST_INTS(-1));
}

/* It is there when fewer than k scores are greater; a score that is not finite is nowhere (tf.math.in_top_k). */
est_metric est_metric_top_k_accuracy(est_graph *g, const char *name, est_node *labels, est_node *scores, est_node *weights, int64_t k)
{
    const est_shape *s = est_node_shape(scores);
    int64_t classes = s->rank == 2 ? s->dim[1] : -1;
    est__metric_begin_scope(g, name);
    if (classes < 1 || k < 1)
        est__graph_fail(g, EST_INVALID_ARGUMENT, "metric '%s': it takes scores [batch, classes], of a known number of classes, and a k of 1 "
                        "or more", name);
    scores = est_cast(g, scores, EST_FLOAT);
    est_node *is_label = est_greater(g, est_one_hot(g, ids_of(g, labels, classes, "label"), classes, 1, 0), est_constant_float(g, 0));
    est_node *own = est_reduce_max(g, est_where(g, is_label, scores, est_constant_float(g, -HUGE_VAL)), EST_INTS(-1), true);
    est_node *above = est_reduce_sum(g, est_cast(g, est_greater(g, scores, own), EST_FLOAT), EST_INTS(-1), false);
    est_node *is_finite = flat(g, est_equal(g, est_sub(g, own, own), est_constant_float(g, 0)));
    est_node *hits = est_cast(g, est_logical_and(g, est_less(g, above, est_constant_float(g, (double)k)), is_finite), EST_FLOAT);
    est_metric m = est__metric_mean(g, name, hits, est__metric_weights(g, weights, hits));
    est__metric_end_scope(g);
    return m;
}

est_metric est_metric_confusion_matrix(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                       int64_t num_classes)
{
    int64_t n = num_classes;
    est__metric_begin_scope(g, name);
    if (n < 1 || n > 32767)
        est__graph_fail(g, EST_INVALID_ARGUMENT, "metric '%s': num_classes is %lld; it must be in [1, 32767]", name, (long long)n);
    est_node *rows = ids_of(g, labels, n, "label"), *columns = ids_of(g, predictions, n, "class");
    est_node *places = est_add(g, est_mul(g, rows, est_constant_int(g, EST_INT64, n)), columns);
    est_node *ones = est_ones_like(g, est_cast(g, columns, EST_FLOAT));
    est_node *counted = weights ? est_mul(g, ones, flat(g, est_cast(g, weights, EST_FLOAT))) : ones;
    est__accumulator a = { .name = "total", .batch = est_reshape(g, sums_by(g, counted, places, n * n), EST_INTS(n, n)) };
    est_metric m = est__metric_begin(g, name, &a, 1);
    m.value = a.sum;
    est__metric_end_scope(g);
    return m;
}

/* (TP * TN - FP * FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN)) (Matthews 1975) */
est_metric est_metric_matthews(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                               double threshold)
{
    est__metric_begin_scope(g, name);
    est__confusion c = est__metric_confusion(g, name, labels, predictions, weights, (est_floats){ &threshold, 1 });
    est_node *tp = c.true_positives, *fp = c.false_positives, *tn = c.true_negatives, *fn = c.false_negatives;
    est_node *over = est_sub(g, est_mul(g, tp, tn), est_mul(g, fp, fn));
    est_node *said = est_mul(g, est_sqrt(g, est_add(g, tp, fp)), est_sqrt(g, est_add(g, tn, fn)));
    est_node *is = est_mul(g, est_sqrt(g, est_add(g, tp, fn)), est_sqrt(g, est_add(g, tn, fp)));
    c.metric.value = est_reshape(g, est_div_no_nan(g, over, est_mul(g, said, is)), (est_ints){ 0 });
    est__metric_end_scope(g);
    return c.metric;
}

/* -y * log(p + e) - (1 - y) * log(1 - p + e), p brought into [e, 1 - e] (keras.backend.binary_crossentropy) */
est_metric est_metric_log_loss(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    est__metric_begin_scope(g, name);
    est__metric_match(g, &labels, &predictions);
    est_node *one = est_constant_float(g, 1), *e = est_constant_float(g, 1e-7), *y = est_cast(g, labels, EST_FLOAT);
    est_node *p = est_maximum(g, est_minimum(g, est_cast(g, predictions, EST_FLOAT), est_sub(g, one, e)), e);
    est_node *hit = est_mul(g, y, est_log(g, est_add(g, p, e)));
    est_node *rest = est_mul(g, est_sub(g, one, y), est_log(g, est_add(g, est_sub(g, one, p), e)));
    est_node *losses = est_neg(g, est_add(g, hit, rest));
    est_metric m = est__metric_mean(g, name, losses, est__metric_weights(g, weights, losses));
    est__metric_end_scope(g);
    return m;
}

est_metric est_metric_perplexity(est_graph *g, const char *name, est_node *losses, est_node *weights)
{
    est__metric_begin_scope(g, name);
    losses = est_cast(g, losses, EST_FLOAT);
    est_metric m = est__metric_mean(g, name, losses, est__metric_weights(g, weights, losses));
    m.value = est_exp(g, m.value);
    est__metric_end_scope(g);
    return m;
}

/* By bins of equal width, the difference between the sum of probabilities and the sum of labels, as a share of all
 * (Guo et al. 2017, "On calibration of modern neural networks"). */
est_metric est_metric_calibration_error(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                        int64_t bins)
{
    enum { GAP, COUNT };
    est__metric_begin_scope(g, name);
    if (bins < 1 || bins > 1000000)
        est__graph_fail(g, EST_INVALID_ARGUMENT, "metric '%s': bins is %lld; it must be in [1, 1000000]", name, (long long)bins);
    est__metric_match(g, &labels, &predictions);
    est_node *p = est_cast(g, predictions, EST_FLOAT), *y = est_cast(g, labels, EST_FLOAT);
    est_node *w = weights ? est__metric_weights(g, weights, p) : est_ones_like(g, p);
    est_node *scaled = est_minimum(g, est_mul(g, est_relu(g, p), est_constant_float(g, (double)bins)), est_constant_float(g, (double)(bins - 1)));
    est_node *bin = flat(g, est_cast(g, scaled, EST_INT32));
    est_node *gap = flat(g, est_mul(g, w, est_sub(g, p, y)));
    est__accumulator a[] = { [GAP] = { .name = "gap", .batch = sums_by(g, gap, bin, bins) },
                             [COUNT] = { .name = "count", .batch = est__metric_sum(g, w) } };
    est_metric m = est__metric_begin(g, name, a, 2);
    m.value = est_div_no_nan(g, est_reduce_sum(g, est_abs(g, a[GAP].sum), EST_INTS(0), false), a[COUNT].sum);
    est__metric_end_scope(g);
    return m;
}
