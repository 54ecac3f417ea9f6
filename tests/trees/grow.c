/* One tree against all splits tried one by one over the rows themselves. */
#include <math.h>

#include "trees/rows.h"

/* Gradients of the squared loss at 0: -label, Hessian 1. */
typedef struct tried {
    double gain;
    int feature;
    float threshold;
    bool missing_left;
} tried;

static double score(double g, double h, double l2)
{
    return h + l2 > 0 ? g * g / (h + l2) : 0;
}

static double gain_of(const tree_rows *r, int f, float threshold, bool missing_left, double l2, double least)
{
    double g[2] = { 0 }, h[2] = { 0 };
    for (int64_t i = 0; i < r->n; i++) {
        float x = r->x[i * TREE_FEATURES + f];
        int side = isnan(x) ? !missing_left : !(x <= threshold);
        g[side] -= (double)r->label[i];
        h[side]++;
    }
    if (h[0] < least || h[1] < least)
        return 0;
    return score(g[0], h[0], l2) + score(g[1], h[1], l2) - score(g[0] + g[1], h[0] + h[1], l2);
}

static tried best_by_hand(const tree_rows *r, double l2, double least)
{
    tried best = { 0 };
    for (int f = 0; f < TREE_FEATURES - 1; f++)
        for (int i = 0; i <= est__tree_cut_count(&r->matrix->feature[f]); i++)
            for (int missing_left = 0; missing_left < 2; missing_left++) {
                float t = i < est__tree_cut_count(&r->matrix->feature[f]) ? r->matrix->feature[f].cut[i] : INFINITY;
                double gain = gain_of(r, f, t, missing_left, l2, least);
                if (gain > best.gain * (1 + 1e-6))
                    best = (tried){ gain, f, t, missing_left };
            }
    return best;
}

static void finds_the_best_split(void)
{
    tree_rows r = { 0 };
    if (tree_rows_new(400, 60, 400, NULL, &r)) {
        for (int64_t i = 0; i < r.n; i++)   /* the category is tried by itself, below */
            r.matrix->group[0][i] &= UINT64_C(0xff00ffffffff);
        r.matrix->feature[4].bins = 1;
        est__tree_options o = { .max_depth = 1, .learning_rate = 1, .l2 = 3, .min_node_weight = 20, .subsample = 1, .feature_fraction = 1 };
        est__ensemble *e = tree_rows_boost(&r, &o, EST__SQUARED, 1, 1, NULL, NULL);
        tried best = best_by_hand(&r, 3, 20);
        if (EST_CHECK(e != NULL) && EST_CHECK_INT(e->num_nodes, 3)) {
            EST_CHECK_INT(e->feature[0], best.feature);
            EST_CHECK_NEAR((double)e->threshold[0], (double)best.threshold, 0);
            EST_CHECK_INT(e->missing_left[0], best.missing_left);
            EST_CHECK_NEAR((double)e->gain[0], best.gain, 1e-4 * best.gain);
            double g = 0, h = 0;
            for (int64_t i = 0; i < r.n; i++)
                if (est__ensemble_leaf(e, 0, r.matrix, i) == 1) {
                    g += (double)r.label[i];
                    h++;
                }
            EST_CHECK_NEAR((double)e->value[1], g / (h + 3), 1e-4);
            EST_CHECK_NEAR((double)e->weight[1], h, 1e-3);
        }
        est__ensemble_free(e);
    }
    tree_rows_free(&r);
}

/* The label is whether the category is one of some: one split tells. */
static void splits_by_sets(void)
{
    tree_rows r = { 0 };
    if (tree_rows_new(600, 255, 600, NULL, &r)) {
        for (int64_t i = 0; i < r.n; i++) {
            float x = r.x[i * TREE_FEATURES + 4];
            r.label[i] = !isnan(x) && ((int)x == 3 || (int)x == 5 || (int)x == 11);
        }
        est__tree_options o = { .max_depth = 3, .learning_rate = 1, .subsample = 1, .feature_fraction = 1 };
        est__ensemble *e = tree_rows_boost(&r, &o, EST__SQUARED, 1, 1, NULL, NULL);
        if (EST_CHECK(e != NULL) && EST_CHECK_INT(e->num_nodes, 3) && EST_CHECK_INT(e->set[0], 0)) {
            for (int64_t i = 0; i < r.n; i++)
                EST_CHECK_NEAR((double)e->value[est__ensemble_leaf(e, 0, r.matrix, i)], (double)r.label[i], 1e-4);
            EST_CHECK(e->members[3] == e->members[5] && e->members[3] == e->members[11] && e->members[3] != e->members[4]);
            EST_CHECK(e->missing_left[0] == e->members[4]);
        }
        est__ensemble_free(e);
    }
    tree_rows_free(&r);
}

static int64_t leaves_of_tree(const est__ensemble *e)
{
    return (e->num_nodes + 1) / 2;
}

static void bounds_hold(void)
{
    tree_rows r = { 0 };
    est__ensemble *e = NULL;
    if (!tree_rows_new(2000, 255, 2000, NULL, &r))
        return;
    est__tree_options o = { .max_leaves = 13, .leaf_wise = true, .learning_rate = 0.1, .subsample = 1, .feature_fraction = 1 };
    if (EST_CHECK((e = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 1, NULL, NULL)) != NULL))
        EST_CHECK_INT(leaves_of_tree(e), 13);
    est__ensemble_free(e);
    o.leaf_wise = false;
    o.max_depth = 5;
    if (EST_CHECK((e = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 1, NULL, NULL)) != NULL)) {
        EST_CHECK_INT(leaves_of_tree(e), 13);
        EST_CHECK_INT(e->depth, 4);
    }
    est__ensemble_free(e);
    o.max_leaves = 0;
    o.min_node_weight = 5;
    if (EST_CHECK((e = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 1, NULL, NULL)) != NULL))
        for (int64_t i = 0; i < e->num_nodes; i++)
            EST_CHECK(e->weight[i] >= 4.99f);
    est__ensemble_free(e);
    tree_rows_free(&r);
}

static void prunes(void)
{
    tree_rows r = { 0 };
    est__ensemble *whole = NULL, *pre = NULL, *post = NULL;
    if (!tree_rows_new(2000, 255, 2000, NULL, &r))
        return;
    est__tree_options o = { .max_depth = 6, .learning_rate = 0.3, .tree_complexity = 4, .subsample = 1, .feature_fraction = 1 };
    whole = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 3, NULL, NULL);
    o.pruning = EST__PRUNE_PRE;
    pre = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 3, NULL, NULL);
    o.pruning = EST__PRUNE_POST;
    post = tree_rows_boost(&r, &o, EST__LOGISTIC, 1, 3, NULL, NULL);
    if (EST_CHECK(whole && pre && post)) {
        EST_CHECK(pre->num_nodes < whole->num_nodes && post->num_nodes < whole->num_nodes && post->num_nodes >= pre->num_nodes);
        for (int64_t i = 0; i < pre->num_nodes; i++)
            EST_CHECK(pre->left[i] == i || pre->gain[i] > 4);
        for (int64_t i = 0; i < post->num_nodes; i++)   /* a split that gains little stays where one below it gains more */
            EST_CHECK(post->left[i] == i || post->gain[i] > 4 || post->left[post->left[i]] != post->left[i] ||
                      post->left[post->left[i] + 1] != post->left[i] + 1);
    }
    est__ensemble_free(whole);
    est__ensemble_free(pre);
    est__ensemble_free(post);
    tree_rows_free(&r);
}

EST_SUITE(trees_grow, EST_TEST(finds_the_best_split), EST_TEST(splits_by_sets), EST_TEST(bounds_hold), EST_TEST(prunes));
