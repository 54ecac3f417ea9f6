/* Any bytes as a .npy or .npz, and as a dataset; the first byte chooses what is read of it. Covers src/data/numpy_parse.c,
 * src/data/numpy.c. */
#include "data/numpy.h"

#include <estimator/readers.h>

#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

enum { FEATURES = 1, LABEL = 2, TEXT = 4 };

static void as_dataset(int options, const uint8_t *data, size_t size)
{
    est_feature features[] = { { .name = "a", .dtype = options & TEXT ? EST_STRING : EST_FLOAT }, { .name = "b", .dtype = EST_INT64 } };
    const char *path = fuzz_file(data, size);
    est_dataset *d = NULL;
    est_numpy_options o = { .input_path = EST_STRINGS(path), .features = { features, options & FEATURES ? 2 : 0 },
                            .label = options & LABEL ? EST_STRINGS("b") : (est_strings){ 0 } };
    if (path)
        fuzz_rows(est_numpy_dataset_new(&o, &d), &d);
}

EST_FUZZ(numpy)
{
    est__arena arena = { 0 };
    est__array *array;
    size_t count;
    if (!size)
        return 0;
    if (est__numpy_parse((est__bytes){ data + 1, size - 1 }, "x", &arena, &array, &count) == EST_OK)
        for (size_t i = 0; i < count; i++) {
            size_t n = (size_t)est_shape_elements(&array[i].shape) * array[i].item;
            (void)est__crc32c(0, array[i].data, n);
        }
    est__arena_free(&arena);
    as_dataset(data[0], data + 1, size - 1);
    return 0;
}
