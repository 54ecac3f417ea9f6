/* The callbacks that are there: what they write, set and end. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/event.h"
#include "loop/lines.h"
#include "support/est_test.h"

static const int four = 4, two = 2;

/* A loop over four points and two, trained for two epochs. */
static est_status train(est_training_loop_options o, est_loop_callback_list callbacks, est_training_loop **out)
{
    est_status st = lines_loop(o, &four, &two, EST_OFF, out);
    return st == EST_OK ? est_training_loop_fit(*out, &(est_fit_options){ .model = lines_model, .epochs = 2, .callbacks = callbacks }) : st;
}

static const char *content(const char *path)
{
    static char text[8192];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return text;
}

/* ---- progress ---- */

static void append(const char *text, void *user)
{
    strcat(user, text);
}

/* With a rate of 0 the line stays at 0: the losses are those of y = 1, 3, 5, 7. */
#define TRAINING_LINE "\r1/2 [===>..] - loss: 5.0000\r2/2 [======] - loss: 21.0000\n"
#define VALIDATION_LINE "\r1/1 [======] - loss: 5.0000"

static void shows_progress(void)
{
    char text[2048] = "";
    est_loop_callback *c;
    est_training_loop *l = NULL;
    EST_NEED_OK(est_progress_printer_new(&(est_progress_printer_options){ .write = append, .user = text, .length = 6 }, &c));
    EST_CHECK_OK(train((est_training_loop_options){ 0 }, EST_LOOP_CALLBACKS(c), &l));
    EST_CHECK_STR(text, "Epoch 1/2\n" TRAINING_LINE VALIDATION_LINE "\nEpoch 2/2\n" TRAINING_LINE VALIDATION_LINE "\n");
    est_training_loop_free(l);
    est_loop_callback_free(c);
    EST_CHECK_FAILS(est_progress_printer_new(&(est_progress_printer_options){ 0 }, &c), EST_INVALID_ARGUMENT,
                    "est_progress_printer_new: it takes fd or write, one of the two");
    /* into a file descriptor, without statistics before the last batch */
    const char *path = est_test_path("progress");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    EST_NEED(fd > 0);
    EST_CHECK_OK(train((est_training_loop_options){ .progress_fd = fd, .report_trigger = EST_END_OF_EPOCH }, (est_loop_callback_list){ 0 }, &l));
    close(fd);
    EST_CHECK(strncmp(content(path), "Epoch 1/2\n\r1/2 [===============>..............]\r2/2 [==============================] - loss: 21.0000\n\r1/1 [", 105) == 0);
    est_training_loop_free(l);
}

/* ---- CSV ---- */

static void logs_csv(void)
{
    const char *path = est_test_path("deep/er/log.csv");
    est_loop_callback *c;
    est_training_loop *l = NULL;
    EST_CHECK_FAILS(est_csv_logger_new("log.txt", &c), EST_INVALID_ARGUMENT,
                    "est_csv_logger_new: the file is 'log.txt'; its name must end with .csv");
    EST_NEED_OK(est_csv_logger_new(path, &c));
    EST_CHECK_OK(train((est_training_loop_options){ .metrics = EST_LOOP_METRICS(est_loop_metric_perplexity()) }, EST_LOOP_CALLBACKS(c), &l));
    EST_CHECK_STR(content(path), "epoch, batch, loss, perplexity\n"
                                 "1/2, 1/2, 5, 148.41316\n1/2, 2/2, 21, 1.3188157e+09\n1/2, 1/1, 5, 148.41316\n"
                                 "2/2, 1/2, 5, 148.41316\n2/2, 2/2, 21, 1.3188157e+09\n2/2, 1/1, 5, 148.41316\n");
    est_training_loop_free(l);
    est_loop_callback_free(c);
    EST_NEED_OK(est_csv_logger_new(path, &c));    /* empties it */
    EST_CHECK_STR(content(path), "");
    est_loop_callback_free(c);
}

/* A disk that is full ends the fit. */
static void full_disk(void)
{
    est_loop_callback *c;
    est_training_loop *l = NULL;
    const char *path = est_test_path("full.csv");
    if (symlink("/dev/full", path) != 0 || access("/dev/full", W_OK) != 0)
        return;
    EST_NEED_OK(est_csv_logger_new(path, &c));
    EST_CHECK_FAILS(train((est_training_loop_options){ 0 }, EST_LOOP_CALLBACKS(c), &l), EST_RESOURCE_EXHAUSTED,
                    est_test_text("callback 'csv' at batchEnd: %s: No space left on device", path));
    est_training_loop_free(l);
    est_loop_callback_free(c);
}

/* ---- schedules ---- */

static void check_rate(est_schedule_segments s, int64_t total, int64_t step, double wanted)
{
    double rate = -1;
    EST_CHECK_OK(est_schedule_segments_rate(s, total, step, &rate));
    EST_CHECK_NEAR(rate, wanted, 1e-12);
}

static double square(double x, void *user)
{
    (void)user;
    return 3 + x * x;
}

static void schedules(void)
{
    double rate;
    /* the reference's example: up over steps 0 to 9, down over 9 to 99 */
    est_schedule_segments s = EST_SCHEDULE_SEGMENTS({ .end_rate = 1, .step_count = 10 }, { .end_rate = 0 });
    for (int step = 0; step < 100; step++)
        check_rate(s, 100, step, step <= 9 ? step / 9.0 : 1 - (step - 9) / 90.0);
    EST_CHECK_FAILS(est_schedule_segments_rate(s, 100, 100, &rate), EST_OUT_OF_RANGE, "step 100 is not within a schedule of 100 steps");
    EST_CHECK_FAILS(est_schedule_segments_rate(s, 9, 0, &rate), EST_INVALID_ARGUMENT,
                    "segments: those before the last take more than all 9 steps");
    /* a start of its own: the shared step is the older segment's; a single step says where the next one begins */
    s = EST_SCHEDULE_SEGMENTS({ .starts = true, .start_rate = 2, .end_rate = 4, .step_count = 3 }, { .starts = true, .start_rate = 10, .step_count = 1 },
                              { .shape = "cosine", .end_rate = 0, .step_count = 5 }, { .starts = true, .start_rate = 0.5, .shape = "constant" });
    static const double wanted[] = { 2, 3, 4, 8.535533905932738, 5, 1.4644660940672627, 0, 0.5, 0.5 };
    for (int step = 0; step < 9; step++)
        check_rate(s, 9, step, wanted[step]);
    s = EST_SCHEDULE_SEGMENTS({ .curve = square, .starts = true, .start_rate = 1, .end_rate = 5 });
    for (int step = 0; step < 5; step++)
        check_rate(s, 5, step, 1 + 4 * (step / 4.0) * (step / 4.0));
    check_rate(EST_SCHEDULE_SEGMENTS({ .end_rate = 5 }), 1, 0, 0);
    EST_CHECK_FAILS(est_schedule_segments_rate(EST_SCHEDULE_SEGMENTS({ .shape = "cosinus" }), 5, 0, &rate), EST_INVALID_ARGUMENT,
                    "segments[0]: there is no shape 'cosinus'; did you mean 'cosine'?");
    EST_CHECK_FAILS(est_schedule_segments_rate(EST_SCHEDULE_SEGMENTS({ .end_rate = 1 }, { .end_rate = 2 }), 5, 0, &rate), EST_INVALID_ARGUMENT,
                    "segments[0]: step_count is 0; all but the last have one");
}

/* The rates of all training batches of a fit. */
static est_status note_rate(est_training_loop *l, est_loop_event event, void *user)
{
    double **at = user, rate;
    if (event == EST_UPDATE_START && est_training_loop_learning_rate(l, &rate) == EST_OK)
        *(*at)++ = rate;
    return EST_OK;
}

static double twice(int64_t step, int64_t total, void *user)
{
    (void)user;
    return (double)step * 2 + (double)total;
}

/* `count` rates of two epochs of two batches each. */
static void check_rates(est_learning_rate_scheduler_options o, const double *wanted)
{
    double rates[8] = { 0 }, *at = rates;
    est_loop_callback *c, *d;
    est_training_loop *l = NULL;
    EST_NEED_OK(est_learning_rate_scheduler_new(&o, &c));
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = note_rate, .user = &at }, &d));
    EST_CHECK_OK(train((est_training_loop_options){ 0 }, EST_LOOP_CALLBACKS(c, d), &l));
    for (int i = 0; i < 4; i++)
        EST_CHECK_NEAR(rates[i], wanted[i], 1e-6 * fabs(wanted[i]));
    est_training_loop_free(l);
    est_loop_callback_free(c);
    est_loop_callback_free(d);
}

static void schedulers(void)
{
    est_schedule_segments s = EST_SCHEDULE_SEGMENTS({ .end_rate = 0.5, .step_count = 2 }, { .end_rate = 0 });
    est_loop_callback *c;
    check_rates((est_learning_rate_scheduler_options){ .segments = s }, (const double[]){ 0, 0.5, 0.25, 0 });
    check_rates((est_learning_rate_scheduler_options){ .schedule = twice }, (const double[]){ 4, 6, 8, 10 });
    /* Adam's correction, t from 1 on; and the one that was released */
    double right[4], literal[4];
    for (int t = 0; t < 4; t++) {
        right[t] = (4 + 2 * t) * sqrt(1 - pow(0.999, t + 1)) / (1 - pow(0.9, t + 1));
        literal[t] = (4 + 2 * t) * sqrt(1 - pow(0.999, t)) / (0.9 - pow(0.999, t));
    }
    EST_CHECK_NEAR(literal[1] / 6, -0.3194, 1e-4);
    check_rates((est_learning_rate_scheduler_options){ .schedule = twice, .bias_correction = EST_FLOATS(0.9, 0.999) }, right);
    check_rates((est_learning_rate_scheduler_options){ .schedule = twice, .bias_correction = EST_FLOATS(0.9, 0.999), .literal_bias_correction = true },
                literal);
    EST_CHECK_FAILS(est_learning_rate_scheduler_new(&(est_learning_rate_scheduler_options){ 0 }, &c), EST_INVALID_ARGUMENT,
                    "est_learning_rate_scheduler_new: it takes segments or schedule, one of the two");
    EST_CHECK_FAILS(est_learning_rate_scheduler_new(&(est_learning_rate_scheduler_options){ .segments = s, .bias_correction = EST_FLOATS(1) }, &c),
                    EST_INVALID_ARGUMENT, "est_learning_rate_scheduler_new: bias_correction has 1 numbers; it takes beta_1 and beta_2");
}

/* ---- TensorBoard ---- */

/* The only entry of a folder. */
static const char *only(const char *dir)
{
    static char name[256];
    struct dirent **list;
    int n = scandir(dir, &list, NULL, alphasort), found = 0;
    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s", list[i]->d_name);
            found++;
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    EST_CHECK_INT(found, 1);
    return name;
}

/* "tag@step=value …" of the one event file in a folder. */
static const char *events_of(const char *dir)
{
    static char text[1024];
    est__event_reader *r;
    est__event_scalar s;
    const Tensorflow__Event *e;
    const char *path = est_test_text("%s/%s", dir, only(dir));
    *text = '\0';
    if (!EST_CHECK_OK(est__event_open(path, &r)))
        return text;
    EST_CHECK_OK(est__event_next(r, &e));
    EST_CHECK_STR(e->file_version, "brain.Event:2");
    while (est__event_next_scalar(r, &s) == EST_OK)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s@%lld=%g", *text ? " " : "", s.tag, (long long)s.step, (double)s.value);
    est__event_close(r);
    return text;
}

static void logs_for_tensorboard(void)
{
    const char *root = est_test_path("stats");
    est_loop_callback *c;
    est_training_loop *l = NULL;
    EST_NEED_OK(est_tensorboard_statistics_logger_new(root, &c));
    EST_CHECK_OK(train((est_training_loop_options){ 0 }, EST_LOOP_CALLBACKS(c), &l));
    const char *run = est_test_text("%s/%s", root, only(root));
    EST_CHECK_STR(only(run), "loss");
    EST_CHECK_STR(events_of(est_test_text("%s/loss/train", run)),
                  "batch_loss@0=5 batch_loss@1=21 epoch_loss@0=21 batch_loss@2=5 batch_loss@3=21 epoch_loss@1=21");
    EST_CHECK_STR(events_of(est_test_text("%s/loss/validation", run)), "epoch_loss@0=5 epoch_loss@1=5");
    est_training_loop_free(l);
    est_loop_callback_free(c);
    root = est_test_path("ends");
    EST_NEED_OK(est_tensorboard_statistics_logger_new(root, &c));
    EST_CHECK_OK(train((est_training_loop_options){ .report_trigger = EST_END_OF_EPOCH }, EST_LOOP_CALLBACKS(c), &l));
    EST_CHECK_STR(events_of(est_test_text("%s/%s/loss/train", root, only(root))), "epoch_loss@0=21 epoch_loss@1=21");
    est_training_loop_free(l);
    est_loop_callback_free(c);
}

/* ---- the early stop ---- */

/* The statistic that an epoch comes to, in place of its own. */
static est_status pretend(est_training_loop *l, est_loop_event event, void *user)
{
    const double *values = user;
    static const char *const name = "accuracy";
    if (event != EST_VALIDATION_END)
        return EST_OK;
    return est_training_loop_set_last_stats(l, &(est_results){ 1, &name, &values[est_training_loop_epoch_index(l)] });
}

/* After how many epochs a fit of eight ends; the model that it ends with is that of `best` (0: as it is). */
static void check_stop(est_early_stop_options o, const double *values, int epochs, int best)
{
    est_loop_callback *c, *d;
    est_training_loop *l;
    double kernel[9] = { 0 };
    EST_NEED_OK(est_loop_callback_new(&(est_loop_callback_options){ .call = pretend, .user = (void *)(uintptr_t)values }, &c));
    EST_NEED_OK(est_early_stop_new(&o, &d));
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, &two, 0.125, &l));
    for (int i = 1; i <= epochs; i++) {
        EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));
        kernel[i] = lines_value(l, "line/kernel");
    }
    est_training_loop_free(l);
    EST_NEED_OK(lines_loop((est_training_loop_options){ 0 }, &two, &two, 0.125, &l));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model, .epochs = 8, .callbacks = EST_LOOP_CALLBACKS(c, d) }));
    EST_CHECK_INT(est_training_loop_global_step(l), epochs);
    EST_CHECK_NEAR(lines_value(l, "line/kernel"), kernel[best ? best : epochs], 0);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    est_loop_callback_free(d);
}

static void stops_early(void)
{
    static const double values[] = { 0.5, 0.7, 0.6, 0.72, 0.71, 0.72, 0.7, 0.9 };
    est_training_loop *l = NULL;
    est_loop_callback *c;
    check_stop((est_early_stop_options){ .statistic = "accuracy", .higher_is_better = true }, values, 3, 0);
    check_stop((est_early_stop_options){ .statistic = "accuracy", .higher_is_better = true, .patience = 1 }, values, 6, 0);
    check_stop((est_early_stop_options){ .statistic = "accuracy", .higher_is_better = true, .patience = 2, .restore_best = true }, values, 7, 4);
    check_stop((est_early_stop_options){ .statistic = "accuracy", .higher_is_better = true, .patience = 2, .min_delta = 0.05, .restore_best = true },
               values, 5, 2);
    check_stop((est_early_stop_options){ .statistic = "accuracy", .patience = 7, .restore_best = true }, values, 8, 1);
    EST_NEED_OK(est_early_stop_new(&(est_early_stop_options){ .statistic = "lose" }, &c));
    EST_CHECK_FAILS(train((est_training_loop_options){ 0 }, EST_LOOP_CALLBACKS(c), &l), EST_NOT_FOUND,
                    "callback 'early stop' at epochEnd: there is no statistic 'lose'; did you mean 'loss'?");
    est_training_loop_free(l);
    est_loop_callback_free(c);
}

/* ---- statistics ---- */

static bool never(const est_training_loop *l, est_loop_event event, void *user)
{
    (void)l, (void)event, (void)user;
    return false;
}

static bool at_fit_end(const est_training_loop *l, est_loop_event event, void *user)
{
    (void)l, (void)user;
    return event == EST_FIT_END;
}

/* A recorder of one's own, in place of the loop's: it counts all batches of a fit, and tells at its end. */
static void records(void)
{
    est_loop_callback *c;
    est_training_loop *l = NULL;
    EST_CHECK_FAILS(est_statistics_recorder_new(&(est_statistics_recorder_options){ 0 }, &c), EST_INVALID_ARGUMENT,
                    "est_statistics_recorder_new: metrics are needed");
    est_statistics_recorder_options o = { .metrics = EST_LOOP_METRICS(est_loop_metric_loss()), .should_compute = at_fit_end };
    EST_NEED_OK(est_statistics_recorder_new(&o, &c));
    EST_CHECK_OK(train((est_training_loop_options){ .no_default_callbacks = true }, EST_LOOP_CALLBACKS(c), &l));
    const est_results *stats = est_training_loop_last_stats(l);
    EST_CHECK(stats && stats->count == 1 && stats->value[0] == 5);   /* of the last validation */
    /* other metrics, from the next phase on */
    EST_CHECK_OK(est_training_loop_set_metrics(l, EST_LOOP_METRICS(est_loop_metric_perplexity())));
    EST_CHECK(est_graph_variable(est_training_loop_graph(l), "line/kernel") != NULL);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    o.should_reset = o.should_accumulate = never;
    EST_NEED_OK(est_statistics_recorder_new(&o, &c));   /* which never begins */
    EST_CHECK_OK(train((est_training_loop_options){ .no_default_callbacks = true }, EST_LOOP_CALLBACKS(c), &l));
    EST_CHECK(est_training_loop_last_stats(l) == NULL);
    est_training_loop_free(l);
    est_loop_callback_free(c);
    EST_CHECK_OK(train((est_training_loop_options){ 0 }, (est_loop_callback_list){ 0 }, &l));
    EST_CHECK_OK(est_training_loop_set_metrics(l, EST_LOOP_METRICS(est_loop_metric_perplexity())));
    EST_CHECK_OK(est_training_loop_fit(l, &(est_fit_options){ .model = lines_model }));
    stats = est_training_loop_last_stats(l);
    EST_CHECK(stats && stats->count == 2);
    EST_CHECK_NEAR(stats ? stats->value[1] : 0, exp(5), 1e-9);
    est_training_loop_free(l);
}

/* ---- memory ---- */

/* All that is there, in one fit. */
static est_status everything(const char *dir)
{
    est_loop_callback *c[5] = { NULL };
    est_training_loop *l = NULL;
    const char *log = est_test_text("%s/log.csv", dir), *stats = est_test_text("%s/stats", dir), *model = est_test_text("%s/model", dir);
    est_schedule_segments segments = EST_SCHEDULE_SEGMENTS({ .shape = "cosine", .end_rate = 0.1 });
    est_status st = est_csv_logger_new(log, &c[0]);
    if (st == EST_OK)
        st = est_tensorboard_statistics_logger_new(stats, &c[1]);
    if (st == EST_OK)
        st = est_learning_rate_scheduler_new(&(est_learning_rate_scheduler_options){ .segments = segments }, &c[2]);
    if (st == EST_OK)
        st = est_early_stop_new(&(est_early_stop_options){ .patience = 5, .restore_best = true }, &c[3]);
    if (st == EST_OK)
        st = est_loop_checkpoint_new(&(est_loop_checkpoint_options){ .directory = model }, &c[4]);
    if (st == EST_OK)
        st = train((est_training_loop_options){ .metrics = EST_LOOP_METRICS(est_loop_metric_perplexity()) }, (est_loop_callback_list){ c, 5 }, &l);
    est_training_loop_free(l);
    for (int i = 0; i < 5; i++)
        est_loop_callback_free(c[i]);
    return st;
}

static void memory_ends(void)
{
    int failed = 0;
    est_test_fail_allocation(0);
    EST_CHECK_OK(everything(est_test_path("all")));
    int64_t all = est_test_fail_allocation(0);
    for (int64_t n = 1; n < all; n += 1 + n / 20) {
        const char *dir = est_test_path(est_test_text("%lld", (long long)n));
        est_test_fail_allocation(n);
        est_status st = everything(dir);
        est_test_fail_allocation(0);
        failed += st != EST_OK;
        EST_CHECK(st == EST_OK || st == EST_RESOURCE_EXHAUSTED);
    }
    EST_CHECK(failed > 20);
}

EST_SUITE(loop_built_in, EST_TEST(records), EST_TEST(memory_ends), EST_TEST(shows_progress), EST_TEST(logs_csv), EST_TEST(full_disk), EST_TEST(schedules), EST_TEST(schedulers),
          EST_TEST(logs_for_tensorboard), EST_TEST(stops_early));
