/* evaluate and predict: batches through a cached model, in the newest checkpoint or a given one. */
#include "estimators/estimator.h"

#include <stdlib.h>

#include "formats/event.h"
#include "train/feeder.h"
#include "train/model_dir.h"

/* ---- what both share ---- */

/* Plans once per model: the early part for the input thread, the late one for this. */
static est_status plan_model(est_estimator *e, est__model *m, est_nodes fetches, est_nodes targets)
{
    if (m->run)
        return EST_OK;
    est__plan_options o = { .resources = m->session->resources, .feeds = { m->feeds, m->num_feeds }, .fetches = fetches,
                            .targets = targets, .seed = (uint64_t)e->config.tf_random_seed };
    EST_TRY(est__plan_split(m->graph, &o, &m->early, &m->late, NULL));
    return est__run_new(m->late, e->pool, &m->run);
}

/* Runs all batches, at most `steps` (0: all); each(user) after each of them. */
static est_status run_batches(est_estimator *e, est__model *m, est_dataset *d, int64_t steps,
                              est_status (*each)(est__model *m, int64_t rows, void *user), void *user)
{
    est__feeder *feeder;
    const est_tensor *const *fetches;
    int64_t rows, n = 0;
    est__dataset_window(d, est__feeder_window(d));
    EST_TRY(est__dataset_start(d, (uint64_t)e->config.tf_random_seed));
    EST_TRY(est__feeder_new(d, m->early, m->feed, m->num_feeds, "batch", 0, &feeder));
    est_status st = EST_OK;
    while (st == EST_OK && (steps == 0 || n < steps)) {
        if (atomic_load_explicit(&e->stop, memory_order_relaxed))
            st = est__fail(EST_CANCELLED, "stopped after %lld batches", (long long)n);
        if (st == EST_OK)
            st = est__feeder_next(feeder, &fetches, &rows);
        if (st != EST_OK)
            break;
        st = est__run_step(m->run, fetches, (uint64_t)n);
        if (st == EST_OK)
            st = each(m, rows, user);
        n++;
        if (st != EST_OK)
            st = est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "batch %lld", (long long)n);
    }
    est__error error;
    est__error_take(&error, st);
    est__feeder_free(feeder);
    return st == EST_OK || st == EST_OUT_OF_RANGE ? EST_OK : est__error_give(&error);
}

static est_status finish(est_estimator *e, est_dataset *d, est_status st)
{
    est__error error;
    est__error_take(&error, st);
    est_dataset_free(d);
    atomic_store(&e->stop, false);
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
} evaluating;

/* The result's loss is the plain mean of the batches' losses, however short the last one is, as TensorFlow has it. */
static est_status add_batch(est__model *m, int64_t rows, void *user)
{
    evaluating *v = user;
    v->losses += (double)*(const float *)est__run_fetch(m->run, 0)->data;
    v->batches++;
    return v->shown.each ? give_batch(m, rows, &v->shown) : EST_OK;
}

/* The loss, and what a callback is to see; returns their number. */
static size_t evaluation_fetches(const est_spec *s, showing *c, est_node **fetches)
{
    size_t n = 0;
    fetches[n++] = s->loss;
    if (c->each == NULL)
        return n;
    for (size_t i = 0; i < s->num_predictions; i++) {
        show(c, s->prediction[i].name, n);
        fetches[n++] = s->prediction[i].node;
    }
    if (s->labels) {
        show(c, "labels", n);
        fetches[n++] = s->labels;
    }
    if (s->weights) {
        show(c, "weights", n);
        fetches[n++] = s->weights;
    }
    return n;
}

static est_status plan_metrics(est_estimator *e, est__model *m, showing *c)
{
    const est_spec *s = m->spec;
    size_t shown = s->num_predictions + 2;
    est_node **updates = est__malloc((2 * s->num_metrics + shown + 1) * sizeof *updates), **values, **fetches;
    if (updates == NULL)
        return est__fail_memory(s->num_metrics * sizeof *updates);
    values = updates + s->num_metrics;
    fetches = values + s->num_metrics;
    for (size_t i = 0; i < s->num_metrics; i++) {
        updates[i] = s->metric[i].update;
        values[i] = s->metric[i].value;
    }
    est_status st = showing_new(c, shown);
    if (st == EST_OK) {
        size_t n = evaluation_fetches(s, c, fetches);
        if (m->run && m->num_fetches != n)
            est__model_unplan(m);
        m->num_fetches = n;
        st = plan_model(e, m, (est_nodes){ fetches, n }, (est_nodes){ updates, s->num_metrics });
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
    qsort(p, s->num_metrics + 2, sizeof *p, by_name);
    if (st == EST_OK)
        st = est__results_new(p, s->num_metrics + 2, out);
    est__free(p);
    return st;
}

static est_status write_events(est_estimator *e, const est__model *m, const char *name, const est_results *r)
{
    est__buffer dir = { 0 };
    est__event_writer *w = NULL;
    est__scalar *scalars = est__calloc(r->count + 1, sizeof *scalars);
    size_t n = 0;
    int64_t step = est__checkpoint_step(m->checkpoint);
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
        st = est__event_writer_new(dir.data, &w);
    if (st == EST_OK)
        st = est__event_scalars(w, step, scalars, n);
    if (st == EST_OK)
        st = est__event_text(w, step, "checkpoint_path", m->checkpoint);
    if (st == EST_OK)
        st = est__event_flush(w);
    est__event_writer_free(w);
    est__buffer_free(&dir);
    est__free(scalars);
    return st;
}

static est_status evaluate(est_estimator *e, const est_evaluate_options *o, est_dataset *d, est_results **out)
{
    evaluating v = { .shown = { .each = o->each, .user = o->each_user } };
    if (o->steps < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: evaluate: steps is %lld; it must be above 0", e->name, (long long)o->steps);
    EST_TRY(est__model_ready(e, &e->evaluating, EST_EVAL, d, o->checkpoint_path));
    est__model *m = e->evaluating;
    est_status st = plan_metrics(e, m, &v.shown);
    if (st == EST_OK)
        st = est__session_reset_local(m->session);
    if (st == EST_OK)
        st = run_batches(e, m, d, o->steps, add_batch, &v);
    showing_free(&v.shown);
    if (st == EST_OK && v.batches == 0)
        st = est__fail(EST_INVALID_ARGUMENT, "%s: evaluate: the data gave no batch", e->name);
    if (st == EST_OK)
        st = collect(m, &v, out);
    if (st != EST_OK || o->no_events)
        return st;
    if (write_events(e, m, o->name, *out) != EST_OK)   /* of a directory that may only be read: the results are there all the same */
        est__log(EST_LOG_WARNING, "%s; TensorBoard will not see these results", est_error());
    return EST_OK;
}

est_status est_evaluate_sized(est_estimator *e, const est_evaluate_options *options, size_t size, est_results **out)
{
    est_evaluate_options o = { 0 };
    est_dataset *d;
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_status st = est__estimator_dataset(e, EST_EVAL, o.input_fn, o.user, &d);
    return finish(e, d, st == EST_OK ? evaluate(e, &o, d, out) : st);
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

static est_status predict_all(est_estimator *e, est__model *m, est_dataset *d, est_strings keys, showing *c)
{
    const est_spec *s = m->spec;
    est_node **fetches = est__malloc((s->num_predictions + 1) * sizeof *fetches);
    if (fetches == NULL)
        return est__fail_memory(s->num_predictions * sizeof *fetches);
    for (size_t i = 0; i < s->num_predictions; i++)
        fetches[i] = s->prediction[i].node;
    est_status st = plan_model(e, m, (est_nodes){ fetches, s->num_predictions }, (est_nodes){ 0 });
    est__free(fetches);
    if (st == EST_OK)
        st = showing_new(c, s->num_predictions);
    if (st == EST_OK)
        st = choose_keys(s, keys, c);
    return st == EST_OK ? run_batches(e, m, d, 0, give_batch, c) : st;
}

static est_status predict(est_estimator *e, const est_predict_options *o, est_dataset *d)
{
    showing c = { .each = o->each, .user = o->each_user };
    if (o->each == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: predict: each is needed", e->name);
    EST_TRY(est__model_ready(e, &e->predicting, EST_PREDICT, d, o->checkpoint_path));
    est_status st = predict_all(e, e->predicting, d, o->predict_keys, &c);
    showing_free(&c);
    return st;
}

est_status est_predict_sized(est_estimator *e, const est_predict_options *options, size_t size)
{
    est_predict_options o = { 0 };
    est_dataset *d;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    est_status st = est__estimator_dataset(e, EST_PREDICT, o.input_fn, o.user, &d);
    return finish(e, d, st == EST_OK ? predict(e, &o, d) : st);
}
