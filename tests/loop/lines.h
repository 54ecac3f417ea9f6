/* A small model for the tests of the training loop: a line through points. */
#ifndef EST_TESTS_LOOP_LINES_H
#define EST_TESTS_LOOP_LINES_H

#include <estimator/estimator.h>

/* Points x = 0, 1, … of y = 2 x + 1, in batches of two in their order; `user` points to their number, an int. */
est_status lines_data(const est_input_context *context, est_dataset **out, void *user);
/* A dense layer "line" of one unit that begins with zeros. */
est_node *lines_model(est_graph *g, const est_features *features, est_mode mode, void *user);
/* A loop over `training` and `validation` points (0: none), by SGD of that rate and the mean squared error; callbacks and metrics may be
 * set in `o` before. */
est_status lines_loop(est_training_loop_options o, const int *training, const int *validation, double rate, est_training_loop **out);
/* The value of a variable of one element; NaN: there is none. */
double lines_value(const est_training_loop *l, const char *name);

#endif
