/* evaluate and predict: batches through a cached model, in the newest checkpoint or a given one. */
#include "estimators/estimator.h"

#include <stdlib.h>

#include "formats/event.h"
#include "train/feeder.h"
#include "train/model_dir.h"

/* ---- what both share ---- */

/* Makes the plans: the early part for the input thread, the late one for this. */
static est_status plan_anew(est_estimator *e, est__model *m, est_nodes fetches, est_nodes fed, est_nodes targets)
{
    est__plan_options o = { .resources = m->session->resources, .feeds = { m->in.feeds, m->in.num_feeds }, .fetches = fetches,
                            .targets = targets, .late_feeds = fed, .seed = (uint64_t)e->config.tf_random_seed };
    EST_TRY(est__plan_split(m->graph, &o, &m->early, &m->late, NULL));
    return est__run_new(m->late, e->pool, &m->run);
}

est_status est__model_plan(est_estimator *e, est__model *m, est_run_context *c, est_nodes fetches, est_nodes targets)
{
    size_t n = fetches.count + c->num_fetches, all = n + c->num_feeds;
    est_node **list = est__malloc((all + 1) * sizeof *list);
    if (list == NULL)
        return est__fail_memory(all * sizeof *list);
    if (fetches.count)
        memcpy(list, fetches.data, fetches.count * sizeof *list);
    est__hooks_fetches(c, false, list + fetches.count);
    est__hooks_feed_nodes(c, list + n);
    bool same = m->run && m->num_planned == all && m->num_fed == c->num_feeds && memcmp(m->planned, list, all * sizeof *list) == 0;
    est_status st = EST_OK;
    if (same) {
        est__free(list);
    } else {
        est__model_unplan(m);
        m->planned = list;
        m->num_planned = all;
        m->num_fed = c->num_feeds;
        st = plan_anew(e, m, (est_nodes){ list, n }, (est_nodes){ list + n, c->num_feeds }, targets);
    }
    return st == EST_OK ? est__hooks_layout(c, fetches.count, 0, est__plan_fetches(m->early)) : st;
}

/* A step that fails says in which batch. OUT_OF_RANGE is for the end of the data. */
static est_status in_batch(est_status st, int64_t number)
{
    return st == EST_OK ? EST_OK
                        : est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "batch %lld", (long long)number + 1);
}

/* One batch, with the moments of hooks around it. */
static est_status run_batch(est__model *m, est_run_context *c, est__feeder *feeder, const est__batches *b, int64_t number)
{
    const est_tensor *const *feeds;
    int64_t rows;
    EST_TRY(est__hooks_before(c));
    EST_TRY(est__feeder_next(feeder, &feeds, &rows));
    EST_TRY(in_batch(est__hooks_feeds(c, feeds, &feeds), number));
    c->run = m->run;
    if (c->profile)
        EST_TRY(est__run_profile(m->run));
    m->fed = feeds;
    EST_TRY(in_batch(est__run_step(m->run, feeds, (uint64_t)number), number));
    EST_TRY(in_batch(b->each(m, rows, b->user), number));
    est_status st = est__hooks_after(c, 0, c->count);
    if (c->profile)
        est__run_profile_end(m->run);
    c->profile = false;
    return st;
}

est_status est__model_run(est_estimator *e, est__model *m, est_run_context *c, est_dataset *d, est__batches b)
{
    est__feeder *feeder;
    est__dataset_window(d, est__feeder_window(d));
    EST_TRY(est__dataset_start(d, (uint64_t)e->config.tf_random_seed));
    EST_TRY(est__feeder_new(d, m->early, m->in.feed, m->in.num_feeds, "batch", 0, false, &feeder));
    c->global_step = (int64_t)est__tensor_get(est__session_variable(m->session, "global_step")->value, 0);
    c->graph->finalized = true;
    est_status st = est__hooks_created(c, m->session);
    for (int64_t n = 0; st == EST_OK && !c->stop && (b.steps == 0 || n < b.steps); n++) {
        if (atomic_load_explicit(&e->stop, memory_order_relaxed))
            st = est__fail(EST_CANCELLED, "stopped after %lld batches", (long long)n);
        else
            st = run_batch(m, c, feeder, &b, n);
    }
    if (st == EST_OK || (st == EST_OUT_OF_RANGE && !c->failed))
        st = est__hooks_end(c);
    c->graph->finalized = false;
    est__error error;
    est__error_take(&error, st);
    est__feeder_free(feeder);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

est_run_context est__context_new(est_estimator *e, est_hook_list hooks)
{
    e->verbs_running++;
    return (est_run_context){ .config = &e->config, .model_dir = e->model_dir, .given = hooks, .every_fetch = true };
}

est_status est__verb_finish(est_estimator *e, est_dataset *d, est_run_context *c, est_status st)
{
    est__error error;
    est__error_take(&error, st);
    est_dataset_free(d);
    est__hooks_free(c);
    est__verb_end(e);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

/* What a callback is shown of each batch: some of the plan's fetches, by their keys. */
typedef struct showing {
    est_predictions p;
    const char **key;
    const est_tensor **value;
    size_t *fetch;                /* by key shown: its place among the plan's fetches */
    est_status (*each)(const est_predictions *batch, void *user);
    void *user;
} showing;

static est_status showing_new(showing *c, size_t most)
{
    c->p.key = c->key = est__calloc(most + 1, sizeof *c->key);
    c->p.value = c->value = est__calloc(most + 1, sizeof *c->value);
    c->fetch = est__calloc(most + 1, sizeof *c->fetch);
    return c->key && c->value && c->fetch ? EST_OK : est__fail_memory(most * sizeof *c->key);
}

static void showing_free(showing *c)
{
    est__free(c->key);
    est__free(c->value);
    est__free(c->fetch);
}

static void show(showing *c, const char *key, size_t fetch)
{
    c->key[c->p.count] = key;
    c->fetch[c->p.count++] = fetch;
}

static est_status give_batch(est__model *m, int64_t rows, void *user)
{
    showing *c = user;
    for (size_t i = 0; i < c->p.count; i++) {
        c->value[i] = est__run_fetch(m->run, c->fetch[i]);
        if (c->value[i]->shape.rank < 1 || c->value[i]->shape.dim[0] != rows)
            return est__fail(EST_INVALID_ARGUMENT, "prediction '%s' does not have the batch's %lld rows", c->key[i], (long long)rows);
    }
    c->p.rows = rows;
    return c->each(&c->p, c->user);
}

/* ---- evaluate ---- */

typedef struct evaluating {
    double losses;                /* of all batches */
    int64_t batches;
    showing shown;
    size_t num_summaries, first_summary;  /* among the fetches */
    est__pr_curve *curve;         /* by summary */
    est_tensor **last;            /* likewise, of the last batch: a fetch may lie in what the batch itself held */
} evaluating;

/* The result's loss is the plain mean of the batches' losses, however short the last one is, as TensorFlow has it. */
static est_status add_batch(est__model *m, int64_t rows, void *user)
{
    evaluating *v = user;
    v->losses += (double)*(const float *)est__run_fetch(m->run, 0)->data;
    v->batches++;
    for (size_t i = 0; i < v->num_summaries; i++) {
        const est_tensor *value = est__run_fetch(m->run, v->first_summary + i);
        EST_TRY(est__summary_add(&m->spec->summary[i], value, &v->curve[i]));
        est_tensor_free(v->last[i]);
        EST_TRY(est_tensor_copy(value, &v->last[i]));
    }
    return v->shown.each ? give_batch(m, rows, &v->shown) : EST_OK;
}

/* The loss, what is summarised, and what a callback is to see; returns their number. */
static size_t evaluation_fetches(const est_spec *s, evaluating *v, est_node **fetches)
{
    showing *c = &v->shown;
    size_t n = 0;
    fetches[n++] = s->loss;
    v->first_summary = n;
    for (size_t i = 0; i < v->num_summaries; i++)
        fetches[n++] = s->summary[i].node;
    if (c->each == NULL)
        return n;
    for (size_t i = 0; i < s->num_predictions; i++) {
        show(c, s->prediction[i].name, n);
        fetches[n++] = s->prediction[i].node;
    }
    for (size_t i = 0; i < s->num_targets; i++) {
        show(c, s->target[i].name, n);
        fetches[n++] = s->target[i].node;
    }
    return n;
}

static est_status plan_metrics(est_estimator *e, est__model *m, est_run_context *hooks, evaluating *v)
{
    const est_spec *s = m->spec;
    size_t shown = s->num_predictions + s->num_targets;
    v->num_summaries = s->evaluates_summaries ? s->num_summaries : 0;
    v->curve = est__calloc(v->num_summaries + 1, sizeof *v->curve);
    v->last = est__calloc(v->num_summaries + 1, sizeof(est_tensor *));
    est_node **updates = est__malloc((2 * s->num_metrics + shown + v->num_summaries + 1) * sizeof *updates), **values, **fetches;
    if (updates == NULL || v->curve == NULL || v->last == NULL) {
        est__free(updates);
        return est__fail_memory(s->num_metrics * sizeof *updates);
    }
    values = updates + s->num_metrics;
    fetches = values + s->num_metrics;
    for (size_t i = 0; i < s->num_metrics; i++) {
        updates[i] = s->metric[i].update;
        values[i] = s->metric[i].value;
    }
    est_status st = showing_new(&v->shown, shown);
    if (st == EST_OK) {
        size_t n = evaluation_fetches(s, v, fetches);
        st = est__model_plan(e, m, hooks, (est_nodes){ fetches, n }, (est_nodes){ updates, s->num_metrics });
    }
    if (st == EST_OK && m->results == NULL) {
        st = est__plan_new(m->graph, &(est__plan_options){ .resources = m->session->resources, .fetches = { values, s->num_metrics } },
                           &m->results);
        if (st == EST_OK)
            st = est__run_new(m->results, NULL, &m->results_run);
    }
    est__free(updates);
    return st;
}

static void forget_summaries(evaluating *v)
{
    for (size_t i = 0; i < v->num_summaries; i++) {
        if (v->curve)
            est__pr_curve_free(&v->curve[i]);
        if (v->last)
            est_tensor_free(v->last[i]);
    }
    est__free(v->curve);
    est__free(v->last);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const est__result *)a)->name, ((const est__result *)b)->name);
}

/* One block of memory: the struct, the lists, the names. */
est_status est__results_new(const est__result *p, size_t n, est_results **out)
{
    size_t size = sizeof(est_results) + n * (sizeof(char *) + sizeof(double));
    for (size_t i = 0; i < n; i++)
        size += strlen(p[i].name) + 1;
    est_results *r = est__calloc(1, size);
    *out = r;
    if (r == NULL)
        return est__fail_memory(size);
    double *values = (double *)(r + 1);
    const char **names = (const char **)(values + n);
    char *text = (char *)(names + n);
    for (size_t i = 0; i < n; i++) {
        values[i] = p[i].value;
        names[i] = strcpy(text, p[i].name);
        text += strlen(text) + 1;
    }
    *r = (est_results){ .count = n, .name = names, .value = values };
    return EST_OK;
}

const double *est__results_find(const est_results *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->name[i], name) == 0)
            return &r->value[i];
    return NULL;
}

static est_status collect(est__model *m, const evaluating *v, est_results **out)
{
    const est_spec *s = m->spec;
    est__result *p = est__calloc(s->num_metrics + 2, sizeof *p);
    if (p == NULL)
        return est__fail_memory(s->num_metrics * sizeof *p);
    est_status st = est__run_step(m->results_run, NULL, 0);
    for (size_t i = 0; i < s->num_metrics && st == EST_OK; i++)
        p[i] = (est__result){ s->metric[i].name, est__tensor_get(est__run_fetch(m->results_run, i), 0) };
    p[s->num_metrics] = (est__result){ "loss", (double)(float)(v->losses / (double)v->batches) };
    p[s->num_metrics + 1] =
        (est__result){ "global_step", est__tensor_get(est__session_variable(m->session, "global_step")->value, 0) };
    if (st == EST_OK) {   /* all have names */
        qsort(p, s->num_metrics + 2, sizeof *p, by_name);
        st = est__results_new(p, s->num_metrics + 2, out);
    }
    est__free(p);
    return st;
}

static est_status write_summaries(const est__model *m, const evaluating *v, int64_t step, est__event_writer *w)
{
    for (size_t i = 0; i < v->num_summaries; i++)
        EST_TRY(est__summary_evaluated(w, step, &m->spec->summary[i], v->last[i], &v->curve[i]));
    return EST_OK;
}

static est_status write_events(est_estimator *e, const est__model *m, const char *name, const evaluating *v, const est_results *r)
{
    est__buffer dir = { 0 };
    est__event_writer *w = NULL;
    est__scalar *scalars = est__calloc(r->count + 1, sizeof *scalars);
    size_t n = 0;
    int64_t step = m->checkpoint ? est__checkpoint_step(m->checkpoint) : 0;
    est__buffer_printf(&dir, "%s/eval%s%s", e->model_dir, name ? "_" : "", name ? name : "");
    est_status st = scalars ? dir.status : est__fail_memory(r->count * sizeof *scalars);
    for (size_t i = 0; i < r->count && st == EST_OK; i++) {
        if (strcmp(r->name[i], "global_step") == 0)
            step = (int64_t)r->value[i];
        else
            scalars[n++] = (est__scalar){ r->name[i], r->value[i] };
    }
    if (st == EST_OK)
        st = est__make_dirs(dir.data);
    if (st == EST_OK)
        st = est__run_events(&e->config, dir.data, &w);
    if (st == EST_OK)
        st = est__event_scalars(w, step, scalars, n);
    if (st == EST_OK)
        st = write_summaries(m, v, step, w);
    if (st == EST_OK && m->checkpoint)
        st = est__event_text(w, step, "checkpoint_path", m->checkpoint);
    if (st == EST_OK)
        st = est__event_flush(w);
    est__event_writer_free(w);
    est__buffer_free(&dir);
    est__free(scalars);
    return st;
}

/* An evaluation: over data, in a checkpoint, or with the variables of a session. */
typedef struct evaluation {
    const est_evaluate_options *o;
    est_dataset *dataset;
    est_run_context hooks;
    const est__session *from;     /* NULL: a checkpoint */
    const char *prefix;           /* that holds the same as `from`; NULL: none */
} evaluation;

static est_status evaluate(est_estimator *e, evaluation *of, est_results **out)
{
    const est_evaluate_options *o = of->o;
    est_run_context *c = &of->hooks;
    est_dataset *d = of->dataset;
    evaluating v = { .shown = { .each = o->each, .user = o->each_user } };
    if (o->steps < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: evaluate: steps is %lld; it must be above 0", e->name, (long long)o->steps);
    if (of->from)
        EST_TRY(est__model_adopt(e, &e->evaluating, d, c, of->from, of->prefix));
    else
        EST_TRY(est__model_ready(e, &e->evaluating, EST_EVAL, d, c, o->checkpoint_path));
    if (o->steps == 0 && est__dataset_endless(d) && c->count == 0)   /* a hook may stop it */
        return est__fail(EST_INVALID_ARGUMENT, "%s: evaluate: the data repeat for ever: repeat them once in the input_fn, or give steps",
                         e->name);
    est__model *m = e->evaluating;
    est_status st = plan_metrics(e, m, c, &v);
    if (st == EST_OK)
        st = est__session_reset_local(m->session);
    if (st == EST_OK)
        st = est__model_run(e, m, c, d, (est__batches){ o->steps, add_batch, &v });
    showing_free(&v.shown);
    if (st == EST_OK && v.batches == 0)
        st = est__fail(EST_INVALID_ARGUMENT, "%s: evaluate: the data gave no batch", e->name);
    if (st == EST_OK)
        st = collect(m, &v, out);
    if (st != EST_OK || o->no_events) {
        forget_summaries(&v);
        return st;
    }
    e->evaluations++;
    if (write_events(e, m, o->name, &v, *out) != EST_OK)   /* of a directory that may only be read: the results are there all the same */
        est__log(EST_LOG_WARNING, "%s; TensorBoard will not see these results", est_error());
    forget_summaries(&v);
    return EST_OK;
}

est_status est__evaluate_session(est_estimator *e, const est_evaluate_options *o, const est__session *from, const char *prefix,
                                 est_results **out)
{
    evaluation v = { .o = o, .from = from, .prefix = prefix, .hooks = est__context_new(e, o->hooks) };
    *out = NULL;
    est_status st = from && e->verbs ? est__fail(EST_UNIMPLEMENTED, "%s: what is not in a checkpoint yet cannot be evaluated", e->name)
                                     : est__estimator_dataset(e, EST_EVAL, o->input_fn, o->user, &v.dataset);
    return est__verb_finish(e, v.dataset, &v.hooks, st == EST_OK ? evaluate(e, &v, out) : st);
}

est_status est_evaluate_sized(est_estimator *e, const est_evaluate_options *options, size_t size, est_results **out)
{
    est_evaluate_options o = { 0 };
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    return est__evaluate_session(e, &o, NULL, NULL, out);
}

void est_results_free(est_results *r)
{
    est__free(r);
}

/* ---- predict ---- */

static est_status choose_keys(const est_spec *s, est_strings wanted, showing *c)
{
    for (size_t i = 0; i < s->num_predictions; i++) {
        bool take = wanted.count == 0;
        for (size_t j = 0; j < wanted.count && !take; j++)
            take = strcmp(wanted.data[j], s->prediction[i].name) == 0;
        if (take)
            show(c, s->prediction[i].name, i);
    }
    for (size_t j = 0; j < wanted.count; j++) {
        bool known = false;
        for (size_t i = 0; i < s->num_predictions && !known; i++)
            known = strcmp(wanted.data[j], s->prediction[i].name) == 0;
        if (!known) {
            est__buffer all = { 0 };
            for (size_t i = 0; i < s->num_predictions; i++)
                est__buffer_printf(&all, "%s%s", i ? ", " : "", s->prediction[i].name);
            est_status st = est__fail(EST_NOT_FOUND, "there is no prediction '%s'; there are %s", wanted.data[j], all.data);
            est__buffer_free(&all);
            return st;
        }
    }
    return EST_OK;
}

static est_status predict_all(est_estimator *e, est__model *m, est_run_context *hooks, est_dataset *d, est_strings keys, showing *c)
{
    const est_spec *s = m->spec;
    est_node **fetches = est__malloc((s->num_predictions + 1) * sizeof *fetches);
    if (fetches == NULL)
        return est__fail_memory(s->num_predictions * sizeof *fetches);
    for (size_t i = 0; i < s->num_predictions; i++)
        fetches[i] = s->prediction[i].node;
    est_status st = est__model_plan(e, m, hooks, (est_nodes){ fetches, s->num_predictions }, (est_nodes){ 0 });
    est__free(fetches);
    if (st == EST_OK)
        st = showing_new(c, s->num_predictions);
    if (st == EST_OK)
        st = choose_keys(s, keys, c);
    return st == EST_OK ? est__model_run(e, m, hooks, d, (est__batches){ 0, give_batch, c }) : st;
}

static est_status predict(est_estimator *e, const est_predict_options *o, est_dataset *d, est_run_context *hooks)
{
    showing c = { .each = o->each, .user = o->each_user };
    if (o->each == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: predict: each is needed", e->name);
    EST_TRY(est__model_ready(e, &e->predicting, EST_PREDICT, d, hooks, o->checkpoint_path));
    est_status st = predict_all(e, e->predicting, hooks, d, o->predict_keys, &c);
    showing_free(&c);
    return st;
}

est_status est_predict_sized(est_estimator *e, const est_predict_options *options, size_t size)
{
    est_predict_options o = { 0 };
    est_dataset *d;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_run_context c = est__context_new(e, o.hooks);
    est_status st = est__estimator_dataset(e, EST_PREDICT, o.input_fn, o.user, &d);
    return est__verb_finish(e, d, &c, st == EST_OK ? predict(e, &o, d, &c) : st);
}
