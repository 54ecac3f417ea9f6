/* Any bytes as a .npy or .npz. */
#include "fuzz/fuzz.h"

#include "data/numpy.h"

EST_FUZZ(numpy)
{
    est__arena arena = { 0 };
    est__array *array;
    size_t count;
    if (est__numpy_parse((est__bytes){ data, size }, "x", &arena, &array, &count) == EST_OK)
        for (size_t i = 0; i < count; i++) {
            size_t n = (size_t)est_shape_elements(&array[i].shape) * array[i].item;
            (void)est__crc32c(0, array[i].data, n);
        }
    est__arena_free(&arena);
    return 0;
}
