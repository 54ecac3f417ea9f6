/* Any bytes as JSON lines, in one block and as a dataset; the first byte chooses the options. Covers src/data/json_values.c,
 * src/data/jsonl.c. */
#include <estimator/readers.h>

#include "data/jsonl.h"
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"
#include "fuzz/lines.h"

enum { STOP = 1, AS_DATASET = 2, LABELS = 4, MAY_BE_ABSENT = 8 };

static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT }, { .name = "n", .dtype = EST_INT64, .shape = { 1, { 2 } } },
                                        { .name = "s", .dtype = EST_STRING, .variable_length = true },
                                        { .name = "t", .dtype = EST_STRING } };

static void as_dataset(int options, const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    est_dataset *d = NULL;
    est_jsonl_options o = { .input_path = EST_STRINGS(path), .features = { features, 4 }, .skip_errors = !(options & STOP),
                            .label_may_be_absent = options & MAY_BE_ABSENT, .num_parallel_reads = 1, .memory_budget = EST_OFF,
                            .label = options & LABELS ? EST_STRINGS("x") : (est_strings){ 0 } };
    if (path)
        fuzz_rows(est_jsonl_dataset_new(&o, &d), &d);
}

EST_FUZZ(jsonl)
{
    int options = size ? data[0] : 0;
    est__arena arena = { 0 };
    est__selection s;
    est__block block = { 0 };
    est__json_reader *reader = NULL;
    if (size && fuzz_block(&block, data + 1, size - 1) == EST_OK &&
        est__select((est_features_spec){ features, 4 }, (est_features_spec){ 0 }, (est_strings){ 0 }, false, &arena, &s) == EST_OK &&
        est__json_reader_new(&s, &reader) == EST_OK && est__block_begin(&block, s.features) == EST_OK)
        est__json_parse(reader, &block, !(options & STOP));
    est__json_reader_free(reader);
    est__block_free(&block);
    est__arena_free(&arena);
    if (options & AS_DATASET)
        as_dataset(options, data + 1, size - 1);
    return 0;
}
