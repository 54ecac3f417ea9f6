/* categorical_column_with_hash_bucket: id = Fingerprint64(text) mod hash_bucket_size; integers as their
 * decimal text. */
#include "feature_columns/columns.h"

static const char *const dtypes[] = { "string", "int64", NULL };

static const est_field fields[] = {
    EST_FIELD(est_hash_bucket_options, INT, hash_bucket_size, .needed = true, .min = 1, .max = INT32_MAX,
              .doc = "number of ids"),
    EST_FIELD(est_hash_bucket_options, STRING, dtype, .def_text = "string", .choices = dtypes,
              .doc = "dtype of the feature"),
    { 0 }
};

static est_status check(est_column *c)
{
    (void)c;
    return EST_OK;
}

static est_dtype dtype_of(const est_column *c)
{
    return est_dtype_of(((const est_hash_bucket_options *)c->options)->dtype);
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    return est__spec_add(b, c,
                         (est_feature){ .name = c->key, .dtype = dtype_of(c), .variable_length = true });
}

static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_hash_bucket_options *o = c->options;
    est__ids in = est__column_input(g, f, c, dtype_of(c));
    est_node *text = in.values;
    if (dtype_of(c) == EST_INT64)
        text = est_op(g, "AsString", NULL, EST_NODES(text), EST_NO_ATTRS);
    in.values = est_op(g, "StringToHashBucketFast", "lookup", EST_NODES(text),
                       EST_ATTRS(EST_INT_ATTR("num_buckets", o->hash_bucket_size)));
    return in;
}

static int64_t width(const est_column *c)
{
    return ((const est_hash_bucket_options *)c->options)->hash_bucket_size;
}

const est_column_kind est__column_hash_bucket = {
    .name = "categorical_column_with_hash_bucket", .fields = fields,
    .options_size = sizeof(est_hash_bucket_options), .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width
};

const est_column_kind est__column_sequence_hash_bucket = {
    .name = "sequence_categorical_column_with_hash_bucket", .fields = fields,
    .options_size = sizeof(est_hash_bucket_options), .sequence = true, .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width
};
