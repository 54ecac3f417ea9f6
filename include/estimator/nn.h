/* Layers, losses, optimizers and metrics: what model functions are made of. */
#ifndef ESTIMATOR_NN_H
#define ESTIMATOR_NN_H

#include <estimator/fields.h>
#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layers ---- */
typedef struct est_dense_options {
    est_node *(*activation)(est_graph *g, est_node *x);  /* NULL: none */
    bool no_bias;
    est_node *kernel_initializer;   /* [in, units]; NULL: est_glorot_uniform */
    const char *name;               /* "dense": variables <name>/kernel, <name>/bias */
} est_dense_options;
/** A fully connected layer: activation(x · kernel + bias); x [batch, in] float32 -> [batch, units] (tf.keras.layers.Dense). */
EST_API est_node *est_dense(est_graph *g, est_node *x, int64_t units, const est_dense_options *options);

/* ---- initial values ---- */
EST_API est_node *est_zeros(est_graph *g, est_dtype dtype, est_shape shape);
EST_API est_node *est_filled(est_graph *g, est_shape shape, double value);          /* float32 */
EST_API est_node *est_glorot_uniform(est_graph *g, est_shape shape);
EST_API est_node *est_truncated_normal(est_graph *g, est_shape shape, double mean, double stddev);

/* ---- losses, per element; reduce with est_loss_reduce ---- */
EST_API est_node *est_sigmoid_cross_entropy(est_graph *g, est_node *labels, est_node *logits);        /* as logits */
EST_API est_node *est_sparse_softmax_cross_entropy(est_graph *g, est_node *labels, est_node *logits); /* [batch] */
EST_API est_node *est_squared_error(est_graph *g, est_node *labels, est_node *predictions);
/** One number of many: the sum of losses * weights, divided by their number under "sum_over_batch_size" (also NULL), as it is under
 *  "sum". `weights` NULL: 1; else of the losses' rank, or one dimension of 1 less or more. */
EST_API est_node *est_loss_reduce(est_graph *g, est_node *losses, est_node *weights, const char *reduction);

/* ---- optimizers: tf.keras.optimizers.legacy ---- */
typedef struct est_optimizer est_optimizer;   /* counted: whoever is given one keeps it alive */

/* A zero is Keras' default; where that is another number, EST_OFF stands for a 0 that is meant. */
#define EST_FTRL_FIXED_RATE (-1e-300)   /* a learning_rate_power of 0 */
typedef struct est_sgd_options { double learning_rate; double momentum; bool nesterov; double decay; } est_sgd_options;
typedef struct est_adagrad_options {
    double learning_rate, initial_accumulator_value, epsilon, decay;
} est_adagrad_options;
typedef struct est_adam_options { double learning_rate, beta_1, beta_2, epsilon; bool amsgrad; double decay; } est_adam_options;
typedef struct est_ftrl_options {
    double learning_rate, learning_rate_power, initial_accumulator_value, l1_regularization_strength, l2_regularization_strength,
        l2_shrinkage_regularization_strength, beta, decay;
} est_ftrl_options;

/** An optimizer by Keras' name ("Ftrl", "SGD", "Adagrad", "Adam") with its options struct; NULL options: Keras' defaults.
 *  Errors: unknown name (the nearest is named), a value out of range. Free with est_optimizer_free. Since 0.1. */
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
EST_API void est_optimizer_free(est_optimizer *o);
EST_API est_optimizer *est_optimizer_retain(est_optimizer *o);
EST_API const char *est_optimizer_name(const est_optimizer *o);
/** Its options struct with every default filled in; a 0 is a 0 here. Lent. */
EST_API const void *est_optimizer_options(const est_optimizer *o);
EST_API const est_field *est_optimizer_fields(const char *name, size_t *options_size);
EST_API const char *const *est_optimizer_names(void);

/** Gradients of `loss` for all trainable variables, their updates, and the step's count: global_step += 1 (`global_step` is the
 *  handle). Variables: training/<Name>/<variable>/<slot> and training/<Name>/<hyper-parameter>, as tf.estimator 2.15 saves them.
 *  Returns one node that stands for all updates (a target of the training step). */
EST_API est_node *est_optimizer_minimize(est_optimizer *o, est_graph *g, est_node *loss, est_node *global_step);

/* ---- metrics: accumulators are local variables, so that a run over many batches adds up ---- */
typedef struct est_metric {
    const char *name;
    est_node *update;    /* a target of each evaluation step */
    est_node *value;     /* a float32 scalar: the result, read after the last step */
} est_metric;
/** Weighted mean of `values` (tf.keras.metrics.Mean). `weights` NULL: 1; else broadcast to values. */
EST_API est_metric est_metric_mean(est_graph *g, const char *name, est_node *values, est_node *weights);
EST_API est_metric est_metric_accuracy(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights);
EST_API est_metric est_metric_precision(est_graph *g, const char *name, est_node *labels, est_node *predictions,
                                        est_node *weights, double threshold);
EST_API est_metric est_metric_recall(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                     double threshold);
/** tf.keras.metrics.AUC, 200 thresholds, curve "ROC" or "PR" (interpolation). Without positives or negatives: 0. */
EST_API est_metric est_metric_auc(est_graph *g, const char *name, est_node *labels, est_node *predictions, est_node *weights,
                                  const char *curve);

#ifdef __cplusplus
}
#endif
#endif
