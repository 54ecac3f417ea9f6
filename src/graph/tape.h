/* The gradient of a function while it is being made: `forward`, a copy of the function, to which results may be
 * added, and `backward`, which goes back through it. What backward takes of forward's nodes becomes an argument of
 * it, which the operation that calls it gives: an input of the forward call, or a result that is added to it. What
 * can be made again at no cost is made again: constants, reads of variables, in a loop all that depends on what
 * stays the same throughout. */
#ifndef EST_GRAPH_TAPE_H
#define EST_GRAPH_TAPE_H

#include "graph/function.h"

typedef struct est__taken {
    est_node *outside;             /* of forward: an argument, or any other node */
    est_node *arg;                 /* of backward: it, or in a loop the list of its values */
    bool listed;
} est__taken;

typedef struct est__tape {
    est__function *forward, *backward;   /* the tape's until they are added */
    const bool *same;              /* of a loop, by argument: each iteration gives it back; NULL: no loop */
    est_node *iteration;           /* of a loop, of backward: the number of the iteration that it goes back through */
    est__taken *taken;
    size_t num_taken, cap_taken;
    est__map *inside;              /* by address of a node of forward: what stands for it */
} est__tape;

/* A copy of what `op` calls as its function number `callee`, given its inputs from number `first` on: the caller's
 * until it is added, or released (also on failure). */
est_status est__function_copy(const est_operation *op, int callee, int first, est__function **out);
/* For that function. */
est_status est__tape_new(const est_operation *op, int callee, int first, est__tape *out);
/* Frees what was not added. */
void est__tape_free(est__tape *t);
/* What stands for a node of forward in backward. */
est_node *est__tape_take(est__tape *t, est_node *n);
/* Of an operation on a node of forward that only asks for its shape: made there, if it is not known anyway. NULL: it
 * is no such operation. */
est_node *est__tape_shape(est__tape *t, const char *op, est_nodes inputs, est_attrs attrs);
/* The number of an argument of a function; -1: it is none. */
int est__argument_number(const est__function *f, const est_node *n);
/* Backward gives these results, and holds nothing that they do not need: nor does `taken` from here on. */
est_status est__tape_finish(est__tape *t, est_nodes results);

/* Gradients of operations that call functions, for their rows. */
void est__branches_grad(est_grad *b);
void est__while_grad(est_grad *b);

#endif
