/* LogisticRegressionHead: a probability, sigmoid cross entropy; labels in [0, 1]. */
#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = { EST_HEAD_FIELDS, { 0 } };

static void labels(est__head_run *r)
{
    r->labels = est__head_numbers(r, 1, 0, 1);
}

static est_node *losses(est__head_run *r)
{
    return est_sigmoid_cross_entropy(r->g, r->labels, r->logits);
}

const est_head_kind est__logistic_regression_head = {
    .name = "LogisticRegressionHead", .fields = fields, .logits_dimension = est__regression_dimension,
    .label = est__regression_label, .predict = est__regression_predict, .labels = labels, .losses = losses,
    .metrics = est__regression_metrics, .link = est_sigmoid, .per_logit_weights = true
};
