/* The early stop: a fit ends when a statistic no longer gets better. */
#include <math.h>

#include "base/fields.h"
#include "loop/loop.h"
#include "tensor/tensor.h"

typedef struct stop {
    est_early_stop_options o;
    char *statistic;
    double best;                  /* NaN: none yet */
    int64_t waited;               /* epochs since the best one */
    est_tensor **kept;            /* the model's variables at the best epoch, by their numbers in its graph; NULL: none */
    size_t num_kept;
} stop;

static const est_field fields[] = {
    EST_FIELD(est_early_stop_options, STRING, statistic, .def_text = "loss", .doc = "what is watched"),
    EST_FIELD(est_early_stop_options, INT, patience, .max = 1e9, .doc = "epochs without a better value"),
    EST_FIELD(est_early_stop_options, FLOAT, min_delta, .max = INFINITY, .doc = "by how much it must be better"),
    { 0 }
};

static void forget(stop *s)
{
    for (size_t i = 0; i < s->num_kept; i++)
        est_tensor_free(s->kept[i]);
    est__free(s->kept);
    s->kept = NULL;
    s->num_kept = 0;
}

/* The loop's own counts go on whatever becomes of the model. */
static bool is_of_model(const est_training_loop *l, size_t i)
{
    const char *name = l->training.graph->variable[i].name;
    return strcmp(name, "global_step") != 0 && strncmp(name, EST__LOOP_SCOPE, strlen(EST__LOOP_SCOPE)) != 0;
}

static est_status keep(const est_training_loop *l, stop *s)
{
    size_t n = l->training.num_own;
    forget(s);
    s->kept = est__calloc(n + 1, sizeof *s->kept);
    if (s->kept == NULL)
        return est__fail_memory(n * sizeof *s->kept);
    s->num_kept = n;
    for (size_t i = 0; i < n; i++)
        if (is_of_model(l, i))
            EST_TRY(est_tensor_copy(est__session_variable(l->session, l->training.graph->variable[i].name)->value, &s->kept[i]));
    return EST_OK;
}

static void restore(const est_training_loop *l, stop *s)
{
    for (size_t i = 0; i < s->num_kept; i++)
        if (s->kept[i]) {
            const est__variable *v = est__session_variable(l->session, l->training.graph->variable[i].name);
            memcpy(v->value->data, s->kept[i]->data, est__tensor_bytes(v->value));
        }
    forget(s);
}

static est_status missing(const est_results *stats, const char *name)
{
    const char *near = est__nearest(name, stats->name, stats->count);
    return est__fail(EST_NOT_FOUND, "there is no statistic '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
}

static est_status after_epoch(est_training_loop *l, stop *s)
{
    const est_results *stats = est_training_loop_last_stats(l);
    size_t i = 0;
    if (stats == NULL)   /* this epoch was cut short */
        return EST_OK;
    while (i < stats->count && strcmp(stats->name[i], s->statistic) != 0)
        i++;
    if (i == stats->count)
        return missing(stats, s->statistic);
    double gain = s->o.higher_is_better ? stats->value[i] - s->best : s->best - stats->value[i];
    if (!isnan(stats->value[i]) && (isnan(s->best) || gain > s->o.min_delta)) {
        s->best = stats->value[i];
        s->waited = 0;
        return s->o.restore_best ? keep(l, s) : EST_OK;
    }
    return ++s->waited > s->o.patience ? est_training_loop_cancel(l, EST_CANCEL_FIT) : EST_OK;
}

static est_status watch(est_training_loop *l, est_loop_event event, void *user)
{
    stop *s = user;
    if (event == EST_EPOCH_END)
        return after_epoch(l, s);
    if (event == EST_FIT_END)
        restore(l, s);
    forget(s);
    s->best = (double)NAN;
    s->waited = 0;
    return EST_OK;
}

static void free_stop(void *user)
{
    stop *s = user;
    forget(s);
    est__free(s->statistic);
    est__free(s);
}

est_status est_early_stop_new_sized(const est_early_stop_options *options, size_t size, est_loop_callback **out)
{
    static const est_loop_callback_options callback = { .name = "early stop", .call = watch, .free_user = free_stop,
                                                        .events = 1u << EST_FIT_START | 1u << EST_EPOCH_END | 1u << EST_FIT_END };
    est_early_stop_options o;
    *out = NULL;
    EST_TRY(est__fields_apply(fields, "est_early_stop_new", options, size, &o, sizeof o));
    stop *s = est__calloc(1, sizeof *s);
    if (s == NULL || (s->statistic = est__strdup(o.statistic)) == NULL) {
        est__free(s);
        return est__fail_memory(sizeof *s);
    }
    s->o = o;
    return est__loop_callback_of(&callback, s, out);
}
