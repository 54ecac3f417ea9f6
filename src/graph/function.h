/* Functions: graphs that operations call by name, the branches of cond, condition and body of while
 * (FunctionDef). They belong to the outermost graph, and copies of it share them; once added, a function does
 * not change. */
#ifndef EST_GRAPH_FUNCTION_H
#define EST_GRAPH_FUNCTION_H

#include <stdatomic.h>

#include "graph/graph.h"

struct est__function {
    atomic_int owners;
    const char *name;
    est_graph *body;
    est_node **arg, **result;      /* placeholders of the body; its nodes */
    size_t num_args, num_results;
    est_operation **effect;        /* operations that run although no result wants them */
    size_t num_effects;
    unsigned flags;                /* what a call of it does: EST_OP_… */
};

/* A function with an empty body, in which functions of `outer` may be called; the caller's until it is added,
 * or released. Its name is `name` with "_" for what a function's name may not hold, made unique in the graph. */
est_status est__function_new(est_graph *outer, const char *name, est__function **out);
/* Adds a placeholder to the body, and to the list of arguments. */
est_status est__function_add_arg(est__function *f, const char *name, est_dtype dtype, est_shape shape);
/* A placeholder that the body has becomes an argument, the last one. */
est_status est__function_take_arg(est__function *f, est_node *placeholder);
/* Sets the results, nodes of the body. */
est_status est__function_set_results(est__function *f, est_nodes results);
/* Done: the outermost graph takes it, also on failure. */
est_status est__function_add(est_graph *g, est__function *f);
void est__function_release(est__function *f);
/* NULL: the graph has none of that name. */
est__function *est__function_find(const est_graph *g, const char *name, size_t n);
/* The graph `to` has the functions of `from` from here on. */
est_status est__functions_share(est_graph *to, const est_graph *from);

/* Does output number k of the result that the op's signature calls `name` exist? Then the node; else NULL. */
est_node *est__output_named(est_operation *op, const char *name, size_t n, int64_t k);
/* The reverse: the result's name, and which of its outputs. */
const char *est__output_name(const est_node *n, int64_t *k);

#endif
