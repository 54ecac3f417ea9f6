/* Training and evaluating by turns: a saving listener evaluates what was just saved, with the variables of the training itself. */
#include "estimators/exporter.h"

#include "estimators/estimator.h"
#include "train/eval_metrics.h"
#include "train/model_dir.h"

/* One spec's evaluations. */
typedef struct evaluator {
    const est_eval_spec *spec;
    est_timer timer;
    int64_t step;                 /* of the last one; -1: none */
    est_results *metrics;         /* of it */
} evaluator;

typedef struct turns {
    est_estimator *e;
    const est_train_and_evaluate_options *o;
    evaluator *evaluator;
    size_t count;
} turns;

static char *eval_dir_of(const turns *t, const est_eval_spec *s)
{
    est__buffer dir = { 0 };
    est__buffer_printf(&dir, "%s/eval%s%s", t->e->model_dir, s->name ? "_" : "", s->name ? s->name : "");
    return dir.status == EST_OK ? dir.data : NULL;
}

/* ---- an evaluation ---- */

static est_status run_exporters(const turns *t, const evaluator *v, const char *checkpoint, bool final, bool final_alone)
{
    char *dir = eval_dir_of(t, v->spec);
    est__evaluated told = { .estimator = t->e, .checkpoint = checkpoint, .eval_dir = dir, .metrics = v->metrics, .is_the_final_export = final };
    est_status st = dir ? EST_OK : est__fail_memory(64);
    for (size_t i = 0; i < v->spec->exporters.count && st == EST_OK; i++)
        if (!final_alone || est__exporter_is_final(v->spec->exporters.data[i]))
            st = est__exporter_run(v->spec->exporters.data[i], &told);
    est__free(dir);
    return st;
}

static void log_metrics(const evaluator *v)
{
    est__buffer line = { 0 };
    for (size_t i = 0; i < v->metrics->count; i++)
        if (strcmp(v->metrics->name[i], "global_step") != 0)
            est__buffer_printf(&line, "%s%s = %.6g", line.size ? ", " : "", v->metrics->name[i], v->metrics->value[i]);
    if (line.data)
        est__log(EST_LOG_INFO, "step %lld: evaluated%s%s: %s", (long long)v->step, v->spec->name ? " " : "", v->spec->name ? v->spec->name : "",
                 line.data);
    est__buffer_free(&line);
}

/* `session` NULL: reads the checkpoint. */
static est_status evaluate(const turns *t, evaluator *v, const est__session *session, const char *checkpoint, bool final)
{
    const est_eval_spec *s = v->spec;
    est_results *r;
    est_evaluate_options o = { .input_fn = s->input_fn, .user = s->user, .steps = s->steps == EST_OFF ? 0 : s->steps ? s->steps : 100,
                               .name = s->name, .hooks = s->hooks, .checkpoint_path = checkpoint };
    est_status st = est__evaluate_session(t->e, &o, session, checkpoint, &r);
    if (st == EST_NOT_FOUND && session)    /* a variable that training does not have */
        st = est__evaluate_session(t->e, &o, NULL, NULL, &r);
    EST_TRY(st);
    est_results_free(v->metrics);
    v->metrics = r;
    v->step = est__checkpoint_step(checkpoint);
    log_metrics(v);
    if (t->o->evaluated)
        EST_TRY(t->o->evaluated(s->name, r, t->o->evaluated_user));
    return run_exporters(t, v, checkpoint, final, false);
}

static est_status prefix_of(const turns *t, int64_t step, est__buffer *out)
{
    est__buffer_printf(out, "%s/model.ckpt-%lld", t->e->model_dir, (long long)step);
    return out->status;
}

/* ---- the listener ---- */

static int64_t throttle_of(const est_eval_spec *s)
{
    return s->throttle_secs == EST_OFF ? 0 : s->throttle_secs ? s->throttle_secs : 600;
}

/* A request to stop ends the evaluation alone; training sees it next, and says at which step. */
static est_status evaluate_unless_stopped(turns *t, evaluator *v, est__session *session, const char *checkpoint, bool final)
{
    if (atomic_load(&t->e->stop))
        return EST_OK;
    est_status st = evaluate(t, v, session, checkpoint, final);
    return st == EST_CANCELLED && atomic_load(&t->e->stop) ? EST_OK : st;
}

/* Not the first save of all, before anything was learnt. */
static est_status after_save(est_run_context *c, void *user)
{
    turns *t = user;
    est__buffer prefix = { 0 };
    int64_t step = est_run_global_step(c), max_steps = t->o->train_spec.max_steps;
    est_status st = step ? prefix_of(t, step, &prefix) : EST_OK;
    for (size_t i = 0; i < t->count && step && st == EST_OK; i++) {
        evaluator *v = &t->evaluator[i];
        if (throttle_of(v->spec) > 0 && !est_timer_should_trigger(&v->timer, step)) {
            est__log(EST_LOG_INFO, "step %lld: not evaluated, as %lld seconds (throttle_secs) have not passed", (long long)step,
                     (long long)throttle_of(v->spec));
            continue;
        }
        est_timer_update(&v->timer, step);
        st = evaluate_unless_stopped(t, v, c->session, prefix.data, max_steps && step >= max_steps);
    }
    est__buffer_free(&prefix);
    return st;
}

/* What was not evaluated is; and the final exporters export, unless they have. */
static est_status at_end(est_run_context *c, void *user)
{
    turns *t = user;
    est__buffer prefix = { 0 };
    int64_t step = est_run_global_step(c), max_steps = t->o->train_spec.max_steps;
    bool exported = max_steps && step >= max_steps;
    est_status st = prefix_of(t, step, &prefix);
    for (size_t i = 0; i < t->count && st == EST_OK; i++) {
        evaluator *v = &t->evaluator[i];
        if (v->step != step)
            st = step ? evaluate_unless_stopped(t, v, c->session, prefix.data, true) : EST_OK;
        else if (!exported)
            st = run_exporters(t, v, prefix.data, true, true);
    }
    est__buffer_free(&prefix);
    return st;
}

/* ---- without a listener: estimators that do not train by steps, and runs that find nothing to do ---- */

static bool has_step(const turns *t, const est_eval_spec *s, int64_t step)
{
    est__eval_metrics m = { 0 };
    char *dir = eval_dir_of(t, s);
    bool yes = false;
    if (dir && est__eval_metrics_read(dir, &m) == EST_OK)
        for (size_t i = 0; i < m.count; i++)
            yes = yes || m.metric[i].step == step;
    est__eval_metrics_free(&m);
    est__free(dir);
    return yes;
}

static est_status make_up(turns *t)
{
    const char *newest = est_estimator_latest_checkpoint(t->e);
    if (newest == NULL)
        return EST_OK;
    char *prefix = est__strdup(newest);
    int64_t step = est__checkpoint_step(newest);
    est_status st = prefix ? EST_OK : est__fail_memory(strlen(newest));
    for (size_t i = 0; i < t->count && st == EST_OK; i++)
        if (t->evaluator[i].step < 0 && !has_step(t, t->evaluator[i].spec, step))
            st = evaluate(t, &t->evaluator[i], NULL, prefix, true);
    est__free(prefix);
    return st;
}

/* ---- the whole ---- */

static est_status check_exporters(const est_eval_spec *s, size_t i)
{
    for (size_t a = 0; a < s->exporters.count; a++) {
        if (s->exporters.data[a] == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: exporters[%zu] is NULL", i, a);
        for (size_t b = 0; b < a; b++)
            if (strcmp(est__exporter_name(s->exporters.data[a]), est__exporter_name(s->exporters.data[b])) == 0)
                return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: two exporters are named '%s'", i,
                                 est__exporter_name(s->exporters.data[a]));
    }
    return EST_OK;
}

static est_status check(const est_train_and_evaluate_options *o)
{
    const est_eval_specs list = o->eval_specs;
    if (o->train_spec.input_fn == NULL || list.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "train_and_evaluate: %s needed", list.count ? "train_spec.input_fn is" : "eval_specs are");
    for (size_t i = 0; i < list.count; i++) {
        const est_eval_spec *s = &list.data[i];
        if (s->input_fn == NULL)
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: input_fn is needed", i);
        if (s->steps < EST_OFF || s->throttle_secs < EST_OFF)
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: %s is %lld; it must be above 0, or EST_OFF", i,
                             s->steps < EST_OFF ? "steps" : "throttle_secs", (long long)(s->steps < EST_OFF ? s->steps : s->throttle_secs));
        if (s->name && (*s->name == 0 || strchr(s->name, '/')))
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: name is '%s'; it ends the name of a folder", i, s->name);
        for (size_t k = 0; k < i; k++)
            if ((s->name == NULL) == (list.data[k].name == NULL) && (s->name == NULL || strcmp(s->name, list.data[k].name) == 0))
                return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu] and eval_specs[%zu] have the same name: their results would mix", k, i);
        EST_TRY(check_exporters(s, i));
    }
    return EST_OK;
}

static est_status run(turns *t, est_train_result *trained)
{
    const est_train_spec *s = &t->o->train_spec;
    est_saving_listener *listener = est__calloc(s->saving_listeners.count + 1, sizeof *listener);
    size_t n = s->saving_listeners.count;
    if (listener == NULL)
        return est__fail_memory(n * sizeof *listener);
    if (n)
        memcpy(listener, s->saving_listeners.data, n * sizeof *listener);
    listener[n++] = (est_saving_listener){ .after_save = after_save, .end = at_end, .user = t };
    est_train_options o = { .input_fn = s->input_fn, .user = s->user, .max_steps = s->max_steps, .hooks = s->hooks,
                            .saving_listeners = { listener, n }, .progress = s->progress, .progress_user = s->progress_user };
    if (t->e->verbs && s->saving_listeners.count == 0)
        o.saving_listeners = (est_saving_listeners){ 0 };
    est_status st = est_train(t->e, &o, trained);
    est__free(listener);
    return st == EST_OK ? make_up(t) : st;
}

est_status est_train_and_evaluate_sized(est_estimator *e, const est_train_and_evaluate_options *options, size_t size,
                                        est_train_result *trained, est_results **metrics)
{
    est_train_and_evaluate_options o = { 0 };
    turns t = { .e = e, .o = &o };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (trained)
        memset(trained, 0, sizeof *trained);
    if (metrics)
        *metrics = NULL;
    EST_TRY(check(&o));
    t.count = o.eval_specs.count;
    t.evaluator = est__calloc(t.count, sizeof *t.evaluator);
    if (t.evaluator == NULL)
        return est__fail_memory(t.count * sizeof *t.evaluator);
    for (size_t i = 0; i < t.count; i++)
        t.evaluator[i] = (evaluator){ .spec = &o.eval_specs.data[i], .step = -1,
                                      .timer = { .every_secs = (double)throttle_of(&o.eval_specs.data[i]) } };
    est_status st = run(&t, trained);
    if (st == EST_OK && metrics) {
        *metrics = t.evaluator[0].metrics;
        t.evaluator[0].metrics = NULL;
    }
    for (size_t i = 0; i < t.count; i++)
        est_results_free(t.evaluator[i].metrics);
    est__free(t.evaluator);
    return st;
}
