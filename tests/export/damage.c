/* SavedModels that are cut, flipped or hostile: an error that names the file, or a model; never a crash, a hang or memory without end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <estimator/saved_model.h>

#include "base/base.h"
#include "support/est_test.h"
#include "train/small.h"

static char exported[4096];

static bool prepare(void)
{
    est_estimator *e = small_new(est_test_path("model"));
    bool done = EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 2 }), NULL)) &&
                EST_CHECK_OK(est_export_saved_model(e, est_test_path("base"), &((est_export_options){ .receiver = "both" }), exported,
                                                    sizeof exported));
    est_estimator_free(e);
    return done;
}

static void put(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    EST_CHECK(f && (n == 0 || fwrite(data, 1, n, f) == n) && fclose(f) == 0);
}

/* Each signature is planned and asked with what it takes; the answer is of no matter. */
static void use(const est_saved_model *m)
{
    const est_signature *s;
    for (size_t i = 0; (s = est_saved_model_signature(m, i)) != NULL; i++) {
        est_predictor *p = NULL;
        est_predictor_call *call = NULL;
        est_tensor *in[16] = { 0 };
        const est_tensor *out[64];
        if (s->num_inputs > 16 || s->num_outputs > 64)
            continue;
        est_status st = est_predictor_new(m, s->key, &p);
        if (st == EST_OK)
            st = est_predictor_call_new(p, &call);
        for (size_t k = 0; k < s->num_inputs && st == EST_OK; k++) {
            est_shape shape = s->inputs[k].shape;
            for (int d = 0; d < shape.rank; d++)
                shape.dim[d] = shape.dim[d] < 0 || shape.dim[d] > 8 ? 2 : shape.dim[d];
            st = est_tensor_new(s->inputs[k].dtype, &shape, &in[k]);
        }
        if (st == EST_OK)
            (void)est_predictor_run(call, (const est_tensor *const *)in, out);
        for (size_t k = 0; k < s->num_inputs; k++)
            est_tensor_free(in[k]);
        est_predictor_call_free(call);
        est_predictor_free(p);
    }
}

static void load(void)
{
    est_saved_model *m = NULL;
    if (est_saved_model_load(exported, &m) == EST_OK)
        use(m);
    else
        EST_CHECK(strncmp(est_error(), exported, strlen(exported)) == 0);
    est_saved_model_free(m);
}

static void cut_and_flipped(void)
{
    static const char *const files[] = { "saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001" };
    EST_NEED(prepare());
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = est_test_text("%s/%s", exported, files[i]);
        char *data = NULL;
        size_t n;
        EST_NEED_OK(est__file_read(path, 0, &data, &n));
        for (size_t at = 0; at < n; at += n / 60 + 1) {
            put(path, data, at);
            load();
        }
        for (size_t at = 0; at < n; at += n / 300 + 1) {
            for (int bit = 0; bit < 8; bit += 3) {
                data[at] ^= (char)(1 << bit);
                put(path, data, n);
                load();
                data[at] ^= (char)(1 << bit);
            }
        }
        put(path, data, n);
        est__free(data);
    }
    load();
}

/* A length-delimited field around what is there; built from the inside out. */
static void wrap(est__buffer *reversed, int field, size_t *size)
{
    est__buffer head = { 0 };
    est__buffer_varint(&head, (uint64_t)field << 3 | 2);
    est__buffer_varint(&head, *size);
    for (size_t i = head.size; i-- > 0;)
        est__buffer_bytes(reversed, &head.data[i], 1);
    *size += head.size;
    est__buffer_free(&head);
}

/* An attribute whose value is a function with an attribute whose value is a function …, a million deep. */
static void nested_deep(void)
{
    static const int cycle[] = { 2, 2, 10 }, around[] = { 2, 5, 1, 2, 2 };
    est__buffer b = { 0 };
    size_t size = 0;
    EST_NEED(prepare());
    for (int i = 0; i < 333333; i++)
        for (int k = 0; k < 3; k++)
            wrap(&b, cycle[k], &size);
    for (int k = 0; k < 5; k++)
        wrap(&b, around[k], &size);
    for (size_t i = 0; i < b.size / 2; i++) {
        char c = b.data[i];
        b.data[i] = b.data[b.size - 1 - i];
        b.data[b.size - 1 - i] = c;
    }
    const char *path = est_test_text("%s/saved_model.pb", exported);
    est_saved_model *m = NULL;
    put(path, b.data, b.size);
    EST_CHECK_FAILS(est_saved_model_load(exported, &m), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: byte 500: messages are nested deeper than 100: refused", path));
    put(est_test_text("%s/variables/variables.index", exported), b.data, b.size);
    EST_CHECK(m == NULL && est_saved_model_load(exported, &m) != EST_OK);
    est__buffer_free(&b);
}

static void no_saved_model(void)
{
    est_saved_model *m = NULL;
    EST_CHECK_FAILS(est_saved_model_load(est_test_path("nowhere"), &m), EST_NOT_FOUND,
                    est_test_text("%s: no such folder", est_test_path("nowhere")));
    EST_CHECK(m == NULL);
    const char *file = EST_TEST_FILE("file", "x");
    EST_CHECK(est_saved_model_load(file, &m) != EST_OK);
    EST_CHECK(est__make_dirs(est_test_path("empty")) == EST_OK);
    EST_TEST_FILE("empty/saved_model.pb", "");
    EST_CHECK_FAILS(est_saved_model_load(est_test_path("empty"), &m), EST_DATA_LOSS,
                    est_test_text("%s/saved_model.pb: holds no graph: not a SavedModel, or a damaged one", est_test_path("empty")));
}

/* A base that cannot be written: an error, and nothing left there. */
static void cannot_be_written(void)
{
    char path[4096];
    est_estimator *e = small_new(est_test_path("model"));
    EST_NEED_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 2 }), NULL));
    EST_CHECK_FAILS(est_export_saved_model(e, EST_TEST_FILE("taken", "x"), NULL, path, sizeof path), EST_ALREADY_EXISTS,
                    est_test_text("%s: is a file, a folder is wanted", est_test_path("taken")));
    char little[4];
    EST_CHECK_FAILS(est_export_saved_model(e, est_test_path("base"), NULL, little, sizeof little), EST_RESOURCE_EXHAUSTED,
                    est_test_text("%s: the path of the export needs more than 4 bytes", est_test_path("base")));
    est_estimator_free(e);
}

static int moments, failing;

static int fail_at(const char *moment, const char *path)
{
    (void)moment;
    (void)path;
    return ++moments == failing ? 28 /* ENOSPC */ : 0;
}

static void full_disk(void)
{
    char path[4096];
    est_estimator *e = small_new(est_test_path("model"));
    EST_NEED_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 2 }), NULL));
    moments = failing = 0;
    est__file_fault = fail_at;
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("whole"), NULL, path, sizeof path));
    int all = moments;
    for (failing = 1; failing <= all; failing++) {
        est__names names = { 0 };
        moments = 0;
        EST_CHECK(est_export_saved_model(e, est_test_path("base"), NULL, path, sizeof path) == EST_RESOURCE_EXHAUSTED);
        if (est__list_dir(est_test_path("base"), &names) == EST_OK && names.count)   /* TF Serving would take up half a model */
            EST_CHECK_STR(names.name[0], "nothing");
        est__names_free(&names);
    }
    est__file_fault = NULL;
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("base"), NULL, path, sizeof path));
    est_estimator_free(e);
}

EST_SUITE(export_damage, EST_TEST(cut_and_flipped), EST_TEST(nested_deep), EST_TEST(no_saved_model), EST_TEST(cannot_be_written),
          EST_TEST(full_disk));
