/* Constraints of variables, spelt as Keras spells them; optimizers apply them to what their updates left. */
#include <estimator/ops.h>

#include "base/fields.h"
#include "nn/optimizers/optimizer.h"

#define EPSILON 1e-7                       /* tf.keras.backend.epsilon() */

static const est_field max_norm_fields[] = {
    EST_FIELD(est_constraint, FLOAT, max_value, .def = 2, .max = INFINITY),
    { 0 },
};
static const est_field min_max_norm_fields[] = {
    EST_FIELD(est_constraint, FLOAT, min_value, .max = INFINITY),
    EST_FIELD(est_constraint, FLOAT, max_value, .def = 1, .max = INFINITY),
    EST_FIELD(est_constraint, FLOAT, rate, .def = 1, .max = 1, .zero = EST_OFF),
    { 0 },
};
static const est_field no_fields[] = { { 0 } };

/* ---- kinds: `norms` are those along the axes, kept as dimensions of 1 ---- */

static est_node *non_negative(est_graph *g, est_node *w, est_node *norms, const est_constraint *c)
{
    (void)norms;
    (void)c;
    return est_mul(g, w, est_cast(g, est_greater_equal(g, w, est_constant_float(g, 0)), EST_FLOAT));
}

static est_node *clipped(est_graph *g, est_node *x, double least, double most)
{
    return est_maximum(g, est_minimum(g, x, est_constant_float(g, most)), est_constant_float(g, least));
}

static est_node *scaled(est_graph *g, est_node *w, est_node *norms, est_node *desired)
{
    return est_mul(g, w, est_div(g, desired, est_add(g, est_constant_float(g, EPSILON), norms)));
}

static est_node *max_norm(est_graph *g, est_node *w, est_node *norms, const est_constraint *c)
{
    return scaled(g, w, norms, clipped(g, norms, 0, c->max_value));
}

static est_node *unit_norm(est_graph *g, est_node *w, est_node *norms, const est_constraint *c)
{
    (void)c;
    return est_div(g, w, est_add(g, est_constant_float(g, EPSILON), norms));
}

static est_node *min_max_norm(est_graph *g, est_node *w, est_node *norms, const est_constraint *c)
{
    est_node *between = est_mul(g, est_constant_float(g, c->rate), clipped(g, norms, c->min_value, c->max_value));
    est_node *before = est_mul(g, est_constant_float(g, 1 - c->rate), norms);
    return scaled(g, w, norms, est_add(g, between, before));
}

typedef struct kind {
    const char *name;
    const est_field *fields;
    bool by_norm;
    est_node *(*build)(est_graph *g, est_node *w, est_node *norms, const est_constraint *c);
} kind;
static const kind kinds[] = {
    { "MaxNorm", max_norm_fields, true, max_norm },
    { "MinMaxNorm", min_max_norm_fields, true, min_max_norm },
    { "NonNeg", no_fields, false, non_negative },
    { "UnitNorm", no_fields, true, unit_norm },
};
static const char *const names[] = { "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm" };
enum { NUM_KINDS = sizeof kinds / sizeof *kinds };

static const kind *find(const char *name)
{
    for (int i = 0; i < NUM_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- checks; `c` gets its defaults ---- */

static est_status check_axes(const est_constraint *c, int rank)
{
    for (size_t i = 0; i < c->axes.count; i++)
        if (c->axes.data[i] < -rank || c->axes.data[i] >= rank)
            return est__fail(EST_INVALID_ARGUMENT, "constraint '%s': axis %lld is not there; the variable has %d dimensions", c->type,
                             (long long)c->axes.data[i], rank);
    return rank > 0 ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "constraint '%s': a scalar has no norm along an axis", c->type);
}

static est_status check(const est_constraint *given, int rank, est_constraint *c)
{
    char where[64];
    *c = *given;
    if (given->type == NULL)
        return given->fn ? EST_OK : est__fail(EST_INVALID_ARGUMENT, "a constraint needs type or fn");
    const kind *k = find(given->type);
    if (k == NULL) {
        const char *near = est__nearest(given->type, names, NUM_KINDS);
        return est__fail(EST_INVALID_ARGUMENT, "unknown constraint '%s'; %s%s%s", given->type, near ? "did you mean '" : "there are MaxNorm, "
                         "MinMaxNorm, NonNeg and UnitNorm", near ? near : "", near ? "'?" : "");
    }
    snprintf(where, sizeof where, "constraint '%s'", k->name);
    EST_TRY(est__fields_apply(k->fields, where, given, sizeof *given, c, sizeof *c));
    est__fields_write_zeros(k->fields, c);
    c->type = k->name;
    c->axes = given->axes;
    if (c->min_value > c->max_value && k->build == min_max_norm)
        return est__fail(EST_INVALID_ARGUMENT, "%s: min_value is %g, above max_value %g", where, c->min_value, c->max_value);
    return k->by_norm ? check_axes(c, rank) : EST_OK;
}

static est_node *build(est_graph *g, est_node *w, const est_constraint *c)
{
    if (c->type == NULL)
        return c->fn(g, w, c->user);
    const kind *k = find(c->type);
    est_ints axes = c->axes.count ? c->axes : EST_INTS(0);
    est_node *norms = k->by_norm ? est_sqrt(g, est_reduce_sum(g, est_square(g, w), axes, true)) : NULL;
    return k->build(g, w, norms, c);
}

est_node *est_constrained(est_graph *g, est_node *weights, const est_constraint *constraint)
{
    est_constraint c;
    if (g->status != EST_OK || est__is_nil(weights))
        return &g->nil;
    est_status st = check(constraint, est_node_shape(weights)->rank, &c);
    return st == EST_OK ? build(g, weights, &c) : est__spoil(g, st);
}

/* ---- of a variable ---- */

static est_status keep(est_graph *g, const est_constraint *c, const est_constraint **out)
{
    est_constraint *copy = est__arena_alloc(&g->arena, sizeof *copy);
    int64_t *axes = est__arena_alloc(&g->arena, (c->axes.count + 1) * sizeof *axes);
    if (copy == NULL || axes == NULL)
        return est__fail_memory(sizeof *copy);
    if (c->axes.count)
        memcpy(axes, c->axes.data, c->axes.count * sizeof *axes);
    *copy = *c;
    copy->axes.data = axes;
    *out = copy;
    return EST_OK;
}

void est_constrain(est_graph *g, est_node *variable, const est_constraint *constraint)
{
    est__graph_variable *v = est__graph_variable_of(g, variable);
    est_constraint c;
    est_status st = EST_OK;
    if (g->status != EST_OK)
        return;
    if (v == NULL || v->dtype != EST_FLOAT)
        st = est__fail(EST_INVALID_ARGUMENT, "est_constrain: '%s' is no float32 variable of the graph",
                       est__is_nil(variable) ? "(none)" : est_node_name(variable));
    else if (v->constraint)
        st = est__fail(EST_INVALID_ARGUMENT, "est_constrain: variable '%s' has a constraint already", v->name);
    if (st == EST_OK)
        st = check(constraint, v->shape.rank, &c);
    if (st == EST_OK)
        st = keep(g, &c, &v->constraint);
    est__spoil(g, st);
}

est_node *est__constrain_after(est_graph *g, const est__graph_variable *v, est_node *update)
{
    char wanted[EST__SHAPE_TEXT_SIZE], got[EST__SHAPE_TEXT_SIZE];
    est_graph_begin_scope(g, "constraint");
    est_node *w = est_read(g, v->handle);
    est_node_after(w, update);
    est_node *value = build(g, w, v->constraint);
    est_graph_end_scope(g);
    if (g->status == EST_OK && (est__is_nil(value) || value->dtype != EST_FLOAT || !est__shape_compatible(&value->shape, &v->shape)))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the constraint of variable '%s' gave %s %s; it must give float32 %s", v->name,
                               est__is_nil(value) ? "nothing" : est_dtype_name(value->dtype),
                               est__is_nil(value) ? "" : est__shape_string(got, &value->shape), est__shape_string(wanted, &v->shape));
    return est__assign(g, v->handle, value);
}
