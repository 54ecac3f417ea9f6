/* Loops that go on from a checkpoint: to the same bits as one that was not interrupted. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loop/lines.h"
#include "support/est_test.h"

enum { ROWS = 23, EPOCHS = 3 };

/* Rows that each epoch shuffles anew. `user` not NULL: without an end. */
static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const name = "x";
    float x[ROWS][2];
    int64_t y[ROWS];
    (void)context;
    for (int i = 0; i < ROWS; i++) {
        x[i][0] = (float)sin(i);
        x[i][1] = (float)cos(3 * i);
        y[i] = x[i][0] + x[i][1] > 0.2f;
    }
    est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(ROWS, 2), .data = x };
    est_tensor labels = { .dtype = EST_INT64, .shape = EST_SHAPE(ROWS), .data = y };
    est_status st = est_memory_dataset_new(&name, (const est_tensor *const[]){ &in }, 1, &labels, out);
    if (st == EST_OK)
        est_dataset_shuffle(*out, ROWS, 7, false);
    if (st == EST_OK && user)
        est_dataset_repeat(*out, EST_OFF);
    if (st == EST_OK)
        est_dataset_batch(*out, 5, false);
    return st;
}

static est_node *model(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    est_node *h = est_dense(g, features->data[0].value, 4, &(est_dense_options){ .name = "hidden", .activation = est_activation("tanh") });
    (void)user;
    if (mode == EST_TRAIN)
        h = est_dropout(g, h, 0.25);
    return est_dense(g, h, 2, &(est_dense_options){ .name = "logits" });
}

static est_status new_loop(bool endless, est_training_loop **out)
{
    static int any;
    est_optimizer *adam;
    est_status st = est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.05 }, &adam);
    if (st != EST_OK)
        return st;
    st = est_training_loop_new(&(est_training_loop_options){ .training = rows, .training_user = endless ? &any : NULL,
                                                             .training_batches = endless ? 7 : 0, .validation = rows, .optimizer = adam,
                                                             .loss = "sparse_softmax_cross_entropy",
                                                             .metrics = EST_LOOP_METRICS(est_loop_metric_accuracy()) }, out);
    est_optimizer_free(adam);
    return st;
}

/* Fails at an event of an epoch and batch. */
typedef struct saboteur {
    est_loop_event event;
    int64_t epoch, batch;
    int seen;                     /* batches of training that were told */
} saboteur;

static est_status sabotage(est_training_loop *l, est_loop_event event, void *user)
{
    saboteur *s = user;
    s->seen += event == EST_BATCH_START && est_training_loop_phase(l) == EST_TRAIN;
    return event == s->event && est_training_loop_epoch_index(l) == s->epoch && est_training_loop_batch_index(l) == s->batch ? EST_INTERNAL : EST_OK;
}

/* A fit with a checkpoint folder; `s` NULL: nobody disturbs it. */
static est_status fit(est_training_loop *l, const char *dir, saboteur *s)
{
    est_loop_callback *c, *rate, *d = NULL;
    est_schedule_segments segments = EST_SCHEDULE_SEGMENTS({ .end_rate = 0.1, .step_count = 6 }, { .shape = "cosine", .end_rate = 0.01 });
    est_status st = est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = dir, .save_steps = 3, .max_to_keep = 2 }, &c);
    if (st == EST_OK)
        st = est_learning_rate_scheduler_new(&(est_learning_rate_scheduler_options){ .segments = segments }, &rate);
    if (st == EST_OK && s)
        st = est_loop_callback_new(&(est_loop_callback_options){ .name = "saboteur", .call = sabotage, .user = s }, &d);
    if (st != EST_OK)
        return st;
    st = est_training_loop_fit(l, &(est_fit_options){ .model = model, .epochs = EPOCHS,
                                                      .callbacks = { .data = (est_loop_callback *[]){ c, rate, d }, .count = s ? 3 : 2 } });
    est_loop_callback_free(c);
    est_loop_callback_free(rate);
    est_loop_callback_free(d);
    return st;
}

static void same_variables(const est_training_loop *a, const est_training_loop *b)
{
    static const char *const names[] = { "hidden/kernel", "hidden/bias", "logits/kernel", "logits/bias", "training/Adam/logits/kernel/m",
                                         "training/Adam/hidden/kernel/v", "training/Adam/learning_rate", "global_step" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const est_tensor *x, *y;
        EST_NEED_OK(est_training_loop_variable(a, names[i], &x));
        EST_NEED_OK(est_training_loop_variable(b, names[i], &y));
        size_t n = (size_t)est_shape_elements(&x->shape) * est_dtype_size(x->dtype);
        EST_CHECK_BYTES(x->data, n, y->data, n);
    }
}

/* One that was disturbed, and then goes on in another loop. */
static void check(const est_training_loop *whole, bool endless, int number, saboteur s)
{
    int64_t batches = endless ? 7 : 5;
    est_training_loop *l;
    const char *dir = est_test_path(est_test_text("%d", number));
    EST_NEED_OK(new_loop(endless, &l));
    EST_CHECK_FAILS(fit(l, dir, &s), EST_INTERNAL,
                    est_test_text("callback 'saboteur' at %s returned INTERNAL", est_loop_event_name(s.event)));
    est_training_loop_free(l);
    saboteur harmless = { .epoch = -1 };
    EST_NEED_OK(new_loop(endless, &l));
    EST_CHECK_OK(fit(l, dir, &harmless));
    bool untrained = s.event == EST_BATCH_START || s.event == EST_UPDATE_START;   /* that batch comes again */
    EST_CHECK_INT(s.seen + harmless.seen, EPOCHS * batches + untrained);
    same_variables(l, whole);
    est_training_loop_free(l);
    EST_NEED_OK(new_loop(endless, &l));     /* and a third one has nothing left to do */
    EST_CHECK_OK(fit(l, dir, NULL));
    EST_CHECK_INT(est_training_loop_global_step(l), EPOCHS * batches);
    same_variables(l, whole);
    est_training_loop_free(l);
}

static void goes_on(void)
{
    est_training_loop *whole;
    EST_NEED_OK(new_loop(false, &whole));
    EST_CHECK_OK(fit(whole, est_test_path("whole"), NULL));
    const saboteur list[] = { { EST_BATCH_START, 1, 0, 0 },  { EST_BATCH_START, 1, 3, 0 }, { EST_UPDATE_START, 0, 2, 0 },
                              { EST_BATCH_END, 1, 2, 0 },    { EST_TRAINING_END, 1, 4, 0 }, { EST_INFERENCE_PREDICTION_END, 1, 2, 0 },
                              { EST_EPOCH_END, 1, 4, 0 },    { EST_EPOCH_START, 2, 4, 0 } };
    for (int i = 0; i < (int)(sizeof list / sizeof *list); i++)
        check(whole, false, i, list[i]);
    est_training_loop_free(whole);
    EST_NEED_OK(new_loop(true, &whole));    /* data without an end */
    EST_CHECK_OK(fit(whole, est_test_path("endless"), NULL));
    check(whole, true, 20, (saboteur){ EST_BATCH_END, 1, 2, 0 });
    check(whole, true, 21, (saboteur){ EST_TRAINING_END, 1, 6, 0 });
    check(whole, true, 22, (saboteur){ EST_EPOCH_START, 1, 4, 0 });
    est_training_loop_free(whole);
}

/* Without a scheduler: a rate that a callback has set comes back, and else the optimizer's own holds. */
static est_status set_rate(est_training_loop *l, est_loop_event event, void *user)
{
    return event == EST_EPOCH_END && *(const bool *)user ? est_training_loop_set_learning_rate(l, 0.25) : EST_OK;
}

static void fit_lines(const char *dir, double rate, int64_t epochs, bool sets, double wanted)
{
    static const int two = 2;
    est_loop_callback *c, *d;
    est_training_loop *l;
    double got = 0;
    EST_NEED_OK(est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = dir }, &c));
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = set_rate, .user = &sets }, &d));
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, NULL, rate, &l));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = epochs, .callbacks = EST_LOOP_CALLBACKS(d, c) }));
    EST_CHECK_INT(est_training_loop_global_step(l), epochs);
    EST_CHECK_OK(est_training_loop_learning_rate(l, &got));
    EST_CHECK_NEAR(got, wanted, 0);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    est_loop_callback_free(d);
}

static void rates(void)
{
    const char *dir = est_test_path("rates");
    fit_lines(dir, 0.125, 1, false, 0.125);
    fit_lines(dir, 0.0625, 2, false, 0.0625);
    fit_lines(dir, 0.0625, 3, true, 0.25);
    fit_lines(dir, 0.0625, 4, false, 0.25);
}

/* What is not there, is held by another, or is another model's. */
static void refuses(void)
{
    static const int two = 2;
    est_loop_callback *c, *d;
    est_training_loop *l, *other;
    const char *dir = est_test_path("model");
    char prefix[512];
    EST_CHECK_FAILS(est_loop_checkpoint_new(&(est_loop_checkpoint_options){ 0 }, &c), EST_INVALID_ARGUMENT,
                    "est_loop_checkpoint_new: directory is missing: where they are");
    EST_NEED_OK(est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = dir }, &c));
    EST_NEED_OK(est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = dir }, &d));
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, NULL, 0.1, &l));
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .callbacks = EST_LOOP_CALLBACKS(c, d) }),
                    EST_FAILED_PRECONDITION,
                    est_test_text("callback 'checkpoint' at fitStart: %s: another trainer is at work in this model directory", dir));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .callbacks = EST_LOOP_CALLBACKS(c) }));
    EST_CHECK_OK(est_latest_checkpoint(dir, prefix, sizeof prefix));
    EST_CHECK_STR(prefix, est_test_text("%s/model.ckpt-1", dir));
    EST_NEED_OK(new_loop(false, &other));
    EST_CHECK_FAILS(est_training_loop_fit(other, &(est_fit_options){ .model = model, .callbacks = EST_LOOP_CALLBACKS(d) }), EST_NOT_FOUND,
                    est_test_text("callback 'checkpoint' at fitStart: %s: variable 'hidden/kernel' of the model is not in it: was model_dir "
                                  "written by another model?", prefix));
    est_training_loop_free(other);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    est_loop_callback_free(d);
}

EST_SUITE(loop_checkpoint, EST_TEST(goes_on), EST_TEST(rates), EST_TEST(refuses));
