/* The graph from inside: operations, their attributes, inference, passes, GraphDef. */
#ifndef EST_GRAPH_GRAPH_H
#define EST_GRAPH_GRAPH_H

#include <estimator/graph.h>

#include "base/base.h"
#include "graph/op.h"
#include "tensor/tensor.h"

typedef struct est__function est__function;   /* graph/function.h */
typedef struct est__explained est__explained; /* feature_columns/columns.h */

struct est_node {
    est_operation *op;
    int index;
    est_dtype dtype;
    est_shape shape;
    const est_operation *variable;   /* of a function's argument that is a handle: what made it; NULL: not known */
};

struct est_operation {
    est_graph *graph;
    /* its place in creation order, which is a topological order of data inputs */
    int id;
    const char *name;
    const est_op_row *row;
    int num_inputs, num_controls, cap_controls, num_attrs, num_outputs;
    est_node **input;
    est_operation **control;
    est_attr *attr;              /* all that the signature names, defaults filled in */
    est_node *output;            /* num_outputs, and one more, the handle of an operation without outputs */
    unsigned flags;              /* the row's, and those of the functions that it calls */
    est__function **callee;      /* of the attributes that are functions, in their order */
    int num_callees;
};

typedef struct est__graph_variable {
    const char *name;
    est_node *handle;
    est_node *initial_value;
    est_dtype dtype;
    est_shape shape;
    bool trainable, local, hyper;
    bool grows;                  /* of a table, whose name is another: the rows (dimension 0) are as many as there happen to be */
    const void *owner;           /* who alone may ask for it by name; NULL: anybody */
    const char *restore_name;    /* what it is called where its value comes from; NULL: as here */
    const struct est_constraint *constraint;   /* nn/constraints.c; NULL: none */
} est__graph_variable;

struct est_graph {
    est__arena arena;
    est_operation **operation;
    size_t num_operations, cap_operations;
    est__map *names;             /* taken names -> operation */
    /* names that new operations must not take either: of a graph that is being copied; NULL: none */
    const est__map *reserved;
    est__map *counters;          /* base name -> next suffix */
    char *scope;                 /* "a/b/" or "" */
    const char *training_scope;  /* of optimizers' variables; NULL: "training" */
    est__graph_variable *variable;
    size_t num_variables, cap_variables;
    est_tensor **constant;       /* values of tensor attributes, owned */
    size_t num_constants, cap_constants;
    est_operation **initializer; /* of tables: run once in a session, after variables */
    size_t num_initializers, cap_initializers;
    est_node *rows;              /* examples of a batch, int64, where no feature could tell; NULL: a feature can */
    est_node **update;           /* run with each training step */
    size_t num_updates, cap_updates;
    est_node **penalty;          /* losses of regularizers (nn/regularizers.c) */
    size_t num_penalties, cap_penalties;
    struct est__variable_scope *variable_scope;   /* the innermost (nn/variable_scopes.c); NULL: none */
    struct est__rate {           /* learning rates that change from step to step (optimizers) */
        const char *optimizer;
        est_node *node;
    } *rate;
    size_t num_rates, cap_rates;
    est__explained *explained;   /* lent: inputs that an explanation follows; NULL: none */
    est_graph *outer;            /* of a function's body while it is being made; NULL: none */
    struct est__tape *tape;      /* of a function's gradient while it is being made (tape.h); NULL: none */
    struct est__capture *capture;   /* what a body takes from outside (control.c) */
    size_t num_captures, cap_captures;
    est__map *functions;         /* name -> est__function; NULL: none */
    size_t functions_begun;
    est_node nil;
    est_operation nil_operation;
    bool finalized;              /* it runs: nothing can be added now */
    est_status status;
    char error[1024];
};

/* One more; of a table's, whose handle is that of the table. */
est_status est__graph_add_variable(est_graph *g, const est__graph_variable *v);
/* Lent until the next variable is made; NULL: there is none. */
est__graph_variable *est__graph_find_variable(const est_graph *g, const char *name);
static inline const char *est__restore_name(const est__graph_variable *v)
{
    return v->restore_name ? v->restore_name : v->name;
}
est__graph_variable *est__graph_variable_of(const est_graph *g, const est_node *handle);

/* A scope by its whole name, of `length` bytes, without its last slash. */
void est__graph_enter_scope(est_graph *g, const char *name, size_t length);

/* One operation with exactly that name (no scope, no suffix), for import and expansion; NULL after it spoiled
 * the graph. */
est_operation *est__graph_add(est_graph *g, const char *op, const char *name, est_nodes inputs,
                              est_attrs attrs);
est_node *est__spoil(est_graph *g, est_status status);          /* the first error stays */
est_node *est__graph_fail(est_graph *g, est_status status, const char *format, ...) EST_PRINTF(3, 4);
static inline bool est__is_nil(const est_node *n)
{
    return n == NULL || n->op == NULL || n == &n->op->graph->nil;
}

/* What made the handle: followed out of the functions that it was given to; NULL: it is not known. */
const est_operation *est__handle_made_by(const est_node *handle);

/* In a body that is being made: what stands for a node of a graph around it; NULL: it is of no such graph. */
est_node *est__capture_node(est_graph *g, est_node *n);

/* The operations from number `first` on, which take nothing made later than `op`, come before it; `op` passes on
 * the outputs of `instead`, one of them, from here on. */
void est__graph_replace(est_operation *op, size_t first, est_operation *instead);

/* Gradients as est_gradients gives them: of ys, nodes of the graph `from`, into each of which dys[i] flows (NULL:
 * nothing), by xs, nodes of that graph; as new nodes of `g`, which is `from` or the body of its gradient. */
est_status est__gradients(est_graph *from, est_graph *g, est_nodes ys, est_node *const *dys, est_nodes xs,
                          est_gradient *out);
/* Can a gradient flow into it? Values of floats, handles of variables of floats. */
bool est__differentiable(const est_node *n);
/* Of its gradient: for a handle, those of the variable. */
est_dtype est__gradient_dtype(const est_node *n);
const est_shape *est__gradient_shape(const est_node *n);
/* The gradient as a tensor of the shape of `of`, a value or a handle. */
est_node *est__gradient_dense(est_graph *g, est_node *of, est_gradient gradient);
/* Zeros of that shape. */
est_node *est__gradient_zeros(est_graph *g, est_node *of);

/* A shape as ops take it: int32 [rank], -1 where a dimension is not known; the scalar -1 for an unknown rank. */
est_node *est__shape_constant(est_graph *g, const est_shape *shape);

/* Attributes by name; the op's signature promises them, so a missing one is our own mistake (assert). */
const est_attr *est__attr(const est_operation *op, const char *name);  /* NULL: none */
int64_t est__attr_int(const est_operation *op, const char *name);
double est__attr_float(const est_operation *op, const char *name);
bool est__attr_bool(const est_operation *op, const char *name);
est_dtype est__attr_type(const est_operation *op, const char *name);
const char *est__attr_string(const est_operation *op, const char *name); /* NUL-terminated */
est_shape est__attr_shape(const est_operation *op, const char *name);

/* Inference. Inputs' shapes may have unknown parts (-1). */
const est_shape *est__infer_in(const est_infer *c, int i);
bool est__infer_const(const est_infer *c, int i, const est_tensor **value);  /* input i is a Const */
/* What is known of the values of an int vector that is a shape, followed back through Const, Shape, Pack,
 * ConcatV2, StridedSlice, Cast; at least its length. False: not even that. */
bool est__infer_value_as_shape(const est_infer *c, int i, est_shape *out);
/* names op and input shapes */
est_status est__infer_fail(const est_infer *c, const char *format, ...) EST_PRINTF(2, 3);
est_status est__shape_merge(const est_infer *c, const est_shape *a, const est_shape *b, est_shape *out);
est_status est__shape_broadcast(const est_infer *c, const est_shape *a, const est_shape *b, est_shape *out);
/* Rules that many rows share. */
est_status est__infer_same(est_infer *c);        /* every output as input 0 */
est_status est__infer_scalar(est_infer *c);      /* every output a scalar */
est_status est__infer_broadcast(est_infer *c);   /* output 0: inputs 0 and 1 broadcast */
est_status est__infer_unknown(est_infer *c);     /* outputs of unknown rank */
est_status est__infer_none(est_infer *c);        /* no outputs */

/* Registers the initializer of a table. */
void est__graph_add_initializer(est_graph *g, est_node *operation);
est_node *est__operation_node(est_operation *op);   /* its first output, or its handle */

/* A copy of the graph with composites as their bodies (expand.c); kept[i] is what keep[i] became, by their
 * operations' names too where those were no composites. `only_without_kernel`: just those that have none.
 * Variables and initializers come along. */
est_status est__graph_expand(const est_graph *g, est_nodes keep, bool only_without_kernel, est_graph **out,
                             est_node **kept);
/* The same of a function's body alone, which calls functions of `outer`. */
est_status est__graph_expand_body(const est_graph *g, est_graph *outer, est_nodes keep, bool only_without_kernel,
                                  est_graph **out, est_node **kept);

#endif
