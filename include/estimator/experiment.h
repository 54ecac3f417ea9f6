/* Experiments: the configuration file (YAML), from its keys to an estimator, its data and its verbs. */
#ifndef ESTIMATOR_EXPERIMENT_H
#define ESTIMATOR_EXPERIMENT_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A configuration, merged, checked and resolved; and the estimator that it describes. One thread at a time may use an experiment;
 *  est_request_stop of its estimator may be called from any. The functions without an experiment are thread-safe. */
typedef struct est_experiment est_experiment;

typedef struct est_experiment_options {
    est_strings config;         /* needed: paths; later files override earlier ones, key by key; "-" is stdin */
    est_strings set;            /* "task.train_data.batch_size=64": over the files */
    const char *model_dir;      /* over the configuration's */
} est_experiment_options;
/** Errors: "config.yaml:14: unknown key 'hiden_units'; did you mean 'hidden_units'?". Since 0.1. */
EST_API est_status est_experiment_new_sized(const est_experiment_options *options, size_t size, est_experiment **out);
static inline est_status est_experiment_new(const est_experiment_options *options, est_experiment **out)
{
    return est_experiment_new_sized(options, sizeof *options, out);
}
EST_API void est_experiment_free(est_experiment *x);
/** The estimator; lent. */
EST_API est_estimator *est_experiment_estimator(est_experiment *x);
/** The resolved configuration as YAML, every default filled in; lent. */
EST_API const char *est_experiment_config(const est_experiment *x);

/** The verbs, with what the configuration says: data, steps, receiver. `config.yaml` is kept in model_dir by training. */
EST_API est_status est_experiment_train(est_experiment *x, void (*progress)(const est_progress *p, void *user), void *user,
                                        est_train_result *result);
EST_API est_status est_experiment_evaluate(est_experiment *x, const char *checkpoint, est_results **out);
EST_API est_status est_experiment_predict(est_experiment *x, const char *input, est_strings keys, const char *checkpoint,
                                          est_status (*each)(const est_predictions *batch, void *user), void *user);
/** `receiver` NULL: the configuration's. */
EST_API est_status est_experiment_export(est_experiment *x, const char *base, const char *receiver, char *path, size_t capacity);

/** One line a key: dotted path, type, default, meaning, from the field tables; `key` NULL: all; else those that begin with it.
 *  `write` gets each line. NOT_FOUND names the nearest. */
EST_API est_status est_experiment_explain(const char *key, void (*write)(const char *line, void *user), void *user);

/** Looks at a CSV file and writes a starter configuration (YAML) to *text, which est_text_free frees. */
EST_API est_status est_experiment_init(const char *csv_path, const char *label, char **text);
EST_API void est_text_free(char *text);

#ifdef __cplusplus
}
#endif
#endif
