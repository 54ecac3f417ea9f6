/* The area under a curve over 200 thresholds, as tf.keras.metrics.AUC: trapezoids under ROC, the interpolation of Davis and
 * Goadrich (2006, "The relationship between Precision-Recall and ROC curves") under precision over recall. */
#include "nn/metrics/metric.h"

enum { THRESHOLDS = 200 };

/* Keras' thresholds are -1e-7, 1/199, …, 198/199, 1 + 1e-7, and it finds a prediction's place among them by rounding
 * 199 * prediction up; counting at these half steps does the same, to the last bit. */
static est__confusion count(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    double half_steps[THRESHOLDS] = { -1e9 };
    for (int i = 1; i < THRESHOLDS - 1; i++)
        half_steps[i] = i + 0.5;
    half_steps[THRESHOLDS - 1] = 1e9;
    est_node *steps = est_mul(g, est_cast(g, predictions, EST_FLOAT), est_constant_float(g, THRESHOLDS - 1));
    est_node *places = est_op(g, "Ceil", NULL, EST_NODES(steps), EST_NO_ATTRS);
    return est__metric_confusion(g, name, labels, places, weights, (est_floats){ half_steps, THRESHOLDS });
}

/* x[:-1], and x[1:] */
static est_node *lower(est_graph *g, est_node *x)
{
    return est_slice(g, x, EST_INTS(0), EST_INTS(THRESHOLDS - 1));
}

static est_node *upper(est_graph *g, est_node *x)
{
    return est_slice(g, x, EST_INTS(1), EST_INTS(THRESHOLDS - 1));
}

static est_node *falls(est_graph *g, est_node *x)
{
    return est_sub(g, lower(g, x), upper(g, x));
}

static est_node *ratio(est_graph *g, est_node *part, est_node *rest)
{
    return est_div_no_nan(g, part, est_add(g, part, rest));
}

static est_node *roc(est_graph *g, const est__confusion *c)
{
    est_node *x = ratio(g, c->false_positives, c->true_negatives), *y = ratio(g, c->true_positives, c->false_negatives);
    est_node *heights = est_div(g, est_add(g, lower(g, y), upper(g, y)), est_constant_float(g, 2));
    return est__metric_sum(g, est_mul(g, falls(g, x), heights));
}

/* Within an interval [A, B] of thresholds, TP and P = TP + FP vary linearly with each other: the area is
 * slope * (dTP + intercept * log(P_B / P_A)) / positives, slope = dTP / dP, intercept = TP - slope * P. */
static est_node *precision_recall(est_graph *g, const est__confusion *c)
{
    est_node *zero = est_constant_float(g, 0);
    est_node *p = est_add(g, c->true_positives, c->false_positives);
    est_node *p_low = lower(g, p), *p_high = upper(g, p), *tp = upper(g, c->true_positives);
    est_node *rise = falls(g, c->true_positives);
    est_node *slope = est_div_no_nan(g, rise, est_maximum(g, falls(g, p), zero));
    est_node *intercept = est_sub(g, tp, est_mul(g, slope, p_high));
    est_node *both = est_logical_and(g, est_greater(g, p_low, zero), est_greater(g, p_high, zero));
    est_node *growth = est_div_no_nan(g, p_low, est_maximum(g, p_high, zero));
    est_node *safe = est_where(g, both, growth, est_constant_float(g, 1));
    est_node *area = est_mul(g, slope, est_add(g, rise, est_mul(g, intercept, est_log(g, safe))));
    est_node *positives = est_maximum(g, est_add(g, tp, upper(g, c->false_negatives)), zero);
    return est__metric_sum(g, est_div_no_nan(g, area, positives));
}

est_metric est_metric_auc(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                          const char *curve)
{
    bool is_roc = strcmp(curve, "ROC") == 0;
    est__metric_begin_scope(g, name);
    if (!is_roc && strcmp(curve, "PR") != 0)
        est__graph_fail(g, EST_INVALID_ARGUMENT, "metric '%s': curve is '%s'; it must be 'ROC' or 'PR'", name, curve);
    est__confusion c = count(g, name, labels, predictions, weights);
    c.metric.value = is_roc ? roc(g, &c) : precision_recall(g, &c);
    est__metric_end_scope(g);
    return c.metric;
}
