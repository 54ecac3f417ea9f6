/* Boosted trees through the public interface: the verbs, going on after a stop, importances, what they refuse. */
#include <estimator/estimator.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/est_test.h"

enum { ROWS = 600 };

/* The rows of one test, with what is to be wrong with them. */
typedef struct rows {
    int64_t epochs;
    double label, weight;         /* of row 300, where they are not 0 */
    bool weightless, none;
} rows;

/* y follows from x[0] and the kind; x[1] is noise, and missing in every third row. */
static est_status give_rows(const est_input_context *context, est_dataset **out, void *user)
{
    const rows *r = user;
    float x[2 * ROWS], y[ROWS], w[ROWS];
    int64_t kind[ROWS], n = r->none ? 0 : ROWS;
    uint32_t state = 1;
    for (int i = 0; i < ROWS; i++) {
        state = state * 1664525u + 1013904223u;
        x[2 * i] = (float)(state >> 8 & 1023) / 1024;
        x[2 * i + 1] = i % 3 == 0 ? NAN : (float)(state >> 20 & 255);
        kind[i] = state >> 18 & 7;
        y[i] = (x[2 * i] > 0.4f) + (kind[i] == 2 || kind[i] == 5 ? 1.0f : 0);
        w[i] = r->weightless ? 0 : 1;
    }
    y[300] = r->label != 0 ? (float)r->label : y[300];
    w[300] = r->weight != 0 ? (float)r->weight : w[300];
    est_tensor tx = { EST_FLOAT, EST_SHAPE(n, 2), x, NULL }, tk = { EST_INT64, EST_SHAPE(n), kind, NULL };
    est_tensor ty = { EST_FLOAT, EST_SHAPE(n), y, NULL }, tw = { EST_FLOAT, EST_SHAPE(n), w, NULL };
    EST_CHECK_INT(context->whole_input, context->mode == EST_TRAIN);
    est_status st = est_memory_dataset_new((const char *const[]){ "x", "kind", "w" }, (const est_tensor *const[]){ &tx, &tk, &tw }, 3, &ty,
                                           out);
    if (st == EST_OK && r->epochs)
        est_dataset_repeat(*out, r->epochs);
    if (st == EST_OK)
        est_dataset_batch(*out, 128, false);
    return st;
}

static est_column *kind_column(est_columns *c)
{
    return est_categorical_column_with_identity(c, "kind", &((est_identity_options){ .num_buckets = 8 }));
}

static est_estimator *new_trees(const char *dir, est_boosted_trees trees)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_numeric_column_options two = { .shape = EST_INTS(2) };
    est_boosted_trees_regressor_options o = {
        .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", &two), kind_column(c)),
        .weight_column = "w", .trees = trees };
    est_run_config config = { .model_dir = est_test_path(dir), .save_checkpoints_steps = 3, .num_threads = 2 };
    EST_CHECK_OK(est_boosted_trees_regressor_new(&o, &config, &e));
    est_columns_free(c);
    return e;
}

static double metric(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return NAN;
}

static est_status take(const est_predictions *p, void *user)
{
    double *sum = user;
    for (int64_t i = 0; i < p->rows; i++)
        *sum += (double)((const float *)p->value[0]->data)[i];
    return EST_OK;
}

static void learns(void)
{
    rows r = { 0 };
    est_train_result result;
    est_results *metrics = NULL, *gains = NULL;
    double sum = 0;
    est_estimator *e = new_trees("m", (est_boosted_trees){ .n_trees = 20, .max_depth = 3, .learning_rate = 0.5 });
    EST_NEED(e != NULL);
    EST_CHECK(est_estimator_whole_input(e));
    EST_CHECK_FAILS(est_feature_importances(e, true, &gains), EST_NOT_FOUND,
                    est_test_text("%s: there is no checkpoint", est_test_path("m")));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), &result));
    EST_CHECK_INT(result.global_step, 20);
    EST_CHECK(result.loss < 0.001);
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = give_rows, .user = &r }), &metrics));
    EST_CHECK_NEAR(metric(metrics, "average_loss"), result.loss, 1e-6);
    EST_CHECK_OK(est_predict(e, &((est_predict_options){ .input_fn = give_rows, .user = &r, .each = take, .each_user = &sum })));
    EST_CHECK_NEAR(sum / ROWS, metric(metrics, "label/mean"), 1e-3);
    EST_CHECK_OK(est_feature_importances(e, true, &gains));
    if (EST_CHECK(gains != NULL) && EST_CHECK_INT(gains->count, 3)) {
        EST_CHECK_STR(gains->name[0], "x:0");
        EST_CHECK_STR(gains->name[1], "kind");
        EST_CHECK_NEAR(gains->value[0] + gains->value[1] + gains->value[2], 1, 1e-9);
        EST_CHECK(gains->value[0] > gains->value[1] && gains->value[2] < 0.01);
    }
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), &result));   /* nothing is left to do */
    EST_CHECK_INT(result.steps, 0);
    est_results_free(gains);
    est_results_free(metrics);
    est_estimator_free(e);
}

/* Whether two model directories' newest checkpoints hold the same bytes. */
static void check_same(est_estimator *a, est_estimator *b)
{
    est_strings names;
    EST_NEED_OK(est_get_variable_names(a, &names));
    EST_CHECK_INT(names.count, 16);
    for (size_t i = 0; i < names.count; i++) {
        est_tensor *x = NULL, *y = NULL;
        EST_CHECK_OK(est_get_variable_value(a, names.data[i], &x));
        EST_CHECK_OK(est_get_variable_value(b, names.data[i], &y));
        if (x && y && EST_CHECK(est_shape_equal(&x->shape, &y->shape))) {
            size_t n = (size_t)est_shape_elements(&x->shape) * est_dtype_size(x->dtype);
            EST_CHECK(memcmp(x->data, y->data, n) == 0);
        }
        est_tensor_free(x);
        est_tensor_free(y);
    }
}

static void goes_on_as_if_it_had_not_stopped(void)
{
    rows r = { 0 };
    est_boosted_trees o = { .n_trees = 9, .max_depth = 3, .subsample = 0.6, .feature_fraction = 0.7, .center_bias = true,
                            .validation_fraction = 0.2, .early_stopping_rounds = 5 };
    est_estimator *once = new_trees("once", o), *often = new_trees("often", o);
    EST_NEED(once && often);
    EST_CHECK_OK(est_train(once, &((est_train_options){ .input_fn = give_rows, .user = &r }), NULL));
    for (int i = 0; i < 3; i++) {
        EST_CHECK_OK(est_train(often, &((est_train_options){ .input_fn = give_rows, .user = &r, .steps = i ? 4 : 1 }), NULL));
        est_estimator_free(often);
        often = new_trees("often", o);
        EST_NEED(often != NULL);
    }
    check_same(once, often);
    est_estimator_free(once);
    est_estimator_free(often);
}

/* The label is noise: the first rounds are the best. */
static void stops_early(void)
{
    rows r = { .label = 1000 };   /* an outlier that the trees chase */
    est_train_result result;
    est_results *metrics = NULL;
    est_estimator *e = new_trees("m", (est_boosted_trees){ .n_trees = 100, .learning_rate = 1, .max_depth = 8, .center_bias = true,
                                                           .validation_fraction = 0.3, .early_stopping_rounds = 3 });
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), &result));
    EST_CHECK(result.global_step < 90);
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = give_rows, .user = &r }), &metrics));
    EST_CHECK_NEAR(metric(metrics, "global_step"), (double)result.global_step, 0);
    est_results_free(metrics);
    est_estimator_free(e);
}

static void refuses_bad_rows(void)
{
    static const struct { rows r; est_status status; const char *message; } cases[] = {
        { { .label = NAN }, EST_INVALID_ARGUMENT,
          "batch 3: label nan of example 44 of the batch is not a finite number" },
        { { .weight = -2 }, EST_INVALID_ARGUMENT,
          "batch 3: weight_column 'w': weight -2 of example 44 of the batch is below 0; it must be a number from 0 on" },
        { { .weightless = true }, EST_INVALID_ARGUMENT, "BoostedTreesRegressor: the weights of all 600 examples are 0" },
        { { .epochs = EST_OFF }, EST_RESOURCE_EXHAUSTED,
          "BoostedTreesRegressor: the input has more rows than the 19230 of 3 features that fit into memory_limit_mb: give fewer rows, "
          "raise memory_limit_mb, or, if the input repeats, give it one epoch" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rows r = cases[i].r;
        est_estimator *e = new_trees("m", (est_boosted_trees){ .n_trees = 2, .memory_limit_mb = 1 });
        EST_NEED(e != NULL);
        EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), NULL), cases[i].status,
                        cases[i].message);
        est_estimator_free(e);
    }
}

static void refuses_options(void)
{
    static const struct { est_boosted_trees o; const char *message; } cases[] = {
        { { .pruning_mode = "pre" }, "BoostedTreesClassifier: pruning_mode 'pre' needs a tree_complexity above 0" },
        { { .max_depth = EST_OFF }, "BoostedTreesClassifier: trees of any depth need max_leaves" },
        { { .max_leaves = 1 }, "BoostedTreesClassifier: max_leaves is 1; it must be at least 2" },
        { { .early_stopping_rounds = 3 }, "BoostedTreesClassifier: early_stopping_rounds needs a validation_fraction: rows to look at" },
        { { .n_batches_per_layer = 7 }, "BoostedTreesClassifier: n_batches_per_layer is 7; it must be at most 1" },
        { { .learning_rate = -1 }, "BoostedTreesClassifier: learning_rate is -1; it must be above 0" },
        { { 0 }, "BoostedTreesClassifier: feature column 'kind_embedding' is an embedding, which trees do not train: give its "
                 "categorical column" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est_columns *c = est_columns_new();
        est_estimator *e = NULL;
        est_column *kind = kind_column(c);
        bool embedded = i + 1 == sizeof cases / sizeof *cases;
        est_boosted_trees_classifier_options o = {
            .feature_columns = EST_COLUMNS(embedded ? est_embedding_column(c, &((est_embedding_options){ .categorical_column = kind, .dimension = 2 })) : kind), .trees = cases[i].o };
        EST_CHECK_FAILS(est_boosted_trees_classifier_new(&o, NULL, &e), EST_INVALID_ARGUMENT, cases[i].message);
        EST_CHECK(e == NULL);
        est_columns_free(c);
    }
}

static void needs_its_own_checkpoint(void)
{
    rows r = { 0 };
    est_columns *c = est_columns_new();
    est_estimator *e = new_trees("m", (est_boosted_trees){ .n_trees = 2 }), *other = NULL;
    est_results *metrics = NULL;
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), NULL));
    est_boosted_trees_regressor_options o = { .feature_columns = EST_COLUMNS(kind_column(c)) };
    EST_NEED_OK(est_boosted_trees_regressor_new(&o, &((est_run_config){ .model_dir = est_test_path("m") }), &other));
    EST_CHECK_FAILS(est_evaluate(other, &((est_evaluate_options){ .input_fn = give_rows, .user = &r }), &metrics), EST_INVALID_ARGUMENT,
                    est_test_text("%s: its trees have 3 features, the feature columns give 1: was model_dir written with other columns?",
                                  est_test_path("m/model.ckpt-2")));
    est_estimator_free(other);
    est_estimator_free(e);
    est_columns_free(c);
}

/* Any head of a loss that trees know. */
static void takes_heads(void)
{
    static const char *const heads[] = { "RegressionHead", "LogisticRegressionHead", "PoissonRegressionHead" };
    rows r = { .label = 1 };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        est_columns *c = est_columns_new();
        est_head *head = NULL;
        est_estimator *e = NULL;
        est_train_result result = { 0 };
        EST_CHECK_OK(est_head_new(heads[i], NULL, &head));
        est_boosted_trees_estimator_options o = { .head = head, .trees = { .n_trees = 3 },
            .feature_columns = EST_COLUMNS(kind_column(c)) };
        EST_CHECK_OK(est_boosted_trees_estimator_new(&o, &((est_run_config){ .model_dir = est_test_path(heads[i]) }), &e));
        if (i != 1)   /* of the logistic loss, labels are at most 1 */
            EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = give_rows, .user = &r }), &result));
        EST_CHECK(i == 1 || result.global_step == 3);
        est_estimator_free(e);
        est_head_free(head);
        est_columns_free(c);
    }
}

EST_SUITE(estimators_boosted_trees, EST_TEST(learns), EST_TEST(goes_on_as_if_it_had_not_stopped), EST_TEST(stops_early),
          EST_TEST(refuses_bad_rows), EST_TEST(refuses_options), EST_TEST(needs_its_own_checkpoint), EST_TEST(takes_heads));
