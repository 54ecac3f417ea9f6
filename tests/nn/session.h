/* Graphs of the nn tests at work, and the answers that make_nn.py recorded. */
#ifndef TESTS_NN_SESSION_H
#define TESTS_NN_SESSION_H

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "graph/graph.h"
#include "runtime/runtime.h"
#include "support/est_test.h"

enum { MOST_FEEDS = 4 };

/* A graph with its variables; `feed` are the placeholders of each step. */
typedef struct session {
    est_graph *g;
    est__resources *resources;
    est_node *feed[MOST_FEEDS];
    size_t num_feeds;
} session;

bool session_begin(session *s);                  /* an empty graph */
est_node *session_feed(session *s, const char *name, est_dtype dtype, est_shape shape);
bool session_initialize(session *s);             /* gives all variables their initial values */
void session_end(session *s);
/* One run with those feeds: `target` runs, and the values of `fetch` are added to `out`, at most `room` floats; returns how many,
 * or -1. Either node may be NULL. */
int session_run(session *s, const est_tensor *const *feeds, est_node *target, est_node *fetch, float *out, int room);
/* The value of a variable after the last run; NULL: there is none. */
const est_tensor *session_variable(const session *s, const char *name);

/* The recorded numbers under a key; they live until the next call. NULL, and a failed check, when there are none. */
const float *golden(const char *key, int *count);
/* `got` is near what the key holds: 1e-5 relative or 1e-6 absolute. */
bool golden_near(const char *key, const float *got, int count);
/* A tensor of recorded numbers: rows [begin, begin + rows) of `width` each. For est_tensor_free. */
est_tensor *golden_tensor(const char *key, est_dtype dtype, est_shape shape, int begin);

#endif
