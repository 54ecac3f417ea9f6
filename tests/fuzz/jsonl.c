/* Any bytes as JSON lines. */
#include "fuzz/fuzz.h"

#include "data/jsonl.h"
#include "fuzz/lines.h"

EST_FUZZ(jsonl)
{
    static const est_feature features[] = { { .name = "x", .dtype = EST_FLOAT }, { .name = "n", .dtype = EST_INT64, .shape = { 1, { 2 } } },
                                            { .name = "s", .dtype = EST_STRING, .variable_length = true },
                                            { .name = "t", .dtype = EST_STRING } };
    est__arena arena = { 0 };
    est__selection s;
    est__block block = { 0 };
    est__json_reader *reader = NULL;
    if (fuzz_block(&block, data, size) == EST_OK &&
        est__select((est_features_spec){ features, 4 }, (est_features_spec){ 0 }, (est_strings){ 0 }, false, &arena, &s) == EST_OK &&
        est__json_reader_new(&s, &reader) == EST_OK && est__block_begin(&block, s.features) == EST_OK)
        est__json_parse(reader, &block, true);
    est__json_reader_free(reader);
    est__block_free(&block);
    est__arena_free(&arena);
    return 0;
}
