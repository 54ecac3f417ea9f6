/* Checkpoints in TensorFlow's format (TensorBundle): which is the newest, what they hold. */
#ifndef ESTIMATOR_CHECKPOINT_H
#define ESTIMATOR_CHECKPOINT_H

#include <estimator/base.h>
#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The prefix of the newest complete checkpoint in a folder, "dir/model.ckpt-500": the one that its
 *  `checkpoint` file names, else the highest step (tf.train.latest_checkpoint).
 *  Out: `prefix`, at most `capacity` bytes with its NUL.
 *  Errors: NOT_FOUND: none is there; RESOURCE_EXHAUSTED: capacity is too small; DATA_LOSS: the `checkpoint`
 *  file is damaged or names what is not there, and there is no other. Thread-safe. Since 0.1. */
EST_API est_status est_latest_checkpoint(const char *model_dir, char *prefix, size_t capacity);

/** A checkpoint that is being read. It does not change: any number of threads may read one. */
typedef struct est_checkpoint est_checkpoint;
typedef struct est_checkpoint_variable {
    const char *name;      /* "linear/linear_model/age/weights" */
    est_dtype dtype;
    est_shape shape;
} est_checkpoint_variable;

/** Opens the checkpoint of that prefix; its index is read and checked, values are read later
 *  (tf.train.load_checkpoint).
 *  Errors: NOT_FOUND, DATA_LOSS (names file and place). Out: the caller's, est_checkpoint_free. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_checkpoint_open(const char *prefix, est_checkpoint **out);
/** Frees it; NULL does nothing. When no other thread uses it. Since 0.1. */
EST_API void est_checkpoint_free(est_checkpoint *c);
/** How many variables it holds. Thread-safe. Since 0.1. */
EST_API size_t est_checkpoint_count(const est_checkpoint *c);
/** Variable i, in the order of names; NULL past the end. Lent by `c`. Thread-safe. Since 0.1. */
EST_API const est_checkpoint_variable *est_checkpoint_variable_at(const est_checkpoint *c, size_t i);
/** The value of a variable, its checksum tested.
 *  Errors: NOT_FOUND names the nearest; DATA_LOSS. Out: the caller's, est_tensor_free. Thread-safe. Since
 *  0.1. */
EST_API est_status est_checkpoint_read(const est_checkpoint *c, const char *name, est_tensor **out);

#ifdef __cplusplus
}
#endif
#endif
