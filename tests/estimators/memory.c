/* Each verb with memory ending at every nth allocation: an error, nothing leaked, and the next call goes on as if nothing had been. */
#include <string.h>

#include <estimator/estimator.h>

#include "support/est_test.h"
#include "train/small.h"

typedef est_status (*verb)(est_estimator *e);

static est_status ignore(const est_predictions *p, void *user)
{
    (void)p;
    (void)user;
    return EST_OK;
}

static est_status train(est_estimator *e)
{
    return est_train(e, &((est_train_options){ .input_fn = small_input, .steps = 2 }), NULL);
}

static est_status evaluate(est_estimator *e)
{
    est_results *r = NULL;
    est_status st = est_evaluate(e, &((est_evaluate_options){ .input_fn = small_once }), &r);
    est_results_free(r);
    return st;
}

static est_status predict(est_estimator *e)
{
    return est_predict(e, &((est_predict_options){ .input_fn = small_once, .each = ignore }));
}

static est_status export_and_load(est_estimator *e)
{
    char path[4096];
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    est_predictor_call *c = NULL;
    est_status st = est_export_saved_model(e, est_test_path("exports"), NULL, path, sizeof path);
    if (st == EST_OK)
        st = est_saved_model_load(path, &m);
    if (st == EST_OK)
        st = est_predictor_new(m, NULL, &p);
    if (st == EST_OK)
        st = est_predictor_call_new(p, &c);
    est_predictor_call_free(c);
    est_predictor_free(p);
    est_saved_model_free(m);
    return st;
}

/* A new estimator each time, so that everything is built anew. Later allocations are tried more and more seldom. */
static void with_little_memory(verb v)
{
    const char *dir = est_test_path("model");
    EST_NEED_OK(small_train(dir, 2));
    int failed = 0;
    for (int64_t n = 1;; n += n / 16 + 1) {
        est_estimator *e = small_new(dir);
        EST_NEED(e != NULL);
        (void)est_test_fail_allocation(n);
        est_status st = v(e);
        int64_t used = est_test_fail_allocation(0);
        if (st != EST_OK) {
            EST_CHECK(st == EST_RESOURCE_EXHAUSTED && strlen(est_error()) > 0);
            failed++;
        }
        est_estimator_free(e);
        if (used < n)
            break;
    }
    EST_CHECK(failed > 20);
    est_estimator *e = small_new(dir);
    EST_CHECK_OK(v(e));
    est_estimator_free(e);
}

static void training(void)
{
    with_little_memory(train);
}

static void evaluating(void)
{
    with_little_memory(evaluate);
}

static void predicting(void)
{
    with_little_memory(predict);
}

static void exporting(void)
{
    with_little_memory(export_and_load);
}

EST_SUITE(estimators_memory, EST_TEST(training), EST_TEST(evaluating), EST_TEST(predicting), EST_TEST(exporting));
