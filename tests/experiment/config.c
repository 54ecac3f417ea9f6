/* Configurations: whole messages of what is refused, the resolved form read again, paths, and a run through all verbs. */
#include <stdlib.h>
#include <string.h>

#include <estimator/experiment.h>

#include "base/base.h"
#include "support/est_test.h"

static const char base[] =
    "model_dir: model\n"                                                                                     /* 1 */
    "task:\n"                                                                                                /* 2 */
    "  model:\n"                                                                                             /* 3 */
    "    estimator: LinearClassifier\n"                                                                      /* 4 */
    "    feature_columns:\n"                                                                                 /* 5 */
    "      - numeric_column: {key: age, default_value: 30, normalizer_fn: {mean: 29.9, std: 14.4}}\n"        /* 6 */
    "      - categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}\n"         /* 7 */
    "    optimizer: Ftrl\n"                                                                                  /* 8 */
    "  train_data: {input_path: train.csv, label: survived, batch_size: 4}\n"                                /* 9 */
    "  validation_data: {input_path: train.csv, label: survived, batch_size: 4}\n"                           /* 10 */
    "trainer: {train_steps: 6}\n";                                                                           /* 11 */
static const char csv[] = "survived,sex,age\n0,male,22\n1,female,38\n1,female,26\n0,male,\n1,female,35\n0,male,54\n";

static est_status load(const char *path, est_strings set, est_experiment **x)
{
    return est_experiment_new(&((est_experiment_options){ .config = EST_STRINGS(path), .set = set }), x);
}

static void refuses_settings(void)
{
    static const struct { const char *set, *message; } cases[] = {
        { "trainer.train_step=5", "unknown key 'train_step'; did you mean 'train_steps'?" },
        { "task.model.flavour=5", "unknown key 'flavour' in task.model" },
        { "trainer.train_steps=0", "train_steps is 0; it must be at least 1" },
        { "trainer.train_steps=many", "train_steps takes an integer, not \"many\"" },
        { "trainer.train_steps=1.5", "train_steps takes an integer, not the number 1.5" },
        { "trainer.max_to_keep=-1", "max_to_keep is -1; it must be at least 0" },
        { "trainer=[1]", "trainer takes a map of keys, not a list" },
        { "task.train_data.batch_size=0", "batch_size is 0; it must be at least 1" },
        { "task.train_data.drop_remainder=yes", "drop_remainder takes true or false, not \"yes\"" },
        { "task.train_data.label=5", "label takes strings, not the number 5; put it in quotes" },
        { "task.train_data.field_delim=;;", "field_delim is \";;\"; it must be one character" },
        { "task.train_data.format=cvs", "format is 'cvs'; it must be 'csv', 'tfrecord', 'libsvm', 'jsonl' or 'npz'; did you mean 'csv'?" },
        { "task.train_data.header=false", "task.train_data has no header: 'column_names' must name its columns" },
        { "task.train_data.input_path=", "'input_path' is missing in task.train_data" },
        { "task.validation_data.num_epochs=null",
          "task.validation_data repeats for ever: give it num_epochs, or set trainer.validation_steps" },
        { "task.train_data.auto_shard_policy=ROWS", "auto_shard_policy is 'ROWS'; it must be 'AUTO', 'FILE' or 'DATA'" },
        { "task.train_data.padded_batch=sex", "padded_batch takes true or false, not \"sex\"" },
        { "task.train_data.no_padding=true",
          "without bucket_by_sequence_length there are no buckets; it names the feature that is measured" },
        { "task.train_data.bucket_boundaries=[3, 5]",
          "without bucket_by_sequence_length there are no buckets; it names the feature that is measured" },
        { "task.train_data.bucket_boundaries=[0]", "bucket_boundaries is 0; it must be at least 1" },
        { "task.train_data.bucket_by_sequence_length=sex", "'bucket_boundaries' is missing: the lengths between buckets" },
        { "task.train_data.padded_shapes={sex: 3}",
          "nothing is padded: that takes padded_batch, or bucket_by_sequence_length" },
        { "task.train_data.padding_values=3", "padding_values takes a map, not the number 3" },
        { "task.model.estimator=LinearClasifier", "unknown estimator 'LinearClasifier'; did you mean 'LinearClassifier'?" },
        { "task.model.n_classes=1", "n_classes is 1; it must be at least 2" },
        { "task.model.optimizer=Ftlr", "unknown optimizer 'Ftlr'; did you mean 'Ftrl'?" },
        { "task.model.optimizer={learning_rate: 1}", "optimizer takes {type: NAME, …}: 'type' is missing" },
        { "task.model.optimizer={type: SGD, clipnorm: 0}", "clipnorm is 0; it must be above 0" },
        { "task.model.optimizer={type: SGD, learning_rate: {type: CosineDecai}}",
          "unknown schedule 'CosineDecai'; did you mean 'CosineDecay'?" },
        { "task.model.optimizer={type: SGD, learning_rate: {decay_rate: 1}}",
          "learning_rate takes a number or {type: NAME, …}: 'type' is missing" },
        { "task.model.optimizer={type: SGD, learning_rate: {type: CosineDecay, initial_learning_rate: 1}}",
          "'decay_steps' is missing in CosineDecay" },
        { "task.model.optimizer={type: Nadam, learning_rate: {type: CosineDecay}}",
          "learning_rate takes a number, not a map" },
        { "task.model.optimizer={type: SGD, learning_rate: -1}", "learning_rate is -1; it must be at least 0" },
        { "task.model.feature_columns=age", "feature_columns takes a list of columns, not \"age\"" },
        { "task.model.feature_columns=[age]", "feature_columns takes a column, {numeric_column: {key: …}}, not \"age\"" },
        { "task.model.feature_columns=[{numric_column: {key: age}}]",
          "unknown feature column 'numric_column'; did you mean 'numeric_column'?" },
        { "task.model.feature_columns=[{numeric_column: {key: age, shap: [2]}}]", "unknown key 'shap'; did you mean 'shape'?" },
        { "task.model.feature_columns=[{numeric_column: {key: age, normalizer_fn: {mean: 1}}}]",
          "normalizer_fn takes {mean: m, std: s}, {min: a, max: b} or log1p, not a map of other keys" },
        { "task.model.feature_columns=[{numeric_column: {key: age, normalizer_fn: {mean: 1, std: 0}}}]",
          "normalizer_fn divides by zero: std is 0" },
        { "task.model.feature_columns=[{categorical_column_with_vocabulary_list: {key: a, vocabulary_list: [a, 1]}}]",
          "vocabulary_list has both strings and integers; put numbers in quotes to make them strings" },
        { "task.model.feature_columns=[{crossed_column: {keys: a, hash_bucket_size: 9}}]",
          "keys takes a list of names and columns, not \"a\"" },
        { "task.model.feature_columns=[{crossed_column: {keys: [a, 1], hash_bucket_size: 9}}]",
          "keys takes names and columns, not the number 1" },
        { "task.model.feature_columns=[{crossed_column: {keys: [a, {numeric_column: {key: b}}], hash_bucket_size: 9}}]",
          "crossed_column: keys[1] is a numeric_column; a cross takes categorical and bucketized columns: make it a "
          "bucketized_column" },
        { "task.model.feature_columns=[{embedding_column: {categorical_column: {numeric_column: {key: b}}, dimension: 2}}]",
          "embedding_column: categorical_column is a numeric_column; it must be categorical: make it a bucketized_column" },
        { "task.model.feature_columns=[{embedding_column: {categorical_column: {categorical_column_with_identity: {key: b, "
          "num_buckets: 2}}, dimension: 2, initializer: {type: One}}}]", "unknown initializer 'One'; did you mean 'Ones'?" },
        { "task.model.partitioner=[1]", "partitioner takes a partitioner's name, not a list" },
        { "task.model.partitioner=fixed_size_partitioners",
          "unknown partitioner 'fixed_size_partitioners'; did you mean 'fixed_size_partitioner'?" },
        { "task.model.partitioner={type: fixed_size_partitioner}", "'num_shards' is missing in fixed_size_partitioner" },
    };
    const char *path = EST_TEST_FILE("c.yaml", base);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_experiment *x;
        bool at_data = strstr(cases[i].set, "train_data.header") != NULL || strstr(cases[i].set, "input_path") != NULL;
        const char *place = at_data ? est_test_text("%s:9", path) : est_test_text("--set %s", cases[i].set);
        EST_CHECK_FAILS(load(path, EST_STRINGS(cases[i].set), &x), EST_INVALID_ARGUMENT,
                        est_test_text("%s: %s", place, cases[i].message));
        EST_CHECK(x == NULL);
    }
}

static void names_what_is_not_built_in(void)
{
    static const struct { const char *set, *message; } cases[] = {
        { "runtime.distribution_strategy=mirrored",
          "runtime.distribution_strategy 'mirrored' is not built in; there is one_device" },
    };
    const char *path = EST_TEST_FILE("c.yaml", base);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_experiment *x;
        EST_CHECK_FAILS(load(path, EST_STRINGS(cases[i].set), &x), EST_UNIMPLEMENTED,
                        est_test_text("--set %s: %s", cases[i].set, cases[i].message));
    }
}

static void names_file_and_line(void)
{
    est_experiment *x;
    const char *path = EST_TEST_FILE("c.yaml", "task:\n  modl: {}\n");
    EST_CHECK_FAILS(load(path, (est_strings){ 0 }, &x), EST_INVALID_ARGUMENT,
                    est_test_text("%s:2: unknown key 'modl'; did you mean 'model'?", path));
    path = EST_TEST_FILE("c.yaml", "\ntrainer: {train_steps: 5}\n");
    EST_CHECK_FAILS(load(path, (est_strings){ 0 }, &x), EST_INVALID_ARGUMENT,
                    est_test_text("%s:2: 'task' is missing: what to train, and on what data", path));
    path = EST_TEST_FILE("c.yaml", "task:\n  model:\n    estimator: LinearRegressor\n");
    EST_CHECK_FAILS(load(path, (est_strings){ 0 }, &x), EST_INVALID_ARGUMENT,
                    est_test_text("%s:3: 'feature_columns' is missing in task.model", path));
}

/* The resolved text, read again, resolves to itself; a later file goes over an earlier one. */
static void resolves_to_itself(void)
{
    est_experiment *x, *again;
    const char *path = EST_TEST_FILE("c.yaml", base), *more = EST_TEST_FILE("more.yaml", "trainer: {max_to_keep: 0, log_interval: 7}\n");
    est_experiment_options o = { .config = EST_STRINGS(path, more), .set = EST_STRINGS("task.train_data.shuffle_buffer_size=0") };
    EST_NEED_OK(est_experiment_new(&o, &x));
    const char *text = est_experiment_config(x);
    EST_CHECK(strstr(text, "optimizer: {type: Ftrl, learning_rate: 0.2,") != NULL);
    EST_CHECK(strstr(text, "max_to_keep: 0\n") != NULL);
    EST_CHECK(strstr(text, "train_steps: 6\n") != NULL);
    EST_CHECK(strstr(text, est_test_text("input_path: %s/train.csv\n", est_test_dir())) != NULL);
    const char *kept = est_test_file("kept.yaml", text, strlen(text));
    EST_NEED_OK(load(kept, (est_strings){ 0 }, &again));
    EST_CHECK_STR(est_experiment_config(again), text);
    est_experiment_free(again);
    est_experiment_free(x);
}

/* A vocabulary's path is relative to the file that names it, and absolute in the resolved text. */
/* Columns within columns: read, trained, and the same again from what was resolved. */
static void dense_columns(void)
{
    static const char columns[] =
        "task.model.feature_columns=["
        "{indicator_column: {categorical_column: {categorical_column_with_vocabulary_list: {key: sex, vocabulary_list: [male, female]}}}},"
        "{embedding_column: {categorical_column: {bucketized_column: {source_column: {numeric_column: {key: age}}, boundaries: [20, 40]}},"
        " dimension: 2, combiner: sum, initializer: {type: random_uniform, minval: 0, maxval: 1}, trainable: false}},"
        "{shared_embeddings: {categorical_columns: [{categorical_column_with_hash_bucket: {key: sex, hash_bucket_size: 9}}], dimension: 3,"
        " initializer: ones, trained: true, use_safe_embedding_lookup: true}}]";
    est_experiment *x, *again;
    const char *path = EST_TEST_FILE("c.yaml", base);
    EST_TEST_FILE("train.csv", csv);
    EST_NEED_OK(load(path, EST_STRINGS(columns), &x));
    const char *text = est_experiment_config(x);
    EST_CHECK(strstr(text, "initializer: {type: random_uniform, minval: 0, maxval: 1}, ckpt_to_load_from: null") != NULL);
    EST_CHECK(strstr(text, "trainable: false, use_safe_embedding_lookup: true, frozen: false}") != NULL);
    EST_CHECK(strstr(text, "{shared_embeddings: {categorical_columns: [{categorical_column_with_hash_bucket: {key: sex,") != NULL);
    const char *kept = est_test_file("kept.yaml", text, strlen(text));
    if (EST_CHECK_OK(load(kept, (est_strings){ 0 }, &again))) {
        EST_CHECK_STR(est_experiment_config(again), text);
        est_experiment_free(again);
    }
    EST_CHECK_OK(est_experiment_train(x, NULL, NULL, NULL));
    est_experiment_free(x);
}

#define LINEAR_ESTIMATOR(head) \
    "task.model={estimator: LinearEstimator, feature_columns: [{numeric_column: {key: age}}], head: " head "}"

/* A head is its name over its options; none will do where all have defaults. */
static void heads(void)
{
    est_experiment *x, *again;
    const char *path = EST_TEST_FILE("c.yaml", base);
    EST_TEST_FILE("train.csv", csv);
    EST_NEED_OK(load(path, EST_STRINGS(LINEAR_ESTIMATOR("{BinaryClassHead: {name: h, thresholds: [0.25, 0.5]}}"),
                                       "task.model.partitioner={type: min_max_variable_partitioner, max_partitions: 4}"), &x));
    const char *text = est_experiment_config(x);
    EST_CHECK(strstr(text, "    partitioner: {type: min_max_variable_partitioner, max_partitions: 4, axis: 0, min_slice_size: "
                           "262144}\n") != NULL);
    EST_CHECK(strstr(text, "    head: {BinaryClassHead: {label_vocabulary: null, weight_column: null, loss_reduction: "
                           "sum_over_batch_size, name: h, thresholds: [0.25, 0.5], class_weights: null, temperature: 0, platt: null, isotonic_logits: null, isotonic_probabilities: null}}\n") != NULL);
    EST_CHECK(strstr(text, "    optimizer: {type: Ftrl, learning_rate: 0.2,") != NULL);
    if (EST_CHECK_OK(load(est_test_file("kept.yaml", text, strlen(text)), (est_strings){ 0 }, &again))) {
        EST_CHECK_STR(est_experiment_config(again), text);
        est_experiment_free(again);
    }
    EST_CHECK_OK(est_experiment_train(x, NULL, NULL, NULL));
    est_experiment_free(x);
    EST_NEED_OK(load(path, EST_STRINGS(LINEAR_ESTIMATOR("{RegressionHead: }")), &x));
    EST_CHECK(strstr(est_experiment_config(x), "    head: {RegressionHead: {label_dimension: 1, ") != NULL);
    est_experiment_free(x);
}

static void refuses_heads(void)
{
    static const struct { const char *set, *message; } cases[] = {
        { LINEAR_ESTIMATOR("RegressionHead"), "head takes a head, {RegressionHead: {label_dimension: …}}, not \"RegressionHead\"" },
        { LINEAR_ESTIMATOR("{RegresionHead: {}}"), "unknown head 'RegresionHead'; did you mean 'RegressionHead'?" },
        { LINEAR_ESTIMATOR("{RegressionHead: {label_dimensions: 2}}"),
          "unknown key 'label_dimensions'; did you mean 'label_dimension'?" },
        { LINEAR_ESTIMATOR("{RegressionHead: 3}"), "RegressionHead takes a map of its parameters, not the number 3" },
        { LINEAR_ESTIMATOR("{MultiClassHead: {label_vocabulary: [a, b]}}"), "'n_classes' is missing in MultiClassHead" },
        { LINEAR_ESTIMATOR("null"), "'head' is missing in task.model" },
    };
    const char *path = EST_TEST_FILE("c.yaml", base);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_experiment *x;
        EST_CHECK_FAILS(load(path, EST_STRINGS(cases[i].set), &x), EST_INVALID_ARGUMENT,
                        est_test_text("--set %s: %s", cases[i].set, cases[i].message));
    }
}

/* A schedule, one inside of another, with its defaults; its 0 is a 0. */
static void schedules(void)
{
    est_experiment *x, *again;
    const char *path = EST_TEST_FILE("c.yaml", base);
    est_strings set = EST_STRINGS("task.model.optimizer={type: SGD, learning_rate: {type: LinearWarmup, warmup_steps: 3, learning_rate: "
                                  "{type: PolynomialDecay, initial_learning_rate: 0.5, decay_steps: 4, end_learning_rate: 0}}}");
    EST_NEED_OK(load(path, set, &x));
    const char *text = est_experiment_config(x);
    EST_CHECK(strstr(text, "optimizer: {type: SGD, learning_rate: {type: LinearWarmup, warmup_steps: 3, warmup_learning_rate: 0, "
                           "learning_rate: {type: PolynomialDecay, initial_learning_rate: 0.5, decay_steps: 4, end_learning_rate: 0, "
                           "power: 1, cycle: false}}, momentum: 0,") != NULL);
    const char *kept = est_test_file("kept.yaml", text, strlen(text));
    if (EST_CHECK_OK(load(kept, (est_strings){ 0 }, &again))) {
        EST_CHECK_STR(est_experiment_config(again), text);
        est_experiment_free(again);
    }
    est_experiment_free(x);
}

static void finds_vocabulary_files(void)
{
    est_experiment *x;
    EST_CHECK_OK(est__make_dirs(est_test_path("words")));
    EST_TEST_FILE("words/colors.txt", "red\ngreen\n");
    const char *path = EST_TEST_FILE("c.yaml", "task: {model: {estimator: LinearClassifier, feature_columns: [\n"
                                               "  {categorical_column_with_vocabulary_file: {key: a, vocabulary_file: words/colors.txt}}]}}\n");
    EST_NEED_OK(load(path, (est_strings){ 0 }, &x));
    EST_CHECK(strstr(est_experiment_config(x), est_test_text("vocabulary_file: %s/words/colors.txt, vocabulary_size: null, ",
                                                             est_test_dir())) != NULL);
    est_experiment_free(x);
    path = EST_TEST_FILE("c.yaml", "task: {model: {estimator: LinearClassifier, feature_columns: [\n"
                                   "  {categorical_column_with_vocabulary_file: {key: a, vocabulary_file: words/none.txt}}]}}\n");
    EST_CHECK_FAILS(load(path, (est_strings){ 0 }, &x), EST_NOT_FOUND,
                    est_test_text("%s:2: categorical_column_with_vocabulary_file 'a': vocabulary_file: %s/words/none.txt: cannot be "
                                  "opened: No such file or directory", path, est_test_dir()));
}

static est_status count_rows(const est_predictions *batch, void *user)
{
    *(int64_t *)user += batch->rows;
    return EST_OK;
}

static void runs_all_verbs(void)
{
    est_experiment *x;
    est_train_result result;
    est_results *metrics;
    int64_t rows = 0;
    char exported[4096];
    EST_NEED(EST_TEST_FILE("train.csv", csv) != NULL);
    EST_NEED_OK(load(EST_TEST_FILE("c.yaml", base), (est_strings){ 0 }, &x));
    EST_CHECK_OK(est_experiment_train(x, NULL, NULL, &result));
    EST_CHECK_INT(result.global_step, 6);
    EST_CHECK_OK(est_experiment_evaluate(x, NULL, &metrics));
    est_results_free(metrics);
    EST_CHECK_OK(est_experiment_predict(x, est_test_path("train.csv"), EST_STRINGS("class_ids"), NULL, count_rows, &rows));
    EST_CHECK_INT(rows, 6);
    EST_CHECK_OK(est_experiment_export(x, est_test_path("export"), NULL, exported, sizeof exported));
    EST_CHECK_FAILS(est_experiment_predict(x, "x.tfrecord", (est_strings){ 0 }, NULL, count_rows, &rows), EST_NOT_FOUND,
                    "x.tfrecord: No such file or directory");
    est_experiment_free(x);
    /* config.yaml was kept, and means the same. */
    EST_NEED_OK(load(est_test_path("model/config.yaml"), (est_strings){ 0 }, &x));
    est_experiment_free(x);
}

static void needs_an_end_of_training(void)
{
    est_experiment *x;
    const char *path = EST_TEST_FILE("c.yaml", base);
    EST_NEED_OK(load(path, EST_STRINGS("trainer.train_steps=null"), &x));
    EST_CHECK_FAILS(est_experiment_train(x, NULL, NULL, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s:1: 'trainer.train_steps' is missing, and task.train_data repeats for ever: "
                                  "set one of train_steps and num_epochs", path));
    est_experiment_free(x);
    EST_NEED_OK(load(path, EST_STRINGS("task.train_data.label=null"), &x));
    EST_CHECK_FAILS(est_experiment_train(x, NULL, NULL, NULL), EST_INVALID_ARGUMENT,
                    est_test_text("%s:9: 'label' is missing in task.train_data: which column is to be learnt", path));
    est_experiment_free(x);
}

static void add_line(const char *line, void *user)
{
    size_t *lines = user;
    EST_CHECK(strstr(line, "  ") != NULL);
    ++*lines;
}

static void explains_keys(void)
{
    size_t lines = 0, all = 0;
    EST_CHECK_OK(est_experiment_explain(NULL, add_line, &all));
    EST_CHECK(all > 60);
    EST_CHECK_OK(est_experiment_explain("trainer", add_line, &lines));
    EST_CHECK_INT(lines, 25);
    EST_CHECK_FAILS(est_experiment_explain("trainr", add_line, &lines), EST_NOT_FOUND,
                    "the configuration has no key 'trainr'; did you mean 'trainer'?");
}

/* Each allocation fails once; the failure is told, and nothing is left. */
static void survives_without_memory(void)
{
    const char *path = EST_TEST_FILE("c.yaml", base);
    est_status st = EST_UNKNOWN;
    int64_t n = 0;
    while (st != EST_OK && ++n < 10000) {
        est_experiment *x;
        est_test_fail_allocation(n);
        st = load(path, EST_STRINGS("trainer.max_to_keep=3"), &x);
        est_test_fail_allocation(0);
        if (st != EST_OK && st != EST_RESOURCE_EXHAUSTED)
            EST_CHECK_STR(est_error(), est_test_text("allocation %lld", (long long)n));
        est_experiment_free(x);
    }
    EST_CHECK_OK(st);
    EST_CHECK(n > 50);
}

EST_SUITE(experiment_config, EST_TEST(survives_without_memory), EST_TEST(refuses_settings), EST_TEST(names_what_is_not_built_in), EST_TEST(names_file_and_line),
          EST_TEST(resolves_to_itself), EST_TEST(dense_columns), EST_TEST(heads),
          EST_TEST(refuses_heads), EST_TEST(schedules), EST_TEST(finds_vocabulary_files), EST_TEST(runs_all_verbs), EST_TEST(needs_an_end_of_training), EST_TEST(explains_keys));
