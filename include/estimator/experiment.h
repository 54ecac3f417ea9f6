/* Experiments: the configuration file (YAML), from its keys to an estimator, its data and its verbs. */
#ifndef ESTIMATOR_EXPERIMENT_H
#define ESTIMATOR_EXPERIMENT_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A configuration, merged, checked and resolved; and the estimator that it describes. One thread at a time
 *  per experiment; est_request_stop(est_experiment_estimator(x)) stops its verbs. */
typedef struct est_experiment est_experiment;

typedef struct est_experiment_options {
    est_strings config;         /* needed: paths; later files override earlier ones, key by key; "-" is stdin */
    est_strings set;            /* "task.train_data.batch_size=64": over the files */
    const char *model_dir;      /* over the configuration's; NULL: that */
} est_experiment_options;
/** Reads and checks configuration files, and makes the estimator. Paths in a file are relative to the folder
 *  of the first file.
 *  Errors: NOT_FOUND: a file; INVALID_ARGUMENT: "config.yaml:14: unknown key 'hiden_units'; did you mean
 *  'hidden_units'?".
 *  Out: the caller's, est_experiment_free. Thread-safe. Since 0.1. */
EST_API est_status est_experiment_new_sized(const est_experiment_options *options, size_t size, est_experiment **out);
static inline est_status est_experiment_new(const est_experiment_options *options, est_experiment **out)
{
    return est_experiment_new_sized(options, sizeof *options, out);
}
/** Frees it and its estimator; NULL does nothing. One thread at a time per experiment. Since 0.1. */
EST_API void est_experiment_free(est_experiment *x);
/** The estimator. Lent by `x`. Thread-safe. Since 0.1. */
EST_API est_estimator *est_experiment_estimator(est_experiment *x);
/** The resolved configuration as YAML, every default filled in. Lent by `x`. Thread-safe. Since 0.1. */
EST_API const char *est_experiment_config(const est_experiment *x);

/* The verbs, with what the configuration says: data, steps, receiver. Errors: those of the verbs in
 * estimators.h; INVALID_ARGUMENT: a block of data or its label is missing. One thread at a time per
 * experiment. Since 0.1. */
/** est_train. `progress` as in est_train_options, NULL: none; `result` may be NULL. The resolved
 *  configuration is logged, and kept as config.yaml in model_dir. */
EST_API est_status est_experiment_train(est_experiment *x, void (*progress)(const est_progress *p, void *user), void *user,
                                        est_train_result *result);
/** est_train_and_evaluate on task.train_data and task.validation_data, with the exporters of `export` and the early stopping of
 *  `trainer`. `result` and `progress` as above. Out: `*out`, the last evaluation: the caller's, est_results_free; NULL: there
 *  was nothing to do, or a failure. */
EST_API est_status est_experiment_train_and_evaluate(est_experiment *x, void (*progress)(const est_progress *p, void *user),
                                                     void *user, est_train_result *result, est_results **out);
/** est_evaluate on task.validation_data. `checkpoint`: a prefix, NULL: the newest. Out: the caller's,
 *  est_results_free. */
EST_API est_status est_experiment_evaluate(est_experiment *x, const char *checkpoint, est_results **out);
/** Evaluates as above, and tells of it on one page of HTML that needs nothing else: metrics, losses by step, ROC and
 *  precision-recall curves, calibration, confusion matrix, residuals, and how much the loss of the first 20,480 examples grows
 *  when a feature's values are shuffled (permutation importance; for up to 200 features).
 *  Out: the caller's, `*out` by est_results_free, `*html` by est_text_free; NULL after a failure. */
EST_API est_status est_experiment_report(est_experiment *x, const char *checkpoint, est_results **out, char **html);
/** est_predict on the file `input` (NULL: the configuration's), read as task.validation_data says, else
 *  task.train_data. `keys` empty: all; `checkpoint`: a prefix, NULL: the newest; `each` as in
 *  est_predict_options. */
EST_API est_status est_experiment_predict(est_experiment *x, const char *input, est_strings keys, const char *checkpoint,
                                          est_status (*each)(const est_predictions *batch, void *user), void *user);
/** est_export_saved_model. `receiver` NULL: the configuration's. */
EST_API est_status est_experiment_export(est_experiment *x, const char *base, const char *receiver, char *path, size_t capacity);

/** One line a key: dotted path, type, default, meaning, from the field tables.
 *  In: `key` NULL: all; else those whose path begins or ends with it. `write` gets each line, lent for the
 *  call.
 *  Errors: NOT_FOUND names the nearest. Thread-safe. Since 0.1. */
EST_API est_status est_experiment_explain(const char *key, void (*write)(const char *line, void *user), void *user);

typedef struct est_init_options {
    const char *label;          /* needed: the column that is to be learnt */
    /* Numeric columns cut into ranges that hold about as many rows each, which lets a linear model bend. NULL or "auto": beside
     * the number itself, where the rows are enough for it; "quantiles": all of them; "none". */
    const char *boundaries;
    /* No crossed columns. Else a few pairs are crossed: those that, tried on a sample of rows in two halves, tell more of the label
     * than their columns by themselves add up to. */
    bool no_crosses;
    const char *na_value;       /* as in est_stats_options */
    char field_delim;           /* ',' */
    const char *validation_path;    /* held-out rows; NULL: train_eval.csv and the like beside x_train.csv, else the same file */
} est_init_options;
/** Looks at the first million rows of a CSV file (.gz too) and writes a configuration to start from, which trains at once: the
 *  columns with vocabularies, hash buckets, normalizers and boundaries, the label, a linear estimator, its optimizer and steps.
 *  Out: `*text`, YAML; the caller's, est_text_free; NULL after a failure.
 *  Errors: the file system's; INVALID_ARGUMENT: no such column (the nearest is named), nothing to learn, what
 *  is wrong with the file, by file:line. Thread-safe. Since 0.1. */
EST_API est_status est_experiment_init_sized(const char *csv_path, const est_init_options *options, size_t size, char **text);
static inline est_status est_experiment_init(const char *csv_path, const est_init_options *options, char **text)
{
    return est_experiment_init_sized(csv_path, options, sizeof *options, text);
}

typedef struct est_convert_options {
    /* A configuration: the columns that its model and label read are converted, in their types, and CSV is read as its
     * task.train_data says. NULL: every column, and one of CSV as numbers when all its values are. */
    const char *config;
    const char *na_value;       /* of CSV: a text that stands for an absent value, as the empty one does. NULL: as in est_stats_options,
                                   in columns of numbers; or as the configuration says */
    char field_delim;           /* ',' */
    const char *multivalent_delim;  /* one character between the values of a field; NULL: a field is one value */
    bool skip_errors;           /* rows of CSV that are wrong are logged and left out */
} est_convert_options;
/** Converts a CSV file (.gz too) to a TFRecord file of tf.Examples, or a TFRecord file to CSV; the content of `from` tells which.
 *  An empty field and an absent feature become each other; numbers go through int64 and float32. What is written is compressed
 *  by its ending: .gz, and for TFRecord .z and .zlib (zlib).
 *  Out: `*rows` that were written; may be NULL.
 *  Errors: the file system's; INVALID_ARGUMENT, DATA_LOSS: what is wrong with the data, by file and line, row or record (the file
 *  `to` does not appear then); several values in a feature without multivalent_delim. Thread-safe. Since 0.1. */
EST_API est_status est_convert_file_sized(const char *from, const char *to, const est_convert_options *options, size_t size,
                                          int64_t *rows);
static inline est_status est_convert_file(const char *from, const char *to, const est_convert_options *options, int64_t *rows)
{
    return est_convert_file_sized(from, to, options, sizeof *options, rows);
}

#ifdef __cplusplus
}
#endif
#endif
