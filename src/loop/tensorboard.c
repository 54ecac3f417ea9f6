/* Statistics for TensorBoard: a file for each statistic of each phase. */
#include "formats/event_writer.h"
#include "loop/loop.h"

typedef struct writers {
    char *name;                   /* of the statistic */
    est__event_writer *of[2];     /* of training, of validation; NULL: not yet */
} writers;

typedef struct logger {
    char *root;
    char folder[40];              /* of this fit */
    bool by_batch;                /* statistics come before the last batch */
    writers *stat;
    size_t count, capacity;
} logger;

static void close_writers(logger *t)
{
    for (size_t i = 0; i < t->count; i++) {
        est__event_writer_free(t->stat[i].of[0]);
        est__event_writer_free(t->stat[i].of[1]);
        est__free(t->stat[i].name);
    }
    t->count = 0;
}

static est_status open_writer(const logger *t, const char *name, bool validation, est__event_writer **out)
{
    est__buffer dir = { 0 };
    est__buffer_printf(&dir, "%s/%s/%s/%s", t->root, t->folder, name, validation ? "validation" : "train");
    est_status st = dir.status == EST_OK ? est__event_writer_new(dir.data, out) : est__fail_memory(dir.size);
    est__buffer_free(&dir);
    return st;
}

/* The i-th statistic mostly is the i-th of last time. */
static est_status find(logger *t, const char *name, size_t i, bool validation, est__event_writer **out)
{
    if (i >= t->count || strcmp(t->stat[i].name, name) != 0)
        for (i = 0; i < t->count && strcmp(t->stat[i].name, name) != 0;)
            i++;
    if (i == t->count) {
        EST_TRY(est__grow(&t->stat, &t->capacity, t->count + 1, sizeof *t->stat));
        t->stat[i] = (writers){ .name = est__strdup(name) };
        if (t->stat[i].name == NULL)
            return est__fail_memory(strlen(name));
        t->count++;
    }
    if (t->stat[i].of[validation] == NULL)
        EST_TRY(open_writer(t, name, validation, &t->stat[i].of[validation]));
    *out = t->stat[i].of[validation];
    return EST_OK;
}

static est_status add(est__event_writer *w, const char *prefix, const char *name, int64_t step, double number)
{
    Tensorflow__Summary__Value value = TENSORFLOW__SUMMARY__VALUE__INIT, *list = &value;
    Tensorflow__SummaryMetadata metadata = TENSORFLOW__SUMMARY_METADATA__INIT;
    est__buffer tag = { 0 };
    est__buffer_printf(&tag, "%s_%s", prefix, name);
    value.tag = metadata.display_name = tag.data;
    value.metadata = &metadata;
    value.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
    value.simple_value = (float)number;
    est_status st = tag.status == EST_OK ? est__event_values(w, step, &list, 1) : est__fail_memory(tag.size);
    est__buffer_free(&tag);
    return st;
}

static est_status add_all(est_training_loop *l, logger *t, const char *prefix, int64_t step)
{
    const est_results *stats = est_training_loop_last_stats(l);
    for (size_t i = 0; i < stats->count; i++) {
        est__event_writer *w = NULL;
        EST_TRY(find(t, stats->name[i], i, l->phase->mode == EST_EVAL, &w));
        EST_TRY(add(w, prefix, stats->name[i], step, stats->value[i]));
    }
    return EST_OK;
}

static est_status flush(const logger *t)
{
    for (size_t i = 0; i < t->count; i++)
        for (int k = 0; k < 2; k++)
            if (t->stat[i].of[k])
                EST_TRY(est__event_flush(t->stat[i].of[k]));
    return EST_OK;
}

static est_status after_batch(est_training_loop *l, logger *t)
{
    bool last = est__loop_last_batch(l), training = l->phase->mode == EST_TRAIN;
    if (est_training_loop_last_stats(l) == NULL)
        return EST_OK;
    t->by_batch = t->by_batch || (training && !last);
    if (training && t->by_batch)
        EST_TRY(add_all(l, t, "batch", l->epoch_index * l->phase->batches + l->batch_index));
    return last ? add_all(l, t, "epoch", l->epoch_index) : EST_OK;
}

static est_status log_event(est_training_loop *l, est_loop_event event, void *user)
{
    logger *t = user;
    if (event == EST_BATCH_END)
        return after_batch(l, t);
    EST_TRY(flush(t));
    if (event != EST_EPOCH_END)
        close_writers(t);
    if (event == EST_FIT_START) {
        t->by_batch = false;
        est__print(t->folder, sizeof t->folder, "%.6f", est__wall_time());
    }
    return EST_OK;
}

static void free_logger(void *user)
{
    logger *t = user;
    if (flush(t) != EST_OK)
        est__log(EST_LOG_WARNING, "%s", est_error());
    close_writers(t);
    est__free(t->stat);
    est__free(t->root);
    est__free(t);
}

est_status est_tensorboard_statistics_logger_new(const char *log_root_directory, est_loop_callback **out)
{
    static const est_loop_callback_options callback = {
        .name = "TensorBoard", .call = log_event, .free_user = free_logger,
        .events = 1u << EST_FIT_START | 1u << EST_BATCH_END | 1u << EST_EPOCH_END | 1u << EST_FIT_END };
    logger *t = est__calloc(1, sizeof *t);
    *out = NULL;
    if (t == NULL || (t->root = est__strdup(log_root_directory ? log_root_directory : "run/tensorboard/stats")) == NULL) {
        est__free(t);
        return est__fail_memory(sizeof *t);
    }
    return est__loop_callback_of(&callback, t, out);
}
