/* NumPy's files: arrays out of .npy and .npz. */
#ifndef EST_DATA_NUMPY_H
#define EST_DATA_NUMPY_H

#include <estimator/tensor.h>

#include "base/base.h"

typedef struct est__array {
    const char *name;
    char kind;                 /* 'f', 'i', 'u', 'b', 'S', 'U' */
    size_t item;               /* bytes of an element */
    est_shape shape;
    const unsigned char *data; /* little-endian, in C order */
} est__array;

/* The arrays of a file in memory, .npz where it begins as a zip archive does; what they point to lives as long as the file and
 * the arena. `stem` names that of a .npy. Messages do not name the file. */
est_status est__numpy_parse(est__bytes file, const char *stem, est__arena *arena, est__array **out, size_t *count);

#endif
