/* A session: the variables and tables of one graph in memory, from their initial values or from a checkpoint. */
#ifndef EST_TRAIN_SESSION_H
#define EST_TRAIN_SESSION_H

#include "backend/kernel.h"
#include "formats/bundle.h"
#include "graph/graph.h"

typedef struct est__session {
    const est_graph *graph;       /* lent */
    est__resources *resources;
    uint64_t seed;
    size_t variables, initializers;   /* how many of the graph's have been started */
} est__session;

est_status est__session_new(const est_graph *g, uint64_t seed, est__session **out);
void est__session_free(est__session *s);
/* Every variable from its initial value; tables are filled. `from` not NULL: those that are saved come from there instead, and
 * hyper-parameters keep the graph's value, with a log line where the checkpoint has another. Errors: DATA_LOSS (damaged),
 * NOT_FOUND and INVALID_ARGUMENT (a checkpoint of another model: names the variable, both shapes). */
est_status est__session_start(est__session *s, const est__bundle *from);
/* Starts what the graph has got since: its new variables, from their initial values, and its new tables. */
est_status est__session_extend(est__session *s);
/* Another graph takes the same variables and tables: its plans are made with the session's resources. NOT_FOUND: it has a variable that
 * the session's graph has not. */
est_status est__session_share(est__session *s, const est_graph *g);
/* An operation that depends on no input; NULL: nothing. */
est_status est__session_run_op(est__session *s, est_node *op);
/* Local variables (metrics) back to their initial values. */
est_status est__session_reset_local(est__session *s);
est__variable *est__session_variable(const est__session *s, const char *name);   /* NULL: none */

#endif
