/* What a step costs that does nothing: microseconds a step of an empty model_fn, which adds 1 to global_step alone, and of the
 * same with a hook that counts; the quickest of some rounds each.
 *     step [STEPS [ROUNDS]] */
#include <stdio.h>
#include <stdlib.h>

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

int main(int argc, char **argv)
{
    int64_t steps = argc > 1 ? atoll(argv[1]) : 500000, counted = 0;
    double plain = 1e9, hooked = 1e9;
    est_hook *hook;
    if (est_hook_new(&(est_hook_options){ .name = "count", .after_run = count, .user = &counted }, &hook) != EST_OK)
        return 1;
    for (int round = argc > 2 ? atoi(argv[2]) : 5; round > 0; round--) {
        double a = train(steps, (est_hook_list){ 0 }), b = train(steps, EST_HOOKS(hook));
        plain = a < plain ? a : plain;
        hooked = b < hooked ? b : hooked;
    }
    est_hook_free(hook);
    printf("empty step %.3f us; with a hook that counts %.3f us\n", plain, hooked);
    return !(plain > 0 && hooked > 0 && counted > 0);
}
