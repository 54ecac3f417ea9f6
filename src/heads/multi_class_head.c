/* MultiClassHead: n_classes logits, softmax cross entropy; labels are ids in [0, n_classes), or strings of
 * a vocabulary. */
#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_FIELD(est_head_options, INT, n_classes, .needed = true, .min = 1,
              .doc = "number of classes, more than 2"),
    EST_HEAD_VOCABULARY,
    EST_HEAD_FIELDS,
    EST_HEAD_CLASS_WEIGHTS,
    EST__TEMPERATURE_FIELD(est_head_options),
    { 0 }
};

static est_status check(est_head *h)
{
    if (h->options.n_classes <= 2)
        return est__head_fail(h, "n_classes is %lld; it must be more than 2 (BinaryClassHead is for two)",
                              (long long)h->options.n_classes);
    if (h->options.n_classes > INT32_MAX)
        return est__head_fail(h, "n_classes is %lld; it must be at most %d", (long long)h->options.n_classes,
                              INT32_MAX);
    EST_TRY(est__head_check_class_weights(h, h->options.n_classes));
    EST_TRY(est__head_check_calibration(h));
    return est__head_check_vocabulary(h, h->options.n_classes);
}

static int64_t logits_dimension(const est_head *h)
{
    return h->options.n_classes;
}

static est_feature label(const est_head *h)
{
    return (est_feature){ .dtype = h->options.label_vocabulary.count ? EST_STRING : EST_INT64 };
}

static void predict(est__head_run *r, bool export_outputs)
{
    int64_t n = r->head->options.n_classes;
    r->calibrated = est__head_calibrated(r);
    est_node *probabilities = est_op(r->g, "Softmax", "probabilities", EST_NODES(r->calibrated), EST_NO_ATTRS);
    est_node *class_ids = est__head_class_ids(r, r->logits);
    r->class_ids = class_ids;
    est_spec_prediction(r->spec, "logits", r->logits);
    est_spec_prediction(r->spec, "probabilities", probabilities);
    est_spec_prediction(r->spec, "class_ids", class_ids);
    est_spec_prediction(r->spec, "classes", est__head_classes(r, class_ids));
    est_spec_prediction(r->spec, "all_class_ids", est__head_all_class_ids(r, n));
    est_spec_prediction(r->spec, "all_classes", est__head_all_classes(r, r->logits, n));
    if (!export_outputs)
        return;
    est__head_classify_output(r, probabilities, n);
    est__head_predictions_output(r);
}

static void labels(est__head_run *r)
{
    est_node *ids = est__head_label_ids(r, r->head->options.n_classes);
    if (!est__is_nil(ids) && est_node_dtype(ids) != EST_INT64 && est_node_dtype(ids) != EST_INT32)
        ids = est__head_spoil(r, "labels are %s; they must be integers", est_dtype_name(est_node_dtype(ids)));
    r->labels = ids;
}

static est_node *losses(est__head_run *r)
{
    return est_expand_dims(r->g, est_sparse_softmax_cross_entropy(r->g, r->labels, r->mode == EST_TRAIN ? r->logits : r->calibrated), -1);
}

static void metrics(est__head_run *r)
{
    est_node *wanted = est__to_dtype(r->g, r->labels, EST_FLOAT),
             *class_ids = est__to_dtype(r->g, r->class_ids, EST_FLOAT);
    est_spec_metric(r->spec, est_metric_mean(r->g, est__head_key(r, "average_loss"), r->losses, r->weights));
    est_spec_metric(r->spec,
                    est_metric_accuracy(r->g, est__head_key(r, "accuracy"), wanted, class_ids, r->weights));
}

const est_head_kind est__multi_class_head = {
    .name = "MultiClassHead", .fields = fields, .check = check, .logits_dimension = logits_dimension,
    .label = label, .predict = predict, .labels = labels, .losses = losses, .metrics = metrics, .takes_loss_fn = true
};
