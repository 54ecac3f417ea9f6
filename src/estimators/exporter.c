/* Exporters: after each evaluation, after the best ones, at the end. */
#include "estimators/exporter.h"

#include <math.h>
#include <stdlib.h>

#include "estimators/estimator.h"
#include "export/export.h"
#include "train/eval_metrics.h"
#include "train/kept.h"

typedef struct exporter_kind {
    const char *name;
    est_status (*wants)(est_exporter *x, const est__evaluated *v, const char *dir, bool *yes);
    est_status (*run)(est_exporter *x, const est__evaluated *v, const char *dir);
    bool keeps;                   /* as many exports as are wanted */
    bool at_end;
} exporter_kind;

struct est_exporter {
    const exporter_kind *kind;
    est_exporter_options o;
    est_export_fn fn;             /* one's own; NULL */
    char *name, *receiver, *metric;
    atomic_int shares;
    est_results *best;            /* of the best exporter: the best evaluation so far; NULL: none is known */
    char *of;                     /* the folder whose events have told of it */
};

/* ---- old exports ---- */

static bool is_version(const char *name)
{
    return strlen(name) == 10 && strspn(name, "0123456789") == 10;
}

static est_status list_versions(const char *dir, est__names *names, size_t *count)
{
    *count = 0;
    est_status st = est__list_dir(dir, names);
    if (st == EST_NOT_FOUND) {
        *names = (est__names){ 0 };
        return EST_OK;
    }
    for (size_t i = 0; st == EST_OK && i < names->count; i++)
        *count += is_version(names->name[i]);
    return st;
}

static est_status remove_old(const char *dir, int64_t keep)
{
    est__names names;
    size_t count;
    EST_TRY(list_versions(dir, &names, &count));
    for (size_t i = 0; i < names.count && keep > 0 && count > (size_t)keep; i++) {
        char *path = is_version(names.name[i]) ? est__path_join(dir, names.name[i]) : NULL;
        if (path) {
            est__export_remove(path);
            count--;
        }
        est__free(path);
    }
    est__names_free(&names);
    return EST_OK;
}

/* ---- the best one ---- */

static est_status is_better(const est_exporter *x, const est_results *best, const est_results *current, bool *yes)
{
    if (x->o.compare_fn) {
        *yes = x->o.compare_fn(best, current, x->o.user);
        return EST_OK;
    }
    const double *b = est__results_find(best, x->metric), *c = est__results_find(current, x->metric);
    if (c == NULL)
        return est__fail(EST_NOT_FOUND, "exporter '%s': the evaluation has no metric '%s'", x->name, x->metric);
    *yes = b == NULL || (x->o.higher_is_better ? *c > *b : *c < *b);
    return EST_OK;
}

static est_status keep_best(est_exporter *x, const est_results *r)
{
    est__result *list = est__calloc(r->count + 1, sizeof *list);
    est_results *copy = NULL;
    for (size_t i = 0; list && i < r->count; i++)
        list[i] = (est__result){ r->name[i], r->value[i] };
    est_status st = list ? est__results_new(list, r->count, &copy) : est__fail_memory(r->count * sizeof *list);
    est__free(list);
    if (st != EST_OK)
        return st;
    est_results_free(x->best);
    x->best = copy;
    return EST_OK;
}

/* One evaluation of an earlier run: with its step among the metrics, as est_evaluate gives them. */
static est_status consider(est_exporter *x, const est__eval_metrics *m, size_t from, size_t to)
{
    est__result *list = est__calloc(to - from + 1, sizeof *list);
    est_results *r = NULL;
    bool yes = true;
    if (list == NULL)
        return est__fail_memory((to - from) * sizeof *list);
    for (size_t i = from; i < to; i++)
        list[i - from] = (est__result){ m->metric[i].tag, m->metric[i].value };
    list[to - from] = (est__result){ "global_step", (double)m->metric[from].step };
    est_status st = est__results_new(list, to - from + 1, &r);
    if (st == EST_OK && x->best)
        st = is_better(x, x->best, r, &yes);
    if (st == EST_OK && yes)
        st = keep_best(x, r);
    est_results_free(r);
    est__free(list);
    return st;
}

/* What earlier runs have found; the evaluation at hand has written its events already. */
static est_status remember(est_exporter *x, const est__evaluated *v)
{
    est__eval_metrics m;
    const double *now = est__results_find(v->metrics, "global_step");
    if (x->of && strcmp(x->of, v->eval_dir) == 0)
        return EST_OK;
    est__free(x->of);
    est_results_free(x->best);
    x->best = NULL;
    x->of = est__strdup(v->eval_dir);
    est_status st = x->of ? est__eval_metrics_read(v->eval_dir, &m) : est__fail_memory(strlen(v->eval_dir));
    if (x->of == NULL)
        return st;
    for (size_t i = 0, end; st == EST_OK && i < m.count; i = end) {
        end = est__eval_metrics_end(&m, i);
        if (now && (double)m.metric[i].step < *now)
            st = consider(x, &m, i, end);
    }
    est__eval_metrics_free(&m);
    return st;
}

/* Where nothing was exported yet, the first one is. */
static est_status wants_best(est_exporter *x, const est__evaluated *v, const char *dir, bool *yes)
{
    est__names names;
    size_t exports;
    EST_TRY(remember(x, v));
    EST_TRY(list_versions(dir, &names, &exports));
    est__names_free(&names);
    *yes = true;
    if (x->best)
        EST_TRY(is_better(x, x->best, v->metrics, yes));
    bool better = *yes;
    *yes = *yes || exports == 0;
    return better ? keep_best(x, v->metrics) : EST_OK;
}

static est_status always(est_exporter *x, const est__evaluated *v, const char *dir, bool *yes)
{
    (void)x;
    (void)v;
    (void)dir;
    *yes = true;
    return EST_OK;
}

static est_status wants_final(est_exporter *x, const est__evaluated *v, const char *dir, bool *yes)
{
    (void)x;
    (void)dir;
    *yes = v->is_the_final_export;
    return EST_OK;
}

/* ---- running ---- */

static est_status export_to(est_exporter *x, const est__evaluated *v, const char *dir)
{
    char path[4200];
    EST_TRY(est_export_saved_model(v->estimator, dir, &((est_export_options){ .receiver = x->receiver, .checkpoint_path = v->checkpoint }),
                                   path, sizeof path));
    est__log(EST_LOG_INFO, "exporter '%s': %s", x->name, path);
    return x->kind->keeps ? remove_old(dir, x->o.exports_to_keep) : EST_OK;
}

static est_status export_best(est_exporter *x, const est__evaluated *v, const char *dir)
{
    EST_TRY(export_to(x, v, dir));
    if (x->o.checkpoints_to_keep <= 0)
        return EST_OK;
    char *kept = est__path_join(dir, "checkpoints");
    est_status st = kept ? est__checkpoint_keep(v->checkpoint, kept, x->o.checkpoints_to_keep) : est__fail_memory(strlen(dir));
    est__free(kept);
    return st;
}

static est_status call_own(est_exporter *x, const est__evaluated *v, const char *dir)
{
    (void)est__fail(EST_OK, "%s", "");   /* so that a function which says nothing is told from one that does */
    est_status st = x->fn(&(est_export_call){ v->estimator, dir, v->checkpoint, v->metrics, v->is_the_final_export }, x->o.user);
    if (st == EST_OK)
        return EST_OK;
    return *est_error() ? est__fail_in(st, "exporter '%s'", x->name) : est__fail(st, "exporter '%s' returned %s", x->name, est_status_name(st));
}

static const exporter_kind latest = { .name = "LatestExporter", .wants = always, .run = export_to, .keeps = true };
static const exporter_kind best = { .name = "BestExporter", .wants = wants_best, .run = export_best, .keeps = true };
static const exporter_kind final = { .name = "FinalExporter", .wants = wants_final, .run = export_to, .at_end = true };
static const exporter_kind own = { .name = "exporter", .wants = always, .run = call_own };

/* The newest export is as old as its name says. */
static est_status exported_since(const char *dir, double since, bool *yes)
{
    est__names names;
    size_t count;
    int64_t when;
    *yes = false;
    EST_TRY(list_versions(dir, &names, &count));
    for (size_t i = 0; i < names.count; i++)
        *yes = *yes || (is_version(names.name[i]) && est__parse_int64(names.name[i], 10, &when) && (double)when >= floor(since));
    est__names_free(&names);
    return EST_OK;
}

est_status est__exporter_run(est_exporter *x, const est__evaluated *v)
{
    est__buffer dir = { 0 };
    bool yes = false, done = false;
    est__buffer_printf(&dir, "%s/export/%s", v->estimator->model_dir, x->name);
    est_status st = dir.status;
    if (st == EST_OK && v->since > 0)
        st = exported_since(dir.data, v->since, &done);
    if (st == EST_OK && !done)
        st = x->kind->wants(x, v, dir.data, &yes);
    if (st == EST_OK && yes)
        st = x->kind->run(x, v, dir.data);
    est__buffer_free(&dir);
    return st;
}

const char *est__exporter_name(const est_exporter *x)
{
    return x->name;
}

bool est__exporter_is_final(const est_exporter *x)
{
    return x->kind->at_end;
}

/* ---- making ---- */

static est_status check(const exporter_kind *kind, const est_exporter_options *o)
{
    static const char *const receivers[] = { "parsing", "raw", "both" };
    bool known = o->receiver == NULL;
    for (size_t i = 0; i < sizeof receivers / sizeof *receivers; i++)
        known = known || strcmp(o->receiver, receivers[i]) == 0;
    if (o->name == NULL || *o->name == 0 || strchr(o->name, '/'))
        return est__fail(EST_INVALID_ARGUMENT, "%s: name is '%s'; it names a folder", kind->name, o->name ? o->name : "");
    if (!known)
        return est__fail(EST_INVALID_ARGUMENT, "%s: receiver is '%s'; there are parsing, raw, both", kind->name, o->receiver);
    if (o->exports_to_keep < EST_OFF || o->checkpoints_to_keep < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: %s is below 0", kind->name,
                         o->checkpoints_to_keep < 0 ? "checkpoints_to_keep" : "exports_to_keep");
    return EST_OK;
}

static est_status make(const exporter_kind *kind, const est_exporter_options *options, size_t size, est_exporter **out)
{
    est_exporter_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (o.name == NULL && kind == &best)
        o.name = "best_exporter";
    EST_TRY(check(kind, &o));
    est_exporter *x = est__calloc(1, sizeof *x);
    if (x == NULL)
        return est__fail_memory(sizeof *x);
    atomic_init(&x->shares, 1);
    x->kind = kind;
    x->o = o;
    x->o.exports_to_keep = o.exports_to_keep ? o.exports_to_keep : 5;
    x->name = est__strdup(o.name);
    x->receiver = est__strdup(o.receiver ? o.receiver : "parsing");
    x->metric = est__strdup(o.metric ? o.metric : "loss");
    if (x->name == NULL || x->receiver == NULL || x->metric == NULL) {
        est_exporter_free(x);
        return est__fail_memory(64);
    }
    *out = x;
    return EST_OK;
}

est_status est_latest_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out)
{
    return make(&latest, options, size, out);
}

est_status est_best_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out)
{
    return make(&best, options, size, out);
}

est_status est_final_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out)
{
    return make(&final, options, size, out);
}

est_status est_exporter_new(const char *name, est_export_fn fn, void *user, est_exporter **out)
{
    *out = NULL;
    if (fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "exporter '%s': fn is needed", name ? name : "");
    est_exporter_options o = { .name = name, .user = user };
    EST_TRY(make(&own, &o, sizeof o, out));
    (*out)->fn = fn;
    return EST_OK;
}

est_exporter *est_exporter_retain(est_exporter *x)
{
    if (x)
        atomic_fetch_add(&x->shares, 1);
    return x;
}

void est_exporter_free(est_exporter *x)
{
    if (x == NULL || atomic_fetch_sub(&x->shares, 1) > 1)
        return;
    est_results_free(x->best);
    est__free(x->of);
    est__free(x->name);
    est__free(x->receiver);
    est__free(x->metric);
    est__free(x);
}
