/* Training trees: the input is read into the matrix, once; then a round a step, with checkpoints of the trees so far. A run that goes
 * on bins its input by the cuts of the checkpoint, so that it grows the trees that the other one would have grown. */
#include <math.h>
#include <unistd.h>

#include "estimators/boosted_trees/boosted_trees.h"
#include "train/feeder.h"
#include "train/model_dir.h"
#include "train/saver.h"

typedef struct training {
    est_estimator *e;
    est__boosted *b;
    const est_train_options *o;
    est_dataset *dataset;
    est__saver *saver;
    est__model *model;
    est__event_writer *events;
    est_run_context hooks;
    est__ensemble *ensemble;
    est__tree_feature *feature;   /* with the cuts of the checkpoint, where there is one */
    est__tree_matrix *matrix;
    est__boost *boost;
    float *label, *weight;        /* [rows, n]; [rows] */
    size_t cap_label, cap_weight;
    int64_t rows, labels;         /* labels of a row */
    int64_t first, step, target;
    double began, grown, shown, logged, saved, loss;
    int64_t logged_step;
    float hook_loss;              /* what hooks are shown of it, by `shown_loss` */
    est_tensor shown_loss;
    est_train_result *result;
} training;

/* ---- where to go on ---- */
static est_status open_model(training *t, const est__bundle *from)
{
    est__model_free(t->model);
    t->model = NULL;
    EST_TRY(est__boosted_prepare(t->b, from));
    EST_TRY(est__model_new(t->e, EST_TRAIN, t->dataset, &t->hooks, &t->model));
    return est__session_start(t->model->session, from);
}

static est_status resume(void *user, const char *prefix)
{
    training *t = user;
    est__bundle *bundle;
    EST_TRY(est__checkpoint_bundle(prefix, &bundle));
    est_status st = open_model(t, bundle);
    est__bundle_free(bundle);
    EST_TRY(st);
    est__ensemble_free(t->ensemble);
    t->ensemble = NULL;
    st = est__boosted_load(t->b, t->model->session, &t->ensemble, t->feature);
    return st == EST_OK ? EST_OK : est__fail_in(st, "%s", prefix);
}

static est_status start(training *t, bool *resumed)
{
    EST_TRY(est__checkpoints_resume(t->e->model_dir, resume, t, resumed));
    if (!*resumed) {
        EST_TRY(open_model(t, NULL));
        memcpy(t->feature, t->b->feature, (size_t)t->b->num_features * sizeof *t->feature);
        EST_TRY(est__ensemble_new(est_head_logits_dimension(t->b->head), &t->ensemble));
    }
    t->step = *(const int64_t *)est__session_variable(t->model->session, "global_step")->value->data;
    if (t->step != t->ensemble->num_trees / t->ensemble->outputs)
        return est__fail(EST_INVALID_ARGUMENT, "%s: global_step is %lld, and there are %lld rounds of trees", t->e->model_dir,
                         (long long)t->step, (long long)(t->ensemble->num_trees / t->ensemble->outputs));
    return EST_OK;
}

/* ---- the input ---- */
static int64_t bytes_of_row(const training *t)
{
    int64_t outputs = t->ensemble->outputs;
    return t->matrix->groups * 8 + outputs * 8 + 4 * t->labels + 32;
}

static int64_t rows_that_fit(const training *t)
{
    int64_t limit = t->b->o.memory_limit_mb * 1000000;
    if (limit == 0) {
        double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
        limit = memory > 0 ? (int64_t)(memory / 2) : INT64_MAX / 2;
    }
    int64_t rows = limit / bytes_of_row(t);
    return rows < INT32_MAX ? rows : INT32_MAX;
}

static est_status too_many(const training *t, int64_t most)
{
    return est__fail(EST_RESOURCE_EXHAUSTED, "%s: the input has more rows than the %lld of %lld features that fit into %s: give fewer rows, "
                     "raise memory_limit_mb, or, if the input repeats, give it one epoch", t->e->name, (long long)most,
                     (long long)t->b->num_features, t->b->o.memory_limit_mb ? "memory_limit_mb" : "half of the memory");
}

static est_status take_batch(training *t, const est_tensor *x, const est_tensor *y, const est_tensor *w)
{
    int64_t n = x->shape.dim[0];
    if (est__tensor_elements(y) != n * t->labels || (w && est__tensor_elements(w) != n))
        return est__fail(EST_INVALID_ARGUMENT, "%s: an example takes %lld labels and one weight", t->e->name, (long long)t->labels);
    EST_TRY(est__grow(&t->label, &t->cap_label, (size_t)((t->rows + n) * t->labels), sizeof *t->label));
    memcpy(t->label + t->rows * t->labels, y->data, (size_t)(n * t->labels) * sizeof *t->label);
    if (w) {
        EST_TRY(est__grow(&t->weight, &t->cap_weight, (size_t)(t->rows + n), sizeof *t->weight));
        memcpy(t->weight + t->rows, w->data, (size_t)n * sizeof *t->weight);
    }
    EST_TRY(est__tree_matrix_add(t->matrix, x->data, n));
    t->rows += n;
    return EST_OK;
}

static est_status read_batches(training *t, est__feeder *feeder, est__run *run)
{
    const est_tensor *const *fed;
    int64_t rows, most = rows_that_fit(t);
    for (int64_t n = 0;; n++) {
        if (atomic_load_explicit(&t->e->stop, memory_order_relaxed))
            return est__fail(EST_CANCELLED, "stopped after %lld batches of the input", (long long)n);
        est_status st = est__feeder_next(feeder, &fed, &rows);
        if (st == EST_OUT_OF_RANGE)
            return EST_OK;
        EST_TRY(st);
        if (t->rows + rows > most)
            return too_many(t, most);
        st = est__run_step(run, fed, (uint64_t)n);
        if (st != EST_OK)
            return est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "batch %lld", (long long)n + 1);
        EST_TRY(take_batch(t, est__run_fetch(run, 0), est__run_fetch(run, 1), t->b->weights ? est__run_fetch(run, 2) : NULL));
    }
}

/* Labels by output, as boosting takes them. */
static est_status turn_labels(training *t)
{
    if (t->labels == 1)
        return EST_OK;
    float *turned = est__malloc((size_t)(t->rows * t->labels) * sizeof *turned);
    if (turned == NULL)
        return est__fail_memory((size_t)(t->rows * t->labels) * sizeof *turned);
    for (int64_t i = 0; i < t->rows; i++)
        for (int64_t k = 0; k < t->labels; k++)
            turned[k * t->rows + i] = t->label[i * t->labels + k];
    est__free(t->label);
    t->label = turned;
    return EST_OK;
}

static est_status check_input(const training *t)
{
    double total = 0;
    if (t->rows == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the input has no rows", t->e->name);
    for (int64_t i = 0; i < t->rows && t->weight; i++)
        total += (double)t->weight[i];
    if (t->weight && total == 0)
        return est__fail(EST_INVALID_ARGUMENT, "%s: the weights of all %lld examples are 0", t->e->name, (long long)t->rows);
    return EST_OK;
}

static est_status read_input(training *t)
{
    const est__model *m = t->model;
    est_node *fetches[] = { t->b->matrix, t->b->labels, t->b->weights };
    est__plan_options o = { .resources = m->session->resources, .feeds = { m->in.feeds, m->in.num_feeds },
                            .fetches = { fetches, t->b->weights ? 3 : 2 }, .seed = (uint64_t)t->e->config.tf_random_seed };
    est__plan *early = NULL, *late = NULL;
    est__run *run = NULL;
    est__feeder *feeder = NULL;
    est_status st = est__tree_matrix_new(t->feature, t->b->num_features, (int)t->b->o.bins, t->b->o.bin_sample, t->e->pool, &t->matrix);
    if (st == EST_OK)
        st = est__plan_split(m->graph, &o, &early, &late, NULL);
    if (st == EST_OK)
        st = est__run_new(late, t->e->pool, &run);
    if (st == EST_OK)
        st = est__dataset_start(t->dataset, (uint64_t)t->e->config.tf_random_seed);
    if (st == EST_OK)
        st = est__feeder_new(t->dataset, early, m->in.feed, m->in.num_feeds, "batch", 0, false, &feeder);
    if (st == EST_OK)
        st = read_batches(t, feeder, run);
    est__error error;
    est__error_take(&error, st);
    est__feeder_free(feeder);
    est__run_free(run);
    est__plan_free(late);
    est__plan_free(early);
    if (st != EST_OK)
        return est__error_give(&error);
    EST_TRY(check_input(t));
    EST_TRY(turn_labels(t));
    return est__tree_matrix_finish(t->matrix);
}

/* ---- rounds ---- */
static est__tree_options tree_options(const training *t)
{
    const est_boosted_trees *o = &t->b->o;
    return (est__tree_options){ .max_depth = o->max_depth == EST_OFF ? 0 : o->max_depth, .max_leaves = o->max_leaves,
                                .leaf_wise = t->b->leaf_wise, .learning_rate = o->learning_rate, .l1 = o->l1, .l2 = o->l2,
                                .tree_complexity = o->tree_complexity, .min_node_weight = o->min_node_weight,
                                .subsample = o->subsample, .feature_fraction = o->feature_fraction,
                                .categorical_smoothing = o->categorical_smoothing < 0 ? 0 : o->categorical_smoothing,
                                .pruning = t->b->pruning, .center_bias = o->center_bias,
                                .validation_fraction = o->validation_fraction, .seed = (uint64_t)t->e->config.tf_random_seed };
}

static est_status save_to(void *t_training, est__saver *to)
{
    training *t = t_training;
    EST_TRY(est__saver_wait(to));
    EST_TRY(est__boosted_store(t->b, t->model->session, t->ensemble, t->matrix, t->step));
    return est__saver_save(to, t->model->session, t->step, 0, NULL);
}

static est_status save_alone(training *t)
{
    char path[64];
    EST_TRY(save_to(t, t->saver));
    snprintf(path, sizeof path, "model.ckpt-%lld", (long long)t->step);
    return est__event_session_log(t->events, t->step, TENSORFLOW__SESSION_LOG__SESSION_STATUS__CHECKPOINT, path);
}

/* Listeners find it on the disk afterwards. */
static est_status save(training *t)
{
    if (!est__listeners_any(&t->hooks))
        return save_alone(t);
    EST_TRY(est__listeners_call(&t->hooks, EST__SAVING_BEFORE));
    EST_TRY(save_alone(t));
    EST_TRY(est__saver_wait(t->saver));
    return est__listeners_call(&t->hooks, EST__SAVING_AFTER);
}

static bool due(int64_t step, int64_t every)
{
    return every > 0 && step % every == 0;
}

static bool is_summarised(const training *t)
{
    const est_run_config *c = &t->e->config;
    return due(t->step, c->log_step_count_steps) || t->step == t->target || t->step == t->first + 1 || due(t->step - 1, c->save_summary_steps);
}

static est_status find_loss(training *t)
{
    t->loss = est__boost_loss(t->boost, false);
    t->hook_loss = (float)t->loss;
    if (isfinite(t->loss))
        return EST_OK;
    return est__fail(EST_ABORTED, "step %lld: loss is %s: is the learning_rate too large?", (long long)t->step,
                     isnan(t->loss) ? "NaN" : "infinite");
}

static est_status write_loss(training *t)
{
    est__scalar scalar[] = { { "loss", t->loss }, { "loss_held_out", 0 } };
    bool held_out = t->b->o.validation_fraction > 0;
    if (held_out)
        scalar[1].value = est__boost_loss(t->boost, true);
    EST_TRY(est__event_scalars(t->events, t->step, scalar, held_out ? 2 : 1));
    return est__event_flush(t->events);
}

static est_status write_log(training *t, double now)
{
    double rate = (double)(t->step - t->logged_step) / (now > t->logged ? now - t->logged : 1e-9);
    est__log(EST_LOG_INFO, "step %lld: loss = %.6g, %.6g steps/s", (long long)t->step, t->loss, rate);
    t->logged = now;
    t->logged_step = t->step;
    return est__event_scalars(t->events, t->step, &(est__scalar){ "global_step/sec", rate }, 1);
}

static void show(training *t, double now)
{
    est_progress p = { .global_step = t->step, .max_steps = t->target, .loss = t->loss, .seconds = now - t->began };
    p.steps_per_sec = (double)(t->step - t->first) / (now > t->grown ? now - t->grown : 1e-9);
    t->o->progress(&p, t->o->progress_user);
    t->shown = now;
}

/* The last one comes with the end, unless listeners wait for it. */
static est_status save_if_due(training *t, double now)
{
    const est_run_config *c = &t->e->config;
    const est_checkpoint_saver_options *o = t->hooks.saver_options;
    int64_t steps = o ? o->save_steps : c->save_checkpoints_steps;
    double secs = o ? o->save_secs : (double)c->save_checkpoints_secs;
    bool by_time = secs > 0 && now - t->saved >= secs, wanted = t->step != t->target || est__listeners_any(&t->hooks);
    if (!wanted || !(due(t->step, steps) || by_time))
        return EST_OK;
    t->saved = now;
    EST_TRY(est__hooks_before_save(&t->hooks));
    return save(t);
}

/* In the order of training by steps (train/loop.c). */
static est_status after_round(training *t)
{
    est_run_context *c = &t->hooks;
    bool summarised = is_summarised(t);
    if (summarised || c->num_fetches)
        EST_TRY(find_loss(t));
    double now = est__clock();
    if (t->step == t->first + 1 && t->result)
        t->result->start_up_seconds = now - t->began;
    EST_TRY(save_if_due(t, now));
    EST_TRY(est__hooks_after(c, 0, c->num_chief));
    if (summarised)
        EST_TRY(write_loss(t));
    if (due(t->step, t->e->config.log_step_count_steps))
        EST_TRY(write_log(t, now));
    if (t->o->progress && (t->step == t->target || now - t->shown >= 0.1))
        show(t, now);
    return est__hooks_after(c, c->num_chief, c->count);
}

static void cut_to(training *t, int64_t rounds)
{
    est__ensemble_cut(t->ensemble, rounds * t->ensemble->outputs);
    t->step = t->hooks.global_step = rounds;
}

/* Too many rounds since the best one: its trees are kept, later ones go. */
static bool stops_early(training *t)
{
    double loss;
    int64_t best = est__boost_best(t->boost, &loss);
    if (t->b->o.early_stopping_rounds == 0 || t->step - best < t->b->o.early_stopping_rounds)
        return false;
    est__log(EST_LOG_INFO, "%s: the held-out loss was least, %.6g, after %lld rounds; training stops after %lld", t->e->name, loss,
             (long long)best, (long long)t->step);
    cut_to(t, best);
    return true;
}

static est_status grow(training *t)
{
    est_run_context *c = &t->hooks;
    while (t->step < t->target && !c->stop) {
        if (atomic_load_explicit(&t->e->stop, memory_order_relaxed))
            return est__fail(EST_CANCELLED, "stopped at step %lld", (long long)t->step);
        if (stops_early(t))
            break;
        EST_TRY(est__hooks_before(c));
        est_status st = est__boost_round(t->boost);
        if (st != EST_OK)
            return est__fail_in(st, "step %lld", (long long)t->step + 1);
        c->global_step = ++t->step;
        EST_TRY(after_round(t));
    }
    stops_early(t);
    return EST_OK;
}

/* A loss of NaN that a hook takes for an end: the round that gave it goes. */
static bool diverged(training *t, est_status st)
{
    if (st != EST_ABORTED || t->hooks.failed || !isnan(t->loss) || !est__hooks_stop_on_nan(&t->hooks))
        return false;
    est__log(EST_LOG_WARNING, "%s", est_error());
    cut_to(t, t->step - 1);
    return true;
}

/* The last checkpoint, and what hooks do after it; after a hook's failure nobody is called any more. */
static est_status finish(training *t)
{
    bool failed = t->hooks.failed;
    if (est__saver_last(t->saver) != t->step)
        EST_TRY(failed ? save_alone(t) : save(t));
    EST_TRY(est__saver_wait(t->saver));
    if (failed)
        return EST_OK;
    EST_TRY(est__listeners_call(&t->hooks, EST__SAVING_END));
    return est__hooks_end(&t->hooks);
}

/* The first checkpoint, the rounds, the last one. */
static est_status run(training *t, bool resumed)
{
    est_run_context *c = &t->hooks;
    est__error error;
    c->session = t->model->session;
    c->global_step = t->step;
    est_status st = resumed ? EST_OK : save(t);
    if (st == EST_OK)
        st = est__hooks_created(c, t->model->session);
    if (st == EST_OK)
        st = grow(t);
    if (diverged(t, st))
        st = EST_OK;
    if (st != EST_OK && st != EST_CANCELLED && !c->failed)
        return st;
    est__error_take(&error, st);
    EST_TRY(finish(t));
    return st == EST_OK ? EST_OK : est__error_give(&error);
}

/* Of the values of a step there is the loss alone. */
static est_status check_hooks(const training *t)
{
    const est_run_context *c = &t->hooks;
    for (size_t i = 0; i < c->num_fetches; i++)
        if (c->fetch[i].node != t->model->spec->loss)
            return est__fail(EST_UNIMPLEMENTED, "%s: a hook asks each step for '%s'; trees grow outside of the graph, where a step has a loss, "
                             "and no other value", t->e->name, est_node_name(c->fetch[i].node));
    if (c->num_feeds)
        return est__fail(EST_UNIMPLEMENTED, "%s: a hook feeds '%s'; trees grow outside of the graph", t->e->name,
                         est_node_name(c->feed[0].node));
    return EST_OK;
}

static void fill_result(const training *t)
{
    est_train_result *r = t->result;
    double now = est__clock(), seconds = now > t->grown ? now - t->grown : 1e-9;
    r->global_step = t->step;
    r->steps = t->step - t->first;
    r->loss = t->loss;
    r->seconds = now - t->began;
    r->steps_per_sec = (double)r->steps / seconds;
    r->examples_per_sec = r->steps_per_sec * (double)t->rows;
}

static est_status set_target(training *t)
{
    const est_train_options *o = t->o;
    t->first = t->logged_step = t->step;
    t->target = o->max_steps ? o->max_steps : o->steps ? t->step + o->steps : t->b->o.n_trees;
    if (t->target > t->b->o.n_trees)
        t->target = t->b->o.n_trees;
    return EST_OK;
}

static est_status train(training *t)
{
    est_estimator *e = t->e;
    bool resumed;
    EST_TRY(est__train_check(e, t->o));
    EST_TRY(est__estimator_dataset(e, EST_TRAIN, t->o->input_fn, t->o->user, &t->dataset));
    EST_TRY(est__estimator_saver(e, e->model_dir, &t->saver));
    t->feature = est__calloc((size_t)t->b->num_features + 1, sizeof *t->feature);
    if (t->feature == NULL)
        return est__fail_memory((size_t)t->b->num_features * sizeof *t->feature);
    t->hooks = (est_run_context){ .config = &e->config, .model_dir = e->model_dir, .saver = t->saver, .given = t->o->hooks,
                                  .listeners = t->o->saving_listeners, .parts = &e->parts, .save_to = save_to, .training = t, .loss = &t->shown_loss };
    t->shown_loss = (est_tensor){ .dtype = EST_FLOAT, .data = &t->hook_loss };
    EST_TRY(start(t, &resumed));
    EST_TRY(check_hooks(t));
    EST_TRY(set_target(t));
    if (t->step >= t->target) {
        est__log(EST_LOG_INFO, "%s has %lld rounds of trees already: nothing to train up to step %lld", e->model_dir, (long long)t->step,
                 (long long)t->target);
        if (t->result)
            t->result->global_step = t->step;
        return EST_OK;
    }
    t->labels = t->b->objective == EST__SOFTMAX ? 1 : t->ensemble->outputs;
    EST_TRY(est__run_events(&e->config, e->model_dir, &t->events));
    t->hooks.events = t->events;
    EST_TRY(est__write_graph(e, t->model->graph, t->events, t->step));
    EST_TRY(read_input(t));
    double read = est__clock();
    est__tree_options o = tree_options(t);
    EST_TRY(est__boost_new(&o, t->b->objective, t->matrix, t->label, t->weight, t->ensemble, e->pool, &t->boost));
    t->grown = t->shown = t->logged = t->saved = est__clock();
    est__log(EST_LOG_INFO, "%lld rows of %lld features read in %.3g s", (long long)t->rows, (long long)t->b->num_features, read - t->began);
    t->model->graph->finalized = true;
    est_status st = run(t, resumed);
    t->model->graph->finalized = false;
    return st;
}

est_status est__boosted_train(est_estimator *e, const est_train_options *o, double began, est_train_result *result)
{
    training t = { .e = e, .b = e->user, .o = o, .began = began, .result = result };
    est_status st = train(&t);
    est__error error;
    est__error_take(&error, st);
    if (result && t.boost && (st == EST_OK || st == EST_CANCELLED))
        fill_result(&t);
    est__hooks_free(&t.hooks);
    est__boost_free(t.boost);
    est__tree_matrix_free(t.matrix);
    est__ensemble_free(t.ensemble);
    est__event_writer_free(t.events);
    est__saver_free(t.saver);
    est__model_free(t.model);
    est_dataset_free(t.dataset);
    est__free(t.feature);
    est__free(t.label);
    est__free(t.weight);
    return st == EST_OK ? EST_OK : est__error_give(&error);
}
