/* What a configuration says of evaluations while training: exporters, and when to stop early. */
#include "experiment/config.h"

static est_status make_exporter(const est__config *c, const char *name, est_exporter **out)
{
    const est__config_trainer *t = &c->trainer;
    est_exporter_options o = { .name = name, .receiver = c->export.receiver, .metric = t->best_checkpoint_eval_metric,
                               .exports_to_keep = c->export.exports_to_keep ? c->export.exports_to_keep : EST_OFF,
                               .higher_is_better = strcmp(t->best_checkpoint_metric_comp, "higher") == 0,
                               .checkpoints_to_keep = c->export.checkpoints_to_keep };
    if (strcmp(name, "latest") == 0)
        return est_latest_exporter_new(&o, out);
    return strcmp(name, "best") == 0 ? est_best_exporter_new(&o, out) : est_final_exporter_new(&o, out);
}

static est_status make_stop(est_estimator *e, const est__config_trainer *t, est_hook **out)
{
    est_early_stopping_options o = { .metric_name = t->early_stopping_metric, .threshold = t->early_stopping_threshold,
                                     .max_steps_without_increase = t->early_stopping_steps,
                                     .max_steps_without_decrease = t->early_stopping_steps, .min_steps = t->early_stopping_min_steps,
                                     .run_every_secs = (double)t->early_stopping_run_every_secs,
                                     .run_every_steps = t->early_stopping_run_every_steps,
                                     .restore_best = t->early_stopping_restore_best };
    if (strcmp(t->early_stopping, "none") == 0)
        return EST_OK;
    if (strcmp(t->early_stopping, "higher") == 0)
        return est_stop_if_higher_hook_new(e, &o, out);
    if (strcmp(t->early_stopping, "lower") == 0)
        return est_stop_if_lower_hook_new(e, &o, out);
    return strcmp(t->early_stopping, "no_increase") == 0 ? est_stop_if_no_increase_hook_new(e, &o, out)
                                                         : est_stop_if_no_decrease_hook_new(e, &o, out);
}

est_status est__turns_new(est_estimator *e, const est__config *c, est__turns *out)
{
    *out = (est__turns){ 0 };
    for (size_t i = 0; i < c->export.exporters.count; i++) {
        EST_TRY(make_exporter(c, c->export.exporters.data[i], &out->exporter[i]));
        out->num_exporters++;
    }
    return make_stop(e, &c->trainer, &out->stop);
}

void est__turns_free(est__turns *t)
{
    est_hook_free(t->stop);
    for (size_t i = 0; i < t->num_exporters; i++)
        est_exporter_free(t->exporter[i]);
}
