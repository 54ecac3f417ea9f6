/* Any bytes as a file of records, plain or compressed, as they are and with checksums made to fit; record by record, and as a
 * dataset of tf.Examples. Covers src/formats/tfrecord.c, src/formats/stream.c, src/data/tfrecord.c. */
#include <estimator/readers.h>

#include "formats/tfrecord.h"
#include "fuzz/dataset.h"
#include "fuzz/frames.h"
#include "fuzz/fuzz.h"

enum { MOST = 1 << 20 };   /* of a record */

static void read_records(const char *path, const uint8_t *data, size_t size)
{
    est__tfrecord_reader *r;
    est__bytes record;
    int64_t second = 0;
    if (path ? est__tfrecord_open(path, MOST, &r) : est__tfrecord_open_memory(data, size, "input", MOST, &r))
        return;
    while (est__tfrecord_next(r, &record) == EST_OK)
        if (est__tfrecord_number(r) == 1)
            second = est__tfrecord_offset(r);
    if (est__tfrecord_seek(r, second, 1) == EST_OK)
        (void)est__tfrecord_next(r, &record);
    (void)est__tfrecord_seek(r, (int64_t)size, 0);
    (void)est__tfrecord_seek(r, -1, 0);
    (void)est__tfrecord_compression(r);
    est__tfrecord_close(r);
}

static void read_dataset(const char *path, int options)
{
    static const est_feature features[] = { { .name = "age", .dtype = EST_FLOAT },
                                            { .name = "class", .dtype = EST_STRING, .variable_length = true } };
    est_dataset *d = NULL;
    est_tfrecord_options o = { .input_path = EST_STRINGS(path, path), .features = { features, 2 }, .skip_errors = options & 1,
                               .label_may_be_absent = options & 2, .num_parallel_reads = 1,
                               .memory_budget = options & 4 ? EST_OFF : 0,
                               .label = options & 2 ? EST_STRINGS("age") : (est_strings){ 0 } };
    fuzz_rows(est_tfrecord_dataset_new(&o, &d), &d);
}

static void read_all(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    int options = size ? data[size - 1] : 0;
    read_records(NULL, data, size);
    if (path) {
        read_records(path, data, size);
        read_dataset(path, options);
    }
}

EST_FUZZ(tfrecord)
{
    uint8_t *file = fuzz_mend_frames(data, size);
    read_all(data, size);
    if (file)
        read_all(file, size);
    free(file);
    return 0;
}
