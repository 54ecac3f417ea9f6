/* The ids that columns make of a batch, against TensorFlow's. */
#include "feature_columns/columns.h"
#include "formats/tfrecord.h"
#include "trial.h"
#include "support/est_test.h"

#include "golden/columns.inc"

static const char *const strings[] = { "red", "", "green", "blue", "violet", "red", "", "", "", "ocher" };
static const int64_t integers[] = { 10, -1, 30, 20, 99, 10, -1, -1, -7, INT64_C(1) << 40 };
static const int64_t sparse_indices[] = { 0, 0, 0, 1, 2, 0, 3, 0, 3, 2 };
static const char *const sparse_values[] = { "", "red", "violet", "green", "green" };
static const int64_t sparse_shape[] = { 5, 3 };

/* Triples of row, place and id, as the golden file has them. */
static void check_triples(const est_tensor *indices, const est_tensor *ids, const int64_t *wanted,
                          size_t count, const char *name)
{
    est_test_place at = { __FILE__, __func__, name, __LINE__ };
    if (!est_test_int(ids->shape.dim[0], (int64_t)count / 3, at))
        return;
    for (size_t i = 0; i < count / 3; i++) {
        est_test_int(((const int64_t *)indices->data)[2 * i], wanted[3 * i], at);
        est_test_int(((const int64_t *)indices->data)[2 * i + 1], wanted[3 * i + 1], at);
        est_test_int(((const int64_t *)ids->data)[i], wanted[3 * i + 2], at);
    }
}

/* Feeds `input` (or the sparse triple, when NULL) to the only column of a set. */
static void run(const est_column *c, const est_tensor *input, const int64_t *wanted, size_t count,
                const char *name)
{
    trial s;
    est_tensor indices = trial_ints(sparse_indices, EST_SHAPE(5, 2)),
               shape = trial_ints(sparse_shape, EST_SHAPE(2));
    est_tensor *values = trial_strings(sparse_values, EST_SHAPE(5)), *out[3];
    EST_NEED_OK(trial_open(&s));
    est_feature_nodes f = { .name = "f" };
    if (input) {
        f.value = est_placeholder(s.g, "f", input->dtype, EST_SHAPE(-1, 2));
    } else {
        f.value = est_placeholder(s.g, "f", EST_STRING, EST_SHAPE(-1));
        f.indices = est_placeholder(s.g, "f_indices", EST_INT64, EST_SHAPE(-1, 2));
        f.dense_shape = est_placeholder(s.g, "f_shape", EST_INT64, EST_SHAPE(2));
    }
    est__ids ids = c->kind->ids(s.g, &(est_features){ &f, 1 }, c);
    EST_CHECK_OK(est_graph_status(s.g));
    EST_CHECK_INT(est_node_dtype(ids.values), EST_INT64);
    EST_CHECK_OK(trial_start(&s));
    est_nodes feeds = input ? EST_NODES(f.value) : EST_NODES(f.value, f.indices, f.dense_shape);
    const est_tensor *fed[] = { input ? input : values, &indices, &shape };
    if (EST_CHECK_OK(trial_step(&s, feeds, fed, EST_NODES(ids.indices, ids.values, ids.dense_shape),
                                (est_nodes){ 0 }, out))) {
        check_triples(out[0], out[1], wanted, count, name);
        EST_CHECK_INT(((const int64_t *)out[2]->data)[0], 5);
        EST_CHECK_INT(((const int64_t *)out[2]->data)[1], input ? 2 : 3);
    }
    for (int i = 0; i < 3; i++)
        est_tensor_free(out[i]);
    est_tensor_free(values);
    trial_close(&s);
}

#define RUN(column, input, golden) \
    run((column), (input), (golden), sizeof(golden) / sizeof *(golden), #golden)

/* The same words as a compressed TFRecord file. */
static const char *records_of(const char *path)
{
    est__tfrecord_writer *w;
    if (EST_CHECK_OK(est__tfrecord_writer_new(path, EST__GZIP, &w))) {
        EST_CHECK_OK(est__tfrecord_write(w, "red", 3));
        EST_CHECK_OK(est__tfrecord_write(w, "green", 5));
        EST_CHECK_OK(est__tfrecord_write(w, "blue", 4));
        EST_CHECK_OK(est__tfrecord_commit(w));
    }
    return path;
}

static void equal_tensorflow(void)
{
    est_columns *c = est_columns_new();
    est_tensor *text = trial_strings(strings, EST_SHAPE(5, 2));
    est_tensor numbers = trial_ints(integers, EST_SHAPE(5, 2));
    est_values colors = { .strings = EST_STRINGS("red", "green", "blue") };
#define HASH(...) est_categorical_column_with_hash_bucket(c, "f", (&(est_hash_bucket_options){ __VA_ARGS__ }))
#define WORDS(...) \
    est_categorical_column_with_vocabulary_list(c, "f", (&(est_vocabulary_list_options){ __VA_ARGS__ }))
#define LINES(...) \
    est_categorical_column_with_vocabulary_file(c, "f", (&(est_vocabulary_file_options){ __VA_ARGS__ }))
#define IDENTITY(...) est_categorical_column_with_identity(c, "f", (&(est_identity_options){ __VA_ARGS__ }))
    RUN(HASH(.hash_bucket_size = 7), text, ids_hash);
    RUN(HASH(.hash_bucket_size = 7, .dtype = "int64"), &numbers, ids_hash_integers);
    RUN(HASH(.hash_bucket_size = 7), NULL, ids_hash_sparse);
    RUN(WORDS(.vocabulary_list = colors), text, ids_vocabulary);
    RUN(WORDS(.vocabulary_list = colors, .default_value = EST_INTS(2)), text, ids_vocabulary_default);
    RUN(WORDS(.vocabulary_list = colors, .num_oov_buckets = 3), text, ids_vocabulary_oov);
    RUN(WORDS(.vocabulary_list = colors, .num_oov_buckets = 3), NULL, ids_vocabulary_sparse);
    RUN(WORDS(.vocabulary_list.ints = EST_INTS(10, 20, 30), .num_oov_buckets = 5), &numbers,
        ids_vocabulary_integers);
    const char *lines = EST_TEST_FILE("colors.txt", "red\r\ngreen\nblue"), *more = EST_TEST_FILE("more.txt", "red\ngreen\nblue\nocher\n");
    const char *integer_lines = EST_TEST_FILE("integers.txt", "10\n20\r\n30\n"), *records = records_of(est_test_path("colors.tfrecord.gz"));
    RUN(LINES(.vocabulary_file = lines), text, ids_vocabulary);
    RUN(LINES(.vocabulary_file = lines, .default_value = EST_INTS(2)), text, ids_vocabulary_default);
    RUN(LINES(.vocabulary_file = more, .vocabulary_size = 3, .num_oov_buckets = 3), text, ids_vocabulary_oov);
    RUN(LINES(.vocabulary_file = lines, .num_oov_buckets = 3), NULL, ids_vocabulary_sparse);
    RUN(LINES(.vocabulary_file = integer_lines, .num_oov_buckets = 5, .dtype = "int64"), &numbers, ids_vocabulary_integers);
    RUN(LINES(.vocabulary_file = records, .num_oov_buckets = 3), text, ids_vocabulary_oov);
    RUN(IDENTITY(.num_buckets = 31), &numbers, ids_identity);
    RUN(IDENTITY(.num_buckets = 31, .default_value = EST_INTS(30)), &numbers, ids_identity_default);
    est_tensor_free(text);
    est_columns_free(c);
}

/* What the graph says of a column over that feature. */
static void refused(const char *kind, const void *options, size_t size, est_feature_nodes f, trial *s,
                    const char *message)
{
    est_columns *c = est_columns_new();
    est_column *column = est_column_new(c, kind, "f", options, size);
    est_linear_model(s->g, &(est_features){ &f, 1 }, EST_COLUMNS(column), 1, NULL, "linear/");
    est_columns_free(c);
    EST_CHECK_FAILS(est_graph_status(s->g), EST_INVALID_ARGUMENT, message);
    trial_close(s);
}

static void refuses_features(void)
{
    static const est_hash_bucket_options hash = { .hash_bucket_size = 3 };
    const est_numeric_column_options three = { .shape = EST_INTS(3) };
    trial s;
    EST_NEED_OK(trial_open(&s));
    est_node *x = est_placeholder(s.g, "x", EST_INT64, EST_SHAPE(-1));
    refused("categorical_column_with_hash_bucket", &hash, sizeof hash,
            (est_feature_nodes){ .name = "f", .value = x }, &s,
            "categorical_column_with_hash_bucket 'f': feature 'f' is int64, the column takes string");
    EST_NEED_OK(trial_open(&s));
    x = est_placeholder(s.g, "x", EST_STRING, EST_SHAPE(-1));
    refused("categorical_column_with_hash_bucket", &hash, sizeof hash,
            (est_feature_nodes){ .name = "g", .value = x }, &s,
            "categorical_column_with_hash_bucket 'f': feature 'f' is not in the data, which holds 'g'");
    EST_NEED_OK(trial_open(&s));
    x = est_placeholder(s.g, "x", EST_STRING, EST_SCALAR);
    refused(
        "categorical_column_with_hash_bucket", &hash, sizeof hash,
        (est_feature_nodes){ .name = "f", .value = x }, &s,
        "categorical_column_with_hash_bucket 'f': feature 'f' is a scalar; it must be [batch] or [batch, n]");
    EST_NEED_OK(trial_open(&s));
    x = est_placeholder(s.g, "x", EST_FLOAT, EST_SHAPE(-1, 2));
    refused("numeric_column", &three, sizeof three, (est_feature_nodes){ .name = "f", .value = x }, &s,
            "numeric_column 'f': feature 'f' is [?,2], the column has shape [3]");
    EST_NEED_OK(trial_open(&s));
    x = est_placeholder(s.g, "x", EST_STRING, EST_SHAPE(-1, 3));
    refused("numeric_column", &three, sizeof three, (est_feature_nodes){ .name = "f", .value = x }, &s,
            "numeric_column 'f': feature 'f' is string, the column takes numbers");
    EST_NEED_OK(trial_open(&s));
    x = est_placeholder(s.g, "x", EST_FLOAT, EST_SHAPE(-1));
    refused("numeric_column", &three, sizeof three,
            (est_feature_nodes){ .name = "f", .value = x, .indices = x, .dense_shape = x }, &s,
            "numeric_column 'f': feature 'f' is of variable length, the column takes a dense one");
}

EST_SUITE(feature_columns_ids, EST_TEST(equal_tensorflow), EST_TEST(refuses_features));
