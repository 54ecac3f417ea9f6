/* Any bytes as libsvm text; the first byte chooses the options. */
#include "fuzz/fuzz.h"

#include "data/libsvm.h"
#include "fuzz/lines.h"

EST_FUZZ(libsvm)
{
    int options = size ? data[0] : 0;
    est__libsvm format = { .num_features = options & 1 ? 20 : 0, .label_dtype = options & 2 ? EST_INT64 : EST_FLOAT,
                           .no_label = options & 4 };
    est__block block = { 0 };
    est_feature feature[3];
    size_t count;
    est__libsvm_features(&format, options & 8 ? NULL : "label", feature, &count);
    if (size && fuzz_block(&block, data + 1, size - 1) == EST_OK)
        for (int i = 0; i < 2; i++)
            if (est__block_begin(&block, (est_features_spec){ feature, count }) == EST_OK) {
                est__libsvm_parse(&format, &block, i);
                block.size = est__cut_lines(NULL, block.text, block.size);
            }
    est__block_free(&block);
    return 0;
}
