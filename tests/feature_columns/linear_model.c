/* The linear model against TensorFlow's, with the same weights. */
#include "feature_columns/columns.h"
#include "trial.h"
#include "support/est_test.h"

#include "golden/columns.inc"

static const float numbers[] = { 1.5f, -2.25f, 0, 30, 7.125f };
static const float positive[] = { 1.5f, 2.25f, 0, 30, 7.125f };
static const float pairs[] = { 1, 2, 0.5f, -1, 0, 0, 3, 8, -4, 0.25f };
static const char *const colors[] = { "red", "", "green", "blue", "violet", "red", "", "", "", "ocher" };
static const int64_t integers[] = { 10, -1, 30, 20, 99, 10, -1, -1, -7, INT64_C(1) << 40 };
static const int64_t hashed_indices[] = { 0, 0, 0, 1, 2, 0, 3, 0, 3, 2 };
static const char *const hashed_values[] = { "", "red", "violet", "green", "green" };
static const int64_t hashed_shape[] = { 5, 3 };

/* The golden file's weights: variable number `column`, 99 for the bias. */
static est_status set_weights(trial *s)
{
    for (size_t v = 0; v < s->g->num_variables; v++) {
        est__graph_variable *var = &s->g->variable[v];
        int64_t units = var->shape.dim[var->shape.rank - 1];
        size_t column = var->shape.rank == 1 ? 99 : v;
        est_tensor *value;
        EST_TRY(est_tensor_new(EST_FLOAT, &var->shape, &value));
        for (int64_t i = 0; i < est_shape_elements(&var->shape); i++)
            ((float *)value->data)[i] =
                (float)((7 * (i / units) + 3 * (i % units) + 5 * (int64_t)column) % 11 - 5) * 0.125f;
        est_node *assign = est_op(s->g, "AssignVariableOp", NULL,
                                  EST_NODES(var->handle, est_constant(s->g, value)), EST_NO_ATTRS);
        est_tensor_free(value);
        EST_TRY(trial_step(s, (est_nodes){ 0 }, NULL, (est_nodes){ 0 }, EST_NODES(assign), NULL));
    }
    return EST_OK;
}

static void check_logits(trial *s, est_nodes feeds, const est_tensor *const *fed, est_node *logits,
                         const float *wanted, size_t count)
{
    est_tensor *out = NULL;
    EST_CHECK_OK(est_graph_status(s->g));
    EST_CHECK_OK(trial_start(s));
    EST_CHECK_OK(set_weights(s));
    if (EST_CHECK_OK(trial_step(s, feeds, fed, EST_NODES(logits), (est_nodes){ 0 }, &out)))
        for (size_t i = 0; i < count; i++)
            EST_CHECK_NEAR(((const float *)out->data)[i], wanted[i], 1e-6);
    est_tensor_free(out);
}

static est_column_list mixed_columns(est_columns *c, est_column **list)
{
    list[0] = est_numeric_column(c, "number", (&(est_numeric_column_options){
        .normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 1.25, .std = 3.5 } }));
    list[1] = est_numeric_column(c, "pair", (&(est_numeric_column_options){
        .shape = EST_INTS(2), .normalizer_fn = { .kind = EST_NORMALIZE_MIN_MAX, .min = -4, .max = 8 } }));
    list[2] = est_categorical_column_with_vocabulary_list(c, "color", (&(est_vocabulary_list_options){
        .vocabulary_list.strings = EST_STRINGS("red", "green", "blue"), .num_oov_buckets = 2 }));
    list[3] = est_categorical_column_with_hash_bucket(c, "Hashed",
                                                      (&(est_hash_bucket_options){ .hash_bucket_size = 5 }));
    list[4] = est_categorical_column_with_identity(c, "identity", (&(est_identity_options){
        .num_buckets = 31, .default_value = EST_INTS(3) }));
    return (est_column_list){ list, 5 };
}

static void mixed(const char *combiner, const float *wanted)
{
    trial s;
    est_columns *c = est_columns_new();
    est_column *list[5];
    est_column_list columns = mixed_columns(c, list);
    EST_NEED_OK(est_columns_status(c));
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f[] = {
        { .name = "number", .value = est_placeholder(s.g, "number", EST_FLOAT, EST_SHAPE(-1)) },
        { .name = "pair", .value = est_placeholder(s.g, "pair", EST_FLOAT, EST_SHAPE(-1, 2)) },
        { .name = "color", .value = est_placeholder(s.g, "color", EST_STRING, EST_SHAPE(-1, 2)) },
        { .name = "identity", .value = est_placeholder(s.g, "identity", EST_INT64, EST_SHAPE(-1, 2)) },
        { .name = "Hashed", .value = est_placeholder(s.g, "hashed", EST_STRING, EST_SHAPE(-1)),
          .indices = est_placeholder(s.g, "hashed_indices", EST_INT64, EST_SHAPE(-1, 2)),
          .dense_shape = est_placeholder(s.g, "hashed_shape", EST_INT64, EST_SHAPE(2)) },
    };
    est_tensor number = trial_floats(numbers, EST_SHAPE(5)), pair = trial_floats(pairs, EST_SHAPE(5, 2));
    est_tensor identity = trial_ints(integers, EST_SHAPE(5, 2)),
               indices = trial_ints(hashed_indices, EST_SHAPE(5, 2));
    est_tensor shape = trial_ints(hashed_shape, EST_SHAPE(2));
    est_tensor *color = trial_strings(colors, EST_SHAPE(5, 2)),
               *hashed = trial_strings(hashed_values, EST_SHAPE(5));
    est_node *logits = est_linear_model(s.g, &(est_features){ f, 5 }, columns, 2, combiner, "linear/");
    EST_CHECK(est_node_shape(logits)->rank == 2 && est_node_shape(logits)->dim[1] == 2);
    for (size_t i = 0; i < s.g->num_variables; i++)
        EST_CHECK_STR(s.g->variable[i].name, linear_variables[i]);
    EST_CHECK_INT(s.g->num_variables, 6);
    check_logits(
        &s,
        EST_NODES(f[0].value, f[1].value, f[2].value, f[3].value, f[4].value, f[4].indices, f[4].dense_shape),
        (const est_tensor *const[]){ &number, &pair, color, &identity, hashed, &indices, &shape }, logits,
        wanted, 10);
    est_tensor_free(color);
    est_tensor_free(hashed);
    trial_close(&s);
    est_columns_free(c);
}

static void equals_tensorflow(void)
{
    mixed("sum", linear_sum);
    mixed("mean", linear_mean);
    mixed("sqrtn", linear_sqrtn);
}

static est_node *log1p_of(est_graph *g, est_node *x, void *user)
{
    ++*(int *)user;
    return est_op(g, "Log1p", NULL, EST_NODES(x), EST_NO_ATTRS);
}

static void log1p_and_function(void)
{
    int calls = 0;
    const est_normalizer normalizers[] = { { .kind = EST_NORMALIZE_LOG1P },
                                           { .kind = EST_NORMALIZE_FN, .fn = log1p_of, .user = &calls } };
    for (int i = 0; i < 2; i++) {
        trial s;
        est_columns *c = est_columns_new();
        est_column *column = est_numeric_column(
            c, "number", (&(est_numeric_column_options){ .normalizer_fn = normalizers[i] }));
        EST_NEED_OK(trial_open(&s));
        est_feature_nodes f = { .name = "number",
                                .value = est_placeholder(s.g, "number", EST_FLOAT, EST_SHAPE(-1, 1)) };
        est_tensor number = trial_floats(positive, EST_SHAPE(5, 1));
        est_node *logits =
            est_linear_model(s.g, &(est_features){ &f, 1 }, EST_COLUMNS(column), 1, NULL, "linear/");
        check_logits(&s, EST_NODES(f.value), (const est_tensor *const[]){ &number }, logits, linear_log1p, 5);
        trial_close(&s);
        est_columns_free(c);
    }
    EST_CHECK_INT(calls, 1);
}

static void names_are_cleaned(void)
{
    trial s;
    est_columns *c = est_columns_new();
    est_column *column = est_numeric_column(c, "pr\xc3\xa9nom / a-b", NULL);
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f = { .name = "pr\xc3\xa9nom / a-b",
                            .value = est_placeholder(s.g, "x", EST_FLOAT, EST_SHAPE(-1, 1)) };
    est_linear_model(s.g, &(est_features){ &f, 1 }, EST_COLUMNS(column), 1, NULL, "linear/");
    EST_CHECK_OK(est_graph_status(s.g));
    EST_CHECK(est_graph_variable(s.g, "linear/linear_model/pr_nom___a-b/weights") != NULL);
    trial_close(&s);
    est_columns_free(c);
}

static void refuses(void)
{
    trial s;
    est_columns *c = est_columns_new();
    est_column *column = est_numeric_column(c, "x", NULL);
    EST_NEED_OK(trial_open(&s));
    est_linear_model(s.g, &(est_features){ 0 }, EST_COLUMNS(column), 1, "max", "linear/");
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "linear model: sparse_combiner is 'max'; it must be 'sum', 'mean' or 'sqrtn'");
    trial_close(&s);
    EST_NEED_OK(trial_open(&s));
    est_linear_model(s.g, &(est_features){ 0 }, EST_COLUMNS(column), 0, NULL, "linear/");
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "linear model: units is 0; it must be at least 1");
    trial_close(&s);
    est_columns_free(c);
}

EST_SUITE(feature_columns_linear_model, EST_TEST(equals_tensorflow), EST_TEST(log1p_and_function),
          EST_TEST(names_are_cleaned), EST_TEST(refuses));
