/* Bucketized and crossed columns: ids against TensorFlow's, names, and what is refused. */
#include "feature_columns/columns.h"
#include "trial.h"
#include "support/est_test.h"

#include "golden/columns.inc"

static const float pairs[] = { 1.0f, 2.0f, 0.5f, -1.0f, 0.0f, 0.0f, 3.0f, 8.0f, -4.0f, 0.25f };
static const char *const colors[] = { "red", "", "green", "blue", "violet", "red", "", "", "", "ocher" };
static const int64_t numbers[] = { 10, -1, 30, 20, 99, 10, -1, -1, -7, INT64_C(1) << 40 };
static const int64_t bag_indices[] = { 0, 0, 0, 1, 2, 0, 3, 0, 3, 2 };
static const char *const bag_values[] = { "", "red", "violet", "green", "green" };
static const int64_t bag_shape[] = { 5, 3 };

static void check_ids(const est_column *c, const int64_t *wanted, size_t count, const char *name,
                      const char *column_name)
{
    est_test_place at = { __FILE__, __func__, name, __LINE__ };
    trial s;
    est_tensor *color = trial_strings(colors, EST_SHAPE(5, 2)), *bag = trial_strings(bag_values, EST_SHAPE(5));
    est_tensor pair = trial_floats(pairs, EST_SHAPE(5, 2)), number = trial_ints(numbers, EST_SHAPE(5, 2));
    est_tensor indices = trial_ints(bag_indices, EST_SHAPE(5, 2)), shape = trial_ints(bag_shape, EST_SHAPE(2));
    est_tensor *out[2];
    EST_NEED_OK(est_columns_status(est__columns_of(c)));
    est_test_str(est_column_name(c), column_name, at);
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f[] = {
        { .name = "pair", .value = est_placeholder(s.g, "pair", EST_FLOAT, EST_SHAPE(-1, 2)) },
        { .name = "color", .value = est_placeholder(s.g, "color", EST_STRING, EST_SHAPE(-1, 2)) },
        { .name = "number", .value = est_placeholder(s.g, "number", EST_INT64, EST_SHAPE(-1, 2)) },
        { .name = "bag", .value = est_placeholder(s.g, "bag", EST_STRING, EST_SHAPE(-1)),
          .indices = est_placeholder(s.g, "bag_indices", EST_INT64, EST_SHAPE(-1, 2)),
          .dense_shape = est_placeholder(s.g, "bag_shape", EST_INT64, EST_SHAPE(2)) },
    };
    est__ids ids = c->kind->ids(s.g, &(est_features){ f, 4 }, c);
    EST_CHECK_OK(est_graph_status(s.g));
    EST_CHECK_OK(trial_start(&s));
    if (EST_CHECK_OK(trial_step(
            &s,
            EST_NODES(f[0].value, f[1].value, f[2].value, f[3].value, f[3].indices, f[3].dense_shape),
            (const est_tensor *const[]){ &pair, color, &number, bag, &indices, &shape },
            EST_NODES(ids.indices, ids.values), (est_nodes){ 0 }, out)) &&
        est_test_int(out[1]->shape.dim[0], (int64_t)count / 3, at))
        for (size_t i = 0; i < count / 3; i++) {
            est_test_int(((const int64_t *)out[0]->data)[2 * i], wanted[3 * i], at);
            est_test_int(((const int64_t *)out[0]->data)[2 * i + 1], wanted[3 * i + 1], at);
            est_test_int(((const int64_t *)out[1]->data)[i], wanted[3 * i + 2], at);
        }
    est_tensor_free(out[0]);
    est_tensor_free(out[1]);
    est_tensor_free(color);
    est_tensor_free(bag);
    trial_close(&s);
}

#define CHECK_IDS(column, golden, n) \
    check_ids((column), (golden), sizeof(golden) / sizeof *(golden), #golden, cross_names[n])
#define CROSS(size, ...) \
    est_crossed_column(c, (&(est_crossed_options){ .hash_bucket_size = (size), .keys = EST_CROSS_KEYS(__VA_ARGS__) }))
#define BUCKETS(source, ...) \
    est_bucketized_column( \
        c, (&(est_bucketized_options){ .source_column = (source), .boundaries = EST_FLOATS(__VA_ARGS__) }))

static est_column *colors_column(est_columns *c)
{
    return est_categorical_column_with_vocabulary_list(
        c, "color",
        (&(est_vocabulary_list_options){ .vocabulary_list.strings = EST_STRINGS("red", "green", "blue") }));
}

static void equal_tensorflow(void)
{
    est_columns *c = est_columns_new();
    est_column *pair =
        est_numeric_column(c, "pair", (&(est_numeric_column_options){ .shape = EST_INTS(2) }));
    est_column *buckets = BUCKETS(pair, 0, 0.5, 2), *known = colors_column(c);
    est_column *inner = CROSS(9, { .name = "color" }, { .name = "bag" });
    CHECK_IDS(buckets, ids_bucketized, 0);
    CHECK_IDS(CROSS(1000, { .name = "number" }, { .name = "color" }), ids_cross_dense, 1);
    CHECK_IDS(CROSS(64, { .name = "bag" }, { .column = buckets }), ids_cross_sparse, 2);
    CHECK_IDS(est_crossed_column(c, (&(est_crossed_options){
                  .keys = EST_CROSS_KEYS({ .name = "color" }, { .column = known }, { .name = "bag" }),
                  .hash_bucket_size = 1000, .hash_key = 7 })),
              ids_cross_mixed, 3);
    CHECK_IDS(CROSS(INT64_C(1) << 40, { .column = inner }, { .name = "number" }), ids_cross_nested, 4);
    est_columns_free(c);
}

static void reads_features(void)
{
    est_columns *c = est_columns_new();
    est_column *age = est_numeric_column(c, "age", NULL);
    est_column *cross = CROSS(10, { .column = BUCKETS(age, 1) }, { .name = "sex" });
    est_features_spec spec;
    EST_NEED_OK(est_make_parse_example_spec(EST_COLUMNS(cross), &spec));
    EST_NEED(spec.count == 2);
    EST_CHECK_STR(spec.data[0].name, "age");
    EST_CHECK(!spec.data[0].variable_length && spec.data[0].dtype == EST_FLOAT);
    EST_CHECK_STR(spec.data[1].name, "sex");
    EST_CHECK(spec.data[1].variable_length && spec.data[1].dtype == EST_STRING);
    est_columns_free(c);
}

#define REFUSED(message, call) \
    do { \
        est_columns *c = est_columns_new(); \
        est_column *x = est_numeric_column(c, "x", NULL); \
        EST_CHECK(x != NULL && (call) != NULL); \
        EST_CHECK_FAILS(est_columns_status(c), EST_INVALID_ARGUMENT, message); \
        est_columns_free(c); \
    } while (0)

static void refuses(void)
{
    est_columns *other = est_columns_new();
    est_column *foreign = est_numeric_column(other, "y", NULL);
    const est_hash_bucket_options hash = { .hash_bucket_size = 3 };
    const est_numeric_column_options square = { .shape = EST_INTS(2, 2) };
    REFUSED("bucketized_column: source_column is missing: a numeric_column of one dimension", BUCKETS(NULL, 1));
    REFUSED("bucketized_column: source_column is a column of another set; a set's columns are made of its own",
            BUCKETS(foreign, 1));
    REFUSED("bucketized_column: source_column is a categorical_column_with_vocabulary_list; it must be a "
            "numeric_column",
            BUCKETS(colors_column(c), 1));
    REFUSED("bucketized_column: source_column has 2 dimensions; it must have one",
            BUCKETS(est_numeric_column(c, "z", &square), 1));
    REFUSED("bucketized_column: boundaries[2] is 2, after 2; they must ascend", BUCKETS(x, 1, 2, 2));
    REFUSED("bucketized_column: it takes no key, found 'x'", est_column_new(c, "bucketized_column", "x", NULL, 0));
    REFUSED("crossed_column: keys has 1 key; a cross takes two or more", CROSS(9, { .name = "a" }));
    REFUSED("crossed_column: hash_bucket_size is 1; it must be at least 2", CROSS(1, { .name = "a" }, { .name = "b" }));
    REFUSED("crossed_column: keys[1] is empty; it must name a feature", CROSS(9, { .name = "a" }, { .name = "" }));
    REFUSED("crossed_column: keys[0] has a name and a column; it takes one of the two",
            CROSS(9, { .name = "a", .column = x }, { .name = "b" }));
    REFUSED("crossed_column: keys[1] has neither a name nor a column; it takes one of the two",
            CROSS(9, { .name = "a" }, { .name = NULL }));
    REFUSED("crossed_column: keys[1] is a numeric_column; a cross takes categorical and bucketized columns: "
            "make it a bucketized_column",
            CROSS(9, { .name = "a" }, { .column = x }));
    REFUSED("crossed_column: keys[1] is a categorical_column_with_hash_bucket; give the name 'h' instead, "
            "which is hashed once",
            CROSS(9, { .name = "a" }, { .column = est_categorical_column_with_hash_bucket(c, "h", &hash) }));
    est_columns_free(other);
}

EST_SUITE(feature_columns_crosses, EST_TEST(equal_tensorflow), EST_TEST(reads_features), EST_TEST(refuses));
