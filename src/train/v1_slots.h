/* Slots in checkpoints of TensorFlow 1's estimators: "w/Ftrl_1", "w/part_0/Ftrl_1", "w/t_0/Adagrad", a name for each part. */
#ifndef EST_TRAIN_V1_SLOTS_H
#define EST_TRAIN_V1_SLOTS_H

#include "formats/bundle.h"

typedef struct est__v1_slot {
    char name[1024];              /* of its first part */
    size_t number;                /* where the 0 of its first part stands in the name; 0: it is in one piece */
    est_shape shape;
    est_dtype dtype;
} est__v1_slot;

/* What such a checkpoint calls "training/<Optimizer>/<variable>/<slot>"; false: it has none that means the same. */
bool est__v1_slot_find(const est__bundle *b, const char *name, est__v1_slot *out);
/* Into a tensor of its dtype and shape. */
est_status est__v1_slot_read(const est__bundle *b, const est__v1_slot *slot, est_tensor *into);

#endif
