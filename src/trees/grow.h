/* Growing one tree: what its parts share. */
#ifndef EST_TREES_GROW_H
#define EST_TREES_GROW_H

#include "backend/cpu/vector.h"
#include "trees/trees.h"

enum { EST__GRADIENT_MOST = (1 << 18) - 1, EST__HESSIAN_MOST = (1 << 19) - 1 };   /* in steps of their units */

/* Of a row: gradient << 32 plus Hessian, both in whole steps, so that one addition adds both. Sums of at most
 * 8192 rows fit. */
typedef int64_t est__tree_pair;
enum {
    EST__PAIRS_IN_SUM = 8192,
    EST__TREE_AHEAD = 16          /* rows whose bins are fetched before they are needed: `rows` has so many more */
};

typedef struct est__tree_sum {
    int64_t gradient, hessian;    /* in steps */
} est__tree_sum;

typedef struct est__tree_split {
    double gain;                  /* not above 0: there is none */
    int32_t feature;
    int bin;                      /* numeric: the last one that goes left */
    bool categorical;
    uint64_t left[4];             /* the bins that go left, with that of missing values: a bit each */
    est__tree_sum sum;            /* of what goes left */
} est__tree_split;

/* A leaf while the tree grows. */
typedef struct est__tree_leaf {
    int32_t node;
    int64_t depth, begin, end;    /* its rows */
    est__tree_sum sum;
    est__tree_sum *histogram;     /* [slots]; NULL: it is not to be split */
    est__tree_split split;
} est__tree_leaf;

typedef struct est__grower {
    const est__tree_options *o;
    const est__tree_matrix *m;
    est__pool *pool;
    int64_t *offset;              /* by feature: its first slot in a histogram; one more for their number */
    bool *wanted;                 /* features of this tree */
    double gradient_unit, hessian_unit;   /* what a step is worth */
    est__tree_pair *pair;         /* by row */
    int32_t *rows, *to_left, *to_right;   /* the rows by leaf; room for sorting them */
    int64_t num_rows;
    est__tree_leaf *leaf;
    size_t num_leaves, cap_leaves;
    est__tree_sum *node_sum;      /* by node of the tree */
    size_t cap_sums;
    est__tree_sum **spare;        /* histograms that are free */
    est__tree_sum *parts;         /* histogram.c: sums of some of a leaf's rows; NULL until they are needed */
    size_t num_spare, cap_spare;
    est__tree_split *found;       /* [leaves of a round, features] */
    size_t cap_found;
    bool pruned;                  /* leaves were joined: `leaf` is no longer what the tree has */
} est__grower;

est_status est__grower_init(est__grower *w, const est__tree_options *o, const est__tree_matrix *m, est__pool *pool);
void est__grower_release(est__grower *w);
/* Adds a tree to `e` from the first num_rows of `rows`, `pair`, the units and `wanted`. Leaves have their values. */
est_status est__grow_tree(est__grower *w, est__ensemble *e);

/* histogram.c: the sums of some leaves by slot. */
est_status est__histograms_build(est__grower *w, est__tree_leaf *const *leaf, size_t count);
void est__histogram_subtract(const est__grower *w, est__tree_sum *from, const est__tree_sum *part);

/* split.c: the best split of each leaf, into leaf->split. */
est_status est__splits_find(est__grower *w, est__tree_leaf *const *leaf, size_t count);
double est__leaf_weight(const est__grower *w, est__tree_sum sum);   /* of a leaf: what is added, before the learning rate */

#endif
