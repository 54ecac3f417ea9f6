/* sequence_numeric_column: so many real values a step; a feature of variable length holds those of all steps. */
#include <math.h>

#include <estimator/ops.h>

#include "feature_columns/numeric.h"

static const char *const dtypes[] = { "float32", "int64", NULL };

static const est_field fields[] = {
    EST_FIELD(est_sequence_numeric_options, INTS, shape, .min = 1, .def_text = "[1]", .doc = "shape of one step's values"),
    EST_FIELD(est_sequence_numeric_options, FLOAT, default_value, .min = -INFINITY, .max = INFINITY,
              .doc = "stands where an example has no value"),
    EST_FIELD(est_sequence_numeric_options, NORMALIZER, normalizer_fn,
              .doc = "{mean, std}, {min, max} or log1p, applied to the values, not to default_value"),
    EST_FIELD(est_sequence_numeric_options, STRING, dtype, .def_text = "float32", .choices = dtypes,
              .doc = "dtype of the feature"),
    { 0 }
};

typedef struct state {
    est_shape shape;
    int64_t elements;
} state;

static est_status check(est_column *c)
{
    const est_sequence_numeric_options *o = c->options;
    state *s;
    EST_TRY(est__column_alloc(c, sizeof *s, &s));
    c->state = s;
    EST_TRY(est__numeric_check_shape(c, o->shape, &s->shape, &s->elements));
    return est__numeric_check_normalizer(c, &o->normalizer_fn);
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const est_sequence_numeric_options *o = c->options;
    return est__spec_add(b, c, (est_feature){ .name = c->key, .dtype = est_dtype_of(o->dtype), .variable_length = true });
}

/* [batch · time, elements]. */
static est_node *dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    const est_sequence_numeric_options *o = c->options;
    const est_feature_nodes *in = est__column_feature(g, f, c, c->key);
    (void)layer;
    if (!in || est__is_nil(in->value))
        return &g->nil;
    if (!in->indices)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s': feature '%s' is dense, the column takes one of variable length",
                               c->kind->name, c->key, c->key);
    if (est_node_dtype(in->value) == EST_STRING)
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s': feature '%s' is string, the column takes numbers", c->kind->name,
                               c->key, c->key);
    est_node *value = est__numeric_normalize(g, in->value, &o->normalizer_fn);
    est_node *all = est_op(g, "SparseToDense", NULL,
                           EST_NODES(in->indices, in->dense_shape, value, est_constant_float(g, o->default_value)), EST_NO_ATTRS);
    return est_reshape(g, all, EST_INTS(-1, ((const state *)c->state)->elements));
}

static int64_t width(const est_column *c)
{
    return ((const state *)c->state)->elements;
}

const est_column_kind est__column_sequence_numeric = {
    .name = "sequence_numeric_column", .fields = fields, .options_size = sizeof(est_sequence_numeric_options), .sequence = true,
    .check = check, .parse_spec = parse_spec, .dense = dense, .width = width
};
