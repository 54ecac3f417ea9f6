/* The configuration with its meaning: sections as structs with field tables, and how a node becomes a field. */
#ifndef EST_EXPERIMENT_CONFIG_H
#define EST_EXPERIMENT_CONFIG_H

#include <estimator/experiment.h>
#include <estimator/training.h>

#include "base/base.h"
#include "experiment/yaml.h"

/* One block of data: task.train_data, task.validation_data. */
typedef struct est__config_data {
    const char *format;
    est_strings input_path, label, sequence_features;
    int64_t num_features;
    int64_t batch_size, shuffle_buffer_size;
    int64_t num_epochs;             /* EST_OFF: for ever */
    bool drop_remainder, header;
    est_strings column_names, select_columns;
    const char *field_delim, *multivalent_delim;
    bool use_quote_delim;
    const char *na_value, *on_error;
    int64_t shuffle_seed;
    bool shuffle_reshuffle_each_iteration;
    int64_t num_parallel_reads, prefetch_buffer_size;
    int64_t cycle_length, block_length;
    bool sharding;
    const char *auto_shard_policy;
    bool padded_batch;
    const char *bucket_by_sequence_length;          /* a feature; NULL: no buckets */
    est_ints bucket_boundaries, bucket_batch_sizes;
    bool pad_to_bucket_boundary, no_padding;
    const est__yaml *padded_shapes, *padding_values;   /* maps by feature; NULL */
    const char *cache;              /* NULL: none; "": in memory; else a file */
    const est__yaml *node;          /* NULL: the configuration has no such block */
} est__config_data;

typedef struct est__config_top { const char *model_dir; } est__config_top;
typedef struct est__config_runtime {
    const char *distribution_strategy;
    int64_t num_replicas;
    const char *device;
    int64_t num_threads, random_seed;
    const char *eval_distribute, *protocol;
    int64_t experimental_max_worker_delay_secs, session_creation_timeout_secs;
} est__config_runtime;
typedef struct est__config_trainer {
    int64_t train_steps;            /* 0: to the end of the data */
    int64_t checkpoint_interval, checkpoint_secs;   /* 0: not given */
    double keep_checkpoint_every_n_hours;
    bool checkpoint_save_graph_def;
    int64_t max_to_keep, summary_interval, log_interval, max_event_file_bytes, max_event_total_bytes, validation_steps;
    int64_t folds, fold;            /* folds 0: none */
    int64_t start_delay_secs, throttle_secs;
    const char *best_checkpoint_eval_metric, *best_checkpoint_metric_comp;
    const char *early_stopping, *early_stopping_metric;
    double early_stopping_threshold;
    int64_t early_stopping_steps, early_stopping_min_steps;
    int64_t early_stopping_run_every_secs, early_stopping_run_every_steps;   /* 0: not given */
    bool early_stopping_restore_best;
} est__config_trainer;
typedef struct est__config_export {
    const char *receiver;
    est_strings exporters;
    int64_t exports_to_keep, checkpoints_to_keep;
} est__config_export;

/* One of task.validation: train-and-evaluate evaluates it too, by its name. */
typedef struct est__config_evaluation {
    const char *name, *where;       /* "task.validation.NAME" */
    est__config_data data;
} est__config_evaluation;

typedef struct est__config {
    est__config_top top;
    est__config_runtime runtime;
    est__config_data train_data, validation_data;
    est__config_trainer trainer;
    est__config_export export;
    est__config_evaluation *evaluation;
    size_t num_evaluations;
    const char *estimator;
    const est__yaml *root, *model;
} est__config;

/* A part of the file that fills a struct: `path` "" is the top. Ends with a NULL path. */
typedef struct est__section {
    const char *path;
    const est_field *fields;
    size_t offset;                  /* in est__config */
} est__section;
extern const est__section est__config_sections[];
/* task.validation, and the keys of each. */
extern const est_field est__config_evaluations, *const est__config_evaluation_fields;

/* Checks the whole tree but task.model's own keys, and fills `c`; strings live in `arena`. */
est_status est__config_read(const est__yaml *root, est__arena *arena, est__config *c);

/* ---- one node becomes one field (convert.c) ---- */
typedef struct est__convert {
    est__arena *arena;
    const char *estimator;          /* an optimizer by name alone takes its learning rate */
    est_columns *columns;
    struct est__converted { const est__yaml *params; const char *kind; est_column *column; } *made;
    size_t made_count, made_capacity;
    est_optimizer **optimizers;     /* ours until the estimator holds them */
    size_t optimizer_count, optimizer_capacity;
    est_head **heads;               /* likewise */
    size_t head_count, head_capacity;
} est__convert;
void est__convert_free(est__convert *c);

/* Keys of `map` into the struct `into`, as `fields` says. `others`: keys that the caller reads itself; ends with NULL, and may
 * be NULL. `path` is for messages. A null is as if the key were absent. */
typedef struct est__keys {
    const char *path;
    const est_field *fields;
    const char *const *others;
    bool zero_is_default;           /* `into` is an options struct of the library, where 0 means "not given" */
} est__keys;
est_status est__convert_map(est__convert *c, const est__yaml *map, const est__keys *keys, void *into);
/* The row of `key`, in the form that `value` has: a number or a map. NULL: there is none. */
const est_field *est__field_for(const est_field *fields, const char *key, const est__yaml *value);
void est__fields_defaults(const est_field *fields, void *into);
/* One that names files or a folder; relative ones are relative to where they were written. */
bool est__field_is_path(const est_field *f);
/* A path, or true, which is written as "". */
bool est__field_is_path_or_true(const est_field *f);

/* The model's options struct, in the arena, from task.model. */
est_status est__convert_model(est__convert *c, const est__config *config, void **options, size_t *size);

/* One node into the field f at `p`; of `keys`, path and zero_is_default count. */
est_status est__convert_field(est__convert *c, const est__yaml *n, const est_field *f, const est__keys *keys, void *p);
/* warm_start_from (warm_start.c). */
est_status est__convert_warm_start(est__convert *c, const est__yaml *n, const est_field *f, const est_warm_start_settings **out);

/* "did you mean": `; did you mean 'x'?`, or "". */
const char *est__suggest(const char *name, const char *const *names, size_t count, char room[160]);
/* UNIMPLEMENTED when tf.estimator knows `name`, which this library does not have; else INVALID_ARGUMENT with the nearest. */
est_status est__unknown_name(const est__yaml *at, size_t line, const char *what, const char *name, const char *const *built_in,
                             const char *const *known);
extern const char *const est__known_estimators[], *const est__known_heads[], *const est__known_columns[],
    *const est__known_optimizers[];

/* ---- calibrate.c: what is to stand over a configuration ---- */
est_status est__calibration_text(const est__config *config, const est_calibration *c, char **text);

/* ---- experiment.c ---- */
const est__config *est__experiment_config(const est_experiment *x);

/* ---- data.c: a block becomes a dataset ---- */
typedef struct est__source {
    est_estimator *estimator;
    const est__config_data *data;
    const char *where;              /* "task.train_data" */
    const char *input;              /* over the block's input_path; NULL */
    int64_t folds, fold;            /* 0: all rows; else without those of the fold, or (held_out) those alone */
    bool held_out;
    const char *log;                /* a text for the log, once the data are found; NULL */
} est__source;
est_status est__data_check(const est__config_data *d, const char *where, bool needs_label);
est_status est__source_open(const est_input_context *context, est_dataset **out, void *source);

/* ---- batching.c: the stages from rows to batches ---- */
est_status est__batching_check(const est__config_data *d);
/* `in_order`: one row comes out for each that goes in, in their order. */
est_status est__batching_put(const est__config_data *c, est_dataset *d, bool in_order);

/* ---- train_and_evaluate.c: what the configuration says of evaluations while training ---- */
typedef struct est__turns {
    est_hook *stop;                 /* NULL: no early stopping */
    est_exporter *exporter[3];
    size_t num_exporters;
} est__turns;
est_status est__turns_new(est_estimator *e, const est__config *c, est__turns *out);   /* free, whatever comes back */
void est__turns_free(est__turns *t);

/* ---- resolved.c ---- */
est_status est__resolve(const est__config *c, char **text);
void est__yaml_quote(est__buffer *b, const char *text);      /* plain where it can be, else in double quotes */
/* A number as YAML: the shortest text that reads back; .inf and .nan. */
void est__yaml_number(est__buffer *b, double v);

#endif
