/* The graph: operations in TensorFlow's vocabulary, variables, symbolic gradients. Builders stick: after the
 * first error the graph is spoiled, later calls return its nil node, and est_graph_status tells. A builder
 * never returns NULL, and its node is lent by the graph. One thread at a time per graph, for every function
 * here. Since 0.1. */
#ifndef ESTIMATOR_GRAPH_H
#define ESTIMATOR_GRAPH_H

#include <string.h>

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model's graph (tf.Graph). */
typedef struct est_graph est_graph;
/** One output of an operation: a tensor that will be (tf.Tensor of a graph). Lent by its graph. */
typedef struct est_node est_node;

/** A list of nodes: EST_NODES(a, b). */
typedef struct est_nodes {
    est_node *const *data;
    size_t count;
} est_nodes;
#ifndef __cplusplus
#define EST_NODES(...) \
    ((est_nodes){ (est_node *const[]){ __VA_ARGS__ }, sizeof((est_node *[]){ __VA_ARGS__ }) / sizeof(est_node *) })
#endif

/** Attributes of an operation, as AttrValue. What `name` and values point to is copied. */
typedef enum est_attr_kind {
    EST_ATTR_INT, EST_ATTR_FLOAT, EST_ATTR_BOOL, EST_ATTR_STRING, EST_ATTR_TYPE, EST_ATTR_SHAPE, EST_ATTR_TENSOR,
    EST_ATTR_INTS, EST_ATTR_FLOATS, EST_ATTR_BOOLS, EST_ATTR_STRINGS, EST_ATTR_TYPES, EST_ATTR_SHAPES, EST_ATTR_FUNC,
    EST_ATTR_FUNCS
} est_attr_kind;
typedef struct est_attr {
    const char *name;
    est_attr_kind kind;
    union {
        int64_t i;
        double f;
        bool b;
        est_dtype type;
        struct { const char *p; size_t n; } s;      /* STRING, FUNC: the name */
        const est_shape *shape;
        const est_tensor *tensor;
        struct {                                    /* the lists; strings of a list, FUNCS' names as well, end with NUL */
            size_t count;
            union {
                const int64_t *i; const double *f; const bool *b; const char *const *s; const est_dtype *type; const est_shape *shape;
            };
        } list;
    };
} est_attr;
/** A list of attributes: EST_ATTRS(EST_INT_ATTR("axis", 1)). */
typedef struct est_attrs {
    const est_attr *data;
    size_t count;
} est_attrs;
#ifndef __cplusplus
#define EST_ATTRS(...) ((est_attrs){ (const est_attr[]){ __VA_ARGS__ }, sizeof((est_attr[]){ __VA_ARGS__ }) / sizeof(est_attr) })
#define EST_NO_ATTRS ((est_attrs){ 0 })
#define EST_INT_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_INT, .i = (v) })
#define EST_FLOAT_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_FLOAT, .f = (v) })
#define EST_BOOL_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_BOOL, .b = (v) })
#define EST_TYPE_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_TYPE, .type = (v) })
#define EST_STRING_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_STRING, .s = { (v), strlen(v) } })
#define EST_SHAPE_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_SHAPE, .shape = (v) })
#define EST_TENSOR_ATTR(n, v) ((est_attr){ .name = (n), .kind = EST_ATTR_TENSOR, .tensor = (v) })
#endif

/** An empty graph. An estimator makes its own (est_spec_graph). Errors: RESOURCE_EXHAUSTED. Out: the
 *  caller's, est_graph_free. */
EST_API est_status est_graph_new(est_graph **out);
/** Frees a graph of the caller's with all its nodes; NULL does nothing. */
EST_API void est_graph_free(est_graph *g);
/** The first error of a builder (its text becomes est_error()), or EST_OK. */
EST_API est_status est_graph_status(const est_graph *g);
/** Operations made from here on are named "<scope>/…", until est_graph_end_scope; scopes nest
 *  (tf.name_scope). A used name gets _1, _2, … */
EST_API void est_graph_begin_scope(est_graph *g, const char *scope);
EST_API void est_graph_end_scope(est_graph *g);

/** Any operation by its TensorFlow name (tf.raw_ops); returns its first output, or what stands for it where
 *  it has none.
 *  In: types and counts that follow from the inputs need not be given as attributes. `name` NULL: the
 *  operation's type.
 *  Errors, sticking: UNIMPLEMENTED: an op that is not known here (the nearest is named); INVALID_ARGUMENT:
 *  number or dtypes of inputs, attributes, shapes that disagree, a node of another graph. */
EST_API est_node *est_op(est_graph *g, const char *op, const char *name, est_nodes inputs, est_attrs attrs);
/** Output `index` of the operation that `n` is an output of. Errors, sticking: INVALID_ARGUMENT: it has no
 *  such output. */
EST_API est_node *est_node_output(est_node *n, int index);
/** Its dtype; EST_INVALID for the nil node. */
EST_API est_dtype est_node_dtype(const est_node *n);
/** Its inferred shape; unknown dimensions are -1. Lent. */
EST_API const est_shape *est_node_shape(const est_node *n);
/** The operation's name, "linear/bias", and its type, "MatMul". Lent. */
EST_API const char *est_node_name(const est_node *n);
EST_API const char *est_node_type(const est_node *n);
/** The node called "name" or "name:index"; NULL when there is none. */
EST_API est_node *est_graph_node(const est_graph *g, const char *name);
/** `n`'s operation runs after that of `before`, in the same run (tf.control_dependencies). Errors stick. */
EST_API void est_node_after(est_node *n, est_node *before);

/** A value that is fed (tf.compat.v1.placeholder). */
EST_API est_node *est_placeholder(est_graph *g, const char *name, est_dtype dtype, est_shape shape);
/* Constants (tf.constant). Values are copied; numbers that dtype cannot hold become the nearest one. Errors,
 * sticking: INVALID_ARGUMENT: a dtype that is none of numbers. */
/** Of the tensor's dtype and shape. */
EST_API est_node *est_constant(est_graph *g, const est_tensor *value);
EST_API est_node *est_constant_float(est_graph *g, double value);                         /* float32, [] */
EST_API est_node *est_constant_int(est_graph *g, est_dtype dtype, int64_t value);         /* [] */
EST_API est_node *est_constant_ints(est_graph *g, est_dtype dtype, est_ints values);      /* [count] */
EST_API est_node *est_constant_string(est_graph *g, const char *value);                   /* [] */
EST_API est_node *est_constant_strings(est_graph *g, est_strings values);                 /* [count] */

typedef struct est_variable_options {
    est_dtype dtype;            /* EST_FLOAT */
    est_shape shape;            /* must be known; zero: a scalar */
    est_node *initial_value;    /* of that dtype and shape; NULL: zeros */
    bool not_trainable;
    bool local;                 /* not saved; starts from its initial value in every session (metrics) */
    bool hyper;                 /* a hyper-parameter: on resume the value here wins over the checkpoint's */
} est_variable_options;
/** A variable (tf.Variable); returns its handle (dtype EST_RESOURCE), for est_read and the optimizers. The
 *  name is kept as it is, whatever the scope, and is the checkpoint's.
 *  Errors, sticking: ALREADY_EXISTS: the name is taken; INVALID_ARGUMENT: shape or initial value. */
EST_API est_node *est_variable(est_graph *g, const char *name, const est_variable_options *options);
/** The variable's value at the start of the step (ReadVariableOp). Errors, sticking: INVALID_ARGUMENT: it is
 *  no variable. */
EST_API est_node *est_read(est_graph *g, est_node *variable);
/** The handle of the variable of that name; NULL: none. */
EST_API est_node *est_graph_variable(const est_graph *g, const char *name);
/** The handles of the variables that an optimizer trains (tf.compat.v1.trainable_variables), in the order in
 *  which they were made; lent by `g`, and no longer complete once another one is made. */
EST_API est_nodes est_graph_trainable_variables(est_graph *g);

/** `update` runs with each step that trains the graph (TensorFlow's UPDATE_OPS): a moving average, say.
 *  Optimizers made before it do not know of it. */
EST_API void est_graph_add_update(est_graph *g, est_node *update);

/** What a branch of est_cond, or a part of est_while, computes: it is called with a graph of its own, `g`, and
 *  sets `results`. Its operations may take nodes of the graph that it is built in, which it then gets as
 *  further inputs. A loop's parts may be called more than once. Variables are made outside. */
typedef void (*est_function_fn)(est_graph *g, est_nodes in, est_node **results, void *user);
/** One of two, by a predicate (tf.cond; StatelessIf). Gradients flow through what was chosen.
 *  In: `predicate`, a scalar; `then_branch`, `else_branch`: in is empty, results are num_results nodes, of the
 *  same dtypes in both. Gives the first result; est_node_output gives the others.
 *  Errors, sticking: INVALID_ARGUMENT: num_results 0, dtypes that differ, a result that is missing; what a branch
 *  fails with. Since 0.1. */
EST_API est_node *est_cond(est_graph *g, est_node *predicate, est_function_fn then_branch,
                           est_function_fn else_branch, size_t num_results, void *user);
/** One of several, by its number (tf.switch_case; StatelessCase).
 *  In: `index`, an int32 scalar; one that is no branch's number means the last; `branches`, `count` of them: as
 *  est_cond's. Gives the first result; est_node_output gives the others.
 *  Errors, sticking: INVALID_ARGUMENT: no branches; as est_cond. Since 0.1. */
EST_API est_node *est_case(est_graph *g, est_node *index, const est_function_fn *branches, size_t count,
                           size_t num_results, void *user);
/** Over and over, as long as a condition holds (tf.while_loop; StatelessWhile).
 *  In: `variables`, their first values, one at least; `condition` gives one bool, `body` a new value for each
 *  variable, of its dtype. Where a body changes a variable's shape, the dimensions that change are unknown.
 *  Gives the first variable's last value; est_node_output gives the others. Nothing ends a loop whose
 *  condition always holds. Gradients flow through floats: for them the loop keeps what it needs of each iteration.
 *  Errors, sticking: INVALID_ARGUMENT: a dtype that changes, a condition that is no bool, a result that is
 *  missing; what a part fails with. Since 0.1. */
EST_API est_node *est_while(est_graph *g, est_function_fn condition, est_function_fn body, est_nodes variables,
                            void *user);

/** The gradient of one x: dense (indices NULL), or rows `value` [n, …] of the slices `indices` [n] (ids may
 *  repeat). */
typedef struct est_gradient {
    est_node *value;     /* NULL: y does not depend on x */
    est_node *indices;
} est_gradient;
/** d(sum of y)/dx for each of xs, as new nodes of the graph (tf.gradients).
 *  In: `y`, float; `xs`, values or handles of variables. Out: `out`, xs.count gradients of the shapes of xs.
 *  Errors, which stick too: UNIMPLEMENTED: an op on the path has no gradient: names the op and the path;
 *  INVALID_ARGUMENT: y is no float node, an x is of another graph. */
EST_API est_status est_gradients(est_graph *g, est_node *y, est_nodes xs, est_gradient *out);

#ifdef __cplusplus
}
#endif
#endif
