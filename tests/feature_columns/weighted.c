/* Weighted columns: names, what they read, and what is refused. */
#include "feature_columns/columns.h"
#include "trial.h"
#include "support/est_test.h"

static est_column *words(est_columns *c)
{
    return est_categorical_column_with_vocabulary_list(
        c, "s", (&(est_vocabulary_list_options){ .vocabulary_list.strings = EST_STRINGS("a", "b") }));
}

static est_column *weighted(est_columns *c, est_column *inner, const char *key)
{
    return est_weighted_categorical_column(
        c, (&(est_weighted_categorical_options){ .categorical_column = inner, .weight_feature_key = key }));
}

static void reads_both(void)
{
    est_columns *c = est_columns_new();
    est_features_spec spec;
    est_column *x = weighted(c, words(c), "w");
    EST_CHECK_STR(est_column_name(x), "s_weighted_by_w");
    EST_CHECK_STR(est_column_key(x), "s");
    EST_CHECK_INT(x->kind->width(x), 2);
    EST_NEED_OK(est_make_parse_example_spec(EST_COLUMNS(x), &spec));
    EST_CHECK_INT(spec.count, 2);
    EST_CHECK(spec.data[0].dtype == EST_STRING && spec.data[1].dtype == EST_FLOAT && spec.data[1].variable_length);
    EST_CHECK_STR(spec.data[1].name, "w");
    est_columns_free(c);
}

#define REFUSED(message, call) \
    do { \
        est_columns *c = est_columns_new(); \
        EST_CHECK((call) != NULL); \
        EST_CHECK_FAILS(est_columns_status(c), EST_INVALID_ARGUMENT, message); \
        est_columns_free(c); \
    } while (0)

static void refuses(void)
{
    est_columns *others = est_columns_new();
    REFUSED("weighted_categorical_column: categorical_column is missing: the column whose ids are weighted", weighted(c, NULL, "w"));
    REFUSED("weighted_categorical_column: weight_feature_key is missing: the feature that holds a weight for each id",
            weighted(c, words(c), NULL));
    REFUSED("weighted_categorical_column: weight_feature_key is empty; it must name a feature", weighted(c, words(c), ""));
    REFUSED("weighted_categorical_column: weight_feature_key 's' is a feature that categorical_column 's' reads; weights are one of "
            "their own", weighted(c, words(c), "s"));
    REFUSED("weighted_categorical_column: categorical_column is a numeric_column; weights go with ids: give a categorical column",
            weighted(c, est_numeric_column(c, "x", NULL), "w"));
    REFUSED("weighted_categorical_column: categorical_column is a weighted_categorical_column already; ids have one weight",
            weighted(c, weighted(c, words(c), "w"), "v"));
    REFUSED("weighted_categorical_column: categorical_column is a bucketized_column of 2 elements; only that of one can have weights",
            weighted(c, est_bucketized_column(c, (&(est_bucketized_options){
                            .source_column = est_numeric_column(c, "x", (&(est_numeric_column_options){ .shape = EST_INTS(2) })),
                            .boundaries = EST_FLOATS(1) })), "w"));
    REFUSED("weighted_categorical_column: categorical_column is a column of another set; a set's columns are made of its own",
            weighted(c, words(others), "w"));
    REFUSED("crossed_column: keys[1] is a weighted_categorical_column; a cross has no place for weights: give the column that it "
            "weights",
            est_crossed_column(c, (&(est_crossed_options){
                .keys = EST_CROSS_KEYS({ .name = "a" }, { .column = weighted(c, words(c), "w") }), .hash_bucket_size = 9 })));
    est_columns_free(others);
}

/* A model over a dense feature of words and its weights; what the run says. */
static void run(est_dtype dtype, const float *weights, const char *refused, const char *failed)
{
    static const char *const text[] = { "a", "b" };
    trial s;
    est_tensor *s_value = trial_strings(text, EST_SHAPE(2)), *out = NULL;
    est_tensor w_value = trial_floats(weights, EST_SHAPE(2));
    est_columns *c = est_columns_new();
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f[] = { { .name = "s", .value = est_placeholder(s.g, "s", EST_STRING, EST_SHAPE(-1)) },
                              { .name = "w", .value = est_placeholder(s.g, "w", dtype, EST_SHAPE(-1)) } };
    est_node *y = est_linear_model(s.g, &(est_features){ f, 2 }, EST_COLUMNS(weighted(c, words(c), "w")), 1, NULL, NULL);
    if (refused) {
        EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, refused);
    } else if (EST_CHECK_OK(trial_start(&s))) {
        est_status st = trial_step(&s, EST_NODES(f[0].value, f[1].value), (const est_tensor *const[]){ s_value, &w_value }, EST_NODES(y),
                                   (est_nodes){ 0 }, &out);
        if (failed)
            EST_CHECK_FAILS(st, EST_INVALID_ARGUMENT, failed);
        else
            EST_CHECK_OK(st);
    }
    est_tensor_free(out);
    est_tensor_free(s_value);
    trial_close(&s);
    est_columns_free(c);
}

static void refuses_weights(void)
{
    run(EST_FLOAT, (float[]){ 1, -2 }, NULL, NULL);
    run(EST_FLOAT, (float[]){ 1, 0 }, NULL, "EstSafeEmbeddingLookupSparse 'linear_model/s_weighted_by_w/weighted_sum': 2 ids have 1 "
                                            "weights; each id has one");
    run(EST_DOUBLE, NULL, "weighted_categorical_column 's': the weights' feature 'w' is float64, the column takes float32", NULL);
}

EST_SUITE(feature_columns_weighted, EST_TEST(reads_both), EST_TEST(refuses), EST_TEST(refuses_weights));
