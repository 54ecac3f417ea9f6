/* Training and evaluating: by turns, where a saving listener evaluates what was just saved, with the variables of the training itself; or as
 * one task of a cluster, which trains alone or evaluates alone. */
#include "estimators/evaluations.h"
#include "train/model_dir.h"

static est_status prefix_of(const est__evaluations *t, int64_t step, est__buffer *out)
{
    est__buffer_printf(out, "%s/model.ckpt-%lld", t->e->model_dir, (long long)step);
    return out->status;
}

/* ---- the listener ---- */

/* A request to stop ends the evaluation alone; training sees it next, and says at which step. */
static est_status evaluate_unless_stopped(const est__evaluations *t, est__evaluator *v, const est__session *session, const char *prefix,
                                          bool final)
{
    if (atomic_load(&t->e->stop))
        return EST_OK;
    est_status st = est__evaluations_run(t, v, session, prefix, final);
    return st == EST_CANCELLED && atomic_load(&t->e->stop) ? EST_OK : st;
}

/* Not the first save of all, before anything was learnt. */
static est_status after_save(est_run_context *c, void *user)
{
    est__evaluations *t = user;
    est__buffer prefix = { 0 };
    int64_t step = est_run_global_step(c), max_steps = t->o->train_spec.max_steps;
    est_status st = step ? prefix_of(t, step, &prefix) : EST_OK;
    for (size_t i = 0; i < t->count && step && st == EST_OK; i++) {
        est__evaluator *v = &t->evaluator[i];
        int64_t throttle = est__evaluations_throttle(v->spec);
        if (throttle > 0 && !est_timer_should_trigger(&v->timer, step)) {
            est__log(EST_LOG_INFO, "step %lld: not evaluated, as %lld seconds (throttle_secs) have not passed", (long long)step,
                     (long long)throttle);
            continue;
        }
        est_timer_update(&v->timer, step);
        st = evaluate_unless_stopped(t, v, c->session, prefix.data, max_steps && step >= max_steps);
    }
    est__buffer_free(&prefix);
    c->is_explained = st != EST_OK;
    return st;
}

/* What was not evaluated is; and the final exporters export, unless they have. */
static est_status at_end(est_run_context *c, void *user)
{
    est__evaluations *t = user;
    est__buffer prefix = { 0 };
    int64_t step = est_run_global_step(c), max_steps = t->o->train_spec.max_steps;
    bool exported = max_steps && step >= max_steps;
    est_status st = prefix_of(t, step, &prefix);
    for (size_t i = 0; i < t->count && st == EST_OK; i++) {
        est__evaluator *v = &t->evaluator[i];
        if (v->step != step)
            st = step ? evaluate_unless_stopped(t, v, c->session, prefix.data, true) : EST_OK;
        else if (!exported)
            st = est__evaluations_export(t, v, &(est__exporting){ .prefix = prefix.data, .final = true, .final_alone = true });
    }
    est__buffer_free(&prefix);
    c->is_explained = st != EST_OK;
    return st;
}

/* ---- without a listener: runs that find nothing to do ---- */

static est_status make_up(est__evaluations *t)
{
    const char *newest = est_estimator_latest_checkpoint(t->e);
    if (newest == NULL)
        return EST_OK;
    char *prefix = est__strdup(newest);
    int64_t step = est__checkpoint_step(newest);
    est_status st = prefix ? EST_OK : est__fail_memory(strlen(newest));
    for (size_t i = 0; i < t->count && st == EST_OK; i++) {
        bool there = t->evaluator[i].step >= 0;
        if (!there)
            st = est__evaluations_find(t, &t->evaluator[i], step, NULL, NULL, &there);
        if (st == EST_OK && !there)
            st = est__evaluations_run(t, &t->evaluator[i], NULL, prefix, true);
    }
    est__free(prefix);
    return st;
}

/* ---- the whole ---- */

static est_train_options train_options(const est_train_spec *s)
{
    return (est_train_options){ .input_fn = s->input_fn, .user = s->user, .max_steps = s->max_steps, .hooks = s->hooks,
                                .saving_listeners = s->saving_listeners, .progress = s->progress, .progress_user = s->progress_user };
}

static est_status by_turns(est__evaluations *t, est_train_result *trained)
{
    est_train_options o = train_options(&t->o->train_spec);
    size_t n = o.saving_listeners.count;
    est_saving_listener *listener = est__calloc(n + 1, sizeof *listener);
    if (listener == NULL)
        return est__fail_memory(n * sizeof *listener);
    if (n)
        memcpy(listener, o.saving_listeners.data, n * sizeof *listener);
    listener[n++] = (est_saving_listener){ .after_save = after_save, .end = at_end, .user = t };
    o.saving_listeners = (est_saving_listeners){ listener, n };
    est_status st = est_train(t->e, &o, trained);
    est__free(listener);
    return st == EST_OK ? make_up(t) : st;
}

static est_status run(est__evaluations *t, est_train_result *trained)
{
    const est_cluster *c = t->e->cluster;
    if (strcmp(c->task_type, "evaluator") == 0)
        return est__evaluate_continuously(t);
    if (c->num_jobs == 0 || strcmp(c->task_type, "master") == 0)
        return by_turns(t, trained);
    est_train_options o = train_options(&t->o->train_spec);
    return est_train(t->e, &o, trained);
}

est_status est_train_and_evaluate_sized(est_estimator *e, const est_train_and_evaluate_options *options, size_t size,
                                        est_train_result *trained, est_results **metrics)
{
    est_train_and_evaluate_options o = { 0 };
    est__evaluations t;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (trained)
        memset(trained, 0, sizeof *trained);
    if (metrics)
        *metrics = NULL;
    est_status st = est__evaluations_new(e, &o, &t);
    if (st == EST_OK)
        st = run(&t, trained);
    if (st == EST_OK && metrics) {
        *metrics = t.evaluator[0].metrics;
        t.evaluator[0].metrics = NULL;
    }
    est__evaluations_free(&t);
    return st;
}
