/* Events: who is told, and what they may end. */
#include "loop/loop.h"

static const char *const names[] = {
    [EST_FIT_START] = "fitStart", [EST_FIT_END] = "fitEnd", [EST_EPOCH_START] = "epochStart", [EST_EPOCH_END] = "epochEnd",
    [EST_TRAINING_START] = "trainingStart", [EST_TRAINING_END] = "trainingEnd", [EST_VALIDATION_START] = "validationStart",
    [EST_VALIDATION_END] = "validationEnd", [EST_BATCH_START] = "batchStart", [EST_BATCH_END] = "batchEnd",
    [EST_UPDATE_START] = "updateStart", [EST_INFERENCE_PREDICTION_END] = "inferencePredictionEnd" };

/* Each action: its name, the event at which what it ends has ended by itself, and what that is. */
static const struct action {
    const char *name, *what;
    est_loop_event end;
} actions[] = {
    [EST_CANCEL_BATCH] = { "cancelBatch", "batch", EST_BATCH_END },
    [EST_CANCEL_TRAINING] = { "cancelTraining", "training", EST_TRAINING_END },
    [EST_CANCEL_VALIDATION] = { "cancelValidation", "validation", EST_VALIDATION_END },
    [EST_CANCEL_EPOCH] = { "cancelEpoch", "epoch", EST_EPOCH_END },
    [EST_CANCEL_FIT] = { "cancelFit", "fit", EST_FIT_END } };

const char *est_loop_event_name(est_loop_event event)
{
    return (size_t)event < sizeof names / sizeof *names ? names[event] : NULL;
}

est_status est_training_loop_cancel(est_training_loop *l, est_loop_action action)
{
    if (action < EST_CANCEL_BATCH || action > EST_CANCEL_FIT)
        return est__fail(EST_INVALID_ARGUMENT, "est_training_loop_cancel: %d is no action", (int)action);
    l->action = action;
    return EST_CANCELLED;
}

/* What a callback returned, other than EST_OK. */
static est_status returned(est_training_loop *l, est_loop_event event, const est_loop_callback *c, est_status st)
{
    const struct action *a = &actions[l->action];
    if (st == EST_CANCELLED && l->action) {
        if (l->open[l->action])
            return st;
        st = event == a->end ? EST_OK
                             : est__fail(EST_FAILED_PRECONDITION, "callback '%s' at %s: %s: no %s is going on", c->name, names[event],
                                         a->name, a->what);
        l->action = 0;
        l->failed = st != EST_OK;
        return st;
    }
    l->action = 0;
    l->failed = true;
    if (*est_error() == 0)
        return est__fail(st, "callback '%s' at %s returned %s", c->name, names[event], est_status_name(st));
    return est__fail_in(st, "callback '%s' at %s", c->name, names[event]);
}

/* `ended`: an action kept the event from the others. */
static est_status tell(est_training_loop *l, est_loop_event event, est__callbacks *list, bool *ended)
{
    for (size_t i = 0; i < list->count && !*ended; i++) {
        est_loop_callback *c = list->data[i];
        if (c->o.events && !(c->o.events & 1u << event))
            continue;
        est__error_clear();
        est_status st = c->o.call(l, event, c->o.user);
        if (st != EST_OK) {
            EST_TRY(returned(l, event, c, st));
            *ended = true;
        }
        if (i >= list->count || list->data[i] != c)   /* it has removed itself, or one before it */
            i--;
    }
    return EST_OK;
}

est_status est__loop_event(est_training_loop *l, est_loop_event event)
{
    bool ended = false;
    est_status st = tell(l, event, &l->callbacks, &ended);
    if (st == EST_OK)
        st = tell(l, event, &l->extra, &ended);
    if (l->removed.count)
        est__callbacks_free(&l->removed);
    return st;
}

est_status est__loop_caught(est_training_loop *l, est_status st, est_loop_action action)
{
    if (st != EST_CANCELLED || l->action != action)
        return st;
    l->action = 0;
    return EST_OK;
}

bool est__loop_wants_gradients(const est_training_loop *l)
{
    for (size_t i = 0; i < l->callbacks.count; i++)
        if (l->callbacks.data[i]->o.gradients)
            return true;
    for (size_t i = 0; i < l->extra.count; i++)
        if (l->extra.data[i]->o.gradients)
            return true;
    return false;
}
