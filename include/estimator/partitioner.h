/* Partitioners: in how many parts a table lies in checkpoints. */
#ifndef ESTIMATOR_PARTITIONER_H
#define ESTIMATOR_PARTITIONER_H

#include <estimator/fields.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A partitioner by its name in tf.compat.v1, with that one's parameters; a zeroed one leaves variables whole. A variable and its
 *  optimizer's slots are cut along one axis into parts of like size, the first ones a row larger where it does not come out even. A
 *  variable that lacks the axis, or holds strings, stays whole. It says how checkpoints are written; they are read, by this library and
 *  by TensorFlow, with any other partitioner or none. */
typedef struct est_partitioner {
    const char *type;          /* NULL: none; "min_max_variable_partitioner", "fixed_size_partitioner", "variable_axis_size_partitioner" */
    int64_t axis;              /* 0 */
    int64_t max_partitions;    /* min_max_variable_partitioner: parts at most; 1 */
    int64_t min_slice_size;    /* min_max_variable_partitioner: bytes of a part at least; 262144 */
    int64_t num_shards;        /* fixed_size_partitioner: parts; needed */
    int64_t max_shard_bytes;   /* variable_axis_size_partitioner: bytes of a part at most, but for one of a single row; needed */
    int64_t max_shards;        /* variable_axis_size_partitioner: parts at most, which goes first; 0: any number */
} est_partitioner;

/** The names of all partitioners, NULL-terminated, and the parameters of one; NULL: unknown. Constant.
 *  Thread-safe. Since 0.1. */
EST_API const char *const *est_partitioner_names(void);
EST_API const est_field *est_partitioner_fields(const char *type);

#ifdef __cplusplus
}
#endif
#endif
