/* What evaluations have written: their metrics by step, out of the event files of a folder. */
#ifndef EST_TRAIN_EVAL_METRICS_H
#define EST_TRAIN_EVAL_METRICS_H

#include "base/base.h"

typedef struct est__eval_metric {
    int64_t step;
    size_t order;                 /* as it was read: of two of one step and tag the later one counts */
    char *tag;
    double value;
    double wall_time;             /* when it was written, seconds since 1970 */
} est__eval_metric;
typedef struct est__eval_metrics {
    est__eval_metric *metric;     /* by step, then by tag; one each */
    size_t count, capacity;
} est__eval_metrics;
/* None where there is no folder. What is damaged is passed over with a warning. Whatever comes back, est__eval_metrics_free. */
est_status est__eval_metrics_read(const char *dir, est__eval_metrics *out);
void est__eval_metrics_free(est__eval_metrics *m);
/* The index after the last metric of the step that begins at `i`. */
size_t est__eval_metrics_end(const est__eval_metrics *m, size_t i);

#endif
