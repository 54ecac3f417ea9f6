/* Vocabularies in files: what is refused, when the column is made and when its table is filled; bytes of any kind. */
#include "feature_columns/columns.h"
#include "formats/tfrecord.h"
#include "trial.h"
#include "support/est_test.h"

#define KIND "categorical_column_with_vocabulary_file 'x': "

static void refuse(est_vocabulary_file_options o, est_status status, const char *message, est_test_place at)
{
    est_columns *c = est_columns_new();
    est_categorical_column_with_vocabulary_file(c, "x", &o);
    est_test_fails(est_columns_status(c), status, message, at);
    est_columns_free(c);
}

#define REFUSED(message, ...) \
    refuse((est_vocabulary_file_options){ __VA_ARGS__ }, EST_INVALID_ARGUMENT, (message), EST_HERE(#__VA_ARGS__))

static void refuses_options(void)
{
    const char *three = EST_TEST_FILE("three.txt", "a\nb\nc");
    REFUSED(KIND "vocabulary_file is missing: path of a text file with a word a line", 0);
    REFUSED(KIND "vocabulary_file is empty; it must be the path of a file", .vocabulary_file = "");
    REFUSED(KIND "vocabulary_size is -2; it must be at least 1", .vocabulary_file = three, .vocabulary_size = -2);
    REFUSED(KIND "num_oov_buckets is -1; it must be at least 0", .vocabulary_file = three, .num_oov_buckets = -1);
    REFUSED(KIND "both num_oov_buckets and default_value are set; other words get one of the two", .vocabulary_file = three,
            .num_oov_buckets = 2, .default_value = EST_INTS(-1));
    REFUSED(KIND "default_value has 2 numbers; it takes one", .vocabulary_file = three, .default_value = EST_INTS(0, 1));
    REFUSED(KIND "dtype is 'float32'; it must be 'string' or 'int64'", .vocabulary_file = three, .dtype = "float32");
    REFUSED(KIND "file_format is 'csv'; it must be 'text' or 'tfrecord_gzip'", .vocabulary_file = three, .file_format = "csv");
}

static void refuses_files(void)
{
    const char *absent = est_test_path("absent.txt"), *none = EST_TEST_FILE("none.txt", "");
    const char *gap = EST_TEST_FILE("gap.txt", "a\r\nb\r\n\r\nc\r\n"), *three = EST_TEST_FILE("three.txt", "a\nb\nc");
    refuse((est_vocabulary_file_options){ .vocabulary_file = absent }, EST_NOT_FOUND,
           est_test_text(KIND "vocabulary_file: %s: cannot be opened: No such file or directory", absent), EST_HERE("absent"));
    refuse((est_vocabulary_file_options){ .vocabulary_file = est_test_dir() }, EST_FAILED_PRECONDITION,
           est_test_text(KIND "vocabulary_file: %s: is a folder, a file is wanted", est_test_dir()), EST_HERE("folder"));
    REFUSED(est_test_text(KIND "vocabulary_file '%s' is empty; it must hold a word a line", none), .vocabulary_file = none);
    REFUSED(est_test_text(KIND "vocabulary_file '%s': line 3 is empty; each line must hold a word", gap), .vocabulary_file = gap);
    REFUSED(est_test_text(KIND "vocabulary_size is 4, vocabulary_file '%s' has 3 lines", three), .vocabulary_file = three,
            .vocabulary_size = 4);
}

static const char *records(const char *name, const char *second, size_t length)
{
    const char *path = est_test_path(name);
    est__tfrecord_writer *w;
    if (EST_CHECK_OK(est__tfrecord_writer_new(path, EST__GZIP, &w))) {
        EST_CHECK_OK(est__tfrecord_write(w, "1", 1));
        EST_CHECK_OK(est__tfrecord_write(w, second, length));
        EST_CHECK_OK(est__tfrecord_commit(w));
    }
    return path;
}

static void refuses_records(void)
{
    const char *zero = records("zero.tfrecord.gz", "a\0b", 3), *word = records("word.tfrecord.gz", "two", 3);
    const char *text = EST_TEST_FILE("text.tfrecord.gz", "1\n2\n3\n4\n5\n6\n7\n8\n");
    REFUSED(est_test_text(KIND "vocabulary_file '%s': record 1 holds a zero byte", zero), .vocabulary_file = zero);
    REFUSED(est_test_text(KIND "vocabulary_file '%s': record 1 is no integer", word), .vocabulary_file = word, .dtype = "int64");
    refuse((est_vocabulary_file_options){ .vocabulary_file = text }, EST_DATA_LOSS,
           est_test_text(KIND "vocabulary_file: %s: record 0 at byte 0: the checksum of its length differs: the file is damaged", text), EST_HERE("text"));
}

/* The line [1] that a column gives the word; -9: `message` was the error of the start. */
static int64_t id_of(const char *path, const char *dtype, const char *word, const char *message)
{
    trial s;
    int64_t id = -9;
    est_columns *c = est_columns_new();
    est_column *x = est_categorical_column_with_vocabulary_file(
        c, "x", (&(est_vocabulary_file_options){ .vocabulary_file = path, .dtype = dtype }));
    bool made = EST_CHECK_OK(est_columns_status(c)) && EST_CHECK_OK(trial_open(&s));
    if (!made) {
        est_columns_free(c);
        return id;
    }
    est_feature_nodes f = { .name = "x", .value = est_placeholder(s.g, "x", est_dtype_of(dtype ? dtype : "string"), EST_SHAPE(-1)) };
    est__ids ids = x->kind->ids(s.g, &(est_features){ &f, 1 }, x);
    est_tensor *words = trial_strings(&word, EST_SHAPE(1)), *out;
    if (message) {
        EST_CHECK_FAILS(trial_start(&s), EST_INVALID_ARGUMENT, message);
    } else if (EST_CHECK_OK(trial_start(&s)) && EST_CHECK_OK(trial_step(&s, EST_NODES(f.value), (const est_tensor *const[]){ words },
                                                                        EST_NODES(ids.values), (est_nodes){ 0 }, &out))) {
        id = *(const int64_t *)out->data;
        est_tensor_free(out);
    }
    est_tensor_free(words);
    trial_close(&s);
    est_columns_free(c);
    return id;
}

static void refuses_at_the_start(void)
{
    const char *twice = EST_TEST_FILE("twice.txt", "a\nb\na\n"), *words = EST_TEST_FILE("words.txt", "1\ntwo\n");
    id_of(twice, NULL, "a",
          est_test_text("InitializeTableFromTextFileV2 'table_init': vocabulary file '%s': entry 3: the key \"a\" has the value 2, but 0 "
                        "in entry 1", twice));
    id_of(words, "int64", "a",
          est_test_text("InitializeTableFromTextFileV2 'table_init': vocabulary file '%s': line 2: \"two\" is not a number (int64)",
                        words));
}

static void keeps_bytes(void)
{
    const char *path = EST_TEST_FILE("bytes.txt", "\xff\xfe\nna\xc3\xafve\n a\tb \n\r\r\n");
    EST_CHECK_INT(id_of(path, NULL, "\xff\xfe", NULL), 0);
    EST_CHECK_INT(id_of(path, NULL, "na\xc3\xafve", NULL), 1);
    EST_CHECK_INT(id_of(path, NULL, " a\tb ", NULL), 2);
    EST_CHECK_INT(id_of(path, NULL, "\r", NULL), 3);
    EST_CHECK_INT(id_of(path, NULL, "a", NULL), -1);
}

EST_SUITE(feature_columns_vocabulary_file, EST_TEST(refuses_options), EST_TEST(refuses_files), EST_TEST(refuses_records),
          EST_TEST(refuses_at_the_start), EST_TEST(keeps_bytes));
