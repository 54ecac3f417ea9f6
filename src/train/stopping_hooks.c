/* Hooks that end training or hold it up: at a step, at NaN, until others have come so far. */
#include <math.h>

#include "tensor/tensor.h"
#include "train/hooks.h"

/* ---- stop at step ---- */

typedef struct stop_at { int64_t num_steps, last_step, stop; } stop_at;

static est_status stop_created(est_run_context *c, void *user)
{
    stop_at *s = user;
    s->stop = s->last_step ? s->last_step : est_run_global_step(c) + s->num_steps;
    return EST_OK;
}

static est_status stop_after(est_run_context *c, void *user)
{
    const stop_at *s = user;
    if (est_run_global_step(c) >= s->stop)
        est_run_request_stop(c);
    return EST_OK;
}

est_status est_stop_at_step_hook_new(int64_t num_steps, int64_t last_step, est_hook **out)
{
    *out = NULL;
    if ((num_steps > 0) == (last_step > 0) || num_steps < 0 || last_step < 0)
        return est__fail(EST_INVALID_ARGUMENT, "StopAtStepHook: num_steps is %lld, last_step %lld; one of them is needed, above 0",
                         (long long)num_steps, (long long)last_step);
    stop_at *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    *s = (stop_at){ num_steps, last_step, 0 };
    return est__hook_make(&(est_hook_options){ .name = "StopAtStepHook", .after_create_session = stop_created, .after_run = stop_after,
                                               .user = s, .free_user = est__free }, out);
}

/* ---- NaN ---- */

typedef struct nan_tensor {
    est_hook_tensors tensors;     /* one; none: the loss */
    bool stops;
    size_t fetch;
} nan_tensor;

static void nan_free(void *user)
{
    nan_tensor *n = user;
    est__free((void *)(uintptr_t)n->tensors.data);
    est__free(n);
}

static est_status nan_begin(est_run_context *c, void *user)
{
    nan_tensor *n = user;
    est_node *node = est_run_loss(c);
    if (n->tensors.count)
        EST_TRY(est__hook_node(c, &n->tensors.data[0], &node));
    if (node == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "there is no loss");
    n->fetch = est_run_fetch(c, node);
    return EST_OK;
}

static bool has_nan(const est_tensor *t)
{
    int64_t n = t->dtype == EST_STRING ? 0 : est__tensor_elements(t);
    for (int64_t i = 0; i < n; i++)
        if (isnan(est__tensor_get(t, i)))
            return true;
    return false;
}

static est_status nan_after(est_run_context *c, void *user)
{
    const nan_tensor *n = user;
    if (!has_nan(est_run_value(c, n->fetch)))
        return EST_OK;
    const char *tag = n->tensors.count ? n->tensors.data[0].tag : "the loss";
    if (!n->stops)
        return est__fail(EST_ABORTED, "step %lld: %s holds NaN", (long long)est_run_global_step(c), tag);
    est__log(EST_LOG_WARNING, "step %lld: %s holds NaN", (long long)est_run_global_step(c), tag);
    est_run_request_stop(c);
    return EST_OK;
}

est_status est_nan_tensor_hook_new_sized(const est_nan_tensor_options *options, size_t size, est_hook **out)
{
    est_nan_tensor_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    nan_tensor *n = est__calloc(1, sizeof *n);
    if (n == NULL)
        return est__fail_memory(sizeof *n);
    bool of_loss = o.tensor.node == NULL && o.tensor.name == NULL;
    n->stops = o.stops;
    est_status st = of_loss ? EST_OK : est__hook_tensors_copy((est_hook_tensors){ &o.tensor, 1 }, "NanTensorHook", &n->tensors);
    if (st != EST_OK) {
        est__free(n);
        return st;
    }
    EST_TRY(est__hook_make(&(est_hook_options){ .name = "NanTensorHook", .begin = nan_begin, .after_run = nan_after, .keeps_graph = true,
                                                .user = n, .free_user = nan_free }, out));
    (*out)->stops_on_nan = of_loss && o.stops;
    return EST_OK;
}

/* ---- wait for others ---- */

static est_status wait_before(est_run_context *c, void *user)
{
    int64_t wanted = *(const int64_t *)user, step = est_run_global_step(c);
    if (step >= wanted)
        return EST_OK;
    return est__fail(EST_FAILED_PRECONDITION, "global step %lld is waited for, and %lld is done: there is no other worker to do the rest",
                     (long long)wanted, (long long)step);
}

est_status est_global_step_waiter_hook_new(int64_t wait_until_step, est_hook **out)
{
    int64_t *wanted = est__malloc(sizeof *wanted);
    *out = NULL;
    if (wanted == NULL)
        return est__fail_memory(sizeof *wanted);
    *wanted = wait_until_step;
    return est__hook_make(&(est_hook_options){ .name = "GlobalStepWaiterHook", .before_run = wait_before, .user = wanted,
                                               .free_user = est__free }, out);
}
