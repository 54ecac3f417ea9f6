/* A model with vocabulary files, exported, moved, its sources gone; assets as TensorFlow 2.x lists them, and damaged ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <estimator/estimators.h>
#include <estimator/saved_model.h>

#include "base/base.h"
#include "formats/saved_model.h"
#include "proto/pack.h"
#include "support/est_test.h"

static const char *const words[] = { "red", "green", "blue", "red" };

static est_status open_rows(const est_input_context *context, est_dataset **out, void *user)
{
    static int64_t label[4] = { 1, 0, 1, 1 };
    static const char *const names[] = { "color", "other" };
    est_shape shape = EST_SHAPE(4, 1);
    est_tensor *text, labels = { EST_INT64, shape, label, NULL };
    (void)context;
    (void)user;
    EST_TRY(est_tensor_new_strings(&shape, words, NULL, &text));
    est_status st = est_memory_dataset_new(names, (const est_tensor *const[]){ text, text }, 2, &labels, out);
    est_tensor_free(text);
    EST_TRY(st);
    est_dataset_repeat(*out, EST_OFF);
    est_dataset_batch(*out, 4, false);
    return EST_OK;
}

static est_estimator *new_model(const char *color, const char *other)
{
    est_columns *c = est_columns_new();
    est_column *list[] = {
        est_categorical_column_with_vocabulary_file(c, "color", (&(est_vocabulary_file_options){ .vocabulary_file = color })),
        est_categorical_column_with_vocabulary_file(c, "other", (&(est_vocabulary_file_options){
            .vocabulary_file = other, .num_oov_buckets = 2 })),
        est_crossed_column(c, (&(est_crossed_options){
            .keys = EST_CROSS_KEYS({ .name = "color" }, { .name = "other" }), .hash_bucket_size = 8 })),
    };
    est_estimator *e = NULL;
    est_run_config config = { .model_dir = est_test_path("model"), .num_threads = 1 };
    EST_CHECK_OK(est_linear_classifier_new(&((est_linear_classifier_options){ .feature_columns = { list, 3 } }), &config, &e));
    est_columns_free(c);
    return e;
}

/* The logit of each of the four words. */
static bool ask(const char *dir, float logits[4])
{
    est_saved_model *m = NULL;
    est_predictor *p = NULL;
    est_predictor_call *call = NULL;
    est_tensor *text = NULL;
    const est_tensor *out[16];
    est_shape shape = EST_SHAPE(4, 1);
    est_status st = est_saved_model_load(dir, &m);
    if (st == EST_OK)
        st = est_predictor_new(m, "predict", &p);
    if (st == EST_OK)
        st = est_predictor_call_new(p, &call);
    if (st == EST_OK)
        st = est_tensor_new_strings(&shape, words, NULL, &text);
    if (st == EST_OK)
        st = est_predictor_run(call, (const est_tensor *const[]){ text, text }, out);
    const est_signature *s = p ? est_predictor_signature(p) : NULL;
    for (size_t i = 0; st == EST_OK && i < s->num_outputs; i++)
        if (strcmp(s->outputs[i].key, "logits") == 0)
            memcpy(logits, out[i]->data, 4 * sizeof *logits);
    est_tensor_free(text);
    est_predictor_call_free(call);
    est_predictor_free(p);
    est_saved_model_free(m);
    return EST_CHECK_OK(st);
}

/* A trained model's export, after its vocabularies are gone, at a place of its own. */
static const char *export_and_move(void)
{
    char path[4096] = "";
    EST_CHECK_OK(est__make_dirs(est_test_path("other")));
    const char *color = EST_TEST_FILE("words.txt", "red\ngreen\n"), *other = EST_TEST_FILE("other/words.txt", "green\r\n\xff\r\n");
    est_estimator *e = new_model(color, other);
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = open_rows, .max_steps = 5 }), NULL));
    EST_CHECK_OK(est_export_saved_model(e, est_test_path("base"), &((est_export_options){ .receiver = "raw" }), path, sizeof path));
    est_estimator_free(e);
    EST_CHECK(unlink(color) == 0 && unlink(other) == 0 && rename(path, est_test_path("moved")) == 0);
    return est_test_path("moved");
}

static void check_file(const char *name, const char *wanted)
{
    char *data = NULL;
    size_t size = 0;
    if (EST_CHECK_OK(est__file_read(est_test_path(name), 0, &data, &size)))
        EST_CHECK_BYTES(data, size, wanted, strlen(wanted));
    est__free(data);
}

static void goes_along(void)
{
    const char *dir = export_and_move();
    float logits[4];
    check_file("moved/assets/words.txt", "red\ngreen\n");
    check_file("moved/assets/words.txt_1", "green\r\n\xff\r\n");
    EST_NEED(ask(dir, logits));
    EST_CHECK(logits[0] > 0 && logits[0] == logits[3] && logits[1] < 0 && logits[2] > 0);
}

/* Rewrites the export's message. */
static void change(const char *dir, void (*edit)(Tensorflow__MetaGraphDef *g))
{
    Tensorflow__SavedModel *m;
    EST_NEED_OK(est__saved_model_read(dir, &m));
    edit(m->meta_graphs[0]);
    EST_CHECK_OK(est__saved_model_write(dir, m));
    est__proto_free(m);
}

static void forget_list(Tensorflow__MetaGraphDef *g)
{
    for (size_t i = 0; i < g->n_asset_file_def; i++)
        protobuf_c_message_free_unpacked(&g->asset_file_def[i]->base, NULL);
    g->n_asset_file_def = 0;
}

static void set_name(Tensorflow__MetaGraphDef *g, const char *name)
{
    est__free(g->asset_file_def[0]->filename);
    g->asset_file_def[0]->filename = est__strdup(name);
}

static void name_above(Tensorflow__MetaGraphDef *g)
{
    set_name(g, "../words.txt");
}

static void name_absent(Tensorflow__MetaGraphDef *g)
{
    set_name(g, "absent.txt");
}

static void name_no_constant(Tensorflow__MetaGraphDef *g)
{
    est__free(g->asset_file_def[0]->tensor_info->name);
    g->asset_file_def[0]->tensor_info->name = est__strdup("global_step:0");
}

static void in_collections(void)
{
    const char *dir = export_and_move();
    float wanted[4], logits[4];
    EST_NEED(ask(dir, wanted));
    change(dir, forget_list);
    EST_NEED(ask(dir, logits));
    EST_CHECK_BYTES(logits, sizeof logits, wanted, sizeof wanted);
}

static est_status plan(const char *dir)
{
    est_saved_model *m;
    est_predictor *p = NULL;
    EST_TRY(est_saved_model_load(dir, &m));
    est_status st = est_predictor_new(m, "predict", &p);
    est_predictor_free(p);
    est_saved_model_free(m);
    return st;
}

static void damaged(void)
{
    const char *dir = export_and_move();
    change(dir, name_above);
    EST_CHECK_FAILS(plan(dir), EST_DATA_LOSS, est_test_text("%s/saved_model.pb: asset '../words.txt' is no name of a file in assets/", dir));
    change(dir, name_absent);
    EST_CHECK_FAILS(plan(dir), EST_NOT_FOUND,
                    est_test_text("%s: InitializeTableFromTextFileV2 'linear/linear_model/color/table_init': %s/assets/absent.txt: cannot "
                                  "be opened: No such file or directory", dir, dir));
    change(dir, name_no_constant);
    EST_CHECK_FAILS(plan(dir), EST_DATA_LOSS,
                    est_test_text("%s/saved_model.pb: asset 'absent.txt' is for 'global_step:0', which is no string constant of the graph",
                                  dir));
}

/* One bit in each so many bytes of the message: an error or a model, and no harm. */
static void flipped(void)
{
    const char *dir = export_and_move(), *path = est_test_text("%s/saved_model.pb", dir);
    char *data;
    size_t size;
    EST_NEED_OK(est__file_read(path, 0, &data, &size));
    for (size_t i = 0; i < size; i += 97) {
        est_saved_model *m = NULL;
        data[i] ^= (char)(1 << i % 8);
        FILE *f = fopen(path, "wb");
        EST_CHECK(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
        (void)est_saved_model_load(dir, &m);
        est_saved_model_free(m);
        data[i] ^= (char)(1 << i % 8);
    }
    est__free(data);
}

static void source_is_gone(void)
{
    char path[4096] = "";
    est__names names = { 0 };
    const char *color = EST_TEST_FILE("words.txt", "red\ngreen\n");
    est_estimator *e = new_model(color, color);
    EST_NEED_OK(est_train(e, &((est_train_options){ .input_fn = open_rows, .max_steps = 2 }), NULL));
    EST_CHECK(unlink(color) == 0);
    EST_CHECK_FAILS(est_export_saved_model(e, est_test_path("base"), &((est_export_options){ .receiver = "raw" }), path, sizeof path),
                    EST_NOT_FOUND,
                    est_test_text("the export takes its vocabularies along: %s: cannot be opened: No such file or directory", color));
    est_estimator_free(e);
    EST_NEED_OK(est__list_dir(est_test_path("base"), &names));
    EST_CHECK_INT(names.count, 0);
    est__names_free(&names);
}

EST_SUITE(export_assets, EST_TEST(goes_along), EST_TEST(in_collections), EST_TEST(damaged), EST_TEST(flipped),
          EST_TEST(source_is_gone));
