/* Shapley values of trees against their definition: the mean over all orders of the features, with every subset tried. */
#include <math.h>
#include <stdlib.h>

#include "base/quadrature.h"
#include "trees/rows.h"
#include "trees/shap.h"

enum { SUBSETS = 1 << TREE_FEATURES };

/* The mean of the subtree where the features of `known` are those of x and the others are left out. */
static double mean_of(const est__ensemble *e, int32_t node, const float *x, unsigned known)
{
    int32_t l = e->left[node], f = e->feature[node];
    if (l == node)
        return (double)e->value[node];
    double a = (double)e->weight[l], b = (double)e->weight[l + 1];
    if (!(known >> f & 1))
        return (a * mean_of(e, l, x, known) + b * mean_of(e, l + 1, x, known)) / (a + b);
    bool left = isnan(x[f])       ? e->missing_left[node]
                : e->set[node] < 0 ? x[f] <= e->threshold[node]
                                   : e->members[e->set[node] * EST__TREE_SLOTS + (int)x[f]];
    return mean_of(e, l + !left, x, known);
}

static double factorial(int n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* By the definition: [features], and the value of no feature last. */
static void by_definition(const est__ensemble *e, int64_t output, const float *x, double out[TREE_FEATURES + 1])
{
    double value[SUBSETS];
    for (unsigned set = 0; set < SUBSETS; set++) {
        value[set] = (double)e->bias[output];
        for (int64_t t = output; t < e->num_trees; t += e->outputs)
            value[set] += mean_of(e, e->root[t], x, set);
    }
    for (int f = 0; f < TREE_FEATURES; f++) {
        out[f] = 0;
        for (unsigned set = 0; set < SUBSETS; set++) {
            int n = 0;
            for (int j = 0; j < TREE_FEATURES; j++)
                n += set >> j & 1;
            if (!(set >> f & 1))
                out[f] += factorial(n) * factorial(TREE_FEATURES - n - 1) / factorial(TREE_FEATURES) * (value[set | 1u << f] - value[set]);
        }
    }
    out[TREE_FEATURES] = value[0];
}

/* The rows as the trees' variables see them. */
static float *as_seen(const tree_rows *r)
{
    float *x = calloc((size_t)r->n * TREE_FEATURES, sizeof *x);
    for (int64_t i = 0; x && i < r->n; i++) {
        memcpy(x + i * TREE_FEATURES, r->x + i * TREE_FEATURES, (TREE_FEATURES - 1) * sizeof *x);
        int bin = est__tree_at(r->matrix, i, 4);
        x[i * TREE_FEATURES + 4] = bin == r->matrix->feature[4].bins ? NAN : (float)bin;
    }
    return x;
}

static void check(const tree_rows *r, const est__ensemble *e, est__pool *pool)
{
    float *x = as_seen(r);
    int64_t row = e->outputs * TREE_FEATURES;
    double *out = calloc((size_t)(r->n * row), sizeof *out), wanted[TREE_FEATURES + 1];
    est__shap *s = NULL;
    EST_NEED(x && out);
    EST_NEED_OK(est__shap_new(e, TREE_FEATURES, &s));
    EST_CHECK_OK(est__shap_rows(s, x, r->n, pool, out));
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t k = 0; k < e->outputs; k++) {
            double sum = est__shap_bias(s)[k], whole = (double)e->bias[k];
            const double *of = out + i * row + k * TREE_FEATURES;
            for (int f = 0; f < TREE_FEATURES; f++)
                sum += of[f];
            for (int64_t t = k; t < e->num_trees; t += e->outputs)
                whole += (double)e->value[est__ensemble_leaf(e, e->root[t], r->matrix, i)];
            EST_CHECK_NEAR(sum, whole, 1e-9);
            if (i % 7)
                continue;
            by_definition(e, k, x + i * TREE_FEATURES, wanted);
            EST_CHECK_NEAR(est__shap_bias(s)[k], wanted[TREE_FEATURES], 1e-9);
            for (int f = 0; f < TREE_FEATURES; f++)
                EST_CHECK_NEAR(of[f], wanted[f], 1e-9);
        }
    est__shap_free(s);
    free(x);
    free(out);
}

static void is_the_definition(void)
{
    static const est__tree_options options[] = {
        { .max_depth = 3, .learning_rate = 0.5, .l2 = 1, .subsample = 1, .feature_fraction = 1 },
        { .max_leaves = 60, .leaf_wise = true, .learning_rate = 0.3, .subsample = 0.5, .feature_fraction = 1, .categorical_smoothing = 10 },
    };
    for (int i = 0; i < 4; i++) {
        tree_rows r = { 0 };
        est__pool *pool = NULL;
        EST_CHECK_OK(est__pool_new(3, &pool));
        if (tree_rows_new(331, 255, 331, NULL, &r)) {
            for (int64_t j = 0; i & 2 && j < r.n; j++)
                r.label[j] = (float)((int64_t)(r.label[j] * 2) + (r.x[j * TREE_FEATURES] > 0.7f) > 1 ? 2 : (int)r.label[j]);
            est__ensemble *e = tree_rows_boost(&r, &options[i & 1], i & 2 ? EST__SOFTMAX : EST__LOGISTIC, i & 2 ? 3 : 1, 4, NULL, NULL);
            if (EST_CHECK(e != NULL))
                check(&r, e, i & 1 ? pool : NULL);
            est__ensemble_free(e);
        }
        tree_rows_free(&r);
        est__pool_free(pool);
    }
}

/* A tree that is only a leaf; and nodes that are no tree. */
static void odd_trees(void)
{
    est__ensemble *e = NULL;
    est__shap *s = NULL;
    float x[2] = { 0, 0 };
    double out[2] = { 5, 5 };
    int32_t first;
    EST_NEED_OK(est__ensemble_new(1, &e));
    EST_CHECK_OK(est__ensemble_add_tree(e));
    e->value[0] = 3;
    EST_CHECK_OK(est__shap_new(e, 2, &s));
    EST_CHECK_OK(est__shap_rows(s, x, 1, NULL, out));
    EST_CHECK(out[0] == 0 && out[1] == 0 && est__shap_bias(s)[0] == 3);
    est__shap_free(s);
    EST_CHECK_OK(est__ensemble_add_nodes(e, 4, &first));
    e->left[0] = 1;
    e->left[1] = e->left[2] = 3;
    EST_CHECK_FAILS(est__shap_new(e, 2, &s), EST_DATA_LOSS, "node 2 has the children 3 and after, which are another's");
    e->left[2] = 2;
    EST_CHECK_OK(est__shap_new(e, 2, &s));   /* no weight anywhere: both ways alike */
    EST_CHECK_OK(est__shap_rows(s, x, 1, NULL, out));
    EST_CHECK_NEAR(est__shap_bias(s)[0] + out[0] + out[1], 0, 0);
    est__shap_free(s);
    est__ensemble_free(e);
}

static void integrates_polynomials(void)
{
    double x[40], w[40];
    for (int n = 1; n <= 40; n++) {
        est__gauss_legendre(n, x, w);
        for (int degree = 0; degree < 2 * n; degree++) {
            double sum = 0;
            for (int i = 0; i < n; i++)
                sum += w[i] * pow(x[i], degree);
            EST_CHECK_NEAR(sum, 1.0 / (degree + 1), 1e-14);
        }
        EST_CHECK(x[0] > 0 && x[n - 1] < 1 && (n == 1 || x[0] < x[1]));
    }
}

EST_SUITE(trees_shap, EST_TEST(is_the_definition), EST_TEST(odd_trees), EST_TEST(integrates_polynomials));
