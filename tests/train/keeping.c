/* What a run configuration says of checkpoints that stay, of graph.pbtxt and of devices. */
#include <estimator/estimator.h>

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "base/base.h"
#include "formats/checkpoint_state.h"
#include "support/est_test.h"
#include "train/small.h"

static est_estimator *new_of(const est_run_config *config)
{
    est_estimator *e = NULL;
    est_columns *c = est_columns_new();
    est_linear_classifier_options options = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)) };
    EST_CHECK_OK(est_linear_classifier_new(&options, config, &e));
    est_columns_free(c);
    return e;
}

static est_status train_to(int64_t step, double hours)
{
    est_estimator *e = new_of(&(est_run_config){ .model_dir = est_test_path("m"), .save_checkpoints_steps = 100, .num_threads = 1,
                                                 .keep_checkpoint_max = 1, .keep_checkpoint_every_n_hours = hours });
    est_status st = est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = step }), NULL);
    est_estimator_free(e);
    return st;
}

static double mark(void)
{
    est__checkpoint_state s;
    EST_CHECK_OK(est__checkpoint_state_read(est_test_path("m"), &s));
    double at = s.last_preserved_timestamp;
    est__checkpoint_state_free(&s);
    return at;
}

static bool is_there(int step)
{
    return est__is_file(est_test_path(est_test_text("m/model.ckpt-%d.index", step))) &&
           est__is_file(est_test_path(est_test_text("m/model.ckpt-%d.data-00000-of-00001", step)));
}

/* As if it had been saved so many hours after `from`. */
static void saved_at(int step, double from, double hours)
{
    double t = floor(from + hours * 3600);
    struct timespec times[2] = { { .tv_sec = (time_t)t }, { .tv_sec = (time_t)t } };
    EST_CHECK_INT(utimensat(AT_FDCWD, est_test_path(est_test_text("m/model.ckpt-%d.index", step)), times, 0), 0);
}

/* TensorFlow's Saver: one that goes, and was saved after the next mark, stays, and the mark moves on by so many hours. */
static void one_in_five_hours(void)
{
    EST_CHECK_OK(train_to(1, 5));
    EST_CHECK(!is_there(0) && is_there(1));
    double from = mark();
    EST_CHECK(fabs(from - est__wall_time()) < 600);
    saved_at(1, from, 6);
    EST_CHECK_OK(train_to(2, 5));
    EST_CHECK(is_there(1) && is_there(2));
    EST_CHECK_NEAR(mark(), from + 5 * 3600, 0.01);
    saved_at(2, from, 9);
    EST_CHECK_OK(train_to(3, 5));
    EST_CHECK(is_there(1) && !is_there(2) && is_there(3));
    saved_at(3, from, 11);
    EST_CHECK_OK(train_to(4, 5));
    EST_CHECK(is_there(1) && is_there(3) && is_there(4));
    EST_CHECK_NEAR(mark(), from + 10 * 3600, 0.01);
    saved_at(4, from, 16);
    EST_CHECK_OK(train_to(5, 0));   /* never again, but what was kept is */
    EST_CHECK(is_there(1) && is_there(3) && !is_there(4) && is_there(5));
}

static void no_graph(void)
{
    est_estimator *e = new_of(&(est_run_config){ .model_dir = est_test_path("m"), .no_checkpoint_graph_def = true });
    EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = 1 }), NULL));
    EST_CHECK(!est__is_file(est_test_path("m/graph.pbtxt")));
    est_estimator_free(e);
    EST_CHECK_OK(small_train(est_test_path("with"), 1));
    EST_CHECK(est__is_file(est_test_path("with/graph.pbtxt")));
}

static const char *place(const struct est_node *op, void *user)
{
    const char *const *devices = user;
    return strcmp(est_node_type((est_node *)(uintptr_t)op), "MatMul") == 0 ? devices[1] : devices[0];
}

static void devices(void)
{
    static const char *const good[][2] = { { NULL, "" }, { "/cpu:0", "/job:worker/replica:0/task:3/device:CPU:0" }, { "cpu:0", "/job:ps/task:0" } };
    const char *bad[2] = { "/cpu:0", "/job:chief/gpu:0" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        est_estimator *e = new_of(&(est_run_config){ .model_dir = est_test_path("m"), .device_fn = place,
                                                     .device_fn_user = (void *)(uintptr_t)good[i] });
        EST_CHECK_OK(est_train(e, &((est_train_options){ .input_fn = small_input, .steps = 1 }), NULL));
        est_estimator_free(e);
    }
    est_estimator *e = new_of(&(est_run_config){ .model_dir = est_test_path("n"), .device_fn = place, .device_fn_user = bad });
    EST_CHECK(est_train(e, &((est_train_options){ .input_fn = small_input, .steps = 1 }), NULL) == EST_UNIMPLEMENTED);
    EST_CHECK(strstr(est_error(), "' on '/job:chief/gpu:0', which is not built in; there is '/cpu:0'") != NULL);
    est_estimator_free(e);
}

static void refuses(void)
{
    static const struct { est_run_config config; const char *message; } wrong[] = {
        { { .keep_checkpoint_every_n_hours = -1 }, "run config: keep_checkpoint_every_n_hours is -1; it must be above 0" },
        { { .protocol = "http" }, "run config: protocol is 'http'; it must be 'grpc' or 'grpc+verbs'" },
        { { .session_creation_timeout_secs = -1 }, "run config: session_creation_timeout_secs is -1; it must be at least 1" },
        { { .eval_distribute = "mirrored" }, "run config: eval_distribute is 'mirrored'; it must be 'one_device'" } };
    est_columns *c = est_columns_new();
    est_linear_classifier_options options = { .feature_columns = EST_COLUMNS(est_numeric_column(c, "x", NULL)) };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        est_estimator *e = NULL;
        EST_CHECK_FAILS(est_linear_classifier_new(&options, &wrong[i].config, &e), EST_INVALID_ARGUMENT, wrong[i].message);
    }
    est_columns_free(c);
}

EST_SUITE(train_keeping, EST_TEST(one_in_five_hours), EST_TEST(no_graph), EST_TEST(devices), EST_TEST(refuses));
