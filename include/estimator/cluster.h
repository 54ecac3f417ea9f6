/* Which task of a cluster this process is: what the environment variable TF_CONFIG says. */
#ifndef ESTIMATOR_CLUSTER_H
#define ESTIMATOR_CLUSTER_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The tasks of one kind, with their addresses. */
typedef struct est_job {
    const char *name;                   /* "chief", "worker", "ps", … */
    est_strings address;                /* "host:2222", by index */
} est_job;

/** What tf.estimator.RunConfig reads out of TF_CONFIG, by its names. */
typedef struct est_cluster {
    const est_job *job;                 /* cluster_spec, sorted by name; empty: a local run, and an evaluator */
    size_t num_jobs;
    const char *task_type;              /* "worker" in a local run */
    int64_t task_id;
    int64_t global_id_in_cluster;       /* the chief is 0; -1: an evaluator, which is in no cluster */
    bool is_chief;                      /* saves checkpoints: of a cluster without a chief the first worker, and a local run */
    int64_t num_worker_replicas;        /* with the chief; 1 in a local run, 0 for an evaluator */
    int64_t num_ps_replicas;
    const char *master;                 /* session_master, "grpc://host:2222", or "" where there is one task */
    const char *evaluation_master;      /* eval_session_master, or "" */
    const char *model_dir;              /* NULL: it is not in TF_CONFIG */
    const char *service;                /* JSON; NULL: likewise */
} est_cluster;

/** Reads `tf_config`, the text of a TF_CONFIG; NULL: the environment's. Without one, or with an empty one, it is a local run. An
 *  evaluator that is listed in the cluster is left out of it.
 *  Errors: INVALID_ARGUMENT: what is wrong with it, by line and column or by key.
 *  Out: the caller's, est_cluster_free. Thread-safe. Since 0.1. */
EST_API est_status est_cluster_new(const char *tf_config, est_cluster **out);
/** NULL does nothing. Since 0.1. */
EST_API void est_cluster_free(est_cluster *c);
/** The environment's, as it was when `e` was made. Lent by `e`. Thread-safe. Since 0.1. */
EST_API const est_cluster *est_estimator_cluster(const est_estimator *e);

#ifdef __cplusplus
}
#endif
#endif
