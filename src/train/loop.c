/* The training loop. */
#include "train/loop.h"

#include <math.h>

#include "runtime/runtime.h"
#include "train/feeder.h"

enum {
    STEADY = 100,                 /* steps before the steady state is measured */
    MOST_CHECKS = 16              /* of all variables */
};

typedef struct training {
    const est__loop *l;
    est__plan_options options;
    est__plan *early, *late, *summarised;
    est__run *run, *summary_run;      /* the second where there are summaries */
    const est__run *last;             /* whichever made the last step */
    est__feeder *feeder;
    est_node **nodes;             /* room for all that follows but the targets */
    est_nodes fetches;            /* the loss, a learning rate that changes, what hooks fetch in each step */
    est_nodes summaries;          /* of the spec, and what hooks ask for */
    est_nodes late_feeds, feeds;  /* of hooks; of batches and hooks */
    size_t num_own, num_summaries;      /* fetches before the hooks'; summaries of the spec */
    est_node *target[1];
    est__scalar *scalars;             /* the loss, then those of the summaries that are scalars */
    int64_t step, batches;        /* done, over all calls */
    int checks;                   /* steps with features that are not finite, and variables that are */
    float loss;
    double shown, logged, saved;  /* when */
    int64_t logged_step;
    double steady_start;
    int64_t steady_from;          /* steps done by then */
    int64_t steady_examples;
    est_train_result result;
} training;

static bool writes_summaries(const est__loop *l)
{
    return l->events && l->config->save_summary_steps > 0;
}

/* The first step of a run, and each `save_summary_steps` after it. */
static bool is_summarised(const est__loop *l, int64_t step)
{
    return writes_summaries(l) && (step - 1) % l->config->save_summary_steps == 0;
}

/* What is fetched, and what is fed, by the model and by hooks. */
static est_status list_nodes(training *t)
{
    const est__loop *l = t->l;
    const est_spec *spec = l->spec;
    const est_run_context *c = l->hooks;
    size_t n = t->num_summaries = writes_summaries(l) ? spec->num_summaries : 0;
    est_node **at = t->nodes = est__calloc(n + c->num_fetches + 2 * c->num_feeds + l->feeds.count + 2, sizeof *at);
    if (at == NULL)
        return est__fail_memory(n * sizeof *at);
    at[t->num_own++] = spec->loss;
    if (spec->graph->num_rates)
        at[t->num_own++] = spec->graph->rate[0].node;
    t->fetches = (est_nodes){ at, t->num_own + est__hooks_fetches(c, false, at + t->num_own) };
    at += t->fetches.count;
    for (size_t i = 0; i < n; i++)
        at[i] = spec->summary[i].node;
    t->summaries = (est_nodes){ at, n + est__hooks_fetches(c, true, at + n) };
    at += t->summaries.count;
    est__hooks_feed_nodes(c, at);
    t->late_feeds = (est_nodes){ at, c->num_feeds };
    at += c->num_feeds;
    if (l->feeds.count)
        memcpy(at, l->feeds.data, l->feeds.count * sizeof *at);
    est__hooks_feed_nodes(c, at + l->feeds.count);
    t->feeds = (est_nodes){ at, l->feeds.count + c->num_feeds };
    return EST_OK;
}

static est_status prepare(training *t)
{
    const est__loop *l = t->l;
    const est_spec *spec = l->spec;
    EST_TRY(list_nodes(t));
    t->scalars = est__calloc(t->num_summaries + 1, sizeof *t->scalars);
    if (t->scalars == NULL)
        return est__fail_memory(t->num_summaries * sizeof *t->scalars);
    t->scalars[0].tag = "loss";
    t->target[0] = spec->train_op;
    t->options = (est__plan_options){ .resources = l->session->resources, .feeds = l->feeds, .fetches = t->fetches,
                                      .targets = { t->target, 1 }, .checked = spec->loss, .summaries = t->summaries,
                                      .late_feeds = t->late_feeds, .seed = (uint64_t)l->config->tf_random_seed };
    EST_TRY(est__plan_split(spec->graph, &t->options, &t->early, &t->late, &t->summarised));
    EST_TRY(est__hooks_layout(l->hooks, t->num_own, t->num_summaries, est__plan_fetches(t->early)));
    EST_TRY(est__run_new(t->late, l->pool, &t->run));
    if (t->summarised)
        EST_TRY(est__run_new(t->summarised, l->pool, &t->summary_run));
    return est__feeder_new(l->dataset, t->early, l->feed, l->feeds.count, "step", l->first_step, true, &t->feeder);
}

static void release(training *t)
{
    est__feeder_free(t->feeder);
    est__run_free(t->run);
    est__run_free(t->summary_run);
    est__plan_free(t->late);
    est__plan_free(t->summarised);
    est__plan_free(t->early);
    est__free(t->nodes);
    est__free(t->scalars);
}

/* Begins a checkpoint of the steps done, with the input's place. */
static est_status save_to(void *t_training, est__saver *to)
{
    const training *t = t_training;
    const est__loop *l = t->l;
    est__buffer place = { 0 };
    est_status st = l->saves_input ? est__dataset_save(l->dataset, t->batches, &place) : EST_OK;
    if (st == EST_OK)
        st = est__saver_save(to, l->session, t->step, t->batches, l->saves_input ? &place : NULL);
    est__buffer_free(&place);
    return st;
}

static est_status save_alone(training *t)
{
    const est__loop *l = t->l;
    int64_t step = t->step;
    est_status st = save_to(t, l->saver);
    if (st == EST_OK && l->events) {
        char path[64];
        snprintf(path, sizeof path, "model.ckpt-%lld", (long long)step);
        st = est__event_session_log(l->events, step, TENSORFLOW__SESSION_LOG__SESSION_STATUS__CHECKPOINT, path);
    }
    return st;
}

/* Listeners find it on the disk afterwards. */
static est_status save(training *t)
{
    const est__loop *l = t->l;
    if (!est__listeners_any(l->hooks))
        return save_alone(t);
    EST_TRY(est__listeners_call(l->hooks, EST__SAVING_BEFORE));
    EST_TRY(save_alone(t));
    EST_TRY(est__saver_wait(l->saver));
    return est__listeners_call(l->hooks, EST__SAVING_AFTER);
}

static est_status not_finite(const training *t)
{
    const est_batch *b = est__feeder_batch(t->feeder);
    size_t n = t->l->feeds.count;
    const est_tensor **feeds = est__malloc((t->feeds.count + 1) * sizeof *feeds);
    est__plan_options o = t->options;
    if (feeds == NULL)
        return est__fail_memory(n * sizeof *feeds);
    for (size_t i = 0; i < t->feeds.count; i++)
        feeds[i] = i < n ? est__batch_feed(b, t->l->feed[i]) : t->l->hooks->feed[i - n].value;
    o.feeds = t->feeds;
    est_status st = est__step_not_finite(t->l->spec->graph, &o, feeds, b, t->step,
                                         (float)est__tensor_get(est__run_fetch(t->last, 0), 0));
    est__free(feeds);
    return st;
}

/* A feature that is not finite may spoil variables and not the loss: tanh(inf) is 1, its gradient NaN. Where a model knows what to do with
 * such features in each batch, looking at all its variables ends after some. */
static est_status check_variables(training *t)
{
    est_nodes variables = est_graph_trainable_variables(t->l->spec->graph);
    est__buffer of_input = { 0 };
    est_status st = EST_OK;
    est__batch_nonfinite(est__feeder_batch(t->feeder), &of_input);
    for (size_t i = 0; i < variables.count && st == EST_OK; i++) {
        const est__variable *v = est__session_variable(t->l->session, est_node_name(variables.data[i]));
        if (v && est__tensor_nonfinite(v->value) >= 0)
            st = est__fail(EST_ABORTED, "step %lld: variable '%s' is no longer finite (%s)", (long long)t->step + 1,
                           est_node_name(variables.data[i]), of_input.data);
    }
    est__buffer_free(&of_input);
    t->checks++;
    return st;
}

static est_status log_line(training *t, double now)
{
    double rate = (double)(t->step - t->logged_step) / (now > t->logged ? now - t->logged : 1e-9);
    char changing[48] = "";
    if (t->num_own > 1)
        est__print(changing, sizeof changing, ", learning rate %.6g", est__tensor_get(est__run_fetch(t->last, 1), 0));
    est__log(EST_LOG_INFO, "step %lld: loss = %.6g, %.6g steps/s%s", (long long)t->step, (double)t->loss, rate, changing);
    t->logged = now;
    t->logged_step = t->step;
    if (t->l->events == NULL)
        return EST_OK;
    EST_TRY(est__event_scalars(t->l->events, t->step, &(est__scalar){ "global_step/sec", rate }, 1));
    return est__event_flush(t->l->events);
}

static est_status write_summaries(training *t)
{
    const est_spec *spec = t->l->spec;
    size_t n = 1;
    t->scalars[0].value = (double)t->loss;
    for (size_t i = 0; i < t->num_summaries; i++) {
        const est__summary *s = &spec->summary[i];
        const est_tensor *value = est__run_fetch(t->last, t->fetches.count + i);
        if (s->write)
            EST_TRY(s->write(t->l->events, t->step, s, value));
        else
            t->scalars[n++] = (est__scalar){ .tag = s->tag, .value = est__tensor_get(value, 0) };
    }
    EST_TRY(est__event_scalars(t->l->events, t->step, t->scalars, n));
    return est__event_flush(t->l->events);
}

static void show(training *t, double now)
{
    const est__loop *l = t->l;
    est_progress p = { .global_step = t->step, .max_steps = l->last_step, .loss = (double)t->loss, .seconds = now - l->start };
    p.steps_per_sec = (double)(t->step - l->first_step) / (p.seconds > 0 ? p.seconds : 1e-9);
    l->progress(&p, l->progress_user);
    t->shown = now;
}

static bool due(int64_t step, int64_t every)
{
    return every > 0 && step % every == 0;
}

/* What happens beside the steps, in TensorFlow's order: the checkpoint, the chief's hooks, summaries and the log, other hooks. */
static est_status after_step(training *t, double now)
{
    const est__loop *l = t->l;
    est_run_context *c = l->hooks;
    bool by_time = l->save_secs > 0 && now - t->saved >= l->save_secs;
    bool wanted = t->step != l->last_step || est__listeners_any(c);   /* else the last one comes with the end */
    if (wanted && (due(t->step, l->save_steps) || by_time)) {
        t->saved = now;
        EST_TRY(est__hooks_before_save(c));
        EST_TRY(save(t));
    }
    EST_TRY(est__hooks_after(c, 0, c->num_chief));
    if (is_summarised(l, t->step))
        EST_TRY(write_summaries(t));
    if (due(t->step, l->config->log_step_count_steps))
        EST_TRY(log_line(t, now));
    if (l->progress && now - t->shown >= 0.1)
        show(t, now);
    EST_TRY(est__hooks_after(c, c->num_chief, c->count));
    if (c->profile)
        est__run_profile_end(c->run);
    c->profile = false;
    return EST_OK;
}

static est_status one_step(training *t)
{
    const est_tensor *const *feeds;
    est_run_context *c = t->l->hooks;
    int64_t rows;
    c->asked = false;
    EST_TRY(est__hooks_before(c));
    EST_TRY(est__feeder_next(t->feeder, &feeds, &rows));
    EST_TRY(est__hooks_feeds(c, feeds, &feeds));
    c->full = t->summary_run && (c->asked || is_summarised(t->l, t->step + 1));
    est__run *run = c->full ? t->summary_run : t->run;
    t->last = c->run = run;
    if (c->profile)
        EST_TRY(est__run_profile(run));
    est_status st = est__run_step(run, feeds, (uint64_t)t->step);
    if (st == EST_ABORTED)
        return not_finite(t);
    if (st != EST_OK)
        return est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "step %lld", (long long)t->step + 1);
    if (t->checks < MOST_CHECKS && est__feeder_nonfinite(t->feeder))
        EST_TRY(check_variables(t));
    t->loss = *(const float *)est__run_fetch(run, 0)->data;
    c->global_step = ++t->step;
    t->batches++;
    t->steady_examples += rows;
    return EST_OK;
}

/* Has the last step changed the loss of the one before too little to go on? */
static bool has_converged(const training *t, float before)
{
    double tolerance = t->l->spec->loss_tolerance;
    return tolerance > 0 && t->step > t->l->first_step + 1 &&
           fabs((double)t->loss - (double)before) < tolerance * (1 + fabs((double)before));
}

static est_status run_all(training *t)
{
    const est__loop *l = t->l;
    bool converged = false;
    while (!converged && !l->hooks->stop && (l->last_step == 0 || t->step < l->last_step)) {
        float before = t->loss;
        if (atomic_load_explicit(l->stop, memory_order_relaxed))
            return est__fail(EST_CANCELLED, "stopped at step %lld", (long long)t->step);
        EST_TRY(one_step(t));
        double now = est__clock();
        int64_t done = t->step - l->first_step;
        if (done == 1)
            t->result.start_up_seconds = now - l->start;
        if (done == 1 || (done == STEADY && t->step != l->last_step)) {
            t->steady_start = now;
            t->steady_from = done;
            t->steady_examples = 0;
        }
        EST_TRY(after_step(t, now));
        converged = has_converged(t, before);
    }
    return EST_OK;
}

static void measure(training *t, double end)
{
    est_train_result *r = &t->result;
    int64_t done = t->step - t->l->first_step, from = t->steady_from;
    double seconds = end - t->steady_start;
    r->global_step = t->step;
    r->steps = done;
    r->loss = (double)t->loss;
    r->seconds = est__clock() - t->l->start;
    if (done > from && seconds > 0) {
        r->steps_per_sec = (double)(done - from) / seconds;
        r->examples_per_sec = (double)t->steady_examples / seconds;
    }
}

/* The first checkpoint, then what hooks do before the first step. */
static est_status created(training *t)
{
    const est__loop *l = t->l;
    l->hooks->session = l->session;
    l->hooks->global_step = t->step;
    if (!l->resumed)
        EST_TRY(save(t));
    return est__hooks_created(l->hooks, l->session);
}

/* The last checkpoint, as whoever waits for it finds it on the disk, and what hooks do after it. `failed`: a hook has, and
 * nobody is called any more. */
static est_status finish(training *t, bool failed)
{
    const est__loop *l = t->l;
    if (t->step > l->first_step && est__saver_last(l->saver) != t->step)
        EST_TRY(failed ? save_alone(t) : save(t));
    EST_TRY(est__saver_wait(l->saver));
    if (!failed) {
        EST_TRY(est__listeners_call(l->hooks, EST__SAVING_END));
        EST_TRY(est__hooks_end(l->hooks));
    }
    return l->events ? est__event_flush(l->events) : EST_OK;
}

/* A loss of NaN that a hook takes for an end. */
static bool diverged(const training *t, est_status st)
{
    return st == EST_ABORTED && t->last && !t->l->hooks->failed && est__hooks_stop_on_nan(t->l->hooks) &&
           isnan(est__tensor_get(est__run_fetch(t->last, 0), 0));
}

/* How training ends; `st`: how its steps did. */
static est_status conclude(training *t, est_status st, double end)
{
    const est__loop *l = t->l;
    bool failed = l->hooks->failed && st != EST_CANCELLED, stopped = st == EST_CANCELLED, ended = st == EST_OUT_OF_RANGE;
    est__error error;
    est__error_take(&error, st);
    if (st != EST_OK && !ended && !stopped && !failed)
        return st;
    if (ended && !failed && t->step == l->first_step)
        est__log(EST_LOG_WARNING, "the data gave no batch: no step was made");
    st = finish(t, l->hooks->failed);
    if (l->progress && t->step > l->first_step)
        show(t, end);
    if (failed)
        return est__error_give(&error);
    if (t->step > l->first_step && st == EST_OK)
        est__log(EST_LOG_INFO, "step %lld: loss = %.6g; %s", (long long)t->step, (double)t->loss,
                 stopped || l->hooks->stop ? "stopped" : ended ? "the data have ended" : "done");
    return st == EST_OK && stopped ? est__error_give(&error) : st;
}

est_status est__train_loop(const est__loop *l, est_train_result *result)
{
    training t = { .l = l, .step = l->first_step, .batches = l->batches, .logged_step = l->first_step };
    est_status st = prepare(&t);
    t.logged = t.saved = est__clock();
    l->hooks->training = &t;
    l->hooks->save_to = save_to;
    l->hooks->graph->finalized = true;
    if (st == EST_OK)
        st = created(&t);
    if (st == EST_OK)
        st = run_all(&t);
    double end = est__clock();
    if (diverged(&t, st)) {
        est__log(EST_LOG_WARNING, "%s", est_error());
        l->hooks->stop = true;
        st = EST_OK;
    }
    st = conclude(&t, st, end);
    l->hooks->graph->finalized = false;
    measure(&t, end);
    release(&t);
    if (result)
        *result = t.result;
    return st;
}
