/* Sums of many rows against sums one by one: leaves that are cut into parts, features that are not wanted, several bundles of features. */
#include "support/est_test.h"
#include "trees/grow.h"

enum { ROWS = 70000, FEATURES = 37, BINS = 40 };

static est_status fill(est__tree_matrix *m)
{
    float x[100][FEATURES];
    est_status st = EST_OK;
    for (int64_t at = 0; at < ROWS && st == EST_OK; at += 100) {
        for (int i = 0; i < 100; i++)
            for (int f = 0; f < FEATURES; f++)
                x[i][f] = (float)((at + i + f) * (2 * f + 7919) % (f + 30));
        st = est__tree_matrix_add(m, x[0], 100);
    }
    return st == EST_OK ? est__tree_matrix_finish(m) : st;
}

static void check_leaf(const est__grower *w, const est__tree_leaf *leaf)
{
    static est__tree_sum sum[FEATURES][EST__TREE_SLOTS];
    int64_t wrong = 0;
    memset(sum, 0, sizeof sum);
    for (int64_t i = leaf->begin; i < leaf->end; i++)
        for (int f = 0; f < FEATURES; f++) {
            est__tree_sum *s = &sum[f][est__tree_at(w->m, w->rows[i], f)];
            s->gradient += w->pair[w->rows[i]] >> 32;
            s->hessian += (uint32_t)w->pair[w->rows[i]];
        }
    for (int f = 0; f < FEATURES; f++)
        for (int s = 0; w->wanted[f] && s <= w->m->feature[f].bins; s++)
            wrong += leaf->histogram[w->offset[f] + s].gradient != sum[f][s].gradient ||
                     leaf->histogram[w->offset[f] + s].hessian != sum[f][s].hessian;
    EST_CHECK_INT(wrong, 0);
}

/* Leaves of all rows, of some, of one and of none. */
static void check_sums(est__pool *pool, const est__tree_matrix *m, int64_t unwanted)
{
    est__tree_options o = { .subsample = 1 };
    est__grower w;
    est__tree_leaf leaf[4] = { { .end = ROWS }, { .begin = 5, .end = 40000 }, { .begin = 7, .end = 8 }, { .begin = 9, .end = 9 } };
    est__tree_leaf *list[] = { &leaf[0], &leaf[1], &leaf[2], &leaf[3] };
    if (EST_CHECK_OK(est__grower_init(&w, &o, m, pool))) {
        for (int64_t i = 0; i < ROWS; i++) {
            w.rows[i] = (int32_t)(i * 3 % ROWS);
            w.pair[i] = (i * 7919 % (2 * EST__GRADIENT_MOST) - EST__GRADIENT_MOST) * (INT64_C(1) << 32) + i * 104729 % EST__HESSIAN_MOST;
        }
        for (int64_t f = 0; f < FEATURES; f++)
            w.wanted[f] = f / EST__TREE_GROUP != unwanted && f != unwanted;
        for (int i = 0; i < 4; i++)
            leaf[i].histogram = est__calloc((size_t)w.offset[FEATURES], sizeof *leaf[i].histogram);
        EST_CHECK_OK(est__histograms_build(&w, list, 1));
        check_leaf(&w, list[0]);
        EST_CHECK_OK(est__histograms_build(&w, list, 4));
        for (int i = 0; i < 4; i++) {
            check_leaf(&w, list[i]);
            est__free(leaf[i].histogram);
        }
    }
    est__grower_release(&w);
}

static void sums_of_many_rows(void)
{
    est__tree_feature feature[FEATURES] = { { .name = "x" } };
    est__tree_matrix *m = NULL;
    est__pool *pool = NULL;
    EST_CHECK_OK(est__pool_new(3, &pool));
    if (EST_CHECK_OK(est__tree_matrix_new(feature, FEATURES, BINS, 1000, pool, &m)) && EST_CHECK_OK(fill(m))) {
        check_sums(NULL, m, -1);
        check_sums(pool, m, 1);
        check_sums(pool, m, 4);
    }
    est__tree_matrix_free(m);
    est__pool_free(pool);
}

EST_SUITE(trees_histogram, EST_TEST(sums_of_many_rows));
