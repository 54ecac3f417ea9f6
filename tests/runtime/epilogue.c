/* Bias and activation in the step of their product: the plan says so, and the bits are those of the single
 * steps, for any shape and on any number of threads. */
#include <estimator/ops.h>

#include "graph/graph.h"
#include "runtime/runtime.h"
#include "support/est_test.h"

enum { INPUTS = 4 };

/* A model y = f(a b + bias); `more` is a further input of the chain. */
typedef struct model {
    est_graph *g;
    est_node *in[INPUTS], *y;     /* a, b, bias, more */
} model;

typedef est_node *(*after_fn)(est_graph *g, est_node *x, est_node *more);

static est_node *bias_alone(est_graph *g, est_node *x, est_node *more)
{
    (void)g, (void)more;
    return x;
}

static est_node *relu(est_graph *g, est_node *x, est_node *more)
{
    (void)more;
    return est_relu(g, x);
}

static est_node *add_more(est_graph *g, est_node *x, est_node *more)
{
    return est_mul(g, est_sigmoid(g, est_add(g, x, more)), est_constant_float(g, 1.7));
}

static const est_shape unknown = { .rank = 2, .dim = { -1, -1 } };

static bool begin(model *m, est_dtype dtype, bool ta, bool tb, after_fn after)
{
    *m = (model){ 0 };
    if (!EST_CHECK_OK(est_graph_new(&m->g)))
        return false;
    m->in[0] = est_placeholder(m->g, "a", dtype, unknown);
    m->in[1] = est_placeholder(m->g, "b", dtype, unknown);
    m->in[2] = est_placeholder(m->g, "bias", dtype, EST_SHAPE(-1));
    m->in[3] = est_placeholder(m->g, "more", dtype, (est_shape){ .rank = -1 });
    est_node *product = est_op(m->g, "MatMul", "dense", EST_NODES(m->in[0], m->in[1]),
                               EST_ATTRS(EST_BOOL_ATTR("transpose_a", ta), EST_BOOL_ATTR("transpose_b", tb)));
    m->y = after(m->g, est_bias_add(m->g, product, m->in[2]), m->in[3]);
    return EST_CHECK_OK(est_graph_status(m->g));
}

static bool plan(const model *m, est_node *second, bool unfused, est__plan **out)
{
    est_node *fetches[] = { m->y, second };
    est__plan_options o = { .feeds = { m->in, INPUTS }, .fetches = { fetches, second ? 2 : 1 },
                            .unfused = unfused };
    return EST_CHECK_OK(est__plan_new(m->g, &o, out));
}

static est_tensor *numbers(est_dtype dtype, est_shape shape, int seed)
{
    est_tensor *t;
    if (!EST_CHECK_OK(est_tensor_new(dtype, &shape, &t)))
        return NULL;
    for (int64_t i = 0; i < est__tensor_elements(t); i++) {
        int64_t v = (i * 7 + seed) % 101 - 50;
        est__tensor_set(t, i, dtype == EST_INT32 ? (double)v : (double)v / 50);
    }
    return t;
}

/* The result of the plan on some threads, in memory of its own; NULL: it failed. */
static est_tensor *result(const est__plan *p, int threads, est_tensor *const *feeds)
{
    est__pool *pool;
    est__run *run = NULL;
    est_tensor *y = NULL;
    if (!EST_CHECK_OK(est__pool_new(threads, &pool)))
        return NULL;
    if (EST_CHECK_OK(est__run_new(p, pool, &run)))
        for (int i = 0; i < 2; i++) {   /* the second time the arena is laid out */
            est_tensor_free(y);
            y = NULL;
            if (EST_CHECK_OK(est__run_step(run, (const est_tensor *const *)feeds, 0)))
                EST_CHECK_OK(est_tensor_copy(est__run_fetch(run, 0), &y));
        }
    est__run_free(run);
    est__pool_free(pool);
    return y;
}

static void compare(const model *m, est_tensor *const *feeds)
{
    est__plan *one = NULL, *all = NULL;
    if (plan(m, NULL, false, &one) && plan(m, NULL, true, &all)) {
        est_tensor *wanted = result(all, 1, feeds);
        for (int threads = 1; wanted && threads <= 4; threads *= 2) {
            est_tensor *y = result(one, threads, feeds);
            if (EST_CHECK(y != NULL))
                EST_CHECK(est_shape_equal(&y->shape, &wanted->shape) &&
                          memcmp(y->data, wanted->data, est__tensor_bytes(y)) == 0);
            est_tensor_free(y);
        }
        est_tensor_free(wanted);
    }
    est__plan_free(one);
    est__plan_free(all);
}

/* `more` is a matrix, a row, a column, one row, a scalar: some of them make the chain go by single steps. */
static void compare_sizes(est_dtype dtype, after_fn after, int64_t m, int64_t n, int64_t k)
{
    const est_shape more[] = { EST_SHAPE(m, n), EST_SHAPE(n), EST_SHAPE(m, 1), EST_SHAPE(1, n), { 0 } };
    for (int flips = 0; flips < 4; flips++) {
        bool ta = flips & 1, tb = flips & 2;
        model d;
        if (!begin(&d, dtype, ta, tb, after))
            return;
        for (size_t i = 0; i < (after == add_more ? sizeof more / sizeof more[0] : 1); i++) {
            est_tensor *feeds[] = { numbers(dtype, ta ? EST_SHAPE(k, m) : EST_SHAPE(m, k), 1),
                                    numbers(dtype, tb ? EST_SHAPE(n, k) : EST_SHAPE(k, n), 2),
                                    numbers(dtype, EST_SHAPE(n), 3), numbers(dtype, more[i], 4) };
            compare(&d, feeds);
            for (int j = 0; j < 4; j++)
                est_tensor_free(feeds[j]);
        }
        est_graph_free(d.g);
    }
}

static void same_bits(void)
{
    static const int64_t sizes[][3] = {
        { 1, 1, 1 },      { 32, 1, 1 },     { 3, 5, 7 },       { 7, 1, 19 },       { 2, 700, 3 }, { 33, 129, 65 },
        { 300, 10, 400 }, { 257, 131, 67 }, { 130, 1030, 70 }, { 1100, 530, 33 }, { 0, 3, 2 },   { 4, 3, 0 },
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        compare_sizes(EST_FLOAT, bias_alone, sizes[i][0], sizes[i][1], sizes[i][2]);
        compare_sizes(EST_FLOAT, relu, sizes[i][0], sizes[i][1], sizes[i][2]);
        compare_sizes(EST_FLOAT, add_more, sizes[i][0], sizes[i][1], sizes[i][2]);
    }
    compare_sizes(EST_DOUBLE, relu, 257, 131, 67);
    compare_sizes(EST_INT32, relu, 37, 11, 5);
}

/* A size at which oneDNN multiplies, where it is there. */
static void same_bits_of_large_products(void)
{
    compare_sizes(EST_FLOAT, relu, 250, 600, 130);
}

static void check_plan(const model *m, est_node *second, const char *wanted)
{
    est__buffer text = { 0 };
    est__plan *p = NULL;
    if (plan(m, second, false, &p)) {
        est__plan_print(p, &text);
        const char *steps = text.data ? strstr(text.data, "  0 ") : NULL;
        size_t n = steps ? strcspn(steps, "(") : 0;
        EST_CHECK_STR(est_test_text("%.*s", (int)n, steps ? steps : ""), wanted);
    }
    est__plan_free(p);
    est__buffer_free(&text);
}

static void is_in_the_plan(void)
{
    model m;
    EST_NEED(begin(&m, EST_FLOAT, false, false, bias_alone));
    check_plan(&m, NULL, "  0 MatMul+BiasAdd");
    check_plan(&m, m.y->op->input[0], "  0 MatMul");   /* the product is wanted too */
    est_graph_free(m.g);
    EST_NEED(begin(&m, EST_FLOAT, false, false, relu));
    check_plan(&m, NULL, "  0 MatMul+BiasAdd+Relu");
    check_plan(&m, m.y->op->input[0], "  0 MatMul+BiasAdd");
    est_graph_free(m.g);
}

/* The second layer takes the first, after a chain of its own. */
static void two_layers(void)
{
    model m;
    EST_NEED(begin(&m, EST_FLOAT, false, true, relu));
    m.y = est_relu(m.g, est_bias_add(m.g, est_matmul(m.g, est_mul(m.g, m.y, m.in[3]), m.in[0]), m.in[2]));
    est_tensor *feeds[4];
    for (int i = 0; i < 4; i++)
        feeds[i] = numbers(EST_FLOAT, i == 2 ? EST_SHAPE(150) : EST_SHAPE(150, 150), i);
    compare(&m, feeds);
    for (int j = 0; j < 4; j++)
        est_tensor_free(feeds[j]);
    est_graph_free(m.g);
}

static void refuse(est_shape a, est_shape b, est_shape bias, const char *message)
{
    model m;
    est__plan *p = NULL;
    est__run *run = NULL;
    est_tensor *feeds[] = { numbers(EST_FLOAT, a, 1), numbers(EST_FLOAT, b, 2), numbers(EST_FLOAT, bias, 3),
                            numbers(EST_FLOAT, (est_shape){ 0 }, 4) };
    const est_tensor *const *lent = (const est_tensor *const *)feeds;
    if (begin(&m, EST_FLOAT, false, false, relu) && plan(&m, NULL, false, &p) &&
        EST_CHECK_OK(est__run_new(p, NULL, &run)))
        EST_CHECK_FAILS(est__run_step(run, lent, 0), EST_INVALID_ARGUMENT, message);
    for (int j = 0; j < 4; j++)
        est_tensor_free(feeds[j]);
    est__run_free(run);
    est__plan_free(p);
    est_graph_free(m.g);
}

static void says_what_is_wrong(void)
{
    refuse(EST_SHAPE(2, 3), EST_SHAPE(4, 5), EST_SHAPE(5),
           "MatMul 'dense': [2,3] and [4,5] cannot be multiplied");
    refuse(EST_SHAPE(2, 3), EST_SHAPE(3, 5), EST_SHAPE(4),
           "BiasAdd 'BiasAdd': a bias of shape [4] does not fit [2,5]");
    refuse(EST_SHAPE(2, 3), EST_SHAPE(3, 5), EST_SHAPE(1),
           "BiasAdd 'BiasAdd': a bias of shape [1] does not fit [2,5]");
}

EST_SUITE(runtime_epilogue, EST_TEST(same_bits), EST_TEST(same_bits_of_large_products),
          EST_TEST(is_in_the_plan), EST_TEST(two_layers), EST_TEST(says_what_is_wrong));
