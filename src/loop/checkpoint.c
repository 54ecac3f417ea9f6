/* Checkpoints of a loop: the model, its optimizer, and the place where a fit that was interrupted goes on. */
#include "base/fields.h"
#include "loop/loop.h"
#include "tensor/tensor.h"
#include "train/model_dir.h"
#include "train/saver.h"

typedef struct checkpoint {
    est_loop_checkpoint_options o;
    char *directory;
    est__saver *saver;            /* during a fit */
    int64_t saved;                /* the step of the newest checkpoint; -1: none */
} checkpoint;

static const est_field fields[] = {
    EST_FIELD(est_loop_checkpoint_options, STRING, directory, .needed = true, .doc = "where they are"),
    EST_FIELD(est_loop_checkpoint_options, INT, save_epochs, .def = 1, .min = EST_OFF, .max = 1e9, .doc = "epochs between two"),
    EST_FIELD(est_loop_checkpoint_options, INT, save_steps, .max = 1e15, .doc = "steps between two"),
    EST_FIELD(est_loop_checkpoint_options, INT, max_to_keep, .def = 5, .min = EST_OFF, .max = 1e9, .doc = "how many stay"),
    { 0 }
};

/* ---- the place: variables of the loop ---- */

static int64_t *count_of(const est_training_loop *l, const char *name)
{
    return est__session_variable(l->session, name)->value->data;
}

static void write_place(const est_training_loop *l)
{
    *count_of(l, EST__LOOP_SCOPE "epoch") = l->next.epoch;
    *count_of(l, EST__LOOP_SCOPE "batch") = l->next.batch;
    *count_of(l, EST__LOOP_SCOPE "read") = l->next.read;
    *count_of(l, EST__LOOP_SCOPE "pass") = l->next.pass;
    *count_of(l, EST__LOOP_SCOPE "rate_is_set") = l->rate_is_set;
}

static est_status read_place(est_training_loop *l, const char *prefix)
{
    est__place at = { .epoch = *count_of(l, EST__LOOP_SCOPE "epoch"), .batch = *count_of(l, EST__LOOP_SCOPE "batch"),
                      .read = *count_of(l, EST__LOOP_SCOPE "read"), .pass = *count_of(l, EST__LOOP_SCOPE "pass") };
    if (at.epoch < 0 || at.batch < -1 || at.read < 0 || at.pass < 0)
        return est__fail(EST_DATA_LOSS, "%s: its place in the data is damaged: epoch %lld, batch %lld", prefix, (long long)at.epoch,
                         (long long)at.batch);
    l->next = at;
    l->rate_is_set = *count_of(l, EST__LOOP_SCOPE "rate_is_set") != 0;
    l->training.passes = at.pass;
    l->validation.passes = at.epoch;
    l->global_step = *count_of(l, "global_step");
    return EST_OK;
}

/* ---- going on ---- */

/* A rate that callbacks have set is a part of the model's state; another one is the program's to say. */
static est_status keep_rate(est_training_loop *l, const est__bundle *b)
{
    static const char name[] = EST__LOOP_SCOPE "rate_is_set";
    est_tensor *set;
    if (l->rate == NULL || est__bundle_find(b, name) == NULL)
        return EST_OK;
    EST_TRY(est__bundle_read(b, name, &set));
    est__graph_find_variable(l->training.graph, l->rate->base.name)->hyper = est__tensor_get(set, 0) == 0;
    est_tensor_free(set);
    return EST_OK;
}

static est_status restore(void *user, const char *prefix)
{
    est_training_loop *l = user;
    est__bundle *bundle;
    EST_TRY(est__checkpoint_bundle(prefix, &bundle));
    est_status st = keep_rate(l, bundle);
    if (st == EST_OK)
        st = est__session_start(l->session, bundle);
    est__bundle_free(bundle);
    return st == EST_OK ? read_place(l, prefix) : st;
}

static est_status restore_newest(est_training_loop *l, checkpoint *c)
{
    bool resumed;
    est_status st = est__checkpoints_resume(c->directory, restore, l, &resumed);
    c->saved = l->global_step > 0 ? l->global_step : -1;
    return st;
}

static est_status begin(est_training_loop *l, checkpoint *c)
{
    static const est__partitioning whole;
    est__saver_options o = { .keep = c->o.max_to_keep, .parts = &whole };
    c->saved = -1;
    EST_TRY(est__saver_new(c->directory, &o, &c->saver));
    return l->global_step == 0 ? restore_newest(l, c) : EST_OK;
}

/* ---- saving ---- */

static est_status save(est_training_loop *l, checkpoint *c)
{
    if (c->saved == l->global_step || l->global_step == 0)
        return EST_OK;
    write_place(l);
    c->saved = l->global_step;
    return est__saver_save(c->saver, l->session, l->global_step, 0, NULL);
}

static bool due(int64_t n, int64_t every)
{
    return every > 0 && n % every == 0;
}

static est_status watch(est_training_loop *l, est_loop_event event, void *user)
{
    checkpoint *c = user;
    switch (event) {
    case EST_FIT_START:
        return begin(l, c);
    case EST_BATCH_END:
        return l->phase->mode == EST_TRAIN && !l->cancelled && due(l->global_step, c->o.save_steps) ? save(l, c) : EST_OK;
    case EST_EPOCH_END:
        return due(l->epoch_index + 1, c->o.save_epochs) ? save(l, c) : EST_OK;
    default:
        EST_TRY(save(l, c));
        return est__saver_wait(c->saver);
    }
}

/* The fit is over; where a callback has failed there was no fitEnd. */
static est_status ended(est_training_loop *l, bool failed, void *user)
{
    checkpoint *c = user;
    est_status st = failed && c->saver ? save(l, c) : EST_OK;
    if (st == EST_OK && c->saver)
        st = est__saver_wait(c->saver);
    est__saver_free(c->saver);
    c->saver = NULL;
    return st;
}

static void free_checkpoint(void *user)
{
    checkpoint *c = user;
    est__saver_free(c->saver);
    est__free(c->directory);
    est__free(c);
}

est_status est_loop_checkpoint_new_sized(const est_loop_checkpoint_options *options, size_t size, est_loop_callback **out)
{
    static const est_loop_callback_options callback = {
        .name = "checkpoint", .call = watch, .free_user = free_checkpoint,
        .events = 1u << EST_FIT_START | 1u << EST_BATCH_END | 1u << EST_EPOCH_END | 1u << EST_FIT_END };
    est_loop_checkpoint_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(fields, "est_loop_checkpoint_new", options, size, &o, sizeof o));
    checkpoint *c = est__calloc(1, sizeof *c);
    if (c == NULL || (c->directory = est__strdup(o.directory)) == NULL) {
        est__free(c);
        return est__fail_memory(sizeof *c);
    }
    c->o = o;
    EST_TRY(est__loop_callback_of(&callback, c, out));
    (*out)->ended = ended;
    return EST_OK;
}
