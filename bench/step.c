/* What a step costs that does nothing: microseconds a step of an empty model_fn, which adds 1 to global_step alone, and of the
 * same with a hook that counts; then the same of the training loop, and with a callback that counts its events. The quickest of
 * some rounds each.
 *     step [STEPS [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <estimator/estimator.h>

static est_status one_row(const est_input_context *context, est_dataset **out, void *user)
{
    static const float x = 1;
    static const est_tensor row = { .dtype = EST_FLOAT, .shape = { .rank = 1, .dim = { 1 } }, .data = (void *)(uintptr_t)&x };
    static const char *const name = "x";
    static const est_tensor *const list[] = { &row };
    (void)context, (void)user;
    est_status st = est_memory_dataset_new(&name, list, 1, NULL, out);
    if (st == EST_OK)
        est_dataset_batch(est_dataset_repeat(*out, EST_OFF), 1, false);
    return st;
}

static est_status empty(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    est_graph *g = est_spec_graph(spec);
    est_node *one = est_constant_int(g, EST_INT64, 1);
    (void)features, (void)labels, (void)mode, (void)user;
    est_spec_loss(spec, est_constant_float(g, 0));
    est_spec_train_op(spec, est_op(g, "AssignAddVariableOp", NULL, EST_NODES(est_spec_global_step(spec), one), EST_NO_ATTRS));
    return EST_OK;
}

static est_status count(est_run_context *c, void *user)
{
    (void)c;
    ++*(int64_t *)user;
    return EST_OK;
}

/* Microseconds a step; 0: it failed. */
static double train(int64_t steps, est_hook_list hooks)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { .rank = 0 } };
    static const est_run_config quiet = { .save_summary_steps = EST_OFF, .log_step_count_steps = EST_OFF, .save_checkpoints_secs = EST_OFF };
    est_estimator *e = NULL;
    est_train_result r = { 0 };
    est_status st = est_custom_new(&(est_custom_options){ .model_fn = empty, .features = { &x, 1 } }, &quiet, &e);
    if (st == EST_OK)
        st = est_train(e, &(est_train_options){ .input_fn = one_row, .steps = steps, .hooks = hooks }, &r);
    if (st != EST_OK)
        fprintf(stderr, "step: %s\n", est_error());
    est_estimator_free(e);
    return st == EST_OK ? 1e6 / r.steps_per_sec : 0;
}

/* ---- the training loop ---- */

static est_node *no_model(est_graph *g, const est_features *features, est_mode mode, void *user)
{
    (void)g, (void)mode, (void)user;
    return features->data[0].value;
}

static est_node *no_loss(est_graph *g, est_node *labels, est_node *logits, const est_features *features, void *user)
{
    (void)labels, (void)logits, (void)features, (void)user;
    return est_constant_float(g, 0);
}

static void no_step(est_loop_step *s, void *user)
{
    est_node *one = est_constant_int(s->g, EST_INT64, 1);
    (void)user;
    s->train_op = est_op(s->g, "AssignAddVariableOp", NULL, EST_NODES(s->global_step, one), EST_NO_ATTRS);
}

static est_status count_event(est_training_loop *l, est_loop_event event, void *user)
{
    (void)l, (void)event;
    ++*(int64_t *)user;
    return EST_OK;
}

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Microseconds a step; 0: it failed. */
static double fit(int64_t steps, est_loop_callback_list callbacks)
{
    est_training_loop *l = NULL;
    est_optimizer *sgd = NULL;
    double start = 0;
    est_status st = est_sgd_optimizer_new(&(est_sgd_options){ 0 }, &sgd);
    if (st == EST_OK)
        st = est_training_loop_new(&(est_training_loop_options){ .training = one_row, .training_batches = steps, .optimizer = sgd, .loss_fn = no_loss,
                                                                 .callbacks = callbacks, .no_default_callbacks = true }, &l);
    est_optimizer_free(sgd);
    start = now();
    if (st == EST_OK)
        st = est_training_loop_fit(l, &(est_fit_options){ .model = no_model, .differentiable_step = no_step });
    double seconds = now() - start;
    if (st != EST_OK)
        fprintf(stderr, "step: %s\n", est_error());
    est_training_loop_free(l);
    return st == EST_OK ? 1e6 * seconds / (double)steps : 0;
}

/* Both, and what they print. */
static bool measure_loop(int64_t steps, int rounds)
{
    double plain = 1e9, counted = 1e9;
    int64_t events = 0;
    est_loop_callback *c;
    if (est_loop_callback_new(&(est_loop_callback_options){ .name = "count", .call = count_event, .user = &events }, &c) != EST_OK)
        return false;
    for (; rounds > 0; rounds--) {
        double a = fit(steps, (est_loop_callback_list){ 0 }), b = fit(steps, EST_LOOP_CALLBACKS(c));
        plain = a < plain ? a : plain;
        counted = b < counted ? b : counted;
    }
    est_loop_callback_free(c);
    printf("empty step of a training loop %.3f us; with a callback that counts %.3f us\n", plain, counted);
    return plain > 0 && counted > 0 && events > 0;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    int64_t steps = argc > 1 ? atoll(argv[1]) : 500000, counted = 0;
    double plain = 1e9, hooked = 1e9;
    est_hook *hook;
    if (est_hook_new(&(est_hook_options){ .name = "count", .after_run = count, .user = &counted }, &hook) != EST_OK)
        return 1;
    for (int round = rounds; round > 0; round--) {
        double a = train(steps, (est_hook_list){ 0 }), b = train(steps, EST_HOOKS(hook));
        plain = a < plain ? a : plain;
        hooked = b < hooked ? b : hooked;
    }
    est_hook_free(hook);
    printf("empty step %.3f us; with a hook that counts %.3f us\n", plain, hooked);
    return !(plain > 0 && hooked > 0 && counted > 0 && measure_loop(steps, rounds));
}
