/* BinaryClassHead: one logit, sigmoid cross entropy; labels 0 and 1, any number between them, or two
 * strings. */
#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_HEAD_VOCABULARY,
    EST_HEAD_FIELDS,
    EST_HEAD_THRESHOLDS,
    EST_HEAD_CLASS_WEIGHTS,
    EST__CALIBRATION_FIELDS(est_head_options),
    { 0 }
};

static est_status check(est_head *h)
{
    EST_TRY(est__head_check_thresholds(h));
    EST_TRY(est__head_check_class_weights(h, 2));
    EST_TRY(est__head_check_calibration(h));
    return est__head_check_vocabulary(h, 2);
}

static int64_t logits_dimension(const est_head *h)
{
    (void)h;
    return 1;
}

static est_feature label(const est_head *h)
{
    return (est_feature){ .dtype = h->options.label_vocabulary.count ? EST_STRING : EST_INT64 };
}

static void predict(est__head_run *r, bool export_outputs)
{
    est_graph *g = r->g;
    est_node *logits = r->calibrated = est__head_calibrated(r);
    est_node *logistic = est_op(g, "Sigmoid", "logistic", EST_NODES(logits), EST_NO_ATTRS);
    est_node *both = est_concat(g, EST_NODES(est_zeros_like(g, logits), logits), -1);
    est_node *probabilities = est_op(g, "Softmax", "probabilities", EST_NODES(both), EST_NO_ATTRS);
    est_node *class_ids = est__head_class_ids(r, both);
    r->class_ids = class_ids;
    r->scores = logistic;
    est_spec_prediction(r->spec, "logits", r->logits);
    est_spec_prediction(r->spec, "logistic", logistic);
    est_spec_prediction(r->spec, "probabilities", probabilities);
    est_spec_prediction(r->spec, "class_ids", class_ids);
    est_spec_prediction(r->spec, "classes", est__head_classes(r, class_ids));
    est_spec_prediction(r->spec, "all_class_ids", est__head_all_class_ids(r, 2));
    est_spec_prediction(r->spec, "all_classes", est__head_all_classes(r, logits, 2));
    if (!export_outputs)
        return;
    est__head_classify_output(r, probabilities, 2);
    est_spec_export_output(r->spec, "regression", "regress", EST_STRINGS("outputs"), EST_NODES(logistic));
    est__head_predictions_output(r);
}

static void labels(est__head_run *r)
{
    r->labels = est__to_dtype(r->g, est__head_label_ids(r, 2), EST_FLOAT);
}

static est_node *losses(est__head_run *r)
{
    return est_sigmoid_cross_entropy(r->g, r->labels, r->mode == EST_TRAIN ? r->logits : r->calibrated);
}

/* The better of always saying 1 and always saying 0: max(mean(y), mean(1 - y)). */
static est_metric accuracy_baseline(est__head_run *r, est_metric label_mean)
{
    est_graph *g = r->g;
    est_node *others = est_sub(g, est_constant_float(g, 1), r->labels);
    est_metric m = est_metric_mean(g, est__head_key(r, "accuracy_baseline"), others, r->weights);
    m.value = est_maximum(g, label_mean.value, m.value);
    return m;
}

static void metrics(est__head_run *r)
{
    est_graph *g = r->g;
    est_node *y = r->labels, *weights = r->weights;
    est_node *logistic = r->scores;
    est_node *classes = est__to_dtype(g, r->class_ids, EST_FLOAT);
    est_metric label_mean = est_metric_mean(g, est__head_key(r, "label/mean"), y, weights);
    est_spec_metric(r->spec, est_metric_mean(g, est__head_key(r, "average_loss"), r->losses, weights));
    est_spec_metric(r->spec, est_metric_accuracy(g, est__head_key(r, "accuracy"), y, classes, weights));
    est_spec_metric(r->spec,
                    est_metric_precision(g, est__head_key(r, "precision"), y, classes, weights, 0.5));
    est_spec_metric(r->spec, est_metric_recall(g, est__head_key(r, "recall"), y, classes, weights, 0.5));
    est_spec_metric(r->spec, est_metric_mean(g, est__head_key(r, "prediction/mean"), logistic, weights));
    est_spec_metric(r->spec, label_mean);
    est_spec_metric(r->spec, accuracy_baseline(r, label_mean));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc"), y, logistic, weights, "ROC"));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc_precision_recall"), y, logistic,
                                            weights, "PR"));
    est__head_threshold_metrics(r);
}

const est_head_kind est__binary_class_head = {
    .name = "BinaryClassHead", .fields = fields, .check = check, .logits_dimension = logits_dimension,
    .label = label, .predict = predict, .labels = labels, .losses = losses, .metrics = metrics, .takes_loss_fn = true
};
