/* Adam (Kingma and Ba 2015), with AMSGrad (Reddi et al. 2018) on wish, as tf.keras.optimizers.legacy.Adam: a sparse gradient counts
 * as a dense one that is zero elsewhere. */
#include <math.h>

#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

enum { BETA_1, BETA_2 };                   /* of hypers */
enum { BETA_1_POWER, BETA_2_POWER };       /* of derived */
enum { M, V, VHAT };                       /* of slots */

static const char *const hypers[] = { "beta_1", "beta_2", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_adam_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adam_options),
    EST_FIELD(est_adam_options, FLOAT, beta_1, .def = 0.9, .max = 1, .zero = EST_OFF,
              .doc = "decay of the mean of gradients"),
    EST_FIELD(est_adam_options, FLOAT, beta_2, .def = 0.999, .max = 1, .zero = EST_OFF,
              .doc = "decay of the mean of squared gradients"),
    EST_FIELD(est_adam_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_adam_options, BOOL, amsgrad, .doc = "divide by the largest mean of squares so far"),
    EST__DECAY_FIELD(est_adam_options),
    EST__CLIP_FIELDS(est_adam_options),
    { 0 }
};

static const est_adam_options *options_of(const est__updates *u)
{
    return u->options;
}

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    out[M] = (est__slot){ "m", 0 };
    out[V] = (est__slot){ "v", 0 };
    out[VHAT] = (est__slot){ "vhat", 0 };
    return ((const est_adam_options *)options)->amsgrad ? 3 : 2;
}

static void prepare(est__updates *u)
{
    est_node *step = est_add(u->g, u->iteration, est_constant_float(u->g, 1));
    u->derived[BETA_1_POWER] = est_pow(u->g, u->hyper[BETA_1], step);
    u->derived[BETA_2_POWER] = est_pow(u->g, u->hyper[BETA_2], step);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    est_node *epsilon = est_constant_float(u->g, options_of(u)->epsilon);
    if (options_of(u)->amsgrad)
        return est_op(u->g, "ResourceApplyAdamWithAmsgrad", NULL,
                      EST_NODES(variable, slot[M], slot[V], slot[VHAT], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER],
                                u->learning_rate, u->hyper[BETA_1], u->hyper[BETA_2], epsilon, gradient),
                      EST_NO_ATTRS);
    return est_op(u->g, "ResourceApplyAdam", NULL,
                  EST_NODES(variable, slot[M], slot[V], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER], u->learning_rate,
                            u->hyper[BETA_1], u->hyper[BETA_2], epsilon, gradient),
                  EST_NO_ATTRS);
}

/* The running maximum cannot be had from touched rows alone, and AMSGrad is rarely asked for: it takes the dense way. */
static est_node *spread(est_graph *g, est_node *rows, est_node *ids, est_node *value)
{
    est_node *count = est_constant_int(g, EST_INT32, est_node_shape(value)->dim[0]);
    return est_op(g, "UnsortedSegmentSum", NULL, EST_NODES(rows, ids, count), EST_NO_ATTRS);
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_graph *g = u->g;
    if (options_of(u)->amsgrad)
        return dense(u, variable, slot, spread(g, rows, ids, est_read(g, variable)));
    est__sum_duplicate_ids(g, &rows, &ids);
    return est_op(g, "EstResourceSparseApplyAdam", NULL,
                  EST_NODES(variable, slot[M], slot[V], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER], u->learning_rate,
                            u->hyper[BETA_1], u->hyper[BETA_2], est_constant_float(g, options_of(u)->epsilon), rows, ids),
                  EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_adam = {
    .name = "Adam", .fields = fields, .options_size = sizeof(est_adam_options), .hypers = hypers,
    .slots = slots, .prepare = prepare, .dense = dense, .sparse = sparse };
