/* categorical_column_with_identity: integers that are ids already. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

static const est_field fields[] = {
    EST_FIELD(est_identity_options, INT, num_buckets, .needed = true, .min = 1, .max = INT32_MAX,
              .doc = "values are in [0, num_buckets)"),
    EST_FIELD(est_identity_options, INTS, default_value, .def_text = "none",
              .doc = "what values outside become; none: they fail"),
    { 0 }
};

static est_status check(est_column *c)
{
    const est_identity_options *o = c->options;
    EST_TRY(est__column_check_default(c, o->default_value));
    if (o->default_value.count &&
        (o->default_value.data[0] < 0 || o->default_value.data[0] >= o->num_buckets))
        return est__column_fail(c, "default_value is %lld; it must be in [0, %lld)",
                                (long long)o->default_value.data[0], (long long)o->num_buckets);
    return EST_OK;
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    return est__spec_add(b, c, (est_feature){ .name = c->key, .dtype = EST_INT64, .variable_length = true });
}

/* Without default_value, ids are passed on: negative ones are left out by the lookup, those that are too
 * large fail in it. */
static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_identity_options *o = c->options;
    est__ids in = est__column_input(g, f, c, EST_INT64);
    if (!o->default_value.count)
        return in;
    est_node *zero = est_constant_int(g, EST_INT64, 0), *end = est_constant_int(g, EST_INT64, o->num_buckets);
    est_node *outside = est_logical_or(g, est_less(g, in.values, zero), est_greater_equal(g, in.values, end));
    in.values = est_where(g, outside, est_constant_int(g, EST_INT64, o->default_value.data[0]), in.values);
    return in;
}

static int64_t width(const est_column *c)
{
    return ((const est_identity_options *)c->options)->num_buckets;
}

static void value_name(const est_column *c, int64_t i, est__buffer *b)
{
    (void)c;
    est__buffer_printf(b, "=%lld", (long long)i);
}

const est_column_kind est__column_identity = {
    .name = "categorical_column_with_identity", .fields = fields,
    .options_size = sizeof(est_identity_options), .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width, .value_name = value_name
};

const est_column_kind est__column_sequence_identity = {
    .name = "sequence_categorical_column_with_identity", .fields = fields,
    .options_size = sizeof(est_identity_options), .sequence = true, .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width, .value_name = value_name
};
