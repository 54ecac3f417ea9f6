/* Hooks that write beside training: rates and summaries as events, profiles of steps. */
#include "formats/summary.h"
#include "tensor/tensor.h"
#include "train/hooks.h"

/* One of a number of steps and of seconds. */
est_status est__check_period(const char *what, int64_t steps, double secs)
{
    if (steps < 0 || secs < 0 || (steps > 0) == (secs > 0))
        return est__fail(EST_INVALID_ARGUMENT, "%s: one of a number of steps and of seconds is needed, above 0", what);
    return EST_OK;
}

est_status est__run_events(const est_run_config *config, const char *dir, est__event_writer **out)
{
    EST_TRY(est__event_writer_new(dir, out));
    if (config)
        est__event_limit(*out, config->max_event_file_bytes ? config->max_event_file_bytes : EST__EVENT_FILE_BYTES,
                         config->max_event_total_bytes ? config->max_event_total_bytes : EST__EVENT_TOTAL_BYTES);
    return EST_OK;
}

/* ---- steps per second ---- */

typedef struct counter {
    est_timer timer;
    int64_t last;                 /* the step of the last time */
    char *dir;
    est__event_writer *events;
} counter;

static void counter_free(void *user)
{
    counter *s = user;
    est__event_writer_free(s->events);
    est__free(s->dir);
    est__free(s);
}

static est_status counter_created(est_run_context *c, void *user)
{
    counter *s = user;
    s->timer.triggered = false;
    return s->dir && s->events == NULL ? est__run_events(c->config, s->dir, &s->events) : EST_OK;
}

static est_status counter_after(est_run_context *c, void *user)
{
    counter *s = user;
    int64_t step = est_run_global_step(c);
    if (!est_timer_should_trigger(&s->timer, step))
        return EST_OK;
    double secs = est_timer_update(&s->timer, step), rate = (double)(step - s->last) / (secs > 0 ? secs : 1e-9);
    s->last = step;
    if (secs < 0)
        return EST_OK;
    est__log(EST_LOG_INFO, "global_step/sec: %.6g", rate);
    if (s->events)
        EST_TRY(est__event_scalars(s->events, step, &(est__scalar){ "global_step/sec", rate }, 1));
    return s->events ? est__event_flush(s->events) : EST_OK;
}

est_status est_step_counter_hook_new_sized(const est_step_counter_options *options, size_t size, est_hook **out)
{
    est_step_counter_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (o.every_n_steps == 0 && o.every_n_secs <= 0)
        o.every_n_steps = 100;
    EST_TRY(est__check_period("StepCounterHook", o.every_n_steps, o.every_n_secs));
    counter *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    s->timer = (est_timer){ .every_secs = o.every_n_secs, .every_steps = o.every_n_steps };
    s->dir = o.output_dir ? est__strdup(o.output_dir) : NULL;
    if (o.output_dir && s->dir == NULL) {
        counter_free(s);
        return est__fail_memory(64);
    }
    return est__hook_make(&(est_hook_options){ .name = "StepCounterHook", .after_create_session = counter_created,
                                               .after_run = counter_after, .user = s, .free_user = counter_free }, out);
}

/* ---- summaries ---- */

typedef struct summaries {
    est_hook_tensors tensors;
    size_t *fetch;
    est_timer timer;
    char *dir;
    est__event_writer *events;
    bool wanted;                  /* in this step */
} summaries;

static void summaries_free(void *user)
{
    summaries *s = user;
    est__event_writer_free(s->events);
    est__free((void *)(uintptr_t)s->tensors.data);
    est__free(s->fetch);
    est__free(s->dir);
    est__free(s);
}

static est_status summaries_begin(est_run_context *c, void *user)
{
    summaries *s = user;
    est_node *node;
    s->timer.triggered = false;
    for (size_t i = 0; i < s->tensors.count; i++) {
        EST_TRY(est__hook_node(c, &s->tensors.data[i], &node));
        s->fetch[i] = est_run_fetch(c, node);
    }
    return s->events == NULL ? est__run_events(c->config, s->dir, &s->events) : EST_OK;
}

static est_status summaries_before(est_run_context *c, void *user)
{
    summaries *s = user;
    s->wanted = est_timer_should_trigger(&s->timer, est_run_global_step(c) + 1);
    if (s->wanted)
        est_run_ask(c);
    return EST_OK;
}

static est_status summaries_after(est_run_context *c, void *user)
{
    summaries *s = user;
    int64_t step = est_run_global_step(c);
    if (!s->wanted)
        return EST_OK;
    est_timer_update(&s->timer, step);
    for (size_t i = 0; i < s->tensors.count; i++) {
        const est_tensor *value = est_run_value(c, s->fetch[i]);
        const char *tag = s->tensors.data[i].tag;
        if (value->shape.rank == 0 && value->dtype != EST_STRING)
            EST_TRY(est__event_scalars(s->events, step, &(est__scalar){ tag, est__tensor_get(value, 0) }, 1));
        else
            EST_TRY(est__event_histogram(s->events, step, tag, value));
    }
    return est__event_flush(s->events);
}

est_status est_summary_saver_hook_new_sized(const est_summary_saver_options *options, size_t size, est_hook **out)
{
    est_summary_saver_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__check_period("SummarySaverHook", o.save_steps, o.save_secs));
    if (o.output_dir == NULL || o.tensors.count == 0)
        return est__fail(EST_INVALID_ARGUMENT, "SummarySaverHook: %s needed", o.output_dir ? "tensors are" : "output_dir is");
    summaries *s = est__calloc(1, sizeof *s);
    if (s == NULL)
        return est__fail_memory(sizeof *s);
    s->timer = (est_timer){ .every_secs = o.save_secs, .every_steps = o.save_steps };
    s->dir = est__strdup(o.output_dir);
    s->fetch = est__calloc(o.tensors.count, sizeof *s->fetch);
    est_status st = s->dir && s->fetch ? est__hook_tensors_copy(o.tensors, "SummarySaverHook", &s->tensors) : est__fail_memory(64);
    if (st != EST_OK) {
        summaries_free(s);
        return st;
    }
    return est__hook_make(&(est_hook_options){ .name = "SummarySaverHook", .begin = summaries_begin, .before_run = summaries_before,
                                               .after_run = summaries_after, .keeps_graph = true, .user = s,
                                               .free_user = summaries_free }, out);
}

/* ---- profiles ---- */

typedef struct profiler {
    est_timer timer;
    char *dir;
    est__event_writer *events;
    double began;                 /* the step */
    bool wanted;                  /* in this step */
} profiler;

static void profiler_free(void *user)
{
    profiler *p = user;
    est__event_writer_free(p->events);
    est__free(p->dir);
    est__free(p);
}

static est_status profiler_created(est_run_context *c, void *user)
{
    profiler *p = user;
    (void)c;
    p->timer.triggered = false;
    return EST_OK;
}

static est_status profiler_before(est_run_context *c, void *user)
{
    profiler *p = user;
    p->wanted = p->timer.triggered && est_timer_should_trigger(&p->timer, est_run_global_step(c) + 1);
    c->profile = c->profile || p->wanted;
    p->began = p->wanted ? est__wall_time() : 0;
    return EST_OK;
}

static est_status write_timeline(const profiler *p, const est__run *run, int64_t step)
{
    est__buffer name = { 0 }, trace = { 0 };
    est__buffer_printf(&name, "%s%stimeline-%lld.json", p->dir, *p->dir ? "/" : "", (long long)step);
    est__run_trace(run, &trace);
    est_status st = trace.status != EST_OK ? trace.status : name.status;
    if (st == EST_OK && *p->dir)
        st = est__make_dirs(p->dir);
    if (st == EST_OK)
        st = est__file_put(name.data, trace.data, trace.size);
    if (st == EST_OK)
        est__log(EST_LOG_INFO, "the timeline of step %lld is in %s", (long long)step, name.data);
    est__buffer_free(&name);
    est__buffer_free(&trace);
    return st;
}

/* For TensorBoard's graph, under TensorFlow's tag. */
static est_status write_metadata(profiler *p, est_run_context *c, int64_t step)
{
    char tag[48];
    est__buffer metadata = { 0 };
    est_status st = est__run_metadata(c->run, p->began, &metadata);
    if (st == EST_OK && p->events == NULL)
        st = est__run_events(c->config, *p->dir ? p->dir : ".", &p->events);
    est__print(tag, sizeof tag, "step_%lld", (long long)step);
    if (st == EST_OK)
        st = est__event_run_metadata(p->events, step, tag, metadata.data, metadata.size);
    est__buffer_free(&metadata);
    return st == EST_OK ? est__event_flush(p->events) : st;
}

/* Not before the timer's period has passed once. */
static est_status profiler_after(est_run_context *c, void *user)
{
    profiler *p = user;
    int64_t step = est_run_global_step(c);
    if (!p->timer.triggered)
        est_timer_update(&p->timer, step - 1);
    if (!p->wanted)
        return EST_OK;
    if (c->run == NULL)
        return est__fail(EST_UNIMPLEMENTED, "this estimator trains outside of the graph: there are no operations to profile");
    est_timer_update(&p->timer, step);
    EST_TRY(write_timeline(p, c->run, step));
    return write_metadata(p, c, step);
}

est_status est_profiler_hook_new_sized(const est_profiler_options *options, size_t size, est_hook **out)
{
    est_profiler_options o = { 0 };
    *out = NULL;
    if (options)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    EST_TRY(est__check_period("ProfilerHook", o.save_steps, o.save_secs));
    profiler *p = est__calloc(1, sizeof *p);
    if (p == NULL)
        return est__fail_memory(sizeof *p);
    p->timer = (est_timer){ .every_secs = o.save_secs, .every_steps = o.save_steps };
    p->dir = est__strdup(o.output_dir ? o.output_dir : "");
    if (p->dir == NULL) {
        profiler_free(p);
        return est__fail_memory(64);
    }
    return est__hook_make(&(est_hook_options){ .name = "ProfilerHook", .after_create_session = profiler_created,
                                               .before_run = profiler_before, .after_run = profiler_after, .user = p,
                                               .free_user = profiler_free }, out);
}
