/* Adagrad (Duchi et al. 2011, "Adaptive subgradient methods"), as tf.keras.optimizers.legacy.Adagrad. */
#include <math.h>

#include "nn/optimizers/optimizer.h"

enum { EPSILON };                          /* of derived */
enum { ACCUMULATOR };                      /* of slots */

static const char *const hypers[] = { NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_adagrad_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adagrad_options),
    EST_FIELD(est_adagrad_options, FLOAT, initial_accumulator_value, .def = 0.1, .max = INFINITY, .zero = EST_OFF,
              .doc = "first value of the accumulators"),
    EST_FIELD(est_adagrad_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST__DECAY_FIELD(est_adagrad_options),
    EST__CLIP_FIELDS(est_adagrad_options),
    { 0 }
};

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    out[ACCUMULATOR] = (est__slot){ "accumulator", ((const est_adagrad_options *)options)->initial_accumulator_value };
    return 1;
}

static void prepare(est__updates *u)
{
    u->derived[EPSILON] = est_constant_float(u->g, ((const est_adagrad_options *)u->options)->epsilon);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    return est_op(u->g, "ResourceApplyAdagradV2", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], u->learning_rate, u->derived[EPSILON], gradient), EST_NO_ATTRS);
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est__sum_duplicate_ids(u->g, &rows, &ids);
    return est_op(u->g, "ResourceSparseApplyAdagradV2", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], u->learning_rate, u->derived[EPSILON], rows, ids), EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_adagrad = {
    .name = "Adagrad", .fields = fields, .options_size = sizeof(est_adagrad_options), .hypers = hypers,
    .slots = slots, .prepare = prepare, .dense = dense, .sparse = sparse };
