/* DNNClassifier, DNNRegressor and DNNEstimator: a network of fully connected layers under a head (tf.estimator's canned/dnn.py). */
#include "estimators/canned.h"

#include "base/base.h"
#include "nn/activations.h"

#define MODEL_FIELDS(options)                                                                                        \
    EST_FIELD(options, INTS, hidden_units, .needed = true, .min = 1, .max = INT32_MAX,                               \
              .doc = "units of each hidden layer"),                                                                  \
    EST_FIELD(options, COLUMNS, feature_columns, .needed = true, .doc = "what the model sees of the features"),      \
    EST_OPTIMIZER_FIELD(options, optimizer, "Adagrad", 0),                                                           \
    EST_FIELD(options, STRING, activation_fn, .def_text = "relu", .choices = est__activation_names,                  \
              .doc = "of the hidden layers, by its name in tf.nn"),                                                  \
    EST_FIELD(options, FLOAT, dropout, .max = 1,                                                                     \
              .doc = "share of a hidden layer's outputs that each step leaves out; below 1"),                        \
    EST_FIELD(options, BOOL, batch_norm, .doc = "each hidden layer's outputs are brought to one mean and deviation"), \
    EST_CANNED_PARTITIONER(options, input_layer_partitioner),                                                        \
    EST_CANNED_WARM_START(options)

static const est_field classifier_fields[] = {
    MODEL_FIELDS(est_dnn_classifier_options), EST_CANNED_CLASSIFIER(est_dnn_classifier_options), { 0 } };
static const est_field regressor_fields[] = {
    MODEL_FIELDS(est_dnn_regressor_options), EST_CANNED_REGRESSOR(est_dnn_regressor_options), { 0 } };
static const est_field estimator_fields[] = {
    EST_CANNED_HEAD(est_dnn_estimator_options), MODEL_FIELDS(est_dnn_estimator_options), { 0 } };

/* The options structs name their members alike. */
#define PARTS(o)                                                                                                     \
    (est__wide_deep)                                                                                                 \
    {                                                                                                                \
        .dnn_columns = (o).feature_columns, .dnn_columns_name = "feature_columns", .hidden_units = (o).hidden_units, \
        .activation_fn = (o).activation_fn, .dropout = (o).dropout, .batch_norm = (o).batch_norm,                    \
        .dnn_optimizer = (o).optimizer, .warm_start_from = (o).warm_start_from,                                      \
        .partitioner = (o).input_layer_partitioner                                                                   \
    }

est_status est_dnn_classifier_new_sized(const est_dnn_classifier_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out)
{
    est_dnn_classifier_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_dnn_classifier, options, size, &o));
    EST_TRY(est__canned_classes(o.n_classes, EST_CANNED_CLASSES(o, o.loss_reduction), &head));
    return est__wide_deep_new("DNNClassifier", &PARTS(o), head, config, config_size, out);
}

est_status est_dnn_regressor_new_sized(const est_dnn_regressor_options *options, size_t size, const est_run_config *config,
                                       size_t config_size, est_estimator **out)
{
    est_dnn_regressor_options o;
    est_head *head;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_dnn_regressor, options, size, &o));
    EST_TRY(est__canned_values(o.label_dimension, o.weight_column, o.loss_reduction, &head));
    return est__wide_deep_new("DNNRegressor", &PARTS(o), head, config, config_size, out);
}

est_status est_dnn_estimator_new_sized(const est_dnn_estimator_options *options, size_t size, const est_run_config *config,
                                       size_t config_size, est_estimator **out)
{
    est_dnn_estimator_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_dnn_estimator, options, size, &o));
    return est__wide_deep_new("DNNEstimator", &PARTS(o), est_head_retain(o.head), config, config_size, out);
}

static est_status make_classifier(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                  est_estimator **out)
{
    return est_dnn_classifier_new_sized(options, size, config, config_size, out);
}

static est_status make_regressor(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_dnn_regressor_new_sized(options, size, config, config_size, out);
}

static est_status make_estimator(const void *options, size_t size, const est_run_config *config, size_t config_size,
                                 est_estimator **out)
{
    return est_dnn_estimator_new_sized(options, size, config, config_size, out);
}

const est__canned_kind est__canned_dnn_classifier = {
    .name = "DNNClassifier", .fields = classifier_fields, .options_size = sizeof(est_dnn_classifier_options), .make = make_classifier };
const est__canned_kind est__canned_dnn_regressor = {
    .name = "DNNRegressor", .fields = regressor_fields, .options_size = sizeof(est_dnn_regressor_options), .make = make_regressor };
const est__canned_kind est__canned_dnn_estimator = {
    .name = "DNNEstimator", .fields = estimator_fields, .options_size = sizeof(est_dnn_estimator_options), .make = make_estimator };
