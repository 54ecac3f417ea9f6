/* The op row: everything that the library knows about one TensorFlow op, in one place. Graph building,
 * GraphDef in and out, shape inference, autodiff, planning and the tests all read it. */
#ifndef EST_GRAPH_OP_H
#define EST_GRAPH_OP_H

#include <estimator/graph.h>

#include "base/base.h"

typedef struct est_operation est_operation;
typedef struct est_kernel est_kernel;       /* backend/kernel.h */
typedef struct est__resource est__resource; /* backend/resource.h */
typedef struct est__resources est__resources;

/* Shape inference of one operation: reads inputs, sets c->out[i] (unknown rank until set). */
typedef struct est_infer {
    const est_operation *op;
    est_shape *out;
} est_infer;

/* The gradient of one operation. dy[i] is NULL where nothing flows back into output i; dx[i] stays NULL where
 * nothing flows on. A sparse gradient (IndexedSlices) sets dx_indices[i] beside dx[i], which then holds the
 * rows. The operation may be of another graph than `g`, of the function whose gradient that is. */
typedef struct est_grad {
    est_graph *g;
    est_operation *op;
    est_node *const *x;
    est_node *const *y;
    est_node *const *dy;
    est_node **dx;
    est_node **dx_indices;
    const bool *wanted;        /* by input: its gradient is asked for */
} est_grad;

/* The body of a composite: the same function spelt in TensorFlow's own ops, for export and for where no
 * kernel is. */
typedef struct est_body {
    est_graph *g;
    const est_operation *op;   /* for attributes */
    est_node *const *x;        /* inputs in g */
    est_node **y;              /* to be set: outputs in g; y[0] for an op without outputs: what it does */
} est_body;

/* One elementwise function over n elements that lie side by side; all inputs have n elements. */
typedef void (*est_block_fn)(const void *const *in, void *out, int64_t n);

enum {
    /* never folded, nor shared unless it only READS: random numbers, readers of state */
    EST_OP_STATEFUL = 1,
    EST_OP_HANDLE = 2,     /* gives a resource handle; bound once, at planning, through `bind` */
    EST_OP_ASSIGNS = 4,    /* changes a resource: runs after everything else of the step, in node order */
    EST_OP_READS = 8,      /* reads a resource, beside STATEFUL: before the assignments, equal ones are one */
    EST_OP_PARALLEL = 32,  /* its steps are long and come in numbers: those that do not wait for each other run side by side */
    EST_OP_VARIANTS = 16   /* a type of its signature that is not restricted may be variant, too */
};

/* How an operation calls the functions among its attributes. */
typedef enum est__calls {
    EST__CALLS_NONE,
    EST__CALL,             /* the one, with all inputs */
    EST__IF,               /* one of two, which input 0 chooses, with the other inputs */
    EST__CASE,             /* one of several, by its number in input 0 (else the last), with the other inputs */
    EST__WHILE             /* the second, over and over, as long as the first gives true */
} est__calls;

typedef struct est_op_row {
    const char *tf_name;
    /* "a: T, b: N*T -> y: T; T: {float, double}; N: int; transpose_a: bool = false". An argument's type is a
     * dtype, a type attribute, `N*T` (N inputs of one type) or the name of an attribute declared
     * `list(type)`. Attribute kinds: int, float, bool, string, type, shape, tensor, func, list(…), {the
     * allowed types}; a default makes it optional. */
    const char *signature;
    est_status (*infer)(est_infer *c);
    est_status (*cpu)(est_kernel *k);
    void (*grad)(est_grad *b);
    void (*body)(est_body *b);                     /* makes the op a composite */
    /* elementwise: the function for inputs of that dtype; NULL: none */
    est_block_fn (*block)(est_dtype input);
    /* what `prepare` fills once at planning, for the kernel's k->state */
    size_t state_size;
    est_status (*prepare)(const est_operation *op, void *state);
    void (*release)(void *state);
    est_status (*bind)(const est_operation *op, est__resources *resources, est__resource **out);
    est__calls calls;                              /* in the place of a kernel */
    unsigned flags;
} est_op_row;

#define EST_OPS(family, ...) const est_op_row est__ops_##family[] = { __VA_ARGS__, { 0 } }

/* All tables, made from the list of files in ops/Makefile.inc; ends with NULL (ops/op_tables.c). */
extern const est_op_row *const est__op_tables[];
const est_op_row *est__op_find(const char *tf_name);   /* NULL: unknown */

#endif
