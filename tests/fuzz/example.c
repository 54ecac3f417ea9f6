/* Any bytes as a tf.Example: parsed, and what was parsed written and parsed again, which must give the same. Covers
 * src/formats/example.c, src/formats/wire.h. */
#include "formats/example.h"
#include "fuzz/fuzz.h"

static const float zero;
static const int64_t pair[] = { 1, 2 };
static const est__bytes text = { (unsigned char *)(uintptr_t)"none", 4 };
static const est__feature_spec specs[] = {
    { .name = "age", .dtype = EST_FLOAT, .size = 1, .default_values = &zero, .default_count = 1 },
    { .name = "class", .dtype = EST_STRING, .variable = true },
    { .name = "ids", .dtype = EST_INT64, .variable = true },
    { .name = "pair", .dtype = EST_INT64, .size = 2, .default_values = pair, .default_count = 2 },
    { .name = "town", .dtype = EST_STRING, .size = 1, .default_values = &text, .default_count = 1 } };
static const est__feature_spec needed[] = { { .name = "age", .dtype = EST_FLOAT, .size = 2 } };
enum { SPECS = sizeof specs / sizeof *specs };

static est_status ignore(void *user, const est__example_feature *f)
{
    *(size_t *)user += f->count;
    return EST_OK;
}

static void write_row(est__example_parser *p, est__buffer *out, size_t row)
{
    est__feature_column columns[SPECS];
    for (size_t i = 0; i < SPECS; i++)
        columns[i] = *est__example_column(p, i);
    EST_FUZZ_CHECK(est__example_write(out, specs, columns, SPECS, row) == EST_OK);
}

static void parse(est__example_parser *p, est__bytes record)
{
    est__buffer first = { 0 }, second = { 0 };
    for (int64_t i = 0; i < 2; i++)
        if (est__example_parse(p, record, "input", i) == EST_OK)
            write_row(p, &first, est__example_rows(p) - 1);
    if (first.size) {
        est__buffer_clear(&first);
        write_row(p, &first, 0);
        est__example_clear(p);
        EST_FUZZ_CHECK(est__example_parse(p, (est__bytes){ (unsigned char *)first.data, first.size }, "input", 0) == EST_OK);
        write_row(p, &second, 0);
        EST_FUZZ_CHECK(first.size == second.size && !memcmp(first.data, second.data, first.size));
    }
    est__buffer_free(&first);
    est__buffer_free(&second);
}

EST_FUZZ(example)
{
    est__example_parser *p;
    est__bytes record = { data, size };
    size_t values = 0;
    if (est__example_parser_new(specs, SPECS, &p) == EST_OK)
        parse(p, record);
    est__example_parser_free(p);
    if (est__example_parser_new(needed, 1, &p) == EST_OK)
        (void)est__example_parse(p, record, "input", 0);
    est__example_parser_free(p);
    (void)est__example_list(record, "input", 0, ignore, &values);
    return 0;
}
