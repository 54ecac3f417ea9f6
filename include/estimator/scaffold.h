/* What a model_fn says of the session that its graph will run in: first values, names in checkpoints, what is done before the first step
 * (tf.compat.v1.train.Scaffold); and losses of regularizers for its head. */
#ifndef ESTIMATOR_SCAFFOLD_H
#define ESTIMATOR_SCAFFOLD_H

#include <estimator/hooks.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thread at a time per spec; errors stick to its graph. Since 0.1. */

/** Further losses, float32 [], for the head that is called afterwards: it adds them to its loss, in training and evaluation, and shows
 *  their sum as the summary and the metric "regularization_loss" (regularization_losses of tf.estimator.Head.create_estimator_spec).
 *  est_regularization_losses gives those of the graph. */
EST_API void est_spec_regularization_losses(est_spec *s, est_nodes losses);

/** Called in training when variables have their first values and no checkpoint has others (Scaffold's init_fn): before model.ckpt-0 is
 *  written. May call est_run_assign and est_run_evaluate; what it fails with ends the training. Not with a warm start, as in TensorFlow's order
 *  that one comes after it. `user` lives as long as the training. */
EST_API void est_spec_init_fn(est_spec *s, est_status (*init_fn)(est_run_context *c, void *user), void *user);
/** In an init_fn, and in a hook's after_create_session: sets a variable (its handle). `value` is copied.
 *  Errors: INVALID_ARGUMENT: no variable of the graph, another dtype or shape. */
EST_API est_status est_run_assign(est_run_context *c, est_node *variable, const est_tensor *value);

/** Runs once in each session of the mode, when variables and tables have their values (Scaffold's local_init_op). It depends on no
 *  input. */
EST_API void est_spec_local_init_op(est_spec *s, est_node *op);

/** The variable's value comes from the one of that name, in evaluation, prediction and export (Scaffold's saver, with a map of names). In
 *  training it is an error: checkpoints hold variables under their own names. */
EST_API void est_spec_restore_name(est_spec *s, est_node *variable, const char *name);
/** The same for each variable that has been made and is trained: its moving average <variable>/<name>; `name` NULL:
 *  "ExponentialMovingAverage" (tf.train.ExponentialMovingAverage.variables_to_restore). */
EST_API void est_spec_restore_averages(est_spec *s, const char *name);

#ifdef __cplusplus
}
#endif
#endif
