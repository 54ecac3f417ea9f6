/* The statistics recorder: metrics over the batches of a phase. */
#include "loop/loop.h"

typedef struct recorder {
    est_statistics_recorder_options o;
    bool of_loop;                 /* the loop's own metrics */
    est__metrics metrics;
    int64_t version;              /* of the loop's metrics that `metrics` was copied from */
    void **state;
    const char **name;
    double *value;
} recorder;

/* ---- lists of metrics ---- */

void est__metrics_free(est__metrics *m)
{
    for (size_t i = 0; i < m->count; i++)
        est__free((char *)(uintptr_t)m->data[i].name);
    est__free(m->data);
    *m = (est__metrics){ .version = m->version };
}

static est_status add_metric(est__metrics *m, const est_loop_metric *given, size_t index)
{
    if (given->name == NULL || given->accumulate == NULL || given->compute == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "metrics[%zu] has no %s", index,
                         given->name == NULL ? "name" : given->accumulate == NULL ? "accumulate" : "compute");
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->data[i].name, given->name) == 0)
            return est__fail(EST_INVALID_ARGUMENT, "there are two metrics '%s'", given->name);
    m->data[m->count] = *given;
    m->data[m->count].name = est__strdup(given->name);
    return m->data[m->count].name ? (m->count++, EST_OK) : est__fail_memory(strlen(given->name));
}

est_status est__metrics_set(est__metrics *m, est_loop_metric_list metrics, bool with_loss)
{
    est_loop_metric loss = est_loop_metric_loss();
    est__metrics made = { .version = m->version + 1 };
    made.data = est__calloc(metrics.count + 1, sizeof *made.data);
    est_status st = made.data ? EST_OK : est__fail_memory(metrics.count * sizeof *made.data);
    if (st == EST_OK && with_loss)
        st = add_metric(&made, &loss, 0);
    for (size_t i = 0; i < metrics.count && st == EST_OK; i++)
        st = add_metric(&made, &metrics.data[i], i);
    est__metrics_free(st == EST_OK ? m : &made);
    if (st == EST_OK)
        *m = made;
    return st;
}

/* ---- what is told ---- */

void est__stats_free(est__stats_log *log)
{
    for (size_t i = 0; i < log->shown.count; i++)
        est__free(log->name[i]);
    est__free(log->name);
    est__free(log->value);
}

static est_status copy_names(est__stats_log *log, const char *const *names, size_t count)
{
    log->from = NULL;
    for (size_t i = 0; i < log->shown.count; i++)
        est__free(log->name[i]);
    log->shown.count = 0;
    EST_TRY(est__grow(&log->name, &log->cap_names, count + 1, sizeof *log->name));
    EST_TRY(est__grow(&log->value, &log->cap_values, count + 1, sizeof *log->value));
    log->shown.name = (const char *const *)log->name;
    log->shown.value = log->value;
    for (size_t i = 0; i < count; i++) {
        if ((log->name[i] = est__strdup(names[i])) == NULL)
            return est__fail_memory(strlen(names[i]));
        log->shown.count++;
    }
    return EST_OK;
}

est_status est_training_loop_set_last_stats(est_training_loop *l, const est_results *stats)
{
    l->has_stats = false;
    if (stats == NULL)
        return EST_OK;
    EST_TRY(copy_names(&l->stats, stats->name, stats->count));
    if (stats->count)
        memcpy(l->stats.value, stats->value, stats->count * sizeof *stats->value);
    l->has_stats = true;
    return EST_OK;
}

/* The names are copied when they are others than last time. */
static est_status show(est_training_loop *l, const recorder *r)
{
    if (l->stats.from != r->name)
        EST_TRY(copy_names(&l->stats, r->name, r->metrics.count));
    l->stats.from = r->name;
    memcpy(l->stats.value, r->value, r->metrics.count * sizeof *r->value);
    l->has_stats = true;
    return EST_OK;
}

/* ---- the recorder ---- */

static void free_states(recorder *r)
{
    for (size_t i = 0; r->state && i < r->metrics.count; i++)
        est__free(r->state[i]);
    est__free(r->state);
    est__free(r->name);
    est__free(r->value);
    r->state = NULL;
    r->name = NULL;
    r->value = NULL;
}

static est_status make_states(recorder *r)
{
    size_t n = r->metrics.count;
    r->state = est__calloc(n + 1, sizeof *r->state);
    r->name = est__calloc(n + 1, sizeof *r->name);
    r->value = est__calloc(n + 1, sizeof *r->value);
    if (r->state == NULL || r->name == NULL || r->value == NULL)
        return est__fail_memory(n * sizeof *r->state);
    for (size_t i = 0; i < n; i++) {
        r->name[i] = r->metrics.data[i].name;
        if ((r->state[i] = est__calloc(1, r->metrics.data[i].state_size)) == NULL)
            return est__fail_memory(r->metrics.data[i].state_size);
    }
    return EST_OK;
}

static est_status reset(est_training_loop *l, recorder *r)
{
    l->has_stats = false;
    if (r->state == NULL || (r->of_loop && r->version != l->metrics.version)) {
        free_states(r);
        if (r->of_loop)
            EST_TRY(est__metrics_set(&r->metrics, (est_loop_metric_list){ l->metrics.data, l->metrics.count }, false));
        r->version = l->metrics.version;
        l->stats.from = NULL;
        return make_states(r);
    }
    for (size_t i = 0; i < r->metrics.count; i++)
        memset(r->state[i], 0, r->metrics.data[i].state_size);
    return EST_OK;
}

static est_status accumulate(const est_training_loop *l, recorder *r)
{
    const est_tensor *output = est_training_loop_output(l), *target = est_training_loop_target(l);
    for (size_t i = 0; i < r->metrics.count; i++) {
        const est_loop_metric *m = &r->metrics.data[i];
        EST_TRY(m->accumulate(r->state[i], output, target, l->last_loss, m->user));
    }
    return EST_OK;
}

static bool asked(bool (*predicate)(const est_training_loop *, est_loop_event, void *), const recorder *r, const est_training_loop *l,
                  est_loop_event event, bool rule)
{
    return predicate ? predicate(l, event, r->o.user) : rule;
}

static est_status record(est_training_loop *l, est_loop_event event, void *user)
{
    recorder *r = user;
    bool start = event == EST_TRAINING_START || event == EST_VALIDATION_START, end = event == EST_BATCH_END;
    if (asked(r->o.should_reset, r, l, event, start))
        EST_TRY(reset(l, r));
    if (end && l->has_loss && !l->cancelled && r->state && asked(r->o.should_accumulate, r, l, event, true))
        EST_TRY(accumulate(l, r));
    if (!asked(r->o.should_compute, r, l, event, end && (r->o.report_trigger == EST_END_OF_BATCH || est__loop_last_batch(l))) || !r->state)
        return EST_OK;
    for (size_t i = 0; i < r->metrics.count; i++)
        r->value[i] = r->metrics.data[i].compute(r->state[i], r->metrics.data[i].user);
    return show(l, r);
}

static void free_recorder(void *user)
{
    recorder *r = user;
    free_states(r);
    est__metrics_free(&r->metrics);
    est__free(r);
}

static const est_loop_callback_options recorder_options = {
    .name = "statistics", .call = record, .free_user = free_recorder,
    .events = 1u << EST_TRAINING_START | 1u << EST_VALIDATION_START | 1u << EST_BATCH_END };

est_status est__loop_recorder(est_report_trigger trigger, est_loop_callback **out)
{
    recorder *r = est__calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return est__fail_memory(sizeof *r);
    r->of_loop = true;
    r->o.report_trigger = trigger;
    return est__loop_callback_of(&recorder_options, r, out);
}

est_status est_statistics_recorder_new_sized(const est_statistics_recorder_options *options, size_t size, est_loop_callback **out)
{
    est_loop_callback_options kind = recorder_options;
    recorder *r = est__calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return est__fail_memory(sizeof *r);
    memcpy(&r->o, options, size < sizeof r->o ? size : sizeof r->o);
    est_status st = r->o.metrics.count ? est__metrics_set(&r->metrics, r->o.metrics, false)
                                       : est__fail(EST_INVALID_ARGUMENT, "est_statistics_recorder_new: metrics are needed");
    if (st != EST_OK) {
        free_recorder(r);
        return st;
    }
    if (r->o.should_reset || r->o.should_compute)
        kind.events = 0;
    return est__loop_callback_of(&kind, r, out);
}
