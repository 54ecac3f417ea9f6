/* Gradient descent and Adagrad by forward-backward splitting (Duchi and Singer 2009, "Efficient online and batch learning using
 * forward backward splitting"), as TensorFlow 1's ProximalGradientDescentOptimizer and ProximalAdagradOptimizer. */
#include <math.h>

#include "nn/optimizers/optimizer.h"

enum { L1, L2 };                           /* of hypers */
enum { ACCUMULATOR };                      /* of slots */

static const char *const hypers[] = { "l1_regularization_strength", "l2_regularization_strength", NULL };

#define L1_L2_FIELDS(type)                                                                                            \
    EST_FIELD(type, FLOAT, l1_regularization_strength, .max = INFINITY, .doc = "pulls weights to exactly 0"),          \
    EST_FIELD(type, FLOAT, l2_regularization_strength, .max = INFINITY, .doc = "shrinks weights")

/* ---- ProximalGradientDescent ---- */
static const est_field descent_fields[] = {
    EST__LEARNING_RATE_FIELD(est_proximal_gradient_descent_options, 0.01),
    EST__RATE_SCHEDULE_FIELD(est_proximal_gradient_descent_options),
    L1_L2_FIELDS(est_proximal_gradient_descent_options),
    EST__CLIP_FIELDS(est_proximal_gradient_descent_options),
    { 0 }
};

static int descent_slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    (void)options, (void)out;
    return 0;
}

static est_node *descent_dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    (void)slot;
    return est_op(u->g, "ResourceApplyProximalGradientDescent", NULL,
                  EST_NODES(variable, u->learning_rate, u->hyper[L1], u->hyper[L2], gradient), EST_NO_ATTRS);
}

static est_node *descent_sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    (void)slot;
    est__sum_duplicate_ids(u->g, &rows, &ids);
    return est_op(u->g, "ResourceSparseApplyProximalGradientDescent", NULL,
                  EST_NODES(variable, u->learning_rate, u->hyper[L1], u->hyper[L2], rows, ids), EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_proximal_gradient_descent = {
    .name = "ProximalGradientDescent", .fields = descent_fields, .options_size = sizeof(est_proximal_gradient_descent_options),
    .hypers = hypers, .is_v1 = true, .slots = descent_slots, .dense = descent_dense, .sparse = descent_sparse };

/* ---- ProximalAdagrad ---- */
static const est_field adagrad_fields[] = {
    EST__LEARNING_RATE_FIELD(est_proximal_adagrad_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_proximal_adagrad_options),
    EST_FIELD(est_proximal_adagrad_options, FLOAT, initial_accumulator_value, .def = 0.1, .above_min = true, .max = INFINITY,
              .doc = "first value of the accumulators"),
    L1_L2_FIELDS(est_proximal_adagrad_options),
    EST__CLIP_FIELDS(est_proximal_adagrad_options),
    { 0 }
};

static int adagrad_slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    out[ACCUMULATOR] = (est__slot){ "accumulator", ((const est_proximal_adagrad_options *)options)->initial_accumulator_value };
    return 1;
}

static est_node *adagrad_dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    return est_op(u->g, "ResourceApplyProximalAdagrad", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], u->learning_rate, u->hyper[L1], u->hyper[L2], gradient), EST_NO_ATTRS);
}

static est_node *adagrad_sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est__sum_duplicate_ids(u->g, &rows, &ids);
    return est_op(u->g, "ResourceSparseApplyProximalAdagrad", NULL,
                  EST_NODES(variable, slot[ACCUMULATOR], u->learning_rate, u->hyper[L1], u->hyper[L2], rows, ids), EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_proximal_adagrad = {
    .name = "ProximalAdagrad", .fields = adagrad_fields, .options_size = sizeof(est_proximal_adagrad_options),
    .hypers = hypers, .is_v1 = true, .slots = adagrad_slots, .dense = adagrad_dense, .sparse = adagrad_sparse };
