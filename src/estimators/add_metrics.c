/* est_add_metrics: metrics beside those of the model, or in their place. */
#include <estimator/add_metrics.h>

#include "estimators/estimator.h"

est_status est_add_metrics(est_estimator *e, est_metric_fn metric_fn, void *user)
{
    if (metric_fn == NULL)
        return est__fail(EST_INVALID_ARGUMENT, "%s: add_metrics: metric_fn is needed", e->name);
    est__added_metrics *added = est__arena_alloc(&e->arena, sizeof *added), **last = &e->added_metrics;
    if (added == NULL)
        return est__fail_memory(sizeof *added);
    *added = (est__added_metrics){ .fn = metric_fn, .user = user };
    while (*last)
        last = &(*last)->next;
    *last = added;
    est__model_free(e->evaluating);
    e->evaluating = NULL;
    return EST_OK;
}

est_node *est_spec_find_prediction(const est_spec *s, const char *key)
{
    for (size_t i = 0; i < s->num_predictions; i++)
        if (strcmp(s->prediction[i].name, key) == 0)
            return s->prediction[i].node;
    return NULL;
}

/* Metrics from number `first` on take the places of those of their names. */
static est_status merge(const est_estimator *e, est_spec *s, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < s->num_metrics; i++) {
        est_metric m = s->metric[i];
        size_t at = 0;
        if (strcmp(m.name, "loss") == 0 || strcmp(m.name, "global_step") == 0)
            return est__fail(EST_INVALID_ARGUMENT, "%s: add_metrics: a metric is named '%s', as a result of each evaluation is", e->name,
                             m.name);
        while (at < kept && strcmp(s->metric[at].name, m.name) != 0)
            at++;
        s->metric[at] = m;
        kept += at == kept;
    }
    s->num_metrics = kept;
    return EST_OK;
}

est_status est__add_metrics_to(const est_estimator *e, est_spec *s, const est_features *features, est_node *labels)
{
    for (const est__added_metrics *a = e->added_metrics; a; a = a->next) {
        size_t first = s->num_metrics;
        EST_TRY(a->fn(s, features, labels, a->user));
        EST_TRY(est_graph_status(s->graph));
        EST_TRY(merge(e, s, first));
    }
    return EST_OK;
}
