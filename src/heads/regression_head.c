/* RegressionHead: label_dimension numbers, squared error. */
#include "heads/head.h"

static const est_field fields[] = {
    EST_FIELD(est_head_options, INT, label_dimension, .def = 1, .min = 1, .max = INT32_MAX,
              .doc = "labels of an example"),
    EST_HEAD_FIELDS,
    { 0 }
};

static est_status check(const est_head *h)
{
    (void)h;
    return EST_OK;
}

static int64_t logits_dimension(const est_head *h)
{
    return h->options.label_dimension;
}

static est_feature label(const est_head *h)
{
    int64_t n = h->options.label_dimension;
    return (est_feature){ .dtype = EST_FLOAT, .shape = n == 1 ? EST_SCALAR : EST_SHAPE(n) };
}

static void predict(est__head_run *r, bool export_outputs)
{
    est_spec_prediction(r->spec, "predictions", r->logits);
    if (!export_outputs)
        return;
    est_spec_export_output(r->spec, "serving_default", "regress", EST_STRINGS("outputs"),
                           EST_NODES(r->logits));
    est_spec_export_output(r->spec, "regression", "regress", EST_STRINGS("outputs"), EST_NODES(r->logits));
    est__head_predictions_output(r);
}

static void losses(est__head_run *r)
{
    est_node *labels = est__head_labels(r, r->head->options.label_dimension);
    if (!est__is_nil(labels) && est_node_dtype(labels) == EST_STRING)
        labels = est__spoil(r->g, est__head_fail(r->head, "labels are string; they must be numbers"));
    r->labels = est__to_dtype(r->g, labels, EST_FLOAT);
    r->losses = est_squared_error(r->g, r->labels, r->logits);
}

static void metrics(est__head_run *r)
{
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "average_loss"), r->losses, r->weights));
    est_spec_metric(r->spec,
                    est_metric_mean(r->g, est__head_key(r, "prediction/mean"), r->logits, r->weights));
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "label/mean"), r->labels, r->weights));
}

const est_head_kind est__regression_head = {
    .name = "RegressionHead", .fields = fields, .check = check, .logits_dimension = logits_dimension,
    .label = label, .predict = predict, .losses = losses, .metrics = metrics, .per_logit_weights = true
};
