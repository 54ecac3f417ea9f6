/* Heads, and the spec that a model_fn gives back: what stands between logits and loss, metrics, predictions
 * and signatures. */
#ifndef ESTIMATOR_HEADS_H
#define ESTIMATOR_HEADS_H

#include <estimator/feature_columns.h>
#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a graph is built for (tf.estimator.ModeKeys). */
typedef enum est_mode { EST_TRAIN, EST_EVAL, EST_PREDICT } est_mode;

/** What a model_fn gives back (tf.estimator.EstimatorSpec): built once per mode. Nodes that are set here are
 *  the graph's; names are copied; errors stick to the graph. One thread at a time per spec, for all that
 *  takes one. Since 0.1. */
typedef struct est_spec est_spec;
EST_API est_graph *est_spec_graph(const est_spec *s);                    /* lent for the call of model_fn */
EST_API est_node *est_spec_global_step(const est_spec *s);               /* the handle of global_step, an int64 scalar */
/** Where a label of variable length lies: a SparseTensor as of a feature, whose values are the `labels` of model_fn. NULL: labels are
 *  dense, or there are none. Lent for the call of model_fn. */
EST_API const est_feature_nodes *est_spec_sparse_labels(const est_spec *s);
EST_API void est_spec_loss(est_spec *s, est_node *loss);                 /* a float32 scalar; needed to train and evaluate */
EST_API void est_spec_train_op(est_spec *s, est_node *op);               /* needed to train: est_optimizer_minimize */
EST_API void est_spec_prediction(est_spec *s, const char *key, est_node *value);   /* [batch, …]; in the order of the calls */
EST_API void est_spec_metric(est_spec *s, est_metric metric);            /* eval; "loss" and "global_step" are there already */
EST_API void est_spec_scalar_summary(est_spec *s, const char *tag, est_node *value);   /* train; "loss" is there already */
EST_API void est_spec_histogram_summary(est_spec *s, const char *tag, est_node *value);   /* train; numbers of any shape */
/** Training ends when a step changes the loss l of the one before by less than tolerance * (1 + |l|); 0: never
 *  (relative_tolerance of tf.compat.v1.estimator.experimental.KMeans). */
EST_API void est_spec_loss_tolerance(est_spec *s, double tolerance);
/** A serving signature, in EST_PREDICT (tf.estimator.export.ExportOutput): `method` is "classify", "regress"
 *  or "predict"; keys and nodes are its outputs. `key` "serving_default" as well as others; classify and
 *  regress ones are dropped by a raw receiver. */
EST_API void est_spec_export_output(est_spec *s, const char *key, const char *method, est_strings keys, est_nodes outputs);

/** What stands between logits and all the rest (tf.estimator.Head). It does not change, and is counted:
 *  whoever is given one keeps it alive. */
typedef struct est_head est_head;

typedef struct est_head_options {
    int64_t n_classes;            /* MultiClassHead: needed, > 2 */
    est_strings label_vocabulary; /* labels are strings of this list; none: integer ids */
    const char *weight_column;    /* key of a float feature; NULL: none */
    const char *loss_reduction;   /* "sum_over_batch_size" (default) or "sum" */
    int64_t label_dimension;      /* RegressionHead: 1 */
    est_floats thresholds;        /* BinaryClassHead: extra metrics at each, in (0, 1); none */
    const char *name;             /* goes behind the keys of metrics and summaries; NULL: none */
} est_head_options;
/** A head by its tf.estimator name: "BinaryClassHead", "MultiClassHead", "RegressionHead".
 *  Errors: INVALID_ARGUMENT: an unknown name (the nearest is named), or option, value and what is wanted.
 *  Out: the caller's, est_head_free. Thread-safe. Since 0.1. */
EST_API est_status est_head_new_sized(const char *kind, const est_head_options *options, size_t size, est_head **out);
static inline est_status est_head_new(const char *kind, const est_head_options *options, est_head **out)
{
    return est_head_new_sized(kind, options, options ? sizeof *options : 0, out);
}
/** The names of all heads, NULL-terminated, and the options that one takes; NULL: unknown. Constant.
 *  Thread-safe. Since 0.1. */
EST_API const char *const *est_head_kinds(void);
EST_API const est_field *est_head_fields(const char *kind);
/** Gives up one share, and frees it with the last; NULL does nothing. Thread-safe. Since 0.1. */
EST_API void est_head_free(est_head *h);
/** Another share, for another est_head_free; returns `h`. NULL does nothing. Thread-safe. Since 0.1. */
EST_API est_head *est_head_retain(est_head *h);
/** The n of its logits [batch, n]. Thread-safe. Since 0.1. */
EST_API int64_t est_head_logits_dimension(const est_head *h);
/** What the label and the weight must be in the data: int64 or string [] for classes, float32 [] or
 *  [label_dimension] for regression; float32 [1]. The label's `name` is NULL, as it is the caller's; the
 *  weight's is lent by `h`, NULL: none. Thread-safe. Since 0.1. */
EST_API est_feature est_head_label(const est_head *h);
EST_API est_feature est_head_weight(const est_head *h);
/** Fills the spec for the mode (tf.estimator.Head.create_estimator_spec): predictions and export outputs,
 *  loss, metrics, and the training op through `optimizer` (needed in EST_TRAIN).
 *  In: `logits` [batch, logits_dimension]; `labels` [batch] or [batch, n], NULL in EST_PREDICT.
 *  Errors: INVALID_ARGUMENT names what does not fit. A label outside the classes fails the run. One thread at
 *  a time per spec. Since 0.1. */
EST_API est_status est_head_spec(est_head *h, est_spec *s, const est_features *features, est_node *labels, est_mode mode,
                                 est_node *logits, est_optimizer *optimizer);
/** Makes the training op of a loss, which also counts `global_step` (a handle) (train_op_fn of
 *  tf.estimator.Head.create_estimator_spec). */
typedef est_node *(*est_train_op_fn)(est_graph *g, est_node *loss, est_node *global_step, void *user);
/** The same with a training op of one's own: est_optimizer_minimize_variables for each part of a model. */
EST_API est_status est_head_spec_with(est_head *h, est_spec *s, const est_features *features, est_node *labels, est_mode mode,
                                      est_node *logits, est_train_op_fn train_op_fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
