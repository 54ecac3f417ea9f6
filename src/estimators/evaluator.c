/* The evaluator, a process of its own: evaluates the checkpoints that another process saves into the model directory, and ends with the last
 * one: that of max_steps, or one that tells of an early stop. */
#include <sys/stat.h>
#include <time.h>

#include "estimators/evaluations.h"
#include "train/model_dir.h"
#include "train/saver.h"

enum { WARN_SECS = 600 };
static const struct timespec between_looks = { .tv_nsec = 100 * 1000 * 1000 };

typedef struct watch {
    est__evaluations *t;
    char *newest;                 /* checkpoint; NULL: none yet */
    char *looked;                 /* the one that was asked whether training has stopped; NULL: none */
    bool stopped;                 /* what it said */
    double warned;                /* est__clock() of the last warning, or of the last new checkpoint */
    char *note;                   /* what was wrong with the folder's list */
} watch;

/* ---- the folder ---- */

/* Whether this checkpoint was saved after a rule had stopped training; what cannot be read says nothing, and is asked again. */
static est_status look(watch *w, const char *prefix)
{
    est__bundle *bundle;
    est_tensor *value = NULL;
    if (w->looked && strcmp(w->looked, prefix) == 0)
        return EST_OK;
    w->stopped = false;
    if (est__checkpoint_bundle(prefix, &bundle) != EST_OK)
        return EST_OK;
    bool there = est__bundle_find(bundle, EST__STOP_VARIABLE) != NULL;
    est_status st = there ? est__bundle_read(bundle, EST__STOP_VARIABLE, &value) : EST_OK;
    est__bundle_free(bundle);
    if (st != EST_OK)
        return EST_OK;
    w->stopped = value && value->dtype == EST_BOOL && est_shape_elements(&value->shape) == 1 && *(const bool *)value->data;
    est_tensor_free(value);
    est__free(w->looked);
    w->looked = est__strdup(prefix);
    return w->looked ? EST_OK : est__fail_memory(strlen(prefix));
}

static est_status take_note(watch *w, const char *note)
{
    if (w->note && strcmp(w->note, note) == 0)
        return EST_OK;
    est__log(EST_LOG_WARNING, "%s", note);
    est__free(w->note);
    w->note = est__strdup(note);
    return w->note ? EST_OK : est__fail_memory(strlen(note));
}

/* The newest checkpoint, and the one that tells of an early stop: where that has restored the best one, the newest is an older one again,
 * and the last one that was saved stands after it. */
static est_status take_list(watch *w, const est__checkpoints *list)
{
    if (list->note)
        EST_TRY(take_note(w, list->note));
    if (list->count == 0)
        return EST_OK;
    if (w->newest == NULL || strcmp(w->newest, list->prefix[0]) != 0) {
        est__free(w->newest);
        w->newest = est__strdup(list->prefix[0]);
        w->warned = est__clock();
    }
    if (w->newest == NULL)
        return est__fail_memory(strlen(list->prefix[0]));
    bool restored = list->count > 1 && est__checkpoint_step(list->prefix[1]) > est__checkpoint_step(list->prefix[0]);
    return look(w, list->prefix[restored]);
}

static est_status find_newest(watch *w)
{
    est__checkpoints list;
    est_status st = est__checkpoints_list(w->t->e->model_dir, &list);
    if (st == EST_OK)
        st = take_list(w, &list);
    else if (st == EST_DATA_LOSS)
        st = take_note(w, est_error());
    est__checkpoints_free(&list);
    return st;
}

/* Will no other one come? A trainer that goes on after an early stop holds the folder. */
static bool is_last(const watch *w)
{
    int64_t max_steps = w->t->o->train_spec.max_steps;
    return (max_steps && est__checkpoint_step(w->newest) >= max_steps) || (w->stopped && !est__saver_at_work(w->t->e->model_dir));
}

static double time_of(const char *prefix, bool *there)
{
    est__buffer path = { 0 };
    struct stat info = { 0 };
    est__buffer_printf(&path, "%s.index", prefix);
    *there = path.status == EST_OK && stat(path.data, &info) == 0;
    est__buffer_free(&path);
    return (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec * 1e-9;
}

/* ---- an evaluation ---- */

/* Whether an evaluator before this one has done it, or it was done before that checkpoint became the newest again. What exporters have not
 * done since is made up for. */
static est_status take_over(watch *w, est__evaluator *v, bool *done)
{
    est_results *metrics;
    int64_t step = est__checkpoint_step(w->newest);
    double when = 0;
    *done = false;
    if (v->step >= 0 && step > v->step)
        return EST_OK;
    EST_TRY(est__evaluations_find(w->t, v, step, &when, &metrics, done));
    bool there;
    *done = *done && when >= time_of(w->newest, &there);
    if (!*done) {
        est_results_free(metrics);
        return EST_OK;
    }
    est_results_free(v->metrics);
    v->metrics = metrics;
    v->step = step;
    v->finished = is_last(w);
    est__log(EST_LOG_INFO, "step %lld: evaluated before", (long long)step);
    return est__evaluations_export(w->t, v, &(est__exporting){ .prefix = w->newest, .since = when, .final = v->finished });
}

static est_status evaluate(watch *w, est__evaluator *v)
{
    bool done, last = is_last(w), there;
    EST_TRY(take_over(w, v, &done));
    if (done)
        return EST_OK;
    v->due = est__clock() + (double)est__evaluations_throttle(v->spec);
    est_status st = est__evaluations_run(w->t, v, NULL, w->newest, last);
    if (st == EST_NOT_FOUND || st == EST_DATA_LOSS) {
        time_of(w->newest, &there);
        if (!there) {   /* the trainer has newer ones */
            est__log(EST_LOG_WARNING, "%s was removed while it was being evaluated: is keep_checkpoint_max too small?", w->newest);
            return EST_OK;
        }
    }
    v->finished = last;
    return st;
}

static est_status turn(watch *w, est__evaluator *v)
{
    if (w->newest == NULL || v->finished)
        return EST_OK;
    if (v->step != est__checkpoint_step(w->newest))
        return est__clock() >= v->due ? evaluate(w, v) : EST_OK;
    if (!is_last(w))
        return EST_OK;
    v->finished = true;
    return est__evaluations_export(w->t, v, &(est__exporting){ .prefix = w->newest, .final = true, .final_alone = true });
}

/* ---- waiting ---- */

static void warn(watch *w)
{
    double now = est__clock();
    if (now - w->warned < WARN_SECS)
        return;
    w->warned = now;
    if (w->newest)
        est__log(EST_LOG_WARNING, "no checkpoint is newer than %s, for %d seconds now", w->newest, WARN_SECS);
    else
        est__log(EST_LOG_WARNING, "%s: there is no checkpoint yet: evaluation begins with the first one", w->t->e->model_dir);
}

static void begin(watch *w)
{
    const est__evaluations *t = w->t;
    double now = est__clock();
    int64_t max_steps = t->o->train_spec.max_steps;
    w->warned = now;
    if (max_steps)
        est__log(EST_LOG_INFO, "%s: its checkpoints are evaluated as they are saved, up to step %lld", t->e->model_dir, (long long)max_steps);
    else
        est__log(EST_LOG_WARNING, "%s: its checkpoints are evaluated as they are saved; without max_steps that ends, and final exporters "
                 "export, only if training stops early", t->e->model_dir);
    for (size_t i = 0; i < t->count; i++) {
        int64_t delay = t->evaluator[i].spec->start_delay_secs;
        t->evaluator[i].due = now + (delay == EST_OFF ? 0 : delay ? (double)delay : 120);
    }
}

static est_status watch_all(watch *w)
{
    const est__evaluations *t = w->t;
    begin(w);
    for (;;) {
        size_t finished = 0;
        if (atomic_load_explicit(&t->e->stop, memory_order_relaxed))
            return est__fail(EST_CANCELLED, "stopped while waiting for a checkpoint");
        EST_TRY(find_newest(w));
        for (size_t i = 0; i < t->count; i++) {
            EST_TRY(turn(w, &t->evaluator[i]));
            finished += t->evaluator[i].finished;
        }
        if (finished == t->count)
            break;
        warn(w);
        nanosleep(&between_looks, NULL);
    }
    est__log(EST_LOG_INFO, "step %lld was the last one: %s", (long long)t->evaluator[0].step,
             w->stopped ? "training has stopped early" : "max_steps is reached");
    return EST_OK;
}

est_status est__evaluate_continuously(est__evaluations *t)
{
    watch w = { .t = t };
    t->e->verbs_running++;
    est_status st = watch_all(&w);
    est__verb_end(t->e);
    est__free(w.newest);
    est__free(w.looked);
    est__free(w.note);
    return st;
}
