/* What each feature adds to the sums of an ensemble: Shapley values over the ways through the trees. */
#ifndef EST_TREES_SHAP_H
#define EST_TREES_SHAP_H

#include "trees/trees.h"

/* Where a feature is left out, rows go both ways, in shares of the nodes' weights ("path-dependent" tree SHAP; Lundberg et al., "From
 * local explanations to global understanding with explainable AI for trees", 2020). `e` is lent. Errors: DATA_LOSS: nodes that hang
 * together otherwise than as trees. */
typedef struct est__shap est__shap;
est_status est__shap_new(const est__ensemble *e, int64_t num_features, est__shap **out);
void est__shap_free(est__shap *s);
const double *est__shap_bias(const est__shap *s);   /* [outputs]: the sums where every feature is left out */
/* `x`: [rows, features] as the trees' variables see it: NaN is missing, a category is its bin. `out`: [rows, outputs, features]; with the
 * bias they add up to the ensemble's sums. */
est_status est__shap_rows(const est__shap *s, const float *x, int64_t rows, est__pool *pool, double *out);

#endif
