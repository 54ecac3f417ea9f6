/* Explanations: what each feature contributes to the predictions of a trained model, example by example. */
#ifndef ESTIMATOR_EXPLAIN_H
#define ESTIMATOR_EXPLAIN_H

#include <estimator/experiment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the features of one batch contribute to its logits: bias + the sum of an example's contributions = its logits, up to
 *  rounding; of networks, up to what is left of the integral's approximation. A feature is a feature column, by its name; of trees,
 *  an element of a wide numeric column ("x:0"). Lent for the callback. */
typedef struct est_contributions {
    int64_t rows, outputs;          /* outputs: the head's logits */
    est_strings feature;
    const double *contribution;     /* [rows, outputs, features] */
    const double *bias;             /* [rows, outputs]: the logits of the baseline */
    const double *logits;           /* [rows, outputs] */
    const est_predictions *predictions;   /* of the same rows, as est_predict gives them */
} est_contributions;

typedef struct est_explain_options {
    est_input_fn input_fn;              /* needed */
    void *user;
    int64_t steps;                      /* 50: points of the integral; a model that adds up its columns needs one, trees none */
    const char *checkpoint_path;        /* prefix; NULL: the newest */
    est_status (*each)(const est_contributions *batch, void *user);   /* needed; another status than EST_OK ends it */
    void *each_user;
} est_explain_options;
/** Explains data, batch after batch, in their order.
 *  Linear models: a column's weights times its values, summed. Boosted trees: Shapley values over the ways through the trees, exactly
 *  (path-dependent tree SHAP; Lundberg et al., 2020); the baseline is the mean of the training rows. All others: integrated gradients
 *  (Sundararajan et al., "Axiomatic attribution for deep networks", 2017) from the baseline 0 of what their columns give: a number,
 *  normalized, of 0, no category, an embedding of zeros. So for any model_fn over est_linear_model, est_input_layer and
 *  est_sequence_input_layer, under a head; what it reads in other ways counts as part of the baseline.
 *  Errors: those of est_predict; INVALID_ARGUMENT: steps; UNIMPLEMENTED: a model without logits (KMeans, a model_fn without a head),
 *  an op without a gradient. One thread at a time per estimator. Since 0.1. */
EST_API est_status est_explain_sized(est_estimator *e, const est_explain_options *options, size_t size);
static inline est_status est_explain(est_estimator *e, const est_explain_options *options)
{
    return est_explain_sized(e, options, sizeof *options);
}

/** est_predict with two predictions more, behind the others (BoostedTrees' experimental_predict_with_explanations, for any model that
 *  est_explain knows): "bias", float32 [rows, outputs], and "dfc" (directional feature contributions), float32 [rows, features] of one
 *  output, else [rows, outputs, features]; of trees they are est_explain's Shapley values, where TensorFlow takes the differences along
 *  an example's own way alone. The features are in the order of est_contributions. predict_keys are not looked at. */
EST_API est_status est_predict_with_explanations_sized(est_estimator *e, const est_predict_options *options, size_t size);
static inline est_status est_predict_with_explanations(est_estimator *e, const est_predict_options *options)
{
    return est_predict_with_explanations_sized(e, options, sizeof *options);
}

/** Explains the file `input` (NULL: the configuration's own), read as est_experiment_predict does. `options`: input_fn and user are
 *  not looked at. Errors: also those of the configuration's data. One thread at a time per experiment. Since 0.1. */
EST_API est_status est_experiment_contributions_sized(est_experiment *x, const char *input, const est_explain_options *options,
                                                      size_t size);
static inline est_status est_experiment_contributions(est_experiment *x, const char *input, const est_explain_options *options)
{
    return est_experiment_contributions_sized(x, input, options, sizeof *options);
}

#ifdef __cplusplus
}
#endif
#endif
