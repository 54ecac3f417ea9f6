/* indicator_column: a categorical column as counts of its ids, or as the sums of their weights. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

static const est_field fields[] = { EST_FIELD(est_indicator_options, COLUMN, categorical_column,
                                              .needed = true,
                                              .doc = "a categorical, crossed, bucketized or weighted column"),
                                    { 0 } };

static const est_column *inner_of(const est_column *c)
{
    return ((const est_indicator_options *)c->options)->categorical_column;
}

static est_status check(est_column *c)
{
    const est_column *inner = inner_of(c);
    EST_TRY(est__column_check_categorical(c, "categorical_column", inner));
    if (inner->kind->width(inner) > INT32_MAX)
        return est__column_fail(c, "it would be %lld numbers for each example; use an embedding_column",
                                (long long)inner->kind->width(inner));
    return est__column_name_after(c, inner, "_indicator");
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    return inner_of(c)->kind->parse_spec(inner_of(c), b);
}

static int64_t width(const est_column *c)
{
    return inner_of(c)->kind->width(inner_of(c));
}

static est_node *dense(est_graph *g, const est_features *f, const est_column *c, const est__layer *layer)
{
    (void)layer;
    est__ids in = inner_of(c)->kind->ids(g, f, inner_of(c));
    return est_indicator(g, in.indices, in.values, in.dense_shape, in.weights, width(c));
}

static void value_name(const est_column *c, int64_t i, est__buffer *b)
{
    const est_column *inner = inner_of(c);
    if (inner->kind->value_name)
        inner->kind->value_name(inner, i, b);
}

const est_column_kind est__column_indicator = { .name = "indicator_column",
                                                .fields = fields,
                                                .options_size = sizeof(est_indicator_options),
                                                .keyless = true,
                                                .check = check,
                                                .parse_spec = parse_spec,
                                                .dense = dense,
                                                .width = width,
                                                .value_name = value_name };
