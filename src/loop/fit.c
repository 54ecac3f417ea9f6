/* A fit: its events in their order, and the places where what was ended goes on. */
#include "loop/loop.h"

#include "runtime/runtime.h"
#include "tensor/tensor.h"

/* ---- batches ---- */

/* What a batch has computed: its output, and its loss. */
static void take_loss(est_training_loop *l, const est__phase *p)
{
    l->last_loss = est__tensor_get(est__run_fetch(p->run, 1), 0);
    l->has_loss = true;
}

static est_status not_finite(const est_training_loop *l, const est__phase *p)
{
    const est_tensor **feeds = est__malloc((p->in.num_feeds + 1) * sizeof *feeds);
    if (feeds == NULL)
        return est__fail_memory(p->in.num_feeds * sizeof *feeds);
    for (size_t i = 0; i < p->in.num_feeds; i++)
        feeds[i] = est__phase_feed(p, i);
    est_status st = est__step_not_finite(p->graph, &p->options, feeds, p->batch, l->global_step,
                                         (float)est__tensor_get(est__run_fetch(p->run, 1), 0));
    est__free(feeds);
    return st;
}

/* OUT_OF_RANGE is for the end of the data. */
static est_status in_batch(const est_training_loop *l, const est__phase *p, est_status st)
{
    if (st == EST_OK)
        return EST_OK;
    if (st == EST_ABORTED)
        return not_finite(l, p);
    bool training = p->mode == EST_TRAIN;
    return est__fail_in(st == EST_OUT_OF_RANGE ? EST_INVALID_ARGUMENT : st, "%s %lld", training ? "step" : "validation batch",
                        (long long)(training ? l->global_step : l->batch_index) + 1);
}

static est_status compute(est_training_loop *l, est__phase *p, const est_tensor *const *feeds)
{
    l->rate_changed = false;
    EST_TRY(in_batch(l, p, est__run_compute(p->run, feeds, (uint64_t)(p->mode == EST_TRAIN ? l->global_step : l->batch_index))));
    l->has_output = true;
    return EST_OK;
}

/* A fit that is resumed goes on behind this batch. */
static void passed_batch(est_training_loop *l)
{
    l->next.batch = l->batch_index + 1;
    l->next.read = l->taken;
}

static est_status train_batch(est_training_loop *l, est__phase *p, const est_tensor *const *feeds)
{
    EST_TRY(compute(l, p, feeds));
    take_loss(l, p);
    l->has_gradients = l->gradients;
    EST_TRY(est__loop_event(l, EST_UPDATE_START));
    if (l->rate_changed)   /* what the update makes of the rate is among what was computed; the bits of the rest are the same */
        EST_TRY(compute(l, p, feeds));
    EST_TRY(in_batch(l, p, est__run_assign(p->run, (uint64_t)l->global_step)));
    l->global_step++;
    passed_batch(l);
    return EST_OK;
}

static est_status validate_batch(est_training_loop *l, est__phase *p, const est_tensor *const *feeds)
{
    EST_TRY(compute(l, p, feeds));
    EST_TRY(est__loop_event(l, EST_INFERENCE_PREDICTION_END));
    take_loss(l, p);
    return in_batch(l, p, est__run_assign(p->run, (uint64_t)l->batch_index));
}

static est_status batch(est_training_loop *l, est__phase *p, const est_tensor *const *feeds)
{
    l->has_output = l->has_loss = l->has_gradients = l->cancelled = false;
    l->open[EST_CANCEL_BATCH] = true;
    est_status st = est__loop_event(l, EST_BATCH_START);
    if (st == EST_OK)
        st = in_batch(l, p, est__phase_feeds(p, &feeds));
    if (st == EST_OK)
        st = p->mode == EST_TRAIN ? train_batch(l, p, feeds) : validate_batch(l, p, feeds);
    l->open[EST_CANCEL_BATCH] = false;
    l->cancelled = st == EST_CANCELLED && l->action == EST_CANCEL_BATCH;
    if (l->cancelled && p->mode == EST_TRAIN)
        passed_batch(l);
    EST_TRY(est__loop_caught(l, st, EST_CANCEL_BATCH));
    return est__loop_event(l, EST_BATCH_END);
}

/* ---- phases ---- */

/* A pass begins, or goes on with data that have no end; one that is resumed passes over what was read of it before. */
static est_status open_training(est_training_loop *l, est__phase *p)
{
    const est_tensor *const *feeds;
    bool goes_on = p->feeder != NULL;
    int64_t read = l->next.read;
    EST_TRY(est__phase_open(l, p));
    l->next.pass = p->passes - 1;
    if (goes_on)
        return EST_OK;
    for (l->taken = 0; l->taken < read; l->taken++) {
        est_status st = est__phase_next(p, &feeds);
        if (st == EST_OUT_OF_RANGE)
            return est__fail(EST_FAILED_PRECONDITION, "the data have fewer batches than the %lld that were read of them", (long long)read);
        EST_TRY(st);
    }
    return EST_OK;
}

static est_status all_batches(est_training_loop *l, est__phase *p)
{
    const est_tensor *const *feeds;
    bool training = p->mode == EST_TRAIN;
    if (training && l->next.batch < 0)   /* before the fit was interrupted */
        return EST_OK;
    EST_TRY(training ? open_training(l, p) : est__phase_open(l, p));
    for (int64_t i = training ? l->next.batch : 0; p->wanted == 0 || i < p->wanted; i++) {
        if (atomic_load_explicit(&l->stop, memory_order_relaxed)) {
            l->stopped = true;
            return est_training_loop_cancel(l, EST_CANCEL_FIT);
        }
        est_status st = est__phase_next(p, &feeds);
        if (st == EST_OUT_OF_RANGE)
            break;
        EST_TRY(st);
        l->batch_index = i;
        l->taken += training;
        EST_TRY(batch(l, p, feeds));
    }
    return EST_OK;
}

/* Data without an end stay open. */
static void end_pass(est__phase *p)
{
    if (!est__dataset_endless(p->dataset))
        est__phase_close(p);
}

/* The training of an epoch is behind: a fit that is resumed goes on with `batch` of the epoch that is so many later. */
static void passed_training(est_training_loop *l, int64_t batch, int64_t epochs)
{
    const est__phase *p = &l->training;
    l->next.epoch = l->epoch_index + epochs;
    l->next.batch = batch;
    if (!est__dataset_endless(p->dataset)) {
        l->next.read = 0;
        l->next.pass = p->passes;
    } else if (p->feeder) {
        l->next.read = l->taken;
        l->next.pass = p->passes - 1;
    }
}

static est_status run_phase(est_training_loop *l, est__phase *p, est_loop_event start, est_loop_event end, est_loop_action action)
{
    l->phase = p;
    l->batch_index = -1;
    l->open[action] = true;
    est_status st = est__loop_event(l, start);
    if (st == EST_OK)
        st = all_batches(l, p);
    l->open[action] = false;
    EST_TRY(est__loop_caught(l, st, action));
    if (p->mode == EST_TRAIN)
        passed_training(l, -1, 0);
    st = est__loop_event(l, end);
    end_pass(p);
    return st;
}

static est_status phases(est_training_loop *l)
{
    EST_TRY(est__loop_event(l, EST_EPOCH_START));
    EST_TRY(run_phase(l, &l->training, EST_TRAINING_START, EST_TRAINING_END, EST_CANCEL_TRAINING));
    if (l->validation.input_fn == NULL)
        return EST_OK;
    return run_phase(l, &l->validation, EST_VALIDATION_START, EST_VALIDATION_END, EST_CANCEL_VALIDATION);
}

static est_status epoch(est_training_loop *l)
{
    l->phase = &l->training;
    l->open[EST_CANCEL_EPOCH] = true;
    est_status st = phases(l);
    l->open[EST_CANCEL_EPOCH] = false;
    EST_TRY(est__loop_caught(l, st, EST_CANCEL_EPOCH));
    end_pass(&l->training);
    if (l->validation.dataset)
        end_pass(&l->validation);
    passed_training(l, 0, 1);
    return est__loop_event(l, EST_EPOCH_END);
}

static est_status epochs(est_training_loop *l)
{
    EST_TRY(est__loop_event(l, EST_FIT_START));
    for (l->epoch_index = l->next.epoch; l->epoch_index < l->epoch_count; l->epoch_index++)
        EST_TRY(epoch(l));
    l->epoch_index = l->epoch_count - 1;
    return EST_OK;
}

/* ---- the fit ---- */

static est_status run(est_training_loop *l)
{
    EST_TRY(est__loop_build(l));
    l->open[EST_CANCEL_FIT] = true;
    est_status st = epochs(l);
    l->open[EST_CANCEL_FIT] = false;
    EST_TRY(est__loop_caught(l, st, EST_CANCEL_FIT));
    EST_TRY(est__loop_event(l, EST_FIT_END));
    return l->stopped ? est__fail(EST_CANCELLED, "stopped in epoch %lld", (long long)l->epoch_index + 1) : EST_OK;
}

static est_status check(const est_fit_options *o)
{
    if (o->model == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_fit: model is needed");
    if (o->epochs < 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_fit: epochs is %lld; it must be above 0", (long long)o->epochs);
    if (o->device && strcmp(o->device, "cuda") == 0)
        return est__fail(EST_UNIMPLEMENTED, "est_training_loop_fit: device 'cuda' is not built in; there are 'auto' and 'cpu'");
    if (o->device && strcmp(o->device, "auto") != 0 && strcmp(o->device, "cpu") != 0)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_fit: device is '%s'; there are 'auto' and 'cpu'", o->device);
    return EST_OK;
}

static bool is_same_model(const est_training_loop *l, const est_fit_options *o)
{
    return l->fit.model == o->model && l->fit.model_user == o->model_user && l->fit.differentiable_step == o->differentiable_step &&
           l->fit.step_user == o->step_user;
}

static est_status begin(est_training_loop *l, const est_fit_options *o)
{
    EST_TRY(check(o));
    if (!is_same_model(l, o))
        est__loop_unbuild(l);
    else if (l->new_optimizer)
        est__loop_carry(l);
    l->fit = *o;
    l->new_optimizer = false;
    l->epoch_count = o->epochs ? o->epochs : 1;
    l->epoch_index = 0;
    l->batch_index = -1;
    l->phase = &l->training;
    l->next = (est__place){ .pass = l->training.passes };
    l->action = 0;
    l->has_stats = l->stopped = l->failed = false;
    memset(l->open, 0, sizeof l->open);
    for (size_t i = 0; i < o->callbacks.count; i++)
        EST_TRY(est__callbacks_add(&l->extra, o->callbacks.data[i]));
    return run(l);
}

/* Callbacks that hold something for the time of a fit let go of it. Their own failure counts where there is no other. */
static void conclude(est_training_loop *l, const est__callbacks *list, est__error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const est_loop_callback *c = list->data[i];
        est_status st = c->ended ? c->ended(l, l->failed, c->o.user) : EST_OK;
        if (st != EST_OK && error->status == EST_OK)
            est__error_take(error, st);
        else if (st != EST_OK)
            est__log(EST_LOG_WARNING, "callback '%s': %s", c->name, est_error());
    }
}

est_status est_training_loop_fit_sized(est_training_loop *l, const est_fit_options *options, size_t size)
{
    est_fit_options o = { 0 };
    est__error error;
    memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (l->fitting)
        return est__fail(EST_FAILED_PRECONDITION, "est_training_loop_fit: the loop is in a fit already");
    l->fitting = true;
    est__error_take(&error, begin(l, &o));
    conclude(l, &l->callbacks, &error);
    conclude(l, &l->extra, &error);
    est__phase_close(&l->training);
    est__phase_close(&l->validation);
    est__callbacks_free(&l->extra);
    l->fitting = false;
    atomic_store(&l->stop, false);
    return error.status == EST_OK ? EST_OK : est__error_give(&error);
}

void est_training_loop_request_stop(est_training_loop *l)
{
    atomic_store(&l->stop, true);
}
