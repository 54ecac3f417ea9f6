/* A graph with its variables and tables in memory, for tests that want to see what a graph computes. */
#ifndef EST_TESTS_TRIAL_H
#define EST_TESTS_TRIAL_H

#include "graph/graph.h"

typedef struct trial {
    est_graph *g;
    est__resources *resources;
} trial;

est_status trial_open(trial *s);
void trial_close(trial *s);
/* Gives variables their initial values and fills the tables. */
est_status trial_start(trial *s);
/* One step: out[i] is a copy of fetch i, for est_tensor_free; all NULL after a failure. */
est_status trial_step(trial *s, est_nodes feeds, const est_tensor *const *values, est_nodes fetches,
                      est_nodes targets, est_tensor **out);

/* Views of arrays. */
est_tensor trial_floats(const float *data, est_shape shape);
est_tensor trial_ints(const int64_t *data, est_shape shape);
est_tensor *trial_strings(const char *const *data, est_shape shape);   /* for est_tensor_free */

#endif
