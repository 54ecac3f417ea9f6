/* The training loop with callbacks: the second way to train a model beside an estimator (TrainingLoop of Swift for TensorFlow, after
 * fastai's Learner). A model is a function from features to logits; the loop does the rest, and tells of each of its steps. */
#ifndef ESTIMATOR_TRAINING_LOOP_H
#define ESTIMATOR_TRAINING_LOOP_H

#include <estimator/data.h>
#include <estimator/estimators.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A loop, and the model that it trains: the model's variables live as long as it does. One thread at a time per loop. */
typedef struct est_training_loop est_training_loop;

/* ---- events ---- */

/** Where a loop is. In the order of a fit:
 *  fitStart, for each epoch [ epochStart, trainingStart, for each batch [ batchStart, (output, loss and gradients), updateStart,
 *  (the optimizer's update), batchEnd ], trainingEnd, validationStart, for each batch [ batchStart, (output) inferencePredictionEnd,
 *  (loss) batchEnd ], validationEnd, epochEnd ], fitEnd. Without validation data the events of validation do not come. */
typedef enum est_loop_event {
    EST_FIT_START, EST_FIT_END, EST_EPOCH_START, EST_EPOCH_END, EST_TRAINING_START, EST_TRAINING_END, EST_VALIDATION_START,
    EST_VALIDATION_END, EST_BATCH_START, EST_BATCH_END, EST_UPDATE_START, EST_INFERENCE_PREDICTION_END
} est_loop_event;
/** "fitStart", …; NULL: no such event. Constant. Thread-safe. Since 0.1. */
EST_API const char *est_loop_event_name(est_loop_event event);

/** What a callback may end. Events between are passed over: */
typedef enum est_loop_action {
    EST_CANCEL_BATCH = 1,       /* goes on with this batch's batchEnd; there is no update; it counts in no statistic */
    EST_CANCEL_TRAINING,        /* goes on with trainingEnd, then validation */
    EST_CANCEL_VALIDATION,      /* goes on with validationEnd */
    EST_CANCEL_EPOCH,           /* goes on with epochEnd */
    EST_CANCEL_FIT              /* goes on with fitEnd */
} est_loop_action;
/** What a callback returns to end something: `return est_training_loop_cancel(l, EST_CANCEL_EPOCH);`. Callbacks after it do not see
 *  that event. At the End event of what it ends there is nothing left to end, and the loop goes on (in Swift a cancelBatch at batchEnd
 *  leaves the whole fit as an error). Ending what is not going on, a validation while training, fails the fit: FAILED_PRECONDITION.
 *  Returns CANCELLED, which counts only if the callback returns it. Since 0.1. */
EST_API est_status est_training_loop_cancel(est_training_loop *l, est_loop_action action);

/* ---- callbacks ---- */

/** A callback. It is counted: whoever is given one keeps it alive. One loop at a time per callback. */
typedef struct est_loop_callback est_loop_callback;
/** Callbacks: EST_LOOP_CALLBACKS(first, second). */
typedef struct est_loop_callback_list {
    est_loop_callback *const *data;
    size_t count;
} est_loop_callback_list;
#ifndef __cplusplus
#define EST_LOOP_CALLBACKS(...)                                                 \
    ((est_loop_callback_list){ (est_loop_callback *const[]){ __VA_ARGS__ },     \
                               sizeof((est_loop_callback *[]){ __VA_ARGS__ }) / sizeof(est_loop_callback *) })
#endif
/** Called with each event, on the thread of est_training_loop_fit. It may look at the loop and change it by the functions below.
 *  Returns EST_OK, est_training_loop_cancel, or a status that ends the fit: after its event nothing is called any more. */
typedef est_status (*est_loop_callback_fn)(est_training_loop *l, est_loop_event event, void *user);
typedef struct est_loop_callback_options {
    const char *name;               /* "callback"; in messages */
    est_loop_callback_fn call;      /* needed */
    unsigned events;                /* those that it wants: 1u << EST_BATCH_END | …; 0: all */
    bool gradients;                 /* est_training_loop_gradient shall work: each step then keeps its gradients */
    void *user;
    void (*free_user)(void *user);  /* when the callback is freed, also when it could not be made; NULL: none */
} est_loop_callback_options;
/** A callback of one's own. Errors: INVALID_ARGUMENT: no `call`. Out: the caller's, est_loop_callback_free. Thread-safe. Since 0.1. */
EST_API est_status est_loop_callback_new_sized(const est_loop_callback_options *options, size_t size, est_loop_callback **out);
static inline est_status est_loop_callback_new(const est_loop_callback_options *options, est_loop_callback **out)
{
    return est_loop_callback_new_sized(options, sizeof *options, out);
}
/** Gives up one share, and frees it with the last; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_loop_callback_free(est_loop_callback *c);

/* ---- metrics ---- */

/** A number over the batches of a phase. A zeroed struct is none; those that are there are est_loop_metric_loss and the others. */
typedef struct est_loop_metric {
    const char *name;               /* needed: in statistics */
    size_t state_size;              /* bytes of the state, which begins as zeros */
    /* A batch more. `output` is what the model gave, `target` the labels (NULL: the data hold none). */
    est_status (*accumulate)(void *state, const est_tensor *output, const est_tensor *target, double loss, void *user);
    double (*compute)(const void *state, void *user);   /* of all batches so far */
    void *user;                     /* the caller's, as long as the loop */
} est_loop_metric;
/** Metrics: EST_LOOP_METRICS(est_loop_metric_accuracy(), …). */
typedef struct est_loop_metric_list {
    const est_loop_metric *data;
    size_t count;
} est_loop_metric_list;
#ifndef __cplusplus
#define EST_LOOP_METRICS(...)                                                   \
    ((est_loop_metric_list){ (const est_loop_metric[]){ __VA_ARGS__ },          \
                             sizeof((est_loop_metric[]){ __VA_ARGS__ }) / sizeof(est_loop_metric) })
#endif
/** "loss": the mean of the batches' losses; without batches NaN. Thread-safe, as are the others. Since 0.1. */
EST_API est_loop_metric est_loop_metric_loss(void);
/** "accuracy" and "top5Accuracy": the share of rows whose label is among the 1 or 5 greatest logits; scores that equal the k-th count
 *  too. Outputs float32 [..., classes], targets as many integers. Errors of a batch: INVALID_ARGUMENT: dtypes, or numbers of rows. */
EST_API est_loop_metric est_loop_metric_accuracy(void);
EST_API est_loop_metric est_loop_metric_top5_accuracy(void);
/** "mcc": Matthews' correlation coefficient of binary labels with logits whose sigmoid, in float32, is not below 0.5. Outputs float32, as
 *  many as there are targets, numbers of which 1 is true; over all rows. 0 where a row or column of their table is empty. Errors of a
 *  batch: INVALID_ARGUMENT: dtypes, or numbers of elements. */
EST_API est_loop_metric est_loop_metric_matthews_correlation_coefficient(void);
/** "perplexity": exp of the mean of the batches' losses; without batches 0. */
EST_API est_loop_metric est_loop_metric_perplexity(void);

/** When statistics are computed. */
typedef enum est_report_trigger { EST_END_OF_BATCH, EST_END_OF_EPOCH } est_report_trigger;   /* each batch; the last one of a phase */

/* ---- the loop ---- */

typedef struct est_training_loop_options {
    /* Data, as of an estimator: batches of features, with a label. An epoch is one pass over them, shuffled anew; data that repeat for
     * ever go on from epoch to epoch, and then the number of batches is needed. */
    est_input_fn training;          /* needed */
    void *training_user;
    est_input_fn validation;        /* NULL: none */
    void *validation_user;
    int64_t training_batches;       /* of an epoch; 0: all, which are counted before the first epoch */
    int64_t validation_batches;
    est_optimizer *optimizer;       /* needed; kept alive */
    /* The loss of labels (NULL: the data hold none) and what the model gave; one of the two. More than a scalar becomes its mean. */
    est_loss_fn loss_fn;
    void *loss_user;
    const char *loss;               /* by its name in est_loss_names: "sparse_softmax_cross_entropy" */
    est_loop_metric_list metrics;   /* beside the loss, which comes first */
    est_report_trigger report_trigger;  /* of these statistics */
    est_loop_callback_list callbacks;
    bool no_default_callbacks;      /* without statistics and progress, which come before `callbacks` */
    int progress_fd;                /* where progress is written, a file descriptor: 1 or 2; 0: nowhere */
    int64_t random_seed;            /* 1; of initial values, shuffles and dropout */
    int64_t num_threads;            /* of kernels; 0: all cores. The numbers do not depend on it */
} est_training_loop_options;
/** A loop. Errors: INVALID_ARGUMENT: an option; NOT_FOUND: the loss (the nearest is named). Out: the caller's, est_training_loop_free.
 *  Since 0.1. */
EST_API est_status est_training_loop_new_sized(const est_training_loop_options *options, size_t size, est_training_loop **out);
static inline est_status est_training_loop_new(const est_training_loop_options *options, est_training_loop **out)
{
    return est_training_loop_new_sized(options, sizeof *options, out);
}
/** Frees it with its model; NULL does nothing. Since 0.1. */
EST_API void est_training_loop_free(est_training_loop *l);

/** The model: from features to logits, float32 [batch, …]. Called twice, with EST_TRAIN and with EST_EVAL (dropout and batch
 *  normalisation differ); both make the same variables. Errors stick to the graph. */
typedef est_node *(*est_loop_model_fn)(est_graph *g, const est_features *features, est_mode mode, void *user);

/** A training step that is being built. What is not set here is set already. */
typedef struct est_loop_step {
    est_graph *g;
    const est_features *features;
    est_node *labels;               /* NULL: the data hold none */
    est_optimizer *optimizer;
    est_node *global_step;          /* the handle of the count of steps, to be raised by each */
    est_node *output, *loss;        /* the model's, and the loss function's; others may be put here */
    est_node *train_op;             /* to be set: what changes the variables; est_optimizer_minimize, or operations of one's own */
} est_loop_step;
/** Builds a step in its own way: another loss, other gradients, several optimizers. */
typedef void (*est_differentiable_step_fn)(est_loop_step *step, void *user);

typedef struct est_fit_options {
    est_loop_model_fn model;        /* needed */
    void *model_user;
    int64_t epochs;                 /* 1 */
    est_loop_callback_list callbacks;   /* after the loop's, for this fit alone */
    const char *device;             /* "auto" or "cpu"; "cuda" is UNIMPLEMENTED in this version */
    est_differentiable_step_fn differentiable_step;   /* NULL: the optimizer minimizes the loss */
    void *step_user;
} est_fit_options;
/** Trains for a number of epochs. A second fit of the same model (function and user) goes on with its variables and the optimizer's;
 *  another model begins anew.
 *  Errors: those of the data, the model and the callbacks, which are told by name; INVALID_ARGUMENT: an option, data that give other
 *  features in validation; ABORTED: a loss that is NaN or infinite: the first such tensor is named, and that step has changed nothing;
 *  CANCELLED: est_training_loop_request_stop. After an error there are no further events; `callbacks` are gone in any case. Since 0.1. */
EST_API est_status est_training_loop_fit_sized(est_training_loop *l, const est_fit_options *options, size_t size);
static inline est_status est_training_loop_fit(est_training_loop *l, const est_fit_options *options)
{
    return est_training_loop_fit_sized(l, options, sizeof *options);
}
/** Asks the fit that runs to end with its batch, as EST_CANCEL_FIT does, and to return CANCELLED. From any thread and signal handlers.
 *  Since 0.1. */
EST_API void est_training_loop_request_stop(est_training_loop *l);

/* ---- what callbacks see ---- of the last step; lent until the next one. NULL: not yet, or not in this batch. Since 0.1. ---- */

EST_API const est_tensor *est_training_loop_input(const est_training_loop *l, const char *feature);  /* [batch, …]; of variable length: values */
EST_API const est_batch *est_training_loop_batch(const est_training_loop *l);
EST_API const est_tensor *est_training_loop_target(const est_training_loop *l);
EST_API const est_tensor *est_training_loop_output(const est_training_loop *l);
EST_API const double *est_training_loop_loss(const est_training_loop *l);
/** The gradient of a trained variable, at updateStart and at batchEnd of training. Out: `value`, of its shape; or the rows `indices` of it,
 *  `indices` NULL otherwise. Errors: FAILED_PRECONDITION: no step has been made, no callback has `gradients`, or the step is one's own;
 *  NOT_FOUND: no such variable, or the loss does not depend on it. */
EST_API est_status est_training_loop_gradient(const est_training_loop *l, const char *variable, const est_tensor **value,
                                              const est_tensor **indices);
EST_API est_mode est_training_loop_phase(const est_training_loop *l);         /* EST_TRAIN or EST_EVAL; the learning phase */
EST_API int64_t est_training_loop_batch_index(const est_training_loop *l);    /* from 0 on; -1: none yet */
EST_API int64_t est_training_loop_batch_count(const est_training_loop *l);    /* of the phase */
EST_API int64_t est_training_loop_epoch_index(const est_training_loop *l);
EST_API int64_t est_training_loop_epoch_count(const est_training_loop *l);
EST_API int64_t est_training_loop_global_step(const est_training_loop *l);    /* updates made, over all fits */
/** The statistics of the phase up to this batch; NULL: none have been made. Names and values are in the order of the metrics. */
EST_API const est_results *est_training_loop_last_stats(const est_training_loop *l);
/** A variable's value, by its name. Errors: NOT_FOUND: there is none (the nearest is named); FAILED_PRECONDITION: nothing was fitted. */
EST_API est_status est_training_loop_variable(const est_training_loop *l, const char *name, const est_tensor **value);
/** The graph of the training step, for the names of its variables and nodes; NULL: nothing was fitted. */
EST_API est_graph *est_training_loop_graph(const est_training_loop *l);

/* ---- what callbacks change ---- Since 0.1. ---- */

/** The learning rate. Set before the update of a batch it holds for that one already, and until it is set again.
 *  Errors: FAILED_PRECONDITION: nothing was fitted, or the optimizer has no rate that is a variable (a schedule of its own, one of
 *  TensorFlow 1, a step of one's own). */
EST_API est_status est_training_loop_learning_rate(const est_training_loop *l, double *rate);
EST_API est_status est_training_loop_set_learning_rate(est_training_loop *l, double rate);
/** A feature of this batch, or its label, at batchStart: mixed, turned, with noise; est_training_loop_input and _target then give it. `value` has
 *  the batch's dtype and shape, and is copied.
 *  Errors: FAILED_PRECONDITION: another event; NOT_FOUND: no such feature; INVALID_ARGUMENT: dtype, shape, or a feature of variable length. */
EST_API est_status est_training_loop_set_input(est_training_loop *l, const char *feature, const est_tensor *value);
/** The loss of this batch for whoever comes after: statistics, and est_training_loop_loss. */
EST_API void est_training_loop_set_loss(est_training_loop *l, double loss);
/** The statistics, for whoever comes after; NULL: none. Copied. */
EST_API est_status est_training_loop_set_last_stats(est_training_loop *l, const est_results *stats);
/** From the next fit on. A share is kept. */
EST_API void est_training_loop_set_optimizer(est_training_loop *l, est_optimizer *optimizer);
/** From the next phase on. */
EST_API est_status est_training_loop_set_metrics(est_training_loop *l, est_loop_metric_list metrics);
/** One more callback, after the loop's others, from the next event on; and one less (NULL, or one that the loop has not: nothing is done). */
EST_API est_status est_training_loop_add_callback(est_training_loop *l, est_loop_callback *c);
EST_API void est_training_loop_remove_callback(est_training_loop *l, est_loop_callback *c);

/* ---- callbacks that are there ---- All: Errors: INVALID_ARGUMENT names the option. Out: the caller's, est_loop_callback_free. Thread-safe.
 * Since 0.1. ---- */

typedef struct est_statistics_recorder_options {
    est_loop_metric_list metrics;   /* needed */
    est_report_trigger report_trigger;
    /* In place of the rules: whether the states are to be emptied (at trainingStart and validationStart), a batch to be counted (at its
     * batchEnd, unless it was cancelled), the values to be computed (by the trigger). NULL: the rule. */
    bool (*should_reset)(const est_training_loop *l, est_loop_event event, void *user);
    bool (*should_accumulate)(const est_training_loop *l, est_loop_event event, void *user);
    bool (*should_compute)(const est_training_loop *l, est_loop_event event, void *user);
    void *user;
} est_statistics_recorder_options;
/** Keeps statistics: what est_training_loop_last_stats tells. A loop has one by default, of its loss and metrics. With its states it also
 *  empties what est_training_loop_last_stats tells. */
EST_API est_status est_statistics_recorder_new_sized(const est_statistics_recorder_options *options, size_t size, est_loop_callback **out);
static inline est_status est_statistics_recorder_new(const est_statistics_recorder_options *options, est_loop_callback **out)
{
    return est_statistics_recorder_new_sized(options, sizeof *options, out);
}

typedef struct est_progress_printer_options {
    int fd;                         /* a file descriptor; or `write` */
    void (*write)(const char *text, void *user);
    void *user;
    int64_t length;                 /* 30; of the bar */
} est_progress_printer_options;
/** Writes a line "Epoch 1/10", and after each batch "3/60 [=>....] - loss: 0.1234 - accuracy: 0.9000" over the line before. What cannot be
 *  written is lost. */
EST_API est_status est_progress_printer_new_sized(const est_progress_printer_options *options, size_t size, est_loop_callback **out);
static inline est_status est_progress_printer_new(const est_progress_printer_options *options, est_loop_callback **out)
{
    return est_progress_printer_new_sized(options, sizeof *options, out);
}

/** Appends a line to a CSV file after each batch that has statistics: "epoch, batch, loss, …" before the first, then "1/10, 3/60, 0.53, …",
 *  with the shortest decimal form of each value as a float32. Training and validation look alike but for the number of batches.
 *  In: `path`, NULL: "run/log.csv"; its ending must be csv. The folder is made, and the file emptied, at once.
 *  Errors: those of the file system too; while it is written they end the fit. */
EST_API est_status est_csv_logger_new(const char *path, est_loop_callback **out);

/** A part of a schedule of learning rates: from one to another along a curve. */
typedef struct est_schedule_segment {
    const char *shape;              /* "linear" (default), "cosine" (half a wave), "constant" (stays where it starts, whatever end_rate is) */
    double (*curve)(double x, void *user);  /* or a curve of one's own over [0, 1], scaled so that it leads from start to end */
    void *user;
    bool starts;                    /* at start_rate; else where the last segment has ended, the first one at 0 */
    double start_rate, end_rate;
    int64_t step_count;             /* the step that it shares with the segment before is one of them; the last segment has the rest: 0 */
} est_schedule_segment;
/** Segments: EST_SCHEDULE_SEGMENTS({ .end_rate = 0.1, .step_count = 10 }, { .shape = "cosine" }). */
typedef struct est_schedule_segments {
    const est_schedule_segment *data;
    size_t count;
} est_schedule_segments;
#ifndef __cplusplus
#define EST_SCHEDULE_SEGMENTS(...)                                              \
    ((est_schedule_segments){ (const est_schedule_segment[]){ __VA_ARGS__ },    \
                              sizeof((est_schedule_segment[]){ __VA_ARGS__ }) / sizeof(est_schedule_segment) })
#endif
/** The rate at `step`, in [0, total), of a schedule over `total` steps. A segment begins on the last step of the one before, which keeps its
 *  value there; one of a single step adds none: where it `starts` is where the next one begins. So 10 steps from 0 to 1, and the rest to 0,
 *  rise over steps 0 to 9 and fall over steps 9 to total - 1.
 *  Errors: INVALID_ARGUMENT: no segments, one without steps before the last, a curve that ends where it began, more steps than `total`;
 *  OUT_OF_RANGE: the step. Thread-safe. Since 0.1. */
EST_API est_status est_schedule_segments_rate(est_schedule_segments segments, int64_t total, int64_t step, double *rate);

typedef struct est_learning_rate_scheduler_options {
    est_schedule_segments segments;         /* over all steps of the fit: batches of an epoch by epochs */
    double (*schedule)(int64_t step, int64_t total, void *user);    /* or a function */
    void *user;
    /* {beta_1, beta_2}: the rate is multiplied by Adam's correction of its moments' bias, sqrt(1 - beta_2^t) / (1 - beta_1^t), t being
     * step + 1; for an Adam that does not correct it itself, as that of est_adam_optimizer_new does. */
    est_floats bias_correction;
    /* As swift-models was released: sqrt(1 - beta_2^step) / (beta_1 - beta_2^step), which is 0 at first, then negative: for (0.9, 0.999) up
     * to step 105. */
    bool literal_bias_correction;
} est_learning_rate_scheduler_options;
/** Sets the learning rate at each batchStart of training; the step is the batch's number in the fit. */
EST_API est_status est_learning_rate_scheduler_new_sized(const est_learning_rate_scheduler_options *options, size_t size,
                                                         est_loop_callback **out);
static inline est_status est_learning_rate_scheduler_new(const est_learning_rate_scheduler_options *options, est_loop_callback **out)
{
    return est_learning_rate_scheduler_new_sized(options, sizeof *options, out);
}

/** Writes statistics for TensorBoard: <log_root_directory>/<seconds since 1970>/<statistic>/<train or validation>, a file for each, with the
 *  tags epoch_<statistic> at the last batch of a phase, and batch_<statistic> at the batches of training where statistics come before the
 *  last of them. Steps are the epoch's number, and the batch's in the fit.
 *  In: `log_root_directory`, NULL: "run/tensorboard/stats". Errors: while it writes, those of the file system end the fit. */
EST_API est_status est_tensorboard_statistics_logger_new(const char *log_root_directory, est_loop_callback **out);

typedef struct est_early_stop_options {
    const char *statistic;          /* "loss"; that of validation where there is one, of training otherwise */
    int64_t patience;               /* 0; epochs that may go by without the statistic being better than before */
    double min_delta;               /* 0; by how much it must be better */
    bool higher_is_better;
    bool restore_best;              /* the model gets back the variables of its best epoch when it stops, or the fit ends */
} est_early_stop_options;
/** Ends a fit when a statistic no longer gets better (tf.keras.callbacks.EarlyStopping), at epochEnd. Errors of a fit: NOT_FOUND: no such
 *  statistic (the nearest is named). */
EST_API est_status est_early_stop_new_sized(const est_early_stop_options *options, size_t size, est_loop_callback **out);
static inline est_status est_early_stop_new(const est_early_stop_options *options, est_loop_callback **out)
{
    return est_early_stop_new_sized(options, sizeof *options, out);
}

typedef struct est_loop_checkpoint_options {
    const char *directory;          /* needed */
    int64_t save_epochs;            /* 1; how many epochs lie between two checkpoints; EST_OFF: none at the ends of epochs */
    int64_t save_steps;             /* 0: none; within epochs: steps between two checkpoints */
    int64_t max_to_keep;            /* 5; EST_OFF: all */
} est_loop_checkpoint_options;
/** Saves the model, its optimizer and the place in the data, as an estimator saves them: <directory>/model.ckpt-<global step>; at the end of a
 *  fit too, and when a callback fails or the fit is asked to stop. A loop that has not trained yet begins where the newest one was left, and
 *  comes to the same variables, bit for bit, as one that was not interrupted; statistics of an epoch that is resumed count its remaining
 *  batches alone. A rate that callbacks have set comes back; else that of the optimizer as it is now holds.
 *  Errors of a fit: FAILED_PRECONDITION: another program trains there; INVALID_ARGUMENT, NOT_FOUND: a checkpoint of another model; DATA_LOSS:
 *  all are damaged; those of the file system. */
EST_API est_status est_loop_checkpoint_new_sized(const est_loop_checkpoint_options *options, size_t size, est_loop_callback **out);
static inline est_status est_loop_checkpoint_new(const est_loop_checkpoint_options *options, est_loop_callback **out)
{
    return est_loop_checkpoint_new_sized(options, sizeof *options, out);
}

#ifdef __cplusplus
}
#endif
#endif
