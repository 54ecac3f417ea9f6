/* See small.h. */
#include "train/small.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "support/est_test.h"

static est_status open_rows(int64_t epochs, est_dataset **out)
{
    static float x[8] = { 1, -2, 3, -4, 5, -6, 7, -8 }, y[8] = { 1, 1, 2, 2, 3, 3, 4, 4 };
    static int64_t label[8] = { 1, 0, 1, 0, 1, 0, 1, 1 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(8, 1), x, NULL }, ty = { EST_FLOAT, EST_SHAPE(8, 1), y, NULL };
    est_tensor tl = { EST_INT64, EST_SHAPE(8, 1), label, NULL };
    est_status st = est_memory_dataset_new((const char *const[]){ "x", "y" }, (const est_tensor *const[]){ &tx, &ty }, 2, &tl, out);
    if (st != EST_OK)
        return st;
    est_dataset_repeat(*out, epochs);
    est_dataset_batch(*out, 4, false);
    return EST_OK;
}

est_status small_input(const est_input_context *context, est_dataset **out, void *user)
{
    (void)context;
    (void)user;
    return open_rows(EST_OFF, out);
}

est_status small_once(const est_input_context *context, est_dataset **out, void *user)
{
    (void)context;
    (void)user;
    return open_rows(1, out);
}

est_estimator *small_new_of(const char *model_dir, int columns, double learning_rate)
{
    est_estimator *e = NULL;
    est_optimizer *o = NULL;
    est_columns *c = est_columns_new();
    est_column *list[] = { est_numeric_column(c, "x", NULL), est_numeric_column(c, "y", NULL) };
    est_run_config config = { .model_dir = model_dir, .save_checkpoints_steps = 2, .num_threads = 1 };
    EST_CHECK_OK(est_ftrl_optimizer_new(&(est_ftrl_options){ .learning_rate = learning_rate }, &o));
    est_linear_classifier_options options = { .feature_columns = { list, (size_t)columns }, .optimizer = o };
    EST_CHECK_OK(est_linear_classifier_new(&options, &config, &e));
    est_optimizer_free(o);
    est_columns_free(c);
    return e;
}

est_estimator *small_new(const char *model_dir)
{
    return small_new_of(model_dir, 1, 0.2);
}

est_status small_train(const char *model_dir, int64_t max_steps)
{
    est_estimator *e = small_new(model_dir);
    est_status st = est_train(e, &((est_train_options){ .input_fn = small_input, .max_steps = max_steps }), NULL);
    const char *error = est_test_text("%s", est_error());
    est_estimator_free(e);
    return st == EST_OK ? EST_OK : est__fail(st, "%s", error);
}

/* ---- log lines ---- */

static char lines[65536];
static size_t length;
static est_log_level level;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void put(const char *p, size_t n)
{
    if (length + n < sizeof lines) {
        memcpy(lines + length, p, n);
        length += n;
    }
}

static void take(est_log_level of, const char *text, void *user)
{
    const char *dir = user, *at;
    if (of < level)
        return;
    pthread_mutex_lock(&lock);
    for (; (at = strstr(text, dir)) != NULL; text = at + strlen(dir) + 1)
        put(text, (size_t)(at - text));
    put(text, strlen(text));
    put("\n", 1);
    pthread_mutex_unlock(&lock);
}

void log_begin(est_log_level least)
{
    level = least;
    length = 0;
    est_set_log(take, (void *)(uintptr_t)est_test_dir());
}

const char *log_lines(void)
{
    pthread_mutex_lock(&lock);
    const char *copy = est_test_text("%.*s", (int)length, lines);
    length = 0;
    pthread_mutex_unlock(&lock);
    return copy;
}

void log_end(void)
{
    est_set_log(NULL, NULL);
}
