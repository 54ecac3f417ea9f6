/* Nadam, Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam"), as
 * tf.keras.optimizers.legacy.Nadam: the momentum has a schedule, which the variable `decay` keeps; the learning rate has none. */
#include <math.h>

#include <estimator/ops.h>

#include "graph/graph.h"
#include "nn/optimizers/optimizer.h"

enum { BETA_1, BETA_2 };                   /* of hypers */
enum {                                     /* of derived, by Keras' names */
    EPSILON, M_T, M_T_1, ONE_MINUS_BETA_1, ONE_MINUS_BETA_2, ONE_MINUS_M_SCHEDULE_NEW, ONE_MINUS_M_SCHEDULE_NEXT,
    V_T_PRIME_DENOMINATOR
};
enum { M, V };                             /* of slots */

static const char *const hypers[] = { "beta_1", "beta_2", NULL };

static const est_field fields[] = {
    EST__LEARNING_RATE_FIELD(est_nadam_options, 0.001),
    EST__BETA_FIELDS(est_nadam_options),
    EST_FIELD(est_nadam_options, FLOAT, epsilon, .def = 1e-7, .max = INFINITY, .doc = "keeps the divisor above 0"),
    EST_FIELD(est_nadam_options, FLOAT, schedule_decay, .def = 0.004, .max = INFINITY, .zero = EST_OFF,
              .doc = "how soon the momentum grows to beta_1"),
    EST__CLIP_FIELDS(est_nadam_options),
    { 0 }
};

/* The momentum of a step: beta_1 * (1 - 0.96^(decay * step) / 2). */
static est_node *momentum(const est__updates *u, est_node *step)
{
    est_graph *g = u->g;
    est_node *exponent = est_mul(g, est_constant_float(g, ((const est_nadam_options *)u->options)->schedule_decay), step);
    est_node *half = est_mul(g, est_constant_float(g, 0.5), est_pow(g, est_constant_float(g, 0.96), exponent));
    return est_mul(g, u->hyper[BETA_1], est_sub(g, est_constant_float(g, 1), half));
}

/* The product of all momenta so far is a variable of its own. */
static void prepare(est__updates *u)
{
    est_graph *g = u->g;
    est_node *one = est_constant_float(g, 1);
    est_node *step = est_add(g, u->iteration, one), *next = est_add(g, u->iteration, est_constant_float(g, 2));
    est_node *cache = est__optimizer_variable(u, "momentum_cache", 1);
    u->derived[EPSILON] = est_constant_float(g, ((const est_nadam_options *)u->options)->epsilon);
    u->derived[M_T] = momentum(u, step);
    u->derived[M_T_1] = momentum(u, next);
    est_node *product = est_mul(g, est_read(g, cache), u->derived[M_T]);
    u->also = est__assign(g, cache, product);
    u->derived[ONE_MINUS_BETA_1] = est_sub(g, one, u->hyper[BETA_1]);
    u->derived[ONE_MINUS_BETA_2] = est_sub(g, one, u->hyper[BETA_2]);
    u->derived[ONE_MINUS_M_SCHEDULE_NEW] = est_sub(g, one, product);
    u->derived[ONE_MINUS_M_SCHEDULE_NEXT] = est_sub(g, one, est_mul(g, product, u->derived[M_T_1]));
    u->derived[V_T_PRIME_DENOMINATOR] = est_sub(g, one, est_pow(g, u->hyper[BETA_2], step));
}

/* What is taken off where gradient and both moments are these. */
static est_node *step_of(const est__updates *u, est_node *gradient, est_node *m, est_node *v)
{
    est_graph *g = u->g;
    est_node *g_prime = est_div(g, gradient, u->derived[ONE_MINUS_M_SCHEDULE_NEW]);
    est_node *m_prime = est_div(g, m, u->derived[ONE_MINUS_M_SCHEDULE_NEXT]);
    est_node *v_prime = est_div(g, v, u->derived[V_T_PRIME_DENOMINATOR]);
    est_node *one_minus_m_t = est_sub(g, est_constant_float(g, 1), u->derived[M_T]);
    est_node *m_bar = est_add(g, est_mul(g, one_minus_m_t, g_prime), est_mul(g, u->derived[M_T_1], m_prime));
    return est_div(g, est_mul(g, u->learning_rate, m_bar), est_add(g, est_sqrt(g, v_prime), u->derived[EPSILON]));
}

static est_node *dense(const est__updates *u, est_node *variable, est_node *const *slot, est_node *gradient)
{
    est_graph *g = u->g;
    est_node *m = est__decayed(u, slot[M], u->hyper[BETA_1], u->derived[ONE_MINUS_BETA_1], gradient);
    est_node *v = est__decayed(u, slot[V], u->hyper[BETA_2], u->derived[ONE_MINUS_BETA_2], est_square(g, gradient));
    est_node *last = est__assign_sub(g, variable, step_of(u, gradient, m, v));
    est_node_after(last, est__assign(g, slot[M], m));
    est_node_after(last, est__assign(g, slot[V], v));
    return last;
}

static est_node *sparse(const est__updates *u, est_node *variable, est_node *const *slot, est_node *rows, est_node *ids)
{
    est_graph *g = u->g;
    est__sum_duplicate_ids(g, &rows, &ids);
    est__decayed_rows m = est__decay_rows(u, slot[M], ids, u->hyper[BETA_1], u->derived[ONE_MINUS_BETA_1], rows);
    est__decayed_rows v = est__decay_rows(u, slot[V], ids, u->hyper[BETA_2], u->derived[ONE_MINUS_BETA_2], est_square(g, rows));
    est_node *last = est__scatter_sub(g, variable, ids, step_of(u, rows, m.rows, v.rows));
    est_node_after(last, m.update);
    est_node_after(last, v.update);
    return last;
}

const est__optimizer_kind est__optimizer_nadam = {
    .name = "Nadam", .fields = fields, .options_size = sizeof(est_nadam_options), .hypers = hypers, .decays = "schedule_decay",
    .slots = est__moment_slots, .prepare = prepare, .dense = dense, .sparse = sparse };
