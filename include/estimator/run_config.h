/* How and where an estimator runs (tf.estimator.RunConfig). A zeroed struct is the default. */
#ifndef ESTIMATOR_RUN_CONFIG_H
#define ESTIMATOR_RUN_CONFIG_H

#include <estimator/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

struct est_node;

/** What it points to is copied by whoever gets it. Negative numbers other than EST_OFF are INVALID_ARGUMENT. TensorFlow's session_config is
 *  `num_threads` and `device` here; train_distribute is `distribution_strategy`; what TF_CONFIG tells is in cluster.h. */
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
    double keep_checkpoint_every_n_hours;   /* 10000: beside keep_checkpoint_max one in so many hours stays for ever, also over restarts */
    bool no_checkpoint_graph_def;       /* no graph.pbtxt (checkpoint_save_graph_def=False); event files hold the graph all the same */
    /* Asked of each operation, by a value of it (est_node_type, est_node_name), when a model's graph is there: its device, or
     * NULL. "/cpu:0" and the like; what is not built in is UNIMPLEMENTED. Lent until the next call. NULL: none. */
    const char *(*device_fn)(const struct est_node *op, void *user);
    void *device_fn_user;
    /* These have a meaning among several processes alone, which are not built in yet: checked, and kept. */
    const char *eval_distribute;        /* "one_device": the strategy of evaluations */
    const char *protocol;               /* "grpc" or "grpc+verbs"; NULL: grpc */
    int64_t experimental_max_worker_delay_secs;   /* 60: how long a worker may wait before it begins; EST_OFF: not at all */
    int64_t session_creation_timeout_secs;        /* 7200: how long one waits for the chief */
    int64_t max_event_file_bytes;       /* 128 MiB: an event file that reaches it is ended, and another one begun; EST_OFF: never */
    int64_t max_event_total_bytes;      /* 1 GiB: a folder's oldest event files are removed when all hold more; EST_OFF: never */
} est_run_config;

/** The fields of est_run_config, and its size in bytes (`size` may be NULL); constant. Thread-safe. Since
 *  0.1. */
EST_API const est_field *est_run_config_fields(size_t *size);

#ifdef __cplusplus
}
#endif
#endif
