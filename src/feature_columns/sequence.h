/* Columns with a time axis, from inside. */
#ifndef EST_FEATURE_COLUMNS_SEQUENCE_H
#define EST_FEATURE_COLUMNS_SEQUENCE_H

#include "feature_columns/columns.h"

/* int64: how many steps each example has, [batch]; the batch's dimensions, [2]: batch and time. */
typedef struct est__steps {
    est_node *length, *dims;
} est__steps;
/* Of a sequence column with so many elements a step. */
est__steps est__sequence_steps(est_graph *g, const est_features *f, const est_column *sequence, int64_t elements);

/* [batch, time] or [batch, time, n] as [batch · time, 1 or n]. */
est__ids est__sequence_flatten(est_graph *g, est__ids in);

#endif
