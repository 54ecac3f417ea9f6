/* RMSprop (Hinton 2012, "Neural networks for machine learning", lecture 6e), centered on wish (Graves 2013), as
 * tf.keras.optimizers.legacy.RMSprop: TensorFlow's op where there is momentum, composed of others where there is none. */
#include <math.h>

#include <estimator/ops.h>

#include "nn/optimizers/optimizer.h"

enum { RHO, MOMENTUM };                    /* of hypers */
enum { ONE_MINUS_RHO, EPSILON };           /* of derived */

static const char *const hypers[] = { "rho", "momentum", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_rmsprop_options, 0.001),
    EST__RATE_SCHEDULE_FIELD(est_rmsprop_options),
    EST_FIELD(est_rmsprop_options, FLOAT, rho, .def = 0.9, .max = 1, .zero = EST_OFF, .doc = "decay of the mean of squared gradients"),
    EST_FIELD(est_rmsprop_options, FLOAT, momentum, .max = 1, .doc = "share of the last step in this one"),
    EST_FIELD(est_rmsprop_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_rmsprop_options, BOOL, centered, .doc = "divide by the deviation from the mean gradient"),
    EST__DECAY_FIELD(est_rmsprop_options),
    EST__CLIP_FIELDS(est_rmsprop_options),
    { 0 }
};

/* Where each slot stands; those that the options do not ask for are not there. */
typedef struct places {
    int rms, momentum, mg, count;
} places;

static places places_of(const void *options)
{
    const est_rmsprop_options *o = options;
    places p = { .rms = 0, .count = 1 };
    p.momentum = o->momentum > 0 ? p.count++ : -1;
    p.mg = o->centered ? p.count++ : -1;
    return p;
}

static int slots(const void *options, est__slot out[EST__MAX_SLOTS])
{
    places p = places_of(options);
    out[p.rms] = (est__slot){ "rms", 0 };
    if (p.momentum >= 0)
        out[p.momentum] = (est__slot){ "momentum", 0 };
    if (p.mg >= 0)
        out[p.mg] = (est__slot){ "mg", 0 };
    return p.count;
}

static void prepare(est__updates *u)
{
    u->derived[ONE_MINUS_RHO] = est_sub(u->g, est_constant_float(u->g, 1), u->hyper[RHO]);
    u->derived[EPSILON] = est_constant_float(u->g, ((const est_rmsprop_options *)u->options)->epsilon);
}

/* TensorFlow's op; `ids` NULL: the dense one. */
static est_node *apply(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient, est_node *ids)
{
    places p = places_of(u->options);
    est_node *in[10], **next = in;
    *next++ = variable;
    if (p.mg >= 0)
        *next++ = slot[p.mg];
    *next++ = slot[p.rms];
    *next++ = slot[p.momentum];
    *next++ = u->learning_rate;
    *next++ = u->hyper[RHO];
    *next++ = u->hyper[MOMENTUM];
    *next++ = u->derived[EPSILON];
    *next++ = gradient;
    if (ids)
        *next++ = ids;
    const char *const name[2][2] = { { "ResourceApplyRMSProp", "ResourceApplyCenteredRMSProp" },
                                     { "ResourceSparseApplyRMSProp", "ResourceSparseApplyCenteredRMSProp" } };
    return est_op(u->g, name[ids != NULL][p.mg >= 0], NULL, (est_nodes){ in, (size_t)(next - in) }, EST_NO_ATTRS);
}

/* gradient * learning_rate / (sqrt(mean square - mean^2) + epsilon); `mean` NULL: not centered. */
static est_node *step(const est__updates *u, est_node *gradient, est_node *square, est_node *mean)
{
    est_graph *g = u->g;
    if (mean)
        square = est_sub(g, square, est_square(g, mean));
    return est_div(g, est_mul(g, u->learning_rate, gradient), est_add(g, est_sqrt(g, square), u->derived[EPSILON]));
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    est_graph *g = u->g;
    places p = places_of(u->options);
    if (p.momentum >= 0)
        return apply(u, variable, slot, gradient, NULL);
    est_node *square = est__decayed(u, slot[p.rms], u->hyper[RHO], u->derived[ONE_MINUS_RHO], est_square(g, gradient));
    est_node *mean = p.mg >= 0 ? est__decayed(u, slot[p.mg], u->hyper[RHO], u->derived[ONE_MINUS_RHO], gradient) : NULL;
    est_node *last = est__assign_sub(g, variable, step(u, gradient, square, mean));
    est_node_after(last, est__assign(g, slot[p.rms], square));
    if (mean)
        est_node_after(last, est__assign(g, slot[p.mg], mean));
    return last;
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_graph *g = u->g;
    places p = places_of(u->options);
    est__sum_duplicate_ids(g, &rows, &ids);
    if (p.momentum >= 0)
        return apply(u, variable, slot, rows, ids);
    est__decayed_rows square = est__decay_rows(u, slot[p.rms], ids, u->hyper[RHO], u->derived[ONE_MINUS_RHO], est_square(g, rows));
    est__decayed_rows mean = { 0 };
    if (p.mg >= 0)
        mean = est__decay_rows(u, slot[p.mg], ids, u->hyper[RHO], u->derived[ONE_MINUS_RHO], rows);
    est_node *last = est__scatter_sub(g, variable, ids, step(u, rows, square.rows, mean.rows));
    est_node_after(last, square.update);
    if (mean.update)
        est_node_after(last, mean.update);
    return last;
}

const est__optimizer_kind est__optimizer_rmsprop = {
    .name = "RMSprop", .fields = fields, .options_size = sizeof(est_rmsprop_options), .hypers = hypers,
    .slots = slots, .prepare = prepare, .dense = dense, .sparse = sparse };
