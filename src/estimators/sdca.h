/* A linear model trained by stochastic dual coordinate ascent (the optimizer LinearSDCA). */
#ifndef EST_ESTIMATORS_SDCA_H
#define EST_ESTIMATORS_SDCA_H

#include <estimator/estimators.h>
#include <estimator/linear_sdca.h>

bool est__is_sdca(const est_optimizer *o);
/* INVALID_ARGUMENT: what does not go with it. */
est_status est__sdca_check(const char *estimator, est_head *head, const char *combiner, const est_warm_start_settings *warm_start);

/* A training step of the linear model of these columns, whose variables are there. */
typedef struct est__sdca_model {
    est_spec *spec;
    const est_features *features;
    est_column_list columns;
    const est_head *head;
    const est_linear_sdca_options *options;
    const char *scope;            /* of its variables: "linear/linear_model/" */
} est__sdca_model;
/* An est_train_op_fn; `user` is an est__sdca_model. Of the spec it takes labels and weights. */
est_node *est__sdca_train_op(est_graph *g, est_node *loss, est_node *global_step, void *user);

#endif
