/* Ftrl: follow the regularized leader (McMahan et al. 2013, "Ad click prediction"), as tf.keras.optimizers.legacy.Ftrl. */
#include <math.h>

#include <estimator/ops.h>

#include "nn/optimizers/optimizer.h"

enum { BETA, L1, L2, POWER };              /* of hypers */
enum { ADJUSTED_L2 };                      /* of derived */
enum { ACCUMULATOR, LINEAR };              /* of slots */

static const char *const hypers[] = { "beta", "l1_regularization_strength", "l2_regularization_strength",
                                      "learning_rate_power", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_ftrl_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_ftrl_options),
    EST_FIELD(est_ftrl_options, FLOAT, learning_rate_power, .def = -0.5, .min = -INFINITY, .zero = EST_FTRL_FIXED_RATE,
              .doc = "how fast the learning rate sinks; 0: it stays"),
    EST_FIELD(est_ftrl_options, FLOAT, initial_accumulator_value, .def = 0.1, .max = INFINITY, .zero = EST_OFF,
              .doc = "first value of the accumulators"),
    EST_FIELD(est_ftrl_options, FLOAT, l1_regularization_strength, .max = INFINITY, .doc = "pulls weights to exactly 0"),
    EST_FIELD(est_ftrl_options, FLOAT, l2_regularization_strength, .max = INFINITY, .doc = "stabilizes, within the update"),
    EST_FIELD(est_ftrl_options, FLOAT, l2_shrinkage_regularization_strength, .max = INFINITY,
              .doc = "shrinks weights, as an L2 penalty of the loss does"),
    EST_FIELD(est_ftrl_options, FLOAT, beta, .max = INFINITY, .doc = "beta of the paper"),
    EST__DECAY_FIELD(est_ftrl_options),
    EST__CLIP_FIELDS(est_ftrl_options),
    { 0 }
};

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    const est_ftrl_options *o = options;
    out[ACCUMULATOR] = (est__slot){ "accumulator", o->initial_accumulator_value };
    out[LINEAR] = (est__slot){ "linear", 0 };
    return 2;
}

/* The ops know no beta; it acts as an l2 of beta / (2 * learning_rate). */
static void prepare(est__updates *u)
{
    est_node *twice = est_mul(u->g, est_constant_float(u->g, 2), u->learning_rate);
    u->derived[ADJUSTED_L2] = est_add(u->g, u->hyper[L2], est_div(u->g, u->hyper[BETA], twice));
}

static double shrinkage(const est__updates *u)
{
    return ((const est_ftrl_options *)u->options)->l2_shrinkage_regularization_strength;
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    if (shrinkage(u) > 0)
        return est_op(u->g, "ResourceApplyFtrlV2", NULL,
                      EST_NODES(variable, slot[ACCUMULATOR], slot[LINEAR], gradient, u->learning_rate, u->hyper[L1],
                                u->derived[ADJUSTED_L2], est_constant_float(u->g, shrinkage(u)), u->hyper[POWER]),
                      EST_NO_ATTRS);
    return est_op(u->g, "ResourceApplyFtrl", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], slot[LINEAR], gradient, u->learning_rate, u->hyper[L1],
                            u->derived[ADJUSTED_L2], u->hyper[POWER]),
                  EST_NO_ATTRS);
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est__sum_duplicate_ids(u->g, &rows, &ids);
    if (shrinkage(u) > 0)
        return est_op(u->g, "ResourceSparseApplyFtrlV2", NULL,
                      EST_NODES(variable, slot[ACCUMULATOR], slot[LINEAR], rows, ids, u->learning_rate, u->hyper[L1],
                                u->derived[ADJUSTED_L2], est_constant_float(u->g, shrinkage(u)), u->hyper[POWER]),
                      EST_NO_ATTRS);
    return est_op(u->g, "ResourceSparseApplyFtrl", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], slot[LINEAR], rows, ids, u->learning_rate, u->hyper[L1],
                            u->derived[ADJUSTED_L2], u->hyper[POWER]),
                  EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_ftrl = {
    .name = "Ftrl", .fields = fields, .options_size = sizeof(est_ftrl_options), .hypers = hypers,
    .slots = slots, .prepare = prepare, .dense = dense, .sparse = sparse };
