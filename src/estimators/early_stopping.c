/* Early stopping: hooks that read what evaluations have written, and ask training to stop. */
#include <estimator/training.h>

#include "estimators/estimator.h"
#include "train/eval_metrics.h"
#include "train/kept.h"

typedef enum rule { HIGHER, LOWER, NO_INCREASE, NO_DECREASE, OWN } rule;
static const char *const rule_names[] = { "stop_if_higher_hook", "stop_if_lower_hook", "stop_if_no_increase_hook", "stop_if_no_decrease_hook",
                                          "make_early_stopping_hook" };

typedef struct stopping {
    est_estimator *e;
    rule rule;
    char *metric, *eval_dir, *kept_dir;
    double threshold;
    int64_t max_steps, min_steps;
    bool restore_best, stopped;
    bool (*should_stop_fn)(void *user);
    void *user;
    est_timer timer;
    int64_t asked;                /* the step before whose checkpoint it was asked; -1: none */
    bool follows;                 /* asks after each evaluation by this estimator too */
    int64_t evaluations;          /* by then */
    int64_t best_step;            /* of all evaluations; -1: none */
    double best;
    int64_t kept_step;            /* whose checkpoint lies in kept_dir; -1: none */
} stopping;

static void stopping_free(void *user)
{
    stopping *s = user;
    est__free(s->metric);
    est__free(s->eval_dir);
    est__free(s->kept_dir);
    est__free(s);
}

/* ---- what the evaluations say ---- */

static bool better(const stopping *s, double value)
{
    bool up = s->rule == HIGHER || s->rule == NO_INCREASE;
    return s->best_step < 0 || (up ? value > s->best : value < s->best);
}

/* At one evaluation; says so in the log when it is the end. */
static bool ends_at(const stopping *s, int64_t step, double value)
{
    if (s->rule == HIGHER || s->rule == LOWER) {
        bool crossed = s->rule == HIGHER ? value > s->threshold : value < s->threshold;
        if (crossed)
            est__log(EST_LOG_INFO, "at step %lld %s is %.6g, %s than %.6g", (long long)step, s->metric, value,
                     s->rule == HIGHER ? "higher" : "lower", s->threshold);
        return crossed;
    }
    if (step - s->best_step < s->max_steps)
        return false;
    est__log(EST_LOG_INFO, "no %s of %s for %lld steps, since step %lld (%.6g)", s->rule == NO_INCREASE ? "increase" : "decrease", s->metric,
             (long long)(step - s->best_step), (long long)s->best_step, s->best);
    return true;
}

static est_status missing(const stopping *s, const est__eval_metrics *m, size_t from, size_t to)
{
    const char **names = est__calloc(to - from + 1, sizeof *names), *near = NULL;
    for (size_t i = from; names && i < to; i++)
        names[i - from] = m->metric[i].tag;
    if (names)
        near = est__nearest(s->metric, names, to - from);
    est_status st = est__fail(EST_NOT_FOUND, "%s: the evaluation of step %lld has no metric '%s'%s%s%s", s->eval_dir,
                              (long long)m->metric[from].step, s->metric, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    est__free(names);
    return st;
}

static est_status judge(stopping *s, const est__eval_metrics *m, bool *stop)
{
    s->best_step = -1;
    for (size_t i = 0, end; i < m->count && !*stop; i = end) {
        size_t at = i;
        end = est__eval_metrics_end(m, i);
        if (m->metric[i].step < s->min_steps)
            continue;
        while (at < end && strcmp(m->metric[at].tag, s->metric) != 0)
            at++;
        if (at == end)
            return missing(s, m, i, end);
        if (better(s, m->metric[at].value)) {
            s->best = m->metric[at].value;
            s->best_step = m->metric[at].step;
        }
        *stop = ends_at(s, m->metric[at].step, m->metric[at].value);
    }
    return EST_OK;
}

/* ---- the best checkpoint ---- */

/* Rotation would take it away before training stops. */
static est_status keep_best(stopping *s)
{
    char prefix[4200];
    if (!s->restore_best || s->best_step < 0 || s->best_step == s->kept_step)
        return EST_OK;
    snprintf(prefix, sizeof prefix, "%s/model.ckpt-%lld", s->e->model_dir, (long long)s->best_step);
    est_status st = est__checkpoint_keep(prefix, s->kept_dir, 1);
    if (st == EST_OK || st == EST_NOT_FOUND)
        s->kept_step = s->best_step;
    if (st == EST_NOT_FOUND)
        est__log(EST_LOG_WARNING, "%s: the best checkpoint cannot be kept", est_error());
    return st == EST_NOT_FOUND ? EST_OK : st;
}

static est_status restore_best(const stopping *s, est_run_context *c)
{
    char prefix[4200];
    est_status st = EST_OK;
    snprintf(prefix, sizeof prefix, "%s/model.ckpt-%lld", s->kept_dir, (long long)s->best_step);
    EST_TRY(est__saver_wait(c->saver));
    st = est__checkpoint_link(prefix, s->e->model_dir);
    if (st == EST_OK)
        st = est__saver_promote(c->saver, s->best_step);
    if (st == EST_OK)
        est__log(EST_LOG_INFO, "the best checkpoint, of step %lld (%s %.6g), is the newest one again", (long long)s->best_step, s->metric,
                 s->best);
    if (st == EST_NOT_FOUND)
        est__log(EST_LOG_WARNING, "%s: the best checkpoint is not restored", est_error());
    return st == EST_NOT_FOUND ? EST_OK : st;
}

/* ---- moments ---- */

static est_status stopping_begin(est_run_context *c, void *user)
{
    stopping *s = user;
    s->timer.triggered = s->stopped = false;
    s->kept_step = s->asked = -1;
    s->evaluations = s->e->evaluations;
    if (est_run_mode(c) != EST_TRAIN)
        return est__fail(EST_INVALID_ARGUMENT, "it stops training, nothing else");
    est_graph *g = est_run_graph(c);
    if (est_graph_variable(g, EST__STOP_VARIABLE) == NULL)   /* another rule may have made it */
        est_variable(g, EST__STOP_VARIABLE, &(est_variable_options){ .dtype = EST_BOOL, .not_trainable = true, .hyper = true });
    return est_graph_status(g);
}

static est_status ask(stopping *s, bool *stop)
{
    est__eval_metrics m;
    if (s->rule == OWN) {
        *stop = s->should_stop_fn(s->user);
        return EST_OK;
    }
    est_status st = est__eval_metrics_read(s->eval_dir, &m);
    if (st == EST_OK)
        st = judge(s, &m, stop);
    est__eval_metrics_free(&m);
    return st == EST_OK ? keep_best(s) : st;
}

static est_status decide(stopping *s, est_run_context *c)
{
    int64_t step = est_run_global_step(c);
    bool stop = false;
    s->evaluations = s->e->evaluations;
    est_timer_update(&s->timer, step);
    EST_TRY(ask(s, &stop));
    if (!stop)
        return EST_OK;
    est__log(EST_LOG_INFO, "early stopping at step %lld", (long long)step);
    *(bool *)est__session_variable(c->session, EST__STOP_VARIABLE)->value->data = true;
    s->stopped = true;
    est_run_request_stop(c);
    return EST_OK;
}

static est_status stopping_after(est_run_context *c, void *user)
{
    stopping *s = user;
    int64_t step = est_run_global_step(c);
    bool evaluated = s->follows && s->evaluations != s->e->evaluations;
    bool asked = s->asked == step;      /* before its checkpoint was saved */
    return !s->stopped && (evaluated || (!asked && est_timer_should_trigger(&s->timer, step))) ? decide(s, c) : EST_OK;
}

/* An evaluator that is told by the checkpoint alone would wait for ever, were the stop not in it. Where evaluations come with the saving
 * itself, as listeners, nobody needs to be told, and the rule waits for them. */
static est_status stopping_before_save(est_run_context *c, void *user)
{
    stopping *s = user;
    if (est__listeners_any(c) && s->e->cluster->num_jobs == 0)
        return EST_OK;
    s->asked = est_run_global_step(c);
    return est_timer_should_trigger(&s->timer, s->asked) ? decide(s, c) : EST_OK;
}

static est_status stopping_end(est_run_context *c, void *user)
{
    const stopping *s = user;
    return s->stopped && s->restore_best && s->best_step >= 0 && s->best_step != est_run_global_step(c) ? restore_best(s, c) : EST_OK;
}

/* ---- making ---- */

static est_status make(stopping *s, double secs, int64_t steps, est_hook **out)
{
    const char *name = rule_names[s->rule];
    est_status st = EST_OK;
    if (secs < 0 || steps < 0 || (secs > 0 && steps > 0))
        st = est__fail(EST_INVALID_ARGUMENT, "%s: run_every_secs is %g, run_every_steps %lld; one of them may be given, above 0", name, secs,
                       (long long)steps);
    if (st != EST_OK) {
        stopping_free(s);
        return st;
    }
    s->follows = s->rule != OWN && secs <= 0 && steps == 0;
    s->timer = (est_timer){ .every_secs = secs > 0 || steps > 0 ? secs : 60, .every_steps = steps };
    EST_TRY(est__hook_make(&(est_hook_options){ .name = name, .begin = stopping_begin, .after_run = stopping_after, .end = stopping_end,
                                                .user = s, .free_user = stopping_free }, out));
    (*out)->before_save = stopping_before_save;
    return EST_OK;
}

static est_status check(rule r, const est_early_stopping_options *o)
{
    int64_t patience = r == NO_INCREASE ? o->max_steps_without_increase : o->max_steps_without_decrease;
    if (o->metric_name == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: metric_name is needed", rule_names[r]);
    if ((r == NO_INCREASE || r == NO_DECREASE) && patience <= 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: max_steps_without_%s is %lld; it must be above 0", rule_names[r],
                         r == NO_INCREASE ? "increase" : "decrease", (long long)patience);
    return EST_OK;
}

static est_status new_rule(est_estimator *e, rule r, const est_early_stopping_options *options, size_t size, est_hook **out)
{
    est_early_stopping_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(check(r, &o));
    stopping *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    *s = (stopping){ .e = e, .rule = r, .threshold = o.threshold, .min_steps = o.min_steps, .restore_best = o.restore_best,
                     .max_steps = r == NO_INCREASE ? o.max_steps_without_increase : o.max_steps_without_decrease,
                     .best_step = -1, .kept_step = -1, .metric = est__strdup(o.metric_name),
                     .eval_dir = o.eval_dir ? est__strdup(o.eval_dir) : est__path_join(e->model_dir, "eval"),
                     .kept_dir = est__path_join(e->model_dir, "early_stopping") };
    if (s->metric == NULL || s->eval_dir == NULL || s->kept_dir == NULL) {
        stopping_free(s);
        return est__fail_memory(64);
    }
    return make(s, o.run_every_secs, o.run_every_steps, out);
}

est_status est_stop_if_higher_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out)
{
    return new_rule(e, HIGHER, options, size, out);
}

est_status est_stop_if_lower_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out)
{
    return new_rule(e, LOWER, options, size, out);
}

est_status est_stop_if_no_increase_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out)
{
    return new_rule(e, NO_INCREASE, options, size, out);
}

est_status est_stop_if_no_decrease_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out)
{
    return new_rule(e, NO_DECREASE, options, size, out);
}

est_status est_early_stopping_hook_new(est_estimator *e, bool (*should_stop_fn)(void *user), void *user, double run_every_secs,
                                       int64_t run_every_steps, est_hook **out)
{
    *out = NULL;
    if (should_stop_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "make_early_stopping_hook: should_stop_fn is needed");
    stopping *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    *s = (stopping){ .e = e, .rule = OWN, .should_stop_fn = should_stop_fn, .user = user, .best_step = -1, .kept_step = -1 };
    return make(s, run_every_secs, run_every_steps, out);
}
