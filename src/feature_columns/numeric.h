/* What numeric_column and sequence_numeric_column share. */
#ifndef EST_FEATURE_COLUMNS_NUMERIC_H
#define EST_FEATURE_COLUMNS_NUMERIC_H

#include "feature_columns/columns.h"

/* [1] where none is given, and the number of its elements. */
est_status est__numeric_check_shape(const est_column *c, est_ints given, est_shape *shape, int64_t *elements);
est_status est__numeric_check_normalizer(const est_column *c, const est_normalizer *n);
/* As float32. */
est_node *est__numeric_normalize(est_graph *g, est_node *x, const est_normalizer *n);

#endif
