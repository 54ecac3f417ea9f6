/* Warm start: a fresh session takes variables of another model's checkpoint (tf.estimator.WarmStartSettings). */
#ifndef EST_TRAIN_WARM_START_H
#define EST_TRAIN_WARM_START_H

#include <estimator/warm_start.h>

#include "train/session.h"

/* Checks the settings and copies them and all they point to into the arena; NULL gives NULL. `where` opens messages. */
est_status est__warm_start_copy(const est_warm_start_settings *given, const char *where, est__arena *arena,
                                const est_warm_start_settings **out);
/* Into a session that was started without a checkpoint. Errors: NOT_FOUND (no checkpoint there, or it lacks a variable),
 * INVALID_ARGUMENT (another shape; names that are used for nothing), DATA_LOSS. */
est_status est__warm_start(est__session *s, const est_warm_start_settings *settings);

/* ---- vocab_remap.c ---- */
/* The rows or columns of the matrix `old_name` go to where `info` says their words are now; the rest starts anew. */
est_status est__vocab_remap(const est__session *s, const est_vocab_info *info, const est__bundle *from, const char *old_name,
                            est_tensor *into);

#endif
