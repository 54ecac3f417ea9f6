/* PoissonRegressionHead: label_dimension rates, the logits' exponentials; the loss is that of
 * tf.nn.log_poisson_loss. */
#include <float.h>

#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_HEAD_LABEL_DIMENSION,
    EST_FIELD_NOT(est_head_options, "compute_full_loss", no_full_loss,
                  .doc = "with the term of the label alone, log(label!) by Stirling"),
    EST_HEAD_FIELDS,
    { 0 }
};

static void labels(est__head_run *r)
{
    r->labels = est__head_numbers(r, est__regression_dimension(r->head), 0, FLT_MAX);
}

static est_node *losses(est__head_run *r)
{
    return est_log_poisson_loss(r->g, r->labels, r->logits, !r->head->options.no_full_loss);
}

const est_head_kind est__poisson_regression_head = {
    .name = "PoissonRegressionHead", .fields = fields, .logits_dimension = est__regression_dimension,
    .label = est__regression_label, .predict = est__regression_predict, .labels = labels, .losses = losses,
    .metrics = est__regression_metrics, .link = est_exp, .per_logit_weights = true
};
