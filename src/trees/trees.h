/* Gradient boosted trees. Rows come in as floats and are kept as bins; a booster grows one tree an output and round
 * from sums of gradients and Hessians by bin; an ensemble holds the trees. The same bits on any number of threads:
 * gradients are integers in the sums, so that their order does not matter. */
#ifndef EST_TREES_TREES_H
#define EST_TREES_TREES_H

#include "base/base.h"

enum {
    EST__TREE_GROUP = 8,          /* features whose bins lie in one word of a row */
    EST__TREE_BINS = 255,         /* values of a bin; one more stands for a missing value */
    EST__TREE_SLOTS = 256,        /* bins and the missing one: the width of a set of categories */
    EST__TREE_ROWS = 4096         /* rows of a block of work */
};

/* ---- bins (cuts.c) ---- */
typedef struct est__tree_feature {
    const char *name;             /* lent */
    bool categorical;
    int bins;                     /* a value's bin is below it, a missing value's is `bins` itself */
    float *cut;                   /* numeric: the greatest value of each bin but the last, [bins - 1]; categorical: the
                                     category of each bin, [bins]; both rise */
} est__tree_feature;

/* Cuts for a feature from n values, which are sorted in place (NaN: missing). `most` bins; `room`: n floats. Numeric: each
 * value a bin of its own while that is enough, else about equally many values a bin. Categorical: the most frequent. */
est_status est__tree_cuts(est__tree_feature *f, float *values, int64_t n, int most, float *room);
static inline int est__tree_cut_count(const est__tree_feature *f)
{
    return f->categorical ? f->bins : f->bins - 1;
}
/* The bin of every stride-th of n values, into a byte of its row's word, which is 0. */
void est__tree_bins(const est__tree_feature *f, const float *x, int64_t stride, int64_t n, uint64_t *word, int shift);

/* ---- the matrix (matrix.c) ---- */
typedef struct est__tree_matrix {
    int64_t rows, num_features, groups;
    est__tree_feature *feature;
    uint64_t **group;             /* by group, [rows]: byte i is the bin of feature 8 * group + i */
    size_t *capacity;             /* by group */
    float **sample;               /* by feature: the first rows, before there are cuts */
    size_t *sample_capacity;
    int64_t sample_rows;
    int bins;
    bool cut;                     /* there are cuts: rows go straight to bins */
    est__pool *pool;
} est__tree_matrix;
/* `feature`: names and kinds, copied; those with cuts (a resumed run's) keep them. */
est_status est__tree_matrix_new(const est__tree_feature *feature, int64_t count, int bins, int64_t sample_rows, est__pool *pool,
                                est__tree_matrix **out);
est_status est__tree_matrix_add(est__tree_matrix *m, const float *x, int64_t rows);   /* [rows, features] */
est_status est__tree_matrix_finish(est__tree_matrix *m);    /* no more rows come */
void est__tree_matrix_free(est__tree_matrix *m);
static inline int est__tree_at(const est__tree_matrix *m, int64_t row, int64_t feature)
{
    return (int)(m->group[feature / EST__TREE_GROUP][row] >> 8 * (feature % EST__TREE_GROUP) & 255);
}

/* ---- the ensemble (ensemble.c): the nodes of all trees, one after the other ---- */
typedef struct est__ensemble {
    int64_t outputs, num_trees, num_nodes, num_sets;   /* tree t adds to output t % outputs */
    int64_t depth;                /* splits on the longest way */
    size_t cap_trees, cap_sets, cap_nodes[9];
    float *bias;                  /* [outputs] */
    int32_t *root;                /* [trees] */
    int32_t *feature;             /* [nodes], as the rest; of a leaf: 0 */
    float *threshold;             /* goes left: x <= threshold; of a leaf: +inf */
    bool *missing_left;           /* where NaN goes; of a leaf: true */
    int32_t *left;                /* the left child, the right one follows; of a leaf: itself */
    int32_t *set;                 /* of a split by categories: which set goes left; else -1 */
    float *value, *gain, *weight; /* of a leaf: what it adds; of a split: what it gained; of each: its sum of Hessians */
    bool *members;                /* [sets, EST__TREE_SLOTS], by bin */
} est__ensemble;
est_status est__ensemble_new(int64_t outputs, est__ensemble **out);
void est__ensemble_free(est__ensemble *e);
est_status est__ensemble_add_tree(est__ensemble *e);
est_status est__ensemble_add_nodes(est__ensemble *e, int64_t n, int32_t *first);   /* leaves, of the last tree */
est_status est__ensemble_add_set(est__ensemble *e, int32_t *set);
void est__ensemble_cut(est__ensemble *e, int64_t trees);    /* keeps the first ones */
/* The leaf of a row of the matrix. */
int32_t est__ensemble_leaf(const est__ensemble *e, int32_t node, const est__tree_matrix *m, int64_t row);
/* Indices within bounds, children behind their parents: whatever comes from a file. */
est_status est__ensemble_check(const est__ensemble *e, int64_t num_features);
/* What the splits of each feature gained, [features]. */
void est__ensemble_importances(const est__ensemble *e, double *gain, int64_t num_features);

/* ---- boosting (boost.c, objective.c) ---- */
typedef enum est__objective { EST__LOGISTIC, EST__SOFTMAX, EST__SQUARED, EST__POISSON } est__objective;
typedef enum est__pruning { EST__PRUNE_NONE, EST__PRUNE_PRE, EST__PRUNE_POST } est__pruning;

typedef struct est__tree_options {
    int64_t max_depth, max_leaves;    /* 0: no bound */
    bool leaf_wise;                   /* splits the leaf that gains most first */
    double learning_rate, l1, l2, tree_complexity, min_node_weight, subsample, feature_fraction, categorical_smoothing;
    est__pruning pruning;
    bool center_bias;
    double validation_fraction;       /* of the rows is held out */
    uint64_t seed;
} est__tree_options;

typedef struct est__boost est__boost;
/* All is lent. `labels`: [outputs][rows], softmax: [rows] class numbers; `weights`: [rows], NULL: 1. An ensemble that has trees is
 * gone on with; its trees must have been grown on the same cuts. */
est_status est__boost_new(const est__tree_options *o, est__objective objective, const est__tree_matrix *m, const float *labels,
                          const float *weights, est__ensemble *ensemble, est__pool *pool, est__boost **out);
est_status est__boost_round(est__boost *b);   /* a tree an output */
/* The mean loss over the rows that are trained on, or the held-out ones. */
double est__boost_loss(est__boost *b, bool held_out);
/* After how many rounds the loss of the held-out rows was least, and what it was (may be NULL). */
int64_t est__boost_best(const est__boost *b, double *loss);
void est__boost_free(est__boost *b);

#endif
