/* Graphs at work, for the tests of graph and runtime: feeds with their values, runs, and values as text. */
#ifndef TESTS_GRAPH_LAB_H
#define TESTS_GRAPH_LAB_H

#include <estimator/ops.h>

#include "graph/graph.h"
#include "graph/graphdef.h"
#include "runtime/runtime.h"
#include "support/est_test.h"

enum { LAB_FEEDS = 16, LAB_TENSORS = 512 };

typedef struct lab {
    est_graph *g;
    est__resources *resources;
    est_node *feed[LAB_FEEDS];
    const est_tensor *value[LAB_FEEDS];   /* of the next run */
    size_t num_feeds;
    est_tensor *owned[LAB_TENSORS];
    size_t num_owned;
} lab;

bool lab_begin(lab *l);
void lab_end(lab *l);

/* Tensors that the lab frees. */
est_tensor *lab_floats(lab *l, est_shape shape, const float *values);
est_tensor *lab_ints(lab *l, est_dtype dtype, est_shape shape, const int64_t *values);
est_tensor *lab_strings(lab *l, est_shape shape, const char *const *values);
est_tensor *lab_random(lab *l, est_shape shape, est__random *random);   /* float32 in (-2, 2) */
est_tensor *lab_keep(lab *l, est_tensor *t);

/* A placeholder, and what it is fed in runs from now on. */
est_node *lab_feed(lab *l, const char *name, est_shape shape, const est_tensor *value);
est_node *lab_const(lab *l, est_shape shape, const float *values);
/* A float32 variable with those initial values, which lab_initialize gives to all variables. */
est_node *lab_variable(lab *l, const char *name, est_shape shape, const float *values);
bool lab_initialize(lab *l);
/* "float32[2] 1 2" of a variable's value. */
const char *lab_variable_text(lab *l, const char *name);

/* One run of a new plan. `out`: copies of the fetches, which the lab frees. False after a failed check. */
bool lab_run(lab *l, est_nodes fetches, est_nodes targets, bool unfused, est_tensor **out);
/* The value of a node after such a run, as text: "float32[2,2] 1 2 3 4"; of strings quoted. */
const char *lab_value(lab *l, est_node *n);
/* The node's value is that, and so it is in a graph that was written as GraphDef and read. */
void lab_gives(lab *l, est_node *n, const char *wanted);
/* The graph as a message, written and read; est__proto_free. */
Tensorflow__GraphDef *lab_written(const est_graph *g);
const char *lab_text(const est_tensor *t);
bool lab_same(const est_tensor *a, const est_tensor *b, const char *what);   /* bit for bit */

#endif
