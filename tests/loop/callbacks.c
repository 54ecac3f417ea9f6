/* What callbacks see, change and break. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loop/lines.h"
#include "support/est_test.h"

static const int four = 4, three = 3, two = 2;

typedef est_status (*call)(est_training_loop *l, est_loop_event event, void *user);

/* A fit with one callback; returns its loop. */
static est_training_loop *fit_with(call fn, void *user, bool gradients, const int *validation, est_status *st)
{
    est_loop_callback *c;
    est_training_loop *l;
    if (!EST_CHECK_OK(est_loop_callback_new(&(est_loop_callback_options){ .name = "mine", .call = fn, .user = user, .gradients = gradients }, &c)))
        return NULL;
    if (EST_CHECK_OK(lines_loop((est_training_loop_options){ 0 }, &four, validation, 0.125, &l))) {
        *st = est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 2, .callbacks = EST_LOOP_CALLBACKS(c) });
    }
    est_loop_callback_free(c);
    return l;
}

/* ---- what they see ---- */

/* The line's parameters as gradient descent by hand has them. */
typedef struct seen {
    float w, b, dw, db;
    int batches, validated;
} seen;

static void by_hand(seen *s, const float *x, const float *y)
{
    s->dw = s->db = 0;
    for (int i = 0; i < 2; i++) {
        float error = s->w * x[i] + s->b - y[i];
        s->dw += error * x[i];
        s->db += error;
    }
}

static void look_at_update(est_training_loop *l, seen *s)
{
    const est_tensor *x = est_training_loop_input(l, "x"), *y = est_training_loop_target(l), *dw, *db, *indices;
    EST_NEED(x && y && est_training_loop_input(l, "z") == NULL);
    by_hand(s, x->data, y->data);
    EST_CHECK_OK(est_training_loop_gradient(l, "line/kernel", &dw, &indices));
    EST_CHECK(indices == NULL);
    EST_CHECK_OK(est_training_loop_gradient(l, "line/bias", &db, &indices));
    EST_CHECK_NEAR(*(const float *)dw->data, s->dw, 1e-5);
    EST_CHECK_NEAR(*(const float *)db->data, s->db, 1e-5);
    EST_CHECK_FAILS(est_training_loop_gradient(l, "line/other", &dw, &indices), EST_NOT_FOUND, "'line/other' is no variable that is trained");
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), s->w, 1e-5);
    EST_CHECK(est_training_loop_output(l) && est_training_loop_loss(l));
    EST_CHECK_INT(est_batch_rows(est_training_loop_batch(l)), 2);
}

static est_status look(est_training_loop *l, est_loop_event event, void *user)
{
    seen *s = user;
    bool training = est_training_loop_phase(l) == EST_TRAIN;
    switch (event) {
    case EST_FIT_START:
        EST_CHECK_INT(est_training_loop_epoch_count(l), 2);
        EST_CHECK_INT(est_training_loop_batch_index(l), -1);
        break;
    case EST_BATCH_START:
        EST_CHECK(est_training_loop_output(l) == NULL && est_training_loop_loss(l) == NULL);
        EST_CHECK(est_training_loop_input(l, "x") != NULL);
        EST_CHECK_INT(est_training_loop_batch_count(l), training ? 2 : 1);
        break;
    case EST_UPDATE_START:
        EST_CHECK_INT(est_training_loop_batch_index(l), s->batches % 2);
        EST_CHECK_INT(est_training_loop_epoch_index(l), s->batches / 2);
        EST_CHECK_INT(est_training_loop_global_step(l), s->batches);
        look_at_update(l, s);
        break;
    case EST_INFERENCE_PREDICTION_END:
        EST_CHECK(est_training_loop_output(l) != NULL && est_training_loop_loss(l) == NULL);
        EST_CHECK_NEAR(((const float *)est_training_loop_output(l)->data)[1], s->w + s->b, 1e-4);
        s->validated++;
        break;
    case EST_BATCH_END:
        EST_CHECK(est_training_loop_loss(l) != NULL && est_training_loop_last_stats(l) != NULL);
        if (!training)
            break;
        s->w -= 0.125f * s->dw;
        s->b -= 0.125f * s->db;
        EST_CHECK_NEAR(lines_value(l, "line/kernel"), s->w, 1e-5);
        s->batches++;
        break;
    case EST_TRAINING_END:
        EST_CHECK_INT(est_training_loop_batch_index(l), 1);
        break;
    default:
        break;
    }
    return EST_OK;
}

static void sees_all(void)
{
    seen s = { 0 };
    est_status st = EST_OK;
    est_training_loop *l = fit_with(look, &s, true, &two, &st);
    EST_CHECK_OK(st);
    EST_CHECK_INT(s.batches, 4);
    EST_CHECK_INT(s.validated, 2);
    est_training_loop_free(l);
}

/* ---- what they change ---- */

/* A rate that is set before the update holds for that one already. */
static est_status slow_down(est_training_loop *l, est_loop_event event, void *user)
{
    double rate;
    if (event == EST_UPDATE_START && est_training_loop_global_step(l) == *(const int *)user) {
        EST_CHECK_OK(est_training_loop_learning_rate(l, &rate));
        EST_CHECK_NEAR(rate, 0.125, 0);
        return est_training_loop_set_learning_rate(l, 0);
    }
    return EST_OK;
}

static void sets_the_rate(void)
{
    int at = 1;
    est_status st = EST_OK;
    est_training_loop *l = fit_with(slow_down, &at, false, NULL, &st);
    EST_CHECK_OK(st);
    /* the first step alone has moved the line: errors -1 and -3 at x = 0 and 1 */
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), 0.375, 1e-6);
    EST_CHECK_NEAR(lines_value(l, "line/bias"), 0.5, 1e-6);
    EST_CHECK_INT(est_training_loop_global_step(l), 4);
    est_training_loop_free(l);
}

/* Another batch in place of each: x and y swapped, in training and validation. */
static est_status swap(est_training_loop *l, est_loop_event event, void *user)
{
    float *sum = user;
    if (event == EST_BATCH_END)
        *sum += ((const float *)est_training_loop_input(l, "x")->data)[1] * ((const float *)est_training_loop_target(l)->data)[0];
    if (event == EST_UPDATE_START)
        EST_CHECK_FAILS(est_training_loop_set_input(l, "x", est_training_loop_target(l)), EST_FAILED_PRECONDITION,
                        "a batch is changed at its batchStart");
    if (event != EST_BATCH_START)
        return EST_OK;
    est_tensor *x;
    float bad = 0;
    est_status st = est_tensor_copy(est_training_loop_input(l, "x"), &x);
    if (st == EST_OK)
        st = est_training_loop_set_input(l, "x", est_training_loop_target(l));
    if (st == EST_OK)
        st = est_training_loop_set_input(l, "label", x);
    EST_CHECK_FAILS(est_training_loop_set_input(l, "z", x), EST_NOT_FOUND, "the data have no feature 'z'");
    est_tensor one = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1), .data = &bad };
    EST_CHECK_FAILS(est_training_loop_set_input(l, "x", &one), EST_INVALID_ARGUMENT, "feature 'x' is float32 [2,1]; it cannot become float32 [1]");
    est_tensor_free(x);
    return st;
}

static void changes_batches(void)
{
    seen s = { 0 };
    float sum = 0;
    est_status st = EST_OK;
    est_training_loop *l = fit_with(swap, &sum, false, &two, &st);
    EST_CHECK_OK(st);
    EST_CHECK_NEAR(sum, 2 * (3 * 0 + 7 * 2 + 3 * 0), 0);
    for (int step = 0; step < 4; step++) {
        float first = step % 2 ? 2 : 0, x[] = { 2 * first + 1, 2 * first + 3 }, y[] = { first, first + 1 };
        by_hand(&s, x, y);
        s.w -= 0.125f * s.dw;
        s.b -= 0.125f * s.db;
    }
    EST_CHECK_NEAR(lines_value(l, "line/kernel") / (double)s.w, 1, 1e-5);
    EST_CHECK_NEAR(lines_value(l, "line/bias") / (double)s.b, 1, 1e-5);
    est_training_loop_free(l);
}

/* A batch that is cancelled after its loss is known counts in no statistic; one's own loss does. */
static est_status choose(est_training_loop *l, est_loop_event event, void *user)
{
    double *last = user;
    if (est_training_loop_phase(l) == EST_TRAIN && event == EST_UPDATE_START) {
        if (est_training_loop_batch_index(l) == 0)
            return est_training_loop_cancel(l, EST_CANCEL_BATCH);
        est_training_loop_set_loss(l, 7);
    }
    if (event == EST_TRAINING_END) {
        const est_results *stats = est_training_loop_last_stats(l);
        if (!EST_CHECK(stats && stats->count == 1))
            return EST_OK;
        EST_CHECK_STR(stats->name[0], "loss");
        *last = stats->value[0];
    }
    return EST_OK;
}

static void statistics(void)
{
    double last = 0;
    est_status st = EST_OK;
    est_training_loop *l = fit_with(choose, &last, false, NULL, &st);
    EST_CHECK_OK(st);
    EST_CHECK_NEAR(last, 7, 0);
    EST_CHECK_INT(est_training_loop_global_step(l), 2);
    est_training_loop_free(l);
}

/* Callbacks that come and go while the loop runs. */
typedef struct changing {
    est_loop_callback *self, *added;
    int calls, added_calls;
} changing;

static est_status count_added(est_training_loop *l, est_loop_event event, void *user)
{
    (void)l, (void)event;
    ++*(int *)user;
    return EST_OK;
}

static est_status change(est_training_loop *l, est_loop_event event, void *user)
{
    changing *c = user;
    c->calls++;
    if (event == EST_EPOCH_START) {
        EST_CHECK_OK(est_training_loop_add_callback(l, c->added));
        EST_CHECK_FAILS(est_training_loop_add_callback(l, c->added), EST_INVALID_ARGUMENT, "callback 'callback' is given twice");
        est_training_loop_remove_callback(l, c->self);
        est_training_loop_remove_callback(l, NULL);
    }
    return EST_OK;
}

static void changes_callbacks(void)
{
    changing c = { 0 };
    est_training_loop *l;
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = change, .user = &c }, &c.self));
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = count_added, .user = &c.added_calls, .events = 1u << EST_EPOCH_END | 1u << EST_FIT_END },
                                      &c.added));
    EST_NEED_OK(lines_loop((est_training_loop_options){ .callbacks = EST_LOOP_CALLBACKS(c.self) }, &four, NULL, 0.1, &l));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 3 }));
    EST_CHECK_INT(c.calls, 2);
    EST_CHECK_INT(c.added_calls, 4);
    est_loop_callback_free(c.self);
    est_loop_callback_free(c.added);
    est_training_loop_free(l);
}

/* ---- what they break ---- */

static est_status fail_silently(est_training_loop *l, est_loop_event event, void *user)
{
    ++*(int *)user;
    return event == EST_UPDATE_START && est_training_loop_global_step(l) == 1 ? EST_UNAVAILABLE : EST_OK;
}

static est_status fail_aloud(est_training_loop *l, est_loop_event event, void *user)
{
    const est_tensor *value;
    (void)user;
    return event == EST_TRAINING_END ? est_training_loop_variable(l, "no", &value) : EST_OK;
}

static est_status fit_again(est_training_loop *l, est_loop_event event, void *user)
{
    (void)event, (void)user;
    return est_training_loop_fit(l, &(est_fit_options){ .model = lines_model });
}

static est_status cancel_nothing(est_training_loop *l, est_loop_event event, void *user)
{
    (void)l, (void)user;
    return event == EST_EPOCH_START ? EST_CANCELLED : EST_OK;
}

static void fails(void)
{
    int calls = 0;
    est_status st = EST_OK;
    est_training_loop *l = fit_with(fail_silently, &calls, false, NULL, &st);
    EST_CHECK_FAILS(st, EST_UNAVAILABLE, "callback 'mine' at updateStart returned UNAVAILABLE");
    EST_CHECK_INT(calls, 8);   /* fit, epoch and training, three of a batch, two of the next; no end */
    EST_CHECK_INT(est_training_loop_global_step(l), 1);
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));   /* the callback is gone, the model stays */
    EST_CHECK_INT(calls, 8);
    EST_CHECK_INT(est_training_loop_global_step(l), 3);
    est_training_loop_free(l);
    l = fit_with(fail_aloud, NULL, false, NULL, &st);
    EST_CHECK_FAILS(st, EST_NOT_FOUND, "callback 'mine' at trainingEnd: there is no variable 'no'");
    est_training_loop_free(l);
    l = fit_with(fit_again, NULL, false, NULL, &st);
    EST_CHECK_FAILS(st, EST_FAILED_PRECONDITION, "callback 'mine' at fitStart: est_training_loop_fit: the loop is in a fit already");
    est_training_loop_free(l);
    l = fit_with(cancel_nothing, NULL, false, NULL, &st);
    EST_CHECK_FAILS(st, EST_CANCELLED, "callback 'mine' at epochStart returned CANCELLED");
    est_training_loop_free(l);
}

static est_status stop_soon(est_training_loop *l, est_loop_event event, void *user)
{
    int *ends = user;
    *ends += event == EST_FIT_END;
    if (event == EST_BATCH_END)
        est_training_loop_request_stop(l);
    return EST_OK;
}

static void stops(void)
{
    int ends = 0;
    est_status st = EST_OK;
    est_training_loop *l = fit_with(stop_soon, &ends, false, NULL, &st);
    EST_CHECK_FAILS(st, EST_CANCELLED, "stopped in epoch 1");
    EST_CHECK_INT(ends, 1);
    EST_CHECK_INT(est_training_loop_global_step(l), 1);
    est_training_loop_free(l);
}

/* ---- other models ---- */

/* Half the loss, and an update of one's own: half the gradient of the kernel alone. */
static void half(est_loop_step *s, void *user)
{
    est_node *kernel = est_graph_variable(s->g, "line/kernel"), *rate = est_constant_float(s->g, 0.125);
    est_gradient gradient;
    (void)user;
    s->loss = est_mul(s->g, s->loss, est_constant_float(s->g, 0.5));
    if (est_gradients(s->g, s->loss, EST_NODES(kernel), &gradient) != EST_OK)
        return;
    est_node *update = est_op(s->g, "AssignSubVariableOp", NULL, EST_NODES(kernel, est_mul(s->g, rate, gradient.value)), EST_NO_ATTRS);
    s->train_op = est_op(s->g, "AssignAddVariableOp", NULL, EST_NODES(s->global_step, est_constant_int(s->g, EST_INT64, 1)), EST_NO_ATTRS);
    est_node_after(s->train_op, update);
}

static void nothing(est_loop_step *s, void *user)
{
    (void)s, (void)user;
}

static void steps_of_ones_own(void)
{
    est_training_loop *l;
    double rate;
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, &two, 0.5, &l));
    EST_CHECK_FAILS(est_training_loop_learning_rate(l, &rate), EST_FAILED_PRECONDITION,
                    "the loop has no model yet: est_training_loop_fit brings one");
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .differentiable_step = half }));
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), 0.125 * 3 / 2, 1e-6);
    EST_CHECK_NEAR(lines_value(l, "line/bias"), 0, 0);
    EST_CHECK_FAILS(est_training_loop_set_learning_rate(l, 1), EST_FAILED_PRECONDITION, "the learning rate of optimizer 'SGD' is no variable here");
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .differentiable_step = nothing }), EST_INVALID_ARGUMENT,
                    "training: differentiable_step gave no train_op");
    est_training_loop_free(l);
}

/* Another optimizer takes the model as it is. */
static void another_optimizer(void)
{
    est_training_loop *l;
    est_optimizer *adam;
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, &three, 0.125, &l));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), 0.375, 1e-6);
    EST_NEED_OK(est_adam_optimizer_new(&(est_adam_options){ .learning_rate = 0.25 }, &adam));
    est_training_loop_set_optimizer(l, adam);
    est_optimizer_free(adam);
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), 0.625, 1e-5);   /* Adam's first step is its rate */
    EST_CHECK_INT(est_training_loop_global_step(l), 2);
    est_training_loop_free(l);
}

/* ---- wrong options ---- */

static est_node *no_model(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    (void)g, (void)features, (void)mode, (void)user;
    return NULL;
}

static est_node *one_model_or_another(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    (void)user;
    return est_dense(g, features->data[0].value, 1, &(est_dense_options){ .name = mode == EST_TRAIN ? "a" : "b" });
}

static est_status endless(const est_input_context *context, est_dataset **out, void *user)
{
    est_dataset *d;
    static const char *const name = "x";
    float x[3] = { 1, 2, 3 };
    est_tensor t = { .dtype = EST_FLOAT, .shape = EST_SHAPE(3, 1), .data = x };
    (void)context, (void)user;
    est_status st = est_memory_dataset_new(&name, (const est_tensor *const[]){ &t }, 1, &t, &d);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(d, EST_OFF), 2, false);
    *out = d;
    return st;
}

static est_status nan_data(const est_input_context *context, est_dataset **out, void *user)
{
    static const char *const name = "x";
    float x[2] = { NAN, 0 };
    est_tensor t = { .dtype = EST_FLOAT, .shape = EST_SHAPE(2, 1), .data = x };
    (void)context, (void)user;
    est_status st = est_memory_dataset_new(&name, (const est_tensor *const[]){ &t }, 1, &t, out);
    if (st == EST_OK)
        est_dataset_batch(*out, 2, false);
    return st;
}

static est_status loop_over(est_input_fn training, int64_t batches, est_training_loop **out)
{
    est_optimizer *sgd;
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ 0 }, &sgd);
    if (st != EST_OK)
        return st;
    st = est_training_loop_new(&(est_training_loop_options){ .training = training, .training_batches = batches, .optimizer = sgd,
                                                             .loss = "mean_squared_error" }, out);
    est_optimizer_free(sgd);
    return st;
}

static void refuses(void)
{
    est_training_loop *l;
    est_loop_callback *c;
    EST_CHECK_FAILS(est_training_loop_new(&(est_training_loop_options){ 0 }, &l), EST_INVALID_ARGUMENT, "est_training_loop_new: training is needed");
    EST_CHECK(l == NULL);
    EST_CHECK_FAILS(lines_loop((est_training_loop_options){ .loss = "mean_square_error" }, &two, NULL, 1, &l), EST_NOT_FOUND,
                    "est_training_loop_new: unknown loss 'mean_square_error'; did you mean 'mean_squared_error'?");
    EST_CHECK_FAILS(lines_loop((est_training_loop_options){ .metrics = EST_LOOP_METRICS(est_loop_metric_loss()) }, &two, NULL, 1, &l),
                    EST_INVALID_ARGUMENT, "there are two metrics 'loss'");
    EST_CHECK_FAILS(est_loop_callback_new(&(est_loop_callback_options){ 0 }, &c), EST_INVALID_ARGUMENT, "est_loop_callback_new: call is needed");
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, &two, 1, &l));
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ 0 }), EST_INVALID_ARGUMENT, "est_training_loop_fit: model is needed");
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .device = "cuda" }), EST_UNIMPLEMENTED,
                    "est_training_loop_fit: device 'cuda' is not built in; there are 'auto' and 'cpu'");
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = no_model }), EST_INVALID_ARGUMENT, "training: the model gave no output");
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = one_model_or_another }), EST_NOT_FOUND,
                    "validation: there is no variable 'b/kernel' in the other graph");
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));   /* none of it has stayed */
    est_training_loop_free(l);
    EST_NEED_OK(loop_over(endless, 0, &l));
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }), EST_INVALID_ARGUMENT,
                    "training: the data repeat for ever: training_batches says how many make an epoch");
    est_training_loop_free(l);
    EST_NEED_OK(loop_over(endless, 2, &l));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 3 }));
    EST_CHECK_INT(est_training_loop_global_step(l), 6);
    est_training_loop_free(l);
    EST_NEED_OK(loop_over(nan_data, 0, &l));
    EST_CHECK_FAILS(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }), EST_ABORTED,
                    "step 1: loss is NaN; first non-finite tensor: 'line/MatMul' (input 'x' holds nan in example 0 of the batch)");
    est_training_loop_free(l);
}

EST_SUITE(loop_callbacks, EST_TEST(sees_all), EST_TEST(sets_the_rate), EST_TEST(statistics), EST_TEST(changes_batches), EST_TEST(changes_callbacks), EST_TEST(fails),
          EST_TEST(stops), EST_TEST(steps_of_ones_own), EST_TEST(another_optimizer), EST_TEST(refuses));
