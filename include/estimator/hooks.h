/* Hooks: what a program does beside the steps of training, evaluating and predicting (tf.estimator's
 * SessionRunHook), and the hooks that are there already. */
#ifndef ESTIMATOR_HOOKS_H
#define ESTIMATOR_HOOKS_H

#include <estimator/heads.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A hook. It is counted: whoever is given one keeps it alive. One session at a time per hook. */
typedef struct est_hook est_hook;
/** Hooks: EST_HOOKS(first, second). */
typedef struct est_hook_list {
    est_hook *const *data;
    size_t count;
} est_hook_list;
#ifndef __cplusplus
#define EST_HOOKS(...) ((est_hook_list){ (est_hook *const[]){ __VA_ARGS__ }, sizeof((est_hook *[]){ __VA_ARGS__ }) / sizeof(est_hook *) })
#endif

/** A session at one of a hook's moments (tf.estimator.SessionRunContext). Lent for the call, on the thread of the
 *  verb. */
typedef struct est_run_context est_run_context;

/** What a hook does at each moment (tf.estimator.SessionRunHook). NULL: nothing. A moment that fails ends the
 *  session: training writes a last checkpoint and returns that error; CANCELLED stops it as est_request_stop. */
typedef struct est_hook_options {
    const char *name;                   /* "hook"; in messages */
    /* Once, after model_fn and before variables have values: operations may be added, fetches and feeds named. */
    est_status (*begin)(est_run_context *c, void *user);
    /* Once, when all variables have values: their first ones, or those of a checkpoint. */
    est_status (*after_create_session)(est_run_context *c, void *user);
    est_status (*before_run)(est_run_context *c, void *user);   /* before each step or batch */
    est_status (*after_run)(est_run_context *c, void *user);    /* after it; not when the data have ended in it */
    est_status (*end)(est_run_context *c, void *user);          /* at the end, of the data too; not after an error */
    bool keeps_graph;                   /* begin adds nothing to the graph: evaluate and predict may go on with it */
    void *user;
    void (*free_user)(void *user);      /* when the hook is freed, also when it could not be made; NULL: none */
} est_hook_options;
/** A hook of one's own. Errors: none but memory. Out: the caller's, est_hook_free. Thread-safe. Since 0.1. */
EST_API est_status est_hook_new_sized(const est_hook_options *options, size_t size, est_hook **out);
static inline est_status est_hook_new(const est_hook_options *options, est_hook **out)
{
    return est_hook_new_sized(options, sizeof *options, out);
}
/** Gives up one share, and frees it with the last; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_hook_free(est_hook *h);
/** Another share, for another est_hook_free; returns `h`. NULL does nothing. Thread-safe. Since 0.1. */
EST_API est_hook *est_hook_retain(est_hook *h);

/* What a hook asks of its session. For the call of a moment alone. Since 0.1. */
EST_API est_graph *est_run_graph(const est_run_context *c);       /* lent; est_graph_node finds nodes by their names */
EST_API est_mode est_run_mode(const est_run_context *c);
EST_API est_node *est_run_loss(const est_run_context *c);         /* NULL: a prediction */
EST_API const char *est_run_model_dir(const est_run_context *c);  /* lent */
/** Steps done: in after_run with the one that has run. In an evaluation, that of its checkpoint. */
EST_API int64_t est_run_global_step(const est_run_context *c);
/** In `begin`: a node whose value each step shall give; of a hook with a before_run, those steps in which that
 *  calls est_run_ask (evaluations and predictions: all). Returns its number, for est_run_value. Errors come when
 *  `begin` returns: INVALID_ARGUMENT: a node of another graph, or no value. */
EST_API size_t est_run_fetch(est_run_context *c, est_node *node);
/** In `before_run`: the values of this step are wanted. */
EST_API void est_run_ask(est_run_context *c);
/** In `after_run`: the value of a fetch, lent until the moment returns; NULL: this step was not asked for it. A
 *  variable's is that of the start of the step. */
EST_API const est_tensor *est_run_value(const est_run_context *c, size_t fetch);
/** In `begin`: a placeholder of the model's own, which the hook feeds from then on. Returns its number. */
EST_API size_t est_run_feed(est_run_context *c, est_node *placeholder);
/** In `before_run`: what it is fed with, until it is given another; kept alive by the caller until the next step.
 *  Before the first step each feed must have been given. Errors: INVALID_ARGUMENT: another dtype or shape. */
EST_API est_status est_run_give(est_run_context *c, size_t feed, const est_tensor *value);
/** No further step (SessionRunContext.request_stop); the verb returns EST_OK. */
EST_API void est_run_request_stop(est_run_context *c);
/** In after_create_session, after_run and end: the value of a node that depends on no input (session.run); not for
 *  every step, as it is planned anew. Errors: those of the operations; INVALID_ARGUMENT: another graph's node. Out:
 *  the caller's, est_tensor_free. */
EST_API est_status est_run_evaluate(est_run_context *c, est_node *node, est_tensor **out);
/** For a moment that fails: est_error() is that text; returns `status`. */
EST_API est_status est_run_fail(est_run_context *c, est_status status, const char *format, ...) EST_PRINTF(3, 4);

/* Hooks of a model_fn's own (tf.estimator.EstimatorSpec); a share is kept. Each mode runs its own. Since 0.1. */
EST_API void est_spec_training_chief_hook(est_spec *s, est_hook *hook);
EST_API void est_spec_training_hook(est_spec *s, est_hook *hook);
EST_API void est_spec_evaluation_hook(est_spec *s, est_hook *hook);
EST_API void est_spec_prediction_hook(est_spec *s, est_hook *hook);

/** Says when every n-th step or second has come (tf.estimator.SecondOrStepTimer). Zeroed but for one of the first
 *  two. */
typedef struct est_timer {
    double every_secs;                  /* 0: not by time */
    int64_t every_steps;                /* 0: not by steps */
    bool triggered;                     /* the rest is the timer's own */
    int64_t last_step;
    double last_time;
} est_timer;
/** True at the first call, then when so many steps or seconds have passed since the last update; never twice for
 *  one step. One thread at a time per timer. Since 0.1. */
EST_API bool est_timer_should_trigger(const est_timer *t, int64_t step);
/** It has triggered. Returns seconds since the last time; below 0: this is the first. */
EST_API double est_timer_update(est_timer *t, int64_t step);

/* ---- hooks that are there ---- All: Errors: INVALID_ARGUMENT names the option. Out: the caller's, est_hook_free.
 * Thread-safe. Since 0.1. */

/** A node by handle, which a model_fn gives, or by its name in the graph, "linear/Sum" or "a:1". */
typedef struct est_hook_tensor {
    const char *tag;                    /* the node's name */
    est_node *node;                     /* NULL: `name` */
    const char *name;
} est_hook_tensor;
typedef struct est_hook_tensors {
    const est_hook_tensor *data;
    size_t count;
} est_hook_tensors;
#ifndef __cplusplus
#define EST_HOOK_TENSORS(...) \
    ((est_hook_tensors){ (const est_hook_tensor[]){ __VA_ARGS__ }, sizeof((est_hook_tensor[]){ __VA_ARGS__ }) / sizeof(est_hook_tensor) })
#endif

/** Stops after a number of steps, or at a global step (tf.estimator.StopAtStepHook). One of the two. */
EST_API est_status est_stop_at_step_hook_new(int64_t num_steps, int64_t last_step, est_hook **out);

typedef struct est_logging_tensor_options {
    est_hook_tensors tensors;           /* needed */
    int64_t every_n_iter;               /* the first step, and each n-th after it */
    double every_n_secs;                /* or by time; neither: at_end alone */
    bool at_end;                        /* once more, after the last step, for tensors that depend on no input */
    /* Makes the line out of the values, in the order of `tensors`, into text[capacity]; NULL: "tag = value, …". */
    void (*formatter)(const est_tensor *const *values, char *text, size_t capacity, void *user);
    void *user;
} est_logging_tensor_options;
/** Logs values (tf.estimator.LoggingTensorHook). */
EST_API est_status est_logging_tensor_hook_new_sized(const est_logging_tensor_options *options, size_t size, est_hook **out);
static inline est_status est_logging_tensor_hook_new(const est_logging_tensor_options *options, est_hook **out)
{
    return est_logging_tensor_hook_new_sized(options, sizeof *options, out);
}

typedef struct est_nan_tensor_options {
    est_hook_tensor tensor;             /* zeroed: the loss, which training looks at in any case */
    bool stops;                         /* a log line and a stop, not ABORTED (fail_on_nan_loss=False) */
} est_nan_tensor_options;
/** Ends training when a tensor holds NaN (tf.estimator.NanTensorHook). Of the loss, the step that gave it has
 *  changed nothing. */
EST_API est_status est_nan_tensor_hook_new_sized(const est_nan_tensor_options *options, size_t size, est_hook **out);
static inline est_status est_nan_tensor_hook_new(const est_nan_tensor_options *options, est_hook **out)
{
    return est_nan_tensor_hook_new_sized(options, sizeof *options, out);
}

/** Values at the end, of nodes that depend on no input (tf.estimator.FinalOpsHook). */
EST_API est_status est_final_ops_hook_new(est_hook_tensors final_ops, est_hook **out);
/** The value of the i-th of them (final_ops_values); NULL: the session has not ended. Lent by the hook until the
 *  next session. */
EST_API const est_tensor *est_final_ops_value(const est_hook *h, size_t i);

/** Waits for other workers to bring the global step to `wait_until_step` (tf.estimator.GlobalStepWaiterHook).
 *  FAILED_PRECONDITION where there is no other: nobody would. */
EST_API est_status est_global_step_waiter_hook_new(int64_t wait_until_step, est_hook **out);

/** Before each step gives values for placeholders (tf.estimator.FeedFnHook): feed_fn fills values[i] for the i-th of
 *  `placeholders`; they stay its own. */
typedef est_status (*est_feed_fn)(const est_tensor **values, void *user);
EST_API est_status est_feed_fn_hook_new(est_hook_tensors placeholders, est_feed_fn feed_fn, void *user, est_hook **out);

typedef struct est_step_counter_options {
    int64_t every_n_steps;              /* 100 where neither is given */
    double every_n_secs;
    const char *output_dir;             /* where events go; NULL: the log alone */
} est_step_counter_options;
/** `global_step/sec`, from the second time on (tf.estimator.StepCounterHook). Training counts by itself each
 *  log_step_count_steps. */
EST_API est_status est_step_counter_hook_new_sized(const est_step_counter_options *options, size_t size, est_hook **out);
static inline est_status est_step_counter_hook_new(const est_step_counter_options *options, est_hook **out)
{
    return est_step_counter_hook_new_sized(options, sizeof *options, out);
}

typedef struct est_summary_saver_options {
    est_hook_tensors tensors;           /* needed: a scalar becomes a scalar summary, others histograms */
    int64_t save_steps;                 /* the first step, and each n-th after it */
    double save_secs;                   /* or by time; one of the two */
    const char *output_dir;             /* needed: where events go */
} est_summary_saver_options;
/** Summaries of tensors (tf.estimator.SummarySaverHook). Training saves those of the spec by itself each
 *  save_summary_steps. */
EST_API est_status est_summary_saver_hook_new_sized(const est_summary_saver_options *options, size_t size, est_hook **out);
static inline est_status est_summary_saver_hook_new(const est_summary_saver_options *options, est_hook **out)
{
    return est_summary_saver_hook_new_sized(options, sizeof *options, out);
}

typedef struct est_profiler_options {
    int64_t save_steps;                 /* a step each n, from the n-th after the first on */
    double save_secs;                   /* or by time; one of the two */
    const char *output_dir;             /* "": the working directory */
} est_profiler_options;
/** Writes `timeline-<step>.json`, the operations of one step as a Chrome trace (tf.estimator.ProfilerHook; open it
 *  with chrome://tracing or Perfetto). The bits stay the same. */
EST_API est_status est_profiler_hook_new_sized(const est_profiler_options *options, size_t size, est_hook **out);
static inline est_status est_profiler_hook_new(const est_profiler_options *options, est_hook **out)
{
    return est_profiler_hook_new_sized(options, sizeof *options, out);
}

/** What is done around checkpoints (tf.estimator.CheckpointSaverListener). NULL: nothing. Moments fail as a hook's
 *  do; after_save may call est_run_request_stop. */
typedef struct est_saving_listener {
    est_status (*begin)(est_run_context *c, void *user);
    est_status (*before_save)(est_run_context *c, void *user);
    est_status (*after_save)(est_run_context *c, void *user);   /* the checkpoint is on the disk */
    est_status (*end)(est_run_context *c, void *user);          /* after the last save */
    void *user;                         /* the caller's, until the session has ended */
} est_saving_listener;
typedef struct est_saving_listeners {
    const est_saving_listener *data;
    size_t count;
} est_saving_listeners;
#ifndef __cplusplus
#define EST_SAVING_LISTENERS(...)                                      \
    ((est_saving_listeners){ (const est_saving_listener[]){ __VA_ARGS__ }, \
                             sizeof((est_saving_listener[]){ __VA_ARGS__ }) / sizeof(est_saving_listener) })
#endif
typedef struct est_checkpoint_saver_options {
    int64_t save_steps;
    double save_secs;                   /* or by time; one of the two */
    est_saving_listeners listeners;
    const char *checkpoint_dir;         /* NULL: the model directory */
} est_checkpoint_saver_options;
/** Says when checkpoints are saved, in place of the run configuration (tf.estimator.CheckpointSaverHook): to the model
 *  directory, at the start of a new one, and at the end. With another `checkpoint_dir` it saves there, at the start, each so many
 *  steps or seconds and at the end, beside what the run configuration has in the model directory; TensorFlow would save there
 *  alone, and find nothing to go on from. FAILED_PRECONDITION, as training begins: somebody else saves to that folder. */
EST_API est_status est_checkpoint_saver_hook_new_sized(const est_checkpoint_saver_options *options, size_t size, est_hook **out);
static inline est_status est_checkpoint_saver_hook_new(const est_checkpoint_saver_options *options, est_hook **out)
{
    return est_checkpoint_saver_hook_new_sized(options, sizeof *options, out);
}

#ifdef __cplusplus
}
#endif
#endif
