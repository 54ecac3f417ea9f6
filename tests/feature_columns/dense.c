/* Dense columns: indicators, embeddings, shared embeddings and one-hot buckets against TensorFlow's layers
 * with the same tables; what is trained; what is refused; what tables start from. */
#include <stdlib.h>

#include "feature_columns/columns.h"
#include "trial.h"
#include "support/est_test.h"

#include "golden/columns.inc"

static const float numbers[] = { 1.5f, -2.25f, 0, 30, 7.125f };
static const float pairs[] = { 1, 2, 0.5f, -1, 0, 0, 3, 8, -4, 0.25f };
static const char *const colors[] = { "red", "", "green", "blue", "violet", "red", "", "", "", "ocher" };
static const int64_t bag_indices[] = { 0, 0, 0, 1, 2, 0, 3, 0, 3, 2 };
static const char *const bag_values[] = { "", "red", "violet", "green", "green" };
static const int64_t bag_shape[] = { 5, 3 };
static const int64_t lefts[] = { 0, 1, 2, 3, 9 }, rights[] = { 3, 3, 0, -1, 1 };

enum { COLUMNS = 8 };

/* The columns of make_columns.py's dense_columns(). */
static est_column_list dense_columns(est_columns *c, est_column **list)
{
    est_column *words = est_categorical_column_with_vocabulary_list(
        c, "color",
        (&(est_vocabulary_list_options){ .vocabulary_list.strings = EST_STRINGS("red", "green", "blue"),
                                         .num_oov_buckets = 2 }));
    est_column *bag = est_categorical_column_with_hash_bucket(
        c, "bag", (&(est_hash_bucket_options){ .hash_bucket_size = 5 }));
    est_column *buckets = est_bucketized_column(
        c,
        (&(est_bucketized_options){ .source_column = est_numeric_column(
                                        c, "pair", (&(est_numeric_column_options){ .shape = EST_INTS(2) })),
                                    .boundaries = EST_FLOATS(0, 0.5, 2) }));
    const est_identity_options four = { .num_buckets = 4, .default_value = EST_INTS(3) };
    est_column *left = est_categorical_column_with_identity(c, "left", &four),
               *right = est_categorical_column_with_identity(c, "right", &four);
    list[0] = est_numeric_column(c, "number", NULL);
    list[1] = buckets;
    list[2] = est_indicator_column(c, (&(est_indicator_options){ .categorical_column = words }));
    list[3] = est_indicator_column(c, (&(est_indicator_options){ .categorical_column = bag }));
    list[4] =
        est_embedding_column(c, (&(est_embedding_options){ .categorical_column = words, .dimension = 2 }));
    list[5] = est_embedding_column(
        c, (&(est_embedding_options){
               .categorical_column = bag, .dimension = 3, .combiner = "sum", .max_norm = 0.75 }));
    list[6] = est_embedding_column(
        c, (&(est_embedding_options){ .categorical_column = buckets, .dimension = 2, .combiner = "sqrtn" }));
    list[7] = est_shared_embeddings(
        c, (&(est_shared_embeddings_options){
               .categorical_columns = EST_COLUMNS(right, left), .dimension = 2, .combiner = "sum" }));
    return (est_column_list){ list, COLUMNS };
}

enum { FEEDS = 8 };
typedef struct data {
    est_feature_nodes f[6];
    est_node *feed[FEEDS];
    est_tensor number, pair, indices, shape, left, right, *color, *bag;
    const est_tensor *value[FEEDS];
} data;

static void data_begin(data *d, est_graph *g)
{
    d->f[0] =
        (est_feature_nodes){ .name = "number", .value = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1)) };
    d->f[1] =
        (est_feature_nodes){ .name = "pair", .value = est_placeholder(g, "x", EST_FLOAT, EST_SHAPE(-1, 2)) };
    d->f[2] = (est_feature_nodes){ .name = "color",
                                   .value = est_placeholder(g, "x", EST_STRING, EST_SHAPE(-1, 2)) };
    d->f[3] =
        (est_feature_nodes){ .name = "left", .value = est_placeholder(g, "x", EST_INT64, EST_SHAPE(-1)) };
    d->f[4] =
        (est_feature_nodes){ .name = "right", .value = est_placeholder(g, "x", EST_INT64, EST_SHAPE(-1)) };
    d->f[5] = (est_feature_nodes){ .name = "bag",
                                   .value = est_placeholder(g, "x", EST_STRING, EST_SHAPE(-1)),
                                   .indices = est_placeholder(g, "x", EST_INT64, EST_SHAPE(-1, 2)),
                                   .dense_shape = est_placeholder(g, "x", EST_INT64, EST_SHAPE(2)) };
    d->number = trial_floats(numbers, EST_SHAPE(5));
    d->pair = trial_floats(pairs, EST_SHAPE(5, 2));
    d->color = trial_strings(colors, EST_SHAPE(5, 2));
    d->left = trial_ints(lefts, EST_SHAPE(5));
    d->right = trial_ints(rights, EST_SHAPE(5));
    d->bag = trial_strings(bag_values, EST_SHAPE(5));
    d->indices = trial_ints(bag_indices, EST_SHAPE(5, 2));
    d->shape = trial_ints(bag_shape, EST_SHAPE(2));
    for (int i = 0; i < 6; i++)
        d->feed[i] = d->f[i].value;
    d->feed[6] = d->f[5].indices;
    d->feed[7] = d->f[5].dense_shape;
    memcpy(d->value,
           (const est_tensor *[]){ &d->number, &d->pair, d->color, &d->left, &d->right, d->bag, &d->indices,
                                   &d->shape },
           sizeof d->value);
}

static void data_end(data *d)
{
    est_tensor_free(d->color);
    est_tensor_free(d->bag);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(est__graph_variable *const *)a)->name, (*(est__graph_variable *const *)b)->name);
}

/* The golden file's: by the place of the name among all, sorted; 99 for the bias. */
static void set_weights(trial *s, const char *const *names, size_t count)
{
    est__graph_variable *v[32];
    EST_NEED(s->g->num_variables <= 32 && EST_CHECK_INT(s->g->num_variables, count));
    for (size_t i = 0; i < count; i++)
        v[i] = &s->g->variable[i];
    qsort(v, count, sizeof *v, by_name);
    for (size_t i = 0; i < count; i++) {
        est_tensor *value;
        int64_t units = v[i]->shape.dim[v[i]->shape.rank - 1], at = v[i]->shape.rank == 1 ? 99 : (int64_t)i;
        EST_CHECK_STR(v[i]->name, names[i]);
        EST_CHECK_OK(est_tensor_new(EST_FLOAT, &v[i]->shape, &value));
        for (int64_t j = 0; j < est_shape_elements(&v[i]->shape); j++)
            ((float *)value->data)[j] =
                (float)((7 * (j / units) + 3 * (j % units) + 5 * at) % 11 - 5) * 0.125f;
        est_node *assign = est_op(s->g, "AssignVariableOp", NULL,
                                  EST_NODES(v[i]->handle, est_constant(s->g, value)), EST_NO_ATTRS);
        est_tensor_free(value);
        EST_CHECK_OK(trial_step(s, (est_nodes){ 0 }, NULL, (est_nodes){ 0 }, EST_NODES(assign), NULL));
    }
}

static void check_output(bool linear, const char *const *names, size_t count, const float *wanted, size_t n)
{
    trial s;
    data d;
    est_column *list[COLUMNS];
    est_tensor *out = NULL;
    est_columns *c = est_columns_new();
    est_column_list columns = dense_columns(c, list);
    EST_CHECK_OK(est_columns_status(c));
    EST_NEED_OK(trial_open(&s));
    data_begin(&d, s.g);
    est_features f = { d.f, 6 };
    est_node *y = linear ? est_linear_model(s.g, &f, columns, 2, NULL, "linear/")
                         : est_input_layer(s.g, &f, columns, "deep/");
    EST_CHECK_OK(est_graph_status(s.g));
    EST_CHECK_INT(est_node_shape(y)->dim[1], (int64_t)n / 5);
    EST_CHECK_OK(trial_start(&s));
    set_weights(&s, names, count);
    if (EST_CHECK_OK(
            trial_step(&s, (est_nodes){ d.feed, FEEDS }, d.value, EST_NODES(y), (est_nodes){ 0 }, &out)))
        for (size_t i = 0; i < n; i++)
            EST_CHECK_NEAR(((const float *)out->data)[i], wanted[i], 2e-6);
    est_tensor_free(out);
    data_end(&d);
    trial_close(&s);
    est_columns_free(c);
}

#define COUNT(x) (sizeof(x) / sizeof(x)[0])

static void equals_tensorflow(void)
{
    check_output(false, dense_variables, COUNT(dense_variables), dense_output, COUNT(dense_output));
    check_output(true, dense_linear_variables, COUNT(dense_linear_variables), dense_linear,
                 COUNT(dense_linear));
}

static void names_parts_and_spec(void)
{
    est_columns *c = est_columns_new();
    est_column *list[COLUMNS];
    est_column_list columns = dense_columns(c, list);
    est_features_spec spec;
    est_column_list parts = est_column_parts(list[7]);
    EST_NEED(EST_CHECK_INT(parts.count, 2));
    EST_CHECK_STR(est_column_name(list[7]), "left_right_shared_embedding");
    EST_CHECK_STR(est_column_name(parts.data[0]), "right_shared_embedding");
    EST_CHECK_STR(est_column_key(parts.data[1]), "left");
    EST_CHECK(est_column_parts(list[0]).count == 1 && est_column_parts(list[0]).data[0] == list[0]);
    EST_CHECK_INT(est_column_parts(NULL).count, 0);
    EST_CHECK_STR(est_column_name(list[3]), "bag_indicator");
    EST_CHECK_STR(est_column_name(list[6]), "pair_bucketized_embedding");
    EST_CHECK_OK(est_make_parse_example_spec(columns, &spec));
    EST_CHECK_INT(spec.count, 6);
    EST_CHECK_STR(spec.data[2].name, "left");
    est_columns_free(c);
}

/* ---- what is trained ---- */
static bool trained(const est_graph *g, const char *name)
{
    for (size_t i = 0; i < g->num_variables; i++)
        if (strcmp(g->variable[i].name, name) == 0)
            return g->variable[i].trainable;
    EST_CHECK_STR(name, "a variable of the graph");
    return false;
}

static void tables_that_are_trained(void)
{
    for (int linear = 0; linear < 2; linear++) {
        trial s;
        est_columns *c = est_columns_new();
        est_column *of[4], *e[4];
        const est_identity_options five = { .num_buckets = 5 };
        static const char *const keys[] = { "a", "b", "c", "d" };
        EST_NEED_OK(trial_open(&s));
        est_feature_nodes f[4];
        for (int i = 0; i < 4; i++) {
            of[i] = est_categorical_column_with_identity(c, keys[i], &five);
            f[i] = (est_feature_nodes){ .name = keys[i],
                                        .value = est_placeholder(s.g, "x", EST_INT64, EST_SHAPE(-1)) };
        }
        e[0] = est_embedding_column(
            c,
            (&(est_embedding_options){ .categorical_column = of[0], .dimension = 1, .not_trainable = true }));
        e[1] = est_embedding_column(
            c, (&(est_embedding_options){ .categorical_column = of[1], .dimension = 1, .frozen = true }));
        e[2] = est_shared_embeddings(c, (&(est_shared_embeddings_options){
                                            .categorical_columns = EST_COLUMNS(of[2]), .dimension = 1 }));
        e[3] = est_shared_embeddings(
            c, (&(est_shared_embeddings_options){ .categorical_columns = EST_COLUMNS(of[3]),
                                                  .dimension = 1,
                                                  .trained = true,
                                                  .shared_embedding_collection_name = "table" }));
        est_features features = { f, 4 };
        if (linear)
            est_linear_model(s.g, &features, (est_column_list){ e, 4 }, 1, NULL, NULL);
        else
            est_input_layer(s.g, &features, (est_column_list){ e, 4 }, "linear_model/");
        EST_CHECK_OK(est_graph_status(s.g));
        EST_CHECK_INT(trained(s.g, "linear_model/a_embedding/embedding_weights"), linear);
        EST_CHECK(!trained(s.g, "linear_model/b_embedding/embedding_weights"));
        EST_CHECK(!trained(s.g, "c_shared_embedding"));
        EST_CHECK(trained(s.g, "table"));
        trial_close(&s);
        est_columns_free(c);
    }
}

/* Two shared_embeddings of one name in one model are refused, where TensorFlow says "Variable table already exists"; in models of
 * their own they are fine. */
static void tables_of_one_name(void)
{
    static const char *const keys[] = { "a", "b" };
    for (int one_model = 0; one_model < 2; one_model++) {
        trial s[2];
        est_columns *c = est_columns_new();
        EST_NEED_OK(trial_open(&s[0]));
        EST_NEED_OK(trial_open(&s[1]));
        for (int i = 0; i < 2; i++) {
            est_graph *g = s[one_model ? 0 : i].g;
            est_feature_nodes f = { .name = keys[i], .value = est_placeholder(g, "x", EST_INT64, EST_SHAPE(-1)) };
            est_column *of = est_categorical_column_with_identity(c, keys[i], (&(est_identity_options){ .num_buckets = 5 }));
            est_column *shared = est_shared_embeddings(c, (&(est_shared_embeddings_options){
                .categorical_columns = EST_COLUMNS(of), .dimension = 2, .shared_embedding_collection_name = "table" }));
            est_features features = { &f, 1 };
            EST_CHECK_OK(est_graph_status(g));
            est_input_layer(g, &features, EST_COLUMNS(shared), i ? "second/" : "first/");
        }
        if (one_model)
            EST_CHECK_FAILS(est_graph_status(s[0].g), EST_INVALID_ARGUMENT,
                            "the table 'table' is in this model already, of another shared_embeddings; give each a "
                            "shared_embedding_collection_name of its own, or all columns to one of them");
        else
            EST_CHECK_OK(est_graph_status(s[1].g));
        trial_close(&s[0]);
        trial_close(&s[1]);
        est_columns_free(c);
    }
}

/* ---- what is refused ---- */
#define REFUSED(message, call)                                                                               \
    do {                                                                                                     \
        est_columns *c = est_columns_new();                                                                  \
        est_column *words = est_categorical_column_with_hash_bucket(                                         \
            c, "w", (&(est_hash_bucket_options){ .hash_bucket_size = 3 }));                                  \
        est_column *x = est_numeric_column(c, "x", NULL);                                                    \
        (void)words;                                                                                         \
        (void)x;                                                                                             \
        EST_CHECK((call) != NULL);                                                                           \
        EST_CHECK_FAILS(est_columns_status(c), EST_INVALID_ARGUMENT, message);                               \
        est_columns_free(c);                                                                                 \
    } while (0)
#define INDICATOR(...) est_indicator_column(c, (&(est_indicator_options){ __VA_ARGS__ }))
#define EMBEDDING(...) est_embedding_column(c, (&(est_embedding_options){ __VA_ARGS__ }))
#define SHARED(...) est_shared_embeddings(c, (&(est_shared_embeddings_options){ __VA_ARGS__ }))

static void refuses_columns(void)
{
    REFUSED("indicator_column: categorical_column is missing: a categorical, crossed, bucketized or weighted "
            "column",
            est_indicator_column(c, NULL));
    REFUSED("indicator_column: categorical_column is a numeric_column; it must be categorical: make it a "
            "bucketized_column",
            INDICATOR(.categorical_column = x));
    REFUSED("embedding_column: categorical_column is a indicator_column; it must be categorical",
            EMBEDDING(.categorical_column = INDICATOR(.categorical_column = words), .dimension = 2));
    REFUSED("embedding_column: dimension is missing: numbers of each row",
            EMBEDDING(.categorical_column = words));
    REFUSED("embedding_column: dimension is -1; it must be at least 1",
            EMBEDDING(.categorical_column = words, .dimension = -1));
    REFUSED("embedding_column: combiner is 'max'; it must be 'mean', 'sum' or 'sqrtn'; did you mean 'mean'?",
            EMBEDDING(.categorical_column = words, .dimension = 1, .combiner = "max"));
    REFUSED("embedding_column: max_norm is -1; it must be above 0",
            EMBEDDING(.categorical_column = words, .dimension = 1, .max_norm = -1));
    REFUSED("embedding_column 'w': ckpt_to_load_from is given, tensor_name_in_ckpt is not; they go together",
            EMBEDDING(.categorical_column = words, .dimension = 1, .ckpt_to_load_from = "model.ckpt-1"));
    REFUSED("embedding_column 'w': unknown initializer 'TruncatedNorma'; did you mean 'TruncatedNormal'?",
            EMBEDDING(.categorical_column = words, .dimension = 1, .initializer.type = "TruncatedNorma"));
    REFUSED("shared_embeddings: categorical_columns[1] is a categorical_column_with_identity, the first is a "
            "categorical_column_with_hash_bucket; columns of one kind share a table",
            SHARED(.categorical_columns =
                       EST_COLUMNS(words, est_categorical_column_with_identity(
                                              c, "i", (&(est_identity_options){ .num_buckets = 3 }))),
                   .dimension = 1));
    REFUSED("shared_embeddings: categorical_columns[1] has 4 ids, the first has 3; columns of one size share "
            "a table",
            SHARED(.categorical_columns =
                       EST_COLUMNS(words, est_categorical_column_with_hash_bucket(
                                              c, "i", (&(est_hash_bucket_options){ .hash_bucket_size = 4 }))),
                   .dimension = 1));
}

static void refuses_layers(void)
{
    trial s;
    est_columns *c = est_columns_new();
    est_column *words = est_categorical_column_with_hash_bucket(
        c, "w", (&(est_hash_bucket_options){ .hash_bucket_size = 3 }));
    est_column *shared = SHARED(.categorical_columns = EST_COLUMNS(words), .dimension = 1);
    EST_NEED_OK(trial_open(&s));
    est_input_layer(s.g, &(est_features){ 0 }, EST_COLUMNS(words), NULL);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "feature column 'w' is categorical; an input layer takes dense columns: wrap it in "
                    "indicator_column or embedding_column");
    trial_close(&s);
    EST_NEED_OK(trial_open(&s));
    est_input_layer(s.g, &(est_features){ 0 }, EST_COLUMNS(shared, shared), NULL);
    EST_CHECK_FAILS(
        est_graph_status(s.g), EST_INVALID_ARGUMENT,
        "feature_columns[0] and [1] are both named 'w_shared_embedding'; a model takes each name once");
    trial_close(&s);
    est_columns_free(c);
}

EST_SUITE(feature_columns_dense, EST_TEST(tables_of_one_name), EST_TEST(equals_tensorflow), EST_TEST(names_parts_and_spec),
          EST_TEST(tables_that_are_trained), EST_TEST(refuses_columns), EST_TEST(refuses_layers));
