/* est_add_metrics: metrics of features, labels and predictions beside those of a head, and in their place; what is refused. */
#include <estimator/estimator.h>

#include <math.h>
#include <string.h>

#include "support/est_test.h"

enum { ROWS = 8 };

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    float x[ROWS];
    int64_t label[ROWS];
    (void)user;
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)i;
        label[i] = i % 2;
    }
    est_tensor tx = { EST_FLOAT, EST_SHAPE(ROWS), x, NULL }, tl = { EST_INT64, EST_SHAPE(ROWS), label, NULL };
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &tl, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), 3, false);
    return st;
}

static est_node *column(est_graph *g, est_node *x)
{
    return est_reshape(g, est_cast(g, x, EST_FLOAT), EST_INTS(-1));
}

/* The mean of x where the label is 1; and "accuracy" is that of class_ids twice over. */
static est_status of_all(est_spec *spec, const est_features *features, est_node *labels, void *user)
{
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_features_find(features, "x")->value, *ids = est_spec_find_prediction(spec, "class_ids");
    EST_CHECK(est_spec_find_prediction(spec, "no such key") == NULL);
    if (!EST_CHECK(ids != NULL))
        return EST_NOT_FOUND;
    est_node *right = est_cast(g, est_equal(g, column(g, ids), column(g, labels)), EST_FLOAT);
    est_spec_metric(spec, est_metric_mean(g, "x/odd", column(g, x), column(g, labels)));
    est_spec_metric(spec, est_metric_mean(g, "accuracy", est_mul(g, right, est_constant_float(g, 2)), NULL));
    ++*(int *)user;
    return est_graph_status(g);
}

static est_status of_loss(est_spec *spec, const est_features *features, est_node *labels, void *user)
{
    est_graph *g = est_spec_graph(spec);
    (void)features;
    (void)user;
    est_spec_metric(spec, est_metric_mean(g, "loss", column(g, labels), NULL));
    return EST_OK;
}

static est_estimator *new_model(void)
{
    est_columns *c = est_columns_new();
    est_estimator *e = NULL;
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)) };
    EST_CHECK_OK(est_linear_classifier_new(&o, &((est_run_config){ .model_dir = est_test_path("model") }), &e));
    est_columns_free(c);
    return e;
}

static double metric(const est_results *r, const char *name, int *times)
{
    double value = NAN;
    *times = 0;
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0) {
            value = r->value[i];
            ++*times;
        }
    return value;
}

static void added(void)
{
    est_results *before = NULL, *after = NULL;
    int called = 0, times;
    est_estimator *e = new_model();
    EST_NEED(e != NULL);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = rows, .steps = 3 }), NULL));
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = rows }), &before));
    EST_CHECK_OK(est_add_metrics(e, of_all, &called));
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = rows }), &after));
    EST_CHECK_INT(called, 1);
    EST_CHECK_NEAR(metric(after, "x/odd", &times), 4, 1e-6);
    EST_CHECK_INT(times, 1);
    double accuracy = metric(before, "accuracy", &times);
    EST_CHECK_NEAR(metric(after, "accuracy", &times), 2 * accuracy, 1e-6);
    EST_CHECK_INT(times, 1);
    EST_CHECK_INT(after ? after->count : 0, (before ? before->count : 0) + 1);
    est_results_free(before);
    est_results_free(after);
    est_estimator_free(e);
}

static void refuses(void)
{
    est_results *r = NULL;
    est_estimator *e = new_model();
    EST_NEED(e != NULL);
    EST_CHECK_FAILS(est_add_metrics(e, NULL, NULL), EST_INVALID_ARGUMENT, "LinearClassifier: add_metrics: metric_fn is needed");
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = rows, .steps = 1 }), NULL));
    EST_CHECK_OK(est_add_metrics(e, of_loss, NULL));
    EST_CHECK_FAILS(est_evaluate(e, &((est_evaluate_options){ .input_fn = rows }), &r), EST_INVALID_ARGUMENT,
                    "LinearClassifier: add_metrics: a metric is named 'loss', as a result of each evaluation is");
    est_estimator_free(e);
}

EST_SUITE(estimators_add_metrics, EST_TEST(added), EST_TEST(refuses));
