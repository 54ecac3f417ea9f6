/* Adadelta (Zeiler 2012), as tf.keras.optimizers.legacy.Adadelta. */
#include <math.h>

#include "nn/optimizers/optimizer.h"

enum { RHO };                              /* of hypers */
enum { EPSILON };                          /* of derived */
enum { ACCUM_GRAD, ACCUM_VAR };            /* of slots */

static const char *const hypers[] = { "rho", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_adadelta_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adadelta_options),
    EST_FIELD(est_adadelta_options, FLOAT, rho, .def = 0.95, .max = 1, .zero = EST_OFF, .doc = "decay of both means of squares"),
    EST_FIELD(est_adadelta_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps both roots above 0"),
    EST__DECAY_FIELD(est_adadelta_options),
    EST__CLIP_FIELDS(est_adadelta_options),
    { 0 }
};

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    (void)options;
    out[ACCUM_GRAD] = (est__slot){ "accum_grad", 0 };
    out[ACCUM_VAR] = (est__slot){ "accum_var", 0 };
    return 2;
}

static void prepare(est__updates *u)
{
    u->derived[EPSILON] = est_constant_float(u->g, ((const est_adadelta_options *)u->options)->epsilon);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    return est_op(u->g, "ResourceApplyAdadelta", NULL,
                  EST_NODES(variable, slot[ACCUM_GRAD], slot[ACCUM_VAR], u->learning_rate, u->hyper[RHO], u->derived[EPSILON],
                            gradient),
                  EST_NO_ATTRS);
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est__sum_duplicate_ids(u->g, &rows, &ids);
    return est_op(u->g, "ResourceSparseApplyAdadelta", NULL,
                  EST_NODES(variable, slot[ACCUM_GRAD], slot[ACCUM_VAR], u->learning_rate, u->hyper[RHO], u->derived[EPSILON],
                            rows, ids),
                  EST_NO_ATTRS);
}

const est__optimizer_kind est__optimizer_adadelta = {
    .name = "Adadelta", .fields = fields, .options_size = sizeof(est_adadelta_options), .hypers = hypers,
    .slots = slots, .prepare = prepare, .dense = dense, .sparse = sparse };
