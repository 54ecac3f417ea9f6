/* A list of words, or a file of them, as a lookup table of the graph: word -> its place. */
#include <estimator/ops.h>

#include "feature_columns/columns.h"

static est_node *words_constant(est_graph *g, const est_values *words)
{
    return words->strings.count ? est_constant_strings(g, words->strings)
                                : est_constant_ints(g, EST_INT64, words->ints);
}

/* 0, 1, …, count - 1, as TensorFlow spells it: nothing to store. */
static est_node *places(est_graph *g, size_t count)
{
    est_node *range =
        est_op(g, "Range", NULL,
               EST_NODES(est_constant_int(g, EST_INT32, 0), est_constant_int(g, EST_INT32, (int64_t)count),
                         est_constant_int(g, EST_INT32, 1)),
               EST_NO_ATTRS);
    return est_cast(g, range, EST_INT64);
}

static est_node *new_table(est_graph *g, est_dtype key)
{
    return est_op(g, "HashTableV2", "hash_table", (est_nodes){ 0 },
                  EST_ATTRS(EST_TYPE_ATTR("key_dtype", key), EST_TYPE_ATTR("value_dtype", EST_INT64),
                            EST_BOOL_ATTR("use_node_name_sharing", true)));
}

static est_node *find(est_graph *g, est_node *table, est_node *fill, est_node *word, int64_t default_value)
{
    if (est__is_nil(fill))
        return &g->nil;
    est__graph_add_initializer(g, fill);
    return est_op(g, "LookupTableFindV2", "lookup",
                  EST_NODES(table, word, est_constant_int(g, EST_INT64, default_value)), EST_NO_ATTRS);
}

est_node *est__vocabulary_ids(est_graph *g, est_node *word, const est_values *words, int64_t default_value)
{
    est_node *table = new_table(g, words->strings.count ? EST_STRING : EST_INT64);
    est_node *fill = est_op(
        g, "LookupTableImportV2", "table_init",
        EST_NODES(table, words_constant(g, words), places(g, words->strings.count + words->ints.count)),
        EST_NO_ATTRS);
    return find(g, table, fill, word, default_value);
}

/* The numbers are TensorFlow's for "the whole line" and "the number of the line". */
est_node *est__vocabulary_file_ids(est_graph *g, est_node *word, const char *path, int64_t lines, int64_t default_value)
{
    if (est__is_nil(word))
        return word;
    est_node *table = new_table(g, est_node_dtype(word));
    est_node *fill = est_op(g, "InitializeTableFromTextFileV2", "table_init",
                            EST_NODES(table, est_constant_string(g, path)),
                            EST_ATTRS(EST_INT_ATTR("key_index", -2), EST_INT_ATTR("value_index", -1),
                                      EST_INT_ATTR("vocab_size", lines)));
    return find(g, table, fill, word, default_value);
}

est_node *est__vocabulary_spread(est_graph *g, est_node *word, est_node *found, int64_t first, int64_t buckets)
{
    est_node *text = est_node_dtype(word) == EST_STRING
                         ? word
                         : est_op(g, "AsString", NULL, EST_NODES(word), EST_NO_ATTRS);
    est_node *bucket = est_op(g, "StringToHashBucketFast", "hash_bucket", EST_NODES(text),
                              EST_ATTRS(EST_INT_ATTR("num_buckets", buckets)));
    est_node *id = est_add(g, bucket, est_constant_int(g, EST_INT64, first));
    return est_where(g, est_not_equal(g, found, est_constant_int(g, EST_INT64, -1)), found, id);
}

est_status est__vocabulary_fail_both(const est_column *c)
{
    return est__column_fail(c, "both num_oov_buckets and default_value are set; other words get one of the two");
}

est_status est__vocabulary_check(const est_column *c, est_ints default_value, int64_t num_oov_buckets)
{
    EST_TRY(est__column_check_default(c, default_value));
    if (num_oov_buckets < 0)
        return est__column_fail(c, "num_oov_buckets is %lld; it must be at least 0", (long long)num_oov_buckets);
    if (num_oov_buckets && default_value.count && default_value.data[0] != -1)
        return est__vocabulary_fail_both(c);
    return EST_OK;
}
