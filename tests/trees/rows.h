/* Rows for the tests of trees: made by numbers that are drawn, the same each time. */
#ifndef TESTS_TREES_ROWS_H
#define TESTS_TREES_ROWS_H

#include "support/est_test.h"
#include "trees/trees.h"

enum { TREE_FEATURES = 5 };       /* three of numbers, one of few values, one of categories; some are missing */

typedef struct tree_rows {
    int64_t n;
    float *x, *label;             /* [n, TREE_FEATURES]; [n], 0 or 1: follows from x, with noise */
    est__tree_matrix *matrix;
} tree_rows;

bool tree_rows_new(int64_t n, int bins, int64_t sample_rows, est__pool *pool, tree_rows *out);
void tree_rows_free(tree_rows *r);
/* Grows `rounds` rounds; NULL after a failure, which is reported. */
est__ensemble *tree_rows_boost(const tree_rows *r, const est__tree_options *o, est__objective objective, int64_t outputs, int rounds,
                               est__pool *pool, double *loss);
bool same_trees(const est__ensemble *a, const est__ensemble *b);

#endif
