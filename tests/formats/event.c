/* Event files against TensorFlow's, torn ends, full disks. */
#include "formats/event.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "formats/samples.h"
#include "proto/pack.h"
#include "support/est_test.h"

#define GOLDEN EST_TEST_DATA("tests/golden/formats/events.golden")

/* All events as text, without their times; freed with the buffer. */
static void events_text(const char *path, est__buffer *out)
{
    est__event_reader *r;
    const Tensorflow__Event *e;
    EST_NEED_OK(est__event_open(path, &r));
    while (est__event_next(r, &e) == EST_OK) {
        Tensorflow__Event timeless = *e;
        timeless.wall_time = 0;
        EST_CHECK_OK(est__proto_text(&timeless, out));
    }
    EST_CHECK(!est__event_torn(r));
    est__event_close(r);
}

static void writes_what_tensorflow_writes(void)
{
    char path[4096];
    est__buffer ours = { 0 }, theirs = { 0 };
    EST_NEED_OK(sample_events(est_test_dir(), path, sizeof path));
    EST_CHECK(strncmp(est__base_name(path), "events.out.tfevents.", 20) == 0);
    events_text(path, &ours);
    events_text(GOLDEN, &theirs);
    EST_CHECK_STR(ours.data, theirs.data);
    est__buffer_free(&ours);
    est__buffer_free(&theirs);
}

static void gives_scalars(void)
{
    est__event_reader *r;
    est__event_scalar s;
    EST_NEED_OK(est__event_open(GOLDEN, &r));
    for (int i = 0; i < 3; i++) {
        EST_NEED_OK(est__event_next_scalar(r, &s));
        EST_CHECK_STR(s.tag, "loss");
        EST_CHECK_INT(s.step, i);
        EST_CHECK_NEAR(s.value, (double)(1.0f / (float)(i + 1)), 0);
        EST_CHECK(s.wall_time > 1e9);
    }
    EST_CHECK_INT(est__event_next_scalar(r, &s), EST_OUT_OF_RANGE);
    est__event_close(r);
}

static void writes_each_kind(void)
{
    est__event_writer *w;
    est__buffer text = { 0 };
    const char *path = est_test_path("x");
    est__scalar scalars[] = { { "accuracy", 0.5 }, { "loss", NAN } };
    EST_NEED_OK(est__event_writer_append(path, &w));
    EST_CHECK_STR(est__event_writer_path(w), path);
    EST_CHECK_OK(est__event_scalars(w, 5, scalars, 2));
    EST_CHECK_OK(est__event_text(w, 5, "checkpoint_path", "m/model.ckpt-5"));
    EST_CHECK_OK(est__event_graph(w, 0, "\x22\x00", 2, false));
    EST_CHECK_OK(est__event_meta_graph(w, 0, "", 0));
    EST_CHECK_OK(est__event_session_log(w, 5, TENSORFLOW__SESSION_LOG__SESSION_STATUS__START, NULL));
    EST_CHECK_OK(est__event_flush(w));
    EST_CHECK_OK(est__event_flush(w));
    est__event_writer_free(w);
    events_text(path, &text);
    EST_CHECK_STR(
        text.data,
        "file_version: \"brain.Event:2\"\nsource_metadata {\n  writer: "
        "\"tensorflow.core.util.events_writer\"\n}\n"
        "step: 5\nsummary {\n  value {\n    tag: \"accuracy\"\n    simple_value: 0.5\n  }\n"
        "  value {\n    tag: \"loss\"\n    simple_value: nan\n  }\n}\n"
        "step: 5\nsummary {\n  value {\n    tag: \"checkpoint_path\"\n    tensor {\n      dtype: DT_STRING\n"
        "      tensor_shape {\n      }\n      string_val: \"m/model.ckpt-5\"\n    }\n  }\n}\n"
        "graph_def: \"\\\"\\000\"\n"
        "meta_graph_def: \"\"\n"
        "step: 5\nsession_log {\n  status: START\n}\n");
    est__buffer_free(&text);
}

static void histograms_have_all_values(void)
{
    float values[] = { FLT_MAX, -FLT_MAX, 0 };
    est_tensor t = { EST_FLOAT, EST_SHAPE(3), values, NULL };
    est__histogram h;
    EST_NEED_OK(est__histogram_of(&t, &h));
    double sum = 0;
    for (size_t i = 0; i < h.count; i++)
        sum += h.counts[i];
    EST_CHECK_NEAR(sum, 3, 0);
    EST_CHECK_NEAR(h.limits[h.count - 1], DBL_MAX, 0);
    EST_CHECK_NEAR(h.counts[h.count - 1], 1, 0);
    EST_CHECK_NEAR(h.min, -(double)FLT_MAX, 0);
    est__histogram_free(&h);
    t.shape = EST_SHAPE(0);
    EST_NEED_OK(est__histogram_of(&t, &h));
    EST_CHECK_INT(h.count, 1);
    EST_CHECK_NEAR(h.limits[0], DBL_MAX, 0);
    est__histogram_free(&h);
    est__event_writer *w;
    values[1] = NAN;
    t.shape = EST_SHAPE(3);
    EST_NEED_OK(est__event_writer_append(est_test_path("x"), &w));
    EST_CHECK_FAILS(est__event_histogram(w, 1, "kernel", &t), EST_INVALID_ARGUMENT,
                    "summary 'kernel': element 1 is NaN: a histogram takes finite numbers");
    est__event_writer_free(w);
}

static size_t count_events(const char *path)
{
    est__event_reader *r;
    const Tensorflow__Event *e;
    size_t n = 0;
    if (!EST_CHECK_OK(est__event_open(path, &r)))
        return 0;
    while (est__event_next(r, &e) == EST_OK)
        n++;
    EST_CHECK(!est__event_torn(r));
    est__event_close(r);
    return n;
}

/* A file cut at any length goes on with whole records. */
static void repairs_a_torn_end(void)
{
    char *data;
    size_t n;
    const char *path = est_test_path("torn");
    EST_NEED_OK(est__file_read(GOLDEN, 0, &data, &n));
    for (size_t cut = 0; cut <= n; cut += 3) {
        est__event_writer *w;
        FILE *f = fopen(path, "wb");
        EST_NEED(f && fwrite(data, 1, cut, f) == cut && fclose(f) == 0);
        EST_NEED_OK(est__event_writer_append(path, &w));
        size_t before = count_events(path);
        EST_CHECK_OK(est__event_scalars(w, 9, &(est__scalar){ "loss", 1 }, 1));
        EST_CHECK_OK(est__event_flush(w));
        est__event_writer_free(w);
        EST_CHECK_INT(count_events(path), before + 1);
    }
    est__free(data);
}

static int disk_full(const char *moment, const char *path)
{
    (void)path;
    return strcmp(moment, "write") == 0 ? ENOSPC : 0;
}

static void survives_a_full_disk(void)
{
    est__event_writer *w;
    const char *path = est_test_path("x");
    EST_NEED_OK(est__event_writer_append(path, &w));
    EST_CHECK_OK(est__event_scalars(w, 1, &(est__scalar){ "loss", 1 }, 1));
    est__file_fault = disk_full;
    EST_CHECK_FAILS(est__event_flush(w), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: cannot be written: No space left on device", path));
    est__file_fault = NULL;
    EST_CHECK_INT(count_events(path), 1);
    EST_CHECK_OK(est__event_scalars(w, 2, &(est__scalar){ "loss", 1 }, 1));
    EST_CHECK_OK(est__event_flush(w));
    EST_CHECK_INT(count_events(path), 2);
    est__event_writer_free(w);
}

static void reads_a_torn_end_as_the_end(void)
{
    char *data;
    size_t n;
    est__event_reader *r;
    est__event_scalar s;
    EST_NEED_OK(est__file_read(GOLDEN, 0, &data, &n));
    EST_NEED_OK(est__event_open(est_test_file("torn", data, n - 1), &r));
    for (int i = 0; i < 3; i++)
        EST_CHECK_OK(est__event_next_scalar(r, &s));
    EST_CHECK_FAILS(est__event_next_scalar(r, &s), EST_OUT_OF_RANGE,
                    est_test_text("%s: the end, after 5 whole records", est_test_path("torn")));
    EST_CHECK(est__event_torn(r));
    est__event_close(r);
    est__free(data);
}

EST_SUITE(formats_event, EST_TEST(writes_what_tensorflow_writes), EST_TEST(gives_scalars),
          EST_TEST(writes_each_kind), EST_TEST(histograms_have_all_values), EST_TEST(repairs_a_torn_end),
          EST_TEST(survives_a_full_disk), EST_TEST(reads_a_torn_end_as_the_end));
