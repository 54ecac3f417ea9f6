/* DNNClassifier and DNNRegressor: a network of fully connected layers under a head (tf.estimator's canned/dnn.py). */
#include "estimators/canned.h"

#include "heads/head.h"
#include "nn/activations.h"

#define DNN_FIELDS(options)                                                                                          \
    EST_FIELD(options, INTS, hidden_units, .needed = true, .min = 1, .max = INT32_MAX,                               \
              .doc = "units of each hidden layer"),                                                                  \
    EST_FIELD(options, COLUMNS, feature_columns, .needed = true, .doc = "what the model sees of the features"),      \
    EST_FIELD(options, STRING, weight_column, .def_text = NULL, .doc = "key of a float feature: weight of an example"), \
    EST_OPTIMIZER_FIELD(options, optimizer, "Adagrad", 0),                                                           \
    EST_FIELD(options, STRING, activation_fn, .def_text = "relu", .choices = est__activation_names,                  \
              .doc = "of the hidden layers, by its name in tf.nn"),                                                  \
    EST_FIELD(options, FLOAT, dropout, .max = 1,                                                                     \
              .doc = "share of a hidden layer's outputs that each step leaves out; below 1"),                        \
    EST_FIELD(options, BOOL, batch_norm, .doc = "each hidden layer's outputs are brought to one mean and deviation"), \
    EST_FIELD(options, STRING, loss_reduction, .def_text = "sum_over_batch_size", .choices = est__loss_reductions,   \
              .doc = "mean over the batch's elements, or their sum")

static const est_field classifier_fields[] = {
    DNN_FIELDS(est_dnn_classifier_options),
    EST_FIELD(est_dnn_classifier_options, INT, n_classes, .def = 2, .min = 2, .max = 1e9, .doc = "number of label classes"),
    EST_FIELD(est_dnn_classifier_options, STRINGS, label_vocabulary, .doc = "labels are these strings; none: integer ids"),
    { 0 },
};

static const est_field regressor_fields[] = {
    DNN_FIELDS(est_dnn_regressor_options),
    EST_FIELD(est_dnn_regressor_options, INT, label_dimension, .def = 1, .min = 1, .max = 1e9, .doc = "values of a label"),
    { 0 },
};

/* Both options structs name their members alike. */
#define PARTS(o)                                                                                                     \
    (est__wide_deep)                                                                                                 \
    {                                                                                                                \
        .dnn_columns = (o).feature_columns, .dnn_columns_name = "feature_columns", .hidden_units = (o).hidden_units, \
        .activation_fn = (o).activation_fn, .dropout = (o).dropout, .batch_norm = (o).batch_norm,                    \
        .dnn_optimizer = (o).optimizer                                                                               \
    }

est_status est_dnn_classifier_new_sized(const est_dnn_classifier_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out)
{
    est_dnn_classifier_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_dnn_classifier, options, size, &o));
    est_head_options head = { .n_classes = o.n_classes > 2 ? o.n_classes : 0, .label_vocabulary = o.label_vocabulary,
                              .weight_column = o.weight_column, .loss_reduction = o.loss_reduction };
    return est__wide_deep_with("DNNClassifier", &PARTS(o), o.n_classes > 2 ? "MultiClassHead" : "BinaryClassHead", &head, config,
                               config_size, out);
}

est_status est_dnn_regressor_new_sized(const est_dnn_regressor_options *options, size_t size, const est_run_config *config,
                                       size_t config_size, est_estimator **out)
{
    est_dnn_regressor_options o;
    *out = NULL;
    EST_TRY(est__canned_options(&est__canned_dnn_regressor, options, size, &o));
    est_head_options head = { .label_dimension = o.label_dimension, .weight_column = o.weight_column,
                              .loss_reduction = o.loss_reduction };
    return est__wide_deep_with("DNNRegressor", &PARTS(o), "RegressionHead", &head, config, config_size, out);
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

const est__canned_kind est__canned_dnn_classifier = {
    .name = "DNNClassifier", .fields = classifier_fields, .options_size = sizeof(est_dnn_classifier_options),
    .make = make_classifier };
const est__canned_kind est__canned_dnn_regressor = {
    .name = "DNNRegressor", .fields = regressor_fields, .options_size = sizeof(est_dnn_regressor_options),
    .make = make_regressor };
