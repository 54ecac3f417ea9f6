/* What a batch holds, and callbacks that put something else in its place: then the part of the graph that runs on the input thread runs
 * again, for this batch. */
#include "loop/loop.h"

#include "runtime/runtime.h"
#include "tensor/tensor.h"

const est_batch *est_training_loop_batch(const est_training_loop *l)
{
    return l->phase->batch;
}

/* Feature i of the batch, as it was read or as it was changed. */
static const est_tensor *feature_of(const est__phase *p, size_t i)
{
    return p->changed && p->changed[i] ? p->changed[i] : est_batch_get(p->batch, i);
}

const est_tensor *est_training_loop_input(const est_training_loop *l, const char *feature)
{
    const est__phase *p = l->phase;
    for (size_t i = 0; p->batch && i < p->in.num_features; i++)
        if (strcmp(p->in.feature[i].name, feature) == 0)
            return feature_of(p, i);
    return NULL;
}

const est_tensor *est_training_loop_target(const est_training_loop *l)
{
    const est__phase *p = l->phase;
    return p->batch && p->in.label >= 0 ? feature_of(p, (size_t)p->in.label) : NULL;
}

const est_tensor *est__phase_feed(const est__phase *p, size_t i)
{
    est__feed f = p->in.feed[i];
    return f.rows || f.offsets ? est__batch_feed(p->batch, f) : feature_of(p, (size_t)f.feature);
}

void est__phase_restore(est__phase *p)
{
    if (!p->is_changed)
        return;
    for (size_t i = 0; i < p->in.num_features; i++) {
        est_tensor_free(p->changed[i]);
        p->changed[i] = NULL;
    }
    p->is_changed = false;
}

/* What it takes to run the early part again; made when it is first wanted. */
static est_status make_room(est__phase *p)
{
    if (p->again)
        return EST_OK;
    if (p->changed == NULL)
        p->changed = est__calloc(p->in.num_features + 1, sizeof *p->changed);
    if (p->given == NULL)
        p->given = est__calloc(p->in.num_feeds + est__plan_fetches(p->early) + 1, sizeof *p->given);
    if (p->changed == NULL || p->given == NULL)
        return est__fail_memory(p->in.num_features * sizeof *p->changed);
    return est__run_new(p->early, NULL, &p->again);
}

void est__phase_forget(est__phase *p)
{
    est__phase_restore(p);
    est__run_free(p->again);
    est__free(p->changed);
    est__free(p->given);
    p->again = NULL;
    p->changed = NULL;
    p->given = NULL;
}

static est_status check(const est__phase *p, const est_feature *f, const est_tensor *value)
{
    char a[EST__SHAPE_TEXT_SIZE], b[EST__SHAPE_TEXT_SIZE];
    est_shape wanted = { .rank = f->shape.rank + 1, .dim = { p->batch->rows } };
    if (f->variable_length)
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is of variable length: it cannot be changed", f->name);
    memcpy(wanted.dim + 1, f->shape.dim, (size_t)f->shape.rank * sizeof wanted.dim[0]);
    if (value->dtype != f->dtype || est_shape_elements(&value->shape) < 0 || !est__shape_compatible(&value->shape, &wanted))
        return est__fail(EST_INVALID_ARGUMENT, "feature '%s' is %s %s; it cannot become %s %s", f->name, est_dtype_name(f->dtype),
                         est__shape_string(a, &wanted), est_dtype_name(value->dtype), est__shape_string(b, &value->shape));
    return EST_OK;
}

est_status est_training_loop_set_input(est_training_loop *l, const char *feature, const est_tensor *value)
{
    est__phase *p = l->phase;
    est_tensor *copy;
    if (!l->open[EST_CANCEL_BATCH] || l->has_output)
        return est__fail(EST_FAILED_PRECONDITION, "a batch is changed at its batchStart");
    for (size_t i = 0; i < p->in.num_features; i++) {
        if (strcmp(p->in.feature[i].name, feature) != 0)
            continue;
        EST_TRY(check(p, &p->in.feature[i], value));
        EST_TRY(make_room(p));
        EST_TRY(est_tensor_copy(value, &copy));
        est_tensor_free(p->changed[i]);
        p->changed[i] = copy;
        p->is_changed = true;
        return EST_OK;
    }
    return est__fail(EST_NOT_FOUND, "the data have no feature '%s'", feature);
}

est_status est__phase_feeds(est__phase *p, const est_tensor *const **feeds)
{
    size_t n = p->in.num_feeds;
    if (!p->is_changed)
        return EST_OK;
    for (size_t i = 0; i < n; i++)
        p->given[i] = est__phase_feed(p, i);
    EST_TRY(est__run_step(p->again, p->given, 0));
    for (size_t i = 0; i < est__plan_fetches(p->early); i++)
        p->given[n + i] = est__run_fetch(p->again, i);
    *feeds = p->given + n;
    return EST_OK;
}
