/* Training that goes on: further, from a stop, with another learning rate, with other data; and when it must not. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <estimator/checkpoint.h>

#include "base/base.h"
#include "support/est_test.h"
#include "train/small.h"

static est_status train_to(est_estimator *e, est_input_fn input_fn, void *user, int64_t step, est_train_result *result)
{
    return est_train(e, &((est_train_options){ .input_fn = input_fn, .user = user, .max_steps = step }), result);
}

/* Are the newest checkpoints of two directories the same bytes? */
static void same_newest(const char *a, const char *b)
{
    static const char *const suffixes[] = { "data-00000-of-00001", "index", "input" };
    char p[4096], q[4096];
    EST_NEED_OK(est_latest_checkpoint(a, p, sizeof p));
    EST_NEED_OK(est_latest_checkpoint(b, q, sizeof q));
    EST_CHECK_STR(est__base_name(p), est__base_name(q));
    for (size_t i = 0; i < 3; i++) {
        char *x = NULL, *y = NULL;
        size_t n = 0, m = 0;
        EST_CHECK_OK(est__file_read(est_test_text("%s.%s", p, suffixes[i]), 0, &x, &n));
        EST_CHECK_OK(est__file_read(est_test_text("%s.%s", q, suffixes[i]), 0, &y, &m));
        EST_CHECK_BYTES(x, n, y, m);
        est__free(x);
        est__free(y);
    }
}

static void goes_on(void)
{
    const char *m = est_test_path("m"), *whole = est_test_path("whole");
    est_train_result r;
    EST_NEED_OK(small_train(whole, 9));
    est_estimator *e = small_new(m);
    EST_CHECK_OK(train_to(e, small_input, NULL, 3, &r));
    EST_CHECK_INT(r.steps, 3);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .steps = 2 }), &r));
    EST_CHECK_INT(r.global_step, 5);
    EST_CHECK_INT(r.steps, 2);
    log_begin(EST_LOG_INFO);
    EST_CHECK_OK(train_to(e, small_input, NULL, 5, &r));
    EST_CHECK_STR(log_lines(), "going on from m/model.ckpt-5\nm is at step 5 already: nothing to train up to step 5\n");
    log_end();
    EST_CHECK_INT(r.global_step, 5);
    EST_CHECK_INT(r.steps, 0);
    est_estimator_free(e);
    EST_CHECK_OK(small_train(m, 9));
    same_newest(m, whole);
}

static void wrong_steps(void)
{
    est_estimator *e = small_new(est_test_path("m"));
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = small_input, .steps = 2, .max_steps = 4 }), NULL),
                    EST_INVALID_ARGUMENT, "LinearClassifier: train takes steps or max_steps, not both");
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .input_fn = small_input, .steps = -2 }), NULL), EST_INVALID_ARGUMENT,
                    "LinearClassifier: train: steps is -2; it must be above 0");
    EST_CHECK_FAILS(est_train(e, &((est_train_options){ .steps = 2 }), NULL), EST_INVALID_ARGUMENT,
                    "LinearClassifier: input_fn is needed");
    est_estimator_free(e);
}

static void another_learning_rate(void)
{
    const char *m = est_test_path("m");
    EST_NEED_OK(small_train(m, 2));
    est_estimator *e = small_new_of(m, 1, 0.5);
    est_tensor *rate = NULL;
    log_begin(EST_LOG_WARNING);
    EST_CHECK_OK(train_to(e, small_input, NULL, 4, NULL));
    EST_CHECK_STR(log_lines(), "training/Ftrl/learning_rate is 0.2 in m/model.ckpt-2; the configuration's 0.5 is taken\n");
    log_end();
    EST_CHECK_OK(est_get_variable_value(e, "training/Ftrl/learning_rate", &rate));
    EST_CHECK(rate && *(const float *)rate->data == 0.5f);
    est_tensor_free(rate);
    est_estimator_free(e);
}

static est_status other_batches(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[2] = { 1, -1 };
    static int64_t label[2] = { 1, 0 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(2, 1), x, NULL }, tl = { EST_INT64, EST_SHAPE(2, 1), label, NULL };
    (void)context;
    (void)user;
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &tl, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 2, false);
    return st;
}

static void another_input(void)
{
    const char *m = est_test_path("m");
    EST_NEED_OK(small_train(m, 3));
    est_estimator *e = small_new(m);
    log_begin(EST_LOG_WARNING);
    EST_CHECK_OK(train_to(e, other_batches, NULL, 4, NULL));
    EST_CHECK_STR(log_lines(), "m/model.ckpt-3: the input starts from its beginning: the place was saved by another input pipeline, or its "
                               "files have changed\n");
    unlink(est_test_text("%s/model.ckpt-4.input", m));
    EST_CHECK_OK(train_to(e, other_batches, NULL, 5, NULL));
    EST_CHECK_STR(log_lines(), "m/model.ckpt-4: the input starts from its beginning, as no place of it was saved with the checkpoint\n");
    log_end();
    est_estimator_free(e);
}

/* ---- stopping ---- */

typedef struct stopper {
    est_estimator *e;
    atomic_bool started;
} stopper;

static void *stop(void *arg)
{
    stopper *s = arg;
    while (!atomic_load(&s->started))
        usleep(100);
    est_request_stop(s->e);
    return NULL;
}

static void on_progress(const est_progress *p, void *user)
{
    stopper *s = user;
    EST_CHECK(p->global_step > 0 && p->seconds >= 0 && isfinite(p->loss));
    atomic_store(&s->started, true);
}

static void stops_on_request(void)
{
    const char *m = est_test_path("m"), *whole = est_test_path("whole");
    est_estimator *e = small_new(m);
    stopper s = { .e = e };
    pthread_t thread;
    est_train_result r;
    EST_NEED(pthread_create(&thread, NULL, stop, &s) == 0);
    est_train_options o = { .input_fn = small_input, .max_steps = 100000000, .progress = on_progress, .progress_user = &s };
    est_status st = est_train(e, &o, &r);
    EST_CHECK_FAILS(st, EST_CANCELLED, est_test_text("stopped at step %lld", (long long)r.global_step));
    pthread_join(thread, NULL);
    EST_CHECK_STR(est_estimator_latest_checkpoint(e), est_test_text("%s/model.ckpt-%lld", m, (long long)r.global_step));
    EST_CHECK_OK(train_to(e, small_input, NULL, r.global_step + 3, NULL));   /* the request is spent */
    EST_CHECK_OK(small_train(whole, r.global_step + 3));
    same_newest(m, whole);
    est_request_stop(e);     /* before: it stops at once */
    EST_CHECK_FAILS(train_to(e, small_input, NULL, r.global_step + 4, NULL), EST_CANCELLED,
                    est_test_text("stopped at step %lld", (long long)r.global_step + 3));
    est_estimator_free(e);
}

typedef struct second {
    const char *dir;
    bool tried;
} second;

static void train_beside(const est_progress *p, void *user)
{
    second *s = user;
    (void)p;
    if (s->tried)
        return;
    s->tried = true;
    EST_CHECK_FAILS(small_train(s->dir, 4), EST_FAILED_PRECONDITION,
                    est_test_text("%s: another trainer is at work in this model directory", s->dir));
}

static void one_trainer_at_a_time(void)
{
    second s = { .dir = est_test_path("m") };
    est_estimator *e = small_new(s.dir);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 4, .progress = train_beside, .progress_user = &s }),
                           NULL));
    EST_CHECK(s.tried);
    est_estimator_free(e);
    EST_CHECK_OK(small_train(s.dir, 6));
}

/* ---- reading beside a trainer that keeps one checkpoint ---- */

static void *train_beside_readers(void *arg)
{
    est_estimator *e = arg;
    est_status st = est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 100000000 }), NULL);
    return st == EST_CANCELLED ? arg : NULL;
}

static void readers_find_the_newest(void)
{
    const char *m = est_test_path("m");
    pthread_t thread;
    void *stopped = NULL;
    double last = -1;
    est_columns *c = est_columns_new();
    est_estimator *trainer = NULL, *reader = small_new(m);
    est_linear_classifier_options o = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)) };
    EST_NEED_OK(small_train(m, 1));
    est_run_config config = { .model_dir = m, .save_checkpoints_steps = 2, .keep_checkpoint_max = 1 };
    EST_CHECK_OK(est_linear_classifier_new(&o, &config, &trainer));
    est_columns_free(c);
    EST_NEED(pthread_create(&thread, NULL, train_beside_readers, trainer) == 0);
    for (int i = 0; i < 60 || (last <= 1 && i < 10000); i++) {   /* a slow trainer is waited for */
        est_results *r = NULL;
        EST_CHECK_OK(est_evaluate(reader, &((est_evaluate_options){ .input_fn = small_once }), &r));
        for (size_t k = 0; r && k < r->count; k++)
            if (strcmp(r->name[k], "global_step") == 0) {
                EST_CHECK(r->value[k] >= last);
                last = r->value[k];
            }
        est_results_free(r);
    }
    est_request_stop(trainer);
    pthread_join(thread, &stopped);
    EST_CHECK(stopped == trainer);
    EST_CHECK(last > 1);
    est_estimator_free(trainer);
    est_estimator_free(reader);
}

/* ---- a loss that is not finite ---- */

static est_status with_nan(const est_input_context *context, est_dataset **out, void *user)
{
    static int64_t label[8] = { 1, 0, 1, 0, 1, 0, 1, 1 };
    float x[8] = { 1, 2, 3, 4, 5, 6, *(const float *)user, 8 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(8, 1), x, NULL }, tl = { EST_INT64, EST_SHAPE(8, 1), label, NULL };
    (void)context;
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &tl, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 4, false);
    return st;
}

static void loss_is_nan(void)
{
    const char *m = est_test_path("m");
    float bad = NAN, good = 7;
    est_estimator *e = small_new(m);
    EST_CHECK_FAILS(train_to(e, with_nan, &bad, 9, NULL), EST_ABORTED,
                    "step 2: loss is NaN; first non-finite tensor: 'linear/linear_model/x/weighted_sum' (input 'x' holds nan in example 2 of "
                    "the batch)");
    EST_CHECK_STR(est_estimator_latest_checkpoint(e), est_test_text("%s/model.ckpt-0", m));   /* no step after it was kept */
    EST_CHECK_OK(train_to(e, with_nan, &good, 4, NULL));
    est_estimator_free(e);
}

EST_SUITE(train_resume, EST_TEST(goes_on), EST_TEST(wrong_steps), EST_TEST(another_learning_rate), EST_TEST(another_input),
          EST_TEST(stops_on_request), EST_TEST(one_trainer_at_a_time),
          EST_TEST(readers_find_the_newest), EST_TEST(loss_is_nan));
