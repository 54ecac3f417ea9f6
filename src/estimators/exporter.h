/* Exporters from inside. */
#ifndef EST_ESTIMATORS_EXPORTER_H
#define EST_ESTIMATORS_EXPORTER_H

#include <estimator/training.h>

/* What an exporter is told of an evaluation. */
typedef struct est__evaluated {
    est_estimator *estimator;
    const char *checkpoint;       /* prefix */
    const char *eval_dir;         /* where earlier evaluations have written their events */
    const est_results *metrics;
    double since;                 /* what has exported since then, seconds since 1970, has done it; 0: each exports */
    bool is_the_final_export;
} est__evaluated;

est_status est__exporter_run(est_exporter *x, const est__evaluated *v);
const char *est__exporter_name(const est_exporter *x);
bool est__exporter_is_final(const est_exporter *x);       /* exports at the end alone */

#endif
