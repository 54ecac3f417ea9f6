/* Evaluations beside training, of each spec: by turns with it (train_and_evaluate.c), or in a process of their own (evaluator.c). */
#ifndef EST_ESTIMATORS_EVALUATIONS_H
#define EST_ESTIMATORS_EVALUATIONS_H

#include <estimator/training.h>

#include "estimators/estimator.h"

/* One spec's evaluations. */
typedef struct est__evaluator {
    const est_eval_spec *spec;
    est_timer timer;
    double due;                   /* est__clock() of the next one, in a process of its own */
    int64_t step;                 /* of the last one; -1: none */
    bool finished;                /* that was the last one, and the final exporters have run */
    est_results *metrics;         /* of it */
} est__evaluator;

typedef struct est__evaluations {
    est_estimator *e;
    const est_train_and_evaluate_options *o;
    est__evaluator *evaluator;
    size_t count;
} est__evaluations;

/* Checks the specs; est__evaluations_free, whatever comes back. */
est_status est__evaluations_new(est_estimator *e, const est_train_and_evaluate_options *o, est__evaluations *out);
void est__evaluations_free(est__evaluations *t);

/* An evaluation of the checkpoint `prefix`, with its exporters. `session`: has the same variables; NULL: the checkpoint is read. */
est_status est__evaluations_run(const est__evaluations *t, est__evaluator *v, const est__session *session, const char *prefix, bool final);
/* What exporters do after the last evaluation. `since`: when that was, seconds since 1970: what has exported since then has done it; 0: each
 * exports. `final_alone`: those that export at the end alone. */
typedef struct est__exporting {
    const char *prefix;
    double since;
    bool final, final_alone;
} est__exporting;
est_status est__evaluations_export(const est__evaluations *t, const est__evaluator *v, const est__exporting *x);
/* Has a spec's evaluation of this step written its events? `when`: the time of that, seconds since 1970; may be NULL. `metrics`: what they
 * are, est_results_free; may be NULL. */
est_status est__evaluations_find(const est__evaluations *t, const est__evaluator *v, int64_t step, double *when, est_results **metrics,
                                 bool *there);
int64_t est__evaluations_throttle(const est_eval_spec *s);

/* Evaluates checkpoints as another process saves them, until the last one (evaluator.c). */
est_status est__evaluate_continuously(est__evaluations *t);

#endif
