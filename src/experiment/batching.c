/* The end of a block's chain: rows become batches, as they are, padded to dense ones, or out of buckets of like lengths. */
#include "experiment/config.h"

#define PLACE(d, key) (est__yaml_get((d)->node, key) ? est__yaml_get((d)->node, key) : (d)->node)

est_status est__batching_check(const est__config_data *d)
{
    const char *bucket = d->bucket_by_sequence_length;
    size_t bounds = d->bucket_boundaries.count, sizes = d->bucket_batch_sizes.count;
    if (bucket && d->padded_batch)
        return est__yaml_fail(PLACE(d, "padded_batch"), "padded_batch and bucket_by_sequence_length exclude each other; buckets are "
                              "padded without it");
    if (!bucket && (bounds || sizes || d->pad_to_bucket_boundary || d->no_padding))
        return est__yaml_fail(PLACE(d, bounds ? "bucket_boundaries" : sizes ? "bucket_batch_sizes"
                                       : d->no_padding ? "no_padding" : "pad_to_bucket_boundary"),
                              "without bucket_by_sequence_length there are no buckets; it names the feature that is measured");
    if (bucket && !bounds)
        return est__yaml_fail(PLACE(d, "bucket_by_sequence_length"), "'bucket_boundaries' is missing: the lengths between buckets");
    if (bucket && sizes != bounds + 1)
        return est__yaml_fail(PLACE(d, "bucket_batch_sizes"), "%zu bucket_batch_sizes for %zu bucket_boundaries; there must be one more",
                              sizes, bounds);
    if ((d->padded_shapes || d->padding_values) && !d->padded_batch && (!bucket || d->no_padding))
        return est__yaml_fail(d->padded_shapes ? d->padded_shapes : d->padding_values,
                              "nothing is padded: that takes padded_batch, or bucket_by_sequence_length");
    return EST_OK;
}

/* ---- paddings: what the two maps say of each feature ---- */

static est_padding *padding_of(est_padding *list, size_t *count, const char *feature)
{
    for (size_t i = 0; i < *count; i++)
        if (!strcmp(list[i].feature, feature))
            return &list[i];
    list[*count].feature = feature;
    return &list[(*count)++];
}

static est_status read_length(const est__yaml_pair *pair, est_padding *p)
{
    char room[160];
    if (est__yaml_is_null(pair->value))
        return EST_OK;        /* the longest row's */
    if (!est__yaml_int(pair->value, &p->length) || p->length < 1)
        return est__yaml_fail(pair->value, "padded_shapes of '%s' is a number of values above 0, not %s", pair->key,
                              est__yaml_describe(pair->value, room));
    return EST_OK;
}

static est_status read_value(const est__yaml_pair *pair, est_features_spec features, est_padding *p)
{
    static const est_shape scalar;
    char room[160];
    double number = 0;
    int64_t whole = 0;
    const char *text = NULL;
    size_t i = 0;
    while (i < features.count && strcmp(features.data[i].name, pair->key) != 0)
        i++;
    if (i == features.count)
        return est__yaml_fail(pair->value, "padding_values: there is no feature '%s'", pair->key);
    est_dtype dtype = features.data[i].dtype;
    if (!(dtype == EST_STRING ? est__yaml_string(pair->value, &text)
          : dtype == EST_INT64 ? est__yaml_int(pair->value, &whole) : est__yaml_float(pair->value, &number)))
        return est__yaml_fail(pair->value, "padding_values of '%s' is one %s, not %s", pair->key, est_dtype_name(dtype),
                              est__yaml_describe(pair->value, room));
    est_tensor *t;
    EST_TRY(text ? est_tensor_new_strings(&scalar, &text, NULL, &t) : est_tensor_new(dtype, &scalar, &t));
    p->value = t;
    if (dtype == EST_INT64)
        *(int64_t *)t->data = whole;
    else if (dtype == EST_FLOAT)
        *(float *)t->data = (float)number;
    return EST_OK;
}

static est_status read_paddings(const est__config_data *d, est_features_spec features, est_padding *list, size_t *count)
{
    const est__yaml *lengths = d->padded_shapes, *values = d->padding_values;
    for (size_t i = 0; lengths && i < lengths->count; i++)
        EST_TRY(read_length(&lengths->pairs[i], padding_of(list, count, lengths->pairs[i].key)));
    for (size_t i = 0; values && i < values->count; i++)
        EST_TRY(read_value(&values->pairs[i], features, padding_of(list, count, values->pairs[i].key)));
    return EST_OK;
}

static void batch_padded(est_dataset *d, const est__config_data *c, bool in_order, est_paddings paddings)
{
    if (!c->bucket_by_sequence_length)
        est_dataset_padded_batch(d, c->batch_size, c->drop_remainder && !in_order, paddings);
    else
        est_dataset_bucket_by_sequence_length(d, &((est_bucket_options){
            .feature = c->bucket_by_sequence_length, .bucket_boundaries = c->bucket_boundaries,
            .bucket_batch_sizes = c->bucket_batch_sizes, .no_padding = c->no_padding,
            .pad_to_bucket_boundary = c->pad_to_bucket_boundary, .drop_remainder = c->drop_remainder, .paddings = paddings }));
}

est_status est__batching_put(const est__config_data *c, est_dataset *d, bool in_order)
{
    bool padded = c->padded_batch, buckets = c->bucket_by_sequence_length && !in_order;
    size_t most = (c->padded_shapes ? c->padded_shapes->count : 0) + (c->padding_values ? c->padding_values->count : 0), count = 0;
    if (!padded && !buckets) {
        est_dataset_batch(d, c->batch_size, c->drop_remainder && !in_order);
        return EST_OK;
    }
    est_padding *list = est__calloc(most + 1, sizeof *list);
    if (!list)
        return est__fail_memory(most * sizeof *list);
    est_status st = read_paddings(c, est_dataset_features(d), list, &count);
    if (st == EST_OK)
        batch_padded(d, c, in_order, (est_paddings){ list, count });
    for (size_t i = 0; i < count; i++)
        est_tensor_free((est_tensor *)list[i].value);
    est__free(list);
    return st;
}
