/* Layers, losses, optimizers and metrics: what model functions are made of. */
#ifndef ESTIMATOR_NN_H
#define ESTIMATOR_NN_H

#include <estimator/fields.h>
#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Functions that take a graph build nodes in it, lent by it; errors stick to it (graph.h). One thread at a
 * time per graph. Since 0.1. */

/* ---- layers ---- */
/** A function of each element (of the row, for softmax and log_softmax; crelu doubles the last dimension). */
typedef est_node *(*est_activation_fn)(est_graph *g, est_node *x);
/** An activation by its name in tf.nn: "relu", "tanh", "gelu" …; NULL: unknown. Thread-safe. Since 0.1. */
EST_API est_activation_fn est_activation(const char *name);
/** The names of all activations, NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_activation_names(void);

typedef struct est_dense_options {
    est_activation_fn activation;   /* NULL: none */
    bool no_bias;
    est_node *kernel_initializer;   /* [in, units]; NULL: est_glorot_uniform */
    const char *name;               /* NULL: "dense", "dense_1", …; variables <name>/kernel, <name>/bias */
} est_dense_options;
/** A fully connected layer: activation(x · kernel + bias); x [batch, in] float32 -> [batch, units]
 *  (tf.keras.layers.Dense).
 *  Errors: INVALID_ARGUMENT: x is not [batch, in] with a known in, units < 1; ALREADY_EXISTS: the name. */
EST_API est_node *est_dense(est_graph *g, est_node *x, int64_t units, const est_dense_options *options);

/** x with elements set to 0 at random, each with probability `rate`, and the others divided by 1 - rate: for
 *  training alone (tf.nn.dropout). Other elements in each step; the same for the same seed, node and step.
 *  In: `rate` in [0, 1). Errors: INVALID_ARGUMENT: another rate, x not float32 or float64. */
EST_API est_node *est_dropout(est_graph *g, est_node *x, double rate);

typedef struct est_batch_norm_options {
    bool training;              /* by the mean and the variance of the batch, which go into the moving ones */
    double momentum;            /* 0.99; EST_OFF: 0 */
    double epsilon;             /* 0.001; EST_OFF: 0 */
    const char *name;           /* NULL: "batch_normalization"; variables <name>/gamma, beta, moving_mean, moving_variance */
} est_batch_norm_options;
/** x with each column brought to mean beta and deviation gamma; x [batch, n] float32 -> [batch, n]
 *  (tf.keras.layers.BatchNormalization; Ioffe and Szegedy 2015). The moving averages are updated by whatever
 *  optimizer trains the graph (est_graph_add_update).
 *  Errors: INVALID_ARGUMENT: x, momentum or epsilon; a batch of one example fails a training step;
 *  ALREADY_EXISTS: the name. */
EST_API est_node *est_batch_norm_sized(est_graph *g, est_node *x, const est_batch_norm_options *options, size_t size);
static inline est_node *est_batch_norm(est_graph *g, est_node *x, const est_batch_norm_options *options)
{
    return est_batch_norm_sized(g, x, options, options ? sizeof *options : 0);
}

typedef struct est_rnn_options {
    const char *cell;               /* "simple_rnn"; any of est_rnn_cell_names */
    bool return_sequences;          /* the outputs of all steps, not that of the last */
    est_node *sequence_length;      /* int64 [batch]: steps of each row that count; NULL: all do */
    const char *name;               /* NULL: "rnn"; variables <name>/kernel, recurrent_kernel, bias */
} est_rnn_options;
/** A recurrent layer over x [batch, time, n] float32 -> [batch, units], or [batch, time, units] (tf.keras.layers.
 *  SimpleRNN, LSTM, GRU with their defaults). Past a row's length the output stays what it was.
 *  Errors: INVALID_ARGUMENT: x, units < 1, the cell; ALREADY_EXISTS: the name. */
EST_API est_node *est_rnn_sized(est_graph *g, est_node *x, int64_t units, const est_rnn_options *options, size_t size);
static inline est_node *est_rnn(est_graph *g, est_node *x, int64_t units, const est_rnn_options *options)
{
    return est_rnn_sized(g, x, units, options, options ? sizeof *options : 0);
}
/** "simple_rnn", "lstm", "gru", NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_rnn_cell_names(void);

/* ---- initial values of variables; the shape must be known (INVALID_ARGUMENT) ---- */
/** Zeros (tf.zeros). */
EST_API est_node *est_zeros(est_graph *g, est_dtype dtype, est_shape shape);
/** `value` throughout; float32 (tf.fill). */
EST_API est_node *est_filled(est_graph *g, est_shape shape, double value);
/** Uniform within ±sqrt(6 / (in + out)); float32 (Glorot and Bengio 2010;
 *  tf.keras.initializers.GlorotUniform). */
EST_API est_node *est_glorot_uniform(est_graph *g, est_shape shape);
/** Normal, drawn again beyond two deviations; float32 (tf.keras.initializers.TruncatedNormal). */
EST_API est_node *est_truncated_normal(est_graph *g, est_shape shape, double mean, double stddev);

/** The value that an initializer gives a float32 variable of that shape. Zeros, Ones, Constant, RandomNormal,
 *  TruncatedNormal, RandomUniform, VarianceScaling, GlorotNormal, GlorotUniform, HeNormal, HeUniform,
 *  LecunNormal, LecunUniform, Identity (a matrix), Orthogonal (two or more dimensions).
 *  Errors, sticking: INVALID_ARGUMENT: the name (the nearest is named), a parameter, the shape. */
EST_API est_node *est_initial_value(est_graph *g, est_shape shape, const est_initializer *initializer);
/** EST_OK, or why that initializer is none. Thread-safe. Since 0.1. */
EST_API est_status est_initializer_check(const est_initializer *initializer);
/** The names of all initializers, NULL-terminated, and the parameters of one; NULL: unknown. Constant.
 *  Thread-safe. Since 0.1. */
EST_API const char *const *est_initializer_names(void);
EST_API const est_field *est_initializer_fields(const char *type);

/* ---- losses, per element; reduce with est_loss_reduce ---- */
/** labels in [0, 1], any number dtype, and logits, both [batch, n] -> [batch, n]
 *  (tf.nn.sigmoid_cross_entropy_with_logits). */
EST_API est_node *est_sigmoid_cross_entropy(est_graph *g, est_node *labels, est_node *logits);
/** labels, class ids, [batch] or [batch, 1], and logits [batch, classes] -> [batch]
 *  (tf.nn.sparse_softmax_cross_entropy_with_logits). */
EST_API est_node *est_sparse_softmax_cross_entropy(est_graph *g, est_node *labels, est_node *logits);
/** (predictions - labels)^2, of one shape (tf.math.squared_difference). */
EST_API est_node *est_squared_error(est_graph *g, est_node *labels, est_node *predictions);
/** exp(z) - z * y for labels y, not below 0, and logits z, the logarithms of rates, of one shape; with `full` also
 *  Stirling's y log(y) - y + log(2 pi y) / 2 where y > 1 (tf.nn.log_poisson_loss). */
EST_API est_node *est_log_poisson_loss(est_graph *g, est_node *labels, est_node *logits, bool full);
/** One number of many: the sum of losses * weights, divided by their number under "sum_over_batch_size" (also
 *  NULL), as it is under "sum" (tf.keras.losses.Reduction). `weights` NULL: 1; else of the losses' rank, or
 *  one dimension of 1 less or more. Out: [].
 *  Errors: INVALID_ARGUMENT: another reduction. */
EST_API est_node *est_loss_reduce(est_graph *g, est_node *losses, est_node *weights, const char *reduction);

typedef struct est_loss_options {
    est_node *weights;          /* NULL: 1; else of the losses' shape, of dimensions of 1, or with a last dimension of 1 less or more */
    const char *reduction;      /* NULL: "sum_by_nonzero_weights", their sum by the number of weights that are not 0; "mean", by
                                   the sum of weights; "sum_over_batch_size"; "sum"; "none": one for each element */
    double delta;               /* huber_loss: where the square becomes a line; 1 */
    double epsilon;             /* log_loss; 1e-7 */
    double label_smoothing;     /* sigmoid_, softmax_cross_entropy: how far labels are drawn to even ones; 0 */
    int64_t axis;               /* cosine_distance: of the unit vectors; 0: the last one */
} est_loss_options;
/** A loss by its name in tf.losses (tf.compat.v1.losses), weighted and reduced: absolute_difference, cosine_distance,
 *  hinge_loss, huber_loss, log_loss, mean_pairwise_squared_error (which has no reduction), mean_squared_error,
 *  sigmoid_cross_entropy, softmax_cross_entropy (labels are shares of the classes), sparse_softmax_cross_entropy
 *  (class ids), or log_poisson_loss (tf.nn; predictions are the logarithm of the rate).
 *  In: `labels` and `predictions`, or logits, of one shape and any number dtype; class ids [batch] or [batch, 1].
 *  Out: float32 []; with "none" of the losses' shape.
 *  Errors, sticking: NOT_FOUND: the name (the nearest is named); INVALID_ARGUMENT: an option, shapes that differ. */
EST_API est_node *est_loss_sized(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                 const est_loss_options *options, size_t size);
static inline est_node *est_loss(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                 const est_loss_options *options)
{
    return est_loss_sized(g, name, labels, predictions, options, options ? sizeof *options : 0);
}
/** The names of all losses, NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_loss_names(void);

/* ---- schedules of the learning rate: tf.keras.optimizers.schedules ---- */
/** The learning rate at `step`, a number node []: a float32 [] (tf.keras.optimizers.schedules.*.__call__).
 *  Errors, sticking: those of est_schedule_check. */
EST_API est_node *est_scheduled(est_graph *g, const est_schedule *schedule, est_node *step);
/** EST_OK, or INVALID_ARGUMENT: the name (the nearest is named), a parameter. Thread-safe. Since 0.1. */
EST_API est_status est_schedule_check(const est_schedule *schedule);
/** The names of all schedules, NULL-terminated, and the parameters of one; NULL: unknown. Constant.
 *  Thread-safe. Since 0.1. */
EST_API const char *const *est_schedule_names(void);
EST_API const est_field *est_schedule_fields(const char *type);

/* ---- optimizers: tf.keras.optimizers.legacy ---- */
/** A way to train variables (tf.keras.optimizers.legacy.Optimizer). It does not change, and is counted:
 *  whoever is given one keeps it alive. */
typedef struct est_optimizer est_optimizer;

/* A zero is Keras' default; where that is another number, EST_OFF stands for a 0 that is meant. `decay`: the
 * learning rate is divided by 1 + decay * step; 0. The gradients are clipped before they are applied, those of
 * rows before equal ids are summed (tf.clip_by_value, tf.clip_by_norm, tf.clip_by_global_norm); 0: they are
 * not: clipvalue, the highest size of an element; clipnorm, the highest norm of the gradient of a variable;
 * global_clipnorm, not beside clipnorm, that of all gradients together. `learning_rate_schedule`: instead of
 * learning_rate; copied. */
#define EST_FTRL_FIXED_RATE (-1e-300)   /* a learning_rate_power of 0 */
typedef struct est_sgd_options {
    double learning_rate;               /* 0.01 */
    double momentum;                    /* 0; at most 1 */
    bool nesterov;
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_sgd_options;
/** Duchi et al. 2011, "Adaptive subgradient methods". */
typedef struct est_adagrad_options {
    double learning_rate;               /* 0.001 */
    double initial_accumulator_value;   /* 0.1 */
    double epsilon;                     /* 1e-7 */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_adagrad_options;
/** Kingma and Ba 2015, "Adam"; amsgrad: Reddi et al. 2018. */
typedef struct est_adam_options {
    double learning_rate;               /* 0.001 */
    double beta_1, beta_2;              /* 0.9, 0.999 */
    double epsilon;                     /* 1e-7 */
    bool amsgrad;
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_adam_options;
/** Loshchilov and Hutter 2019, "Decoupled weight decay regularization" (tf.keras.optimizers.AdamW). */
typedef struct est_adamw_options {
    double learning_rate;               /* 0.001 */
    double weight_decay;                /* 0.004; a step takes off that share of a weight, times the learning rate */
    double beta_1, beta_2;              /* 0.9, 0.999 */
    double epsilon;                     /* 1e-7 */
    bool amsgrad;
    est_strings exclude_from_weight_decay;      /* POSIX regular expressions; a variable whose name holds a match */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_adamw_options;
/** You et al. 2020, "Large batch optimization for deep learning" (tfa.optimizers.LAMB). */
typedef struct est_lamb_options {
    double learning_rate;               /* 0.001 */
    double beta_1, beta_2;              /* 0.9, 0.999 */
    double epsilon;                     /* 1e-6 */
    double weight_decay;                /* 0 */
    est_strings exclude_from_weight_decay;      /* as in AdamW */
    est_strings exclude_from_layer_adaptation;  /* none: as exclude_from_weight_decay */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_lamb_options;
/** Kingma and Ba 2015, section 7.1. */
typedef struct est_adamax_options {
    double learning_rate;               /* 0.001 */
    double beta_1, beta_2;              /* 0.9, 0.999 */
    double epsilon;                     /* 1e-7 */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_adamax_options;
/** Dozat 2016, "Incorporating Nesterov momentum into Adam". */
typedef struct est_nadam_options {
    double learning_rate;               /* 0.001; it stays */
    double beta_1, beta_2;              /* 0.9, 0.999 */
    double epsilon;                     /* 1e-7 */
    double schedule_decay;              /* 0.004; of the momentum's schedule */
    double clipnorm, clipvalue, global_clipnorm;
} est_nadam_options;
/** Hinton 2012; centered: Graves 2013, "Generating sequences with recurrent neural networks". */
typedef struct est_rmsprop_options {
    double learning_rate;               /* 0.001 */
    double rho;                         /* 0.9 */
    double momentum;                    /* 0; at most 1 */
    double epsilon;                     /* 1e-7 */
    bool centered;
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_rmsprop_options;
/** Zeiler 2012, "ADADELTA". */
typedef struct est_adadelta_options {
    double learning_rate;               /* 0.001 */
    double rho;                         /* 0.95 */
    double epsilon;                     /* 1e-7 */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_adadelta_options;
/** McMahan et al. 2013, "Ad click prediction". */
typedef struct est_ftrl_options {
    double learning_rate;               /* 0.001 */
    double learning_rate_power;         /* -0.5; EST_FTRL_FIXED_RATE */
    double initial_accumulator_value;   /* 0.1 */
    double l1_regularization_strength, l2_regularization_strength;    /* 0 */
    double l2_shrinkage_regularization_strength;    /* 0 */
    double beta;                        /* 0 */
    double decay;
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_ftrl_options;

/* Those of TensorFlow 1 have its names of variables: the slot is <variable>/ProximalAdagrad, and no
 * hyper-parameter is a variable. */
/** Duchi and Singer 2009, "Efficient online and batch learning using forward backward splitting"
 *  (tf.compat.v1.train.ProximalGradientDescentOptimizer). */
typedef struct est_proximal_gradient_descent_options {
    double learning_rate;               /* 0.01 */
    double l1_regularization_strength, l2_regularization_strength;    /* 0 */
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_proximal_gradient_descent_options;
/** The same after Adagrad's step (tf.compat.v1.train.ProximalAdagradOptimizer). */
typedef struct est_proximal_adagrad_options {
    double learning_rate;               /* 0.001 */
    double initial_accumulator_value;   /* 0.1 */
    double l1_regularization_strength, l2_regularization_strength;    /* 0 */
    double clipnorm, clipvalue, global_clipnorm;
    const est_schedule *learning_rate_schedule;
} est_proximal_adagrad_options;

/** An optimizer by Keras' name ("Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"), or
 *  "AdamW", "LAMB", "ProximalAdagrad", "ProximalGradientDescent", with its options struct of `size` bytes; NULL options: Keras' defaults.
 *  Errors: NOT_FOUND: unknown name (the nearest is named); INVALID_ARGUMENT: a value out of range. Out: the
 *  caller's, est_optimizer_free. Thread-safe. Since 0.1. */
EST_API est_status est_optimizer_new(const char *name, const void *options, size_t size, est_optimizer **out);
static inline est_status est_ftrl_optimizer_new(const est_ftrl_options *options, est_optimizer **out)
{
    return est_optimizer_new("Ftrl", options, sizeof *options, out);
}
static inline est_status est_sgd_optimizer_new(const est_sgd_options *options, est_optimizer **out)
{
    return est_optimizer_new("SGD", options, sizeof *options, out);
}
static inline est_status est_adagrad_optimizer_new(const est_adagrad_options *options, est_optimizer **out)
{
    return est_optimizer_new("Adagrad", options, sizeof *options, out);
}
static inline est_status est_adam_optimizer_new(const est_adam_options *options, est_optimizer **out)
{
    return est_optimizer_new("Adam", options, sizeof *options, out);
}
static inline est_status est_adamax_optimizer_new(const est_adamax_options *options, est_optimizer **out)
{
    return est_optimizer_new("Adamax", options, sizeof *options, out);
}
static inline est_status est_nadam_optimizer_new(const est_nadam_options *options, est_optimizer **out)
{
    return est_optimizer_new("Nadam", options, sizeof *options, out);
}
static inline est_status est_rmsprop_optimizer_new(const est_rmsprop_options *options, est_optimizer **out)
{
    return est_optimizer_new("RMSprop", options, sizeof *options, out);
}
static inline est_status est_adadelta_optimizer_new(const est_adadelta_options *options, est_optimizer **out)
{
    return est_optimizer_new("Adadelta", options, sizeof *options, out);
}
static inline est_status est_adamw_optimizer_new(const est_adamw_options *options, est_optimizer **out)
{
    return est_optimizer_new("AdamW", options, sizeof *options, out);
}
static inline est_status est_lamb_optimizer_new(const est_lamb_options *options, est_optimizer **out)
{
    return est_optimizer_new("LAMB", options, sizeof *options, out);
}
static inline est_status est_proximal_adagrad_optimizer_new(const est_proximal_adagrad_options *options, est_optimizer **out)
{
    return est_optimizer_new("ProximalAdagrad", options, sizeof *options, out);
}
static inline est_status est_proximal_gradient_descent_optimizer_new(const est_proximal_gradient_descent_options *options,
                                                                     est_optimizer **out)
{
    return est_optimizer_new("ProximalGradientDescent", options, sizeof *options, out);
}
/** Gives up one share, and frees it with the last; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_optimizer_free(est_optimizer *o);
/** Another share, for another est_optimizer_free; returns `o`. NULL does nothing. Thread-safe. Since 0.1. */
EST_API est_optimizer *est_optimizer_retain(est_optimizer *o);
/** Keras' name. Constant. Thread-safe. Since 0.1. */
EST_API const char *est_optimizer_name(const est_optimizer *o);
/** Its options struct with every default filled in; a 0 is a 0 here. Lent by `o`. Thread-safe. Since 0.1. */
EST_API const void *est_optimizer_options(const est_optimizer *o);
/** The fields of that optimizer's options, and the size of the struct in bytes (options_size may be NULL);
 *  NULL: unknown name. Constant. Thread-safe. Since 0.1. */
EST_API const est_field *est_optimizer_fields(const char *name, size_t *options_size);
/** The names of all optimizers, NULL-terminated. Constant. Thread-safe. Since 0.1. */
EST_API const char *const *est_optimizer_names(void);

/** Gradients of `loss` for all trainable variables, their updates, and the step's count: global_step += 1
 *  (`global_step` is the handle) (tf.keras.optimizers.legacy.Optimizer.minimize). Variables:
 *  training/<Name>/<variable>/<slot> and training/<Name>/<hyper-parameter>, as tf.estimator 2.15 saves them.
 *  Returns one node that stands for all updates.
 *  Errors: INVALID_ARGUMENT: the loss depends on no trainable variable; UNIMPLEMENTED: an op has no gradient. */
EST_API est_node *est_optimizer_minimize(est_optimizer *o, est_graph *g, est_node *loss, est_node *global_step);
/** The same for these variables alone (handles), where several optimizers share a model: one of them counts
 *  global_step; the others, with `global_step` NULL, each an int64 variable training/<Name>/iter. */
EST_API est_node *est_optimizer_minimize_variables(est_optimizer *o, est_graph *g, est_node *loss, est_nodes variables,
                                                   est_node *global_step);

/* ---- metrics: accumulators are local variables metrics/<name>/…, so that a run over many batches adds up
 * ---- */
typedef struct est_metric {
    const char *name;    /* lent by the graph */
    est_node *update;    /* a target of each evaluation step */
    est_node *value;     /* the result, read after the last step: a float32 scalar, unless the metric says otherwise; that of a
                          * spec (est_spec_metric) must be one */
} est_metric;
/* In: labels, predictions and values of one shape, or with a last dimension of 1 more; `weights` NULL: 1;
 * else broadcast to them. A result without examples, or whose divisor is 0, is 0. Errors: ALREADY_EXISTS: a
 * name that the graph has. */
/** Weighted mean of `values` (tf.keras.metrics.Mean). */
EST_API est_metric est_metric_mean(est_graph *g, const char *name, est_node *values, est_node *weights);
/** Share of predictions that equal their labels (tf.keras.metrics.Accuracy). */
EST_API est_metric est_metric_accuracy(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights);
/** True positives among what is above `threshold`, and among what is labelled other than 0
 *  (tf.keras.metrics.Precision, Recall). */
EST_API est_metric est_metric_precision(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                        est_node *weights, double threshold);
EST_API est_metric est_metric_recall(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                     double threshold);
/** The same at several thresholds, which ascend; the value is [thresholds] (tf.keras.metrics.Precision, Recall). */
EST_API est_metric est_metric_precision_at_thresholds(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                      est_node *weights, est_floats thresholds);
EST_API est_metric est_metric_recall_at_thresholds(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                   est_node *weights, est_floats thresholds);
/** Means over all elements of the squared error, its root, the size of the error
 *  (tf.compat.v1.metrics.mean_squared_error, root_mean_squared_error, mean_absolute_error). */
EST_API est_metric est_metric_mean_squared_error(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                 est_node *weights);
EST_API est_metric est_metric_root_mean_squared_error(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                      est_node *weights);
EST_API est_metric est_metric_mean_absolute_error(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                  est_node *weights);
/** The share of the labels' variance that predictions explain, a mean over the n columns of [batch, n]; 0 for
 *  labels that do not vary (tf.keras.metrics.R2Score). */
EST_API est_metric est_metric_r2(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights);
/** Matthews' correlation of what is above `threshold` with labels other than 0, in [-1, 1]. */
EST_API est_metric est_metric_matthews(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                       est_node *weights, double threshold);
/** Mean cross entropy of probabilities with labels in [0, 1] (tf.keras.metrics.BinaryCrossentropy). */
EST_API est_metric est_metric_log_loss(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights);
/** exp of the mean of `losses`, which are cross entropies. */
EST_API est_metric est_metric_perplexity(est_graph *g, const char *name, est_node *losses, est_node *weights);
/** Share of labels, class ids [batch] or [batch, 1], among the k greatest scores of [batch, classes]
 *  (tf.keras.metrics.SparseTopKCategoricalAccuracy). Errors: INVALID_ARGUMENT: k < 1, an unknown number of
 *  classes; when it runs, a label that is no class. */
EST_API est_metric est_metric_top_k_accuracy(est_graph *g, const char *name, est_node *labels, est_node *scores, est_node *weights,
                                             int64_t k);
/** The weight of each pair of classes, [label, prediction]; the value is [num_classes, num_classes]
 *  (tf.math.confusion_matrix). In: class ids, [batch] or [batch, 1]; `weights` likewise, or one. Errors:
 *  INVALID_ARGUMENT: num_classes; when it runs, an id that is no class. */
EST_API est_metric est_metric_confusion_matrix(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                               est_node *weights, int64_t num_classes);
/** The expected calibration error of probabilities: how far, over `bins` bins of equal width, their mean is from
 *  that of the labels, as a mean over examples. Errors: INVALID_ARGUMENT: bins < 1. */
EST_API est_metric est_metric_calibration_error(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                                est_node *weights, int64_t bins);
/** The area under a curve, 200 thresholds, predictions in [0, 1] (tf.keras.metrics.AUC): "ROC" by trapezoids,
 *  or "PR" by the interpolation of Davis and Goadrich 2006. Errors: INVALID_ARGUMENT: another curve. */
EST_API est_metric est_metric_auc(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                  const char *curve);

#ifdef __cplusplus
}
#endif
#endif
