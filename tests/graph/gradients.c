/* Symbolic gradients: dense and sparse, added up, refused; against central differences on random graphs. */
#include <math.h>

#include "graph/lab.h"

static est_node *gather(lab *l, est_node *variable, const int64_t *ids, int64_t n, est_dtype dtype)
{
    est_node *i = est_constant(l->g, lab_ints(l, dtype, est_shape_of(1, &n), ids));
    return est_op(l->g, "ResourceGather", NULL, EST_NODES(variable, i),
                  EST_ATTRS(EST_TYPE_ATTR("dtype", EST_FLOAT)));
}

static est_node *sum(lab *l, est_node *x)
{
    return est_reduce_sum(l->g, x, EST_ALL_AXES, false);
}

static void dense(void)
{
    lab l;
    est_gradient d[3];
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SHAPE(3), (float[]){ 1, 2, 3 });
    est_node *x = lab_feed(&l, "x", EST_SHAPE(3), lab_floats(&l, EST_SHAPE(3), (float[]){ 4, 5, 6 }));
    est_node *other = lab_feed(&l, "other", EST_SHAPE(3), lab_floats(&l, EST_SHAPE(3), NULL));
    /* not a scalar would do as well */
    est_node *y = sum(&l, est_mul(l.g, est_square(l.g, est_read(l.g, v)), x));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(v, x, other), d));
    EST_NEED(lab_initialize(&l));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[3] 8 20 36");
    EST_CHECK_STR(lab_value(&l, d[1].value), "float32[3] 1 4 9");
    EST_CHECK(d[0].indices == NULL && d[2].value == NULL && d[2].indices == NULL);   /* y does not know it */
    EST_NEED_OK(est_gradients(l.g, x, EST_NODES(x, x, v), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[3] 1 1 1");                    /* of itself */
    EST_CHECK_STR(lab_value(&l, d[1].value), "float32[3] 1 1 1");
    EST_CHECK(d[2].value == NULL);
    est_node *vector = est_square(l.g, est_read(l.g, v));                            /* d(sum of y) */
    EST_NEED_OK(est_gradients(l.g, vector, EST_NODES(v), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[3] 2 4 6");
    lab_end(&l);
}

static void several_paths(void)
{
    lab l;
    est_gradient d[3];
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(2), lab_floats(&l, EST_SHAPE(2), (float[]){ 3, 5 }));
    /* x^4 + x^3 + x */
    est_node *a = est_mul(l.g, x, x), *b = est_add(l.g, a, x), *y = est_add(l.g, est_mul(l.g, a, b), x);
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(x, a, x), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[2] 136 576");
    /* b + a, the x beside it held */
    EST_CHECK_STR(lab_value(&l, d[1].value), "float32[2] 21 55");
    /* the same x twice: added up once */
    EST_CHECK(d[2].value == d[0].value);
    est_node *z = est_add_n(l.g, EST_NODES(x, x, x, x));
    EST_NEED_OK(est_gradients(l.g, z, EST_NODES(x), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[2] 4 4");
    est_node *stopped = est_mul(l.g, x, est_stop_gradient(l.g, x));
    EST_NEED_OK(est_gradients(l.g, stopped, EST_NODES(x), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[2] 3 5");
    EST_NEED_OK(est_gradients(l.g, est_stop_gradient(l.g, x), EST_NODES(x), d));
    EST_CHECK(d[0].value == NULL);
    lab_end(&l);
}

static void sparse(void)
{
    lab l;
    est_gradient d[2];
    EST_NEED(lab_begin(&l));
    est_node *v = lab_variable(&l, "v", EST_SHAPE(3, 2), (float[]){ 1, 2, 3, 4, 5, 6 });
    est_node *rows = gather(&l, v, (int64_t[]){ 2, 0, 2 }, 3, EST_INT64);
    EST_NEED_OK(est_gradients(l.g, sum(&l, est_square(l.g, rows)), EST_NODES(v), d));
    EST_NEED(lab_initialize(&l));
    /* rows as they were named, not added up */
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[3,2] 10 12 2 4 10 12");
    EST_CHECK_STR(lab_value(&l, d[0].indices), "int64[3] 2 0 2");

    /* two gathers, of two kinds of ids */
    est_node *more = gather(&l, v, (int64_t[]){ 1 }, 1, EST_INT32);
    est_node *both = est_add(l.g, sum(&l, rows), sum(&l, est_mul(l.g, more, est_constant_float(l.g, 5))));
    EST_NEED_OK(est_gradients(l.g, both, EST_NODES(v), d));
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[4,2] 5 5 1 1 1 1 1 1");
    EST_CHECK_STR(lab_value(&l, d[0].indices), "int64[4] 1 2 0 2");

    /* something dense meets them */
    est_node *mixed = est_add(l.g, both, sum(&l, est_square(l.g, est_read(l.g, v))));
    EST_NEED_OK(est_gradients(l.g, mixed, EST_NODES(v, v), d));
    EST_CHECK(d[0].indices == NULL && d[1].value == d[0].value);
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[3,2] 3 5 11 13 12 14");
    lab_end(&l);
}

/* Rows out of something that is computed: what flows back into it is dense again, and counted once. */
static void sparse_within(void)
{
    lab l;
    est_gradient d[2];
    EST_NEED(lab_begin(&l));
    float w[] = { 1, 2, 3, 4 };
    est_node *v = lab_variable(&l, "v", EST_SHAPE(2, 2), w);
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 2),
                           lab_floats(&l, EST_SHAPE(3, 2), (float[]){ 1, 0, 0, 1, 1, 1 }));
    /* of an unknown number of rows */
    est_node *h = est_matmul(l.g, x, est_read(l.g, v));
    est_node *ids = est_constant_ints(l.g, EST_INT64, EST_INTS(2, 2, 0));
    est_node *y = est_add(l.g, sum(&l, est_gather(l.g, h, ids, 0)), sum(&l, h));
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(v, h), d));
    EST_NEED(lab_initialize(&l));
    EST_CHECK_STR(lab_value(&l, d[1].value), "float32[3,2] 2 2 1 1 3 3");
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[2,2] 5 5 4 4");
    EST_NEED_OK(est_gradients(l.g, sum(&l, est_gather(l.g, h, ids, 0)), EST_NODES(v), d));   /* rows alone */
    EST_CHECK_STR(lab_value(&l, d[0].value), "float32[2,2] 3 3 2 2");
    lab_end(&l);
}

static void second(void)
{
    lab l;
    est_gradient d, dd, ddd;
    EST_NEED(lab_begin(&l));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(2), lab_floats(&l, EST_SHAPE(2), (float[]){ 2, 0.5f }));
    est_node *y = est_mul(l.g, est_square(l.g, x), x);
    EST_NEED_OK(est_gradients(l.g, y, EST_NODES(x), &d));
    EST_NEED_OK(est_gradients(l.g, d.value, EST_NODES(x), &dd));
    EST_NEED_OK(est_gradients(l.g, dd.value, EST_NODES(x), &ddd));
    EST_CHECK_STR(lab_value(&l, d.value), "float32[2] 12 0.75");
    EST_CHECK_STR(lab_value(&l, dd.value), "float32[2] 12 3");
    EST_CHECK_STR(lab_value(&l, ddd.value), "float32[2] 6 6");
    est_node *s = est_sigmoid(l.g, x);
    EST_NEED_OK(est_gradients(l.g, s, EST_NODES(x), &d));
    EST_NEED_OK(est_gradients(l.g, d.value, EST_NODES(x), &dd));
    double p = 1 / (1 + exp(-2.0));
    est_tensor *t;
    if (EST_CHECK(lab_run(&l, EST_NODES(dd.value), (est_nodes){ 0 }, false, &t)))
        EST_CHECK_NEAR(est__tensor_get(t, 0), p * (1 - p) * (1 - 2 * p), 1e-6);
    lab_end(&l);
}

static void refused(void)
{
    lab l, other;
    est_gradient d;
    EST_NEED(lab_begin(&l) && lab_begin(&other));
    est_node *x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL),
             *elsewhere = lab_feed(&other, "e", EST_SCALAR, NULL);
    EST_CHECK_FAILS(est_gradients(l.g, est_cast(l.g, x, EST_INT32), EST_NODES(x), &d), EST_INVALID_ARGUMENT,
                    "est_gradients: y must be a float node of the graph");
    EST_CHECK_FAILS(est_gradients(l.g, elsewhere, EST_NODES(x), &d), EST_INVALID_ARGUMENT,
                    "est_gradients: y must be a float node of the graph");
    EST_CHECK_OK(est_graph_status(l.g));
    EST_CHECK_FAILS(est_gradients(l.g, x, EST_NODES(elsewhere), &d), EST_INVALID_ARGUMENT,
                    "est_gradients: x number 0 is no node of the graph");
    lab_end(&l);
    lab_end(&other);
    EST_NEED(lab_begin(&l));
    x = lab_feed(&l, "x", EST_SHAPE(-1, 3), NULL);
    est_node *ids = est_constant_ints(l.g, EST_INT64, EST_INTS(0)),
             *shape = est_constant_ints(l.g, EST_INT64, EST_INTS(1, 1));
    est_node *rows = est_op(l.g, "EstSafeEmbeddingLookupSparseGrad", "hidden/rows",
                            EST_NODES(est_square(l.g, x), est_constant_ints(l.g, EST_INT32, EST_INTS(0)), ids,
                                      lab_feed(&l, "at", EST_SHAPE(-1, 2),
                                               lab_ints(&l, EST_INT64, EST_SHAPE(1, 2), (int64_t[]){ 0, 0 })),
                                      ids, shape),
                            EST_NO_ATTRS);
    est_node *loss = est_reduce_sum(l.g, est_op(l.g, "Relu", "activation", EST_NODES(rows), EST_NO_ATTRS),
                                    EST_ALL_AXES, false);
    /* its own gradient is not asked for */
    EST_CHECK_OK(est_gradients(l.g, loss, EST_NODES(rows), &d));
    EST_CHECK_FAILS(est_gradients(l.g, loss, EST_NODES(x), &d), EST_UNIMPLEMENTED,
                    "EstSafeEmbeddingLookupSparseGrad 'hidden/rows' has no gradient; its way to the loss: "
                    "EstSafeEmbeddingLookupSparseGrad 'hidden/rows' -> Relu 'activation' -> Sum 'Sum'");
    EST_CHECK(est_graph_status(l.g) != EST_OK);
    lab_end(&l);
}

/* ---- random graphs against central differences, in double ---- */

enum { ROWS = 3, COLUMNS = 4, NODES = 14, GRAPHS = 40 };

static est_node *random_node(lab *l, est_node *const *have, uint64_t n, est__random *r)
{
    est_graph *g = l->g;
    est_node *a = have[est__random_below(r, n)], *b = have[est__random_below(r, n)],
             *c = have[est__random_below(r, n)];
    switch (est__random_below(r, 14)) {
    case 0: return est_add(g, a, b);
    case 1: return est_sub(g, a, b);
    case 2: return est_mul(g, a, b);
    case 3: return est_tanh(g, a);
    case 4: return est_sigmoid(g, est_add(g, a, b));
    case 5: return est_softplus(g, a);
    case 6: return est_mul(g, a, est_reduce_mean(g, b, EST_INTS(0), true));
    case 7: return est_sub(g, a, est_reduce_sum(g, b, EST_INTS(-1), true));
    case 8: return est_tanh(g, est_matmul(g, est_matmul(g, a, est_transpose(g, b, EST_INTS(1, 0))), c));
    case 9: return est_reshape(g, est_reshape(g, a, EST_INTS(-1)), EST_INTS(ROWS, COLUMNS));
    case 10: return est_slice(g, est_concat(g, EST_NODES(a, b), 0), EST_INTS(1, 0), EST_INTS(ROWS, -1));
    case 11: return est_gather(g, a, est_constant_ints(g, EST_INT32, EST_INTS(2, 0, 2)), 0);
    case 12: return est_softmax(g, est_add_n(g, EST_NODES(a, b, a)));
    default:
        return est_div(g, a, est_add(g, est_square(g, b), est_cast(g, est_constant_float(g, 1), EST_DOUBLE)));
    }
}

static double run_at(est__run *run, const est_tensor *x, size_t fetch, int64_t i)
{
    return EST_CHECK_OK(est__run_step(run, &x, 0)) ? est__tensor_get(est__run_fetch(run, fetch), i) : NAN;
}

static void check_differences(est__run *run, est_tensor *x)
{
    double *at = x->data, step = 1e-5;
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        double slope = run_at(run, x, 1, i), middle = at[i];
        at[i] = middle + step;
        double above = run_at(run, x, 0, 0);
        at[i] = middle - step;
        double below = run_at(run, x, 0, 0);
        at[i] = middle;
        EST_CHECK_NEAR(slope, (above - below) / (2 * step), 1e-6 * (1 + fabs(slope)));
    }
}

static void random_graph(uint64_t seed)
{
    est__random random = { .key = seed };
    lab l;
    est_gradient d;
    est__plan *plan = NULL;
    est__run *run = NULL;
    est_tensor *x;
    EST_NEED(lab_begin(&l));
    est_shape shape = EST_SHAPE(ROWS, COLUMNS);
    EST_NEED_OK(est_tensor_new(EST_DOUBLE, &shape, &x));
    lab_keep(&l, x);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        ((double *)x->data)[i] = (double)est__random_below(&random, 3001) / 1000 - 1.5;
    est_node *have[NODES] = { lab_feed(&l, "x", seed % 2 ? EST_SHAPE(-1, COLUMNS) : shape, x) };
    for (uint64_t n = 1; n < NODES; n++)
        have[n] = random_node(&l, have, n, &random);
    est_node *y = est_reduce_sum(l.g, est_tanh(l.g, est_add_n(l.g, (est_nodes){ have + NODES - 3, 3 })),
                                 EST_ALL_AXES, false);
    if (EST_CHECK_OK(est_gradients(l.g, y, EST_NODES(have[0]), &d)) && d.value) {
        est__plan_options o = { .feeds = EST_NODES(have[0]), .fetches = EST_NODES(y, d.value) };
        if (EST_CHECK_OK(est__plan_new(l.g, &o, &plan)) && EST_CHECK_OK(est__run_new(plan, NULL, &run)))
            check_differences(run, x);
    }
    est__run_free(run);
    est__plan_free(plan);
    lab_end(&l);
}

static void random_graphs(void)
{
    for (uint64_t seed = 1; seed <= GRAPHS; seed++)
        random_graph(seed);
}

EST_SUITE(graph_gradients, EST_TEST(dense), EST_TEST(several_paths), EST_TEST(sparse),
          EST_TEST(sparse_within), EST_TEST(second), EST_TEST(refused), EST_TEST(random_graphs));
