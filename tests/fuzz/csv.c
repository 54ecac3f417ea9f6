/* Any bytes as a CSV file: its header, where it can be cut, its rows by either way, which must give the same, and all of it as a
 * dataset; the first byte chooses the options. Covers src/data/csv.c, src/data/csv_parse.c. */
#include "data/csv.h"
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"
#include "fuzz/lines.h"

enum { NO_QUOTES = 1, STOP = 2, LISTS = 4, SEMICOLONS = 8, NO_HEADER = 16, SECOND_FILE = 32, AS_DATASET = 64, LIMITED = 128 };

static const est_feature features[] = { { .name = "a", .dtype = EST_FLOAT }, { .name = "b", .dtype = EST_STRING },
                                        { .name = "c", .dtype = EST_INT64 } };
static est__csv_field fields[] = {
    { .name = "a", .column = 0, .dtype = EST_FLOAT, .default_text = "" },
    { .name = "b", .column = 1, .dtype = EST_STRING, .default_text = "" },
    { .name = "c", .column = 2, .dtype = EST_INT64, .default_text = "" },
};
static char path_name[] = "input";
static char *paths[] = { path_name, path_name };

static void parse(est__csv_parser *p, est__block *b, const est__csv_format *format, bool skip, bool through_libcsv)
{
    if (est__block_begin(b, format->features) == EST_OK)
        est__csv_parse(p, b, skip, through_libcsv);
}

/* Both ways of reading what holds no quotes. */
static void compare(est__csv_parser *p, est__block *b, est__block *other, const est__csv_format *format, bool skip)
{
    bool quoted = format->quotes && memchr(b->text, '"', b->size);
    parse(p, b, format, skip, false);
    if (quoted || !format->quotes)
        return;
    parse(p, other, format, skip, true);
    EST_FUZZ_CHECK(b->fatal == other->fatal && b->skipped == other->skipped && fuzz_same_rows(&b->table, &other->table));
}

static void as_dataset(int options, const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    const est_strings none = { 0 };
    est_dataset *d = NULL;
    est_csv_options o = { .input_path = EST_STRINGS(path, path), .features = { features, options & LISTS ? 3 : 0 },
                          .no_header = options & NO_HEADER, .field_delim = options & SEMICOLONS ? ';' : '\0',
                          .no_quote_delim = options & NO_QUOTES, .na_value = "x", .skip_errors = !(options & STOP),
                          .multivalent_delim = options & LISTS ? '|' : '\0', .num_parallel_reads = 1,
                          .memory_budget = options & LIMITED ? EST_OFF : 0,
                          .column_names = options & NO_HEADER ? EST_STRINGS("a", "b", "c") : none,
                          .label = options & LIMITED ? EST_STRINGS("c") : none };
    if (path)
        fuzz_rows(est_csv_dataset_new(&o, &d), &d);
}

EST_FUZZ(csv)
{
    int options = size ? data[0] : 0;
    bool lists = options & LISTS, skip = !(options & STOP);
    char delimiter = options & SEMICOLONS ? ';' : ',';
    est_feature feature[3] = { features[0], features[1], features[2] };
    feature[1].variable_length = feature[2].variable_length = lists;
    est__csv_format format = { .delimiter = delimiter, .quotes = !(options & NO_QUOTES), .header = !(options & NO_HEADER),
                               .na = "x", .na_length = 1, .field = fields, .fields = 3, .features = { feature, 3 },
                               .path = paths, .paths = 2, .names_given = !(options & SECOND_FILE),
                               .multivalent = lists ? '|' : '\0' };
    est__block block = { .file = options & SECOND_FILE ? 1 : 0 }, other = { .file = block.file };
    est__csv_parser *parser = NULL;
    est__arena arena = { 0 };
    const char **name;
    int count;
    if (size && fuzz_block(&block, data + 1, size - 1) == EST_OK && fuzz_block(&other, data + 1, size - 1) == EST_OK &&
        est__csv_parser_new(&format, &parser) == EST_OK) {
        (void)est__csv_header(&format, &block, &arena, &name, &count);
        compare(parser, &block, &other, &format, skip);
        block.size = other.size = est__csv_cut(block.text, block.size, delimiter, format.quotes);
        compare(parser, &block, &other, &format, skip);
    }
    if (options & AS_DATASET)
        as_dataset(options, data + 1, size - 1);
    est__arena_free(&arena);
    est__csv_parser_free(parser);
    est__block_free(&block);
    est__block_free(&other);
    return 0;
}
