/* BinaryClassHead: one logit, sigmoid cross entropy; labels 0 and 1, any number between them, or two
 * strings. */
#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_HEAD_VOCABULARY,
    EST_HEAD_FIELDS,
    EST_FIELD(est_head_options, FLOATS, thresholds,
              .doc = "accuracy, precision and recall at each of these, in (0, 1)"),
    { 0 }
};

static est_status check(const est_head *h)
{
    char number[32];
    for (size_t i = 0; i < h->options.thresholds.count; i++)
        if (!(h->options.thresholds.data[i] > 0 && h->options.thresholds.data[i] < 1)) {
            est__format_double(number, h->options.thresholds.data[i]);
            return est__head_fail(h, "thresholds[%zu] is %s; it must lie between 0 and 1", i, number);
        }
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
    est_node *logits = r->logits;
    est_node *logistic = est_op(g, "Sigmoid", "logistic", EST_NODES(logits), EST_NO_ATTRS);
    est_node *both = est_concat(g, EST_NODES(est_zeros_like(g, logits), logits), -1);
    est_node *probabilities = est_op(g, "Softmax", "probabilities", EST_NODES(both), EST_NO_ATTRS);
    est_node *class_ids = est__head_class_ids(r, both);
    r->class_ids = class_ids;
    r->logistic = logistic;
    est_spec_prediction(r->spec, "logits", logits);
    est_spec_prediction(r->spec, "logistic", logistic);
    est_spec_prediction(r->spec, "probabilities", probabilities);
    est_spec_prediction(r->spec, "class_ids", class_ids);
    est_spec_prediction(r->spec, "classes", est__head_classes(r, class_ids));
    est_spec_prediction(r->spec, "all_class_ids", est__head_all_class_ids(r, 2));
    est_spec_prediction(r->spec, "all_classes", est__head_all_classes(r, logits, 2));
    if (!export_outputs)
        return;
    est_nodes classification = EST_NODES(est__head_all_classes(r, probabilities, 2), probabilities);
    est_spec_export_output(r->spec, "serving_default", "classify", EST_STRINGS("classes", "scores"),
                           classification);
    est_spec_export_output(r->spec, "classification", "classify", EST_STRINGS("classes", "scores"),
                           classification);
    est_spec_export_output(r->spec, "regression", "regress", EST_STRINGS("outputs"), EST_NODES(logistic));
    est__head_predictions_output(r);
}

static void losses(est__head_run *r)
{
    r->labels = est__to_dtype(r->g, est__head_label_ids(r, 2), EST_FLOAT);
    r->losses = est_sigmoid_cross_entropy(r->g, r->labels, r->logits);
}

static void threshold_metrics(est__head_run *r, est_node *logistic, double threshold)
{
    est_graph *g = r->g;
    char name[64];
    est_node *above = est_greater(g, logistic, est_constant_float(g, threshold));
    est__print(name, sizeof name, "accuracy/positive_threshold_%g", threshold);
    est_spec_metric(r->spec, est_metric_accuracy(g, est__head_key(r, name), r->labels,
                                                 est__to_dtype(g, above, EST_FLOAT), r->weights));
    est__print(name, sizeof name, "precision/positive_threshold_%g", threshold);
    est_spec_metric(
        r->spec, est_metric_precision(g, est__head_key(r, name), r->labels, logistic, r->weights, threshold));
    est__print(name, sizeof name, "recall/positive_threshold_%g", threshold);
    est_spec_metric(r->spec,
                    est_metric_recall(g, est__head_key(r, name), r->labels, logistic, r->weights, threshold));
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
    est_node *labels = r->labels, *weights = r->weights;
    est_node *logistic = r->logistic;
    est_node *classes = est__to_dtype(g, r->class_ids, EST_FLOAT);
    est_metric label_mean = est_metric_mean(g, est__head_key(r, "label/mean"), labels, weights);
    est_spec_metric(r->spec, est_metric_mean(g, est__head_key(r, "average_loss"), r->losses, weights));
    est_spec_metric(r->spec, est_metric_accuracy(g, est__head_key(r, "accuracy"), labels, classes, weights));
    est_spec_metric(r->spec,
                    est_metric_precision(g, est__head_key(r, "precision"), labels, classes, weights, 0.5));
    est_spec_metric(r->spec, est_metric_recall(g, est__head_key(r, "recall"), labels, classes, weights, 0.5));
    est_spec_metric(r->spec, est_metric_mean(g, est__head_key(r, "prediction/mean"), logistic, weights));
    est_spec_metric(r->spec, label_mean);
    est_spec_metric(r->spec, accuracy_baseline(r, label_mean));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc"), labels, logistic, weights, "ROC"));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc_precision_recall"), labels, logistic,
                                            weights, "PR"));
    for (size_t i = 0; i < r->head->options.thresholds.count; i++)
        threshold_metrics(r, logistic, r->head->options.thresholds.data[i]);
}

const est_head_kind est__binary_class_head = {
    .name = "BinaryClassHead", .fields = fields, .check = check, .logits_dimension = logits_dimension,
    .label = label, .predict = predict, .losses = losses, .metrics = metrics
};
