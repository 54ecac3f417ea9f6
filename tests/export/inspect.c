/* Looking at files: what they are, scalars of event files, records, features of tf.Examples. */
#include <math.h>
#include <string.h>

#include <estimator/inspect.h>
#include <estimator/records.h>

#include "formats/event.h"
#include "formats/example.h"
#include "formats/tfrecord.h"
#include "support/est_test.h"

static est_file_kind kind(const char *path)
{
    est_file_kind k = EST_FILE_UNKNOWN;
    EST_CHECK_OK(est_file_kind_of(path, &k));
    return k;
}

static void tells_kinds(void)
{
    est_file_kind k;
    est__buffer records = { 0 };
    est__tfrecord_frame(&records, "x", 1);
    EST_CHECK_INT(kind(est_test_file("r.tfrecord", records.data, records.size)), EST_FILE_RECORDS);
    est__buffer_free(&records);
    EST_CHECK_INT(kind(EST_TEST_FILE("a.csv", "a,b\n1,2\n")), EST_FILE_UNKNOWN);
    EST_CHECK_INT(kind(est_test_dir()), EST_FILE_UNKNOWN);
    EST_NEED(EST_TEST_FILE("model.ckpt-7.index", "") != NULL);
    EST_CHECK_INT(kind(est_test_dir()), EST_FILE_MODEL_DIR);
    EST_CHECK_INT(kind(est_test_path("model.ckpt-7")), EST_FILE_CHECKPOINT);
    EST_CHECK_INT(kind(est_test_path("model.ckpt-7.index")), EST_FILE_CHECKPOINT);
    EST_NEED(EST_TEST_FILE("saved_model.pb", "") != NULL);
    EST_CHECK_INT(kind(est_test_dir()), EST_FILE_SAVED_MODEL);
    EST_CHECK_FAILS(est_file_kind_of(est_test_path("none"), &k), EST_NOT_FOUND,
                    est_test_text("%s: No such file or directory", est_test_path("none")));
}

static void reads_scalars(void)
{
    est__event_writer *w;
    est_event_reader *r;
    est_event_scalar s;
    EST_NEED_OK(est__event_writer_new(est_test_dir(), &w));
    EST_CHECK_OK(est__event_scalars(w, 3, (est__scalar[]){ { "loss", 0.5 }, { "rate", 2 } }, 2));
    EST_CHECK_OK(est__event_flush(w));
    const char *path = est_test_text("%s", est__event_writer_path(w));
    est__event_writer_free(w);
    EST_CHECK_INT(kind(path), EST_FILE_EVENTS);
    EST_NEED_OK(est_event_reader_open(path, &r));
    EST_CHECK_OK(est_event_reader_next(r, &s));
    EST_CHECK_STR(s.tag, "loss");
    EST_CHECK(s.step == 3 && s.value == 0.5f);
    EST_CHECK_OK(est_event_reader_next(r, &s));
    EST_CHECK_STR(s.tag, "rate");
    EST_CHECK_INT(est_event_reader_next(r, &s), EST_OUT_OF_RANGE);
    est_event_reader_free(r);
}

static est_status add_scalar(const est_event_scalar *s, void *user)
{
    est__buffer_printf(user, "%s %lld %g\n", s->tag, (long long)s->step, (double)s->value);
    return strcmp(s->tag, "stop") ? EST_OK : est__fail(EST_CANCELLED, "enough");
}

static void reads_all_scalars_of_a_folder(void)
{
    est__buffer text = { 0 };
    for (int i = 0; i < 2; i++) {
        est__event_writer *w;
        EST_NEED_OK(est__event_writer_append(est_test_path(i ? "events.out.tfevents.2" : "events.out.tfevents.1"), &w));
        EST_CHECK_OK(est__event_scalars(w, i, (est__scalar[]){ { "loss", 0.5 }, { i ? "stop" : "rate", 2 }, { "last", 1 } }, 3));
        EST_CHECK_OK(est__event_flush(w));
        est__event_writer_free(w);
    }
    EST_CHECK_FAILS(est_event_scalars(est_test_dir(), add_scalar, &text), EST_CANCELLED, "enough");
    EST_CHECK_STR(text.data, "loss 0 0.5\nrate 0 2\nlast 0 1\nloss 1 0.5\nstop 1 2\n");
    est__buffer_clear(&text);
    EST_CHECK_OK(est_event_scalars(est_test_path("events.out.tfevents.1"), add_scalar, &text));
    EST_CHECK_STR(text.data, "loss 0 0.5\nrate 0 2\nlast 0 1\n");
    EST_CHECK_INT(est_event_scalars(est_test_path("none"), add_scalar, &text), EST_NOT_FOUND);
    est__buffer_free(&text);
}

static void reads_records(void)
{
    est_record_reader *r;
    est__buffer b = { 0 };
    const void *data;
    size_t size;
    est__tfrecord_frame(&b, "abc", 3);
    est__tfrecord_frame(&b, "", 0);
    EST_NEED_OK(est_record_reader_open(est_test_file("r.tfrecord", b.data, b.size), &r));
    EST_CHECK_OK(est_record_reader_next(r, &data, &size));
    EST_CHECK_BYTES(data, size, "abc", 3);
    EST_CHECK_OK(est_record_reader_next(r, &data, &size));
    EST_CHECK_INT(size, 0);
    EST_CHECK_INT(est_record_reader_next(r, &data, &size), EST_OUT_OF_RANGE);
    est_record_reader_free(r);
    est__buffer_free(&b);
    EST_CHECK_INT(est_record_reader_open(est_test_path("none"), &r), EST_NOT_FOUND);
    est_record_reader_free(NULL);
}

static est_status to_text(const est_example_feature *f, void *user)
{
    est__buffer *b = user;
    est__buffer_printf(b, "%s:", f->name);
    for (int64_t i = 0; f->value && i < f->value->shape.dim[0]; i++) {
        size_t n;
        if (f->value->dtype == EST_STRING) {
            const char *s = est_tensor_string(f->value, i, &n);
            est__buffer_printf(b, " %.*s", (int)n, s);
        } else if (f->value->dtype == EST_INT64) {
            est__buffer_printf(b, " %lld", (long long)((const int64_t *)f->value->data)[i]);
        } else {
            est__buffer_printf(b, " %g", (double)((const float *)f->value->data)[i]);
        }
    }
    est__buffer_text(b, ";");
    return EST_OK;
}

static void lists_features(void)
{
    static const est__feature_spec specs[] = { { .name = "age", .dtype = EST_FLOAT, .size = 1 },
                                               { .name = "ids", .dtype = EST_INT64, .size = 2 },
                                               { .name = "town", .dtype = EST_STRING, .size = 1 } };
    est__bytes town = { (const unsigned char *)"York", 4 };
    const est__feature_column columns[] = { { .values = (float[]){ 1.5f }, .count = 1 }, { .values = (int64_t[]){ 7, -8 }, .count = 2 },
                                            { .values = &town, .count = 1 } };
    est__buffer record = { 0 }, text = { 0 };
    EST_NEED_OK(est__example_write(&record, specs, columns, 3, 0));
    EST_CHECK_OK(est_example_features(record.data, record.size, to_text, &text));
    EST_CHECK_STR(text.data, "age: 1.5;ids: 7 -8;town: York;");
    EST_CHECK_INT(est_example_features("\xff\xff\xff", 3, to_text, &text), EST_DATA_LOSS);
    for (size_t n = 0; n < record.size; n++)   /* cut anywhere: an error or fewer features, never a crash */
        (void)est_example_features(record.data, n, to_text, &text);
    est__buffer_free(&record);
    est__buffer_free(&text);
}

EST_SUITE(export_inspect, EST_TEST(tells_kinds), EST_TEST(reads_scalars), EST_TEST(reads_all_scalars_of_a_folder), EST_TEST(reads_records), EST_TEST(lists_features));
