/* A table of weights that ids look rows up in: what embedding_column and shared_embeddings have in common. */
#ifndef EST_FEATURE_COLUMNS_TABLE_H
#define EST_FEATURE_COLUMNS_TABLE_H

#include "feature_columns/columns.h"

typedef struct est__embedding_table {
    const est_column *categorical;
    int64_t dimension;
    const char *combiner;
    const est_initializer *initializer; /* type NULL: TruncatedNormal, stddev 1 / sqrt(dimension) */
    const char *ckpt_to_load_from, *tensor_name_in_ckpt;
    double max_norm;
    bool trained, safe;
} est__embedding_table;

extern const char *const est__table_combiners[];
est_status est__table_check(const est_column *c, const est__embedding_table *t);
/* [batch, dimension]: the ids' rows of the variable, which is made where the graph has none of that name. */
est_node *est__table_lookup(est_graph *g, const est_features *f, const est_column *c, const est__embedding_table *t,
                            const char *variable);

#endif
