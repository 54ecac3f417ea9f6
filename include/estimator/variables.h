/* What a model_fn does with variables by hand: gradients that are changed on their way to an optimizer, regularizers, constraints, moving
 * averages, scopes. Functions that take a graph build nodes in it, lent by it; errors stick to it (graph.h). One thread at a time per
 * graph. Since 0.1. */
#ifndef ESTIMATOR_VARIABLES_H
#define ESTIMATOR_VARIABLES_H

#include <estimator/nn.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- gradients by hand: between est_gradients and est_optimizer_apply_gradients; a NULL value stays. Of rows (indices not NULL) the
 * values are clipped as they come, ids that repeat are not summed before ---- */
/** Each element into [-bound, bound] (tf.clip_by_value). Errors: INVALID_ARGUMENT: a bound that is not above 0. */
EST_API void est_clip_by_value(est_graph *g, est_gradient *gradients, size_t count, double bound);
/** Each gradient whose norm is above `norm` is scaled down to it (tf.clip_by_norm). Errors: as above. */
EST_API void est_clip_by_norm(est_graph *g, est_gradient *gradients, size_t count, double norm);
/** All of them by one factor, where the norm of all together is above `norm` (tf.clip_by_global_norm). Gives the norm that they had, [];
 *  one that is not finite makes them all NaN. Errors: as above. */
EST_API est_node *est_clip_by_global_norm(est_graph *g, est_gradient *gradients, size_t count, double norm);

/** The second half of est_optimizer_minimize_variables: updates `variables.data[i]` (a handle) by `gradients[i]`
 *  (tf.keras.optimizers.legacy.Optimizer.apply_gradients). One whose value is NULL is left alone. `global_step` as there.
 *  Errors: INVALID_ARGUMENT: no gradient at all, a handle that is none or stands twice, a gradient of another shape; UNIMPLEMENTED: a
 *  variable that is not float32. */
EST_API est_node *est_optimizer_apply_gradients(est_optimizer *o, est_graph *g, const est_gradient *gradients, est_nodes variables,
                                                est_node *global_step);

/* ---- regularizers: losses of variables, which the graph collects ---- */
/** A loss of a variable's value, a float32 scalar. */
typedef est_node *(*est_regularizer_fn)(est_graph *g, est_node *weights, void *user);
/** l1 * sum(|w|) + l2 * sum(w^2) (tf.keras.regularizers.L1, L2, L1L2). */
typedef struct est_regularizer {
    double l1, l2;                      /* 0: without that part; one of the two, or fn, is needed */
    est_regularizer_fn fn;              /* instead of both; NULL: none */
    void *user;
} est_regularizer;
/** Adds the loss of `variable` (a handle) to those of the graph; gives that loss.
 *  Errors: INVALID_ARGUMENT: no variable, no part, or one below 0; fn gave no float32 scalar. */
EST_API est_node *est_regularize(est_graph *g, est_node *variable, const est_regularizer *regularizer);
/** Any further loss, float32 [], to those of the graph (tf.compat.v1.add_to_collection(REGULARIZATION_LOSSES)). */
EST_API void est_add_regularization_loss(est_graph *g, est_node *loss);
/** All of them, in the order in which they came (tf.compat.v1.losses.get_regularization_losses); lent until the next one comes. */
EST_API est_nodes est_regularization_losses(const est_graph *g);
/** Their sum, 0 where there is none (tf.compat.v1.losses.get_regularization_loss). */
EST_API est_node *est_regularization_loss(est_graph *g);

/* ---- constraints: what a variable becomes after each update by an optimizer ---- */
/** A new value, of the shape of `weights`. */
typedef est_node *(*est_constraint_fn)(est_graph *g, est_node *weights, void *user);
/** tf.keras.constraints, by name: "NonNeg"; "MaxNorm": norms along `axes` are at most max_value; "UnitNorm"; "MinMaxNorm": they are
 *  brought between the two, by the share `rate` of the way. */
typedef struct est_constraint {
    const char *type;                   /* NULL: fn */
    double min_value;                   /* MinMaxNorm: 0 */
    double max_value;                   /* MaxNorm: 2; MinMaxNorm: 1 */
    double rate;                        /* MinMaxNorm: 1; EST_OFF: 0 */
    est_ints axes;                      /* 0: the inputs of a dense layer's kernel */
    est_constraint_fn fn;               /* of one's own; needed where there is no type */
    void *user;
} est_constraint;
/** `weights`, float32, as the constraint has it (tf.keras.constraints.Constraint.__call__). Errors: INVALID_ARGUMENT: a type that is none
 *  (the nearest is named), a number out of range, an axis that is not there. */
EST_API est_node *est_constrained(est_graph *g, est_node *weights, const est_constraint *constraint);
/** From here on, optimizers apply it to `variable` (a handle) after each of their updates (constraint of tf.Variable). Optimizers made
 *  before do not know of it. `user` lives as long as the graph. Errors: as above; INVALID_ARGUMENT: no variable, or one that has a
 *  constraint; when it is trained, a sparse gradient, as in TensorFlow. */
EST_API void est_constrain(est_graph *g, est_node *variable, const est_constraint *constraint);

/* ---- moving averages ---- */
typedef struct est_moving_average_options {
    double decay;                       /* needed, in (0, 1): average -= (1 - decay) * (average - value) */
    est_node *num_updates;              /* a number or a handle, []: the decay is at most (1 + n) / (10 + n); NULL: it stays */
    bool zero_debias;                   /* averages of tensors are divided by 1 - decay^updates, as they begin with 0 */
    const char *name;                   /* "ExponentialMovingAverage" */
    est_node *after;                    /* variables are read after it: an optimizer's updates; NULL: their values before the step */
} est_moving_average_options;
/** Keeps averages of variables (handles; none: of all trainable ones) and of float32 tensors of known shape, in the variables
 *  <variable>/<name>, which start as the variable does, those of tensors with 0 (tf.train.ExponentialMovingAverage.apply). Gives one node
 *  that stands for all updates: est_spec_train_op takes it, est_graph_add_update too where `after` is NULL.
 *  Errors: INVALID_ARGUMENT: decay, a variable that is not float32, a tensor whose shape is not known; ALREADY_EXISTS: the name. */
EST_API est_node *est_moving_averages_sized(est_graph *g, est_nodes of, const est_moving_average_options *options, size_t size);
static inline est_node *est_moving_averages(est_graph *g, est_nodes of, const est_moving_average_options *options)
{
    return est_moving_averages_sized(g, of, options, sizeof *options);
}
/** The handle of the average of `of`, a handle or a tensor (tf.train.ExponentialMovingAverage.average); `name` NULL: as above. NULL: none
 *  is kept. Lent. */
EST_API est_node *est_moving_average(const est_graph *g, est_node *of, const char *name);

/* ---- scopes ---- */
/** Operations made from here on are named "<scope>/…", until est_graph_end_scope; a scope that was there before gets _1, _2, …
 *  (tf.name_scope). With a slash at its end it is one that was there, by its whole name. */
EST_API void est_graph_begin_name_scope(est_graph *g, const char *scope);

/** What variables of est_get_variable are like (tf.compat.v1.variable_scope). What is not given is as in the scope around it. */
typedef enum est_reuse { EST_REUSE_INHERIT, EST_REUSE_ALWAYS, EST_REUSE_AUTO } est_reuse;
typedef struct est_variable_scope_options {
    est_reuse reuse;                    /* variables are there already (reuse=True), or are made if they are not (tf.compat.v1.AUTO_REUSE) */
    const est_initializer *initializer; /* NULL: of the scope around it */
    const est_regularizer *regularizer;
    const est_constraint *constraint;
} est_variable_scope_options;
/** Variables of est_get_variable are named "<scope>/…" until est_end_variable_scope; opens a scope of operations as well, by
 *  est_graph_begin_name_scope. What the options point to is copied; `options` NULL: none. Errors: those of the initializer. */
EST_API void est_begin_variable_scope_sized(est_graph *g, const char *scope, const est_variable_scope_options *options, size_t size);
static inline void est_begin_variable_scope(est_graph *g, const char *scope, const est_variable_scope_options *options)
{
    est_begin_variable_scope_sized(g, scope, options, options ? sizeof *options : 0);
}
EST_API void est_end_variable_scope(est_graph *g);

typedef struct est_get_variable_options {
    est_dtype dtype;                    /* EST_FLOAT */
    est_shape shape;                    /* needed; zero: a scalar */
    est_node *initial_value;            /* NULL: by `initializer` */
    const est_initializer *initializer; /* NULL: the scope's, else GlorotUniform; zeros where dtype is not float32 */
    const est_regularizer *regularizer; /* NULL: the scope's, for float32 */
    const est_constraint *constraint;   /* likewise */
    bool not_trainable, local;          /* as in est_variable_options */
} est_get_variable_options;
/** A new variable of the scope, or the one that is there (tf.compat.v1.get_variable); its handle.
 *  Errors: NOT_FOUND: it is to be reused and is not there; ALREADY_EXISTS: it is there and is not to be reused; INVALID_ARGUMENT: it is
 *  there with another dtype or shape (both are told); those of est_variable. */
EST_API est_node *est_get_variable_sized(est_graph *g, const char *name, const est_get_variable_options *options, size_t size);
static inline est_node *est_get_variable(est_graph *g, const char *name, const est_get_variable_options *options)
{
    return est_get_variable_sized(g, name, options, sizeof *options);
}

#ifdef __cplusplus
}
#endif
#endif
