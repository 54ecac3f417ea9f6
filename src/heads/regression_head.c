/* RegressionHead: label_dimension numbers, squared error. */
#include <float.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_HEAD_LABEL_DIMENSION,
    EST_HEAD_FIELDS,
    { 0 }
};

static void labels(est__head_run *r)
{
    r->labels = est__head_numbers(r, est__regression_dimension(r->head), -FLT_MAX, FLT_MAX);
}

static est_node *losses(est__head_run *r)
{
    return est_squared_error(r->g, r->labels, r->logits);
}

const est_head_kind est__regression_head = {
    .name = "RegressionHead", .fields = fields, .logits_dimension = est__regression_dimension,
    .label = est__regression_label, .predict = est__regression_predict, .labels = labels, .losses = losses,
    .metrics = est__regression_metrics, .per_logit_weights = true, .takes_loss_fn = true, .takes_link_fn = true
};
