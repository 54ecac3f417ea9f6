/* Any bytes as a tf.SequenceExample, whose context is read as a tf.Example is, into the rows of a table.
 * Covers src/data/example_values.c. */
#include "fuzz/fuzz.h"

#include "data/tfrecord.h"

EST_FUZZ(sequence_example)
{
    static float zero[1];
    static const est_tensor none = { EST_FLOAT, { 0 }, zero, NULL };
    static const est_feature context[] = { { .name = "label", .dtype = EST_INT64 },
                                           { .name = "age", .dtype = EST_FLOAT, .default_value = &none },
                                           { .name = "tags", .dtype = EST_STRING, .variable_length = true } };
    static const est_feature lists[] = { { .name = "tokens", .dtype = EST_STRING }, { .name = "sound", .dtype = EST_FLOAT } };
    est__arena arena = { 0 };
    est__selection s;
    est__table table = { 0 };
    est__example_reader *reader = NULL;
    int64_t capacity = 0;
    char *text = est__calloc(size + EST__TEXT_SLACK, 1);
    if (text && size)
        memcpy(text, data, size);
    if (text && est__select((est_features_spec){ context, 3 }, (est_features_spec){ lists, 2 }, (est_strings){ 0 }, false, &arena,
                            &s) == EST_OK &&
        est__table_init(&table, s.features) == EST_OK && est__example_reader_new(&s, &reader) == EST_OK)
        for (int i = 0; i < 2; i++)
            if (est__table_row(&table, &capacity) == EST_OK &&
                est__example_read(reader, (est__bytes){ (unsigned char *)text, size }, &table) == EST_OK)
                table.rows++;
    if (text)
        (void)est__example_has((est__bytes){ (unsigned char *)text, size }, "age");
    est__example_reader_free(reader);
    est__table_free(&table);
    est__arena_free(&arena);
    est__free(text);
    return 0;
}
