/* Heads, and the spec that a model_fn gives back: what stands between logits and loss, metrics, predictions and signatures. */
#ifndef ESTIMATOR_HEADS_H
#define ESTIMATOR_HEADS_H

#include <estimator/feature_columns.h>
#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum est_mode { EST_TRAIN, EST_EVAL, EST_PREDICT } est_mode;

/** tf.estimator.EstimatorSpec: built once per mode, by a model_fn. What is set here is lent by the graph. */
typedef struct est_spec est_spec;
EST_API est_graph *est_spec_graph(const est_spec *s);
EST_API est_node *est_spec_global_step(const est_spec *s);               /* the handle of global_step */
EST_API void est_spec_loss(est_spec *s, est_node *loss);                 /* a float scalar; train and eval */
EST_API void est_spec_train_op(est_spec *s, est_node *op);               /* train */
EST_API void est_spec_prediction(est_spec *s, const char *key, est_node *value);   /* [batch, …]; in the order of the calls */
EST_API void est_spec_metric(est_spec *s, est_metric metric);            /* eval */
EST_API void est_spec_scalar_summary(est_spec *s, const char *tag, est_node *value);
/** A serving signature: `method` is "classify", "regress" or "predict"; keys and nodes are its outputs. `key` "serving_default" as
 *  well as others; classify and regress ones are dropped by a raw receiver. */
EST_API void est_spec_export_output(est_spec *s, const char *key, const char *method, est_strings keys, est_nodes outputs);

/** tf.estimator.Head. Counted, like an optimizer. */
typedef struct est_head est_head;

typedef struct est_head_options {
    int64_t n_classes;            /* MultiClassHead: needed, > 2 */
    est_strings label_vocabulary; /* labels are strings of this list; none: integer ids */
    const char *weight_column;    /* key of a float feature; NULL: none */
    const char *loss_reduction;   /* "sum_over_batch_size" (default) or "sum" */
    int64_t label_dimension;      /* RegressionHead: 1 */
    est_floats thresholds;        /* BinaryClassHead: extra metrics; none */
    const char *name;
} est_head_options;
/** A head by its tf.estimator name: "BinaryClassHead", "MultiClassHead", "RegressionHead". Errors as tf.estimator's. Since 0.1. */
EST_API est_status est_head_new_sized(const char *kind, const est_head_options *options, size_t size, est_head **out);
static inline est_status est_head_new(const char *kind, const est_head_options *options, est_head **out)
{
    return est_head_new_sized(kind, options, options ? sizeof *options : 0, out);
}
EST_API void est_head_free(est_head *h);
EST_API est_head *est_head_retain(est_head *h);
EST_API int64_t est_head_logits_dimension(const est_head *h);
/** What the label (its `name` is the caller's) and the weight must be in the data. `weight` name NULL: none. */
EST_API est_feature est_head_label(const est_head *h);
EST_API est_feature est_head_weight(const est_head *h);
/** Fills the spec for the mode: predictions and export outputs, loss, metrics, and the training op through `optimizer`.
 *  `labels` [batch] or [batch, n]; NULL in EST_PREDICT. */
EST_API est_status est_head_spec(est_head *h, est_spec *s, const est_features *features, est_node *labels, est_mode mode,
                                 est_node *logits, est_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
