/* A list of words as a lookup table of the graph: word -> its place. */
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

est_node *est__vocabulary_ids(est_graph *g, est_node *word, const est_values *words, int64_t default_value)
{
    est_dtype dtype = words->strings.count ? EST_STRING : EST_INT64;
    est_node *table =
        est_op(g, "HashTableV2", "hash_table", (est_nodes){ 0 },
               EST_ATTRS(EST_TYPE_ATTR("key_dtype", dtype), EST_TYPE_ATTR("value_dtype", EST_INT64),
                         EST_BOOL_ATTR("use_node_name_sharing", true)));
    est_node *fill = est_op(
        g, "LookupTableImportV2", "table_init",
        EST_NODES(table, words_constant(g, words), places(g, words->strings.count + words->ints.count)),
        EST_NO_ATTRS);
    if (est__is_nil(fill))
        return &g->nil;
    est__graph_add_initializer(g, fill);
    return est_op(g, "LookupTableFindV2", "lookup",
                  EST_NODES(table, word, est_constant_int(g, EST_INT64, default_value)), EST_NO_ATTRS);
}
