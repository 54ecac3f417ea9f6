/* Initial values of variables, as nodes; random ones differ by the seed and the node's name. */
#include <ctype.h>
#include <math.h>

#include <estimator/nn.h>
#include <estimator/ops.h>

#include "base/fields.h"
#include "graph/graph.h"

static est_node *dims_of(est_graph *g, const est_shape *shape)
{
    if (est_shape_elements(shape) < 0)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the shape of an initial value must be known");
    return est_constant_ints(g, EST_INT32, (est_ints){ shape->dim, (size_t)shape->rank });
}

est_node *est_zeros(est_graph *g, est_dtype dtype, est_shape shape)
{
    est_tensor *zero;
    const est_shape scalar = EST_SCALAR;
    est_status st = est_tensor_new(dtype, &scalar, &zero);
    if (st != EST_OK)
        return est__spoil(g, st);
    est_node *value = est_constant(g, zero);
    est_tensor_free(zero);
    return est_op(g, "Fill", "zeros", EST_NODES(dims_of(g, &shape), value), EST_NO_ATTRS);
}

est_node *est_filled(est_graph *g, est_shape shape, double value)
{
    return est_op(g, "Fill", NULL, EST_NODES(dims_of(g, &shape), est_constant_float(g, value)), EST_NO_ATTRS);
}

/* Inputs and outputs of one unit; of a convolution's, over its whole window. */
static void fans(const est_shape *shape, double *in, double *out)
{
    double window = 1;
    int rank = shape->rank;
    for (int i = 0; i < rank - 2; i++)
        window *= (double)shape->dim[i];
    *in = rank == 0 ? 1 : window * (double)shape->dim[rank > 1 ? rank - 2 : 0];
    *out = rank == 0 ? 1 : window * (double)shape->dim[rank - 1];
}

est_node *est_glorot_uniform(est_graph *g, est_shape shape)
{
    est_node *dims = dims_of(g, &shape);
    double in, out;
    if (est__is_nil(dims))
        return dims;
    fans(&shape, &in, &out);
    double limit = sqrt(6 / fmax(in + out, 1));
    est_node *unit = est_random_uniform(g, dims, EST_FLOAT);
    return est_add(g, est_mul(g, unit, est_constant_float(g, 2 * limit)), est_constant_float(g, -limit));
}

/* ---- by name ---- */

/* What the random ones draw: with a seed as Keras does, from that seed alone. */
static est_node *draw(est_graph *g, est_shape shape, int64_t seed, const char *op, const char *seeded)
{
    est_node *dims = dims_of(g, &shape);
    if (seed == 0)
        return est_op(g, op, NULL, EST_NODES(dims), EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    return est_op(g, seeded, NULL, EST_NODES(dims, est_constant_ints(g, EST_INT64, EST_INTS(seed, 0))), EST_NO_ATTRS);
}

static est_node *uniform(est_graph *g, est_shape shape, double minval, double maxval, int64_t seed)
{
    est_node *unit = draw(g, shape, seed, "RandomUniform", "StatelessRandomUniform");
    double range = (double)((float)maxval - (float)minval);
    return est_add(g, est_mul(g, unit, est_constant_float(g, range)), est_constant_float(g, minval));
}

static est_node *scaled(est_graph *g, est_node *unit, double mean, double stddev)
{
    est_node *x = est_mul(g, unit, est_constant_float(g, stddev));
    return mean == 0 ? x : est_add(g, x, est_constant_float(g, mean));
}

static est_node *normal(est_graph *g, est_shape shape, double mean, double stddev, int64_t seed)
{
    return scaled(g, draw(g, shape, seed, "RandomStandardNormal", "StatelessRandomNormal"), mean, stddev);
}

static est_node *truncated_normal(est_graph *g, est_shape shape, double mean, double stddev, int64_t seed)
{
    return scaled(g, draw(g, shape, seed, "TruncatedNormal", "StatelessTruncatedNormal"), mean, stddev);
}

est_node *est_truncated_normal(est_graph *g, est_shape shape, double mean, double stddev)
{
    return truncated_normal(g, shape, mean, stddev, 0);
}

static est_node *unit_matrix(est_graph *g, int64_t rows, int64_t columns, double gain)
{
    est_node *range = est_op(g, "Range", NULL,
                             EST_NODES(est_constant_int(g, EST_INT32, 0), est_constant_int(g, EST_INT32, rows),
                                       est_constant_int(g, EST_INT32, 1)),
                             EST_NO_ATTRS);
    return est_one_hot(g, range, columns, gain, 0);
}

static est_node *identity(est_graph *g, est_shape shape, double gain)
{
    if (shape.rank != 2 || shape.dim[0] > INT32_MAX)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "the initializer Identity is for a matrix, not rank %d", shape.rank);
    return unit_matrix(g, shape.dim[0], shape.dim[1], gain);
}

/* Of a matrix whose rows are all dimensions but the last: orthonormal columns, or rows where there are more columns than rows. They
 * are those of a normal matrix's QR factorization, under signs that make all directions alike (Saxe et al. 2014). */
static est_node *orthogonal(est_graph *g, est_shape shape, double gain, int64_t seed)
{
    int64_t elements = est_shape_elements(&shape), columns = shape.rank ? shape.dim[shape.rank - 1] : 0;
    if (shape.rank < 2)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the initializer Orthogonal is for two or more dimensions, not %d",
                               shape.rank);
    if (elements <= 0)
        return est_zeros(g, EST_FLOAT, shape);   /* which says why, where the shape is not known */
    int64_t rows = elements / columns, many = rows > columns ? rows : columns, few = rows > columns ? columns : rows;
    if (many > INT32_MAX)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "the initializer Orthogonal is for at most %d rows", INT32_MAX);
    est_node *q = est_op(g, "Qr", NULL, EST_NODES(normal(g, EST_SHAPE(many, few), 0, 1, seed)), EST_NO_ATTRS);
    est_node *diagonal = est_reduce_sum(g, est_mul(g, est_node_output(q, 1), unit_matrix(g, few, few, 1)), EST_INTS(1), false);
    est_node *even = est_mul(g, q, est_op(g, "Sign", NULL, EST_NODES(diagonal), EST_NO_ATTRS));
    est_node *x = rows < columns ? est_transpose(g, even, EST_INTS(1, 0)) : even;
    return est_mul(g, est_reshape(g, x, (est_ints){ shape.dim, (size_t)shape.rank }), est_constant_float(g, gain));
}

/* Spread so that signals keep their size: the variance is scale over the inputs, the outputs or their mean.
 */
static est_node *variance_scaling(est_graph *g, est_shape shape, double scale, const char *mode,
                                  const char *distribution, int64_t seed)
{
    double in, out;
    if (est_shape_elements(&shape) < 0)
        return dims_of(g, &shape);
    fans(&shape, &in, &out);
    scale /= fmax(1, strcmp(mode, "fan_in") == 0 ? in : strcmp(mode, "fan_out") == 0 ? out : (in + out) / 2);
    if (strcmp(distribution, "uniform") == 0)
        return uniform(g, shape, -sqrt(3 * scale), sqrt(3 * scale), seed);
    if (strcmp(distribution, "untruncated_normal") == 0)
        return normal(g, shape, 0, sqrt(scale), seed);
    return truncated_normal(g, shape, 0, sqrt(scale) / 0.87962566103423978, seed);   /* what the cut leaves; "normal" is this, too */
}

static const char *const modes[] = { "fan_in", "fan_out", "fan_avg", NULL };
static const char *const distributions[] = { "truncated_normal", "untruncated_normal", "uniform", "normal", NULL };
#define SEED_FIELD EST_FIELD(est_initializer, INT, seed, .min = -9e18, .max = 9e18, .doc = "TensorFlow's own numbers for that seed; 0: the run's seed")
static const est_field no_fields[] = { { 0 } };
static const est_field seed_fields[] = { SEED_FIELD, { 0 } };
static const est_field constant_fields[] = {
    EST_FIELD(est_initializer, FLOAT, value, .doc = "of every element"),
    { 0 }
};
static const est_field normal_fields[] = {
    EST_FIELD(est_initializer, FLOAT, mean, .doc = "of the distribution"),
    EST_FIELD(est_initializer, FLOAT, stddev, .def = 0.05, .min = 0, .above_min = true, .max = INFINITY,
              .doc = "standard deviation"),
    SEED_FIELD,
    { 0 }
};
static const est_field uniform_fields[] = {
    EST_FIELD(est_initializer, FLOAT, minval, .def_text = "-0.05", .doc = "least value"),
    EST_FIELD(est_initializer, FLOAT, maxval, .def_text = "0.05", .doc = "greatest value"),
    SEED_FIELD,
    { 0 }
};
static const est_field scaling_fields[] = {
    EST_FIELD(est_initializer, FLOAT, scale, .def = 1, .min = 0, .above_min = true, .max = INFINITY,
              .doc = "factor of the variance"),
    EST_FIELD(est_initializer, STRING, mode, .def_text = "fan_in", .choices = modes,
              .doc = "what the variance is divided by"),
    EST_FIELD(est_initializer, STRING, distribution, .def_text = "truncated_normal", .choices = distributions,
              .doc = "shape of the distribution"),
    SEED_FIELD,
    { 0 }
};
static const est_field gain_fields[] = {
    EST_FIELD(est_initializer, FLOAT, gain, .def = 1, .doc = "factor of the matrix"),
    { 0 }
};
static const est_field orthogonal_fields[] = {
    EST_FIELD(est_initializer, FLOAT, gain, .def = 1, .doc = "factor of the matrix"),
    SEED_FIELD,
    { 0 }
};

enum { ZEROS, ONES, CONSTANT, NORMAL, TRUNCATED, UNIFORM, SCALING, IDENTITY, ORTHOGONAL };

/* `scale` and what follows: of the names that stand for a VarianceScaling. */
static const struct initializer {
    const char *name;
    int kind;
    const est_field *fields;
    double scale;
    const char *mode, *distribution;
} initializers[] = {
    { "Zeros", ZEROS, no_fields, 0, NULL, NULL },
    { "Ones", ONES, no_fields, 0, NULL, NULL },
    { "Constant", CONSTANT, constant_fields, 0, NULL, NULL },
    { "RandomNormal", NORMAL, normal_fields, 0, NULL, NULL },
    { "TruncatedNormal", TRUNCATED, normal_fields, 0, NULL, NULL },
    { "RandomUniform", UNIFORM, uniform_fields, 0, NULL, NULL },
    { "VarianceScaling", SCALING, scaling_fields, 0, NULL, NULL },
    { "GlorotNormal", SCALING, seed_fields, 1, "fan_avg", "truncated_normal" },
    { "GlorotUniform", SCALING, seed_fields, 1, "fan_avg", "uniform" },
    { "HeNormal", SCALING, seed_fields, 2, "fan_in", "truncated_normal" },
    { "HeUniform", SCALING, seed_fields, 2, "fan_in", "uniform" },
    { "LecunNormal", SCALING, seed_fields, 1, "fan_in", "truncated_normal" },
    { "LecunUniform", SCALING, seed_fields, 1, "fan_in", "uniform" },
    { "Identity", IDENTITY, gain_fields, 0, NULL, NULL },
    { "Orthogonal", ORTHOGONAL, orthogonal_fields, 0, NULL, NULL },
};
enum { COUNT = sizeof initializers / sizeof initializers[0] };

const char *const *est_initializer_names(void)
{
    static const char *const names[COUNT + 1] = {
        "Zeros",           "Ones",          "Constant",        "RandomNormal",
        "TruncatedNormal", "RandomUniform", "VarianceScaling", "GlorotNormal",
        "GlorotUniform",   "HeNormal",      "HeUniform",       "LecunNormal",
        "LecunUniform",    "Identity",      "Orthogonal"
    };
    return names;
}

/* "TruncatedNormal" and "truncated_normal" are one. */
static bool is_named(const char *name, const char *given)
{
    bool small = islower((unsigned char)*given);
    for (; *name; name++, given++) {
        if (small && isupper((unsigned char)*name) && *given == '_')
            given++;
        if (*given != (small ? (char)tolower((unsigned char)*name) : *name))
            return false;
    }
    return *given == '\0';
}

static const struct initializer *find(const char *type)
{
    for (size_t i = 0; type && i < COUNT; i++)
        if (is_named(initializers[i].name, type))
            return &initializers[i];
    return NULL;
}

const est_field *est_initializer_fields(const char *type)
{
    const struct initializer *i = find(type);
    return i ? i->fields : NULL;
}

/* The caller's, with the defaults of its kind. */
static est_status complete(const est_initializer *given, const struct initializer **kind,
                           est_initializer *out)
{
    char where[128];
    *kind = find(given->type);
    if (*kind == NULL) {
        const char *type = given->type ? given->type : "(NULL)",
                   *near = est__nearest(type, est_initializer_names(), COUNT);
        return est__fail(EST_INVALID_ARGUMENT, "unknown initializer '%s'%s%s%s", type,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    snprintf(where, sizeof where, "initializer %s", (*kind)->name);
    EST_TRY(est__fields_apply((*kind)->fields, where, given, sizeof *given, out, sizeof *out));
    if (out->minval == 0 && out->maxval == 0) {
        out->minval = -0.05;
        out->maxval = 0.05;
    }
    return out->minval <= out->maxval
               ? EST_OK
               : est__fail(EST_INVALID_ARGUMENT, "%s: minval is %g, above maxval, which is %g", where,
                           out->minval, out->maxval);
}

est_status est_initializer_check(const est_initializer *initializer)
{
    const struct initializer *kind;
    est_initializer o;
    return complete(initializer, &kind, &o);
}

est_node *est_initial_value(est_graph *g, est_shape shape, const est_initializer *initializer)
{
    const struct initializer *kind;
    est_initializer o;
    est_status st = complete(initializer, &kind, &o);
    if (st != EST_OK)
        return est__spoil(g, st);
    switch (kind->kind) {
    case ZEROS: return est_zeros(g, EST_FLOAT, shape);
    case ONES: return est_filled(g, shape, 1);
    case CONSTANT: return est_filled(g, shape, o.value);
    case NORMAL: return normal(g, shape, o.mean, o.stddev, o.seed);
    case TRUNCATED: return truncated_normal(g, shape, o.mean, o.stddev, o.seed);
    case UNIFORM: return uniform(g, shape, o.minval, o.maxval, o.seed);
    case IDENTITY: return identity(g, shape, o.gain);
    case ORTHOGONAL: return orthogonal(g, shape, o.gain, o.seed);
    default: break;
    }
    return variance_scaling(g, shape, kind->mode ? kind->scale : o.scale, kind->mode ? kind->mode : o.mode,
                            kind->mode ? kind->distribution : o.distribution, o.seed);
}
