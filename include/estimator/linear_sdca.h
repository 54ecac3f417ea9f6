/* LinearSDCA: linear models trained by stochastic dual coordinate ascent. */
#ifndef ESTIMATOR_LINEAR_SDCA_H
#define ESTIMATOR_LINEAR_SDCA_H

#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct est_linear_sdca_options {
    const char *example_id_column;      /* needed: key of a string feature that names each example */
    int64_t num_loss_partitions;        /* 1: batches that are trained at once, on all workers */
    int64_t num_table_shards;           /* 1: tables that the state of examples lies in */
    double symmetric_l1_regularization; /* 0 */
    double symmetric_l2_regularization; /* 1; above 0 */
    bool adaptive;                      /* examples that promise more are taken more often */
} est_linear_sdca_options;
/** Stochastic dual coordinate ascent (tf.estimator.experimental.LinearSDCA), as the optimizer of LinearClassifier, of LinearRegressor
 *  and of LinearEstimator: of two classes (logistic loss), or one label (half the squared error), with sparse_combiner "sum". It
 *  minimises the sum of the examples' losses, each times its weight, plus l1 |w| + l2 |w|^2 / 2. It has no learning rate; a dual variable
 *  of each example is kept, by its name, in memory and in checkpoints.
 *  Errors: INVALID_ARGUMENT names the option; when an estimator is made, what does not go with it: other heads and combiners,
 *  warm_start_from. Any other use of the optimizer spoils the graph.
 *  Out: the caller's, est_optimizer_free. Thread-safe. Since 0.1. */
static inline est_status est_linear_sdca_new(const est_linear_sdca_options *options, est_optimizer **out)
{
    return est_optimizer_new("LinearSDCA", options, sizeof *options, out);
}

#ifdef __cplusplus
}
#endif
#endif
