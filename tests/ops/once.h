/* A graph that is run once, over constants, for cases worked out by hand. */
#ifndef TESTS_OPS_ONCE_H
#define TESTS_OPS_ONCE_H

#include <estimator/ops.h>

#include "graph/graph.h"
#include "runtime/runtime.h"
#include "support/est_test.h"

typedef struct once {
    est_graph *g;
    est__resources *resources;
    est__plan *plan;
    est__run *run;
} once;

bool once_begin(once *o);
void once_end(once *o);
/* Plans and runs; the first failure. Called again it plans anew over the same resources. */
est_status once_run(once *o, est_nodes fetches, est_nodes targets);
/* The same for one node, fetched when it is an output, else run. */
est_status once_node(once *o, est_node *n);
const est_tensor *once_fetch(const once *o, size_t i);
/* An initialized float variable of rank 2; its values are 0, 1, 2, … */
est_node *once_table(once *o, const char *name, int64_t rows, int64_t width);

/* Constants. */
est_node *once_ints(once *o, est_ints values);                    /* int64 [n] */
est_node *once_pairs(once *o, est_ints values);                   /* int64 [n / 2, 2] */
est_node *once_floats(once *o, est_floats values, est_shape shape);

#endif
