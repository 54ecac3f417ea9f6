/* EstNearestCenters: its kernel beside its body in TensorFlow's ops, for whole and for cut tiles and panels; any number of threads. */
#include <math.h>

#include "ops/once.h"

enum { OUTPUTS = 4 };

static est_tensor *numbers(int64_t rows, int64_t columns, uint32_t state)
{
    est_tensor *t;
    est_shape shape = EST_SHAPE(rows, columns);
    EST_CHECK_OK(est_tensor_new(EST_FLOAT, &shape, &t));
    for (int64_t i = 0; i < rows * columns; i++) {
        state = state * 1664525 + 1013904223;
        ((float *)t->data)[i] = (float)(state >> 8) * 0x1p-23f - 1;
    }
    return t;
}

/* Runs nearest (with its kernel, or its body instead) and copies the outputs. */
static void run(const est_tensor *x, const est_tensor *c, bool body, int threads, est_tensor *out[OUTPUTS])
{
    const est_tensor *feeds[] = { x, c };
    est_graph *g, *expanded = NULL;
    est__resources *resources;
    est__plan *plan = NULL;
    est__run *r = NULL;
    est__pool *pool;
    est_node *node[OUTPUTS + 2], *kept[OUTPUTS + 2];
    EST_NEED_OK(est_graph_new(&g));
    node[4] = est_placeholder(g, "x", EST_FLOAT, x->shape);
    node[5] = est_placeholder(g, "c", EST_FLOAT, c->shape);
    est_node *nearest = est_nearest_centers(g, node[4], node[5]);
    for (int i = 0; i < OUTPUTS; i++)
        node[i] = est_node_output(nearest, i);
    EST_NEED_OK(est_graph_status(g));
    EST_NEED_OK(est__graph_expand(g, (est_nodes){ node, OUTPUTS + 2 }, !body, &expanded, kept));
    EST_NEED_OK(est__resources_new(&resources));
    EST_NEED_OK(est__pool_new(threads, &pool));
    est__plan_options o = { .resources = resources, .feeds = { kept + 4, 2 }, .fetches = { kept, OUTPUTS } };
    EST_CHECK_OK(est__plan_new(expanded, &o, &plan));
    EST_CHECK_OK(est__run_new(plan, pool, &r));
    EST_CHECK_OK(est__run_step(r, feeds, 0));
    for (int i = 0; i < OUTPUTS; i++)
        EST_CHECK_OK(est_tensor_copy(est__run_fetch(r, (size_t)i), &out[i]));
    est__run_free(r);
    est__plan_free(plan);
    est__pool_free(pool);
    est__resources_free(resources);
    est_graph_free(expanded);
    est_graph_free(g);
}

static void compare(int64_t n, int64_t d, int64_t k)
{
    est_tensor *x = numbers(n, d, 1), *c = numbers(k, d, 2), *kernel[OUTPUTS], *body[OUTPUTS], *threads[OUTPUTS];
    run(x, c, false, 1, kernel);
    run(x, c, false, 3, threads);
    run(x, c, true, 1, body);
    EST_CHECK_BYTES(kernel[0]->data, (size_t)n * 8, body[0]->data, (size_t)n * 8);
    for (int o = 0; o < OUTPUTS; o++) {
        EST_CHECK_BYTES(threads[o]->data, est__tensor_bytes(threads[o]), kernel[o]->data, est__tensor_bytes(kernel[o]));
        for (int64_t i = 0; o > 0 && i < est__tensor_elements(body[o]); i++)
            EST_CHECK_NEAR(est__tensor_get(kernel[o], i), est__tensor_get(body[o], i), 1e-4);
        est_tensor_free(kernel[o]);
        est_tensor_free(body[o]);
        est_tensor_free(threads[o]);
    }
    est_tensor_free(x);
    est_tensor_free(c);
}

static void like_its_body(void)
{
    static const int64_t sizes[][3] = { { 1, 1, 1 }, { 7, 3, 5 }, { 600, 17, 16 }, { 4500, 2, 33 }, { 300, 70, 67 }, { 65, 31, 12 }, { 5000, 5, 1 } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        compare(sizes[i][0], sizes[i][1], sizes[i][2]);
}

/* Of equal ones the first; one that is no number is none's; no points at all. */
static void edges(void)
{
    float x[] = { 1, 1, 2, 2 }, c[] = { NAN, NAN, 1, 1, 1, 1, 2, 2 };
    est_tensor tx = { EST_FLOAT, EST_SHAPE(2, 2), x, NULL }, tc = { EST_FLOAT, EST_SHAPE(4, 2), c, NULL }, *out[OUTPUTS];
    run(&tx, &tc, false, 1, out);
    EST_CHECK_INT(((const int64_t *)out[0]->data)[0], 1);
    EST_CHECK_INT(((const int64_t *)out[0]->data)[1], 3);
    EST_CHECK_NEAR(((const float *)out[1]->data)[0], 0, 0);
    EST_CHECK_NEAR(((const float *)out[3]->data)[0], 0, 0);
    for (int i = 0; i < OUTPUTS; i++)
        est_tensor_free(out[i]);
    tx.shape = EST_SHAPE(0, 2);
    run(&tx, &tc, false, 1, out);
    EST_CHECK_NEAR(((const float *)out[3]->data)[3], 0, 0);
    for (int i = 0; i < OUTPUTS; i++)
        est_tensor_free(out[i]);
}

static void refuses(void)
{
    once o;
    EST_NEED(once_begin(&o));
    est_node *x = once_floats(&o, EST_FLOATS(1, 2), EST_SHAPE(1, 2)), *c = once_floats(&o, EST_FLOATS(1, 2, 3), EST_SHAPE(1, 3));
    EST_CHECK_FAILS(once_node(&o, est_nearest_centers(o.g, x, c)), EST_INVALID_ARGUMENT,
                    "EstNearestCenters 'EstNearestCenters': points of [1,2] and centers of [1,3] do not fit");
    once_end(&o);
}

EST_SUITE(ops_clusters, EST_TEST(like_its_body), EST_TEST(edges), EST_TEST(refuses));
