/* Adamax, Adam under the infinity norm (Kingma and Ba 2015, section 7.1), as tf.keras.optimizers.legacy.Adamax: a sparse gradient
 * touches its rows alone. */
#include <math.h>

#include <estimator/ops.h>

#include "nn/optimizers/optimizer.h"

enum { BETA_1, BETA_2 };                   /* of hypers */
enum { BETA_1_POWER, EPSILON };            /* of derived */
enum { M, V };                             /* of slots */

static const char *const hypers[] = { "beta_1", "beta_2", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_adamax_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_adamax_options),
    EST_FIELD(est_adamax_options, FLOAT, beta_1, .def = 0.9, .max = 1, .zero = EST_OFF, .doc = "decay of the mean of gradients"),
    EST_FIELD(est_adamax_options, FLOAT, beta_2, .def = 0.999, .max = 1, .zero = EST_OFF,
              .doc = "decay of the largest gradient"),
    EST_FIELD(est_adamax_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST__DECAY_FIELD(est_adamax_options),
    EST__CLIP_FIELDS(est_adamax_options),
    { 0 }
};

static void prepare(est__updates *u)
{
    est_node *step = est_add(u->g, u->iteration, est_constant_float(u->g, 1));
    u->derived[BETA_1_POWER] = est_pow(u->g, u->hyper[BETA_1], step);
    u->derived[EPSILON] = est_constant_float(u->g, ((const est_adamax_options *)u->options)->epsilon);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    return est_op(u->g, "ResourceApplyAdaMax", NULL,
                  EST_NODES(variable, slot[M], slot[V], u->derived[BETA_1_POWER], u->learning_rate, u->hyper[BETA_1],
                            u->hyper[BETA_2], u->derived[EPSILON], gradient),
                  EST_NO_ATTRS);
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_graph *g = u->g;
    est_node *one = est_constant_float(g, 1);
    est__sum_duplicate_ids(g, &rows, &ids);
    est_node *m = est_add(g, est_mul(g, est__rows_of(g, slot[M], ids), u->hyper[BETA_1]),
                          est_mul(g, rows, est_sub(g, one, u->hyper[BETA_1])));
    est_node *v = est_maximum(g, est_mul(g, est__rows_of(g, slot[V], ids), u->hyper[BETA_2]), est_abs(g, rows));
    est_node *rate = est_div(g, u->learning_rate, est_sub(g, one, u->derived[BETA_1_POWER]));
    est_node *last = est__scatter_sub(g, variable, ids,
                                      est_mul(g, rate, est_div(g, m, est_add(g, v, u->derived[EPSILON]))));
    est_node_after(last, est__scatter_update(g, slot[M], ids, m));
    est_node_after(last, est__scatter_update(g, slot[V], ids, v));
    return last;
}

const est__optimizer_kind est__optimizer_adamax = {
    .name = "Adamax", .fields = fields, .options_size = sizeof(est_adamax_options), .hypers = hypers,
    .slots = est__moment_slots, .prepare = prepare, .dense = dense, .sparse = sparse };
