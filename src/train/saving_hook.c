/* CheckpointSaverHook: for the model directory the loop reads when to save; to another folder the hook saves by itself. */
#include "train/hooks.h"
#include "train/model_dir.h"

typedef struct saving {
    est_checkpoint_saver_options o;
    est__saver *saver;            /* of the other folder, while a session runs */
    est_timer timer;
    bool here;
} saving;

static void saving_free(void *user)
{
    saving *s = user;
    est__saver_free(s->saver);
    est__free(s);
}

static est_status saving_begin(est_run_context *c, void *user)
{
    saving *s = user;
    s->here = est_run_mode(c) != EST_TRAIN || est__saves_here(c, &s->o);
    est__saver_free(s->saver);
    s->saver = NULL;
    return s->here ? EST_OK : est__listeners_call_list(c, s->o.listeners, EST__SAVING_BEGIN);
}

/* Listeners find it on the disk afterwards. */
static est_status save(est_run_context *c, saving *s)
{
    est_timer_update(&s->timer, est_run_global_step(c));
    EST_TRY(est__listeners_call_list(c, s->o.listeners, EST__SAVING_BEFORE));
    EST_TRY(c->save_to(c->training, s->saver));
    if (s->o.listeners.count == 0)
        return EST_OK;
    EST_TRY(est__saver_wait(s->saver));
    return est__listeners_call_list(c, s->o.listeners, EST__SAVING_AFTER);
}

static bool is_saved(const saving *s, int64_t step)
{
    est__checkpoints list;
    bool yes = est__checkpoints_list(s->o.checkpoint_dir, &list) == EST_OK && list.count && est__checkpoint_step(list.prefix[0]) == step;
    est__checkpoints_free(&list);
    return yes;
}

static est_status saving_created(est_run_context *c, void *user)
{
    saving *s = user;
    double hours = c->config->keep_checkpoint_every_n_hours;
    if (s->here)
        return EST_OK;
    s->timer = (est_timer){ .every_secs = s->o.save_secs, .every_steps = s->o.save_steps };
    EST_TRY(est__saver_new(s->o.checkpoint_dir, &(est__saver_options){ .keep = c->config->keep_checkpoint_max, .parts = c->parts,
                                                                       .every_n_hours = hours < 10000 ? hours : 0 }, &s->saver));
    if (!is_saved(s, est_run_global_step(c)))
        return save(c, s);
    est_timer_update(&s->timer, est_run_global_step(c));
    return EST_OK;
}

static est_status saving_after(est_run_context *c, void *user)
{
    saving *s = user;
    return !s->here && est_timer_should_trigger(&s->timer, est_run_global_step(c)) ? save(c, s) : EST_OK;
}

static est_status saving_end(est_run_context *c, void *user)
{
    saving *s = user;
    if (s->here)
        return EST_OK;
    est_status st = s->timer.last_step == est_run_global_step(c) ? EST_OK : save(c, s);
    if (st == EST_OK)
        st = est__saver_wait(s->saver);
    if (st == EST_OK)
        st = est__listeners_call_list(c, s->o.listeners, EST__SAVING_END);
    est__saver_free(s->saver);    /* others may have the folder */
    s->saver = NULL;
    return st;
}

est_status est_checkpoint_saver_hook_new_sized(const est_checkpoint_saver_options *options, size_t size, est_hook **out)
{
    est_checkpoint_saver_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__check_period("CheckpointSaverHook", o.save_steps, o.save_secs));
    if (o.checkpoint_dir && *o.checkpoint_dir == 0)
        return est__fail(EST_INVALID_ARGUMENT, "CheckpointSaverHook: checkpoint_dir is empty");
    size_t listeners = o.listeners.count * sizeof *o.listeners.data, dir = o.checkpoint_dir ? strlen(o.checkpoint_dir) + 1 : 0;
    saving *s = est__calloc(1, sizeof *s + listeners + dir);
    if (s == NULL)
        return est__fail_memory(listeners);
    s->o = o;
    if (listeners)
        memcpy(s + 1, o.listeners.data, listeners);
    s->o.listeners.data = (const est_saving_listener *)(s + 1);
    if (dir)
        s->o.checkpoint_dir = memcpy((char *)(s + 1) + listeners, o.checkpoint_dir, dir);
    EST_TRY(est__hook_make(&(est_hook_options){ .name = "CheckpointSaverHook", .begin = saving_begin, .after_create_session = saving_created,
                                                .after_run = saving_after, .end = saving_end, .keeps_graph = true, .user = s,
                                                .free_user = saving_free }, out));
    (*out)->saver = &s->o;
    return EST_OK;
}
