/* numeric_column: real values, normalized, then cast to float32 and flattened to [batch, elements]. */
#include <math.h>

#include <estimator/ops.h>

#include "feature_columns/numeric.h"
#include "tensor/tensor.h"

static const char *const dtypes[] = { "float32", "int64", NULL };

static const est_field fields[] = {
    EST_FIELD(est_numeric_column_options, INTS, shape, .min = 1, .def_text = "[1]",
              .doc = "shape of one example's values"),
    EST_FIELD(est_numeric_column_options, FLOATS, default_value, .min = -INFINITY, .max = INFINITY,
              .zero = NAN, .doc = "for an absent value; one for all, or one an element; .nan: it is missing"),
    EST_FIELD(est_numeric_column_options, NORMALIZER, normalizer_fn,
              .doc = "{mean, std}, {min, max} or log1p, applied to the values"),
    EST_FIELD(est_numeric_column_options, STRING, dtype, .def_text = "float32", .choices = dtypes,
              .doc = "dtype of the feature"),
    { 0 }
};

typedef struct state {
    est_shape shape;
    int64_t elements;
    est_tensor *default_value;   /* NULL: none */
} state;

est_status est__numeric_check_shape(const est_column *c, est_ints given, est_shape *shape, int64_t *elements)
{
    *shape = EST_SHAPE(1);
    if (given.count > EST_MAX_RANK - 1)
        return est__column_fail(c, "shape has %zu dimensions; it takes at most %d", given.count,
                                EST_MAX_RANK - 1);
    if (given.count)
        *shape = est_shape_of((int)given.count, given.data);
    *elements = 1;
    for (int d = 0; d < shape->rank; d++) {
        if (shape->dim[d] > INT32_MAX / *elements)
            return est__column_fail(c, "shape has more than %d elements", INT32_MAX);
        *elements *= shape->dim[d];
    }
    return EST_OK;
}

static est_status check_default(est_column *c, est_floats given, est_dtype dtype, state *s)
{
    char number[32];
    if (given.count == 0)
        return EST_OK;
    if (given.count != 1 && given.count != (size_t)s->elements)
        return est__column_fail(c, "default_value has %zu numbers; it takes one, or the %lld of shape",
                                given.count, (long long)s->elements);
    EST_TRY(est__column_alloc(c, sizeof *s->default_value, &s->default_value));
    EST_TRY(est__column_alloc(c, given.count * est_dtype_size(dtype), &s->default_value->data));
    s->default_value->dtype = dtype;
    s->default_value->shape = given.count == 1 && s->elements != 1 ? EST_SCALAR : s->shape;
    for (size_t i = 0; i < given.count; i++) {
        est__format_double(number, given.data[i]);
        if (dtype == EST_INT64 && given.data[i] != nearbyint(given.data[i]))
            return est__column_fail(c, "default_value is %s; with dtype int64 it must be an integer", number);
        est__tensor_set(s->default_value, (int64_t)i, given.data[i]);
    }
    return EST_OK;
}

est_status est__numeric_check_normalizer(const est_column *c, const est_normalizer *n)
{
    if (n->kind == EST_NORMALIZE_MEAN_STD && !(n->std > 0 && isfinite(n->std) && isfinite(n->mean)))
        return est__column_fail(
            c, "normalizer_fn has mean %g and std %g; they must be finite, and std above 0", n->mean, n->std);
    if (n->kind == EST_NORMALIZE_MIN_MAX && !(n->max > n->min && isfinite(n->max - n->min)))
        return est__column_fail(
            c, "normalizer_fn has min %g and max %g; they must be finite, and max above min", n->min, n->max);
    if (n->kind == EST_NORMALIZE_FN && !n->fn)
        return est__column_fail(c, "normalizer_fn has no function");
    return EST_OK;
}

static est_status check(est_column *c)
{
    const est_numeric_column_options *o = c->options;
    state *s;
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    c->state = s;
    EST_TRY(est__numeric_check_shape(c, o->shape, &s->shape, &s->elements));
    EST_TRY(check_default(c, o->default_value, est_dtype_of(o->dtype), s));
    return est__numeric_check_normalizer(c, &o->normalizer_fn);
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const est_numeric_column_options *o = c->options;
    const state *s = c->state;
    return est__spec_add(b, c,
                         (est_feature){ .name = c->key,
                                        .dtype = est_dtype_of(o->dtype),
                                        .shape = s->shape,
                                        .default_value = s->default_value });
}

static est_node *to_float(est_graph *g, est_node *x)
{
    return est__is_nil(x) || est_node_dtype(x) == EST_FLOAT ? x : est_cast(g, x, EST_FLOAT);
}

static est_node *shift_and_scale(est_graph *g, est_node *x, double subtract, double divide)
{
    return est_div(g, est_sub(g, x, est_constant_float(g, subtract)), est_constant_float(g, divide));
}

est_node *est__numeric_normalize(est_graph *g, est_node *x, const est_normalizer *n)
{
    if (n->kind == EST_NORMALIZE_FN) {
        est_node *y = n->fn(g, x, n->user);
        return to_float(g, y ? y : &g->nil);
    }
    x = to_float(g, x);
    switch (n->kind) {
    case EST_NORMALIZE_MEAN_STD:
        return shift_and_scale(g, x, n->mean, n->std);
    case EST_NORMALIZE_MIN_MAX:
        return shift_and_scale(g, x, n->min, n->max - n->min);
    case EST_NORMALIZE_LOG1P:
        return est_log1p(g, x);
    default:
        return x;
    }
}

/* [batch, elements]; a shape that is known must fit. */
static est_node *flatten(est_graph *g, est_node *x, const est_column *c, const state *s)
{
    const est_shape *shape = est_node_shape(x);
    int64_t elements = 1;
    for (int d = 1; d < shape->rank; d++)
        elements = elements < 0 || shape->dim[d] < 0 ? -1 : elements * shape->dim[d];
    if (shape->rank == 2 && elements == s->elements)
        return x;
    if (shape->rank >= 1 && elements >= 0 && elements != s->elements) {
        char found[EST__SHAPE_TEXT_SIZE], wanted[EST__SHAPE_TEXT_SIZE];
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "%s '%s': feature '%s' is %s, the column has shape %s", c->kind->name, c->key,
                               c->key, est__shape_string(found, shape), est__shape_string(wanted, &s->shape));
    }
    return est_reshape(g, x, EST_INTS(-1, s->elements));
}

static est_node *dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    (void)layer;
    const est_numeric_column_options *o = c->options;
    const est_feature_nodes *in = est__column_feature(g, f, c, c->key);
    if (!in || est__is_nil(in->value))
        return &g->nil;
    if (in->indices)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "%s '%s': feature '%s' is of variable length, the column takes a dense one",
                               c->kind->name, c->key, c->key);
    if (est_node_dtype(in->value) == EST_STRING)
        return est__graph_fail(g, EST_INVALID_ARGUMENT,
                               "%s '%s': feature '%s' is string, the column takes numbers", c->kind->name,
                               c->key, c->key);
    est_node *x = in->value;
    if (est_node_shape(x)->rank == 1)
        x = est_expand_dims(g, x, -1);
    x = est__numeric_normalize(g, x, &o->normalizer_fn);
    return est__is_nil(x) ? x : flatten(g, x, c, c->state);
}

static int64_t width(const est_column *c)
{
    return ((const state *)c->state)->elements;
}

const est_column_kind est__column_numeric = {
    .name = "numeric_column", .fields = fields, .options_size = sizeof(est_numeric_column_options),
    .check = check, .parse_spec = parse_spec, .dense = dense, .width = width
};
