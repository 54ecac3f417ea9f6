/* The SavedModel folder: TensorFlow's, ours, and what is none. */
#include "formats/saved_model.h"

#include "proto/pack.h"
#include "support/est_test.h"

#define GOLDEN EST_TEST_DATA("tests/golden/formats/saved_model")

static void lists_signatures(void)
{
    Tensorflow__SavedModel *m;
    const Tensorflow__MetaGraphDef *g;
    est__signatures s;
    EST_NEED_OK(est__saved_model_read(GOLDEN, &m));
    EST_NEED_OK(est__saved_model_choose(m, GOLDEN, EST_STRINGS("serve"), &g));
    EST_NEED_OK(est__signatures_of(g, GOLDEN, &s));
    EST_CHECK_INT(s.count, 1);
    const est__signature *d = est__signature_find(&s, "serving_default");
    EST_NEED(d && d->input_count == 1 && d->output_count == 1);
    EST_CHECK_STR(d->method_name, "tensorflow/serving/predict");
    EST_CHECK_STR(d->inputs[0].key, "x");
    EST_CHECK_STR(d->inputs[0].name, "x:0");
    EST_CHECK_INT(d->inputs[0].dtype, EST_FLOAT);
    EST_CHECK(d->inputs[0].shape.rank == 2 && d->inputs[0].shape.dim[0] == -1 &&
              d->inputs[0].shape.dim[1] == 2);
    EST_CHECK_STR(d->outputs[0].name, "y:0");
    EST_CHECK(!est__signature_find(&s, "other"));
    est__signatures_free(&s);
    EST_CHECK_FAILS(est__saved_model_choose(m, GOLDEN, EST_STRINGS("train", "gpu"), &g), EST_NOT_FOUND,
                    est_test_text("%s: no graph with the tags {train, gpu}; there is {serve}", GOLDEN));
    EST_CHECK_FAILS(est__saved_model_choose(m, GOLDEN, (est_strings){ NULL, 0 }, &g), EST_NOT_FOUND,
                    est_test_text("%s: no graph with the tags {}; there is {serve}", GOLDEN));
    est__proto_free(m);
}

/* Nothing is lost on the way through: fields that we do not know are kept. */
static void writes_what_it_read(void)
{
    Tensorflow__SavedModel *m, *again;
    est__buffer a = { 0 }, b = { 0 };
    const char *dir = est_test_path("export/1");
    EST_NEED_OK(est__saved_model_read(GOLDEN, &m));
    EST_NEED_OK(est__saved_model_write(dir, m));
    EST_NEED_OK(est__saved_model_read(dir, &again));
    EST_CHECK_OK(est__proto_text(m, &a));
    EST_CHECK_OK(est__proto_text(again, &b));
    EST_CHECK_BYTES(a.data, a.size, b.data, b.size);
    est__buffer_free(&a);
    est__buffer_free(&b);
    est__proto_free(m);
    est__proto_free(again);
}

static void says_what_is_none(void)
{
    Tensorflow__SavedModel *m;
    const char *dir = est_test_dir();
    EST_CHECK_FAILS(est__saved_model_read(est_test_path("none"), &m), EST_NOT_FOUND,
                    est_test_text("%s: no such folder", est_test_path("none")));
    EST_CHECK_FAILS(est__saved_model_read(dir, &m), EST_NOT_FOUND,
                    est_test_text("%s: no SavedModel: there is no saved_model.pb in it", dir));
    EST_TEST_FILE("saved_model.pbtxt", "saved_model_schema_version: 1");
    EST_CHECK_FAILS(
        est__saved_model_read(dir, &m), EST_UNIMPLEMENTED,
        est_test_text(
            "%s: holds saved_model.pbtxt, the text form, which is not read; save it as saved_model.pb", dir));
    const char *path = EST_TEST_FILE("saved_model.pb", "");
    EST_CHECK_FAILS(est__saved_model_read(dir, &m), EST_DATA_LOSS,
                    est_test_text("%s: holds no graph: not a SavedModel, or a damaged one", path));
    EST_TEST_FILE("saved_model.pb", "\x08\x02\x12\x05");
    EST_CHECK_FAILS(est__saved_model_read(dir, &m), EST_DATA_LOSS,
                    est_test_text("%s: byte 2: SavedModel is cut short: the file is damaged", path));
    EST_TEST_FILE("saved_model.pb", "\x08\x02\x12\x00");
    EST_CHECK_FAILS(est__saved_model_read(dir, &m), EST_UNIMPLEMENTED,
                    est_test_text("%s: schema version 2, 1 is read", path));
    EST_CHECK(!m);
}

EST_SUITE(formats_saved_model, EST_TEST(lists_signatures), EST_TEST(writes_what_it_read),
          EST_TEST(says_what_is_none));
