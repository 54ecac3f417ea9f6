/* Any bytes as a CSV file: its header, where it can be cut, its rows by either way; the first byte chooses the options. */
#include "fuzz/fuzz.h"

#include "data/csv.h"
#include "fuzz/lines.h"

static const est_feature features[] = { { .name = "a", .dtype = EST_FLOAT }, { .name = "b", .dtype = EST_STRING },
                                  { .name = "c", .dtype = EST_INT64 } };
static est__csv_field fields[] = {
    { .name = "a", .column = 0, .dtype = EST_FLOAT, .default_text = "" },
    { .name = "b", .column = 1, .dtype = EST_STRING, .default_text = "" },
    { .name = "c", .column = 2, .dtype = EST_INT64, .default_text = "" },
};
static char path_name[] = "input";
static char *path = path_name;

static void parse(est__csv_parser *p, est__block *b, const est__csv_format *format, bool skip, bool through_libcsv)
{
    if (est__block_begin(b, format->features) == EST_OK)
        est__csv_parse(p, b, skip, through_libcsv);
}

EST_FUZZ(csv)
{
    int options = size ? data[0] : 0;
    bool lists = options & 4, skip = !(options & 2);
    est_feature feature[3] = { features[0], features[1], features[2] };
    feature[1].variable_length = feature[2].variable_length = lists;
    est__csv_format format = { .delimiter = ',', .quotes = !(options & 1), .header = true,
                               .na = "x", .na_length = 1, .field = fields, .fields = 3, .features = { feature, 3 },
                               .path = &path, .paths = 1, .names_given = true, .multivalent = lists ? '|' : '\0' };
    est__block block = { 0 };
    est__csv_parser *parser = NULL;
    est__arena arena = { 0 };
    const char **name;
    int count;
    if (size && fuzz_block(&block, data + 1, size - 1) == EST_OK && est__csv_parser_new(&format, &parser) == EST_OK) {
        (void)est__csv_header(&format, &block, &arena, &name, &count);
        parse(parser, &block, &format, skip, false);
        parse(parser, &block, &format, skip, format.quotes);
        block.size = est__csv_cut(block.text, block.size, ',', format.quotes);
        parse(parser, &block, &format, skip, false);
    }
    est__arena_free(&arena);
    est__csv_parser_free(parser);
    est__block_free(&block);
    return 0;
}
