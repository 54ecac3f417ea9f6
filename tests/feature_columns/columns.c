/* Making columns: defaults, names, and what is refused, in whole sentences. */
#include "feature_columns/columns.h"
#include "support/est_test.h"

static void names_and_kinds(void)
{
    est_columns *c = est_columns_new();
    est_column *age = est_numeric_column(c, "age", NULL);
    est_column *deck =
        est_column_new(c, "categorical_column_with_hash_bucket", "deck",
                       &(est_hash_bucket_options){ .hash_bucket_size = 10 }, sizeof(est_hash_bucket_options));
    size_t size = 0, kinds = 0;
    EST_CHECK_OK(est_columns_status(c));
    EST_CHECK_STR(est_column_name(age), "age");
    EST_CHECK_STR(est_column_key(deck), "deck");
    EST_CHECK(est_column_fields("numeric_column", &size) != NULL);
    EST_CHECK_INT(size, sizeof(est_numeric_column_options));
    EST_CHECK(est_column_fields("numeric", NULL) == NULL);
    for (const char *const *k = est_column_kinds(); *k; k++, kinds++)
        EST_CHECK(est_column_fields(*k, NULL) != NULL);
    EST_CHECK_INT(kinds, 16);
    est_columns_free(c);
}

/* What one call on a fresh set leaves as its error. */
#define REFUSED(message, call) \
    do { \
        est_columns *c = est_columns_new(); \
        EST_CHECK((call) != NULL); \
        EST_CHECK_FAILS(est_columns_status(c), EST_INVALID_ARGUMENT, message); \
        est_columns_free(c); \
    } while (0)
#define NUMERIC(...) est_numeric_column(c, "x", (&(est_numeric_column_options){ __VA_ARGS__ }))
#define IDENTITY(...) est_categorical_column_with_identity(c, "x", (&(est_identity_options){ __VA_ARGS__ }))
#define WORDS(...) \
    est_categorical_column_with_vocabulary_list(c, "x", (&(est_vocabulary_list_options){ __VA_ARGS__ }))
#define HASH(...) est_categorical_column_with_hash_bucket(c, "x", (&(est_hash_bucket_options){ __VA_ARGS__ }))

static void refuses_numeric(void)
{
    REFUSED("numeric_column: the key is empty; it must name a feature", est_numeric_column(c, "", NULL));
    REFUSED("'numeric_colum' is no feature column; did you mean 'numeric_column'?",
            est_column_new(c, "numeric_colum", "x", NULL, 0));
    REFUSED("numeric_column 'x': shape[1] is 0; it must be at least 1", NUMERIC(.shape = EST_INTS(2, 0)));
    REFUSED("numeric_column 'x': default_value has 2 numbers; it takes one, or the 3 of shape",
            NUMERIC(.shape = EST_INTS(3), .default_value = EST_FLOATS(1, 2)));
    REFUSED("numeric_column 'x': default_value is 0.5; with dtype int64 it must be an integer",
            NUMERIC(.dtype = "int64", .default_value = EST_FLOATS(0.5)));
    REFUSED("numeric_column 'x': dtype is 'float'; it must be 'float32' or 'int64'; did you mean 'float32'?",
            NUMERIC(.dtype = "float"));
    REFUSED("numeric_column 'x': normalizer_fn has mean 1 and std 0; they must be finite, and std above 0",
            NUMERIC(.normalizer_fn = { .kind = EST_NORMALIZE_MEAN_STD, .mean = 1 }));
    REFUSED("numeric_column 'x': normalizer_fn has min 1 and max 1; they must be finite, and max above min",
            NUMERIC(.normalizer_fn = { .kind = EST_NORMALIZE_MIN_MAX, .min = 1, .max = 1 }));
    REFUSED("numeric_column 'x': normalizer_fn has no function",
            NUMERIC(.normalizer_fn = { .kind = EST_NORMALIZE_FN }));
}

static void refuses_categorical(void)
{
    REFUSED("categorical_column_with_identity 'x': num_buckets is missing: values are in [0, num_buckets)",
            IDENTITY(0));
    REFUSED("categorical_column_with_identity 'x': num_buckets is -1; it must be at least 1",
            IDENTITY(.num_buckets = -1));
    REFUSED("categorical_column_with_identity 'x': default_value is 5; it must be in [0, 5)",
            IDENTITY(.num_buckets = 5, .default_value = EST_INTS(5)));
    REFUSED("categorical_column_with_identity 'x': default_value has 2 numbers; it takes one",
            IDENTITY(.num_buckets = 5, .default_value = EST_INTS(1, 2)));
    REFUSED("categorical_column_with_hash_bucket 'x': hash_bucket_size is -2; it must be at least 1",
            HASH(.hash_bucket_size = -2));
    REFUSED("categorical_column_with_hash_bucket 'x': dtype is 'float32'; it must be 'string' or 'int64'",
            HASH(.hash_bucket_size = 2, .dtype = "float32"));
    REFUSED("categorical_column_with_vocabulary_list 'x': vocabulary_list is missing: words, or integers, in "
            "the order of ids",
            WORDS(.num_oov_buckets = 1));
    REFUSED("categorical_column_with_vocabulary_list 'x': vocabulary_list[0] and [2] are both 'a'; a word "
            "has one id",
            WORDS(.vocabulary_list = { .strings = EST_STRINGS("a", "b", "a") }));
    REFUSED("categorical_column_with_vocabulary_list 'x': vocabulary_list[1] and [2] are both 7; a word has "
            "one id",
            WORDS(.vocabulary_list = { .ints = EST_INTS(5, 7, 7) }));
    REFUSED("categorical_column_with_vocabulary_list 'x': both num_oov_buckets and default_value are set; "
            "other words get one of the two",
            WORDS(.vocabulary_list = { .ints = EST_INTS(5) }, .num_oov_buckets = 1,
                  .default_value = EST_INTS(0)));
    REFUSED("categorical_column_with_vocabulary_list 'x': num_oov_buckets is -1; it must be at least 0",
            WORDS(.vocabulary_list = { .ints = EST_INTS(5) }, .num_oov_buckets = -1));
    REFUSED("categorical_column_with_vocabulary_list 'x': dtype is string, vocabulary_list is of int64; they "
            "must be the same",
            WORDS(.vocabulary_list = { .ints = EST_INTS(5) }, .dtype = "string"));
}

static void first_error_stays(void)
{
    est_columns *c = est_columns_new();
    est_column *bad = est_categorical_column_with_identity(c, "a", NULL);
    est_column *next = est_numeric_column(c, "b", NULL);
    est_features_spec spec;
    const char *message =
        "categorical_column_with_identity 'a': num_buckets is missing: values are in [0, num_buckets)";
    EST_CHECK(bad == next);
    EST_CHECK_STR(est_column_name(bad), "");
    EST_CHECK_FAILS(est_columns_status(c), EST_INVALID_ARGUMENT, message);
    EST_CHECK_FAILS(est_make_parse_example_spec(EST_COLUMNS(next), &spec), EST_INVALID_ARGUMENT, message);
    est_columns_free(c);
}

static void options_are_copied(void)
{
    est_columns *c = est_columns_new();
    char word[] = "red";
    const char *words[] = { word };
    est_column *color = est_categorical_column_with_vocabulary_list(
        c, "color", (&(est_vocabulary_list_options){ .vocabulary_list.strings = { words, 1 } }));
    word[0] = 'x';
    words[0] = NULL;
    EST_NEED_OK(est_columns_status(c));
    EST_CHECK_STR(((const est_vocabulary_list_options *)color->options)->vocabulary_list.strings.data[0],
                  "red");
    est_columns_free(est__columns_retain(c));
    EST_CHECK_STR(est_column_name(color), "color");
    EST_CHECK(est__columns_of(color) == c);
    est_columns_free(c);
}

static void sorts_by_name(void)
{
    est_columns *c = est_columns_new();
    est_column *b = est_numeric_column(c, "b", NULL), *a = est_numeric_column(c, "a", NULL),
               *upper = est_numeric_column(c, "Z", NULL);
    est_column *again = est_categorical_column_with_hash_bucket(
        c, "a", (&(est_hash_bucket_options){ .hash_bucket_size = 2 }));
    const est_column **sorted;
    size_t count;
    EST_NEED_OK(est__columns_sorted(EST_COLUMNS(b, a, upper), "feature_columns", &sorted, &count));
    EST_CHECK(sorted[0] == upper && sorted[1] == a && sorted[2] == b);
    est__free(sorted);
    EST_CHECK_FAILS(est__columns_sorted(EST_COLUMNS(b, a, again), "feature_columns", &sorted, &count),
                    EST_INVALID_ARGUMENT,
                    "feature_columns[1] and [2] are both named 'a'; a model takes each name once");
    EST_CHECK_FAILS(est__columns_sorted(EST_COLUMNS(b, a, b), "feature_columns", &sorted, &count),
                    EST_INVALID_ARGUMENT,
                    "feature_columns[0] and [2] are both named 'b'; a model takes each name once");
    EST_CHECK_FAILS(est__columns_sorted((est_column_list){ 0 }, "feature_columns", &sorted, &count),
                    EST_INVALID_ARGUMENT, "feature_columns is empty; it must hold at least one column");
    EST_CHECK_FAILS(est__columns_sorted(EST_COLUMNS(b, NULL), "feature_columns", &sorted, &count),
                    EST_INVALID_ARGUMENT, "feature_columns[1] is NULL; it must be a column");
    est_columns_free(c);
}

static void parse_spec(void)
{
    est_columns *c = est_columns_new();
    est_column *sex = est_categorical_column_with_vocabulary_list(
        c, "sex",
        (&(est_vocabulary_list_options){ .vocabulary_list.strings = EST_STRINGS("male", "female") }));
    est_column *age =
        est_numeric_column(c, "age", (&(est_numeric_column_options){ .default_value = EST_FLOATS(30) }));
    est_column *pixels = est_numeric_column(
        c, "pixels", (&(est_numeric_column_options){ .shape = EST_INTS(2, 3), .dtype = "int64" }));
    est_column *parch =
        est_categorical_column_with_identity(c, "parch", (&(est_identity_options){ .num_buckets = 8 }));
    est_shape one = EST_SHAPE(1), matrix = EST_SHAPE(2, 3);
    est_features_spec spec;
    EST_NEED_OK(est_make_parse_example_spec(EST_COLUMNS(sex, age, pixels, parch, age), &spec));
    EST_NEED(spec.count == 4);
    EST_CHECK_STR(spec.data[0].name, "age");
    EST_CHECK_INT(spec.data[0].dtype, EST_FLOAT);
    EST_CHECK(est_shape_equal(&spec.data[0].shape, &one) && !spec.data[0].variable_length);
    EST_CHECK_NEAR(*(const float *)spec.data[0].default_value->data, 30, 0);
    EST_CHECK_STR(spec.data[1].name, "parch");
    EST_CHECK(spec.data[1].variable_length && spec.data[1].dtype == EST_INT64);
    EST_CHECK_STR(spec.data[2].name, "pixels");
    EST_CHECK(est_shape_equal(&spec.data[2].shape, &matrix) && spec.data[2].dtype == EST_INT64);
    EST_CHECK(spec.data[2].default_value == NULL);
    EST_CHECK_STR(spec.data[3].name, "sex");
    EST_CHECK(spec.data[3].variable_length && spec.data[3].dtype == EST_STRING);
    est_columns_free(c);
}

static void parse_spec_conflicts(void)
{
    est_columns *c = est_columns_new();
    est_column *a =
        est_numeric_column(c, "x", (&(est_numeric_column_options){ .default_value = EST_FLOATS(30) }));
    est_column *b = est_numeric_column(c, "x", NULL);
    est_column *w =
        est_categorical_column_with_identity(c, "x", (&(est_identity_options){ .num_buckets = 8 }));
    est_features_spec spec;
    EST_CHECK_FAILS(est_make_parse_example_spec(EST_COLUMNS(a, b), &spec), EST_INVALID_ARGUMENT,
                    "column 'x' reads feature 'x' as float32 [1], default 30, column 'x' as float32 [1] "
                    "without a default; they must agree");
    EST_CHECK_FAILS(est_make_parse_example_spec(EST_COLUMNS(b, w), &spec), EST_INVALID_ARGUMENT,
                    "column 'x' reads feature 'x' as float32 [1] without a default, column 'x' as int64 of "
                    "variable length; they must agree");
    EST_CHECK_INT(spec.count, 0);
    est_columns_free(c);
}

/* Whichever allocation fails: an error, no crash, no leak. */
static void survives_no_memory(void)
{
    for (int64_t n = 1; n < 40; n++) {
        est_test_fail_allocation(n);
        est_columns *c = est_columns_new();
        est_column *x = est_categorical_column_with_vocabulary_list(
            c, "x", (&(est_vocabulary_list_options){ .vocabulary_list.strings = EST_STRINGS("a", "b") }));
        est_features_spec spec;
        est_status st = est_make_parse_example_spec(EST_COLUMNS(x), &spec);
        est_columns_free(c);
        est_test_fail_allocation(0);
        if (st == EST_OK)
            return;
        EST_CHECK_INT(st, EST_RESOURCE_EXHAUSTED);
    }
    EST_CHECK(!"columns take more than 40 allocations");
}

EST_SUITE(feature_columns_columns, EST_TEST(names_and_kinds), EST_TEST(refuses_numeric),
          EST_TEST(refuses_categorical), EST_TEST(first_error_stays), EST_TEST(options_are_copied),
          EST_TEST(sorts_by_name), EST_TEST(parse_spec), EST_TEST(parse_spec_conflicts),
          EST_TEST(survives_no_memory));
