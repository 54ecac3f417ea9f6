/* What a model_fn does with variables by hand: gradients that are changed on their way to an optimizer. Functions that take a graph build
 * nodes in it, lent by it; errors stick to it (graph.h). One thread at a time per graph. Since 0.1. */
#ifndef ESTIMATOR_VARIABLES_H
#define ESTIMATOR_VARIABLES_H

#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- gradients by hand: between est_gradients and est_optimizer_apply_gradients; a NULL value stays. Of rows (indices not NULL) the
 * values are clipped as they come, ids that repeat are not summed before ---- */
/** Each element into [-bound, bound] (tf.clip_by_value). Errors: INVALID_ARGUMENT: a bound that is not above 0. */
EST_API void est_clip_by_value(est_graph *g, est_gradient *gradients, size_t count, double bound);
/** Each gradient whose norm is above `norm` is scaled down to it (tf.clip_by_norm). Errors: as above. */
EST_API void est_clip_by_norm(est_graph *g, est_gradient *gradients, size_t count, double norm);
/** All of them by one factor, where the norm of all together is above `norm` (tf.clip_by_global_norm). Gives the norm that they had, [];
 *  one that is not finite makes them all NaN. Errors: as above. */
EST_API est_node *est_clip_by_global_norm(est_graph *g, est_gradient *gradients, size_t count, double norm);

/** The second half of est_optimizer_minimize_variables: updates `variables.data[i]` (a handle) by `gradients[i]`
 *  (tf.keras.optimizers.legacy.Optimizer.apply_gradients). One whose value is NULL is left alone. `global_step` as there.
 *  Errors: INVALID_ARGUMENT: no gradient at all, a handle that is none or stands twice, a gradient of another shape; UNIMPLEMENTED: a
 *  variable that is not float32. */
EST_API est_node *est_optimizer_apply_gradients(est_optimizer *o, est_graph *g, const est_gradient *gradients, est_nodes variables,
                                                est_node *global_step);

#ifdef __cplusplus
}
#endif
#endif
