/* categorical_column_with_vocabulary_list: the id of a word is its place in a list. */
#include "feature_columns/columns.h"

static const char *const dtypes[] = { "string", "int64", NULL };

static const est_field fields[] = {
    EST_FIELD(est_vocabulary_list_options, VALUES, vocabulary_list, .needed = true,
              .doc = "words, or integers, in the order of ids"),
    EST_FIELD(est_vocabulary_list_options, INTS, default_value, .def_text = "-1",
              .doc = "id of other words; -1: they are left out"),
    EST_FIELD(est_vocabulary_list_options, INT, num_oov_buckets,
              .doc = "other words are hashed to so many ids after the list's"),
    EST_FIELD(est_vocabulary_list_options, STRING, dtype, .def_text = NULL, .choices = dtypes,
              .doc = "that of the list"),
    { 0 }
};

static size_t words(const est_vocabulary_list_options *o)
{
    return o->vocabulary_list.strings.count + o->vocabulary_list.ints.count;
}

static est_dtype dtype_of(const est_column *c)
{
    return ((const est_vocabulary_list_options *)c->options)->vocabulary_list.strings.count ? EST_STRING
                                                                                            : EST_INT64;
}

/* A word's place plus one is kept in the map, as its value. */
static est_status check_unique(const est_column *c, const est_vocabulary_list_options *o, est__map *seen)
{
    const est_values *v = &o->vocabulary_list;
    for (size_t i = 0; i < words(o); i++) {
        const void *key =
            v->strings.count ? (const void *)v->strings.data[i] : (const void *)&v->ints.data[i];
        size_t length = v->strings.count ? strlen(v->strings.data[i]) : sizeof v->ints.data[i];
        size_t first = (size_t)(uintptr_t)est__map_get(seen, key, length);
        if (first && v->strings.count)
            return est__column_fail(c, "vocabulary_list[%zu] and [%zu] are both '%s'; a word has one id",
                                    first - 1, i, v->strings.data[i]);
        if (first)
            return est__column_fail(c, "vocabulary_list[%zu] and [%zu] are both %lld; a word has one id",
                                    first - 1, i, (long long)v->ints.data[i]);
        EST_TRY(est__map_put(seen, key, length, (void *)(uintptr_t)(i + 1)));
    }
    return EST_OK;
}

static est_status check(est_column *c)
{
    const est_vocabulary_list_options *o = c->options;
    EST_TRY(est__vocabulary_check(c, o->default_value, o->num_oov_buckets));
    if (o->dtype && est_dtype_of(o->dtype) != dtype_of(c))
        return est__column_fail(c, "dtype is %s, vocabulary_list is of %s; they must be the same", o->dtype,
                                est_dtype_name(dtype_of(c)));
    est__map *seen = est__map_new();
    est_status st = seen ? check_unique(c, o, seen) : est__fail_memory(0);
    est__map_free(seen);
    return st;
}

static est_status parse_spec(const est_column *c, est__spec_builder *b)
{
    return est__spec_add(b, c,
                         (est_feature){ .name = c->key, .dtype = dtype_of(c), .variable_length = true });
}

static est__ids ids(est_graph *g, const est_features *f, const est_column *c)
{
    const est_vocabulary_list_options *o = c->options;
    est__ids in = est__column_input(g, f, c, dtype_of(c));
    est_node *word = in.values;
    in.values = est__vocabulary_ids(g, word, &o->vocabulary_list,
                                    o->default_value.count ? o->default_value.data[0] : -1);
    if (o->num_oov_buckets)
        in.values = est__vocabulary_spread(g, word, in.values, (int64_t)words(o), o->num_oov_buckets);
    return in;
}

static int64_t width(const est_column *c)
{
    const est_vocabulary_list_options *o = c->options;
    return (int64_t)words(o) + o->num_oov_buckets;
}

static void value_name(const est_column *c, int64_t i, est__buffer *b)
{
    const est_vocabulary_list_options *o = c->options;
    if (i >= (int64_t)words(o))
        return;
    if (o->vocabulary_list.strings.count)
        est__buffer_printf(b, "=%s", o->vocabulary_list.strings.data[i]);
    else
        est__buffer_printf(b, "=%lld", (long long)o->vocabulary_list.ints.data[i]);
}

const est_column_kind est__column_vocabulary_list = {
    .name = "categorical_column_with_vocabulary_list", .fields = fields,
    .options_size = sizeof(est_vocabulary_list_options), .check = check, .parse_spec = parse_spec,
    .ids = ids, .width = width, .value_name = value_name
};

const est_column_kind est__column_sequence_vocabulary_list = {
    .name = "sequence_categorical_column_with_vocabulary_list", .fields = fields,
    .options_size = sizeof(est_vocabulary_list_options), .sequence = true, .check = check, .parse_spec = parse_spec, .ids = ids,
    .width = width, .value_name = value_name
};
