/* DNNLinearCombinedClassifier, DNNLinearCombinedRegressor and DNNLinearCombinedEstimator: wide and deep models (Cheng et al. 2016;
 * tf.estimator's canned/dnn_linear_combined.py). */
#include "estimators/canned.h"

#include "base/base.h"
#include "nn/activations.h"

#define MODEL_FIELDS(options)                                                                                        \
    EST_FIELD(options, COLUMNS, linear_feature_columns, .doc = "what the linear part sees of the features"),         \
    EST_OPTIMIZER_FIELD(options, linear_optimizer, "Ftrl", 0.005),                                                   \
    EST_FIELD(options, STRING, linear_sparse_combiner, .def_text = "sum", .choices = est__canned_combiners,          \
              .doc = "how the weights of several ids of one column are joined"),                                     \
    EST_FIELD(options, COLUMNS, dnn_feature_columns, .doc = "what the deep part sees of the features"),              \
    EST_FIELD(options, INTS, dnn_hidden_units, .min = 1, .max = INT32_MAX, .doc = "units of each hidden layer"),     \
    EST_OPTIMIZER_FIELD(options, dnn_optimizer, "Adagrad", 0.001),                                                   \
    EST_FIELD(options, STRING, dnn_activation_fn, .def_text = "relu", .choices = est__activation_names,              \
              .doc = "of the hidden layers, by its name in tf.nn"),                                                  \
    EST_FIELD(options, FLOAT, dnn_dropout, .max = 1,                                                                 \
              .doc = "share of a hidden layer's outputs that each step leaves out; below 1"),                        \
    EST_FIELD(options, BOOL, batch_norm, .doc = "each hidden layer's outputs are brought to one mean and deviation"), \
    EST_CANNED_PARTITIONER(options, input_layer_partitioner)

static const est_field classifier_fields[] = {
    MODEL_FIELDS(est_dnn_linear_combined_classifier_options), EST_CANNED_WARM_START(est_dnn_linear_combined_classifier_options),
    EST_CANNED_CLASSIFIER(est_dnn_linear_combined_classifier_options), { 0 } };
static const est_field regressor_fields[] = {
    MODEL_FIELDS(est_dnn_linear_combined_regressor_options), EST_CANNED_WARM_START(est_dnn_linear_combined_regressor_options),
    EST_CANNED_REGRESSOR(est_dnn_linear_combined_regressor_options), { 0 } };
static const est_field estimator_fields[] = {
    EST_CANNED_HEAD(est_dnn_linear_combined_estimator_options), MODEL_FIELDS(est_dnn_linear_combined_estimator_options),
    EST_CANNED_WARM_START(est_dnn_linear_combined_estimator_options), { 0 } };

/* The options structs name their members alike. */
#define PARTS(o)                                                                                                     \
    (est__wide_deep)                                                                                                 \
    {                                                                                                                \
        .dnn_columns = (o).dnn_feature_columns, .dnn_columns_name = "dnn_feature_columns",                           \
        .hidden_units = (o).dnn_hidden_units, .activation_fn = (o).dnn_activation_fn, .dropout = (o).dnn_dropout,    \
        .batch_norm = (o).batch_norm, .dnn_optimizer = (o).dnn_optimizer,                                            \
        .linear_columns = (o).linear_feature_columns, .sparse_combiner = (o).linear_sparse_combiner,                 \
        .linear_optimizer = (o).linear_optimizer, .warm_start_from = (o).warm_start_from,                            \
        .partitioner = (o).input_layer_partitioner                                                                   \
    }

est_status est_dnn_linear_combined_classifier_new_sized(const est_dnn_linear_combined_classifier_options *options, size_t size, const est_run_config *config,
                                                        size_t config_size, est_estimator **out)
{
    est_dnn_linear_combined_classifier_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_combined_classifier, options, size, &o));
    EST_TRY(est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, o.loss_reduction), &head));
    return est__wide_deep_new("DNNLinearCombinedClassifier", &PARTS(o), head, config, config_size, out);
}

est_status est_dnn_linear_combined_regressor_new_sized(const est_dnn_linear_combined_regressor_options *options, size_t size, const est_run_config *config,
                                                       size_t config_size, est_estimator **out)
{
    est_dnn_linear_combined_regressor_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_combined_regressor, options, size, &o));
    EST_TRY(est__canned_values(o.label_dimension, o.weight_column, o.loss_reduction, &head));
    return est__wide_deep_new("DNNLinearCombinedRegressor", &PARTS(o), head, config, config_size, out);
}

est_status est_dnn_linear_combined_estimator_new_sized(const est_dnn_linear_combined_estimator_options *options, size_t size, const est_run_config *config,
                                                       size_t config_size, est_estimator **out)
{
    est_dnn_linear_combined_estimator_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_combined_estimator, options, size, &o));
    return est__wide_deep_new("DNNLinearCombinedEstimator", &PARTS(o), est_head_retain(o.head), config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                  est_estimator **out)
{
    return est_dnn_linear_combined_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_regressor(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_dnn_linear_combined_regressor_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_dnn_linear_combined_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_combined_classifier = {
    .name = "DNNLinearCombinedClassifier", .fields = classifier_fields, .options_size = sizeof(est_dnn_linear_combined_classifier_options), .make = make_classifier };
const est__canned_kind est__canned_combined_regressor = {
    .name = "DNNLinearCombinedRegressor", .fields = regressor_fields, .options_size = sizeof(est_dnn_linear_combined_regressor_options), .make = make_regressor };
const est__canned_kind est__canned_combined_estimator = {
    .name = "DNNLinearCombinedEstimator", .fields = estimator_fields, .options_size = sizeof(est_dnn_linear_combined_estimator_options), .make = make_estimator };
