/* Any bytes as a tf.Example. */
#include "fuzz/fuzz.h"

#include "formats/example.h"

static est_status ignore(void *user, const est__example_feature *f)
{
    *(size_t *)user += f->count;
    return EST_OK;
}

EST_FUZZ(example)
{
    static const float zero = 0;
    static const est__feature_spec specs[] = {
        { .name = "age", .dtype = EST_FLOAT, .size = 1, .default_values = &zero, .default_count = 1 },
        { .name = "class", .dtype = EST_STRING, .variable = true },
        { .name = "ids", .dtype = EST_INT64, .variable = true } };
    est__example_parser *p;
    est__bytes record = { data, size };
    size_t values = 0;
    if (est__example_parser_new(specs, 3, &p) != EST_OK)
        return 0;
    for (int64_t i = 0; i < 2; i++)
        (void)est__example_parse(p, record, "input", i);
    est__example_parser_free(p);
    (void)est__example_list(record, "input", 0, ignore, &values);
    return 0;
}
