/* Looking at files: what a path is, the scalars of an event file, the features of a tf.Example. */
#ifndef ESTIMATOR_INSPECT_H
#define ESTIMATOR_INSPECT_H

#include <estimator/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a path leads to. */
typedef enum est_file_kind {
    EST_FILE_UNKNOWN,
    EST_FILE_CHECKPOINT,     /* a prefix, or one of the files that begin with it */
    EST_FILE_SAVED_MODEL,
    EST_FILE_MODEL_DIR,      /* a folder of checkpoints and event files */
    EST_FILE_EVENTS,
    EST_FILE_RECORDS         /* TFRecord */
} est_file_kind;
/** Finds it out from names, and from the first record of a file; what is none of them is EST_FILE_UNKNOWN.
 *  Errors: NOT_FOUND: there is nothing; the file system's. Thread-safe. Since 0.1. */
EST_API est_status est_file_kind_of(const char *path, est_file_kind *kind);

/** The scalars of an event file (TensorBoard's), in its order: values of TensorFlow 1's summaries and of this library's, and tensors without
 *  dimensions, as TensorFlow 2 writes them. One thread at a time per reader. */
typedef struct est_event_reader est_event_reader;
typedef struct est_event_scalar {
    double wall_time;        /* seconds since 1970 */
    int64_t step;
    const char *tag;         /* lent until the next call */
    float value;
} est_event_scalar;
/** Opens an event file. Errors: the file system's. Out: the caller's, est_event_reader_free. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_event_reader_open(const char *path, est_event_reader **out);
/** Closes and frees it; NULL does nothing. One thread at a time per reader. Since 0.1. */
EST_API void est_event_reader_free(est_event_reader *r);
/** The next scalar; other events are passed over.
 *  Errors: OUT_OF_RANGE: the end, where a record that is still being written counts as the end; DATA_LOSS.
 *  One thread at a time per reader. Since 0.1. */
EST_API est_status est_event_reader_next(est_event_reader *r, est_event_scalar *scalar);

/** Calls `each` for the scalars of an event file, or of all event files right in a folder in the order of their names. The rest of a file that
 *  is damaged, or just being written, is passed over with a warning in the log. What `each` gets is lent for the call; another status than
 *  EST_OK ends it and is returned.
 *  Errors: NOT_FOUND; the file system's. Thread-safe. Since 0.1. */
EST_API est_status est_event_scalars(const char *path, est_status (*each)(const est_event_scalar *scalar, void *user), void *user);

/** A feature of a serialized tf.Example: `value` is [count] of float32, int64 or string, NULL where the
 *  feature has no kind; `name` ends with NUL. */
typedef struct est_example_feature {
    const char *name;
    const est_tensor *value;
} est_example_feature;
/** Calls `each` for the features of a tf.Example in their order; of one written twice the last counts.
 *  In: `record`, `size` bytes. What `each` gets is lent for the call; another status than EST_OK ends it and
 *  is returned.
 *  Errors: DATA_LOSS: the bytes are no tf.Example. Thread-safe. Since 0.1. */
EST_API est_status est_example_features(const void *record, size_t size,
                                        est_status (*each)(const est_example_feature *feature, void *user), void *user);

#ifdef __cplusplus
}
#endif
#endif
