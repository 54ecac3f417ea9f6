/* Any bytes as libsvm text, in one block and as a dataset; the first byte chooses the options. Covers src/data/libsvm.c,
 * src/data/lines.c. */
#include <estimator/readers.h>

#include "data/libsvm.h"
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"
#include "fuzz/lines.h"

enum { DENSE = 1, WHOLE_LABELS = 2, NO_LABEL = 4, UNNAMED = 8, MAY_BE_ABSENT = 16, WIDE = 32, AS_DATASET = 64, SKIP = 128 };

static void as_dataset(int options, const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    est_dataset *d = NULL;
    est_libsvm_options o = { .input_path = EST_STRINGS(path, path), .num_features = options & DENSE ? options & WIDE ? 2000 : 20 : 0,
                             .label = options & UNNAMED ? NULL : "label", .no_label = options & NO_LABEL,
                             .label_dtype = options & WHOLE_LABELS ? EST_INT64 : EST_INVALID, .skip_errors = options & SKIP,
                             .label_may_be_absent = options & MAY_BE_ABSENT, .num_parallel_reads = 1, .memory_budget = EST_OFF };
    if (path)
        fuzz_rows(est_libsvm_dataset_new(&o, &d), &d);
}

EST_FUZZ(libsvm)
{
    int options = size ? data[0] : 0;
    est__libsvm format = { .num_features = options & DENSE ? 20 : 0, .label_dtype = options & WHOLE_LABELS ? EST_INT64 : EST_FLOAT,
                           .no_label = options & NO_LABEL };
    est__block block = { 0 };
    est_feature feature[3];
    size_t count;
    est__libsvm_features(&format, options & UNNAMED ? NULL : "label", feature, &count);
    if (size && fuzz_block(&block, data + 1, size - 1) == EST_OK)
        for (int i = 0; i < 2; i++)
            if (est__block_begin(&block, (est_features_spec){ feature, count }) == EST_OK) {
                est__libsvm_parse(&format, &block, i);
                block.size = est__cut_lines(NULL, block.text, block.size);
            }
    est__block_free(&block);
    if (options & AS_DATASET)
        as_dataset(options, data + 1, size - 1);
    return 0;
}
