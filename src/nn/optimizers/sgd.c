/* SGD: gradient descent, with momentum on wish, as tf.keras.optimizers.legacy.SGD. */
#include <math.h>

#include <estimator/ops.h>

#include "nn/optimizers/optimizer.h"

enum { MOMENTUM };                         /* of hypers and of slots */

static const char *const hypers[] = { "momentum", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_sgd_options, 0.01),
    EST__RATE_SCHEDULE_FIELD(est_sgd_options),
    EST_FIELD(est_sgd_options, FLOAT, momentum, .max = 1, .doc = "share of the last step that the next one keeps"),
    EST_FIELD(est_sgd_options, BOOL, nesterov, .doc = "Nesterov's momentum"),
    EST__DECAY_FIELD(est_sgd_options),
    EST__CLIP_FIELDS(est_sgd_options),
    { 0 }
};

static bool has_momentum(const void *options)
{
    return ((const est_sgd_options *)options)->momentum > 0;
}

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    out[MOMENTUM] = (est__slot){ "momentum", 0 };
    return has_momentum(options);
}

static est_attr nesterov(const est__updates *u)
{
    return EST_BOOL_ATTR("use_nesterov", ((const est_sgd_options *)u->options)->nesterov);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    if (has_momentum(u->options))
        return est_op(u->g, "ResourceApplyKerasMomentum", NULL,
                      EST_NODES(variable, slot[MOMENTUM], u->learning_rate, gradient, u->hyper[MOMENTUM]),
                      EST_ATTRS(nesterov(u)));
    return est_op(u->g, "ResourceApplyGradientDescent", NULL, EST_NODES(variable, u->learning_rate, gradient), EST_NO_ATTRS);
}

/* Without momentum, rows of equal ids are simply added one after the other. */
static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    if (!has_momentum(u->options))
        return est_op(u->g, "ResourceScatterAdd", NULL,
                      EST_NODES(variable, ids, est_mul(u->g, est_neg(u->g, rows), u->learning_rate)), EST_NO_ATTRS);
    est__sum_duplicate_ids(u->g, &rows, &ids);
    return est_op(u->g, "ResourceSparseApplyKerasMomentum", NULL,
                  EST_NODES(variable, slot[MOMENTUM], u->learning_rate, rows, ids, u->hyper[MOMENTUM]),
                  EST_ATTRS(nesterov(u)));
}

const est__optimizer_kind est__optimizer_sgd = {
    .name = "SGD", .fields = fields, .options_size = sizeof(est_sgd_options), .hypers = hypers,
    .slots = slots, .dense = dense, .sparse = sparse };
