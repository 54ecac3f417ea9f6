/* The jobs that tests/train/kill.c trains: one model, its data from each kind of source. */
#ifndef EST_TESTS_TRAIN_JOBS_H
#define EST_TESTS_TRAIN_JOBS_H

#include <estimator/estimators.h>

typedef struct job {
    const char *name;
    est_input_fn input_fn;        /* its `user` is the model's folder */
    bool is_quick;                /* to take up again: not by reading everything once more */
    bool controlled;              /* est_train_and_evaluate with hooks, a listener and exporters */
    int threads;
    int64_t steps, every;         /* train to; between checkpoints */
} job;
extern const job jobs[];          /* ends with a NULL name */

void job_make_files(const char *dir);      /* what the jobs read; exits when it cannot */
est_status job_train(const job *j, const char *model_dir, est_train_result *result);

#endif
