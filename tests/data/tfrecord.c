/* TFRecord datasets: TensorFlow's files as it parses them, damage by its place, and exact resume. */
#include <estimator/readers.h>

#include "data/rows.h"
#include "data/tfrecord.h"
#include "formats/example.h"
#include "formats/tfrecord.h"

#define GOLDEN(name) EST_TEST_DATA("tests/golden/readers/" name)

static float minus[] = { -1.5f };
static int64_t none_offsets[] = { 0, 4 };
static char none_text[] = "none";
static const est_tensor minus_age = { EST_FLOAT, { 0 }, minus, NULL }, none = { EST_STRING, { 0 }, none_offsets, none_text };

/* ---- files of TensorFlow ---- */

static const char *wanted_rows(const char *path)
{
    char *text;
    size_t n;
    if (!EST_CHECK_OK(est__file_read(path, 0, &text, &n)))
        return "";
    const char *copy = est_test_text("%s--\n", text);
    est__free(text);
    return copy;
}

static void examples_are_parsed_as_by_tensorflow(void)
{
    est_feature f[] = {
        { .name = "age", .dtype = EST_FLOAT, .default_value = &minus_age },
        { .name = "pair", .dtype = EST_FLOAT, .shape = EST_SHAPE(2) },
        { .name = "n", .dtype = EST_INT64, .shape = EST_SHAPE(1, 2) },
        { .name = "name", .dtype = EST_STRING, .shape = EST_SHAPE(1), .default_value = &none },
        { .name = "words", .dtype = EST_STRING, .variable_length = true },
        { .name = "ids", .dtype = EST_INT64, .variable_length = true },
    };
    est_dataset *d;
    for (int budget = EST_OFF; budget <= 0; budget++) {
        EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){
            .input_path = EST_STRINGS(GOLDEN("examples.tfrecord")), .features = { f, 6 }, .memory_budget = budget }), &d));
        EST_CHECK_STR(all_rows(est_dataset_batch(d, 100, false)), wanted_rows(GOLDEN("examples.txt")));
    }
}

static est_feature flat(est_feature f)
{
    f.row_starts = NULL;
    return f;
}

static est_status without_starts(const est_batch *in, est_batch *out, void *user)
{
    static const size_t from[] = { 0, 1, 2, 3, 5 };
    (void)user;
    EST_TRY(est_batch_set(out, 0, est_batch_get(in, 0)));
    for (size_t i = 1; i < 5; i++)
        EST_TRY(est_batch_set_ragged(out, i, est_batch_get(in, from[i]), est_batch_offsets(in, from[i])));
    return EST_OK;
}

static void sequences_are_parsed_as_by_tensorflow(void)
{
    est_feature context[] = { { .name = "label", .dtype = EST_INT64 },
                              { .name = "tags", .dtype = EST_STRING, .variable_length = true } };
    est_feature lists[] = { { .name = "tokens", .dtype = EST_STRING }, { .name = "sound", .dtype = EST_FLOAT, .variable_length = true },
                            { .name = "ids", .dtype = EST_INT64, .variable_length = true } };
    est_dataset *d;
    EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){
        .input_path = EST_STRINGS(GOLDEN("sequences.tfrecord")), .features = { context, 2 }, .sequence_features = { lists, 3 },
        .label = EST_STRINGS("label") }), &d));
    EST_CHECK_INT(est_dataset_label(d), 0);
    est_features_spec f = est_dataset_features(d);
    EST_CHECK_INT(f.count, 7);
    EST_CHECK(!f.data[2].row_starts && f.data[2].variable_length);
    EST_CHECK_STR(f.data[3].row_starts, f.data[4].name);
    EST_CHECK_STR(f.data[5].row_starts, "ids/row_starts");
    est_dataset_map(d, (est_features_spec){ (est_feature[]){ f.data[0], f.data[1], f.data[2], flat(f.data[3]), flat(f.data[5]) }, 5 },
                    without_starts, NULL);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 100, false)), wanted_rows(GOLDEN("sequences.txt")));
}

/* Frames of one size are a matter of the record. */
static void frames_of_other_sizes(void)
{
    est_feature lists[] = { { .name = "sound", .dtype = EST_FLOAT, .shape = EST_SHAPE(2) }, { .name = "ids", .dtype = EST_INT64 } };
    const char *path = GOLDEN("sequences.tfrecord");
    est_dataset *d;
    EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(path), .sequence_features = { lists, 1 } }),
                                         &d));
    EST_CHECK_STR(all_rows(est_dataset_batch(est_dataset_take(d, 3), 3, false)), "\n1 0\n2 0 2.125 -1\n--\n");
    EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(path), .sequence_features = { lists, 2 } }),
                                         &d));
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 3, false)),
                  est_test_text("%s: record 2: feature 'ids': frame 0: 2 values, 1 are wanted", path));
    lists[1].variable_length = true;
    EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(path), .sequence_features = { lists + 1, 1 } }),
                                         &d));
    EST_CHECK_STR(all_rows(est_dataset_padded_batch(d, 3, false, (est_paddings){ 0 })),
                  "est_dataset_padded_batch: feature 'ids' has frames of any length: padded to rows they could not be told apart");
    est_feature bad = { .name = "a", .dtype = EST_INT64, .variable_length = true, .row_starts = "b" };
    EST_CHECK_FAILS(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(path), .features = { &bad, 1 } }), &d),
                    EST_INVALID_ARGUMENT, "feature 'a': its row_starts 'b' must be an int64 feature of variable length");
}

/* ---- files of our own ---- */

static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT }, { .name = "s", .dtype = EST_STRING },
                                        { .name = "v", .dtype = EST_INT64, .variable_length = true } };

static void add_row(est__buffer *record, int i, int text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    float x = (float)i / 2;
    est__bytes s = { (const unsigned char *)letters, (size_t)(i % text) };
    int64_t v[5] = { i, -i, i + 1, i + 2, i + 3 }, offsets[] = { 0, i % 6 };
    est__feature_spec specs[] = { { .name = "x", .dtype = EST_FLOAT, .size = 1 }, { .name = "s", .dtype = EST_STRING, .size = 1 },
                                  { .name = "v", .dtype = EST_INT64, .variable = true } };
    est__feature_column columns[] = { { .values = &x }, { .values = &s }, { .values = v, .row_offsets = offsets } };
    est__buffer_clear(record);
    EST_CHECK_OK(est__example_write(record, specs, columns, 3, 0));
}

/* Each 501st is no Example. */
static const char *rows_file(const char *name, int rows, int text, est__compression compression)
{
    est__tfrecord_writer *w;
    est__buffer record = { 0 };
    const char *path = est_test_path(name);
    EST_CHECK_OK(est__tfrecord_writer_new(path, compression, &w));
    for (int i = 0; i < rows; i++) {
        add_row(&record, i, text);
        EST_CHECK_OK(est__tfrecord_write(w, record.data, i % 501 == 500 ? 7 : record.size));
    }
    EST_CHECK_OK(est__tfrecord_commit(w));
    est__buffer_free(&record);
    return path;
}

typedef struct setup {
    const char *path, *second;
    int64_t budget, shuffle, epochs, batch;
    int readers;
} setup;

static est_dataset *make(void *user)
{
    const setup *s = user;
    est_dataset *d = NULL;
    const char *paths[] = { s->path, s->second };
    EST_CHECK_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = { paths, s->second ? 2 : 1 },
                                                                    .features = { features, 3 }, .memory_budget = s->budget,
                                                                    .num_parallel_reads = s->readers, .skip_errors = true }), &d));
    est_dataset_repeat(est_dataset_shuffle(d, s->shuffle, 0, false), s->epochs);
    return est_dataset_batch(d, s->batch, false);
}

static void resumes_at_each_place(void)
{
    const char *small = rows_file("a", 103, 20, EST__UNCOMPRESSED), *zipped = rows_file("b", 20, 10, EST__ZLIB);
    const char *large = rows_file("c", 30000, 60, EST__UNCOMPRESSED), *large_gz = rows_file("d", 20000, 60, EST__GZIP);
    setup cases[] = {
        { .path = small, .second = zipped, .epochs = 3, .batch = 10, .shuffle = 16 },
        { .path = small, .second = zipped, .budget = EST_OFF, .epochs = 3, .batch = 10, .shuffle = 16 },
        { .path = large, .second = large_gz, .budget = EST_OFF, .epochs = 2, .batch = 21000, .shuffle = 3000, .readers = 3 },
        { .path = large_gz, .second = large, .budget = EST_OFF, .epochs = 2, .batch = 17000, .readers = 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_places(make, &cases[i], 2, 8);
}

static void one_order_for_all(void)
{
    setup s = { .path = rows_file("a", 30000, 60, EST__GZIP), .epochs = 2, .batch = 1000, .shuffle = 2500 };
    est__buffer first = { 0 };
    for (int i = 0; i < 4; i++) {
        est__buffer rows = { 0 };
        s.budget = i ? EST_OFF : 0;
        s.readers = i;
        est_dataset *d = make(&s);
        EST_CHECK_INT(add_batches(i ? &rows : &first, d, -1), EST_OUT_OF_RANGE);
        EST_CHECK_INT(est_dataset_skipped(d), 59);
        if (i)
            EST_CHECK_BYTES(rows.data, rows.size, first.data, first.size);
        est_dataset_free(d);
        est__buffer_free(&rows);
    }
    est__buffer_free(&first);
}

/* ---- what is wrong ---- */

/* All rows of a file of these bytes, or why not. */
static const char *rows_of(const char *data, size_t n, bool skip, int64_t *skipped)
{
    est__buffer rows = { 0 };
    est_dataset *d = NULL;
    const char *path = est_test_file("t", data, n);
    est_status st = est_tfrecord_dataset_new(&((est_tfrecord_options){
        .input_path = EST_STRINGS(path), .features = { features, 3 }, .skip_errors = skip, .memory_budget = EST_OFF }), &d);
    if (st == EST_OK)
        st = add_batches(&rows, est_dataset_batch(d, 100, false), -1);
    *skipped = est_dataset_skipped(d);
    if (st != EST_OUT_OF_RANGE)
        est__buffer_printf(&rows, "%s", strrchr(est_error(), '/') + 1);
    const char *text = est_test_text("%.*s", (int)rows.size, rows.data);
    est_dataset_free(d);
    est__buffer_free(&rows);
    return text;
}

static void damage_is_named_or_left_out(void)
{
    static const struct {
        int flip, cut;         /* a byte to change; bytes to cut off at the end, or, below 0, to leave of the last record */
        const char *error, *rows;
        int64_t skipped;
    } cases[] = {
        { -1, 0, NULL, "0||\n0.5|a|1\n1|ab|2 -2\n--\n", 0 },
        { 20, 0, "t: record 0: its checksum differs: the file is damaged", "0.5|a|1\n1|ab|2 -2\n--\n", 1 },
        { 2, 0, "t: record 0: the checksum of its length differs: the file is damaged",
          "t: record 0: the checksum of its length differs: the file is damaged", 1 },
        { -1, 1, "t: record 2: it is cut: the file is damaged", "0||\n0.5|a|1\n--\n", 1 },
        { -1, -5, "t: record 2: it is cut within its length: the file is damaged", "0||\n0.5|a|1\n--\n", 1 },
    };
    est__buffer file = { 0 }, record = { 0 };
    int64_t skipped;
    size_t before = 0;
    for (int i = 0; i < 3; i++) {
        before = file.size;
        add_row(&record, i, 20);
        est__tfrecord_frame(&file, record.data, record.size);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = cases[i].cut < 0 ? before + (size_t)-cases[i].cut : file.size - (size_t)cases[i].cut;
        if (cases[i].flip >= 0)
            file.data[cases[i].flip] ^= 1;
        if (cases[i].error)
            EST_CHECK_STR(rows_of(file.data, n, false, &skipped), cases[i].error);
        EST_CHECK_STR(rows_of(file.data, n, true, &skipped), cases[i].rows);
        EST_CHECK_INT(skipped, cases[i].skipped);
        if (cases[i].flip >= 0)
            file.data[cases[i].flip] ^= 1;
    }
    est__buffer_free(&file);
    est__buffer_free(&record);
}

/* Rows that were whole come before the error; the next file comes after it. */
static void cut_gzip_files(void)
{
    char *data;
    size_t size;
    const char *whole = rows_file("a", 400, 20, EST__GZIP), *next = rows_file("b", 3, 20, EST__UNCOMPRESSED);
    EST_NEED_OK(est__file_read(whole, 0, &data, &size));
    const char *cut = est_test_file("c", data, size / 2);
    est__free(data);
    for (int skip = 0; skip < 2; skip++) {
        est_dataset *d;
        const est_batch *b;
        int64_t rows = 0;
        EST_NEED_OK(est_tfrecord_dataset_new(&((est_tfrecord_options){
            .input_path = EST_STRINGS(cut, next), .features = { features, 3 }, .skip_errors = skip }), &d));
        est_dataset_batch(d, 1, false);
        est_status st = EST_OK;
        for (; (st = est_dataset_next(d, &b)) == EST_OK; rows++)
            ;
        if (skip) {
            EST_CHECK_INT(st, EST_OUT_OF_RANGE);
            EST_CHECK(rows > 50 && rows < 400);
            EST_CHECK_INT(est_dataset_skipped(d), 1);
        } else {
            EST_CHECK_INT(st, EST_DATA_LOSS);
            EST_CHECK(strstr(est_error(), "/c: record ") && strstr(est_error(), ": the compressed file is cut short"));
        }
        est_dataset_free(d);
    }
}

/* Records whose bytes are right, but not what is in them. */
static void wrong_examples(void)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *error;
    } cases[] = {
#define CASE(bytes, error) { bytes, sizeof bytes - 1, "t: record 0: " error }
        CASE("", "feature 'x': it is missing and has no default value"),
        CASE("\x0a\x0b\x0a\x09\x0a\x01x\x12\x04\x12\x02\x0a\x00", "feature 'x': 0 values, 1 is wanted"),
        CASE("\x0a\x13\x0a\x11\x0a\x01x\x12\x0c\x12\x0a\x0a\x08zzzzyyyy", "feature 'x': 2 values, 1 is wanted"),
        CASE("\x0a\x0c\x0a\x0a\x0a\x01x\x12\x05\x1a\x03\x0a\x01\x07", "feature 'x': its values are int64, float32 is wanted"),
        CASE("\x0a\x0d\x0a\x0b\x0a\x01x\x12\x06\x12\x04\x0a\x02zz", "feature 'x': its list is damaged"),
        CASE("\x0a\x7f", "not a tf.Example, or a damaged one"),
        CASE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x0f", "not a tf.Example, or a damaged one"),     /* 2^60 and more */
        CASE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "not a tf.Example, or a damaged one"),   /* runs over */
        CASE("abc", "not a tf.Example, or a damaged one"),
    };
    int64_t skipped;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        est__buffer file = { 0 }, record = { 0 };
        est__tfrecord_frame(&file, cases[i].bytes, cases[i].n);
        EST_CHECK_STR(rows_of(file.data, file.size, false, &skipped), cases[i].error);
        add_row(&record, 2, 20);
        est__tfrecord_frame(&file, record.data, record.size);
        EST_CHECK_STR(rows_of(file.data, file.size, true, &skipped), "1|ab|2 -2\n--\n");
        EST_CHECK_INT(skipped, 1);
        est__buffer_free(&file);
        est__buffer_free(&record);
    }
}

static void labels(void)
{
    static const est_feature f[] = { { .name = "x", .dtype = EST_FLOAT }, { .name = "age", .dtype = EST_FLOAT },
                                     { .name = "s", .dtype = EST_STRING } };
    const char *path = rows_file("a", 3, 20, EST__UNCOMPRESSED);
    est_tfrecord_options o = { .input_path = EST_STRINGS(path), .features = { f, 1 }, .label = EST_STRINGS("x") };
    est_dataset *d;
    EST_NEED_OK(est_tfrecord_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), 0);
    est_dataset_free(d);
    o.label = EST_STRINGS("y");
    EST_CHECK_FAILS(est_tfrecord_dataset_new(&o, &d), EST_INVALID_ARGUMENT, "the label 'y' is not among the features");
    o = (est_tfrecord_options){ .input_path = EST_STRINGS(path), .features = { f, 3 }, .label = EST_STRINGS("age"),
                                .label_may_be_absent = true };
    EST_NEED_OK(est_tfrecord_dataset_new(&o, &d));
    EST_CHECK_INT(est_dataset_label(d), -1);
    EST_CHECK_STR(all_rows(est_dataset_batch(d, 9, false)), "0|\n0.5|a\n1|ab\n--\n");
    o = (est_tfrecord_options){ .input_path = EST_STRINGS(path), .features = { f, 3 }, .label = EST_STRINGS("x", "s") };
    EST_CHECK_FAILS(est_tfrecord_dataset_new(&o, &d), EST_INVALID_ARGUMENT,
                    "labels that are joined are numbers of one type, one of each; 's' is not");
    EST_CHECK_FAILS(est_tfrecord_dataset_new(&((est_tfrecord_options){ .input_path = EST_STRINGS(path) }), &d),
                    EST_INVALID_ARGUMENT, "features are needed: what is read of each record, and as what");
    EST_CHECK_FAILS(est_tfrecord_dataset_new(&((est_tfrecord_options){ 0 }), &d), EST_INVALID_ARGUMENT,
                    "a TFRecord dataset needs input_path");
}

EST_SUITE(data_tfrecord, EST_TEST(examples_are_parsed_as_by_tensorflow), EST_TEST(sequences_are_parsed_as_by_tensorflow), EST_TEST(frames_of_other_sizes),
          EST_TEST(resumes_at_each_place), EST_TEST(one_order_for_all), EST_TEST(damage_is_named_or_left_out),
          EST_TEST(cut_gzip_files), EST_TEST(wrong_examples), EST_TEST(labels));
