/* Sequence columns: where they are refused, layers of several, what goes beside each step. */
#include "feature_columns/columns.h"
#include "trial.h"
#include "support/est_test.h"

static est_column *steps(est_columns *c)
{
    return est_sequence_categorical_column_with_identity(c, "s", (&(est_identity_options){ .num_buckets = 4 }));
}

static est_column *counts(est_columns *c, est_column *inner)
{
    return est_indicator_column(c, (&(est_indicator_options){ .categorical_column = inner }));
}

/* Sparse features `s` of integers and `x` of numbers, and a dense `d`. */
static est_features make_features(est_graph *g, est_feature_nodes f[3])
{
    f[0] = (est_feature_nodes){ .name = "s", .value = est_placeholder(g, "s", EST_INT64, EST_SHAPE(-1)),
                                .indices = est_placeholder(g, "s_indices", EST_INT64, EST_SHAPE(-1, 2)),
                                .dense_shape = est_placeholder(g, "s_shape", EST_INT64, EST_SHAPE(2)) };
    f[1] = (est_feature_nodes){ .name = "x", .value = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1)),
                                .indices = est_placeholder(g, "x_indices", EST_INT64, EST_SHAPE(-1, 2)),
                                .dense_shape = est_placeholder(g, "x_shape", EST_INT64, EST_SHAPE(2)) };
    f[2] = (est_feature_nodes){ .name = "d", .value = est_placeholder(g, "d", EST_FLOAT, EST_SHAPE(-1)) };
    return (est_features){ f, 3 };
}

enum layer { LINEAR, INPUT, SEQUENCE };

static void refused(enum layer where, est_column *(*make)(est_columns *c), const char *message, est_test_place at)
{
    trial s;
    est_feature_nodes f[3];
    est_node *length;
    est_columns *c = est_columns_new();
    est_column_list list = EST_COLUMNS(make(c));
    EST_NEED_OK(trial_open(&s));
    est_features features = make_features(s.g, f);
    if (where == LINEAR)
        est_linear_model(s.g, &features, list, 1, NULL, NULL);
    else if (where == INPUT)
        est_input_layer(s.g, &features, list, NULL);
    else
        est_sequence_input_layer(s.g, &features, list, NULL, &length);
    est_test_fails(est_graph_status(s.g), EST_INVALID_ARGUMENT, message, at);
    trial_close(&s);
    est_columns_free(c);
}

static est_column *wrapped(est_columns *c)
{
    return counts(c, steps(c));
}

static est_column *numeric(est_columns *c)
{
    return est_numeric_column(c, "d", NULL);
}

static est_column *sequence_of_dense(est_columns *c)
{
    return est_sequence_numeric_column(c, "d", NULL);
}

static est_column *crossed(est_columns *c)
{
    return est_crossed_column(c, (&(est_crossed_options){
        .keys = EST_CROSS_KEYS({ .name = "a" }, { .column = steps(c) }), .hash_bucket_size = 9 }));
}

static est_column *weighted(est_columns *c)
{
    return est_weighted_categorical_column(c, (&(est_weighted_categorical_options){
        .categorical_column = steps(c), .weight_feature_key = "w" }));
}

#define REFUSED(where, make, message) refused((where), (make), (message), EST_HERE(message))

static void refuses(void)
{
    REFUSED(LINEAR, steps, "feature column 's' is a sequence_categorical_column_with_identity, which is for sequence_input_layer; a "
                           "linear model takes categorical_column_with_identity in its place");
    REFUSED(LINEAR, wrapped, "feature column 's_indicator' is over a sequence_categorical_column_with_identity, which is for "
                             "sequence_input_layer; a linear model takes categorical_column_with_identity in its place");
    REFUSED(INPUT, sequence_of_dense, "feature column 'd' is a sequence_numeric_column, which is for sequence_input_layer; an input "
                                      "layer takes numeric_column in its place");
    REFUSED(SEQUENCE, numeric, "feature column 'd' is no sequence column; a sequence layer takes sequence_numeric_column, and "
                               "indicator_column and embedding_column over sequence_categorical_column_with_…");
    REFUSED(SEQUENCE, steps, "feature column 's' is categorical; a sequence layer takes dense columns: wrap it in indicator_column or "
                             "embedding_column");
    REFUSED(SEQUENCE, sequence_of_dense, "sequence_numeric_column 'd': feature 'd' is dense, the column takes one of variable length");
    REFUSED(SEQUENCE, crossed, "feature_columns[0]: crossed_column: keys[1] is a sequence_categorical_column_with_identity; a cross has "
                               "no time axis: give a categorical_column_with_identity");
    REFUSED(SEQUENCE, weighted, "feature_columns[0]: weighted_categorical_column: categorical_column is a "
                                "sequence_categorical_column_with_identity, which takes no weights; give a "
                                "categorical_column_with_identity");
}

/* Steps of three examples: 1 3, none, 2; with numbers for as many steps, of which the last example has `last`. */
static void layer(int64_t last, const char *message)
{
    static const int64_t ids[] = { 1, 3, 2 }, at[] = { 0, 0, 0, 1, 2, 0 }, more[] = { 0, 0, 0, 1, 2, 0, 2, 1 }, dims[] = { 3, 2 };
    static const float numbers[] = { 0.5f, -1, 7, 8 }, context[] = { 10, 20, 30 };
    static const float wanted[] = { 0, 1, 0, 0, 0.5f, 10, 0, 0, 0, 1, -1, 10, 0, 0, 0, 0, 9, 20,
                                    0, 0, 0, 0, 9, 20, 0, 0, 1, 0, 7, 30, 0, 0, 0, 0, 9, 30 };
    trial s;
    est_feature_nodes f[3];
    est_node *length;
    est_columns *c = est_columns_new();
    est_tensor *out[2] = { NULL };
    EST_NEED_OK(trial_open(&s));
    est_features features = make_features(s.g, f);
    est_column *x = est_sequence_numeric_column(c, "x", (&(est_sequence_numeric_options){ .default_value = 9 }));
    est_node *y = est_sequence_input_layer(s.g, &features, EST_COLUMNS(x, wrapped(c)), NULL, &length);
    y = est_concatenate_context_and_sequence(s.g, est_input_layer(s.g, &features, EST_COLUMNS(numeric(c)), NULL), y);
    EST_CHECK_OK(est_graph_status(s.g));
    est_tensor i = trial_ints(ids, EST_SHAPE(3)), at_i = trial_ints(at, EST_SHAPE(3, 2)), shape = trial_ints(dims, EST_SHAPE(2));
    est_tensor n = trial_floats(numbers, EST_SHAPE(2 + last)), at_n = trial_ints(more, EST_SHAPE(2 + last, 2));
    est_tensor d = trial_floats(context, EST_SHAPE(3));
    est_status st = trial_step(&s, EST_NODES(f[0].value, f[0].indices, f[0].dense_shape, f[1].value, f[1].indices, f[1].dense_shape,
                                             f[2].value),
                               (const est_tensor *const[]){ &i, &at_i, &shape, &n, &at_n, &shape, &d }, EST_NODES(y, length),
                               (est_nodes){ 0 }, out);
    if (message) {
        EST_CHECK_FAILS(st, EST_INVALID_ARGUMENT, message);
    } else if (EST_CHECK_OK(st)) {
        EST_CHECK_BYTES(out[0]->data, sizeof wanted, wanted, sizeof wanted);
        EST_CHECK_BYTES(out[1]->data, 24, ((int64_t[]){ 2, 0, 1 }), 24);
    }
    est_tensor_free(out[0]);
    est_tensor_free(out[1]);
    trial_close(&s);
    est_columns_free(c);
}

static void lies_beside(void)
{
    layer(1, NULL);
    layer(2, "sequence columns 's_indicator' and 'x' have lengths 1 and 2 in example 2 of the batch; they must be the same");
}

static void refuses_ranks(void)
{
    trial s;
    EST_NEED_OK(trial_open(&s));
    est_node *flat = est_placeholder(s.g, "x", EST_FLOAT, EST_SHAPE(-1, 2));
    est_concatenate_context_and_sequence(s.g, flat, flat);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "concatenate_context_and_sequence: context is [?,2] and sequence [?,2]; they must be [batch, width] and [batch, "
                    "time, width]");
    trial_close(&s);
}

/* Steps of words: by a list, by a file of the same words, and by hashes. */
static void of_words(void)
{
    static const char *const words[] = { "b", "a", "c" }, *const list[] = { "a", "b" };
    static const int64_t at[] = { 0, 0, 0, 1, 1, 0 }, dims[] = { 2, 2 };
    static const float wanted[] = { 0, 1, 1, 0, 0, 0, 0, 0 };
    trial s;
    est_node *length, *y[3];
    est_tensor *out[4] = { NULL };
    EST_NEED_OK(trial_open(&s));
    est_columns *c = est_columns_new();
    est_feature_nodes f = { .name = "s", .value = est_placeholder(s.g, "s", EST_STRING, EST_SHAPE(-1)),
                            .indices = est_placeholder(s.g, "s_indices", EST_INT64, EST_SHAPE(-1, 2)),
                            .dense_shape = est_placeholder(s.g, "s_shape", EST_INT64, EST_SHAPE(2)) };
    est_features features = { &f, 1 };
    est_column *column[] = {
        est_sequence_categorical_column_with_vocabulary_list(c, "s", (&(est_vocabulary_list_options){ .vocabulary_list.strings = { list, 2 } })),
        est_sequence_categorical_column_with_vocabulary_file(
            c, "s", (&(est_vocabulary_file_options){ .vocabulary_file = EST_TEST_FILE("words.txt", "a\nb\n") })),
        est_sequence_categorical_column_with_hash_bucket(c, "s", (&(est_hash_bucket_options){ .hash_bucket_size = 2 })) };
    for (int i = 0; i < 3; i++) {
        EST_CHECK(!est_column_is_categorical(column[i]));
        y[i] = est_sequence_input_layer(s.g, &features, EST_COLUMNS(counts(c, column[i])), NULL, &length);
    }
    EST_CHECK(est_column_is_categorical(est_categorical_column_with_identity(c, "i", (&(est_identity_options){ .num_buckets = 4 }))));
    EST_CHECK(!est_column_is_categorical(numeric(c)));
    EST_NEED_OK(trial_start(&s));
    est_tensor *v = trial_strings(words, EST_SHAPE(3)), at_v = trial_ints(at, EST_SHAPE(3, 2)), shape = trial_ints(dims, EST_SHAPE(2));
    if (EST_CHECK_OK(trial_step(&s, EST_NODES(f.value, f.indices, f.dense_shape), (const est_tensor *const[]){ v, &at_v, &shape },
                                EST_NODES(y[0], y[1], y[2], est_features_rows(s.g, &features)), (est_nodes){ 0 }, out))) {
        EST_CHECK_BYTES(out[0]->data, sizeof wanted, wanted, sizeof wanted);
        EST_CHECK_BYTES(out[1]->data, sizeof wanted, wanted, sizeof wanted);
        const float *hashed = out[2]->data;
        for (int i = 0; i < 4; i++)     /* each step one bucket; the last one of the second example is no step */
            EST_CHECK(hashed[2 * i] + hashed[2 * i + 1] == (i < 3));
        EST_CHECK_INT(*(const int64_t *)out[3]->data, 2);
    }
    for (int i = 0; i < 4; i++)
        est_tensor_free(out[i]);
    est_tensor_free(v);
    trial_close(&s);
    est_columns_free(c);
}

EST_SUITE(feature_columns_sequence, EST_TEST(refuses), EST_TEST(lies_beside), EST_TEST(refuses_ranks), EST_TEST(of_words));
