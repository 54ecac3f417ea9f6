/* Metrics of one's own beside those of any estimator. */
#ifndef ESTIMATOR_ADD_METRICS_H
#define ESTIMATOR_ADD_METRICS_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Gives metrics of an evaluation to `spec` by est_spec_metric, of nodes of est_spec_graph(spec): of the features, of the labels as
 *  model_fn gets them (NULL: there are none, or a MultiHead's, by est_spec_find_label), and of predictions
 *  (est_spec_find_prediction). Called when the graph of an evaluation is built, on the thread of the verb; all is lent for the call. */
typedef est_status (*est_metric_fn)(est_spec *spec, const est_features *features, est_node *labels, void *user);
/** Further metrics at evaluation; those of a name that is there already take its place (tf.estimator.add_metrics, which makes another
 *  estimator). May be called more than once. What `metric_fn` fails with, and metrics named "loss" or "global_step", fail the evaluation.
 *  In: `user` lives as long as the estimator. Errors: INVALID_ARGUMENT: no metric_fn. One thread at a time per estimator, and not while
 *  it evaluates. Since 0.1. */
EST_API est_status est_add_metrics(est_estimator *e, est_metric_fn metric_fn, void *user);
/** The prediction of that key; NULL: there is none. Lent. */
EST_API est_node *est_spec_find_prediction(const est_spec *s, const char *key);

#ifdef __cplusplus
}
#endif
#endif
