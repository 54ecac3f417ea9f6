/* Boosted trees from inside: what options, input, model and training share. */
#ifndef EST_ESTIMATORS_BOOSTED_TREES_H
#define EST_ESTIMATORS_BOOSTED_TREES_H

#include "estimators/estimator.h"
#include "trees/trees.h"

typedef struct est__boosted {
    const char *name;             /* of the estimator */
    est_column_list columns;      /* of the options; the estimator keeps their sets alive */
    est_head *head;
    est__objective objective;
    est_boosted_trees o;
    est__pruning pruning;
    bool leaf_wise;
    est__tree_feature *feature;   /* one an element of the dense columns, one a categorical column */
    int64_t num_features;
    const char **feature_name;    /* once an explanation has asked for it */
    int64_t *first_id;            /* by feature: where its categories stand in category_bins */
    int64_t num_ids;
    /* of the checkpoint that graphs are built for */
    int64_t trees, nodes, sets, depth, cuts;
    /* of the graph that training has built */
    est_node *matrix, *labels, *weights;
    est__arena arena;
} est__boosted;

/* input.c: what the columns are as features; and the batch as [batch, features], NaN where a value is missing. A category is its
 * id, or, with `bins`, its bin (then NaN too where training has not seen it). */
est_status est__boosted_features(est__boosted *b);
est_node *est__boosted_matrix(const est__boosted *b, est_graph *g, const est_features *f, est_node *bins);

/* model.c */
est_status est__boosted_model_fn(est_spec *spec, const est_features *features, est_node *labels, est_mode mode, void *user);
est_status est__boosted_prepare(void *user, const est__bundle *from);
/* Between the variables of a session and the trees, with the cuts that they were grown on. */
est_status est__boosted_store(const est__boosted *b, const est__session *s, const est__ensemble *e, const est__tree_matrix *m,
                              int64_t step);
est_status est__boosted_load(const est__boosted *b, const est__session *s, est__ensemble **out, est__tree_feature *feature);

/* train.c */
est_status est__boosted_train(est_estimator *e, const est_train_options *o, double began, est_train_result *result);

/* explain.c */
est_status est__boosted_explainer(void *user, const est__session *s, est__explainer *out);
est_status est__boosted_importances(est_estimator *e, bool normalize, est_results **out);

#endif
