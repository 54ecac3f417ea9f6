/* Estimators through the public headers alone: a model_fn of one's own, a regressor with Adagrad, and what the headers promise
 * of lent pointers, refused options and threads. */
#include <string.h>

#include <pthread.h>

#include <estimator/estimator.h>

#include "support/est_test.h"

enum { ROWS = 64 };

/* y = 2 x + 1 at x = -1 … 1, for ever while training. */
static est_status line(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const names[] = { "x" };
    float x[ROWS], y[ROWS];
    (void)user;
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)i / 31.5f - 1;
        y[i] = 2 * x[i] + 1;
    }
    est_tensor xs = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, 1), .data = x };
    est_tensor ys = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS), .data = y };
    const est_tensor *const tensors[] = { &xs };
    est_status st = est_memory_dataset_new(names, tensors, 1, &ys, out);
    if (st != EST_OK)
        return st;
    if (context->mode == EST_TRAIN)
        est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, 16, false);
    return EST_OK;
}

static est_status new_regressor(const char *dir, est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_optimizer *adagrad = NULL;
    est_status st = est_adagrad_optimizer_new(&(est_adagrad_options){ .learning_rate = 0.5 }, &adagrad);
    *out = NULL;
    if (st == EST_OK)
        st = est_linear_regressor_new(
            &(est_linear_regressor_options){ .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)), .optimizer = adagrad },
            &(est_run_config){ .model_dir = dir, .num_threads = 1 }, out);
    est_optimizer_free(adagrad);
    est_columns_free(c);
    return st;
}

/* The same model, its head given. */
static est_status new_under_head(const char *dir, est_estimator **out)
{
    est_columns *c = est_columns_new();
    est_optimizer *adagrad = NULL;
    est_head *head = NULL;
    est_status st = est_adagrad_optimizer_new(&(est_adagrad_options){ .learning_rate = 0.5 }, &adagrad);
    *out = NULL;
    if (st == EST_OK)
        st = est_head_new("RegressionHead", &(est_head_options){ .name = "y" }, &head);
    if (st == EST_OK)
        st = est_linear_estimator_new(
            &(est_linear_estimator_options){ .head = head, .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)),
                                             .optimizer = adagrad },
            &(est_run_config){ .model_dir = dir, .num_threads = 1 }, out);
    est_head_free(head);
    est_optimizer_free(adagrad);
    est_columns_free(c);
    return st;
}

static double metric(const est_results *r, const char *name)
{
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return r->value[i];
    return -1;
}

static void any_head_gives_the_same_weights(void)
{
    est_estimator *e[2];
    est_results *r = NULL;
    float w[2] = { 0, 1 };
    EST_NEED_OK(new_regressor(est_test_path("regressor"), &e[0]));
    EST_NEED_OK(new_under_head(est_test_path("estimator"), &e[1]));
    for (int i = 0; i < 2; i++) {
        est_tensor *weights = NULL;
        EST_CHECK_OK(est_train(e[i], &(est_train_options){ .input_fn = line, .max_steps = 20 }, NULL));
        if (EST_CHECK_OK(est_get_variable_value(e[i], "linear/linear_model/x/weights", &weights)))
            w[i] = *(const float *)weights->data;
        est_tensor_free(weights);
    }
    EST_CHECK(w[0] == w[1]);
    EST_CHECK_OK(est_evaluate(e[1], &(est_evaluate_options){ .input_fn = line }, &r));
    EST_CHECK_NEAR(metric(r, "label/mean/y"), 1, 1e-6);
    est_results_free(r);
    est_estimator_free(e[0]);
    est_estimator_free(e[1]);
    EST_CHECK_FAILS(est_linear_estimator_new(&((est_linear_estimator_options){ 0 }), NULL, &e[0]), EST_INVALID_ARGUMENT,
                    "LinearEstimator: head is missing: what makes loss, metrics and predictions of logits");
}

static void regressor_learns_a_line(void)
{
    est_estimator *e;
    est_results *r = NULL;
    est_tensor *weights = NULL;
    EST_NEED_OK(new_regressor(est_test_path("model"), &e));
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = line, .max_steps = 300 }, NULL));
    EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = line }, &r));
    EST_CHECK_NEAR(metric(r, "average_loss"), 0, 1e-3);
    EST_CHECK_NEAR(metric(r, "label/mean"), 1, 1e-6);
    if (EST_CHECK_OK(est_get_variable_value(e, "linear/linear_model/x/weights", &weights)))
        EST_CHECK_NEAR(*(const float *)weights->data, 2, 0.05);
    est_tensor_free(weights);
    est_results_free(r);
    est_estimator_free(e);
}

/* What is lent lives until the same function is called again, whatever else is called. */
static void lent_lists_do_not_disturb_each_other(void)
{
    est_estimator *e;
    est_strings names = { 0 };
    est_features_spec spec = { 0 };
    est_tensor *value = NULL;
    EST_NEED_OK(new_regressor(est_test_path("model"), &e));
    EST_CHECK_FAILS(est_get_variable_names(e, &names), EST_NOT_FOUND,
                    est_test_text("%s: there is no checkpoint", est_test_path("model")));
    EST_CHECK_INT(names.count, 0);
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = line, .max_steps = 1 }, NULL));
    const char *latest = est_estimator_latest_checkpoint(e);
    EST_CHECK_OK(est_get_variable_names(e, &names));
    EST_CHECK_OK(est_estimator_input_spec(e, EST_STRINGS("y"), true, &spec));
    EST_CHECK_OK(est_get_variable_value(e, "global_step", &value));
    if (EST_CHECK_INT(names.count, 7))
        EST_CHECK_STR(names.data[0], "global_step");
    if (EST_CHECK_INT(spec.count, 2))
        EST_CHECK_STR(spec.data[1].name, "y");
    EST_CHECK_STR(latest, est_test_text("%s/model.ckpt-1", est_test_path("model")));
    EST_CHECK_FAILS(est_estimator_input_spec(e, EST_STRINGS("x"), true, &spec), EST_INVALID_ARGUMENT,
                    "LinearRegressor: 'x' is the label and a feature too");
    EST_CHECK_INT(spec.count, 0);
    est_tensor_free(value);
    est_estimator_free(e);
}

/* ---- a model_fn of one's own ---- */

typedef struct mine {
    est_optimizer *optimizer;
    int built, freed;
} mine;

static est_status model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    mine *m = user;
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_features_find(features, "x")->value;
    est_node *y = est_dense(g, x, 1, &(est_dense_options){ .name = "line" });
    m->built++;
    est_spec_prediction(spec, "y", y);
    if (mode == EST_PREDICT)
        return EST_OK;
    est_node *losses = est_squared_error(g, est_expand_dims(g, labels, -1), y);
    est_node *loss = est_loss_reduce(g, losses, NULL, NULL);
    est_spec_loss(spec, loss);
    est_spec_metric(spec, est_metric_mean(g, "squared_error", losses, NULL));
    if (mode == EST_TRAIN)
        est_spec_train_op(spec, est_optimizer_minimize(m->optimizer, g, loss, est_spec_global_step(spec)));
    return EST_OK;
}

static void free_mine(void *user)
{
    ((mine *)user)->freed++;
}

static est_status add_up(const est_predictions *batch, void *user)
{
    for (int64_t i = 0; i < batch->rows; i++)
        *(double *)user += (double)((const float *)batch->value[0]->data)[i];
    return EST_OK;
}

static void model_fn_of_ones_own(void)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } } };
    mine m = { 0 };
    est_estimator *e;
    est_results *r = NULL;
    double sum = 0;
    EST_NEED_OK(est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.3 }, &m.optimizer));
    est_custom_options o = { .model_fn = model_fn, .features = { &x, 1 }, .user = &m, .free_user = free_mine };
    if (EST_CHECK_OK(est_custom_new(&o, &(est_run_config){ .model_dir = est_test_path("model"), .num_threads = 1 }, &e))) {
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = line, .steps = 200 }, NULL));
        EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = line }, &r));
        EST_CHECK_NEAR(metric(r, "squared_error"), 0, 1e-6);
        EST_CHECK_INT((int64_t)metric(r, "global_step"), 200);
        EST_CHECK_OK(est_predict(e, &(est_predict_options){ .input_fn = line, .each = add_up, .each_user = &sum }));
        EST_CHECK_NEAR(sum, ROWS, 1e-2);
        EST_CHECK_INT(m.built, 3);
    }
    est_results_free(r);
    est_estimator_free(e);
    EST_CHECK_INT(m.freed, 1);
    est_optimizer_free(m.optimizer);
}

static void refused_options(void)
{
    struct {
        est_custom_options known;
        int newer;
    } grown = { .known = { .model_fn = model_fn, .free_user = free_mine }, .newer = 1 };
    mine m = { 0 };
    est_estimator *e;
    est_optimizer *o;
    est_experiment *x;
    est_dataset *d;
    grown.known.user = &m;
    EST_CHECK_FAILS(est_custom_new_sized(&grown.known, sizeof grown, NULL, 0, &e), EST_INVALID_ARGUMENT,
                    "Estimator: an option is set that this library does not know; it must be as new as its headers");
    EST_CHECK_INT(m.freed, 1);
    EST_CHECK_FAILS(est_custom_new(&(est_custom_options){ .user = &m, .free_user = free_mine }, NULL, &e), EST_INVALID_ARGUMENT,
                    "Estimator: model_fn is needed");
    EST_CHECK_INT(m.freed, 2);
    EST_CHECK(e == NULL);
    EST_CHECK_FAILS(est_custom_new(&(est_custom_options){ .model_fn = model_fn }, &(est_run_config){ .device = "cuda" }, &e),
                    EST_UNIMPLEMENTED, "Estimator: device 'cuda' is not built in; there are 'auto' and 'cpu'");
    EST_CHECK_FAILS(est_estimator_new(NULL, NULL, 0, NULL, 0, &e), EST_NOT_FOUND,
                    "unknown estimator '(NULL)'; est_estimator_names() tells which there are");
    EST_CHECK_FAILS(est_optimizer_new(NULL, NULL, 0, &o), EST_NOT_FOUND,
                    "unknown optimizer '(NULL)'; there are Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, LAMB, LinearSDCA, Nadam, "
                    "ProximalAdagrad, ProximalGradientDescent, RMSprop and SGD");
    EST_CHECK_FAILS(est_callback_dataset_new(NULL, &d), EST_INVALID_ARGUMENT, "a callback dataset needs next");
    EST_CHECK_FAILS(est_experiment_new(NULL, &x), EST_INVALID_ARGUMENT, "no configuration file is given");
    EST_NEED_OK(new_regressor(est_test_path("model"), &e));
    EST_CHECK_FAILS(est_train(e, NULL, NULL), EST_INVALID_ARGUMENT, "LinearRegressor: input_fn is needed");
    EST_CHECK_FAILS(est_predict(e, NULL), EST_INVALID_ARGUMENT, "LinearRegressor: input_fn is needed");
    est_estimator_free(e);
}

/* ---- predictors, made and run on several threads ---- */

static void *ask(void *user)
{
    const est_saved_model *m = user;
    est_predictor *p = NULL;
    est_predictor_call *call = NULL;
    float x = 0;
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1, 1), .data = &x };
    const est_tensor *const inputs[] = { &in };
    const est_tensor *outputs[1];
    est_status st = est_predictor_new(m, "predict", &p);
    if (st == EST_OK)
        st = est_predictor_call_new(p, &call);
    for (int i = 0; i < 100 && st == EST_OK; i++)
        st = est_predictor_run(call, inputs, outputs);
    bool good = st == EST_OK && *(const float *)outputs[0]->data > 0.9f && *(const float *)outputs[0]->data < 1.1f;
    est_predictor_call_free(call);
    est_predictor_free(p);
    return good ? user : NULL;
}

static void predictors_on_threads(void)
{
    enum { THREADS = 4 };
    char folder[4096];
    est_estimator *e;
    est_saved_model *m = NULL;
    pthread_t thread[THREADS];
    void *good;
    EST_NEED_OK(new_regressor(est_test_path("model"), &e));
    EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = line, .max_steps = 300 }, NULL));
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("exported"), &(est_export_options){ .receiver = "raw" }, folder,
                                        sizeof folder));
    est_estimator_free(e);
    EST_NEED_OK(est_saved_model_load(folder, &m));
    for (int i = 0; i < THREADS; i++)
        EST_CHECK_INT(pthread_create(&thread[i], NULL, ask, m), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], &good);
        EST_CHECK(good == m);
    }
    est_saved_model_free(m);
}

EST_SUITE(estimators_public, EST_TEST(regressor_learns_a_line), EST_TEST(any_head_gives_the_same_weights), EST_TEST(lent_lists_do_not_disturb_each_other),
          EST_TEST(model_fn_of_ones_own), EST_TEST(refused_options), EST_TEST(predictors_on_threads));
