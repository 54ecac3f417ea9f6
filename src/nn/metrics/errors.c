/* Metrics of regressions: means of errors, and the share of the variance that is explained. */
#include "nn/metrics/metric.h"

/* label - prediction, float32 */
static est_node *error_of(est_graph *g, est_node *labels, est_node *predictions)
{
    est__metric_match(g, &labels, &predictions);
    return est_sub(g, est_cast(g, labels, EST_FLOAT), est_cast(g, predictions, EST_FLOAT));
}

static est_metric mean(est_graph *g, const char *name, est_node *values, est_node *weights)
{
    return est__metric_mean(g, name, values, est__metric_weights(g, weights, values));
}

est_metric est_metric_mean_squared_error(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    est__metric_begin_scope(g, name);
    est_metric m = mean(g, name, est_square(g, error_of(g, labels, predictions)), weights);
    est__metric_end_scope(g);
    return m;
}

est_metric est_metric_root_mean_squared_error(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                              est_node *weights)
{
    est__metric_begin_scope(g, name);
    est_metric m = mean(g, name, est_square(g, error_of(g, labels, predictions)), weights);
    m.value = est_sqrt(g, m.value);
    est__metric_end_scope(g);
    return m;
}

est_metric est_metric_mean_absolute_error(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    est__metric_begin_scope(g, name);
    est_metric m = mean(g, name, est_abs(g, error_of(g, labels, predictions)), weights);
    est__metric_end_scope(g);
    return m;
}

/* [batch] or [batch, n] -> [batch, n] */
static est_node *columns_of(est_graph *g, est_node *x)
{
    x = est_cast(g, x, EST_FLOAT);
    return est_node_shape(x)->rank == 1 ? est_expand_dims(g, x, -1) : x;
}

/* 1 - residual / total of each column, and 0 where the labels do not vary; their mean. */
est_metric est_metric_r2(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights)
{
    enum { SUM, SQUARES, RESIDUAL, COUNT };
    est__metric_begin_scope(g, name);
    est__metric_match(g, &labels, &predictions);
    est_node *y = columns_of(g, labels), *p = columns_of(g, predictions), *zero = est_constant_float(g, 0);
    est_node *w = weights ? est__metric_weights(g, weights, y) : est_ones_like(g, y), *weighted = est_mul(g, y, w);
    est_node *residual = est_mul(g, est_square(g, est_sub(g, y, p)), w);
    est__accumulator a[] = {
        [SUM] = { .name = "sum", .batch = est_reduce_sum(g, weighted, EST_INTS(0), false) },
        [SQUARES] = { .name = "squared_sum", .batch = est_reduce_sum(g, est_mul(g, y, weighted), EST_INTS(0), false) },
        [RESIDUAL] = { .name = "residual", .batch = est_reduce_sum(g, residual, EST_INTS(0), false) },
        [COUNT] = { .name = "count", .batch = est_reduce_sum(g, w, EST_INTS(0), false) },
    };
    est_metric m = est__metric_begin(g, name, a, 4);
    est_node *mean = est_div_no_nan(g, a[SUM].sum, a[COUNT].sum);
    est_node *total = est_sub(g, a[SQUARES].sum, est_mul(g, a[SUM].sum, mean));
    est_node *share = est_sub(g, est_constant_float(g, 1), est_div_no_nan(g, a[RESIDUAL].sum, total));
    m.value = est_reduce_mean(g, est_where(g, est_equal(g, total, zero), zero, share), EST_INTS(0), false);
    est__metric_end_scope(g);
    return m;
}
