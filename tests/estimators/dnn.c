/* DNN*, DNNLinearCombined* and Baseline* through the C API: they learn, resume to the same bits, and refuse what they must. */
#include <estimator/estimator.h>

#include "base/base.h"
#include "support/est_test.h"

enum { ROWS = 60, BATCH = 15 };

/* Points in a square; those where x and y are of one sign are of class 1. */
static est_status open_points(int64_t epochs, int64_t batch, est_dataset **out)
{
    static float x[ROWS], y[ROWS];
    static int64_t label[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)(i * 37 % ROWS) / ROWS * 2 - 1;
        y[i] = (float)(i * 11 % ROWS) / ROWS * 2 - 0.99f;
        label[i] = x[i] * y[i] > 0;
    }
    est_tensor tx = { EST_FLOAT, EST_SHAPE(ROWS, 1), x, NULL }, ty = { EST_FLOAT, EST_SHAPE(ROWS, 1), y, NULL };
    est_tensor tl = { EST_INT64, EST_SHAPE(ROWS, 1), label, NULL };
    EST_TRY(est_memory_dataset_new((const char *const[]){ "x", "y" }, (const est_tensor *const[]){ &tx, &ty }, 2, &tl, out));
    est_dataset_repeat(*out, epochs);
    est_dataset_batch(*out, batch, false);
    return EST_OK;
}

static est_status points(const est_input_context *context, est_dataset **out, void *user)
{
    (void)user;
    return open_points(context->mode == EST_TRAIN ? EST_OFF : 1, BATCH, out);
}

static est_status single_points(const est_input_context *context, est_dataset **out, void *user)
{
    (void)context;
    (void)user;
    return open_points(EST_OFF, 1, out);
}

static est_estimator *classifier(const char *dir, int threads, est_dnn_classifier_options o)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_column *list[] = { est_numeric_column(c, "x", NULL), est_numeric_column(c, "y", NULL) };
    est_run_config config = { .model_dir = dir, .num_threads = threads, .tf_random_seed = 3 };
    o.feature_columns = (est_column_list){ list, 2 };
    EST_CHECK_OK(est_dnn_classifier_new(&o, &config, &e));
    est_columns_free(c);
    return e;
}

static void train(const char *dir, int threads, int64_t max_steps, est_dnn_classifier_options o)
{
    est_estimator *e = classifier(dir, threads, o);
    if (e)
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = points, .max_steps = max_steps }, NULL));
    est_estimator_free(e);
}

static double metric(est_estimator *e, const char *name)
{
    est_results *r = NULL;
    double v = -1;
    EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = points }, &r));
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            v = r->value[i];
    est_results_free(r);
    return v;
}

static void learns_what_no_linear_model_can(void)
{
    est_optimizer *adam;
    EST_NEED_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.02 }, &adam));
    est_estimator *e = classifier(est_test_path("m"), 0, (est_dnn_classifier_options){ .hidden_units = EST_INTS(16, 8), .optimizer = adam,
                                                                                      .activation_fn = "tanh" });
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = points, .steps = 300 }, NULL));
    EST_CHECK(metric(e, "accuracy") > 0.9);
    est_estimator_free(e);
    est_optimizer_free(adam);
}

/* Dropout and moving averages too go on as if nothing had stopped, on any number of threads. */
static void resumes_to_the_same_bits(void)
{
    est_dnn_classifier_options o = { .hidden_units = EST_INTS(8, 4), .dropout = 0.3, .batch_norm = true };
    static const char *const names[] = { "dnn/hiddenlayer_0/kernel", "dnn/hiddenlayer_1/batchnorm_1/moving_variance", "dnn/logits/bias",
                                         "training/Adagrad/dnn/hiddenlayer_1/kernel/accumulator" };
    train(est_test_path("whole"), 1, 20, o);
    train(est_test_path("parts"), 2, 7, o);
    train(est_test_path("parts"), 2, 20, o);
    est_estimator *a = classifier(est_test_path("whole"), 1, o), *b = classifier(est_test_path("parts"), 1, o);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        est_tensor *x = NULL, *y = NULL;
        EST_CHECK_OK(est_get_variable_value(a, names[i], &x));
        EST_CHECK_OK(est_get_variable_value(b, names[i], &y));
        if (x && y) {
            size_t n = (size_t)est_shape_elements(&x->shape) * sizeof(float);
            EST_CHECK_BYTES(x->data, n, y->data, n);
        }
        est_tensor_free(x);
        est_tensor_free(y);
    }
    est_estimator_free(a);
    est_estimator_free(b);
}

/* The class as a number: the mean alone has a squared error of a quarter. */
static void regressor_learns(void)
{
    est_estimator *e = NULL;
    est_optimizer *adam = NULL;
    est_columns *c = est_columns_new();
    est_column_list both = EST_COLUMNS(est_numeric_column(c, "x", NULL), est_numeric_column(c, "y", NULL));
    EST_CHECK_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.02 }, &adam));
    EST_CHECK_OK(est_dnn_regressor_new(&(est_dnn_regressor_options){ .hidden_units = EST_INTS(16, 8), .feature_columns = both, .optimizer = adam },
                                       &(est_run_config){ .model_dir = est_test_path("r"), .tf_random_seed = 3 }, &e));
    est_columns_free(c);
    est_optimizer_free(adam);
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = points, .steps = 300 }, NULL));
    EST_CHECK(metric(e, "average_loss") < 0.125);
    est_estimator_free(e);
}

static void fails(const est_dnn_classifier_options *o, const char *message)
{
    est_estimator *e;
    EST_CHECK_FAILS(est_dnn_classifier_new(o, NULL, &e), EST_INVALID_ARGUMENT, message);
    EST_CHECK(e == NULL);
}

static void refuses_what_it_cannot_be(void)
{
    est_columns *c = est_columns_new();
    est_column *x = est_numeric_column(c, "x", NULL);
    est_column *color = est_categorical_column_with_hash_bucket(c, "color", &(est_hash_bucket_options){ .hash_bucket_size = 5 });
    est_column_list good = { &x, 1 }, bad = { (est_column *[]){ x, color }, 2 };
    fails(&(est_dnn_classifier_options){ .feature_columns = good }, "DNNClassifier: hidden_units is missing: units of each hidden layer");
    fails(&(est_dnn_classifier_options){ .feature_columns = good, .hidden_units = EST_INTS(4, 0) },
          "DNNClassifier: hidden_units[1] is 0; it must be at least 1");
    fails(&(est_dnn_classifier_options){ .feature_columns = good, .hidden_units = EST_INTS(-3) },
          "DNNClassifier: hidden_units[0] is -3; it must be at least 1");
    fails(&(est_dnn_classifier_options){ .hidden_units = EST_INTS(4) },
          "DNNClassifier: feature_columns is missing: what the model sees of the features");
    fails(&(est_dnn_classifier_options){ .feature_columns = bad, .hidden_units = EST_INTS(4) },
          "DNNClassifier: feature_columns[1] 'color' is categorical; a DNN takes dense columns: wrap it in indicator_column or "
          "embedding_column");
    fails(&(est_dnn_classifier_options){ .feature_columns = good, .hidden_units = EST_INTS(4), .dropout = 1.5 },
          "DNNClassifier: dropout is 1.5; it must be at most 1");
    est_columns_free(c);
}

static void a_batch_of_one_fails_its_step(void)
{
    est_estimator *e = classifier(est_test_path("m"), 1, (est_dnn_classifier_options){ .hidden_units = EST_INTS(4), .batch_norm = true });
    EST_NEED(e != NULL);
    EST_CHECK_FAILS(est_train(e, &(est_train_options){ .input_fn = single_points, .steps = 3 }, NULL), EST_INVALID_ARGUMENT,
                    "step 1: batch_norm 'dnn/hiddenlayer_0/batchnorm_0': a batch of one example has no variance; make batch_size "
                    "larger, or set drop_remainder where it is the last batch");
    est_estimator_free(e);
}

/* tf.estimator's defaults: what is by name alone, and what is absent. */
static void optimizers_by_default(void)
{
    est_optimizer *o;
    EST_NEED_OK(est_estimator_optimizer("DNNRegressor", "optimizer", NULL, &o));
    EST_CHECK_STR(est_optimizer_name(o), "Adagrad");
    EST_CHECK_NEAR(((const est_adagrad_options *)est_optimizer_options(o))->learning_rate, 0.001, 0);
    est_optimizer_free(o);
    EST_NEED_OK(est_estimator_optimizer("DNNClassifier", "optimizer", "SGD", &o));
    EST_CHECK_NEAR(((const est_sgd_options *)est_optimizer_options(o))->learning_rate, 0.01, 0);
    est_optimizer_free(o);
    EST_NEED_OK(est_estimator_optimizer("LinearClassifier", "optimizer", "SGD", &o));
    EST_CHECK_NEAR(((const est_sgd_options *)est_optimizer_options(o))->learning_rate, 0.2, 0);
    est_optimizer_free(o);
    EST_CHECK_FAILS(est_estimator_optimizer("DNNClassifier", "dnn_optimizer", NULL, &o), EST_NOT_FOUND,
                    "DNNClassifier has no optimizer 'dnn_optimizer'");
}

/* ---- DNNLinearCombined* and Baseline*, and all three under a head ---- */

static est_status train_some(est_estimator *e, int64_t steps)
{
    return e ? est_train(e, &(est_train_options){ .input_fn = points, .steps = steps }, NULL) : EST_INTERNAL;
}

static bool has_variable(est_estimator *e, const char *name)
{
    est_tensor *t = NULL;
    bool there = est_get_variable_value(e, name, &t) == EST_OK;
    est_tensor_free(t);
    return there;
}

static void combined_has_both_parts(void)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_column *list[] = { est_numeric_column(c, "x", NULL), est_numeric_column(c, "y", NULL) };
    est_dnn_linear_combined_classifier_options o = { .linear_feature_columns = { list, 2 }, .dnn_feature_columns = { list, 2 },
                                                     .dnn_hidden_units = EST_INTS(4) };
    EST_NEED_OK(est_dnn_linear_combined_classifier_new(&o, &(est_run_config){ .model_dir = est_test_path("both") }, &e));
    EST_CHECK_OK(train_some(e, 3));
    EST_CHECK(has_variable(e, "dnn/logits/kernel") && has_variable(e, "linear/linear_model/x/weights"));
    EST_CHECK(has_variable(e, "training/Ftrl/iter") && !has_variable(e, "training/Adagrad/iter"));
    EST_CHECK(!has_variable(e, "training/Ftrl/dnn/logits/kernel/linear"));
    est_estimator_free(e);
    est_dnn_linear_combined_regressor_options deep = { .dnn_feature_columns = { list, 2 }, .dnn_hidden_units = EST_INTS(4),
                                                       .dnn_dropout = 0.5, .batch_norm = true };
    EST_NEED_OK(est_dnn_linear_combined_regressor_new(&deep, NULL, &e));
    est_estimator_free(e);
    deep.dnn_hidden_units = (est_ints){ 0 };
    EST_CHECK_FAILS(est_dnn_linear_combined_regressor_new(&deep, NULL, &e), EST_INVALID_ARGUMENT,
                    "DNNLinearCombinedRegressor: dnn_hidden_units must be given with dnn_feature_columns");
    EST_CHECK_FAILS(est_dnn_linear_combined_regressor_new(&(est_dnn_linear_combined_regressor_options){ 0 }, NULL, &e),
                    EST_INVALID_ARGUMENT, "DNNLinearCombinedRegressor: linear_feature_columns or dnn_feature_columns must be given");
    est_columns_free(c);
}

/* The share of the labels, whatever the features; a saved model of it takes tf.Examples all the same. */
static est_estimator *sharing(const char *dir, bool trained)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_bucketized_options x = { .source_column = est_numeric_column(c, "x", NULL), .boundaries = EST_FLOATS(-0.5f, 0, 0.5f) };
    est_bucketized_options y = { .source_column = est_numeric_column(c, "y", NULL), .boundaries = EST_FLOATS(-0.5f, 0, 0.5f) };
    est_column *of[] = { est_bucketized_column(c, &x), est_bucketized_column(c, &y) };
    est_shared_embeddings_options o = { .categorical_columns = { of, 2 }, .dimension = 2, .shared_embedding_collection_name = "table",
                                        .trained = trained };
    est_column *shared = est_shared_embeddings(c, &o);
    est_dnn_linear_combined_classifier_options both = { .linear_feature_columns = { &shared, 1 }, .dnn_feature_columns = { &shared, 1 },
                                                        .dnn_hidden_units = EST_INTS(4) };
    EST_CHECK_OK(est_dnn_linear_combined_classifier_new(&both, &(est_run_config){ .model_dir = dir }, &e));
    est_columns_free(c);
    return e;
}

/* One table for both parts. It stays as it began, as in tf.estimator, or the deep part's optimizer trains it. */
static void a_table_in_both_parts(void)
{
    static const char *const dirs[] = { "as_it_was", "trained" };
    for (int trained = 0; trained < 2; trained++) {
        est_tensor *before = NULL, *after = NULL;
        est_estimator *e = sharing(est_test_path(dirs[trained]), trained);
        EST_CHECK_OK(train_some(e, 1));
        EST_CHECK_OK(est_get_variable_value(e, "table", &before));
        EST_CHECK_OK(train_some(e, 5));
        EST_CHECK_OK(est_get_variable_value(e, "table", &after));
        if (EST_CHECK(before && after) && EST_CHECK_INT(after->shape.dim[0] * after->shape.dim[1], 8))
            EST_CHECK_INT(memcmp(before->data, after->data, 8 * sizeof(float)) != 0, trained);
        EST_CHECK(has_variable(e, "linear/linear_model/x_bucketized_shared_embedding/weights") && has_variable(e, "dnn/logits/kernel"));
        EST_CHECK_INT(has_variable(e, "training/Adagrad/table/accumulator"), trained);
        est_tensor_free(before);
        est_tensor_free(after);
        est_estimator_free(e);
    }
}

static void baseline_learns_the_average(void)
{
    est_estimator *e = NULL;
    char path[256];
    EST_NEED_OK(est_baseline_classifier_new(&(est_baseline_classifier_options){ 0 }, &(est_run_config){ .model_dir = est_test_path("b") },
                                            &e));
    EST_CHECK_OK(train_some(e, 200));
    EST_CHECK_NEAR(metric(e, "prediction/mean"), metric(e, "label/mean"), 0.02);
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("saved"), NULL, path, sizeof path));
    EST_CHECK_FAILS(est_export_saved_model(e, est_test_path("saved"), &(est_export_options){ .receiver = "raw" }, path, sizeof path),
                    EST_INVALID_ARGUMENT, "receiver raw: the model reads no feature that could be fed; take parsing");
    est_estimator_free(e);
    EST_NEED_OK(est_baseline_regressor_new(&(est_baseline_regressor_options){ .label_dimension = 2 }, NULL, &e));
    est_estimator_free(e);
}

static void any_head(void)
{
    est_head *head;
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_column *x = est_numeric_column(c, "x", NULL);
    EST_NEED_OK(est_head_new("BinaryClassHead", &(est_head_options){ .name = "sign" }, &head));
    est_dnn_estimator_options dnn = { .head = head, .feature_columns = { &x, 1 }, .hidden_units = EST_INTS(3) };
    EST_CHECK_OK(est_dnn_estimator_new(&dnn, &(est_run_config){ .model_dir = est_test_path("dnn") }, &e));
    EST_CHECK_OK(train_some(e, 2));
    EST_CHECK(metric(e, "accuracy/sign") >= 0);
    est_estimator_free(e);
    est_dnn_linear_combined_estimator_options combined = { .head = head, .linear_feature_columns = { &x, 1 } };
    EST_CHECK_OK(est_dnn_linear_combined_estimator_new(&combined, &(est_run_config){ .model_dir = est_test_path("combined") }, &e));
    EST_CHECK_OK(train_some(e, 2));
    EST_CHECK(has_variable(e, "linear/linear_model/bias_weights") && !has_variable(e, "training/Ftrl/iter"));
    est_estimator_free(e);
    EST_CHECK_OK(est_baseline_estimator_new(&(est_baseline_estimator_options){ .head = head },
                                            &(est_run_config){ .model_dir = est_test_path("baseline") }, &e));
    EST_CHECK_OK(train_some(e, 2));
    est_estimator_free(e);
    est_head_free(head);
    est_columns_free(c);
    EST_CHECK_FAILS(est_dnn_estimator_new(&(est_dnn_estimator_options){ .hidden_units = EST_INTS(3) }, NULL, &e), EST_INVALID_ARGUMENT,
                    "DNNEstimator: head is missing: what makes loss, metrics and predictions of logits");
}

EST_SUITE(estimators_dnn, EST_TEST(regressor_learns), EST_TEST(learns_what_no_linear_model_can), EST_TEST(resumes_to_the_same_bits),
          EST_TEST(refuses_what_it_cannot_be), EST_TEST(a_batch_of_one_fails_its_step), EST_TEST(optimizers_by_default), EST_TEST(combined_has_both_parts),
          EST_TEST(a_table_in_both_parts),
          EST_TEST(baseline_learns_the_average), EST_TEST(any_head));
