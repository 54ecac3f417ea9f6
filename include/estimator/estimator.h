/* The whole public interface of libestimator. What holds for all of it, unless a comment says otherwise:
 *
 * Errors     A call that may fail returns est_status; est_error() has one sentence. RESOURCE_EXHAUSTED (no memory)
 *            may come from any call that allocates. Builders (columns, graphs, datasets) stick instead: the first
 *            error is kept, and whoever consumes what was built returns it.
 * Ownership  est_x_new(…, &out) gives: the caller frees with est_x_free, and out is NULL after a failure. A pointer
 *            that is returned is lent, as long as what it came from lives. What is passed in is copied before the
 *            call returns; callbacks and their `user` live as long as their owner. est_x_free(NULL) does nothing.
 * Options    A zeroed struct is the default, and comments beside fields name it. Other pointers are not NULL unless
 *            their comment says what NULL means. est_x_sized is est_x with the size of the caller's struct, so that
 *            a struct may grow; est_x calls it.
 * Threads    "Thread-safe": on any threads at once, on one object too. "One thread at a time per X": the caller
 *            keeps calls on one X apart; other X are free. Callbacks run on the calling thread unless it is said.
 * Numbers    Shapes are [rows, …], row-major; times are seconds, sizes bytes; text does not depend on the locale. */
#ifndef ESTIMATOR_ESTIMATOR_H
#define ESTIMATOR_ESTIMATOR_H

#include <estimator/add_metrics.h>
#include <estimator/base.h>
#include <estimator/calibrate.h>
#include <estimator/calibration.h>
#include <estimator/checkpoint.h>
#include <estimator/cluster.h>
#include <estimator/data.h>
#include <estimator/estimators.h>
#include <estimator/experiment.h>
#include <estimator/explain.h>
#include <estimator/feature_columns.h>
#include <estimator/fields.h>
#include <estimator/graph.h>
#include <estimator/heads.h>
#include <estimator/hooks.h>
#include <estimator/inspect.h>
#include <estimator/linear_sdca.h>
#include <estimator/nn.h>
#include <estimator/object_checkpoint.h>
#include <estimator/ops.h>
#include <estimator/partitioner.h>
#include <estimator/plot.h>
#include <estimator/readers.h>
#include <estimator/records.h>
#include <estimator/rnn.h>
#include <estimator/run_config.h>
#include <estimator/saved_model.h>
#include <estimator/saved_model_estimator.h>
#include <estimator/scaffold.h>
#include <estimator/session.h>
#include <estimator/stats.h>
#include <estimator/status.h>
#include <estimator/summary.h>
#include <estimator/tensor.h>
#include <estimator/training.h>
#include <estimator/training_loop.h>
#include <estimator/tune.h>
#include <estimator/variables.h>
#include <estimator/version.h>
#include <estimator/warm_start.h>

#endif
