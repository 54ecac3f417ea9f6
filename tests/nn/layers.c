/* Layers, initial values and losses. */
#include <math.h>

#include "nn/session.h"

static void dense_is_x_kernel_plus_bias(void)
{
    session s;
    float y[4];
    EST_NEED(session_begin(&s));
    est_node *x = session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, 3));
    est_node *y_node = est_dense(s.g, x, 2, &(est_dense_options){ .activation = est_relu, .name = "dnn/hiddenlayer_0" });
    EST_CHECK_INT(est_node_shape(y_node)->dim[1], 2);
    if (session_initialize(&s)) {
        float *kernel = session_variable(&s, "dnn/hiddenlayer_0/kernel")->data;
        float *bias = session_variable(&s, "dnn/hiddenlayer_0/bias")->data;
        memcpy(kernel, (const float[]){ 1, 2, 3, 4, 5, 6 }, 6 * sizeof(float));
        EST_CHECK_NEAR(bias[0], 0, 0);
        memcpy(bias, (const float[]){ 0.5f, -100 }, 2 * sizeof(float));
        est_tensor in = { .dtype = EST_FLOAT, .shape = EST_SHAPE(2, 3), .data = (float[]){ 1, 0, 2, -1, -1, -1 } };
        if (EST_CHECK_INT(session_run(&s, (const est_tensor *const[]){ &in }, NULL, y_node, y, 4), 4))
            EST_CHECK_BYTES(y, sizeof y, ((const float[]){ 11.5f, 0, 0, 0 }), sizeof y);
    }
    session_end(&s);
}

static void layers_are_numbered(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_node *x = session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1, 3));
    x = est_dense(s.g, est_dense(s.g, x, 4, NULL), 2, &(est_dense_options){ .no_bias = true });
    EST_CHECK_OK(est_graph_status(s.g));
    EST_CHECK_STR(est_node_name(x), "dense_1/MatMul");
    EST_CHECK(est_graph_variable(s.g, "dense/kernel") && est_graph_variable(s.g, "dense/bias"));
    EST_CHECK(est_graph_variable(s.g, "dense_1/kernel") && !est_graph_variable(s.g, "dense_1/bias"));
    est_dense(s.g, x, 0, NULL);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, "est_dense: units is 0; it must be at least 1");
    session_end(&s);
}

static void dense_takes_a_matrix(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_dense(s.g, session_feed(&s, "x", EST_FLOAT, EST_SHAPE(-1)), 4, NULL);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, "est_dense: 'x' must be [batch, n] with a known n");
    session_end(&s);
}

/* Mean, standard deviation and the largest size of many draws. */
static void check_draws(est_node *(*make)(est_graph *g), double mean, double stddev, double bound)
{
    enum { N = 100 * 200 };
    static float x[N];
    session s;
    double sum = 0, squares = 0, largest = 0;
    EST_NEED(session_begin(&s));
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, make(s.g), x, N), N)) {
        for (int i = 0; i < N; i++) {
            sum += x[i];
            squares += ((double)x[i] - mean) * ((double)x[i] - mean);
            largest = fmax(largest, fabs((double)x[i] - mean));
        }
        EST_CHECK_NEAR(sum / N, mean, 0.03 * stddev);
        EST_CHECK_NEAR(sqrt(squares / N), stddev, 0.02 * stddev);
        EST_CHECK(largest <= bound && largest > 0.98 * bound);
    }
    session_end(&s);
}

static est_node *glorot(est_graph *g)
{
    return est_glorot_uniform(g, EST_SHAPE(100, 200));
}

static est_node *normal(est_graph *g)
{
    return est_truncated_normal(g, EST_SHAPE(100, 200), 3, 0.5);
}

static void draws_have_kerass_distributions(void)
{
    double limit = sqrt(6.0 / 300);
    check_draws(glorot, 0, limit / sqrt(3), limit);
    check_draws(normal, 3, 0.5 * 0.8796, 1); /* a normal cut at two deviations has 0.8796 of one */
}

/* ---- initializers by name ---- */
static const est_initializer *now;

static est_node *by_name(est_graph *g)
{
    return est_initial_value(g, EST_SHAPE(100, 200), now);
}

static void initializers_have_kerass_distributions(void)
{
    static const struct {
        est_initializer i;
        double mean, stddev, bound;
    } cases[] = {
        { { .type = "TruncatedNormal" }, 0, 0.05 * 0.8796, 0.1 },
        { { .type = "truncated_normal", .mean = 1, .stddev = 0.5 }, 1, 0.5 * 0.8796, 1 },
        { { .type = "RandomUniform" }, 0, 0.1 / 3.4641, 0.05 },
        { { .type = "random_uniform", .maxval = 2 }, 1, 2 / 3.4641, 1 },
        { { .type = "GlorotUniform" }, 0, 0.081650, 0.141421 },
        { { .type = "he_uniform" }, 0, 0.141421, 0.244949 },
        { { .type = "LecunUniform" }, 0, 0.1, 0.173205 },
        { { .type = "GlorotNormal" }, 0, 0.081650, 0.185645 },
        { { .type = "HeNormal" }, 0, 0.141421, 0.321546 },
        { { .type = "lecun_normal" }, 0, 0.1, 0.227368 },
        { { .type = "VarianceScaling", .scale = 3, .mode = "fan_out", .distribution = "uniform" },
          0,
          0.122474,
          0.212132 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        now = &cases[i].i;
        check_draws(by_name, cases[i].mean, cases[i].stddev, cases[i].bound);
    }
}

static void initializers_that_are_no_draws(void)
{
    session s;
    float x[6];
    EST_NEED(session_begin(&s));
    const est_shape shape = EST_SHAPE(2, 3);
    est_node *n = est_initial_value(s.g, shape, &(est_initializer){ .type = "Constant", .value = 0.25 });
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, n, x, 6), 6))
        EST_CHECK_NEAR(x[5], 0.25, 0);
    n = est_initial_value(s.g, shape, &(est_initializer){ .type = "ones" });
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, n, x, 6), 6))
        EST_CHECK_NEAR(x[5], 1, 0);
    n = est_initial_value(s.g, shape, &(est_initializer){ .type = "identity", .gain = 2 });
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, n, x, 6), 6))
        EST_CHECK(x[0] == 2 && x[1] == 0 && x[4] == 2 && x[5] == 0);
    n = est_initial_value(s.g, shape, &(est_initializer){ .type = "RandomNormal" });
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, n, x, 6), 6))
        EST_CHECK(x[0] != x[1] && fabsf(x[0]) < 0.5f);
    for (const char *const *name = est_initializer_names(); *name; name++)
        EST_CHECK(est_initializer_fields(*name) != NULL &&
                  est_initializer_check(&(est_initializer){ .type = *name }) == EST_OK);
    EST_CHECK(est_initializer_fields("Zero") == NULL);
    EST_CHECK_FAILS(est_initializer_check(&(est_initializer){ .type = "Zero" }), EST_INVALID_ARGUMENT,
                    "unknown initializer 'Zero'; did you mean 'Zeros'?");
    EST_CHECK_FAILS(est_initializer_check(&(est_initializer){ .type = "RandomNormal", .stddev = -1 }),
                    EST_INVALID_ARGUMENT, "initializer RandomNormal: stddev is -1; it must be above 0");
    EST_CHECK_FAILS(est_initializer_check(&(est_initializer){ .type = "RandomUniform", .minval = 1 }),
                    EST_INVALID_ARGUMENT, "initializer RandomUniform: minval is 1, above maxval, which is 0");
    est_initial_value(s.g, EST_SHAPE(3), &(est_initializer){ .type = "Identity" });
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "the initializer Identity is for a matrix, not rank 1");
    session_end(&s);
}

/* The scalar products of rows, or columns where there are fewer of these: gain^2 with themselves, 0 with others. */
static void check_orthogonal(const float *x, int64_t rows, int64_t columns, double gain)
{
    int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    for (int64_t a = 0; a < few; a++)
        for (int64_t b = 0; b <= a; b++) {
            double dot = 0;
            for (int64_t i = 0; i < many; i++)
                dot += rows < columns ? (double)x[a * columns + i] * x[b * columns + i]
                                      : (double)x[i * columns + a] * x[i * columns + b];
            EST_CHECK_NEAR(dot, a == b ? gain * gain : 0, 1e-6 * gain * gain);
        }
}

static void orthogonal_matrices(void)
{
    enum { MOST = 600 };
    static const struct {
        est_shape shape;
        int64_t rows, columns;
        double gain;
    } cases[] = { { { 2, { 30, 20 } }, 30, 20, 0 }, { { 2, { 5, 40 } }, 5, 40, 2 }, { { 3, { 4, 5, 6 } }, 20, 6, 0.5 },
                  { { 2, { 1, 1 } }, 1, 1, 3 } };
    float x[MOST], y[MOST];
    int negative = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session s;
        EST_NEED(session_begin(&s));
        const est_initializer o = { .type = "Orthogonal", .gain = cases[i].gain };
        int64_t n = cases[i].rows * cases[i].columns;
        est_node *first = est_initial_value(s.g, cases[i].shape, &o), *second = est_initial_value(s.g, cases[i].shape, &o);
        EST_CHECK(est_shape_equal(est_node_shape(first), &cases[i].shape));
        if (EST_CHECK_INT(session_run(&s, NULL, NULL, first, x, MOST), n) &&
            EST_CHECK_INT(session_run(&s, NULL, NULL, second, y, MOST), n)) {
            check_orthogonal(x, cases[i].rows, cases[i].columns, cases[i].gain ? cases[i].gain : 1);
            EST_CHECK(n == 1 || memcmp(x, y, (size_t)n * sizeof *x) != 0);
            for (int64_t k = 0; i == 0 && k < n; k++)
                negative += x[k] < 0;
        }
        session_end(&s);
    }
    EST_CHECK(negative > 200 && negative < 400);   /* of 600: no side is preferred */
}

static void orthogonal_refuses_vectors(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_initial_value(s.g, EST_SHAPE(3), &(est_initializer){ .type = "orthogonal" });
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT,
                    "the initializer Orthogonal is for two or more dimensions, not 1");
    session_end(&s);
}

static void constants_fill_their_shape(void)
{
    session s;
    float x[6];
    EST_NEED(session_begin(&s));
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, est_filled(s.g, EST_SHAPE(2, 3), 0.25), x, 6), 6))
        EST_CHECK_NEAR(x[5], 0.25, 0);
    if (EST_CHECK_INT(session_run(&s, NULL, NULL, est_zeros(s.g, EST_FLOAT, EST_SCALAR), x, 6), 1))
        EST_CHECK_NEAR(x[0], 0, 0);
    EST_CHECK_INT(est_node_dtype(est_zeros(s.g, EST_INT64, EST_SHAPE(4))), EST_INT64);
    est_filled(s.g, EST_SHAPE(-1, 2), 1);
    EST_CHECK_FAILS(est_graph_status(s.g), EST_INVALID_ARGUMENT, "the shape of an initial value must be known");
    session_end(&s);
}

/* What `key` recorded, as a constant. */
static est_node *recorded(session *s, const char *key, est_dtype dtype, est_shape shape)
{
    est_tensor *t = golden_tensor(key, dtype, shape, 0);
    est_node *n = est_constant(s->g, t);
    est_tensor_free(t);
    return n;
}

static void check_value(session *s, est_node *n, const char *key)
{
    float x[16];
    int count = session_run(s, NULL, NULL, n, x, 16);
    if (count >= 0)
        golden_near(key, x, count);
}

static void check_gradient(session *s, est_node *y, est_node *x, const char *key)
{
    est_gradient d;
    if (EST_CHECK_OK(est_gradients(s->g, y, EST_NODES(x), &d)) && EST_CHECK(d.value != NULL))
        check_value(s, d.value, key);
}

static void losses_are_tensorflows(void)
{
    session s;
    EST_NEED(session_begin(&s));
    est_graph *g = s.g;
    est_node *logits = recorded(&s, "loss/logits", EST_FLOAT, EST_SHAPE(5, 1));
    est_node *labels = recorded(&s, "loss/labels", EST_FLOAT, EST_SHAPE(5, 1));
    est_node *weights = recorded(&s, "loss/weights", EST_FLOAT, EST_SHAPE(5, 1));
    est_node *scores = recorded(&s, "loss/scores", EST_FLOAT, EST_SHAPE(5, 3));
    est_node *classes = recorded(&s, "loss/classes", EST_INT64, EST_SHAPE(5, 1));
    est_node *sigmoid = est_sigmoid_cross_entropy(g, labels, logits);
    check_value(&s, sigmoid, "loss/sigmoid");
    check_gradient(&s, sigmoid, logits, "loss/sigmoid_gradient");
    check_value(&s, est_sigmoid_cross_entropy(g, est_cast(g, labels, EST_INT64), logits), "loss/sigmoid");
    est_node *softmax = est_sparse_softmax_cross_entropy(g, classes, scores);
    check_value(&s, softmax, "loss/softmax");
    check_gradient(&s, softmax, scores, "loss/softmax_gradient");
    check_value(&s, est_squared_error(g, labels, logits), "loss/squared");
    check_value(&s, est_loss_reduce(g, sigmoid, weights, "sum"), "loss/sum");
    check_value(&s, est_loss_reduce(g, sigmoid, est_squeeze(g, weights, EST_INTS(-1)), NULL), "loss/sum_over_batch_size");
    check_value(&s, est_loss_reduce(g, sigmoid, NULL, "sum"), "loss/sum_plain");
    check_value(&s, est_loss_reduce(g, sigmoid, NULL, "sum_over_batch_size"), "loss/sum_over_batch_size_plain");
    est_loss_reduce(g, sigmoid, NULL, "mean");
    EST_CHECK_FAILS(est_graph_status(g), EST_INVALID_ARGUMENT,
                    "loss_reduction is 'mean'; it must be 'sum_over_batch_size' or 'sum'");
    session_end(&s);
}

EST_SUITE(nn_layers, EST_TEST(dense_is_x_kernel_plus_bias), EST_TEST(layers_are_numbered), EST_TEST(dense_takes_a_matrix),
          EST_TEST(draws_have_kerass_distributions), EST_TEST(initializers_have_kerass_distributions),
          EST_TEST(initializers_that_are_no_draws), EST_TEST(orthogonal_matrices), EST_TEST(orthogonal_refuses_vectors), EST_TEST(constants_fill_their_shape), EST_TEST(losses_are_tensorflows));
