/* weighted_categorical_column: ids with a weight each, which another feature gives. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

static const char *const dtypes[] = { "float32", "int64", NULL };

static const est_field fields[] = {
    EST_FIELD(est_weighted_categorical_options, COLUMN, categorical_column, .needed = true,
              .doc = "the column whose ids are weighted"),
    EST_FIELD(est_weighted_categorical_options, STRING, weight_feature_key, .needed = true,
              .doc = "the feature that holds a weight for each id"),
    EST_FIELD(est_weighted_categorical_options, STRING, dtype, .def_text = "float32", .choices = dtypes,
              .doc = "dtype of the weights"),
    { 0 }
};

/* Weights go with ids by their order, and the elements of a bucketized vector have no such order in TensorFlow. */
static est_status check_inner(const est_column *c, const est_column *inner)
{
    EST_TRY(est__column_adopt(c, "categorical_column", inner));
    if (inner->kind == c->kind)
        return est__column_fail(c, "categorical_column is a %s already; ids have one weight", c->kind->name);
    if (inner->sequence)
        return est__column_fail(c, "categorical_column is a %s, which takes no weights; give a %s", inner->kind->name,
                                inner->kind->name + strlen("sequence_"));
    if (!inner->kind->ids)
        return est__column_fail(c, "categorical_column is a %s; weights go with ids: give a categorical column",
                                inner->kind->name);
    if (inner->kind != &est__column_bucketized)
        return EST_OK;
    const est_column *source = ((const est_bucketized_options *)inner->options)->source_column;
    int64_t elements = source->kind->width(source);
    if (elements > 1)
        return est__column_fail(c, "categorical_column is a %s of %lld elements; only that of one can have weights",
                                inner->kind->name, (long long)elements);
    return EST_OK;
}

static est_status check(est_column *c)
{
    const est_weighted_categorical_options *o = c->options;
    const est_column *inner = o->categorical_column;
    est__spec_builder b = { .arena = est__columns_arena(c->set) };
    EST_TRY(check_inner(c, inner));
    if (!*o->weight_feature_key)
        return est__column_fail(c, "weight_feature_key is empty; it must name a feature");
    EST_TRY(inner->kind->parse_spec(inner, &b));
    for (size_t i = 0; i < b.count; i++)
        if (strcmp(b.feature[i].name, o->weight_feature_key) == 0)
            return est__column_fail(c, "weight_feature_key '%s' is a feature that categorical_column '%s' reads; weights are one of "
                                    "their own", o->weight_feature_key, inner->name);
    EST_TRY(est__column_name_after(c, inner, "_weighted_by_"));
    c->name = est__arena_printf(est__columns_arena(c->set), "%s%s", c->name, o->weight_feature_key);
    return c->name ? EST_OK : est__fail_memory(strlen(inner->name));
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    const est_weighted_categorical_options *o = c->options;
    EST_TRY(o->categorical_column->kind->parse_spec(o->categorical_column, b));
    return est__spec_add(b, c, (est_feature){ .name = o->weight_feature_key, .dtype = est_dtype_of(o->dtype), .variable_length = true });
}

/* As many as there are ids; of a dense feature, 0 is left out, as TensorFlow does. */
static est_node *weights(est_graph *g, const est_features *f, const est_column *c)
{
    const est_weighted_categorical_options *o = c->options;
    const est_feature_nodes *in = est__column_feature(g, f, c, o->weight_feature_key);
    if (!in || est__is_nil(in->value))
        return &g->nil;
    if (est_node_dtype(in->value) != est_dtype_of(o->dtype))
        return est__graph_fail(g, EST_INVALID_ARGUMENT, "%s '%s': the weights' feature '%s' is %s, the column takes %s", c->kind->name,
                               c->key, o->weight_feature_key, est_dtype_name(est_node_dtype(in->value)), o->dtype);
    est_node *w = est_dtype_of(o->dtype) == EST_FLOAT ? in->value : est_cast(g, in->value, EST_FLOAT);
    if (in->indices)
        return w;
    w = est__column_matrix(g, c, o->weight_feature_key, w);
    return est__is_nil(w) ? w : est_node_output(est_dense_to_sparse(g, w), 1);
}

static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_weighted_categorical_options *o = c->options;
    est__ids in = o->categorical_column->kind->ids(g, f, o->categorical_column);
    in.weights = weights(g, f, c);
    return in;
}

static int64_t width(const est_column *c)
{
    const est_weighted_categorical_options *o = c->options;
    return o->categorical_column->kind->width(o->categorical_column);
}

static void value_name(const est_column *c, int64_t i, est__buffer *b)
{
    const est_column *inner = ((const est_weighted_categorical_options *)c->options)->categorical_column;
    if (inner->kind->value_name)
        inner->kind->value_name(inner, i, b);
}

const est_column_kind est__column_weighted = {
    .name = "weighted_categorical_column", .fields = fields, .options_size = sizeof(est_weighted_categorical_options),
    .keyless = true, .check = check, .parse_spec = parse_spec, .ids = ids, .width = width, .value_name = value_name
};
