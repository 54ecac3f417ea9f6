/* MultiLabelHead: n_classes logits, any number of classes an example, the mean of sigmoid cross entropies; labels
 * are multi-hot, or lists of ids or of a vocabulary's strings. */
#include <estimator/ops.h>

#include "heads/head.h"

static const est_field fields[] = {
    EST_FIELD(est_head_options, INT, n_classes, .needed = true, .min = 2, .max = INT32_MAX,
              .doc = "number of classes, more than 1"),
    EST_HEAD_VOCABULARY,
    EST_FIELD(est_head_options, BOOL, sparse_labels, .doc = "labels are lists of ids; with label_vocabulary they are lists anyway"),
    EST_HEAD_FIELDS,
    EST_HEAD_THRESHOLDS,
    EST_FIELD(est_head_options, VALUES, classes_for_class_based_metrics, .doc = "classes with metrics of their own, by id or by word"),
    { 0 }
};

/* The id of a word; -1: it is not in the vocabulary. */
static int64_t id_of(const est_head *h, const char *word)
{
    est_strings v = h->options.label_vocabulary;
    for (size_t i = 0; i < v.count; i++)
        if (strcmp(v.data[i], word) == 0)
            return (int64_t)i;
    return -1;
}

/* Words become ids. */
static est_status check_classes(est_head *h)
{
    est_values *classes = &h->options.classes_for_class_based_metrics;
    int64_t n = h->options.n_classes;
    int64_t *ids = est__arena_alloc(&h->arena, (classes->strings.count + 1) * sizeof *ids);
    if (!ids)
        return est__fail_memory(classes->strings.count * sizeof *ids);
    for (size_t i = 0; i < classes->strings.count; i++)
        if ((ids[i] = id_of(h, classes->strings.data[i])) < 0)
            return est__head_fail(h, "classes_for_class_based_metrics[%zu] is '%s'; it must be a word of label_vocabulary", i,
                                  classes->strings.data[i]);
    if (classes->strings.count)
        *classes = (est_values){ .ints = { ids, classes->strings.count } };
    for (size_t i = 0; i < classes->ints.count; i++)
        if (classes->ints.data[i] < 0 || classes->ints.data[i] >= n)
            return est__head_fail(h, "classes_for_class_based_metrics[%zu] is %lld; it must be in [0, %lld]", i,
                                  (long long)classes->ints.data[i], (long long)n - 1);
    return EST_OK;
}

static est_status check(est_head *h)
{
    EST_TRY(est__head_check_thresholds(h));
    EST_TRY(est__head_check_vocabulary(h, h->options.n_classes));
    return check_classes(h);
}

static int64_t logits_dimension(const est_head *h)
{
    return h->options.n_classes;
}

static est_feature label(const est_head *h)
{
    if (h->options.label_vocabulary.count)
        return (est_feature){ .dtype = EST_STRING, .variable_length = true };
    if (h->options.sparse_labels)
        return (est_feature){ .dtype = EST_INT64, .variable_length = true };
    return (est_feature){ .dtype = EST_FLOAT, .shape = EST_SHAPE(h->options.n_classes) };
}

static void predict(est__head_run *r, bool export_outputs)
{
    int64_t n = r->head->options.n_classes;
    r->scores = est_op(r->g, "Sigmoid", "probabilities", EST_NODES(r->logits), EST_NO_ATTRS);
    est_spec_prediction(r->spec, "logits", r->logits);
    est_spec_prediction(r->spec, "probabilities", r->scores);
    est_spec_prediction(r->spec, "classes", est__head_all_classes(r, r->logits, n));
    if (!export_outputs)
        return;
    est__head_classify_output(r, r->scores, n);
    est__head_predictions_output(r);
}

/* Lists as multi-hot rows; a class that is named twice counts once. */
static est_node *multi_hot(est__head_run *r, est_feature_nodes list)
{
    est_graph *g = r->g;
    int64_t n = r->head->options.n_classes;
    est_node *ids = est__head_ids_of(r, list.value, list.indices, n);
    if (est__is_nil(ids))
        return ids;
    if (est_node_dtype(ids) != EST_INT64 && est_node_dtype(ids) != EST_INT32)
        return est__head_spoil(r, "labels are %s; they must be integers", est_dtype_name(est_node_dtype(ids)));
    est_node *counts = est_indicator(g, list.indices, est__to_dtype(g, ids, EST_INT64), list.dense_shape, NULL, n);
    return est_minimum(g, counts, est_constant_float(g, 1));
}

static void labels(est__head_run *r)
{
    const est_head_options *o = &r->head->options;
    est_feature_nodes given = r->label;
    if (given.indices) {
        r->labels = multi_hot(r, given);
        return;
    }
    if (!o->label_vocabulary.count && !o->sparse_labels && est_node_dtype(given.value) != EST_STRING) {
        r->labels = est__head_numbers(r, o->n_classes, 0, 1);
        return;
    }
    est_node *dense = est__head_labels(r, -1);   /* "" and -1 stand for none */
    est_node *sparse = est__is_nil(dense) ? dense : est_dense_to_sparse(r->g, dense);
    r->labels = est__is_nil(sparse) ? sparse
                                    : multi_hot(r, (est_feature_nodes){ .indices = sparse, .value = est_node_output(sparse, 1),
                                                                        .dense_shape = est_node_output(sparse, 2) });
}

static est_node *losses(est__head_run *r)
{
    return est_reduce_mean(r->g, est_sigmoid_cross_entropy(r->g, r->labels, r->logits), EST_INTS(-1), true);
}

static est_node *column(est_graph *g, est_node *x, int64_t i)
{
    return est_slice(g, x, EST_INTS(0, i), EST_INTS(-1, 1));
}

static const char *class_key(est__head_run *r, const char *metric, int64_t id)
{
    est_strings words = r->head->options.label_vocabulary;
    const char *key = words.count ? est__arena_printf(&r->spec->arena, "%s/%s", metric, words.data[id])
                                  : est__arena_printf(&r->spec->arena, "%s/class%lld", metric, (long long)id);
    if (!key)
        est__spoil(r->g, est__fail_memory(64));
    return key ? est__head_key(r, key) : metric;
}

static void class_metrics(est__head_run *r, int64_t id)
{
    est_graph *g = r->g;
    est_node *y = column(g, r->labels, id), *p = column(g, r->scores, id);
    est_spec_metric(r->spec, est_metric_mean(g, class_key(r, "probability_mean", id), p, r->weights));
    est_spec_metric(r->spec, est_metric_auc(g, class_key(r, "auc", id), y, p, r->weights, "ROC"));
    est_spec_metric(r->spec, est_metric_auc(g, class_key(r, "auc_precision_recall", id), y, p, r->weights, "PR"));
}

static void metrics(est__head_run *r)
{
    est_graph *g = r->g;
    est_ints classes = r->head->options.classes_for_class_based_metrics.ints;
    est_spec_metric(r->spec, est_metric_mean(g, est__head_key(r, "average_loss"), r->losses, r->weights));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc"), r->labels, r->scores, r->weights, "ROC"));
    est_spec_metric(r->spec, est_metric_auc(g, est__head_key(r, "auc_precision_recall"), r->labels, r->scores, r->weights, "PR"));
    est__head_threshold_metrics(r);
    for (size_t i = 0; i < classes.count; i++)
        class_metrics(r, classes.data[i]);
}

const est_head_kind est__multi_label_head = {
    .name = "MultiLabelHead", .fields = fields, .check = check, .logits_dimension = logits_dimension, .label = label,
    .predict = predict, .labels = labels, .losses = losses, .metrics = metrics, .takes_loss_fn = true
};
