/* Under which key of a SavedModel's checkpoint a variable lies, by the function that restores them all. */
#ifndef EST_EXPORT_RESTORE_KEYS_H
#define EST_EXPORT_RESTORE_KEYS_H

#include "base/base.h"
#include "proto/meta_graph.pb-c.h"

/* Adds to `keys`, for each variable that the model's saver, or the restore function of tf.saved_model.save, assigns: the name of its
 * VarHandleOp -> the key. The keys lie in `copies`. */
est_status est__restore_keys(const Tensorflow__MetaGraphDef *meta, est__arena *copies, est__map *keys);

#endif
