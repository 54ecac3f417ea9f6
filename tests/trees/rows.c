/* Rows for the tests of trees. */
#include "trees/rows.h"

#include <math.h>
#include <stdlib.h>

static float draw(est__random *r)
{
    return (float)(est__random_next(r) >> 40) / 16777216.0f;
}

bool tree_rows_new(int64_t n, int bins, int64_t sample_rows, est__pool *pool, tree_rows *out)
{
    static const est__tree_feature features[TREE_FEATURES] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "few" },
                                                               { .name = "kind", .categorical = true } };
    est__random r = { .key = 17 };
    *out = (tree_rows){ .n = n, .x = calloc((size_t)n, TREE_FEATURES * sizeof(float)), .label = calloc((size_t)n, sizeof(float)) };
    for (int64_t i = 0; i < n; i++) {
        float *x = out->x + i * TREE_FEATURES;
        for (int j = 0; j < 3; j++)
            x[j] = draw(&r);
        x[3] = floorf(draw(&r) * 4);
        x[4] = floorf(draw(&r) * 12);
        float score = 2 * x[0] - x[1] * x[2] * 3 + (x[3] >= 2 ? 0.5f : 0) + ((int)x[4] % 3 == 1 ? 1.0f : 0) + draw(&r);
        out->label[i] = score > 1.5f;
        for (int j = 0; j < TREE_FEATURES; j++)
            if (draw(&r) < 0.05f)
                x[j] = NAN;
    }
    if (!EST_CHECK_OK(est__tree_matrix_new(features, TREE_FEATURES, bins, sample_rows, pool, &out->matrix)))
        return false;
    for (int64_t i = 0; i < n; i += 100)
        if (!EST_CHECK_OK(est__tree_matrix_add(out->matrix, out->x + i * TREE_FEATURES, n - i < 100 ? n - i : 100)))
            return false;
    return EST_CHECK_OK(est__tree_matrix_finish(out->matrix)) && EST_CHECK_INT(out->matrix->rows, n);
}

void tree_rows_free(tree_rows *r)
{
    est__tree_matrix_free(r->matrix);
    free(r->x);
    free(r->label);
}

est__ensemble *tree_rows_boost(const tree_rows *r, const est__tree_options *o, est__objective objective, int64_t outputs, int rounds,
                               est__pool *pool, double *loss)
{
    est__ensemble *e = NULL;
    est__boost *b = NULL;
    bool good = EST_CHECK_OK(est__ensemble_new(outputs, &e)) &&
                EST_CHECK_OK(est__boost_new(o, objective, r->matrix, r->label, NULL, e, pool, &b));
    for (int i = 0; i < rounds && good; i++)
        good = EST_CHECK_OK(est__boost_round(b));
    if (good && loss)
        *loss = est__boost_loss(b, false);
    est__boost_free(b);
    if (good && EST_CHECK_OK(est__ensemble_check(e, TREE_FEATURES)))
        return e;
    est__ensemble_free(e);
    return NULL;
}

bool same_trees(const est__ensemble *a, const est__ensemble *b)
{
    size_t n = a ? (size_t)a->num_nodes : 0;
    return a && b && a->num_trees == b->num_trees && a->num_nodes == b->num_nodes && a->num_sets == b->num_sets && a->depth == b->depth &&
           memcmp(a->left, b->left, n * sizeof *a->left) == 0 && memcmp(a->feature, b->feature, n * sizeof *a->feature) == 0 &&
           memcmp(a->threshold, b->threshold, n * sizeof *a->threshold) == 0 && memcmp(a->value, b->value, n * sizeof *a->value) == 0 &&
           memcmp(a->missing_left, b->missing_left, n) == 0 && memcmp(a->set, b->set, n * sizeof *a->set) == 0 &&
           memcmp(a->members, b->members, (size_t)a->num_sets * EST__TREE_SLOTS) == 0;
}
