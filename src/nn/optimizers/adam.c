/* Adam (Kingma and Ba 2015), with AMSGrad (Reddi et al. 2018) on wish, as tf.keras.optimizers.legacy.Adam, and AdamW (Loshchilov
 * and Hutter 2019, "Decoupled weight decay regularization") as tf.keras.optimizers.AdamW: a sparse gradient counts as a dense one that
 * is zero elsewhere. Keras' newer optimizers take 1 - beta in float64, these ops in float32: with a beta_2 of 0.999 a step of AdamW
 * differs by a share of 2e-5. */
#include <math.h>

#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

enum { BETA_1, BETA_2, WEIGHT_DECAY };              /* of hypers */
enum { BETA_1_POWER, BETA_2_POWER, EPSILON };       /* of derived */
enum { M, V, VHAT };                                /* of slots; the last one under AMSGrad alone */

static void prepare(est__updates *u, double epsilon)
{
    est_node *step = est_add(u->g, u->iteration, est_constant_float(u->g, 1));
    u->derived[BETA_1_POWER] = est_pow(u->g, u->hyper[BETA_1], step);
    u->derived[BETA_2_POWER] = est_pow(u->g, u->hyper[BETA_2], step);
    u->derived[EPSILON] = est_constant_float(u->g, epsilon);
}

static int slots(bool amsgrad, est__slot out[EST__MAX_SLOTS])
{
    int n = est__moment_slots(NULL, out);
    out[VHAT] = (est__slot){ "vhat", 0 };
    return n + amsgrad;
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    if (slot[VHAT])
        return est_op(u->g, "ResourceApplyAdamWithAmsgrad", NULL,
                      EST_NODES(variable, slot[M], slot[V], slot[VHAT], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER],
                                u->learning_rate, u->hyper[BETA_1], u->hyper[BETA_2], u->derived[EPSILON], gradient),
                      EST_NO_ATTRS);
    return est_op(u->g, "ResourceApplyAdam", NULL,
                  EST_NODES(variable, slot[M], slot[V], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER], u->learning_rate,
                            u->hyper[BETA_1], u->hyper[BETA_2], u->derived[EPSILON], gradient),
                  EST_NO_ATTRS);
}

/* The running maximum cannot be had from touched rows alone, and AMSGrad is rarely asked for: it takes the dense way. */
static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_graph *g = u->g;
    if (slot[VHAT])
        return dense(u, variable, slot, est__spread(g, variable, rows, ids));
    est__sum_duplicate_ids(g, &rows, &ids);
    return est_op(g, "EstResourceSparseApplyAdam", NULL,
                  EST_NODES(variable, slot[M], slot[V], u->derived[BETA_1_POWER], u->derived[BETA_2_POWER], u->learning_rate,
                            u->hyper[BETA_1], u->hyper[BETA_2], u->derived[EPSILON], rows, ids),
                  EST_NO_ATTRS);
}

/* ---- Adam ---- */
static const char *const adam_hypers[] = { "beta_1", "beta_2", NULL };

static const est_field adam_fields[] = {
    EST__LEARNING_RATE_FIELD(est_adam_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adam_options),
    EST__BETA_FIELDS(est_adam_options),
    EST_FIELD(est_adam_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_adam_options, BOOL, amsgrad, .doc = "divide by the largest mean of squares so far"),
    EST__DECAY_FIELD(est_adam_options),
    EST__CLIP_FIELDS(est_adam_options),
    { 0 }
};

static int adam_slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    return slots(((const est_adam_options *)options)->amsgrad, out);
}

static void adam_prepare(est__updates *u)
{
    prepare(u, ((const est_adam_options *)u->options)->epsilon);
}

const est__optimizer_kind est__optimizer_adam = {
    .name = "Adam", .fields = adam_fields, .options_size = sizeof(est_adam_options), .hypers = adam_hypers,
    .slots = adam_slots, .prepare = adam_prepare, .dense = dense, .sparse = sparse };

/* ---- AdamW ---- */
static const char *const adamw_hypers[] = { "beta_1", "beta_2", "weight_decay", NULL };

static const est_field adamw_fields[] = {
    EST__LEARNING_RATE_FIELD(est_adamw_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adamw_options),
    EST_FIELD(est_adamw_options, FLOAT, weight_decay, .def = 0.004, .max = INFINITY, .zero = EST_OFF,
              .doc = "share of a weight, times the learning rate, that each step takes off"),
    EST__BETA_FIELDS(est_adamw_options),
    EST_FIELD(est_adamw_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_adamw_options, BOOL, amsgrad, .doc = "divide by the largest mean of squares so far"),
    EST__EXCLUDE_FIELD(est_adamw_options, exclude_from_weight_decay, "has no weight decay"),
    EST__DECAY_FIELD(est_adamw_options),
    EST__CLIP_FIELDS(est_adamw_options),
    { 0 }
};

static int adamw_slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    return slots(((const est_adamw_options *)options)->amsgrad, out);
}

static void adamw_prepare(est__updates *u)
{
    prepare(u, ((const est_adamw_options *)u->options)->epsilon);
}

/* variable -= variable * weight_decay * learning_rate, all of it, before Adam's `step`; NULL: that variable has no weight decay. */
static est_node *shrink(const est__updates *u, est_node *variable)
{
    est_graph *g = u->g;
    const est_adamw_options *o = u->options;
    if (o->weight_decay == 0 || est__is_matched(o->exclude_from_weight_decay, u->variable))
        return NULL;
    return est__assign_sub(g, variable,
                           est_mul(g, est_mul(g, est_read(g, variable), u->hyper[WEIGHT_DECAY]), u->learning_rate));
}

static est_node *after(est_node *shrunk, est_node *step)
{
    if (shrunk)
        est_node_after(step, shrunk);
    return step;
}

static est_node *adamw_dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    est_node *shrunk = shrink(u, variable);
    return after(shrunk, dense(u, variable, slot, gradient));
}

static est_node *adamw_sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_node *shrunk = shrink(u, variable);
    return after(shrunk, sparse(u, variable, slot, rows, ids));
}

const est__optimizer_kind est__optimizer_adamw = {
    .name = "AdamW", .fields = adamw_fields, .options_size = sizeof(est_adamw_options), .hypers = adamw_hypers,
    .slots = adamw_slots, .prepare = adamw_prepare, .dense = adamw_dense, .sparse = adamw_sparse };
