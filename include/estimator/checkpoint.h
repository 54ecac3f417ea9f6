/* Checkpoints: which is the newest, what they hold. */
#ifndef ESTIMATOR_CHECKPOINT_H
#define ESTIMATOR_CHECKPOINT_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The prefix of the newest complete checkpoint in a model directory, as its `checkpoint` file says (else the highest step found);
 *  NOT_FOUND: none (tf.train.latest_checkpoint). Thread-safe. Since 0.1. */
EST_API est_status est_latest_checkpoint(const char *model_dir, char *prefix, size_t capacity);

/** A checkpoint that is being read; any number of threads may read one. */
typedef struct est_checkpoint est_checkpoint;
typedef struct est_checkpoint_variable {
    const char *name;
    est_dtype dtype;
    est_shape shape;
} est_checkpoint_variable;
EST_API est_status est_checkpoint_open(const char *prefix, est_checkpoint **out);
EST_API void est_checkpoint_free(est_checkpoint *c);
EST_API size_t est_checkpoint_count(const est_checkpoint *c);
/** Variable i, in the order of names; NULL past the end. Lent. */
EST_API const est_checkpoint_variable *est_checkpoint_variable_at(const est_checkpoint *c, size_t i);
/** The value of a variable; checksums are tested. NOT_FOUND names the nearest. */
EST_API est_status est_checkpoint_read(const est_checkpoint *c, const char *name, est_tensor **out);

#ifdef __cplusplus
}
#endif
#endif
