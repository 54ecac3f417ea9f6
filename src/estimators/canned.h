/* The list of canned estimators: each is a model_fn over the public headers, and a row here. */
#ifndef EST_ESTIMATORS_CANNED_H
#define EST_ESTIMATORS_CANNED_H

#include <estimator/estimators.h>

#include "heads/calibration.h"

typedef struct est__canned_kind {
    const char *name;             /* of its tf.estimator class */
    const est_field *fields;
    size_t options_size;
    est_status (*make)(const void *options, size_t size, const est_run_config *config, size_t config_size, est_estimator **out);
} est__canned_kind;

extern const est__canned_kind est__canned_baseline_classifier, est__canned_baseline_estimator, est__canned_baseline_regressor,
    est__canned_boosted_trees_classifier, est__canned_boosted_trees_estimator, est__canned_boosted_trees_regressor,
    est__canned_combined_classifier, est__canned_combined_estimator, est__canned_combined_regressor, est__canned_dnn_classifier,
    est__canned_dnn_estimator, est__canned_dnn_regressor, est__canned_kmeans, est__canned_linear_classifier,
    est__canned_linear_estimator, est__canned_linear_regressor, est__canned_rnn_classifier, est__canned_rnn_estimator;

/* ---- what their tables of fields have in common; ends with NULL ---- */
extern const char *const est__canned_combiners[], *const est__canned_reductions[];
#define EST_CANNED_HEAD(options)                                                                                     \
    EST_FIELD(options, HEAD, head, .needed = true, .doc = "what makes loss, metrics and predictions of logits")
#define EST_CANNED_LABELS(options)                                                                                   \
    EST_FIELD(options, STRING, weight_column, .def_text = NULL, .doc = "key of a float feature: weight of an example"), \
    EST_FIELD(options, STRING, loss_reduction, .def_text = "sum_over_batch_size", .choices = est__canned_reductions, \
              .doc = "mean over the batch's elements, or their sum")
#define EST_CANNED_CLASSIFIER(options)                                                                               \
    EST_CANNED_LABELS(options),                                                                                      \
    EST_FIELD(options, INT, n_classes, .def = 2, .min = 2, .max = 1e9, .doc = "number of label classes"),            \
    EST_FIELD(options, STRINGS, label_vocabulary, .doc = "labels are these strings; none: integer ids"),             \
    EST_CANNED_CLASS_WEIGHTS(options),                                                                               \
    EST__CALIBRATION_FIELDS(options)
#define EST_CANNED_CLASS_WEIGHTS(options)                                                                            \
    EST_FIELD(options, FLOATS, class_weights,                                                                        \
              .doc = "weight of each class in training, in the order of ids or of label_vocabulary")
#define EST_CANNED_REGRESSOR(options)                                                                                \
    EST_CANNED_LABELS(options),                                                                                      \
    EST_FIELD(options, INT, label_dimension, .def = 1, .min = 1, .max = 1e9, .doc = "values of a label")
#define EST_CANNED_PARTITIONER(options, member)                                                                      \
    EST_FIELD(options, PARTITIONER, member, .doc = "parts that tables lie in in checkpoints: NAME, or {type: NAME, …}")
#define EST_CANNED_WARM_START(options)                                                                               \
    EST_FIELD(options, WARM_START, warm_start_from, .doc = "variables of a new model come from there")

/* A field for an optimizer: NAME is what the tf.estimator constructor has when none is given, `rate` the learning rate of an
 * optimizer that is given by name alone; 0: its own. */
#define EST_OPTIMIZER_FIELD(options, member, NAME, rate)                                                               \
    EST_FIELD(options, OPTIMIZER, member, .def_text = (NAME), .def = (rate), .doc = "NAME, or {type: NAME, …}")

/* The same; `clip` is the clipnorm of one that is given by name alone. */
#define EST_CLIPPED_OPTIMIZER_FIELD(options, member, NAME, rate, clip)                                                 \
    EST_FIELD(options, OPTIMIZER, member, .def_text = (NAME), .def = (rate), .max = (clip), .doc = "NAME, or {type: NAME, …}")

/* The caller's options, extended and checked. */
est_status est__canned_options(const est__canned_kind *kind, const void *given, size_t size, void *out);
est_status est__canned_no_memory(const char *name);
/* The heads of classifiers, binary up to two classes, and of regressors. */
est_status est__canned_classes(int64_t n_classes, est_head_options options, est_head **out);
/* The options of such a head, out of those of any classifier. */
#define EST_CANNED_CLASSES(o, reduction)                                                                             \
    ((est_head_options){ .label_vocabulary = (o).label_vocabulary, .weight_column = (o).weight_column,               \
                         .loss_reduction = (reduction), .class_weights = (o).class_weights,               \
                         .calibration = (o).calibration })
est_status est__canned_values(int64_t label_dimension, const char *weight_column, const char *loss_reduction, est_head **out);
/* Refuses categorical columns; `taker` wants dense ones. */
est_status est__canned_dense(const char *estimator, const char *option, est_column_list columns, const char *taker);
/* Zeroed memory of the host's allocator. */
void *est__canned_alloc(size_t count, size_t size);
void est__canned_free(void *p);

/* ---- a deep part, a linear part, or the sum of both, under a head (wide_deep.c) ---- */
typedef struct est__wide_deep {
    est_column_list dnn_columns;       /* none: no such part */
    const char *dnn_columns_name;      /* of the option, for messages */
    est_ints hidden_units;
    const char *activation_fn;         /* of est_activation_names */
    double dropout;
    bool batch_norm;
    est_optimizer *dnn_optimizer;      /* NULL: the estimator's default */
    est_column_list linear_columns;    /* none: no such part */
    const char *sparse_combiner;
    est_optimizer *linear_optimizer;
    const est_warm_start_settings *warm_start_from;
    est_partitioner partitioner;       /* of the tables of the deep part, and of the linear one */
} est__wide_deep;
/* Columns and optimizers are kept alive, `head` is taken over, the rest is copied. */
est_status est__wide_deep_new(const char *name, const est__wide_deep *parts, est_head *head, const est_run_config *config,
                              size_t config_size, est_estimator **out);

#endif
