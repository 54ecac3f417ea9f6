/* LinearClassifier, LinearRegressor and LinearEstimator: a linear model under a head (tf.estimator's canned/linear.py). */
#include "estimators/canned.h"
#include "estimators/estimator.h"
#include "estimators/sdca.h"

#include <estimator/ops.h>

#include <string.h>

typedef struct linear {
    est_column_list columns;
    est_head *head;
    est_optimizer *optimizer;
    char sparse_combiner[8];
} linear;

#define MODEL_FIELDS(options)                                                                                        \
    EST_FIELD(options, COLUMNS, feature_columns, .needed = true, .doc = "what the model sees of the features"),      \
    EST_OPTIMIZER_FIELD(options, optimizer, "Ftrl", 0.2),                                                            \
    EST_FIELD(options, STRING, sparse_combiner, .def_text = "sum", .choices = est__canned_combiners,                 \
              .doc = "how the weights of several ids of one column are joined"),                                     \
    EST_CANNED_PARTITIONER(options, partitioner),                                                                    \
    EST_CANNED_WARM_START(options)

static const est_field classifier_fields[] = {
    MODEL_FIELDS(est_linear_classifier_options), EST_CANNED_CLASSIFIER(est_linear_classifier_options), { 0 } };
static const est_field regressor_fields[] = {
    MODEL_FIELDS(est_linear_regressor_options), EST_CANNED_REGRESSOR(est_linear_regressor_options), { 0 } };
static const est_field estimator_fields[] = {
    EST_CANNED_HEAD(est_linear_estimator_options), MODEL_FIELDS(est_linear_estimator_options), { 0 } };

/* Zeros among all weights, counted as integers, over their number. */
static est_node *fraction_of_zeros(est_graph *g, est_nodes weights)
{
    est_node *zeros = NULL;
    int64_t total = 0;
    est_graph_begin_scope(g, "zero_fraction");
    for (size_t i = 0; i < weights.count; i++) {
        est_node *w = est_read(g, weights.data[i]);
        est_node *is_zero = est_cast(g, est_equal(g, w, est_constant_float(g, 0)), EST_INT64);
        est_node *count = est_reduce_sum(g, is_zero, EST_INTS(0, 1), false);
        zeros = zeros ? est_add(g, zeros, count) : count;
        total += est_shape_elements(est_node_shape(w));
    }
    est_node *fraction = est_div(g, est_cast(g, zeros, EST_FLOAT), est_constant_float(g, (double)total));
    est_graph_end_scope(g);
    return fraction;
}

/* As tf.estimator's: the bias, and how sparse the weights are. Bias, the only vector, is made last. */
static void summarise(est_spec *spec, const linear *l)
{
    est_graph *g = est_spec_graph(spec);
    est_nodes all = est_graph_trainable_variables(g);
    if (all.count < 2)
        return;
    est_node *bias = est_read(g, all.data[all.count - 1]);
    if (est_head_logits_dimension(l->head) > 1)
        est_spec_histogram_summary(spec, "bias", bias);
    else
        est_spec_scalar_summary(spec, "bias", bias);
    est_spec_scalar_summary(spec, "fraction_of_zero_weights",
                            fraction_of_zeros(g, (est_nodes){ all.data, all.count - 1 }));
}

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    const linear *l = user;
    est_node *logits = est_linear_model(est_spec_graph(spec), features, l->columns, est_head_logits_dimension(l->head),
                                        l->sparse_combiner, "linear/");
    if (mode == EST_TRAIN)
        summarise(spec, l);
    if (!est__is_sdca(l->optimizer))
        return est_head_spec(l->head, spec, features, labels, mode, logits, l->optimizer);
    est__sdca_model m = { .spec = spec, .features = features, .columns = l->columns, .head = l->head,
                          .options = est_optimizer_options(l->optimizer), .scope = "linear/linear_model/" };
    return est_head_spec_with(l->head, spec, features, labels, mode, logits, est__sdca_train_op, &m);
}

static void free_linear(void *user)
{
    linear *l = user;
    est_head_free(l->head);
    est_optimizer_free(l->optimizer);
    est__canned_free((void *)(uintptr_t)l->columns.data);
    est__canned_free(l);
}

/* `head` is taken over. */
static est_status new_linear(const char *name, est_column_list columns, est_optimizer *optimizer, const char *combiner,
                             est_head *head, const est_warm_start_settings *warm_start_from, const est_partitioner *partitioner,
                             const est_run_config *config, size_t config_size, est_estimator **out)
{
    est__partitioning parts = { .scope = { "linear/" } };
    linear *l = est__canned_alloc(1, sizeof *l);
    est_column **copy = est__canned_alloc(columns.count + 1, sizeof *copy);
    if (l == NULL || copy == NULL) {
        est__canned_free(l);
        est__canned_free(copy);
        est_head_free(head);
        return est__canned_no_memory(name);
    }
    if (columns.count)
        memcpy(copy, columns.data, columns.count * sizeof *copy);
    l->columns = (est_column_list){ copy, columns.count };
    l->head = head;
    strncpy(l->sparse_combiner, combiner, sizeof l->sparse_combiner - 1);
    est_status st = optimizer ? EST_OK : est_estimator_optimizer(name, "optimizer", NULL, &l->optimizer);
    if (st == EST_OK)
        st = est__partitioner_check(partitioner, name, &parts.by);
    if (st == EST_OK && est__is_sdca(optimizer))
        st = est__sdca_check(name, head, combiner, warm_start_from);
    if (st != EST_OK) {
        free_linear(l);
        return st;
    }
    if (optimizer)
        l->optimizer = est_optimizer_retain(optimizer);
    est_custom_options o = { .name = name, .model_fn = model_fn, .feature_columns = l->columns, .head = l->head, .user = l,
                             .free_user = free_linear, .warm_start_from = warm_start_from };
    st = est_custom_new_sized(&o, sizeof o, config, config_size, out);
    if (st == EST_OK)
        (*out)->parts = parts;
    if (st == EST_OK && est__is_sdca(optimizer))
        (*out)->example_id = ((const est_linear_sdca_options *)est_optimizer_options(optimizer))->example_id_column;
    return st;
}

est_status est_linear_classifier_new_sized(const est_linear_classifier_options *options, size_t size, const est_run_config *config,
                                           size_t config_size, est_estimator **out)
{
    est_linear_classifier_options o;
    *out = NULL;
    est_status st = est__canned_options(&est__canned_linear_classifier, options, size, &o);
    if (st != EST_OK)
        return st;
    est_head *h;
    st = est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, o.loss_reduction), &h);
    return st != EST_OK ? st : new_linear("LinearClassifier", o.feature_columns, o.optimizer, o.sparse_combiner, h, o.warm_start_from,
                                          &o.partitioner, config, config_size, out);
}

est_status est_linear_regressor_new_sized(const est_linear_regressor_options *options, size_t size, const est_run_config *config,
                                          size_t config_size, est_estimator **out)
{
    est_linear_regressor_options o;
    *out = NULL;
    est_status st = est__canned_options(&est__canned_linear_regressor, options, size, &o);
    if (st != EST_OK)
        return st;
    est_head *h;
    st = est__canned_values(o.label_dimension, o.weight_column, o.loss_reduction, &h);
    return st != EST_OK ? st : new_linear("LinearRegressor", o.feature_columns, o.optimizer, o.sparse_combiner, h, o.warm_start_from,
                                          &o.partitioner, config, config_size, out);
}

est_status est_linear_estimator_new_sized(const est_linear_estimator_options *options, size_t size, const est_run_config *config,
                                          size_t config_size, est_estimator **out)
{
    est_linear_estimator_options o;
    *out = NULL;
    est_status st = est__canned_options(&est__canned_linear_estimator, options, size, &o);
    return st != EST_OK ? st : new_linear("LinearEstimator", o.feature_columns, o.optimizer, o.sparse_combiner,
                                          est_head_retain(o.head), o.warm_start_from, &o.partitioner, config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                  est_estimator **out)
{
    return est_linear_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_regressor(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_linear_regressor_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_linear_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_linear_classifier = {
    .name = "LinearClassifier", .fields = classifier_fields, .options_size = sizeof(est_linear_classifier_options),
    .make = make_classifier };
const est__canned_kind est__canned_linear_regressor = {
    .name = "LinearRegressor", .fields = regressor_fields, .options_size = sizeof(est_linear_regressor_options),
    .make = make_regressor };
const est__canned_kind est__canned_linear_estimator = {
    .name = "LinearEstimator", .fields = estimator_fields, .options_size = sizeof(est_linear_estimator_options),
    .make = make_estimator };
