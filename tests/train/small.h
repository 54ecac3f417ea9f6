/* A small estimator over eight rows in memory for the tests of train and estimators, and the log lines of what they do. */
#ifndef EST_TESTS_TRAIN_SMALL_H
#define EST_TESTS_TRAIN_SMALL_H

#include <estimator/estimators.h>

/* Rows x, y and a label; in batches of 4, for ever. */
est_status small_input(const est_input_context *context, est_dataset **out, void *user);
/* Once through them. */
est_status small_once(const est_input_context *context, est_dataset **out, void *user);
/* LinearClassifier over x, a checkpoint every 2 steps. NULL after a failure, which is reported. */
est_estimator *small_new(const char *model_dir);
/* The same with other columns, where `columns` is 2: x and y. */
est_estimator *small_new_of(const char *model_dir, int columns, double learning_rate);
/* Trains a new one to max_steps; its error stays. */
est_status small_train(const char *model_dir, int64_t max_steps);

/* Log lines of at least the level since the last call, each with a newline; the name of the test's folder is left out. */
void log_begin(est_log_level least);
const char *log_lines(void);
void log_end(void);

#endif
