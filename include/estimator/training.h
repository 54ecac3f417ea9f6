/* Training and evaluating by turns (tf.estimator.train_and_evaluate), with exporters, early stopping, and evaluation
 * without checkpoints. */
#ifndef ESTIMATOR_TRAINING_H
#define ESTIMATOR_TRAINING_H

#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- early stopping ---- */

typedef struct est_early_stopping_options {
    const char *metric_name;            /* needed: "loss", "accuracy", … */
    double threshold;                   /* stop_if_higher, stop_if_lower */
    int64_t max_steps_without_increase; /* stop_if_no_increase: needed */
    int64_t max_steps_without_decrease; /* stop_if_no_decrease: needed */
    const char *eval_dir;               /* where evaluations write their events; NULL: the estimator's eval */
    int64_t min_steps;                  /* evaluations before this step do not count */
    double run_every_secs;              /* 60 where neither is given, and after each evaluation by `e` */
    int64_t run_every_steps;            /* one of the two */
    bool restore_best;                  /* when it stops: the best evaluated checkpoint becomes the newest one */
} est_early_stopping_options;
/* Each reads the metric of all evaluations out of their event files, as TensorFlow's do, and asks training to stop;
 * a checkpoint saved afterwards says so in the variable signal_early_stopping/STOP. For est_train and est_train_and_evaluate
 * alike. `e` outlives the hook.
 * Errors: INVALID_ARGUMENT names the option. While it trains: NOT_FOUND: an evaluation without that metric (the
 * nearest is named). Out: the caller's, est_hook_free. Thread-safe. Since 0.1. */
/** Once the metric was above `threshold` (tf.estimator.experimental.stop_if_higher_hook). */
EST_API est_status est_stop_if_higher_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out);
static inline est_status est_stop_if_higher_hook_new(est_estimator *e, const est_early_stopping_options *options, est_hook **out)
{
    return est_stop_if_higher_hook_new_sized(e, options, sizeof *options, out);
}
/** Once it was below `threshold` (tf.estimator.experimental.stop_if_lower_hook). */
EST_API est_status est_stop_if_lower_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out);
static inline est_status est_stop_if_lower_hook_new(est_estimator *e, const est_early_stopping_options *options, est_hook **out)
{
    return est_stop_if_lower_hook_new_sized(e, options, sizeof *options, out);
}
/** When it has not risen above its best value for so many steps (tf.estimator.experimental.stop_if_no_increase_hook). */
EST_API est_status est_stop_if_no_increase_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out);
static inline est_status est_stop_if_no_increase_hook_new(est_estimator *e, const est_early_stopping_options *options, est_hook **out)
{
    return est_stop_if_no_increase_hook_new_sized(e, options, sizeof *options, out);
}
/** When it has not fallen below its best value for so many steps (tf.estimator.experimental.stop_if_no_decrease_hook). */
EST_API est_status est_stop_if_no_decrease_hook_new_sized(est_estimator *e, const est_early_stopping_options *options, size_t size, est_hook **out);
static inline est_status est_stop_if_no_decrease_hook_new(est_estimator *e, const est_early_stopping_options *options, est_hook **out)
{
    return est_stop_if_no_decrease_hook_new_sized(e, options, sizeof *options, out);
}
/** When a function of one's own says so (tf.estimator.experimental.make_early_stopping_hook). `run_every_secs` and
 *  `run_every_steps` as above. */
EST_API est_status est_early_stopping_hook_new(est_estimator *e, bool (*should_stop_fn)(void *user), void *user,
                                               double run_every_secs, int64_t run_every_steps, est_hook **out);

/* ---- evaluating without checkpoints ---- */

typedef struct est_in_memory_evaluator_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t steps;                      /* 0: to the end of the data */
    est_hook_list hooks;                /* of the evaluations */
    const char *name;                   /* events go to <model_dir>/eval_<name>; NULL: to eval */
    int64_t every_n_iter;               /* 100 */
} est_in_memory_evaluator_options;
/** Evaluates at the start, each n steps and at the end, with the variables as they stand
 *  (tf.estimator.experimental.InMemoryEvaluatorHook). Errors: INVALID_ARGUMENT names the option. `e` outlives the hook.
 *  Out: the caller's, est_hook_free. Thread-safe. Since 0.1. */
EST_API est_status est_in_memory_evaluator_hook_new_sized(est_estimator *e, const est_in_memory_evaluator_options *options, size_t size,
                                                          est_hook **out);
static inline est_status est_in_memory_evaluator_hook_new(est_estimator *e, const est_in_memory_evaluator_options *options,
                                                          est_hook **out)
{
    return est_in_memory_evaluator_hook_new_sized(e, options, sizeof *options, out);
}

/* ---- exporters ---- */

/** Exports after evaluations, to <model_dir>/export/<name> (tf.estimator.Exporter). It is counted: whoever is given
 *  one keeps it alive. One training at a time per exporter. */
typedef struct est_exporter est_exporter;
typedef struct est_exporter_list {
    est_exporter *const *data;
    size_t count;
} est_exporter_list;
#ifndef __cplusplus
#define EST_EXPORTERS(...) \
    ((est_exporter_list){ (est_exporter *const[]){ __VA_ARGS__ }, sizeof((est_exporter *[]){ __VA_ARGS__ }) / sizeof(est_exporter *) })
#endif

typedef struct est_exporter_options {
    const char *name;                   /* needed, "best_exporter" of a best exporter: the folder */
    const char *receiver;               /* "parsing" (default), "raw" or "both" */
    int64_t exports_to_keep;            /* latest, best: 5; EST_OFF: all */
    /* Of a best exporter: the evaluation is better. NULL: by `metric`. */
    bool (*compare_fn)(const est_results *best, const est_results *current, void *user);
    void *user;
    const char *metric;                 /* "loss" */
    bool higher_is_better;              /* of `metric`; else lower is */
    int64_t checkpoints_to_keep;        /* best: checkpoints of the best evaluations in export/<name>/checkpoints; 0: none */
} est_exporter_options;
/* Errors: INVALID_ARGUMENT names the option. Out: the caller's, est_exporter_free. Thread-safe. Since 0.1. */
/** After each evaluation; of old exports as many stay as are wanted (tf.estimator.LatestExporter). */
EST_API est_status est_latest_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out);
static inline est_status est_latest_exporter_new(const est_exporter_options *options, est_exporter **out)
{
    return est_latest_exporter_new_sized(options, sizeof *options, out);
}
/** After an evaluation that is better than all before, in earlier runs too: their event files tell
 *  (tf.estimator.BestExporter). */
EST_API est_status est_best_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out);
static inline est_status est_best_exporter_new(const est_exporter_options *options, est_exporter **out)
{
    return est_best_exporter_new_sized(options, sizeof *options, out);
}
/** Once, when training has ended (tf.estimator.FinalExporter): at max_steps, or however it ended otherwise. */
EST_API est_status est_final_exporter_new_sized(const est_exporter_options *options, size_t size, est_exporter **out);
static inline est_status est_final_exporter_new(const est_exporter_options *options, est_exporter **out)
{
    return est_final_exporter_new_sized(options, sizeof *options, out);
}
/** What an exporter of one's own is told of an evaluation (the arguments of tf.estimator.Exporter.export). Lent for the call. */
typedef struct est_export_call {
    est_estimator *estimator;
    const char *export_path;            /* <model_dir>/export/<name>; not made yet */
    const char *checkpoint_path;
    const est_results *eval_result;
    bool is_the_final_export;
} est_export_call;
typedef est_status (*est_export_fn)(const est_export_call *call, void *user);
/** A function of one's own, called after each evaluation (a subclass of tf.estimator.Exporter); another status than EST_OK ends
 *  training. An evaluator that was killed and started again may call it once more for the last evaluation before. `user` lives as
 *  long as the exporter. */
EST_API est_status est_exporter_new(const char *name, est_export_fn fn, void *user, est_exporter **out);
EST_API void est_exporter_free(est_exporter *x);            /* gives up one share; NULL does nothing */
EST_API est_exporter *est_exporter_retain(est_exporter *x);  /* another share; returns `x` */

/* ---- training and evaluating ---- */

/** tf.estimator.TrainSpec. */
typedef struct est_train_spec {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t max_steps;                  /* a global step; 0: until the data end, or a hook stops */
    est_hook_list hooks;
    est_saving_listeners saving_listeners;
    void (*progress)(const est_progress *p, void *user);   /* as in est_train_options */
    void *progress_user;
} est_train_spec;
/** tf.estimator.EvalSpec. */
typedef struct est_eval_spec {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t steps;                      /* 100 batches; EST_OFF: to the end of the data */
    const char *name;                   /* needed, and different, where there are several */
    est_hook_list hooks;
    est_exporter_list exporters;
    int64_t throttle_secs;              /* 600 between two evaluations; EST_OFF: each checkpoint is evaluated */
    int64_t start_delay_secs;           /* 120 before an evaluator, a process of its own, begins; EST_OFF: none. By turns: at once */
} est_eval_spec;
typedef struct est_eval_specs {
    const est_eval_spec *data;
    size_t count;
} est_eval_specs;
#ifndef __cplusplus
#define EST_EVAL_SPECS(...) \
    ((est_eval_specs){ (const est_eval_spec[]){ __VA_ARGS__ }, sizeof((est_eval_spec[]){ __VA_ARGS__ }) / sizeof(est_eval_spec) })
#endif
typedef struct est_train_and_evaluate_options {
    est_train_spec train_spec;          /* needed */
    est_eval_specs eval_specs;          /* one at least */
    /* Each evaluation, as it is made: the name of its spec (NULL: none) and its metrics, lent for the call; another status than
     * EST_OK ends training. NULL: none. */
    est_status (*evaluated)(const char *name, const est_results *metrics, void *user);
    void *evaluated_user;
} est_train_and_evaluate_options;
/** Trains, and evaluates the checkpoints that it saves: the first one after the start, then those that come
 *  `throttle_secs` after the last evaluation, and the last one. One graph a mode stays, and evaluations take the
 *  variables from memory. A run that finds max_steps reached makes up for a last evaluation that is missing.
 *  With a cluster in TF_CONFIG (cluster.h) it does the part of its task: a chief, or the one worker, trains alone; an evaluator
 *  evaluates each new checkpoint of the model directory, and returns after that of max_steps, or when training has stopped early;
 *  evaluations that one before it has made are not made again. A master does both by turns.
 *  Out: `trained`, may be NULL; `metrics`, of the last evaluation by the first spec: the caller's, est_results_free; may
 *  be NULL. Of a task that trains alone there are none.
 *  Errors: those of est_train, est_evaluate and est_export_saved_model; INVALID_ARGUMENT: specs and names. One thread
 *  at a time per estimator. Since 0.1. */
EST_API est_status est_train_and_evaluate_sized(est_estimator *e, const est_train_and_evaluate_options *options, size_t size,
                                                est_train_result *trained, est_results **metrics);
static inline est_status est_train_and_evaluate(est_estimator *e, const est_train_and_evaluate_options *options,
                                                est_train_result *trained, est_results **metrics)
{
    return est_train_and_evaluate_sized(e, options, sizeof *options, trained, metrics);
}

#ifdef __cplusplus
}
#endif
#endif
