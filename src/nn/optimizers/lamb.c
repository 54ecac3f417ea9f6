/* LAMB: Adam with a step as long as the layer's weights (You et al. 2020, "Large batch optimization for deep learning"), as
 * tfa.optimizers.LAMB: a sparse gradient counts as a dense one that is zero elsewhere. */
#include <math.h>

#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

enum { BETA_1, BETA_2, WEIGHT_DECAY };                                                       /* of hypers */
enum { ONE_MINUS_BETA_1, ONE_MINUS_BETA_2, CORRECTION_1, CORRECTION_2, EPSILON };             /* of derived */
enum { M, V };                                                                               /* of slots */

static const char *const hypers[] = { "beta_1", "beta_2", "weight_decay", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_lamb_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_lamb_options),
    EST__BETA_FIELDS(est_lamb_options),
    EST_FIELD(est_lamb_options, FLOAT, epsilon, .def = 1e-6, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_lamb_options, FLOAT, weight_decay, .max = INFINITY, .doc = "share of a weight that goes into its step"),
    EST__EXCLUDE_FIELD(est_lamb_options, exclude_from_weight_decay, "has no weight decay"),
    EST__EXCLUDE_FIELD(est_lamb_options, exclude_from_layer_adaptation,
                       "has plain steps; none: those of exclude_from_weight_decay"),
    EST__DECAY_FIELD(est_lamb_options),
    EST__CLIP_FIELDS(est_lamb_options),
    { 0 }
};

static void prepare(est__updates *u)
{
    est_graph *g = u->g;
    est_node *one = est_constant_float(g, 1), *step = est_add(g, u->iteration, one);
    u->derived[ONE_MINUS_BETA_1] = est_sub(g, one, u->hyper[BETA_1]);
    u->derived[ONE_MINUS_BETA_2] = est_sub(g, one, u->hyper[BETA_2]);
    u->derived[CORRECTION_1] = est_sub(g, one, est_pow(g, u->hyper[BETA_1], step));
    u->derived[CORRECTION_2] = est_sub(g, one, est_pow(g, u->hyper[BETA_2], step));
    u->derived[EPSILON] = est_constant_float(g, ((const est_lamb_options *)u->options)->epsilon);
}

static est_node *norm(est_graph *g, est_node *x)
{
    return est_sqrt(g, est_mul(g, est_l2_loss(g, x), est_constant_float(g, 2)));
}

/* |weights| / |step|, and 1 where either is 0. */
static est_node *trust(const est__updates *u, est_node *weights, est_node *step)
{
    est_graph *g = u->g;
    est_node *zero = est_constant_float(g, 0), *w = norm(g, weights), *s = norm(g, step);
    est_node *both = est_logical_and(g, est_greater(g, w, zero), est_greater(g, s, zero));
    return est_where(g, both, est_div_no_nan(g, w, s), est_constant_float(g, 1));
}

static bool is_adapted(const est__updates *u)
{
    const est_lamb_options *o = u->options;
    bool has_own = o->exclude_from_layer_adaptation.count > 0;
    return !est__is_matched(has_own ? o->exclude_from_layer_adaptation : o->exclude_from_weight_decay, u->variable);
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    est_graph *g = u->g;
    const est_lamb_options *o = u->options;
    est_node *weights = est_read(g, variable), *rate = u->learning_rate;
    est_node *m = est__decayed(u, slot[M], u->hyper[BETA_1], u->derived[ONE_MINUS_BETA_1], gradient);
    est_node *v = est__decayed(u, slot[V], u->hyper[BETA_2], u->derived[ONE_MINUS_BETA_2], est_square(g, gradient));
    est_node *root = est_sqrt(g, est_div(g, v, u->derived[CORRECTION_2]));
    est_node *step = est_div(g, est_div(g, m, u->derived[CORRECTION_1]), est_add(g, root, u->derived[EPSILON]));
    if (o->weight_decay > 0 && !est__is_matched(o->exclude_from_weight_decay, u->variable))
        step = est_add(g, step, est_mul(g, u->hyper[WEIGHT_DECAY], weights));
    if (is_adapted(u))
        rate = est_mul(g, trust(u, weights, step), rate);
    est_node *last = est__assign_sub(g, variable, est_mul(g, rate, step));
    est_node_after(last, est__assign(g, slot[M], m));
    est_node_after(last, est__assign(g, slot[V], v));
    return last;
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    return dense(u, variable, slot, est__spread(u->g, variable, rows, ids));
}

const est__optimizer_kind est__optimizer_lamb = {
    .name = "LAMB", .fields = fields, .options_size = sizeof(est_lamb_options), .hypers = hypers,
    .slots = est__moment_slots, .prepare = prepare, .dense = dense, .sparse = sparse };
