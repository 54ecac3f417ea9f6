/* The configuration's own sections: their keys as field tables, and what must hold between them. */
#include "experiment/config.h"

static const char *const formats[] = { "csv", "tfrecord", "libsvm", "jsonl", "npz", NULL };
static const char *const shard_policies[] = { "AUTO", "FILE", "DATA", NULL };
static const char *const on_errors[] = { "fail", "skip", NULL };
static const char *const receivers[] = { "parsing", "raw", "both", NULL };
static const char *const comparisons[] = { "higher", "lower", NULL };
static const char *const rules[] = { "none", "higher", "lower", "no_increase", "no_decrease", NULL };
static const char *const devices[] = { "auto", "cpu", "cuda", NULL };
static const char *const strategies[] = { "one_device", "mirrored", "multi_worker_mirrored", "central_storage", "parameter_server",
                                          NULL };
static const char *const protocols[] = { "grpc", "grpc+verbs", NULL };
static const double LARGEST = 9007199254740992.0; /* 2^53: a bound that a double holds exactly */

static const est_field top_fields[] = {
    EST_FIELD(est__config_top, STRING, model_dir, .def_text = "model", .doc = "folder of checkpoints, events and config.yaml"),
    { 0 } };

static const est_field runtime_fields[] = {
    EST_FIELD(est__config_runtime, STRING, distribution_strategy, .def_text = "one_device", .choices = strategies,
              .doc = "how the work is spread"),
    EST_FIELD(est__config_runtime, INT, num_replicas, .def = 1, .min = 1, .doc = "replicas on this host"),
    EST_FIELD(est__config_runtime, STRING, device, .def_text = "auto", .choices = devices, .doc = "where the numbers are worked out"),
    EST_FIELD(est__config_runtime, INT, num_threads, .min = 0, .max = 1024, .doc = "threads; 0: all cores"),
    EST_FIELD(est__config_runtime, INT, random_seed, .def = 1, .min = -LARGEST, .max = LARGEST,
              .doc = "of initial values, shuffling and dropout (tf_random_seed)"),
    EST_FIELD(est__config_runtime, STRING, eval_distribute, .def_text = "one_device", .choices = strategies,
              .doc = "how the work of evaluations is spread"),
    EST_FIELD(est__config_runtime, STRING, protocol, .choices = protocols, .doc = "between tasks of a cluster; kept"),
    EST_FIELD(est__config_runtime, INT, experimental_max_worker_delay_secs, .def = 60, .min = 0, .max = LARGEST,
              .doc = "how long a worker of several may wait before it begins; kept"),
    EST_FIELD(est__config_runtime, INT, session_creation_timeout_secs, .def = 7200, .min = 1, .max = LARGEST,
              .doc = "how long a worker waits for the chief; kept"),
    { 0 } };

#define DATA_FIELDS(epochs, epochs_text)                                                                                        \
    EST_FIELD(est__config_data, STRING, format, .def_text = "csv", .choices = formats, .doc = "what the files are"),            \
    EST_FIELD(est__config_data, STRINGS, input_path, .needed = true, .doc = "a file, a glob or a list of them; .gz is inflated"), \
    EST_FIELD(est__config_data, INT, num_features, .min = 0, .max = 1 << 24,                                                    \
              .doc = "libsvm: one dense feature 'features' of so many numbers; 0: 'index' and 'value'"),                        \
    EST_FIELD(est__config_data, STRINGS, sequence_features, .def_text = "none",                                                 \
              .doc = "tfrecord: features that are feature lists of tf.SequenceExamples"),                                       \
    EST_FIELD(est__config_data, STRINGS, label, .def_text = "none", .doc = "column of the label; several for label_dimension > 1"), \
    EST_FIELD(est__config_data, INT, batch_size, .def = 32, .min = 1, .max = 1 << 24, .doc = "rows in a batch"),                \
    EST_FIELD(est__config_data, INT, shuffle_buffer_size, .min = 0, .max = LARGEST,                                             \
              .doc = "rows to choose the next one from; 0: in file order"),                                                     \
    EST_FIELD(est__config_data, INT, num_epochs, .def = (epochs), .def_text = epochs_text, .min = 1, .max = LARGEST,            \
              .doc = "times through the data; null: for ever"),                                                                 \
    EST_FIELD(est__config_data, BOOL, drop_remainder, .doc = "leave out a short last batch"),                                   \
    EST_FIELD(est__config_data, BOOL, header, .def = 1, .doc = "the first line names the columns"),                             \
    EST_FIELD(est__config_data, STRINGS, column_names, .def_text = "the header's", .doc = "names of the columns, in order"),    \
    EST_FIELD(est__config_data, STRINGS, select_columns, .def_text = "those of the model", .doc = "columns to read"),           \
    EST_FIELD(est__config_data, STRING, field_delim, .def_text = ",", .doc = "one character between fields"),                   \
    EST_FIELD(est__config_data, STRING, multivalent_delim, .def_text = "",                                                      \
              .doc = "one character between values of a field: categorical columns have any number of them"),                   \
    EST_FIELD(est__config_data, BOOL, use_quote_delim, .def = 1, .doc = "double quotes enclose a field"),                       \
    EST_FIELD(est__config_data, STRING, na_value, .def_text = "", .doc = "a field equal to it is missing"),                     \
    EST_FIELD(est__config_data, STRING, on_error, .def_text = "fail", .choices = on_errors,                                     \
              .doc = "skip: rows that do not parse are counted, logged and left out"),                                          \
    EST_FIELD(est__config_data, INT, shuffle_seed, .min = 0, .max = LARGEST, .doc = "of the order; 0: runtime.random_seed"),    \
    EST_FIELD(est__config_data, BOOL, shuffle_reshuffle_each_iteration, .def = 1, .doc = "another order in each epoch"),        \
    EST_FIELD(est__config_data, INT, num_parallel_reads, .min = 0, .max = 1024, .doc = "0: as many as is good"),                \
    EST_FIELD(est__config_data, INT, prefetch_buffer_size, .min = 0, .max = 4096, .doc = "batches made ahead; 0: a good number"), \
    EST_FIELD(est__config_data, INT, cycle_length, .def = 1, .min = 1, .max = 1024,                                             \
              .doc = "files that are read by turns; 1: one after the other"),                                                   \
    EST_FIELD(est__config_data, INT, block_length, .def = 1, .min = 1, .max = LARGEST, .doc = "rows of a file's turn"),         \
    EST_FIELD(est__config_data, BOOL, sharding, .def = 1, .doc = "each of several input pipelines reads rows of its own"),      \
    EST_FIELD(est__config_data, STRING, auto_shard_policy, .def_text = "AUTO", .choices = shard_policies,                       \
              .doc = "shares of input pipelines: whole FILEs, rows of all (DATA), or AUTO: files, where there are enough"),     \
    EST_FIELD(est__config_data, BOOL, padded_batch,                                                                             \
              .doc = "features of variable length become dense: padded to the longest row of a batch"),                         \
    EST_FIELD(est__config_data, STRING, bucket_by_sequence_length,                                                              \
              .doc = "feature whose number of values says which rows come into one batch, padded; batch_size does not count"),  \
    EST_FIELD(est__config_data, INTS, bucket_boundaries, .min = 1, .max = LARGEST,                                              \
              .doc = "rising lengths between buckets; one equal to a boundary belongs to the bucket above it"),                 \
    EST_FIELD(est__config_data, INTS, bucket_batch_sizes, .min = 1, .max = 1 << 24,                                             \
              .doc = "rows in a batch of each bucket, one more than bucket_boundaries"),                                        \
    EST_FIELD(est__config_data, BOOL, pad_to_bucket_boundary,                                                                   \
              .doc = "to one value less than the bucket's upper boundary; longer rows are an error"),                           \
    EST_FIELD(est__config_data, BOOL, no_padding, .doc = "buckets: features of variable length stay as they are"),              \
    EST_FIELD(est__config_data, MAP, padded_shapes, .doc = "{feature: n}: padded to n values; a longer row is an error"),       \
    EST_FIELD(est__config_data, MAP, padding_values,                                                                            \
              .doc = "{feature: value}; else 0 or \"\". -1 and \"\" are no values to categorical columns"),                     \
    EST_FIELD(est__config_data, STRING, cache, .doc = "true: parsed rows stay in memory; a path: in a file there"),             \
    { 0 }
static const est_field train_fields[] = { DATA_FIELDS(EST_OFF, "null") };
static const est_field validation_fields[] = { DATA_FIELDS(1, NULL) };

static const est_field trainer_fields[] = {
    EST_FIELD(est__config_trainer, INT, train_steps, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "global step to train to; null: to the end of the data"),
    EST_FIELD(est__config_trainer, INT, checkpoint_interval, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "steps between checkpoints (save_checkpoints_steps)"),
    EST_FIELD(est__config_trainer, INT, checkpoint_secs, .def_text = "600, when checkpoint_interval is null", .min = 0, .max = LARGEST,
              .zero = EST_OFF, .doc = "the same in seconds, where checkpoint_interval is null; 0: the first and the last alone"),
    EST_FIELD(est__config_trainer, INT, max_to_keep, .def = 5, .min = 0, .max = LARGEST,
              .doc = "newest checkpoints that are kept; 0: all (keep_checkpoint_max)"),
    EST_FIELD(est__config_trainer, FLOAT, keep_checkpoint_every_n_hours, .def = 10000, .min = 0, .max = LARGEST, .above_min = true,
              .doc = "beside those, one in so many hours stays for ever"),
    EST_FIELD(est__config_trainer, BOOL, checkpoint_save_graph_def, .def = 1, .doc = "write graph.pbtxt"),
    EST_FIELD(est__config_trainer, INT, summary_interval, .def = 100, .min = 0, .max = LARGEST,
              .doc = "steps between summaries; 0: none (save_summary_steps)"),
    EST_FIELD(est__config_trainer, INT, log_interval, .def = 100, .min = 0, .max = LARGEST,
              .doc = "steps between log lines; 0: none (log_step_count_steps)"),
    EST_FIELD(est__config_trainer, INT, max_event_file_bytes, .def = 128 << 20, .min = 0, .max = LARGEST,
              .doc = "an event file that reaches it is ended, and another one begun; 0: never"),
    EST_FIELD(est__config_trainer, INT, max_event_total_bytes, .def = 1 << 30, .min = 0, .max = LARGEST,
              .doc = "a folder's oldest event files are removed when all hold more; 0: never"),
    EST_FIELD(est__config_trainer, INT, validation_steps, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "batches to evaluate; null: to the end of the data"),
    EST_FIELD(est__config_trainer, INT, folds, .def_text = "null", .min = 2, .max = LARGEST,
              .doc = "parts of task.train_data: train leaves one out, evaluate takes that one"),
    EST_FIELD(est__config_trainer, INT, fold, .min = 0, .max = LARGEST, .doc = "which one, from 0 on"),
    EST_FIELD(est__config_trainer, INT, start_delay_secs, .def = 120, .min = 0, .max = LARGEST,
              .doc = "an evaluator's (TF_CONFIG): seconds before it begins"),
    EST_FIELD(est__config_trainer, INT, throttle_secs, .def = 600, .min = 0, .max = LARGEST,
              .doc = "train-and-evaluate: seconds between evaluations; 0: each checkpoint"),
    EST_FIELD(est__config_trainer, STRING, best_checkpoint_eval_metric, .def_text = "loss", .doc = "what the best exporter looks at"),
    EST_FIELD(est__config_trainer, STRING, best_checkpoint_metric_comp, .def_text = "lower", .choices = comparisons,
              .doc = "which values of it are better"),
    EST_FIELD(est__config_trainer, STRING, early_stopping, .def_text = "none", .choices = rules,
              .doc = "train-and-evaluate: stop_if_higher, …"),
    EST_FIELD(est__config_trainer, STRING, early_stopping_metric, .def_text = "loss", .doc = "what that rule looks at"),
    EST_FIELD(est__config_trainer, FLOAT, early_stopping_threshold, .min = -LARGEST, .max = LARGEST, .doc = "of higher and lower"),
    EST_FIELD(est__config_trainer, INT, early_stopping_steps, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "no_increase, no_decrease: steps without it"),
    EST_FIELD(est__config_trainer, INT, early_stopping_min_steps, .min = 0, .max = LARGEST,
              .doc = "evaluations before that step do not count"),
    EST_FIELD(est__config_trainer, INT, early_stopping_run_every_secs, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "seconds between its looks at evaluations; null: 60, and at each one by this process"),
    EST_FIELD(est__config_trainer, INT, early_stopping_run_every_steps, .def_text = "null", .min = 1, .max = LARGEST,
              .doc = "the same in steps"),
    EST_FIELD(est__config_trainer, BOOL, early_stopping_restore_best, .doc = "the best evaluated checkpoint becomes the newest one"),
    { 0 } };

static const est_field export_fields[] = {
    EST_FIELD(est__config_export, STRING, receiver, .def_text = "parsing", .choices = receivers,
              .doc = "what the export takes: tf.Examples, raw tensors, or both"),
    EST_FIELD(est__config_export, STRINGS, exporters, .def_text = "none",
              .doc = "train-and-evaluate: of latest, best, final; to export/<exporter>"),
    EST_FIELD(est__config_export, INT, exports_to_keep, .def = 5, .min = 0, .max = LARGEST, .doc = "of latest and best; 0: all"),
    EST_FIELD(est__config_export, INT, checkpoints_to_keep, .min = 0, .max = LARGEST,
              .doc = "checkpoints of the best evaluations, in export/best/checkpoints"),
    { 0 } };

const est__section est__config_sections[] = {
    { "", top_fields, offsetof(est__config, top) },
    { "runtime", runtime_fields, offsetof(est__config, runtime) },
    { "task.train_data", train_fields, offsetof(est__config, train_data) },
    { "task.validation_data", validation_fields, offsetof(est__config, validation_data) },
    { "trainer", trainer_fields, offsetof(est__config, trainer) },
    { "export", export_fields, offsetof(est__config, export) },
    { 0 } };

const est_field est__config_evaluations = { .name = "validation", .type = EST_FIELD_MAP,
                                            .doc = "{NAME: keys as in validation_data}: further evaluations of train-and-evaluate, in eval_NAME" };
const est_field *const est__config_evaluation_fields = validation_fields;

static const char *const top_others[] = { "runtime", "task", "trainer", "export", NULL };
static const char *const task_others[] = { "model", "train_data", "validation_data", "validation", NULL };

static est_status read_section(est__convert *v, const est__section *s, est__config *c)
{
    char name[64];
    const est__yaml *node = c->root;
    for (const char *p = s->path; *p;) { /* down the dotted path */
        size_t n = strcspn(p, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        node = est__yaml_get(node, name);
        p += n + (p[n] == '.');
    }
    void *into = (char *)c + s->offset;
    bool is_data = s->fields == train_fields || s->fields == validation_fields;
    est__fields_defaults(s->fields, into);
    if (est__yaml_is_null(node))
        return EST_OK;
    est__keys keys = { .path = s->path, .fields = s->fields, .others = *s->path ? NULL : top_others };
    EST_TRY(est__convert_map(v, node, &keys, into));
    if (is_data)
        ((est__config_data *)into)->node = node;
    return EST_OK;
}

static est_status read_evaluation(est__convert *v, const est__yaml_pair *pair, est__config_evaluation *out)
{
    char room[160];
    out->name = pair->key;
    out->where = est__arena_printf(v->arena, "task.validation.%s", pair->key);
    if (!out->where)
        return est__fail_memory(64);
    if (!*pair->key || strchr(pair->key, '/'))
        return est__yaml_fail(pair->value, "task.validation: the name '%s' ends the name of a folder, eval_NAME", pair->key);
    if (pair->value->kind != EST_YAML_MAP)
        return est__yaml_fail(pair->value, "'%s' takes a map of keys, not %s", out->where, est__yaml_describe(pair->value, room));
    est__fields_defaults(validation_fields, &out->data);
    out->data.node = pair->value;
    return est__convert_map(v, pair->value, &(est__keys){ .path = out->where, .fields = validation_fields }, &out->data);
}

static est_status read_evaluations(est__convert *v, const est__yaml *task, est__config *c)
{
    char room[160];
    const est__yaml *map = est__yaml_get(task, "validation");
    if (est__yaml_is_null(map))
        return EST_OK;
    if (map->kind != EST_YAML_MAP)
        return est__yaml_fail(map, "'task.validation' takes a map of names, not %s", est__yaml_describe(map, room));
    c->evaluation = est__arena_alloc(v->arena, (map->count + 1) * sizeof *c->evaluation);
    if (!c->evaluation)
        return est__fail_memory(map->count * sizeof *c->evaluation);
    for (; c->num_evaluations < map->count; c->num_evaluations++)
        EST_TRY(read_evaluation(v, &map->pairs[c->num_evaluations], &c->evaluation[c->num_evaluations]));
    return EST_OK;
}

static est_status not_built_in(const est__config *c, const char *section, const char *key, const char *value, const char *have)
{
    const est__yaml *n = est__yaml_get(est__yaml_get(c->root, section), key);
    return est__yaml_fail_line(EST_UNIMPLEMENTED, n, n->line, "%s.%s '%s' is not built in; there is %s", section, key, value, have);
}

static est_status check_data(est__config_data *d, const char *where)
{
    const est__yaml_pair *epochs = est__yaml_find(d->node, "num_epochs");
    if (!d->node)
        return EST_OK;
    if (epochs && est__yaml_is_null(epochs->value))
        d->num_epochs = EST_OFF;
    return est__data_check(d, where, false);
}

static est_status check_turns(const est__config *c)
{
    const est__yaml *rule = est__yaml_get(est__yaml_get(c->root, "trainer"), "early_stopping");
    const est__yaml *list = est__yaml_get(est__yaml_get(c->root, "export"), "exporters");
    if (!strncmp(c->trainer.early_stopping, "no_", 3) && !c->trainer.early_stopping_steps)
        return est__yaml_fail(rule, "trainer.early_stopping '%s' needs trainer.early_stopping_steps", c->trainer.early_stopping);
    if (c->trainer.early_stopping_run_every_secs && c->trainer.early_stopping_run_every_steps)
        return est__yaml_fail(est__yaml_get(est__yaml_get(c->root, "trainer"), "early_stopping_run_every_steps"),
                              "trainer.early_stopping_run_every_secs and early_stopping_run_every_steps are both given");
    for (size_t i = 0; i < c->export.exporters.count; i++) {
        const char *name = c->export.exporters.data[i];
        if (strcmp(name, "latest") && strcmp(name, "best") && strcmp(name, "final"))
            return est__yaml_fail(list, "export.exporters: there is no '%s'; there are latest, best and final", name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(name, c->export.exporters.data[k]))
                return est__yaml_fail(list, "export.exporters: '%s' stands there twice", name);
    }
    return EST_OK;
}

/* One that ends. */
static est_status check_validation(const est__config *c, est__config_data *d, const char *where)
{
    EST_TRY(check_data(d, where));
    if (d->num_epochs == EST_OFF && !c->trainer.validation_steps)
        return est__yaml_fail(est__yaml_get(d->node, "num_epochs"),
                              "%s repeats for ever: give it num_epochs, or set trainer.validation_steps", where);
    return EST_OK;
}

static est_status check_between(est__config *c)
{
    EST_TRY(check_data(&c->train_data, "task.train_data"));
    EST_TRY(check_validation(c, &c->validation_data, "task.validation_data"));
    for (size_t i = 0; i < c->num_evaluations; i++)
        EST_TRY(check_validation(c, &c->evaluation[i].data, c->evaluation[i].where));
    if (strcmp(c->runtime.distribution_strategy, "one_device"))
        return not_built_in(c, "runtime", "distribution_strategy", c->runtime.distribution_strategy, "one_device");
    if (strcmp(c->runtime.eval_distribute, "one_device"))
        return not_built_in(c, "runtime", "eval_distribute", c->runtime.eval_distribute, "one_device");
    if (c->trainer.fold && c->trainer.fold >= c->trainer.folds)
        return est__yaml_fail(est__yaml_get(est__yaml_get(c->root, "trainer"), "fold"), "trainer.fold is %lld; it must be below trainer.folds",
                              (long long)c->trainer.fold);
    EST_TRY(check_turns(c));
    if (!c->trainer.checkpoint_interval && !c->trainer.checkpoint_secs)
        c->trainer.checkpoint_secs = 600;
    return EST_OK;
}

static est_status read_all(est__convert *v, est__config *c)
{
    const est__yaml *task = est__yaml_get(c->root, "task"), *name;
    for (const est__section *s = est__config_sections; s->path; s++)
        EST_TRY(read_section(v, s, c));
    if (est__yaml_is_null(task))
        return est__yaml_fail(c->root, "'task' is missing: what to train, and on what data");
    EST_TRY(est__convert_map(v, task, &(est__keys){ .path = "task", .others = task_others }, NULL));
    EST_TRY(read_evaluations(v, task, c));
    c->model = est__yaml_get(task, "model");
    if (est__yaml_is_null(c->model))
        return est__yaml_fail(task, "'model' is missing in task");
    char room[160];
    if (c->model->kind != EST_YAML_MAP)
        return est__yaml_fail(c->model, "'task.model' takes a map of keys, not %s", est__yaml_describe(c->model, room));
    name = est__yaml_get(c->model, "estimator");
    if (est__yaml_is_null(name))
        return est__yaml_fail(c->model, "'estimator' is missing in task.model");
    if (!est__yaml_string(name, &c->estimator))
        return est__yaml_fail(name, "'estimator' takes a name, not %s", est__yaml_describe(name, room));
    return check_between(c);
}

est_status est__config_read(const est__yaml *root, est__arena *arena, est__config *c)
{
    est__convert v = { .arena = arena };
    *c = (est__config){ .root = root };
    est_status st = read_all(&v, c);
    est__convert_free(&v);
    return st;
}
