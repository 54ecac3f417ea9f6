/* Summaries of programs and of model functions: what stands in the events, and that a folder does not grow without end. */
#include <estimator/estimator.h>

#include <math.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/base.h"
#include "formats/event.h"
#include "support/est_test.h"
#include "train/small.h"

/* All values of a folder: "step:tag(plugin)" of each, and the last of `tag` in `value`, whose reader is left open in `reader`. */
typedef struct found {
    est__buffer list;
    size_t files, graphs;
    int64_t bytes;
    est__buffer content;          /* of the value that was looked for: its first, or only, string */
    float numbers[64];
    size_t num_numbers;
} found;

static void keep_value(const Tensorflow__Summary__Value *v, found *f)
{
    est__buffer_clear(&f->content);
    f->num_numbers = 0;
    if (v->value_case == TENSORFLOW__SUMMARY__VALUE__VALUE_IMAGE)
        est__buffer_bytes(&f->content, v->image->encoded_image_string.data, v->image->encoded_image_string.len);
    if (v->value_case == TENSORFLOW__SUMMARY__VALUE__VALUE_AUDIO)
        est__buffer_bytes(&f->content, v->audio->encoded_audio_string.data, v->audio->encoded_audio_string.len);
    if (v->value_case != TENSORFLOW__SUMMARY__VALUE__VALUE_TENSOR)
        return;
    const Tensorflow__TensorProto *t = v->tensor;
    size_t last = strcmp(v->metadata->plugin_data->plugin_name, "images") == 0 ? 2 : 0;
    if (t->n_string_val > last)
        est__buffer_bytes(&f->content, t->string_val[last].data, t->string_val[last].len);
    for (size_t i = 0; i < t->n_float_val && i < 64; i++)
        f->numbers[f->num_numbers++] = t->float_val[i];
}

static void read_file(const char *path, const char *tag, found *f)
{
    est__event_reader *reader;
    const Tensorflow__Event *e;
    struct stat s;
    EST_NEED_OK(est__event_open(path, &reader));
    f->files++;
    f->bytes += stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
    while (est__event_next(reader, &e) == EST_OK) {
        f->graphs += e->what_case == TENSORFLOW__EVENT__WHAT_GRAPH_DEF;
        if (e->what_case == TENSORFLOW__EVENT__WHAT_TAGGED_RUN_METADATA)
            est__buffer_printf(&f->list, "%lld:run_metadata ", (long long)e->step);
        for (size_t i = 0; e->what_case == TENSORFLOW__EVENT__WHAT_SUMMARY && i < e->summary->n_value; i++) {
            const Tensorflow__Summary__Value *v = e->summary->value[i];
            const char *plugin = v->metadata && v->metadata->plugin_data ? v->metadata->plugin_data->plugin_name : "";
            est__buffer_printf(&f->list, "%lld:%s(%s) ", (long long)e->step, v->tag, plugin);
            if (tag && strcmp(v->tag, tag) == 0)
                keep_value(v, f);
        }
    }
    est__event_close(reader);
}

static void look(const char *dir, const char *tag, found *f)
{
    est__names names;
    *f = (found){ 0 };
    EST_NEED_OK(est__list_dir(dir, &names));
    for (size_t i = 0; i < names.count; i++) {
        char *path = est__path_join(dir, names.name[i]);
        if (strstr(names.name[i], ".tfevents."))
            read_file(path, tag, f);
        est__free(path);
    }
    est__names_free(&names);
    est__buffer_text(&f->content, "");
    est__buffer_text(&f->list, "");
}

static void forget(found *f)
{
    est__buffer_free(&f->list);
    est__buffer_free(&f->content);
}

/* The pixels of a PNG of ours: its one IDAT, whose rows begin with a 0. */
static void check_png(const est__buffer *png, const unsigned char *wanted, size_t n)
{
    unsigned char rows[256];
    uLongf size = sizeof rows;
    if (!EST_CHECK(png->size > 57) || !EST_CHECK(memcmp(png->data, "\x89PNG\r\n\x1a\n", 8) == 0))
        return;
    const unsigned char *idat = (const unsigned char *)png->data + 33;
    uLong length = (uLong)idat[0] << 24 | (uLong)idat[1] << 16 | (uLong)idat[2] << 8 | idat[3];
    if (EST_CHECK(memcmp(idat + 4, "IDAT", 4) == 0) && EST_CHECK_INT(uncompress(rows, &size, idat + 8, length), Z_OK))
        EST_CHECK_BYTES(rows, size, wanted, n);
}

static void check_image(const char *dir, const char *tag, const unsigned char *wanted, size_t n)
{
    found f;
    look(dir, tag, &f);
    check_png(&f.content, wanted, n);
    forget(&f);
}

static void one_of_each(void)
{
    const char *dir = est_test_path("each");
    est_summary_writer *w;
    est_graph *g;
    found f;
    float pixels[] = { 0, 0.5f, 1, 2 }, wave[] = { 0, 0.5f, -2 }, p[] = { 0.9f, 0.4f, 0.6f, 0.1f }, weight[] = { 1, 2, 3, 4 };
    int64_t labels[] = { 1, 1, 0, 0 };
    est_tensor image = { EST_FLOAT, EST_SHAPE(1, 2, 2, 1), pixels, NULL }, sound = { EST_FLOAT, EST_SHAPE(1, 3), wave, NULL };
    est_tensor t = { EST_INT64, EST_SHAPE(4), labels, NULL }, y = { EST_FLOAT, EST_SHAPE(2, 2), p, NULL };
    est_tensor weights = { EST_FLOAT, EST_SHAPE(4, 1), weight, NULL };
    const est_hparam h[] = { { .name = "rate", .number = 0.5 }, { .name = "kind", .text = "x" }, { .name = "on", .number = 1, .is_bool = true } };
    EST_NEED_OK(est_graph_new(&g));
    est_constant_float(g, 1);
    EST_NEED_OK(est_summary_writer_new(dir, NULL, &w));
    EST_CHECK_OK(est_summary_scalar(w, "s", 1.5, 1));
    EST_CHECK_OK(est_summary_histogram(w, "h", &y, 2));
    EST_CHECK_OK(est_summary_image(w, "i", &image, 3, 0));
    EST_CHECK_OK(est_summary_audio(w, "a", &sound, 8000, 4, 0));
    EST_CHECK_OK(est_summary_text(w, "t", "*hi*", 5));
    EST_CHECK_OK(est_summary_pr_curve(w, "c", &t, &y, &weights, 3, 6));
    EST_CHECK_OK(est_summary_graph(w, g));
    EST_CHECK_OK(est_summary_graph(w, g));
    EST_CHECK_OK(est_summary_run_metadata(w, "run", "", 0, 7));
    EST_CHECK_OK(est_summary_hparams(w, h, 3, NULL));
    EST_CHECK_FAILS(est_summary_hparams(w, h, 3, NULL), EST_FAILED_PRECONDITION,
                    "est_summary_hparams: this writer has told its trial's hyper-parameters already");
    EST_CHECK_OK(est_summary_hparams_end(w, true));
    EST_CHECK_OK(est_summary_writer_flush(w));
    est_summary_writer_free(w);
    est_graph_free(g);

    look(dir, "c", &f);
    EST_CHECK_STR(f.list.data, "1:s() 2:h() 3:i(images) 4:a(audio) 5:t(text) 6:c(pr_curves) 7:run_metadata "
                               "0:_hparams_/session_start_info(hparams) 0:_hparams_/session_end_info(hparams) ");
    EST_CHECK_INT(f.graphs, 1);
    /* thresholds 0, 0.5, 1: true and false positives, true and false negatives, precision, recall */
    static const float curve[] = { 3, 1, 0, 7, 3, 0, 0, 4, 7, 0, 2, 3, 0.3f, 0.25f, 0, 1, 1 / 3.0f, 0 };
    EST_CHECK_INT(f.num_numbers, 18);
    for (size_t i = 0; i < f.num_numbers; i++)
        EST_CHECK_NEAR(f.numbers[i], curve[i], 1e-6);
    forget(&f);
    check_image(dir, "i", (const unsigned char[]){ 0, 0, 127, 0, 255, 255 }, 6);
    look(dir, "a", &f);
    EST_CHECK_BYTES(f.content.data, f.content.size, "RIFF*\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\6\0\0\0\0\0\0\x40\0\x80", 50);
    forget(&f);
}

static void grows_to_its_limit(void)
{
    const char *dir = est_test_path("limit");
    est_summary_writer_options o = { .max_file_bytes = 2000, .max_total_bytes = 9000, .max_queue = 3 };
    est_summary_writer *w;
    est_graph *g;
    found f;
    EST_NEED_OK(est_graph_new(&g));
    est_constant_float(g, 1);
    EST_NEED_OK(est_summary_writer_new(dir, &o, &w));
    EST_CHECK_OK(est_summary_graph(w, g));
    EST_CHECK_OK(est_summary_hparams(w, &(est_hparam){ .name = "a", .number = 1 }, 1, "trial"));
    for (int i = 0; i < 2000; i++)
        EST_CHECK_OK(est_summary_scalar(w, "x", i, i));
    est_summary_writer_free(w);
    look(dir, NULL, &f);
    EST_CHECK(f.bytes > 5000 && f.bytes < 9000 + 2500);
    EST_CHECK(f.files >= 3 && f.files <= 6);
    EST_CHECK_INT(f.graphs, 1);
    EST_CHECK(strstr(f.list.data, "session_start_info") != NULL && strstr(f.list.data, "1999:x()") != NULL);
    EST_CHECK(strstr(f.list.data, " 0:x()") == NULL);
    forget(&f);
    est_graph_free(g);
}

/* A writer that goes on in another's file, which may be of any second before. */
static void goes_on_in_the_newest_file(void)
{
    const char *dir = est_test_path("append");
    est_summary_writer *w, *v;
    found f;
    EST_NEED_OK(est_summary_writer_new(dir, &(est_summary_writer_options){ .append = true }, &w));
    EST_CHECK_OK(est_summary_scalar(w, "a", 1, 1));
    est_summary_writer_free(w);
    est__names names;
    EST_NEED_OK(est__list_dir(dir, &names));
    EST_CHECK_OK(est__rename(est_test_text("%s/%s", dir, names.name[0]), est_test_text("%s/events.out.tfevents.1000000000.x", dir)));
    est__names_free(&names);
    EST_NEED_OK(est_summary_writer_new(dir, &(est_summary_writer_options){ .append = true }, &w));
    EST_NEED_OK(est_summary_writer_new(dir, &(est_summary_writer_options){ .append = true }, &v));
    for (int i = 2; i < 6; i++)
        EST_CHECK_OK(est_summary_scalar(i % 2 ? v : w, "a", i, i));
    EST_CHECK_OK(est_summary_writer_flush(v));
    est_summary_writer_free(w);
    est_summary_writer_free(v);
    look(dir, NULL, &f);
    EST_CHECK_INT(f.files, 1);
    EST_CHECK_STR(f.list.data, "1:a() 3:a() 5:a() 2:a() 4:a() ");
    forget(&f);
}

static void refuses(void)
{
    est_summary_writer *w;
    float x[4] = { 0 };
    est_tensor flat = { EST_FLOAT, EST_SHAPE(4), x, NULL }, five = { EST_FLOAT, EST_SHAPE(1, 1, 1, 4), x, NULL };
    EST_CHECK(est_summary_writer_new(est_test_path("r"), &(est_summary_writer_options){ .max_queue = -5 }, &w) == EST_INVALID_ARGUMENT);
    EST_NEED_OK(est_summary_writer_new(est_test_path("r"), NULL, &w));
    EST_CHECK_FAILS(est_summary_image(w, "i", &flat, 0, 0), EST_INVALID_ARGUMENT,
                    "summary 'i': images are [k, height, width, channels] of floats or uint8, not float32 [4]");
    five.shape.dim[3] = 5;
    EST_CHECK_FAILS(est_summary_image(w, "i", &(est_tensor){ EST_FLOAT, EST_SHAPE(1, 0, 1, 4), x, NULL }, 0, 0), EST_INVALID_ARGUMENT,
                    "an image of 0 x 1 pixels of 4 channels; there are 1 to 65536, 2^28 in all, of 1 to 4");
    EST_CHECK_FAILS(est_summary_audio(w, "a", &flat, 8000, 0, 0), EST_INVALID_ARGUMENT,
                    "summary 'a': sounds are [k, frames, channels] of float32 at 1 a second or more, not float32 [4] at 8000");
    EST_CHECK_FAILS(est_summary_texts(w, "t", &flat, 0), EST_INVALID_ARGUMENT, "summary 't': a text is of strings, not float32");
    EST_CHECK_FAILS(est_summary_pr_curve(w, "c", &flat, &flat, NULL, 1, 0), EST_INVALID_ARGUMENT,
                    "summary 'c': 1 thresholds; there are 2 at least");
    EST_CHECK_FAILS(est_summary_pr_curve(w, "c", &five, &flat, NULL, 3, 0), EST_INVALID_ARGUMENT,
                    "summary 'c': labels, predictions and weights of a curve are as many numbers each");
    const est_hparam twice[] = { { .name = "a" }, { .name = "a" } };
    EST_CHECK_FAILS(est_summary_hparams(w, twice, 2, NULL), EST_INVALID_ARGUMENT, "est_summary_hparams: 'a' stands twice");
    est_summary_writer_free(w);
    EST_CHECK_FAILS(est_projector_write(est_test_path("r"), NULL, &(est_projector_embedding){ 0 }, 1), EST_INVALID_ARGUMENT,
                    "est_projector_write: embeddings[0] has no tensor_name");
}

static void projector(void)
{
    const est_projector_embedding e[] = { { .tensor_name = "w", .metadata_path = "a \"b\".tsv", .sprite_image_path = "s.png",
                                            .single_image_dim = { 8, 9 } }, { .tensor_name = "v" } };
    char *text;
    size_t n;
    EST_CHECK_OK(est_projector_write(est_test_path("p"), "m/ckpt-1", e, 2));
    EST_NEED_OK(est__file_read(est_test_path("p/projector_config.pbtxt"), 0, &text, &n));
    EST_CHECK_STR(text, "model_checkpoint_path: \"m/ckpt-1\"\nembeddings {\n  tensor_name: \"w\"\n  metadata_path: \"a \\\"b\\\".tsv\"\n"
                        "  sprite {\n    image_path: \"s.png\"\n    single_image_dim: 8\n    single_image_dim: 9\n  }\n}\n"
                        "embeddings {\n  tensor_name: \"v\"\n}\n");
    est__free(text);
}

/* ---- of a model_fn ---- */

static est_status shows_all(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user)
{
    est_graph *g = est_spec_graph(spec);
    est_node *x = est_features_find(features, "x")->value;
    est_node *logits = est_dense(g, x, 1, &(est_dense_options){ .name = "l" });
    if (mode == EST_EVAL)
        est_spec_evaluation_summaries(spec);
    est_node *loss = est_reduce_mean(g, est_sigmoid_cross_entropy(g, labels, logits), EST_INTS(0, 1), false);
    est_spec_loss(spec, loss);
    est_spec_train_op(spec, est_optimizer_minimize(user, g, loss, est_spec_global_step(spec)));
    est_spec_image_summary(spec, "input", est_reshape(g, x, EST_INTS(1, 2, 2, 1)), 1);
    est_spec_audio_summary(spec, "sound", est_reshape(g, x, EST_INTS(2, 2)), 100, 0);
    est_spec_text_summary(spec, "says", est_constant_string(g, "**so**"));
    est_spec_histogram_summary(spec, "logits", logits);
    est_spec_scalar_summary(spec, "mean", est_reduce_mean(g, x, EST_INTS(0, 1), false));
    est_spec_pr_curve_summary(spec, "curve", labels, est_sigmoid(g, logits), NULL, 5);
    return EST_OK;
}

static void model_functions(void)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 1 } } };
    const char *dir = est_test_path("model");
    est_optimizer *sgd;
    est_estimator *e = NULL;
    found f;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    est_run_config config = { .model_dir = dir, .save_summary_steps = 2, .log_step_count_steps = EST_OFF, .num_threads = 1 };
    EST_CHECK_OK(est_custom_new(&(est_custom_options){ .model_fn = shows_all, .features = { &x, 1 }, .user = sgd }, &config, &e));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 3 }), NULL));
    look(dir, "input/image", &f);
    EST_CHECK_STR(f.list.data, "1:input/image() 1:sound/audio/0() 1:sound/audio/1() 1:says(text) 1:logits() 1:curve(pr_curves) 1:loss() 1:mean() "
                               "3:input/image() 3:sound/audio/0() 3:sound/audio/1() 3:says(text) 3:logits() 3:curve(pr_curves) 3:loss() 3:mean() ");
    check_png(&f.content, (const unsigned char[]){ 0, 159, 64, 0, 223, 1 }, 6);      /* 1, -2, 3, -4 */
    EST_CHECK_INT(f.graphs, 1);
    forget(&f);
    /* An evaluation: the curve counts its two batches of four, the image is of the last one, as tf.estimator would call them. */
    est_results *r = NULL;
    EST_CHECK_OK(est_evaluate(e, &((est_evaluate_options){ .input_fn = small_once, .name = "all" }), &r));
    est_results_free(r);
    look(est_test_path("model/eval_all"), "curve/0", &f);
    EST_CHECK_STR(f.list.data, "3:loss() 3:input/0() 3:sound/0() 3:sound/1() 3:says/0(text) 3:logits/0() 3:mean/0() 3:curve/0(pr_curves) "
                               "3:checkpoint_path() ");
    EST_CHECK_INT(f.num_numbers, 30);
    EST_CHECK_NEAR(f.numbers[0] + f.numbers[5], 8, 0);      /* at threshold 0 all are positive */
    forget(&f);
    est_estimator_free(e);
    est_optimizer_free(sgd);
}

/* The limits of a run's configuration hold for its events. */
static void runs_have_limits(void)
{
    static const est_feature x = { .name = "x", .dtype = EST_FLOAT, .shape = { 1, { 1 } } };
    const char *dir = est_test_path("limited");
    est_optimizer *sgd;
    est_estimator *e = NULL;
    found f;
    EST_NEED_OK(est_sgd_optimizer_new(NULL, &sgd));
    est_run_config config = { .model_dir = dir, .save_summary_steps = 1, .log_step_count_steps = EST_OFF, .num_threads = 1,
                              .max_event_file_bytes = 8000, .max_event_total_bytes = 50000 };
    EST_CHECK_OK(est_custom_new(&(est_custom_options){ .model_fn = shows_all, .features = { &x, 1 }, .user = sgd }, &config, &e));
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 200 }), NULL));
    look(dir, NULL, &f);
    EST_CHECK(f.files > 2 && f.bytes < 80000);
    EST_CHECK_INT(f.graphs, 1);
    forget(&f);
    est_estimator_free(e);
    est_optimizer_free(sgd);
}

static void tells_what_a_search_looks_at(void)
{
    const char *dir = est_test_path("search");
    const est_hparam_info infos[] = { { .name = "rate", .low = 0.1, .high = 1 }, { .name = "kind", .texts = EST_STRINGS("a", "b") },
                                      { .name = "size", .numbers = EST_FLOATS(16, 32) }, { .name = "on", .is_bool = true } };
    est_summary_writer *w;
    found f;
    EST_NEED_OK(est_summary_writer_new(dir, NULL, &w));
    EST_CHECK_OK(est_summary_hparams_config(w, infos, 4, &(est_hparam_metric){ .tag = "loss", .group = "eval" }, 1));
    EST_CHECK_FAILS(est_summary_hparams_config(w, &(est_hparam_info){ 0 }, 1, NULL, 0), EST_INVALID_ARGUMENT,
                    "est_summary_hparams_config: hyper-parameter 0 has no name");
    EST_CHECK_FAILS(est_summary_hparams_config(w, NULL, 0, &(est_hparam_metric){ 0 }, 1), EST_INVALID_ARGUMENT,
                    "est_summary_hparams_config: metric 0 has no tag");
    est_summary_writer_free(w);
    look(dir, NULL, &f);
    EST_CHECK_STR(f.list.data, "0:_hparams_/experiment(hparams) ");
    forget(&f);
}

EST_SUITE(train_summary_writer, EST_TEST(one_of_each), EST_TEST(grows_to_its_limit), EST_TEST(goes_on_in_the_newest_file), EST_TEST(refuses), EST_TEST(projector),
          EST_TEST(model_functions), EST_TEST(runs_have_limits), EST_TEST(tells_what_a_search_looks_at));
