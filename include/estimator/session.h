/* A session: runs nodes of a graph of the caller's own, and holds its variables. For training loops that are written by hand; an
 * estimator has its own. */
#ifndef ESTIMATOR_SESSION_H
#define ESTIMATOR_SESSION_H

#include <estimator/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The variables of a graph, and runs of its nodes (tf.compat.v1.Session). One thread at a time per session and its
 *  graph. */
typedef struct est_session est_session;

typedef struct est_session_options {
    int64_t random_seed;        /* of initial values and random operations; 1 */
    int64_t num_threads;        /* of kernels; 0: all cores. The numbers do not depend on it */
} est_session_options;

/** A session of graph `g`, which lives longer. A variable has its initial value from the first run, or look at it, on that finds it in the
 *  graph: a graph may grow.
 *  In: `options`, NULL: the defaults.
 *  Errors: the graph's; INVALID_ARGUMENT: num_threads below 0. Out: the caller's, est_session_free. Since 0.1. */
EST_API est_status est_session_new_sized(est_graph *g, const est_session_options *options, size_t size, est_session **out);
static inline est_status est_session_new(est_graph *g, const est_session_options *options, est_session **out)
{
    return est_session_new_sized(g, options, options ? sizeof *options : 0, out);
}
/** Frees it with its variables; NULL does nothing. Since 0.1. */
EST_API void est_session_free(est_session *s);

/** Runs what `fetches` need, once: reads see variables as they were before the run (tf.compat.v1.Session.run).
 *  In: `feeds`, placeholders, and `values`, a tensor for each; `fetches`, values and operations that update (those of an optimizer). The
 *  first run of the same nodes compiles them; the 16 last such lists are kept.
 *  Out: `out`, NULL or a tensor for each fetch, NULL for an operation without outputs. Lent until the next run.
 *  Errors: the graph's; INVALID_ARGUMENT: a fed tensor's dtype or shape, a node of another graph; what an operation fails with: its name
 *  stands in the message. Since 0.1. */
EST_API est_status est_session_run(est_session *s, est_nodes feeds, const est_tensor *const *values, est_nodes fetches,
                                   const est_tensor **out);

/** The value of a variable (its handle). Out: lent until the next run or est_session_assign.
 *  Errors: INVALID_ARGUMENT: it is no variable of the graph; what its initial value fails with. Since 0.1. */
EST_API est_status est_session_value(est_session *s, est_node *variable, const est_tensor **value);
/** Sets a variable (tf.Variable.load). `value` has its dtype and shape, and is copied.
 *  Errors: as est_session_value; INVALID_ARGUMENT: another dtype or shape. Since 0.1. */
EST_API est_status est_session_assign(est_session *s, est_node *variable, const est_tensor *value);

#ifdef __cplusplus
}
#endif
#endif
