/* Padding as a stage of batches. */
#ifndef EST_DATA_PAD_H
#define EST_DATA_PAD_H

#include "data/stages.h"

/* Makes the features of variable length of a dataset that gives batches dense; `name` is for messages. by >= 0: where no length is
 * given, to one less than the boundary above the longest row of feature `by`. */
est_dataset *est__dataset_pad(est_dataset *d, const char *name, est_paddings paddings, int by, est_ints boundaries);

#endif
