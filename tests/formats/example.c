/* tf.Example: columns from records and back; every way in which a record may not fit. */
#include "formats/example.h"

#include "formats/samples.h"
#include "support/est_test.h"

#define BYTES(text) ((est__bytes){ (const unsigned char *)(text), sizeof(text) - 1 })

static const est__feature_spec titanic[] = { { .name = "age", .dtype = EST_FLOAT, .size = 1 },
                                             { .name = "class", .dtype = EST_STRING, .size = 1 },
                                             { .name = "ids", .dtype = EST_INT64, .variable = true } };

static void parses_a_batch(void)
{
    est__tfrecord_reader *r;
    est__bytes record;
    est__example_parser *p;
    est__buffer kept[3] = { { 0 } };
    EST_NEED_OK(est__tfrecord_open(EST_TEST_DATA("tests/golden/formats/examples.tfrecord"), 0, &r));
    EST_NEED_OK(est__example_parser_new(titanic, 3, &p));
    for (int round = 0; round < 2; round++) {
        est__example_clear(p);
        EST_NEED_OK(est__tfrecord_seek(r, 0, 0));
        for (int i = 0; i < 3; i++) {
            EST_NEED_OK(est__tfrecord_next(r, &record));
            est__buffer_clear(&kept[i]);
            est__buffer_bytes(&kept[i], record.p, record.n);
            EST_NEED_OK(
                est__example_parse(p, (est__bytes){ (unsigned char *)kept[i].data, kept[i].size }, "x", i));
        }
        EST_CHECK_INT(est__example_rows(p), 3);
        const est__feature_column *age = est__example_column(p, 0), *class = est__example_column(p, 1);
        const est__feature_column *ids = est__example_column(p, 2);
        EST_CHECK(age->count == 3 && class->count == 3 && ids->count == 6);
        EST_CHECK_NEAR(((float *)age->values)[2], 22.5, 0);
        est__bytes *name = class->values;
        EST_CHECK_BYTES(name[0].p, name[0].n, "First", 5);
        EST_CHECK_BYTES(name[2].p, name[2].n, "Second", 6);
        EST_CHECK(ids->row_offsets[1] == 1 && ids->row_offsets[2] == 3 && ids->row_offsets[3] == 6);
        EST_CHECK(((int64_t *)ids->values)[0] == -1 && ((int64_t *)ids->values)[5] == 1);
    }
    est__example_parser_free(p);
    est__tfrecord_close(r);
    for (int i = 0; i < 3; i++)
        est__buffer_free(&kept[i]);
}

/* A list that is packed and empty, in a column that has no memory yet. */
static void takes_empty_lists(void)
{
    static const est__feature_spec spec = { .name = "age", .dtype = EST_FLOAT, .variable = true };
    est__bytes record = BYTES("\x0a\x0d\x0a\x0b\x0a\x03" "age\x12\x04\x12\x02\x0a\x00");
    est__example_parser *p;
    est__buffer again = { 0 };
    EST_NEED_OK(est__example_parser_new(&spec, 1, &p));
    EST_CHECK_OK(est__example_parse(p, record, "x", 0));
    EST_CHECK_INT(est__example_rows(p), 1);
    EST_CHECK_INT((int64_t)est__example_column(p, 0)->count, 0);
    EST_CHECK_OK(est__example_write(&again, &spec, est__example_column(p, 0), 1, 0));
    est__buffer_free(&again);
    est__example_parser_free(p);
}

/* Writes a batch back, record by record: the same bytes. */
static void writes_what_it_parsed(void)
{
    est__example_parser *p;
    est__buffer record = { 0 }, again = { 0 };
    EST_NEED_OK(est__example_parser_new(titanic, 3, &p));
    EST_NEED_OK(sample_example(2, &record));
    EST_NEED_OK(est__example_parse(p, (est__bytes){ (unsigned char *)record.data, record.size }, "x", 0));
    const est__feature_column columns[] = { *est__example_column(p, 0), *est__example_column(p, 1),
                                            *est__example_column(p, 2) };
    EST_CHECK_OK(est__example_write(&again, titanic, columns, 3, 0));
    EST_CHECK_BYTES(again.data, again.size, record.data, record.size);
    est__example_parser_free(p);
    est__buffer_free(&record);
    est__buffer_free(&again);
}

/* Parses one record for one feature. */
static est_status parse_one(const est__feature_spec *spec, est__bytes record, est__example_parser **p)
{
    EST_TRY(est__example_parser_new(spec, 1, p));
    est_status st = est__example_parse(*p, record, "x.tfrecord", 7);
    if (st != EST_OK) {
        EST_CHECK_INT(est__example_rows(*p), 0);
        EST_CHECK_INT(est__example_column(*p, 0)->count, 0);
        est__example_parser_free(*p);
    }
    return st;
}

/* Example{Features{entry{"a", Feature}}} around the bytes of a Feature of up to 100 bytes. */
static est__bytes around(const char *feature, size_t n)
{
    static unsigned char wire[128];
    unsigned char *p = wire;
    const unsigned char head[] = { 0x0a, (unsigned char)(n + 7), 0x0a, (unsigned char)(n + 5), 0x0a, 1, 'a',
                                   0x12, (unsigned char)n };
    memcpy(p, head, sizeof head);
    memcpy(p + sizeof head, feature, n);
    return (est__bytes){ wire, sizeof head + n };
}
#define AROUND(text) around(text, sizeof(text) - 1)

static void takes_packed_and_single_numbers(void)
{
    const est__feature_spec ints = { .name = "a", .dtype = EST_INT64, .variable = true };
    const est__feature_spec floats = { .name = "a", .dtype = EST_FLOAT, .size = 2 };
    est__example_parser *p;
    EST_NEED_OK(parse_one(&ints, AROUND("\x1a\x08\x0a\x02\x01\x02\x08\x03\x08\x04"), &p));
    const est__feature_column *c = est__example_column(p, 0);
    EST_CHECK_INT(c->count, 4);
    for (int i = 0; i < 4; i++)
        EST_CHECK_INT(((int64_t *)c->values)[i], i + 1);
    est__example_parser_free(p);
    EST_NEED_OK(parse_one(&floats, AROUND("\x12\x0b\x0d\x00\x00\x80\x3f\x0a\x04\x00\x00\x00\x40"), &p));
    c = est__example_column(p, 0);
    EST_CHECK_NEAR(((float *)c->values)[0], 1, 0);
    EST_CHECK_NEAR(((float *)c->values)[1], 2, 0);
    est__example_parser_free(p);
}

static void fills_in_defaults(void)
{
    const float each[] = { 1, 2 };
    const est__bytes text = BYTES("none");
    const est__feature_spec specs[] = {
        { .name = "a", .dtype = EST_FLOAT, .size = 2, .default_values = each, .default_count = 2 },
        { .name = "b", .dtype = EST_FLOAT, .size = 2, .default_values = each + 1, .default_count = 1 },
        { .name = "c", .dtype = EST_STRING, .size = 1, .default_values = &text, .default_count = 1 },
        { .name = "d", .dtype = EST_INT64, .variable = true } };
    est__example_parser *p;
    EST_NEED_OK(est__example_parser_new(specs, 4, &p));
    EST_CHECK_OK(est__example_parse(p, BYTES(""), "x", 0));
    EST_CHECK_OK(est__example_parse(p, AROUND(""), "x", 1)); /* a feature without a list is missing, too */
    float *a = est__example_column(p, 0)->values, *b = est__example_column(p, 1)->values;
    EST_CHECK(a[0] == 1 && a[1] == 2 && a[2] == 1 && a[3] == 2 && b[0] == 2 && b[3] == 2);
    est__bytes *c = est__example_column(p, 2)->values;
    EST_CHECK_BYTES(c[1].p, c[1].n, "none", 4);
    EST_CHECK_INT(est__example_column(p, 3)->row_offsets[2], 0);
    est__example_parser_free(p);
}

static void takes_the_last_of_a_key(void)
{
    const est__feature_spec spec = { .name = "a", .dtype = EST_INT64, .size = 1 };
    est__example_parser *p;
    EST_NEED_OK(parse_one(&spec, BYTES("\x0a\x18\x0a\x0a\x0a\x01" "a\x12\x05\x1a\x03\x0a\x01\x05"
                                       "\x0a\x0a\x0a\x01" "a\x12\x05\x1a\x03\x0a\x01\x06"), &p));
    EST_CHECK_INT(*(int64_t *)est__example_column(p, 0)->values, 6);
    est__example_parser_free(p);
}

static void names_record_and_feature(void)
{
    const est__feature_spec one = { .name = "a", .dtype = EST_INT64, .size = 1 },
                            other = { .name = "b", .dtype = EST_FLOAT, .size = 1 };
    est__example_parser *p;
    EST_CHECK_FAILS(parse_one(&other, AROUND("\x1a\x03\x0a\x01\x05"), &p), EST_INVALID_ARGUMENT,
                    "x.tfrecord: record 7: feature 'b': it is missing and has no default value");
    EST_CHECK_FAILS(parse_one(&one, AROUND("\x0a\x03\x0a\x01x"), &p), EST_INVALID_ARGUMENT,
                    "x.tfrecord: record 7: feature 'a': its values are string, int64 is wanted");
    EST_CHECK_FAILS(parse_one(&one, AROUND("\x1a\x04\x0a\x02\x05\x06"), &p), EST_INVALID_ARGUMENT,
                    "x.tfrecord: record 7: feature 'a': 2 values, 1 are wanted");
    EST_CHECK_FAILS(parse_one(&one, AROUND("\x1a\x00"), &p), EST_INVALID_ARGUMENT,
                    "x.tfrecord: record 7: feature 'a': 0 values, 1 are wanted");
    EST_CHECK_FAILS(parse_one(&one, AROUND("\x1a\x03\x0a\x01\xff"), &p), EST_DATA_LOSS,
                    "x.tfrecord: record 7: feature 'a': its list is damaged");
    EST_CHECK_FAILS(
        parse_one(&one, AROUND("\x1a\x0d\x0a\x0b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &p),
        EST_DATA_LOSS, "x.tfrecord: record 7: feature 'a': its list is damaged");
    EST_CHECK_FAILS(parse_one(&one, AROUND("\x1a\x00\x12\x00"), &p), EST_DATA_LOSS,
                    "x.tfrecord: record 7: feature 'a': its list is damaged");
    EST_CHECK_FAILS(parse_one(&one, BYTES("\x0a\x05\x0a"), &p), EST_DATA_LOSS,
                    "x.tfrecord: record 7: not a tf.Example, or a damaged one");
    EST_CHECK_FAILS(parse_one(&one, BYTES("age,fare"), &p), EST_DATA_LOSS,
                    "x.tfrecord: record 7: not a tf.Example, or a damaged one");
}

static void checks_what_is_wanted(void)
{
    const est__feature_spec twice[] = { titanic[0], titanic[0] },
                            number[] = { { .name = "n", .dtype = EST_DOUBLE, .size = 1 } };
    const est__feature_spec few[] = { { .name = "n",
                                        .dtype = EST_FLOAT,
                                        .size = 3,
                                        .default_values = (float[]){ 1, 2 },
                                        .default_count = 2 } };
    est__example_parser *p;
    EST_CHECK_FAILS(est__example_parser_new(twice, 2, &p), EST_INVALID_ARGUMENT,
                    "feature 'age' is wanted twice");
    EST_CHECK_FAILS(est__example_parser_new(number, 1, &p), EST_INVALID_ARGUMENT,
                    "feature 'n' is float64; an Example holds float32, int64 and string");
    EST_CHECK_FAILS(est__example_parser_new(few, 1, &p), EST_INVALID_ARGUMENT,
                    "feature 'n' has 2 default values for 3 elements");
    EST_CHECK(!p);
}

static est_status list(void *user, const est__example_feature *f)
{
    est__buffer_printf(user, "%.*s %s %zu\n", (int)f->name.n, (const char *)f->name.p,
                       est_dtype_name(f->dtype), f->count);
    return EST_OK;
}

static void lists_what_is_there(void)
{
    est__buffer record = { 0 }, text = { 0 };
    EST_NEED_OK(sample_example(2, &record));
    EST_CHECK_OK(
        est__example_list((est__bytes){ (unsigned char *)record.data, record.size }, "x", 0, list, &text));
    EST_CHECK_STR(text.data, "age float32 1\nclass string 1\nids int64 3\n");
    EST_CHECK_FAILS(est__example_list(AROUND("\x0a\x02\x0a\x01"), "x", 3, list, &text), EST_DATA_LOSS,
                    "x: record 3: feature 'a': its list is damaged");
    est__buffer_free(&record);
    est__buffer_free(&text);
}

/* From the second batch on, nothing is allocated. */
static void allocates_nothing_later(void)
{
    est__example_parser *p;
    est__buffer record = { 0 };
    EST_NEED_OK(sample_example(2, &record));
    EST_NEED_OK(est__example_parser_new(titanic, 3, &p));
    for (int batch = 0; batch < 3; batch++) {
        if (batch == 1)
            (void)est_test_fail_allocation(0);
        est__example_clear(p);
        for (int i = 0; i < 100; i++)
            EST_CHECK_OK(
                est__example_parse(p, (est__bytes){ (unsigned char *)record.data, record.size }, "x", i));
    }
    EST_CHECK_INT(est_test_fail_allocation(0), 0);
    est__example_parser_free(p);
    est__buffer_free(&record);
}

EST_SUITE(formats_example, EST_TEST(parses_a_batch), EST_TEST(takes_empty_lists), EST_TEST(writes_what_it_parsed),
          EST_TEST(takes_packed_and_single_numbers), EST_TEST(fills_in_defaults),
          EST_TEST(takes_the_last_of_a_key), EST_TEST(names_record_and_feature),
          EST_TEST(checks_what_is_wanted), EST_TEST(lists_what_is_there), EST_TEST(allocates_nothing_later));
