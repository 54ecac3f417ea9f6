/* What boosting asks of a loss. */
#ifndef EST_TREES_OBJECTIVE_H
#define EST_TREES_OBJECTIVE_H

#include "trees/trees.h"

/* Of n rows: score, label, gradient and Hessian of one output; `total`: by row the logarithm of the sum of the exponentials of all
 * scores, for softmax alone. */
void est__objective_gradients(est__objective o, const float *score, const float *label, const float *total, int64_t output, int64_t n,
                              float *g, float *h);
/* `score`: [outputs][rows]; fills total[begin .. begin + n). */
void est__objective_totals(const float *score, int64_t rows, int64_t outputs, int64_t begin, int64_t n, float *total);
double est__objective_loss(est__objective o, double score, double label);
/* The constant logit for a mean label. */
double est__objective_bias(est__objective o, double mean);

#endif
