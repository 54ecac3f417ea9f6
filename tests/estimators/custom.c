/* Estimators of other forms: a DNN as a model_fn, weights, label vocabularies, labels of several values, two at once, other locales. */
#include <estimator/estimator.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/est_test.h"
#include "train/small.h"

enum { ROWS = 64 };

/* ---- a DNN that learns xor ---- */

static est_status xor_rows(const est_input_context *context, est_dataset **out, void *user)
{
    float x[2 * ROWS];
    int64_t label[ROWS];
    (void)user;
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = (float)(i & 1);
        x[2 * i + 1] = (float)(i >> 1 & 1);
        label[i] = (i ^ i >> 1) & 1;
    }
    est_tensor tx = { EST_FLOAT, EST_SHAPE(ROWS, 2), x, NULL }, tl = { EST_INT64, EST_SHAPE(ROWS, 1), label, NULL };
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &tl, out);
    if (st == EST_OK && context->mode == EST_TRAIN)
        est_dataset_repeat(*out, EST_OFF);
    if (st == EST_OK)
        est_dataset_batch(*out, 16, false);
    return st;
}

typedef struct dnn {
    est_head *head;
    est_optimizer *optimizer;
} dnn;

static est_status dnn_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    dnn *d = user;
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_features_find(features, "x")->value;
    est_node *h = est_dense(g, x, 16, &((est_dense_options){ .activation = est_relu, .name = "hidden" }));
    est_node *logits = est_dense(g, h, est_head_logits_dimension(d->head), &((est_dense_options){ .name = "logits" }));
    est_spec_scalar_summary(spec, "hidden/mean", est_reduce_mean(g, h, EST_INTS(0, 1), false));
    return est_head_spec(d->head, spec, features, labels, mode, logits, d->optimizer);
}

static double metric(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return NAN;
}

static void dnn_learns_xor(void)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 2 } } };
    dnn d = { 0 };
    est_estimator *e = NULL;
    est_results *before = NULL, *after = NULL;
    EST_NEED_OK(est_head_new("BinaryClassHead", NULL, &d.head));
    EST_NEED_OK(est_adam_optimizer_new(&((est_adam_options){ .learning_rate = 0.02 }), &d.optimizer));
    est_custom_options o = { .model_fn = dnn_fn, .features = { &x, 1 }, .head = d.head, .name = "DNN", .user = &d };
    EST_NEED_OK(est_custom_new(&o, &((est_run_config){ .model_dir = est_test_path("dnn"), .num_threads = 2 }), &e));
    est_train_options t = { .input_fn = xor_rows, .steps = 2 };
    est_evaluate_options v = { .input_fn = xor_rows };
    EST_CHECK_OK(est_train(e, &t, NULL));
    EST_CHECK_OK(est_evaluate(e, &v, &before));
    t.steps = 300;
    EST_CHECK_OK(est_train(e, &t, NULL));
    EST_CHECK_OK(est_evaluate(e, &v, &after));
    EST_CHECK(metric(after, "loss") < 0.2 * metric(before, "loss"));
    EST_CHECK_NEAR(metric(after, "accuracy"), 1, 0);
    EST_CHECK_INT(metric(after, "global_step"), 302);
    est_results_free(before);
    est_results_free(after);
    est_estimator_free(e);
    est_head_free(d.head);
    est_optimizer_free(d.optimizer);
}

/* ---- what labels and weights may be ---- */

static const char *const table = "x,kind,weight,a,b\n1,yes,1,2,-1\n2,no,0,4,-2\n3,yes,1,6,-3\n4,yes,2,8,-4\n-1,no,0.5,-2,1\n";

typedef struct csv {
    est_estimator *e;
    est_strings label;
    int64_t epochs;
} csv;

static est_status csv_rows(const est_input_context *context, est_dataset **out, void *user)
{
    csv *c = user;
    est_csv_options o = { .input_path = EST_STRINGS(est_test_file("t.csv", table, strlen(table))), .label = c->label };
    est_status st = est_estimator_input_spec(c->e, c->label, true, &o.features);
    if (st == EST_OK)
        st = est_csv_dataset_new(&o, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), 5, false);
    return st;
}

static est_status take_classes(const est_predictions *p, void *user)
{
    char *all = user;
    for (int64_t i = 0; i < p->rows; i++) {
        size_t n;
        const char *s = est_tensor_string(p->value[0], i, &n);
        snprintf(all + strlen(all), 64, "%.*s ", (int)n, s);
    }
    return EST_OK;
}

static void labels_are_words(void)
{
    est_columns *columns = est_columns_new();
    csv c = { .label = EST_STRINGS("kind") };
    est_results *r = NULL;
    char classes[400] = "";
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(columns, "x", NULL)),
                                        .label_vocabulary = EST_STRINGS("no", "yes"), .weight_column = "weight" };
    EST_NEED_OK(est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path("m") }), &c.e));
    est_columns_free(columns);
    EST_CHECK_OK(est_train(c.e, &((est_train_options){ .input_fn = csv_rows, .user = &c, .max_steps = 200 }), NULL));
    EST_CHECK_OK(est_evaluate(c.e, &((est_evaluate_options){ .input_fn = csv_rows, .user = &c }), &r));
    EST_CHECK_NEAR(metric(r, "label/mean"), 4 / 4.5, 1e-6);     /* weighted; the one that weighs nothing does not count */
    EST_CHECK_NEAR(metric(r, "accuracy"), 1, 0);
    est_results_free(r);
    est_predict_options p = { .input_fn = csv_rows, .user = &c, .predict_keys = EST_STRINGS("classes"), .each = take_classes,
                              .each_user = classes };
    EST_CHECK_OK(est_predict(c.e, &p));
    EST_CHECK_STR(classes, "yes yes yes yes no ");
    est_estimator_free(c.e);
    o = (est_linear_classifier_options){ .feature_columns = { NULL, 0 } };
    EST_CHECK_FAILS(est_linear_classifier_new(&o, NULL, &c.e), EST_INVALID_ARGUMENT, "LinearClassifier: feature_columns is missing: what the model sees of the features");
}

static void unknown_word(void)
{
    est_columns *columns = est_columns_new();
    csv c = { .label = EST_STRINGS("kind") };
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(columns, "x", NULL)), .n_classes = 3,
                                        .label_vocabulary = EST_STRINGS("yes", "maybe", "never") };
    EST_NEED_OK(est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path("m") }), &c.e));
    est_columns_free(columns);
    est_status st = est_train(c.e, &((est_train_options){ .input_fn = csv_rows, .user = &c, .max_steps = 2 }), NULL);
    EST_CHECK_FAILS(st, EST_INVALID_ARGUMENT, "step 1: label 'no' of example 1 of the batch is not in label_vocabulary");
    est_estimator_free(c.e);
}

static void labels_of_two_values(void)
{
    est_columns *columns = est_columns_new();
    csv c = { .label = EST_STRINGS("a", "b") };
    est_results *r = NULL;
    est_tensor *weights = NULL;
    est_linear_regressor_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(columns, "x", NULL)), .label_dimension = 2 };
    EST_NEED_OK(est_linear_regressor_new(&o, &((est_run_config){ .model_dir = est_test_path("m") }), &c.e));
    est_columns_free(columns);
    EST_CHECK_OK(est_train(c.e, &((est_train_options){ .input_fn = csv_rows, .user = &c, .max_steps = 2000 }), NULL));
    EST_CHECK_OK(est_evaluate(c.e, &((est_evaluate_options){ .input_fn = csv_rows, .user = &c }), &r));
    EST_CHECK(metric(r, "average_loss") < 0.01);
    est_results_free(r);
    EST_CHECK_OK(est_get_variable_value(c.e, "linear/linear_model/x/weights", &weights));
    EST_NEED(weights && weights->shape.rank == 2 && weights->shape.dim[0] == 1 && weights->shape.dim[1] == 2);
    EST_CHECK_NEAR(((const float *)weights->data)[0], 2, 0.1);
    EST_CHECK_NEAR(((const float *)weights->data)[1], -1, 0.1);
    est_tensor_free(weights);
    est_estimator_free(c.e);
}

/* ---- two in one program ---- */

static void two_side_by_side(void)
{
    est_estimator *a = small_new(est_test_path("a")), *b = small_new(est_test_path("b"));
    est_results *x = NULL, *y = NULL;
    for (int step = 2; step <= 6; step += 2) {   /* by turns */
        EST_CHECK_OK(est_train(a, &((est_train_options){ .input_fn = small_input, .max_steps = step }), NULL));
        EST_CHECK_OK(est_train(b, &((est_train_options){ .input_fn = small_input, .max_steps = step }), NULL));
    }
    EST_CHECK_OK(est_evaluate(a, &((est_evaluate_options){ .input_fn = small_once }), &x));
    EST_CHECK_OK(est_evaluate(b, &((est_evaluate_options){ .input_fn = small_once }), &y));
    EST_CHECK_NEAR(metric(x, "loss"), metric(y, "loss"), 0);
    est_results_free(x);
    est_results_free(y);
    est_estimator_free(a);
    est_estimator_free(b);
}

/* ---- another locale: tests/estimators/locale.sh runs this in one whose decimal point is a comma ---- */

static void numbers_without_locale(void)
{
    const char *wanted = getenv("EST_TEST_LOCALE");
    csv c = { .label = EST_STRINGS("a") };
    est_columns *columns = est_columns_new();
    char number[16];
    if (wanted) {
        EST_NEED(setlocale(LC_ALL, wanted) != NULL);
        snprintf(number, sizeof number, "%g", 0.5);
        EST_CHECK_STR(number, "0,5");
    }
    est_linear_regressor_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(columns, "x", NULL)), .weight_column = "weight" };
    EST_NEED_OK(est_linear_regressor_new(&o, &((est_run_config){ .model_dir = est_test_path("m"), .log_step_count_steps = EST_OFF }), &c.e));
    est_columns_free(columns);
    log_begin(EST_LOG_INFO);
    EST_CHECK_OK(est_train(c.e, &((est_train_options){ .input_fn = csv_rows, .user = &c, .max_steps = 2 }), NULL));
    EST_CHECK_STR(log_lines(), "step 2: loss = 25.9212; done\n");
    log_end();
    est_results *r = NULL;
    EST_CHECK_OK(est_evaluate(c.e, &((est_evaluate_options){ .input_fn = csv_rows, .user = &c }), &r));
    EST_CHECK_NEAR(metric(r, "label/mean"), 23 / 4.5, 1e-6);
    est_results_free(r);
    est_estimator_free(c.e);
    est_head *h = NULL;
    est_optimizer *ftrl = NULL;
    EST_CHECK_FAILS(est_ftrl_optimizer_new(&((est_ftrl_options){ .learning_rate = -0.5 }), &ftrl), EST_INVALID_ARGUMENT,
                    "optimizer 'Ftrl': learning_rate is -0.5; it must be at least 0");
    EST_CHECK_FAILS(est_head_new("BinaryClassHead", &((est_head_options){ .thresholds = EST_FLOATS(0.25, 1.5) }), &h),
                    EST_INVALID_ARGUMENT, "BinaryClassHead: thresholds[1] is 1.5; it must lie between 0 and 1");
    setlocale(LC_ALL, "C");
}

EST_SUITE(estimators_custom, EST_TEST(dnn_learns_xor), EST_TEST(labels_are_words), EST_TEST(unknown_word), EST_TEST(labels_of_two_values),
          EST_TEST(two_side_by_side), EST_TEST(numbers_without_locale));
