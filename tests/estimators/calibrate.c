/* est_calibrate: held-out examples of a trained classifier, each method, and what is refused. */
#include <math.h>

#include <estimator/calibrate.h>

#include "support/est_test.h"

enum { ROWS = 60 };

/* Two classes, of which x tells little: a model that learns long believes too much. `user`: one class alone. */
static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const name = "x";
    static float x[ROWS];
    static int64_t y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)(i * 37 % ROWS) / ROWS - 0.5f;
        y[i] = !user && (x[i] > 0) != (i % 4 == 0);
    }
    est_tensor tx = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS), .data = x };
    est_tensor ty = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS), .data = y };
    est_status st = est_memory_dataset_new(&name, (const est_tensor *const[]){ &tx }, 1, &ty, out);
    if (st == EST_OK)
        est_dataset_batch(context->mode == EST_TRAIN ? est_dataset_repeat(*out, EST_OFF) : *out, 16, false);
    return st;
}

/* The loss after training, with that calibration. */
static double loss(const char *dir, const est_calibration *calibration, est_estimator **kept)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_results *r = NULL;
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)), .calibration = *calibration };
    double found = NAN;
    if (EST_CHECK_OK(est_linear_classifier_new(&o, &(est_run_config){ .model_dir = est_test_path(dir) }, &e)) &&
        EST_CHECK_OK(est_train(e, &(est_train_options){ .input_fn = rows, .max_steps = 30 }, NULL)) &&
        EST_CHECK_OK(est_evaluate(e, &(est_evaluate_options){ .input_fn = rows }, &r)))
        for (size_t i = 0; i < r->count; i++)
            found = strcmp(r->name[i], "average_loss") == 0 ? r->value[i] : found;
    est_results_free(r);
    est_columns_free(c);
    if (kept)
        *kept = e;
    else
        est_estimator_free(e);
    return found;
}

static void each_method_lowers_the_loss(void)
{
    static const char *const methods[] = { "temperature", "isotonic" };
    est_estimator *e = NULL;
    double plain = loss("m", &(est_calibration){ 0 }, &e);
    EST_NEED(e != NULL);
    for (int i = 0; i < 2; i++) {
        est_calibration *c = NULL;
        if (EST_CHECK_OK(est_calibrate(e, &(est_calibrate_options){ .input_fn = rows, .method = methods[i] }, &c)))
            EST_CHECK(loss("m", c, NULL) < plain);
        est_calibration_free(c);
    }
    est_calibration *c = NULL;
    EST_CHECK_OK(est_calibrate(e, &(est_calibrate_options){ .input_fn = rows }, &c));
    EST_CHECK(c && c->platt.count == 2 && c->temperature == 0);
    est_calibration_free(c);
    est_calibration_free(NULL);
    est_estimator_free(e);
}

static void refuses(void)
{
    est_estimator *e = NULL;
    est_calibration *c = NULL;
    loss("m", &(est_calibration){ 0 }, &e);
    EST_NEED(e != NULL);
    EST_CHECK_FAILS(est_calibrate(e, &(est_calibrate_options){ .input_fn = rows, .method = "magic" }, &c), EST_INVALID_ARGUMENT,
                    "LinearClassifier: calibrate: method is 'magic'; it must be 'platt', 'isotonic' or 'temperature'");
    EST_CHECK_FAILS(est_calibrate(e, &(est_calibrate_options){ .input_fn = rows, .user = "one class" }, &c), EST_INVALID_ARGUMENT,
                    "LinearClassifier: calibrate: all labels of the data are alike; there must be examples of several classes");
    EST_CHECK(c == NULL);
    est_estimator_free(e);
}

EST_SUITE(estimators_calibrate, EST_TEST(each_method_lowers_the_loss), EST_TEST(refuses));
