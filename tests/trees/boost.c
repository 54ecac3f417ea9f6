/* Boosting: losses fall, the same bits on any number of threads and after a stop, memory may end anywhere. */
#include <math.h>

#include "trees/rows.h"

static const est__tree_options plain = { .max_depth = 4, .learning_rate = 0.3, .subsample = 1, .feature_fraction = 1 };

static void losses_fall(void)
{
    static const struct { est__objective objective; double before, after; int64_t outputs; } cases[] = {
        { EST__LOGISTIC, 0.694, 0.45, 1 }, { EST__SQUARED, 0.6, 0.14, 1 }, { EST__SOFTMAX, 1.1, 0.5, 3 }, { EST__POISSON, 1.1, 0.85, 1 } };
    tree_rows r = { 0 };
    if (!tree_rows_new(3000, 255, 1000, NULL, &r))
        return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double before = 0, after = 0;
        est__ensemble_free(tree_rows_boost(&r, &plain, cases[i].objective, cases[i].outputs, 0, NULL, &before));
        est__ensemble_free(tree_rows_boost(&r, &plain, cases[i].objective, cases[i].outputs, 10, NULL, &after));
        EST_CHECK(before < cases[i].before && after < cases[i].after && after > 0 && after < before);
    }
    tree_rows_free(&r);
}

static void bias_is_the_best_constant(void)
{
    tree_rows r = { 0 };
    est__tree_options o = plain;
    double mean = 0;
    o.center_bias = true;
    if (!tree_rows_new(500, 255, 500, NULL, &r))
        return;
    for (int64_t i = 0; i < r.n; i++)
        mean += (double)r.label[i] / (double)r.n;
    static const est__objective objectives[] = { EST__LOGISTIC, EST__SQUARED, EST__POISSON };
    const double wanted[] = { log(mean / (1 - mean)), mean, log(mean) };
    for (int i = 0; i < 3; i++) {
        est__ensemble *e = tree_rows_boost(&r, &o, objectives[i], 1, 0, NULL, NULL);
        if (EST_CHECK(e != NULL))
            EST_CHECK_NEAR((double)e->bias[0], wanted[i], 1e-5);
        est__ensemble_free(e);
    }
    tree_rows_free(&r);
}

static est__tree_options sampled(void)
{
    est__tree_options o = plain;
    o.subsample = 0.7;
    o.feature_fraction = 0.6;
    o.validation_fraction = 0.2;
    o.seed = 5;
    return o;
}

static void same_bits_on_any_number_of_threads(void)
{
    est__ensemble *e[3] = { NULL };
    est__tree_options o = sampled();
    for (int i = 0; i < 3; i++) {
        tree_rows r = { 0 };
        est__pool *pool = NULL;
        EST_CHECK_OK(est__pool_new(i + 1, &pool));
        if (tree_rows_new(20000, 100, 5000, pool, &r))
            e[i] = tree_rows_boost(&r, &o, EST__SOFTMAX, 2, 3, pool, NULL);
        tree_rows_free(&r);
        est__pool_free(pool);
    }
    EST_CHECK(same_trees(e[0], e[1]) && same_trees(e[0], e[2]));
    for (int i = 0; i < 3; i++)
        est__ensemble_free(e[i]);
}

static void goes_on_as_if_it_had_not_stopped(void)
{
    tree_rows r = { 0 };
    est__tree_options o = sampled();
    est__boost *b = NULL;
    if (!tree_rows_new(2000, 255, 2000, NULL, &r))
        return;
    est__ensemble *once = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 8, NULL, NULL);
    est__ensemble *twice = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 5, NULL, NULL);
    if (EST_CHECK(once && twice) && EST_CHECK_OK(est__boost_new(&o, EST__LOGISTIC, r.matrix, r.label, NULL, twice, NULL, &b))) {
        for (int i = 0; i < 3; i++)
            EST_CHECK_OK(est__boost_round(b));
        EST_CHECK(same_trees(once, twice));
        EST_CHECK(est__boost_best(b, NULL) > 0);
    }
    est__boost_free(b);
    est__ensemble_cut(once, 5);
    EST_CHECK_INT(once->num_trees, 5);
    est__ensemble_free(once);
    est__ensemble_free(twice);
    tree_rows_free(&r);
}

static void memory_may_end_anywhere(void)
{
    static const est__tree_feature feature = { .name = "x" };
    float x[64], y[64];
    est__tree_options o = plain;
    o.validation_fraction = 0.1;
    for (int i = 0; i < 64; i++) {
        x[i] = (float)i;
        y[i] = i % 5 < 2;
    }
    est_status st = EST_RESOURCE_EXHAUSTED;
    for (int64_t n = 1; n < 400 && st == EST_RESOURCE_EXHAUSTED; n++) {
        est__tree_matrix *m = NULL;
        est__ensemble *e = NULL;
        est__boost *b = NULL;
        est_test_fail_allocation(n);
        st = est__tree_matrix_new(&feature, 1, 255, 64, NULL, &m);
        if (st == EST_OK)
            st = est__tree_matrix_add(m, x, 64);
        if (st == EST_OK)
            st = est__tree_matrix_finish(m);
        if (st == EST_OK)
            st = est__ensemble_new(1, &e);
        if (st == EST_OK)
            st = est__boost_new(&o, EST__LOGISTIC, m, y, NULL, e, NULL, &b);
        if (st == EST_OK)
            st = est__boost_round(b);
        est_test_fail_allocation(0);
        est__boost_free(b);
        est__ensemble_free(e);
        est__tree_matrix_free(m);
    }
    EST_CHECK_INT(st, EST_OK);
}

EST_SUITE(trees_boost, EST_TEST(losses_fall), EST_TEST(bias_is_the_best_constant), EST_TEST(same_bits_on_any_number_of_threads),
          EST_TEST(goes_on_as_if_it_had_not_stopped), EST_TEST(memory_may_end_anywhere));
