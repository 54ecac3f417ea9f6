/* LinearSDCA: at the optimum the gradient of what it minimises is 0; the same bits on any number of threads, stopped and gone on, and in
 * any number of tables; what is refused. */
#include <estimator/estimator.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/est_test.h"

enum { ROWS = 120, BATCH = 30 };

static float x[ROWS], weight[ROWS], value[ROWS];
static int64_t sign[ROWS];
static char name_text[ROWS][16], word_text[ROWS][2];

static void make_rows(void)
{
    uint32_t state = 11;
    for (int i = 0; i < ROWS; i++) {
        float r[3];
        for (int k = 0; k < 3; k++) {
            state = state * 1664525 + 1013904223;
            r[k] = (float)(state >> 8) * 0x1p-23f - 1;
        }
        x[i] = 2 * r[0];
        weight[i] = 1.25f + 0.75f * r[1];
        word_text[i][0] = "abcd"[i % 4];
        value[i] = x[i] + (i % 4 == 0 ? 1.5f : i % 4 == 1 ? -1 : 0) + r[2];
        sign[i] = value[i] > 0;
        snprintf(name_text[i], sizeof name_text[i], "ex%d", i);
    }
}

/* As many of the rows as `user` says; their label is the sign, or the value. */
typedef struct source {
    bool values, unnamed;
    int batch;
} source;

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    const source *s = user;
    const char *names[ROWS], *words[ROWS];
    est_tensor *text[2];
    est_shape one = EST_SHAPE(ROWS);
    for (int i = 0; i < ROWS; i++) {
        names[i] = name_text[i];
        words[i] = word_text[i];
    }
    EST_CHECK_OK(est_tensor_new_strings(&one, names, NULL, &text[0]));
    EST_CHECK_OK(est_tensor_new_strings(&one, words, NULL, &text[1]));
    est_tensor numbers = { EST_FLOAT, EST_SHAPE(ROWS), x, NULL }, weights = { EST_FLOAT, EST_SHAPE(ROWS), weight, NULL };
    est_tensor label = s->values ? (est_tensor){ EST_FLOAT, EST_SHAPE(ROWS), value, NULL }
                                 : (est_tensor){ EST_INT64, EST_SHAPE(ROWS), sign, NULL };
    const char *const keys[] = { "x", "w", "word", "id" };
    const est_tensor *const all[] = { &numbers, &weights, text[1], text[0] };
    est_status st = est_memory_dataset_new(keys, all, s->unnamed ? 3 : 4, &label, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), s->batch, false);
    est_tensor_free(text[0]);
    est_tensor_free(text[1]);
    return st;
}

static est_column_list columns(est_columns *c)
{
    static est_column *list[2];
    list[0] = est_numeric_column(c, "x", NULL);
    list[1] = est_categorical_column_with_vocabulary_list(c, "word", &(est_vocabulary_list_options){ .vocabulary_list = { .strings = EST_STRINGS("a", "b", "c") } });
    return (est_column_list){ list, 2 };
}

static est_estimator *new_model(const char *dir, bool values, est_linear_sdca_options o, int64_t threads)
{
    est_columns *c = est_columns_new();
    est_optimizer *sdca = NULL;
    est_estimator *e = NULL;
    est_run_config config = { .model_dir = est_test_path(dir), .num_threads = threads };
    o.example_id_column = "id";
    EST_CHECK_OK(est_linear_sdca_new(&o, &sdca));
    if (values)
        EST_CHECK_OK(est_linear_regressor_new(&(est_linear_regressor_options){ .feature_columns = columns(c), .optimizer = sdca,
                                                                               .weight_column = "w" }, &config, &e));
    else
        EST_CHECK_OK(est_linear_classifier_new(&(est_linear_classifier_options){ .feature_columns = columns(c), .optimizer = sdca,
                                                                                 .weight_column = "w" }, &config, &e));
    est_columns_free(c);
    est_optimizer_free(sdca);
    return e;
}

static est_status train(est_estimator *e, source s, int64_t steps)
{
    return est_train(e, &((est_train_options){ .input_fn = rows, .user = &s, .max_steps = steps }), NULL);
}

/* The weights: of x, of three words, the bias. */
static void read_weights(est_estimator *e, double w[5])
{
    static const char *const names[] = { "linear/linear_model/x/weights", "linear/linear_model/word/weights", "linear/linear_model/bias_weights" };
    static const int first[] = { 0, 1, 4 }, count[] = { 1, 3, 1 };
    for (int i = 0; i < 3; i++) {
        est_tensor *t;
        EST_NEED_OK(est_get_variable_value(e, names[i], &t));
        for (int k = 0; k < count[i]; k++)
            w[first[i] + k] = (double)((const float *)t->data)[k];
        est_tensor_free(t);
    }
}

/* d/dw of the weighted losses and l2 |w|^2 / 2. */
static void gradient(const double w[5], bool values, double l2, double g[5])
{
    for (int k = 0; k < 5; k++)
        g[k] = l2 * w[k];
    for (int i = 0; i < ROWS; i++) {
        double z = w[0] * (double)x[i] + w[4] + (i % 4 < 3 ? w[1 + i % 4] : 0);
        double d = (double)weight[i] * (values ? z - (double)value[i] : 1 / (1 + exp(-z)) - (double)sign[i]);
        g[0] += d * (double)x[i];
        g[4] += d;
        if (i % 4 < 3)
            g[1 + i % 4] += d;
    }
}

static void finds_the_optimum(bool values, est_linear_sdca_options o, const char *dir)
{
    double w[5], g[5], l1 = o.symmetric_l1_regularization;
    make_rows();
    est_estimator *e = new_model(dir, values, o, 2);
    EST_CHECK_OK(train(e, (source){ .values = values, .batch = ROWS }, 400));
    read_weights(e, w);
    gradient(w, values, o.symmetric_l2_regularization ? o.symmetric_l2_regularization : 1, g);
    for (int k = 0; k < 5; k++)
        if (l1 > 0 && w[k] == 0)
            EST_CHECK(fabs(g[k]) < l1 + 0.1);
        else
            EST_CHECK_NEAR(g[k] + (w[k] > 0 ? l1 : -l1), 0, 0.1);
    est_estimator_free(e);
}

static void optimum(void)
{
    finds_the_optimum(false, (est_linear_sdca_options){ .symmetric_l2_regularization = 2 }, "logistic");
    finds_the_optimum(true, (est_linear_sdca_options){ 0 }, "squared");
    finds_the_optimum(true, (est_linear_sdca_options){ .symmetric_l1_regularization = 9 }, "l1");
    finds_the_optimum(false, (est_linear_sdca_options){ .symmetric_l2_regularization = 4, .adaptive = true }, "adaptive");
    finds_the_optimum(false, (est_linear_sdca_options){ .symmetric_l2_regularization = 2, .num_loss_partitions = 2 }, "partitions");
}

static void the_same_bits(void)
{
    static const char *const dirs[] = { "one", "three", "tables" };
    double w[3][5];
    make_rows();
    for (int i = 0; i < 3; i++) {
        est_linear_sdca_options o = { .symmetric_l2_regularization = 2, .num_table_shards = i == 2 ? 3 : 1 };
        est_estimator *e = new_model(dirs[i], false, o, i == 1 ? 3 : 1);
        if (i == 0) {   /* stopped, and gone on by another estimator */
            EST_CHECK_OK(train(e, (source){ .batch = BATCH }, 7));
            est_estimator_free(e);
            e = new_model(dirs[i], false, o, 1);
        }
        EST_CHECK_OK(train(e, (source){ .batch = BATCH }, 20));
        read_weights(e, w[i]);
        est_estimator_free(e);
    }
    EST_CHECK_BYTES(w[0], sizeof w[0], w[1], sizeof w[1]);
    EST_CHECK_BYTES(w[0], sizeof w[0], w[2], sizeof w[2]);
}

/* Buckets double before they are too full; what is in them stays. */
static void many_examples(void)
{
    make_rows();
    est_estimator *e = new_model("model", true, (est_linear_sdca_options){ 0 }, 1);
    EST_CHECK_OK(train(e, (source){ .values = true, .batch = BATCH }, 4));
    est_tensor *keys, *values;
    EST_NEED_OK(est_get_variable_value(e, "ShardedMutableHashTable-1-of-1-keys", &keys));
    EST_NEED_OK(est_get_variable_value(e, "ShardedMutableHashTable-1-of-1-values", &values));
    int64_t found = 0;
    double weights = 0;
    EST_CHECK_INT(keys->shape.dim[0], values->shape.dim[0]);
    for (int64_t i = 0; i < keys->shape.dim[0]; i++) {
        found += ((const int64_t *)keys->data)[2 * i] != 0;
        weights += (double)((const float *)values->data)[4 * i + 3];
    }
    EST_CHECK_INT(found, ROWS);
    for (int i = 0; i < ROWS; i++)
        weights -= (double)weight[i];
    EST_CHECK_NEAR(weights, 0, 1e-3);
    est_tensor_free(keys);
    est_tensor_free(values);
    est_estimator_free(e);
}

/* ---- what is refused ---- */
static void refuses(void)
{
    est_columns *c = est_columns_new();
    est_optimizer *sdca;
    est_estimator *e;
    est_head *head;
    est_run_config config = { .model_dir = est_test_path("model") };
    EST_CHECK_FAILS(est_linear_sdca_new(&(est_linear_sdca_options){ 0 }, &sdca), EST_INVALID_ARGUMENT,
                    "optimizer 'LinearSDCA': example_id_column is missing: key of a string feature that names each example");
    EST_CHECK(est_linear_sdca_new(&(est_linear_sdca_options){ .example_id_column = "id", .symmetric_l2_regularization = -1 }, &sdca) ==
              EST_INVALID_ARGUMENT);
    EST_NEED_OK(est_linear_sdca_new(&(est_linear_sdca_options){ .example_id_column = "id" }, &sdca));
    est_linear_classifier_options o = { .feature_columns = columns(c), .optimizer = sdca, .n_classes = 3 };
    EST_CHECK_FAILS(est_linear_classifier_new(&o, &config, &e), EST_INVALID_ARGUMENT,
                    "LinearClassifier: LinearSDCA takes two classes or one label, and the head's own loss; this is a MultiClassHead of 3 "
                    "logits");
    o.n_classes = 2;
    o.sparse_combiner = "mean";
    EST_CHECK_FAILS(est_linear_classifier_new(&o, &config, &e), EST_INVALID_ARGUMENT,
                    "LinearClassifier: LinearSDCA takes the sparse_combiner 'sum', not 'mean'");
    o.sparse_combiner = NULL;
    est_warm_start_settings start = { .ckpt_to_initialize_from = "there" };
    o.warm_start_from = &start;
    EST_CHECK_FAILS(est_linear_classifier_new(&o, &config, &e), EST_INVALID_ARGUMENT,
                    "LinearClassifier: LinearSDCA starts from weights of 0, as its dual variables do: leave out warm_start_from, or take "
                    "another optimizer");
    EST_NEED_OK(est_head_new("PoissonRegressionHead", NULL, &head));
    EST_CHECK(est_linear_estimator_new(&(est_linear_estimator_options){ .head = head, .feature_columns = o.feature_columns,
                                                                        .optimizer = sdca }, &config, &e) == EST_INVALID_ARGUMENT);
    est_head_free(head);
    est_optimizer_free(sdca);
    est_columns_free(c);
}

static void needs_names(void)
{
    make_rows();
    est_estimator *e = new_model("model", false, (est_linear_sdca_options){ 0 }, 1);
    EST_CHECK_FAILS(train(e, (source){ .batch = BATCH, .unnamed = true }, 1), EST_INVALID_ARGUMENT,
                    "LinearSDCA: the data hold no example_id_column 'id'");
    est_estimator_free(e);
}

static void trains_no_deep_model(void)
{
    est_columns *c = est_columns_new();
    est_optimizer *sdca;
    est_estimator *e;
    make_rows();
    EST_NEED_OK(est_linear_sdca_new(&(est_linear_sdca_options){ .example_id_column = "id" }, &sdca));
    EST_NEED_OK(est_dnn_classifier_new(&(est_dnn_classifier_options){ .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)),
                                                                      .hidden_units = EST_INTS(4), .optimizer = sdca },
                                       &((est_run_config){ .model_dir = est_test_path("deep") }), &e));
    EST_CHECK_FAILS(train(e, (source){ .batch = BATCH }, 1), EST_INVALID_ARGUMENT,
                    "optimizer 'LinearSDCA' trains LinearClassifier, LinearRegressor and LinearEstimator alone");
    est_estimator_free(e);
    est_optimizer_free(sdca);
    est_columns_free(c);
}

EST_SUITE(estimators_sdca, EST_TEST(optimum), EST_TEST(the_same_bits), EST_TEST(many_examples), EST_TEST(refuses), EST_TEST(needs_names),
          EST_TEST(trains_no_deep_model));
