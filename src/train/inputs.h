/* What a graph takes of a dataset's batches: placeholders, and the features that a model function makes its model of. */
#ifndef EST_TRAIN_INPUTS_H
#define EST_TRAIN_INPUTS_H

#include <estimator/feature_columns.h>

#include "data/data.h"
#include "graph/graph.h"

typedef struct est__inputs {
    est_graph *graph;             /* that the placeholders are in; lent */
    est_feature *feature;         /* of the dataset; the label among them */
    size_t num_features;
    int label;                    /* -1: none */
    est_node **feeds;             /* placeholders */
    est__feed *feed;              /* what of a batch feeds each */
    size_t num_feeds;
    est__arena arena;
} est__inputs;

/* Takes down what the dataset gives. Zeroed before; est__inputs_free whatever comes back. */
est_status est__inputs_of(est__inputs *in, const est_dataset *d);
bool est__inputs_same(const est__inputs *in, const est_dataset *d);
void est__inputs_free(est__inputs *in);

/* What is to become of a feature. */
typedef enum est__input_use { EST__INPUT_FEATURE, EST__INPUT_LABEL, EST__INPUT_UNUSED } est__input_use;
/* Nodes for the features, in their order, into `out`, which has room for all; value NULL: unused. `features`: those that are features,
 * lent by `in`; where there are none, the graph is fed the number of rows. `use` has one entry a feature. */
est_status est__inputs_nodes(est__inputs *in, est_graph *g, const est__input_use *use, est_feature_nodes *out, est_features *features);

#endif
