/* The public writer of TFRecord files: every compression reads back, batches become tf.Examples, and nothing
 * appears too early. */
#include <string.h>
#include <unistd.h>

#include <estimator/inspect.h>
#include <estimator/records.h>

#include "base/base.h"
#include "support/est_test.h"

static void records_read_back(void)
{
    static const char *const names[] = { "plain.tfrecord", "t.tfrecord.gz", "t.tfrecord.z" };
    static const struct { const char *data; size_t size; } records[] = { { "abc", 3 }, { "", 0 }, { "\0\xff", 2 } };
    for (int kind = EST_RECORDS_PLAIN; kind <= EST_RECORDS_ZLIB; kind++) {
        est_record_writer *w;
        est_record_reader *r;
        const void *data;
        size_t size;
        const char *path = est_test_path(names[kind]);
        EST_NEED_OK(est_record_writer_open(path, (est_record_compression)kind, &w));
        for (size_t i = 0; i < 3; i++)
            EST_CHECK_OK(est_record_writer_write(w, records[i].data, records[i].size));
        EST_CHECK(access(path, F_OK) != 0);
        EST_NEED_OK(est_record_writer_commit(w));
        EST_NEED_OK(est_record_reader_open(path, &r));
        for (size_t i = 0; i < 3; i++) {
            EST_CHECK_OK(est_record_reader_next(r, &data, &size));
            EST_CHECK_BYTES(data, size, records[i].data, records[i].size);
        }
        EST_CHECK_INT(est_record_reader_next(r, &data, &size), EST_OUT_OF_RANGE);
        est_record_reader_free(r);
    }
}

static void many_records_pass_the_buffer(void)
{
    est_record_writer *w;
    est_record_reader *r;
    const void *data;
    size_t size, count = 0;
    static char large[200000];
    const char *path = est_test_path("large.tfrecord");
    memset(large, 'x', sizeof large);
    EST_NEED_OK(est_record_writer_open(path, EST_RECORDS_PLAIN, &w));
    for (size_t n = 0; n < sizeof large; n += 997)
        EST_CHECK_OK(est_record_writer_write(w, large, n));
    EST_NEED_OK(est_record_writer_commit(w));
    EST_NEED_OK(est_record_reader_open(path, &r));
    for (size_t n = 0; n < sizeof large; n += 997, count++)
        EST_CHECK(est_record_reader_next(r, &data, &size) == EST_OK && size == n);
    EST_CHECK_INT(est_record_reader_next(r, &data, &size), EST_OUT_OF_RANGE);
    est_record_reader_free(r);
}

static void what_is_abandoned_leaves_no_file(void)
{
    est_record_writer *w;
    const char *path = EST_TEST_FILE("old.tfrecord", "old");
    char *text;
    size_t size;
    EST_NEED_OK(est_record_writer_open(path, EST_RECORDS_GZIP, &w));
    EST_CHECK_OK(est_record_writer_write(w, "new", 3));
    est_record_writer_abandon(w);
    est_record_writer_abandon(NULL);
    EST_NEED_OK(est__file_read(path, 0, &text, &size));
    EST_CHECK_BYTES(text, size, "old", 3);
    est__free(text);
    path = est_test_path("none/t.tfrecord");
    EST_CHECK_INT(est_record_writer_open(path, EST_RECORDS_PLAIN, &w), EST_NOT_FOUND);
    EST_CHECK(w == NULL);
    EST_CHECK_FAILS(est_record_writer_open("t", (est_record_compression)7, &w), EST_INVALID_ARGUMENT,
                    "t: there is no compression 7 of TFRecord files");
}

/* ---- batches ---- */

static est_status list(const est_example_feature *f, void *user)
{
    est__buffer *b = user;
    est__buffer_printf(b, " %s", f->name);
    for (int64_t i = 0; f->value && i < est_shape_elements(&f->value->shape); i++) {
        size_t n;
        const char *text;
        est__buffer_text(b, i ? "," : "=");
        if (f->value->dtype == EST_FLOAT) {
            est__buffer_printf(b, "%g", (double)((const float *)f->value->data)[i]);
        } else if (f->value->dtype == EST_INT64) {
            est__buffer_printf(b, "%lld", (long long)((const int64_t *)f->value->data)[i]);
        } else {
            text = est_tensor_string(f->value, i, &n);
            est__buffer_bytes(b, text, n);
        }
    }
    return EST_OK;
}

static est_dataset *all_kinds(void)
{
    static float x[] = { 1, 2, 3, 4 };
    static int64_t split[] = { 0, 2, 2 }, tags[] = { 7, 8 };
    static bool flag[] = { true, false };
    static const char *const names[] = { "x", "tags", "flag", "town" };
    static const char *const towns[] = { "York", "" };
    est_shape two = EST_SHAPE(2);
    est_tensor *town;
    est_dataset *d = NULL;
    est_tensor tensor[] = { { .dtype = EST_FLOAT, .shape = EST_SHAPE(2, 2), .data = x },
                            { .dtype = EST_INT64, .shape = EST_SHAPE(2), .data = tags },
                            { .dtype = EST_BOOL, .shape = EST_SHAPE(2), .data = flag } };
    est_tensor offsets = { .dtype = EST_INT64, .shape = EST_SHAPE(3), .data = split };
    if (!EST_CHECK_OK(est_tensor_new_strings(&two, towns, NULL, &town)))
        return NULL;
    const est_tensor *const values[] = { &tensor[0], &tensor[1], &tensor[2], town }, *const rows[] = {
        NULL, &offsets, NULL, NULL
    };
    EST_CHECK_OK(est_memory_dataset_new_ragged(names, values, rows, 4, NULL, &d));
    est_tensor_free(town);
    return est_dataset_batch(d, 2, false);
}

static void batches_become_examples(void)
{
    const est_batch *b;
    est_record_writer *w;
    est_record_reader *r;
    const void *data;
    size_t size;
    est__buffer text = { 0 };
    est_dataset *d = all_kinds();
    EST_NEED(d != NULL);
    const char *path = est_test_path("b.tfrecord");
    EST_NEED_OK(est_dataset_next(d, &b));
    EST_NEED_OK(est_record_writer_open(path, EST_RECORDS_PLAIN, &w));
    EST_CHECK_OK(est_record_writer_write_batch(w, est_dataset_features(d), b));
    EST_CHECK_FAILS(
        est_record_writer_write_batch(w, (est_features_spec){ est_dataset_features(d).data, 3 }, b),
        EST_INVALID_ARGUMENT, "3 features are named; the batch has another number of them");
    EST_NEED_OK(est_record_writer_commit(w));
    EST_NEED_OK(est_record_reader_open(path, &r));
    while (est_record_reader_next(r, &data, &size) == EST_OK) {
        EST_CHECK_OK(est_example_features(data, size, list, &text));
        est__buffer_text(&text, "\n");
    }
    EST_CHECK_STR(text.data, " x=1,2 tags=7,8 flag=1 town=York\n x=3,4 tags flag=0 town=\n");
    est__buffer_free(&text);
    est_record_reader_free(r);
    est_dataset_free(d);
}

EST_SUITE(export_record_writer, EST_TEST(records_read_back), EST_TEST(many_records_pass_the_buffer),
          EST_TEST(what_is_abandoned_leaves_no_file), EST_TEST(batches_become_examples));
