/* Tensors: a dtype, a shape and row-major elements. */
#ifndef ESTIMATOR_TENSOR_H
#define ESTIMATOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <estimator/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Element types, with TensorFlow's numbers (DataType in types.proto). */
typedef enum est_dtype {
    EST_INVALID = 0,
    EST_FLOAT = 1,
    EST_DOUBLE = 2,
    EST_INT32 = 3,
    EST_UINT8 = 4,
    EST_INT16 = 5,
    EST_INT8 = 6,
    EST_STRING = 7,
    EST_INT64 = 9,
    EST_BOOL = 10,
    EST_BFLOAT16 = 14,
    EST_UINT16 = 17,
    EST_HALF = 19,
    EST_RESOURCE = 20,
    EST_VARIANT = 21,
    EST_UINT32 = 22,
    EST_UINT64 = 23
} est_dtype;

/** Bytes of one element: 8 for EST_STRING (an offset) and EST_RESOURCE (a handle); 0 for a number that is no
 *  dtype. Thread-safe. Since 0.1. */
EST_API size_t est_dtype_size(est_dtype dtype);

/** TensorFlow's name, "float32", "int64", "string", …; "invalid" for a number that is none
 *  (tf.dtypes.DType.name). Constant. Thread-safe. Since 0.1. */
EST_API const char *est_dtype_name(est_dtype dtype);

/** The dtype of a TensorFlow name ("float32" as well as "float"); EST_INVALID when there is none, and for
 *  NULL. Thread-safe. Since 0.1. */
EST_API est_dtype est_dtype_of(const char *name);

#define EST_MAX_RANK 8

/** A shape. `rank` -1: unknown; a dimension of -1: unknown. A zeroed shape is a scalar's. */
typedef struct est_shape {
    int rank;
    int64_t dim[EST_MAX_RANK];
} est_shape;

/** A shape from dimensions: est_shape_of(2, (int64_t[]){32, 10}). `rank` 0..EST_MAX_RANK; any other: of
 *  unknown rank. `dims` may be NULL for a scalar. Thread-safe. Since 0.1. */
EST_API est_shape est_shape_of(int rank, const int64_t *dims);

#ifndef __cplusplus
#define EST_SHAPE(...) est_shape_of((int)(sizeof((int64_t[]){ __VA_ARGS__ }) / 8), (const int64_t[]){ __VA_ARGS__ })
#define EST_SCALAR est_shape_of(0, NULL)
#endif

/** Number of elements; -1 when a dimension or the rank is unknown, INT64_MAX when there are more than that.
 *  Thread-safe. Since 0.1. */
EST_API int64_t est_shape_elements(const est_shape *shape);
/** The same rank and dimensions; an unknown one equals an unknown one. Thread-safe. Since 0.1. */
EST_API bool est_shape_equal(const est_shape *a, const est_shape *b);

/** A dense tensor. `data` holds the elements, row-major, in the machine's byte order. For EST_STRING, `data`
 *  holds elements+1 int64 offsets into `bytes`: element i is bytes[offset[i] .. offset[i+1]). A struct filled
 *  by hand is a view: nobody frees what it points to. Any number of threads may read one. */
typedef struct est_tensor {
    est_dtype dtype;
    est_shape shape;
    void *data;
    char *bytes;
} est_tensor;

/** A tensor of its own memory (zeros; empty strings), `data` 64-byte aligned.
 *  Errors: INVALID_ARGUMENT: no dtype, or a shape that is not known; RESOURCE_EXHAUSTED. Out: the caller's,
 *  est_tensor_free. Thread-safe. Since 0.1. */
EST_API est_status est_tensor_new(est_dtype dtype, const est_shape *shape, est_tensor **out);

/** A string tensor. In: one byte string an element; `lengths` in bytes, NULL: the strings end with NUL.
 *  Copied.
 *  Errors: as est_tensor_new. Out: the caller's, est_tensor_free. Thread-safe. Since 0.1. */
EST_API est_status est_tensor_new_strings(const est_shape *shape, const char *const *strings, const size_t *lengths,
                                          est_tensor **out);
/** A copy with memory of its own. Errors: as est_tensor_new. Out: the caller's, est_tensor_free. Thread-safe.
 *  Since 0.1. */
EST_API est_status est_tensor_copy(const est_tensor *from, est_tensor **out);
/** Frees a tensor that one of the three above gave; NULL does nothing. When no other thread uses it. Since
 *  0.1. */
EST_API void est_tensor_free(est_tensor *tensor);

/** Element i (not checked against the shape) of a string tensor, *length bytes (`length` may be NULL). Lent
 *  by the tensor, not NUL-terminated. Thread-safe. Since 0.1. */
EST_API const char *est_tensor_string(const est_tensor *tensor, int64_t i, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
