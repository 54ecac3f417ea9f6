/* Batch normalisation, dropout and activations by name. */
#include <math.h>

#include "nn/session.h"

enum { ROWS = 3, COLUMNS = 2 };
static float numbers[] = { 1, -2, 4, 0.5f, 2.5f, 7 };

static est_tensor in(int64_t rows)
{
    return (est_tensor){ .dtype = EST_FLOAT, .shape = EST_SHAPE(rows, COLUMNS), .data = numbers };
}

/* Mean and variance of a column, the variance over n. */
static void moments(int column, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (int i = 0; i < ROWS; i++)
        *mean += (double)numbers[i * COLUMNS + column] / ROWS;
    for (int i = 0; i < ROWS; i++)
        *variance += pow((double)numbers[i * COLUMNS + column] - *mean, 2) / ROWS;
}

static void set(session *s, const char *name, float a, float b)
{
    const est_tensor *t = session_variable(s, name);
    if (EST_CHECK(t != NULL))
        memcpy(t->data, (const float[]){ a, b }, 2 * sizeof(float));
}

static void training_takes_the_batchs_moments(void)
{
    session s;
    float y[6];
    est_tensor x = in(ROWS);
    EST_NEED(session_begin(&s));
    est_node *node = est_batch_norm(s.g, session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, COLUMNS)),
                                    &(est_batch_norm_options){ .training = true, .momentum = 0.9, .name = "bn" });
    est_optimizer *sgd;
    EST_NEED_OK(est_sgd_optimizer_new(&(est_sgd_options){ .learning_rate = EST_OFF }, &sgd));
    est_node *step = est_variable(s.g, "global_step", &(est_variable_options){ .dtype = EST_INT64, .not_trainable = true });
    est_node *train = est_optimizer_minimize(sgd, s.g, est_reduce_sum(s.g, node, EST_ALL_AXES, false), step);
    est_optimizer_free(sgd);
    if (session_initialize(&s)) {
        set(&s, "bn/gamma", 2, 3);
        set(&s, "bn/beta", 0.5f, -1);
        set(&s, "bn/moving_mean", 10, 20);
        EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ &x }, train, node, y, 6), 6);
        for (int c = 0; c < COLUMNS; c++) {
            double mean, variance, gamma = c ? 3 : 2, beta = c ? -1 : 0.5;
            moments(c, &mean, &variance);
            for (int i = 0; i < ROWS; i++)
                EST_CHECK_NEAR(y[i * COLUMNS + c],
                               gamma * ((double)numbers[i * COLUMNS + c] - mean) / sqrt(variance + 0.001) + beta, 1e-5);
            EST_CHECK_NEAR(((const float *)session_variable(&s, "bn/moving_mean")->data)[c], 0.9 * 10 * (c + 1) + 0.1 * mean, 1e-5);
            EST_CHECK_NEAR(((const float *)session_variable(&s, "bn/moving_variance")->data)[c], 0.9 + 0.1 * variance, 1e-5);
        }
    }
    session_end(&s);
}

static void inference_takes_the_moving_averages(void)
{
    session s;
    float y[6];
    est_tensor x = in(1);
    EST_NEED(session_begin(&s));
    est_node *node = est_batch_norm(s.g, session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, COLUMNS)), NULL);
    if (session_initialize(&s)) {
        set(&s, "batch_normalization/gamma", 2, 1);
        set(&s, "batch_normalization/moving_mean", 0.5f, -1);
        set(&s, "batch_normalization/moving_variance", 3, 1);
        EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ &x }, NULL, node, y, 6), 2);
        EST_CHECK_NEAR(y[0], 2 * 0.5 / sqrt(3.001), 1e-6);
        EST_CHECK_NEAR(y[1], -1 / sqrt(1.001), 1e-6);
    }
    session_end(&s);
}

static void a_batch_of_one_has_no_variance(void)
{
    session s;
    est_tensor x = in(1);
    EST_NEED(session_begin(&s));
    est_node *node = est_batch_norm(s.g, session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, COLUMNS)),
                                    &(est_batch_norm_options){ .training = true, .name = "bn" });
    if (session_initialize(&s)) {
        est__plan *plan;
        est__run *run;
        est__plan_options o = { .resources = s.resources, .feeds = { s.feed, s.num_feeds }, .fetches = EST_NODES(node) };
        EST_CHECK_OK(est__plan_new(s.g, &o, &plan));
        EST_CHECK_OK(est__run_new(plan, NULL, &run));
        EST_CHECK_FAILS(est__run_step(run, (const est_tensor *const[]){ &x }, 0), EST_INVALID_ARGUMENT,
                        "batch_norm 'bn': a batch of one example has no variance; make batch_size larger, or set drop_remainder "
                        "where it is the last batch");
        est__run_free(run);
        est__plan_free(plan);
    }
    session_end(&s);
}

/* How many of many elements are 0; the others are x / (1 - rate). */
static int zeros(const float *y, int n, double kept)
{
    int zero = 0, other = 0;
    for (int i = 0; i < n; i++) {
        zero += y[i] == 0;
        other += y[i] != 0 && fabs((double)y[i] - kept) > 1e-6;
    }
    EST_CHECK_INT(other, 0);
    return zero;
}

static void dropout_leaves_out_its_share(void)
{
    enum { N = 100 * 100 };
    static float y[N], again[N], two[2 * N];
    session s;
    EST_NEED(session_begin(&s));
    est_node *x = est_filled(s.g, EST_SHAPE(100, 100), 1.5);
    est_node *a = est_dropout(s.g, x, 0.2), *b = est_dropout(s.g, x, 0.2);
    EST_CHECK(est_dropout(s.g, x, 0) == x);
    EST_CHECK_INT(session_run(&s, NULL, NULL, a, y, N), N);
    EST_CHECK_INT(session_run(&s, NULL, NULL, a, again, N), N);
    EST_CHECK_BYTES(y, sizeof y, again, sizeof again);
    EST_CHECK_NEAR(zeros(y, N, 1.5 / 0.8), 0.2 * N, 0.02 * N);
    EST_CHECK_INT(session_run(&s, NULL, NULL, est_concat(s.g, EST_NODES(a, b), 0), two, 2 * N), 2 * N);
    EST_CHECK(memcmp(two, two + N, sizeof y) != 0);
    est_dropout(s.g, x, 1);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, "est_dropout: rate is 1; it must be in [0, 1)");
    session_end(&s);
}

static void dropouts_gradient_has_the_same_zeros(void)
{
    enum { N = 1000 };
    static float y[2 * N];
    session s;
    est_gradient dx;
    EST_NEED(session_begin(&s));
    est_node *x = est_filled(s.g, EST_SHAPE(N), 1), *dropped = est_dropout(s.g, x, 0.5);
    EST_CHECK_OK(est_gradients(s.g, dropped, EST_NODES(x), &dx));
    EST_CHECK_INT(session_run(&s, NULL, NULL, est_concat(s.g, EST_NODES(dropped, dx.value), 0), y, 2 * N), 2 * N);
    EST_CHECK_BYTES(y, N * sizeof *y, y + N, N * sizeof *y);
    session_end(&s);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void activations_by_name(void)
{
    static const double x[] = { -1.5, 0, 0.75, 7 };
    static float xf[4] = { -1.5f, 0, 0.75f, 7 };
    for (const char *const *name = est_activation_names(); *name; name++) {
        session s;
        float y[8];
        est_tensor t = { .dtype = EST_FLOAT, .shape = EST_SHAPE(1, 4), .data = xf };
        EST_NEED(session_begin(&s));
        est_node *node = est_activation(*name)(s.g, est_constant(s.g, &t));
        int n = session_run(&s, NULL, NULL, node, y, 8);
        EST_CHECK_INT(n, strcmp(*name, "crelu") == 0 ? 8 : 4);
        for (int i = 0; i < 4 && n >= 4; i++) {
            double v = x[i];
            if (strcmp(*name, "gelu") == 0)
                EST_CHECK_NEAR(y[i], 0.5 * v * (1 + erf(v / sqrt(2))), 1e-6);
            if (strcmp(*name, "silu") == 0 || strcmp(*name, "swish") == 0)
                EST_CHECK_NEAR(y[i], v * sigmoid(v), 1e-6);
            if (strcmp(*name, "leaky_relu") == 0)
                EST_CHECK_NEAR(y[i], v < 0 ? 0.2 * v : v, 1e-6);
            if (strcmp(*name, "crelu") == 0)
                EST_CHECK(y[i] == (float)fmax(v, 0) && y[i + 4] == (float)fmax(-v, 0));
        }
        session_end(&s);
    }
    EST_CHECK(est_activation("rel") == NULL && est_activation(NULL) == NULL);
}

EST_SUITE(nn_normalising, EST_TEST(training_takes_the_batchs_moments), EST_TEST(inference_takes_the_moving_averages),
          EST_TEST(a_batch_of_one_has_no_variance), EST_TEST(dropout_leaves_out_its_share),
          EST_TEST(dropouts_gradient_has_the_same_zeros), EST_TEST(activations_by_name));
