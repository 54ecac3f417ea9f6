/* Specs with label and weight, as tf.estimator's. */
#include "feature_columns/columns.h"
#include "tensor/tensor.h"
#include "support/est_test.h"

static est_column *age(est_columns *c)
{
    return est_numeric_column(c, "age", NULL);
}

static void classifier(void)
{
    est_columns *c = est_columns_new();
    est_column *a = age(c), *b = est_categorical_column_with_hash_bucket(c, "b", (&(est_hash_bucket_options){ .hash_bucket_size = 9 }));
    est_features_spec s;
    size_t n;
    char key[] = "label";
    EST_NEED_OK(est_classifier_parse_example_spec(EST_COLUMNS(b, a), (&(est_classifier_spec_options){
        .label_key = key, .label_dtype = "string", .label_default = "no", .weight_column = "w" }), &s));
    key[0] = 'x';
    EST_NEED(s.count == 4);
    EST_CHECK_STR(s.data[0].name, "age");
    EST_CHECK_STR(s.data[1].name, "b");
    EST_CHECK(s.data[1].variable_length);
    EST_CHECK_STR(s.data[2].name, "label");
    EST_CHECK(s.data[2].dtype == EST_STRING && est_shape_equal(&s.data[2].shape, &(est_shape){ .rank = 1, .dim = { 1 } }));
    EST_CHECK_STR(est_tensor_string(s.data[2].default_value, 0, &n), "no");
    EST_CHECK_INT(n, 2);
    EST_CHECK_STR(s.data[3].name, "w");
    EST_CHECK(s.data[3].dtype == EST_FLOAT && s.data[3].shape.rank == 1 && !s.data[3].default_value);
    EST_NEED_OK(est_classifier_parse_example_spec(EST_COLUMNS(a), (&(est_classifier_spec_options){
        .label_key = "y", .label_default = "-7" }), &s));
    EST_CHECK(s.count == 2 && s.data[1].dtype == EST_INT64 && *(const int64_t *)s.data[1].default_value->data == -7);
    est_columns_free(c);
}

static void regressor(void)
{
    est_columns *c = est_columns_new();
    est_features_spec s;
    EST_NEED_OK(est_regressor_parse_example_spec(EST_COLUMNS(age(c)), (&(est_regressor_spec_options){
        .label_key = "price", .label_dimension = 3, .label_default = "1.5" }), &s));
    EST_NEED(s.count == 2);
    EST_CHECK_STR(s.data[1].name, "price");
    EST_CHECK(s.data[1].dtype == EST_FLOAT && s.data[1].shape.rank == 1 && s.data[1].shape.dim[0] == 3);
    EST_CHECK_NEAR(est__tensor_get(s.data[1].default_value, 0), 1.5, 0);
    est_columns_free(c);
}

static void refuse(est_classifier_spec_options o, const char *message, est_test_place at)
{
    est_columns *c = est_columns_new();
    est_features_spec s;
    est_test_fails(est_classifier_parse_example_spec(EST_COLUMNS(age(c)), &o, &s), EST_INVALID_ARGUMENT, message, at);
    est_columns_free(c);
}

#define REFUSED(message, ...) refuse((est_classifier_spec_options){ __VA_ARGS__ }, "classifier_parse_example_spec: " message, EST_HERE(message))

static void refuses(void)
{
    est_features_spec s;
    REFUSED("label_key is missing: the feature that holds the label", 0);
    REFUSED("label_key 'age' is read as a feature by column 'age'; it must be none", .label_key = "age");
    REFUSED("weight_column 'age' is read as a feature by column 'age'; it must be none", .label_key = "y", .weight_column = "age");
    REFUSED("weight_column 'y' is the label; it must be another feature", .label_key = "y", .weight_column = "y");
    REFUSED("label_default is 'no', which is no int64", .label_key = "y", .label_default = "no");
    REFUSED("label_dtype is 'text'; it must be 'int64', 'float32' or 'string'", .label_key = "y", .label_dtype = "text");
    EST_CHECK_FAILS(est_classifier_parse_example_spec((est_column_list){ 0 }, (&(est_classifier_spec_options){ .label_key = "y" }), &s),
                    EST_INVALID_ARGUMENT, "classifier_parse_example_spec: feature_columns is empty; it must hold at least one column");
    est_columns *c = est_columns_new();
    EST_CHECK_FAILS(est_regressor_parse_example_spec(EST_COLUMNS(age(c)), (&(est_regressor_spec_options){
                        .label_key = "y", .label_dimension = -1 }), &s), EST_INVALID_ARGUMENT,
                    "regressor_parse_example_spec: label_dimension is -1; it must be at least 1");
    est_columns_free(c);
}

EST_SUITE(feature_columns_label_spec, EST_TEST(classifier), EST_TEST(regressor), EST_TEST(refuses));
