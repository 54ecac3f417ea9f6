/* Heads, and the spec that a model_fn gives back: what stands between logits and loss, metrics, predictions
 * and signatures. */
#ifndef ESTIMATOR_HEADS_H
#define ESTIMATOR_HEADS_H

#include <estimator/calibration.h>
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
/** The label of a MultiHead's head of that name, which model_fn's `labels` cannot hold; NULL: there is none. Lent by `s`. */
EST_API const est_feature_nodes *est_spec_find_label(const est_spec *s, const char *name);
/** Gives such a label, by its name; the data's are given already. */
EST_API void est_spec_label(est_spec *s, est_feature_nodes label);
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
/** Heads: EST_HEADS(first, second). */
typedef struct est_head_list {
    est_head *const *data;
    size_t count;
} est_head_list;
#ifndef __cplusplus
#define EST_HEADS(...) ((est_head_list){ (est_head *const[]){ __VA_ARGS__ }, sizeof((est_head *[]){ __VA_ARGS__ }) / sizeof(est_head *) })
#endif

/** A loss of one's own: of each element, float32 [batch, 1] (RegressionHead: [batch, label_dimension]), unweighted.
 *  In: `labels` as the head has them: float32 [batch, 1] (BinaryClassHead), ids [batch, 1] (MultiClassHead),
 *  float32 [batch, n] (MultiLabelHead: multi-hot; RegressionHead); `logits` [batch, logits_dimension]. All is lent
 *  for the call. Called when a graph is built, on the thread of the verb. */
typedef est_node *(*est_loss_fn)(est_graph *g, est_node *labels, est_node *logits, const est_features *features, void *user);
/** The prediction that logits stand for, of their shape. */
typedef est_node *(*est_link_fn)(est_graph *g, est_node *logits, void *user);

typedef struct est_head_options {
    int64_t n_classes;            /* MultiClassHead: needed, > 2; MultiLabelHead: needed, > 1 */
    est_strings label_vocabulary; /* labels are strings of this list; none: integer ids */
    const char *weight_column;    /* key of a float feature; NULL: none */
    const char *loss_reduction;   /* "sum_over_batch_size" (default) or "sum" */
    int64_t label_dimension;      /* RegressionHead, PoissonRegressionHead: 1 */
    est_floats thresholds;        /* BinaryClassHead, MultiLabelHead: extra metrics at each, in (0, 1); none */
    const char *name;             /* goes behind the keys of metrics and summaries; NULL: none */
    bool no_full_loss;            /* PoissonRegressionHead: without the constant term (compute_full_loss=False) */
    est_values classes_for_class_based_metrics;   /* MultiLabelHead: ids or words, each with metrics of its own; none */
    bool sparse_labels;           /* MultiLabelHead: labels are lists of ids, not multi-hot; with label_vocabulary
                                     they are lists of words anyway */
    est_floats class_weights;     /* BinaryClassHead, MultiClassHead: of each class, in training; none: 1 */
    est_head_list heads;          /* MultiHead: needed, each with a name; kept alive */
    est_floats head_weights;      /* MultiHead: of each head's loss; none: 1 */
    est_loss_fn loss_fn;          /* BinaryClassHead, MultiClassHead, MultiLabelHead, RegressionHead; NULL: the head's */
    void *loss_user;              /* of loss_fn; lives as long as the head */
    est_link_fn inverse_link_fn;  /* RegressionHead: predictions of logits; NULL: they are the logits */
    void *link_user;
    est_calibration calibration;  /* BinaryClassHead, MultiClassHead (temperature); none */
} est_head_options;
/** A head by its tf.estimator name: "BinaryClassHead", "LogisticRegressionHead", "MultiClassHead", "MultiHead",
 *  "MultiLabelHead", "PoissonRegressionHead", "RegressionHead".
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
/** Its name, and the heads of a MultiHead (none: it is no MultiHead, or NULL). Lent by `h`; NULL: it has no
 *  name. Thread-safe. Since 0.1. */
EST_API const char *est_head_name(const est_head *h);
EST_API est_head_list est_head_parts(const est_head *h);
/** What the label and the weight must be in the data: int64 or string [] for classes, float32 [] or
 *  [label_dimension] for regression, float32 [n_classes] or a list for MultiLabelHead; float32 [1]. The label's
 *  `name` is NULL, as it is the caller's; the weight's is lent by `h`, NULL: none. A MultiHead has neither: each
 *  of its parts has its own. Thread-safe. Since 0.1. */
EST_API est_feature est_head_label(const est_head *h);
EST_API est_feature est_head_weight(const est_head *h);
/** Fills the spec for the mode (tf.estimator.Head.create_estimator_spec): predictions and export outputs,
 *  loss, metrics, and the training op through `optimizer` (needed in EST_TRAIN).
 *  In: `logits` [batch, logits_dimension]; `labels` [batch] or [batch, n], NULL in EST_PREDICT; the values of
 *  est_spec_sparse_labels (MultiLabelHead), or NULL where the spec has one for each part of a MultiHead.
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
