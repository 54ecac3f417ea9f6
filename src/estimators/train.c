/* train: from the newest checkpoint, or from the start, to a global step or the end of the data. */
#include <stdlib.h>

#include "estimators/estimator.h"
#include "graph/graphdef.h"
#include "proto/pack.h"
#include "train/feeder.h"
#include "train/loop.h"
#include "train/model_dir.h"

typedef struct train_run {
    est_estimator *e;
    est_dataset *dataset;
    est__model *model;
    est__saver *saver;
    est__event_writer *events;
    est_run_context hooks;
    int64_t step, batches;
    bool resumed, saves_input;
} train_run;

/* Training needs no other process yet. */
static est_status check_cluster(const est_estimator *e)
{
    const est_cluster *c = e->cluster;
    size_t tasks = 0;
    if (strcmp(c->task_type, "evaluator") == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: TF_CONFIG makes this process an evaluator, which does not train", e->name);
    for (size_t i = 0; i < c->num_jobs; i++)
        tasks += c->job[i].address.count;
    if (tasks > 1)
        return est__fail(EST_UNIMPLEMENTED, "%s: the cluster in TF_CONFIG has %zu tasks; training by several processes is not built in yet: "
                         "give it one chief, and an evaluator beside it", e->name, tasks);
    return EST_OK;
}

est_status est__train_check(const est_estimator *e, const est_train_options *o)
{
    EST_TRY(check_cluster(e));
    if (o->steps && o->max_steps)
        return est__fail(EST_INVALID_ARGUMENT, "%s: train takes steps or max_steps, not both", e->name);
    if (o->steps < 0 || o->max_steps < 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: train: %s is %lld; it must be above 0", e->name, o->steps < 0 ? "steps" : "max_steps",
                         (long long)(o->steps < 0 ? o->steps : o->max_steps));
    return EST_OK;
}

/* ---- where to go on ---- */

/* The input at its place beside the checkpoint; at its beginning where there is none for this pipeline. */
static est_status place_input(train_run *t, const char *prefix)
{
    char *data = NULL;
    const char *state;
    size_t size;
    uint64_t seed = (uint64_t)t->e->config.tf_random_seed;
    est_status st = prefix ? est__input_read(prefix, &t->batches, &data, &state, &size) : EST_NOT_FOUND;
    if (st == EST_OK)
        st = est__dataset_restore(t->dataset, state, size, seed);
    est__free(data);
    if (st == EST_NOT_FOUND || st == EST_FAILED_PRECONDITION || st == EST_UNIMPLEMENTED) {
        if (prefix)
            est__log(EST_LOG_WARNING, "%s: the input starts from its beginning%s%s", prefix,
                     st == EST_NOT_FOUND ? "" : ": ", st == EST_NOT_FOUND ? ", as no place of it was saved with the checkpoint" : est_error());
        t->batches = 0;
        st = est__dataset_start(t->dataset, seed);
    }
    return st;
}

static est_status resume(void *user, const char *prefix)
{
    train_run *t = user;
    est__bundle *bundle;
    EST_TRY(est__checkpoint_bundle(prefix, &bundle));
    est_status st = est__session_start(t->model->session, bundle);
    est__bundle_free(bundle);
    return st == EST_OK ? place_input(t, prefix) : st;
}

/* Variables of an estimator that is new in its model directory: their first ones, or those that it was made with. */
static est_status first_values(train_run *t)
{
    est__bundle *bundle;
    if (t->e->first_checkpoint == NULL)
        return est__session_start(t->model->session, NULL);
    EST_TRY(est__bundle_open(t->e->first_checkpoint, &bundle));
    est_status st = est__session_start(t->model->session, bundle);
    est__bundle_free(bundle);
    return st;
}

static est_status start(train_run *t)
{
    EST_TRY(est__checkpoints_resume(t->e->model_dir, resume, t, &t->resumed));
    if (!t->resumed) {
        EST_TRY(first_values(t));
        EST_TRY(est__hooks_init(&t->hooks, t->model->session, t->model->spec));
        if (t->e->warm_start_from)
            EST_TRY(est__warm_start(t->model->session, t->e->warm_start_from));
        EST_TRY(place_input(t, NULL));
    }
    EST_TRY(est__session_run_op(t->model->session, t->model->spec->local_init_op));
    t->step = *(const int64_t *)est__session_variable(t->model->session, "global_step")->value->data;
    return EST_OK;
}

/* ---- what is written beside checkpoints ---- */

/* Whether an event file of the folder, beside the one that is being written, holds this graph: then graph.pbtxt does too. */
static bool holds_graph(const char *dir, const char *path, const est__buffer *text, const est__event_writer *events)
{
    est__names names = { 0 };
    char *old = NULL;
    size_t n = 0, others = 0;
    bool same = est__is_file(path) && est__file_read(path, 0, &old, &n) == EST_OK && n == text->size && memcmp(old, text->data, n) == 0;
    est__free(old);
    if (!same || est__list_dir(dir, &names) != EST_OK)
        return false;
    for (size_t i = 0; i < names.count; i++)
        others += strstr(names.name[i], ".tfevents.") && strcmp(names.name[i], est__base_name(est__event_writer_path(events))) != 0;
    est__names_free(&names);
    return others > 0;
}

est_status est__write_graph(est_estimator *e, const est_graph *g, est__event_writer *events, int64_t step)
{
    est__arena arena = { 0 };
    est__buffer wire = { 0 }, text = { 0 };
    Tensorflow__GraphDef *def;
    est_status st = est__graph_export(g, &arena, &def);
    if (st == EST_OK)
        st = est__proto_text(def, &text);
    if (st == EST_OK)
        st = est__proto_pack(def, &wire);
    char *path = est__path_join(e->model_dir, "graph.pbtxt");
    bool there = st == EST_OK && path && holds_graph(e->model_dir, path, &text, events);
    if (st == EST_OK && !e->config.no_checkpoint_graph_def)
        st = path ? est__file_put(path, text.data, text.size) : est__fail_memory(64);
    if (st == EST_OK)
        st = est__event_graph(events, 0, wire.data, wire.size, there);
    if (st == EST_OK)
        st = est__event_session_log(events, step, TENSORFLOW__SESSION_LOG__SESSION_STATUS__START, NULL);
    if (st == EST_OK)
        st = est__event_flush(events);
    est__free(path);
    est__buffer_free(&wire);
    est__buffer_free(&text);
    est__arena_free(&arena);
    return st;
}

/* 10,000 hours is TensorFlow's way to say never. */
est_status est__estimator_saver(const est_estimator *e, const char *dir, est__saver **out)
{
    double hours = e->config.keep_checkpoint_every_n_hours;
    return est__saver_new(dir, &(est__saver_options){ .keep = e->config.keep_checkpoint_max, .every_n_hours = hours < 10000 ? hours : 0,
                                                      .parts = &e->parts }, out);
}

static est_status run_loop(train_run *t, const est_train_options *o, double began, est_train_result *result)
{
    est_estimator *e = t->e;
    const est_checkpoint_saver_options *saving = t->hooks.saver_options;
    t->hooks.saver = t->saver;
    t->hooks.events = t->events;
    est__loop l = { .spec = t->model->spec, .feeds = { t->model->in.feeds, t->model->in.num_feeds }, .feed = t->model->in.feed,
                    .dataset = t->dataset, .saves_input = t->saves_input, .session = t->model->session, .saver = t->saver,
                    .events = t->events, .hooks = &t->hooks, .config = &e->config, .resumed = t->resumed,
                    .save_steps = saving ? saving->save_steps : e->config.save_checkpoints_steps,
                    .save_secs = saving ? saving->save_secs : (double)e->config.save_checkpoints_secs, .pool = e->pool, .first_step = t->step, .batches = t->batches,
                    .last_step = o->max_steps ? o->max_steps : o->steps ? t->step + o->steps : 0, .stop = &e->stop,
                    .progress = o->progress, .progress_user = o->progress_user, .start = began };
    return est__train_loop(&l, result);
}

/* Can the data tell their place? A callback without a way to save or to go back cannot, and says so once. */
static void probe_input(train_run *t)
{
    est__buffer place = { 0 };
    t->saves_input = est__dataset_save(t->dataset, t->batches, &place) == EST_OK;
    if (!t->saves_input)
        est__log(EST_LOG_WARNING, "%s: a run that is stopped will not find its place in the data again", est_error());
    est__buffer_free(&place);
}

static est_status train(train_run *t, const est_train_options *o, double began, est_train_result *result)
{
    est_estimator *e = t->e;
    EST_TRY(est__train_check(e, o));
    t->hooks = (est_run_context){ .config = &e->config, .model_dir = e->model_dir, .parts = &e->parts, .given = o->hooks, .listeners = o->saving_listeners };
    EST_TRY(est__estimator_dataset(e, EST_TRAIN, o->input_fn, o->user, &t->dataset));
    EST_TRY(est__estimator_saver(e, e->model_dir, &t->saver));
    EST_TRY(est__model_new(e, EST_TRAIN, t->dataset, &t->hooks, &t->model));
    est__dataset_window(t->dataset, est__feeder_window(t->dataset));
    EST_TRY(start(t));
    if (o->max_steps && t->step >= o->max_steps) {
        est__log(EST_LOG_INFO, "%s is at step %lld already: nothing to train up to step %lld", e->model_dir, (long long)t->step,
                 (long long)o->max_steps);
        if (result)
            result->global_step = t->step;
        return EST_OK;
    }
    probe_input(t);
    EST_TRY(est__run_events(&e->config, e->model_dir, &t->events));
    EST_TRY(est__write_graph(e, t->model->graph, t->events, t->step));
    return run_loop(t, o, began, result);
}

est_status est_train_sized(est_estimator *e, const est_train_options *options, size_t size, est_train_result *result)
{
    est_train_options o = { 0 };
    train_run t = { .e = e };
    double began = est__clock();
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (result)
        memset(result, 0, sizeof *result);
    e->verbs_running++;
    est_status st = e->verbs ? e->verbs->train(e, &o, began, result) : train(&t, &o, began, result);
    est__error error;
    est__error_take(&error, st);
    est__hooks_free(&t.hooks);
    est__event_writer_free(t.events);
    est__saver_free(t.saver);
    est__model_free(t.model);
    est_dataset_free(t.dataset);
    est__verb_end(e);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}
