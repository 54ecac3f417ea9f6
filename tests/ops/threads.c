/* Large tensors: the same bits on any number of threads, near what plain loops in double give; random
 * numbers. */
#include <estimator/ops.h>

#include <math.h>

#include "ops/cases.h"

/* Runs y on 1, 2 and 4 threads; the first result is copied to `out`. */
static void same_on_all_threads(est_graph *g, est_nodes feeds, const est_tensor *const *values, est_node *y,
                                est_tensor **out)
{
    static const int threads[] = { 1, 2, 4 };
    est__resources *resources;
    est__plan *plan = NULL;
    *out = NULL;
    EST_NEED_OK(est_graph_status(g));
    EST_NEED_OK(est__resources_new(&resources));
    est__plan_options options = { .resources = resources, .feeds = feeds, .fetches = { &y, 1 }, .seed = 7 };
    if (EST_CHECK_OK(est__plan_new(g, &options, &plan))) {
        for (int i = 0; i < 3; i++) {
            est__pool *pool;
            est__run *run;
            EST_NEED_OK(est__pool_new(threads[i], &pool));
            EST_NEED_OK(est__run_new(plan, pool, &run));
            if (EST_CHECK_OK(est__run_step(run, values, 3))) {
                const est_tensor *t = est__run_fetch(run, 0);
                if (*out == NULL)
                    EST_CHECK_OK(est_tensor_copy(t, out));
                else
                    EST_CHECK(memcmp((*out)->data, t->data, est__tensor_bytes(t)) == 0);
            }
            est__run_free(run);
            est__pool_free(pool);
        }
    }
    est__plan_free(plan);
    est__resources_free(resources);
}

static est_tensor *numbers(est_shape shape)
{
    est_tensor *t;
    EST_CHECK_OK(est_tensor_new(EST_FLOAT, &shape, &t));
    for (int64_t i = 0; i < est__tensor_elements(t); i++)
        ((float *)t->data)[i] = (float)sin(0.37 * (double)i) + 0.1f;
    return t;
}

/* Sum over an axis of a matrix against a loop. */
static void check_sum(int64_t rows, int64_t columns, int axis)
{
    est_graph *g;
    est_tensor *x = numbers(EST_SHAPE(rows, columns)), *y;
    EST_NEED_OK(est_graph_new(&g));
    est_node *in = est_placeholder(g, "x", EST_FLOAT, x->shape);
    est_ints axes = axis < 0 ? EST_ALL_AXES : EST_INTS(axis);
    same_on_all_threads(g, EST_NODES(in), (const est_tensor *const *)&x, est_reduce_sum(g, in, axes, false),
                        &y);
    double *wanted = est__calloc((size_t)(rows + columns), sizeof *wanted);
    EST_NEED(wanted != NULL && y != NULL);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            wanted[axis < 0 ? 0 : axis == 0 ? j : i] += (double)((const float *)x->data)[i * columns + j];
    for (int64_t k = 0; k < est__tensor_elements(y); k++)
        EST_CHECK_NEAR((double)((const float *)y->data)[k], wanted[k], 1e-6 * (fabs(wanted[k]) + 1));
    est__free(wanted);
    est_tensor_free(x);
    est_tensor_free(y);
    est_graph_free(g);
}

static void sums(void)
{
    check_sum(900, 100, -1);
    check_sum(3000, 40, 0);
    check_sum(40, 3000, 1);
    check_sum(3, 50000, 0);
    check_sum(70000, 2, 1);
    check_sum(100000, 1, 0);
}

static void check_product(int64_t m, int64_t n, int64_t k, bool ta, bool tb)
{
    est_graph *g;
    est_tensor *x[2] = { numbers(ta ? EST_SHAPE(k, m) : EST_SHAPE(m, k)),
                         numbers(tb ? EST_SHAPE(n, k) : EST_SHAPE(k, n)) },
               *y;
    EST_NEED_OK(est_graph_new(&g));
    est_node *a = est_placeholder(g, "a", EST_FLOAT, x[0]->shape),
             *b = est_placeholder(g, "b", EST_FLOAT, x[1]->shape);
    est_node *c = est_op(g, "MatMul", NULL, EST_NODES(a, b),
                         EST_ATTRS(EST_BOOL_ATTR("transpose_a", ta), EST_BOOL_ATTR("transpose_b", tb)));
    same_on_all_threads(g, EST_NODES(a, b), (const est_tensor *const *)x, c, &y);
    const float *left = x[0]->data, *right = x[1]->data;
    for (int64_t i = 0; y && i < m; i += 7)
        for (int64_t j = 0; j < n; j += 5) {
            double wanted = 0;
            for (int64_t q = 0; q < k; q++)
                wanted += (double)(ta ? left[q * m + i] : left[i * k + q]) *
                          (double)(tb ? right[j * k + q] : right[q * n + j]);
            EST_CHECK_NEAR((double)((const float *)y->data)[i * n + j], wanted, 1e-6 * (double)k);
        }
    est_tensor_free(x[0]);
    est_tensor_free(x[1]);
    est_tensor_free(y);
    est_graph_free(g);
}

static void products(void)
{
    check_product(150, 70, 90, false, false);
    check_product(20, 400, 90, true, true);
    check_product(300, 64, 64, false, true);
    check_product(64, 300, 64, true, false);
    check_product(3000, 1, 200, true, false);
    check_product(1, 3000, 200, false, false);
    check_product(513, 257, 129, false, false);
}

static void elementwise_chains(void)
{
    est_graph *g;
    est_tensor *x = numbers(EST_SHAPE(500, 130)), *y;
    EST_NEED_OK(est_graph_new(&g));
    est_node *in = est_placeholder(g, "x", EST_FLOAT, x->shape);
    est_node *row = est_reduce_mean(g, in, EST_INTS(0), true);
    same_on_all_threads(g, EST_NODES(in), (const est_tensor *const *)&x,
                        est_softmax(g, est_tanh(g, est_sub(g, in, row))), &y);
    for (int64_t i = 0; y && i < 500; i += 99) {
        double sum = 0;
        for (int64_t j = 0; j < 130; j++)
            sum += (double)((const float *)y->data)[i * 130 + j];
        EST_CHECK_NEAR(sum, 1, 1e-5);
    }
    est_tensor_free(x);
    est_tensor_free(y);
    est_graph_free(g);
}

/* ---- random numbers ---- */
/* Moments of n numbers of an op; `name` is part of the key. */
static void check_moments(const char *op, const char *name, double mean, double deviation, double low,
                          double high, float *first)
{
    est_graph *g;
    est_tensor *y;
    double sum = 0, squares = 0;
    const int64_t n = 200001;
    EST_NEED_OK(est_graph_new(&g));
    est_node *shape = est_constant_ints(g, EST_INT32, EST_INTS(n));
    est_node *r = est_op(g, op, name, EST_NODES(shape), EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
    same_on_all_threads(g, (est_nodes){ 0 }, NULL, r, &y);
    for (int64_t i = 0; y && i < n; i++) {
        double v = (double)((const float *)y->data)[i];
        sum += v;
        squares += v * v;
        if (!(v >= low && v <= high)) {
            EST_CHECK_NEAR(v, low, 0);
            break;
        }
    }
    EST_CHECK_NEAR(sum / (double)n, mean, 0.01);
    EST_CHECK_NEAR(sqrt(squares / (double)n - sum / (double)n * (sum / (double)n)), deviation, 0.01);
    *first = y ? *(const float *)y->data : 0;
    est_tensor_free(y);
    est_graph_free(g);
}

static void random_numbers(void)
{
    float a, b, again;
    check_moments("RandomUniform", "a", 0.5, 0.288675, 0, 1, &a);
    check_moments("RandomUniform", "b", 0.5, 0.288675, 0, 1, &b);
    check_moments("RandomUniform", "a", 0.5, 0.288675, 0, 1, &again);
    EST_CHECK(a == again && a != b);
    check_moments("RandomStandardNormal", "n", 0, 1, -7, 7, &a);
    check_moments("TruncatedNormal", "t", 0, 0.8796, -2, 2, &a);
}

static void random_whole_numbers(void)
{
    est_graph *g;
    est_tensor *y;
    int64_t count[5] = { 0 };
    EST_NEED_OK(est_graph_new(&g));
    est_node *r = est_op(g, "RandomUniformInt", NULL,
                         EST_NODES(est_constant_ints(g, EST_INT32, EST_INTS(5001)),
                                   est_constant_int(g, EST_INT64, -2), est_constant_int(g, EST_INT64, 3)),
                         EST_NO_ATTRS);
    same_on_all_threads(g, (est_nodes){ 0 }, NULL, r, &y);
    for (int64_t i = 0; y && i < 5001; i++) {
        int64_t v = ((const int64_t *)y->data)[i];
        EST_NEED(v >= -2 && v < 3);
        count[v + 2]++;
    }
    for (int i = 0; i < 5; i++)
        EST_CHECK(count[i] > 850 && count[i] < 1150);
    est_tensor_free(y);
    est_graph_free(g);
}

EST_SUITE(ops_threads, EST_TEST(sums), EST_TEST(products), EST_TEST(elementwise_chains),
          EST_TEST(random_numbers), EST_TEST(random_whole_numbers));
