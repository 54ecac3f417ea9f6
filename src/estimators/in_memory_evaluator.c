/* Evaluation of a model while it trains, with its variables as they stand. */
#include <estimator/training.h>

#include "estimators/estimator.h"

typedef struct evaluator {
    est_estimator *e;
    est_in_memory_evaluator_options o;
    char *name;
    est_hook **hook;
    int64_t iteration;
    int64_t evaluated;            /* the global step of the last time; -1: none */
} evaluator;

static void evaluator_free(void *user)
{
    evaluator *v = user;
    for (size_t i = 0; i < v->o.hooks.count && v->hook; i++)
        est_hook_free(v->hook[i]);
    est__free(v->hook);
    est__free(v->name);
    est__free(v);
}

static est_status evaluate(est_run_context *c, evaluator *v)
{
    est_results *r;
    est_evaluate_options o = { .input_fn = v->o.input_fn, .user = v->o.user, .steps = v->o.steps, .name = v->name,
                               .hooks = { v->hook, v->o.hooks.count } };
    if (v->evaluated == est_run_global_step(c))
        return EST_OK;
    EST_TRY(est__evaluate_session(v->e, &o, c->session, NULL, &r));
    v->evaluated = est_run_global_step(c);
    const double *loss = est__results_find(r, "loss");
    if (loss)
        est__log(EST_LOG_INFO, "step %lld: evaluated: loss = %.6g", (long long)v->evaluated, *loss);
    est_results_free(r);
    return EST_OK;
}

static est_status evaluator_created(est_run_context *c, void *user)
{
    evaluator *v = user;
    v->iteration = 0;
    v->evaluated = -1;
    return evaluate(c, v);
}

static est_status evaluator_after(est_run_context *c, void *user)
{
    evaluator *v = user;
    return ++v->iteration % v->o.every_n_iter == 0 ? evaluate(c, v) : EST_OK;
}

static est_status evaluator_end(est_run_context *c, void *user)
{
    return evaluate(c, user);
}

est_status est_in_memory_evaluator_hook_new_sized(est_estimator *e, const est_in_memory_evaluator_options *options, size_t size,
                                                  est_hook **out)
{
    est_in_memory_evaluator_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (o.input_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "InMemoryEvaluatorHook: input_fn is needed");
    if (o.every_n_iter < 0 || o.steps < 0)
        return est__fail(EST_INVALID_ARGUMENT, "InMemoryEvaluatorHook: %s is below 0", o.steps < 0 ? "steps" : "every_n_iter");
    evaluator *v = est__calloc(1, sizeof *v);
    if (v == NULL)
        return est__fail_memory(sizeof *v);
    v->e = e;
    v->o = o;
    v->o.every_n_iter = o.every_n_iter ? o.every_n_iter : 100;
    v->hook = est__calloc(o.hooks.count + 1, sizeof *v->hook);
    v->name = o.name ? est__strdup(o.name) : NULL;
    for (size_t i = 0; i < o.hooks.count && v->hook; i++)
        v->hook[i] = est_hook_retain(o.hooks.data[i]);
    if (v->hook == NULL || (o.name && v->name == NULL)) {
        evaluator_free(v);
        return est__fail_memory(64);
    }
    return est__hook_make(&(est_hook_options){ .name = "InMemoryEvaluatorHook", .after_create_session = evaluator_created,
                                               .after_run = evaluator_after, .end = evaluator_end, .user = v,
                                               .free_user = evaluator_free }, out);
}
