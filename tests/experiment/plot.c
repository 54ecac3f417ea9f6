/* Curves of runs: which files are read as what, and small pictures of them, character by character. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <estimator/plot.h>

#include "experiment/axis.h"
#include "formats/tfrecord.h"
#include "proto/event.pb-c.h"
#include "proto/pack.h"
#include "support/est_test.h"

#define HAS(text, part) EST_CHECK(strstr((text), (part)) != NULL || (est_test_str((text), (part), EST_HERE(part)), false))

/* ---- event files ---- */

typedef struct row { double wall_time; int64_t step; double value; } row;

static void frame(est__buffer *file, Tensorflow__Event *e)
{
    est__buffer message = { 0 };
    EST_CHECK_OK(est__proto_pack(e, &message));
    est__tfrecord_frame(file, message.data, message.size);
    est__buffer_free(&message);
}

/* As TensorFlow 1 writes a number, or as 2 does, which names the plugin. */
static void add(est__buffer *file, const char *tag, row r, bool as_tensor, const char *plugin)
{
    Tensorflow__Summary summary = TENSORFLOW__SUMMARY__INIT;
    Tensorflow__Event e = TENSORFLOW__EVENT__INIT;
    Tensorflow__Summary__Value v = TENSORFLOW__SUMMARY__VALUE__INIT, *values = &v;
    Tensorflow__SummaryMetadata metadata = TENSORFLOW__SUMMARY_METADATA__INIT;
    Tensorflow__SummaryMetadata__PluginData data = TENSORFLOW__SUMMARY_METADATA__PLUGIN_DATA__INIT;
    Tensorflow__TensorProto tensor = TENSORFLOW__TENSOR_PROTO__INIT;
    Tensorflow__TensorShapeProto shape = TENSORFLOW__TENSOR_SHAPE_PROTO__INIT;
    float number = (float)r.value;
    e.wall_time = r.wall_time;
    e.step = r.step;
    v.tag = (char *)(uintptr_t)tag;
    if (as_tensor) {
        tensor.dtype = TENSORFLOW__DATA_TYPE__DT_FLOAT;
        tensor.tensor_shape = &shape;
        if (r.step % 2)
            tensor.tensor_content = (ProtobufCBinaryData){ sizeof number, (uint8_t *)&number };
        else
            tensor.n_float_val = 1, tensor.float_val = &number;
        data.plugin_name = (char *)(uintptr_t)plugin;
        metadata.plugin_data = &data;
        v.metadata = plugin ? &metadata : NULL;
        v.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_TENSOR;
        v.tensor = &tensor;
    } else {
        v.value_case = TENSORFLOW__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
        v.simple_value = number;
    }
    summary.n_value = 1;
    summary.value = &values;
    e.what_case = TENSORFLOW__EVENT__WHAT_SUMMARY;
    e.summary = &summary;
    frame(file, &e);
}

/* <dir>/<folder>/events.out.tfevents.<name>; the file's path. */
static const char *write_file(const char *folder, const char *name, est__buffer *file)
{
    const char *dir = *folder ? est_test_path(folder) : est_test_dir();
    EST_CHECK_OK(est__make_dirs(dir));
    const char *path = est_test_text("%s/events.out.tfevents.%s", dir, name);
    EST_CHECK_OK(est__file_put(path, file->data, file->size));
    est__buffer_free(file);
    return path;
}

static void write_rows(const char *folder, const char *tag, const row *rows, size_t n)
{
    est__buffer file = { 0 };
    for (size_t i = 0; i < n; i++)
        add(&file, tag, rows[i], false, NULL);
    char *name = est__strdup(est_test_text("1.%s", tag));
    for (char *c = name; c && *c; c++)
        *c = *c == '/' ? '_' : *c;
    write_file(folder, name, &file);
    est__free(name);
}
#define WRITE(folder, tag, ...) \
    write_rows(folder, tag, (const row[]){ __VA_ARGS__ }, sizeof((const row[]){ __VA_ARGS__ }) / sizeof(row))

static est_status of_dir(const est_plot_options *o, est_plot **out)
{
    const char *dir = est_test_dir();
    return est_plot_new((est_strings){ &dir, 1 }, o, out);
}

static char log_text[2000];

static void keep_log(est_log_level level, const char *text, void *user)
{
    (void)user;
    if (level >= EST_LOG_WARNING)
        snprintf(log_text + strlen(log_text), sizeof log_text - strlen(log_text), "%s\n", text);
}

/* ---- reading ---- */

static void check_series(const est_plot *p, size_t i, const char *tag, const char *run, const char *phase, size_t count)
{
    const est_plot_series *s = est_plot_at(p, i);
    EST_NEED(s != NULL);
    EST_CHECK_STR(s->tag, tag);
    EST_CHECK_STR(s->run, run);
    EST_CHECK_STR(s->phase, phase);
    EST_CHECK_INT(s->count, count);
}

static void tells_training_from_evaluations(void)
{
    est_plot *p;
    WRITE("", "loss", { 10, 1, 4 }, { 11, 2, 3 });
    WRITE("", "global_step/sec", { 10, 1, 400 });
    WRITE("", "dnn/fraction", { 10, 1, 0.5 });
    WRITE("", "learning_rate", { 10, 1, 0.1 });
    WRITE("eval", "accuracy", { 12, 2, 0.5 });
    WRITE("eval", "loss", { 12, 2, 3.5 });
    WRITE("eval_old", "loss", { 13, 2, 5 });
    WRITE("other/validation", "loss", { 13, 2, 5 });
    EST_NEED_OK(of_dir(&(est_plot_options){ 0 }, &p));
    const char *dir = est_test_dir(), *other = est_test_path("other");
    EST_CHECK_INT(est_plot_count(p), 8);
    check_series(p, 0, "loss", dir, "training", 2);
    check_series(p, 1, "loss", dir, "evaluation", 1);
    check_series(p, 2, "loss", dir, "evaluation old", 1);
    check_series(p, 3, "loss", other, "validation", 1);
    check_series(p, 4, "accuracy", dir, "evaluation", 1);
    check_series(p, 5, "learning_rate", dir, "training", 1);
    check_series(p, 6, "dnn/fraction", dir, "training", 1);
    check_series(p, 7, "global_step/sec", dir, "training", 1);
    EST_CHECK(est_plot_at(p, 8) == NULL);
    EST_CHECK_NEAR(est_plot_at(p, 0)->value[1], 3, 0);
    EST_CHECK_NEAR(est_plot_at(p, 0)->wall_time[1], 11, 0);
    EST_CHECK_INT(est_plot_at(p, 0)->step[1], 2);
    est_plot_free(p);
}

/* <run>/<stat>/<train|validation>, of which two lie beside each other. */
static void reads_the_training_loops_statistics(void)
{
    est_plot *p;
    WRITE("171/loss/train", "epoch_loss", { 10, 0, 4 }, { 11, 1, 3 });
    WRITE("171/loss/train", "batch_loss", { 10, 0, 4 });
    WRITE("171/loss/validation", "epoch_loss", { 10, 0, 4.5 });
    WRITE("171/accuracy/train", "epoch_accuracy", { 10, 0, 0.5 });
    WRITE("172/loss/train", "epoch_loss", { 10, 0, 4 });
    const char *paths[] = { est_test_path("171"), est_test_path("172") };
    EST_NEED_OK(est_plot_new((est_strings){ paths, 2 }, NULL, &p));
    EST_CHECK_INT(est_plot_count(p), 5);
    check_series(p, 0, "batch_loss", paths[0], "training", 1);
    check_series(p, 1, "epoch_loss", paths[0], "training", 2);
    check_series(p, 2, "epoch_loss", paths[0], "validation", 1);
    check_series(p, 3, "epoch_loss", paths[1], "training", 1);
    check_series(p, 4, "epoch_accuracy", paths[0], "training", 1);
    est_plot_free(p);
}

static void takes_what_was_written_again(void)
{
    est_plot *p;
    est__buffer first = { 0 }, second = { 0 };
    for (int i = 1; i <= 5; i++)
        add(&first, "loss", (row){ i, i, i }, false, NULL);
    for (int i = 4; i <= 6; i++)
        add(&second, "loss", (row){ 10 + i, i, 10 * i }, false, NULL);
    write_file("", "1000", &first);
    write_file("", "2000", &second);
    EST_NEED_OK(of_dir(NULL, &p));
    const est_plot_series *s = est_plot_at(p, 0);
    EST_CHECK_INT(s->count, 6);
    for (size_t i = 0; i < s->count; i++) {
        EST_CHECK_INT(s->step[i], i + 1);
        EST_CHECK_NEAR(s->value[i], i < 3 ? (double)(i + 1) : 10.0 * (double)(i + 1), 0);
    }
    est_plot_free(p);
}

static void reads_tensorflow_2(void)
{
    est_plot *p;
    est__buffer file = { 0 };
    add(&file, "epoch_loss", (row){ 1, 0, 0.5 }, true, "scalars");
    add(&file, "epoch_loss", (row){ 2, 1, 0.25 }, true, NULL);
    add(&file, "_hparams_/experiment", (row){ 1, 0, 0 }, true, "hparams");
    const char *path = write_file("train", "1.v2", &file);
    EST_NEED_OK(est_plot_new((est_strings){ &path, 1 }, NULL, &p));
    EST_CHECK_INT(est_plot_count(p), 1);
    check_series(p, 0, "epoch_loss", est_test_dir(), "training", 2);
    EST_CHECK_NEAR(est_plot_at(p, 0)->value[0], 0.5, 0);
    EST_CHECK_NEAR(est_plot_at(p, 0)->value[1], 0.25, 0);
    est_plot_free(p);
}

/* A tail that is cut, a byte that changed in the middle, a file of something else. */
static void passes_over_damage_and_says_so(void)
{
    est_plot *p;
    est__buffer file = { 0 };
    for (int i = 1; i <= 4; i++)
        add(&file, "loss", (row){ i, i, i }, false, NULL);
    size_t one = file.size / 4;
    file.size -= 3;
    const char *cut = write_file("", "1.cut", &file);
    for (int i = 1; i <= 4; i++)
        add(&file, "accuracy", (row){ i, i, i }, false, NULL);
    file.data[2 * (file.size / 4) + 20] ^= 1;
    const char *changed = write_file("", "2.changed", &file);
    est__buffer_text(&file, "no events at all, but long enough for a header of a record");
    const char *other = write_file("", "3.other", &file);
    EST_CHECK(one > 0);
    *log_text = 0;
    est_set_log(keep_log, NULL);
    est_status st = of_dir(NULL, &p);
    est_set_log(NULL, NULL);
    EST_NEED_OK(st);
    EST_CHECK_INT(est_plot_at(p, 0)->count, 3);
    EST_CHECK_INT(est_plot_at(p, 1)->count, 2);
    est_plot_free(p);
    const char *why = "it is damaged, or just being written; the rest is passed over";
    EST_CHECK_STR(log_text, est_test_text("%s: after 3 whole records %s\n%s: after 2 whole records %s\n%s: after 0 whole records %s\n", cut, why,
                                          changed, why, other, why));
}

static void says_what_is_wrong(void)
{
    est_plot *p;
    const char *none = est_test_path("none"), *text = EST_TEST_FILE("a.txt", "hello"), *dir = est_test_dir();
    EST_CHECK_FAILS(of_dir(NULL, &p), EST_NOT_FOUND,
                    est_test_text("%s: no event files with scalars are here, nor in folders below: is it the model_dir of a run that was trained?", dir));
    EST_CHECK(p == NULL);
    EST_CHECK_FAILS(est_plot_new((est_strings){ &none, 1 }, NULL, &p), EST_NOT_FOUND, est_test_text("%s: No such file or directory", none));
    EST_CHECK_FAILS(est_plot_new((est_strings){ &text, 1 }, NULL, &p), EST_INVALID_ARGUMENT,
                    est_test_text("%s: neither a folder nor an event file (events.out.tfevents.…)", text));
    EST_CHECK_FAILS(est_plot_new((est_strings){ 0 }, NULL, &p), EST_INVALID_ARGUMENT, "est_plot_new: paths: one at least is wanted");
    WRITE("", "loss", { 1, 1, 1 });
    WRITE("", "auc", { 1, 1, 1 });
    EST_CHECK_FAILS(of_dir(&(est_plot_options){ .tags = EST_STRINGS("loss", "^a$") }, &p), EST_NOT_FOUND,
                    "no tag is '^a$', nor matches it; there are loss, auc");
    EST_CHECK_FAILS(of_dir(&(est_plot_options){ .tags = EST_STRINGS("(") }, &p), EST_INVALID_ARGUMENT,
                    "tags '(' is no regular expression: Unmatched ( or \\(");
    EST_CHECK_FAILS(of_dir(&(est_plot_options){ .smoothing = 1 }, &p), EST_INVALID_ARGUMENT, "smoothing is 1; it must be from 0 to below 1");
    EST_CHECK_FAILS(of_dir(&(est_plot_options){ .width = 10 }, &p), EST_INVALID_ARGUMENT, "width is 10; it must be from 24 to 1000");
    EST_CHECK_FAILS(of_dir(&(est_plot_options){ .height = 2 }, &p), EST_INVALID_ARGUMENT, "height is 2; it must be from 3 to 500");
}

static void chooses_tags(void)
{
    est_plot *p;
    WRITE("", "loss", { 1, 1, 1 });
    WRITE("", "average_loss", { 1, 1, 1 });
    WRITE("", "auc", { 1, 1, 1 });
    EST_NEED_OK(of_dir(&(est_plot_options){ .tags = EST_STRINGS("loss") }, &p));
    EST_CHECK_INT(est_plot_count(p), 1);
    est_plot_free(p);
    EST_NEED_OK(of_dir(&(est_plot_options){ .tags = EST_STRINGS("age", "^a.c$") }, &p));
    EST_CHECK_INT(est_plot_count(p), 2);
    EST_CHECK_STR(est_plot_at(p, 0)->tag, "average_loss");
    EST_CHECK_STR(est_plot_at(p, 1)->tag, "auc");
    est_plot_free(p);
}

/* TensorBoard's numbers for 1, 3, NaN, 2 with a weight of a half: 1, (0.5 + 1.5 + 0.25 - 0.25...) by hand. */
static void smooths_as_tensorboard(void)
{
    est_plot *p;
    WRITE("", "loss", { 1, 1, 1 }, { 2, 2, 3 }, { 3, 3, NAN }, { 4, 4, 2 });
    WRITE("", "same", { 1, 1, 2 }, { 2, 2, 2 });
    EST_NEED_OK(of_dir(&(est_plot_options){ .smoothing = 0.5 }, &p));
    const double *v = est_plot_at(p, 0)->smoothed;
    EST_CHECK_NEAR(v[0], 1, 1e-12);                      /* 0.5 / 0.5 */
    EST_CHECK_NEAR(v[1], 1.75 / 0.75, 1e-12);            /* 0.25 + 1.5 */
    EST_CHECK(isnan(v[2]));
    EST_CHECK_NEAR(v[3], 1.875 / 0.875, 1e-12);          /* 0.875 + 1 */
    EST_CHECK_NEAR(est_plot_at(p, 1)->smoothed[1], 2, 0);
    est_plot_free(p);
}

/* ---- axes ---- */

static void marks_are_round(void)
{
    char text[EST__AXIS_TEXT];
    EST_CHECK_NEAR(est__axis_step(1, 5), 0.2, 1e-12);
    EST_CHECK_NEAR(est__axis_step(730, 5), 100, 1e-9);
    EST_CHECK_NEAR(est__axis_time_step(600, 6), 120, 0);
    EST_CHECK_NEAR(est__axis_time_step(0.6, 6), 0.1, 1e-12);
    EST_CHECK_NEAR(est__axis_time_step(86400 * 60, 6), 86400 * 10, 0);
    est__axis_number(text, 0.30000000000000004, 0.1);
    EST_CHECK_STR(text, "0.3");
    est__axis_number(text, 1e-17, 0.1);
    EST_CHECK_STR(text, "0");
    est__axis_number(text, 2500000, 500000);
    EST_CHECK_STR(text, "2.5M");
    est__axis_number(text, 3e-9, 1e-9);
    EST_CHECK_STR(text, "3e-09");
    est__axis_number(text, 1000, 100);
    EST_CHECK_STR(text, "1000");
    est__axis_duration(text, 45, 15);
    EST_CHECK_STR(text, "45s");
    est__axis_duration(text, 90, 30);
    EST_CHECK_STR(text, "1:30");
    est__axis_duration(text, 7200, 3600);
    EST_CHECK_STR(text, "2h");
    est__axis_duration(text, 900, 900);
    EST_CHECK_STR(text, "15m");
    est__axis_duration(text, 4500, 900);
    EST_CHECK_STR(text, "1h15m");
    est__axis_duration(text, 3720, 5);
    EST_CHECK_STR(text, "1:02:00");
    est__axis_duration(text, 3 * 86400, 86400);
    EST_CHECK_STR(text, "3d");
    est__range r = { 0.31, 0.97 };
    EST_CHECK_NEAR(est__axis_rows(&r, 8, false), 0.2, 1e-12);
    EST_CHECK(r.least <= 0.31 && r.most >= 0.97);
    EST_CHECK_NEAR(remainder(r.least + (r.most - r.least) / 7.75 * 0.375, 0.1), 0, 1e-9);   /* the middle of the last row */
}

/* ---- pictures ---- */

static void check_picture(const est_plot_options *o, const char *wanted)
{
    est_plot *p;
    char *text;
    EST_NEED_OK(of_dir(o, &p));
    if (EST_CHECK_OK(est_plot_text(p, EST_PLOT_PICTURE, &text)))
        EST_CHECK_STR(text, wanted);
    est_text_free(text);
    est_plot_free(p);
}

static void draws_in_braille(void)
{
    WRITE("", "loss", { 1, 0, 4 }, { 2, 10, 2 }, { 3, 20, 1 }, { 4, 30, 0.5 }, { 5, 40, 0.25 });
    WRITE("eval", "loss", { 1, 20, 2 }, { 2, 40, 1 });
    check_picture(&(est_plot_options){ .width = 30, .height = 6 },
                  "loss  by step\n"
                  "  │\n"
                  "4 ┤⠢⢄⡀\n"
                  "  │  ⠈⠒⢄⡀\n"
                  "2 ┤     ⠈⠑⠢⠤⢄⣀  ⠐⠒⠢  ⢄⣀\n"
                  "  │           ⠉⠉⠒⠒⠢⠤⠤⢄⣀⣀⣀⣉⡉  ⠒\n"
                  "0 ┤                       ⠈⠉⠉⠉\n"
                  "  └┬────────────┬────────────┬\n"
                  "   0           20           40\n"
                  "   ── training 0.25\n"
                  "   ╌╌ evaluation 1\n");
}

static void draws_in_ascii(void)
{
    WRITE("", "l\303\266ss\033[1m", { 1, 0, 4 }, { 2, 10, 2 }, { 3, 20, 1 }, { 4, 30, NAN }, { 5, 40, 0.25 });
    check_picture(&(est_plot_options){ .width = 30, .height = 6, .ascii = true },
                  "l??ss?[1m  by step\n"
                  "  |\n"
                  "4 +**\n"
                  "  |  ****\n"
                  "2 +      ****\n"
                  "  |          ****            *\n"
                  "0 +\n"
                  "  ++------------+------------+\n"
                  "   0           20           40\n"
                  "   ** training 0.25 (1 left out)\n");
}

static void draws_in_colours(void)
{
    WRITE("", "loss", { 1, 0, 4 }, { 2, 10, 2 });
    WRITE("eval", "loss", { 1, 10, 3 });
    check_picture(&(est_plot_options){ .width = 24, .height = 3, .colours = true },
                  "\033[1mloss\033[0m\033[2m  by step\033[0m\n"
                  "4 \033[2m┤\033[0m\033[38;5;68m⠒⠢⠤⠤⣀⣀⡀\033[0m\n"
                  "  \033[2m│\033[0m      \033[38;5;68m⠈⠉⠉⠒⠒⠒⠤⠤⢄⣀⣀   \033[38;5;208m⠺\033[0m\n"
                  "2 \033[2m┤\033[0m                 \033[38;5;68m⠉⠉⠑⠒\033[0m\n"
                  "  \033[2m└┬─────────┬─────────┬\033[0m\n"
                  "   0         5        10\n"
                  "   \033[38;5;68m──\033[0m training 2\n"
                  "   \033[38;5;208m──\033[0m evaluation 3\n");
}

/* A phase of a run has one colour in all fields. */
static void colours_stay(void)
{
    est_plot *p;
    char *text;
    WRITE("", "loss", { 1, 0, 4 }, { 2, 10, 2 });
    WRITE("eval", "loss", { 1, 10, 3 });
    WRITE("eval", "auc", { 1, 10, 3 });
    EST_NEED_OK(of_dir(&(est_plot_options){ .colours = true }, &p));
    EST_NEED_OK(est_plot_text(p, EST_PLOT_PICTURE, &text));
    const char *auc = strstr(text, "auc");
    EST_CHECK(auc && strstr(auc, "\033[38;5;208m\342\224\200\342\224\200\033[0m evaluation 3") != NULL);
    EST_CHECK(auc && strstr(auc, "\033[38;5;68m") == NULL);
    est_text_free(text);
    est_plot_free(p);
}

static void draws_on_a_logarithmic_scale(void)
{
    WRITE("", "loss", { 1, 0, 1000 }, { 2, 10, 1 }, { 3, 20, 0 }, { 4, 30, 10 }, { 5, 40, 10 });
    check_picture(&(est_plot_options){ .width = 30, .height = 7, .log_scale = true, .ascii = true },
                  "loss  by step\n"
                  "1000 +*\n"
                  "     | *\n"
                  " 100 +  *\n"
                  "     |   *\n"
                  "  10 +    *            *******\n"
                  "     |     *\n"
                  "   1 +      *\n"
                  "     ++-----------+----------+\n"
                  "      0          20         40\n"
                  "      ** training 10 (1 left out)\n");
}

static void draws_over_time(void)
{
    setenv("TZ", "UTC-5:30", 1);
    tzset();
    WRITE("", "loss", { 1.7e9, 0, 1 }, { 1.7e9 + 3600, 10, 2 });
    check_picture(&(est_plot_options){ .width = 60, .height = 3, .x = EST_PLOT_TIME, .ascii = true },
                  "loss  by time\n"
                  "2 +                                          ***************\n"
                  "  |              ****************************\n"
                  "1 +**************\n"
                  "  +--+-------------+-------------+-------------+------------\n"
                  "   03:45         04:00         04:15         04:30\n"
                  "   ** training 2\n");
    check_picture(&(est_plot_options){ .width = 60, .height = 3, .x = EST_PLOT_RELATIVE, .ascii = true },
                  "loss  by time since the start\n"
                  "2 +                                          ***************\n"
                  "  |              ****************************\n"
                  "1 +**************\n"
                  "  ++-------------+-------------+-------------+-------------+\n"
                  "   0            15m           30m           45m           1h\n"
                  "   ** training 2\n");
    unsetenv("TZ");
    tzset();
}

static void writes_json(void)
{
    est_plot *p;
    char *text;
    WRITE("", "lo\"ss", { 1.5, 1, 0.1 }, { 2, 2, INFINITY }, { 3, 3, NAN });
    EST_NEED_OK(of_dir(&(est_plot_options){ .smoothing = 0.5 }, &p));
    EST_NEED_OK(est_plot_text(p, EST_PLOT_JSON, &text));
    EST_CHECK_STR(text, est_test_text("{\"series\": [\n{\"tag\": \"lo\\\"ss\", \"run\": \"%s\", \"phase\": \"training\", \"step\": [1, 2, 3], "
                                      "\"wall_time\": [1.5, 2, 3], \"value\": [0.1, Infinity, NaN], \"smoothed\": [0.1, Infinity, NaN]}]}\n",
                                      est_test_dir()));
    est_text_free(text);
    EST_CHECK_FAILS(est_plot_text(p, (est_plot_form)9, &text), EST_INVALID_ARGUMENT, "there is no form 9 of a plot");
    est_plot_free(p);
}

/* Peaks stay when points are left out, and no tag ends the script. */
static void writes_a_page(void)
{
    est_plot *p;
    char *text;
    est__buffer file = { 0 };
    for (int i = 0; i < 5000; i++)
        add(&file, "</script>", (row){ i, i, i == 3333 ? 777.5 : i % 2 }, false, NULL);
    write_file("", "1", &file);
    EST_NEED_OK(of_dir(NULL, &p));
    EST_NEED_OK(est_plot_text(p, EST_PLOT_HTML, &text));
    HAS(text, "777.5");
    HAS(text, "\"tag\": \"\\u003c/script>\"");
    HAS(text, ", 4999], \"wall_time\"");
    EST_CHECK(strlen(text) < 100000);
    EST_CHECK(strstr(strstr(text, "</script>") + 1, "</script>") == NULL);
    EST_CHECK(strstr(text, "http") == NULL || strstr(text, "src=") == NULL);
    est_text_free(text);
    est_plot_free(p);
}

static void survives_the_end_of_memory(void)
{
    est_plot *p;
    char *text = NULL;
    WRITE("", "loss", { 1, 1, 1 }, { 2, 2, 2 });
    WRITE("eval", "loss", { 1, 2, 1 });
    est_test_fail_allocation(0);
    EST_NEED_OK(of_dir(NULL, &p));
    int64_t n = est_test_fail_allocation(0);
    est_plot_free(p);
    for (int64_t i = 1; i <= n; i++) {
        est_test_fail_allocation(i);
        est_status st = of_dir(NULL, &p);
        est_test_fail_allocation(0);
        EST_CHECK(st == EST_OK ? p != NULL : st == EST_RESOURCE_EXHAUSTED && p == NULL);
        est_plot_free(p);
    }
    EST_NEED_OK(of_dir(NULL, &p));
    for (int form = 0; form < 3; form++)
        for (int64_t i = 1; i < 12; i++) {
            est_test_fail_allocation(i);
            est_status st = est_plot_text(p, (est_plot_form)form, &text);
            est_test_fail_allocation(0);
            EST_CHECK(st == EST_OK ? text != NULL : st == EST_RESOURCE_EXHAUSTED && text == NULL);
            est_text_free(text);
        }
    est_plot_free(p);
}

EST_SUITE(experiment_plot, EST_TEST(tells_training_from_evaluations), EST_TEST(reads_the_training_loops_statistics),
          EST_TEST(takes_what_was_written_again), EST_TEST(reads_tensorflow_2), EST_TEST(passes_over_damage_and_says_so),
          EST_TEST(says_what_is_wrong), EST_TEST(chooses_tags), EST_TEST(smooths_as_tensorboard), EST_TEST(marks_are_round),
          EST_TEST(draws_in_braille), EST_TEST(draws_in_ascii), EST_TEST(draws_in_colours), EST_TEST(colours_stay), EST_TEST(draws_on_a_logarithmic_scale),
          EST_TEST(draws_over_time), EST_TEST(writes_json), EST_TEST(writes_a_page), EST_TEST(survives_the_end_of_memory));
