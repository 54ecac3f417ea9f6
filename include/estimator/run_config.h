/* How and where an estimator runs (tf.estimator.RunConfig). A zeroed struct is the default. */
#ifndef ESTIMATOR_RUN_CONFIG_H
#define ESTIMATOR_RUN_CONFIG_H

#include <estimator/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What it points to is copied by whoever gets it. Negative numbers other than EST_OFF are INVALID_ARGUMENT. */
typedef struct est_run_config {
    const char *model_dir;              /* NULL: a new folder in $TMPDIR or /tmp, named in the log */
    int64_t tf_random_seed;             /* 1; of initial values and shuffles */
    int64_t save_summary_steps;         /* 100; EST_OFF: none */
    int64_t save_checkpoints_steps;     /* 0: not by steps */
    int64_t save_checkpoints_secs;      /* 600 seconds when neither is given; EST_OFF: not by time */
    int64_t keep_checkpoint_max;        /* 5; EST_OFF: keep all */
    int64_t log_step_count_steps;       /* 100; EST_OFF: none */
    int64_t num_threads;                /* of kernels; 0: all cores. The numbers do not depend on it */
    const char *device;                 /* "auto" or "cpu"; "cuda" is UNIMPLEMENTED in this version */
    const char *distribution_strategy;  /* "one_device" */
    int64_t num_replicas;               /* 1 */
} est_run_config;

/** The fields of est_run_config, and its size in bytes (`size` may be NULL); constant. Thread-safe. Since
 *  0.1. */
EST_API const est_field *est_run_config_fields(size_t *size);

#ifdef __cplusplus
}
#endif
#endif
