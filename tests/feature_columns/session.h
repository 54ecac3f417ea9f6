/* A graph with its variables and tables in memory, for tests that want to see what a graph computes. */
#ifndef EST_TESTS_SESSION_H
#define EST_TESTS_SESSION_H

#include "graph/graph.h"

typedef struct session {
    est_graph *g;
    est__resources *resources;
} session;

est_status session_open(session *s);
void session_close(session *s);
/* Gives variables their initial values and fills the tables. */
est_status session_start(session *s);
/* One step: out[i] is a copy of fetch i, for est_tensor_free; all NULL after a failure. */
est_status session_run(session *s, est_nodes feeds, const est_tensor *const *values, est_nodes fetches, est_nodes targets,
                       est_tensor **out);

/* Views of arrays. */
est_tensor float_view(const float *data, est_shape shape);
est_tensor int_view(const int64_t *data, est_shape shape);
est_tensor *string_tensor(const char *const *data, est_shape shape);   /* for est_tensor_free */

#endif
