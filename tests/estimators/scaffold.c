/* What a model_fn says of its session: first values, operations at its start, averages in place of variables, losses of regularizers under
 * heads, hooks of each mode; and the messages of model_fns that say too little. */
#include <estimator/estimator.h>

#include <math.h>
#include <string.h>

#include "support/est_test.h"
#include "train/small.h"

typedef enum fault { NONE, NO_LOSS, NO_TRAIN_OP, NO_PREDICTIONS, VECTOR_LOSS, RESTORES, SHAPES, NO_GRADIENT } fault;

/* y = w x: the loss is the mean of (y - 3)^2, and an eighth of w^2 where `regularized`. */
typedef struct model {
    fault fault;
    bool averages, init, init_fails, local, regularized;
    int begun[4];                 /* of the spec's hooks: chief, training, evaluation, prediction */
    est_optimizer *sgd;
    est_head *head;
    est_estimator *e;
} model;

static est_status start_at_ten(est_run_context *c, void *user)
{
    const model *m = user;
    float ten[] = { 10 }, two[] = { 1, 2 };
    est_tensor value = { EST_FLOAT, EST_SHAPE(1, 1), ten, NULL }, wrong = { EST_FLOAT, EST_SHAPE(2), two, NULL };
    return est_run_assign(c, est_graph_variable(est_run_graph(c), "w"), m->init_fails ? &wrong : &value);
}

static est_status count(est_run_context *c, void *user)
{
    (void)c;
    ++*(int *)user;
    return EST_OK;
}

static est_status add_hooks(est_spec *s, model *m)
{
    void (*const add[])(est_spec *s, est_hook *hook) = { est_spec_training_chief_hook, est_spec_training_hook, est_spec_evaluation_hook,
                                                         est_spec_prediction_hook };
    for (int i = 0; i < 4; i++) {
        est_hook *h;
        est_status st = est_hook_new(&(est_hook_options){ .begin = count, .keeps_graph = true, .user = &m->begun[i] }, &h);
        if (st != EST_OK)
            return st;
        add[i](s, h);
        est_hook_free(h);
    }
    return EST_OK;
}

static est_status model_fn(est_spec *s, const est_features *f, est_node *labels, est_mode mode, void *user)
{
    model *m = user;
    est_graph *g = est_spec_graph(s);
    est_node *x = f->data[0].value, *step = est_spec_global_step(s);
    est_node *w = est_variable(g, "w", &(est_variable_options){ .shape = EST_SHAPE(1, 1), .initial_value = est_filled(g, EST_SHAPE(1, 1), 1) });
    est_node *y = est_matmul(g, x, est_read(g, w));
    if (m->regularized)
        est_regularize(g, w, &(est_regularizer){ .l2 = 0.125 });
    if (m->init)
        est_spec_init_fn(s, start_at_ten, m);
    if (m->averages && mode != EST_TRAIN)
        est_spec_restore_averages(s, NULL);
    if (m->fault == RESTORES)
        est_spec_restore_name(s, w, "v");
    if (m->local) {
        est_node *started = est_variable(g, "started", &(est_variable_options){ .local = true });
        est_spec_local_init_op(s, est_op(g, "AssignAddVariableOp", NULL, EST_NODES(started, est_constant_float(g, 2)), EST_NO_ATTRS));
        y = est_add(g, y, est_read(g, started));
    }
    if (m->head) {
        est_spec_regularization_losses(s, est_regularization_losses(g));
        return est_head_spec(m->head, s, f, labels, mode, y, m->sgd);
    }
    if (m->fault == SHAPES)
        y = est_matmul(g, x, est_op(g, "Identity", "three", EST_NODES(est_filled(g, EST_SHAPE(2, 3), 1)), EST_NO_ATTRS));
    if (m->fault != NO_PREDICTIONS)
        est_spec_prediction(s, "y", y);
    if (mode == EST_PREDICT)
        est_spec_export_output(s, "serving_default", "predict", EST_STRINGS("y"), EST_NODES(y));
    est_node *errors = est_squared_difference(g, y, est_constant_float(g, 3));
    if (m->fault == NO_GRADIENT)
        errors = est_sqrt(g, est_node_output(est_op(g, "Qr", "turned", EST_NODES(errors), EST_NO_ATTRS), 1));
    est_node *loss = m->fault == VECTOR_LOSS ? est_reshape(g, errors, EST_INTS(4)) : est_reduce_mean(g, errors, EST_ALL_AXES, false);
    if (m->fault != NO_LOSS)
        est_spec_loss(s, loss);
    est_status st = add_hooks(s, m);
    if (st != EST_OK || mode != EST_TRAIN || m->fault == NO_TRAIN_OP)
        return st;
    est_node *trained = est_optimizer_minimize(m->sgd, g, est_reduce_mean(g, errors, EST_ALL_AXES, false), step);
    if (m->averages)
        trained = est_moving_averages(g, EST_NODES(w), &(est_moving_average_options){ .decay = 0.5, .after = trained });
    est_spec_train_op(s, trained);
    return EST_OK;
}

static est_status rows(const est_input_context *context, est_dataset **out, void *user)
{
    static float x[4] = { 1, 1, 1, 1 }, y[4] = { 1, 1, 1, 1 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(4, 1), x, NULL }, ty = { EST_FLOAT, EST_SHAPE(4, 1), y, NULL };
    (void)user;
    est_status st = est_memory_dataset_new((const char *const[]){ "x" }, (const est_tensor *const[]){ &tx }, 1, &ty, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, context->mode == EST_TRAIN ? EST_OFF : 1), 4, false);
    return st;
}

static bool begin(model *m)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } } };
    est_run_config config = { .model_dir = est_test_path("m"), .num_threads = 1, .log_step_count_steps = EST_OFF };
    return EST_CHECK_OK(est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = 0.125 }, &m->sgd)) &&
           EST_CHECK_OK(est_custom_new(&(est_custom_options){ .model_fn = model_fn, .features = { &x, 1 }, .head = m->head, .user = m }, &config,
                                       &m->e));
}

static void end(model *m)
{
    est_estimator_free(m->e);
    est_optimizer_free(m->sgd);
    est_head_free(m->head);
}

static est_status train(model *m, int64_t steps)
{
    return est_train(m->e, &(est_train_options){ .input_fn = rows, .max_steps = steps }, NULL);
}

static double value_of(model *m, const char *name)
{
    est_tensor *t = NULL;
    double v = EST_CHECK_OK(est_get_variable_value(m->e, name, &t)) ? (double)*(const float *)t->data : NAN;
    est_tensor_free(t);
    return v;
}

static double metric(model *m, const char *name)
{
    est_results *r = NULL;
    double v = NAN;
    EST_CHECK_OK(est_evaluate(m->e, &(est_evaluate_options){ .input_fn = rows }, &r));
    for (size_t i = 0; r && i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            v = r->value[i];
    est_results_free(r);
    return v;
}

static est_status first_value(const est_predictions *p, void *user)
{
    *(double *)user = (double)*(const float *)p->value[0]->data;
    return EST_OK;
}

/* w: 1, 1.5, 1.875; its average with 0.5: 1, 1.25, 1.5625. */
static void averages_stand_in_for_variables(void)
{
    model m = { .averages = true };
    double y = 0;
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 2));
        EST_CHECK_NEAR(value_of(&m, "w"), 1.875, 1e-6);
        EST_CHECK_NEAR(value_of(&m, "w/ExponentialMovingAverage"), 1.5625, 1e-6);
        EST_CHECK_NEAR(metric(&m, "loss"), (3 - 1.5625) * (3 - 1.5625), 1e-6);
        EST_CHECK_OK(est_predict(m.e, &(est_predict_options){ .input_fn = rows, .each = first_value, .each_user = &y }));
        EST_CHECK_NEAR(y, 1.5625, 1e-6);
        /* within a training, from memory */
        est_results *r = NULL;
        est_eval_spec spec = { .input_fn = rows, .throttle_secs = EST_OFF };
        EST_CHECK_OK(est_train_and_evaluate(m.e, (&(est_train_and_evaluate_options){ .train_spec = { .input_fn = rows, .max_steps = 3 },
                                                                                     .eval_specs = { &spec, 1 } }), NULL, &r));
        for (size_t i = 0; r && i < r->count; i++)
            if (strcmp(r->name[i], "loss") == 0)   /* w 2.15625, its average 1.859375 */
                EST_CHECK_NEAR(r->value[i], (3 - 1.859375) * (3 - 1.859375), 1e-6);
        est_results_free(r);
    }
    end(&m);
}

/* What the exported model says for x = 1. */
static double answer(const char *path)
{
    float one[] = { 1 };
    est_tensor x = { EST_FLOAT, EST_SHAPE(1, 1), one, NULL };
    const est_tensor *in[] = { &x }, *out[1];
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    est_predictor_call *c = NULL;
    double y = NAN;
    if (EST_CHECK_OK(est_saved_model_load(path, &m)) && EST_CHECK_OK(est_predictor_new(m, NULL, &p)) &&
        EST_CHECK_OK(est_predictor_call_new(p, &c)) && EST_CHECK_OK(est_predictor_run(c, in, out)))
        y = (double)*(const float *)out[0]->data;
    est_predictor_call_free(c);
    est_predictor_free(p);
    est_saved_model_free(m);
    return y;
}

/* By itself it has the averages under the variables' names; beside the graph of training its saver looks for them under their own. */
static void averages_are_exported(void)
{
    model m = { .averages = true };
    char path[4096];
    est_estimator *from = NULL;
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 2));
        if (EST_CHECK_OK(est_export_saved_model(m.e, est_test_path("x"), &(est_export_options){ .receiver = "raw" }, path, sizeof path)))
            EST_CHECK_NEAR(answer(path), 1.5625, 1e-6);
        est_export_all_options all = { .receiver = "raw", .label = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1) } };
        if (EST_CHECK_OK(est_export_all_saved_models(m.e, est_test_path("x"), &all, path, sizeof path)))
            EST_CHECK_NEAR(answer(path), 1.5625, 1e-6);
        if (EST_CHECK_OK(est_saved_model_estimator_new(path, &(est_run_config){ .model_dir = est_test_path("n") }, &from))) {
            model other = { .e = from };
            EST_CHECK_NEAR(metric(&other, "loss"), (3 - 1.5625) * (3 - 1.5625), 1e-6);
            EST_CHECK_OK(train(&other, 3));
            EST_CHECK_NEAR(value_of(&other, "w"), 2.15625, 1e-6);
            EST_CHECK_NEAR(metric(&other, "loss"), (3 - 1.859375) * (3 - 1.859375), 1e-6);
        }
        est_estimator_free(from);
    }
    end(&m);
}

static void first_values_of_ones_own(void)
{
    model m = { .init = true };
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 1));
        EST_CHECK_NEAR(value_of(&m, "w"), 10 - 0.125 * 2 * 7, 1e-5);
        EST_CHECK_OK(train(&m, 2));   /* goes on: it is not called again */
        EST_CHECK_NEAR(value_of(&m, "w"), 8.25 - 0.125 * 2 * 5.25, 1e-5);
    }
    end(&m);
    m = (model){ .init = true, .init_fails = true };
    if (begin(&m))
        EST_CHECK_OK(train(&m, 2));   /* there is a checkpoint */
    end(&m);
}

static void a_first_value_that_does_not_fit(void)
{
    model m = { .init = true, .init_fails = true };
    if (begin(&m))
        EST_CHECK_FAILS(train(&m, 1), EST_INVALID_ARGUMENT, "init_fn: est_run_assign: variable 'w' is float32 [1,1], the value float32 [2]");
    end(&m);
}

static void an_operation_at_the_start(void)
{
    model m = { .local = true };
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 1));
        EST_CHECK_NEAR(value_of(&m, "w"), 1, 1e-6);     /* 1 + 2 is 3: no gradient */
    }
    end(&m);
}

/* label 1, weight 1: the head's loss is 0, the regularizer's 0.125. */
static void heads_add_losses_of_regularizers(void)
{
    model m = { .regularized = true };
    EST_NEED_OK(est_head_new("RegressionHead", &(est_head_options){ .name = "h" }, &m.head));
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 1));
        EST_CHECK_NEAR(value_of(&m, "w"), 1 - 0.125 * 0.25, 1e-6);
        double w = 1 - 0.125 * 0.25;
        EST_CHECK_NEAR(metric(&m, "regularization_loss/h"), 0.125 * w * w, 1e-6);
        EST_CHECK_NEAR(metric(&m, "average_loss/h"), (1 - w) * (1 - w), 1e-6);
        EST_CHECK_NEAR(metric(&m, "loss"), (1 - w) * (1 - w) + 0.125 * w * w, 1e-6);
    }
    end(&m);
}

static void hooks_of_each_mode(void)
{
    model m = { 0 };
    double y;
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 1));
        EST_CHECK(m.begun[0] == 1 && m.begun[1] == 1 && m.begun[2] == 0 && m.begun[3] == 0);
        metric(&m, "loss");
        EST_CHECK(m.begun[1] == 1 && m.begun[2] == 1 && m.begun[3] == 0);
        EST_CHECK_OK(est_predict(m.e, &(est_predict_options){ .input_fn = rows, .each = first_value, .each_user = &y }));
        EST_CHECK(m.begun[0] == 1 && m.begun[1] == 1 && m.begun[2] == 1 && m.begun[3] == 1);
    }
    end(&m);
}

static void model_fns_that_say_too_little(void)
{
    static const struct { fault fault; est_status status; const char *text; } cases[] = {
        { NO_LOSS, EST_INVALID_ARGUMENT, "Estimator: model_fn gave no loss" },
        { NO_TRAIN_OP, EST_INVALID_ARGUMENT, "Estimator: model_fn gave no train_op" },
        { VECTOR_LOSS, EST_INVALID_ARGUMENT, "Estimator: model_fn's loss must be a float32 scalar" },
        { RESTORES, EST_INVALID_ARGUMENT, "Estimator: model_fn restores variable 'w' as 'v' in training; that is for the other modes" },
        { SHAPES, EST_INVALID_ARGUMENT, "MatMul 'MatMul_1': 1 columns on the left do not fit 2 rows on the right (inputs: 'x' [?,1], 'three' [2,3])" },
        { NO_GRADIENT, EST_UNIMPLEMENTED, "Qr 'turned' has no gradient; its way to the loss: Qr 'turned' -> Sqrt 'Sqrt' -> Mean 'Mean_1'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model m = { .fault = cases[i].fault };
        if (begin(&m))
            EST_CHECK_FAILS(train(&m, 1), cases[i].status, cases[i].text);
        end(&m);
    }
    model m = { .fault = NONE };
    double y;
    if (begin(&m)) {
        EST_CHECK_OK(train(&m, 1));
        m.fault = NO_PREDICTIONS;
        EST_CHECK_FAILS(est_predict(m.e, &(est_predict_options){ .input_fn = rows, .each = first_value, .each_user = &y }), EST_INVALID_ARGUMENT,
                        "Estimator: model_fn gave no predictions");
    }
    end(&m);
}

EST_SUITE(estimators_scaffold, EST_TEST(averages_stand_in_for_variables), EST_TEST(averages_are_exported),
          EST_TEST(first_values_of_ones_own), EST_TEST(a_first_value_that_does_not_fit), EST_TEST(an_operation_at_the_start),
          EST_TEST(heads_add_losses_of_regularizers), EST_TEST(hooks_of_each_mode), EST_TEST(model_fns_that_say_too_little));
