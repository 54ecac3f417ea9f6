/* What evaluations beside training share: an evaluation of a checkpoint, its line in the log, its exporters; what the specs may be. */
#include "estimators/evaluations.h"

#include "estimators/exporter.h"
#include "train/eval_metrics.h"
#include "train/model_dir.h"

static char *eval_dir_of(const est__evaluations *t, const est_eval_spec *s)
{
    est__buffer dir = { 0 };
    est__buffer_printf(&dir, "%s/eval%s%s", t->e->model_dir, s->name ? "_" : "", s->name ? s->name : "");
    return dir.status == EST_OK ? dir.data : NULL;
}

int64_t est__evaluations_throttle(const est_eval_spec *s)
{
    return s->throttle_secs == EST_OFF ? 0 : s->throttle_secs ? s->throttle_secs : 600;
}

/* ---- an evaluation ---- */

est_status est__evaluations_export(const est__evaluations *t, const est__evaluator *v, const est__exporting *x)
{
    char *dir = eval_dir_of(t, v->spec);
    est__evaluated told = { .estimator = t->e, .checkpoint = x->prefix, .eval_dir = dir, .metrics = v->metrics, .since = x->since,
                            .is_the_final_export = x->final };
    est_status st = dir ? EST_OK : est__fail_memory(64);
    for (size_t i = 0; i < v->spec->exporters.count && st == EST_OK; i++)
        if (!x->final_alone || est__exporter_is_final(v->spec->exporters.data[i]))
            st = est__exporter_run(v->spec->exporters.data[i], &told);
    est__free(dir);
    return st;
}

static void log_metrics(const est__evaluator *v)
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

est_status est__evaluations_run(const est__evaluations *t, est__evaluator *v, const est__session *session, const char *prefix, bool final)
{
    const est_eval_spec *s = v->spec;
    est_results *r;
    est_evaluate_options o = { .input_fn = s->input_fn, .user = s->user, .steps = s->steps == EST_OFF ? 0 : s->steps ? s->steps : 100,
                               .name = s->name, .hooks = s->hooks, .checkpoint_path = prefix };
    if (t->e->verbs)              /* what evaluates has the shapes of a checkpoint */
        session = NULL;
    est_status st = est__evaluate_session(t->e, &o, session, prefix, &r);
    if (st == EST_NOT_FOUND && session)    /* a variable that training does not have */
        st = est__evaluate_session(t->e, &o, NULL, NULL, &r);
    EST_TRY(st);
    est_results_free(v->metrics);
    v->metrics = r;
    v->step = est__checkpoint_step(prefix);
    log_metrics(v);
    if (t->o->evaluated)
        EST_TRY(t->o->evaluated(s->name, r, t->o->evaluated_user));
    return est__evaluations_export(t, v, &(est__exporting){ .prefix = prefix, .final = final });
}

/* ---- what an earlier run has found ---- */

static est_status results_of(const est__eval_metrics *m, size_t from, size_t to, est_results **out)
{
    est__result *list = est__calloc(to - from + 1, sizeof *list);
    if (list == NULL)
        return est__fail_memory((to - from) * sizeof *list);
    for (size_t i = from; i < to; i++)
        list[i - from] = (est__result){ m->metric[i].tag, m->metric[i].value };
    list[to - from] = (est__result){ "global_step", (double)m->metric[from].step };
    est_status st = est__results_new(list, to - from + 1, out);
    est__free(list);
    return st;
}

est_status est__evaluations_find(const est__evaluations *t, const est__evaluator *v, int64_t step, double *when, est_results **metrics,
                                 bool *there)
{
    est__eval_metrics m = { 0 };
    char *dir = eval_dir_of(t, v->spec);
    size_t i = 0;
    *there = false;
    if (metrics)
        *metrics = NULL;
    est_status st = dir ? est__eval_metrics_read(dir, &m) : est__fail_memory(64);
    while (i < m.count && m.metric[i].step != step)
        i++;
    if (st == EST_OK && i < m.count) {
        *there = true;
        if (when)
            *when = m.metric[i].wall_time;
        if (metrics)
            st = results_of(&m, i, est__eval_metrics_end(&m, i), metrics);
    }
    est__eval_metrics_free(&m);
    est__free(dir);
    return st;
}

/* ---- specs ---- */

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

static est_status check_spec(const est_eval_specs list, size_t i)
{
    const est_eval_spec *s = &list.data[i];
    const struct { const char *name; int64_t value; } numbers[] = {
        { "steps", s->steps }, { "start_delay_secs", s->start_delay_secs }, { "throttle_secs", s->throttle_secs } };
    if (s->input_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: input_fn is needed", i);
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (numbers[k].value < EST_OFF)
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: %s is %lld; it must be above 0, or EST_OFF", i, numbers[k].name,
                             (long long)numbers[k].value);
    if (s->name && (*s->name == 0 || strchr(s->name, '/')))
        return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu]: name is '%s'; it ends the name of a folder", i, s->name);
    for (size_t k = 0; k < i; k++)
        if ((s->name == NULL) == (list.data[k].name == NULL) && (s->name == NULL || strcmp(s->name, list.data[k].name) == 0))
            return est__fail(EST_INVALID_ARGUMENT, "eval_specs[%zu] and eval_specs[%zu] have the same name: their results would mix", k, i);
    return check_exporters(s, i);
}

est_status est__evaluations_new(est_estimator *e, const est_train_and_evaluate_options *o, est__evaluations *out)
{
    const est_eval_specs list = o->eval_specs;
    *out = (est__evaluations){ .e = e, .o = o };
    if (o->train_spec.input_fn == NULL || list.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "train_and_evaluate: %s needed", list.count ? "train_spec.input_fn is" : "eval_specs are");
    for (size_t i = 0; i < list.count; i++)
        EST_TRY(check_spec(list, i));
    out->evaluator = est__calloc(list.count, sizeof *out->evaluator);
    if (out->evaluator == NULL)
        return est__fail_memory(list.count * sizeof *out->evaluator);
    for (; out->count < list.count; out->count++) {
        const est_eval_spec *s = &list.data[out->count];
        out->evaluator[out->count] = (est__evaluator){ .spec = s, .step = -1, .timer = { .every_secs = (double)est__evaluations_throttle(s) } };
    }
    return EST_OK;
}

void est__evaluations_free(est__evaluations *t)
{
    for (size_t i = 0; i < t->count; i++)
        est_results_free(t->evaluator[i].metrics);
    est__free(t->evaluator);
}
