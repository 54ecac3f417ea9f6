/* Estimators and their verbs: train, evaluate, predict, export (tf.estimator). */
#ifndef ESTIMATOR_ESTIMATORS_H
#define ESTIMATOR_ESTIMATORS_H

#include <estimator/data.h>
#include <estimator/feature_columns.h>
#include <estimator/heads.h>
#include <estimator/run_config.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model and its directory. One thread at a time may call a verb of one estimator; est_request_stop may be called at any time. */
typedef struct est_estimator est_estimator;

typedef struct est_linear_classifier_options {
    est_column_list feature_columns;    /* needed */
    int64_t n_classes;                  /* 2 */
    est_strings label_vocabulary;       /* none: labels are integer ids */
    const char *weight_column;          /* none */
    est_optimizer *optimizer;           /* NULL: Ftrl with learning rate 0.2 */
    const char *sparse_combiner;        /* "sum" */
    const char *loss_reduction;         /* "sum_over_batch_size" */
} est_linear_classifier_options;
/** tf.estimator.LinearClassifier. `config` NULL: defaults. Errors: whatever is wrong in options, columns or config. Since 0.1. */
EST_API est_status est_linear_classifier_new_sized(const est_linear_classifier_options *options, size_t size,
                                                   const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_linear_classifier_new(const est_linear_classifier_options *options,
                                                   const est_run_config *config, est_estimator **out)
{
    return est_linear_classifier_new_sized(options, sizeof *options, config, config ? sizeof *config : 0,
                                           out);
}

typedef struct est_linear_regressor_options {
    est_column_list feature_columns;    /* needed */
    int64_t label_dimension;            /* 1 */
    const char *weight_column;
    est_optimizer *optimizer;
    const char *sparse_combiner;
    const char *loss_reduction;
} est_linear_regressor_options;
/** tf.estimator.LinearRegressor. Since 0.1. */
EST_API est_status est_linear_regressor_new_sized(const est_linear_regressor_options *options, size_t size,
                                                  const est_run_config *config, size_t config_size, est_estimator **out);
static inline est_status est_linear_regressor_new(const est_linear_regressor_options *options,
                                                  const est_run_config *config, est_estimator **out)
{
    return est_linear_regressor_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}

/** Any canned estimator by its tf.estimator name, with that constructor's options struct. Errors: unknown name (the nearest is
 *  named). */
EST_API est_status est_estimator_new(const char *name, const void *options, size_t size, const est_run_config *config,
                                     size_t config_size, est_estimator **out);
EST_API const est_field *est_estimator_fields(const char *name, size_t *options_size);
EST_API const char *const *est_estimator_names(void);
/** What `optimizer: NAME` alone means for that estimator: NAME with tf.estimator's default learning rate (Linear*: 0.2).
 *  `optimizer` NULL: the one that the estimator has when none is given. */
EST_API est_status est_estimator_optimizer(const char *estimator, const char *optimizer, est_optimizer **out);

/** A model_fn of one's own: builds the graph of one mode into `spec` (tf.estimator.Estimator). */
typedef est_status (*est_model_fn)(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user);
typedef struct est_custom_options {
    est_model_fn model_fn;              /* needed */
    est_column_list feature_columns;    /* what model_fn uses: kept alive; they tell which features the data and a serving input hold */
    est_features_spec features;         /* the same, where there are no columns */
    est_head *head;                     /* tells what label and weight are; NULL: label and weight are the model_fn's own affair */
    const char *name;                   /* "Estimator": in messages */
    void *user;
    void (*free_user)(void *user);      /* when the estimator is freed, also when it could not be made */
} est_custom_options;
EST_API est_status est_custom_new_sized(const est_custom_options *options, size_t size, const est_run_config *config,
                                        size_t config_size, est_estimator **out);
static inline est_status est_custom_new(const est_custom_options *options, const est_run_config *config,
                                        est_estimator **out)
{
    return est_custom_new_sized(options, sizeof *options, config, config ? sizeof *config : 0, out);
}
EST_API void est_estimator_free(est_estimator *e);

/** Which features the data must hold: those of the columns, for training also weight and label. `label`: what the data call it
 *  (for several names, each is a float scalar). Lent by the estimator until the next such call. */
EST_API est_status est_estimator_input_spec(est_estimator *e, est_strings label, bool with_label, est_features_spec *spec);
EST_API const char *est_estimator_model_dir(const est_estimator *e);

/** Asks the verb that runs to stop; training writes a last checkpoint first and returns CANCELLED. Safe from any thread and from a
 *  signal handler. */
EST_API void est_request_stop(est_estimator *e);

typedef struct est_progress {
    int64_t global_step, max_steps;     /* max_steps 0: not known */
    double loss, steps_per_sec, seconds;
} est_progress;

typedef struct est_train_options {
    est_input_fn input_fn;              /* needed */
    void *user;                         /* of input_fn */
    int64_t steps, max_steps;           /* steps more, or up to a global step; neither: until the data end */
    void (*progress)(const est_progress *p, void *user);  /* at most ten times a second, on the caller's thread; NULL: none */
    void *progress_user;
} est_train_options;
typedef struct est_train_result {
    int64_t global_step, steps;         /* steps done now */
    double loss;                        /* of the last step */
    double seconds, start_up_seconds;
    double steps_per_sec, examples_per_sec;   /* steady state: from the 100th step of this call, or the first, to the last */
} est_train_result;
/** Trains from the newest checkpoint of model_dir, or from the start. `result` may be NULL. Errors: those of the data; FAILED_PRECONDITION:
 *  the loss is NaN (step and tensor are named), model_dir held by another trainer; CANCELLED after est_request_stop (a checkpoint is
 *  written, result filled). Since 0.1. */
EST_API est_status est_train_sized(est_estimator *e, const est_train_options *options, size_t size, est_train_result *result);
static inline est_status est_train(est_estimator *e, const est_train_options *options,
                                   est_train_result *result)
{
    return est_train_sized(e, options, sizeof *options, result);
}

typedef struct est_evaluate_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t steps;                      /* 0: to the end of the data */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
    const char *name;                   /* eval_<name>/ */
} est_evaluate_options;
/** Metrics by name, sorted, with `loss` and `global_step` among them. */
typedef struct est_results {
    size_t count;
    const char *const *name;
    const double *value;
} est_results;
EST_API est_status est_evaluate_sized(est_estimator *e, const est_evaluate_options *options, size_t size, est_results **out);
static inline est_status est_evaluate(est_estimator *e, const est_evaluate_options *options,
                                      est_results **out)
{
    return est_evaluate_sized(e, options, sizeof *options, out);
}
EST_API void est_results_free(est_results *r);

/** One batch of predictions: tensors by key, in the head's order, each [rows, …]. Lent for the callback. */
typedef struct est_predictions {
    size_t count;
    const char *const *key;
    const est_tensor *const *value;
    int64_t rows;
} est_predictions;
typedef struct est_predict_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    est_strings predict_keys;           /* none: all */
    const char *checkpoint_path;
    est_status (*each)(const est_predictions *batch, void *user);   /* needed; another status than EST_OK ends it */
    void *each_user;
} est_predict_options;
EST_API est_status est_predict_sized(est_estimator *e, const est_predict_options *options, size_t size);
static inline est_status est_predict(est_estimator *e, const est_predict_options *options)
{
    return est_predict_sized(e, options, sizeof *options);
}

typedef struct est_export_options {
    const char *receiver;               /* "parsing", "raw" or "both" */
    const char *checkpoint_path;
} est_export_options;
/** Writes a SavedModel to <base>/<unix seconds>; `path` (capacity bytes) receives that folder. Since 0.1. */
EST_API est_status est_export_saved_model_sized(est_estimator *e, const char *base, const est_export_options *options, size_t size,
                                                char *path, size_t capacity);
static inline est_status est_export_saved_model(est_estimator *e, const char *base,
                                                const est_export_options *options, char *path,
                                                size_t capacity)
{
    return est_export_saved_model_sized(e, base, options, options ? sizeof *options : 0, path, capacity);
}

/** The prefix of the newest checkpoint, "dir/model.ckpt-500"; lent until the next such call. NULL: none. */
EST_API const char *est_estimator_latest_checkpoint(est_estimator *e);
/** Names of all variables of the newest checkpoint, sorted; lent until the next such call. */
EST_API est_status est_get_variable_names(est_estimator *e, est_strings *names);
EST_API est_status est_get_variable_value(est_estimator *e, const char *name, est_tensor **out);

#ifdef __cplusplus
}
#endif
#endif
